package hearing

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Nobody announces for ever: the record says where it was not announced, and ends.
func TestJ5_10WhatIsNotAnnouncedInTimeIsNoted(t *testing.T) {
	r := newTrial(t)
	r.trial()
	require.False(t, RecordComplete(r.s))
	r.ok(Adjourn{"vắng mặt bị hại", 0, ""}, judge)
	adjourned := r.now
	require.False(t, RecordComplete(r.s))
	r.no("announced_by_panel", Announced{"P0"}, clerk)
	r.ok(Announced{"P2"}, clerk)
	before := r.s
	r.tick(adjourned.Add(AnnounceWithin))
	require.True(t, RecordComplete(r.s))
	require.False(t, before.Decision.Missed, "the state before is as it was")
	r.no("announced", Announced{"P2"}, clerk)
	r.no("announced_late", Announced{"P1"}, cb)
	_, waits := NextDeadline(r.s)
	require.False(t, waits)
}

func TestWhatIsOverWithoutAnythingToAnnounceIsComplete(t *testing.T) {
	require.False(t, RecordComplete(nil))
	r := newRoom(t)
	r.inSession()
	require.False(t, RecordComplete(r.s))
	r.ok(Close{}, judge)
	require.True(t, RecordComplete(r.s))
	r = newTrial(t)
	r.arrive()
	r.ok(Cancel{"đình chỉ vụ án"}, clerk)
	require.True(t, RecordComplete(r.s))
	b := bookingOfJ1() // a hearing in person has the central point only
	inPerson(&b)
	r = &room{t: t, now: start().Add(-10 * 24 * time.Hour)}
	r.ok(Book{b}, system)
	r.arrive()
	r.ok(Adjourn{"vắng mặt bị hại", 0, ""}, judge)
	require.True(t, RecordComplete(r.s))
}

// Replay of every story: behind the moment in which the record is complete stand
// anchors of the evidence log and nothing else, so that the log may end there; and
// every hearing that is over comes to that moment by itself.
func TestNothingFollowsACompleteRecord(t *testing.T) {
	check := func(t *rapid.T, st step) {
		if RecordComplete(st.before) {
			for _, e := range st.events {
				require.IsType(t, EvidenceAnchored{}, e.Body)
			}
			require.True(t, RecordComplete(st.after))
			return
		}
		if !st.after.Status.Over() {
			require.False(t, RecordComplete(st.after))
			return
		}
		s := st.after
		if !RecordComplete(s) {
			due, waits := NextDeadline(s)
			require.True(t, waits)
			require.Equal(t, time.UnixMicro(s.Since).Add(AnnounceWithin).UTC(), due)
			late := do(t, s, Tick{}, system, due)
			require.IsType(t, AnnouncementsMissed{}, late.events[0].Body)
			s = late.after
		}
		require.True(t, RecordComplete(s))
		_, waits := NextDeadline(s)
		require.False(t, waits)
	}
	property(t, check)
	rapid.Check(t, func(t *rapid.T) { // an adjourned hearing, and whatever is tried behind it
		var s *State
		c, now := drawn(t), start().Add(-10*24*time.Hour)
		take := func(cmd Command, a Actor) {
			now = now.Add(time.Second)
			st := do(t, s, cmd, a, now)
			if s != nil {
				check(t, st)
			}
			s = st.after
		}
		b := bookingOfJ1()
		take(Book{b}, system)
		for _, a := range []Actor{judge, clerk, cb, home} {
			take(CheckIn{true}, a)
		}
		take(Adjourn{"lý do", 0, ""}, judge)
		require.Equal(t, Adjourned, s.Status)
		for range 12 {
			switch c(4) {
			case 0:
				take(Announced{pick(c, []string{"P0", "P1", "P2"})}, pick(c, []Actor{clerk, cb}))
			case 1:
				take(AnchorEvidence{Size: s.Anchor.Size + 1, Root: rootOf(1)}, system)
			default:
				cmd := anyCommand(c, b)
				take(cmd, anyActor(c, b, cmd))
			}
		}
	})
	// What those stories may miss: an anchor behind the end.
	r := newTrial(t)
	r.trial()
	r.ok(Adjourn{"vắng mặt bị hại", 0, ""}, judge)
	r.tick(r.now.Add(AnnounceWithin))
	st := do(t, r.s, AnchorEvidence{Size: r.s.Anchor.Size + 1, Root: rootOf(1)}, system, r.now)
	require.Len(t, st.events, 1)
	require.IsType(t, EvidenceAnchored{}, st.events[0].Body)
	require.True(t, RecordComplete(st.after))
}
