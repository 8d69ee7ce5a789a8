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

// Errors of this package. Everything else wraps a driver error; Unavailable
// tells whether the database could not be reached.
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
	// uncertain commit); other lines there give ErrConflict.
	Append(ctx context.Context, sc court.Scope, l Lease, after uint64, lines [][]byte) error
	// Read returns at most limit (<= 1000) lines from sequence `from` on.
	Read(ctx context.Context, sc court.Scope, hearing string, from uint64, limit int) ([]Line, error)
	// PutCheckpoint is insert-only.
	PutCheckpoint(ctx context.Context, sc court.Scope, hearing string, size uint64, note []byte) error
	LastCheckpoint(ctx context.Context, sc court.Scope, hearing string) (size uint64, note []byte, err error)

	CreateHearing(ctx context.Context, sc court.Scope, h Hearing, names []PersonName) error
	Hearing(ctx context.Context, sc court.Scope, id string) (Hearing, error)
	HearingByRoom(ctx context.Context, sc court.Scope, room string) (Hearing, error)
	Hearings(ctx context.Context, sc court.Scope, fromMicros, toMicros int64) ([]Hearing, error)
	Names(ctx context.Context, sc court.Scope, hearing string) ([]PersonName, error)

	CreateInvitation(ctx context.Context, sc court.Scope, i Invitation) error
	// ConsumeInvitation marks it used and returns it, once; else ErrUsed.
	ConsumeInvitation(ctx context.Context, tokenHash [32]byte, now time.Time) (Invitation, error)
	CreateSession(ctx context.Context, s Session) error
	SessionByToken(ctx context.Context, tokenHash [32]byte, now time.Time) (Session, error)
	// RevokeSessions ends the sessions of a person in a hearing; returns how many.
	RevokeSessions(ctx context.Context, sc court.Scope, hearing, person string) (int, error)

	LogAccess(ctx context.Context, a []Access) error
}
