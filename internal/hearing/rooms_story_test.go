package hearing

import (
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
)

// The criminal hearing of journey J1: the accused and an officer at a detention
// point, a witness at a point of their own, counsel and procurator at the court.
var (
	counsellor = Actor{Person: "counsel", Device: "d-counsel"}
	accused    = Actor{Person: "accused", Device: "d-accused"}
	second     = Actor{Person: "second", Device: "d-cell"}
	officer    = Actor{Person: "officer", Device: "d-officer"}
	witness    = Actor{Person: "witness", Device: "d-witness"}
	lay        = Actor{Person: "lay", Device: "d-lay"}
	audience   = Reader{Person: "audience", Device: "d-audience"}
)

// trialBooking is without a procedure, so that stories of rooms depend on
// nothing else; see trialRoom.
func trialBooking() Booking {
	return Booking{
		Hearing: "h1", Unit: "u1", Court: "TAND khu vực 1", DocketNo: "45/2026/TLST-HS", Title: "Vụ án hình sự",
		StartsAt: start().UnixMicro(),
		People: []Person{
			{ID: "judge", Capacity: court.PresidingJudge, Point: "P0"},
			{ID: "lay", Capacity: court.LayAssessor, Point: "P0"},
			{ID: "clerk", Capacity: court.Clerk, Point: "P0"},
			{ID: "procurator", Capacity: court.Procurator, Point: "P0"},
			{ID: "counsel", Capacity: court.DefenceCounsel, Point: "P0", Client: "accused"},
			{ID: "accused", Capacity: court.Defendant, Point: "P1"},
			{ID: "second", Capacity: court.Defendant, Point: "P1", Minor: true},
			{ID: "officer", Capacity: court.DetentionOfficer, Point: "P1"},
			{ID: "guard", Capacity: court.JudicialPolice, Point: "P1"},
			{ID: "witness", Capacity: court.Witness, Point: "P2"},
			{ID: "audience", Capacity: court.Attendee, Point: "P0"},
		},
		Devices: []Device{
			{ID: "d-judge", Kind: DeskClient, People: []PersonID{"judge"}},
			{ID: "d-lay", Kind: DeskClient, People: []PersonID{"lay"}},
			{ID: "d-clerk", Kind: Console, People: []PersonID{"clerk"}},
			{ID: "d-procurator", Kind: DeskClient, People: []PersonID{"procurator"}},
			{ID: "d-counsel", Kind: DeskClient, People: []PersonID{"counsel"}, Private: true},
			{ID: "d-accused", Kind: DeskClient, People: []PersonID{"accused"}, Private: true},
			{ID: "d-cell", Kind: RoomClient, People: []PersonID{"second", "guard"}},
			{ID: "d-officer", Kind: Console, People: []PersonID{"officer"}},
			{ID: "d-witness", Kind: DeskClient, People: []PersonID{"witness"}},
			{ID: "d-audience", Kind: Viewer, People: []PersonID{"audience"}},
		},
	}
}

func trialRoom(t *testing.T, change func(*Booking)) *room {
	t.Helper()
	r := &room{t: t, now: start()}
	b := trialBooking()
	if change != nil {
		change(&b)
	}
	r.ok(Book{b}, system)
	for _, d := range b.Devices {
		r.ok(DeviceConnected{d.ID}, system)
		for _, p := range d.People {
			if d.Kind != Viewer {
				r.ok(CheckIn{true}, Actor{Person: p, Device: d.ID})
			}
		}
	}
	for _, p := range []PersonID{"lay", "procurator", "counsel", "accused", "second", "guard"} {
		r.ok(Admit{p}, clerk)
	}
	r.ok(RecorderReport{Recording: true}, system)
	return r
}

// members lists the devices of a class.
func (r *room) members(c Class) []DeviceID {
	var list []DeviceID
	for _, m := range Routes(r.s).Members {
		if m.Class == c {
			list = append(list, m.Device)
		}
	}
	return list
}

// sources lists the sources that reach a class.
func (r *room) sources(c Class) []Source {
	var list []Source
	for _, g := range Routes(r.s).Grants {
		if g.Audience.Class == c {
			list = append(list, g.Source)
		}
	}
	return list
}

func (r *room) view(a Actor) View { return ViewFor(r.s, Reader{Person: a.Person, Device: a.Device}) }

