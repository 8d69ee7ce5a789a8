package signaling

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/internal/wire"
)

// accessBook keeps what is written into it.
type accessBook struct {
	mu    sync.Mutex
	calls [][]store.Access
	away  bool
	gate  chan struct{} // writing waits here when not nil
}

func (b *accessBook) LogAccess(_ context.Context, a []store.Access) error {
	if b.gate != nil {
		<-b.gate
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return errors.New("away")
	}
	b.calls = append(b.calls, a)
	return nil
}

// written is each writing that succeeded.
func (b *accessBook) written() [][]store.Access {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.calls)
}

// counts adds up what was written, by person and kind.
func (b *accessBook) counts() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]int{}
	for _, call := range b.calls {
		for _, a := range call {
			out[a.Person+" "+a.What] += a.Count
		}
	}
	return out
}

func inAccessLog(t *testing.T, b *accessBook, f func(l *accessLog)) {
	synctest.Test(t, func(t *testing.T) {
		l := newAccessLog(b, 10*time.Second, time.Now, discard())
		ctx, stop := context.WithCancel(context.Background())
		go l.run(ctx)
		f(l)
		stop()
		<-l.done
	})
}

func TestDenialsAreCountedByActorAndSpan(t *testing.T) {
	b := &accessBook{}
	inAccessLog(t, b, func(l *accessLog) {
		for range 3 {
			l.note(store.Session{Unit: "u", Hearing: "h", Person: "a"}, deniedRoom)
		}
		l.note(store.Session{Unit: "u", Hearing: "h", Person: "b"}, deniedRoom)
		l.note(store.Session{Unit: "u", Hearing: "h", Person: "a"}, deniedMedia)
		time.Sleep(9 * time.Second) //nolint:forbidigo // time of the synctest bubble
		synctest.Wait()
		require.Empty(t, b.written())
		time.Sleep(2 * time.Second) //nolint:forbidigo // time of the synctest bubble
		synctest.Wait()
		require.Len(t, b.written(), 1)
		require.Len(t, b.written()[0], 3)
		l.note(store.Session{Unit: "u", Hearing: "h", Person: "a"}, deniedRoom)
	})
	require.Len(t, b.written(), 2, "the end writes the rest at once")
	require.Equal(t, map[string]int{"a denied.room": 4, "b denied.room": 1, "a denied.media": 1}, b.counts())
	for _, call := range b.written() {
		for _, a := range call {
			require.Equal(t, court.UnitID("u"), a.Unit, "whose people the denied belongs to")
		}
	}
}

func TestDenialsBeyondTheBoundShareOneEntry(t *testing.T) {
	b := &accessBook{}
	inAccessLog(t, b, func(l *accessLog) {
		for i := range maxDenied + 500 {
			l.note(store.Session{Unit: "u", Hearing: "h", Person: fmt.Sprint("p", i)}, deniedRoom)
		}
		require.LessOrEqual(t, len(l.counts), maxDenied+1)
	})
	total := 0
	for _, call := range b.written() {
		require.LessOrEqual(t, len(call), store.MaxAccess)
	}
	for _, n := range b.counts() {
		total += n
	}
	require.Equal(t, maxDenied+500, total, "none is lost")
	require.Equal(t, 500, b.counts()[" denied.room"])
}

func TestDenialsOutliveAnOutageAndWaitForNobody(t *testing.T) {
	b := &accessBook{away: true}
	inAccessLog(t, b, func(l *accessLog) {
		b.gate = make(chan struct{}) // of the bubble, so that waiting for it is seen
		l.note(store.Session{Unit: "u", Hearing: "h", Person: "a"}, deniedRoom)
		time.Sleep(11 * time.Second) //nolint:forbidigo // time of the synctest bubble
		synctest.Wait()              // the writing hangs
		l.note(store.Session{Unit: "u", Hearing: "h", Person: "a"}, deniedRoom)
		close(b.gate)
		synctest.Wait()
		require.Empty(t, b.written())
		b.mu.Lock()
		b.away = false
		b.mu.Unlock()
		time.Sleep(11 * time.Second) //nolint:forbidigo // time of the synctest bubble
		synctest.Wait()
		require.Equal(t, map[string]int{"a denied.room": 2}, b.counts())
	})
}

// What is denied at the door of a hearing, to media and to a bad link stands in
// the access log; what is granted does not.
func TestDenialsReachTheAccessLog(t *testing.T) {
	b := &accessBook{}
	w := newWorld(t, nil)
	w.srv.Close()
	w.http.Close()
	w.srv = NewServer(ServerParams{
		Rooms: w.rooms, Auth: headerAuth{}, OriginAllowed: func(string) bool { return true },
		Access: b, Logger: discard(), Version: "test",
	})
	w.http = httptest.NewServer(w.srv.Handler())

	c := w.dial(judge, ProtocolJSON)
	c.send(&wire.Envelope{Body: &wire.Envelope_Hello{Hello: &wire.Hello{Room: strings.Repeat("f", 32)}}})
	require.Equal(t, "not_found", c.bye().Reason.Code)
	p := w.enter(party)
	p.send(&wire.Envelope{Id: "m", Body: &wire.Envelope_MediaOffer{MediaOffer: &wire.MediaOffer{Sdp: "v=0"}}})
	p.until("media refused", func(es []*wire.Envelope) bool {
		for _, e := range es {
			if a := e.GetMediaAnswer(); a != nil {
				require.Equal(t, "media_not_admitted", a.Refusal.GetCode())
				return true
			}
		}
		return false
	})
	for _, token := range []string{"bad", judge} {
		resp, err := http.Post(w.http.URL+"/api/invitations/consume", "application/json", strings.NewReader(`{"token":"`+token+`"}`))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}
	w.close()
	nobody := "" // a bad invitation has no actor
	require.Equal(t, map[string]int{
		judge + " denied.room": 1, party + " denied.media": 1, nobody + " denied.invitation": 1,
	}, b.counts())
}
