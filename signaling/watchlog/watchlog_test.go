package watchlog

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/internal/store/sqlite"
)

// table is the database as far as watchings go: all or none, an end stands for good.
type table struct {
	mu    sync.Mutex
	fail  error
	rows  map[string]store.Watching
	seen  time.Time
	calls int
	// bad is a hearing that the database does not know.
	bad string
}

func (d *table) PutWatchings(_ context.Context, sc court.Scope, run store.WatchingRun, list []store.Watching) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	if d.fail != nil {
		return d.fail
	}
	if len(list) > store.MaxWatchings || !sc.Covers("any") || run.ID == "" || run.Node != "node" {
		return store.ErrInvalid
	}
	next := map[string]store.Watching{}
	for _, w := range list {
		if w.Hearing == d.bad && d.bad != "" {
			return store.ErrNotFound
		}
		if before, has := d.rows[w.ID]; has && !before.Ended.IsZero() && before.Ended != w.Ended {
			return store.ErrConflict
		}
		next[w.ID] = w
	}
	for id, w := range next {
		d.rows[id] = w
	}
	d.seen = run.Seen
	return nil
}

func (d *table) set(fail error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = fail
}

func (d *table) has(id string) (store.Watching, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w, has := d.rows[id]
	return w, has
}

// Whatever begins and ends while the database comes and goes: once it has been there,
// it has every watching once, from when it began to when it ended, and nothing is kept of
// what is over.
func TestNothingIsLostOrDoubled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &table{rows: map[string]store.Watching{}, bad: "gone"}
		now := time.Unix(1_795_000_000, 0).UTC()
		l, err := New(Params{Store: d, Node: "node", Now: func() time.Time { return now }})
		require.NoError(t, err)
		want := map[string]store.Watching{}
		var ids, open []string
		t.Repeat(map[string]func(*rapid.T){
			"began": func(t *rapid.T) {
				h := rapid.SampledFrom([]string{"h1", "h2", "gone"}).Draw(t, "hearing")
				id := l.Began(h, "vks", "official")
				require.NotEmpty(t, id)
				ids, open = append(ids, id), append(open, id)
				if h != "gone" {
					want[id] = store.Watching{ID: id, Hearing: h, Unit: "vks", Official: "official", Began: now}
				}
			},
			"ended": func(t *rapid.T) {
				if len(open) == 0 {
					t.Skip("nobody follows")
				}
				i := rapid.IntRange(0, len(open)-1).Draw(t, "who")
				id := open[i]
				open = append(open[:i:i], open[i+1:]...)
				l.Ended(id)
				if w, known := want[id]; known {
					w.Ended = now
					if w.Ended.Before(w.Began) {
						w.Ended = w.Began
					}
					want[id] = w
				}
			},
			"ended again": func(t *rapid.T) {
				if len(ids) == 0 {
					t.Skip("nobody followed")
				}
				id := rapid.SampledFrom(ids).Draw(t, "who")
				if slices.Contains(open, id) {
					t.Skip("follows still")
				}
				l.Ended(id)
				l.Ended("nobody")
			},
			"time":  func(t *rapid.T) { now = now.Add(time.Duration(rapid.IntRange(-2, 5).Draw(t, "seconds")) * time.Second) },
			"away":  func(*rapid.T) { d.set(store.ErrUnavailable) },
			"back":  func(*rapid.T) { d.set(nil) },
			"write": func(t *rapid.T) { require.Equal(t, d.fail == nil || len(l.kept) == 0, l.write(context.Background())) },
		})
		d.set(nil)
		require.True(t, l.write(context.Background()))
		require.Equal(t, want, d.rows)
		follow := 0
		for _, id := range open {
			if _, known := want[id]; known {
				follow++
			}
		}
		require.Len(t, l.kept, follow)
	})
}

