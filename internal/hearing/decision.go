package hearing

import (
	"fmt"
	"time"
)

// Events of decisions about whether the hearing goes on.
type (
	// HearingSuspended (tạm ngừng): the panel's decision; no media until it is
	// reopened (BLTTHS art. 251, BLTTDS art. 259, TTLT 05/2021 art. 14).
	HearingSuspended struct {
		Reason   string `json:"reason"`
		ReopenAt int64  `json:"reopen_at"`
	}
	// HearingAdjourned (hoãn) is final: the case gets a new hearing, in Form
	// (BLTTHS art. 297, BLTTDS art. 233, TTLT 05/2021 art. 14).
	HearingAdjourned struct {
		Reason   string `json:"reason"`
		ReopenAt int64  `json:"reopen_at"` // 0: not known yet
		Form     Form   `json:"form"`
	}
	// HearingReopened: the suspended hearing prepares its next part.
	HearingReopened struct{}
	// HearingCancelled is final: it was not opened and will not be.
	HearingCancelled struct {
		Reason string `json:"reason"`
		// By is the account that cancelled it from the calendar; empty: the actor did.
		By string `json:"by,omitempty"`
		// MovedTo is the one hearing that is booked in its place; empty: none.
		MovedTo ID `json:"moved_to,omitempty"`
	}
	// PersonWarned: the presiding judge warned the person.
	PersonWarned struct {
		Person PersonID `json:"person"`
		Reason string   `json:"reason"`
	}
	// PersonAway: the person left their place, seen by people and not by the network.
	PersonAway struct {
		Person PersonID `json:"person"`
	}
	// PersonBack: the person is at their place again.
	PersonBack struct {
		Person PersonID `json:"person"`
	}
)

// Kind is the event's stable name.
func (HearingSuspended) Kind() string { return "hearing.suspended" }

// Kind is the event's stable name.
func (HearingAdjourned) Kind() string { return "hearing.adjourned" }

// Kind is the event's stable name.
func (HearingReopened) Kind() string { return "hearing.reopened" }

// Kind is the event's stable name.
func (HearingCancelled) Kind() string { return "hearing.cancelled" }

// Kind is the event's stable name.
func (PersonWarned) Kind() string { return "person.warned" }

// Kind is the event's stable name.
func (PersonAway) Kind() string { return "person.away" }

// Kind is the event's stable name.
func (PersonBack) Kind() string { return "person.back" }

// Restricts is true: media ends.
func (HearingSuspended) Restricts() bool { return true }

// Restricts is true: everything ends.
func (HearingAdjourned) Restricts() bool { return true }

// Restricts is false: the hearing may come to open again.
func (HearingReopened) Restricts() bool { return false }

// Restricts is true: everything ends.
func (HearingCancelled) Restricts() bool { return true }

// Restricts is false: it is a note.
func (PersonWarned) Restricts() bool { return false }

// Restricts is false: it is a note.
func (PersonAway) Restricts() bool { return false }

// Restricts is false: it is a note.
func (PersonBack) Restricts() bool { return false }

// standStill ends what flows in any room. Hands stay: who asked to speak before a
// suspension asked to speak.
func (s *State) standStill() {
	s.Floor, s.FloorSince, s.RecessReason, s.Standing = "", 0, "", ""
	s.Deliberating, s.Consults, s.Check = false, nil, nil
}

func (b HearingSuspended) apply(s *State, e Event) error {
	if err := s.mustOrder(true); err != nil {
		return err
	}
	if err := s.enter(Suspended, e, InSession, InRecess, TechnicalHold); err != nil {
		return err
	}
	s.standStill()
	s.Decision = &DecisionState{Reason: b.Reason, ReopenAt: b.ReopenAt}
	return nil
}

func (b HearingAdjourned) apply(s *State, e Event) error {
	if err := s.mustOrder(true); err != nil {
		return err
	}
	s.Hands = nil
	s.standStill()
	s.Decision = &DecisionState{Reason: b.Reason, ReopenAt: b.ReopenAt, Form: b.Form}
	for i := range s.Points {
		s.Points[i].Announced = false // of the suspension before it
	}
	return s.enter(Adjourned, e, s.Status)
}

// apply keeps points, seats, locks, visibility and the place in the order of
// business. What was found out about people and devices is of the day.
func (HearingReopened) apply(s *State, e Event) error {
	if err := s.enter(Preparing, e, Suspended); err != nil {
		return err
	}
	s.Part++
	s.Late, s.Check = false, nil
	for i := range s.Points {
		s.Points[i] = PointState{ID: s.Points[i].ID}
	}
	for i := range s.People {
		p := &s.People[i]
		p.Present, p.AbsentWhy, p.Identity, p.Mismatch, p.Away = "", "", "", "", false
		p.Test, p.TestedAt = nil, 0
		p.GoneOn, p.RecheckIdentity, p.RecheckMedia = false, false, false
	}
	return nil
}

func (b HearingCancelled) apply(s *State, e Event) error {
	if err := s.mustOrder(s.Part == 1); err != nil {
		return err
	}
	s.Hands = nil
	s.standStill()
	s.Decision = &DecisionState{Reason: b.Reason, MovedTo: b.MovedTo}
	return s.enter(Cancelled, e, Scheduled, Preparing, ReadyToOpen)
}

func (b PersonWarned) apply(s *State, e Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	p.Warnings, p.Seq = p.Warnings+1, e.Seq
	return nil
}

