// Package signaling is the WebSocket protocol and the HTTP API of live
// hearings: one room actor a hearing turns commands into events, events into
// views and grants. It reaches the recorder through the small interfaces of this
// file, wired by cmd.
package signaling

import (
	"context"

	"phientoa/internal/hearing"
	"phientoa/sfu"
)

// Evidence is the evidence log of one hearing's current part, as the room sees it.
type Evidence interface {
	// Event copies a state event (its exact line) into the evidence log.
	// durable: return only after fsync. committed tells whether the database has
	// the line already; false marks a restriction to be carried over later.
	Event(ctx context.Context, seq uint64, line []byte, committed, durable bool) error
	// Uncommitted returns the lines noted with committed=false that were never
	// confirmed, in order; used after a restart.
	Uncommitted(ctx context.Context) ([][]byte, error)
	// Exhibit puts a document that the court admitted into the current part, once;
	// body is asked only when it lacks there. It returns after fsync.
	Exhibit(ctx context.Context, x Exhibited) error
	// Close ends the log with an end line, everything flushed and signed.
	Close(ctx context.Context) error
	// Suspend flushes and leaves the log open for a later process.
	Suspend(ctx context.Context) error
}

// Exhibited is a document that the court admitted: its number in the hearing, its media
// type, its SHA-256 in lower-case hex, and how to read the file.
type Exhibited struct {
	No     int
	Type   string
	SHA256 string
	Body   func(ctx context.Context) ([]byte, error)
}

// Recorder opens evidence for hearings.
type Recorder interface {
	// Open creates or recovers the evidence log of the hearing and its tap in
	// room. notify receives the recorder's reports until the Evidence is closed.
	Open(ctx context.Context, p EvidenceParams) (Evidence, error)
	// Left tells how many minutes of the booked hearing the disks still take; ok is
	// false when that cannot be told now. It returns when ctx ends.
	Left(ctx context.Context, b hearing.Booking) (minutes int, ok bool)
}

// EvidenceParams opens the evidence of a hearing.
type EvidenceParams struct {
	Hearing hearing.ID
	Booking hearing.Booking
	Epoch   uint64
	Room    *sfu.Room // the recorder taps its class here
	Notify  Notifier
}

// Notifier takes reports of the recorder; the room actor turns them into
// system commands. Calls never block.
type Notifier interface {
	// Recording: bytes of the hearing are reaching the disk, or not.
	Recording(on bool, trouble string)
	// Checkpoint: a new signed checkpoint is durable.
	Checkpoint(size uint64, root string, note []byte)
}
