package hearing

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
)

// whereabouts is where a person is, said a second time and plainly: a room's name,
// with the talk's id for a private talk.
func whereabouts(s *State, id PersonID) string {
	p, capacity := s.person(id), s.booked(id).Capacity
	if p.Status == Waiting && (capacity == court.Witness || capacity == court.Expert || capacity == court.Valuer) {
		return string(IsolationRoom)
	}
	if p.Status == Waiting {
		return string(WaitingRoom)
	}
	if p.Status != InCourtroom {
		return ""
	}
	if p.Isolated {
		return string(IsolationRoom)
	}
	if s.Status == InRecess && s.Deliberating &&
		(capacity == court.PresidingJudge || capacity == court.Judge || capacity == court.LayAssessor) {
		return string(DeliberationR)
	}
	for _, c := range s.Consults {
		if s.Status != InSession && c.Since > 0 && (c.By == id || slices.Contains(c.With, id)) {
			return string(ConsultRoom) + c.ID
		}
	}
	return string(Courtroom)
}

// deviceRoom is the one room of everybody before the device, or "".
func deviceRoom(s *State, d Device) string {
	rooms := map[string]bool{}
	for _, p := range d.People {
		if s.person(p).Left {
			continue
		}
		if c := s.booked(p).Capacity; c == court.Attendee || c == court.Journalist {
			return ""
		}
		rooms[whereabouts(s, p)] = true
	}
	if len(rooms) != 1 {
		return ""
	}
	for r := range rooms {
		return r
	}
	return ""
}

// reaches lists what flows: from source device to receiving device, or to the
// recorder ("recorder").
func reaches(s *State) map[[2]string]bool {
	r := Routes(s)
	members := map[Class][]DeviceID{}
	for _, m := range r.Members {
		members[m.Class] = append(members[m.Class], m.Device)
	}
	paths := map[[2]string]bool{}
	for _, g := range r.Grants {
		from := string(g.Source.Device)
		switch {
		case g.Audience.Class == ClassRecorder:
			paths[[2]string{from, "recorder"}] = true
		case g.Audience.Device != "":
			paths[[2]string{from, string(g.Audience.Device)}] = true
		default:
			for _, m := range members[g.Audience.Class] {
				paths[[2]string{from, string(m)}] = true
			}
		}
	}
	return paths
}

// seen counts what stories came by, so that no law holds for want of cases.
type seen map[string]int

func (n seen) require(t *testing.T, what ...string) {
	t.Helper()
	t.Logf("%v", n)
	if testing.Short() { // a fifth of the stories, which may miss something
		return
	}
	for _, w := range what {
		require.Positive(t, n[w], "no story had %s", w)
	}
}

// Between devices of different rooms nothing flows, either way; within a room it
// does, from what has a camera.
func TestNothingFlowsBetweenRooms(t *testing.T) {
	n := seen{}
	roomProperty(t, func(t *rapid.T, st step) {
		s := st.after
		paths := reaches(s)
		for _, a := range s.Booking.Devices {
			from := deviceRoom(s, a)
			for _, b := range s.Booking.Devices {
				to := deviceRoom(s, b)
				sends := a.Kind == RoomClient || a.Kind == DeskClient
				var want bool
				switch {
				case s.Status == InSession && onlyWatch(s, b):
					want = sends && from == string(Courtroom) && s.visibility() == Public && !anyRemoved(s, b)
				case s.Status == InSession:
					want = sends && from == string(Courtroom) && to == string(Courtroom)
				case from == string(DeliberationR):
					want = to == from && a.Kind == DeskClient && b.Kind == DeskClient
				case strings.HasPrefix(from, string(ConsultRoom)):
					want = to == from && sends && a.Private && b.Private && (b.Kind == RoomClient || b.Kind == DeskClient)
				}
				if c := s.Check; c != nil {
					pair := []DeviceID{c.ByDevice, c.Device}
					want = want || slices.Contains(pair, a.ID) && slices.Contains(pair, b.ID)
				}
				require.Equal(t, want, paths[[2]string{string(a.ID), string(b.ID)}], "%s (%s) to %s (%s) in %s", a.ID, from, b.ID, to, s.Status)
				if want && a.ID != b.ID {
					n[from[:4]]++
				}
			}
		}
	})
	n.require(t, "cour", "deli", "cons")
}

