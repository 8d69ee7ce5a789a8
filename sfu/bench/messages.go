package bench

import (
	"encoding/json"
	"io"
	"sync"
	"time"
)

// The generator and the server speak JSON over a socket pair: one hello, then
// joins and their replies in any order. The end of the pair ends both.

// hello says which server to be.
type hello struct {
	Contestant string
	Publishers int
	Tap        bool
	Profile    string // file for a CPU profile, empty for none; .heap and .goroutines stand beside it
}

// joinRequest is the offer of one peer.
type joinRequest struct {
	Seq       int
	ID        string
	Publisher int // -1: sends nothing
	Receives  []int
	SDP       string
	// AudioMID and VideoMID name the sending m-lines of a publisher.
	AudioMID, VideoMID string
}

// joinReply answers the joinRequest of the same Seq.
type joinReply struct {
	Seq   int
	SDP   string
	Error string
}

// sessionConfig tells a generator what to do; it comes by standard input.
type sessionConfig struct {
	Hello       hello
	Scenario    string
	Receivers   int
	VideoRate   int
	Warmup      time.Duration
	Window      time.Duration
	Concurrency int
	ServerPID   int
}

// floorConfig tells the floor where the sink listens.
type floorConfig struct {
	Port    uint16
	Packets int
}

// jsonLines writes JSON values for many goroutines.
type jsonLines struct {
	mu  sync.Mutex
	enc *json.Encoder
}

func newJSONLines(w io.Writer) *jsonLines { return &jsonLines{enc: json.NewEncoder(w)} }

func (j *jsonLines) write(v any) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.enc.Encode(v)
}

// Sample is what one window gave.
type Sample struct {
	Scenario   string        `json:"scenario"`
	Contestant string        `json:"contestant"`
	Window     time.Duration `json:"window_ns"`

	// Packets of the window: due and sent by the publishers, expected at and
	// delivered to the receivers by identity.
	Due        uint64 `json:"due"`
	Sent       uint64 `json:"sent"`
	Expected   uint64 `json:"expected"`
	Delivered  uint64 `json:"delivered"`
	Duplicates uint64 `json:"duplicates"`
	Foreign    uint64 `json:"foreign"` // media that could not be opened or identified

	// CPU of the server process in the window.
	CPU    time.Duration `json:"cpu_ns"`
	User   time.Duration `json:"user_ns"`
	System time.Duration `json:"system_ns"`
	// Waited is how long the server's threads were runnable without a core:
	// more than a few per cent of the window means a busy machine.
	Waited time.Duration `json:"waited_ns"`

	P50 time.Duration `json:"latency_p50_ns"`
	P95 time.Duration `json:"latency_p95_ns"`
	P99 time.Duration `json:"latency_p99_ns"`
	Max time.Duration `json:"latency_max_ns"`
	// UserClock counts packets whose arrival had no kernel timestamp and was
	// read from the generator's own clock.
	UserClock uint64 `json:"latency_user_clock"`

	Joins    int           `json:"joins"`
	JoinTime time.Duration `json:"join_time_ns"`
	JoinCPU  time.Duration `json:"join_cpu_ns"` // of the server, all joins
	RSSEmpty int64         `json:"rss_empty_bytes"`
	RSS      int64         `json:"rss_bytes"`

	// The generator's own trouble: LateShare of sends, the longest lag, and
	// packets that its sockets dropped.
	LateShare float64       `json:"late_share"`
	LagMax    time.Duration `json:"lag_max_ns"`
	Overflow  uint64        `json:"overflow"`

	// Of the floor: CPU for one packet, seal and send.
	Seal time.Duration `json:"seal_ns,omitempty"`
	Send time.Duration `json:"send_ns,omitempty"`
}
