package hearing

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
)

func ofCheck(c Class) bool { return strings.HasPrefix(string(c), string(ClassIdentity)) }

// withoutCheck is the routing without what a check of papers adds.
func withoutCheck(r Routing) Routing {
	var out Routing
	for _, g := range r.Grants {
		if !ofCheck(g.Audience.Class) {
			out.Grants = append(out.Grants, g)
		}
	}
	for _, m := range r.Members {
		if !ofCheck(m.Class) {
			out.Members = append(out.Members, m)
		}
	}
	return out
}

// checkPeople are those who may know of the check that is on: the clerk, and whoever
// is before the camera in front of which the papers are shown.
func checkPeople(s *State) []PersonID {
	if s.Check == nil {
		return nil
	}
	list := []PersonID{s.Check.By}
	for _, d := range s.Booking.Devices {
		if !d.Kind.sends() || !slices.Contains(d.People, s.Check.Person) {
			continue
		}
		for _, p := range d.People {
			if !s.person(p).Left {
				list = append(list, p)
			}
		}
	}
	return list
}

// toldOfCheck: the reader, and everybody before the same screen, is of the check.
func toldOfCheck(s *State, r Reader) bool {
	people := checkPeople(s)
	stranger := func(p PersonID) bool { return !slices.Contains(people, p) && !s.person(p).Left }
	return slices.Contains(people, r.Person) && !slices.ContainsFunc(s.device(r.Device).People, stranger)
}

// anyCheckBooking is a criminal hearing of anybody, whose clerk has a desk of their own.
func anyCheckBooking(c chooser) Booking {
	b := anyRoomBooking(c)
	if b.Procedure == "" {
		addTrial(c, &b)
	}
	id := b.People[1].ID
	b.People[1].Capacity, b.People[1].Point, b.People[1].Client = court.Clerk, "P0", ""
	var devices []Device
	for _, d := range b.Devices {
		d.People = slices.DeleteFunc(slices.Clone(d.People), func(p PersonID) bool { return p == id })
		if len(d.People) > 0 {
			devices = append(devices, d)
		}
	}
	devices = append(devices, Device{ID: "desk", Kind: DeskClient, People: []PersonID{id}})
	b.Devices = devices
	return b
}

// walkChecks takes random steps of a hearing in which many wait and the clerk compares
// papers, mostly outside of the session.
func walkChecks(t reporter, c chooser, steps int, visit func(step)) []Event {
	t.Helper()
	b := anyCheckBooking(c)
	now, judge, clerk := start().Add(-time.Hour), Actor{Person: "p0", Device: "d0"}, Actor{Person: b.People[1].ID, Device: "desk"}
	var log []Event
	var s *State
	take := func(cmd Command, a Actor) {
		st := do(t, s, cmd, a, now)
		if s != nil {
			visit(st)
		}
		s, log = st.after, append(log, st.events...)
		now = now.Add(time.Duration(c(90)) * time.Second)
	}
	take(Book{b}, Actor{System: true})
	for _, d := range b.Devices {
		take(DeviceConnected{d.ID}, Actor{System: true})
		for _, p := range d.People {
			if c(6) > 0 || p == clerk.Person {
				take(CheckIn{RulesAccepted: true}, Actor{Person: p, Device: d.ID})
			}
		}
	}
	person := func() PersonID { // more often than not somebody of the check that is on
		if s.Check != nil && c(3) > 0 {
			return s.Check.Person
		}
		return pick(c, b.People).ID
	}
	for range steps {
		if due, ok := NextDeadline(s); ok && !now.Before(due) {
			take(Tick{}, Actor{System: true})
			continue
		}
		switch c(12) {
		case 0, 1, 2:
			take(BeginIdentityCheck{pick(c, b.People).ID}, clerk)
		case 3:
			take(EndIdentityCheck{}, clerk)
		case 4:
			about := person()
			take(pick(c, []Command{
				NoteIdentity{about, "vneid", "7"}, NoteMismatch{about, "ảnh khác"}, NoteAway{about}, NoteBack{about},
			}), clerk)
		case 5:
			take(Admit{person()}, clerk)
		case 6:
			about := person()
			take(pick(c, []Command{
				Remove{about, "gây rối"}, Isolate{about, ""}, EndIsolation{about}, CallWitness{pick(c, b.People).ID}, DismissWitness{about},
			}), judge)
		case 7, 8:
			take(pick(c, []Command{
				Open{"lý do"},
				Recess{},
				Resume{},
				HoldTechnical{},
				KeepGoing{"lý do"},
				Deliberate{},
				Suspend{"lý do", tomorrow()},
				RecordFacilities{true, ""},
				Reopen{},
				draw{c, b}.rarely(Cancel{"lý do"}),
				EndDeliberation{court.Questioning},
			}), judge)
		default:
			if cmd, a, ok := lawfulRoomCommand(c, s); ok {
				take(cmd, a)
			}
		}
	}
	return log
}

