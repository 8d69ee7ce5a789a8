package hearing

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
)

// newTrial books the criminal hearing ten days ahead and goes to half an hour
// before its start.
func newTrial(t *testing.T) *room {
	r := &room{t: t, now: start().Add(-10 * 24 * time.Hour)}
	r.ok(Book{bookingOfJ1()}, system)
	r.now = start().Add(-30 * time.Minute)
	return r
}

// arrive connects and checks in everybody, and lets in all but the officer.
func (r *room) arrive() {
	r.t.Helper()
	for _, a := range []Actor{judge, clerk, ksv, defender, bc, cb, home} {
		r.ok(DeviceConnected{a.Device}, system)
		r.ok(CheckIn{true}, a)
	}
	for _, a := range []Actor{ksv, defender, bc, home} {
		r.ok(Admit{a.Person}, clerk)
	}
}

func (r *room) ready() {
	r.t.Helper()
	r.arrive()
	r.ok(RecordOpinion{Agrees: true, On: start().Add(-9 * 24 * time.Hour).UnixMicro()}, clerk)
	r.ok(RecordFacilities{OK: true}, clerk)
	r.ok(MarkReady{}, judge)
	r.ok(RecorderReport{Recording: true}, system)
}

func (r *room) trial() {
	r.t.Helper()
	r.ready()
	r.ok(Open{}, judge)
}

// tick lets the clock run to the next deadline, which must lie exactly there.
func (r *room) tick(at time.Time) {
	r.t.Helper()
	due, ok := NextDeadline(r.s)
	require.True(r.t, ok)
	require.Equal(r.t, at, due)
	st := do(r.t, r.s, Tick{}, system, at.Add(-time.Microsecond))
	require.Empty(r.t, st.events, "too early")
	st = do(r.t, r.s, Tick{}, system, at)
	require.NotEmpty(r.t, st.events)
	r.s, r.now = st.after, at
}

// at gives a command at a time of its own.
func (r *room) at(now time.Time, c Command, a Actor) {
	r.t.Helper()
	r.now = now.Add(-time.Second)
	r.ok(c, a)
}

func (r *room) check(key string) CheckView {
	for _, c := range r.s.checks() {
		if c.Key == key {
			return c
		}
	}
	r.t.Fatalf("no check %s", key)
	return CheckView{}
}

// J1.2: opinion, facilities and the days of notice stand before "ready".
func TestJ1_2ReadyWaitsForTheConditions(t *testing.T) {
	r := newTrial(t)
	r.arrive()
	r.no("not_ready", MarkReady{}, clerk)
	r.no("mark_ready_first", Open{"lý do"}, judge)
	r.no("only_clerk", RecordOpinion{Agrees: true, On: 1}, judge)
	r.no("only_clerk", RecordFacilities{OK: true}, ksv)
	r.no("opinion_date", RecordOpinion{Agrees: true}, clerk)
	r.no("opinion_date", RecordOpinion{Agrees: true, On: start().Add(48 * time.Hour).UnixMicro()}, clerk)
	require.Equal(t, Scheduled, r.s.Status)
	r.ok(RecordOpinion{Agrees: false, On: 1, Note: "không đồng ý"}, clerk)
	require.Equal(t, Preparing, r.s.Status)
	r.ok(RecordFacilities{OK: true, Note: "đủ"}, clerk)
	st := do(t, r.s, MarkReady{}, clerk, r.now)
	require.Equal(t, "not_ready", st.refusal.Code)
	require.Contains(t, st.refusal.Vi, "Viện kiểm sát")
	require.NotContains(t, st.refusal.Vi, "cơ sở vật chất")
	r.ok(RecordOpinion{Agrees: true, On: 1}, clerk)
	require.Equal(t, CheckView{Key: "notice", Required: true, Done: true}, r.check("notice"))
	r.no("only_holders", MarkReady{}, ksv)
	r.ok(MarkReady{}, clerk)
	require.Equal(t, ReadyToOpen, r.s.Status)
	r.no("already_ready", MarkReady{}, clerk)
	// A condition that falls takes "ready" back.
	r.ok(RecordFacilities{OK: false}, clerk)
	require.Equal(t, Preparing, r.s.Status)
	r.no("mark_ready_first", Open{"lý do"}, judge)
	r.ok(RecordFacilities{OK: true}, clerk)
	r.ok(MarkReady{}, judge)
	r.no("not_recording", Open{}, judge)
	r.ok(Open{"máy ghi hỏng"}, judge)
	r.no("already_opened", RecordFacilities{OK: true}, clerk)
	r.no("already_opened", MarkReady{}, clerk)
	require.Equal(t, court.Formalities, r.s.Phase)
	require.Equal(t, 1, r.s.Part)
}

