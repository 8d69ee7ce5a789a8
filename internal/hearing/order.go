package hearing

import (
	"fmt"
	"slices"
	"time"

	"phientoa/internal/court"
)

// standingAll is State.Standing when everybody is asked to stand.
const standingAll = "all"

// Events of the order of business.
type (
	// PhaseEntered: the hearing is in the phase. SkipReason is why the phases
	// between were skipped; it is set whenever a mandatory one is among them.
	PhaseEntered struct {
		Phase      court.Phase `json:"phase"`
		SkipReason string      `json:"skip_reason"`
	}
	// AskedToStand: everybody ("all") or one person shall stand (BLTTHS art. 256).
	AskedToStand struct {
		Who string `json:"who"`
	}
	// AskedToSit: nobody has to stand any more.
	AskedToSit struct{}
	// VisibilitySet: the doors are closed, or open again (BLTTHS art. 327).
	VisibilitySet struct {
		To     Visibility `json:"to"`
		Reason string     `json:"reason"`
	}
)

// Kind is the event's stable name.
func (PhaseEntered) Kind() string { return "phase.entered" }

// Kind is the event's stable name.
func (AskedToStand) Kind() string { return "hearing.stand" }

// Kind is the event's stable name.
func (AskedToSit) Kind() string { return "hearing.sit" }

// Kind is the event's stable name.
func (VisibilitySet) Kind() string { return "visibility.set" }

// Restricts is false: it is a notice.
func (PhaseEntered) Restricts() bool { return false }

// Restricts is false: it is a notice.
func (AskedToStand) Restricts() bool { return false }

// Restricts is false: it is a notice.
func (AskedToSit) Restricts() bool { return false }

// Restricts is true for closing the doors.
func (b VisibilitySet) Restricts() bool { return b.To == ClosedDoors }

func (b PhaseEntered) apply(s *State, e Event) error {
	from, to := s.step(s.Phase), s.step(b.Phase)
	if s.Status != InSession || from < 0 || to <= from || b.SkipReason == "" && len(s.mandatoryBetween(from, to)) > 0 {
		return fmt.Errorf("%w: phase", ErrImpossible)
	}
	s.enterPhase(b.Phase, b.SkipReason, e.At)
	return nil
}

func (b AskedToStand) apply(s *State, _ Event) error {
	if err := s.mustOrder(b.Who == standingAll || s.person(PersonID(b.Who)) != nil); err != nil {
		return err
	}
	s.Standing = b.Who
	return nil
}

func (AskedToSit) apply(s *State, _ Event) error {
	if s.Standing == "" {
		return fmt.Errorf("%w: nobody stands", ErrImpossible)
	}
	s.Standing = ""
	return nil
}

func (b VisibilitySet) apply(s *State, e Event) error {
	if err := s.mustOrder((b.To == Public || b.To == ClosedDoors) && b.To != s.Visibility); err != nil {
		return err
	}
	s.Visibility, s.StatusSeq, s.MonitoringInside = b.To, e.Seq, nil
	return nil
}

// step is the phase's place in the procedure's order; -1: not in it.
func (s *State) step(p court.Phase) int {
	return slices.IndexFunc(s.Booking.Procedure.Steps(), func(x court.Step) bool { return x.Phase == p })
}

// mandatoryBetween are the mandatory phases that lie between two steps, both
// excluded: to go from one to the other skips them.
func (s *State) mandatoryBetween(from, to int) []court.Phase {
	var list []court.Phase
	steps := s.Booking.Procedure.Steps()
	for i := from + 1; i < to && i < len(steps); i++ {
		if steps[i].Mandatory {
			list = append(list, steps[i].Phase)
		}
	}
	return list
}

