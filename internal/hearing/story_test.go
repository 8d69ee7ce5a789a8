package hearing

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
)

// room plays one hearing by hand.
type room struct {
	t   *testing.T
	s   *State
	now time.Time
}

// Seats of the plain room.
var (
	system = Actor{System: true}
	judge  = Actor{Person: "judge", Device: "d-judge"}
	clerk  = Actor{Person: "clerk", Device: "d-clerk"}
	party  = Actor{Person: "party", Device: "d-party"}
	other  = Actor{Person: "other", Device: "d-other"}
)

func plainBooking() Booking {
	return Booking{
		Hearing: "h1", Unit: "u1", Court: "TAND khu vực 1", DocketNo: "45/2026/TLST-DS", Title: "Vụ án dân sự",
		StartsAt: start().UnixMicro(),
		People: []Person{
			{ID: "judge", Capacity: court.PresidingJudge},
			{ID: "clerk", Capacity: court.Clerk},
			{ID: "party", Capacity: court.Plaintiff},
			{ID: "other", Capacity: court.Respondent},
			{ID: "lay", Capacity: court.LayAssessor},
		},
		Devices: []Device{
			{ID: "d-judge", Kind: Console, People: []PersonID{"judge"}},
			{ID: "d-bench", Kind: RoomClient, People: []PersonID{"judge", "lay"}},
			{ID: "d-clerk", Kind: Console, People: []PersonID{"clerk"}},
			{ID: "d-party", Kind: DeskClient, People: []PersonID{"party"}},
			{ID: "d-other", Kind: DeskClient, People: []PersonID{"other"}},
			{ID: "d-lay", Kind: Console, People: []PersonID{"lay"}},
		},
	}
}

func newRoom(t *testing.T) *room {
	r := &room{t: t, now: start()}
	r.ok(Book{plainBooking()}, system)
	return r
}

// ok gives a command that must be accepted.
func (r *room) ok(c Command, a Actor) {
	r.t.Helper()
	r.now = r.now.Add(time.Second)
	st := do(r.t, r.s, c, a, r.now)
	require.Nil(r.t, st.refusal, "%T", c)
	r.s = st.after
}

// no gives a command that must be refused with this code.
func (r *room) no(code string, c Command, a Actor) {
	r.t.Helper()
	st := do(r.t, r.s, c, a, r.now)
	require.NotNil(r.t, st.refusal, "%T", c)
	require.Equal(r.t, code, st.refusal.Code)
}

func (r *room) everybodyIn() {
	r.t.Helper()
	r.ok(CheckIn{true}, judge)
	r.ok(CheckIn{true}, clerk)
	for _, a := range []Actor{party, other, {Person: "lay", Device: "d-lay"}} {
		r.ok(CheckIn{true}, a)
		r.ok(Admit{a.Person}, clerk)
	}
}

func (r *room) inSession() {
	r.t.Helper()
	r.everybodyIn()
	r.ok(RecorderReport{Recording: true}, system)
	r.ok(Open{}, judge)
}

// heard lists the devices whose microphones reach the courtroom.
func (r *room) heard() []DeviceID {
	var list []DeviceID
	for _, g := range Routes(r.s).Grants {
		if g.Source.Kind == Mic && g.Audience.Class == ClassCourtroom {
			list = append(list, g.Source.Device)
		}
	}
	return list
}

func TestTheHoldersOfTheRoomEnterOnCheckIn(t *testing.T) {
	r := newRoom(t)
	r.no("check_in_first", Admit{"party"}, clerk)
	r.no("rules", CheckIn{}, judge)
	r.ok(CheckIn{true}, judge)
	r.ok(CheckIn{true}, clerk)
	require.Equal(t, InCourtroom, r.s.person("clerk").Status)
	r.no("not_checked_in", Admit{"party"}, clerk)
	r.ok(DeviceConnected{"d-party"}, system)
	require.Equal(t, Arrived, r.s.person("party").Status)
	r.ok(CheckIn{true}, party)
	require.Equal(t, Waiting, r.s.person("party").Status)
	r.no("already_checked_in", CheckIn{true}, party)
	r.no("not_admitted", RaiseHand{}, party)
	r.ok(Admit{"party"}, clerk)
	r.no("already_in_courtroom", Admit{"party"}, judge)
	r.no("unknown_person", Admit{"nobody"}, judge)
	r.no("only_holders", Admit{"other"}, party)
}

