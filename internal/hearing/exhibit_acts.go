package hearing

import (
	"slices"
	"time"
)

func (OfferExhibit) command() string    { return "offer_exhibit" }
func (AdmitExhibit) command() string    { return "admit_exhibit" }
func (RefuseExhibit) command() string   { return "refuse_exhibit" }
func (WithdrawExhibit) command() string { return "withdraw_exhibit" }
func (ShowExhibit) command() string     { return "show_exhibit" }
func (StopExhibit) command() string     { return "stop_exhibit" }

func (OfferExhibit) may(s *State, a Actor) *Refusal {
	if r := inCourtroom(s, a); r != nil {
		return r
	}
	if !offersExhibits(s.booked(a.Person).Capacity) {
		return refuseNotForExhibits()
	}
	return nil
}

func (AdmitExhibit) may(s *State, a Actor) *Refusal    { return byHolder(s, a) }
func (RefuseExhibit) may(s *State, a Actor) *Refusal   { return byHolder(s, a) }
func (WithdrawExhibit) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }
func (StopExhibit) may(s *State, a Actor) *Refusal     { return inCourtroom(s, a) }

// may tells who has not the floor nothing about any document.
func (ShowExhibit) may(s *State, a Actor) *Refusal {
	if r := inCourtroom(s, a); r != nil {
		return r
	}
	if s.Floor != a.Person && !s.booked(a.Person).Capacity.HoldsRoom() {
		return refuseExhibitFloor()
	}
	return nil
}

// decide takes an offer at any time before the end: the court decides when it is shown.
func (c OfferExhibit) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	b := ExhibitOffered{
		Exhibit: len(s.Exhibits) + 1, By: a.Person, Name: exhibitName(c.Name),
		Type: c.Type, Bytes: c.Bytes, Pages: c.Pages, SHA256: c.SHA256,
	}
	if r := b.valid(); r != nil {
		return nil, r
	}
	waiting := 0
	for i := range s.Exhibits {
		x := &s.Exhibits[i]
		if x.By != a.Person {
			continue
		}
		if x.SHA256 == c.SHA256 && (x.Status == ExhibitOffers || x.Status == ExhibitIn) {
			return nil, refuseExhibitTwice()
		}
		if x.Status == ExhibitOffers {
			waiting++
		}
	}
	if waiting >= MaxOffers || len(s.Exhibits) >= MaxExhibits {
		return nil, refuseTooManyExhibits()
	}
	return []EventBody{b}, nil
}

// decide: the clerk admits by order of the presiding judge; the log says who did.
func (c AdmitExhibit) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	x, r := s.undecided(c.Exhibit, a)
	if r != nil {
		return nil, r
	}
	return []EventBody{ExhibitAdmitted{Exhibit: x.No, SHA256: x.SHA256}}, nil
}

func (c RefuseExhibit) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	x, r := s.undecided(c.Exhibit, a)
	if r != nil {
		return nil, r
	}
	why, r := reason(c.Reason)
	switch {
	case r != nil:
		return nil, r
	case why == "":
		return nil, refuseReasonNeeded()
	}
	return []EventBody{ExhibitRefused{Exhibit: x.No, Reason: why}}, nil
}

// exhibitOn is the exhibit if the actor's screen tells of it, and all before it may know;
// otherwise nil, as if there were none.
func (s *State) exhibitOn(a Actor, no int) *ExhibitState {
	x := s.exhibit(no)
	if x == nil || !s.together(Reader{Person: a.Person, Device: a.Device}, func(p PersonID) bool { return s.knowsExhibit(x, p) }) {
		return nil
	}
	return x
}

// undecided finds an exhibit that waits for the court's word.
func (s *State) undecided(no int, a Actor) (*ExhibitState, *Refusal) {
	switch x := s.exhibitOn(a, no); {
	case x == nil:
		return nil, refuseUnknownExhibit()
	case x.Status != ExhibitOffers:
		return nil, refuseExhibitDecided()
	default:
		return x, nil
	}
}

