package signaling

import (
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/stretchr/testify/require"

	"phientoa/internal/wire"
	"phientoa/sfu"
)

// mediaClient is a test client with one microphone that never stops sending.
type mediaClient struct {
	*client
	pc    *webrtc.PeerConnection
	mic   *webrtc.TrackLocalStaticSample
	heard atomic.Int64
	stop  chan struct{}
	done  chan struct{}
	gen   uint32 // of the last answer
}

func newMediaClient(t *testing.T, c *client) *mediaClient {
	t.Helper()
	se := webrtc.SettingEngine{}
	se.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(se)).NewPeerConnection(webrtc.Configuration{})
	require.NoError(t, err)
	m := &mediaClient{client: c, pc: pc, stop: make(chan struct{}), done: make(chan struct{})}
	m.mic, err = webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "mic", "me")
	require.NoError(t, err)
	_, err = pc.AddTransceiverFromTrack(m.mic, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	require.NoError(t, err)
	pc.OnTrack(func(tr *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			if _, _, err := tr.ReadRTP(); err != nil {
				return
			}
			m.heard.Add(1)
		}
	})
	go m.speak()
	t.Cleanup(func() {
		close(m.stop)
		<-m.done
		_ = pc.Close()
	})
	return m
}

func (m *mediaClient) speak() {
	defer close(m.done)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-m.stop:
			return
		case <-tick.C:
			_ = m.mic.WriteSample(media.Sample{Data: []byte{0xfc, 1, 2, 3, 4, 5, 6, 7}, Duration: 20 * time.Millisecond})
		}
	}
}

// negotiate offers until no section is missing.
func (m *mediaClient) negotiate(id string, audio int) *wire.MediaAnswer {
	m.t.Helper()
	return m.propose(id, m.describe(audio))
}

// describe makes an offer with further receiving m-lines.
func (m *mediaClient) describe(audio int) *wire.MediaOffer {
	m.t.Helper()
	for range audio {
		_, err := m.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		require.NoError(m.t, err)
	}
	offer, err := m.pc.CreateOffer(nil)
	require.NoError(m.t, err)
	gathered := webrtc.GatheringCompletePromise(m.pc)
	require.NoError(m.t, m.pc.SetLocalDescription(offer))
	<-gathered
	mid := ""
	for _, tr := range m.pc.GetTransceivers() {
		if tr.Direction() == webrtc.RTPTransceiverDirectionSendonly {
			mid = tr.Mid()
		}
	}
	return &wire.MediaOffer{
		Sdp: m.pc.LocalDescription().SDP, Publish: []*wire.Publish{{Mid: mid, Kind: "mic"}}, Generation: m.gen,
	}
}

// propose sends an offer and applies its answer.
func (m *mediaClient) propose(id string, o *wire.MediaOffer) *wire.MediaAnswer {
	m.t.Helper()
	m.send(&wire.Envelope{Id: id, Body: &wire.Envelope_MediaOffer{MediaOffer: o}})
	ans := m.answer(id)
	if ans.Refusal == nil {
		m.gen = ans.Generation
		require.NoError(m.t, m.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: ans.Sdp}))
	}
	return ans
}

// answer waits for the answer to an offer.
func (m *mediaClient) answer(id string) *wire.MediaAnswer {
	m.t.Helper()
	var ans *wire.MediaAnswer
	m.until("media answer", func(es []*wire.Envelope) bool {
		for _, e := range es {
			if e.Id == id && e.GetMediaAnswer() != nil {
				ans = e.GetMediaAnswer()
			}
		}
		return ans != nil
	})
	return ans
}

// spyMedia keeps hold of the peers that are made, and of who hears of them last.
type spyMedia struct {
	Media
	mu        sync.Mutex
	peers     map[string][]MediaPeer
	observers map[string]sfu.PeerObserver
}

type spyRoom struct {
	MediaRoom
	spy *spyMedia
}

func (s *spyMedia) Room(id string) (MediaRoom, error) {
	r, err := s.Media.Room(id)
	return spyRoom{r, s}, err
}

