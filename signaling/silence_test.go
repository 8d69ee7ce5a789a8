package signaling

import (
	"bufio"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/hearing"
	"phientoa/internal/wire"
)

// pulse is when the last sign of life came by one way.
type pulse struct {
	mu sync.Mutex
	at time.Time
}

func (p *pulse) sign() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = time.Now()
}

func (p *pulse) silence() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Since(p.at)
}

// beat gives signs for so long, but those that are lost.
func (p *pulse) beat(long, every time.Duration, lost func() bool) {
	for end := time.Now().Add(long); time.Now().Before(end); pass(every) {
		if !lost() {
			p.sign()
		}
	}
}

func nothing() bool { return false }

// far is a device of which only signs of life are seen.
type far struct {
	line, media pulse
	seat        joined
	peer        *fakePeer
}

// listened is a hearing in session; when the party's device is heard is the test's.
func listened(t *testing.T, law func(b *bench, d *far)) {
	t.Helper()
	listenedIn(t, Limits{}, law)
}

func listenedIn(t *testing.T, lim Limits, law func(b *bench, d *far)) {
	t.Helper()
	in(t, lim, func(b *bench) {
		b.inSession()
		d := &far{}
		d.line.sign()
		d.media.sign()
		d.peer = &fakePeer{quiet: d.media.silence}
		d.seat = b.sitWith(party, d.line.silence)
		m := d.seat.place.media
		m.mu.Lock()
		m.peer = d.peer
		m.mu.Unlock()
		law(b, d)
	})
}

// kept tells whether the device still has the connection and the media it had.
func (d *far) kept() bool {
	s := d.seat.place.seat
	s.mu.Lock()
	defer s.mu.Unlock()
	d.peer.mu.Lock()
	defer d.peer.mu.Unlock()
	return s.conn == d.seat.link && !d.peer.closed
}

// noted counts in the log what happened to the party's device.
func (b *bench) noted(kind string) (n int) {
	b.t.Helper()
	for _, line := range b.st.log() {
		e, err := hearing.ParseEvent(line)
		require.NoError(b.t, err)
		if e.Body.Kind() == kind && strings.Contains(string(line), `"`+device(party)+`"`) {
			n++
		}
	}
	return n
}

const (
	eventLost = "device.lost"
	eventBack = "device.connected"
)

// TestJ5_1APulledCable: no farewell on any socket, and named within 3 s of the last
// sign of life. The seat and its media stay, and the next sign ends the loss.
func TestJ5_1APulledCable(t *testing.T) {
	for name, last := range map[string]func(d *far) *pulse{
		"the line's sign was the last":  func(d *far) *pulse { return &d.line },
		"the media's sign was the last": func(d *far) *pulse { return &d.media },
	} {
		t.Run(name, func(t *testing.T) {
			listened(t, func(b *bench, d *far) {
				pass(900 * time.Millisecond)
				last(d).sign()
				seated := b.noted(eventBack)
				pass(2400 * time.Millisecond)
				require.Zero(t, b.noted(eventLost))
				pass(200 * time.Millisecond)
				require.Equal(t, 1, b.noted(eventLost), "within 3 s")
				pass(8 * time.Second)
				require.Equal(t, 1, b.noted(eventLost), "once")
				require.Equal(t, seated, b.noted(eventBack))
				last(d).sign()
				pass(time.Second)
				require.Equal(t, seated+1, b.noted(eventBack))
				require.True(t, d.kept(), "nothing is negotiated anew")
			})
		})
	}
}

// One way that is silent is no loss: muted without a camera, or the line held up
// behind a long message.
func TestOneSilentWayIsNoLoss(t *testing.T) {
	listened(t, func(b *bench, d *far) {
		d.line.beat(time.Minute, time.Second, nothing)
		d.media.beat(time.Minute, 20*time.Millisecond, nothing)
		require.Zero(t, b.noted(eventLost))
	})
}

// A clerk without devices has the line alone.
func TestWhoHasNoMediaIsHeardOnTheLine(t *testing.T) {
	in(t, Limits{}, func(b *bench) {
		line := &pulse{}
		line.sign()
		b.sitWith(party, line.silence)
		line.beat(time.Minute, 2400*time.Millisecond, nothing)
		require.Zero(t, b.noted(eventLost))
		pass(2600 * time.Millisecond)
		require.Equal(t, 1, b.noted(eventLost))
	})
}

