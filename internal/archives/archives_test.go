package archives

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
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
