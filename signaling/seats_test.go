package signaling

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/wire"
	"phientoa/sfu"
)

// hello dials with a cookie of its own and asks for the seat.
func (w *world) hello(cookie string, h *wire.Hello) *client {
	w.t.Helper()
	c := w.dial(cookie, ProtocolJSON)
	h.Room = testRoom
	c.send(&wire.Envelope{Body: &wire.Envelope_Hello{Hello: h}})
	return c
}

func TestASecondSignInIsRefusedUnlessItTakesOver(t *testing.T) {
	w := newWorld(t, nil)
	first := w.hello(judge+"@1", &wire.Hello{})
	token := first.welcome().ResumeToken
	first.must(cmdCheckIn)

	second := w.hello(judge+"@2", &wire.Hello{})
	bye := second.bye()
	require.Equal(t, "seat_taken", bye.Reason.Code)
	require.False(t, bye.Retry)
	stolen := w.hello(judge+"@2", &wire.Hello{ResumeToken: token})
	require.Equal(t, "seat_taken", stolen.bye().Reason.Code, "a resume token is no sign-in")
	first.must(cmdOpen) // untouched

	second = w.hello(judge+"@2", &wire.Hello{TakeOver: true})
	require.False(t, second.welcome().Resumed)
	bye = first.bye()
	require.Equal(t, "taken_over", bye.Reason.Code)
	require.False(t, bye.Retry)
	second.must(cmdRecess)
	back := w.hello(judge+"@1", &wire.Hello{ResumeToken: token})
	require.Equal(t, "seat_taken", back.bye().Reason.Code, "nor does the first get it back by itself")
}

// A browser that opens a new invitation gives its earlier sign-in up.
func TestANewInvitationReplacesTheBrowsersOwnSignIn(t *testing.T) {
	w := newWorld(t, nil)
	first := w.hello(party+"@1", &wire.Hello{})
	first.welcome()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.http.URL+"/api/invitations/consume", strings.NewReader(`{"token":"p-party"}`))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Cookie", "s="+party+"@1")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusNoContent, resp.StatusCode)
	require.Equal(t, "taken_over", first.bye().Reason.Code)
	w.hello(party, &wire.Hello{}).welcome()
}

func TestTheSameSignInMayAlwaysComeBack(t *testing.T) {
	w := newWorld(t, nil)
	first := w.hello(judge+"@1", &wire.Hello{})
	token := first.welcome().ResumeToken
	again := w.hello(judge+"@1", &wire.Hello{ResumeToken: token}) // while the first still stands
	require.True(t, again.welcome().Resumed)
	require.Equal(t, "taken_over", first.bye().Reason.Code)
	again.hangUp()
	// A seat that nobody is connected to is free.
	require.Eventually(t, func() bool {
		c := w.hello(judge+"@2", &wire.Hello{})
		defer c.hangUp()
		var free, told bool
		c.until("an answer", func(es []*wire.Envelope) bool {
			for _, e := range es {
				free = free || e.GetWelcome() != nil
				told = told || e.GetBye() != nil
			}
			return free || told
		})
		return free
	}, 20*time.Second, 10*time.Millisecond)
}

