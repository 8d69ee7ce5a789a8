package hearing

import (
	"fmt"
	"time"
)

// Events of attendance.
type (
	// CheckedIn: the person said that they are here and accepted the rules of
	// conduct (TTLT 05/2021).
	CheckedIn struct {
		Person PersonID `json:"person"`
	}
	// Admitted: the person is in the courtroom.
	Admitted struct {
		Person PersonID `json:"person"`
	}
	// PersonRemoved: the person is out, without floor, hand and lock.
	PersonRemoved struct {
		Person PersonID `json:"person"`
		Reason string   `json:"reason"`
	}
)

// Kind is the event's stable name.
func (CheckedIn) Kind() string { return "person.checked_in" }

// Kind is the event's stable name.
func (Admitted) Kind() string { return "person.admitted" }

// Kind is the event's stable name.
func (PersonRemoved) Kind() string { return "person.removed" }

// Restricts is false: the person comes nearer to the courtroom.
func (CheckedIn) Restricts() bool { return false }

// Restricts is false: the person begins to see and to be seen.
func (Admitted) Restricts() bool { return false }

// Restricts is true: everything of the person ends.
func (PersonRemoved) Restricts() bool { return true }

func (b CheckedIn) apply(s *State, e Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	if p.Status != Absent && p.Status != Arrived {
		return fmt.Errorf("%w: check-in of a person %s", ErrImpossible, p.Status)
	}
	p.Status, p.Seq = Waiting, e.Seq
	return nil
}

func (b Admitted) apply(s *State, e Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	if p.Status != Waiting && p.Status != Removed {
		return fmt.Errorf("%w: admission of a person %s", ErrImpossible, p.Status)
	}
	p.Status, p.Seq = InCourtroom, e.Seq
	return nil
}

func (b PersonRemoved) apply(s *State, e Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	if b.Person == s.presiding() || (p.Status != Waiting && p.Status != InCourtroom) {
		return fmt.Errorf("%w: removal of a person %s", ErrImpossible, p.Status)
	}
	p.Status, p.LockedBy, p.Seq = Removed, "", e.Seq
	p.LostSince, p.BackSince, p.GoneOn, p.RecheckIdentity, p.RecheckMedia, p.Away = 0, 0, false, false, false, false
	if s.Standing == string(b.Person) {
		s.Standing = ""
	}
	s.lowerHand(b.Person)
	if s.Floor == b.Person {
		s.Floor, s.FloorSince = "", 0
	}
	s.leaveRooms(p)
	return nil
}

func (CheckIn) command() string { return "check_in" }

func (CheckIn) may(s *State, a Actor) *Refusal { return seated(s, a) }

// decide lets the holders of the room in at once: somebody has to open the door.
// Whoever speaks through a device is there, even if the report of its connection
// is still on its way, so absent is as good as arrived.
func (c CheckIn) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	switch s.person(a.Person).Status {
	case Absent, Arrived:
	case Removed:
		return nil, refuseRemoved()
	default:
		return nil, refuseAlreadyCheckedIn()
	}
	if !c.RulesAccepted {
		return nil, refuseRules()
	}
	events := []EventBody{CheckedIn{Person: a.Person}}
	if s.booked(a.Person).Capacity.HoldsRoom() {
		events = append(events, Admitted{Person: a.Person})
	}
	return events, nil
}

func (Admit) command() string { return "admit" }

func (Admit) may(s *State, a Actor) *Refusal { return byHolder(s, a) }

func (c Admit) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	p := s.person(c.Person)
	if p == nil {
		return nil, refuseUnknownPerson()
	}
	if s.mustBeCalled(c.Person) {
		return nil, refuseCallInstead()
	}
	switch p.Status {
	case Waiting:
	case Removed:
		if a.Person != s.presiding() {
			return nil, refuseReadmission()
		}
	case InCourtroom:
		return nil, refuseAlreadyInCourtroom()
	default:
		return nil, refuseNotCheckedIn()
	}
	return []EventBody{Admitted(c)}, nil
}

func (Remove) command() string { return "remove" }

func (Remove) may(s *State, a Actor) *Refusal { return byPresiding(s, a) }

func (c Remove) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	if r := s.notRemovable(c.Person); r != nil {
		return nil, r
	}
	why, r := neededReason(c.Reason)
	if r != nil {
		return nil, r
	}
	return []EventBody{PersonRemoved{Person: c.Person, Reason: why}}, nil
}

// notRemovable says why the person cannot be removed; nil when they can. Whoever
// keeps no order in the courtroom is made to leave it (BLTTHS art. 256); a panel
// member, the procurator and the clerk are replaced by decision, not shown the door.
func (s *State) notRemovable(id PersonID) *Refusal {
	p := s.person(id)
	switch {
	case p == nil:
		return refuseUnknownPerson()
	case id == s.presiding():
		return refusePresidingStays()
	case s.booked(id).Capacity.OfTrial():
		return refuseTrialStays()
	case p.Status == Removed:
		return refuseAlreadyRemoved()
	case p.Status != Waiting && p.Status != InCourtroom:
		return refuseNotCheckedIn()
	}
	return s.darkens(id)
}
