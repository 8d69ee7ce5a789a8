package store

import (
	"context"
	"time"

	"phientoa/internal/court"
)

// ServiceToken lets another system ask in the name of a service account. The token
// is a 256-bit random value of which only the SHA-256 is stored.
type ServiceToken struct {
	ID      string // UUIDv7
	Hash    [32]byte
	Account string
	Label   string
	Rights  []string // 1 to MaxRights
	Created time.Time
	Expires time.Time
	Revoked bool
}

// Bounds of service tokens.
const (
	MaxRights        = 16
	MaxServiceTokens = 100 // of one account, revoked ones counted
)

// Services is the part of the database about tokens of other systems. Every change
// appends its AdminEntry in the same transaction; foreign rows look missing.
type Services interface {
	// PutServiceToken adds one to an account of the scope. A hash that stands gives
	// ErrConflict.
	PutServiceToken(ctx context.Context, sc court.Scope, t ServiceToken, by AdminEntry) error
	// ServiceTokenByHash finds a token that is neither revoked nor expired, of an
	// account that is not disabled; else ErrNotFound.
	ServiceTokenByHash(ctx context.Context, hash [32]byte, now time.Time) (ServiceToken, error)
	// ServiceTokens returns those of an account of the scope, also revoked ones, by id.
	ServiceTokens(ctx context.Context, sc court.Scope, account string) ([]ServiceToken, error)
	// RevokeServiceToken ends it for good. Unknown, or of an account outside of the
	// scope: ErrNotFound.
	RevokeServiceToken(ctx context.Context, sc court.Scope, id string, by AdminEntry) error
}
