package hearing

import (
	"fmt"
	"testing"

	"phientoa/internal/court"
)

// BenchmarkCommand is what one act of the presiding judge costs a room actor:
// the decision, the new state and the whole routing.
func BenchmarkCommand(b *testing.B) {
	b.Run("20people", func(b *testing.B) { benchmarkCommand(b, crowd(18, 0)) })
	b.Run("800viewers", func(b *testing.B) { benchmarkCommand(b, crowd(18, 800)) })
}

// crowd is a hearing in session: judge, clerk, so many parties at desk clients, and
// so many viewer devices of the public, which is one attendee for two devices (a
// hearing books at most MaxPeople).
func crowd(parties, viewers int) *State {
	booking := bookingOfJ1()
	booking.People, booking.Devices = booking.People[:2], booking.Devices[:2]
	for i := range parties {
		id := PersonID(fmt.Sprintf("p%d", i))
		booking.People = append(booking.People, Person{ID: id, Capacity: court.Victim, Point: "P1"})
		booking.Devices = append(booking.Devices, Device{ID: DeviceID("d-" + id), Kind: DeskClient, People: []PersonID{id}})
	}
	for i := range viewers {
		id := PersonID(fmt.Sprintf("v%d", i/2))
		if i%2 == 0 {
			booking.People = append(booking.People, Person{ID: id, Capacity: court.Attendee, Point: "P2"})
		}
		booking.Devices = append(booking.Devices, Device{ID: DeviceID(fmt.Sprintf("w%d", i)), Kind: Viewer, People: []PersonID{id}})
	}
	s := nil0(booking)
	s.Status = InSession
	for i := range s.People {
		s.People[i].Status = InCourtroom
	}
	for i := range s.Devices {
		s.Devices[i].Connected = true
	}
	return s
}

func benchmarkCommand(b *testing.B, s *State) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		bodies, refusal := Decide(s, GiveFloor{PersonID(fmt.Sprintf("p%d", i%18))}, judge, start())
		if refusal != nil {
			b.Fatal(refusal)
		}
		n, err := Apply(s, Event{Seq: s.Seq + 1, At: 1, Body: bodies[0]})
		if err != nil {
			b.Fatal(err)
		}
		if len(Routes(n).Grants) == 0 {
			b.Fatal("no grants")
		}
		NextDeadline(n)
		s = n
	}
}

// BenchmarkView is what one reader's view costs; every reader gets one after an act.
func BenchmarkView(b *testing.B) {
	s := crowd(18, 800)
	for name, r := range map[string]Reader{"clerk": {Person: "clerk", Device: "d-clerk"}, "viewer": {Person: "v0", Device: "w0"}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if ViewFor(s, r).Seq == 0 {
					b.Fatal("no view")
				}
			}
		})
	}
}
