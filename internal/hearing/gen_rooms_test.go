package hearing

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"phientoa/internal/court"
)

// anyRoomBooking draws a hearing with everybody that rooms are about: bench,
// parties with counsel, people called in, officers and the public, before devices
// of their own and shared ones, private or not; half of them with a procedure.
func anyRoomBooking(c chooser) Booking {
	b := Booking{
		Hearing: "h1", Unit: "u1", Court: "TAND khu vực 1", DocketNo: "45/2026/TLST-HS", Title: "Vụ án",
		StartsAt: start().UnixMicro(),
		People:   []Person{{ID: seatPerson(0), Capacity: court.PresidingJudge, Alias: "Chủ tọa", Point: "P0"}},
		Devices:  []Device{{ID: "d0", Kind: pick(c, []DeviceKind{Console, DeskClient, DeskClient}), People: []PersonID{seatPerson(0)}}},
	}
	if c(2) == 0 {
		addTrial(c, &b)
	}
	others := []court.Capacity{
		court.Clerk, court.LayAssessor, court.Procurator, court.Defendant, court.Defendant, court.DefenceCounsel,
		court.DefenceCounsel, court.Victim, court.Interpreter, court.LegalRepresentative, court.Witness, court.Expert, court.DetentionOfficer,
		court.PointOfficer, court.Attendee,
	}
	// Often somebody to talk or deliberate with.
	first := pick(c, [][]court.Capacity{
		nil,
		{court.LayAssessor, court.Judge, court.Clerk},
		{court.LayAssessor, court.DefenceCounsel, court.Defendant},
		{court.DefenceCounsel, court.Defendant, court.Clerk, court.LayAssessor},
	})
	for i := range 4 + c(6) {
		p := Person{ID: seatPerson(i + 1), Capacity: pick(c, others), Alias: "X", Point: "P0", Minor: c(6) == 0}
		if i < len(first) {
			p.Capacity = first[i]
		}
		if !p.Capacity.CentralOnly() && c(2) == 0 {
			p.Point = "P1"
		}
		b.People = append(b.People, p)
	}
	for i := range b.People { // half of the counsels have a client by name, and of who helps one
		if b.Procedure == "" || !b.People[i].Capacity.Counsels() && !helper(b.People[i].Capacity) || c(2) == 0 {
			continue
		}
		if p := pick(c, b.People); helper(b.People[i].Capacity) && mayBeClient(court.Lawyer, p.Capacity) && p.ID != b.People[i].ID {
			b.People[i].Client = p.ID
			continue
		}
		if at := slices.IndexFunc(b.People, func(p Person) bool { return p.Capacity == court.Defendant }); at >= 0 {
			b.People[i].Client = b.People[at].ID
		}
	}
	addDevices(c, &b)
	return b
}

// addTrial gives the booking a procedure under which it opens at once.
func addTrial(c chooser, b *Booking) {
	policy := court.DefaultPolicy(court.Criminal)
	policy.RequireOpinion, policy.RequireFacilities, policy.RequireReady = false, false, false
	b.Procedure, b.Form, b.Visibility, b.Policy = court.Criminal, Online, pick(c, []Visibility{"", Public, ClosedDoors}), &policy
	b.Points = []Point{
		{ID: "P0", Kind: CentralPoint, Name: "Trung tâm"},
		{ID: "P1", Kind: ComponentPoint, Name: "Trại tạm giam", Detention: true},
	}
}

// addDevices gives most people a device of their own, and some a share in others.
func addDevices(c chooser, b *Booking) {
	microphone := map[PersonID]bool{seatPerson(0): b.Devices[0].Kind.sends()}
	add := func(kind DeviceKind, people ...PersonID) {
		d := Device{ID: DeviceID(fmt.Sprintf("d%d", len(b.Devices))), Kind: kind, Private: c(3) > 0}
		for _, p := range people {
			if !slices.Contains(d.People, p) && !(kind.sends() && microphone[p]) {
				d.People = append(d.People, p)
			}
		}
		if len(d.People) == 0 {
			return
		}
		for _, p := range d.People {
			microphone[p] = microphone[p] || kind.sends()
		}
		b.Devices = append(b.Devices, d)
	}
	for _, p := range b.People[1:] {
		switch {
		case p.Capacity.Watches():
			add(pick(c, []DeviceKind{Viewer, Viewer, DeskClient}), p.ID)
		case c(4) == 0:
			add(pick(c, []DeviceKind{RoomClient, DeskClient, Console, Viewer}), p.ID, pick(c, b.People).ID, pick(c, b.People).ID)
		default:
			add(pick(c, []DeviceKind{DeskClient, DeskClient, DeskClient, RoomClient, Console}), p.ID)
		}
	}
	for range c(3) {
		add(pick(c, []DeviceKind{RoomClient, Console, Viewer}), pick(c, b.People).ID, pick(c, b.People).ID)
	}
}

// anyRoomCommand draws a command about rooms, about somebody of the hearing or not.
func anyRoomCommand(c chooser, b Booking) Command {
	person := func() PersonID {
		if c(12) == 0 {
			return pick(c, []PersonID{"", "nobody"})
		}
		return pick(c, b.People).ID
	}
	text := func() string { return pick(c, []string{"", "lý do", "a\x00b", strings.Repeat("ô", MaxTextRunes+1)}) }
	talk := func() string { return fmt.Sprintf("c%d", c(60)) }
	return pick(c, []func() Command{
		func() Command { return CallWitness{person()} },
		func() Command { return DismissWitness{person()} },
		func() Command { return Isolate{person(), text()} },
		func() Command { return ConfirmLeft{person()} },
		func() Command { return EndIsolation{person()} },
		func() Command { return NoteBriefed{person()} },
		func() Command { return Deliberate{} },
		func() Command {
			return EndDeliberation{pick(c, []court.Phase{court.Pronouncement, court.Questioning, court.Debate, court.Formalities, ""})}
		},
		func() Command {
			with := make([]PersonID, c(MaxConsultWith+2))
			for i := range with {
				with[i] = person()
			}
			return RequestConsult{with}
		},
		func() Command {
			return AllowConsult{talk(), pick(c, []int{0, 1, MaxConsultMinutes, -1, MaxConsultMinutes + 1})}
		},
		func() Command { return EndConsult{talk()} },
		func() Command { return BeginIdentityCheck{person()} },
		func() Command { return EndIdentityCheck{} },
		func() Command { return anyExhibitCommand(c, text()) },
	})()
}

