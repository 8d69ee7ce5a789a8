package ledger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/ledger"
)

// rootOf checks a proof and returns the root that it gives, and whether all of it was used.
func rootOf(size uint64, shown []uint64, leaves []ledger.Hash, proof []ledger.Hash) (ledger.Hash, bool, error) {
	n := 0
	root, err := ledger.RootOfSeveral(size, ledger.Shown{
		Next: func() (uint64, bool, error) {
			if n == len(shown) {
				return 0, false, nil
			}
			return shown[n], true, nil
		},
		Take: func() (ledger.Hash, error) { n++; return leaves[n-1], nil },
	}, func() (h ledger.Hash, err error) {
		if len(proof) == 0 {
			return h, ledger.ErrSeveral
		}
		h, proof = proof[0], proof[1:]
		return h, nil
	})
	return root, len(proof) == 0, err
}

// Any lines of any log are proved together, by at most as many hashes as single
// proofs have, and no hash, line or index can be another.
func TestSeveralLinesAreProvedTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 200).Draw(t, "lines")
		var log strings.Builder
		var all []ledger.Hash
		for i := range n {
			line := fmt.Sprintf("line %d", i)
			log.WriteString(line + "\n")
			all = append(all, ledger.LeafHash([]byte(line)))
		}
		size := rapid.Uint64Range(1, uint64(n)).Draw(t, "size")
		p, err := ledger.BuildProofs(fstest.MapFS{ledger.LogName: {Data: []byte(log.String())}}, uint64(n))
		require.NoError(t, err)
		want, err := p.Root(size)
		require.NoError(t, err)
		shown := rapid.SliceOfDistinct(rapid.Uint64Range(0, size-1), func(i uint64) uint64 { return i }).Draw(t, "shown")
		slices.Sort(shown)
		var leaves []ledger.Hash
		single := 0
		for _, i := range shown {
			leaves = append(leaves, all[i])
			one, err := p.Inclusion(size, i)
			require.NoError(t, err)
			single += len(one)
		}
		proof, err := p.Several(size, shown)
		require.NoError(t, err)
		require.LessOrEqual(t, len(proof), max(single, 1))
		root, used, err := rootOf(size, shown, leaves, proof)
		require.NoError(t, err)
		require.True(t, used)
		require.Equal(t, want, root)

		if len(proof) > 0 {
			bad := slices.Clone(proof)
			bad[rapid.IntRange(0, len(bad)-1).Draw(t, "hash")][3] ^= 1
			root, _, err = rootOf(size, shown, leaves, bad)
			require.True(t, err != nil || root != want)
			_, _, err = rootOf(size, shown, leaves, proof[1:])
			require.ErrorIs(t, err, ledger.ErrSeveral)
		}
		if len(shown) > 0 {
			j := rapid.IntRange(0, len(shown)-1).Draw(t, "line")
			bad := slices.Clone(leaves)
			bad[j][0] ^= 1
			root, _, err = rootOf(size, shown, bad, proof)
			require.True(t, err != nil || root != want)
			moved := slices.Clone(shown)
			moved[j]++
			root, used, err = rootOf(size, moved, leaves, proof)
			require.True(t, err != nil || root != want || !used, "another place")
		}
		_, err = p.Several(size, []uint64{size})
		require.ErrorIs(t, err, ledger.ErrSeveral)
	})
}
