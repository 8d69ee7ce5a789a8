// Package store is the database: SQLite by default, PostgreSQL for an
// installation of several nodes, behind the same small types and one
// conformance suite. It keeps exact bytes of the state log and checks order and
// fencing in the database itself.
package store

import (
	"context"
	"errors"
	"time"

	"phientoa/internal/court"
)

// Errors of this package. Everything else wraps a driver error; those of a
// database that could not be reached wrap ErrUnavailable.
var (
	// ErrNotFound: no such row within the scope. Foreign rows look the same.
	ErrNotFound = errors.New("store: not found")
	// ErrFenced: the lease under which the caller writes has a newer epoch.
	ErrFenced = errors.New("store: fenced by a newer epoch")
	// ErrConflict: other lines stand at that place of the log.
	ErrConflict = errors.New("store: conflicting sequence")
	// ErrLeased: another node holds the lease.
	ErrLeased = errors.New("store: leased to another node")
	// ErrUnavailable is wrapped by errors of an unreachable database.
	ErrUnavailable = errors.New("store: database unavailable")
	// ErrUsed: a single-use token was used before or has expired.
	ErrUsed = errors.New("store: token used or expired")
	// ErrInvalid: an argument outside its documented bounds; nothing was written.
	ErrInvalid = errors.New("store: invalid argument")
	// ErrFull: as many rows as there may be stand already.
	ErrFull = errors.New("store: full")
	// ErrCodeNeeded: the invitation is good and asks for its code.
	ErrCodeNeeded = errors.New("store: invitation asks for its code")
	// ErrCodeWrong: the invitation is good, the code is not.
	ErrCodeWrong = errors.New("store: wrong code")
)

// Bounds of single calls; beyond them a call gives ErrInvalid.
const (
	MaxLineBytes   = 1 << 20        // of one line of the state log
	MaxAppendLines = 1000           // in one Append
	MaxReadLines   = 1000           // in one Read; a larger limit is cut to this
	MaxHearings    = 1000           // returned by one Hearings, the earliest first
	MaxNames       = 2000           // of one hearing
	MaxTextBytes   = 4096           // of a name, title, id or any other text
	MaxNoteBytes   = 64 << 10       // of a checkpoint's signed note
	MaxAccess      = 1000           // entries of one LogAccess
	MaxLease       = 24 * time.Hour // ttl of a lease; the least is a microsecond
	MaxUnits       = 5000           // returned by one Units
	MaxAccounts    = 5000           // returned by one AccountsOf
	MaxCredentials = 20             // of one account, revoked ones counted
	MaxRoomDevices = 1000           // returned by one RoomDevices
	MaxLent        = 200            // courts to which one room device is lent
	MaxRoles       = 16             // of one account
	MaxBlobBytes   = 64 << 10       // of a credential, a public key, a challenge's data
	MaxChallenges  = 100_000        // open at once in the installation
	MaxAdminRead   = 1000           // entries of one AdminLog
	MaxCodeTries   = 5              // wrong codes that void an invitation
	MaxProposals   = 500            // returned by one Proposals
	MaxAgentBytes  = 200            // of a browser's own words about itself
)

// Line is one line of the state log as stored.
type Line struct {
	Seq   uint64
	Epoch uint64
	Line  []byte   // exact bytes, no newline
	Prev  [32]byte // SHA-256 of the previous stored line's Hash input, zero at Seq 1
	Hash  [32]byte // SHA-256(Prev || Line)
}

// Lease is the right of one node to write one hearing's log.
type Lease struct {
	Hearing string
	Node    string
	Epoch   uint64 // grows by one with each change of holder or reacquisition after expiry
	Expires time.Time
}

// Hearing is the row that finds a hearing; its truth is the log.
type Hearing struct {
	ID       string // UUIDv7
	Room     string // public 128-bit random id, 32 hex digits
	Unit     court.UnitID
	DocketNo string
	Title    string
	StartsAt int64 // UTC unix microseconds
	Demo     bool
}

// PersonName is the only place where a name stands.
type PersonName struct {
	Person  string
	Name    string
	Hearing string
}

// Invitation admits one person's device to one hearing, once.
type Invitation struct {
	TokenHash [32]byte // SHA-256 of the token; the token itself is never stored
	Hearing   string
	Person    string
	Device    string
	Expires   time.Time
	// CodeHash of a code that travels by a second channel; zero: none is asked for.
	CodeHash [32]byte
}

// Session is a signed-in device. Its token is a 256-bit random value of which
// only the SHA-256 is stored.
type Session struct {
	TokenHash [32]byte
	Hearing   string
	Person    string
	Device    string
	Created   time.Time
	Expires   time.Time // absolute
	LastSeen  time.Time
	Revoked   bool
	// Owner is the account or room device that entered the seat without an
	// invitation, Parent the TokenHash of its AccountSession; empty: an invitation.
	Owner  string
	Parent [32]byte
	// Unit is whose people the holder belongs to: the owner's unit, of an invitation
	// the hearing's. Reading fills it in; it is never stored.
	Unit court.UnitID
}

