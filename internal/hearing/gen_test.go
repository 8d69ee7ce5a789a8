package hearing

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
)

// start is when the hearings of these tests are booked for.
func start() time.Time { return time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC) }

// chooser draws numbers below n, from rapid or from a fuzzer's bytes.
type chooser func(n int) int

func drawn(t *rapid.T) chooser {
	return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "choice") }
}

func pick[T any](c chooser, list []T) T { return list[c(len(list))] }

func seatPerson(i int) PersonID { return PersonID(fmt.Sprintf("p%d", i)) }

// anyBooking draws a valid booking: a presiding judge with a console, up to six
// others before up to seven devices of all kinds, some of them shared.
func anyBooking(c chooser) Booking {
	others := []court.Capacity{
		court.Clerk, court.Judge, court.Defendant, court.DetentionOfficer,
		court.Procurator, court.Witness, court.DefenceCounsel,
	}
	b := Booking{
		Hearing: "h1", Unit: "u1", Court: "TAND khu vực 1", DocketNo: "45/2026/TLST-HS", Title: "Vụ án",
		StartsAt: start().UnixMicro(),
		People:   []Person{{ID: seatPerson(0), Capacity: court.PresidingJudge, Alias: "Chủ tọa", Point: "P0"}},
		Devices:  []Device{{ID: "d0", Kind: pick(c, []DeviceKind{Console, DeskClient}), People: []PersonID{seatPerson(0)}}},
	}
	for i := range 1 + c(6) {
		b.People = append(b.People, Person{ID: seatPerson(i + 1), Capacity: pick(c, others), Alias: "X", Point: "P1"})
	}
	microphone := map[PersonID]bool{seatPerson(0): b.Devices[0].Kind.sends()}
	for range c(8) {
		d := Device{
			ID:   DeviceID(fmt.Sprintf("d%d", len(b.Devices))),
			Kind: pick(c, []DeviceKind{RoomClient, DeskClient, DeskClient, Console, Viewer}),
		}
		for range 1 + c(3) {
			p := pick(c, b.People).ID
			if !slices.Contains(d.People, p) && !(d.Kind.sends() && microphone[p]) {
				d.People = append(d.People, p)
				microphone[p] = microphone[p] || d.Kind.sends()
			}
		}
		if len(d.People) > 0 {
			b.Devices = append(b.Devices, d)
		}
	}
	return b
}

// anyCommand draws a command of any kind, about somebody of the hearing or not.
func anyCommand(c chooser, b Booking) Command {
	person := func() PersonID {
		if c(12) == 0 {
			return pick(c, []PersonID{"", "nobody", "p0 "})
		}
		return pick(c, b.People).ID
	}
	device := func() DeviceID {
		if c(12) == 0 {
			return pick(c, []DeviceID{"", "nothing"})
		}
		return pick(c, b.Devices).ID
	}
	text := func() string {
		return pick(c, []string{"", "lý do", " ", "a\x00b", "hai\ndòng", "\xff", strings.Repeat("ô", MaxTextRunes+1)})
	}
	return pick(c, []func() Command{
		func() Command { return CheckIn{RulesAccepted: c(5) > 0} },
		func() Command { return Admit{person()} },
		func() Command { return Open{text()} },
		func() Command { return RaiseHand{} },
		func() Command { return LowerHand{person()} },
		func() Command { return GiveFloor{person()} },
		func() Command { return GiveFloor{person()} },
		func() Command { return StopFloor{person()} },
		func() Command { return MuteLock{person()} },
		func() Command { return Unlock{person()} },
		func() Command { return Recess{text()} },
		func() Command { return Resume{} },
		func() Command { return Remove{person(), text()} },
		func() Command {
			if c(6) > 0 { // closing early makes for short stories
				return Resume{}
			}
			return Close{}
		},
		func() Command { return Book{b} },
		func() Command { return DeviceConnected{device()} },
		func() Command { return DeviceLost{device()} },
		func() Command {
			return RecorderReport{Recording: c(2) == 0, Trouble: pick(c, []string{"", "disk", "a b"})}
		},
		func() Command { return AnchorEvidence{Size: uint64(c(20)), Root: pick(c, []string{rootOf(1), "x"})} },
		func() Command { return NodeTook{Node: pick(c, []string{"n1", "n2", ""}), Epoch: uint64(c(6))} },
		func() Command { return Tick{} },
	})()
}

func rootOf(b byte) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(rune(b)), 32)))
}

// anyActor draws an actor who fits the command more often than not.
func anyActor(c chooser, b Booking, cmd Command) Actor {
	if cmd.may(nil0(b), Actor{System: true}) == nil && c(8) > 0 {
		return Actor{System: true}
	}
	switch c(12) {
	case 0:
		return pick(c, []Actor{{}, {System: true}, {Person: "nobody", Device: "nothing"}, {Person: "p0"}})
	case 1:
		return Actor{Person: pick(c, b.People).ID, Device: pick(c, b.Devices).ID}
	case 2, 3, 4, 5:
		return Actor{Person: "p0", Device: "d0"}
	default:
		d := pick(c, b.Devices)
		return Actor{Person: pick(c, d.People), Device: d.ID}
	}
}

