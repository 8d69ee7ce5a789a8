package whip

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/internal/wire"
	"phientoa/signaling"
)

// bench is a court of fakes: one seat for each encoder, tokens are the devices' names.
type bench struct {
	noted    []string
	signOuts int
	script   func(conn signaling.Conn) // what signaling says
}

func (*bench) TokenDevice(r *http.Request, kind store.DeviceKind) (store.RoomDevice, error) {
	switch t := r.Header.Get("Authorization"); t {
	case "Bearer one", "Bearer two":
		return store.RoomDevice{ID: t[7:], Kind: kind}, nil
	case "Bearer one.wrong":
		return store.RoomDevice{ID: "one", Unit: "unit"}, auth.ErrNoSession
	case "Bearer away":
		return store.RoomDevice{}, store.ErrUnavailable
	case "Bearer fast":
		return store.RoomDevice{}, auth.ErrThrottled
	}
	return store.RoomDevice{}, auth.ErrNoSession
}

func (*bench) SignInTokenDevice(_ context.Context, d store.RoomDevice) (auth.Room, error) {
	return auth.Room{Device: d}, nil
}
func (b *bench) SignOutRoom(context.Context, auth.Room) error { b.signOuts++; return nil }
func (*bench) RoomSeats(_ context.Context, d auth.Room, _, _ time.Time) ([]auth.RoomSeat, error) {
	return []auth.RoomSeat{{Seat: store.Seat{Hearing: "h", Person: "p", Device: d.Device.ID}, Status: "in_session"}}, nil
}

func (*bench) EnterRoomSeat(_ context.Context, _ auth.Room, h, p, d string) (*http.Cookie, store.Session, error) {
	return nil, store.Session{Hearing: h, Person: p, Device: d}, nil
}
func (*bench) Now() time.Time { return time.Now() }

func (b *bench) Serve(_ context.Context, _ store.Session, conn signaling.Conn, _ func(func() (time.Duration, bool))) error {
	b.script(conn)
	return nil
}

func say(conn signaling.Conn, e *wire.Envelope) {
	data, _ := proto.Marshal(e)
	_ = conn.Write(false, data)
}

// answers is a hearing that lets in whoever comes, and stays until the encoder leaves.
func answers(conn signaling.Conn) {
	say(conn, &wire.Envelope{Body: &wire.Envelope_MediaRelay{MediaRelay: &wire.MediaRelay{Urls: []string{"turn:t"}, Username: "u", Credential: "c"}}})
	say(conn, &wire.Envelope{Seq: 1, Body: &wire.Envelope_View{View: &wire.View{Connects: true}}})
	for {
		_, data, err := conn.Read()
		if err != nil {
			return
		}
		e := &wire.Envelope{}
		if proto.Unmarshal(data, e) == nil && e.GetMediaOffer() != nil {
			say(conn, &wire.Envelope{Id: e.Id, Body: &wire.Envelope_MediaAnswer{MediaAnswer: &wire.MediaAnswer{Sdp: "answer"}}})
		}
	}
}

func (b *bench) server(t *testing.T) *Server {
	s := New(Params{
		Devices: b, Seats: b, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Alive: func(context.Context, store.Session) (time.Time, error) { return time.Time{}, errors.New("away") },
		Note:  func(_ court.UnitID, _, who, what string) { b.noted = append(b.noted, who+" "+what) },
	})
	t.Cleanup(s.Close)
	return s
}

