package hearing

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// readers are all seats of a hearing.
func readers(s *State) []Reader {
	var list []Reader
	for _, d := range s.Booking.Devices {
		for _, p := range d.People {
			list = append(list, Reader{Person: p, Device: d.ID})
		}
	}
	return list
}

// concerns tells whether an outsider may notice the event: it is about the
// hearing's status or about somebody before the same device.
func concerns(e Event, s *State, r Reader) bool {
	for _, p := range s.device(r.Device).People {
		switch b := e.Body.(type) {
		case Opened, Recessed, WentOn, HearingClosed, BecameLate:
			return true
		case CheckedIn:
			if b.Person == p {
				return true
			}
		case Admitted:
			if b.Person == p {
				return true
			}
		case PersonRemoved:
			if b.Person == p {
				return true
			}
		case DeviceJoined:
			if s.sitsAt(p, b.Device) {
				return true
			}
		case DeviceLeft:
			if s.sitsAt(p, b.Device) {
				return true
			}
		case NodeTaken:
			if s.connected(p) {
				return true
			}
		}
		if concernsInCourse(e, s, p) {
			return true
		}
	}
	return false
}

// concernsInCourse is concerns for what a procedure brings: a notice about p, or
// about somebody at the point whose officer p is.
func concernsInCourse(e Event, s *State, p PersonID) bool {
	about := func(q PersonID) bool {
		return p == q || s.booked(p).Capacity.Officers() && s.booked(p).Point == s.booked(q).Point
	}
	at := func(point string) bool { return s.booked(p).Capacity.Officers() && s.booked(p).Point == point }
	switch b := e.Body.(type) {
	case VisibilitySet:
		return true
	case IdentityNoted:
		return about(b.Person)
	case PresenceReported:
		return about(b.Person)
	case TestReported:
		return p == b.Person || at(b.Point)
	case PersonWarned:
		return p == b.Person
	case PersonAway:
		return about(b.Person)
	case PersonBack:
		return about(b.Person)
	case ReturnConfirmed:
		return about(b.Person)
	case LinksSettled:
		return slices.Contains(b.People, p)
	case DecisionAnnounced:
		return at(b.Point)
	}
	return false
}

// Non-interference: whatever happens beyond an outsider's door, their view stays
// the same to the last field, sequence included.
func TestNothingHiddenMovesAnOutsidersView(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		for _, r := range readers(st.before) {
			if standingOf(st.before, r) != outsider || standingOf(st.after, r) != outsider {
				continue
			}
			if slices.ContainsFunc(st.events, func(e Event) bool { return concerns(e, st.before, r) }) ||
				st.before.Status != st.after.Status {
				continue
			}
			require.Equal(t, ViewFor(st.before, r), ViewFor(st.after, r), "%T", st.command)
		}
	})
}

// Two stories that differ only in what is hidden look the same from outside.
func TestOutsidersCannotTellStoriesApart(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		for _, r := range readers(st.after) {
			if standingOf(st.after, r) != outsider {
				continue
			}
			require.Equal(t, ViewFor(st.after, r), ViewFor(scrambled(t, st.after, r), r))
		}
	})
}

// scrambled changes everything of s that the outsider r must not learn.
func scrambled(t *rapid.T, s *State, r Reader) *State {
	n := s.clone()
	n.Booking = cloneBooking(n.Booking)
	n.Booking.Title, n.Booking.Reference = "khác", "khác"
	n.Floor, n.FloorSince, n.RecessReason, n.OverrideReason = "p0", 7, "khác", "khác"
	n.Hands = []PersonID{"p0"}
	n.Recorder, n.Anchor = RecorderState{On: !n.Recorder.On, Trouble: "khác"}, AnchorState{Size: 99}
	n.Seq += 100
	for i := range n.People {
		p := &n.People[i]
		if p.ID == r.Person {
			p.LockedBy = "p0"
			continue
		}
		n.Booking.People[i].Alias, n.Booking.People[i].Point = "khác", "khác"
		if !n.sitsAt(p.ID, r.Device) {
			p.Seq += 50
			p.Status = rapid.SampledFrom([]PersonStatus{Absent, Arrived, Waiting, InCourtroom, Removed}).Draw(t, "status")
		}
	}
	for i := range n.Devices {
		if !n.sitsAt(r.Person, n.Devices[i].ID) {
			n.Devices[i].Connected = !n.Devices[i].Connected
		}
	}
	return n
}