// thinLine is the server's end of a connection whose other end answers every ping as
// soon as it comes: behind all that was sent before, at so many bytes a second.
type thinLine struct {
	net.Conn
	mu    sync.Mutex
	rate  int
	free  time.Time
	cut   bool
	pongs chan struct{}
}

func (l *thinLine) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free = maxTime(l.free, time.Now()).Add(time.Duration(len(b)) * time.Second / time.Duration(l.rate))
	if len(b) > 0 && b[0] == 0x89 && !l.cut { // FIN and the opcode of a ping (RFC 6455 5.5.2)
		time.AfterFunc(time.Until(l.free)+40*time.Millisecond, func() { l.pongs <- struct{}{} })
	}
	return len(b), nil
}

func (l *thinLine) Read(b []byte) (int, error) {
	if _, ok := <-l.pongs; !ok {
		return 0, io.EOF
	}
	return copy(b, []byte{0x8A, 0x80, 0, 0, 0, 0}), nil // a masked empty pong
}

func (l *thinLine) Close() error                     { return nil }
func (l *thinLine) SetDeadline(time.Time) error      { return nil }
func (l *thinLine) SetReadDeadline(time.Time) error  { return nil }
func (l *thinLine) SetWriteDeadline(time.Time) error { return nil }

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// hijacked lets an upgrade take the line.
type hijacked struct {
	http.ResponseWriter
	line *thinLine
}

func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.line, bufio.NewReadWriter(bufio.NewReader(h.line), bufio.NewWriter(h.line)), nil
}

// upgraded is a connection over the line, with its pings.
func (l *thinLine) upgraded(ctx context.Context, t require.TestingT) *gorillaConn {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for k, v := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Version": "13", "Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		r.Header.Set(k, v)
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := up.Upgrade(hijacked{httptest.NewRecorder(), l}, r, nil)
	require.NoError(t, err)
	c := newGorillaConn(ws, Limits{}.withDefaults())
	go func() {
		for { // pongs are heard while reading
			if _, _, err := c.Read(); err != nil {
				return
			}
		}
	}()
	go func() {
		for every := time.NewTicker(c.limits.PingEvery); ; {
			select {
			case <-ctx.Done():
				every.Stop()
				close(l.pongs)
				return
			case <-every.C:
				if c.Silence() >= c.limits.PingEvery {
					_ = c.Ping()
				}
			}
		}
	}()
	return c
}

// Whoever has no media and answers everything on a line of 128 kbit/s or more is
// never lost, however much we send; a pulled cable still is.
func TestOurBacklogIsNobodysSilence(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rate := rapid.IntRange(18<<10, 1<<20).Draw(rt, "bytes a second")
		sizes := rapid.SliceOfN(rapid.IntRange(0, 150<<10), 1, 8).Draw(rt, "sizes")
		pauses := rapid.SliceOfN(rapid.IntRange(0, 8000), len(sizes), len(sizes)).Draw(rt, "pauses in ms")
		answering, pulled := 0, 0
		in(t, Limits{}, func(b *bench) {
			ctx, stop := context.WithCancel(context.Background())
			defer stop()
			l := &thinLine{rate: rate, pongs: make(chan struct{}, 1000)}
			c := l.upgraded(ctx, t)
			b.sitOn(party, c.Silence, c.Free)
			for i, n := range sizes {
				require.NoError(t, c.Write(false, make([]byte, n)))
				pass(time.Duration(pauses[i]) * time.Millisecond)
			}
			pass(80 * time.Second)
			answering = b.noted(eventLost)
			l.mu.Lock()
			l.cut = true
			l.mu.Unlock()
			pass(4 * time.Second) // one answer may still be under way
			pulled = b.noted(eventLost)
		})
		require.Equal(rt, []int{0, 1}, []int{answering, pulled})
	})
}

// Who has media is heard by those: what we send delays no loss.
func TestOurBacklogHidesNoLossOfMedia(t *testing.T) {
	listened(t, func(b *bench, d *far) {
		d.seat.place.presence.free = never
		pass(2600 * time.Millisecond)
		require.Equal(t, 1, b.noted(eventLost))
	})
}

// A tenth of everything is lost for ten minutes: pongs every second and packets of
// one microphone.
func TestATenthLostIsNoLoss(t *testing.T) {
	listened(t, func(b *bench, d *far) {
		random := rand.New(rand.NewPCG(1, 2))
		var mu sync.Mutex
		tenth := func() bool {
			mu.Lock()
			defer mu.Unlock()
			return random.IntN(10) == 0
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			d.media.beat(10*time.Minute, 20*time.Millisecond, tenth)
		}()
		d.line.beat(10*time.Minute, time.Second, tenth)
		<-done
		require.Zero(t, b.noted(eventLost))
	})
}

