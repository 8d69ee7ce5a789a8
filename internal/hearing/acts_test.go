package hearing

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
)

// Acts are worked out by capacity, and are what asking everybody everything gives.
func TestActsAreWhatAskingEverythingGives(t *testing.T) {
	property(t, func(t *rapid.T, st step) { requireActs(t, st.after, seen{}) })
	n := seen{} // what random stories may miss is told here
	r := newTrial(t)
	r.trial()
	r.ok(RaiseHand{}, defender)
	requireActs(t, r.s, n)
	r.ok(NoteAway{"home"}, clerk)
	requireActs(t, r.s, n)
	r.ok(NoteBack{"home"}, clerk)
	r.ok(DeviceLost{"d-bc"}, system)
	r.tick(r.now.Add(15 * time.Second))
	requireActs(t, r.s, n)
	r.tick(r.now.Add(10 * time.Second))
	requireActs(t, r.s, n)
	r.ok(DeviceConnected{"d-bc"}, system)
	r.tick(r.now.Add(3 * time.Second))
	requireActs(t, r.s, n)
	r.ok(ConfirmReturn{"bc", returnIdentity}, cb)
	requireActs(t, r.s, n)
	r.ok(Adjourn{"vắng mặt bị hại", 0, ""}, judge)
	requireActs(t, r.s, n)
	r = trialRoom(t, nil)
	requireActs(t, r.s, n)
	r.ok(RequestConsult{[]PersonID{"accused"}}, counsellor)
	requireActs(t, r.s, n)
	r.ok(Open{}, judge)
	r.ok(Isolate{"second", ""}, judge)
	requireActs(t, r.s, n)
	n.require(t, "lower_hand", "stand", "confirm_return", "announced", "request_consult", "end_consult", "confirm_left", "note_back")
}

func requireActs(t require.TestingT, s *State, n seen) {
	for _, r := range readers(s) {
		v := ViewFor(s, r)
		want := slowActs(s, Actor{Person: r.Person, Device: r.Device}, s.known(r, v.People), v.Consults, v.Exhibits)
		require.Equal(t, want, v.Acts, "%+v", r)
		for _, a := range v.Acts {
			n[a]++
		}
	}
}

// The public's views are worked out once; each is what its reader would get alone.
func TestViewsOfManyAreTheViewsOfEach(t *testing.T) {
	watchers := 0
	check := func(t *rapid.T, s *State) {
		views := NewViews(s)
		for _, r := range append(readers(s), Reader{System: true}, Reader{}, Reader{Person: "p0", Device: "nothing"}) {
			want := ViewFor(s, r)
			require.Equal(t, want, views.For(r), "%+v", r)
			require.Equal(t, want.Place, views.Place(r), "%+v", r)
			if standingOf(s, r) == watcher {
				watchers++
			}
		}
	}
	property(t, func(t *rapid.T, st step) { check(t, st.after) })
	rapid.Check(t, func(t *rapid.T) { // many of the public, anywhere in the booking
		booking := crowdBooking(2, rapid.IntRange(1, 6).Draw(t, "viewers"))
		booking.People = rapid.Permutation(booking.People).Draw(t, "order")
		check(t, crowded(booking))
	})
	require.Equal(t, View{}, NewViews(nil).For(Reader{System: true}))
	require.Positive(t, watchers)
}

// slowActs is the definition of View.Acts: every command is asked about everybody and
// every private talk and exhibit that the actor knows of, in the order of wire's Command.
func slowActs(s *State, a Actor, known []PersonID, talks []ConsultView, exhibits []ExhibitView) []string {
	var names []string
	q := slowAsker{s, a, known, talks}
	for _, choices := range append(representatives(q), q.exhibits(exhibits)...) {
		for _, c := range choices {
			if _, r := Decide(s, c, a, time.Time{}); r == nil {
				names = append(names, c.command())
				break
			}
		}
	}
	return names
}

// known are the people of a reader's view and those before the same device.
func (s *State) known(r Reader, people []PersonView) []PersonID {
	list := slices.Clone(s.device(r.Device).People)
	for i := range people {
		if id := people[i].Person; !slices.Contains(s.device(r.Device).People, id) {
			list = append(list, id)
		}
	}
	return list
}

// slowAsker builds the commands that slowActs asks about.
type slowAsker struct {
	s     *State
	a     Actor
	known []PersonID
	talks []ConsultView
}

// each asks about everybody known. Whether somebody may do it at all does not
// depend on whom: without leave no list of people is walked.
func (q slowAsker) each(of func(PersonID) Command) []Command {
	if of("").may(q.s, q.a) != nil {
		return nil
	}
	list := make([]Command, 0, len(q.known))
	for _, id := range q.known {
		list = append(list, of(id))
	}
	return list
}

// representatives lists for each command of people the arguments worth asking.
func representatives(q slowAsker) [][]Command {
	list := q.floor()
	list = append(list, q.preparation()...)
	list = append(list, q.course()...)
	return append(list, q.rooms()...)
}