func TestJ1_2ABookingAtShortNoticeSaysHowManyDaysAreMissing(t *testing.T) {
	for short, days := range map[time.Duration]int{
		7 * 24 * time.Hour: 0, 7*24*time.Hour - time.Microsecond: 1, 6 * 24 * time.Hour: 1, time.Hour: 7, -24 * time.Hour: 8,
	} {
		r := &room{t: t, now: start().Add(-short - time.Second)}
		r.ok(Book{bookingOfJ1()}, system)
		require.Equal(t, days, r.check("notice").Days, short)
		require.Equal(t, days == 0, r.check("notice").Done, short)
	}
}

// J1.4, J1.5: the officer tests the point, reports presence and the clerk compares
// papers, all before the courtroom opens.
func TestJ1_5OfficersActBeforeTheOpening(t *testing.T) {
	r := newTrial(t)
	r.ok(CheckIn{true}, judge)
	r.ok(CheckIn{true}, clerk)
	test := []TestItem{{Key: "camera", OK: true}, {Key: "ups", OK: true, Value: "98 %"}}
	r.ok(ReportTest{"", test}, bc) // a seat tests itself before it checks in
	require.Equal(t, test, r.s.person("bc").Test)
	r.no("check_in_first", ReportTest{"P1", test}, cb)
	r.ok(CheckIn{true}, cb)
	r.ok(ReportTest{"P1", test}, cb)
	require.Equal(t, test, r.s.pointState("P1").Test)
	require.Equal(t, []string{"P0", "P2"}, r.check("point_test").Missing)
	r.no("other_point", ReportTest{"P0", test}, cb)
	r.no("unknown_point", ReportTest{"P7", test}, cb)
	r.no("test_items", ReportTest{"P1", nil}, cb)
	r.no("test_items", ReportTest{"P1", make([]TestItem, MaxTestItems+1)}, cb)
	r.no("test_items", ReportTest{"P1", []TestItem{{Key: "coffee"}}}, cb)
	r.no("test_items", ReportTest{"P1", []TestItem{{Key: "ups"}, {Key: "ups"}}}, cb)
	r.ok(ReportTest{"P0", test}, clerk)
	r.ok(ReportPresence{"bc", true, ""}, cb)
	r.no("other_point", ReportPresence{"home", true, ""}, cb)
	r.no("only_support", ReportPresence{"bc", true, ""}, judge)
	r.ok(ReportPresence{"home", false, "ốm"}, clerk)
	require.Equal(t, "ốm", r.s.person("home").AbsentWhy)
	r.no("not_checked_in", NoteIdentity{"bc", "citizen_card", ""}, clerk)
	r.ok(CheckIn{true}, bc)
	r.ok(CheckIn{true}, home)
	r.no("only_clerk", NoteIdentity{"bc", "citizen_card", ""}, judge)
	r.no("check_in_first", NoteIdentity{"bc", "citizen_card", ""}, ksv)
	r.no("identity_method", NoteIdentity{"bc", "face", ""}, clerk)
	r.ok(NoteIdentity{"bc", "citizen_card", ""}, clerk)
	require.Equal(t, "citizen_card", r.s.person("bc").Identity)
	// From home nobody but the camera vouches for the person: a spoken challenge.
	r.no("challenge", NoteIdentity{"home", "vneid", ""}, clerk)
	r.ok(NoteIdentity{"home", "vneid", "đọc số 4711"}, clerk)
	require.Equal(t, []string{"ksv", "counsel"}, r.check("identity").Missing)
	require.False(t, r.check("identity").Required)
	require.Equal(t, Preparing, r.s.Status)
}