func TestOpeningWantsTheRecorderOrAReason(t *testing.T) {
	r := newRoom(t)
	r.everybodyIn()
	r.no("not_recording", Open{}, judge)
	r.no("not_recording", Open{" \n "}, judge)
	r.no("only_presiding", Open{"lý do"}, clerk)
	r.ok(Open{"  máy ghi\nhỏng "}, judge)
	require.Equal(t, "máy ghi hỏng", r.s.OverrideReason)
	r.no("already_opened", Open{}, judge)

	r = newRoom(t)
	r.inSession()
	require.Empty(t, r.s.OverrideReason)
	require.True(t, ViewFor(r.s, Reader{Person: "party", Device: "d-party"}).Recording)
	r.ok(RecorderReport{Recording: false, Trouble: "disk_slow"}, system)
	require.Equal(t, "disk_slow", ViewFor(r.s, Reader{Person: "clerk", Device: "d-clerk"}).Trouble)
	require.False(t, ViewFor(r.s, Reader{Person: "party", Device: "d-party"}).Recording)
}

func TestTheFloorGoesFromHandToHand(t *testing.T) {
	r := newRoom(t)
	r.everybodyIn()
	r.no("not_in_session", RaiseHand{}, party)
	r.ok(RecorderReport{Recording: true}, system)
	r.ok(Open{}, judge)
	require.Equal(t, []DeviceID{"d-bench"}, r.heard())
	r.ok(RaiseHand{}, other)
	r.ok(RaiseHand{}, party)
	r.no("hand_is_up", RaiseHand{}, party)
	require.Equal(t, []PersonID{"other", "party"}, r.s.Hands)
	r.no("only_presiding", GiveFloor{"party"}, clerk)
	r.ok(GiveFloor{"party"}, judge)
	require.Equal(t, []PersonID{"other"}, r.s.Hands)
	require.Equal(t, []DeviceID{"d-bench", "d-party"}, r.heard())
	r.no("has_floor", RaiseHand{}, party)
	r.no("has_floor", GiveFloor{"party"}, judge)
	r.no("presiding_speaks", GiveFloor{"judge"}, judge)
	r.no("presiding_speaks", RaiseHand{}, judge)
	r.no("no_microphone", GiveFloor{"clerk"}, judge)
	r.ok(GiveFloor{"other"}, judge)
	require.Empty(t, r.s.Hands)
	require.Equal(t, []DeviceID{"d-bench", "d-other"}, r.heard())
	r.no("no_floor", StopFloor{"party"}, judge)
	r.no("no_floor", StopFloor{}, judge)
	r.ok(StopFloor{"other"}, judge)
	require.Equal(t, []DeviceID{"d-bench"}, r.heard())
	r.ok(RaiseHand{}, party)
	r.no("only_holders", LowerHand{"party"}, other)
	r.ok(LowerHand{}, party)
	r.no("no_hand", LowerHand{}, party)
}

func TestALockOutlivesTheFloor(t *testing.T) {
	r := newRoom(t)
	r.inSession()
	r.ok(GiveFloor{"party"}, judge)
	r.no("presiding_lock", MuteLock{"judge"}, clerk)
	r.no("shares_presiding", MuteLock{"lay"}, clerk)
	r.ok(MuteLock{"party"}, clerk)
	require.Equal(t, []DeviceID{"d-bench"}, r.heard())
	require.Equal(t, PersonID("party"), r.s.Floor)
	r.no("already_locked", MuteLock{"party"}, clerk)
	r.no("only_holders", Unlock{"party"}, party)
	r.ok(Unlock{"party"}, clerk)
	require.Equal(t, []DeviceID{"d-bench", "d-party"}, r.heard())
	r.ok(MuteLock{"party"}, clerk)
	r.ok(MuteLock{"party"}, judge) // takes the clerk's lock over
	r.no("others_lock", Unlock{"party"}, clerk)
	r.ok(StopFloor{"party"}, judge)
	r.no("locked", GiveFloor{"party"}, judge)
	r.ok(RaiseHand{}, party) // "Bấm Xin phát biểu nếu cần nói."
	r.ok(Recess{}, judge)
	r.ok(Resume{}, judge)
	r.no("locked", GiveFloor{"party"}, judge)
	r.ok(Unlock{"party"}, judge)
	r.no("not_locked", Unlock{"party"}, judge)
	r.ok(GiveFloor{"party"}, judge)
}