func ask(s http.Handler, method, path, token, kind, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func goodOffer() string {
	return offerOf("a=group:BUNDLE 0 1\r\n", mline("audio", "0", "opus/48000/2"), mline("video", "1", "VP8/90000"))
}

func TestASessionIsItsEncodersAlone(t *testing.T) {
	b := &bench{script: answers}
	s := b.server(t)
	first := ask(s, "POST", Publish, "one", "application/sdp", goodOffer())
	require.Equal(t, http.StatusCreated, first.Code, first.Body)
	require.Equal(t, `<turn:t>; rel="ice-server"; username="u"; credential="c"; credential-type="password"`, first.Header().Get("Link"))
	at := first.Header().Get("Location")
	for _, method := range []string{"PATCH", "DELETE"} {
		foreign := ask(s, method, at, "two", "application/trickle-ice-sdpfrag", "a=x\r\n")
		none := ask(s, method, Publish+"/AAAAAAAAAAAAAAAAAAAAAA", "two", "application/trickle-ice-sdpfrag", "a=x\r\n")
		require.Equal(t, http.StatusNotFound, foreign.Code)
		require.Equal(t, none.Body.String(), foreign.Body.String(), "another's is like none")
		require.Equal(t, none.Header(), foreign.Header())
	}
	second := ask(s, "POST", Publish, "one", "application/sdp", goodOffer())
	require.Equal(t, http.StatusCreated, second.Code)
	require.NotEqual(t, at, second.Header().Get("Location"))
	require.Equal(t, http.StatusNotFound, ask(s, "DELETE", at, "one", "", "").Code, "the newest counts")
	require.Zero(t, b.signOuts, "an old address ends nothing")
	require.Equal(t, http.StatusOK, ask(s, "DELETE", second.Header().Get("Location"), "one", "", "").Code)
	require.Equal(t, 1, b.signOuts)
}

func TestWhoIsRefused(t *testing.T) {
	bye := func(retry bool) func(signaling.Conn) {
		return func(c signaling.Conn) {
			say(c, &wire.Envelope{Body: &wire.Envelope_Bye{Bye: &wire.Bye{Reason: &wire.Refusal{Code: "x"}, Retry: retry}}})
			_ = c.Close(1000)
		}
	}
	for name, c := range map[string]struct {
		token  string
		script func(signaling.Conn)
		want   int
	}{
		"nobody":                 {"", answers, 401},
		"a wrong token":          {"one.wrong", answers, 401},
		"too many wrong tokens":  {"fast", answers, 429},
		"the database is away":   {"away", answers, 503},
		"the hearing is busy":    {"one", bye(true), 503},
		"the seat is not theirs": {"one", bye(false), 403},
		"hung up":                {"one", func(c signaling.Conn) { _ = c.Close(1000) }, 503},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bench{script: c.script}
			got := ask(b.server(t), "POST", Publish, c.token, "application/sdp", goodOffer())
			require.Equal(t, c.want, got.Code, got.Body)
			require.Empty(t, got.Header().Get("Location"))
			require.Equal(t, c.token == "one.wrong", len(b.noted) == 1, "a known encoder's wrong token is noted")
		})
	}
}

func TestAnEncoderAsksTooOften(t *testing.T) {
	s := (&bench{script: answers}).server(t)
	for range offersBurst {
		require.Equal(t, http.StatusBadRequest, ask(s, "POST", Publish, "one", "application/sdp", "x").Code)
	}
	w := ask(s, "POST", Publish, "one", "application/sdp", goodOffer())
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	require.Equal(t, retryAfter, w.Header().Get("Retry-After"))
	require.Equal(t, http.StatusCreated, ask(s, "POST", Publish, "two", "application/sdp", goodOffer()).Code, "nobody else waits for it")
}

// What the hearing takes away ends the session: the person is let out.
func TestASessionEndsWithItsSeat(t *testing.T) {
	out := make(chan struct{})
	s := (&bench{script: func(c signaling.Conn) {
		go func() {
			<-out
			say(c, &wire.Envelope{Seq: 2, Body: &wire.Envelope_View{View: &wire.View{}}})
		}()
		answers(c)
	}}).server(t)
	w := ask(s, "POST", Publish, "one", "application/sdp", goodOffer())
	require.Equal(t, http.StatusCreated, w.Code)
	close(out)
	require.Eventually(t, func() bool {
		return ask(s, "PATCH", w.Header().Get("Location"), "one", "application/trickle-ice-sdpfrag", "a=x\r\n").Code == http.StatusNotFound
	}, 10*time.Second, 20*time.Millisecond)
}
