package hearing

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
)

// BenchmarkCommand is what one act of the presiding judge costs a room actor: the
// decision, the new state and the whole routing; with Views, also the view of every
// reader. 840people are 40 of the case and 800 who only receive.
func BenchmarkCommand(b *testing.B) {
	for _, c := range []struct {
		name             string
		parties, viewers int
	}{{"20people", 18, 0}, {"840people", 38, 800}} {
		s := crowded(crowdBooking(c.parties, c.viewers))
		all := readers(s)
		require.Len(b, all, 2+c.parties+c.viewers)
		b.Run(c.name, func(b *testing.B) { benchmarkCommand(b, s, nil) })
		b.Run(c.name+"Views", func(b *testing.B) { benchmarkCommand(b, s, all) })
	}
}

// crowdBooking has judge, clerk, so many parties at desk clients, and so many people
// of the public, each at a viewer.
func crowdBooking(parties, viewers int) Booking {
	booking := bookingOfJ1()
	booking.People, booking.Devices = booking.People[:2], booking.Devices[:2]
	seat := func(id PersonID, c court.Capacity, k DeviceKind, point string) {
		booking.People = append(booking.People, Person{ID: id, Capacity: c, Point: point})
		booking.Devices = append(booking.Devices, Device{ID: "d-" + DeviceID(id), Kind: k, People: []PersonID{id}})
	}
	for i := range parties {
		seat(PersonID(fmt.Sprintf("p%d", i)), court.Victim, DeskClient, "P1")
	}
	for i := range viewers {
		seat(PersonID(fmt.Sprintf("v%d", i)), court.Attendee, Viewer, "P2")
	}
	return booking
}

// crowded is the hearing in session, everybody connected.
func crowded(booking Booking) *State {
	s := nil0(booking)
	s.Status = InSession
	for i := range s.People {
		s.People[i].Status = InCourtroom
		if s.Booking.People[i].Capacity.Watches() {
			s.People[i].Status = Arrived // the public does not check in
		}
	}
	for i := range s.Devices {
		s.Devices[i].Connected = true
	}
	return s
}

func benchmarkCommand(b *testing.B, s *State, all []Reader) {
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
		views := NewViews(n)
		for _, r := range all {
			if views.For(r).Seq == 0 {
				b.Fatal("no view")
			}
		}
		s = n
	}
}

// BenchmarkView is what one reader's view costs by itself, and its acts alone.
func BenchmarkView(b *testing.B) {
	s := crowded(crowdBooking(38, 800))
	for name, id := range map[string]PersonID{"clerk": "clerk", "party": "p0", "viewer": "v0"} {
		r := Reader{Person: id, Device: "d-" + DeviceID(id)}
		v := ViewFor(s, r)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if ViewFor(s, r).Seq == 0 {
					b.Fatal("no view")
				}
			}
		})
		b.Run(name+"Acts", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				acts(s, r, &v)
			}
		})
		b.Run(name+"SlowActs", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				slowActs(s, Actor{Person: r.Person, Device: r.Device}, s.known(r, v.People), nil, nil)
			}
		})
	}
}
