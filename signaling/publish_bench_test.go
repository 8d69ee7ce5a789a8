package signaling

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// BenchmarkPublish is the actor's work for one change that everybody sees, with 20
// people of the case, and with 40 and 800 of the public.
func BenchmarkPublish(b *testing.B) {
	b.Run("20", func(b *testing.B) { benchmarkPublish(b, 20, 0) })
	b.Run("840", func(b *testing.B) { benchmarkPublish(b, 40, 800) })
}

func benchmarkPublish(b *testing.B, people, public int) {
	booking := wireBooking()
	add := func(id string, c court.Capacity, k hearing.DeviceKind) {
		booking.People = append(booking.People, hearing.Person{ID: hearing.PersonID(id), Capacity: c, Point: "P0"})
		booking.Devices = append(booking.Devices, hearing.Device{
			ID: hearing.DeviceID(device(id)), Kind: k, People: []hearing.PersonID{hearing.PersonID(id)},
		})
	}
	for i := range people - len(booking.People) {
		add(fmt.Sprintf("p-related%d", i), court.RelatedParty, hearing.DeskClient)
	}
	for i := range public {
		add(fmt.Sprintf("p-public%d", i), court.Attendee, hearing.Viewer)
	}
	st := &fakeStore{}
	row := store.Hearing{ID: testHearing, Room: testRoom}
	require.NoError(b, BookHearing(context.Background(), st, "booker", row, nil, booking, time.Now()))
	rooms := NewRooms(RoomsParams{Store: st, Media: &fakeMedia{}, Recorder: &fakeEvidence{}, Node: "n1", Logger: discard()})
	defer rooms.Close()
	room, ref := rooms.Open(context.Background(), testHearing)
	require.Nil(b, ref)
	for _, p := range booking.People {
		_, ref := room.join(context.Background(), joining{
			person: p.ID, device: hearing.DeviceID(device(string(p.ID))), silence: never, free: always,
		})
		require.Nil(b, ref)
	}
	give := func(p string, c hearing.Command) {
		ch := make(chan reply, 1)
		room.submit(&order{
			cmd: c, actor: hearing.Actor{Person: hearing.PersonID(p), Device: hearing.DeviceID(device(p))},
			reply: func(r reply) { ch <- r },
		})
		require.Nil(b, (<-ch).refusal)
	}
	for _, p := range booking.People[:people] {
		if !p.Capacity.Watches() {
			give(string(p.ID), hearing.CheckIn{RulesAccepted: true})
		}
	}
	for _, p := range booking.People[:people] {
		if !p.Capacity.HoldsRoom() && !p.Capacity.Called() && !p.Capacity.Watches() {
			give(judge, hearing.Admit{Person: p.ID})
		}
	}
	give(judge, hearing.Open{OverrideReason: "thử"})
	require.Eventually(b, func() bool { // everybody is known to have come
		ch := make(chan bool, 1)
		require.NoError(b, room.post(context.Background(), func() {
			ch <- !slices.ContainsFunc(room.eff.Devices, func(d hearing.DeviceState) bool { return !d.Connected })
		}))
		return <-ch
	}, time.Minute, 10*time.Millisecond)
	b.ResetTimer()
	for b.Loop() {
		give(judge, hearing.Recess{})
		give(judge, hearing.Resume{})
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(2*b.N), "us/act")
}
