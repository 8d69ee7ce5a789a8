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
}

// Bounds of the archives.
const (
	MaxFactBytes    = 512 << 10
	MaxArchiveParts = 1000 // returned by one ArchiveParts
)

// Archives is the part of the database about sealed evidence.
type Archives interface {
	// PutArchivePart adds a part of a hearing of the scope, or what became of its
	// file: the same list again, with a timestamp and another size. Another list
	// under the same number gives ErrConflict, and a timestamp that stands stays.
	PutArchivePart(ctx context.Context, sc court.Scope, p ArchivePart) error
	// ArchiveParts returns a hearing's, by number, at most MaxArchiveParts.
	ArchiveParts(ctx context.Context, sc court.Scope, hearing string) ([]ArchivePart, error)
}