func onlyWatch(s *State, d Device) bool {
	return d.Kind == Viewer && !slices.ContainsFunc(d.People, func(p PersonID) bool { return s.booked(p).Capacity != court.Attendee })
}

func anyRemoved(s *State, d Device) bool {
	return slices.ContainsFunc(d.People, func(p PersonID) bool { return s.person(p).Status == Removed })
}

// What is said in deliberation and private talks is recorded by nobody: a theorem.
func TestTheRecorderIsInNoPrivateRoom(t *testing.T) {
	n := seen{}
	roomProperty(t, func(t *rapid.T, st step) {
		s := st.after
		for path := range reaches(s) {
			d := *s.device(DeviceID(path[0]))
			if path[1] == "recorder" {
				n["recording"]++
				require.Equal(t, InSession, s.Status)
				require.Equal(t, string(Courtroom), deviceRoom(s, d))
				continue
			}
			if s.Status != InSession {
				n["private"]++
				require.False(t, reaches(s)[[2]string{path[0], "recorder"}])
			}
		}
	})
	n.require(t, "recording", "private")
}

func TestClassesHoldOnlyWhoBelongs(t *testing.T) {
	n := seen{}
	roomProperty(t, func(t *rapid.T, st step) {
		s := st.after
		for _, m := range Routes(s).Members {
			d := s.device(m.Device)
			require.False(t, anyRemoved(s, *d), "a removed person in %s", m.Class)
			for _, p := range d.People {
				if s.person(p).Left {
					continue
				}
				at, capacity := whereabouts(s, p), s.booked(p).Capacity
				if ofCheck(m.Class) {
					n["check"]++
					require.True(t, m.Device == s.Check.ByDevice && p == s.Check.By || at == whereabouts(s, s.Check.Person))
					continue
				}
				switch m.Class {
				case ClassCourtroom:
					require.Equal(t, string(Courtroom), at)
				case ClassPublic:
					n["public"]++
					require.True(t, capacity.Watches())
					require.Equal(t, Public, s.visibility())
				case ClassPanel:
					n["panel"]++
					require.True(t, capacity.OnPanel())
				default:
					n["talk"]++
					require.Equal(t, at, string(ConsultRoom)+strings.TrimPrefix(string(m.Class), string(ClassConsult)))
					require.False(t, capacity.OfCourt() || capacity == court.Procurator || capacity.Called() || capacity.Officers())
				}
			}
		}
		for _, g := range Routes(s).Grants {
			require.NotEqual(t, Viewer, s.device(g.Source.Device).Kind)
			for _, p := range s.device(g.Source.Device).People {
				require.False(t, s.booked(p).Capacity.Watches() && !s.person(p).Left)
			}
			if g.Audience.Class == ClassCourtroom && g.Source.Kind == Mic {
				for _, p := range s.device(g.Source.Device).People {
					require.True(t, s.person(p).LockedBy == "" || s.person(p).Left, "a locked microphone is open")
				}
			}
		}
	})
	n.require(t, "public", "panel", "talk", "check")
}

func TestRoomsKeepTheirShape(t *testing.T) {
	n := seen{}
	roomProperty(t, func(t *rapid.T, st step) {
		s := st.after
		for _, p := range s.People {
			capacity := s.booked(p.ID).Capacity
			if p.Isolated {
				n["isolated"]++
				require.Equal(t, InCourtroom, p.Status)
				require.NotEqual(t, p.ID, s.Floor)
				require.False(t, s.hasHand(p.ID))
				require.False(t, capacity.OfCourt() || capacity == court.Procurator)
			}
			if p.Left {
				n["left"]++
				require.True(t, p.Isolated)
			}
			if p.Unbriefed {
				n["unbriefed"]++
				require.Equal(t, InCourtroom, p.Status)
			}
		}
		if s.Deliberating {
			n["deliberating"]++
			require.Equal(t, InRecess, s.Status)
			require.Empty(t, s.Floor)
		}
		if s.Status.Over() {
			require.Nil(t, s.Consults)
		}
		if s.Status == InSession {
			require.False(t, slices.ContainsFunc(s.Consults, ConsultState.open))
		}
		require.LessOrEqual(t, len(s.Consults), MaxConsults)
		in := map[PersonID]bool{}
		for _, c := range s.Consults {
			if !c.open() {
				continue
			}
			n["talk"]++
			require.GreaterOrEqual(t, c.Until, c.Since)
			for _, p := range c.people() {
				require.False(t, in[p], "in two talks")
				in[p] = true
				require.Equal(t, string(ConsultRoom)+c.ID, whereabouts(s, p))
			}
		}
	})
	n.require(t, "isolated", "left", "unbriefed", "deliberating", "talk")
}