func TestAnOutsiderSeesOnlyThemselves(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		s := st.after
		for _, r := range readers(s) {
			v := ViewFor(s, r)
			require.Equal(t, r.Person, v.Me)
			inside := !slices.ContainsFunc(s.device(r.Device).People, func(p PersonID) bool { return s.person(p).Status != InCourtroom })
			if inside {
				require.Equal(t, s.Seq, v.Seq)
				continue
			}
			require.Len(t, v.People, 1)
			require.Equal(t, r.Person, v.People[0].Person)
			require.Equal(t, s.person(r.Person).Status, v.People[0].Status)
			require.Empty(t, v.Hands)
			require.Empty(t, v.Floor)
			require.Empty(t, v.Title)
			require.Empty(t, v.Trouble)
			require.Empty(t, v.RecessReason)
			require.False(t, v.Recording)
			require.Subset(t, []string{"check_in"}, v.Acts)
		}
	})
}

func TestAStrangerLearnsNothing(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		s := st.after
		strangers := []Reader{{}, {Person: "nobody", Device: "d0"}, {Person: "p0"}, {Device: "d0"}}
		for _, p := range s.Booking.People {
			for _, d := range s.Booking.Devices {
				if !slices.Contains(d.People, p.ID) {
					strangers = append(strangers, Reader{Person: p.ID, Device: d.ID})
				}
			}
		}
		for _, r := range strangers {
			require.Equal(t, View{}, ViewFor(s, r))
		}
	})
}

func TestRecorderTroubleIsForTheHoldersOfTheRoom(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		for _, r := range readers(st.after) {
			if v := ViewFor(st.after, r); v.Trouble != "" {
				require.True(t, st.after.booked(r.Person).Capacity.HoldsRoom())
			}
		}
	})
}

func TestWhoWaitsIsForTheCourt(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		for _, r := range readers(st.after) {
			for _, p := range ViewFor(st.after, r).People {
				if p.Status != InCourtroom && p.Person != r.Person {
					require.True(t, st.after.booked(r.Person).Capacity.OfCourt())
				}
			}
		}
	})
}

func TestTheSequenceOfAViewNeverFalls(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		for _, r := range readers(st.after) {
			require.GreaterOrEqual(t, ViewFor(st.after, r).Seq, ViewFor(st.before, r).Seq)
		}
	})
}

func TestMicrophoneOpenIsWhatRoutesSay(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		s := st.after
		granted := map[DeviceID]bool{}
		for _, g := range Routes(s).Grants {
			granted[g.Source.Device] = granted[g.Source.Device] || g.Source.Kind == Mic
		}
		for _, p := range ViewFor(s, Reader{System: true}).People {
			require.Equal(t, granted[p.Device], p.MicrophoneOpen)
		}
	})
}

// Acts lists a command exactly when the rules accept it with some argument.
func TestActsAgreeWithDecide(t *testing.T) {
	property(t, func(t *rapid.T, st step) {
		s := st.after
		for _, r := range readers(s) {
			a := Actor{Person: r.Person, Device: r.Device}
			lawful := map[string]bool{}
			ask := func(c Command) {
				_, refusal := Decide(s, c, a, time.UnixMicro(s.Since))
				lawful[c.command()] = lawful[c.command()] || refusal == nil
			}
			for _, c := range []Command{
				CheckIn{true},
				CheckIn{},
				Open{},
				Open{"lý do"},
				RaiseHand{},
				LowerHand{},
				Recess{},
				Recess{"lý do"},
				Resume{},
				Close{},
			} {
				ask(c)
			}
			for _, p := range append([]Person{{}, {ID: "nobody"}}, s.Booking.People...) {
				for _, c := range []Command{
					Admit{p.ID},
					LowerHand{p.ID},
					GiveFloor{p.ID},
					StopFloor{p.ID},
					MuteLock{p.ID},
					Unlock{p.ID},
					Remove{p.ID, ""},
				} {
					ask(c)
				}
			}
			v := ViewFor(s, r)
			for name, ok := range lawful {
				require.Equal(t, ok, slices.Contains(v.Acts, name), "%s for %+v", name, r)
			}
			require.Subset(t, namesOf(lawful), v.Acts)
		}
	})
}

func namesOf(m map[string]bool) []string {
	list := make([]string, 0, len(m))
	for n := range m {
		list = append(list, n)
	}
	return list
}
