package store

import (
	"context"

	"phientoa/internal/court"
)

// Bounds of the minutes; beyond them a call gives ErrInvalid.
const (
	MaxMinutesLine = 128 << 10 // bytes of one item
	MaxDocument    = 24 << 20  // bytes of a file
)

// MinutesLine is one item of a hearing's minutes as stored; hashed as Line is.
type MinutesLine struct {
	N    uint64
	Seq  uint64 // last line of the state log before it
	Line []byte // exact bytes, no newline
	Prev [32]byte
	Hash [32]byte
}

// Minutes is the part of the database behind the minutes. Both tables take inserts only.
type Minutes interface {
	// AppendMinutes adds item n behind line seq of the state log, which has to be the
	// last one: no item comes to stand before an event that somebody has read. The same
	// item at the same place is a success; another there, a hole before it, or a later
	// event give ErrConflict.
	AppendMinutes(ctx context.Context, sc court.Scope, hearing string, n, seq uint64, line []byte) error
	// MinutesFrom returns at most limit (<= MaxReadLines) items from n on.
	MinutesFrom(ctx context.Context, sc court.Scope, hearing string, n uint64, limit int) ([]MinutesLine, error)
	// PutDocument keeps a file under its SHA-256; the same again is a success.
	PutDocument(ctx context.Context, sc court.Scope, hearing string, body []byte) (sha256 [32]byte, err error)
	// Document is a file of the hearing; ErrNotFound.
	Document(ctx context.Context, sc court.Scope, hearing string, sha256 [32]byte) ([]byte, error)
}
