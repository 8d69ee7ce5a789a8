package signaling

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// TestThePublicReadsWhatTheRulesSay: what is worked out once for all of the public is,
// for each of them and after every act, what working it out alone gives; and nobody is
// sent what they have read already.
func TestThePublicReadsWhatTheRulesSay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t: t, st: &fakeStore{}, ev: &fakeEvidence{}, media: &fakeMedia{}}
		booking := wireBooking()
		for i := range 3 {
			id := fmt.Sprintf("p-public%d", i)
			p := hearing.Person{ID: hearing.PersonID(id), Capacity: court.Attendee, Point: "P0", Alias: id}
			booking.People = slices.Insert(booking.People, 4*i, p)
			booking.Devices = append(booking.Devices, hearing.Device{
				ID: hearing.DeviceID(device(id)), Kind: hearing.Viewer, People: []hearing.PersonID{p.ID},
			})
		}
		require.NoError(t, BookHearing(t.Context(), b.st, "booker", store.Hearing{ID: testHearing, Room: testRoom}, nil, booking, time.Now()))
		b.open()
		defer func() { b.rooms.Close() }()
		seats := map[string]joined{}
		for _, p := range booking.People {
			seats[string(p.ID)] = b.sit(string(p.ID))
		}
		for _, p := range []string{judge, clerk, plaintiff, lawyer, respondent, officer} {
			b.must(p, hearing.CheckIn{RulesAccepted: true})
		}
		watchers := []string{viewer, "p-public0", "p-public1", "p-public2"}
		inside := 0
		agree := func(what string) {
			synctest.Wait()
			for _, p := range watchers {
				s := seats[p].place.seat
				hv := hearing.ViewFor(b.room.eff, hearing.Reader{Person: s.person, Device: s.device})
				in := hv.Place == hearing.Courtroom
				if in {
					inside++
				}
				want, got := b.room.viewFor(s, hv, in), lastView(seats[p])
				want.Connects = in && !b.room.eff.Status.Over()
				require.True(t, sameView(got, want), "%s after %s: %v instead of %v", p, what, got, want)
			}
		}
		for _, a := range []struct {
			by  string
			cmd hearing.Command
		}{
			{judge, hearing.Admit{Person: plaintiff}},
			{judge, hearing.Open{}},
			{judge, hearing.Admit{Person: lawyer}},
			{judge, hearing.GiveFloor{Person: plaintiff}},
			{lawyer, hearing.RaiseHand{}},
			{judge, hearing.NextPhase{Phase: court.Questioning}},
			{judge, hearing.SetVisibility{To: hearing.ClosedDoors}},
			{judge, hearing.GiveFloor{Person: lawyer}},
			{judge, hearing.SetVisibility{To: hearing.Public}},
			{judge, hearing.Remove{Person: "p-public1", Reason: "gây rối"}},
			{judge, hearing.Recess{Reason: "nghỉ"}},
			{clerk, hearing.HoldTechnical{Reason: "tiếng vang"}},
			{judge, hearing.KeepGoing{Reason: "đã rõ"}},
		} {
			sent := seats[viewer].place.seat.seq
			if a.cmd == (hearing.Remove{Person: "p-public1", Reason: "gây rối"}) {
				<-b.give(a.by, a.cmd) // who never checked in is not there to be sent out
			} else {
				b.must(a.by, a.cmd)
			}
			agree(fmt.Sprintf("%T", a.cmd))
			if _, hand := a.cmd.(hearing.RaiseHand); hand {
				require.Equal(t, sent, seats[viewer].place.seat.seq, "a hand is nothing that the public reads of")
			}
		}
		require.Greater(t, inside, 20)
		b.st.set(func(f *fakeStore) { f.away = true })
		pass(30 * time.Second)
		agree("the database went away")
		require.True(t, lastView(seats[viewer]).Degraded)
		b.room.leave(seats["p-public2"].place, seats["p-public2"].link)
		pass(3 * time.Second)
		agree("somebody of the public left")
	})
}
