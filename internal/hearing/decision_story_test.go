package hearing

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
)

// J5.10: the panel suspends; every point announces it.
func TestJ5_10SuspendingIsAnnounced(t *testing.T) {
	r := newTrial(t)
	r.arrive()
	soon := func() int64 { return r.now.Add(2 * 24 * time.Hour).UnixMicro() }
	r.no("not_opened", Suspend{"mất điện", soon()}, judge)
	r = newTrial(t)
	r.trial()
	r.no("only_presiding", Suspend{"mất điện", soon()}, clerk)
	r.no("reason_needed", Suspend{"", soon()}, judge)
	r.no("reopen_date", Suspend{"mất điện", 0}, judge)
	r.no("reopen_date", Suspend{"mất điện", r.now.UnixMicro()}, judge)
	r.no("reopen_date", Suspend{"mất điện", r.now.Add(5*24*time.Hour + time.Microsecond).UnixMicro()}, judge)
	r.no("nothing_to_announce", Announced{"P1"}, cb)
	r.ok(HoldTechnical{}, clerk)
	reopen := soon()
	r.ok(Suspend{"mất điện", reopen}, judge)
	require.Equal(t, Suspended, r.s.Status)
	require.Equal(t, &DecisionState{Reason: "mất điện", ReopenAt: reopen}, r.s.Decision)
	require.Empty(t, Routes(r.s).Grants)
	require.Equal(t, InCourtroom, r.s.person("bc").Status, "whoever checked in stays")
	r.no("suspended", Suspend{"mất điện", soon()}, judge)
	r.no("suspended", Open{}, judge)
	r.no("not_in_recess", Resume{}, judge)
	r.no("not_opened", Close{}, judge)
	r.no("only_support", Announced{"P1"}, judge)
	r.no("other_point", Announced{"P2"}, cb)
	r.no("unknown_point", Announced{"P7"}, cb)
	r.ok(Announced{"P1"}, cb)
	r.no("announced", Announced{"P1"}, clerk)
	r.no("announced_by_panel", Announced{"P0"}, clerk)
	r.ok(Announced{"P2"}, clerk)
	require.True(t, r.s.pointState("P1").Announced)
	require.Equal(t, "mất điện", ViewFor(r.s, Reader{Person: "ksv", Device: "d-ksv"}).Decision.Reason)
	for _, a := range []Actor{defender, bc, cb, home} { // in the courtroom, and outside of it
		v := ViewFor(r.s, Reader{Person: a.Person, Device: a.Device})
		require.Equal(t, &DecisionView{ReopenAt: reopen}, v.Decision, "%s", a.Person)
	}
}

// J5.12: the reopened hearing is the next part at the same points; failing again it
// is adjourned, with the form of the next hearing.
func TestJ5_12ReopeningMakesTheNextPart(t *testing.T) {
	r := newTrial(t)
	r.trial()
	r.ok(NextPhase{court.IndictmentReading, ""}, judge)
	r.ok(MuteLock{"bc"}, clerk)
	r.ok(RaiseHand{}, defender)
	r.ok(ReportPresence{"bc", true, ""}, cb)
	r.ok(NoteIdentity{"bc", "citizen_card", ""}, clerk)
	r.ok(ReportTest{"P1", []TestItem{{Key: "link", OK: true}}}, cb)
	opened := r.s.OpenedAt
	reopen := r.now.Add(3 * 24 * time.Hour)
	r.no("not_suspended", Reopen{}, clerk)
	r.ok(Suspend{"mất đường truyền", reopen.UnixMicro()}, judge)
	r.ok(Announced{"P1"}, cb)
	r.no("only_holders", Reopen{}, ksv)
	r.now = reopen.Add(-time.Hour)
	r.ok(Reopen{}, clerk)
	require.Equal(t, Preparing, r.s.Status)
	require.Equal(t, 2, r.s.Part)
	require.Equal(t, []PointState{{ID: "P0"}, {ID: "P1"}, {ID: "P2"}}, r.s.Points)
	p := r.s.person("bc")
	require.Equal(t, []any{"", "", 0, PersonID("clerk")}, []any{p.Present, p.Identity, len(p.Test), p.LockedBy})
	require.Equal(t, []PersonID{"counsel"}, r.s.Hands)
	r.no("already_opened", Cancel{"lý do"}, clerk)
	r.no("mark_ready_first", Open{}, judge)
	r.tick(reopen.Add(DefaultLateAfter)) // late against the new date
	r.ok(MarkReady{}, clerk)
	r.ok(Open{}, judge)
	require.Equal(t, court.IndictmentReading, r.s.Phase, "it goes on where it stopped")
	require.Equal(t, opened, r.s.OpenedAt)
	require.Nil(t, r.s.Decision)
	require.Equal(t, 2, r.s.Part)
	r.ok(Suspend{"lại mất đường truyền", r.now.Add(24 * time.Hour).UnixMicro()}, judge)
	r.no("form", Adjourn{"không khắc phục được", 0, "mail"}, judge)
	r.no("reopen_date", Adjourn{"không khắc phục được", r.now.Add(31 * 24 * time.Hour).UnixMicro(), InPerson}, judge)
	r.no("reason_needed", Adjourn{"", 0, InPerson}, judge)
	r.ok(Adjourn{"không khắc phục được", 0, InPerson}, judge)
	require.Equal(t, &DecisionState{Reason: "không khắc phục được", Form: InPerson}, r.s.Decision)
	for _, c := range []Command{Reopen{}, Open{}, RaiseHand{}, Adjourn{"lý do", 0, ""}, Close{}, Recess{}} {
		r.no("adjourned", c, judge)
	}
	// The one thing left to do.
	r.no("only_support", Announced{"P1"}, ksv)
	r.ok(Announced{"P1"}, cb)
	require.False(t, RecordComplete(r.s), "P2 was not told yet")
	r.ok(Announced{"P2"}, clerk)
	require.True(t, RecordComplete(r.s))
	seq := r.s.Seq
	r.ok(DeviceLost{"d-bc"}, system)
	require.Equal(t, seq, r.s.Seq, "nothing else is noted")
	_, waits := NextDeadline(r.s)
	require.False(t, waits)
}

