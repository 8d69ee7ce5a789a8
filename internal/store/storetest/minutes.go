package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

func minutesAreAppended(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	put := func(n, seq uint64, line string) error {
		return f.A.AppendMinutes(bg(), court.ScopeOf(unit), h, n, seq, []byte(line))
	}
	require.ErrorIs(t, put(1, 1, "a"), store.ErrNotFound, "nobody ever held the hearing")
	l := acquire(t, f.A, h, "a", long)
	require.NoError(t, f.A.Append(bg(), sys(), l, 0, lines(3, "x")))
	for _, seq := range []uint64{1, 2, 4} {
		require.ErrorIs(t, put(1, seq, "a"), store.ErrConflict, "behind line %d, which is not the last", seq)
	}
	require.ErrorIs(t, put(2, 3, "a"), store.ErrConflict, "a hole")
	require.NoError(t, put(1, 3, "a"))
	require.NoError(t, put(1, 3, "a"), "again")
	require.ErrorIs(t, put(1, 3, "b"), store.ErrConflict)
	require.NoError(t, put(2, 3, "b"))
	require.NoError(t, f.A.Append(bg(), sys(), l, 3, lines(1, "y")))
	require.ErrorIs(t, put(3, 3, "c"), store.ErrConflict)
	require.NoError(t, put(1, 3, "a"), "again, behind what is no longer the last line")
	require.NoError(t, f.A.Release(bg(), sys(), l))
	require.NoError(t, put(3, 4, "c"), "after the hearing nobody holds it")

	got, err := f.B.MinutesFrom(bg(), sys(), h, 1, 1000)
	require.NoError(t, err)
	var prev [32]byte
	for i, l := range got {
		require.Equal(t, uint64(i+1), l.N)
		require.Equal(t, prev, l.Prev)
		require.Equal(t, store.LineHash(prev, l.Line), l.Hash)
		prev = l.Hash
	}
	require.Len(t, got, 3)
	part, err := f.B.MinutesFrom(bg(), sys(), h, 2, 1)
	require.NoError(t, err)
	require.Equal(t, got[1:2], part)

	foreigner := court.ScopeOf(foreign)
	require.ErrorIs(t, f.A.AppendMinutes(bg(), foreigner, h, 4, 4, []byte("d")), store.ErrNotFound)
	_, err = f.A.MinutesFrom(bg(), foreigner, h, 1, 10)
	require.ErrorIs(t, err, store.ErrNotFound)
	for _, bad := range []string{"", "a\nb", string(make([]byte, store.MaxMinutesLine+1))} {
		require.ErrorIs(t, put(4, 4, bad), store.ErrInvalid)
	}
}

func minutesDocuments(t *testing.T, f *fixture) {
	h, other := f.hearing(t, unit), f.hearing(t, unit)
	body := []byte("%PDF-1.4 biên bản")
	for range 2 {
		sum, err := f.A.PutDocument(bg(), court.ScopeOf(unit), h, body)
		require.NoError(t, err)
		require.Equal(t, sha256.Sum256(body), sum)
	}
	sum := sha256.Sum256(body)
	got, err := f.B.Document(bg(), court.ScopeOf(unit), h, sum)
	require.NoError(t, err)
	require.Equal(t, body, got)
	for _, c := range []struct {
		sc      court.Scope
		hearing string
		sum     [32]byte
	}{{court.ScopeOf(foreign), h, sum}, {sys(), other, sum}, {sys(), h, [32]byte{}}} {
		_, err := f.B.Document(bg(), c.sc, c.hearing, c.sum)
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	_, err = f.A.PutDocument(bg(), court.ScopeOf(foreign), h, body)
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = f.A.PutDocument(bg(), sys(), h, nil)
	require.ErrorIs(t, err, store.ErrInvalid)
}

// Whoever reads the state log first and the items after it, and leaves out those behind
// events that it did not read, has one order that only ever grows at its end, however
// many write both at once.
func minutesKeepOneOrder(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	l := acquire(t, f.A, h, "a", long)
	require.NoError(t, f.A.Append(bg(), sys(), l, 0, lines(1, "x")))
	ctx, cancel := context.WithCancel(bg())
	defer cancel()
	var wg sync.WaitGroup
	for w := range 3 {
		st := []store.Store{f.A, f.B}[w%2]
		wg.Go(func() {
			for ctx.Err() == nil {
				log, err := st.Read(ctx, sys(), h, 1, 1000)
				if err != nil {
					continue
				}
				items, err := st.MinutesFrom(ctx, sys(), h, 1, 1000)
				if err != nil || len(items) > 900 {
					continue
				}
				err = st.AppendMinutes(ctx, sys(), h, uint64(len(items))+1, uint64(len(log)), fmt.Appendf(nil, "%d.%d", w, len(items)))
				if err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrUnavailable) {
					t.Error(err)
					return
				}
			}
		})
	}
	read := []string{}
	look := func() {
		log, err := f.B.Read(bg(), sys(), h, 1, 1000)
		require.NoError(t, err)
		items, err := f.B.MinutesFrom(bg(), sys(), h, 1, 1000)
		require.NoError(t, err)
		var order []string
		for _, e := range log {
			order = append(order, fmt.Sprint("event ", e.Seq))
			for _, i := range items {
				if i.Seq == e.Seq {
					order = append(order, string(i.Line))
				}
			}
		}
		require.Equal(t, read, order[:min(len(read), len(order))])
		read = order
	}
	for n := range 60 {
		require.NoError(t, f.A.Append(bg(), sys(), l, uint64(n)+1, lines(1, "y")))
		look()
	}
	cancel()
	wg.Wait()
	look()
	items := slices.DeleteFunc(slices.Clone(read), func(s string) bool { return len(s) > 5 && s[:5] == "event" })
	require.NotEmpty(t, items, "nobody wrote")
}