// The law: lost exactly when no sign came by either way for SilentAfter, as often as
// that happened (but for what keeps a flapping device from filling the log).
func TestALossIsSilenceOnBothWays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		// Milliseconds between signs; none so near the bound that the order of one
		// instant's doings would tell.
		gaps := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 2490), rapid.IntRange(2510, 9000)), 1, 12).Draw(rt, "gaps")
		byLine := rapid.SliceOfN(rapid.Bool(), len(gaps), len(gaps)).Draw(rt, "by line")
		want, got := 0, 0
		listenedIn(t, Limits{Flaps: 1000}, func(b *bench, d *far) {
			for i, gap := range gaps {
				pass(time.Duration(gap) * time.Millisecond)
				if gap > 2500 {
					want++
				}
				if byLine[i] {
					d.line.sign()
				} else {
					d.media.sign()
				}
			}
			got = b.noted(eventLost)
		})
		require.Equal(rt, want, got)
	})
}

// While this process itself stood still nobody's packets were read and nobody was
// pinged: that is not the devices' silence. Who was lost before stays so.
func TestAPauseOfTheServerIsNobodysLoss(t *testing.T) {
	listened(t, func(b *bench, d *far) {
		stand := func() {
			resume := make(chan struct{})
			require.NoError(t, b.room.post(context.Background(), func() { <-resume }))
			pass(10 * time.Second)
			close(resume)
		}
		stand()
		pass(time.Second) // the way of a ping and its answer
		d.line.sign()
		pass(2 * time.Second)
		require.Zero(t, b.noted(eventLost))
		pass(time.Second)
		require.Equal(t, 1, b.noted(eventLost))
		seated := b.noted(eventBack)
		stand()
		pass(time.Second)
		require.Equal(t, seated, b.noted(eventBack))
	})
}

// By real sockets: a client that answers no ping any more is lost, is not cut off,
// and is back when it answers.
func TestASilentConnectionIsLostAndComesBack(t *testing.T) {
	w := newWorld(t, func(p *RoomsParams) {
		p.Limits.SilentAfter, p.Limits.PingEvery = time.Second, 200*time.Millisecond
	})
	j := w.enter(judge)
	j.must(cmdCheckIn)
	ws, resp, err := w.dialRaw(party, w.http.URL, ProtocolBinary)
	require.NoError(t, err)
	_ = resp.Body.Close()
	c := &client{t: t, ws: ws, codec: binaryCodec{}, news: make(chan struct{}, 1), done: make(chan struct{})}
	c.send(&wire.Envelope{Body: &wire.Envelope_Hello{Hello: &wire.Hello{Room: testRoom}}})
	c.command("1", cmdCheckIn)
	connected := func(yes bool) func(*wire.View) bool {
		return func(v *wire.View) bool { p := personIn(v, party); return p != nil && p.Connected == yes }
	}
	j.view("connected", connected(true))
	j.view("silent", connected(false)) // nobody reads its socket
	go c.read()
	t.Cleanup(c.hangUp)
	j.view("answers again", connected(true))
	require.True(t, c.result("1").Accepted, "over the same connection")
}

// A long message on a thin line is heard while it comes.
func TestAMessageIsHeardWhileItComes(t *testing.T) {
	conns := make(chan *gorillaConn, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
		ws, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		c := newGorillaConn(ws, Limits{}.withDefaults())
		conns <- c
		_, _, _ = c.Read()
		_ = c.Close(closeNormal)
	}))
	defer srv.Close()
	d := websocket.Dialer{WriteBufferSize: 1 << 10}
	ws, resp, err := d.Dial("ws"+strings.TrimPrefix(srv.URL, "http"), nil)
	require.NoError(t, err)
	_ = resp.Body.Close()
	defer func() { _ = ws.Close() }()
	c := <-conns
	msg, err := ws.NextWriter(websocket.BinaryMessage)
	require.NoError(t, err)
	for range 3 {
		before := c.heard.Load()
		_, err = msg.Write(make([]byte, 4<<10))
		require.NoError(t, err)
		require.Eventually(t, func() bool { return c.heard.Load() > before }, 10*time.Second, time.Millisecond)
	}
	require.NoError(t, msg.Close())
}
