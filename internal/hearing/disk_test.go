package hearing

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// J1.8, domain 8b: the hours of recording left stand in the preparation; below the
// booked length the hearing opens only with a reason, which stands in the log.
func TestJ1_8TooLittleRecordingLeftNeedsAReason(t *testing.T) {
	r := newTrial(t)
	r.ready()
	booked := r.s.Booking.Minutes
	require.Positive(t, booked)
	for _, c := range r.s.checks() {
		require.NotEqual(t, "recording_left", c.Key, "nothing is known yet")
	}
	r.ok(ReportRecordingLeft{booked - 1}, system)
	require.False(t, r.check("recording_left").Done)
	require.Equal(t, shownMinutes(booked-1), r.check("recording_left").Minutes)
	require.Equal(t, ReadyToOpen, r.s.Status, "it bars the opening, not being ready")
	r.no("recording_short", Open{}, judge)
	r.no("recording_short", Open{"  "}, judge)
	st := do(t, r.s, Open{}, judge, r.now)
	require.Contains(t, st.refusal.Vi, hoursVi(booked))
	require.Contains(t, st.refusal.En, hoursEn(booked))
	short := r.s

	r.ok(ReportRecordingLeft{booked}, system)
	require.True(t, r.check("recording_left").Done)
	r.ok(Open{}, judge)
	require.Empty(t, r.s.OverrideReason)

	r.s = short
	r.ok(Open{"ổ đĩa mới lắp sau"}, judge)
	require.Equal(t, "ổ đĩa mới lắp sau", r.s.OverrideReason)

	// In session the court hears of it half an hour before the end.
	r.ok(ReportRecordingLeft{diskLowMinutes}, system)
	require.Empty(t, ViewFor(r.s, Reader{Person: judge.Person, Device: judge.Device}).Trouble)
	r.ok(ReportRecordingLeft{diskLowMinutes - 1}, system)
	for _, a := range []Actor{judge, clerk} {
		require.Equal(t, TroubleDiskLow, ViewFor(r.s, Reader{Person: a.Person, Device: a.Device}).Trouble)
	}
	require.Empty(t, ViewFor(r.s, Reader{Person: bc.Person, Device: bc.Device}).Trouble)
	require.True(t, ViewFor(r.s, Reader{Person: bc.Person, Device: bc.Device}).Recording, "it still records")
	// Another node has other disks.
	r.ok(NodeTook{Node: "n2", Epoch: r.s.Epoch + 1}, system)
	require.Equal(t, RecordingLeftState{}, r.s.Left)
}

// The desk asks for a reason exactly where the rules refuse the opening without one,
// and for the same cause, whatever the recorder and the disks are like.
func TestTheViewSaysWhatOpeningIsRefusedFor(t *testing.T) {
	base := newTrial(t)
	base.ready()
	reader := func(a Actor) Reader { return Reader{Person: a.Person, Device: a.Device} }
	rapid.Check(t, func(rt *rapid.T) {
		s := *base.s
		s.Recorder = RecorderState{On: rapid.Bool().Draw(rt, "on"), Trouble: rapid.SampledFrom([]string{"", "disk-full"}).Draw(rt, "trouble")}
		s.Left = RecordingLeftState{
			Known:   rapid.Bool().Draw(rt, "known"),
			Minutes: s.Booking.Minutes + rapid.IntRange(-3, 3).Draw(rt, "more"),
		}
		want := ""
		if _, r := Decide(&s, Open{}, judge, base.now); r != nil {
			want = r.Code
			require.Contains(rt, []string{"not_recording", "recording_short"}, r.Code)
		}
		require.Equal(rt, want, ViewFor(&s, reader(judge)).OpenBarred)
		require.Equal(rt, want, ViewFor(&s, reader(clerk)).OpenBarred)
		require.Empty(rt, ViewFor(&s, reader(bc)).OpenBarred, "nobody else opens it")
		_, r := Decide(&s, Open{"lý do"}, judge, base.now)
		require.Nil(rt, r, "a reason opens it in any case")
	})
	base.ok(Open{"lý do"}, judge)
	require.Empty(t, ViewFor(base.s, reader(judge)).OpenBarred, "it is open")
}

// A disk that fills up writes few lines, and what the rules know never differs from
// the measurement in a way that anybody would see.
func TestMeasurementsOfTheDiskAreFewAndTrue(t *testing.T) {
	base := newTrial(t).s
	rapid.Check(t, func(rt *rapid.T) {
		s, lines := base, 0
		for left := rapid.IntRange(0, 5000).Draw(rt, "left"); left >= 0; left -= rapid.IntRange(1, 3).Draw(rt, "step") {
			bodies, ref := Decide(s, ReportRecordingLeft{left}, system, time.Time{})
			require.Nil(rt, ref)
			for _, b := range bodies {
				e := Event{Seq: s.Seq + 1, At: s.BookedAt, Actor: system, Body: b}
				line, err := MarshalEvent(e)
				require.NoError(rt, err)
				e, err = ParseEvent(line)
				require.NoError(rt, err)
				s, err = Apply(s, e)
				require.NoError(rt, err)
				lines++
			}
			c, known := s.recordingCheck()
			require.True(rt, known)
			require.Equal(rt, shownMinutes(min(left, maxLeftMinutes)), c.Minutes)
			require.Equal(rt, left >= s.Booking.Minutes, c.Done)
			require.Equal(rt, left < diskLowMinutes, s.Left.Minutes < diskLowMinutes)
		}
		require.LessOrEqual(rt, lines, 80)
	})
}
