package simpoint

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/pion/rtcp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"phientoa/internal/wire"
)

const goodToken = "token"

// fake is the server's end: HTTP as in docs/protocol.md, a WebSocket handed to
// the test, and a Pion peer for the media.
type fake struct {
	t        *testing.T
	http     *httptest.Server
	upgrader websocket.Upgrader
	sockets  chan *fakeSocket

	mu       sync.Mutex
	consumed int
	busy     int // answers of 503 still to be given
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t, sockets: make(chan *fakeSocket, 8), upgrader: websocket.Upgrader{Subprotocols: []string{protocol}}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/invitations/consume", f.consume)
	mux.HandleFunc("GET /api/me", f.signed(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"room": "r1"})
	}))
	mux.HandleFunc("GET /ws", f.signed(func(w http.ResponseWriter, r *http.Request) {
		if c, err := f.upgrader.Upgrade(w, r, nil); err == nil {
			f.sockets <- &fakeSocket{t: t, conn: c}
		}
	}))
	f.http = httptest.NewServer(mux)
	return f
}

// url names the server as a demonstration does.
func (f *fake) url() string {
	_, port, err := net.SplitHostPort(f.http.Listener.Addr().String())
	require.NoError(f.t, err)
	return "http://party.localhost:" + port
}

func (f *fake) consume(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Token string `json:"token"`
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.busy > 0 {
		f.busy--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil || body.Token != goodToken || f.consumed > 0 {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	f.consumed++
	http.SetCookie(w, &http.Cookie{Name: "phientoa_demo", Value: "s", Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	w.WriteHeader(http.StatusNoContent)
}

func (f *fake) signed(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie("phientoa_demo")
		if err != nil || c.Value != "s" || r.Header.Get("Origin") != "http://"+r.Host {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

// fakeSocket is one WebSocket of the point.
type fakeSocket struct {
	t    *testing.T
	conn *websocket.Conn
	seq  uint64
}

func (s *fakeSocket) say(e *wire.Envelope) {
	s.t.Helper()
	s.seq++
	e.Seq = s.seq
	data, err := proto.Marshal(e)
	require.NoError(s.t, err)
	require.NoError(s.t, s.conn.WriteMessage(websocket.BinaryMessage, data))
}

// hears reads on to the next message that take accepts.
func hears[B any](s *fakeSocket, take func(*wire.Envelope) (B, bool)) (B, string) {
	s.t.Helper()
	for {
		_, data, err := s.conn.ReadMessage()
		require.NoError(s.t, err)
		e := &wire.Envelope{}
		require.NoError(s.t, proto.Unmarshal(data, e))
		if b, ok := take(e); ok {
			return b, e.Id
		}
	}
}

func (s *fakeSocket) hello() *wire.Hello {
	s.t.Helper()
	h, _ := hears(s, func(e *wire.Envelope) (*wire.Hello, bool) { return e.GetHello(), e.GetHello() != nil })
	s.say(&wire.Envelope{Body: &wire.Envelope_Welcome{Welcome: &wire.Welcome{Person: "p1", Device: "d1"}}})
	return h
}

func (s *fakeSocket) offer() (*wire.MediaOffer, string) {
	s.t.Helper()
	return hears(s, func(e *wire.Envelope) (*wire.MediaOffer, bool) { return e.GetMediaOffer(), e.GetMediaOffer() != nil })
}

func (s *fakeSocket) view(state wire.HearingState, status wire.PersonStatus, acts ...string) {
	s.t.Helper()
	s.say(&wire.Envelope{Body: &wire.Envelope_View{View: &wire.View{
		State: state, Me: "p1", Acts: acts, People: []*wire.PersonView{{Person: "p1", Status: status}},
	}}})
}

// fakePeer receives the point's media.
type fakePeer struct {
	t       *testing.T
	pc      *webrtc.PeerConnection
	packets chan webrtc.RTPCodecType // the kind of each packet; drops when full
	keys    chan struct{}            // a keyframe began; drops when full
	videos  chan webrtc.SSRC
}

func newFakePeer(t *testing.T) *fakePeer {
	api, err := newAPI()
	require.NoError(t, err)
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	require.NoError(t, err)
	p := &fakePeer{
		t: t, pc: pc, packets: make(chan webrtc.RTPCodecType, 1),
		keys: make(chan struct{}, 1), videos: make(chan webrtc.SSRC, 1),
	}
	pc.OnTrack(func(r *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { p.receive(r) })
	return p
}

func (p *fakePeer) close() { _ = p.pc.GracefulClose() }

func (p *fakePeer) receive(r *webrtc.TrackRemote) {
	if r.Kind() == webrtc.RTPCodecTypeVideo {
		p.videos <- r.SSRC()
	}
	for {
		pkt, _, err := r.ReadRTP()
		if err != nil {
			return
		}
		select {
		case p.packets <- r.Kind():
		default:
		}
		if r.Kind() == webrtc.RTPCodecTypeVideo && beginsKeyframe(pkt.Payload) {
			select {
			case p.keys <- struct{}{}:
			default:
			}
		}
	}
}

// beginsKeyframe reads the VP8 payload descriptor (RFC 7741 section 4.2).
func beginsKeyframe(payload []byte) bool {
	var d codecs.VP8Packet
	rest, err := d.Unmarshal(payload)
	return err == nil && d.S == 1 && d.PID == 0 && keyframe(rest)
}

// answer takes an offer whole.
func (p *fakePeer) answer(o *wire.MediaOffer) string {
	p.t.Helper()
	require.NoError(p.t, p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: o.Sdp}))
	a, err := p.pc.CreateAnswer(nil)
	require.NoError(p.t, err)
	gathered := webrtc.GatheringCompletePromise(p.pc)
	require.NoError(p.t, p.pc.SetLocalDescription(a))
	<-gathered
	return p.pc.LocalDescription().SDP
}

// hearsKind waits for a packet of a kind.
func (p *fakePeer) hearsKind(k webrtc.RTPCodecType) {
	for <-p.packets != k {
	}
}

func (p *fakePeer) askKeyframe(s webrtc.SSRC) {
	require.NoError(p.t, p.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(s)}}))
}
