package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// on creates a hearing of the unit that starts at a time.
func (f *fixture) on(t require.TestingT, u court.UnitID, start time.Time) string {
	h := store.Hearing{
		ID: f.id("hearing"), Room: fmt.Sprintf("%032x", f.n.Add(1)), Unit: u,
		DocketNo: "12/2026/HS-ST", Title: "Phiên tòa", StartsAt: start.UnixMicro(),
	}
	require.NoError(t, f.A.CreateHearing(bg(), court.ScopeOf(u), h, nil))
	return h.ID
}

// day reads the first day by the other node.
func (f *fixture) day(t require.TestingT, sc court.Scope) store.CoverageDay {
	d, err := f.B.CoverageDay(bg(), sc, at(0).UnixMicro(), at(24*time.Hour).UnixMicro())
	require.NoError(t, err)
	return d
}

func (f *fixture) watching(hearing string, began time.Time) store.Watching {
	return store.Watching{ID: f.id("watching"), Hearing: hearing, Unit: "vks-hn", Official: "account-1", Began: began}
}

func releasesAreKept(t *testing.T, f *fixture) {
	own := court.ScopeOf(unit)
	h := f.on(t, unit, at(time.Hour))
	first := store.Release{Hearing: h, Seq: 1, At: at(0), To: store.ReleasedToNone, Reason: "Có người dưới 18 tuổi"}
	named := store.Release{Hearing: h, Seq: 9, At: at(time.Minute), To: store.ReleasedToNamed, Units: []court.UnitID{"vks-1", "vks-2"}, Reason: "Rút kinh nghiệm", By: "person-1"}
	for _, r := range []store.Release{named, first, named} {
		require.NoError(t, f.A.PutRelease(bg(), own, r), "in any order, and again")
	}
	require.Equal(t, []store.Release{first, named}, f.day(t, own).Releases)
	other := named
	other.To, other.Units = store.ReleasedToAll, nil
	require.ErrorIs(t, f.B.PutRelease(bg(), own, other), store.ErrConflict)
	for name, sc := range map[string]court.Scope{"another unit": court.ScopeOf(foreign), "nothing": {}} {
		require.ErrorIs(t, f.A.PutRelease(bg(), sc, first), store.ErrNotFound, name)
	}
	first.Hearing = "no-such"
	require.ErrorIs(t, f.A.PutRelease(bg(), sys(), first), store.ErrNotFound)
}

// However often and in whatever order its beginning and its end arrive, a watching has
// one beginning and one end.
func watchingsEndOnce(t *testing.T, f *fixture) {
	own := court.ScopeOf(unit)
	h := f.on(t, unit, at(time.Hour))
	run := store.WatchingRun{ID: f.id("run"), Node: "node-1", Seen: at(time.Hour)}
	put := func(w ...store.Watching) error { return f.A.PutWatchings(bg(), own, run, w) }
	began := f.watching(h, at(time.Hour+time.Minute))
	ended := began
	ended.Ended = at(time.Hour + 5*time.Minute)
	require.NoError(t, put(began))
	require.NoError(t, put(began, ended), "both in one")
	require.NoError(t, put(began), "late")
	require.NoError(t, put(ended), "again")
	want := ended
	want.Node = run.Node
	require.Equal(t, []store.Watching{want}, f.day(t, own).Watchings)

	never := f.watching(h, at(2*time.Hour)) // whose beginning was never written
	never.Ended = never.Began
	require.NoError(t, put(never))
	wantNever := never
	wantNever.Node = run.Node
	require.Equal(t, []store.Watching{want, wantNever}, f.day(t, own).Watchings)

	for name, spoil := range map[string]func(*store.Watching){
		"another end":     func(w *store.Watching) { w.Ended = w.Ended.Add(time.Second) },
		"another begin":   func(w *store.Watching) { w.Began = w.Began.Add(time.Second) },
		"another unit":    func(w *store.Watching) { w.Unit = "vks-dn" },
		"another account": func(w *store.Watching) { w.Official = "account-2" },
		"another hearing": func(w *store.Watching) { w.Hearing = f.on(t, unit, at(3*time.Hour)) },
	} {
		bad := ended
		spoil(&bad)
		require.ErrorIs(t, put(f.watching(h, at(0)), bad), store.ErrConflict, name)
	}
	require.ErrorIs(t, f.A.PutWatchings(bg(), own, store.WatchingRun{ID: f.id("run"), Node: "node-2", Seen: run.Seen}, []store.Watching{ended}),
		store.ErrConflict, "another process")
	require.ErrorIs(t, f.A.PutWatchings(bg(), own, store.WatchingRun{ID: run.ID, Node: "node-2", Seen: run.Seen}, nil), store.ErrConflict)
	require.ErrorIs(t, f.A.PutWatchings(bg(), court.ScopeOf(foreign), run, []store.Watching{f.watching(h, at(0))}), store.ErrNotFound)
	require.Equal(t, []store.Watching{want, wantNever}, f.day(t, own).Watchings, "all or none")
}

