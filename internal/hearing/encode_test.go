package hearing

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
)

func TestALineHasOneSpelling(t *testing.T) {
	good := `{"seq":7,"at":1772413200000000,"kind":"hand.raised","actor":{"person":"p1","device":"d1"},"body":{"person":"p1"}}`
	e, err := ParseEvent([]byte(good))
	require.NoError(t, err)
	require.Equal(t, Event{Seq: 7, At: 1772413200000000, Actor: Actor{Person: "p1", Device: "d1"}, Body: HandRaised{"p1"}}, e)
	for name, bad := range map[string]string{
		"empty":          ``,
		"null":           `null`,
		"blank":          " " + good,
		"newline":        good + "\n",
		"two values":     good + good,
		"sequence 0":     strings.Replace(good, `"seq":7`, `"seq":0`, 1),
		"unknown kind":   strings.Replace(good, `hand.raised`, `hand.waved`, 1),
		"unknown field":  strings.Replace(good, `"body":{`, `"body":{"x":1,`, 1),
		"unknown member": strings.Replace(good, `"seq":7`, `"x":1,"seq":7`, 1),
		"doubled":        strings.Replace(good, `"seq":7`, `"seq":7,"seq":7`, 1),
		"doubled person": strings.Replace(good, `"body":{"person":"p1"}`, `"body":{"person":"p2","person":"p1"}`, 1),
		"other case":     strings.Replace(good, `"body":{"person"`, `"body":{"Person"`, 1),
		"missing":        strings.Replace(good, `"body":{"person":"p1"}`, `"body":{}`, 1),
		"null body":      strings.Replace(good, `{"person":"p1"}}`, `null}`, 1),
		"escaped":        strings.Replace(good, `"body":{"person":"p1"}`, `"body":{"person":"\u00701"}`, 1),
		"float":          strings.Replace(good, `"seq":7`, `"seq":7.0`, 1),
		"too long":       strings.Replace(good, `p1"}}`, strings.Repeat("p", MaxLineBytes)+`"}}`, 1),
	} {
		_, err := ParseEvent([]byte(bad))
		require.ErrorIs(t, err, ErrLine, name)
	}
}

func TestWhatCannotBeReadIsNotWritten(t *testing.T) {
	for name, e := range map[string]Event{
		"no body":      {Seq: 1},
		"sequence 0":   {Body: WentOn{}},
		"broken UTF-8": {Seq: 1, Body: Recessed{"\xff"}},
	} {
		_, err := MarshalEvent(e)
		require.ErrorIs(t, err, ErrLine, name)
	}
}

// A booking that is accepted fits into a line, with as many people as there may be;
// one with all texts as long as they may be is refused in words.
func TestABookingFitsIntoALine(t *testing.T) {
	for _, procedure := range []court.Procedure{"", court.Administrative} {
		widest, refused := 0, false
		for runes := 0; runes <= MaxNameRunes; runes += 10 {
			bodies, refusal := Decide(nil, Book{largestOf(procedure, runes)}, Actor{System: true}, start())
			if refusal != nil {
				require.Equal(t, "booking", refusal.Code)
				require.Contains(t, refusal.En, "bytes in all")
				refused = true
				continue
			}
			require.False(t, refused, "longer ones are not accepted again")
			widest = runes
			text, err := MarshalEvent(Event{Seq: 1, At: start().UnixMicro(), Actor: Actor{System: true}, Body: bodies[0]})
			require.NoError(t, err)
			require.LessOrEqual(t, len(text), MaxLineBytes)
		}
		t.Logf("%d people with names and points of %d characters", MaxPeople, widest)
		require.Positive(t, widest)
		require.True(t, refused)
	}
}

func FuzzParseEvent(f *testing.F) {
	f.Add([]byte(`{"seq":1,"at":1,"kind":"hearing.resumed","actor":{"system":true},"body":{}}`))
	for _, seed := range []byte{1, 77, 200} {
		b := seed
		next := func(n int) int { b = b*73 + 41; return int(b) % n }
		for _, e := range walk(f, next, 60, func(step) {}) {
			text, err := MarshalEvent(e)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := ParseEvent(text)
		if err != nil {
			return
		}
		again, err := MarshalEvent(e)
		require.NoError(t, err)
		require.Equal(t, string(text), string(again))
		// A line from anywhere may be refused by a state, but never break it.
		s := nil0(fuzzBooking())
		e.Seq = s.Seq + 1
		if n, err := Apply(s, e); err == nil {
			Routes(n)
			ViewFor(n, Reader{System: true})
			NextDeadline(n)
		}
		e.Seq = 1
		if n, err := Apply(nil, e); err == nil {
			Routes(n)
		}
	})
}

// FuzzDecide drives a hearing by bytes: no command of anybody panics, and every
// answer applies.
func FuzzDecide(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("Vui lòng ngồi gần màn hình, phiên tòa sắp bắt đầu, phiên tòa sắp bắt đầu"))
	f.Fuzz(func(t *testing.T, script []byte) {
		i := 0
		next := func(n int) int {
			if i >= len(script) {
				return 0
			}
			i++
			return int(script[i-1]) % n
		}
		walk(t, next, len(script)/4, func(st step) {
			for _, r := range readers(st.after) {
				ViewFor(st.after, r)
			}
			Routes(st.after)
		})
	})
}

func fuzzBooking() Booking {
	return anyBooking(func(n int) int { return (n - 1) / 2 })
}

