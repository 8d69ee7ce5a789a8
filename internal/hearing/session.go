package hearing

import (
	"fmt"
	"time"
)

// Events of the hearing's own course.
type (
	// Opened: the hearing is in session. OverrideReason is set when it was opened
	// without a running recorder.
	Opened struct {
		OverrideReason string `json:"override_reason"`
	}
	// Recessed: a break; no media, nobody holds the floor.
	Recessed struct {
		Reason string `json:"reason"`
	}
	// WentOn: in session again after a recess or a technical hold.
	WentOn struct{}
	// HearingClosed is final.
	HearingClosed struct{}
	// BecameLate: the hearing should have opened and did not.
	BecameLate struct{}
)

// Kind is the event's stable name.
func (Opened) Kind() string { return "hearing.opened" }

// Kind is the event's stable name.
func (Recessed) Kind() string { return "hearing.recessed" }

// Kind is the event's stable name.
func (WentOn) Kind() string { return "hearing.resumed" }

// Kind is the event's stable name.
func (HearingClosed) Kind() string { return "hearing.closed" }

// Kind is the event's stable name.
func (BecameLate) Kind() string { return "hearing.late" }

// Restricts is false: media begins to flow.
func (Opened) Restricts() bool { return false }

// Restricts is true: media ends.
func (Recessed) Restricts() bool { return true }

// Restricts is false: media flows again.
func (WentOn) Restricts() bool { return false }

// Restricts is true: everything ends.
func (HearingClosed) Restricts() bool { return true }

// Restricts is false: it is a notice, which can wait for the log.
func (BecameLate) Restricts() bool { return false }

// apply begins the order of business, or goes on with it in the next part. A link
// lost before the opening counts from the opening.
func (b Opened) apply(s *State, e Event) error {
	if err := s.enter(InSession, e, Scheduled, Preparing, ReadyToOpen); err != nil {
		return err
	}
	s.OverrideReason, s.Late, s.Consults, s.Decision = b.OverrideReason, false, nil, nil
	if s.OpenedAt == 0 {
		s.OpenedAt = e.At
	}
	for i := range s.People {
		if p := &s.People[i]; p.LostSince != 0 {
			p.LostSince = e.At
		}
	}
	if steps := s.Booking.Procedure.Steps(); len(steps) > 0 && s.Phase == "" {
		s.enterPhase(steps[0].Phase, "", e.At)
	}
	return nil
}

// apply takes the floor: after a break nobody's microphone opens without a
// fresh word of the presiding judge. Hands and locks stay.
func (b Recessed) apply(s *State, e Event) error {
	if err := s.enter(InRecess, e, InSession); err != nil {
		return err
	}
	s.RecessReason, s.Floor, s.FloorSince = b.Reason, "", 0
	return nil
}

// apply ends every private talk: the courtroom wants its people back.
func (WentOn) apply(s *State, e Event) error {
	if s.deliberating() {
		return fmt.Errorf("%w: going on while the panel deliberates", ErrImpossible)
	}
	s.RecessReason, s.Consults = "", nil
	return s.enter(InSession, e, InRecess, TechnicalHold)
}

func (HearingClosed) apply(s *State, e Event) error {
	s.Hands = nil
	s.standStill()
	return s.enter(Closed, e, InSession, InRecess)
}

func (BecameLate) apply(s *State, e Event) error {
	if !s.Status.BeforeOpening() || s.Late {
		return fmt.Errorf("%w: late", ErrImpossible)
	}
	s.Late, s.StatusSeq = true, e.Seq
	return nil
}

func (Open) command() string { return "open" }

func (Open) may(s *State, a Actor) *Refusal { return byPresiding(s, a) }

// decide wants the hearing ready where the policy says so, without exception: the
// conditions can be fulfilled, or the case be heard in another form. It wants the
// recorder running (domain 0.7: recording is the rule) with room for the booked
// length (8b), or a reason that stands in the log.
func (c Open) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	switch {
	case s.Status == Suspended:
		return nil, refuseSuspended()
	case !s.Status.BeforeOpening():
		return nil, refuseAlreadyOpened()
	case s.ordered() && s.Booking.Policy.RequireReady && s.Status != ReadyToOpen:
		return nil, refuseMarkReadyFirst()
	}
	barred := s.openBarred()
	if barred == nil {
		return []EventBody{Opened{}}, nil
	}
	why, r := reason(c.OverrideReason)
	switch {
	case r != nil:
		return nil, r
	case why == "":
		return nil, barred
	}
	return []EventBody{Opened{OverrideReason: why}}, nil
}

// openBarred is what Open is refused with until a reason is stated; nil when it needs
// none. Decision and view share it, so that the desk asks for what the rules want.
func (s *State) openBarred() *Refusal {
	switch {
	case !s.Recorder.On:
		return refuseNotRecording()
	case s.recordingShort():
		return refuseRecordingShort(shownMinutes(s.Left.Minutes), s.Booking.Minutes)
	}
	return nil
}

func (Recess) command() string { return "recess" }

// may lets the clerk, as the second holder of the room, call a recess while the
// presiding judge's link is lost (J5.6).
func (Recess) may(s *State, a Actor) *Refusal {
	if s.judgeLost() && byClerk(s, a) == nil {
		return nil
	}
	return byPresiding(s, a)
}

// judgeLost tells whether the presiding judge's last device is known to be gone.
func (s *State) judgeLost() bool {
	p := s.person(s.presiding())
	return p != nil && p.LostSince != 0 && !s.connected(p.ID)
}

func (c Recess) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	if s.Status != InSession {
		return nil, refuseNotInSession()
	}
	why, r := reason(c.Reason)
	if r != nil {
		return nil, r
	}
	return []EventBody{Recessed{Reason: why}}, nil
}

func (Resume) command() string { return "resume" }

func (Resume) may(s *State, a Actor) *Refusal { return byPresiding(s, a) }

func (Resume) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	switch {
	case s.Deliberating:
		return nil, refuseWhileDeliberating()
	case s.Status == TechnicalHold:
		if r := s.mayResumeHold(); r != nil {
			return nil, r
		}
	case s.Status != InRecess:
		return nil, refuseNotInRecess()
	}
	return []EventBody{WentOn{}}, nil
}

func (Close) command() string { return "close" }

func (Close) may(s *State, a Actor) *Refusal { return byPresiding(s, a) }

func (Close) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	if s.Status != InSession && s.Status != InRecess {
		return nil, refuseNotOpened()
	}
	if s.Deliberating {
		return nil, refuseWhileDeliberating()
	}
	return []EventBody{HearingClosed{}}, nil
}