// decide tells nobody else that there is such an exhibit.
func (c WithdrawExhibit) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	switch x := s.exhibitOn(a, c.Exhibit); {
	case x == nil || x.By != a.Person:
		return nil, refuseUnknownExhibit()
	case x.Status != ExhibitOffers:
		return nil, refuseExhibitDecided()
	}
	return []EventBody{ExhibitWithdrawn(c)}, nil
}

// decide lets presiding judge and clerk show anything that was admitted, and who
// offered it while they have the floor. Whoever may show turns the pages.
func (c ShowExhibit) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	x := s.exhibitOn(a, c.Exhibit)
	if x == nil {
		return nil, refuseUnknownExhibit()
	}
	on := s.shown(x)
	switch {
	case s.Status != InSession:
		return nil, refuseNotInSession()
	case x.Status != ExhibitIn:
		return nil, refuseExhibitNotAdmitted()
	case x.By != a.Person && !s.booked(a.Person).Capacity.HoldsRoom():
		return nil, refuseExhibitFloor()
	case !on && s.Showing != nil && !s.booked(a.Person).Capacity.HoldsRoom():
		return nil, refuseExhibitOn()
	case c.Page < 1 || c.Page > x.Pages:
		return nil, refuseExhibitPage()
	case on && s.Showing.Page == c.Page:
		return nil, refuseExhibitPageShown()
	case on:
		return []EventBody{ExhibitTurned(c)}, nil
	}
	return []EventBody{ExhibitPresented{Exhibit: x.No, Page: c.Page, SHA256: x.SHA256}}, nil
}

// decide lets who offered it stop at any time, with the floor or without.
func (StopExhibit) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	if s.Showing == nil {
		return nil, refuseNothingShown()
	}
	x := s.exhibit(s.Showing.Exhibit)
	if x.By != a.Person && !s.booked(a.Person).Capacity.HoldsRoom() {
		return nil, refuseExhibitFloor()
	}
	return []EventBody{ExhibitStopped{Exhibit: x.No}}, nil
}

// exhibitViews adds the exhibits that the reader may know of, and what is shown. What
// the public reads is the same for all of them: that a public exhibit is shown.
func (s *State) exhibitViews(v *View, r Reader, rank standing) {
	if rank < watcher || len(s.Exhibits) == 0 {
		return
	}
	for i := range s.Exhibits {
		x := &s.Exhibits[i]
		switch on := s.shown(x); {
		case r.System:
		case rank == watcher && (!on || x.Closed):
			continue
		case rank >= participant && s.exhibitOn(Actor{Person: r.Person, Device: r.Device}, x.No) == nil:
			continue
		}
		e := ExhibitView{
			No: x.No, By: x.By, Name: x.Name, Type: x.Type, Bytes: x.Bytes, Pages: x.Pages, SHA256: x.SHA256,
			Status: x.Status, Reason: x.Reason,
			// The public is shown pages, and a file has all of them. A PDF's count is
			// the offerer's word alone; a picture is one page by its type.
			Opens: rank > watcher || x.Type != "application/pdf",
		}
		if !r.System && rank >= participant {
			_, refused := Decide(s, ShowExhibit{Exhibit: x.No, Page: s.otherPage(x)}, Actor{Person: r.Person, Device: r.Device}, time.Time{})
			e.Showable = refused == nil
		}
		v.Exhibits = append(v.Exhibits, e)
	}
	if s.Showing != nil && slices.ContainsFunc(v.Exhibits, func(e ExhibitView) bool { return e.No == s.Showing.Exhibit }) {
		v.Showing = &ShowingView{Exhibit: s.Showing.Exhibit, Page: s.Showing.Page, Since: s.Showing.Since}
	}
}

// otherPage is a page of the exhibit that is not the one shown, where it has one.
func (s *State) otherPage(x *ExhibitState) int {
	if s.shown(x) && s.Showing.Page == 1 {
		return min(2, x.Pages)
	}
	return 1
}
