package hearing

import (
	"errors"
	"fmt"
)

// Errors of Apply. They mean that the log is not this hearing's, or damaged.
var (
	// ErrOutOfOrder: the event is not the next one of this state.
	ErrOutOfOrder = errors.New("hearing: event out of order")
	// ErrImpossible: no decision of the rules leads from this state to this event.
	ErrImpossible = errors.New("hearing: impossible event")
)

// body is what every event body of this package can do to a state. s is a fresh
// copy; an error discards it.
type body interface {
	EventBody
	apply(s *State, e Event) error
}

// Apply returns the state after e; s (nil before Book) is never changed. On an
// error there is no new state.
func Apply(s *State, e Event) (*State, error) {
	b, ok := e.Body.(body)
	if !ok {
		return nil, fmt.Errorf("%w: body %T", ErrImpossible, e.Body)
	}
	var seq uint64
	if s != nil {
		seq = s.Seq
	}
	if e.Seq != seq+1 {
		return nil, fmt.Errorf("%w: sequence %d after %d", ErrOutOfOrder, e.Seq, seq)
	}
	booked, books := b.(Booked)
	if books != (s == nil) {
		return nil, fmt.Errorf("%w: %s at sequence %d", ErrImpossible, b.Kind(), e.Seq)
	}
	if books {
		return newState(booked.Booking, e)
	}
	n := s.clone()
	if err := b.apply(n, e); err != nil {
		return nil, fmt.Errorf("event %d (%s): %w", e.Seq, b.Kind(), err)
	}
	n.tidyHold()
	n.Seq = e.Seq
	n.tidyRooms()
	n.tidyExhibit(s.doorsClosed())
	n.tidyCheck(s.Check)
	return n, nil
}

// Replay applies events one after the other, beginning before Book.
func Replay(events []Event) (*State, error) {
	var s *State
	for _, e := range events {
		var err error
		if s, err = Apply(s, e); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// mustPerson finds a person that an event is about.
func (s *State) mustPerson(id PersonID) (*PersonState, error) {
	p := s.person(id)
	if p == nil {
		return nil, fmt.Errorf("%w: unknown person", ErrImpossible)
	}
	return p, nil
}

// enter puts the hearing into a status from one of the given ones. A technical
// hold, proposed or begun, does not outlive a change of status.
func (s *State) enter(to Status, e Event, from ...Status) error {
	for _, f := range from {
		if s.Status == f {
			s.Status, s.Since, s.StatusSeq, s.Hold = to, e.At, e.Seq, nil
			return nil
		}
	}
	return fmt.Errorf("%w: %s from %s", ErrImpossible, to, s.Status)
}
