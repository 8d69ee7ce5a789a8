package ledger

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whatever stretches are shown: hashes and shown lines make the root of all lines, in
// some two hashes for each power of two, and no other line has a place there.
func TestStretchesMakeTheRoot(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.Uint64Range(1, 300).Draw(rt, "lines")
		var whole Tree
		var leaves []Hash
		for i := range n {
			leaves = append(leaves, LeafHash(fmt.Append(nil, "line ", i)))
			whole.Add(leaves[i])
		}
		cuts := rapid.SliceOfNDistinct(rapid.Uint64Range(0, n), 0, 6, rapid.ID).Draw(rt, "cuts")
		cuts = append(cuts, n)
		slices.Sort(cuts)
		altered := rapid.Uint64Range(0, n-1).Draw(rt, "altered")
		var got, other Tree
		hidden, at, touched := 0, uint64(0), false
		for i, to := range slices.Compact(cuts) {
			if i%2 == 1 {
				for ; at < to; at++ {
					got.Add(leaves[at])
					leaf := leaves[at]
					if at == altered {
						leaf[0] ^= 1
						touched = true
					}
					other.Add(leaf)
				}
				continue
			}
			hashes := Cover(leaves, at, to)
			require.Len(rt, hashes, CoverSize(at, to))
			require.LessOrEqual(rt, len(hashes), 18)
			hidden += len(hashes)
			for _, tree := range []*Tree{&got, &other} {
				rest := slices.Clone(hashes)
				require.NoError(rt, tree.Skip(to, func() (Hash, error) {
					h := rest[0]
					rest = rest[1:]
					return h, nil
				}))
				require.Empty(rt, rest)
			}
			at = to
		}
		require.Equal(rt, n, got.Size())
		require.Equal(rt, whole.Root(), got.Root())
		require.Equal(rt, touched, whole.Root() != other.Root())
	})
}

func TestATreeDoesNotShrink(t *testing.T) {
	var tree Tree
	tree.Add(Hash{1})
	require.ErrorIs(t, tree.Skip(0, nil), ErrSeveral)
	away := errors.New("away")
	require.ErrorIs(t, tree.Skip(2, func() (Hash, error) { return Hash{}, away }), away)
}
