package hearing

import (
	"slices"
	"strings"
	"time"

	"phientoa/internal/court"
)

// acts are the names of the commands that the reader could give now about themselves,
// somebody, a private talk or an exhibit known to them, in the order of wire's Command. It asks the rules
// themselves; about nobody else, since the answer would tell of them. Most readers
// are parties and the public: they are asked only about what somebody of their
// capacity may ever do (a law holds this against asking everybody everything).
func acts(s *State, r Reader, v *View) []string {
	d, c := s.device(r.Device), s.booked(r.Person).Capacity
	if d.Kind == Viewer {
		return nil
	}
	q := asker{s: s, a: Actor{Person: r.Person, Device: r.Device}}
	q.holds, q.supports, q.counsels = c.HoldsRoom(), c.Officers() || c == court.Clerk, c.Counsels()
	if q.holds || q.supports || q.counsels {
		q.meet(d.People, v.People)
	}
	q.floor()
	q.preparation()
	q.course()
	q.rooms(v.Consults)
	q.exhibits(v.Exhibits)
	return q.names
}

// asker asks about commands and keeps the names of those that would be accepted.
type asker struct {
	s *State
	a Actor
	// known are the people before the reader's device and of their view; present
	// those of them who have ever checked in: of all others only presence and a
	// private talk can be spoken.
	known, present []PersonID
	// By capacity: keeps the room, supports a point, speaks for somebody.
	holds, supports, counsels bool

	names []string
}

func (q *asker) meet(front []PersonID, people []PersonView) {
	q.known = append(make([]PersonID, 0, len(front)+len(people)), front...)
	for i := range people {
		if id := people[i].Person; !slices.Contains(front, id) {
			q.known = append(q.known, id)
		}
	}
	for _, id := range q.known {
		if st := q.s.person(id).Status; st != Absent && st != Arrived {
			q.present = append(q.present, id)
		}
	}
}

// ask notes the act if one of the choices would be accepted; all are of one kind.
func (q *asker) ask(choices ...Command) {
	for _, c := range choices {
		if _, r := Decide(q.s, c, q.a, time.Time{}); r == nil {
			q.names = append(q.names, c.command())
			return
		}
	}
}

// about asks about each of the people. Whether somebody may do it at all does not
// depend on whom: without leave no list of people is walked.
func (q *asker) about(people []PersonID, of func(PersonID) Command) {
	if of("").may(q.s, q.a) != nil {
		return
	}
	for _, id := range people {
		if c := of(id); q.accepts(c) {
			q.names = append(q.names, c.command())
			return
		}
	}
}

// accepts asks about a command that the actor may give.
func (q *asker) accepts(c Command) bool {
	_, r := c.decide(q.s, q.a, time.Time{})
	return r == nil
}

func (q *asker) floor() {
	q.ask(CheckIn{RulesAccepted: true})
	if !q.holds {
		q.ask(RaiseHand{})
		q.ask(LowerHand{})
		return
	}
	q.about(q.present, func(p PersonID) Command { return Admit{Person: p} })
	q.ask(Open{OverrideReason: "?"})
	q.ask(RaiseHand{})
	hands := []Command{LowerHand{}}
	for _, p := range q.s.Hands {
		hands = append(hands, LowerHand{Person: p})
	}
	q.ask(hands...)
	q.about(q.present, func(p PersonID) Command { return GiveFloor{Person: p} })
	q.ask(StopFloor{Person: q.s.Floor})
	q.about(q.present, func(p PersonID) Command { return MuteLock{Person: p} })
	q.about(q.present, func(p PersonID) Command { return Unlock{Person: p} })
	q.ask(Recess{})
	q.ask(Resume{})
	q.about(q.present, func(p PersonID) Command { return Remove{Person: p, Reason: "?"} })
	q.ask(Close{})
}

func (q *asker) preparation() {
	if q.holds {
		method := IdentityMethods()[0]
		q.ask(RecordOpinion{Agrees: true, On: 1})
		q.ask(RecordFacilities{OK: true})
		q.ask(MarkReady{})
		q.about(q.present, func(p PersonID) Command { return NoteIdentity{Person: p, Method: method, Challenge: "?"} })
		q.about(q.present, func(p PersonID) Command { return NoteMismatch{Person: p, Reason: "?"} })
		q.about(q.present, func(p PersonID) Command { return BeginIdentityCheck{Person: p} })
		q.ask(EndIdentityCheck{})
	}
	test := []TestItem{{Key: "camera", OK: true}}
	tests := []Command{ReportTest{Items: test}}
	if q.supports {
		q.about(q.known, func(p PersonID) Command { return ReportPresence{Person: p, Present: true} })
		for _, p := range q.s.Booking.Points {
			tests = append(tests, ReportTest{Point: p.ID, Items: test})
		}
	}
	q.ask(tests...)
}