func TestWhoMayDoWhatAboutRooms(t *testing.T) {
	roomProperty(t, func(t *rapid.T, st step) {
		for _, e := range st.events {
			actor := st.before.booked(st.actor.Person)
			switch b := e.Body.(type) {
			case WitnessCalled, WitnessDismissed, PersonIsolated, IsolationEnded, DeliberationBegan, DeliberationEnded:
				require.Equal(t, st.before.presiding(), st.actor.Person)
			case PersonBriefed, ConsultOpened:
				require.True(t, actor.Capacity.HoldsRoom())
			case LeftDevice:
				officer := actor.Capacity.Officers() && actor.Point == st.before.booked(b.Person).Point
				require.True(t, officer || actor.Capacity == court.Clerk)
			case IdentityCheckBegun:
				require.Equal(t, b.By, actor.ID)
				require.Equal(t, court.Clerk, actor.Capacity)
			case ConsultRequested:
				require.Equal(t, b.By, actor.ID)
				require.True(t, actor.Capacity.Counsels())
			case ConsultEnded:
				c := st.before.Consults[st.before.consultIndex(b.Consult)]
				require.True(t, actor.Capacity.HoldsRoom() || c.has(actor.ID))
			}
			if !st.actor.System {
				require.False(t, st.before.person(st.actor.Person).Isolated, "%T of an isolated person", st.command)
			}
		}
	})
}

// Whoever is called in enters by the presiding judge's call only, where there is
// an order of business.
func TestNobodyCalledIsAdmitted(t *testing.T) {
	roomProperty(t, func(t *rapid.T, st step) {
		for i, before := range st.before.People {
			if before.Status == InCourtroom || st.after.People[i].Status != InCourtroom {
				continue
			}
			if st.before.booked(before.ID).Capacity.Called() && st.before.Booking.Procedure != "" {
				require.Equal(t, CallWitness{before.ID}, st.command)
				require.Equal(t, InSession, st.before.Status)
			}
		}
	})
}

func TestRoomEventsReplay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var last *State
		log := walkRooms(t, drawn(t), 60, func(st step) { last = st.after })
		read := make([]Event, 0, len(log))
		for _, e := range log {
			text, err := MarshalEvent(e)
			require.NoError(t, err)
			back, err := ParseEvent(text)
			require.NoError(t, err)
			read = append(read, back)
		}
		again, err := Replay(read)
		require.NoError(t, err)
		require.True(t, reflect.DeepEqual(last, again))
	})
}

// The kinds stand in logs for ever, and what restricts is decided once for each.
func TestRoomKindsAndRestrictionsAreFixed(t *testing.T) {
	for _, c := range []struct {
		body      EventBody
		kind      string
		restricts bool
	}{
		{WitnessCalled{}, "witness.called", false},
		{WitnessDismissed{}, "witness.dismissed", true},
		{PersonIsolated{}, "person.isolated", true},
		{LeftDevice{}, "person.left_device", false},
		{IsolationEnded{}, "person.isolation_ended", false},
		{PersonBriefed{}, "person.briefed", false},
		{DeliberationBegan{}, "deliberation.began", false},
		{DeliberationEnded{}, "deliberation.ended", false},
		{ConsultRequested{}, "consult.requested", false},
		{ConsultOpened{}, "consult.opened", false},
		{ConsultEnded{}, "consult.ended", true},
		{IdentityCheckBegun{}, "identity_check.begun", false},
		{IdentityCheckEnded{}, "identity_check.ended", true},
	} {
		require.Equal(t, c.kind, c.body.Kind())
		require.Equal(t, c.restricts, c.body.Restricts(), c.kind)
	}
	for _, c := range []Command{DismissWitness{}, Isolate{}, EndConsult{}, EndIdentityCheck{}} {
		require.True(t, Restricts(c), "%T", c)
	}
	for _, c := range []Command{CallWitness{}, ConfirmLeft{}, EndIsolation{}, NoteBriefed{}, Deliberate{}, EndDeliberation{}, RequestConsult{}, AllowConsult{}, BeginIdentityCheck{}} {
		require.False(t, Restricts(c), "%T", c)
	}
}
