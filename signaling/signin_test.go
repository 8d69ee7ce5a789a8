package signaling

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/wire"
	"phientoa/sfu"
)

// 401 is final for a client: only the certain absence of a session gives it.
func TestOnlyNoSessionIsUnauthorized(t *testing.T) {
	w := newWorld(t, nil)
	for cookie, want := range map[string]int{"": 401, "database away": 503, "broken": 503} {
		for _, path := range []string{"/api/me", "/ws"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.http.URL+path, nil)
			require.NoError(t, err)
			r.Header.Set("Origin", w.http.URL)
			if cookie != "" {
				r.Header.Set("Cookie", `s="`+cookie+`"`)
			}
			resp, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, want, resp.StatusCode, "%s with %q", path, cookie)
		}
	}
}

// turnAuth counts uses and can end every session.
type turnAuth struct {
	headerAuth
	used atomic.Int64
	over atomic.Bool
}

func (a *turnAuth) Session(r *http.Request) (store.Session, error) {
	s, err := a.headerAuth.Session(r)
	s.Expires = time.Now().Add(time.Hour)
	return s, err
}

func (a *turnAuth) Alive(context.Context, store.Session) (time.Time, error) {
	a.used.Add(1)
	if a.over.Load() {
		return time.Time{}, auth.ErrNoSession
	}
	return time.Time{}, nil
}

func TestALiveConnectionRenewsItsSignIn(t *testing.T) {
	a := &turnAuth{}
	w := newWorld(t, func(p *RoomsParams) { p.Limits.TouchEvery = 5 * time.Millisecond })
	w.srv.p.Auth = a
	c := w.enter(judge)
	c.welcome()
	require.Eventually(t, func() bool { return a.used.Load() > 3 }, 20*time.Second, time.Millisecond)
	a.over.Store(true) // signed out on another node
	require.Equal(t, "sign_in", c.bye().Reason.Code)
	late := w.enter(party) // signed out between upgrade and hello
	require.Equal(t, "sign_in", late.bye().Reason.Code)
}

// endingAuth is a sign-in that ends at a moment, and can be kept until then.
type endingAuth struct {
	headerAuth
	end atomic.Int64 // unix microseconds
}

func (a *endingAuth) Alive(context.Context, store.Session) (time.Time, error) {
	end := time.UnixMicro(a.end.Load())
	if !end.After(time.Now()) {
		return time.Time{}, auth.ErrNoSession
	}
	return end, nil
}

// A connection ends in the moment in which its sign-in does, long before the next
// renewal is due; a sign-in that was prolonged meanwhile goes on.
func TestAConnectionEndsWithItsSignIn(t *testing.T) {
	a := &endingAuth{}
	w := newWorld(t, func(p *RoomsParams) { p.Limits.TouchEvery = time.Hour })
	w.srv.p.Auth = a
	first := time.Now().Add(5 * time.Second)
	a.end.Store(first.UnixMicro())
	c := w.enter(judge)
	c.welcome()
	end := first.Add(500 * time.Millisecond)
	a.end.Store(end.UnixMicro()) // prolonged
	bye := c.bye()
	require.Equal(t, "sign_in", bye.Reason.Code)
	require.False(t, bye.Retry)
	// TouchEvery is an hour: that it comes at all shows that the end has its own clock.
	require.False(t, time.Now().Before(end), "not at the first end")
}

// A defect in one session's negotiation ends that session and nothing else.
func TestAPanicEndsOneSessionOnly(t *testing.T) {
	w := newWorld(t, func(p *RoomsParams) { p.Media = &panicMedia{} })
	j, p := w.session()
	p.send(&wire.Envelope{Id: "o", Body: &wire.Envelope_MediaOffer{MediaOffer: &wire.MediaOffer{Sdp: "v=0"}}})
	b := p.bye()
	require.Equal(t, "internal", b.Reason.Code)
	require.True(t, b.Retry)
	require.Equal(t, uint64(1), w.srv.Panics())
	j.must(cmdLock(party))
	w.enter(party).welcome()
}

type panicMedia struct{ fakeMedia }

func (m *panicMedia) Room(string) (MediaRoom, error) { return m, nil }
func (m *panicMedia) Join(sfu.PeerParams) (MediaPeer, error) {
	return panicPeer{&fakePeer{quiet: never}}, nil
}

type panicPeer struct{ *fakePeer }

func (panicPeer) Negotiate(context.Context, sfu.Offer) (sfu.Answer, error) { panic("defect") }

// Who is not in the courtroom does not learn the title.
func TestTitleIsForTheCourtroom(t *testing.T) {
	b := newBench(t, Limits{})
	defer b.rooms.Close()
	b.inSession()
	title := func(p string) string {
		return b.room.titleFor(t.Context(), hearing.Reader{Person: hearing.PersonID(p), Device: hearing.DeviceID(device(p))})
	}
	require.Equal(t, testBooking().Title, title(party))
	require.Empty(t, title(accused))
}

// After a restart a hearing in progress is back before anybody asks for it.
func TestResumeOpensHearingsInProgress(t *testing.T) {
	w := newWorld(t, nil)
	now := func() time.Time { return time.UnixMicro(testBooking().StartsAt) }
	rooms := func() *Rooms {
		p := w.params
		p.Now = now
		rs := NewRooms(p)
		t.Cleanup(rs.Close)
		return rs
	}
	first := rooms()
	first.Resume(t.Context())
	require.False(t, first.Hosts(testHearing), "only scheduled: nothing to go on with")
	w.session()
	w.rooms.Close()
	again := rooms()
	again.Resume(t.Context())
	require.True(t, again.Hosts(testHearing))
}

// One that goes on a month after its booked start is found all the same.
func TestResumeFindsAHearingByItsState(t *testing.T) {
	w := newWorld(t, func(p *RoomsParams) { p.Info = p.Store })
	w.session()
	w.rooms.Close() // writes the calendar's row
	p := w.params
	p.Now = func() time.Time { return time.UnixMicro(testBooking().StartsAt).Add(60 * 24 * time.Hour) }
	rooms := NewRooms(p)
	t.Cleanup(rooms.Close)
	rooms.Resume(t.Context())
	require.True(t, rooms.Hosts(testHearing))
}

// A process died between the closing and the end of the evidence, and the next one
// starts a month later: the end is written before anybody comes.
func TestResumeEndsEvidenceOfWhateverDate(t *testing.T) {
	w := newWorld(t, func(p *RoomsParams) { p.Recorder = &fakeEvidence{} })
	j, _ := w.session()
	j.must(cmdClose)
	w.rooms.Close()
	e := &fakeEvidence{} // as the disk was when the process died
	p := w.params
	p.Recorder = e
	p.Now = func() time.Time { return time.UnixMicro(testBooking().StartsAt).Add(60 * 24 * time.Hour) }
	rooms := NewRooms(p)
	t.Cleanup(rooms.Close)
	rooms.Resume(t.Context())
	eventually(t, "ended", e.over)
}

// Whoever still sits in a hearing that is over can be sent out of it.
func TestAHearingThatIsOverIsStillHosted(t *testing.T) {
	w := newWorld(t, nil)
	j, _ := w.session()
	require.Equal(t, []string{testHearing}, w.rooms.Hosted())
	j.must(cmdClose)
	eventually(t, "over", func() bool { return len(w.rooms.Live()) == 0 })
	require.Equal(t, []string{testHearing}, w.rooms.Hosted())
}
