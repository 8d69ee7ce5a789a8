package hearing

import (
	"slices"
	"time"
)

// TroubleNotRecording is View.Trouble when the recorder does not run and gave
// no code of its own.
const TroubleNotRecording = "not_recording"

// standing is how much a reader may know.
type standing int

const (
	stranger    standing = iota // not of this hearing, or not at this device
	outsider                    // of the hearing, not in the courtroom: knows of themselves
	participant                 // in the courtroom: knows who is in it
	ofCourt                     // bench: also who is expected, waits, was removed
	holder                      // presiding judge, clerk, the system: also the recorder's trouble
)

// standingOf follows the device as well as the person: whoever is not admitted
// and sits before the same screen must not read on it.
func standingOf(s *State, r Reader) standing {
	if r.System {
		return holder
	}
	if !s.sitsAt(r.Person, r.Device) {
		return stranger
	}
	if !s.admitted(s.device(r.Device)) {
		return outsider
	}
	switch c := s.booked(r.Person).Capacity; {
	case c.HoldsRoom():
		return holder
	case c.OfCourt():
		return ofCourt
	default:
		return participant
	}
}

// ViewFor is what one reader may know. Somebody outside the courtroom learns the
// hearing's docket number, court and status and their own status, and their view
// does not change when something hidden from them happens. A stranger learns
// nothing.
func ViewFor(s *State, r Reader) View {
	if s == nil {
		return View{}
	}
	rank := standingOf(s, r)
	if rank == stranger {
		return View{}
	}
	v := View{
		Hearing: s.Booking.Hearing, DocketNo: s.Booking.DocketNo, Court: s.Booking.Court,
		Status: s.Status, Since: s.Since, Late: s.Late,
	}
	if !r.System {
		v.Me = r.Person
		v.Acts = acts(s, Actor{Person: r.Person, Device: r.Device})
	}
	if rank == outsider {
		p := s.person(r.Person)
		v.Seq = s.noticed(r.Device)
		v.People = []PersonView{s.selfView(p)}
		return v
	}
	v.Seq, v.Title, v.OpenedAt = s.Seq, s.Booking.Title, s.OpenedAt
	v.Recording = s.Recorder.On && s.Status == InSession
	v.Floor, v.FloorSince, v.Hands = s.Floor, s.FloorSince, slices.Clone(s.Hands)
	v.RecessReason = s.RecessReason
	if rank >= holder {
		v.Trouble = s.trouble()
	}
	for i := range s.People {
		p := &s.People[i]
		if p.Status == InCourtroom || rank >= ofCourt || p.ID == r.Person {
			v.People = append(v.People, s.personView(p))
		}
	}
	return v
}

// noticed is the sequence of the last event that an outsider in front of the
// device may notice: about the hearing's status, or about somebody who sits there.
func (s *State) noticed(id DeviceID) uint64 {
	seq := s.StatusSeq
	for _, p := range s.device(id).People {
		seq = max(seq, s.person(p).Seq)
	}
	return seq
}

// trouble is what keeps the hearing from being recorded.
func (s *State) trouble() string {
	if s.Recorder.On || s.Recorder.Trouble != "" || s.Status == Closed {
		return s.Recorder.Trouble
	}
	return TroubleNotRecording
}

// selfView is what an outsider knows of themselves.
func (s *State) selfView(p *PersonState) PersonView {
	b := s.booked(p.ID)
	return PersonView{
		Person: p.ID, MayName: true, Alias: b.Alias, Capacity: b.Capacity, Point: b.Point,
		Status: p.Status, Connected: s.connected(p.ID), Device: s.mainDevice(p.ID),
	}
}

func (s *State) personView(p *PersonState) PersonView {
	v := s.selfView(p)
	v.Locked = p.LockedBy != ""
	v.Hand = s.hasHand(p.ID)
	if d := s.microphone(p.ID); d != nil {
		v.MicrophoneOpen = s.microphoneOpen(d)
	}
	return v
}

// mainDevice is the device whose sources show the person, or else the first.
func (s *State) mainDevice(p PersonID) DeviceID {
	if d := s.microphone(p); d != nil {
		return d.ID
	}
	if of := s.seats.of[p]; len(of) > 0 {
		return s.Booking.Devices[of[0]].ID
	}
	return ""
}

// acts are the names of the commands that the actor could give now with some
// argument, in the order of wire's Command. It asks the rules themselves.
func acts(s *State, a Actor) []string {
	var names []string
	for _, choices := range representatives(s, a) {
		for _, c := range choices {
			if _, r := Decide(s, c, a, time.Time{}); r == nil {
				names = append(names, c.command())
				break
			}
		}
	}
	return names
}

// representatives lists for each command of people the arguments worth asking.
func representatives(s *State, a Actor) [][]Command {
	// Whether somebody may do it at all does not depend on whom: without leave
	// no list of people is walked.
	each := func(of func(PersonID) Command) []Command {
		if of("").may(s, a) != nil {
			return nil
		}
		list := make([]Command, 0, len(s.People))
		for i := range s.People {
			list = append(list, of(s.People[i].ID))
		}
		return list
	}
	hands := []Command{LowerHand{}}
	for _, p := range s.Hands {
		hands = append(hands, LowerHand{Person: p})
	}
	return [][]Command{
		{CheckIn{RulesAccepted: true}},
		each(func(p PersonID) Command { return Admit{Person: p} }),
		{Open{OverrideReason: "?"}},
		{RaiseHand{}},
		hands,
		each(func(p PersonID) Command { return GiveFloor{Person: p} }),
		{StopFloor{Person: s.Floor}},
		each(func(p PersonID) Command { return MuteLock{Person: p} }),
		each(func(p PersonID) Command { return Unlock{Person: p} }),
		{Recess{}},
		{Resume{}},
		each(func(p PersonID) Command { return Remove{Person: p} }),
		{Close{}},
	}
}