func (q *asker) course() {
	if q.holds {
		var phases []Command
		for _, step := range q.s.Booking.Procedure.Steps() {
			phases = append(phases, NextPhase{Phase: step.Phase, SkipReason: "?"})
		}
		q.ask(phases...)
		q.stand()
		q.ask(Sit{})
		q.ask(SetVisibility{To: Public, Reason: "?"}, SetVisibility{To: ClosedDoors, Reason: "?"})
		q.ask(SetMonitoring{To: MonitorsNone}, SetMonitoring{To: MonitorsAll, Reason: "?"}, SetMonitoring{To: MonitorsNamed, Units: []court.UnitID{"u"}, Reason: "?"})
		q.ask(HoldTechnical{Reason: "?"})
		q.ask(KeepGoing{Reason: "?"})
	}
	if q.supports {
		q.confirmReturn()
	}
	if q.holds {
		q.ask(Suspend{Reason: "?", ReopenAt: 1})
		q.ask(Adjourn{Reason: "?", Form: Online})
	}
	if q.supports {
		var points []Command
		for _, p := range q.s.Booking.Points {
			points = append(points, Announced{Point: p.ID})
		}
		q.ask(points...)
	}
	if q.holds {
		q.ask(Reopen{})
		q.ask(Cancel{Reason: "?"})
		q.about(q.present, func(p PersonID) Command { return Warn{Person: p, Reason: "?"} })
	}
	if q.supports {
		q.about(q.present, func(p PersonID) Command { return NoteAway{Person: p} })
		q.about(q.present, func(p PersonID) Command { return NoteBack{Person: p} })
	}
}

// stand is asked about everybody at once first.
func (q *asker) stand() {
	switch all := (Stand{}); {
	case all.may(q.s, q.a) != nil:
	case q.accepts(all):
		q.names = append(q.names, all.command())
	default:
		q.about(q.present, func(p PersonID) Command { return Stand{Person: p} })
	}
}

// confirmReturn is asked about both things that can be confirmed.
func (q *asker) confirmReturn() {
	before := len(q.names)
	q.about(q.present, func(p PersonID) Command { return ConfirmReturn{Person: p, What: returnIdentity} })
	if len(q.names) == before {
		q.about(q.present, func(p PersonID) Command { return ConfirmReturn{Person: p, What: returnMedia} })
	}
}

func (q *asker) rooms(talks []ConsultView) {
	var allow, end []Command
	for _, c := range talks {
		allow = append(allow, AllowConsult{Consult: c.ID})
		end = append(end, EndConsult{Consult: c.ID})
	}
	if q.holds {
		q.about(q.present, func(p PersonID) Command { return CallWitness{Person: p} })
		q.about(q.present, func(p PersonID) Command { return DismissWitness{Person: p} })
		q.about(q.present, func(p PersonID) Command { return Isolate{Person: p} })
	}
	if q.supports {
		q.about(q.present, func(p PersonID) Command { return ConfirmLeft{Person: p} })
	}
	if q.holds {
		q.about(q.present, func(p PersonID) Command { return EndIsolation{Person: p} })
		q.about(q.present, func(p PersonID) Command { return NoteBriefed{Person: p} })
		q.ask(Deliberate{})
		q.ask(EndDeliberation{Phase: court.Pronouncement})
	}
	if q.counsels {
		q.about(q.known, func(p PersonID) Command { return RequestConsult{With: []PersonID{p}} })
	}
	if q.holds {
		q.ask(allow...)
	}
	q.ask(end...)
}

// exhibits asks about offering, and about each exhibit that the reader knows of.
func (q *asker) exhibits(known []ExhibitView) {
	q.ask(sampleOffer())
	var admit, refuse, withdraw, show []Command
	for _, x := range known {
		admit = append(admit, AdmitExhibit{Exhibit: x.No})
		refuse = append(refuse, RefuseExhibit{Exhibit: x.No, Reason: "?"})
		withdraw = append(withdraw, WithdrawExhibit{Exhibit: x.No})
		if x.Showable {
			show = append(show, ShowExhibit{Exhibit: x.No, Page: q.s.otherPage(q.s.exhibit(x.No))})
		}
	}
	if q.holds {
		q.ask(admit...)
		q.ask(refuse...)
	}
	q.ask(withdraw...)
	q.ask(show...)
	if q.s.Showing != nil {
		q.ask(StopExhibit{})
	}
}

// sampleOffer asks whether somebody may offer anything at all.
func sampleOffer() OfferExhibit {
	return OfferExhibit{Name: "?", Type: ExhibitTypes()[0], Bytes: 1, Pages: 1, SHA256: strings.Repeat("0", 64)}
}

// may tells whether the command is among the acts of the view's reader.
func (v *View) may(c Command) bool { return slices.Contains(v.Acts, c.command()) }

// viewChoices adds about whom an act is open that the rules do not allow about
// everybody: clients know nothing of these rules themselves.
func (s *State) viewChoices(v *View) {
	remove, isolate, dismiss := v.may(Remove{}), v.may(Isolate{}), v.may(DismissWitness{})
	for i := range v.People {
		p := &v.People[i]
		p.Removable = remove && s.notRemovable(p.Person) == nil
		p.Isolable = isolate && s.notIsolable(p.Person) == nil
		p.Dismissible = dismiss && s.notDismissible(p.Person) == nil
	}
	if !v.may(RequestConsult{}) {
		return
	}
	by := s.booked(v.Me)
	choose := func(id PersonID) {
		if may, other := s.mayConsult(by, s.booked(id)); may {
			v.ConsultWith = append(v.ConsultWith, ConsultChoice{Person: id, OtherSide: other})
		}
	}
	if by.Client != "" {
		choose(by.Client)
	}
	for i := range v.People {
		if id := v.People[i].Person; id != by.Client {
			choose(id)
		}
	}
}
