package hearing

import (
	"fmt"
	"time"
)

// Events of locks. A lock closes the microphone of the device that serves the
// person and outlives floor and recess; only Unlock, or removal, ends it.
type (
	// MicrophoneLocked: the person's microphone is closed and stays closed.
	MicrophoneLocked struct {
		Person PersonID `json:"person"`
		By     PersonID `json:"by"`
	}
	// MicrophoneUnlocked: the floor opens the person's microphone again.
	MicrophoneUnlocked struct {
		Person PersonID `json:"person"`
	}
)

// Kind is the event's stable name.
func (MicrophoneLocked) Kind() string { return "microphone.locked" }

// Kind is the event's stable name.
func (MicrophoneUnlocked) Kind() string { return "microphone.unlocked" }

// Restricts is true: a microphone closes.
func (MicrophoneLocked) Restricts() bool { return true }

// Restricts is false: a microphone may open.
func (MicrophoneUnlocked) Restricts() bool { return false }

func (b MicrophoneLocked) apply(s *State, _ Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	if p.Status != InCourtroom || b.Person == s.presiding() || s.person(b.By) == nil {
		return fmt.Errorf("%w: lock", ErrImpossible)
	}
	p.LockedBy = b.By
	return nil
}

func (b MicrophoneUnlocked) apply(s *State, _ Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	if p.LockedBy == "" {
		return fmt.Errorf("%w: no lock", ErrImpossible)
	}
	p.LockedBy = ""
	if s.speaks(b.Person) {
		s.lowerHand(b.Person) // what was asked for is given
	}
	return nil
}

func (MuteLock) command() string { return "mute_lock" }

func (MuteLock) may(s *State, a Actor) *Refusal { return byHolder(s, a) }

// decide keeps the floor where it is: it is the presiding judge's to stop. The
// presiding judge may take over the clerk's lock, so that the clerk cannot undo it.
func (c MuteLock) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	p := s.person(c.Person)
	switch {
	case p == nil:
		return nil, refuseUnknownPerson()
	case c.Person == s.presiding():
		return nil, refusePresidingLock()
	case p.Status != InCourtroom:
		return nil, refuseNotInCourtroom()
	case p.LockedBy == s.presiding(), p.LockedBy == a.Person:
		return nil, refuseAlreadyLocked()
	case p.LockedBy != "" && a.Person != s.presiding():
		return nil, refuseAlreadyLocked()
	case s.sharesWithPresiding(c.Person):
		return nil, refuseSharesPresiding()
	}
	return []EventBody{MicrophoneLocked{Person: c.Person, By: a.Person}}, nil
}

func (Unlock) command() string { return "unlock" }

func (Unlock) may(s *State, a Actor) *Refusal { return byHolder(s, a) }

func (c Unlock) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	p := s.person(c.Person)
	switch {
	case p == nil:
		return nil, refuseUnknownPerson()
	case p.LockedBy == "":
		return nil, refuseNotLocked()
	case a.Person != s.presiding() && a.Person != p.LockedBy:
		return nil, refuseOthersLock()
	}
	return []EventBody{MicrophoneUnlocked(c)}, nil
}
