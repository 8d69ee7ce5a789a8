package hearing

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
)

// A mandatory phase is held, or skipped with a reason in the log: never passed in
// silence. Going back is the deliberation's alone.
func TestNoMandatoryPhaseIsPassedInSilence(t *testing.T) {
	entered := 0
	property(t, func(t *rapid.T, st step) {
		steps := st.after.Booking.Procedure.Steps()
		at := -1
		for _, p := range st.after.Phases {
			to := slices.IndexFunc(steps, func(x court.Step) bool { return x.Phase == p.Phase })
			require.GreaterOrEqual(t, to, 0)
			if to <= at {
				require.Equal(t, court.Deliberation, steps[at].Phase)
				require.Contains(t, []court.Phase{court.Questioning, court.Debate}, p.Phase)
			}
			for _, passed := range steps[min(at+1, to):to] {
				require.False(t, passed.Mandatory, "%s before %s", passed.Phase, p.Phase)
			}
			at = to
			if p.SkipReason == "" {
				entered++
			}
		}
		if n := len(st.after.Phases); n > 0 {
			require.Equal(t, st.after.Phase, st.after.Phases[n-1].Phase)
			require.Empty(t, st.after.Phases[n-1].SkipReason)
		}
	})
	require.Greater(t, entered, 100)
}

// A phase does not go on while somebody back from isolation was not told what was
// said (BLTTHS art. 309.1).
func TestNoPhaseGoesOnUnbriefed(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		s := st.after.clone()
		s.People[len(s.People)-1].Unbriefed = true
		for _, x := range s.Booking.Procedure.Steps() {
			_, refusal := Decide(s, NextPhase{x.Phase, "lý do"}, Actor{Person: "p0", Device: "d0"}, start())
			require.NotNil(t, refusal)
		}
	})
}

// Suspending and reopening keeps locks, hands, doors and the place in the order of
// business.
func TestSuspensionKeepsWhatWasOrdered(t *testing.T) {
	seen := 0
	property(t, func(t *rapid.T, st step) {
		for _, e := range st.events {
			switch e.Body.(type) {
			case HearingSuspended, HearingReopened:
			default:
				return
			}
			seen++
			b, a := st.before, st.after
			require.Equal(t, b.Hands, a.Hands)
			require.Equal(t, b.Visibility, a.Visibility)
			require.Equal(t, b.Phases, a.Phases)
			for i := range b.People {
				require.Equal(t, b.People[i].LockedBy, a.People[i].LockedBy)
				require.Equal(t, b.People[i].Status, a.People[i].Status)
			}
			require.Empty(t, Routes(a).Grants)
		}
	})
	require.Positive(t, seen)
}

// link is what the law of holds knows of one person, from the events alone.
type link struct {
	on         bool
	lost, back time.Time // back: since when on, while lost stands
	goneOn     bool
}

// TestAHoldComesNeitherEarlyNorLate drives links up and down at random against a
// model of its own: loss counts from its first moment until a link stood for
// HoldSettle; a hold is proposed after HoldAfter and begins HoldCountdown later.
func TestAHoldComesNeitherEarlyNorLate(t *testing.T) {
	begun, proposed, settled := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		r := quietTrial(t)
		policy := r.s.Booking.Policy
		after, countdown := time.Duration(policy.HoldAfter)*time.Microsecond, time.Duration(policy.HoldCountdown)*time.Microsecond
		settle := time.Duration(policy.HoldSettle) * time.Microsecond
		links := map[PersonID]*link{"ksv": {on: true}, "counsel": {on: true}, "bc": {on: true}, "home": {on: true}}
		names := []PersonID{"ksv", "counsel", "bc", "home"}
		var deadline time.Time
		for range 60 {
			r.now = r.now.Add(time.Duration(rapid.IntRange(0, 4000).Draw(t, "ms")) * time.Millisecond)
			// The server's clock: everything that is due, and nothing that is not.
			for {
				st := do(t, r.s, Tick{}, system, r.now)
				if len(st.events) == 0 {
					break
				}
				r.s = st.after
				switch b := st.events[0].Body.(type) {
				case LinksSettled:
					settled++
					for _, p := range b.People {
						l := links[p]
						require.True(t, l.on && !l.back.Add(settle).After(r.now), "settled too early")
						*l = link{on: true}
					}
				case HoldProposed:
					proposed++
					deadline = r.now.Add(countdown)
					require.Equal(t, deadline.UnixMicro(), b.Deadline)
					for _, p := range b.People {
						require.False(t, links[p].goneOn)
						require.False(t, links[p].lost.IsZero() || links[p].lost.Add(after).After(r.now), "proposed too early")
					}
				case HoldBegun:
					begun++
					require.False(t, r.now.Before(deadline), "before the countdown ended")
					require.NotEmpty(t, b.People)
					for _, p := range b.People {
						require.False(t, links[p].lost.Add(after+countdown).After(r.now), "begun too early")
					}
				default:
					require.Fail(t, "unexpected", "%T", b)
				}
			}
			// Nor late: after the ticks nobody is over their time without a proposal.
			if r.s.Status == InSession && r.s.Hold == nil {
				for _, l := range links {
					require.True(t, l.on || l.goneOn || l.lost.Add(after).After(r.now), "no proposal in time")
				}
			}
			require.True(t, r.s.Hold == nil || !r.s.Hold.Proposed || deadline.After(r.now), "no hold in time")
			p := pick(drawn(t), names)
			l := links[p]
			switch rapid.IntRange(0, 7).Draw(t, "act") {
			case 0, 1, 2, 3:
				r.flip(t, p, l)
			case 4:
				st := do(t, r.s, KeepGoing{"lý do"}, judge, r.now)
				for _, e := range st.events {
					for _, q := range e.Body.(KeptGoing).People {
						links[q].goneOn = true
					}
				}
				r.s = st.after
			default:
			}
		}
	})
	require.Positive(t, begun)
	require.Positive(t, proposed)
	require.Positive(t, settled)
}

// ruled is a room without a testing.T of its own.
type ruled struct {
	s   *State
	now time.Time
}

// quietTrial is the criminal hearing in session, everybody connected.
func quietTrial(t reporter) *ruled {
	r := &ruled{now: start().Add(-10 * 24 * time.Hour)}
	give := func(c Command, a Actor) {
		st := do(t, r.s, c, a, r.now)
		require.Nil(t, st.refusal, "%T", c)
		r.s = st.after
	}
	give(Book{bookingOfJ1()}, system)
	r.now = start()
	for _, a := range []Actor{judge, clerk, ksv, defender, bc, cb, home} {
		give(DeviceConnected{a.Device}, system)
		give(CheckIn{true}, a)
	}
	for _, a := range []Actor{ksv, defender, bc, home} {
		give(Admit{a.Person}, clerk)
	}
	give(RecordOpinion{Agrees: true, On: 1}, clerk)
	give(RecordFacilities{OK: true}, clerk)
	give(MarkReady{}, clerk)
	give(Open{"lý do"}, judge)
	return r
}

// flip takes a person's link away or brings it back, in the model too.
func (r *ruled) flip(t reporter, p PersonID, l *link) {
	if l.on {
		r.s = do(t, r.s, DeviceLost{DeviceID("d-" + p)}, system, r.now).after
		l.on, l.back = false, time.Time{}
		if l.lost.IsZero() {
			l.lost = r.now
		}
		return
	}
	r.s = do(t, r.s, DeviceConnected{DeviceID("d-" + p)}, system, r.now).after
	l.on, l.back = true, r.now
}
