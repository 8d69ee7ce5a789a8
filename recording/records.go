package recording

import (
	"encoding/json"

	"phientoa/internal/ledger"
)

// Causes of gaps (docs/archive-format.md).
const (
	CauseLoss       = "loss"        // packets that never came
	CauseSilent     = "silent"      // granted, and nothing came
	CauseStalled    = "stalled"     // the source left media out though no packet is missing
	CauseRestart    = "restart"     // the recorder was not running
	CauseQueue      = "queue-full"  // the recorder was too slow
	CauseNoKeyframe = "no-keyframe" // pictures that nothing could be decoded from
	CauseUnsteady   = "unsteady"    // pictures that another way of decoding was said for too often
	CauseDisk       = "io-error"    // a write or sync of the track file failed
	CauseFull       = "disk-full"
)

// Reasons in track-close.
const (
	whyGrant   = "grant"
	whySuspend = "suspend"
	whyEnd     = "end"
	whyMoved   = "moved" // the recording goes on in the next part
)

// genesisBody is line 0 of a part.
type genesisBody struct {
	Version  int             `json:"v"`
	Hearing  string          `json:"hearing"`
	Node     string          `json:"node"`
	Part     int             `json:"part"`
	Epoch    uint64          `json:"epoch"`
	Previous *previousPart   `json:"previous"`
	Session  json.RawMessage `json:"session"`
}

type previousPart struct {
	Part int    `json:"part"`
	Size uint64 `json:"size"`
	Root string `json:"root"` // hex
	Note string `json:"note"` // its last checkpoint
}

type sourceBody struct {
	Device string `json:"device"`
	Kind   string `json:"kind"`
}

type trackOpenBody struct {
	Track     string     `json:"track"`
	Source    sourceBody `json:"source"`
	Codec     string     `json:"codec"`
	ClockRate uint32     `json:"clock_rate"`
	Channels  uint8      `json:"channels,omitempty"`
	AtNS      int64      `json:"at_ns"`
}

type trackCloseBody struct {
	Track string `json:"track"`
	Why   string `json:"why"`
	AtNS  int64  `json:"at_ns"`
	// File and Length stand when the file ended here by a fault: what it holds
	// behind Length was never durable and is no evidence.
	File   string `json:"file,omitempty"`
	Length *int64 `json:"length,omitempty"`
}

type ssrcBody struct {
	SSRC    uint32 `json:"ssrc"`
	First   uint64 `json:"first_seq"`
	Last    uint64 `json:"last_seq"`
	FirstTS uint32 `json:"first_ts"`
	LastTS  uint32 `json:"last_ts"`
	Packets int    `json:"packets"`
}

type reportBody struct {
	SSRC   uint32 `json:"ssrc"`
	NTPSec uint32 `json:"ntp_s"` // seconds since 1900
	NTPFra uint32 `json:"ntp_f"` // 2^-32 seconds
	RTP    uint32 `json:"rtp"`
	AtNS   int64  `json:"at_ns"`
}

type segBody struct {
	Track  string       `json:"track"`
	File   string       `json:"file"`
	Codec  string       `json:"codec"`
	Offset int64        `json:"offset"`
	Length int64        `json:"length"`
	SHA256 string       `json:"sha256"`
	Init   int64        `json:"init,omitempty"` // bytes of Length in front of the first cluster
	FromMS int64        `json:"from_ms"`        // media time inside the file
	ToMS   int64        `json:"to_ms"`
	FromNS int64        `json:"from_ns"` // arrival, monotonic
	ToNS   int64        `json:"to_ns"`
	FromT  int64        `json:"from_t"` // arrival, UTC unix microseconds
	ToT    int64        `json:"to_t"`
	Frames int          `json:"frames"`
	Keys   int          `json:"keys,omitempty"`
	SSRCs  []ssrcBody   `json:"ssrcs"`
	Lost   int          `json:"lost,omitempty"`
	Late   int          `json:"late,omitempty"`
	SR     []reportBody `json:"sr,omitempty"`
}

// exhibitBody is a document that the court admitted, a file as a whole. Torn: only what
// a process had written of one when it died.
type exhibitBody struct {
	Exhibit int    `json:"exhibit"`
	File    string `json:"file"`
	Type    string `json:"type,omitempty"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
	Torn    bool   `json:"torn,omitempty"`
}

type gapBody struct {
	Track   string `json:"track"`
	Cause   string `json:"cause"`
	FromT   int64  `json:"from_t"`
	ToT     int64  `json:"to_t"`
	FromNS  int64  `json:"from_ns"` // of an earlier process when Cause is restart
	ToNS    int64  `json:"to_ns"`
	SSRC    uint32 `json:"ssrc,omitempty"`
	First   uint64 `json:"first_seq,omitempty"`
	Last    uint64 `json:"last_seq,omitempty"`
	Packets int    `json:"packets,omitempty"`
	// Runs are the single losses of an entry that joins several.
	Runs []runBody `json:"runs,omitempty"`
	By   string    `json:"by"`
}

// runBody is one run of lost packets: first and last sequence number, and when
// the packets around it were sent, in UTC unix microseconds.
type runBody = [4]int64

// looseBody keeps packets that came and stand in no frame of a file.
type looseBody struct {
	Track   string      `json:"track"`
	Why     string      `json:"why"`
	SSRC    uint32      `json:"ssrc"`
	Packets []looseItem `json:"packets"`
}

type looseItem struct {
	Seq    uint64 `json:"seq"`
	TS     uint32 `json:"ts"`
	AtNS   int64  `json:"at_ns"`
	Marker bool   `json:"marker,omitempty"`
	Data   []byte `json:"data"` // RTP payload, base64
}

// recoveredFile: bytes behind the last seg record of a file, found after a crash.
type recoveredFile struct {
	Track  string `json:"track"`
	File   string `json:"file"`
	Offset int64  `json:"offset"`
	Length int64  `json:"length"`
	SHA256 string `json:"sha256"`
}

type restartBody struct {
	Epoch uint64 `json:"epoch"`
	Files int    `json:"files"`
}

// eventBody copies a line of the state log. Confirms names, by the hex SHA-256
// of its line, an event noted before with committed false.
type eventBody struct {
	Seq       uint64 `json:"seq"`
	Committed bool   `json:"committed"`
	Line      string `json:"line,omitempty"`
	Confirms  string `json:"confirms,omitempty"`
}

type endBody struct {
	Reason string `json:"reason"`
	Events uint64 `json:"events"` // last state event in this log
	// Strands are of the lines in front; none in logs that ended before there were any.
	Strands []Strand `json:"strands,omitempty"`
}

func record(kind ledger.Kind, body any) ledger.Record {
	b, err := json.Marshal(body)
	if err != nil {
		panic("recording: record bodies always marshal: " + err.Error()) // plain structs of our own
	}
	return ledger.Record{Kind: kind, Body: b}
}