func TestWhoIsLockedWithTheFloorMayAskToSpeak(t *testing.T) {
	r := newRoom(t)
	r.inSession()
	r.ok(GiveFloor{"party"}, judge)
	r.ok(MuteLock{"party"}, judge)
	r.ok(RaiseHand{}, party)
	require.Equal(t, []PersonID{"party"}, r.s.Hands)
	require.Equal(t, []DeviceID{"d-bench"}, r.heard())
	r.ok(Unlock{"party"}, judge)
	require.Empty(t, r.s.Hands, "what was asked for is given")
	require.Equal(t, []DeviceID{"d-bench", "d-party"}, r.heard())
}

func TestARecessEndsMediaAndTheFloor(t *testing.T) {
	r := newRoom(t)
	r.inSession()
	r.ok(RaiseHand{}, other)
	r.ok(GiveFloor{"party"}, judge)
	r.no("only_presiding", Recess{}, clerk)
	r.no("not_in_recess", Resume{}, judge)
	r.ok(Recess{"ăn trưa"}, judge)
	require.Equal(t, Routing{}, Routes(r.s))
	require.Equal(t, "ăn trưa", ViewFor(r.s, Reader{Person: "party", Device: "d-party"}).RecessReason)
	r.no("not_in_session", GiveFloor{"party"}, judge)
	r.ok(Resume{}, judge)
	require.Equal(t, []DeviceID{"d-bench"}, r.heard())
	require.Equal(t, []PersonID{"other"}, r.s.Hands)
}

// Whoever sits before a device with the presiding judge is not removed: the device
// would go dark for the judge too.
func TestWhoSharesTheJudgesDeviceIsNotRemoved(t *testing.T) {
	b := plainBooking()
	b.People = append(b.People, Person{ID: "interpreter", Capacity: court.Interpreter})
	b.Devices[1].People = append(b.Devices[1].People, "interpreter")
	r := &room{t: t, now: start()}
	r.ok(Book{b}, system)
	r.ok(CheckIn{true}, judge)
	r.ok(CheckIn{true}, Actor{Person: "interpreter", Device: "d-bench"})
	r.no("shares_presiding", Remove{"interpreter", ""}, judge)
}

// Nor is whoever sits before one with somebody else who makes up the trial.
func TestWhoSharesTheClerksDeviceIsNotTakenAway(t *testing.T) {
	b := plainBooking()
	b.People = append(b.People, Person{ID: "interpreter", Capacity: court.Interpreter})
	i := slices.IndexFunc(b.Devices, func(d Device) bool { return slices.Contains(d.People, "clerk") })
	b.Devices[i].People = append(b.Devices[i].People, "interpreter")
	r := &room{t: t, now: start()}
	r.ok(Book{b}, system)
	r.ok(CheckIn{true}, judge)
	r.ok(CheckIn{true}, Actor{Person: "interpreter", Device: b.Devices[i].ID})
	r.no("shares_trial", Remove{"interpreter", ""}, judge)
	r.ok(Admit{"interpreter"}, judge)
	r.no("shares_trial", Isolate{"interpreter", ""}, judge)
}

func TestARemovedPersonComesBackByThePresidingJudgeOnly(t *testing.T) {
	r := newRoom(t)
	r.inSession()
	r.ok(GiveFloor{"party"}, judge)
	r.ok(MuteLock{"party"}, judge)
	r.no("presiding_stays", Remove{"judge", ""}, judge)
	r.no("only_presiding", Remove{"party", ""}, clerk)
	for _, p := range []PersonID{"lay", "clerk"} {
		r.no("trial_stays", Remove{p, ""}, judge)
	}
	r.no("reason_needed", Remove{"party", " \n"}, judge)
	r.ok(Remove{"party", "gây rối"}, judge)
	require.Empty(t, r.s.Floor)
	require.False(t, slices.ContainsFunc(Routes(r.s).Members, func(m Membership) bool { return m.Device == "d-party" }))
	r.no("removed", CheckIn{true}, party)
	r.no("removed", RaiseHand{}, party)
	r.ok(DeviceConnected{"d-party"}, system)
	r.ok(DeviceLost{"d-party"}, system)
	require.Equal(t, Removed, r.s.person("party").Status)
	r.no("already_removed", Remove{"party", ""}, judge)
	r.no("readmission", Admit{"party"}, clerk)
	r.no("not_in_courtroom", GiveFloor{"party"}, judge)
	r.ok(Admit{"party"}, judge)
	require.Empty(t, r.s.person("party").LockedBy)
	r.ok(GiveFloor{"party"}, judge)
}