func (r spyRoom) Join(p sfu.PeerParams) (MediaPeer, error) {
	peer, err := r.MediaRoom.Join(p)
	if err == nil {
		r.spy.mu.Lock()
		defer r.spy.mu.Unlock()
		r.spy.peers[p.ID] = append(r.spy.peers[p.ID], peer)
		if r.spy.observers != nil {
			r.spy.observers[p.ID] = p.Observer
		}
	}
	return peer, err
}

func (s *spyMedia) of(person string) []MediaPeer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.peers[device(person)])
}

// fingerprint is the DTLS identity that an answer names.
func fingerprint(t *testing.T, sdp string) string {
	t.Helper()
	_, rest, ok := strings.Cut(sdp, "a=fingerprint:")
	require.True(t, ok)
	line, _, _ := strings.Cut(rest, "\r\n")
	return line
}

func TestAPeerThatIsGoneIsReplacedByANewOneOnly(t *testing.T) {
	engine, err := sfu.New(sfu.Params{Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Loops: 1, Logger: discard()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	spy := &spyMedia{Media: FromEngine(engine), peers: map[string][]MediaPeer{}}
	w := newWorld(t, func(p *RoomsParams) { p.Media = spy })
	jc, pc := w.session()
	j, old := newMediaClient(t, jc), newMediaClient(t, pc)
	require.Nil(t, j.negotiate("j1", 3).Refusal)
	hears := func(c *mediaClient) {
		t.Helper()
		from := c.heard.Load()
		require.Eventually(t, func() bool { return c.heard.Load() > from+10 }, 10*time.Second, 10*time.Millisecond)
	}
	first := old.negotiate("p1", 3)
	require.Nil(t, first.Refusal)
	require.NotZero(t, first.Generation)
	// The same first offer again is a repeat, answered by the same peer.
	old.send(&wire.Envelope{Id: "p1-again", Body: &wire.Envelope_MediaOffer{MediaOffer: &wire.MediaOffer{
		Sdp: old.pc.LocalDescription().SDP, Publish: []*wire.Publish{{Mid: "0", Kind: "mic"}},
	}}})
	repeat := old.answer("p1-again")
	require.Nil(t, repeat.Refusal)
	require.Equal(t, first.Generation, repeat.Generation)
	require.Len(t, spy.of(party), 1)
	hears(old)

	again := old.describe(0) // made before: this client hears of the end, one that sleeps does not
	spy.of(party)[0].Close() // as the sfu does when it gives a peer up
	require.Equal(t, "media_new", old.propose("p2", again).Refusal.GetCode(), "its browser would keep the old keys")
	require.Len(t, spy.of(party), 1, "nothing is made for it")
	fresh := newMediaClient(t, pc)
	second := fresh.negotiate("p3", 3)
	require.Nil(t, second.Refusal)
	require.NotEqual(t, first.Generation, second.Generation)
	require.NotEqual(t, fingerprint(t, first.Sdp), fingerprint(t, second.Sdp))
	hears(fresh)
	require.Nil(t, fresh.negotiate("p4", 0).Refusal, "and goes on with its generation")
	require.Len(t, spy.of(party), 2)

	// Another beginning replaces a peer that the server still believes in.
	third := newMediaClient(t, pc)
	require.Nil(t, third.negotiate("p5", 3).Refusal)
	require.Len(t, spy.of(party), 3)
	hears(third)
}

// A publisher hears which layers are needed, of the connection that it has and of no other.
func TestLayersNeededReachThePublisher(t *testing.T) {
	engine, err := sfu.New(sfu.Params{Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Loops: 1, Logger: discard()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	spy := &spyMedia{Media: FromEngine(engine), peers: map[string][]MediaPeer{}, observers: map[string]sfu.PeerObserver{}}
	w := newWorld(t, func(p *RoomsParams) { p.Media = spy })
	_, pc := w.session()
	hears := func() sfu.LayerObserver {
		spy.mu.Lock()
		defer spy.mu.Unlock()
		return spy.observers[device(party)].(sfu.LayerObserver)
	}
	require.Nil(t, newMediaClient(t, pc).negotiate("p1", 3).Refusal)
	old := hears()
	require.Nil(t, newMediaClient(t, pc).negotiate("p2", 3).Refusal)
	old.LayersNeeded(device(party), "1", []string{"q"})
	hears().LayersNeeded(device(party), "1", []string{"q", "h"})
	pc.until("the layers", func(es []*wire.Envelope) bool {
		for _, e := range es {
			if n := e.GetNeedLayers(); n != nil {
				require.NotZero(t, e.Seq, "it is repeated after a resume")
				require.Equal(t, "1", n.Mid)
				require.Equal(t, []string{"q", "h"}, n.Rids)
				return true
			}
		}
		return false
	})
}

func TestMediaFollowTheRules(t *testing.T) {
	engine, err := sfu.New(sfu.Params{Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Loops: 1, Logger: discard()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	w := newWorld(t, func(p *RoomsParams) { p.Media = FromEngine(engine) })
	stranger := newMediaClient(t, w.enter(accused))
	require.Equal(t, "media_not_admitted", stranger.negotiate("early", 0).Refusal.GetCode(), "before check-in")
	jc, pc := w.session()
	j, p := newMediaClient(t, jc), newMediaClient(t, pc)
	require.Nil(t, p.negotiate("p1", 3).Refusal)
	ans := j.negotiate("j1", 3)
	require.Nil(t, ans.Refusal)
	bound := false
	for _, s := range ans.Sections {
		bound = bound || s.Device == device(party) && s.Kind == "mic"
	}
	require.True(t, bound, "the table names the party's microphone")
	grows := func(c *mediaClient) func() bool {
		from := c.heard.Load()
		return func() bool { return c.heard.Load() > from+10 }
	}
	require.Eventually(t, grows(p), 10*time.Second, 10*time.Millisecond, "the presiding judge is heard")
	before := j.heard.Load()
	require.Eventually(t, grows(p), 10*time.Second, 10*time.Millisecond)
	require.Equal(t, before, j.heard.Load(), "without the floor nothing is heard")
	j.must(cmdFloor(party))
	require.Eventually(t, grows(j), 10*time.Second, 10*time.Millisecond, "with the floor")
	j.must(cmdLock(party))
	// Whatever was on the wire at the acknowledgement has arrived when another
	// hundred packets of the other direction have.
	require.Eventually(t, grows(p), 10*time.Second, 10*time.Millisecond)
	before = j.heard.Load()
	require.Eventually(t, grows(p), 10*time.Second, 10*time.Millisecond)
	require.Equal(t, before, j.heard.Load(), "locked")
	j.must(cmdRemove(party))
	require.Eventually(t, func() bool { return p.pc.ConnectionState() != webrtc.PeerConnectionStateConnected }, 20*time.Second, 20*time.Millisecond)
	p.send(&wire.Envelope{Id: "p2", Body: &wire.Envelope_MediaOffer{MediaOffer: &wire.MediaOffer{Sdp: p.pc.LocalDescription().SDP}}})
	p.until("refusal", func(es []*wire.Envelope) bool {
		for _, e := range es {
			if e.Id == "p2" {
				return e.GetMediaAnswer().GetRefusal().GetCode() == "media_not_admitted"
			}
		}
		return false
	})
}

// Who speaks is told to who listens now, of the present connection alone, and is
// nothing that a seat finds again.
func TestVoicesArePassedOnAndForgotten(t *testing.T) {
	s, err := newSeat("p", "d", Limits{}.withDefaults(), nil)
	require.NoError(t, err)
	m := newSeatMedia(nil, s, nil, nil, slog.New(slog.DiscardHandler))
	o := &mediaObserver{m: m, gen: m.gen}
	var _ sfu.VoiceObserver = o
	o.Voices("d", []string{"1"})
	require.Empty(t, s.transient, "nobody listens")
	l := &link{wake: make(chan struct{}, 1)}
	s.conn = l
	o.Voices("d", []string{"1", "3"})
	envs, _, _ := s.next(l)
	require.Len(t, envs, 1)
	require.Zero(t, envs[0].Seq, "not repeated")
	require.Equal(t, []string{"1", "3"}, envs[0].GetVoices().GetMids())
	o.Voices("d", nil)
	envs, _, _ = s.next(l)
	require.Len(t, envs, 1)
	require.NotNil(t, envs[0].GetVoices(), "silence is told too")
	m.reset()
	o.Voices("d", []string{"1"})
	envs, _, _ = s.next(l)
	require.Empty(t, envs, "of a connection that was given up")
	require.Empty(t, s.ring)
}