// J1.6: counsel and accused talk in private before the opening; only their
// devices are in the room, nothing of it is recorded, and the opening ends it.
func TestJ1_6APrivateTalk(t *testing.T) {
	r := trialRoom(t, nil)
	r.no("only_counsel", RequestConsult{[]PersonID{"counsel"}}, accused)
	r.no("consult_size", RequestConsult{}, counsellor)
	r.no("consult_size", RequestConsult{[]PersonID{"counsel"}}, counsellor)
	r.no("consult_size", RequestConsult{[]PersonID{"accused", "accused"}}, counsellor)
	r.no("unknown_person", RequestConsult{[]PersonID{"nobody"}}, counsellor)
	for _, p := range []PersonID{"judge", "lay", "clerk", "procurator", "witness", "officer", "audience"} {
		r.no("not_for_consult", RequestConsult{[]PersonID{p}}, counsellor)
	}
	r.ok(RequestConsult{[]PersonID{"accused", "second"}}, counsellor)
	r.no("consult_twice", RequestConsult{[]PersonID{"accused"}}, counsellor)
	id := r.s.Consults[0].ID
	r.no("not_private", AllowConsult{Consult: id}, clerk) // the cell's room client is shared and not private
	r.no("unknown_consult", EndConsult{id}, Actor{Person: "procurator", Device: "d-procurator"})
	r.ok(EndConsult{id}, accused) // an invited person declines
	r.ok(RequestConsult{[]PersonID{"accused"}}, counsellor)
	id = r.s.Consults[0].ID
	r.no("only_holders", AllowConsult{Consult: id}, counsellor)
	r.no("consult_minutes", AllowConsult{id, 121}, clerk)
	r.no("unknown_consult", AllowConsult{Consult: "c0"}, clerk)
	r.ok(AllowConsult{Consult: id}, clerk)
	r.no("consult_open", AllowConsult{Consult: id}, clerk)
	class := ClassConsult + Class(id)
	require.Equal(t, []DeviceID{"d-accused", "d-counsel"}, r.members(class))
	require.Equal(t, []Source{{"d-accused", Cam}, {"d-accused", Mic}, {"d-counsel", Cam}, {"d-counsel", Mic}}, r.sources(class))
	require.Len(t, Routes(r.s).Grants, 4, "nothing else flows")
	require.Empty(t, r.sources(ClassRecorder))
	v := r.view(accused)
	require.Equal(t, ConsultRoom, v.Place)
	require.Equal(t, []ConsultView{{
		ID: id, By: "counsel", With: []PersonID{"accused"}, Open: true,
		Since: r.now.UnixMicro(), Until: r.now.UnixMicro() + 10*60e6,
	}}, v.Consults)
	require.Len(t, r.view(clerk).Consults, 1)
	require.Empty(t, r.view(lay).Consults)
	require.Empty(t, r.view(officer).Consults)
	r.ok(Open{}, judge)
	require.Nil(t, r.s.Consults)
	require.Empty(t, r.members(class))
	require.Equal(t, Courtroom, r.view(accused).Place)
	r.ok(RequestConsult{[]PersonID{"accused"}}, counsellor)
	id = r.s.Consults[0].ID
	r.no("consult_in_session", AllowConsult{Consult: id}, clerk)
	r.ok(Recess{}, judge)
	r.ok(AllowConsult{id, 5}, judge)
	r.ok(Remove{"accused", "gây rối"}, judge) // leaves every room at once
	require.Equal(t, Routing{}, Routes(r.s))
}