// largestOf reaches every bound but that of names with text that JSON writes longest;
// names and points have so many characters.
func largestOf(procedure court.Procedure, runes int) Booking {
	label, name := strings.Repeat("<", MaxLabelRunes), strings.Repeat("<", runes)
	id := func(i int) string { return fmt.Sprintf("%0*d", MaxIDBytes, i) }
	b := Booking{
		Hearing: ID(id(0)), Unit: court.UnitID(id(0)), Court: label, DocketNo: label, Title: label, Reference: label,
		StartsAt: maxTime, Demo: true, LateAfter: maxLateAfter,
	}
	for i := range MaxPeople {
		capacity := court.DetentionOfficer
		if i == 0 {
			capacity = court.PresidingJudge
		}
		b.People = append(b.People, Person{
			ID: PersonID(id(i)), Capacity: capacity, Alias: name, Point: name,
			Minor: true, Required: true, Client: PersonID(id((i + 1) % MaxPeople)),
		})
	}
	if procedure != "" {
		policy := court.DefaultPolicy(procedure)
		policy.MaxComponentPoints = MaxPoints - 1
		b.Procedure, b.Instance, b.Form, b.Visibility, b.Policy = procedure, appealHearing, Mixed, ClosedDoors, &policy
		b.Minutes = MaxMinutes
		for i := range MaxPoints {
			kind := ComponentPoint
			if i == 0 {
				kind = CentralPoint
			}
			b.Points = append(b.Points, Point{ID: id(i), Kind: kind, Name: label[:MaxNameRunes], Unit: court.UnitID(id(i)), Detention: true})
		}
		for i := range b.People {
			b.People[i].Point = id(0)
		}
	}
	for i := range MaxDevices {
		d := Device{ID: DeviceID(id(i)), Kind: Console, People: []PersonID{PersonID(id(i % MaxPeople))}, Private: true}
		if i > 0 && i <= MaxAllSeats-MaxDevices {
			d.People = append(d.People, PersonID(id(0)))
		}
		b.Devices = append(b.Devices, d)
	}
	return b
}

// The kinds stand in logs for ever, and what restricts is decided once for each.
func TestKindsAndRestrictionsAreFixed(t *testing.T) {
	for _, c := range []struct {
		body      EventBody
		kind      string
		restricts bool
	}{
		{Booked{}, "hearing.booked", false},
		{CheckedIn{}, "person.checked_in", false},
		{Admitted{}, "person.admitted", false},
		{PersonRemoved{}, "person.removed", true},
		{HandRaised{}, "hand.raised", false},
		{HandLowered{}, "hand.lowered", true},
		{FloorGiven{}, "floor.given", false},
		{FloorStopped{}, "floor.stopped", true},
		{MicrophoneLocked{}, "microphone.locked", true},
		{MicrophoneUnlocked{}, "microphone.unlocked", false},
		{Opened{}, "hearing.opened", false},
		{Recessed{}, "hearing.recessed", true},
		{WentOn{}, "hearing.resumed", false},
		{HearingClosed{}, "hearing.closed", true},
		{BecameLate{}, "hearing.late", false},
		{DeviceJoined{}, "device.connected", false},
		{DeviceLeft{}, "device.lost", true},
		{RecorderReported{Recording: true}, "recorder.reported", false},
		{RecorderReported{}, "recorder.reported", true},
		{EvidenceAnchored{}, "evidence.anchored", false},
		{NodeTaken{}, "node.took", false},
		{OpinionRecorded{}, "opinion.recorded", false},
		{FacilitiesRecorded{}, "facilities.recorded", false},
		{BecameReady{}, "hearing.ready", false},
		{IdentityNoted{}, "person.identified", false},
		{IdentityMismatched{}, "person.mismatched", false},
		{PresenceReported{}, "person.presence", false},
		{TestReported{}, "test.reported", false},
		{PhaseEntered{}, "phase.entered", false},
		{AskedToStand{}, "hearing.stand", false},
		{AskedToSit{}, "hearing.sit", false},
		{VisibilitySet{To: Public}, "visibility.set", false},
		{VisibilitySet{To: ClosedDoors}, "visibility.set", true},
		{MonitoringSet{To: MonitorsNone}, "monitoring.set", true},
		{MonitoringSet{To: MonitorsAll}, "monitoring.set", false},
		{MonitoringSet{To: MonitorsNamed, Units: []court.UnitID{"u"}}, "monitoring.set", false},
		{HoldProposed{}, "hold.proposed", false},
		{HoldBegun{}, "hold.begun", true},
		{KeptGoing{}, "hold.kept_going", false},
		{LinksSettled{}, "link.settled", false},
		{ReturnConfirmed{}, "return.confirmed", false},
		{HearingSuspended{}, "hearing.suspended", true},
		{HearingAdjourned{}, "hearing.adjourned", true},
		{DecisionAnnounced{}, "decision.announced", false},
		{AnnouncementsMissed{Points: []string{"P1"}}, "decision.unannounced", false},
		{HearingReopened{}, "hearing.reopened", false},
		{HearingCancelled{}, "hearing.cancelled", true},
		{PersonWarned{}, "person.warned", false},
		{PersonAway{}, "person.away", false},
		{PersonBack{}, "person.back", false},
	} {
		require.Equal(t, c.kind, c.body.Kind())
		require.Equal(t, c.restricts, c.body.Restricts(), c.kind)
		e := Event{Seq: 3, At: 5, Actor: Actor{System: true}, Body: c.body}
		text, err := MarshalEvent(e)
		require.NoError(t, err, c.kind)
		back, err := ParseEvent(text)
		require.NoError(t, err, c.kind)
		require.Equal(t, e, back)
	}
}
