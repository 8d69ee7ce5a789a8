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
	// WentOn: in session again after a recess.
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

func (b Opened) apply(s *State, e Event) error {
	if err := s.enter(InSession, e, Scheduled); err != nil {
		return err
	}
	s.OpenedAt, s.OverrideReason, s.Late = e.At, b.OverrideReason, false
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

func (WentOn) apply(s *State, e Event) error {
	if s.deliberating() {
		return fmt.Errorf("%w: resumption while deliberating", ErrImpossible)
	}
	s.RecessReason = ""
	return s.enter(InSession, e, InRecess)
}

func (HearingClosed) apply(s *State, e Event) error {
	s.Floor, s.FloorSince, s.Hands, s.RecessReason = "", 0, nil, ""
	return s.enter(Closed, e, InSession, InRecess)
}

func (BecameLate) apply(s *State, e Event) error {
	if s.Status != Scheduled || s.Late {
		return fmt.Errorf("%w: late", ErrImpossible)
	}
	s.Late, s.StatusSeq = true, e.Seq
	return nil
}

func (Open) command() string { return "open" }

func (Open) may(s *State, a Actor) *Refusal { return byPresiding(s, a) }

// decide wants the recorder running (domain 0.7: recording is the rule) or a
// reason that stands in the log.
func (c Open) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	if s.Status != Scheduled {
		return nil, refuseAlreadyOpened()
	}
	if s.Recorder.On {
		return []EventBody{Opened{}}, nil
	}
	why, r := reason(c.OverrideReason)
	if r != nil {
		return nil, r
	}
	if why == "" {
		return nil, refuseNotRecording()
	}
	return []EventBody{Opened{OverrideReason: why}}, nil
}

func (Recess) command() string { return "recess" }

func (Recess) may(s *State, a Actor) *Refusal { return byPresiding(s, a) }

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
	if s.Status != InRecess {
		return nil, refuseNotInRecess()
	}
	if s.deliberating() {
		return nil, refuseWhileDeliberating()
	}
	return []EventBody{WentOn{}}, nil
}

func (Close) command() string { return "close" }

func (Close) may(s *State, a Actor) *Refusal { return byPresiding(s, a) }

func (Close) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	if s.Status != InSession && s.Status != InRecess {
		return nil, refuseNotOpened()
	}
	return []EventBody{HearingClosed{}}, nil
}

// NextDeadline is when a Tick is due; false when the state waits for nothing.
// It may lie in the past.
func NextDeadline(s *State) (time.Time, bool) {
	if s == nil || s.Status != Scheduled || s.Late {
		return time.Time{}, false
	}
	return time.UnixMicro(s.Booking.StartsAt + s.Booking.LateAfter).UTC(), true
}

func (Tick) command() string { return "tick" }

func (Tick) may(_ *State, a Actor) *Refusal { return bySystem(a) }

func (Tick) decide(s *State, _ Actor, now time.Time) ([]EventBody, *Refusal) {
	if due, ok := NextDeadline(s); !ok || now.Before(due) {
		return nil, nil
	}
	return []EventBody{BecameLate{}}, nil
}