// Before the room's client the officer sits beside the accused: what the accused
// could press is not the officer's word.
func TestAnOfficerActsOnADeviceOfOfficersOnly(t *testing.T) {
	b := bookingOfJ1()
	b.Devices[4].People = []PersonID{"bc", "cb"}
	r := &room{t: t, now: start().Add(-10 * 24 * time.Hour)}
	r.ok(Book{b}, system)
	r.trial()
	beside := Actor{Person: "cb", Device: "d-bc"}
	r.no("officers_device", ReportPresence{"bc", true, ""}, beside)
	r.no("officers_device", NoteAway{"bc"}, beside)
	r.ok(ReportPresence{"bc", true, ""}, cb)
}

func TestTheOrderOfBusinessGoesForward(t *testing.T) {
	r := newTrial(t)
	r.ready()
	r.no("not_in_session", NextPhase{court.IndictmentReading, ""}, judge)
	r.ok(Open{}, judge)
	r.no("only_presiding", NextPhase{court.IndictmentReading, ""}, clerk)
	r.no("unknown_phase", NextPhase{court.Dialogue, ""}, judge)
	r.no("same_phase", NextPhase{court.Formalities, ""}, judge)
	r.no("mandatory_phase", NextPhase{court.Questioning, " "}, judge)
	r.ok(NextPhase{court.IndictmentReading, "không có gì để bỏ qua"}, judge)
	require.Equal(t, "bc", r.s.Standing, "the one defendant stands for the indictment")
	r.no("stands", Stand{"bc"}, clerk)
	r.no("only_holders", Sit{}, ksv)
	r.ok(Sit{}, clerk)
	r.no("nobody_stands", Sit{}, clerk)
	r.ok(Stand{}, judge)
	require.Equal(t, "all", r.s.Standing)
	r.ok(NextPhase{court.Questioning, ""}, judge)
	require.Empty(t, r.s.Standing)
	r.ok(NextPhase{court.Debate, ""}, judge) // evidence review is optional
	r.no("phase_back", NextPhase{court.Questioning, ""}, judge)
	r.no("deliberate_first", NextPhase{court.Deliberation, "lý do"}, judge)
	r.no("deliberate_first", NextPhase{court.Pronouncement, "lý do"}, judge)
	require.Equal(t, []court.Phase{court.Formalities, court.IndictmentReading, court.Questioning, court.Debate}, phasesOf(r.s))
}

func phasesOf(s *State) []court.Phase {
	list := make([]court.Phase, len(s.Phases))
	for i, p := range s.Phases {
		list[i] = p.Phase
	}
	return list
}

func TestAMandatoryPhaseIsSkippedWithAReason(t *testing.T) {
	r := newTrial(t)
	r.trial()
	r.ok(NextPhase{court.Debate, " bị cáo \n nhận tội "}, judge)
	require.Equal(t, []court.Phase{
		court.Formalities, court.IndictmentReading, court.Questioning, court.EvidenceReview, court.Debate,
	}, phasesOf(r.s))
	require.Equal(t, "bị cáo nhận tội", r.s.Phases[1].SkipReason)
	require.Empty(t, r.s.Phases[4].SkipReason)
}

func TestNoPhaseGoesOnBeforeSomebodyIsBriefed(t *testing.T) {
	r := newTrial(t)
	r.trial()
	r.s = r.s.clone()
	r.s.person("bc").Unbriefed = true
	r.no("unbriefed", NextPhase{court.IndictmentReading, ""}, judge)
}