// checkProperty visits random stories with checks: before the opening, in a recess, in
// a hold, of people called in, and of shared devices.
func checkProperty(t *testing.T, visit func(*rapid.T, step)) {
	t.Helper()
	n := seen{}
	see := func(t *rapid.T, st step) {
		if c := st.after.Check; c != nil {
			n[string(st.after.Status)]++
			n["of somebody "+whereabouts(st.after, c.Person)]++
			if len(st.after.device(c.Device).People) > 1 {
				n["shared"]++
			}
		}
		visit(t, st)
	}
	property(t, see)
	rapid.Check(t, func(t *rapid.T) {
		walkChecks(t, drawn(t), 60, func(st step) { see(t, st) })
	})
	n.require(t, "preparing", "recess", "technical_hold", "suspended", "of somebody waiting", "of somebody courtroom",
		"of somebody isolation_room", "shared")
}

// Nobody but the clerk and whoever is before that one camera sees or hears anything of
// a check, and never the recorder or the public.
func TestACheckReachesItsOwnAndNobodyElse(t *testing.T) {
	checkProperty(t, func(t *rapid.T, st step) {
		s := st.after
		r := Routes(s)
		if s.Check == nil {
			require.Equal(t, withoutCheck(r), r)
			return
		}
		c := s.Check
		class := ClassIdentity + Class(c.Person)
		require.Equal(t, court.Clerk, s.booked(c.By).Capacity)
		require.Equal(t, []PersonID{c.By}, s.device(c.ByDevice).People)
		require.NotContains(t, s.device(c.Device).People, c.By)
		var from []Source
		for _, g := range r.Grants {
			if g.Source.Device != c.ByDevice && g.Source.Device != c.Device {
				continue
			}
			require.Equal(t, Audience{Class: class}, g.Audience, "to nobody else, the recorder least of all")
			require.Equal(t, uint8(unboundedLayer), g.MaxLayer)
			require.False(t, g.MayPause && g.Source.Device == c.Device, "papers stay legible")
			from = append(from, g.Source)
		}
		require.ElementsMatch(t, []Source{{c.ByDevice, Cam}, {c.ByDevice, Mic}, {c.Device, Cam}, {c.Device, Mic}}, from)
		var in []DeviceID
		for _, m := range r.Members {
			if m.Class == class {
				in = append(in, m.Device)
			}
			require.True(t, m.Class == class || m.Device != c.ByDevice && m.Device != c.Device)
		}
		require.ElementsMatch(t, []DeviceID{c.ByDevice, c.Device}, in)
		for _, p := range s.device(c.Device).People {
			if s.person(p).Left {
				continue
			}
			require.False(t, s.person(p).Status == Removed || s.booked(p).Capacity.Watches())
			// Who is isolated and who waits to be called in are in one room.
			require.Equal(t, whereabouts(s, c.Person), whereabouts(s, p))
		}
	})
}

// A check lasts while everything that it rests on does, and not longer than its time.
func TestWhatMattersEndsACheck(t *testing.T) {
	n := seen{}
	checkProperty(t, func(t *rapid.T, st step) {
		before, after := st.before.Check, st.after.Check
		if before == nil {
			return
		}
		for _, e := range st.events {
			if ends(e.Body, before) || st.after.Status == InSession || st.after.Status.Over() {
				n[e.Body.Kind()]++
				require.NotEqual(t, before, after, "%T", e.Body)
				if _, another := e.Body.(IdentityCheckBegun); !another {
					require.Nil(t, after)
				}
			}
		}
		if len(st.events) == 0 {
			require.Equal(t, before, after)
		}
		if after != nil {
			due, ok := NextDeadline(st.after)
			require.True(t, ok)
			require.False(t, due.After(time.UnixMicro(after.Until)))
			require.Equal(t, int64(IdentityCheckMinutes*60e6), after.Until-after.Since)
		}
	})
	// What is rarer in random stories is told in TestJ1_5WhatEndsACheck.
	n.require(t, "identity_check.ended", "identity_check.begun", "person.identified", "person.mismatched", "person.away",
		"hearing.opened", "hearing.resumed")
}

