package hearing

import (
	"fmt"
	"slices"
	"time"

	"phientoa/internal/court"
)

// Causes of a technical hold.
const (
	causeLost  = "lost"
	causeAsked = "asked"
)

// What ConfirmReturn confirms.
const (
	returnIdentity = "identity"
	returnMedia    = "media"
)

// Events of lost links and of the technical hold.
type (
	// HoldProposed: people without whom the hearing cannot go on were lost for too
	// long. Unless the presiding judge goes on, the hold begins at Deadline.
	HoldProposed struct {
		People   []PersonID `json:"people"`
		Deadline int64      `json:"deadline"` // UTC unix microseconds
	}
	// HoldBegun: no media, nobody holds the floor. It has no legal effect.
	HoldBegun struct {
		Cause  string     `json:"cause"`
		People []PersonID `json:"people"`
		Reason string     `json:"reason"`
	}
	// KeptGoing: the presiding judge goes on without the people lost.
	KeptGoing struct {
		People []PersonID `json:"people"`
		Reason string     `json:"reason"`
	}
	// LinksSettled: the links of these people stood long enough to count as back.
	LinksSettled struct {
		People []PersonID `json:"people"`
	}
	// ReturnConfirmed: the same person is back (identity), seen and heard (media).
	ReturnConfirmed struct {
		Person PersonID `json:"person"`
		What   string   `json:"what"`
	}
)

// Kind is the event's stable name.
func (HoldProposed) Kind() string { return "hold.proposed" }

// Kind is the event's stable name.
func (HoldBegun) Kind() string { return "hold.begun" }

// Kind is the event's stable name.
func (KeptGoing) Kind() string { return "hold.kept_going" }

// Kind is the event's stable name.
func (LinksSettled) Kind() string { return "link.settled" }

// Kind is the event's stable name.
func (ReturnConfirmed) Kind() string { return "return.confirmed" }

// Restricts is false: it is a notice.
func (HoldProposed) Restricts() bool { return false }

// Restricts is true: media ends.
func (HoldBegun) Restricts() bool { return true }

// Restricts is false: media may flow again.
func (KeptGoing) Restricts() bool { return false }

// Restricts is false: it is a notice.
func (LinksSettled) Restricts() bool { return false }

// Restricts is false: the hearing may go on.
func (ReturnConfirmed) Restricts() bool { return false }

// needed tells whether the hearing cannot go on without the person: somebody
// booked as Required, or, when nobody is, whose presence the procedure asks for.
// The presiding judge is not among them: the clerk holds the room then. Nobody is
// while they are not in the courtroom or isolated.
func (s *State) needed(i int) bool {
	b, p := &s.Booking.People[i], &s.People[i]
	if p.Status != InCourtroom || p.Isolated || b.Capacity == court.PresidingJudge {
		return false
	}
	if s.seats.required {
		return b.Required
	}
	switch b.Capacity {
	case court.Defendant, court.Plaintiff, court.Respondent, court.Victim, court.DefenceCounsel, court.Procurator:
		return true
	default:
		return b.Capacity.OnPanel()
	}
}

// waitsFor tells whether the hearing waits for this person's link.
func (s *State) waitsFor(i int) bool {
	p := &s.People[i]
	return p.LostSince != 0 && !p.GoneOn && s.needed(i)
}

// lost are the people whom the hearing waits for, in the booking's order.
func (s *State) lost() []PersonID {
	var list []PersonID
	for i := range s.People {
		if s.waitsFor(i) {
			list = append(list, s.People[i].ID)
		}
	}
	return list
}

// followLink notes when somebody in the courtroom lost their last device, and
// when one came back. A return counts only once it settled (LinksSettled), so that
// a flapping link never begins its time anew.
func (s *State) followLink(p *PersonState, on bool, at int64) {
	switch {
	case !s.ordered():
	case on && p.LostSince != 0 && p.BackSince == 0:
		p.BackSince = at
	case on || s.connected(p.ID):
	case p.LostSince != 0:
		p.BackSince = 0
	case p.Status == InCourtroom && !s.booked(p.ID).Capacity.Watches():
		p.LostSince = at
		if s.Status == TechnicalHold && s.needed(s.seats.people[p.ID]) {
			p.RecheckIdentity, p.RecheckMedia = true, true
		}
	}
}

// tidyHold takes out of a proposed hold whom the hearing does not wait for any
// more, and drops the proposal with the last of them.
func (s *State) tidyHold() {
	if s.Hold == nil || !s.Hold.Proposed {
		return
	}
	s.Hold.People = slices.DeleteFunc(s.Hold.People, func(p PersonID) bool { return !s.waitsFor(s.seats.people[p]) })
	if len(s.Hold.People) == 0 {
		s.Hold = nil
	}
}

// mustPeople checks the list of an event: people of the hearing, at least one.
func (s *State) mustPeople(list []PersonID, ok func(i int) bool) error {
	for _, p := range list {
		if i, known := s.seats.people[p]; !known || !ok(i) {
			return fmt.Errorf("%w: people", ErrImpossible)
		}
	}
	return s.mustOrder(len(list) > 0)
}

func (b HoldProposed) apply(s *State, e Event) error {
	if err := s.mustPeople(b.People, s.waitsFor); err != nil {
		return err
	}
	if s.Status != InSession || s.Hold != nil || b.Deadline < e.At {
		return fmt.Errorf("%w: proposal of a hold", ErrImpossible)
	}
	s.Hold = &HoldState{Proposed: true, Since: e.At, Deadline: b.Deadline, Cause: causeLost, People: slices.Clone(b.People)}
	return nil
}