// lawfulRoomCommand draws an accepted command, of rooms more often than not.
func lawfulRoomCommand(c chooser, s *State) (Command, Actor, bool) {
	talk := "c0"
	if len(s.Consults) > 0 {
		talk = pick(c, s.Consults).ID
	}
	friend := pick(c, s.Booking.People).ID
	all := []func(PersonID) Command{
		func(PersonID) Command { return CheckIn{true} },
		func(p PersonID) Command { return Admit{p} },
		func(p PersonID) Command { return Admit{p} },
		func(PersonID) Command { return Open{"lý do"} },
		func(PersonID) Command { return RaiseHand{} },
		func(p PersonID) Command { return GiveFloor{p} },
		func(p PersonID) Command { return GiveFloor{p} },
		func(p PersonID) Command { return MuteLock{p} },
		func(PersonID) Command { return Recess{} },
		func(PersonID) Command { return Recess{} },
		func(PersonID) Command { return Resume{} },
		func(p PersonID) Command { return Remove{p, "?"} },
		func(p PersonID) Command { return CallWitness{p} },
		func(p PersonID) Command { return CallWitness{p} },
		func(p PersonID) Command { return DismissWitness{p} },
		func(p PersonID) Command { return Isolate{p, ""} },
		func(p PersonID) Command { return Isolate{p, ""} },
		func(p PersonID) Command { return ConfirmLeft{p} },
		func(p PersonID) Command { return ConfirmLeft{p} },
		func(p PersonID) Command { return EndIsolation{p} },
		func(p PersonID) Command { return NoteBriefed{p} },
		func(PersonID) Command { return Deliberate{} },
		func(PersonID) Command { return Deliberate{} },
		func(PersonID) Command { return EndDeliberation{court.Questioning} },
		func(p PersonID) Command { return BeginIdentityCheck{p} },
		func(p PersonID) Command { return RequestConsult{[]PersonID{p}} },
		func(p PersonID) Command { return RequestConsult{[]PersonID{p, friend}} },
		func(PersonID) Command { return AllowConsult{Consult: talk} },
		func(PersonID) Command { return AllowConsult{Consult: talk} },
		func(PersonID) Command { return EndConsult{talk} },
	}
	of := pick(c, all)
	switch {
	case s.Status == InSession && c(3) == 0: // from offering to showing is a long way
		of = lawfulExhibitCommand(c, s)
	case s.Status != InSession && c(3) == 0: // when private talks are possible
		of = pick(c, all[len(all)-5:])
	}
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

// walkRooms takes random steps through a hearing with rooms, mostly in session.
func walkRooms(t reporter, c chooser, steps int, visit func(step)) []Event {
	t.Helper()
	b := anyRoomBooking(c)
	now := start().Add(-time.Hour)
	var log []Event
	var s *State
	take := func(cmd Command, a Actor) {
		st := do(t, s, cmd, a, now)
		if s != nil {
			visit(st)
		}
		s, log = st.after, append(log, st.events...)
		now = now.Add(time.Duration(c(5)) * time.Second)
	}
	take(Book{b}, Actor{System: true})
	if c(5) > 0 {
		for _, d := range b.Devices {
			take(DeviceConnected{d.ID}, Actor{System: true})
			for _, p := range d.People {
				take(CheckIn{RulesAccepted: true}, Actor{Person: p, Device: d.ID})
			}
		}
		for _, p := range b.People {
			take(Admit{p.ID}, Actor{Person: "p0", Device: "d0"})
		}
		take(RecorderReport{Recording: true}, Actor{System: true})
		if c(3) > 0 {
			take(Open{}, Actor{Person: "p0", Device: "d0"})
		} else {
			talkBefore(s, b, take)
			for _, talk := range s.Consults {
				take(AllowConsult{Consult: talk.ID}, Actor{Person: "p0", Device: "d0"})
			}
		}
	}
	for range steps {
		if c(4) > 0 {
			if cmd, a, ok := lawfulRoomCommand(c, s); ok {
				take(cmd, a)
				continue
			}
		}
		cmd := anyRoomCommand(c, b)
		if c(4) == 0 {
			cmd = anyCommand(c, b)
		}
		take(cmd, anyActor(c, b, cmd))
	}
	return log
}

// talkBefore lets every counsel ask for a talk with every defendant.
func talkBefore(s *State, b Booking, take func(Command, Actor)) {
	for _, r := range readers(s) {
		for _, p := range b.People {
			if s.booked(r.Person).Capacity.Counsels() && p.Capacity == court.Defendant {
				take(RequestConsult{[]PersonID{p.ID}}, Actor{Person: r.Person, Device: r.Device})
			}
		}
	}
}

// roomProperty checks visit over many random stories of rooms.
func roomProperty(t *testing.T, visit func(*rapid.T, step)) {
	t.Helper()
	roomStories(t, 60, visit)
}

func roomStories(t *testing.T, steps int, visit func(*rapid.T, step)) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) {
		walkRooms(t, drawn(t), steps, func(st step) { visit(t, st) })
	})
}
