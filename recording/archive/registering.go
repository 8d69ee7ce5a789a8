//go:build !verifier

package archive

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"
)

// Register notes what became of every part, where it can be compared later; see
// package register.
type Register interface {
	// Has tells whether the sealed file of a part is noted as one of this size, in
	// bytes, and this list.
	Has(hearing string, part int, size int64, manifest [sha256.Size]byte) bool
	// Sealed notes it. The same file twice is noted once; one with another list or
	// root than the part's first is ErrSwapped, and not noted.
	Sealed(ctx context.Context, f Final) error
}

// ErrSwapped: a sealed file is not the one that was noted of its part. Seals and
// timestamps that came later make no other file of it.
var ErrSwapped = errors.New("archive: another sealed file than the one that was noted")

// Disposal says that a sealed part was removed because two people wanted it.
type Disposal struct {
	Hearing     string
	Part        int               // from 1
	SHA256      [sha256.Size]byte // of the sealed file that was catalogued
	ProposedBy  string            // account
	ConfirmedBy string            // another account
	ConfirmedAt time.Time
}

// Repair says that the damaged file of a sealed part is replaced by a whole copy.
type Repair struct {
	Hearing string
	Part    int               // from 1
	SHA256  [sha256.Size]byte // of the copy: of the file that was noted last
	Damaged [sha256.Size]byte // of what stood there; zero: nothing, or nothing that can be read
	By      string            // account
}

// registered tells whether the register has the part's sealed file as it is.
func (j *Job) registered(part string) bool {
	if j.p.Register == nil {
		return true
	}
	f, _, closer, err := finalOf(part + Ext)
	return err == nil && closer.Close() == nil && j.p.Register.Has(f.Hearing, f.Part, f.Size, f.Manifest)
}

// register notes the part's sealed file unless it is noted as it is. sum is its
// SHA-256 where that is known.
func (j *Job) register(ctx context.Context, part string, sum *[sha256.Size]byte) (err error) {
	if j.p.Register == nil {
		return nil
	}
	f, r, closer, err := finalOf(part + Ext)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	switch {
	case j.swappedAs(part) == f:
		return errors.Join(errNotNoted, ErrSwapped) // read once; a register only grows
	case sum != nil:
		f.SHA256 = *sum
	case j.p.Register.Has(f.Hearing, f.Part, f.Size, f.Manifest):
		return nil
	default:
		h := sha256.New()
		if _, err := io.Copy(h, &pacedReader{p: Pace{Limit: j.limit}.begin(ctx), r: io.NewSectionReader(r, 0, f.Size)}); err != nil {
			return fmt.Errorf("archive: %w", err)
		}
		h.Sum(f.SHA256[:0])
	}
	if err := j.p.Register.Sealed(ctx, f); err != nil {
		if errors.Is(err, ErrSwapped) {
			j.setSwapped(part, f)
		}
		return errors.Join(errNotNoted, err)
	}
	return nil
}

// swappedAs is the sealed file of a part, without its SHA-256, that was found not to
// be the one that was noted.
func (j *Job) swappedAs(part string) Final {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.swapped[part]
}

func (j *Job) setSwapped(part string, f Final) {
	f.SHA256 = [sha256.Size]byte{}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.swapped[part] = f
}

// errNotNoted: the file is sealed, and the register does not know it yet.
var errNotNoted = errors.New("archive: sealed, not noted in the register yet")
