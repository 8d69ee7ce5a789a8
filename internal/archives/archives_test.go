package archives

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// unitsOnly is a database that knows units.
type unitsOnly struct {
	Store
	units []store.Unit
	views []store.ArchiveView
}

func (u *unitsOnly) Units(context.Context, court.Scope) ([]store.Unit, error) { return u.units, nil }

func (u *unitsOnly) PutArchiveView(_ context.Context, _ court.Scope, v store.ArchiveView) error {
	u.views = append(u.views, v)
	return nil
}

// Whatever the successors say, loops included: a court reaches its own archives, an
// archive has at most one court beside the one that made it, and a court that exists
// shares its archives with nobody.
func TestReachIsAForest(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "units")
		db := &unitsOnly{}
		for i := range n {
			u := store.Unit{ID: court.UnitID(fmt.Sprint("u", i))}
			switch rapid.IntRange(0, 3).Draw(t, "fate") {
			case 0:
			case 1:
				u.ValidTo = now.Add(time.Hour).UnixMicro() // ends tomorrow
				u.Successor = court.UnitID(fmt.Sprint("u", rapid.IntRange(0, n).Draw(t, "successor")))
			default:
				u.ValidTo = now.Add(-time.Hour).UnixMicro()
				u.Successor = court.UnitID(fmt.Sprint("u", rapid.IntRange(0, n).Draw(t, "successor")))
			}
			db.units = append(db.units, u)
		}
		a := New(Params{Store: db, Now: func() time.Time { return now }})
		heirs := map[court.UnitID]int{}
		for _, u := range db.units {
			r, err := a.Reach(context.Background(), u.ID)
			require.NoError(t, err)
			require.True(t, r.Scope.Covers(u.ID))
			for _, x := range db.units {
				if x.ID == u.ID || !r.Scope.Covers(x.ID) {
					continue
				}
				heirs[x.ID]++
				require.Less(t, x.ValidTo, now.UnixMicro(), "a court that exists keeps its own")
				require.NotZero(t, x.ValidTo)
				require.True(t, u.ValidTo == 0 || u.ValidTo > now.UnixMicro(), "a dissolved court inherits nothing")
				require.Contains(t, r.Units, x.ID)
			}
		}
		for id, count := range heirs {
			require.Equal(t, 1, count, id)
		}
	})
}

func TestChainsOfSuccessors(t *testing.T) {
	now := time.Now()
	past := now.Add(-time.Hour).UnixMicro()
	db := &unitsOnly{units: []store.Unit{
		{ID: "new"}, {ID: "middle", ValidTo: past, Successor: "new"}, {ID: "old", ValidTo: past, Successor: "middle"}, {ID: "lost", ValidTo: past},
	}}
	r, err := New(Params{Store: db}).Reach(t.Context(), "new")
	require.NoError(t, err)
	for unit, want := range map[court.UnitID]bool{"new": true, "middle": true, "old": true, "lost": false, "": false} {
		require.Equal(t, want, r.Scope.Covers(unit), unit)
	}
}

// One access is noted once in a while, another grant's or another part's by itself.
func TestEqualAccessesAreOne(t *testing.T) {
	now := time.Now()
	db := &unitsOnly{}
	a := New(Params{Store: db, Now: func() time.Time { return now }})
	saw := func(v store.ArchiveView) int {
		require.NoError(t, a.Saw(t.Context(), court.Scope{}, v))
		return len(db.views)
	}
	v := store.ArchiveView{Hearing: "h", Part: 1, Account: "clerk", Request: "r", What: "view"}
	require.Equal(t, 1, saw(v))
	require.Equal(t, 1, saw(v))
	other := v
	other.Part = 2
	require.Equal(t, 2, saw(other))
	other.Request = "r2"
	require.Equal(t, 3, saw(other))
	now = now.Add(SameView)
	require.Equal(t, 4, saw(v))
	require.False(t, db.views[3].At.IsZero())
	for i := range 2 * maxSeen {
		v.Part = i + 10
		saw(v)
	}
	require.LessOrEqual(t, len(a.seen), maxSeen, "bounded")
}

func TestRetentionClasses(t *testing.T) {
	for class, want := range map[string]bool{"": true, Permanent: true, "1": true, "20": true, "100": true, "0": false, "101": false, "+5": false, "05": false, "x": false} {
		require.Equal(t, want, ClassValid(class), class)
	}
}

// The day on which retention ends is told in Vietnam's time, where it is a day later
// than in UTC for whatever ended before seven in the morning.
func TestRetentionEndsByVietnamsCalendar(t *testing.T) {
	ended := time.Date(2026, time.November, 22, 17, 30, 0, 0, time.UTC)
	due, err := Due(store.ArchiveKeep{Class: "20"}, []store.ArchivePart{{Ended: ended.UnixMicro()}})
	require.NoError(t, err)
	require.Equal(t, "23/11/2046", due.Format("02/01/2006"))
	require.True(t, due.Equal(ended.AddDate(20, 0, 0)))
}

// logOnly is a database with one hearing's log.
type logOnly struct {
	Store
	lines []store.Line
	read  int
	err   error
}

func (l *logOnly) Read(_ context.Context, _ court.Scope, _ string, from uint64, limit int) ([]store.Line, error) {
	if l.err != nil {
		return nil, l.err
	}
	rest := l.lines[min(int(from)-1, len(l.lines)):]
	rest = rest[:min(len(rest), limit)]
	l.read += len(rest)
	return rest, nil
}

func (l *logOnly) add(t *testing.T, b hearing.EventBody) {
	seq := uint64(len(l.lines) + 1)
	text, err := hearing.MarshalEvent(hearing.Event{Seq: seq, At: 1, Body: b})
	require.NoError(t, err)
	l.lines = append(l.lines, store.Line{Seq: seq, Line: text})
}

// Doors that were closed once count for ever; what cannot be told counts as closed;
// a log is read once, and its growth beside that.
func TestClosedDoorsAreFoundAndRemembered(t *testing.T) {
	db := &logOnly{}
	a := New(Params{Store: db})
	closed := func() bool {
		t.Helper()
		c, err := a.Closed(t.Context(), court.Scope{}, "h")
		require.NoError(t, err)
		return c
	}
	require.True(t, closed(), "there is no log")
	db.add(t, hearing.Booked{})
	for range 2*store.MaxReadLines + 5 {
		db.add(t, hearing.AskedToSit{})
	}
	require.False(t, closed())
	n := db.read
	require.False(t, closed())
	require.Equal(t, n, db.read, "nothing is read twice")
	db.err = store.ErrNotFound
	_, err := a.Closed(t.Context(), court.Scope{}, "h")
	require.ErrorIs(t, err, store.ErrNotFound, "what is known is for who reaches it alone")
	db.err = nil
	db.add(t, hearing.VisibilitySet{To: hearing.ClosedDoors})
	require.True(t, closed())
	db.add(t, hearing.VisibilitySet{To: hearing.Public})
	require.True(t, closed(), "opened again it was closed all the same")

	at := &logOnly{}
	at.add(t, hearing.Booked{Booking: hearing.Booking{Visibility: hearing.ClosedDoors}})
	c, err := New(Params{Store: at}).Closed(t.Context(), court.Scope{}, "h")
	require.NoError(t, err)
	require.True(t, c, "closed from the booking on")
	bad := &logOnly{lines: []store.Line{{Seq: 1, Line: []byte("{")}}}
	c, err = New(Params{Store: bad}).Closed(t.Context(), court.Scope{}, "h")
	require.Error(t, err)
	require.True(t, c)
}
