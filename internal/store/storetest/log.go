package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"phientoa/internal/store"
)

func appendKeepsOrderAndChain(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	require.Empty(t, all(t, f.A, h))
	l := acquire(t, f.A, h, "a", long)
	want := lines(7, "x")
	require.NoError(t, f.A.Append(bg(), sys(), l, 0, want[:1]))
	require.NoError(t, f.A.Append(bg(), sys(), l, 1, want[1:4]))
	require.NoError(t, f.A.Append(bg(), sys(), l, 4, want[4:]))
	got := all(t, f.B, h)
	require.Len(t, got, 7)
	for i, line := range got {
		require.Equal(t, want[i], line.Line)
		require.Equal(t, l.Epoch, line.Epoch)
	}
	require.Empty(t, all(t, f.A, f.hearing(t, unit)), "every hearing has its own log")
}

func repeatedAppendChangesNothing(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	l := acquire(t, f.A, h, "a", long)
	ls := lines(5, "x")
	require.NoError(t, f.A.Append(bg(), sys(), l, 0, ls[:3]))
	require.NoError(t, f.A.Append(bg(), sys(), l, 0, ls[:3]))
	before := all(t, f.A, h)
	require.Len(t, before, 3)
	require.NoError(t, f.A.Append(bg(), sys(), l, 1, ls[1:2]), "a part of what stands")
	require.NoError(t, f.A.Append(bg(), sys(), l, 3, nil), "nothing")
	require.Equal(t, before, all(t, f.A, h))
	require.NoError(t, f.A.Append(bg(), sys(), l, 0, ls), "what stands, and the rest")
	require.Len(t, all(t, f.A, h), 5)
}

func otherLinesConflict(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	l := acquire(t, f.A, h, "a", long)
	require.NoError(t, f.A.Append(bg(), sys(), l, 0, lines(3, "x")))
	before := all(t, f.A, h)
	for name, c := range map[string]struct {
		after uint64
		lines [][]byte
	}{
		"other lines":          {0, lines(3, "y")},
		"other line at end":    {2, lines(1, "y")},
		"differs at the last":  {0, append(lines(2, "x"), []byte("{}"))},
		"differs, then more":   {2, lines(4, "y")},
		"a hole":               {4, lines(1, "x")},
		"a hole, nothing":      {9, nil},
		"the same, but longer": {0, [][]byte{append(lines(1, "x")[0], ' ')}},
	} {
		require.ErrorIs(t, f.A.Append(bg(), sys(), l, c.after, c.lines), store.ErrConflict, name)
	}
	require.Equal(t, before, all(t, f.A, h))
}

func appendIsAllOrNothing(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	l := acquire(t, f.A, h, "a", long)
	require.NoError(t, f.A.Append(bg(), sys(), l, 0, lines(2, "x")))
	mixed := append(lines(2, "x"), []byte("new"), []byte("bad\nline"))
	require.ErrorIs(t, f.A.Append(bg(), sys(), l, 0, mixed), store.ErrInvalid)
	require.Len(t, all(t, f.A, h), 2)
}

func oldEpochWritesNothing(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	never := store.Lease{Hearing: h, Node: "a", Epoch: 1}
	require.ErrorIs(t, f.A.Append(bg(), sys(), never, 0, lines(1, "x")), store.ErrFenced, "nobody has it")
	old := acquire(t, f.A, h, "a", brief)
	require.NoError(t, f.A.Append(bg(), sys(), old, 0, lines(1, "x")), "run out, but nobody took it")
	cur := acquire(t, f.B, h, "b", long)
	require.ErrorIs(t, f.A.Append(bg(), sys(), old, 1, lines(1, "y")), store.ErrFenced)
	require.ErrorIs(t, f.A.Append(bg(), sys(), old, 0, lines(1, "x")), store.ErrFenced, "even what stands")
	require.ErrorIs(t, f.A.Append(bg(), sys(), old, 1, nil), store.ErrFenced, "even nothing")
	require.Len(t, all(t, f.A, h), 1)

	stolen, future := cur, cur
	stolen.Node, future.Epoch = "a", cur.Epoch+1
	require.ErrorIs(t, f.A.Append(bg(), sys(), stolen, 1, lines(1, "y")), store.ErrFenced)
	require.ErrorIs(t, f.A.Append(bg(), sys(), future, 1, lines(1, "y")), store.ErrFenced)
	require.NoError(t, f.B.Append(bg(), sys(), cur, 1, lines(1, "z")))
	_, err := f.A.Renew(bg(), sys(), old, long)
	require.ErrorIs(t, err, store.ErrFenced)
	require.ErrorIs(t, f.A.Release(bg(), sys(), old), store.ErrFenced)
	require.Len(t, all(t, f.A, h), 2)
}

