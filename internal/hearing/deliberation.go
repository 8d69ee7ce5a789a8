package hearing

import (
	"fmt"
	"slices"
	"time"

	"phientoa/internal/court"
)

// Events of deliberation (nghị án; BLTTHS art. 326): secret, never recorded.
type (
	// DeliberationBegan: the panel is in the deliberation room, everybody else in
	// recess, and nobody holds the floor.
	DeliberationBegan struct{}
	// DeliberationEnded: in session again, at Phase; empty without a procedure.
	DeliberationEnded struct {
		Phase court.Phase `json:"phase"`
	}
)

// Kind is the event's stable name.
func (DeliberationBegan) Kind() string { return "deliberation.began" }

// Kind is the event's stable name.
func (DeliberationEnded) Kind() string { return "deliberation.ended" }

// Restricts is false: the courtroom's media ends, but the panel's room opens, and
// what opens waits for the log. A recess ends media at once.
func (DeliberationBegan) Restricts() bool { return false }

// Restricts is false: the courtroom's media flows again.
func (DeliberationEnded) Restricts() bool { return false }

func (DeliberationBegan) apply(s *State, e Event) error {
	if err := s.enter(InRecess, e, InSession); err != nil {
		return err
	}
	s.Deliberating, s.RecessReason, s.Standing = true, "", ""
	s.Floor, s.FloorSince = "", 0
	if s.Booking.Procedure != "" {
		s.enterPhase(court.Deliberation, "", e.At)
	}
	return nil
}

func (b DeliberationEnded) apply(s *State, e Event) error {
	if !s.deliberating() || !s.followsDeliberation(b.Phase) {
		return fmt.Errorf("%w: end of deliberation", ErrImpossible)
	}
	if err := s.enter(InSession, e, InRecess); err != nil {
		return err
	}
	if b.Phase != "" {
		s.enterPhase(b.Phase, "", e.At)
	}
	return nil
}

// followsDeliberation: to the judgment, or back to questioning or debate
// (BLTTHS art. 325, 326). Without a procedure there is no phase to go to.
func (s *State) followsDeliberation(p court.Phase) bool {
	if s.Booking.Procedure == "" {
		return p == ""
	}
	return p == court.Pronouncement || p == court.Questioning || p == court.Debate
}

// readyToDeliberate tells whether no mandatory phase lies between the current one
// and deliberation. Phases go forward only, so those before were held or skipped;
// after a return from deliberation they are gone through again (BLTTHS art. 325).
func (s *State) readyToDeliberate() bool {
	if s.Booking.Procedure == "" {
		return true
	}
	begun := false
	for _, step := range s.Booking.Procedure.Steps() {
		switch {
		case step.Phase == s.Phase:
			begun = true
		case step.Phase == court.Deliberation:
			return begun
		case begun && step.Mandatory:
			return false
		}
	}
	return false
}

// anyUnbriefed: somebody came back from isolation and was not told yet what was said.
func (s *State) anyUnbriefed() bool {
	return slices.ContainsFunc(s.People, func(p PersonState) bool { return p.Unbriefed })
}

func (Deliberate) command() string { return "deliberate" }

func (Deliberate) may(s *State, a Actor) *Refusal { return byPresiding(s, a) }

func (Deliberate) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	switch {
	case s.Status != InSession:
		return nil, refuseNotInSession()
	case s.anyUnbriefed():
		return nil, refuseUnbriefed()
	case !s.readyToDeliberate():
		return nil, refusePhaseFirst()
	}
	return []EventBody{DeliberationBegan{}}, nil
}

func (EndDeliberation) command() string { return "end_deliberation" }

func (EndDeliberation) may(s *State, a Actor) *Refusal { return byPresiding(s, a) }

// decide ignores the phase where the hearing has no order of business.
func (c EndDeliberation) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	if !s.deliberating() {
		return nil, refuseNotDeliberating()
	}
	if s.Booking.Procedure == "" {
		c.Phase = ""
	}
	if !s.followsDeliberation(c.Phase) {
		return nil, refusePhaseAfterDeliberation()
	}
	return []EventBody{DeliberationEnded(c)}, nil
}