// J1.17 at this level: the doors close at once and stay closed through a hold.
func TestTheDoorsStayAsTheyWereSet(t *testing.T) {
	r := newTrial(t)
	r.trial()
	r.no("only_presiding", SetVisibility{ClosedDoors, ""}, clerk)
	r.no("visibility", SetVisibility{Deliberating, ""}, judge)
	r.no("same_visibility", SetVisibility{Public, ""}, judge)
	r.ok(SetVisibility{ClosedDoors, "bí mật đời tư"}, judge)
	r.ok(HoldTechnical{}, clerk)
	r.ok(Resume{}, judge)
	r.ok(Suspend{"sự cố", r.now.Add(24 * time.Hour).UnixMicro()}, judge)
	r.ok(Reopen{}, clerk)
	r.ok(MarkReady{}, clerk)
	r.ok(Open{}, judge)
	require.Equal(t, ClosedDoors, r.s.Visibility)
	r.ok(SetVisibility{Public, ""}, judge)
	require.Equal(t, Public, r.s.Visibility)
}

// J2.8, J5.2: at the limit the hold is proposed with a countdown, and begins.
func TestJ5_2AHoldIsProposedAndBegins(t *testing.T) {
	r := newTrial(t)
	r.trial()
	r.ok(GiveFloor{"bc"}, judge)
	lost := start().Add(time.Hour)
	r.at(lost, DeviceLost{"d-bc"}, system)
	require.Equal(t, lost.UnixMicro(), r.s.person("bc").LostSince)
	r.no("no_hold", KeepGoing{"lý do"}, judge)
	r.tick(lost.Add(15 * time.Second))
	require.Equal(t, &HoldState{
		Proposed: true, Since: r.now.UnixMicro(), Deadline: lost.Add(25 * time.Second).UnixMicro(),
		Cause: "lost", People: []PersonID{"bc"},
	}, r.s.Hold)
	require.Equal(t, InSession, r.s.Status)
	r.tick(lost.Add(25 * time.Second))
	require.Equal(t, TechnicalHold, r.s.Status)
	require.Empty(t, r.s.Floor)
	require.Empty(t, Routes(r.s).Grants)
	_, waits := NextDeadline(r.s)
	require.False(t, waits)
}

func TestJ5_2ThePresidingJudgeGoesOnWithAReason(t *testing.T) {
	r := newTrial(t)
	r.trial()
	lost := start().Add(time.Hour)
	r.at(lost, DeviceLost{"d-home"}, system)
	r.tick(lost.Add(15 * time.Second))
	r.no("reason_needed", KeepGoing{" "}, judge)
	r.no("only_presiding", KeepGoing{"lý do"}, clerk)
	r.ok(KeepGoing{"bị hại đã khai xong"}, judge)
	require.Nil(t, r.s.Hold)
	require.True(t, r.s.person("home").GoneOn)
	_, waits := NextDeadline(r.s)
	require.False(t, waits, "not asked again for the same loss")
	// Somebody else's loss is proposed all the same.
	second := lost.Add(time.Minute)
	r.at(second, DeviceLost{"d-bc"}, system)
	r.tick(second.Add(15 * time.Second))
	require.Equal(t, []PersonID{"bc"}, r.s.Hold.People)
	r.ok(KeepGoing{"lý do"}, judge)
	// Back and settled, a new loss counts again.
	back := second.Add(time.Minute)
	r.at(back, DeviceConnected{"d-home"}, system)
	r.tick(back.Add(3 * time.Second))
	require.False(t, r.s.person("home").GoneOn)
	again := back.Add(time.Minute)
	r.at(again, DeviceLost{"d-home"}, system)
	r.tick(again.Add(15 * time.Second))
	require.Equal(t, []PersonID{"home"}, r.s.Hold.People)
}