// Several writers on two nodes take the lease from one another and write as
// fast as they can. Whatever wins, epochs in the log never fall, every line that
// was acknowledged stands once, and every line that stands was sent.
func fencingHoldsUnderRaces(t *testing.T, f *fixture) {
	const writers, rounds = 8, 15
	h := f.hearing(t, unit)
	var mu sync.Mutex
	acked := map[string]uint64{}
	var g errgroup.Group
	for w := range writers {
		st, node := f.A, fmt.Sprintf("node-%d", w)
		if w%2 == 1 {
			st = f.B
		}
		g.Go(func() error {
			for i := range rounds {
				l, err := st.Acquire(bg(), sys(), h, node, brief)
				if errors.Is(err, store.ErrLeased) {
					continue
				}
				if err != nil {
					return err
				}
				// Several writes under one lease, so that takeovers fall between.
				for j := range 3 {
					page, err := st.Read(bg(), sys(), h, 1, store.MaxReadLines)
					if err != nil {
						return err
					}
					line := fmt.Sprintf("%s-%d-%d", node, i, j)
					switch err := st.Append(bg(), sys(), l, uint64(len(page)), [][]byte{[]byte(line)}); {
					case err == nil:
						mu.Lock()
						acked[line] = l.Epoch
						mu.Unlock()
					case errors.Is(err, store.ErrFenced), errors.Is(err, store.ErrConflict):
					default:
						return err
					}
				}
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	require.NotEmpty(t, acked)
	log := all(t, f.A, h) // also checks that epochs never fall
	require.Len(t, log, len(acked))
	for _, line := range log {
		epoch, ok := acked[string(line.Line)]
		require.True(t, ok, "line %q stands but was never acknowledged", line.Line)
		require.Equal(t, epoch, line.Epoch)
		delete(acked, string(line.Line))
	}
	require.Empty(t, acked, "acknowledged, but not in the log")
}

func oneOfManyGetsTheLease(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	var mu sync.Mutex
	var won []store.Lease
	var g errgroup.Group
	for i := range 20 {
		st := f.A
		if i%2 == 1 {
			st = f.B
		}
		g.Go(func() error {
			l, err := st.Acquire(bg(), sys(), h, fmt.Sprint("node-", i), long)
			if errors.Is(err, store.ErrLeased) {
				return nil
			}
			mu.Lock()
			won = append(won, l)
			mu.Unlock()
			return err
		})
	}
	require.NoError(t, g.Wait())
	require.Len(t, won, 1)
	require.Equal(t, uint64(1), won[0].Epoch)
}

func leaseTakeover(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	first := acquire(t, f.A, h, "a", 100*time.Millisecond)
	var second store.Lease
	require.Eventually(t, func() bool {
		l, err := f.B.Acquire(bg(), sys(), h, "b", long)
		if err != nil {
			require.ErrorIs(t, err, store.ErrLeased)
			return false
		}
		second = l
		return true
	}, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, first.Epoch+1, second.Epoch)
	require.True(t, second.Expires.After(first.Expires))
	_, err := f.A.Acquire(bg(), sys(), h, "a", long)
	require.ErrorIs(t, err, store.ErrLeased)
}

func epochGrows(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	one := acquire(t, f.A, h, "a", long)
	same := acquire(t, f.A, h, "a", brief)
	require.Equal(t, one.Epoch, same.Epoch, "renewed by its holder")
	again := acquire(t, f.A, h, "a", brief)
	require.Equal(t, one.Epoch+1, again.Epoch, "its own lease had run out")
	r, err := f.A.Renew(bg(), sys(), again, long)
	require.NoError(t, err, "nobody took it meanwhile")
	require.Equal(t, again.Epoch, r.Epoch)
	require.True(t, r.Expires.After(again.Expires))
	_, err = f.B.Acquire(bg(), sys(), h, "b", long)
	require.ErrorIs(t, err, store.ErrLeased)
}

func releaseFences(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	l := acquire(t, f.A, h, "a", long)
	require.NoError(t, f.A.Release(bg(), sys(), l))
	require.NoError(t, f.A.Release(bg(), sys(), l), "again")
	require.ErrorIs(t, f.A.Append(bg(), sys(), l, 0, lines(1, "x")), store.ErrFenced)
	_, err := f.A.Renew(bg(), sys(), l, long)
	require.ErrorIs(t, err, store.ErrFenced)
	require.Equal(t, l.Epoch+1, acquire(t, f.B, h, "b", long).Epoch)
	require.ErrorIs(t, f.A.Release(bg(), sys(), l), store.ErrFenced, "somebody else has it")
}

func readingPages(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	l := acquire(t, f.A, h, "a", long)
	const n = 2*store.MaxReadLines + 7
	ls := lines(n, "x")
	for i := 0; i < n; i += store.MaxAppendLines {
		require.NoError(t, f.A.Append(bg(), sys(), l, uint64(i), ls[i:min(n, i+store.MaxAppendLines)]))
	}
	page, err := f.A.Read(bg(), sys(), h, 0, n)
	require.NoError(t, err)
	require.Len(t, page, store.MaxReadLines, "a larger limit is cut")
	require.Equal(t, uint64(1), page[0].Seq)
	page, err = f.A.Read(bg(), sys(), h, n-1, store.MaxReadLines)
	require.NoError(t, err)
	require.Len(t, page, 2)
	page, err = f.A.Read(bg(), sys(), h, n+1, 10)
	require.NoError(t, err)
	require.Empty(t, page)
	page, err = f.A.Read(bg(), sys(), h, 5, 3)
	require.NoError(t, err)
	require.Equal(t, []uint64{5, 6, 7}, []uint64{page[0].Seq, page[1].Seq, page[2].Seq})
	require.Len(t, all(t, f.A, h), n)
}

func linesKeepBytes(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	l := acquire(t, f.A, h, "a", long)
	raw := make([]byte, 0, 256)
	for b := range 256 {
		if b != '\n' {
			raw = append(raw, byte(b))
		}
	}
	want := [][]byte{
		raw, []byte("e\u0302\u0301 decomposed"), []byte(" "),
		{0},
		bytes.Repeat([]byte("x"), store.MaxLineBytes),
	}
	require.NoError(t, f.A.Append(bg(), sys(), l, 0, want))
	for i, line := range all(t, f.B, h) {
		require.True(t, bytes.Equal(want[i], line.Line), "line %d", i+1)
	}
}

func checkpoints(t *testing.T, f *fixture) {
	h := f.hearing(t, unit)
	_, _, err := f.A.LastCheckpoint(bg(), sys(), h)
	require.ErrorIs(t, err, store.ErrNotFound)
	put := func(size uint64, note string) {
		require.NoError(t, f.A.PutCheckpoint(bg(), sys(), h, size, []byte(note)))
	}
	last := func(size uint64, note string) {
		gotSize, gotNote, err := f.B.LastCheckpoint(bg(), sys(), h)
		require.NoError(t, err)
		require.Equal(t, size, gotSize)
		require.Equal(t, note, string(gotNote))
	}
	put(5, "origin\n5\nroot\n")
	last(5, "origin\n5\nroot\n")
	put(9, "origin\n9\nroot\n")
	put(5, "origin\n5\nroot\n")
	last(9, "origin\n9\nroot\n")
	put(2, "second part\n2\nroot\n")
	last(2, "second part\n2\nroot\n")
	var n int
	require.NoError(t, f.Raw.QueryRow(`SELECT count(*) FROM checkpoint`).Scan(&n))
	require.Equal(t, 3, n)
}
