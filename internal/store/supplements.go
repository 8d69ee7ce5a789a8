package store

import (
	"context"
	"encoding/hex"
	"time"

	"phientoa/internal/court"
)

// MaxSupplements is the most that one ArchiveSupplements or WantedSupplements returns,
// and MaxSupplementNumber the highest number of one.
const (
	MaxSupplements      = 1000
	MaxSupplementNumber = 9999
)

// Prefixes of subjects; hex digits follow.
const (
	MinutesSubject   = "minutes:"
	CourtSealSubject = "court-seal:"
)

// SupplementOfDocument is the subject of a final document of minutes.
func SupplementOfDocument(sha256 [32]byte) string {
	return MinutesSubject + hex.EncodeToString(sha256[:])
}

// SupplementOfPart is the subject of the court's later seal of a part, by the list that
// the node sealed.
func SupplementOfPart(manifest [32]byte) string {
	return CourtSealSubject + hex.EncodeToString(manifest[:])
}

// ArchiveSupplement is a small sealed file beside the parts of a hearing's evidence:
// wanted at first, then with its number, then made. The truth is the file.
type ArchiveSupplement struct {
	Hearing string
	// Subject is what it is of: one supplement of the hearing for each.
	Subject string
	Kind    string
	Wanted  time.Time
	// Node has to make it; empty: the one of the hearing's last part.
	Node   string
	Number int       // from 1, never given twice in a hearing; 0: none yet
	Made   time.Time // zero: not yet. The rest is of the file.
	Size   int64     // bytes
	SHA256 [32]byte
	// Manifest is the SHA-256 of the list that is sealed.
	Manifest [32]byte
	Facts    []byte // JSON: what the file says of itself; at most MaxFactBytes
}

// Supplements is the part of the database about supplements of sealed evidence.
type Supplements interface {
	// WantSupplement asks for one of the subject; again is a success and changes nothing.
	WantSupplement(ctx context.Context, hearing, subject, kind, node string, at time.Time) error
	// WantedSupplements returns those not yet made that the node has to make, the
	// oldest first: its own, and those of hearings whose last known part lies on it.
	WantedSupplements(ctx context.Context, node string) ([]ArchiveSupplement, error)
	// NumberSupplement gives a wanted one its number, above every number of the
	// hearing and above the one given; one that has a number keeps it. It belongs to
	// the node then; ErrConflict: to another.
	NumberSupplement(ctx context.Context, hearing, subject, node string, above int) (ArchiveSupplement, error)
	// SupplementMade enters the file, once; the same again is a success, another file
	// ErrConflict.
	SupplementMade(ctx context.Context, s ArchiveSupplement) error
	// ArchiveSupplements returns those made of a hearing of the scope, by number.
	ArchiveSupplements(ctx context.Context, sc court.Scope, hearing string) ([]ArchiveSupplement, error)
}
