package signaling

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/wire"
)

// accessBook counts what is noted, by hearing, person and kind.
type accessBook struct {
	mu    sync.Mutex
	notes map[string]int
}

func (b *accessBook) Note(unit court.UnitID, hearing, person, what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.notes == nil {
		b.notes = map[string]int{}
	}
	b.notes[strings.Join([]string{string(unit), hearing, person, what}, " ")]++
}

// counts are the denials by person and what was denied.
func (b *accessBook) counts() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]int{}
	for note, n := range b.notes {
		out[strings.SplitN(note, " ", 3)[2]] += n
	}
	return out
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
	require.Equal(t, map[string]int{
		" " + testHearing + " " + judge + " denied.room": 1, " " + testHearing + " " + party + " denied.media": 1,
		"   denied.invitation": 1, // a bad invitation has no actor
	}, b.notes)
}
