package hearing

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
)

// Whatever happens: who follows from outside is in no list of the hearing's own devices;
// they get what the courtroom gets, in session alone, and exactly while the court lets
// them; behind closed doors only units that it named since the doors were closed; and
// ending it leaves them nothing at once.
func TestWhoFollowsFromOutside(t *testing.T) {
	seen := map[string]int{}
	property(t, func(t *rapid.T, st step) {
		s := st.after
		r := Routes(s)
		require.False(t, slices.ContainsFunc(r.Members, func(m Membership) bool { return m.Class.forMonitors() }))
		got := map[Class][]Source{}
		for _, g := range r.Grants {
			got[g.Audience.Class] = append(got[g.Audience.Class], g.Source)
		}
		classes := map[Class]bool{}
		for class := range got {
			if class.forMonitors() {
				classes[class] = true
				require.Equal(t, got[ClassCourtroom], got[class])
				require.Equal(t, InSession, s.Status)
				require.False(t, s.doorsClosed() && class == ClassMonitors, "behind closed doors nobody who was not named")
			}
		}
		for _, u := range []court.UnitID{"u1", "u2", "u3"} {
			class := Monitored(s, u)
			require.True(t, class == "" || class == ClassMonitors || class == MonitorsOf(u))
			if s.Status.Over() {
				require.Empty(t, class)
			}
			if len(got[ClassCourtroom]) > 0 {
				require.Equal(t, class != "", classes[class])
			}
			require.False(t, class == "" && (classes[ClassMonitors] || classes[MonitorsOf(u)]))
		}
		for _, e := range st.events {
			switch b := e.Body.(type) {
			case MonitoringSet:
				seen[string(b.To)]++
				if b.To == MonitorsNone {
					require.Empty(t, classes)
				}
			case VisibilitySet:
				seen[string(b.To)]++
				if b.To == ClosedDoors {
					require.Empty(t, classes, "what was decided in public does not hold behind closed doors")
				}
			}
		}
	})
	for _, what := range []string{string(MonitorsAll), string(MonitorsNone), string(MonitorsNamed), string(ClosedDoors)} {
		require.Positive(t, seen[what], what)
	}
}

// Where nobody decided: open to those in whose scope the hearing lies, except with a
// minor or a protected witness, behind closed doors, or by the court's policy.
func TestMonitoringWhereNobodyDecided(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Booking)
		want   Class
	}{
		"public":            {func(*Booking) {}, ClassMonitors},
		"a minor":           {func(b *Booking) { b.People[len(b.People)-1].Minor = true }, ""},
		"closed doors":      {func(b *Booking) { b.Visibility = ClosedDoors }, ""},
		"the court's wish":  {func(b *Booking) { b.Policy.MonitoringByRelease = true }, ""},
		"protected witness": {func(b *Booking) { b.People[len(b.People)-1].Capacity = court.ProtectedWitness }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := court.DefaultPolicy(court.Criminal)
			s := &State{Booking: Booking{Policy: &p, People: []Person{{ID: "p0", Capacity: court.PresidingJudge}, {ID: "p1", Capacity: court.Witness}}}}
			c.change(&s.Booking)
			require.Equal(t, c.want, Monitored(s, "u1"))
		})
	}
}