func (q slowAsker) floor() [][]Command {
	hands := []Command{LowerHand{}}
	for _, p := range q.s.Hands {
		hands = append(hands, LowerHand{Person: p})
	}
	return [][]Command{
		{CheckIn{RulesAccepted: true}},
		q.each(func(p PersonID) Command { return Admit{Person: p} }),
		{Open{OverrideReason: "?"}},
		{RaiseHand{}},
		hands,
		q.each(func(p PersonID) Command { return GiveFloor{Person: p} }),
		{StopFloor{Person: q.s.Floor}},
		q.each(func(p PersonID) Command { return MuteLock{Person: p} }),
		q.each(func(p PersonID) Command { return Unlock{Person: p} }),
		{Recess{}},
		{Resume{}},
		q.each(func(p PersonID) Command { return Remove{Person: p, Reason: "?"} }),
		{Close{}},
	}
}

func (q slowAsker) preparation() [][]Command {
	method := IdentityMethods()[0]
	test := []TestItem{{Key: "camera", OK: true}}
	tests := []Command{ReportTest{Items: test}}
	for _, p := range q.s.Booking.Points {
		tests = append(tests, ReportTest{Point: p.ID, Items: test})
	}
	return [][]Command{
		{RecordOpinion{Agrees: true, On: 1}},
		{RecordFacilities{OK: true}},
		{MarkReady{}},
		q.each(func(p PersonID) Command { return NoteIdentity{Person: p, Method: method, Challenge: "?"} }),
		q.each(func(p PersonID) Command { return NoteMismatch{Person: p, Reason: "?"} }),
		q.each(func(p PersonID) Command { return BeginIdentityCheck{Person: p} }),
		{EndIdentityCheck{}},
		q.each(func(p PersonID) Command { return ReportPresence{Person: p, Present: true} }),
		tests,
	}
}

func (q slowAsker) course() [][]Command {
	var phases, points []Command
	for _, step := range q.s.Booking.Procedure.Steps() {
		phases = append(phases, NextPhase{Phase: step.Phase, SkipReason: "?"})
	}
	for _, p := range q.s.Booking.Points {
		points = append(points, Announced{Point: p.ID})
	}
	returns := q.each(func(p PersonID) Command { return ConfirmReturn{Person: p, What: "identity"} })
	returns = append(returns, q.each(func(p PersonID) Command { return ConfirmReturn{Person: p, What: "media"} })...)
	return [][]Command{
		phases,
		append([]Command{Stand{}}, q.each(func(p PersonID) Command { return Stand{Person: p} })...),
		{Sit{}},
		{SetVisibility{To: Public, Reason: "?"}, SetVisibility{To: ClosedDoors, Reason: "?"}},
		{SetMonitoring{To: MonitorsNone}, SetMonitoring{To: MonitorsAll, Reason: "?"}, SetMonitoring{To: MonitorsNamed, Units: []court.UnitID{"u"}, Reason: "?"}},
		{HoldTechnical{Reason: "?"}},
		{KeepGoing{Reason: "?"}},
		returns,
		{Suspend{Reason: "?", ReopenAt: 1}},
		{Adjourn{Reason: "?", Form: Online}},
		points,
		{Reopen{}},
		{Cancel{Reason: "?"}},
		q.each(func(p PersonID) Command { return Warn{Person: p, Reason: "?"} }),
		q.each(func(p PersonID) Command { return NoteAway{Person: p} }),
		q.each(func(p PersonID) Command { return NoteBack{Person: p} }),
	}
}

func (q slowAsker) rooms() [][]Command {
	var allow, end []Command
	for _, c := range q.talks {
		allow = append(allow, AllowConsult{Consult: c.ID})
		end = append(end, EndConsult{Consult: c.ID})
	}
	return [][]Command{
		q.each(func(p PersonID) Command { return CallWitness{Person: p} }),
		q.each(func(p PersonID) Command { return DismissWitness{Person: p} }),
		q.each(func(p PersonID) Command { return Isolate{Person: p} }),
		q.each(func(p PersonID) Command { return ConfirmLeft{Person: p} }),
		q.each(func(p PersonID) Command { return EndIsolation{Person: p} }),
		q.each(func(p PersonID) Command { return NoteBriefed{Person: p} }),
		{Deliberate{}},
		{EndDeliberation{Phase: court.Pronouncement}},
		q.each(func(p PersonID) Command { return RequestConsult{With: []PersonID{p}} }),
		allow,
		end,
	}
}

func (q slowAsker) exhibits(known []ExhibitView) [][]Command {
	var admit, refuse, withdraw, show []Command
	for _, x := range known {
		admit = append(admit, AdmitExhibit{Exhibit: x.No})
		refuse = append(refuse, RefuseExhibit{Exhibit: x.No, Reason: "?"})
		withdraw = append(withdraw, WithdrawExhibit{Exhibit: x.No})
		for page := range x.Pages {
			show = append(show, ShowExhibit{Exhibit: x.No, Page: page + 1})
		}
	}
	return [][]Command{{sampleOffer()}, admit, refuse, withdraw, show, {StopExhibit{}}}
}
