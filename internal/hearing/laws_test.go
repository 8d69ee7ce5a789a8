package hearing

import (
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
)

func TestRefusedCommandsChangeNothing(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		if st.refusal == nil {
			return
		}
		require.Same(t, st.before, st.after)
		require.NotEmpty(t, st.refusal.Code)
		require.NotEmpty(t, st.refusal.Vi)
		require.NotEmpty(t, st.refusal.En)
	})
}

func TestStatesNeverChangeUnderTheirHolder(t *testing.T) {
	type kept struct {
		s    *State
		hash [32]byte
	}
	rapid.Check(t, func(t *rapid.T) {
		var all []kept
		walk(t, drawn(t), 40, func(st step) {
			h, err := st.after.Hash()
			require.NoError(t, err)
			all = append(all, kept{st.after, h})
			Routes(st.after)
			ViewFor(st.after, Reader{System: true})
		})
		for _, k := range all {
			h, err := k.s.Hash()
			require.NoError(t, err)
			require.Equal(t, k.hash, h, "state %d", k.s.Seq)
		}
	})
}

func TestReplayOfTheLinesGivesTheSameState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var last *State
		log := walk(t, drawn(t), 40, func(st step) { last = st.after })
		read := make([]Event, 0, len(log))
		for _, e := range log {
			text, err := MarshalEvent(e)
			require.NoError(t, err)
			require.NotContains(t, string(text), "\n")
			back, err := ParseEvent(text)
			require.NoError(t, err)
			require.Equal(t, e, back)
			read = append(read, back)
		}
		again, err := Replay(read)
		require.NoError(t, err)
		require.True(t, reflect.DeepEqual(last, again))
		require.True(t, last.Equal(again))
		require.Equal(t, Routes(last), Routes(again))
	})
}

func TestEventsApplyOnlyInTheirOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var states []*State
		log := walk(t, drawn(t), 20, func(st step) { states = append(states, st.after) })
		e := log[rapid.IntRange(0, len(log)-1).Draw(t, "event")]
		s := states[rapid.IntRange(0, len(states)-1).Draw(t, "state")]
		if s.Seq+1 == e.Seq {
			return
		}
		_, err := Apply(s, e)
		require.ErrorIs(t, err, ErrOutOfOrder)
	})
}

// An answer has one order: before the log or after it (architecture, Order).
func TestNoAnswerMixesRestrictionsWithAnythingElse(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		for _, e := range st.events {
			require.Equal(t, st.events[0].Body.Restricts(), e.Body.Restricts())
		}
	})
}

// What a caller serves out of order because the command restricts must restrict.
func TestARestrictingCommandCausesNothingElse(t *testing.T) {
	restricting, other := 0, 0
	property(t, func(t *rapid.T, st step) {
		if len(st.events) == 0 {
			return
		}
		if !Restricts(st.command) {
			other++
			return
		}
		restricting++
		for _, e := range st.events {
			require.True(t, e.Body.Restricts(), "%T caused %s", st.command, e.Body.Kind())
		}
	})
	require.Positive(t, restricting)
	require.Positive(t, other)
}

// The commands that restrict are fixed, like the kinds.
func TestWhichCommandsRestrict(t *testing.T) {
	for _, c := range []Command{
		MuteLock{},
		StopFloor{},
		LowerHand{},
		Remove{},
		Recess{},
		Close{},
		DeviceLost{},
		HoldTechnical{},
		Suspend{},
		Adjourn{},
		Cancel{},
		CancelBooking{},
		SetVisibility{To: ClosedDoors},
		SetMonitoring{To: MonitorsNone},
	} {
		require.True(t, Restricts(c), "%T", c)
		require.True(t, ActRestricts(c.command()), "%T", c)
	}
	for _, c := range []Command{
		nil, (*Close)(nil),
		Book{},
		CheckIn{},
		Admit{},
		Open{},
		RaiseHand{},
		GiveFloor{},
		Unlock{},
		Resume{},
		DeviceConnected{},
		RecorderReport{},
		AnchorEvidence{},
		ReportRecordingLeft{Minutes: -1},
		Tick{},
		NodeTook{},
		SetVisibility{To: Public},
		SetMonitoring{To: MonitorsAll},
		SetMonitoring{To: MonitorsNamed},
		SetVisibility{},
		NextPhase{},
		KeepGoing{},
		ConfirmReturn{},
		Reopen{},
		Announced{},
		MarkReady{},
		RecordOpinion{},
	} {
		require.False(t, Restricts(c), "%T", c)
	}
	require.False(t, ActRestricts(""))
}

