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
// others before up to seven devices of all kinds, some of them shared. Two in
// three have a procedure, and then a clerk with a console and three points.
func anyBooking(c chooser) Booking {
	others := []court.Capacity{
		court.Clerk, court.Judge, court.Defendant, court.DetentionOfficer,
		court.Procurator, court.Witness, court.DefenceCounsel, court.Attendee,
	}
	b := Booking{
		Hearing: "h1", Unit: "u1", Court: "TAND khu vực 1", DocketNo: "45/2026/TLST-HS", Title: "Vụ án",
		StartsAt: start().UnixMicro(),
		People:   []Person{{ID: seatPerson(0), Capacity: court.PresidingJudge, Alias: "Chủ tọa", Point: "P0"}},
		Devices:  []Device{{ID: "d0", Kind: pick(c, []DeviceKind{Console, DeskClient}), People: []PersonID{seatPerson(0)}}},
	}
	if c(3) > 0 {
		addProcedure(c, &b)
	}
	for i := range 1 + c(6) {
		p := Person{ID: seatPerson(len(b.People)), Capacity: pick(c, others), Alias: "X", Point: "P1"}
		if b.Procedure != "" {
			p.Point, p.Required, p.Minor = pick(c, []string{"P0", "P1", "P2"}), c(6) == 0, c(6) == 0
			if p.Capacity.CentralOnly() {
				p.Point = "P0"
			}
			if p.Capacity.Counsels() && i > 0 {
				p.Client = b.People[len(b.People)-1].ID
			}
		}
		b.People = append(b.People, p)
	}
	seatPeople(c, &b)
	return b
}

func addProcedure(c chooser, b *Booking) {
	b.Procedure = pick(c, []court.Procedure{court.Criminal, court.Civil, court.Administrative})
	b.Form = pick(c, []Form{Online, Mixed, ""})
	b.Visibility = pick(c, []Visibility{Public, ClosedDoors, ""})
	b.Points = []Point{
		{ID: "P0", Kind: CentralPoint, Name: "Tòa", Unit: "u1"},
		{ID: "P1", Kind: ComponentPoint, Name: "Trại tạm giam", Detention: true},
		{ID: "P2", Kind: ComponentPoint, Name: "Nhà riêng"},
	}
	if c(2) == 0 {
		policy := court.DefaultPolicy(b.Procedure)
		policy.NoticeDays, policy.RequireReady, policy.RequireOpinion = c(8), c(2) == 0, c(2) == 0
		b.Policy = &policy
	}
	b.People = append(b.People, Person{ID: seatPerson(1), Capacity: court.Clerk, Alias: "Thư ký", Point: "P0"})
	b.Devices = append(b.Devices, Device{ID: "d1", Kind: pick(c, []DeviceKind{Console, DeskClient, DeskClient}), People: []PersonID{seatPerson(1)}})
}

