package signaling

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/store/open"
	"phientoa/internal/wire"
)

const (
	testHearing = "0192f0c0-0000-7000-8000-000000000001"
	testRoom    = "00112233445566778899aabbccddeeff"
	judge       = "p-judge"
	clerk       = "p-clerk"
	party       = "p-party"
	accused     = "p-accused"
)

func device(person string) string { return "d-" + strings.TrimPrefix(person, "p-") }

func testBooking() hearing.Booking {
	b := hearing.Booking{
		Hearing: testHearing, Unit: "u-1", Court: "TAND khu vực 3", DocketNo: "45/2026/TLST-HS",
		Title: "Phiên tòa thử", StartsAt: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro(),
	}
	for id, c := range map[string]court.Capacity{
		judge: court.PresidingJudge, clerk: court.Clerk, party: court.Plaintiff, accused: court.Defendant,
	} {
		b.People = append(b.People, hearing.Person{ID: hearing.PersonID(id), Capacity: c, Alias: "A-" + id, Point: "P"})
		b.Devices = append(b.Devices, hearing.Device{
			ID: hearing.DeviceID(device(id)), Kind: hearing.DeskClient, People: []hearing.PersonID{hearing.PersonID(id)},
		})
	}
	return b
}

func bookTest(t testing.TB, st store.Store) {
	t.Helper()
	b := testBooking()
	var names []store.PersonName
	for _, p := range b.People {
		names = append(names, store.PersonName{Person: string(p.ID), Name: "Tên " + string(p.ID), Hearing: testHearing})
	}
	row := store.Hearing{ID: testHearing, Room: testRoom, Unit: b.Unit, DocketNo: b.DocketNo, Title: b.Title, StartsAt: b.StartsAt}
	require.NoError(t, BookHearing(context.Background(), st, "booker", row, names, b, time.Now()))
}

// headerAuth is an Auth for tests: the cookie's value is the person.
type headerAuth struct{}

func (headerAuth) Consume(_ context.Context, token, _, _ string) (*http.Cookie, store.Session, error) {
	switch token {
	case "slow down":
		return nil, store.Session{}, auth.ErrThrottled
	case judge, clerk, party, accused:
		return &http.Cookie{Name: "s", Value: token, Path: "/", HttpOnly: true}, sessionOf(token), nil
	}
	return nil, store.Session{}, store.ErrUsed
}

func (headerAuth) Session(r *http.Request) (store.Session, error) {
	c, err := r.Cookie("s")
	if err != nil {
		return store.Session{}, auth.ErrNoSession
	}
	switch c.Value {
	case "database away":
		return store.Session{}, store.ErrUnavailable
	case "broken":
		return store.Session{}, errors.New("broken")
	}
	return sessionOf(c.Value), nil
}

func (headerAuth) Alive(context.Context, store.Session) (time.Time, error) { return time.Time{}, nil }

func (headerAuth) SignOut(*http.Request) (*http.Cookie, error) {
	return &http.Cookie{Name: "s", MaxAge: -1, Path: "/"}, nil
}

// sessionOf is the sign-in behind a cookie: the person, and after an @ which of
// their sign-ins it is.
func sessionOf(cookie string) store.Session {
	person, which, several := strings.Cut(cookie, "@")
	s := store.Session{Hearing: testHearing, Person: person, Device: device(person)}
	if several {
		s.TokenHash = sha256.Sum256([]byte(which))
	}
	return s
}

// world is a server with a real store and real sockets.
type world struct {
	t      testing.TB
	st     store.Store
	rooms  *Rooms
	srv    *Server
	http   *httptest.Server
	params RoomsParams
	closed bool
}

func discard() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func openStore(t testing.TB) store.Store {
	t.Helper()
	st, err := open.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "t.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

func newWorld(t testing.TB, change func(*RoomsParams)) *world {
	t.Helper()
	st := openStore(t)
	bookTest(t, st)
	return startWorld(t, st, change)
}

func startWorld(t testing.TB, st store.Store, change func(*RoomsParams)) *world {
	t.Helper()
	w := &world{t: t, st: st}
	w.params = RoomsParams{Store: st, Node: "n1", Logger: discard(), Version: "test"}
	if change != nil {
		change(&w.params)
	}
	w.rooms = NewRooms(w.params)
	w.http = httptest.NewUnstartedServer(nil)
	w.http.Start()
	w.srv = NewServer(ServerParams{
		Rooms: w.rooms, Auth: headerAuth{}, Origins: []string{w.http.URL}, Limits: w.params.Limits, Logger: discard(), Version: "test",
		Static: fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}},
	})
	w.http.Config.Handler = w.srv.Handler()
	t.Cleanup(w.close)
	return w
}