func TestRestrictionsAddNothing(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		if len(st.events) == 0 || !st.events[0].Body.Restricts() {
			return
		}
		before, after := Routes(st.before), Routes(st.after)
		for _, g := range after.Grants {
			i := slices.IndexFunc(before.Grants, func(o Grant) bool { return o.Source == g.Source && o.Audience == g.Audience })
			require.GreaterOrEqual(t, i, 0, "%T opened %+v", st.events[0].Body, g)
			require.LessOrEqual(t, g.MaxLayer, before.Grants[i].MaxLayer)
			require.LessOrEqual(t, g.Priority, before.Grants[i].Priority)
		}
		for _, m := range after.Members {
			require.Contains(t, before.Members, m, "%T", st.events[0].Body)
		}
		for _, e := range st.events {
			requireStillKnown(t, st, e)
		}
	})
}

// requireStillKnown: after a restriction nobody knows of somebody whom they did
// not know of before.
func requireStillKnown(t *rapid.T, st step, e Event) {
	for _, d := range st.after.Booking.Devices {
		for _, p := range d.People {
			r := Reader{Person: p, Device: d.ID}
			known := map[PersonID]bool{}
			for _, v := range ViewFor(st.before, r).People {
				known[v.Person] = true
			}
			for _, v := range ViewFor(st.after, r).People {
				require.True(t, known[v.Person], "%T", e.Body)
			}
		}
	}
}

func TestAnythingThatOpensIsNotARestriction(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		before, after := Routes(st.before), Routes(st.after)
		opened := slices.ContainsFunc(after.Grants, func(g Grant) bool {
			return !slices.ContainsFunc(before.Grants, func(o Grant) bool { return o.Source == g.Source && o.Audience == g.Audience })
		})
		if opened {
			for _, e := range st.events {
				require.False(t, e.Body.Restricts())
			}
		}
	})
}

func TestOnlyThePresidingJudgeLetsARemovedPersonIn(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		for i, before := range st.before.People {
			after := st.after.People[i]
			if before.Status != Removed || after.Status == Removed {
				continue
			}
			require.Equal(t, InCourtroom, after.Status)
			require.Equal(t, st.before.presiding(), st.actor.Person)
			require.Contains(t, []Command{Admit{before.ID}, CallWitness{before.ID}}, st.command)
		}
	})
}

func TestNobodyUnlocksAnotherHoldersLock(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		for i, before := range st.before.People {
			if before.LockedBy == "" || st.after.People[i].LockedBy == before.LockedBy {
				continue
			}
			if st.actor.Person != st.before.presiding() {
				require.Equal(t, before.LockedBy, st.actor.Person)
			}
			require.True(t, st.before.booked(st.actor.Person).Capacity.HoldsRoom())
		}
	})
}

func TestWhoMayDoWhat(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		for _, e := range st.events {
			requireLawfulActor(t, st, e.Body)
			if !st.actor.System {
				require.True(t, st.before.sitsAt(st.actor.Person, st.actor.Device))
				require.NotEqual(t, Viewer, st.before.device(st.actor.Device).Kind)
			}
		}
	})
}

// requireLawfulActor says of each kind of event who may cause it.
func requireLawfulActor(t *rapid.T, st step, body EventBody) {
	s, actor := st.before, st.actor
	capacity := court.Capacity("")
	if b := s.booked(actor.Person); b != nil {
		capacity = b.Capacity
	}
	supports := func(point string) {
		require.True(t, capacity == court.Clerk || capacity.Officers() && s.booked(actor.Person).Point == point)
	}
	switch b := body.(type) {
	case MonitoringSet:
		require.True(t, s.presiding() == actor.Person || capacity == court.Clerk && b.To == MonitorsNone)
	case Opened, WentOn, HearingClosed, FloorGiven, FloorStopped, PersonRemoved, PhaseEntered, VisibilitySet,
		KeptGoing, HearingSuspended, HearingAdjourned, PersonWarned:
		require.Equal(t, s.presiding(), actor.Person)
	case Recessed:
		if actor.Person != s.presiding() { // the second holder, while the link of the first is lost
			require.Equal(t, court.Clerk, capacity)
			require.False(t, s.connected(s.presiding()))
			require.NotZero(t, s.person(s.presiding()).LostSince)
		}
	case MicrophoneLocked, MicrophoneUnlocked, Admitted, BecameReady, AskedToStand, AskedToSit, HearingReopened:
		require.True(t, capacity.HoldsRoom())
	case HearingCancelled:
		require.True(t, capacity.HoldsRoom() && b.By == "" || actor.System && b.By != "")
	case HoldBegun:
		require.True(t, actor.System && b.Cause == causeLost || capacity.HoldsRoom())
	case OpinionRecorded, FacilitiesRecorded, IdentityNoted, IdentityMismatched, IdentityCheckBegun:
		require.Equal(t, court.Clerk, capacity)
	case IdentityCheckEnded: // by who began it, or when its time is over
		require.True(t, actor.Person == s.Check.By || actor.System && st.command == Tick{})
	case PresenceReported:
		supports(s.booked(b.Person).Point)
	case PersonAway:
		supports(s.booked(b.Person).Point)
	case PersonBack:
		supports(s.booked(b.Person).Point)
	case ReturnConfirmed:
		supports(s.booked(b.Person).Point)
		require.True(t, b.What == returnIdentity || capacity == court.Clerk)
	case DecisionAnnounced:
		supports(b.Point)
	case TestReported:
		require.Equal(t, b.Person, actor.Person)
		if b.Point != "" {
			supports(b.Point)
		}
	case CheckedIn:
		require.Equal(t, b.Person, actor.Person)
	case HandRaised:
		require.Equal(t, b.Person, actor.Person)
	case HandLowered:
		require.True(t, b.Person == actor.Person || capacity.HoldsRoom())
	case ExhibitOffered:
		require.Equal(t, b.By, actor.Person)
		require.True(t, offersExhibits(capacity))
	case ExhibitWithdrawn:
		require.Equal(t, s.exhibit(b.Exhibit).By, actor.Person)
	case ExhibitAdmitted, ExhibitRefused:
		require.True(t, capacity.HoldsRoom())
	case ExhibitPresented, ExhibitTurned, ExhibitStopped:
		require.False(t, actor.System) // the rest in TestWhatIsShownWasAdmitted
	case WitnessCalled, WitnessDismissed, PersonIsolated, LeftDevice, IsolationEnded, PersonBriefed,
		DeliberationBegan, DeliberationEnded, ConsultRequested, ConsultOpened, ConsultEnded:
		require.False(t, actor.System) // the rest in TestWhoMayDoWhatAboutRooms
	default:
		require.True(t, actor.System, "%T", body)
	}
}