// J1.7, J1.13 and J1.14: the witness waits without a byte of the hearing, is
// called, speaks, and is dismissed.
func TestJ1_7TheWitnessWaitsInIsolation(t *testing.T) {
	r := trialRoom(t, nil)
	r.no("not_in_session", CallWitness{"witness"}, judge)
	r.ok(Open{}, judge)
	require.Equal(t, IsolationRoom, r.s.place("witness"))
	require.NotContains(t, r.members(ClassCourtroom), DeviceID("d-witness"))
	v := r.view(witness)
	require.Equal(t, IsolationRoom, v.Place)
	require.Len(t, v.People, 1)
	require.Empty(t, v.Title)
	seq := v.Seq
	r.ok(GiveFloor{"counsel"}, judge)
	require.Equal(t, seq, r.view(witness).Seq)

	r.no("not_called", CallWitness{"accused"}, judge)
	r.no("only_presiding", CallWitness{"witness"}, clerk)
	r.ok(CallWitness{"witness"}, judge)
	require.Contains(t, r.members(ClassCourtroom), DeviceID("d-witness"))
	r.ok(GiveFloor{"witness"}, judge)
	require.Contains(t, r.heard(), DeviceID("d-witness"))
	r.ok(MuteLock{"witness"}, clerk)
	r.no("not_called", DismissWitness{"accused"}, judge)
	r.ok(DismissWitness{"witness"}, judge)
	require.NotContains(t, r.members(ClassCourtroom), DeviceID("d-witness"))
	require.Empty(t, r.s.Floor)
	require.Empty(t, r.s.person("witness").LockedBy)
	require.Len(t, r.view(witness).People, 1)
	r.no("not_in_courtroom", DismissWitness{"witness"}, judge)
	r.ok(Remove{"witness", "gây rối"}, judge)
	r.ok(CallWitness{"witness"}, judge)
}

// With an order of business witnesses enter by the call only.
func TestJ1_13AWitnessIsCalledNotAdmitted(t *testing.T) {
	r := trialRoom(t, nil)
	r.s = r.s.clone()
	r.s.Booking.Procedure = court.Criminal
	r.no("call_instead", Admit{"witness"}, judge)
	r.s.Booking.Procedure = ""
	r.ok(Admit{"witness"}, judge) // the plain way
}

// J1.12: an accused is isolated from a testimony. The cell's room client goes dark
// for the guard too until the officer confirms that the accused left its front.
func TestJ1_12Isolation(t *testing.T) {
	r := trialRoom(t, nil)
	r.ok(Open{}, judge)
	r.ok(GiveFloor{"second"}, judge)
	for _, p := range []PersonID{"judge", "lay", "clerk", "procurator"} {
		r.no("not_isolable", Isolate{p, ""}, judge)
	}
	r.no("only_presiding", Isolate{"second", ""}, clerk)
	r.no("not_in_courtroom", Isolate{"witness", ""}, judge)
	require.Contains(t, r.members(ClassCourtroom), DeviceID("d-cell"))
	r.ok(Isolate{"second", "tránh ảnh hưởng lời khai"}, judge)
	r.no("already_isolated", Isolate{"second", ""}, judge)
	require.Empty(t, r.s.Floor)
	require.NotContains(t, r.members(ClassCourtroom), DeviceID("d-cell"))
	require.NotContains(t, r.sources(ClassCourtroom), Source{"d-cell", Cam})
	require.NotContains(t, r.sources(ClassRecorder), Source{"d-cell", Cam})
	r.no("isolated", RaiseHand{}, second)
	r.no("isolated_person", GiveFloor{"second"}, judge)
	guard := Actor{Person: "guard", Device: "d-cell"}
	r.no("device_blocked", RaiseHand{}, guard)
	require.Len(t, r.view(guard).People, 1)
	v := r.view(second)
	require.Equal(t, IsolationRoom, v.Place)
	require.Empty(t, v.Phase)

	r.no("only_officers", ConfirmLeft{"second"}, counsellor)
	r.no("not_isolated", ConfirmLeft{"guard"}, clerk)
	r.ok(ConfirmLeft{"second"}, guard) // the officer who sits beside them
	r.no("already_left", ConfirmLeft{"second"}, clerk)
	require.Contains(t, r.members(ClassCourtroom), DeviceID("d-cell"))
	require.Greater(t, len(r.view(guard).People), 1)
	require.Len(t, r.view(second).People, 1, "who left does not read on")
	r.ok(GiveFloor{"guard"}, judge)
	r.no("isolated_person", GiveFloor{"second"}, judge)
	require.Contains(t, r.heard(), DeviceID("d-cell"))
	require.False(t, r.personView("second").MicrophoneOpen)
	require.True(t, r.personView("second").Away)
}

func (r *room) personView(id PersonID) PersonView {
	r.t.Helper()
	for _, p := range r.view(judge).People {
		if p.Person == id {
			return p
		}
	}
	r.t.Fatalf("no %s", id)
	return PersonView{}
}

