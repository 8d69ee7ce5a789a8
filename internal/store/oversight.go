package store

import (
	"context"
	"time"

	"phientoa/internal/court"
)

// Bounds of oversight; beyond them a call gives ErrInvalid.
const (
	MaxWatchings    = 1000    // in one PutWatchings
	MaxNamedUnits   = 64      // of one release
	MaxDayHearings  = 20_000  // of one CoverageDay; ErrInvalid rather than a part of them
	MaxDayReleases  = 100_000 // likewise
	MaxDayWatchings = 200_000 // likewise
)

// ReleaseTo is who may follow a hearing from outside. The values are those of the
// hearing's own log.
type ReleaseTo string

// Values of ReleaseTo.
const (
	ReleasedToAll   ReleaseTo = "open"   // every unit in whose scope the hearing lies
	ReleasedToNone  ReleaseTo = "closed" // nobody
	ReleasedToNamed ReleaseTo = "named"  // Units
)

// Valid tells whether it is one of the list.
func (r ReleaseTo) Valid() bool {
	return r == ReleasedToAll || r == ReleasedToNone || r == ReleasedToNamed
}

// Release says what holds of following a hearing from outside, from a time on: by
// decision of the court, by its policy from the booking on, or because doors were closed.
type Release struct {
	Hearing string
	Seq     uint64    // of the event in the hearing's log from which it holds
	At      time.Time // of that event
	To      ReleaseTo
	Units   []court.UnitID // of ReleasedToNamed, and of no other
	Reason  string         // the court's words; may be empty
	// By is the person of the hearing who decided, or "court" where only that is known;
	// empty: nobody decided, it is the policy's, or doors were closed.
	By string
}

// WatchingRun is a life of a node's process: started again it is another one.
type WatchingRun struct {
	ID   string // UUIDv7
	Node string
	Seen time.Time
}

// Watching is one stretch in which an official followed a hearing from outside.
type Watching struct {
	ID       string // UUIDv7
	Hearing  string
	Unit     court.UnitID // the official's
	Official string       // account
	Node     string       // of its run; not read by PutWatchings
	Began    time.Time
	// Ended is zero while it goes on. Read back of one that goes on, or whose process died
	// before it ended it, it is when that process was last seen; Open tells.
	Ended time.Time
	Open  bool
}

// DayHearing is what coverage needs of a hearing on the calendar.
type DayHearing struct {
	ID       string
	Unit     court.UnitID
	StartsAt int64 // UTC unix microseconds, as all times here
	Status   string
	Closed   bool  // closed doors
	OpenedAt int64 // 0: not opened
	EndedAt  int64 // when it was over, or suspended; 0: not
}

// CoverageDay is everything that coverage is counted from: the hearings that start in a
// span, and the releases and watchings of these, whenever they were.
type CoverageDay struct {
	Hearings  []DayHearing // by start, then id
	Releases  []Release    // by hearing, then sequence
	Watchings []Watching   // by hearing, begin, then id
}

// Oversight is the part of the database behind what procuracies follow.
type Oversight interface {
	// PutRelease is insert-only; the same again is a success, another at that place of
	// the hearing's log gives ErrConflict.
	PutRelease(ctx context.Context, sc court.Scope, r Release) error
	// PutWatchings notes that the run is there at run.Seen and stores at most MaxWatchings
	// of its watchings, all or none: those that began, and those that ended, with the same
	// ID and all else as it was. An end stands for good; calls may be repeated and come
	// late. An id that stands for another watching gives ErrConflict. An empty list is a sign of life.
	PutWatchings(ctx context.Context, sc court.Scope, run WatchingRun, list []Watching) error
	// CoverageDay reads the hearings that start in [fromMicros, toMicros), and then what
	// belongs to them: the later lists may be newer by a moment.
	CoverageDay(ctx context.Context, sc court.Scope, fromMicros, toMicros int64) (CoverageDay, error)
}