// Access is an entry of the court's access log, never of the hearing's archive.
type Access struct {
	At      time.Time
	Unit    court.UnitID
	Hearing string
	Person  string
	What    string // "denied.room", "signin", "view", …
	Count   int    // aggregated per actor and 10 s
}

// Store is everything the processes ask of a database.
type Store interface {
	Accounts
	Services
	Archives
	Supplements
	Objects

	// Kind is "sqlite" or "postgres".
	Kind() string
	Close() error
	Ping(ctx context.Context) error

	// Meta values set once for the life of the database, for instance
	// "demonstration" at creation. SetMetaOnce fails with ErrConflict when
	// another value stands.
	Meta(ctx context.Context, key string) (string, error)
	SetMetaOnce(ctx context.Context, key, value string) error

	// Acquire takes or renews the lease. Another holder's unexpired lease gives
	// ErrLeased. Time is the database's own.
	Acquire(ctx context.Context, sc court.Scope, hearing, node string, ttl time.Duration) (Lease, error)
	// Renew prolongs a lease that is still of this epoch, else ErrFenced.
	Renew(ctx context.Context, sc court.Scope, l Lease, ttl time.Duration) (Lease, error)
	Release(ctx context.Context, sc court.Scope, l Lease) error

	// Append adds lines after sequence `after` under the epoch of l, all or none.
	// The same lines at the same place are a success (a repeated call after an
	// uncertain commit), also when only the first of them stand and the rest
	// follows now; other lines there, or a hole before them, give ErrConflict.
	// Fencing is checked first: an older epoch gives ErrFenced whatever the lines.
	Append(ctx context.Context, sc court.Scope, l Lease, after uint64, lines [][]byte) error
	// Read returns at most limit (<= 1000) lines from sequence `from` on.
	Read(ctx context.Context, sc court.Scope, hearing string, from uint64, limit int) ([]Line, error)
	// PutCheckpoint is insert-only; the same note again is a success. A later part
	// of the evidence starts again at small sizes, so the last is the latest put.
	PutCheckpoint(ctx context.Context, sc court.Scope, hearing string, size uint64, note []byte) error
	LastCheckpoint(ctx context.Context, sc court.Scope, hearing string) (size uint64, note []byte, err error)

	// CreateHearing inserts the row and its names; text is stored in Unicode NFC.
	// An id or room that stands already gives ErrConflict.
	CreateHearing(ctx context.Context, sc court.Scope, h Hearing, names []PersonName) error
	Hearing(ctx context.Context, sc court.Scope, id string) (Hearing, error)
	// Hearings returns those that start in [fromMicros, toMicros), by start, then id.
	Hearings(ctx context.Context, sc court.Scope, fromMicros, toMicros int64) ([]Hearing, error)
	Names(ctx context.Context, sc court.Scope, hearing string) ([]PersonName, error)

	CreateInvitation(ctx context.Context, sc court.Scope, i Invitation) error
	// RedeemCode consumes the invitation and creates its session s in one
	// transaction, so that neither a crash nor a revocation can fall between the two.
	// Hearing, Person and Device of s are taken from the invitation. codeHash is zero
	// when no code was given. Unknown, used, voided and expired: ErrUsed.
	// ErrCodeNeeded: it asks for a code, nothing was counted; ErrCodeWrong: counted,
	// the answer tells whose invitation it is, and MaxCodeTries of them void it.
	RedeemCode(ctx context.Context, tokenHash, codeHash [32]byte, s Session, now time.Time) (Session, error)
	CreateSession(ctx context.Context, s Session) error
	// SessionByToken finds a session that is neither expired nor revoked and whose
	// parent, if it has one, is neither; else ErrNotFound. Expires is the earlier end
	// of the two. It does not touch LastSeen.
	SessionByToken(ctx context.Context, tokenHash [32]byte, now time.Time) (Session, error)
	// TouchSession moves LastSeen forward, never back. Unknown: ErrNotFound.
	TouchSession(ctx context.Context, tokenHash [32]byte, now time.Time) error
	// KeepSession is TouchSession of a session and its parent that also moves their
	// ends forward to until, but not beyond life after each began. What was revoked or
	// is out of time stays so. No such session that stands: ErrNotFound.
	KeepSession(ctx context.Context, tokenHash [32]byte, now, until time.Time, life time.Duration) error
	// EndSession revokes the one session (signing out). Unknown: no error.
	EndSession(ctx context.Context, tokenHash [32]byte) error
	// RevokeInvitations voids the person's unused invitations to the hearing and ends
	// the sessions that came of used ones. It returns those sessions, also ones that
	// had ended before, so that their media can be ended.
	RevokeInvitations(ctx context.Context, sc court.Scope, hearing, person string) ([]Session, error)

	LogAccess(ctx context.Context, a []Access) error

	Office
	Minutes
	Oversight
	Notes
	Delegations
	Outgoing
}