// J1.15: the accused is back and has to be told what was said before the panel
// deliberates (BLTTHS art. 309.1).
func TestJ1_15TheIsolatedAreBriefed(t *testing.T) {
	r := trialRoom(t, nil)
	r.ok(Open{}, judge)
	r.ok(Isolate{"accused", ""}, judge)
	r.no("not_isolated", EndIsolation{"second"}, judge)
	r.no("only_presiding", EndIsolation{"accused"}, clerk)
	r.ok(EndIsolation{"accused"}, judge)
	require.Contains(t, r.members(ClassCourtroom), DeviceID("d-accused"))
	require.Equal(t, []PersonID{"accused"}, r.view(clerk).Unbriefed)
	r.no("unbriefed", Deliberate{}, judge)
	r.no("nothing_to_brief", NoteBriefed{"second"}, clerk)
	r.ok(NoteBriefed{"accused"}, clerk)
	require.Empty(t, r.view(clerk).Unbriefed)
	r.ok(Deliberate{}, judge)
}

// J1.17: behind closed doors the public gets nothing and the recording goes on.
func TestJ1_17ClosedDoors(t *testing.T) {
	r := trialRoom(t, nil)
	require.Empty(t, ViewFor(r.s, audience).Title)
	r.ok(Open{}, judge)
	require.Equal(t, []DeviceID{"d-audience"}, r.members(ClassPublic))
	require.Equal(t, r.sources(ClassCourtroom), r.sources(ClassPublic))
	require.NotContains(t, r.members(ClassCourtroom), DeviceID("d-audience"))
	v := ViewFor(r.s, audience)
	require.NotEmpty(t, v.Title)
	require.Empty(t, v.Acts)
	for _, p := range v.People {
		require.Equal(t, p.Person != "second", p.MayName, "the minor has no name here")
		require.NotEqual(t, PersonID("witness"), p.Person)
	}
	closed := r.s.clone()
	closed.Visibility, closed.StatusSeq, closed.Seq = ClosedDoors, r.s.Seq+1, r.s.Seq+1
	open := r.sources(ClassCourtroom)
	r.s = closed
	require.Empty(t, r.members(ClassPublic))
	require.Empty(t, r.sources(ClassPublic))
	require.Equal(t, open, r.sources(ClassCourtroom))
	require.Equal(t, open, r.sources(ClassRecorder))
	v = ViewFor(r.s, audience)
	require.Empty(t, v.Title)
	require.Equal(t, ClosedDoors, v.Visibility)
	require.Len(t, v.People, 1)
}

// J1.19: the panel deliberates; everybody else is in recess, nothing is recorded.
func TestJ1_19Deliberation(t *testing.T) {
	r := trialRoom(t, nil)
	r.no("not_in_session", Deliberate{}, judge)
	r.ok(Open{}, judge)
	r.ok(GiveFloor{"counsel"}, judge)
	r.no("only_presiding", Deliberate{}, clerk)
	r.no("not_deliberating", EndDeliberation{court.Pronouncement}, judge)
	r.ok(MuteLock{"lay"}, judge)
	r.ok(Deliberate{}, judge)
	require.Empty(t, r.s.Floor)
	require.Equal(t, InRecess, r.s.Status)
	require.Equal(t, []DeviceID{"d-judge", "d-lay"}, r.members(ClassPanel))
	require.Equal(t, []Source{{"d-judge", Cam}, {"d-judge", Mic}, {"d-lay", Cam}, {"d-lay", Mic}}, r.sources(ClassPanel))
	require.Len(t, Routes(r.s).Grants, 4, "neither recorder nor anybody else")
	for _, a := range []Actor{judge, accused, witness, clerk} {
		require.Equal(t, Deliberating, r.view(a).Visibility)
		require.Equal(t, InRecess, r.view(a).Status)
	}
	require.Equal(t, Deliberating, ViewFor(r.s, audience).Visibility)
	require.Equal(t, DeliberationR, r.view(judge).Place)
	require.Equal(t, Courtroom, r.view(accused).Place)
	r.no("while_deliberating", Resume{}, judge)
	r.no("only_presiding", EndDeliberation{court.Pronouncement}, lay)
	r.ok(EndDeliberation{court.Pronouncement}, judge)
	require.Equal(t, InSession, r.s.Status)
	require.Empty(t, r.members(ClassPanel))
	require.Equal(t, Public, r.view(accused).Visibility)
}

