package relay_test

import (
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/stretchr/testify/require"

	"phientoa/sfu"
	"phientoa/sfu/relay"
)

type counter struct{ packets atomic.Int64 }

func (*counter) Opened(sfu.SourceInfo, time.Time)           {}
func (*counter) Closed(sfu.SourceID, time.Time)             {}
func (c *counter) Packet(*sfu.Packet)                       { c.packets.Add(1) }
func (*counter) SenderReport(sfu.SenderReport)              {}
func (*counter) PeerState(string, sfu.PeerState)            {}
func (*counter) SectionsNeeded(string, int, int)            {}
func (*counter) ReceiverStates(string, []sfu.ReceiverState) {}

// TestARelayedPeerIsAPeer: a client that may use the relay alone is heard by the sfu
// like any other; the answer names the sfu's sockets and nothing of the client or the
// relay; and with its pass its media end.
func TestARelayedPeerIsAPeer(t *testing.T) {
	e, err := sfu.New(sfu.Params{Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Loops: 2})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	require.Len(t, e.MediaAddrs(), 2)
	r, err := relay.New(relay.Params{Listen: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, Media: e.MediaAddrs()})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	pass, err := r.Issue()
	require.NoError(t, err)

	room, err := e.Room("phong")
	require.NoError(t, err)
	heard := &counter{}
	_, err = room.Tap(sfu.TapParams{Class: "recorder", Tap: heard})
	require.NoError(t, err)
	mic := sfu.SourceID{Peer: "d1", Kind: sfu.Mic}
	require.NoError(t, room.Apply(sfu.Routing{Epoch: 1, Grants: []sfu.Grant{{Source: mic, Audience: sfu.Audience{Class: "recorder"}, MaxLayer: 255}}}))
	peer, err := room.Join(sfu.PeerParams{ID: "d1", Observer: heard, MayPublish: []sfu.SourceKind{sfu.Mic}})
	require.NoError(t, err)

	pc, track := relayedClient(t, pass.Access())
	defer func() { require.NoError(t, pc.GracefulClose()) }()
	offer, err := pc.CreateOffer(nil)
	require.NoError(t, err)
	gathered := webrtc.GatheringCompletePromise(pc)
	require.NoError(t, pc.SetLocalDescription(offer))
	<-gathered
	answer, err := peer.Negotiate(t.Context(), sfu.Offer{SDP: pc.LocalDescription().SDP, Publish: []sfu.Publish{{MID: "0", Kind: sfu.Mic}}})
	require.NoError(t, err)
	for _, f := range strings.FieldsFunc(answer.SDP, func(r rune) bool { return r == '\r' || r == '\n' }) {
		if strings.HasPrefix(f, "a=candidate:") {
			at := strings.Fields(f)
			require.Contains(t, e.MediaAddrs(), netip.MustParseAddrPort(at[4]+":"+at[5]))
		}
	}
	require.NoError(t, pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.SDP}))
	speak := func() bool {
		_ = track.WriteSample(media.Sample{Data: []byte{0xfc, 1, 2, 3}, Duration: 20 * time.Millisecond})
		return heard.packets.Load() > 10
	}
	require.Eventually(t, speak, 20*time.Second, 20*time.Millisecond)
	pair, err := pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	require.NoError(t, err)
	require.Equal(t, webrtc.ICECandidateTypeRelay, pair.Local.Typ)

	pass.Revoke()
	last := heard.packets.Load()
	goesOn := func() bool { speak(); return heard.packets.Load() > last+2 } // what was on its way
	require.Never(t, goesOn, 400*time.Millisecond, 20*time.Millisecond)
}

func relayedClient(t *testing.T, a relay.Access) (*webrtc.PeerConnection, *webrtc.TrackLocalStaticSample) {
	t.Helper()
	var tcp []string
	for _, u := range a.URLs {
		if strings.HasPrefix(u, "turn:") && strings.HasSuffix(u, "tcp") {
			tcp = append(tcp, u)
		}
	}
	se := webrtc.SettingEngine{}
	se.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(se)).NewPeerConnection(webrtc.Configuration{
		ICEServers:         []webrtc.ICEServer{{URLs: tcp, Username: a.Username, Credential: a.Password}},
		ICETransportPolicy: webrtc.ICETransportPolicyRelay,
	})
	require.NoError(t, err)
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "mic", "me")
	require.NoError(t, err)
	_, err = pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	require.NoError(t, err)
	return pc, track
}
