package signaling

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// BenchmarkPublish is the actor's work for one change that everybody sees,
// with 20 people of the case and 480 of the public (hearing.MaxPeople).
func BenchmarkPublish(b *testing.B) {
	booking := wireBooking()
	for i := range hearing.MaxPeople - len(booking.People) {
		id := fmt.Sprintf("p-public%d", i)
		booking.People = append(booking.People, hearing.Person{ID: hearing.PersonID(id), Capacity: court.Attendee, Point: "P0"})
		booking.Devices = append(booking.Devices, hearing.Device{
			ID: hearing.DeviceID(device(id)), Kind: hearing.Viewer, People: []hearing.PersonID{hearing.PersonID(id)},
		})
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
			person: p.ID, device: hearing.DeviceID(device(string(p.ID))), silence: never,
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
	give(judge, hearing.CheckIn{RulesAccepted: true})
	give(judge, hearing.Open{})
	b.ResetTimer()
	for b.Loop() {
		give(judge, hearing.Recess{})
		give(judge, hearing.Resume{})
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(2*b.N), "us/act")
}