func seatPeople(c chooser, b *Booking) {
	microphone := map[PersonID]bool{}
	for _, d := range b.Devices {
		microphone[d.People[0]] = d.Kind.sends()
	}
	for range c(8) {
		d := Device{
			ID:      DeviceID(fmt.Sprintf("d%d", len(b.Devices))),
			Kind:    pick(c, []DeviceKind{RoomClient, DeskClient, DeskClient, Console, Viewer}),
			Private: c(2) == 0,
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
}

// draw hands out arguments of commands: about somebody of the hearing or not,
// texts that are taken and others.
type draw struct {
	c chooser
	b Booking
}

func (d draw) person() PersonID {
	if d.c(12) == 0 {
		return pick(d.c, []PersonID{"", "nobody", "p0 "})
	}
	return pick(d.c, d.b.People).ID
}

func (d draw) device() DeviceID {
	if d.c(12) == 0 {
		return pick(d.c, []DeviceID{"", "nothing"})
	}
	return pick(d.c, d.b.Devices).ID
}

func (d draw) point() string { return pick(d.c, []string{"", "P0", "P1", "P2", "P9"}) }

func (d draw) text() string {
	return pick(d.c, []string{"", "lý do", "lý do", " ", "a\x00b", "hai\ndòng", "\xff", strings.Repeat("ô", MaxTextRunes+1)})
}

func (d draw) date() int64 {
	return pick(d.c, []int64{0, -1, 1, tomorrow(), maxTime})
}

// tomorrow is a date within reach of every story.
func tomorrow() int64 { return start().Add(24 * time.Hour).UnixMicro() }

func (d draw) phase() court.Phase {
	return pick(d.c, []court.Phase{
		"", "coffee", court.Formalities, court.IndictmentReading, court.Questioning, court.EvidenceReview, court.Debate,
		court.LastWords, court.Deliberation, court.Pronouncement,
	})
}

func (d draw) items() []TestItem {
	return pick(d.c, [][]TestItem{
		nil,
		{},
		{{Key: "camera", OK: true, Value: "720p"}},
		{{Key: "camera"}, {Key: "link", OK: true, Value: "2 %"}},
		{{Key: "ups"}, {Key: "ups"}},
		{{Key: "coffee"}},
		make([]TestItem, MaxTestItems+1),
	})
}

// anyCommand draws a command of any kind.
func anyCommand(c chooser, b Booking) Command {
	d := draw{c, b}
	switch c(4) {
	case 0:
		return d.courseCommand()
	case 1:
		return anyRoomCommand(c, b)
	default:
		return d.plainCommand()
	}
}

func (d draw) plainCommand() Command {
	c, b := d.c, d.b
	return pick(c, []func() Command{
		func() Command { return CheckIn{RulesAccepted: c(5) > 0} },
		func() Command { return Admit{d.person()} },
		func() Command { return Open{d.text()} },
		func() Command { return RaiseHand{} },
		func() Command { return LowerHand{d.person()} },
		func() Command { return GiveFloor{d.person()} },
		func() Command { return GiveFloor{d.person()} },
		func() Command { return StopFloor{d.person()} },
		func() Command { return MuteLock{d.person()} },
		func() Command { return Unlock{d.person()} },
		func() Command { return Recess{d.text()} },
		func() Command { return Resume{} },
		func() Command { return Remove{d.person(), d.text()} },
		func() Command { return d.rarely(Close{}) },
		func() Command { return Book{b} },
		func() Command { return DeviceConnected{d.device()} },
		func() Command { return DeviceConnected{d.device()} },
		func() Command { return DeviceLost{d.device()} },
		func() Command { return DeviceLost{d.device()} },
		func() Command {
			return RecorderReport{Recording: c(2) == 0, Trouble: pick(c, []string{"", "disk", "a b"})}
		},
		func() Command { return ReportRecordingLeft{Minutes: c(400)} },
		func() Command { return AnchorEvidence{Size: uint64(c(20)), Root: pick(c, []string{rootOf(1), "x"})} },
		func() Command { return NodeTook{Node: pick(c, []string{"n1", "n2", ""}), Epoch: uint64(c(6))} },
		func() Command { return Tick{} },
	})()
}

// rarely spares commands that make for short stories.
func (d draw) rarely(last Command) Command {
	if d.c(8) > 0 {
		return Resume{}
	}
	return last
}

// units are some that a decision on monitoring may name, or may not.
func (d draw) units() []court.UnitID {
	return pick(d.c, [][]court.UnitID{nil, nil, {"u1"}, {"u2", "u1", "u2"}, {""}})
}

// courseCommand draws of what a procedure brings.
func (d draw) courseCommand() Command {
	c := d.c
	return pick(c, []func() Command{
		func() Command { return RecordOpinion{Agrees: c(4) > 0, On: d.date(), Note: d.text()} },
		func() Command { return RecordFacilities{OK: c(4) > 0, Note: d.text()} },
		func() Command { return MarkReady{} },
		func() Command {
			return NoteIdentity{d.person(), pick(c, []string{"vneid", "citizen_card", "face"}), d.text()}
		},
		func() Command { return NoteMismatch{d.person(), d.text()} },
		func() Command { return BeginIdentityCheck{d.person()} },
		func() Command { return EndIdentityCheck{} },
		func() Command { return ReportPresence{d.person(), c(2) == 0, d.text()} },
		func() Command { return ReportTest{d.point(), d.items()} },
		func() Command { return NextPhase{d.phase(), d.text()} },
		func() Command { return Stand{d.person()} },
		func() Command { return Sit{} },
		func() Command {
			return SetVisibility{pick(c, []Visibility{Public, ClosedDoors, Deliberating, ""}), d.text()}
		},
		func() Command {
			return SetMonitoring{pick(c, []Monitors{MonitorsAll, MonitorsNone, MonitorsNamed, "all"}), d.units(), d.text()}
		},
		func() Command { return HoldTechnical{d.text()} },
		func() Command { return KeepGoing{d.text()} },
		func() Command {
			return ConfirmReturn{d.person(), pick(c, []string{returnIdentity, returnMedia, ""})}
		},
		func() Command { return Suspend{d.text(), d.date()} },
		func() Command { return d.rarely(Adjourn{d.text(), d.date(), pick(c, []Form{"", Online, "mail"})}) },
		func() Command { return Announced{d.point()} },
		func() Command { return Reopen{} },
		func() Command { return d.rarely(Cancel{d.text()}) },
		func() Command { return d.rarely(CancelBooking{By: "account", Reason: d.text()}) },
		func() Command { return Warn{d.person(), d.text()} },
		func() Command { return NoteAway{d.person()} },
		func() Command { return NoteBack{d.person()} },
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
	phase := draw{c, s.Booking}.phase()
	if steps := s.Booking.Procedure.Steps(); len(steps) > 0 && c(4) > 0 {
		phase = pick(c, steps).Phase
	}
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
		func(p PersonID) Command { return Remove{p, "?"} },
		func(PersonID) Command { return RecordOpinion{true, 1, ""} },
		func(PersonID) Command { return RecordFacilities{true, ""} },
		func(PersonID) Command { return MarkReady{} },
		func(p PersonID) Command { return NoteIdentity{p, "vneid", "7"} },
		func(p PersonID) Command { return NoteMismatch{p, "ảnh khác người"} },
		func(p PersonID) Command { return BeginIdentityCheck{p} },
		func(p PersonID) Command { return ReportPresence{p, true, ""} },
		func(PersonID) Command { return ReportTest{"", []TestItem{{Key: "camera", OK: true}}} },
		func(PersonID) Command { return ReportTest{"P1", []TestItem{{Key: "ups"}}} },
		func(PersonID) Command { return NextPhase{phase, ""} },
		func(PersonID) Command { return NextPhase{phase, "lý do"} },
		func(p PersonID) Command { return Stand{p} },
		func(PersonID) Command { return SetVisibility{ClosedDoors, ""} },
		func(PersonID) Command { return SetVisibility{Public, ""} },
		func(PersonID) Command { return SetMonitoring{MonitorsAll, nil, "tập huấn"} },
		func(PersonID) Command { return SetMonitoring{MonitorsNone, nil, ""} },
		func(PersonID) Command {
			return SetMonitoring{MonitorsNamed, []court.UnitID{"u2", "u1"}, "rút kinh nghiệm"}
		},
		func(PersonID) Command { return HoldTechnical{} },
		func(PersonID) Command { return KeepGoing{"lý do"} },
		func(p PersonID) Command { return ConfirmReturn{p, returnIdentity} },
		func(p PersonID) Command { return ConfirmReturn{p, returnMedia} },
		func(PersonID) Command { return Suspend{"lý do", tomorrow()} },
		func(PersonID) Command { return Announced{"P1"} },
		func(PersonID) Command { return Reopen{} },
		func(PersonID) Command { return Reopen{} },
		func(p PersonID) Command { return Warn{p, ""} },
		func(p PersonID) Command { return NoteAway{p} },
		func(p PersonID) Command { return NoteBack{p} },
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
	fillProcedure(&b)
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
	now := start().Add(-10 * 24 * time.Hour)
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
	now = start().Add(-time.Hour)
	if c(4) > 0 {
		everybodyIn(b, take)
	}
	for range steps {
		if c(4) == 0 { // what the clock does, as signaling posts it
			if due, ok := NextDeadline(s); ok && !now.Before(due) {
				take(Tick{}, Actor{System: true})
				continue
			}
		}
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
	if b.Procedure != "" {
		clerk := Actor{Person: "p1", Device: "d1"}
		take(RecordOpinion{Agrees: true, On: 1}, clerk)
		take(RecordFacilities{OK: true}, clerk)
		take(MarkReady{}, clerk)
	}
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