// What a process did not end ended when the process was last seen; the same node started
// again is another process, and one that was only silent for a while goes on.
func watchingsOfTheDeadEnd(t *testing.T, f *fixture) {
	h := f.on(t, unit, at(time.Hour))
	dead := store.WatchingRun{ID: f.id("run"), Node: "node-1", Seen: at(time.Hour)}
	again := store.WatchingRun{ID: f.id("run"), Node: "node-1", Seen: at(2 * time.Hour)}
	w := f.watching(h, at(time.Hour+time.Minute))
	ends := func(want time.Duration, open bool) {
		t.Helper()
		list := f.day(t, sys()).Watchings
		require.Len(t, list, 1)
		require.Equal(t, at(want), list[0].Ended)
		require.Equal(t, open, list[0].Open)
	}
	require.NoError(t, f.A.PutWatchings(bg(), sys(), dead, []store.Watching{w}))
	ends(time.Hour+time.Minute, true) // what began was there when it began
	dead.Seen = at(time.Hour + 3*time.Minute)
	require.NoError(t, f.A.PutWatchings(bg(), sys(), dead, nil))
	ends(time.Hour+3*time.Minute, true)
	require.NoError(t, f.A.PutWatchings(bg(), sys(), again, nil))
	ends(time.Hour+3*time.Minute, true)
	late := dead
	late.Seen = at(time.Hour)
	require.NoError(t, f.B.PutWatchings(bg(), sys(), late, nil), "a sign of life that comes late")
	ends(time.Hour+3*time.Minute, true)
	dead.Seen, w.Ended = at(time.Hour+9*time.Minute), at(time.Hour+8*time.Minute)
	require.NoError(t, f.A.PutWatchings(bg(), sys(), dead, []store.Watching{w}), "it was not dead")
	ends(time.Hour+8*time.Minute, false)
}

func coverageIsOfADay(t *testing.T, f *fixture) {
	first, bare, last, next := f.on(t, unit, at(0)), f.on(t, unit, at(time.Hour)), f.on(t, unit, at(24*time.Hour-time.Microsecond)), f.on(t, unit, at(24*time.Hour))
	away := f.on(t, foreign, at(2*time.Hour))
	require.NoError(t, f.A.PutHearingInfo(bg(), sys(), store.HearingInfo{Hearing: first, Status: "closed", Closed: true, OpenedAt: at(time.Minute).UnixMicro(), EndedAt: at(time.Hour).UnixMicro(), Updated: 1}))
	run := store.WatchingRun{ID: f.id("run"), Node: "node-1", Seen: at(0)}
	for _, h := range []string{first, bare, last, next, away} {
		require.NoError(t, f.A.PutRelease(bg(), sys(), store.Release{Hearing: h, Seq: 1, At: at(0), To: store.ReleasedToAll}))
		require.NoError(t, f.A.PutWatchings(bg(), sys(), run, []store.Watching{f.watching(h, at(time.Minute))}))
	}
	hearings := func(d store.CoverageDay) (ids []string) {
		of := map[string]bool{}
		for _, h := range d.Hearings {
			ids = append(ids, h.ID)
			of[h.ID] = true
		}
		require.Len(t, d.Releases, len(ids))
		require.Len(t, d.Watchings, len(ids))
		for i := range d.Releases {
			require.True(t, of[d.Releases[i].Hearing] && of[d.Watchings[i].Hearing])
		}
		return ids
	}
	d := f.day(t, court.ScopeOf(unit))
	require.Equal(t, []string{first, bare, last}, hearings(d), "the end of the span is outside")
	require.Equal(t, store.DayHearing{
		ID: first, Unit: unit, StartsAt: at(0).UnixMicro(), Status: "closed", Closed: true,
		OpenedAt: at(time.Minute).UnixMicro(), EndedAt: at(time.Hour).UnixMicro(),
	}, d.Hearings[0])
	require.Equal(t, store.DayHearing{ID: bare, Unit: unit, StartsAt: at(time.Hour).UnixMicro()}, d.Hearings[1], "a hearing without a row of the calendar")
	require.Equal(t, []string{first, bare, away, last}, hearings(f.day(t, sys())))
	require.Equal(t, []string{away}, hearings(f.day(t, court.ScopeOf(foreign))))
	require.Zero(t, f.day(t, court.Scope{}))
}

