package signaling

import (
	"net/netip"
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
	m.send(&wire.Envelope{Id: id, Body: &wire.Envelope_MediaOffer{MediaOffer: &wire.MediaOffer{
		Sdp: m.pc.LocalDescription().SDP, Publish: []*wire.Publish{{Mid: mid, Kind: "mic"}},
	}}})
	var ans *wire.MediaAnswer
	m.until("media answer", func(es []*wire.Envelope) bool {
		for _, e := range es {
			if e.Id == id && e.GetMediaAnswer() != nil {
				ans = e.GetMediaAnswer()
			}
		}
		return ans != nil
	})
	if ans.Refusal == nil {
		require.NoError(m.t, m.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: ans.Sdp}))
	}
	return ans
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