func TestTheStateKeepsItsShape(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		s := st.after
		require.Equal(t, st.before.Seq+uint64(len(st.events)), s.Seq)
		if s.Floor != "" {
			require.Equal(t, InSession, s.Status)
			require.Equal(t, InCourtroom, s.person(s.Floor).Status)
			require.NotEqual(t, s.presiding(), s.Floor)
			require.NotZero(t, s.FloorSince)
		}
		seen := map[PersonID]bool{}
		for _, p := range s.Hands {
			require.False(t, seen[p], "a hand twice")
			seen[p] = true
			require.Equal(t, InCourtroom, s.person(p).Status)
			require.False(t, s.speaks(p), "who speaks does not ask to")
		}
		for _, p := range s.People {
			if p.LockedBy != "" {
				require.Equal(t, InCourtroom, p.Status)
				require.NotEqual(t, court.PresidingJudge, s.booked(p.ID).Capacity)
			}
			if p.Status == Arrived {
				require.True(t, s.connected(p.ID))
			}
			if p.Status == Absent {
				require.False(t, s.connected(p.ID))
			}
		}
		if st.before.Status.Over() {
			require.Equal(t, st.before.Status, s.Status)
		}
		requireCourse(t, s)
		require.NotEqual(t, Removed, s.person(s.presiding()).Status)
	})
}

// requireCourse holds what belongs together in the course of a hearing.
func requireCourse(t *rapid.T, s *State) {
	require.Contains(t, []Visibility{Public, ClosedDoors}, s.Visibility)
	require.Equal(t, s.Status == TechnicalHold, s.Hold != nil && !s.Hold.Proposed, "a hold that began is the status")
	if s.Hold != nil && s.Hold.Proposed {
		require.Equal(t, InSession, s.Status)
		require.NotEmpty(t, s.Hold.People)
		for _, p := range s.Hold.People {
			require.NotZero(t, s.person(p).LostSince)
			require.False(t, s.person(p).GoneOn)
		}
	}
	if s.Status == Suspended || s.Status == Adjourned {
		require.NotNil(t, s.Decision)
		require.NotEmpty(t, s.Decision.Reason)
	}
	if s.Status == ReadyToOpen {
		require.Empty(t, s.missing())
	}
	require.Equal(t, s.ordered() && s.OpenedAt != 0, s.Phase != "")
	for _, p := range s.People {
		require.True(t, p.BackSince == 0 || p.LostSince != 0)
		require.True(t, !p.GoneOn || p.LostSince != 0)
		require.True(t, p.LostSince == 0 || s.connected(p.ID) == (p.BackSince != 0), "back is who is connected")
		require.True(t, s.ordered() || p.LostSince == 0)
	}
}

// A deadline that has passed is answered by its tick, each by one.
func TestATickMeetsItsDeadline(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		due, ok := NextDeadline(st.after)
		if !ok {
			return
		}
		system := Actor{System: true}
		early := do(t, st.after, Tick{}, system, due.Add(-1))
		require.Same(t, st.after, early.after)
		s := st.after
		for range 3 + len(s.People) {
			met := do(t, s, Tick{}, system, due)
			require.NotEmpty(t, met.events)
			s = met.after
			next, again := NextDeadline(s)
			if !again || next.After(due) {
				return
			}
		}
		require.Fail(t, "ticks without end")
	})
}
