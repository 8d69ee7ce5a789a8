package store

import (
	"context"
	"time"

	"phientoa/internal/court"
)

// Bounds of delegations; beyond them a call gives ErrInvalid.
const (
	MaxDelegation      = 30 * 24 * time.Hour // from Starts to Ends; units.MaxDelegation, which the databases check too
	MaxLiveDelegations = 50                  // of a unit, neither over nor revoked
	MaxDelegations     = 2000                // returned by one Delegations, the latest
)

// Delegation is what the head of a procuracy lends to a deputy of the same unit for a
// time: the own scope, or the part of it at Under and below. Whether it counts at a moment
// is units.Delegation's law; a row says only what was given and whether it was taken back.
type Delegation struct {
	ID           string       // UUIDv7
	By, To       string       // accounts of Unit, which differ
	Unit         court.UnitID // of both
	Under        court.UnitID // empty: the whole scope
	Starts, Ends time.Time    // from Starts until before Ends
	Made         time.Time
	Revoked      time.Time // zero: it was not
	RevokedBy    string    // account
}

// Delegations is the part of the database about lent scopes. A row is made once and
// revoked at most once; nothing else of it changes, and none is removed: it is the log
// that the law asks for. Every change appends its AdminEntry in the same transaction.
// Foreign rows look missing (ErrNotFound).
type Delegations interface {
	// PutDelegation adds one that is not revoked. Accounts that are not both of d.Unit, and
	// a unit outside the scope, give ErrNotFound; an id that stands ErrConflict; one beyond
	// MaxLiveDelegations at d.Made ErrInvalid, as what is longer than MaxDelegation.
	PutDelegation(ctx context.Context, sc court.Scope, d Delegation, by AdminEntry) error
	// RevokeDelegation ends one of the scope at by.At, by by.Actor, for good, and returns
	// it. One that is revoked or over gives ErrConflict.
	RevokeDelegation(ctx context.Context, sc court.Scope, id string, by AdminEntry) (Delegation, error)
	// Delegation finds one of the scope by its id, however old; else ErrNotFound.
	Delegation(ctx context.Context, sc court.Scope, id string) (Delegation, error)
	// Delegations returns those of the scope that end after since, revoked ones too; the
	// latest made first, at most MaxDelegations.
	Delegations(ctx context.Context, sc court.Scope, since time.Time) ([]Delegation, error)
	// DelegationsTo returns what was given to the account, has begun and is neither over
	// nor revoked at the time; the earliest made first, at most MaxLiveDelegations.
	DelegationsTo(ctx context.Context, account string, at time.Time) ([]Delegation, error)
}
