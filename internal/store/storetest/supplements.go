package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Two nodes number the supplements of one hearing at once: every subject gets one
// number, no number is given twice, and none that the files on a disk have is given.
func supplementsKeepNumber(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	const n = 6
	for i := range n {
		subject := fmt.Sprintf("minutes:%d", i)
		require.NoError(t, f.A.WantSupplement(bg(), h, subject, "minutes", "", at(0)))
		require.NoError(t, f.B.WantSupplement(bg(), h, subject, "other", "node-9", at(time.Hour)), "again changes nothing")
	}
	var mu sync.Mutex
	given := map[string]int{}
	var wg sync.WaitGroup
	for k := range 2 * n {
		wg.Go(func() {
			st := []store.Store{f.A, f.B}[k%2]
			x, err := st.NumberSupplement(bg(), h, fmt.Sprintf("minutes:%d", k/2), "node-1", 4)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || given[x.Subject] != 0 && given[x.Subject] != x.Number {
				t.Errorf("%s: %d and %d: %v", x.Subject, given[x.Subject], x.Number, err)
			}
			given[x.Subject] = x.Number
		})
	}
	wg.Wait()
	numbers := map[int]bool{}
	for _, number := range given {
		require.Greater(t, number, 4)
		require.False(t, numbers[number], "given twice")
		numbers[number] = true
	}
	require.Len(t, numbers, n)
	_, err := f.A.NumberSupplement(bg(), h, "minutes:0", "node-2", 0)
	require.ErrorIs(t, err, store.ErrConflict, "it is another node's")
	_, err = f.A.NumberSupplement(bg(), h, "nothing wanted", "node-1", 0)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.ErrorIs(t, f.A.WantSupplement(bg(), "no such hearing", "x", "minutes", "", at(0)), store.ErrNotFound)
}

func supplementsMadeOnce(t *testing.T, f *fixture) {
	sc := court.ScopeOf(unit)
	h := f.hearing(t, unit)
	node := f.id("node")
	require.NoError(t, f.A.WantSupplement(bg(), h, "minutes:x", "minutes", "", at(0)))
	waiting := func() int {
		list, err := f.B.WantedSupplements(bg(), node)
		require.NoError(t, err)
		return len(list)
	}
	require.Zero(t, waiting(), "no part is known yet")
	first, last := f.part(h, 1), f.part(h, 2)
	first.Node, last.Node = "node-x", node
	require.NoError(t, f.A.PutArchivePart(bg(), sc, first))
	require.Zero(t, waiting())
	require.NoError(t, f.A.PutArchivePart(bg(), sc, last))
	require.Equal(t, 1, waiting(), "of the node of the last part")
	x, err := f.A.NumberSupplement(bg(), h, "minutes:x", node, 0)
	require.NoError(t, err)
	require.Equal(t, 1, x.Number)
	x.Made, x.Size, x.SHA256, x.Manifest, x.Facts = at(time.Minute), 4096, f.hash(), f.hash(), []byte(`{}`)
	require.NoError(t, f.A.SupplementMade(bg(), x))
	require.NoError(t, f.B.SupplementMade(bg(), x), "the same again")
	require.Zero(t, waiting())
	other := x
	other.SHA256 = f.hash()
	require.ErrorIs(t, f.B.SupplementMade(bg(), other), store.ErrConflict)
	list, err := f.B.ArchiveSupplements(bg(), sc, h)
	require.NoError(t, err)
	require.Equal(t, []store.ArchiveSupplement{x}, list)
	_, err = f.B.ArchiveSupplements(bg(), court.ScopeOf(foreign), h)
	require.ErrorIs(t, err, store.ErrNotFound)
	statements := []string{`UPDATE archive_supplement SET size = 1`, `UPDATE archive_supplement SET number = 7`, `DELETE FROM archive_supplement`}
	if f.A.Kind() == "postgres" {
		statements = append(statements, `TRUNCATE archive_supplement`)
	}
	for _, q := range statements {
		_, err := f.Raw.Exec(q)
		require.Error(t, err, q)
	}
	if f.A.Kind() == "sqlite" { // ignored rather than refused
		_, err := f.Raw.Exec(`INSERT OR REPLACE INTO archive_supplement SELECT hearing, subject, 'forged', wanted, node, number, made, size, sha256, manifest, facts FROM archive_supplement`)
		require.NoError(t, err)
	}
	list, err = f.A.ArchiveSupplements(bg(), sc, h)
	require.NoError(t, err)
	require.Equal(t, []store.ArchiveSupplement{x}, list)
}
