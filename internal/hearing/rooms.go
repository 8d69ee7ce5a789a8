package hearing

import (
	"fmt"
	"time"

	"phientoa/internal/court"
)

// Events of people who are called in, dismissed or isolated.
type (
	// WitnessCalled: somebody who waited for the call is in the courtroom.
	WitnessCalled struct {
		Person PersonID `json:"person"`
	}
	// WitnessDismissed: they wait again, without floor, hand and lock.
	WitnessDismissed struct {
		Person PersonID `json:"person"`
	}
	// PersonIsolated: nothing of the courtroom reaches the person, nothing of
	// theirs the courtroom; floor and hand are gone.
	PersonIsolated struct {
		Person PersonID `json:"person"`
		Reason string   `json:"reason"`
	}
	// LeftDevice: the isolated person is not in front of their device any more,
	// which follows those who remain.
	LeftDevice struct {
		Person PersonID `json:"person"`
	}
	// IsolationEnded: the person is back and has to be told what was said
	// (BLTTHS art. 309.1).
	IsolationEnded struct {
		Person PersonID `json:"person"`
	}
	// PersonBriefed: the person was told.
	PersonBriefed struct {
		Person PersonID `json:"person"`
	}
)

// Kind is the event's stable name.
func (WitnessCalled) Kind() string { return "witness.called" }

// Kind is the event's stable name.
func (WitnessDismissed) Kind() string { return "witness.dismissed" }

// Kind is the event's stable name.
func (PersonIsolated) Kind() string { return "person.isolated" }

// Kind is the event's stable name.
func (LeftDevice) Kind() string { return "person.left_device" }

// Kind is the event's stable name.
func (IsolationEnded) Kind() string { return "person.isolation_ended" }

// Kind is the event's stable name.
func (PersonBriefed) Kind() string { return "person.briefed" }

// Restricts is false: the person begins to see and to be seen.
func (WitnessCalled) Restricts() bool { return false }

// Restricts is true: everything of the person in the courtroom ends.
func (WitnessDismissed) Restricts() bool { return true }

// Restricts is true: everything of the person in the courtroom ends.
func (PersonIsolated) Restricts() bool { return true }

// Restricts is false: the device opens again for those who remain.
func (LeftDevice) Restricts() bool { return false }

// Restricts is false: the person sees and is seen again.
func (IsolationEnded) Restricts() bool { return false }

// Restricts is false: the order of business may go on.
func (PersonBriefed) Restricts() bool { return false }

func (b WitnessCalled) apply(s *State, e Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	if !s.booked(b.Person).Capacity.Called() || s.Status != InSession || (p.Status != Waiting && p.Status != Removed) {
		return fmt.Errorf("%w: call of a person %s", ErrImpossible, p.Status)
	}
	p.Status, p.Seq = InCourtroom, e.Seq
	return nil
}

func (b WitnessDismissed) apply(s *State, e Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	if !s.booked(b.Person).Capacity.Called() || p.Status != InCourtroom {
		return fmt.Errorf("%w: dismissal of a person %s", ErrImpossible, p.Status)
	}
	p.Status, p.LockedBy, p.Seq = Waiting, "", e.Seq
	p.LostSince, p.BackSince, p.GoneOn, p.RecheckIdentity, p.RecheckMedia, p.Away = 0, 0, false, false, false, false
	s.silence(b.Person)
	s.leaveRooms(p)
	return nil
}

func (b PersonIsolated) apply(s *State, e Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	if s.booked(b.Person).Capacity.OfTrial() || s.home(b.Person) != Courtroom {
		return fmt.Errorf("%w: isolation", ErrImpossible)
	}
	s.silence(b.Person)
	s.leaveRooms(p)
	p.Isolated, p.Seq = true, e.Seq
	return nil
}

func (b LeftDevice) apply(s *State, e Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	if !p.Isolated || p.Left {
		return fmt.Errorf("%w: left", ErrImpossible)
	}
	p.Left, p.Seq = true, e.Seq
	return nil
}

func (b IsolationEnded) apply(s *State, e Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	if !p.Isolated {
		return fmt.Errorf("%w: end of isolation", ErrImpossible)
	}
	p.Isolated, p.Left, p.Unbriefed, p.Seq = false, false, true, e.Seq
	return nil
}

func (b PersonBriefed) apply(s *State, e Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	if !p.Unbriefed {
		return fmt.Errorf("%w: briefing", ErrImpossible)
	}
	p.Unbriefed, p.Seq = false, e.Seq
	return nil
}

// mustBeCalled: the person is not admitted like others but called in
// (BLTTHS art. 304, 311). Without a procedure the plain way of Admit stays.
func (s *State) mustBeCalled(id PersonID) bool {
	return s.Booking.Procedure != "" && s.booked(id).Capacity.Called()
}

