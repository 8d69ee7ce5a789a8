// Package ledger is the evidence log: lines that are leaves of an RFC 6962
// Merkle tree and chained by hash, signed checkpoints (C2SP signed note), fsync
// discipline, recovery after a crash, proofs. It knows bytes, not hearings.
//
// A log is a directory:
//
//	log.jsonl         one JSON line a leaf: i, t, mono_ns, k, …, salt, prev
//	checkpoints.txt   signed notes, one after the other
//	torn/             incomplete last lines put aside by recovery
//	media/…           track files, written by package recording, named by seg lines
package ledger

import (
	"context"
	"encoding/json"
)

// Kind of a line.
type Kind string

// Kinds of lines (docs/archive-format.md).
const (
	KindGenesis   Kind = "genesis"
	KindTrackOpen Kind = "track-open"
	// KindTrackClose: the grant of a track was closed or its file ended; what
	// follows on the track is not a gap until the next track-open.
	KindTrackClose Kind = "track-close"
	KindSeg        Kind = "seg"
	KindEvent      Kind = "event"
	KindGap        Kind = "gap"
	KindLoose      Kind = "loose"
	KindExhibit    Kind = "exhibit"
	KindKey        Kind = "key"
	KindAnchor     Kind = "anchor"
	KindCosign     Kind = "cosign"
	KindRecovered  Kind = "recovered"
	KindEnd        Kind = "end"
)

// Record is one line to be appended. Body is a JSON object; its members become
// members of the line. The names i, t, mono_ns, k, salt and prev are reserved.
type Record struct {
	Kind Kind
	Body json.RawMessage
}

// Checkpoint is a signed statement over the first Size lines.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   [32]byte
	Time   int64  // UTC unix microseconds
	Note   []byte // the whole signed note
}

// Signer signs checkpoints. Keys live with it, never here. Rotate replaces the
// hearing key by a fresh one certified by the node key and erases the old one;
// the statement goes into a key line before the new key signs anything.
type Signer interface {
	// Certify returns the current key statement (a Statement as JSON; see
	// docs/archive-format.md) for a log of this origin.
	Certify(ctx context.Context, origin string) (statement json.RawMessage, err error)
	// Sign signs a note text with the current key: a complete C2SP signature line.
	Sign(ctx context.Context, origin string, text []byte) (sigLine []byte, err error)
	// Rotate replaces and erases the key; returns the new statement.
	Rotate(ctx context.Context, origin string) (statement json.RawMessage, err error)
}
