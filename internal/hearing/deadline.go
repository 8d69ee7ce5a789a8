package hearing

import (
	"time"
)

// due is a moment at which the state changes by itself, and what happens then.
type due struct {
	at int64 // UTC unix microseconds
	// events tells what is noted at the time now, which is not before at.
	events func(s *State, now int64) EventBody
}

// next is the earliest moment that the state waits for; false: none. Of equal
// ones a link that settles comes first: who is back is not held up for.
func (s *State) next() (due, bool) {
	var first due
	found := false
	offer := func(at int64, events func(*State, int64) EventBody) {
		if !found || at < first.at {
			first, found = due{at, events}, true
		}
	}
	if s.ordered() && !s.Status.Over() {
		policy := s.Booking.Policy
		for i := range s.People {
			if p := &s.People[i]; p.BackSince != 0 {
				offer(p.BackSince+policy.HoldSettle, settleLinks)
			}
		}
		if s.Check != nil {
			offer(s.Check.Until, endIdentityCheck)
		}
		switch {
		case s.Status != InSession:
		case s.Hold != nil:
			offer(s.Hold.Deadline, beginHold)
		default:
			for i := range s.People {
				if p := &s.People[i]; p.BackSince == 0 && s.waitsFor(i) {
					offer(p.LostSince+policy.HoldAfter, proposeHold)
				}
			}
		}
	}
	if len(s.unannounced()) > 0 {
		offer(s.Since+AnnounceWithin.Microseconds(), missAnnouncements)
	}
	if at, ok := s.lateAt(); ok {
		offer(at, func(*State, int64) EventBody { return BecameLate{} })
	}
	return first, found
}

// lateAt is when the hearing, or its reopened part, is announced as late.
func (s *State) lateAt() (int64, bool) {
	if s.Late || !s.Status.BeforeOpening() {
		return 0, false
	}
	at := s.Booking.StartsAt
	if s.Part > 1 && s.Decision != nil {
		at = s.Decision.ReopenAt
	}
	return at + s.Booking.LateAfter, true
}

func settleLinks(s *State, now int64) EventBody {
	var b LinksSettled
	for i := range s.People {
		if p := &s.People[i]; p.BackSince != 0 && p.BackSince+s.Booking.Policy.HoldSettle <= now {
			b.People = append(b.People, p.ID)
		}
	}
	return b
}

func proposeHold(s *State, now int64) EventBody {
	b := HoldProposed{Deadline: now + s.Booking.Policy.HoldCountdown}
	for i := range s.People {
		if p := &s.People[i]; s.waitsFor(i) && p.LostSince+s.Booking.Policy.HoldAfter <= now {
			b.People = append(b.People, p.ID)
		}
	}
	return b
}

func beginHold(s *State, _ int64) EventBody {
	return HoldBegun{Cause: causeLost, People: append([]PersonID(nil), s.Hold.People...)}
}

// NextDeadline is when a Tick is due; false when the state waits for nothing.
// It may lie in the past: of several moments that have passed each takes a Tick
// of its own, the earliest first.
func NextDeadline(s *State) (time.Time, bool) {
	if s == nil {
		return time.Time{}, false
	}
	d, ok := s.next()
	if !ok {
		return time.Time{}, false
	}
	return time.UnixMicro(d.at).UTC(), true
}

func (Tick) command() string { return "tick" }

func (Tick) may(_ *State, a Actor) *Refusal { return bySystem(a) }

func (Tick) decide(s *State, _ Actor, now time.Time) ([]EventBody, *Refusal) {
	d, ok := s.next()
	if !ok || now.Before(time.UnixMicro(d.at)) {
		return nil, nil
	}
	return []EventBody{d.events(s, now.UnixMicro())}, nil
}