// lawfulCommand draws a person's command that is accepted, so that stories get
// somewhere. It takes one kind of command and somebody who may give it.
func lawfulCommand(c chooser, s *State) (Command, Actor, bool) {
	of := pick(c, []func(PersonID) Command{
		func(PersonID) Command { return CheckIn{true} },
		func(p PersonID) Command { return Admit{p} },
		func(p PersonID) Command { return Admit{p} },
		func(PersonID) Command { return Open{"lý do"} },
		func(PersonID) Command { return RaiseHand{} },
		func(p PersonID) Command { return LowerHand{p} },
		func(p PersonID) Command { return GiveFloor{p} },
		func(p PersonID) Command { return GiveFloor{p} },
		func(p PersonID) Command { return StopFloor{p} },
		func(p PersonID) Command { return MuteLock{p} },
		func(p PersonID) Command { return MuteLock{p} },
		func(p PersonID) Command { return Unlock{p} },
		func(PersonID) Command { return Recess{} },
		func(PersonID) Command { return Resume{} },
		func(PersonID) Command { return Resume{} },
		func(p PersonID) Command { return Remove{p, ""} },
	})
	type act struct {
		c Command
		a Actor
	}
	var lawful []act
	for _, r := range readers(s) {
		a := Actor{Person: r.Person, Device: r.Device}
		for _, p := range s.Booking.People {
			if _, refusal := Decide(s, of(p.ID), a, start()); refusal == nil {
				lawful = append(lawful, act{of(p.ID), a})
			}
		}
	}
	if len(lawful) == 0 {
		return nil, Actor{}, false
	}
	l := pick(c, lawful)
	return l.c, l.a, true
}

// nil0 is the state right after booking.
func nil0(b Booking) *State {
	b.LateAfter = 1
	s, err := newState(b, Event{Seq: 1, At: 1})
	if err != nil {
		panic(err)
	}
	return s
}

// step is one command and what came of it.
type step struct {
	before, after *State
	command       Command
	actor         Actor
	events        []Event
	refusal       *Refusal
}

// reporter is what rapid.T, testing.T and testing.F have in common.
type reporter interface {
	require.TestingT
	Helper()
}

// do decides and applies one command.
func do(t reporter, s *State, cmd Command, a Actor, now time.Time) step {
	t.Helper()
	bodies, refusal := Decide(s, cmd, a, now)
	require.False(t, refusal != nil && len(bodies) > 0, "a refusal with events")
	st := step{before: s, after: s, command: cmd, actor: a, refusal: refusal}
	for _, b := range bodies {
		var seq uint64
		if st.after != nil {
			seq = st.after.Seq
		}
		e := Event{Seq: seq + 1, At: now.UnixMicro(), Actor: a, Body: b}
		next, err := Apply(st.after, e)
		require.NoError(t, err, "%T by %+v: an event of the rules does not apply", cmd, a)
		st.after, st.events = next, append(st.events, e)
	}
	return st
}

// walk books a hearing, often brings it into session, and then takes random
// steps; visit sees each step that has a state before it.
func walk(t reporter, c chooser, steps int, visit func(step)) []Event {
	t.Helper()
	b := anyBooking(c)
	now := start().Add(-time.Hour)
	var log []Event
	var s *State
	take := func(cmd Command, a Actor) {
		st := do(t, s, cmd, a, now)
		if s != nil {
			visit(st)
		}
		s, log = st.after, append(log, st.events...)
		now = now.Add(time.Duration(c(90)) * time.Second)
	}
	take(Book{b}, Actor{System: true})
	if c(4) > 0 {
		everybodyIn(b, take)
	}
	for range steps {
		if c(2) == 0 {
			if cmd, a, ok := lawfulCommand(c, s); ok {
				take(cmd, a)
				continue
			}
		}
		cmd := anyCommand(c, b)
		take(cmd, anyActor(c, b, cmd))
	}
	return log
}

// everybodyIn opens a hearing with all people in the courtroom.
func everybodyIn(b Booking, take func(Command, Actor)) {
	system := Actor{System: true}
	take(NodeTook{Node: "n1", Epoch: 1}, system)
	for _, d := range b.Devices {
		take(DeviceConnected{d.ID}, system)
		for _, p := range d.People {
			take(CheckIn{RulesAccepted: true}, Actor{Person: p, Device: d.ID})
		}
	}
	for _, p := range b.People {
		take(Admit{p.ID}, Actor{Person: "p0", Device: "d0"})
	}
	take(RecorderReport{Recording: true}, system)
	take(Open{}, Actor{Person: "p0", Device: "d0"})
}

// property checks visit over many random stories.
func property(t *testing.T, visit func(*rapid.T, step)) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) {
		walk(t, drawn(t), 40, func(st step) { visit(t, st) })
	})
	roomStories(t, 30, visit)
}
