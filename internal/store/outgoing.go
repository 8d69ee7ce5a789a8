package store

import (
	"context"
	"time"

	"phientoa/internal/court"
)

// Bounds of outgoing reports; beyond them a call gives ErrInvalid.
const (
	MaxOutgoingBody = 1 << 20 // bytes of one; lgsp.MaxEnvelope, which the databases check too
	MaxOutgoing     = 20      // returned by one OutgoingReports or DueReports
)

// OutgoingState is where a report stands.
type OutgoingState string

// States of an outgoing report. Only a refused one can wait again.
const (
	OutgoingWaiting OutgoingState = "waiting"
	OutgoingSent    OutgoingState = "sent"
	OutgoingRefused OutgoingState = "refused"
)

// OutgoingReport is a report that goes to the data-sharing platform: what is sent, and
// how far that is.
type OutgoingReport struct {
	ID      string // its idempotency key
	Unit    court.UnitID
	Day     string // 2006-01-02
	Digest  string // SHA-256 of the report, 64 hexadecimal digits
	Body    []byte // the envelope, as it is sent; nil in lists
	Account string // who had it sent
	Made    time.Time
	State   OutgoingState
	Tries   int
	Due     time.Time // of the next try, while waiting
	Settled time.Time // zero while waiting
	Reason  string    // why it was refused, or the last try failed
}

// Outgoing is the part of the database about reports to the data-sharing platform. What
// is sent never changes, and no row is removed. Foreign rows look missing (ErrNotFound).
type Outgoing interface {
	// PutOutgoing makes one wait from r.Made on. One that stands under the id is left as it
	// is, unless it was refused: then it waits again, without tries. It returns the row that
	// stands, without its body.
	PutOutgoing(ctx context.Context, sc court.Scope, r OutgoingReport) (OutgoingReport, error)
	// OutgoingReports are the unit's of a day, without bodies, the latest made first.
	OutgoingReports(ctx context.Context, sc court.Scope, unit court.UnitID, day string) ([]OutgoingReport, error)
	// DueReports are those of the scope that wait and are due, with bodies, the earliest first.
	DueReports(ctx context.Context, sc court.Scope, now time.Time) ([]OutgoingReport, error)
	// TriedOutgoing keeps what became of a try: State, Due, Settled and Reason of r, one try
	// more. One that does not wait gives ErrConflict.
	TriedOutgoing(ctx context.Context, sc court.Scope, r OutgoingReport) error
}