func TestJ5_2AFlappingLinkDoesNotBeginItsTimeAnew(t *testing.T) {
	r := newTrial(t)
	r.trial()
	lost := start().Add(time.Hour)
	for i := range 7 { // 2 s away, 1 s back
		r.at(lost.Add(time.Duration(3*i)*time.Second), DeviceLost{"d-bc"}, system)
		r.at(lost.Add(time.Duration(3*i+2)*time.Second), DeviceConnected{"d-bc"}, system)
		require.Equal(t, lost.UnixMicro(), r.s.person("bc").LostSince)
	}
	// 20 s after the first loss, just back: the settling comes first …
	settle := lost.Add(23 * time.Second)
	due, _ := NextDeadline(r.s)
	require.Equal(t, settle, due)
	// … and with one more loss before it the hold is due at once.
	r.at(lost.Add(21*time.Second), DeviceLost{"d-bc"}, system)
	due, _ = NextDeadline(r.s)
	require.Equal(t, lost.Add(15*time.Second), due)
	r.ok(Tick{}, system)
	require.Equal(t, r.now.Add(10*time.Second).UnixMicro(), r.s.Hold.Deadline, "the judge has the whole countdown")
	// Back and settled before the deadline withdraws the proposal.
	back := r.now.Add(time.Second)
	r.at(back, DeviceConnected{"d-bc"}, system)
	require.NotNil(t, r.s.Hold)
	r.tick(back.Add(3 * time.Second))
	require.Nil(t, r.s.Hold)
	require.Zero(t, r.s.person("bc").LostSince)
	_, waits := NextDeadline(r.s)
	require.False(t, waits)
}

// J5.4: back in the same seat; the officer confirms the person, the clerk picture
// and sound, and the presiding judge goes on.
func TestJ5_4GoingOnWaitsForThoseWhoReturn(t *testing.T) {
	r := newTrial(t)
	r.trial()
	r.ok(MuteLock{"bc"}, judge)
	lost := start().Add(time.Hour)
	r.at(lost, DeviceLost{"d-bc"}, system)
	r.tick(lost.Add(15 * time.Second))
	r.tick(lost.Add(25 * time.Second))
	st := do(t, r.s, Resume{}, judge, r.now)
	require.Equal(t, "still_lost", st.refusal.Code)
	require.Contains(t, st.refusal.Vi, "Trại tạm giam")
	r.no("only_presiding", Resume{}, clerk)
	r.no("still_away", ConfirmReturn{"bc", "identity"}, cb)
	back := lost.Add(70 * time.Second)
	r.at(back, DeviceConnected{"d-bc"}, system)
	r.no("still_lost", Resume{}, judge)
	r.tick(back.Add(3 * time.Second))
	r.no("unconfirmed", Resume{}, judge)
	r.no("only_clerk", ConfirmReturn{"bc", "media"}, cb)
	r.no("return", ConfirmReturn{"bc", "smell"}, clerk)
	r.no("other_point", ConfirmReturn{"home", "identity"}, cb)
	r.no("only_support", ConfirmReturn{"bc", "identity"}, judge)
	r.ok(NoteMismatch{"bc", "ảnh khác người"}, clerk)
	for _, officer := range []Actor{cb, clerk} {
		r.no("mismatch", ConfirmReturn{"bc", "identity"}, officer)
	}
	r.ok(NoteIdentity{"bc", "citizen_card", ""}, clerk)
	r.ok(ConfirmReturn{"bc", "identity"}, cb)
	r.no("return", ConfirmReturn{"bc", "identity"}, clerk)
	r.no("unconfirmed", Resume{}, judge)
	r.ok(ConfirmReturn{"bc", "media"}, clerk)
	r.ok(Resume{}, judge)
	require.Equal(t, InSession, r.s.Status)
	require.Equal(t, PersonID("judge"), r.s.person("bc").LockedBy, "the lock outlives the hold")
	require.Nil(t, r.s.Hold)
}

func TestJ5_4ThePresidingJudgeMayGoOnWithoutThoseStillLost(t *testing.T) {
	r := newTrial(t)
	r.trial()
	lost := start().Add(time.Hour)
	r.at(lost, DeviceLost{"d-home"}, system)
	r.tick(lost.Add(15 * time.Second))
	r.tick(lost.Add(25 * time.Second))
	r.ok(KeepGoing{"bị hại xin vắng mặt"}, judge)
	require.Equal(t, InSession, r.s.Status)
	_, waits := NextDeadline(r.s)
	require.False(t, waits)
}