// While somebody follows there are signs of life, and while nobody does there are none;
// what begins and ends is written at once, and after an outage; the end of Run writes
// what is left.
func TestSignsOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pass := func(d time.Duration) { // of the test's clock
			<-time.After(d)
			synctest.Wait()
		}
		d := &table{rows: map[string]store.Watching{}}
		l, err := New(Params{Store: d, Node: "node", Now: time.Now})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); l.Run(ctx) }()
		pass(10 * BeatEvery)
		require.Zero(t, d.calls)

		id := l.Began("h", "vks", "official")
		synctest.Wait()
		_, has := d.has(id)
		require.True(t, has)
		began := time.Now()
		pass(3*BeatEvery + time.Second)
		require.GreaterOrEqual(t, d.seen.Sub(began), 2*BeatEvery)
		require.LessOrEqual(t, d.calls, 5)

		d.set(store.ErrUnavailable)
		l.Ended(id)
		ended := time.Now()
		pass(10 * RetryEvery)
		w, _ := d.has(id)
		require.Zero(t, w.Ended)
		d.set(nil)
		pass(RetryEvery)
		w, _ = d.has(id)
		require.True(t, w.Ended.Equal(ended.Truncate(time.Microsecond)), "when it ended, not when it could be written")
		calls := d.calls
		pass(10 * BeatEvery)
		require.Equal(t, calls, d.calls, "nobody follows")

		last := l.Began("h", "vks", "official")
		l.Ended(last)
		cancel()
		<-done
		w, _ = d.has(last)
		require.False(t, w.Ended.IsZero())
	})
}

// The log is bounded: what does not fit is not noted, and ends of what was noted are.
func TestTheLogIsBounded(t *testing.T) {
	d := &table{rows: map[string]store.Watching{}, fail: store.ErrUnavailable}
	l, err := New(Params{Store: d, Node: "node", Now: time.Now})
	require.NoError(t, err)
	var ids []string
	for range MaxKept {
		ids = append(ids, l.Began("h", "vks", "official"))
	}
	require.Empty(t, l.Began("h", "vks", "official"))
	l.Ended("")
	require.False(t, l.write(t.Context()))
	for _, id := range ids {
		l.Ended(id)
	}
	d.set(nil)
	require.True(t, l.write(t.Context()))
	require.Len(t, d.rows, MaxKept)
	require.Empty(t, l.kept)
	require.NotEmpty(t, l.Began("h", "vks", "official"), "there is room again")
	for _, p := range []Params{{Node: "n", Now: time.Now}, {Store: d, Now: time.Now}, {Store: d, Node: "n"}} {
		_, err := New(p)
		require.Error(t, err)
	}
}

// Many begin and end at once on a real database; then the process dies, and whoever
// followed until then ends with its last sign of life.
func TestADeadProcessEndsWithItsLastSign(t *testing.T) {
	st, err := sqlite.Open(t.Context(), sqlite.Params{Path: filepath.Join(t.TempDir(), "p.db")})
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	h := store.Hearing{ID: "h", Room: fmt.Sprintf("%032x", 1), Unit: "court", StartsAt: 5}
	require.NoError(t, st.CreateHearing(t.Context(), court.SystemScope(), h, nil))
	var mu sync.Mutex
	now := time.Unix(1_795_000_000, 0).UTC()
	pass := func() time.Time { mu.Lock(); defer mu.Unlock(); now = now.Add(time.Millisecond); return now }
	l, err := New(Params{Store: st, Node: "node", Now: pass})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); l.Run(ctx) }()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				l.Ended(l.Began("h", "vks", "official"))
			}
		})
	}
	all.Wait()
	stays := l.Began("h", "vks", "stays")
	cancel() // nobody ends it any more
	<-done
	d, err := st.CoverageDay(t.Context(), court.SystemScope(), 0, 10)
	require.NoError(t, err)
	require.Len(t, d.Watchings, 161)
	for _, w := range d.Watchings {
		require.Equal(t, w.ID == stays, w.Open)
		require.False(t, w.Ended.Before(w.Began))
		require.False(t, w.Ended.After(now))
		require.Equal(t, "node", w.Node)
	}
}
