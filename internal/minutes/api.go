// Package minutes is the law of a hearing's minutes (biên bản phiên tòa; BLTTHS art.
// 258): which numbered lines follow from the hearing's log and from what the clerk
// writes, who may add what, and when the minutes are proposed and final. It is pure:
// no I/O, no clock, no randomness.
//
// There are two logs. The hearing's own, which says what happened, and the minutes'
// (Item), which says what was written about it. Every item names the last event of the
// hearing's log before it, so that both together have one order, and a line keeps its
// number for ever (MergeOrder).
package minutes

import (
	"crypto/sha256"
	"errors"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
)

// Bounds of the minutes' log.
const (
	MaxTextRunes = 8000   // of one entry or request, in characters
	MaxItems     = 20_000 // of one hearing
	MaxRequests  = 500    // of amendments
)

// Source says where a line comes from.
type Source string

// Sources.
const (
	FromLog   Source = "log"       // the hearing's log
	FromClerk Source = "clerk"     // written by the clerk or the presiding judge
	Amendment Source = "amendment" // written upon a request, or declining one
)

// Line is one numbered line. It never changes once it was made.
type Line struct {
	N    int    `json:"n"`    // from 1, without holes
	At   int64  `json:"at"`   // UTC unix microseconds
	Seq  uint64 `json:"seq"`  // event of the hearing's log that it tells of, or behind which it stands
	Item uint64 `json:"item"` // of the minutes' log; 0 for lines from the hearing's log
	// Kind is the event's kind, for instance "phase.entered", or the item's.
	Kind   string `json:"kind"`
	Source Source `json:"source"`
	Text   string `json:"text"` // Vietnamese
	// About is the time that an entry speaks of, UTC unix microseconds; 0: At.
	About int64 `json:"about,omitempty"`
}

// Head is the digest of lines 1 to n: SHA-256(head of n-1 || the line's JSON), zero for
// no line.
type Head [sha256.Size]byte

// Incident is something that kept the hearing from being followed or recorded (J5.11).
type Incident struct {
	Kind string // "link", "hold", "recorder", "node"
	From int64  // UTC unix microseconds
	To   int64  // 0: not over
	Who  string // people and places; empty for everybody
	// Cause in words: a reason given, or a code of the recorder.
	Cause string
	// Decided is who decided what about it, in words; empty: nobody had to.
	Decided string
}

// Errors of reading logs. They mean that a log is not this hearing's, or damaged.
var (
	// ErrItem: an item is not in its one canonical form, or not the next one.
	ErrItem = errors.New("minutes: not an item of this log")
)

// Names are the names of people by id (store.PersonName). Somebody without one, and a
// protected witness, is written by their alias.
type Names map[hearing.PersonID]string

// Writer says who wrote an item.
type Writer struct {
	Account  string           `json:"account,omitempty"` // of an official
	Person   hearing.PersonID `json:"person,omitempty"`  // of the hearing
	Capacity court.Capacity   `json:"capacity,omitempty"`
}

// Writes tells whether the writer may write the minutes: the clerk and the presiding
// judge of this hearing, who sign them.
func (w Writer) Writes() bool { return w.Capacity.HoldsRoom() }

// MayAsk tells whether the writer may read proposed minutes and ask for amendments
// (BLTTHS art. 258.4): procurator, accused, counsel, victim, parties and those who
// represent or assist them.
func (w Writer) MayAsk() bool { return Reads(w.Capacity) && !w.Capacity.OfCourt() }

// Reads tells whether people in the capacity may read minutes that were proposed.
// Witnesses, experts, interpreters, officers and the public may not.
func Reads(c court.Capacity) bool {
	switch c {
	case court.Witness, court.ProtectedWitness, court.Expert, court.Valuer, court.Interpreter, court.SignInterpreter,
		court.PointOfficer, court.DetentionOfficer, court.JudicialPolice, court.Journalist, court.Attendee:
		return false
	default:
		return c.Valid()
	}
}