func (w *world) close() {
	if w.closed {
		return
	}
	w.closed = true
	w.rooms.Close()
	w.srv.Close()
	w.http.Close()
}

// client is a device of a test: it collects what the server says.
type client struct {
	t      testing.TB
	ws     *websocket.Conn
	codec  codec
	nextID int

	mu     sync.Mutex
	got    []*wire.Envelope
	closed bool
	news   chan struct{}
	done   chan struct{}
}

func (w *world) dialRaw(person, origin, proto string) (*websocket.Conn, *http.Response, error) {
	h := http.Header{}
	if person != "" {
		h.Set("Cookie", "s="+person)
	}
	if origin != "" {
		h.Set("Origin", origin)
	}
	d := websocket.Dialer{Subprotocols: []string{proto}, HandshakeTimeout: 10 * time.Second}
	return d.Dial("ws"+strings.TrimPrefix(w.http.URL, "http")+"/ws", h)
}

func (w *world) dial(person, proto string) *client {
	w.t.Helper()
	ws, resp, err := w.dialRaw(person, w.http.URL, proto)
	require.NoError(w.t, err)
	_ = resp.Body.Close()
	cd, ok := codecFor(proto)
	require.True(w.t, ok)
	c := &client{t: w.t, ws: ws, codec: cd, news: make(chan struct{}, 1), done: make(chan struct{})}
	go c.read()
	w.t.Cleanup(c.hangUp)
	return c
}

// enter dials and says hello.
func (w *world) enter(person string) *client {
	w.t.Helper()
	c := w.dial(person, ProtocolBinary)
	c.send(&wire.Envelope{Body: &wire.Envelope_Hello{Hello: &wire.Hello{Room: testRoom}}})
	return c
}

func (w *world) resume(person, token string, last uint64) *client {
	w.t.Helper()
	c := w.dial(person, ProtocolJSON)
	c.send(&wire.Envelope{Body: &wire.Envelope_Hello{Hello: &wire.Hello{Room: testRoom, ResumeToken: token, LastSeq: last}}})
	return c
}

func (c *client) read() {
	defer close(c.done)
	for {
		_, data, err := c.ws.ReadMessage()
		if err != nil {
			c.mu.Lock()
			c.closed = true
			c.mu.Unlock()
			c.poke()
			return
		}
		e, err := decodeAny(c.codec, data)
		if err != nil {
			panic(err)
		}
		c.mu.Lock()
		c.got = append(c.got, e)
		c.mu.Unlock()
		c.poke()
	}
}

// heard is everything that was said so far.
func (c *client) heard() []*wire.Envelope {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.got)
}

func (c *client) poke() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

func (c *client) hangUp() {
	_ = c.ws.Close()
	<-c.done
}

func (c *client) send(e *wire.Envelope) {
	c.t.Helper()
	data, err := c.codec.encode(e)
	require.NoError(c.t, err)
	kind := websocket.BinaryMessage
	if c.codec.text() {
		kind = websocket.TextMessage
	}
	require.NoError(c.t, c.ws.WriteMessage(kind, data))
}

// until waits until f finds what it looks for among what was said so far.
func (c *client) until(what string, f func([]*wire.Envelope) bool) {
	c.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		c.mu.Lock()
		got, closed, n := slices.Clone(c.got), c.closed, len(c.got)
		c.mu.Unlock()
		if f(got) { // may end the test: not under the lock
			return
		}
		if closed {
			c.t.Fatalf("connection closed after %d messages while waiting for %s: %v", n, what, c.last())
		}
		select {
		case <-c.news:
		case <-limit:
			c.t.Fatalf("waited in vain for %s; last: %v", what, c.last())
		}
	}
}

func (c *client) last() *wire.Envelope {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.got) == 0 {
		return nil
	}
	return c.got[len(c.got)-1]
}

func (c *client) welcome() *wire.Welcome {
	c.t.Helper()
	var out *wire.Welcome
	c.until("welcome", func(es []*wire.Envelope) bool {
		for _, e := range es {
			if x := e.GetWelcome(); x != nil {
				out = x
			}
		}
		return out != nil
	})
	return out
}

// view waits for a view that f accepts, the latest first.
func (c *client) view(what string, f func(*wire.View) bool) *wire.View {
	c.t.Helper()
	var out *wire.View
	c.until("view: "+what, func(es []*wire.Envelope) bool {
		for i := len(es) - 1; i >= 0; i-- {
			if v := es[i].GetView(); v != nil {
				out = v
				return f(v)
			}
		}
		return false
	})
	return out
}