// apply has everybody confirmed again who is lost now: they return into a hearing
// that stood still.
func (b HoldBegun) apply(s *State, e Event) error {
	if err := s.mustOrder(!s.Deliberating); err != nil {
		return err
	}
	if b.Cause == causeLost && (s.Hold == nil || !s.Hold.Proposed) {
		return fmt.Errorf("%w: a hold that was not proposed", ErrImpossible)
	}
	if err := s.enter(TechnicalHold, e, InSession, InRecess); err != nil {
		return err
	}
	s.Hold = &HoldState{Since: e.At, Cause: b.Cause, People: slices.Clone(b.People), Reason: b.Reason}
	s.Floor, s.FloorSince, s.RecessReason = "", 0, ""
	for i := range s.People {
		if p := &s.People[i]; s.waitsFor(i) {
			p.RecheckIdentity, p.RecheckMedia = true, true
		}
	}
	return nil
}

func (b KeptGoing) apply(s *State, e Event) error {
	if err := s.mustOrder(s.Hold != nil); err != nil {
		return err
	}
	for _, id := range b.People {
		p := s.person(id)
		if p == nil || p.LostSince == 0 {
			return fmt.Errorf("%w: people", ErrImpossible)
		}
		p.GoneOn = true
	}
	s.Hold = nil
	if s.Status == TechnicalHold {
		s.Consults = nil
		return s.enter(InSession, e, TechnicalHold)
	}
	return nil
}

func (b LinksSettled) apply(s *State, e Event) error {
	if err := s.mustPeople(b.People, func(i int) bool { return s.People[i].BackSince != 0 }); err != nil {
		return err
	}
	for _, id := range b.People {
		p := s.person(id)
		p.LostSince, p.BackSince, p.GoneOn, p.Seq = 0, 0, false, e.Seq
	}
	return nil
}

func (b ReturnConfirmed) apply(s *State, e Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	switch {
	case b.What == returnIdentity && p.RecheckIdentity:
		p.RecheckIdentity = false
	case b.What == returnMedia && p.RecheckMedia:
		p.RecheckMedia = false
	default:
		return fmt.Errorf("%w: confirmation", ErrImpossible)
	}
	s.noticePoint(s.booked(b.Person).Point, e)
	return nil
}

func (HoldTechnical) command() string { return "hold_technical" }
func (KeepGoing) command() string     { return "keep_going" }
func (ConfirmReturn) command() string { return "confirm_return" }

func (HoldTechnical) may(s *State, a Actor) *Refusal { return inOrder(s, a, byHolder) }
func (KeepGoing) may(s *State, a Actor) *Refusal     { return inOrder(s, a, byPresiding) }
func (ConfirmReturn) may(s *State, a Actor) *Refusal { return inOrder(s, a, bySupport) }

func (c HoldTechnical) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	switch {
	case s.Status == TechnicalHold:
		return nil, refuseInHold()
	case s.Deliberating:
		return nil, refuseWhileDeliberating()
	case s.Status != InSession && s.Status != InRecess:
		return nil, refuseNotInSession()
	}
	why, r := reason(c.Reason)
	if r != nil {
		return nil, r
	}
	cause := causeAsked
	if s.Hold != nil {
		cause = causeLost
	}
	return []EventBody{HoldBegun{Cause: cause, People: s.lost(), Reason: why}}, nil
}

// decide goes on from a proposed hold as well as from one that began. The people
// lost are waited for again once they were back.
func (c KeepGoing) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	if s.Hold == nil {
		return nil, refuseNoHold()
	}
	why, r := neededReason(c.Reason)
	if r != nil {
		return nil, r
	}
	people := s.lost()
	if s.Hold.Proposed {
		people = slices.Clone(s.Hold.People)
	}
	return []EventBody{KeptGoing{People: people, Reason: why}}, nil
}

// decide wants the person connected: nobody confirms a picture that is not there.
// Papers that did not match are compared again first (NoteIdentity), by the clerk.
func (c ConfirmReturn) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	p := s.person(c.Person)
	switch {
	case p == nil:
		return nil, refuseUnknownPerson()
	case c.What != returnIdentity && c.What != returnMedia:
		return nil, refuseReturn()
	case c.What == returnIdentity && !s.ofPoint(a, s.booked(c.Person).Point):
		return nil, refuseOtherPoint()
	case c.What == returnMedia && s.booked(a.Person).Capacity != court.Clerk:
		return nil, refuseOnlyClerk()
	case c.What == returnIdentity && !p.RecheckIdentity, c.What == returnMedia && !p.RecheckMedia:
		return nil, refuseReturn()
	case !s.connected(c.Person):
		return nil, refuseStillAway()
	case c.What == returnIdentity && p.Mismatch != "":
		return nil, refuseMismatch()
	}
	return []EventBody{ReturnConfirmed(c)}, nil
}

// mayResumeHold tells what still bars going on after a technical hold.
func (s *State) mayResumeHold() *Refusal {
	var points []string
	unconfirmed := false
	for i := range s.People {
		p := &s.People[i]
		if s.waitsFor(i) {
			name := s.Booking.People[i].Point
			if point := s.point(name); point != nil {
				name = point.Name
			}
			if !slices.Contains(points, name) {
				points = append(points, name)
			}
		}
		unconfirmed = unconfirmed || p.LostSince == 0 && s.needed(i) && (p.RecheckIdentity || p.RecheckMedia)
	}
	switch {
	case len(points) > 0:
		return refuseStillLost(points)
	case unconfirmed:
		return refuseUnconfirmed()
	default:
		return nil
	}
}