// TestRevocationEndsMediaWithinASecond: the revoked hear and are heard no more.
func TestRevocationEndsMediaWithinASecond(t *testing.T) {
	engine, err := sfu.New(sfu.Params{Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Loops: 1, Logger: discard()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	w := newWorld(t, func(p *RoomsParams) { p.Media = FromEngine(engine) })
	jc, pc := w.enter(judge), w.hello(party+"@1", &wire.Hello{})
	jc.must(cmdCheckIn)
	pc.must(cmdCheckIn)
	jc.must(cmdAdmit(party))
	jc.must(cmdOpen)
	jc.must(cmdFloor(party))
	j, p := newMediaClient(t, jc), newMediaClient(t, pc)
	require.Nil(t, p.negotiate("p1", 3).Refusal)
	require.Nil(t, j.negotiate("j1", 3).Refusal)
	grows := func(c *mediaClient) func() bool {
		from := c.heard.Load()
		return func() bool { return c.heard.Load() > from+5 }
	}
	require.Eventually(t, grows(j), 20*time.Second, 5*time.Millisecond)
	require.Eventually(t, grows(p), 20*time.Second, 5*time.Millisecond)

	w.rooms.EndSeats(t.Context(), []store.Session{sessionOf(party + "@other"), {Hearing: "elsewhere"}})
	require.Eventually(t, grows(j), 20*time.Second, 5*time.Millisecond, "another sign-in's end is not this one's")

	again := p.describe(0) // made before: a client that sleeps does not hear of the end
	began := time.Now()
	w.rooms.EndSeats(t.Context(), []store.Session{sessionOf(party + "@1")})
	<-time.After(time.Until(began.Add(time.Second)))
	heardJ, heardP := j.heard.Load(), p.heard.Load()
	bye := pc.bye()
	require.Equal(t, "revoked", bye.Reason.Code)
	require.False(t, bye.Retry)
	jc.view("gone", func(v *wire.View) bool { return !personIn(v, party).Connected })
	<-time.After(500 * time.Millisecond) // 25 packets each way, were there any
	require.Equal(t, heardP, p.heard.Load(), "hears nothing")
	require.Equal(t, heardJ, j.heard.Load(), "is not heard")

	// What the revoked client still holds opens nothing.
	back := w.hello(party+"@2", &wire.Hello{ResumeToken: pc.welcome().ResumeToken})
	require.False(t, back.welcome().Resumed)
	back.send(&wire.Envelope{Id: "old", Body: &wire.Envelope_MediaOffer{MediaOffer: again}})
	back.until("media refused", func(es []*wire.Envelope) bool {
		for _, e := range es {
			if a := e.GetMediaAnswer(); a != nil && e.Id == "old" {
				return a.Refusal.GetCode() == "media_new"
			}
		}
		return false
	})
}

// A seat whose client is away for a moment is ended too: its media went on.
func TestRevocationReachesASeatWithoutAConnection(t *testing.T) {
	b := newBench(t, Limits{LostAfter: time.Hour, ResumeWindow: 2 * time.Hour})
	defer b.rooms.Close()
	b.inSession()
	b.rooms.EndSeats(t.Context(), []store.Session{sessionOf(party)})
	_, ref := b.room.join(context.Background(), joining{
		person: party, device: hearing.DeviceID(device(party)), token: "x", silence: never, free: always,
	})
	require.Nil(t, ref)
	ended := make(chan bool, 1)
	require.NoError(t, b.room.post(t.Context(), func() { ended <- len(b.room.seats) == 2 }))
	require.True(t, <-ended, "the old seat is gone, a new sign-in has one")
}

// Who is recorded as having left a shared device does not come back to it by a new
// sign-in: what reaches it is for those who stayed.
func TestWhoLeftASharedDeviceDoesNotSignInThereAnew(t *testing.T) {
	st := openStore(t)
	b := wireBooking()
	row := store.Hearing{ID: testHearing, Room: testRoom, Unit: b.Unit, DocketNo: b.DocketNo, Title: b.Title, StartsAt: b.StartsAt}
	require.NoError(t, BookHearing(context.Background(), st, "booker", row, nil, b, time.Now()))
	w := startWorld(t, st, nil)
	arrive := func(cookie string) *client {
		c := w.hello(cookie, &wire.Hello{})
		c.welcome()
		c.must(cmdCheckIn)
		return c
	}
	bench, desk := arrive(judge), arrive(clerk)
	arrive(officer)
	there := arrive(respondent + "@1")
	bench.must(cmdAdmit(officer))
	bench.must(cmdAdmit(respondent))
	bench.must(cmdOpen)
	bench.must(&wire.Command{Act: &wire.Command_Isolate{Isolate: &wire.Isolate{Person: respondent}}})
	desk.must(&wire.Command{Act: &wire.Command_ConfirmLeft{ConfirmLeft: &wire.ConfirmLeft{Person: respondent}}})

	bye := w.hello(respondent+"@2", &wire.Hello{TakeOver: true}).bye()
	require.Equal(t, "left_device", bye.Reason.Code)
	there.hangUp()
	there = w.hello(respondent+"@1", &wire.Hello{}) // the device's own sign-in serves who stayed
	there.welcome()
	bench.must(&wire.Command{Act: &wire.Command_EndIsolation{EndIsolation: &wire.EndIsolation{Person: respondent}}})
	w.hello(respondent+"@2", &wire.Hello{TakeOver: true}).welcome()
}