func (c *client) lastSeq() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	var s uint64
	for _, e := range c.got {
		s = max(s, e.Seq)
	}
	return s
}

func (c *client) command(id string, cmd *wire.Command) {
	c.t.Helper()
	c.send(&wire.Envelope{Id: id, Body: &wire.Envelope_Command{Command: cmd}})
}

func (c *client) result(id string) *wire.CommandResult {
	c.t.Helper()
	var out *wire.CommandResult
	c.until("result of "+id, func(es []*wire.Envelope) bool {
		for _, e := range es {
			if r := e.GetCommandResult(); r != nil && e.Id == id {
				out = r
			}
		}
		return out != nil
	})
	return out
}

// do gives a command and waits for its answer.
func (c *client) do(cmd *wire.Command) *wire.CommandResult {
	c.t.Helper()
	c.nextID++
	id := fmt.Sprintf("c%d", c.nextID)
	c.command(id, cmd)
	return c.result(id)
}

func (c *client) must(cmd *wire.Command) *wire.CommandResult {
	c.t.Helper()
	r := c.do(cmd)
	require.True(c.t, r.Accepted, "%v refused: %v", cmd, r.Refusal)
	return r
}

func (c *client) bye() *wire.Bye {
	c.t.Helper()
	var out *wire.Bye
	c.until("bye", func(es []*wire.Envelope) bool {
		for _, e := range es {
			if b := e.GetBye(); b != nil {
				out = b
			}
		}
		return out != nil
	})
	<-c.done
	return out
}

var (
	cmdCheckIn = &wire.Command{Act: &wire.Command_CheckIn{CheckIn: &wire.CheckIn{RulesAccepted: true}}}
	cmdOpen    = &wire.Command{Act: &wire.Command_Open{Open: &wire.Open{OverrideReason: "thử"}}}
	cmdRecess  = &wire.Command{Act: &wire.Command_Recess{Recess: &wire.Recess{Reason: "nghỉ"}}}
	cmdResume  = &wire.Command{Act: &wire.Command_Resume{Resume: &wire.Resume{}}}
	cmdClose   = &wire.Command{Act: &wire.Command_Close{Close: &wire.Close{}}}
	cmdRaise   = &wire.Command{Act: &wire.Command_RaiseHand{RaiseHand: &wire.RaiseHand{}}}
)

func cmdAdmit(p string) *wire.Command {
	return &wire.Command{Act: &wire.Command_Admit{Admit: &wire.Admit{Person: p}}}
}

func cmdFloor(p string) *wire.Command {
	return &wire.Command{Act: &wire.Command_GiveFloor{GiveFloor: &wire.GiveFloor{Person: p}}}
}

func cmdLock(p string) *wire.Command {
	return &wire.Command{Act: &wire.Command_MuteLock{MuteLock: &wire.MuteLock{Person: p}}}
}

func cmdRemove(p string) *wire.Command {
	return &wire.Command{Act: &wire.Command_Remove{Remove: &wire.Remove{Person: p, Reason: "gây rối"}}}
}

func personIn(v *wire.View, p string) *wire.PersonView {
	for _, x := range v.People {
		if x.Person == p {
			return x
		}
	}
	return nil
}

func statusIn(v *wire.View, p string) wire.PersonStatus {
	if x := personIn(v, p); x != nil {
		return x.Status
	}
	return wire.PersonStatus_PERSON_STATUS_UNSPECIFIED
}

// session opens the hearing with judge and party in the courtroom.
func (w *world) session() (j, p *client) {
	w.t.Helper()
	j, p = w.enter(judge), w.enter(party)
	j.must(cmdCheckIn)
	p.must(cmdCheckIn)
	j.must(cmdAdmit(party))
	j.must(cmdOpen)
	p.view("in session", func(v *wire.View) bool { return v.State == wire.HearingState_HEARING_STATE_IN_SESSION })
	return j, p
}

// logLines reads the whole state log.
func logLines(t testing.TB, st store.Store) []store.Line {
	t.Helper()
	lines, err := st.Read(context.Background(), court.SystemScope(), testHearing, 1, 1000)
	require.NoError(t, err)
	return lines
}

// decodeAny decodes what a server says, which a client's decoder refuses.
func decodeAny(c codec, data []byte) (*wire.Envelope, error) {
	e, err := c.decode(data)
	if errors.Is(err, errBadMessage) && e != nil {
		return e, nil
	}
	return e, err
}