func TestAHoldIsBegunByHand(t *testing.T) {
	r := newTrial(t)
	r.arrive()
	r.no("not_in_session", HoldTechnical{}, clerk)
	r = newTrial(t)
	r.trial()
	r.no("only_holders", HoldTechnical{}, ksv)
	r.ok(HoldTechnical{"tiếng vang"}, clerk)
	require.Equal(t, &HoldState{Since: r.now.UnixMicro(), Cause: "asked", Reason: "tiếng vang"}, r.s.Hold)
	r.no("in_hold", HoldTechnical{}, judge)
	r.no("not_in_session", GiveFloor{"bc"}, judge)
	// Whoever is lost during the hold is confirmed again as well.
	r.ok(DeviceLost{"d-ksv"}, system)
	r.no("still_lost", Resume{}, judge)
	r.ok(DeviceConnected{"d-ksv"}, system)
	r.tick(r.now.Add(3 * time.Second))
	r.no("unconfirmed", Resume{}, judge)
	r.ok(ConfirmReturn{"ksv", "identity"}, clerk)
	r.ok(ConfirmReturn{"ksv", "media"}, clerk)
	r.ok(Resume{}, judge)
	require.Equal(t, InSession, r.s.Status)
}

func TestOnlyThoseBookedAsRequiredAreWaitedFor(t *testing.T) {
	b := bookingOfJ1()
	b.People[6].Required = true // the victim
	r := &room{t: t, now: start().Add(-10 * 24 * time.Hour)}
	r.ok(Book{b}, system)
	r.now = start()
	r.trial()
	r.ok(DeviceLost{"d-bc"}, system)
	require.NotZero(t, r.s.person("bc").LostSince, "noted")
	_, waits := NextDeadline(r.s)
	require.False(t, waits, "but not waited for")
	r.ok(DeviceLost{"d-home"}, system)
	r.tick(r.now.Add(15 * time.Second))
	require.Equal(t, []PersonID{"home"}, r.s.Hold.People)
	r.ok(Remove{"home", "gây rối"}, judge)
	require.Nil(t, r.s.Hold, "nobody waits for who was removed")
}

// J5.6: the presiding judge's client dies; the clerk holds the room and everything
// is as it was when the judge returns.
func TestJ5_6TheClerkHoldsTheRoom(t *testing.T) {
	r := newTrial(t)
	r.trial()
	r.ok(RaiseHand{}, defender)
	r.ok(MuteLock{"bc"}, judge)
	r.ok(NextPhase{court.IndictmentReading, ""}, judge)
	r.no("only_presiding", Recess{}, clerk)
	r.ok(DeviceLost{"d-judge"}, system)
	_, waits := NextDeadline(r.s)
	require.False(t, waits, "no hold is proposed for the presiding judge")
	r.no("only_presiding", GiveFloor{"bc"}, clerk)
	r.no("only_presiding", NextPhase{court.Questioning, ""}, clerk)
	r.no("only_presiding", Recess{}, ksv)
	r.ok(Recess{"Chủ tọa mất kết nối"}, clerk)
	r.no("only_presiding", Resume{}, clerk)
	r.ok(DeviceConnected{"d-judge"}, system)
	r.ok(Resume{}, judge)
	r.no("only_presiding", Recess{}, clerk)
	require.Equal(t, []PersonID{"counsel"}, r.s.Hands)
	require.Equal(t, PersonID("judge"), r.s.person("bc").LockedBy)
	require.Equal(t, court.IndictmentReading, r.s.Phase)
}

// J5.7 at this level: a node that takes over has everybody reconnect in time.
func TestJ5_7ANodesEndIsALossOfEverybody(t *testing.T) {
	r := newTrial(t)
	r.ok(NodeTook{Node: "n1", Epoch: 1}, system)
	r.trial()
	r.ok(NodeTook{Node: "n2", Epoch: 2}, system)
	took := r.now
	due, ok := NextDeadline(r.s)
	require.True(t, ok)
	require.Equal(t, took.Add(15*time.Second), due)
	for _, a := range []Actor{judge, clerk, ksv, defender, bc, cb, home} {
		r.ok(DeviceConnected{a.Device}, system)
	}
	r.now = r.now.Add(4 * time.Second)
	for range 7 {
		r.ok(Tick{}, system)
	}
	_, waits := NextDeadline(r.s)
	require.False(t, waits)
	require.Nil(t, r.s.Hold)
}