// enterPhase makes p the current phase. What lies between is noted as skipped
// when there is a reason to note; optional phases are passed without a word. The
// one defendant stands for the indictment, everybody for the judgment (BLTTHS
// art. 256); of several defendants the presiding judge asks each.
func (s *State) enterPhase(p court.Phase, skipReason string, at int64) {
	if from, to := s.step(s.Phase), s.step(p); from >= 0 && skipReason != "" {
		for _, x := range s.Booking.Procedure.Steps()[from+1 : max(to, from+1)] {
			s.Phases = append(s.Phases, PhaseState{Phase: x.Phase, At: at, SkipReason: skipReason})
		}
	}
	s.Phase = p
	s.Phases = append(s.Phases, PhaseState{Phase: p, At: at})
	switch p {
	case court.IndictmentReading:
		s.Standing = string(s.onlyDefendant())
	case court.Pronouncement:
		s.Standing = standingAll
	default:
		s.Standing = ""
	}
}

// onlyDefendant is the one defendant in the courtroom, "" when none or several.
func (s *State) onlyDefendant() PersonID {
	var found PersonID
	for i := range s.People {
		if s.Booking.People[i].Capacity != court.Defendant || s.People[i].Status != InCourtroom {
			continue
		}
		if found != "" {
			return ""
		}
		found = s.People[i].ID
	}
	return found
}

func (NextPhase) command() string     { return "next_phase" }
func (Stand) command() string         { return "stand" }
func (Sit) command() string           { return "sit" }
func (SetVisibility) command() string { return "set_visibility" }

func (NextPhase) may(s *State, a Actor) *Refusal     { return inOrder(s, a, byPresiding) }
func (Stand) may(s *State, a Actor) *Refusal         { return inOrder(s, a, byHolder) }
func (Sit) may(s *State, a Actor) *Refusal           { return inOrder(s, a, byHolder) }
func (SetVisibility) may(s *State, a Actor) *Refusal { return inOrder(s, a, byPresiding) }

// decide goes forward only, and never into or past the deliberation: Deliberate
// and EndDeliberation do that, and lead back to questioning or debate. After
// going back, the phases that follow are gone through again, or skipped with a
// reason (BLTTHS art. 326).
func (c NextPhase) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	from, to := s.step(s.Phase), s.step(c.Phase)
	switch {
	case s.Status != InSession:
		return nil, refuseNotInSession()
	case to < 0 || from < 0:
		return nil, refuseUnknownPhase()
	case to == from:
		return nil, refuseSamePhase()
	case to < from:
		return nil, refusePhaseBack()
	case to >= s.step(court.Deliberation) && from <= s.step(court.Deliberation):
		return nil, refuseDeliberateFirst()
	case slices.ContainsFunc(s.People, func(p PersonState) bool { return p.Unbriefed }):
		return nil, refuseUnbriefed()
	}
	why, r := reason(c.SkipReason)
	if r != nil {
		return nil, r
	}
	if to == from+1 {
		why = "" // nothing is skipped
	}
	if why == "" && len(s.mandatoryBetween(from, to)) > 0 {
		return nil, refuseMandatoryPhase()
	}
	return []EventBody{PhaseEntered{Phase: c.Phase, SkipReason: why}}, nil
}

func (c Stand) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	who := standingAll
	if c.Person != "" {
		who = string(c.Person)
	}
	switch p := s.person(c.Person); {
	case s.Status != InSession:
		return nil, refuseNotInSession()
	case c.Person != "" && p == nil:
		return nil, refuseUnknownPerson()
	case p != nil && p.Status != InCourtroom:
		return nil, refuseNotInCourtroom()
	case s.Standing == who:
		return nil, refuseStands()
	}
	return []EventBody{AskedToStand{Who: who}}, nil
}

func (Sit) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	if s.Standing == "" {
		return nil, refuseNobodyStands()
	}
	return []EventBody{AskedToSit{}}, nil
}

// decide lets the doors be closed at any time before the end: whoever may follow
// is known before the first picture flows.
func (c SetVisibility) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	switch {
	case c.To != Public && c.To != ClosedDoors:
		return nil, refuseVisibility()
	case c.To == s.Visibility:
		return nil, refuseSameVisibility()
	}
	why, r := reason(c.Reason)
	if r != nil {
		return nil, r
	}
	return []EventBody{VisibilitySet{To: c.To, Reason: why}}, nil
}