// Who may book takes a hearing out of the calendar again, in the room or not.
func TestTheOfficeCancelsBeforeTheOpeningOnly(t *testing.T) {
	r := newTrial(t)
	r.no("system_only", CancelBooking{By: "a-1", Reason: "lý do"}, clerk)
	r.no("unknown_person", CancelBooking{Reason: "lý do"}, system)
	r.no("reason_needed", CancelBooking{By: "a-1"}, system)
	events, refusal := Decide(r.s, CancelBooking{By: "a-1", Reason: "đổi ngày"}, system, r.now)
	require.Nil(t, refusal)
	require.Equal(t, []EventBody{HearingCancelled{Reason: "đổi ngày", By: "a-1"}}, events)
	r.ok(CancelBooking{By: "a-1", Reason: "đổi ngày"}, system)
	require.Equal(t, Cancelled, r.s.Status)
	require.Equal(t, &DecisionState{Reason: "đổi ngày"}, r.s.Decision)
	r.no("cancelled", CancelBooking{By: "a-1", Reason: "đổi ngày"}, system)
	r = newTrial(t)
	r.ready()
	require.Equal(t, ReadyToOpen, r.s.Status)
	r.ok(CancelBooking{By: "a-1", Reason: "đổi ngày"}, system)
	r = newTrial(t)
	r.trial()
	r.no("already_opened", CancelBooking{By: "a-1", Reason: "lý do"}, system)
}

func TestAHearingIsCancelledBeforeItsOpeningOnly(t *testing.T) {
	r := newTrial(t)
	r.arrive()
	r.no("only_holders", Cancel{"lý do"}, ksv)
	r.no("reason_needed", Cancel{}, clerk)
	r.ok(Cancel{"đình chỉ vụ án"}, clerk)
	require.Equal(t, Cancelled, r.s.Status)
	r.no("cancelled", Open{}, judge)
	_, waits := NextDeadline(r.s)
	require.False(t, waits)
	r = newTrial(t)
	r.trial()
	r.no("already_opened", Cancel{"lý do"}, clerk)
}

func TestWarningsAndEmptyPlacesAreNoted(t *testing.T) {
	r := newTrial(t)
	r.trial()
	r.no("only_presiding", Warn{"home", ""}, clerk)
	r.no("presiding_warned", Warn{"judge", ""}, judge)
	r.ok(Warn{"home", "nói chen"}, judge)
	r.ok(Warn{"home", ""}, judge)
	require.Equal(t, 2, r.s.person("home").Warnings)
	r.no("other_point", NoteAway{"home"}, cb)
	r.no("only_support", NoteAway{"home"}, judge)
	r.ok(NoteAway{"home"}, clerk)
	r.no("away", NoteAway{"home"}, clerk)
	r.ok(NoteBack{"home"}, clerk)
	r.no("not_away", NoteBack{"home"}, clerk)
	r.ok(NoteAway{"bc"}, cb)
	require.True(t, r.s.person("bc").Away)
}

// Without a procedure the hearing is what it was before there were any.
func TestWithoutAProcedureTheCourseHasNoRules(t *testing.T) {
	r := newRoom(t)
	r.inSession()
	for _, c := range []Command{
		MarkReady{},
		NextPhase{Phase: court.Debate},
		Stand{},
		Sit{},
		SetVisibility{To: ClosedDoors},
		HoldTechnical{},
		KeepGoing{"lý do"},
		Suspend{"lý do", 1},
		Adjourn{"lý do", 0, Online},
		Reopen{},
		Cancel{"lý do"},
		Warn{"party", ""},
	} {
		r.no("no_procedure", c, judge)
	}
	for _, c := range []Command{
		RecordOpinion{},
		RecordFacilities{},
		NoteIdentity{},
		NoteMismatch{},
		ReportPresence{},
		ReportTest{},
		ConfirmReturn{},
		Announced{},
		NoteAway{},
		NoteBack{},
	} {
		r.no("no_procedure", c, clerk)
	}
	r.ok(DeviceConnected{"d-party"}, system)
	r.ok(DeviceLost{"d-party"}, system)
	require.Zero(t, r.s.person("party").LostSince)
	_, waits := NextDeadline(r.s)
	require.False(t, waits)
}
