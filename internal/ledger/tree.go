package ledger

import (
	"fmt"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"
)

// LeafHash is the RFC 6962 leaf of a line: SHA-256(0x00 || line), the line
// without its newline.
func LeafHash(raw []byte) Hash { return Hash(tlog.RecordHash(raw)) }

// frontier is the right edge of an RFC 6962 tree: the roots of the complete
// subtrees, the largest first. 64 hashes are enough for any size.
type frontier struct {
	size uint64
	tops []tlog.Hash
}

func (f *frontier) add(leaf Hash) {
	h := tlog.Hash(leaf)
	for n := f.size; n&1 == 1; n >>= 1 {
		last := len(f.tops) - 1
		h = tlog.NodeHash(f.tops[last], h)
		f.tops = f.tops[:last]
	}
	f.tops = append(f.tops, h)
	f.size++
}

// root is undefined for an empty tree (no checkpoint is ever made of one).
func (f *frontier) root() Hash {
	if len(f.tops) == 0 {
		return Hash{}
	}
	h := f.tops[len(f.tops)-1]
	for i := len(f.tops) - 2; i >= 0; i-- {
		h = tlog.NodeHash(f.tops[i], h)
	}
	return Hash(h)
}

// Proofs answers questions about the first Size lines of a log. It holds all
// hashes in memory: 64 bytes a line.
type Proofs struct {
	size   int64
	hashes []tlog.Hash
}

// BuildProofs reads the first size lines of the log in fsys.
func BuildProofs(fsys fs.FS, size uint64) (*Proofs, error) {
	p := &Proofs{}
	err := scanLines(fsys, func(_ int64, raw []byte) (bool, error) {
		if uint64(p.size) == size {
			return false, nil
		}
		hs, err := tlog.StoredHashes(p.size, raw, tlog.HashReaderFunc(p.read))
		if err != nil {
			return false, err
		}
		p.hashes = append(p.hashes, hs...)
		p.size++
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	if uint64(p.size) < size {
		return nil, fmt.Errorf("ledger: log has %d lines, %d asked", p.size, size)
	}
	return p, nil
}

func (p *Proofs) read(idx []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(idx))
	for i, x := range idx {
		if x < 0 || x >= int64(len(p.hashes)) {
			return nil, fmt.Errorf("ledger: hash %d of %d", x, len(p.hashes))
		}
		out[i] = p.hashes[x]
	}
	return out, nil
}

// Root is the root of the first size lines.
func (p *Proofs) Root(size uint64) (Hash, error) {
	h, err := tlog.TreeHash(int64(size), tlog.HashReaderFunc(p.read))
	return Hash(h), err
}

// Inclusion proves that line i stands in the tree of the first size lines.
func (p *Proofs) Inclusion(size, i uint64) ([]Hash, error) {
	rp, err := tlog.ProveRecord(int64(size), int64(i), tlog.HashReaderFunc(p.read))
	return fromTlog(rp), err
}

// Consistency proves that the tree of size is a continuation of that of old.
func (p *Proofs) Consistency(size, old uint64) ([]Hash, error) {
	tp, err := tlog.ProveTree(int64(size), int64(old), tlog.HashReaderFunc(p.read))
	return fromTlog(tp), err
}

// CheckInclusion checks a proof that raw is line i of the tree (size, root).
func CheckInclusion(proof []Hash, size uint64, root Hash, i uint64, raw []byte) error {
	return tlog.CheckRecord(toTlog(proof), int64(size), tlog.Hash(root), int64(i), tlog.RecordHash(raw))
}

// CheckConsistency checks that (size, root) continues (old, oldRoot).
func CheckConsistency(proof []Hash, size uint64, root Hash, old uint64, oldRoot Hash) error {
	return tlog.CheckTree(toTlog(proof), int64(size), tlog.Hash(root), int64(old), tlog.Hash(oldRoot))
}

func fromTlog[T ~[]tlog.Hash](in T) []Hash {
	out := make([]Hash, len(in))
	for i, h := range in {
		out[i] = Hash(h)
	}
	return out
}

func toTlog(in []Hash) []tlog.Hash {
	out := make([]tlog.Hash, len(in))
	for i, h := range in {
		out[i] = tlog.Hash(h)
	}
	return out
}