func (b PersonAway) apply(s *State, e Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	if p.Away || p.Status != InCourtroom {
		return fmt.Errorf("%w: away", ErrImpossible)
	}
	p.Away, p.Seq = true, e.Seq
	s.endCheckOf(b.Person)
	s.noticePoint(s.booked(b.Person).Point, e)
	return nil
}

func (b PersonBack) apply(s *State, e Event) error {
	p, err := s.mustPerson(b.Person)
	if err != nil {
		return err
	}
	if !p.Away {
		return fmt.Errorf("%w: not away", ErrImpossible)
	}
	p.Away, p.Seq = false, e.Seq
	s.noticePoint(s.booked(b.Person).Point, e)
	return nil
}

func (Suspend) command() string  { return "suspend" }
func (Adjourn) command() string  { return "adjourn" }
func (Reopen) command() string   { return "reopen" }
func (Cancel) command() string   { return "cancel" }
func (Warn) command() string     { return "warn" }
func (NoteAway) command() string { return "note_away" }
func (NoteBack) command() string { return "note_back" }

func (Suspend) may(s *State, a Actor) *Refusal  { return inOrder(s, a, byPresiding) }
func (Adjourn) may(s *State, a Actor) *Refusal  { return inOrder(s, a, byPresiding) }
func (Reopen) may(s *State, a Actor) *Refusal   { return inOrder(s, a, byHolder) }
func (Cancel) may(s *State, a Actor) *Refusal   { return inOrder(s, a, byHolder) }
func (Warn) may(s *State, a Actor) *Refusal     { return inOrder(s, a, byPresiding) }
func (NoteAway) may(s *State, a Actor) *Refusal { return inOrder(s, a, bySupport) }
func (NoteBack) may(s *State, a Actor) *Refusal { return inOrder(s, a, bySupport) }

func (c Suspend) decide(s *State, _ Actor, now time.Time) ([]EventBody, *Refusal) {
	switch s.Status {
	case InSession, InRecess, TechnicalHold:
	case Suspended:
		return nil, refuseSuspended()
	default:
		return nil, refuseNotOpened()
	}
	why, r := neededReason(c.Reason)
	if r != nil {
		return nil, r
	}
	days := s.Booking.Policy.SuspendMaxDays
	if !now.IsZero() && !liesAhead(c.ReopenAt, now, days) {
		return nil, refuseReopenDate(days)
	}
	return []EventBody{HearingSuspended{Reason: why, ReopenAt: c.ReopenAt}}, nil
}

// decide adjourns before the opening too, and a reopened hearing that fails again
// (TTLT 05/2021 art. 14): only what is over cannot be adjourned.
func (c Adjourn) decide(s *State, _ Actor, now time.Time) ([]EventBody, *Refusal) {
	why, r := neededReason(c.Reason)
	if r != nil {
		return nil, r
	}
	days := s.Booking.Policy.AdjournMaxDays
	if !now.IsZero() && c.ReopenAt != 0 && !liesAhead(c.ReopenAt, now, days) {
		return nil, refuseReopenDate(days)
	}
	if c.Form == "" {
		c.Form = s.Booking.Form
	}
	if !c.Form.valid() {
		return nil, refuseForm()
	}
	return []EventBody{HearingAdjourned{Reason: why, ReopenAt: c.ReopenAt, Form: c.Form}}, nil
}

// liesAhead tells whether at lies after now and at most so many days of 24 hours later.
func liesAhead(at int64, now time.Time, days int) bool {
	return at > now.UnixMicro() && at <= now.Add(time.Duration(days)*24*time.Hour).UnixMicro()
}

func (Reopen) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	if s.Status != Suspended {
		return nil, refuseNotSuspended()
	}
	return []EventBody{HearingReopened{}}, nil
}

func (c Cancel) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	if !s.Status.BeforeOpening() || s.Part > 1 {
		return nil, refuseAlreadyOpened()
	}
	why, r := neededReason(c.Reason)
	if r != nil {
		return nil, r
	}
	return []EventBody{HearingCancelled{Reason: why}}, nil
}

func (c Warn) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	p := s.person(c.Person)
	switch {
	case p == nil:
		return nil, refuseUnknownPerson()
	case c.Person == s.presiding():
		return nil, refusePresidingWarned()
	case p.Status != Waiting && p.Status != InCourtroom:
		return nil, refuseNotCheckedIn()
	}
	why, r := reason(c.Reason)
	if r != nil {
		return nil, r
	}
	return []EventBody{PersonWarned{Person: c.Person, Reason: why}}, nil
}

func (c NoteAway) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	p := s.person(c.Person)
	switch {
	case p == nil:
		return nil, refuseUnknownPerson()
	case !s.ofPoint(a, s.booked(c.Person).Point):
		return nil, refuseOtherPoint()
	case p.Status != InCourtroom:
		return nil, refuseNotInCourtroom()
	case p.Away:
		return nil, refuseAway()
	}
	return []EventBody{PersonAway(c)}, nil
}

func (c NoteBack) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	p := s.person(c.Person)
	switch {
	case p == nil:
		return nil, refuseUnknownPerson()
	case !s.ofPoint(a, s.booked(c.Person).Point):
		return nil, refuseOtherPoint()
	case !p.Away:
		return nil, refuseNotAway()
	}
	return []EventBody{PersonBack(c)}, nil
}

// neededReason is reason of a decision that stands in the minutes with one.
func neededReason(text string) (string, *Refusal) {
	why, r := reason(text)
	if r == nil && why == "" {
		r = refuseReasonNeeded()
	}
	return why, r
}
