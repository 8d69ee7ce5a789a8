package ledger

import (
	"errors"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Several lines of a log are proved together by the hashes of the largest subtrees
// (RFC 6962, 2.1) that hold none of them, from left to right. Each such hash stands
// once, however many lines lean on it, and neither side holds more than the path to
// the line it is at.

// ErrSeveral: lines and hashes are not those of a tree of that size.
var ErrSeveral = errors.New("ledger: lines and proof do not belong together")

// Shown walks the lines that are shown, in ascending order.
type Shown struct {
	// Next is the index of the next line without taking it; ok is false behind the last.
	Next func() (i uint64, ok bool, err error)
	// Take takes it and returns its leaf hash.
	Take func() (Hash, error)
}

// walk goes down a tree, left to right.
type walk struct {
	Shown
	hidden func(lo, hi uint64) (Hash, error)
}

// sub is the hash over lines lo to hi (exclusive, more than lo).
func (w *walk) sub(lo, hi uint64) (Hash, error) {
	i, ok, err := w.Next()
	switch {
	case err != nil:
		return Hash{}, err
	case ok && i < lo:
		return Hash{}, fmt.Errorf("%w: line %d out of order", ErrSeveral, i)
	case !ok || i >= hi:
		return w.hidden(lo, hi)
	case hi-lo == 1:
		return w.Take()
	}
	mid := lo + split(hi-lo)
	left, err := w.sub(lo, mid)
	if err != nil {
		return Hash{}, err
	}
	right, err := w.sub(mid, hi)
	if err != nil {
		return Hash{}, err
	}
	return Hash(tlog.NodeHash(tlog.Hash(left), tlog.Hash(right))), nil
}

// split is the largest power of two below n, which is at least 2.
func split(n uint64) uint64 { return 1 << (bits.Len64(n-1) - 1) }

// RootOfSeveral is the root of a tree of size lines of which some are shown and the
// rest stands in a proof; hidden gives its next hash. Whether proof and lines end there is
// checked for the lines, and for the caller to check of the proof.
func RootOfSeveral(size uint64, s Shown, hidden func() (Hash, error)) (Hash, error) {
	if size == 0 {
		return Hash{}, fmt.Errorf("%w: no lines", ErrSeveral)
	}
	w := walk{s, func(uint64, uint64) (Hash, error) { return hidden() }}
	root, err := w.sub(0, size)
	if err != nil {
		return root, err
	}
	if i, ok, err := s.Next(); err != nil || ok {
		return root, errors.Join(err, fmt.Errorf("%w: line %d of %d", ErrSeveral, i, size))
	}
	return root, nil
}

// Several returns the proof of the lines of these indices (ascending) in the tree of
// the first size lines.
func (p *Proofs) Several(size uint64, shown []uint64) (proof []Hash, err error) {
	if size == 0 || size > uint64(p.size) {
		return nil, fmt.Errorf("ledger: %d lines of %d", size, p.size)
	}
	s := Shown{
		Next: func() (uint64, bool, error) {
			if len(shown) == 0 {
				return 0, false, nil
			}
			return shown[0], true, nil
		},
		Take: func() (Hash, error) {
			h, err := p.over(shown[0], shown[0]+1)
			shown = shown[1:]
			return h, err
		},
	}
	w := walk{s, func(lo, hi uint64) (Hash, error) {
		h, err := p.over(lo, hi)
		proof = append(proof, h)
		return h, err
	}}
	if _, err := w.sub(0, size); err != nil {
		return nil, err
	}
	if len(shown) > 0 {
		return nil, fmt.Errorf("%w: line %d of %d", ErrSeveral, shown[0], size)
	}
	return proof, nil
}

// over is the hash over lines lo to hi (exclusive): of one subtree, or of what stands
// at the right edge.
func (p *Proofs) over(lo, hi uint64) (Hash, error) {
	n := hi - lo
	if bits.OnesCount64(n) == 1 {
		level := bits.TrailingZeros64(n)
		hs, err := p.read([]int64{tlog.StoredHashIndex(level, int64(lo>>level))})
		if err != nil {
			return Hash{}, err
		}
		return Hash(hs[0]), nil
	}
	mid := lo + split(n)
	left, err := p.over(lo, mid)
	if err != nil {
		return Hash{}, err
	}
	right, err := p.over(mid, hi)
	return Hash(tlog.NodeHash(tlog.Hash(left), tlog.Hash(right))), err
}
