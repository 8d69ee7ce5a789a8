// Package hearingtest leads hearings of tests into the states that a hearing can be
// in, by lawful acts alone. Several suites sweep over these states.
package hearingtest

import (
	"fmt"
	"slices"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
)

// Stage is a state of a hearing as permissions see it: more than hearing.Status,
// since closed doors and deliberation are beside that.
type Stage string

// The stages.
const (
	Scheduled    Stage = "scheduled" // everybody has come, nothing is opened
	Open         Stage = "open"
	Recess       Stage = "recess"
	ClosedDoors  Stage = "closed_doors" // in session
	Deliberation Stage = "deliberation"
	Hold         Stage = "technical_hold"
	Suspended    Stage = "suspended"
	Adjourned    Stage = "adjourned"
	Closed       Stage = "closed"
)

// Stages are all of them.
func Stages() []Stage {
	return []Stage{Scheduled, Open, Recess, ClosedDoors, Deliberation, Hold, Suspended, Adjourned, Closed}
}

// Over tells whether the hearing has ended in this stage.
func (s Stage) Over() bool { return s == Adjourned || s == Closed }

// Act is a command and who gives it, at their first device that is no viewer; nobody:
// the system itself.
type Act struct {
	By      hearing.PersonID
	Command hearing.Command
}

// Params say how a hearing is led.
type Params struct {
	To  Stage
	Now time.Time // of every event
	// Outside never check in, Removed are sent out; called people and the public wait
	// as they do by law. Everybody else is in the courtroom.
	Outside, Removed []hearing.PersonID
	// Then is tried at the end; what the rules refuse is left out.
	Then []Act
}

// Lead returns the events that bring a hearing from right after its booking, state s,
// to the stage, and the state behind them. The hearing needs a procedure and a clerk.
func Lead(s *hearing.State, p Params) ([]hearing.Event, *hearing.State, error) {
	l := &leader{s: s, p: p}
	l.come()
	if p.To != Scheduled {
		l.open()
		l.stage()
	}
	if l.err != nil {
		return nil, nil, fmt.Errorf("lead to %s: %w", p.To, l.err)
	}
	for _, a := range p.Then {
		if l.give(a.By, a.Command); l.err != nil {
			l.err = nil
		}
	}
	return l.events, l.s, nil
}

// leader holds the first error; after it nothing more is given.
type leader struct {
	s      *hearing.State
	p      Params
	events []hearing.Event
	err    error
}

func (l *leader) of(c court.Capacity) hearing.PersonID {
	for _, p := range l.s.Booking.People {
		if p.Capacity == c {
			return p.ID
		}
	}
	return ""
}

func (l *leader) device(p hearing.PersonID) hearing.DeviceID {
	for _, d := range l.s.Booking.Devices {
		if d.Kind != hearing.Viewer && slices.Contains(d.People, p) {
			return d.ID
		}
	}
	return ""
}

func (l *leader) give(by hearing.PersonID, c hearing.Command) {
	if l.err != nil {
		return
	}
	actor := hearing.Actor{Person: by, Device: l.device(by), System: by == ""}
	bodies, ref := hearing.Decide(l.s, c, actor, l.p.Now)
	if ref != nil {
		l.err = fmt.Errorf("%T by %s: %w", c, by, ref)
		return
	}
	for _, b := range bodies {
		e := hearing.Event{Seq: l.s.Seq + 1, At: l.p.Now.UnixMicro(), Actor: actor, Body: b}
		next, err := hearing.Apply(l.s, e)
		if err != nil {
			l.err = err
			return
		}
		l.s, l.events = next, append(l.events, e)
	}
}

// come lets everybody check in, the holders of the room first, and admits them.
func (l *leader) come() {
	judge := l.of(court.PresidingJudge)
	for _, holders := range []bool{true, false} {
		for _, p := range l.s.Booking.People {
			if p.Capacity.HoldsRoom() != holders || l.device(p.ID) == "" || slices.Contains(l.p.Outside, p.ID) {
				continue
			}
			l.give(p.ID, hearing.CheckIn{RulesAccepted: true})
			if !holders && !p.Capacity.Called() {
				l.give(judge, hearing.Admit{Person: p.ID})
			}
		}
	}
	for _, p := range l.p.Removed {
		l.give(judge, hearing.Remove{Person: p, Reason: "gây rối"})
	}
}

func (l *leader) open() {
	judge, clerk := l.of(court.PresidingJudge), l.of(court.Clerk)
	l.give(clerk, hearing.RecordOpinion{Agrees: true, On: 1})
	l.give(clerk, hearing.RecordFacilities{OK: true})
	l.give(clerk, hearing.MarkReady{})
	l.give(judge, hearing.Open{OverrideReason: "thử"})
}

// stage leads an open hearing on.
func (l *leader) stage() {
	judge, clerk := l.of(court.PresidingJudge), l.of(court.Clerk)
	switch l.p.To {
	case Recess:
		l.give(judge, hearing.Recess{Reason: "nghỉ"})
	case ClosedDoors:
		l.give(judge, hearing.SetVisibility{To: hearing.ClosedDoors, Reason: "bí mật đời tư"})
	case Deliberation:
		for _, step := range l.s.Booking.Procedure.Steps()[1:] {
			if step.Phase == court.Deliberation {
				break
			}
			l.give(judge, hearing.NextPhase{Phase: step.Phase, SkipReason: "thử"})
		}
		l.give(judge, hearing.Deliberate{})
	case Hold:
		l.give(clerk, hearing.HoldTechnical{Reason: "tiếng vang"})
	case Suspended:
		l.give(judge, hearing.Suspend{Reason: "mất điện", ReopenAt: l.p.Now.Add(24 * time.Hour).UnixMicro()})
	case Adjourned:
		l.give(judge, hearing.Adjourn{Reason: "vắng mặt người làm chứng"})
	case Closed:
		l.give(judge, hearing.Close{})
	}
}
