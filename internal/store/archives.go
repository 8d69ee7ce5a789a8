package store

import (
	"context"
	"time"

	"phientoa/internal/court"
)

// ArchivePart is a sealed part of a hearing's evidence: where its file is and what
// was in it when it was sealed. The truth is the file.
type ArchivePart struct {
	Hearing  string
	Part     int    // from 1
	Node     string // that has the file
	Path     string // below the node's evidence, with slashes
	Size     int64  // bytes
	SHA256   [32]byte
	Manifest [32]byte // SHA-256 of the list that is sealed: what the part is
	Root     [32]byte // of the last checkpoint
	Lines    uint64
	Began    int64 // UTC unix microseconds
	Ended    int64
	Gaps     int
	Damages  int // when it was sealed
	Stamped  bool
	Sealed   time.Time
	Facts    []byte // JSON for cards: tracks, gaps, damages, seal; at most MaxFactBytes
	// Removed is when the file was disposed of; zero: it is kept.
	Removed time.Time
}

// Bounds of the archives.
const (
	MaxFactBytes       = 512 << 10
	MaxArchiveParts    = 1000 // returned by one ArchiveParts
	MaxFoundArchives   = 100  // returned by one FindArchives
	MaxArchiveRequests = 500  // returned by one ArchiveRequests
	MaxArchiveViews    = 1000 // returned by one ArchiveViews
	MaxArchiveChecks   = 200  // returned by one ArchiveChecks or PendingArchiveChecks
	MaxCopyTracks      = 64   // of one ArchiveCopy
)

// ArchiveQuery says which archives are looked for. Words are compared as Fold makes
// them.
type ArchiveQuery struct {
	Text   string // every word in docket number, title, e-file code or the people's names
	Person string // every word in the name of one of the people
	From   int64  // of the hearing's start, UTC unix microseconds
	To     int64  // exclusive; 0: no bound
}

// Outcomes of an ArchiveRequest; empty: it waits.
const (
	Granted = "granted"
	Refused = "refused"
	// Ended: taken back by who asked, or the grant by whoever may decide.
	Ended = "ended"
)

// ArchiveRequest asks to see a hearing's archive for a purpose, and becomes the
// grant when it is granted.
type ArchiveRequest struct {
	ID      string // UUIDv7
	Hearing string
	Unit    court.UnitID // of the hearing; reading fills it in
	Account string
	Purpose string
	// Download and Closed: the file itself, and a hearing that was held behind closed
	// doors. Asked for at first, then what was granted.
	Download bool
	Closed   bool
	At       time.Time
	Outcome  string
	DoneBy   string // account; never who asked, unless Ended
	DoneAt   time.Time
	Reason   string    // of a refusal or an end; with a grant a condition, or empty
	Until    time.Time // end of the grant; zero without one
	// Copy is what a person of the hearing gets a copy of; nil: the account asks to see
	// the archive itself.
	Copy *ArchiveCopy
}

// ArchiveCopy is a stretch of a sealed part that a clerk asks to hand to a person of
// the hearing. It stays what was asked for.
type ArchiveCopy struct {
	Person   string         `json:"person"`   // of the hearing
	Capacity court.Capacity `json:"capacity"` // in which they took part
	Part     int            `json:"part"`
	FromT    int64          `json:"from_t"` // UTC unix microseconds
	ToT      int64          `json:"to_t"`
	Tracks   []string       `json:"tracks"` // 1 to MaxCopyTracks, as the part's index names them
}

// Open tells whether the request grants anything at the time.
func (r ArchiveRequest) Open(now time.Time) bool {
	return r.Outcome == Granted && now.Before(r.Until)
}

// ArchiveDecision settles a request.
type ArchiveDecision struct {
	Outcome  string // Granted, Refused or Ended
	Reason   string
	Until    time.Time // of a grant, after the decision
	Download bool
	Closed   bool
}

// ArchiveView is an entry of who saw what of an archive, and on what grounds.
type ArchiveView struct {
	At      time.Time
	Hearing string
	Part    int // 0: the whole
	Account string
	Request string // that granted it; empty: none was needed
	What    string // "view", "download", "render", "check", "search" …
}

// ArchiveCheck is a verification of a part's file that somebody asked for.
type ArchiveCheck struct {
	ID      string // UUIDv7
	Hearing string
	Part    int
	By      string // account
	At      time.Time
	Done    time.Time // zero: it waits or runs
	// Exit is as that of phientoa verify: 0 whole, 1 damaged, 2 unreadable, 3 whole
	// by an unknown signer. -1 until done.
	Exit int
	// Same: the file has the SHA-256 that the database knows.
	Same   bool
	Report []byte // JSON, at most MaxFactBytes
	// Repair: a damaged file is also replaced by a whole copy, where there is one.
	Repair bool
	// Replaced is what the damaged file is kept as, beside the part's, or - where there
	// was none; empty: nothing was replaced.
	Replaced string
}

// Damaged tells whether a verification that is done found the file to be damaged,
// unreadable or another one.
func (c ArchiveCheck) Damaged() bool {
	return !c.Done.IsZero() && (!c.Same || c.Exit == 1 || c.Exit == 2)
}

// ArchiveKeep says how long a hearing's archive is kept.
type ArchiveKeep struct {
	Hearing string
	// Class is that of the case file: "permanent" or a number of years after the end;
	// empty: nobody has set one, and nothing is disposed of.
	Class string
	// Hold forbids disposal whatever the class, for this reason; empty: none.
	Hold string
	By   string // account of the last change
	At   time.Time
}

