package bench

import (
	"encoding/json"
	"io"
	"sync"
	"time"
)

// The generator and the server speak JSON over a socket pair: one hello, then
// requests and their replies in any order. The end of the pair ends both.

// hello says which server to be.
type hello struct {
	Contestant string
	Tap        bool
	Viewers    bool   // somebody only views
	Profile    string // file for a CPU profile, empty for none; .heap and .goroutines stand beside it
}

// Requests to the server.
const (
	opJoin  = "join"
	opLeave = "leave"
	opStats = "stats"
)

// request is the offer of one peer, its leaving, or the question how the server
// is.
type request struct {
	Seq      int
	Op       string
	ID, Room string
	// Of a join.
	Sends    *feed
	Receives []feed
	Views    bool
	SDP      string
	// MIDs name the sending m-lines, by the streams of Sends.
	MIDs []string
}

// reply answers the request of the same Seq.
type reply struct {
	Seq   int
	SDP   string
	Stats serverStats
	Error string
}

// serverStats is what a server knows of itself.
type serverStats struct {
	Goroutines int
	Allocs     uint64 // objects since its beginning
	Live       uint64 // bytes that the last garbage collection found in use
}

// sessionConfig tells a generator what to do; it comes by standard input.
type sessionConfig struct {
	Hello       hello
	Scenario    string
	Receivers   int
	Hearings    int
	VideoRate   int
	Warmup      time.Duration
	Window      time.Duration
	Concurrency int
	Loss        float64 // per cent
	NoFeedback  bool
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

// Sample is what one window gave; of saturation and memory, what several gave
// together.
type Sample struct {
	Scenario   string        `json:"scenario"`
	Contestant string        `json:"contestant"`
	Window     time.Duration `json:"window_ns"`

	// Packets of the window: due and sent by the publishers, expected at and
	// delivered to the receivers by identity. Duplicates came twice by themselves,
	// Repeats by the retransmission stream, Probes were padding.
	Due        uint64 `json:"due"`
	Sent       uint64 `json:"sent"`
	Expected   uint64 `json:"expected"`
	Delivered  uint64 `json:"delivered"`
	Duplicates uint64 `json:"duplicates"`
	Repeats    uint64 `json:"repeats"`
	Probes     uint64 `json:"probes"`
	Foreign    uint64 `json:"foreign"` // media that could not be opened or identified

	// What the receivers said, from their joining on.
	Feedback FeedbackCount `json:"feedback"`

	// CPU of the server process in the window.
	CPU    time.Duration `json:"cpu_ns"`
	User   time.Duration `json:"user_ns"`
	System time.Duration `json:"system_ns"`
	// Waited is how long the server's threads were runnable without a core:
	// more than a few per cent of the window means a busy machine.
	Waited time.Duration `json:"waited_ns"`
	// Allocs counts the objects that the server process allocated in the window,
	// for whatever it did.
	Allocs uint64 `json:"allocs"`

	P50 time.Duration `json:"latency_p50_ns"`
	P95 time.Duration `json:"latency_p95_ns"`
	P99 time.Duration `json:"latency_p99_ns"`
	Max time.Duration `json:"latency_max_ns"`
	// Of the packets of pictures alone, which leave in bursts.
	PictureP50 time.Duration `json:"latency_pictures_p50_ns"`
	PictureP99 time.Duration `json:"latency_pictures_p99_ns"`
	// UserClock counts packets whose arrival had no kernel timestamp and was
	// read from the generator's own clock.
	UserClock uint64 `json:"latency_user_clock"`

	// Of viewers800: the participants in a window before the viewers joined and in that
	// of the sample, and the viewers in it.
	Before  *Legs `json:"participants_before,omitempty"`
	After   *Legs `json:"participants_after,omitempty"`
	Viewers *Legs `json:"viewers,omitempty"`

	Joins    int           `json:"joins"`
	JoinTime time.Duration `json:"join_time_ns"`
	JoinCPU  time.Duration `json:"join_cpu_ns"` // of the server, all joins
	// MediaTime is from the first of the joins until every stream had reached
	// every receiver; of peers that join before there is media, 0.
	MediaTime time.Duration `json:"media_time_ns"`
	RSSEmpty  int64         `json:"rss_empty_bytes"`
	RSS       int64         `json:"rss_bytes"`

	// The generator's own trouble: LateShare of sends, the longest lag, and
	// packets that its sockets dropped.
	LateShare float64       `json:"late_share"`
	LagMax    time.Duration `json:"lag_max_ns"`
	Overflow  uint64        `json:"overflow"`

	// Of the floor: CPU for one packet, seal and send.
	Seal time.Duration `json:"seal_ns,omitempty"`
	Send time.Duration `json:"send_ns,omitempty"`

	// Of saturation: the highest clean rate in packets delivered a second, whether
	// the generator rather than the server ended the search, and what was tried.
	CleanRate    float64 `json:"clean_rate,omitempty"`
	CleanAtLeast bool    `json:"clean_at_least,omitempty"`
	Probed       []Probe `json:"probed,omitempty"`

	// Of memory: resident bytes of one further receiver.
	PerFurther float64 `json:"rss_per_further_bytes,omitempty"`

	// Of churn and soak: passing hearings that opened and closed, those that
	// failed with the first reason, and the server over time.
	Passed     int     `json:"passed,omitempty"`
	Failed     int     `json:"failed,omitempty"`
	FailedWhy  string  `json:"failed_why,omitempty"`
	TimeSeries []Vital `json:"time_series,omitempty"`
}

// Legs are what some of the receivers got in a window.
type Legs struct {
	Expected  uint64        `json:"expected"`
	Delivered uint64        `json:"delivered"`
	P50       time.Duration `json:"latency_p50_ns"`
	P99       time.Duration `json:"latency_p99_ns"`
	Max       time.Duration `json:"latency_max_ns"`
}

// FeedbackCount counts RTCP packets of the receivers.
type FeedbackCount struct {
	Reports   uint64 `json:"receiver_reports"`
	Transport uint64 `json:"transport_feedback"`
	Nacks     uint64 `json:"repeat_requests"`
	Plis      uint64 `json:"keyframe_requests"`
}

func (c *FeedbackCount) add(o FeedbackCount) {
	c.Reports += o.Reports
	c.Transport += o.Transport
	c.Nacks += o.Nacks
	c.Plis += o.Plis
}

// Probe is one step of a search for the clean rate.
type Probe struct {
	Rate float64 `json:"packets_per_second"`
	Loss float64 `json:"loss_share"`
	Why  string  `json:"why,omitempty"` // why it says nothing about the server, or how it broke
}

// Vital is the state of a server process at one time.
type Vital struct {
	At          time.Duration `json:"at_ns"`
	RSS         int64         `json:"rss_bytes"`
	Live        uint64        `json:"live_heap_bytes"`
	Goroutines  int           `json:"goroutines"`
	Descriptors int           `json:"descriptors"`
}