// The bench's room client carries the judge and a lay assessor: until both are
// in, nothing goes through it.
func TestADeviceMayWhatAllInFrontOfItMay(t *testing.T) {
	r := newRoom(t)
	r.ok(CheckIn{true}, judge)
	r.ok(RecorderReport{Recording: true}, system)
	r.ok(Open{}, judge)
	require.Empty(t, r.heard())
	bench := Actor{Person: "judge", Device: "d-bench"}
	r.no("device_blocked", Recess{}, bench)
	require.Empty(t, ViewFor(r.s, Reader{Person: "judge", Device: "d-bench"}).Title)
	r.ok(CheckIn{true}, Actor{Person: "lay", Device: "d-lay"})
	r.ok(Admit{"lay"}, judge)
	require.Equal(t, []DeviceID{"d-bench"}, r.heard())
	r.ok(Recess{}, bench)
}

func TestClosingIsFinal(t *testing.T) {
	r := newRoom(t)
	r.everybodyIn()
	r.no("not_opened", Close{}, judge)
	r.ok(Open{"lý do"}, judge)
	r.no("only_presiding", Close{}, clerk)
	r.ok(Close{}, judge)
	require.Equal(t, Routing{}, Routes(r.s))
	for _, c := range []Command{CheckIn{true}, Open{"lý do"}, Resume{}, Recess{}, Close{}, Admit{"party"}, RaiseHand{}} {
		r.no("closed", c, judge)
	}
	seq := r.s.Seq
	r.ok(DeviceConnected{"d-party"}, system)
	r.ok(RecorderReport{Recording: true}, system)
	require.Equal(t, seq, r.s.Seq, "nothing to note after closing")
	r.ok(AnchorEvidence{Size: 9, Root: rootOf(1)}, system)
	require.Equal(t, seq+1, r.s.Seq, "but the last anchor")
	require.Empty(t, ViewFor(r.s, Reader{Person: "judge", Device: "d-judge"}).Acts)
}

func TestANodeTakesOverWithoutTheOldConnections(t *testing.T) {
	r := newRoom(t)
	r.ok(NodeTook{Node: "n1", Epoch: 3}, system)
	r.no("stale_epoch", NodeTook{Node: "n2", Epoch: 3}, system)
	r.ok(DeviceConnected{"d-party"}, system)
	r.ok(RecorderReport{Recording: true}, system)
	r.ok(AnchorEvidence{Size: 9, Root: rootOf(1)}, system)
	r.no("report", AnchorEvidence{Size: 8, Root: rootOf(1)}, system)
	r.no("report", AnchorEvidence{Size: 9, Root: rootOf(2)}, system)
	r.no("report", AnchorEvidence{Size: 10, Root: rootOf(1) + "\n"}, system)
	r.ok(NodeTook{Node: "n2", Epoch: 4}, system)
	require.Equal(t, Absent, r.s.person("party").Status)
	require.False(t, r.s.Recorder.On)
	r.ok(AnchorEvidence{Size: 1, Root: rootOf(1)}, system)
}

func TestALateHearingSaysSoOnce(t *testing.T) {
	r := newRoom(t)
	due, ok := NextDeadline(r.s)
	require.True(t, ok)
	require.Equal(t, start().Add(DefaultLateAfter), due)
	r.now = due
	r.ok(Tick{}, system)
	require.True(t, ViewFor(r.s, Reader{Person: "party", Device: "d-party"}).Late)
	_, ok = NextDeadline(r.s)
	require.False(t, ok)
	r.inSession()
	require.False(t, ViewFor(r.s, Reader{Person: "party", Device: "d-party"}).Late)
}

func TestSystemCommandsAreTheSystems(t *testing.T) {
	r := newRoom(t)
	r.everybodyIn()
	for _, c := range []Command{
		Book{plainBooking()},
		DeviceConnected{"d-party"},
		DeviceLost{"d-party"},
		RecorderReport{},
		ReportRecordingLeft{},
		AnchorEvidence{},
		NodeTook{Node: "n", Epoch: 9},
		Tick{},
	} {
		r.no("system_only", c, judge)
	}
	r.no("not_seated", RaiseHand{}, system)
	r.no("not_seated", RaiseHand{}, Actor{Person: "party", Device: "d-other"})
	r.no("not_seated", RaiseHand{}, Actor{Person: "party"})
	r.no("unknown_device", DeviceLost{"nothing"}, system)
	r.no("already_booked", Book{plainBooking()}, system)
	r.no("unknown_command", nil, judge)
	r.no("unknown_command", &RaiseHand{}, judge)
	r.no("unknown_command", (*RaiseHand)(nil), judge)
	_, refusal := Decide(nil, Tick{}, system, start())
	require.Equal(t, "not_booked", refusal.Code)
	require.Contains(t, refusal.Error(), "not_booked")
}
