package hearing

import (
	"time"

	"phientoa/internal/court"
)

// acts are the names of the commands that the actor could give now with some
// argument, in the order of wire's Command. It asks the rules themselves.
func acts(s *State, a Actor) []string {
	var names []string
	for _, choices := range representatives(s, a) {
		for _, c := range choices {
			if _, r := Decide(s, c, a, time.Time{}); r == nil {
				names = append(names, c.command())
				break
			}
		}
	}
	return names
}

// representatives lists for each command of people the arguments worth asking.
func representatives(s *State, a Actor) [][]Command {
	list := representFloor(s, a)
	list = append(list, representPreparation(s, a)...)
	list = append(list, representCourse(s, a)...)
	return append(list, representRooms(s, a)...)
}

// each asks about everybody. Whether somebody may do it at all does not depend on
// whom: without leave no list of people is walked.
func each(s *State, a Actor, of func(PersonID) Command) []Command {
	if of("").may(s, a) != nil {
		return nil
	}
	list := make([]Command, 0, len(s.People))
	for i := range s.People {
		list = append(list, of(s.People[i].ID))
	}
	return list
}

func representFloor(s *State, a Actor) [][]Command {
	hands := []Command{LowerHand{}}
	for _, p := range s.Hands {
		hands = append(hands, LowerHand{Person: p})
	}
	return [][]Command{
		{CheckIn{RulesAccepted: true}},
		each(s, a, func(p PersonID) Command { return Admit{Person: p} }),
		{Open{OverrideReason: "?"}},
		{RaiseHand{}},
		hands,
		each(s, a, func(p PersonID) Command { return GiveFloor{Person: p} }),
		{StopFloor{Person: s.Floor}},
		each(s, a, func(p PersonID) Command { return MuteLock{Person: p} }),
		each(s, a, func(p PersonID) Command { return Unlock{Person: p} }),
		{Recess{}},
		{Resume{}},
		each(s, a, func(p PersonID) Command { return Remove{Person: p} }),
		{Close{}},
	}
}

func representPreparation(s *State, a Actor) [][]Command {
	method := IdentityMethods()[0]
	test := []TestItem{{Key: "camera", OK: true}}
	tests := []Command{ReportTest{Items: test}}
	for _, p := range s.Booking.Points {
		tests = append(tests, ReportTest{Point: p.ID, Items: test})
	}
	return [][]Command{
		{RecordOpinion{Agrees: true, On: 1}},
		{RecordFacilities{OK: true}},
		{MarkReady{}},
		each(s, a, func(p PersonID) Command { return NoteIdentity{Person: p, Method: method, Challenge: "?"} }),
		each(s, a, func(p PersonID) Command { return ReportPresence{Person: p, Present: true} }),
		tests,
	}
}

func representCourse(s *State, a Actor) [][]Command {
	var phases, points []Command
	for _, step := range s.Booking.Procedure.Steps() {
		phases = append(phases, NextPhase{Phase: step.Phase, SkipReason: "?"})
	}
	for _, p := range s.Booking.Points {
		points = append(points, Announced{Point: p.ID})
	}
	returns := each(s, a, func(p PersonID) Command { return ConfirmReturn{Person: p, What: "identity"} })
	returns = append(returns, each(s, a, func(p PersonID) Command { return ConfirmReturn{Person: p, What: "media"} })...)
	return [][]Command{
		phases,
		append([]Command{Stand{}}, each(s, a, func(p PersonID) Command { return Stand{Person: p} })...),
		{Sit{}},
		{SetVisibility{To: Public, Reason: "?"}, SetVisibility{To: ClosedDoors, Reason: "?"}},
		{HoldTechnical{Reason: "?"}},
		{KeepGoing{Reason: "?"}},
		returns,
		{Suspend{Reason: "?", ReopenAt: 1}},
		{Adjourn{Reason: "?", Form: Online}},
		points,
		{Reopen{}},
		{Cancel{Reason: "?"}},
		each(s, a, func(p PersonID) Command { return Warn{Person: p, Reason: "?"} }),
		each(s, a, func(p PersonID) Command { return NoteAway{Person: p} }),
		each(s, a, func(p PersonID) Command { return NoteBack{Person: p} }),
	}
}

func representRooms(s *State, a Actor) [][]Command {
	var allow, end []Command
	for _, c := range s.Consults {
		allow = append(allow, AllowConsult{Consult: c.ID})
		end = append(end, EndConsult{Consult: c.ID})
	}
	return [][]Command{
		each(s, a, func(p PersonID) Command { return CallWitness{Person: p} }),
		each(s, a, func(p PersonID) Command { return DismissWitness{Person: p} }),
		each(s, a, func(p PersonID) Command { return Isolate{Person: p} }),
		each(s, a, func(p PersonID) Command { return ConfirmLeft{Person: p} }),
		each(s, a, func(p PersonID) Command { return EndIsolation{Person: p} }),
		each(s, a, func(p PersonID) Command { return NoteBriefed{Person: p} }),
		{Deliberate{}},
		{EndDeliberation{Phase: court.Pronouncement}},
		each(s, a, func(p PersonID) Command { return RequestConsult{With: []PersonID{p}} }),
		allow,
		end,
	}
}