// ends tells whether the event is about somebody of the check in a way that ends it.
func ends(body EventBody, c *IdentityCheckState) bool {
	switch b := body.(type) {
	case IdentityCheckBegun, IdentityCheckEnded:
		return true
	case IdentityNoted:
		return b.Person == c.Person
	case IdentityMismatched:
		return b.Person == c.Person
	case PersonRemoved:
		return b.Person == c.Person
	case PersonAway:
		return b.Person == c.Person || b.Person == c.By
	case PersonIsolated:
		return b.Person == c.Person
	case WitnessDismissed:
		return b.Person == c.Person
	case HearingSuspended, HearingReopened:
		return true
	default:
		return false
	}
}

// Who may begin a check, and when: said a second time and plainly.
func TestWhoMayCompareWhosePapers(t *testing.T) {
	begun := 0
	checkProperty(t, func(t *rapid.T, st step) {
		cmd, ok := st.command.(BeginIdentityCheck)
		if !ok || len(st.events) == 0 {
			return
		}
		begun++
		s := st.before
		require.NotEmpty(t, s.Booking.Procedure)
		require.NotContains(t, []Status{InSession, Adjourned, Cancelled, Closed}, s.Status)
		require.Equal(t, court.Clerk, s.booked(st.actor.Person).Capacity)
		require.Equal(t, InCourtroom, s.person(st.actor.Person).Status)
		require.Contains(t, []PersonStatus{Waiting, InCourtroom}, s.person(cmd.Person).Status)
		at := whereabouts(s, cmd.Person)
		require.Contains(t, []string{string(WaitingRoom), string(IsolationRoom), string(Courtroom)}, at)
		require.False(t, s.person(cmd.Person).Isolated)
		c := st.after.Check
		require.Equal(t, at, deviceRoom(s, *s.device(c.Device)))
		require.Equal(t, IdentityCheckState{
			By: st.actor.Person, ByDevice: c.ByDevice, Person: cmd.Person, Device: c.Device,
			Since: st.events[0].At, Until: st.events[0].At + int64(IdentityCheckMinutes*60e6),
		}, *c)
	})
	require.Positive(t, begun)
}

// Those of a check read of it on screens that nobody else reads; nobody else learns of
// it, not even by what they are offered.
func TestACheckIsKnownToItsOwn(t *testing.T) {
	n := seen{}
	checkProperty(t, func(t *rapid.T, st step) {
		s := st.after
		require.Nil(t, ViewFor(s, Reader{System: true}).IdentityCheck)
		for _, r := range readers(s) {
			v := ViewFor(s, r)
			if s.Check == nil || !toldOfCheck(s, r) {
				require.Nil(t, v.IdentityCheck)
				require.NotContains(t, v.Acts, "end_identity_check")
				continue
			}
			n["told"]++
			if standingOf(s, r) == outsider {
				n["told outside"]++
			}
			require.Equal(t, IdentityCheckView(*s.Check), *v.IdentityCheck)
			ends := r.Person == s.Check.By && s.device(r.Device).Kind != Viewer && s.admitted(s.device(r.Device))
			require.Equal(t, ends, slices.Contains(v.Acts, "end_identity_check"))
		}
	})
	n.require(t, "told", "told outside")
}

// Nobody learns of a check by anything else of their view: without it they read the same.
func TestACheckOfOthersLooksLikeNone(t *testing.T) {
	checkProperty(t, func(t *rapid.T, st step) {
		s := st.after
		if s.Check == nil {
			return
		}
		without := s.clone()
		without.Check = nil
		for _, r := range readers(s) {
			if !toldOfCheck(s, r) {
				require.Equal(t, ViewFor(without, r), ViewFor(s, r))
			}
		}
	})
}

// A log with checks reads and replays to the same state.
func TestChecksReplay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var last *State
		log := walkChecks(t, drawn(t), 60, func(st step) { last = st.after })
		var read []Event
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