// ArchiveLodging says that an archive was put into a case file.
type ArchiveLodging struct {
	ID        string // UUIDv7: the receipt
	Hearing   string
	Reference string // by which the case system knows it; unique for a hearing
	Folios    string // bút lục
	Parts     string // JSON: which parts, by number and SHA-256
	Account   string
	At        time.Time
}

// ArchiveDisposal is an archive's disposal, by two people, and afterwards its
// tombstone.
type ArchiveDisposal struct {
	ID       string // UUIDv7
	Hearing  string
	Unit     court.UnitID // of the hearing; reading fills it in
	Reason   string
	By       string // account
	At       time.Time
	Expires  time.Time
	Outcome  string // empty: it waits; Confirmed or Withdrawn
	DoneBy   string // account; of a confirmation another than By
	DoneAt   time.Time
	Contents string // JSON: what was disposed of, with its digests; set with the confirmation
}

// Archives is the part of the database about sealed evidence.
type Archives interface {
	// PutArchivePart adds a part of a hearing of the scope, or what became of its
	// file: the same list again, with a timestamp and another size. Another list
	// under the same number gives ErrConflict, and a timestamp that stands stays.
	PutArchivePart(ctx context.Context, sc court.Scope, p ArchivePart) error
	// ArchiveParts returns a hearing's, by number, at most MaxArchiveParts.
	ArchiveParts(ctx context.Context, sc court.Scope, hearing string) ([]ArchivePart, error)
	// FindArchives returns hearings of the scope that have a sealed part, the latest
	// first, at most MaxFoundArchives. An empty query finds the latest.
	FindArchives(ctx context.Context, sc court.Scope, q ArchiveQuery) ([]Hearing, error)

	// PutArchiveRequest adds one about a hearing of the scope; ErrConflict while the
	// account has another that waits, or somebody asked for the same copy, which waits.
	PutArchiveRequest(ctx context.Context, sc court.Scope, r ArchiveRequest, by AdminEntry) error
	ArchiveRequest(ctx context.Context, sc court.Scope, id string) (ArchiveRequest, error)
	// ArchiveRequests returns those about hearings of the scope, of one hearing and
	// of one account when these are named, the latest first.
	ArchiveRequests(ctx context.Context, sc court.Scope, hearing, account string) ([]ArchiveRequest, error)
	// SettleArchiveRequest decides a request that waits, or ends a grant, by
	// by.Actor at by.At. ErrConflict: it is settled otherwise, or somebody would
	// decide on their own request.
	SettleArchiveRequest(ctx context.Context, sc court.Scope, id string, d ArchiveDecision, by AdminEntry) (ArchiveRequest, error)

	// PutArchiveView is insert-only.
	PutArchiveView(ctx context.Context, sc court.Scope, v ArchiveView) error
	// ArchiveViews returns those of a hearing, the latest first, at most MaxArchiveViews.
	ArchiveViews(ctx context.Context, sc court.Scope, hearing string) ([]ArchiveView, error)

	// PutArchiveCheck adds one about a known part; ErrConflict while one waits.
	PutArchiveCheck(ctx context.Context, sc court.Scope, c ArchiveCheck) error
	// PendingArchiveChecks returns those that wait, of parts on the node, the oldest first.
	PendingArchiveChecks(ctx context.Context, node string) ([]ArchiveCheck, error)
	// FinishArchiveCheck gives one its result, once.
	FinishArchiveCheck(ctx context.Context, c ArchiveCheck) error
	// ArchiveChecks returns those of a hearing, the latest first, at most MaxArchiveChecks.
	ArchiveChecks(ctx context.Context, sc court.Scope, hearing string) ([]ArchiveCheck, error)

	// ArchiveKeep of a hearing; the zero value with its id when nobody set one.
	ArchiveKeep(ctx context.Context, sc court.Scope, hearing string) (ArchiveKeep, error)
	PutArchiveKeep(ctx context.Context, sc court.Scope, k ArchiveKeep, by AdminEntry) error

	// PutArchiveLodging adds one, insert-only. The same reference with the same
	// folios and parts gives the one that stands, with others ErrConflict.
	PutArchiveLodging(ctx context.Context, sc court.Scope, l ArchiveLodging, by AdminEntry) (ArchiveLodging, error)
	// ArchiveLodgings returns those of a hearing, the latest first, at most MaxArchiveChecks.
	ArchiveLodgings(ctx context.Context, sc court.Scope, hearing string) ([]ArchiveLodging, error)

	// PutArchiveDisposal adds one that waits; ErrConflict while another waits, or
	// after one was confirmed.
	PutArchiveDisposal(ctx context.Context, sc court.Scope, d ArchiveDisposal, by AdminEntry) error
	// ArchiveDisposals returns those of a hearing, or of the scope when none is named,
	// the latest first, at most MaxArchiveRequests.
	ArchiveDisposals(ctx context.Context, sc court.Scope, hearing string) ([]ArchiveDisposal, error)
	// SettleArchiveDisposal gives one that waits its outcome, Confirmed (with what is
	// disposed of) or Withdrawn. ErrConflict: settled, run out, confirmed by who
	// proposed it, or the archive is under a hold.
	SettleArchiveDisposal(ctx context.Context, sc court.Scope, id, outcome, contents string, by AdminEntry) (ArchiveDisposal, error)
	// DisposedParts returns parts on the node of which the disposal was confirmed and
	// the file not yet removed; ArchivePartRemoved says that it was.
	DisposedParts(ctx context.Context, node string) ([]ArchivePart, error)
	ArchivePartRemoved(ctx context.Context, hearing string, part int, at time.Time) error
}
