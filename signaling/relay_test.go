package signaling

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/wire"
	"phientoa/sfu"
	"phientoa/sfu/relay"
)

// passes is a relay that knows which of its passes live.
type passes struct {
	mu     sync.Mutex
	living map[string]bool
	made   int
}

type fakePass struct {
	of   *passes
	name string
}

func (p *passes) issue() (RelayPass, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made++
	name := fmt.Sprint("pass", p.made)
	p.living[name] = true
	return &fakePass{p, name}, nil
}

func (p *fakePass) Access() relay.Access {
	return relay.Access{URLs: []string{"turn:192.0.2.1:3478"}, Username: p.name, Password: "secret"}
}

func (p *fakePass) Revoke() {
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	delete(p.of.living, p.name)
}

// given is the pass that the client of the seat has read of last, and whether it came
// before the View that lets it connect.
func given(j joined) (pass string, before bool) {
	s := j.place.seat
	s.mu.Lock()
	defer s.mu.Unlock()
	var connects uint64
	for _, e := range s.ring {
		switch {
		case e.env.GetMediaRelay() != nil:
			pass, before = e.env.GetMediaRelay().Username, connects == 0
		case e.env.GetView() != nil:
			connects = 0
			if e.env.GetView().Connects {
				connects = e.env.Seq
			}
		}
	}
	return pass, before
}

// TestAPassLivesAsLongAsMediaMay: after every act exactly the seats that may have a
// connection have a pass to the relay, their client knows it, and it came first.
func TestAPassLivesAsLongAsMediaMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &passes{living: map[string]bool{}}
		b := &bench{t: t, st: &fakeStore{}, ev: &fakeEvidence{}, media: &fakeMedia{}, relay: p.issue}
		booking := wireBooking()
		require.NoError(t, BookHearing(t.Context(), b.st, "booker", store.Hearing{ID: testHearing, Room: testRoom}, nil, booking, time.Now()))
		b.open()
		defer func() { b.rooms.Close() }()
		seats := map[string]joined{}
		with := 0
		agree := func(what string) {
			t.Helper()
			synctest.Wait()
			want := map[string]bool{}
			for id, j := range seats {
				if b.room.seats[j.place.seat.device] != j.place || !lastView(j).GetConnects() {
					continue
				}
				name, before := given(j)
				require.NotEmpty(t, name, "%s after %s", id, what)
				require.True(t, before, "%s after %s", id, what)
				want[name] = true
			}
			with += len(want)
			p.mu.Lock()
			defer p.mu.Unlock()
			require.Equal(t, want, p.living, what)
		}
		for _, person := range booking.People {
			seats[string(person.ID)] = b.sit(string(person.ID))
			agree("a seat was taken")
		}
		for _, who := range []string{judge, clerk, plaintiff, lawyer, respondent, officer} {
			b.must(who, hearing.CheckIn{RulesAccepted: true})
			agree(who + " checked in")
		}
		b.must(judge, hearing.Admit{Person: plaintiff})
		b.must(judge, hearing.Open{})
		b.must(judge, hearing.Admit{Person: lawyer})
		agree("opened")
		b.must(judge, hearing.SetVisibility{To: hearing.ClosedDoors})
		agree("closed doors")
		b.must(judge, hearing.SetVisibility{To: hearing.Public})
		agree("open doors")
		b.must(judge, hearing.Remove{Person: plaintiff, Reason: "gây rối"})
		agree("removed")
		b.must(judge, hearing.Admit{Person: plaintiff})
		agree("readmitted")
		before, _ := given(seats[lawyer])
		seats[lawyer] = b.sit(lawyer) // the page was loaded again
		agree("a new seat session")
		after, _ := given(seats[lawyer])
		require.NotEqual(t, before, after)
		b.room.leave(seats[respondent].place, seats[respondent].link)
		pass(b.room.limits.ResumeWindow + time.Minute)
		agree("somebody stayed away")
		require.NotContains(t, p.living, must(given(seats[respondent])))
		b.must(judge, hearing.Close{})
		agree("the end")
		require.Empty(t, p.living)
		require.Greater(t, with, 50)
	})
}

func must(name string, _ bool) string { return name }

// TestTheWayThroughTheRelayOutlivesLeavingTheCourtroom: who has to wait goes on with
// the connection, and with what it may need to come back.
func TestTheWayThroughTheRelayOutlivesLeavingTheCourtroom(t *testing.T) {
	s, err := newSeat(party, hearing.DeviceID(device(party)), Limits{}.withDefaults(), nil)
	require.NoError(t, err)
	s.send(&wire.Envelope{Body: &wire.Envelope_MediaRelay{MediaRelay: &wire.MediaRelay{Username: "u"}}})
	s.purge(true)
	require.Len(t, s.ring, 1)
	s.purge(false)
	require.Empty(t, s.ring)
}

// slowRoom's peers negotiate until they are closed, all but the last.
type slowRoom struct {
	fakeMedia
	first chan struct{} // closed when the first peer is closed
}

type slowPeer struct {
	fakePeer
	closed chan struct{}
	once   sync.Once
}

func (r *slowRoom) Join(sfu.PeerParams) (MediaPeer, error) {
	r.joins++
	if r.joins == 1 {
		return &slowPeer{closed: r.first}, nil
	}
	return &fakePeer{quiet: never}, nil
}

func (p *slowPeer) Negotiate(context.Context, sfu.Offer) (sfu.Answer, error) {
	<-p.closed
	return sfu.Answer{}, sfu.ErrClosed
}

func (p *slowPeer) Close() { p.once.Do(func() { close(p.closed) }) }

// TestANewPeerConnectionDoesNotWaitForTheOld: who gave up a connection that came to
// nothing is not kept waiting by what it still asks for.
func TestANewPeerConnectionDoesNotWaitForTheOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := newSeat(party, hearing.DeviceID(device(party)), Limits{}.withDefaults(), nil)
		require.NoError(t, err)
		var closers sync.WaitGroup
		m := newSeatMedia(&slowRoom{first: make(chan struct{})}, s, nil, &closers, discard())
		m.allow(true)
		old := make(chan *wire.MediaAnswer, 1)
		go func() {
			a, _ := m.offer(t.Context(), &wire.MediaOffer{Sdp: "old"})
			old <- a
		}()
		synctest.Wait()
		m.supersede(&wire.MediaOffer{Sdp: "old"})
		synctest.Wait()
		require.Empty(t, old, "a repeated offer ends nothing")
		m.supersede(&wire.MediaOffer{Sdp: "new"})
		a, _ := m.offer(t.Context(), &wire.MediaOffer{Sdp: "new"})
		require.Nil(t, a.Refusal)
		require.Equal(t, "media_new", (<-old).Refusal.Code)
		m.close()
		closers.Wait()
	})
}
