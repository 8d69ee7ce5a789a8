package hearing

import (
	"fmt"
	"slices"
	"time"
)

// AnnounceWithin is how long the record of an adjourned hearing stays open for the
// announcements at its component points (TTLT 05/2021 art. 14).
const AnnounceWithin = 30 * time.Minute

// Events of announcing a decision of the panel at the points.
type (
	// DecisionAnnounced: the suspension or adjournment was announced at the point.
	DecisionAnnounced struct {
		Point string `json:"point"`
	}
	// AnnouncementsMissed: at these points nobody noted in time that the adjournment
	// was announced. The record says so and is complete.
	AnnouncementsMissed struct {
		Points []string `json:"points"`
	}
)

// Kind is the event's stable name.
func (DecisionAnnounced) Kind() string { return "decision.announced" }

// Kind is the event's stable name.
func (AnnouncementsMissed) Kind() string { return "decision.unannounced" }

// Restricts is false: it is a note.
func (DecisionAnnounced) Restricts() bool { return false }

// Restricts is false: it is a note.
func (AnnouncementsMissed) Restricts() bool { return false }

// RecordComplete tells whether nothing that the record must hold can follow, so that
// the evidence log may end: the hearing is over, and its adjournment, if it is one,
// was announced at every component point or is noted as not announced. What may
// follow are checkpoints of the evidence log itself.
func RecordComplete(s *State) bool {
	return s != nil && s.Status.Over() && len(s.unannounced()) == 0
}

// unannounced are the component points at which the adjournment still has to be
// announced. At the central point the panel has said it itself.
func (s *State) unannounced() []string {
	if s.Status != Adjourned || s.Decision.Missed {
		return nil
	}
	var list []string
	for i := range s.Points {
		if s.Booking.Points[i].Kind == ComponentPoint && !s.Points[i].Announced {
			list = append(list, s.Points[i].ID)
		}
	}
	return list
}

// announces tells whether an announcement at the point can still be noted.
func (s *State) announces(point string) bool {
	return s.Status == Suspended || slices.Contains(s.unannounced(), point)
}

func (b DecisionAnnounced) apply(s *State, e Event) error {
	p := s.pointState(b.Point)
	if p == nil || p.Announced || s.point(b.Point).Kind != ComponentPoint || !s.announces(b.Point) {
		return fmt.Errorf("%w: announcement", ErrImpossible)
	}
	p.Announced = true
	s.noticePoint(b.Point, e)
	return nil
}

func (b AnnouncementsMissed) apply(s *State, e Event) error {
	if len(b.Points) == 0 || !slices.Equal(b.Points, s.unannounced()) {
		return fmt.Errorf("%w: missed announcements", ErrImpossible)
	}
	d := *s.Decision // shared with the state before
	d.Missed = true
	s.Decision = &d
	for _, p := range b.Points {
		s.noticePoint(p, e)
	}
	return nil
}

// missAnnouncements is what happens at the end of AnnounceWithin.
func missAnnouncements(s *State, _ int64) EventBody {
	return AnnouncementsMissed{Points: s.unannounced()}
}

func (Announced) command() string { return "announced" }

// may opens the one act that an adjournment leaves to do.
func (Announced) may(s *State, a Actor) *Refusal {
	if s.Status != Adjourned {
		return inOrder(s, a, bySupport)
	}
	if r := atDevice(s, a); r != nil {
		return r
	}
	return inOrder(s, a, supports)
}

func (c Announced) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	p := s.pointState(c.Point)
	switch {
	case p == nil:
		return nil, refuseUnknownPoint()
	case s.Status != Suspended && s.Status != Adjourned:
		return nil, refuseNothingToAnnounce()
	case !s.ofPoint(a, c.Point):
		return nil, refuseOtherPoint()
	case s.point(c.Point).Kind != ComponentPoint:
		return nil, refuseAnnouncedByPanel()
	case p.Announced:
		return nil, refuseAnnounced()
	case !s.announces(c.Point):
		return nil, refuseAnnouncedLate()
	}
	return []EventBody{DecisionAnnounced(c)}, nil
}