func oversightHasBounds(t *testing.T, f *fixture) {
	h := f.on(t, unit, at(0))
	run := store.WatchingRun{ID: f.id("run"), Node: "node-1", Seen: at(0)}
	for name, bad := range map[string]store.Release{
		"no hearing":   {Seq: 1, To: store.ReleasedToAll},
		"no place":     {Hearing: h, To: store.ReleasedToAll},
		"unknown":      {Hearing: h, Seq: 1, To: "all"},
		"nobody named": {Hearing: h, Seq: 1, To: store.ReleasedToNamed},
		"named, open":  {Hearing: h, Seq: 1, To: store.ReleasedToAll, Units: []court.UnitID{"u"}},
		"empty unit":   {Hearing: h, Seq: 1, To: store.ReleasedToNamed, Units: []court.UnitID{""}},
		"many units":   {Hearing: h, Seq: 1, To: store.ReleasedToNamed, Units: make([]court.UnitID, store.MaxNamedUnits+1)},
	} {
		require.ErrorIs(t, f.A.PutRelease(bg(), sys(), bad), store.ErrInvalid, name)
	}
	require.ErrorIs(t, f.A.PutWatchings(bg(), sys(), store.WatchingRun{Node: "n"}, nil), store.ErrInvalid)
	require.ErrorIs(t, f.A.PutWatchings(bg(), sys(), store.WatchingRun{ID: "r"}, nil), store.ErrInvalid)
	many := make([]store.Watching, store.MaxWatchings+1)
	for i := range many {
		many[i] = f.watching(h, at(0))
	}
	require.ErrorIs(t, f.A.PutWatchings(bg(), sys(), run, many), store.ErrInvalid)
	require.NoError(t, f.A.PutWatchings(bg(), sys(), run, many[1:]))
	require.Len(t, f.day(t, sys()).Watchings, store.MaxWatchings)
	for name, spoil := range map[string]func(*store.Watching){
		"no id":        func(w *store.Watching) { w.ID = "" },
		"no hearing":   func(w *store.Watching) { w.Hearing = "" },
		"no unit":      func(w *store.Watching) { w.Unit = "" },
		"nobody":       func(w *store.Watching) { w.Official = "" },
		"ends earlier": func(w *store.Watching) { w.Ended = w.Began.Add(-time.Microsecond) },
	} {
		bad := f.watching(h, at(time.Minute))
		spoil(&bad)
		require.ErrorIs(t, f.A.PutWatchings(bg(), sys(), run, []store.Watching{bad}), store.ErrInvalid, name)
	}
}

func oversightCannotBeChanged(t *testing.T, f *fixture) {
	h := f.on(t, unit, at(0))
	run := store.WatchingRun{ID: f.id("run"), Node: "node-1", Seen: at(time.Minute)}
	open, ended := f.watching(h, at(0)), f.watching(h, at(1))
	ended.Ended = at(2)
	require.NoError(t, f.A.PutWatchings(bg(), sys(), run, []store.Watching{open, ended}))
	require.NoError(t, f.A.PutRelease(bg(), sys(), store.Release{Hearing: h, Seq: 1, At: at(0), To: store.ReleasedToAll}))
	before := f.day(t, sys())
	statements := []string{
		`UPDATE releases SET decision = 'closed'`, `DELETE FROM releases`,
		`UPDATE watchings SET ended = 9`, `UPDATE watchings SET ended = NULL`, `UPDATE watchings SET began = 0`, `DELETE FROM watchings`,
		`UPDATE watching_runs SET seen = 0`, `UPDATE watching_runs SET node = 'x'`, `DELETE FROM watching_runs`,
	}
	if f.A.Kind() == "postgres" {
		statements = append(statements, `TRUNCATE releases`, `TRUNCATE watchings`, `TRUNCATE watching_runs CASCADE`)
	} else {
		for _, q := range []string{ // ignored rather than refused
			`INSERT OR REPLACE INTO releases SELECT hearing, seq, at, 'closed', units, reason, by_whom FROM releases`,
			`INSERT OR REPLACE INTO watchings SELECT id, hearing, unit, official, run, began, 9 FROM watchings`,
			`INSERT OR REPLACE INTO watching_runs SELECT id, node, 9 FROM watching_runs`,
		} {
			_, err := f.Raw.Exec(q)
			require.NoError(t, err, q)
		}
	}
	for _, q := range statements {
		_, err := f.Raw.Exec(q)
		require.Error(t, err, q)
	}
	require.Equal(t, before, f.day(t, sys()))
}
