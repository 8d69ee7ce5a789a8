package hearing

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
)

func TestABookingWithAFaultIsRefused(t *testing.T) {
	long := strings.Repeat("x", MaxLabelRunes+1)
	for name, spoil := range map[string]func(*Booking){
		"no hearing":        func(b *Booking) { b.Hearing = "" },
		"id with a slash":   func(b *Booking) { b.Hearing = "../h" },
		"no unit":           func(b *Booking) { b.Unit = "" },
		"no docket":         func(b *Booking) { b.DocketNo = "" },
		"long title":        func(b *Booking) { b.Title = long },
		"control character": func(b *Booking) { b.Court = "a\nb" },
		"broken UTF-8":      func(b *Booking) { b.Reference = "\xff" },
		"no time":           func(b *Booking) { b.StartsAt = 0 },
		"time beyond":       func(b *Booking) { b.StartsAt = maxTime + 1 },
		"late backwards":    func(b *Booking) { b.LateAfter = -1 },
		"late in a year":    func(b *Booking) { b.LateAfter = maxLateAfter * 365 },
		"no people":         func(b *Booking) { b.People = nil },
		"too many people":   func(b *Booking) { b.People = make([]Person, MaxPeople+1) },
		"too many devices":  func(b *Booking) { b.Devices = make([]Device, MaxDevices+1) },
		"person twice":      func(b *Booking) { b.People[3].ID = "party" },
		"person's id":       func(b *Booking) { b.People[3].ID = "ô" },
		"capacity":          func(b *Booking) { b.People[2].Capacity = "host" },
		"alias":             func(b *Booking) { b.People[2].Alias = long },
		"no presiding":      func(b *Booking) { b.People[0].Capacity = court.Judge },
		"two presiding":     func(b *Booking) { b.People[1].Capacity = court.PresidingJudge },
		"device's id":       func(b *Booking) { b.Devices[3].ID = "" },
		"device twice":      func(b *Booking) { b.Devices[3].ID = "d-judge" },
		"kind":              func(b *Booking) { b.Devices[3].Kind = "fridge" },
		"empty device":      func(b *Booking) { b.Devices[3].People = nil },
		"full device":       func(b *Booking) { b.Devices[3].People = make([]PersonID, MaxSeats+1) },
		"unknown person":    func(b *Booking) { b.Devices[3].People = []PersonID{"nobody"} },
		"doubled person":    func(b *Booking) { b.Devices[3].People = []PersonID{"party", "party"} },
		"two microphones":   func(b *Booking) { b.Devices[3].People = []PersonID{"party", "other"} },
		"no console":        func(b *Booking) { b.Devices[0].Kind = Viewer },
		"shared console":    func(b *Booking) { b.Devices[0].People = []PersonID{"judge", "lay"} },
	} {
		b := plainBooking()
		spoil(&b)
		_, refusal := Decide(nil, Book{b}, system, start())
		require.NotNil(t, refusal, name)
		require.Equal(t, "booking", refusal.Code, name)
		require.Less(t, len(refusal.Vi), 1000, name)
		_, err := Apply(nil, Event{Seq: 1, At: 1, Body: Booked{b}})
		require.ErrorIs(t, err, ErrImpossible, name)
	}
}

func TestABookingIsCopied(t *testing.T) {
	b := plainBooking()
	bodies, refusal := Decide(nil, Book{b}, system, start())
	require.Nil(t, refusal)
	s, err := Apply(nil, Event{Seq: 1, At: 1, Body: bodies[0]})
	require.NoError(t, err)
	want, err := s.Hash()
	require.NoError(t, err)
	b.People[0].Capacity, b.Devices[1].People[0] = court.Witness, "party"
	booked := bodies[0].(Booked).Booking
	booked.People[0].Capacity, booked.Devices[1].People[0] = court.Witness, "party"
	got, err := s.Hash()
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// Every event that no decision leads to is an error, and leaves the state alone.
func TestImpossibleEventsDoNotApply(t *testing.T) {
	r := newRoom(t)
	r.ok(CheckIn{true}, judge)
	for _, b := range []EventBody{
		Booked{plainBooking()},
		CheckedIn{"nobody"},
		CheckedIn{"judge"},
		Admitted{"party"},
		Admitted{"judge"},
		Admitted{"nobody"},
		PersonRemoved{Person: "judge"},
		PersonRemoved{Person: "party"},
		PersonRemoved{},
		HandRaised{"party"},
		HandRaised{},
		HandLowered{"judge"},
		FloorGiven{"party"},
		FloorGiven{},
		FloorStopped{},
		FloorStopped{"judge"},
		MicrophoneLocked{"party", "judge"},
		MicrophoneLocked{"judge", "judge"},
		MicrophoneLocked{},
		MicrophoneUnlocked{"party"},
		MicrophoneUnlocked{},
		Recessed{},
		WentOn{},
		HearingClosed{},
		DeviceJoined{"nothing"},
		DeviceLeft{"d-judge"},
		DeviceLeft{},
		EvidenceAnchored{},
		NodeTaken{},
		&WentOn{}, nil,
	} {
		_, err := Apply(r.s, Event{Seq: r.s.Seq + 1, At: 1, Body: b})
		require.ErrorIs(t, err, ErrImpossible, "%T", b)
		_, err = Replay([]Event{{Seq: 1, Body: b}})
		if _, books := b.(Booked); !books {
			require.Error(t, err, "%T", b)
		}
	}
}
