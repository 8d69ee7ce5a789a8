package signaling

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/hearing/hearingtest"
	"phientoa/internal/store"
	"phientoa/internal/wire"
)

// courtroom is one court's hearing of the sweep.
type courtroom struct {
	id, room string
	unit     court.UnitID
	docket   string
	suffix   string // of the ids of its people
}

func twoCourts() []courtroom {
	return []courtroom{
		{testHearing, testRoom, "u-1", "45/2026/TLST-DS", ""},
		{"0192f0c0-0000-7000-8000-000000000002", strings.Repeat("a", 32), "u-2", "46/2026/TLST-DS", "-dn"},
	}
}

// booking is the sweep's hearing in this court.
func (c courtroom) booking() hearing.Booking {
	b := sweepBooking()
	b.Hearing, b.Unit, b.DocketNo, b.Title = hearing.ID(c.id), c.unit, c.docket, "Bí mật "+c.docket
	for i := range b.People {
		b.People[i].ID += hearing.PersonID(c.suffix)
	}
	for i := range b.Devices {
		b.Devices[i].ID += hearing.DeviceID(c.suffix)
		for j := range b.Devices[i].People {
			b.Devices[i].People[j] += hearing.PersonID(c.suffix)
		}
	}
	return b
}

// lead books the hearing and writes the events that lead to the stage.
func (c courtroom) lead(t *testing.T, st store.Store, stage hearingtest.Stage) {
	t.Helper()
	b, now := c.booking(), time.Now()
	row := store.Hearing{ID: c.id, Room: c.room, Unit: c.unit, DocketNo: b.DocketNo, Title: b.Title, StartsAt: b.StartsAt}
	require.NoError(t, BookHearing(t.Context(), st, "booker", row, nil, b, now))
	lines, err := st.Read(t.Context(), court.SystemScope(), c.id, 1, 10)
	require.NoError(t, err)
	first, err := hearing.ParseEvent(lines[0].Line)
	require.NoError(t, err)
	state, err := hearing.Replay([]hearing.Event{first})
	require.NoError(t, err)
	events, _, err := hearingtest.Lead(state, hearingtest.Params{
		To: stage, Now: now,
		Outside: []hearing.PersonID{hearing.PersonID(outside + c.suffix)}, Removed: []hearing.PersonID{hearing.PersonID(sentOut + c.suffix)},
	})
	require.NoError(t, err)
	var texts [][]byte
	for _, e := range events {
		text, err := hearing.MarshalEvent(e)
		require.NoError(t, err)
		texts = append(texts, text)
	}
	l, err := st.Acquire(t.Context(), court.SystemScope(), c.id, "booker", 15*time.Second)
	require.NoError(t, err)
	require.NoError(t, st.Append(t.Context(), court.SystemScope(), l, 1, texts))
	require.NoError(t, st.Release(t.Context(), court.SystemScope(), l))
}

// courtsAuth is an Auth for tests: the cookie's value is the person, whose id tells
// the court.
type courtsAuth struct{ headerAuth }

func (courtsAuth) Session(r *http.Request) (store.Session, error) {
	c, err := r.Cookie("s")
	if err != nil {
		return store.Session{}, auth.ErrNoSession
	}
	s := sessionOf(c.Value)
	if courts := twoCourts(); strings.HasSuffix(c.Value, courts[1].suffix) {
		s.Hearing = courts[1].id
	}
	return s, nil
}

// TestSweepOfDoors: two courts, everybody of both, every state: whose room it is not,
// for them it does not exist; media is negotiated by those alone who may; what the page
// is told of the hearing is what the View tells; and each denial is in the access log.
func TestSweepOfDoors(t *testing.T) {
	for _, stage := range hearingtest.Stages() {
		t.Run(string(stage), func(t *testing.T) {
			st, log := openStore(t), &accessBook{}
			for _, c := range twoCourts() {
				c.lead(t, st, stage)
			}
			w := startWorld(t, st, func(p *RoomsParams) { p.Media = &fakeMedia{} })
			w.srv.Close()
			w.http.Close()
			w.srv = NewServer(ServerParams{
				Rooms: w.rooms, Auth: courtsAuth{}, OriginAllowed: func(string) bool { return true },
				Access: log, Logger: discard(), Version: "test",
			})
			w.http = httptest.NewServer(w.srv.Handler())
			want := map[string]int{}
			var notFound []byte
			for i, own := range twoCourts() {
				other := twoCourts()[1-i]
				for _, p := range own.booking().People {
					person := string(p.ID)
					for _, room := range []string{"", strings.Repeat("f", 32), other.room, own.room[:31]} {
						bye := w.knock(person, room).bye()
						text, err := proto.Marshal(bye)
						require.NoError(t, err)
						if notFound == nil {
							require.Equal(t, "not_found", bye.Reason.Code)
							notFound = text
						}
						require.Equal(t, notFound, text, "%s at %q", person, room)
						want[person+" "+deniedRoom]++
					}
					c := w.knock(person, own.room)
					c.welcome()
					code := c.offer()
					if mayNegotiate(strings.TrimSuffix(person, own.suffix), stage) {
						require.NotEqual(t, refuseMedia().Code, code, person)
					} else {
						require.Equal(t, refuseMedia().Code, code, person)
						want[person+" "+deniedMedia]++
					}
					v := c.view("own", func(*wire.View) bool { return true })
					me := w.me(person)
					require.Equal(t, own.docket, me.DocketNo)
					require.Equal(t, v.Title, me.Title, person)
					require.NotContains(t, v.String(), other.docket)
					c.hangUp()
				}
			}
			status, _ := w.get("", "/api/me")
			require.Equal(t, http.StatusUnauthorized, status)
			w.close()
			require.Equal(t, want, log.counts())
		})
	}
}

// mayNegotiate says who may have a media connection: who has checked in and was not
// sent out, and the public while it may follow.
func mayNegotiate(person string, stage hearingtest.Stage) bool {
	switch person {
	case sentOut, outside:
		return false
	case viewer:
		return slices.Contains([]hearingtest.Stage{hearingtest.Open, hearingtest.Recess, hearingtest.Deliberation, hearingtest.Hold}, stage)
	}
	return !stage.Over()
}

// knock asks for a room by its public id.
func (w *world) knock(person, room string) *client {
	w.t.Helper()
	c := w.dial(person, ProtocolJSON)
	c.send(&wire.Envelope{Body: &wire.Envelope_Hello{Hello: &wire.Hello{Room: room}}})
	return c
}

// offer asks for media and returns the refusal's code, empty when there is none.
func (c *client) offer() (code string) {
	c.t.Helper()
	c.send(&wire.Envelope{Id: "offer", Body: &wire.Envelope_MediaOffer{MediaOffer: &wire.MediaOffer{Sdp: "v=0"}}})
	c.until("answer to the offer", func(es []*wire.Envelope) bool {
		for _, e := range es {
			if a := e.GetMediaAnswer(); a != nil {
				code = a.Refusal.GetCode()
				return true
			}
		}
		return false
	})
	return code
}

func (w *world) get(person, path string) (int, []byte) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, w.http.URL+path, http.NoBody)
	require.NoError(w.t, err)
	if person != "" {
		r.Header.Set("Cookie", "s="+person)
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(w.t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(w.t, errors.Join(err, resp.Body.Close()))
	return resp.StatusCode, body
}

func (w *world) me(person string) (me meAnswer) {
	w.t.Helper()
	status, body := w.get(person, "/api/me")
	require.Equal(w.t, http.StatusOK, status, "%s", body)
	require.NoError(w.t, json.Unmarshal(body, &me))
	return me
}