// Mandatory phases come before the deliberation, which leads to the judgment or back.
func TestJ1_19DeliberationHasItsPlaceInTheOrder(t *testing.T) {
	r := trialRoom(t, nil)
	r.ok(Open{}, judge)
	r.s = r.s.clone()
	r.s.Booking.Procedure, r.s.Phase = court.Criminal, court.Questioning
	r.s.Phases = []PhaseState{{Phase: court.Formalities}, {Phase: court.IndictmentReading, SkipReason: "x"}, {Phase: court.Questioning}}
	r.no("phase_first", Deliberate{}, judge)
	r.s.Phase = court.LastWords
	r.s.Phases = append(r.s.Phases, PhaseState{Phase: court.Debate}, PhaseState{Phase: court.LastWords})
	require.Equal(t, []PhaseView{
		{Phase: court.Formalities, Mandatory: true, Status: "done"},
		{Phase: court.IndictmentReading, Mandatory: true, Status: "skipped", SkipReason: "x"},
		{Phase: court.Questioning, Mandatory: true, Status: "done"},
		{Phase: court.EvidenceReview, Status: "skipped"},
		{Phase: court.Debate, Mandatory: true, Status: "done"},
		{Phase: court.LastWords, Mandatory: true, Status: "current"},
		{Phase: court.Deliberation, Mandatory: true},
		{Phase: court.Pronouncement, Mandatory: true},
	}, r.view(accused).Phases)
	r.ok(Deliberate{}, judge)
	require.Equal(t, court.Deliberation, r.s.Phase)
	r.no("phase_after_deliberation", EndDeliberation{court.Formalities}, judge)
	r.no("phase_after_deliberation", EndDeliberation{}, judge)
	r.ok(EndDeliberation{court.Questioning}, judge)
	r.no("phase_first", Deliberate{}, judge) // what was questioned again is debated again
	r.s = r.s.clone()
	r.s.Phase = court.LastWords
	r.ok(Deliberate{}, judge)
	r.ok(EndDeliberation{court.Pronouncement}, judge)
	require.Equal(t, "all", r.view(accused).Standing)
}

// An officer knows of the people of their point, also while waiting; a screen
// shared with others tells nothing.
func TestAnOfficerKnowsTheirPoint(t *testing.T) {
	r := trialRoom(t, nil)
	r.s = r.s.clone()
	r.s.Booking.Procedure = court.Criminal
	r.s.Booking.Points = []Point{{ID: "P0", Kind: CentralPoint, Name: "Tòa"}, {ID: "P1", Kind: ComponentPoint, Name: "Trại"}}
	v := r.view(officer)
	require.Equal(t, WaitingRoom, v.Place)
	known := make([]PersonID, 0, len(v.People))
	for _, p := range v.People {
		known = append(known, p.Person)
		require.Equal(t, "P1", p.PointID)
	}
	require.Equal(t, []PersonID{"accused", "second", "officer", "guard"}, known)
	require.Len(t, v.Points, 1)
	require.Equal(t, "ok", v.Points[0].Light)
	r.ok(DeviceLost{"d-cell"}, system)
	require.Equal(t, "partial", r.view(officer).Points[0].Light)
	r.ok(Isolate{"second", ""}, judge)
	require.Contains(t, r.view(officer).Acts, "confirm_left")
	require.Len(t, r.view(Actor{Person: "guard", Device: "d-cell"}).People, 1)
	r.no("other_point", ConfirmLeft{"witness"}, officer)
	r.ok(ConfirmLeft{"second"}, officer)
}

// A reading of the interpreter's picture outlives others when bandwidth is short.
func TestTheInterpretersPictureIsKeptLonger(t *testing.T) {
	r := trialRoom(t, func(b *Booking) { b.People[3].Capacity = court.SignInterpreter })
	r.ok(Open{}, judge)
	got := map[DeviceID]uint8{}
	for _, g := range Routes(r.s).Grants {
		if g.Source.Kind == Cam {
			got[g.Source.Device] = g.Priority
		}
	}
	require.Equal(t, uint8(priorityBenchCam), got["d-judge"])
	require.Equal(t, uint8(priorityInterpreterCam), got["d-procurator"])
	require.Equal(t, uint8(priorityCam), got["d-accused"])
}
