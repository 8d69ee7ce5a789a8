package hearing

import (
	"fmt"
	"time"
)

// Events of the floor and of hands.
type (
	// HandRaised: the person asks to speak and stands last in the queue.
	HandRaised struct {
		Person PersonID `json:"person"`
	}
	// HandLowered: the person left the queue or was taken out of it.
	HandLowered struct {
		Person PersonID `json:"person"`
	}
	// FloorGiven: the person holds the floor, whoever held it before does not,
	// and the person's hand is down. It is one event, so that there is never a
	// moment with two holders, and none without when the log is slow.
	FloorGiven struct {
		Person PersonID `json:"person"`
	}
	// FloorStopped: nobody holds the floor any more.
	FloorStopped struct {
		Person PersonID `json:"person"`
	}
)

// Kind is the event's stable name.
func (HandRaised) Kind() string { return "hand.raised" }

// Kind is the event's stable name.
func (HandLowered) Kind() string { return "hand.lowered" }

// Kind is the event's stable name.
func (FloorGiven) Kind() string { return "floor.given" }

// Kind is the event's stable name.
func (FloorStopped) Kind() string { return "floor.stopped" }

// Restricts is false: the person gets a place in the queue.
func (HandRaised) Restricts() bool { return false }

// Restricts is true: the person loses a place in the queue.
func (HandLowered) Restricts() bool { return true }

// Restricts is false: a microphone opens.
func (FloorGiven) Restricts() bool { return false }

// Restricts is true: a microphone closes.
func (FloorStopped) Restricts() bool { return true }

func (b HandRaised) apply(s *State, _ Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	if s.home(p.ID) != Courtroom || s.hasHand(b.Person) || s.speaks(b.Person) {
		return fmt.Errorf("%w: hand", ErrImpossible)
	}
	s.Hands = append(s.Hands, b.Person)
	return nil
}

// speaks: the person holds the floor and is not locked. Who is locked with the
// floor may ask to speak: the screen tells them to, and nothing else is left.
func (s *State) speaks(id PersonID) bool {
	p := s.person(id)
	return p != nil && s.Floor == id && p.LockedBy == ""
}

func (b HandLowered) apply(s *State, _ Event) error {
	if !s.hasHand(b.Person) {
		return fmt.Errorf("%w: no hand", ErrImpossible)
	}
	s.lowerHand(b.Person)
	return nil
}

func (b FloorGiven) apply(s *State, e Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	if s.Status != InSession || s.home(b.Person) != Courtroom || p.LockedBy != "" || b.Person == s.presiding() {
		return fmt.Errorf("%w: floor", ErrImpossible)
	}
	s.Floor, s.FloorSince = b.Person, e.At
	s.lowerHand(b.Person)
	return nil
}

func (b FloorStopped) apply(s *State, _ Event) error {
	if s.Floor != b.Person || b.Person == "" {
		return fmt.Errorf("%w: not the holder of the floor", ErrImpossible)
	}
	s.Floor, s.FloorSince = "", 0
	return nil
}

func (RaiseHand) command() string { return "raise_hand" }

func (RaiseHand) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

func (RaiseHand) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	switch {
	case s.Status != InSession:
		return nil, refuseNotInSession()
	case a.Person == s.presiding():
		return nil, refusePresidingSpeaks()
	case s.speaks(a.Person):
		return nil, refuseHasFloor()
	case s.hasHand(a.Person):
		return nil, refuseHandIsUp()
	}
	return []EventBody{HandRaised{Person: a.Person}}, nil
}

func (LowerHand) command() string { return "lower_hand" }

func (c LowerHand) may(s *State, a Actor) *Refusal {
	if c.Person == "" || c.Person == a.Person {
		return inCourtroom(s, a)
	}
	return byHolder(s, a)
}

func (c LowerHand) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	if c.Person == "" {
		c.Person = a.Person
	}
	if !s.hasHand(c.Person) {
		return nil, refuseNoHand()
	}
	return []EventBody{HandLowered(c)}, nil
}

func (GiveFloor) command() string { return "give_floor" }

func (GiveFloor) may(s *State, a Actor) *Refusal { return byPresiding(s, a) }

// decide refuses whatever would give a floor that opens no microphone: a judge
// must not wait for somebody who cannot be heard.
func (c GiveFloor) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	p := s.person(c.Person)
	switch {
	case p == nil:
		return nil, refuseUnknownPerson()
	case s.Status != InSession:
		return nil, refuseNotInSession()
	case c.Person == s.presiding():
		return nil, refusePresidingSpeaks()
	case p.Isolated:
		return nil, refuseIsolatedPerson()
	case p.Status != InCourtroom:
		return nil, refuseNotInCourtroom()
	case p.LockedBy != "":
		return nil, refuseLocked()
	case s.Floor == c.Person:
		return nil, refuseHasFloor()
	}
	d := s.microphone(c.Person)
	switch {
	case d == nil:
		return nil, refuseNoMicrophone()
	case s.anyLocked(d):
		return nil, refuseNeighbourLocked()
	case !s.admitted(d):
		return nil, refuseNeighbourNotAdmitted()
	}
	return []EventBody{FloorGiven(c)}, nil
}

func (StopFloor) command() string { return "stop_floor" }

func (StopFloor) may(s *State, a Actor) *Refusal { return byPresiding(s, a) }

// decide wants the holder named: a click that comes late must not stop the next
// speaker.
func (c StopFloor) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	if c.Person == "" || s.Floor != c.Person {
		return nil, refuseNoFloor()
	}
	return []EventBody{FloorStopped(c)}, nil
}