func (CallWitness) command() string { return "call_witness" }

func (CallWitness) may(s *State, a Actor) *Refusal { return byPresiding(s, a) }

// decide also lets a removed person in again: that is the presiding judge's to say.
func (c CallWitness) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	p := s.person(c.Person)
	switch {
	case p == nil:
		return nil, refuseUnknownPerson()
	case !s.booked(c.Person).Capacity.Called():
		return nil, refuseNotCalled()
	case s.Status != InSession:
		return nil, refuseNotInSession()
	case p.Status == InCourtroom:
		return nil, refuseAlreadyInCourtroom()
	case p.Status != Waiting && p.Status != Removed:
		return nil, refuseNotCheckedIn()
	}
	return []EventBody{WitnessCalled(c)}, nil
}

func (DismissWitness) command() string { return "dismiss_witness" }

func (DismissWitness) may(s *State, a Actor) *Refusal { return byPresiding(s, a) }

func (c DismissWitness) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	if r := s.notDismissible(c.Person); r != nil {
		return nil, r
	}
	return []EventBody{WitnessDismissed(c)}, nil
}

// notDismissible says why the person cannot be sent back to the waiting room; nil when
// they can.
func (s *State) notDismissible(id PersonID) *Refusal {
	p := s.person(id)
	switch {
	case p == nil:
		return refuseUnknownPerson()
	case !s.booked(id).Capacity.Called():
		return refuseNotCalled()
	case p.Status != InCourtroom:
		return refuseNotInCourtroom()
	}
	return s.darkens(id)
}

func (Isolate) command() string { return "isolate" }

func (Isolate) may(s *State, a Actor) *Refusal { return byPresiding(s, a) }

func (c Isolate) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	if r := s.notIsolable(c.Person); r != nil {
		return nil, r
	}
	why, r := reason(c.Reason)
	if r != nil {
		return nil, r
	}
	return []EventBody{PersonIsolated{Person: c.Person, Reason: why}}, nil
}

// notIsolable says why the person cannot be isolated; nil when they can.
func (s *State) notIsolable(id PersonID) *Refusal {
	p := s.person(id)
	switch {
	case p == nil:
		return refuseUnknownPerson()
	case s.booked(id).Capacity.OfTrial():
		return refuseNotIsolable()
	case p.Isolated:
		return refuseAlreadyIsolated()
	case s.home(id) != Courtroom:
		return refuseNotInCourtroom()
	}
	return s.darkens(id)
}

func (ConfirmLeft) command() string { return "confirm_left" }

// may asks for the clerk in the courtroom, or for an officer who has checked in:
// the officer's own device may be the one that is dark.
func (ConfirmLeft) may(s *State, a Actor) *Refusal {
	if r := seated(s, a); r != nil {
		return r
	}
	switch c := s.booked(a.Person).Capacity; {
	case c == court.Clerk:
		return inCourtroom(s, a)
	case !c.Officers():
		return refuseOnlyOfficers()
	}
	if at := s.home(a.Person); at != WaitingRoom && at != Courtroom {
		return refuseCheckInFirst()
	}
	return nil
}

// decide lets an officer speak for the people of their point, and before a device
// that they share with others only for those others: what is told apart there
// must be known there.
func (c ConfirmLeft) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	p := s.person(c.Person)
	if p == nil {
		return nil, refuseUnknownPerson()
	}
	if officer := s.booked(a.Person); officer.Capacity.Officers() {
		point := s.booked(c.Person).Point
		switch {
		case officer.Point == "" || point != officer.Point:
			return nil, refuseOtherPoint()
		case !s.sitsAt(c.Person, a.Device) && s.officerAt(a.Person, s.device(a.Device)) != point:
			return nil, refuseDeviceBlocked()
		}
	}
	switch {
	case !p.Isolated:
		return nil, refuseNotIsolated()
	case p.Left:
		return nil, refuseAlreadyLeft()
	}
	return []EventBody{LeftDevice(c)}, nil
}

func (EndIsolation) command() string { return "end_isolation" }

func (EndIsolation) may(s *State, a Actor) *Refusal { return byPresiding(s, a) }

func (c EndIsolation) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	p := s.person(c.Person)
	switch {
	case p == nil:
		return nil, refuseUnknownPerson()
	case !p.Isolated:
		return nil, refuseNotIsolated()
	}
	return []EventBody{IsolationEnded(c)}, nil
}

func (NoteBriefed) command() string { return "note_briefed" }

func (NoteBriefed) may(s *State, a Actor) *Refusal { return byHolder(s, a) }

func (c NoteBriefed) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	p := s.person(c.Person)
	switch {
	case p == nil:
		return nil, refuseUnknownPerson()
	case !p.Unbriefed:
		return nil, refuseNothingToBrief()
	}
	return []EventBody{PersonBriefed(c)}, nil
}
