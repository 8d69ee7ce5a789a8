package ledger

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// A stretch of a log is proved by the hashes of what stands on both sides of it: of the
// largest complete subtrees (RFC 6962, 2.1) from left to right, some two for each power
// of two below the number of lines.

// Tree is a Merkle tree that grows to the right, by lines and by stretches of which the
// hashes alone are known. It holds 64 hashes at most. The zero value is empty.
type Tree struct{ f frontier }

// Add appends a line by its LeafHash.
func (t *Tree) Add(leaf Hash) { t.f.add(leaf) }

// Size is the number of lines.
func (t *Tree) Size() uint64 { return t.f.size }

// Root is zero of an empty tree.
func (t *Tree) Root() Hash { return t.f.root() }

// Skip appends the lines up to size by the hashes that next gives, as Cover returned
// them.
func (t *Tree) Skip(size uint64, next func() (Hash, error)) error {
	if size < t.f.size {
		return fmt.Errorf("%w: %d lines behind line %d", ErrSeveral, size, t.f.size)
	}
	for t.f.size < size {
		n := stride(t.f.size, size)
		h, err := next()
		if err != nil {
			return err
		}
		top := tlog.Hash(h)
		for rest := t.f.size / n; rest&1 == 1; rest >>= 1 {
			last := len(t.f.tops) - 1
			top, t.f.tops = tlog.NodeHash(t.f.tops[last], top), t.f.tops[:last]
		}
		t.f.tops, t.f.size = append(t.f.tops, top), t.f.size+n
	}
	return nil
}

// stride is how many lines the largest complete subtree has that begins at line at and
// ends in front of to.
func stride(at, to uint64) uint64 {
	n := uint64(1) << (bits.Len64(to-at) - 1)
	if at > 0 {
		n = min(n, at&-at)
	}
	return n
}

// Cover is what Skip wants in order to leave out the lines from (inclusive) to to
// (exclusive) of a tree with these leaves.
func Cover(leaves []Hash, from, to uint64) (hashes []Hash) {
	for from < to {
		n := stride(from, to)
		var sub Tree
		for _, l := range leaves[from : from+n] {
			sub.Add(l)
		}
		hashes, from = append(hashes, sub.Root()), from+n
	}
	return hashes
}

// CoverSize is how many hashes Cover returns.
func CoverSize(from, to uint64) (n int) {
	for ; from < to; n++ {
		from += stride(from, to)
	}
	return n
}
