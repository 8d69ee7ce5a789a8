package hearing

import "slices"

// phaseViews is the order of business: what is done, current, skipped, and still
// to come. What was passed without a word is an optional phase. After a return from
// deliberation the phases that follow are to come again.
func (s *State) phaseViews(reasons bool) []PhaseView {
	steps := s.Booking.Procedure.Steps()
	list := make([]PhaseView, len(steps))
	current := -1
	for i, step := range steps {
		list[i] = PhaseView{Phase: step.Phase, Mandatory: step.Mandatory}
		if step.Phase == s.Phase {
			current = i
		}
	}
	for i := range list[:max(current, 0)] {
		list[i].Status = "skipped"
		for _, p := range s.Phases { // the last time counts
			if p.Phase != list[i].Phase {
				continue
			}
			list[i].Status, list[i].SkipReason = "done", ""
			if p.SkipReason != "" {
				list[i].Status = "skipped"
				if reasons {
					list[i].SkipReason = p.SkipReason
				}
			}
		}
	}
	if current >= 0 {
		list[current].Status = "current"
	}
	if len(list) == 0 {
		return nil
	}
	return list
}

// viewRooms adds the private talks that the reader may know of: presiding judge
// and clerk of all, others of their own. Nobody knows what is said there. Whether
// one runs over its time is for clients to see: the rules have no clock.
func (s *State) viewRooms(v *View, r Reader, rank standing) {
	if rank < participant {
		return
	}
	for _, c := range s.Consults {
		if rank >= holder || s.together(r, c.has) {
			v.Consults = append(v.Consults, ConsultView{
				ID: c.ID, By: c.By, With: slices.Clone(c.With), Open: c.open(), Since: c.Since, Until: c.Until,
			})
		}
	}
}

// pointViews: everybody in the courtroom knows the points and their lights, the
// court and the officers of a point also its tests; outside, officers know theirs.
func (s *State) pointViews(rank standing, officer string) []PointView {
	var list []PointView
	for i := range s.Booking.Points {
		b := s.Booking.Points[i]
		full := rank >= ofCourt || officer == b.ID
		if rank < watcher && !full {
			continue
		}
		v := PointView{Point: b}
		if rank >= participant || full {
			v.Light, v.LostSince = s.light(b.ID)
		}
		if full && i < len(s.Points) {
			p := s.Points[i]
			v.Announced, v.Test, v.TestedAt = p.Announced, slices.Clone(p.Test), p.TestedAt
		}
		list = append(list, v)
	}
	return list
}

// light is a point's light: waiting until somebody there has checked in, then
// whether all of these are connected, some or none; and since when none.
func (s *State) light(point string) (light string, lostSince int64) {
	here, connected := 0, 0
	for i := range s.People {
		p := &s.People[i]
		seated := len(s.seats.of[p.ID]) > 0
		if s.Booking.People[i].Point != point || !seated || (p.Status != Waiting && p.Status != InCourtroom) {
			continue
		}
		here++
		lostSince = max(lostSince, p.LostSince)
		if s.connected(p.ID) {
			connected++
		}
	}
	switch {
	case here == 0:
		return "waiting", 0
	case connected == 0:
		return "lost", lostSince
	case connected < here:
		return "partial", 0
	default:
		return "ok", 0
	}
}

// holdView: the court knows a hold with its people and reason; others in the
// courtroom only that there is one. An officer knows who of their point has to be
// confirmed; outside of the courtroom of a hold that has begun only.
func (s *State) holdView(rank standing, officer string) *HoldView {
	h := s.Hold
	if h == nil || rank < participant && (officer == "" || h.Proposed) {
		return nil
	}
	v := &HoldView{Proposed: h.Proposed, Until: h.Deadline, Since: h.Since}
	if rank >= ofCourt {
		v.Cause, v.People, v.Reason = h.Cause, slices.Clone(h.People), h.Reason
	}
	for i := range s.People {
		p := &s.People[i]
		local := officer != "" && s.Booking.People[i].Point == officer
		if (rank >= ofCourt || local) && (p.RecheckIdentity || p.RecheckMedia) {
			v.Confirm = append(v.Confirm, ReturnView{Person: p.ID, Identity: !p.RecheckIdentity, Media: !p.RecheckMedia})
		}
	}
	return v
}

// decisionView is when and how the hearing goes on; why, for who may read it.
func (s *State) decisionView(reasons bool) *DecisionView {
	if s.Decision == nil {
		return nil
	}
	v := DecisionView{ReopenAt: s.Decision.ReopenAt, Form: s.Decision.Form}
	if reasons {
		v.Reason = s.Decision.Reason
	}
	return &v
}
