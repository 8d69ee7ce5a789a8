package sfu

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
)

// waitFor waits for a condition that events outside the test bring about.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	every(t, what, func(int) {}, ok)
}

func newTestEngine(t testing.TB, change func(*Params)) *Engine {
	t.Helper()
	p := Params{Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Loops: 1, Logger: slog.New(slog.DiscardHandler)}
	if os.Getenv("SFU_LOG") != "" {
		p.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	if change != nil {
		change(&p)
	}
	e, err := New(p)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

func newTestRoom(t testing.TB, change func(*Params)) *Room {
	t.Helper()
	r, err := newTestEngine(t, change).Room("hearing")
	require.NoError(t, err)
	return r
}

// observed collects what the peer tells.
type observed struct {
	mu     sync.Mutex
	states []PeerState
	needs  [][2]int
	last   []ReceiverState
}

func (o *observed) PeerState(_ string, s PeerState) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.states = append(o.states, s)
}

func (o *observed) SectionsNeeded(_ string, a, v int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.needs = append(o.needs, [2]int{a, v})
}

func (o *observed) ReceiverStates(_ string, s []ReceiverState) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = s
}

func (o *observed) saw(s PeerState) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, x := range o.states {
		if x == s {
			return true
		}
	}
	return false
}

// client is a Pion client; it may publish by raw RTP and collects what it gets.
type client struct {
	t    testing.TB
	pc   *webrtc.PeerConnection
	peer *Peer
	obs  *observed

	raw   rawWriter
	mic   *webrtc.TrackLocalStaticRTP
	cams  []*webrtc.TrackLocalStaticRTP
	camTx *webrtc.RTPSender
	pub   []Publish
	table map[string]SourceID

	mu     sync.Mutex
	got    map[SourceID][]*rtp.Packet
	rtx    int
	sr     map[uint32]*rtcp.SenderReport
	plis   map[uint32]int
	tracks map[string]*webrtc.TrackRemote
}

// rawWriter sends RTP with any header through the client's SRTP session.
type rawWriter struct {
	mu  sync.Mutex
	out webrtc.TrackLocalWriter
}

func (w *rawWriter) write(p *rtp.Packet) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, _ = w.out.WriteRTP(&p.Header, p.Payload)
}

// rawTrack lends the writer that Pion gives to a track.
type rawTrack struct {
	*webrtc.TrackLocalStaticRTP
	raw *rawWriter
}

func (t *rawTrack) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	t.raw.mu.Lock()
	t.raw.out = ctx.WriteStream()
	t.raw.mu.Unlock()
	return t.TrackLocalStaticRTP.Bind(ctx)
}

type clientParams struct {
	id       string
	mic      bool
	red      bool
	rids     []string // camera; {""} without simulcast
	audio    int      // receiving sections
	video    int
	follows  bool
	chooses  bool
	prepare  []SourceID
	profiles []dtls.SRTPProtectionProfile
	recvRED  bool
	wide     bool       // it reports by transport-wide feedback
	conn     *wiredConn // the client's socket, if it is to be seen
	h264     bool       // it sends H.264 and no VP8, and receives both
	noH264   bool       // it receives VP8 alone
	onlooker bool
	classes  []string
	tcp      bool    // its network lets no UDP through
	twice    bool    // a second offer before the connection stands, as browsers make one
	hears    *voiced // its observer, in place of a plain one
}

func clientAPI(t testing.TB, p clientParams) *webrtc.API {
	var s webrtc.SettingEngine
	s.LoggerFactory = quietLoggers()
	s.SetIncludeLoopbackCandidate(true)
	s.SetIPFilter(func(ip netIP) bool { return ip.IsLoopback() })
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	if p.tcp {
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	}
	s.SetICEMulticastDNSMode(1)
	if p.conn != nil {
		mux := webrtc.NewICEUDPMux(nil, p.conn)
		t.Cleanup(func() { _ = mux.Close() })
		s.SetICEUDPMux(mux)
	}
	if p.profiles != nil {
		s.SetSRTPProtectionProfiles(p.profiles...)
	}
	m := &webrtc.MediaEngine{}
	require.NoError(t, m.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: 111, RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
	}}, webrtc.RTPCodecTypeAudio))
	if p.red || p.recvRED {
		require.NoError(t, m.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: 63, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: mimeRED, ClockRate: 48000, Channels: 2, SDPFmtpLine: "111/111",
		}}, webrtc.RTPCodecTypeAudio))
	}
	fb := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}}
	require.NoError(t, m.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: 96, RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: fb,
	}}, webrtc.RTPCodecTypeVideo))
	require.NoError(t, m.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: 97, RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=96",
	}}, webrtc.RTPCodecTypeVideo))
	for pt, c := range []webrtc.RTPCodecCapability{
		{MimeType: webrtc.MimeTypeH264, ClockRate: 90000, SDPFmtpLine: "packetization-mode=1;profile-level-id=42e01f", RTCPFeedback: fb},
		{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=108"},
	} {
		if !p.noH264 {
			require.NoError(t, m.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: webrtc.PayloadType(108 + pt), RTPCodecCapability: c}, webrtc.RTPCodecTypeVideo))
		}
	}
	for _, uri := range []string{sdp.SDESMidURI, sdp.SDESRTPStreamIDURI, sdp.SDESRepairRTPStreamIDURI} {
		require.NoError(t, m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeVideo))
	}
	for _, uri := range []string{sdp.SDESMidURI, sdp.AudioLevelURI} {
		require.NoError(t, m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeAudio))
	}
	registry := &interceptor.Registry{}
	if p.wide {
		for _, k := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
			require.NoError(t, m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: sdp.TransportCCURI}, k))
			m.RegisterFeedback(webrtc.RTCPFeedback{Type: webrtc.TypeRTCPFBTransportCC}, k)
		}
		reporter, err := twcc.NewSenderInterceptor(twcc.WithLoggerFactory(quietLoggers()))
		require.NoError(t, err)
		registry.Add(reporter)
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(registry))
}

func join(t testing.TB, r *Room, p clientParams) *client {
	t.Helper()
	c := &client{
		t: t, obs: &observed{}, got: map[SourceID][]*rtp.Packet{}, table: map[string]SourceID{},
		sr: map[uint32]*rtcp.SenderReport{}, plis: map[uint32]int{}, tracks: map[string]*webrtc.TrackRemote{},
	}
	var may []SourceKind
	if p.mic {
		may = append(may, Mic)
	}
	if len(p.rids) > 0 {
		may = append(may, Cam)
	}
	var hears PeerObserver = c.obs
	if p.hears != nil {
		c.obs, hears = &p.hears.observed, p.hears
	}
	var err error
	c.peer, err = r.Join(PeerParams{ID: p.id, Observer: hears, MayPublish: may, Follows: p.follows, Chooses: p.chooses, Onlooker: p.onlooker, Classes: p.classes})
	require.NoError(t, err)
	c.pc, err = clientAPI(t, p).NewPeerConnection(webrtc.Configuration{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.pc.GracefulClose() })
	c.pc.OnTrack(c.receive)
	sendonly := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}
	if p.mic {
		mime := webrtc.MimeTypeOpus
		if p.red {
			mime = mimeRED
		}
		c.mic, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 48000, Channels: 2}, "mic", p.id)
		require.NoError(t, err)
		_, err = c.pc.AddTransceiverFromTrack(&rawTrack{c.mic, &c.raw}, sendonly)
		require.NoError(t, err)
	}
	for i, rid := range p.rids {
		var opts []func(*webrtc.TrackLocalStaticRTP)
		if rid != "" {
			opts = append(opts, webrtc.WithRTPStreamID(rid))
		}
		mime := webrtc.MimeTypeVP8
		if p.h264 {
			mime = webrtc.MimeTypeH264
		}
		cam, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 90000}, "cam", p.id, opts...)
		require.NoError(t, err)
		c.cams = append(c.cams, cam)
		if i == 0 {
			tr, err := c.pc.AddTransceiverFromTrack(&rawTrack{cam, &c.raw}, sendonly)
			require.NoError(t, err)
			c.camTx = tr.Sender()
			if p.h264 {
				only := webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 90000, SDPFmtpLine: "packetization-mode=1;profile-level-id=42e01f"}
				require.NoError(t, tr.SetCodecPreferences([]webrtc.RTPCodecParameters{{PayloadType: 108, RTPCodecCapability: only}}))
			}
		} else {
			require.NoError(t, c.camTx.AddEncoding(cam))
		}
	}
	c.addSections(p.audio, p.video)
	c.peer.Prepare(p.prepare)
	c.negotiate()
	if p.twice {
		c.addSections(1, 1)
		c.negotiate()
	}
	c.waitState(PeerConnected)
	return c
}

func (c *client) addSections(audio, video int) {
	recvonly := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
	for range audio {
		_, err := c.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, recvonly)
		require.NoError(c.t, err)
	}
	for range video {
		_, err := c.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, recvonly)
		require.NoError(c.t, err)
	}
}

func (c *client) negotiate() Answer { return c.negotiateWith(nil) }

func (c *client) negotiateWith(opts *webrtc.OfferOptions) Answer {
	c.t.Helper()
	offer, err := c.pc.CreateOffer(opts)
	require.NoError(c.t, err)
	done := webrtc.GatheringCompletePromise(c.pc)
	require.NoError(c.t, c.pc.SetLocalDescription(offer))
	<-done
	c.pub = nil
	for _, tr := range c.pc.GetTransceivers() {
		if tr.Sender() == nil || tr.Sender().Track() == nil {
			continue
		}
		kind := Mic
		if tr.Kind() == webrtc.RTPCodecTypeVideo {
			kind = Cam
		}
		c.pub = append(c.pub, Publish{MID: tr.Mid(), Kind: kind})
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	a, err := c.peer.Negotiate(ctx, Offer{SDP: c.pc.LocalDescription().SDP, Publish: c.pub})
	require.NoError(c.t, err)
	c.mu.Lock()
	for _, s := range a.Sections {
		c.table[s.MID] = s.Source
	}
	c.mu.Unlock()
	require.NoError(c.t, c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: a.SDP}))
	return a
}

func (c *client) waitState(s PeerState) {
	c.t.Helper()
	waitFor(c.t, "peer state", func() bool { return c.obs.saw(s) })
}

func (c *client) receive(t *webrtc.TrackRemote, rx *webrtc.RTPReceiver) {
	c.mu.Lock()
	id := c.table[rx.RTPTransceiver().Mid()]
	c.tracks[rx.RTPTransceiver().Mid()] = t
	c.mu.Unlock()
	go func() {
		for {
			pkts, _, err := rx.ReadRTCP()
			if err != nil {
				return
			}
			c.mu.Lock()
			for _, k := range pkts {
				if sr, ok := k.(*rtcp.SenderReport); ok {
					c.sr[sr.SSRC] = sr
				}
			}
			c.mu.Unlock()
		}
	}()
	for {
		k, attr, err := t.ReadRTP()
		if err != nil {
			return
		}
		k = k.Clone()
		c.mu.Lock()
		c.got[id] = append(c.got[id], k)
		if attr.Get(webrtc.AttributeRtxSsrc) != nil {
			c.rtx++
		}
		c.mu.Unlock()
	}
}

func (c *client) packets(id SourceID) []*rtp.Packet {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*rtp.Packet(nil), c.got[id]...)
}

// texts of the received payloads after their first skip bytes.
func (c *client) has(id SourceID, text string) bool {
	for _, k := range c.packets(id) {
		if strings.Contains(string(k.Payload), text) {
			return true
		}
	}
	return false
}

// speaker writes Opus packets with a text as payload.
type speaker struct {
	c   *client
	seq uint16
	ts  uint32
}

func newSpeaker(c *client) *speaker {
	return &speaker{c: c, seq: uint16(rand.Uint32()), ts: rand.Uint32()}
}

func (s *speaker) say(text string) *rtp.Packet {
	s.seq++
	s.ts += 960
	p := &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 111, SequenceNumber: s.seq, Timestamp: s.ts}, Payload: []byte(text)}
	s.send(p)
	return p
}

func (s *speaker) send(p *rtp.Packet) {
	if err := s.c.mic.WriteRTP(p); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		require.NoError(s.c.t, err)
	}
}

// vp8Frame makes a one-packet VP8 frame with a 15-bit picture id.
func vp8Frame(key bool, pid uint16, tl0 uint8, width, height uint16, text string) []byte {
	b := []byte{0x90, 0xe0, 0x80 | byte(pid>>8), byte(pid), tl0, 0}
	if key {
		b = append(b, 0x10, 0, 0, 0x9d, 0x01, 0x2a, byte(width), byte(width>>8), byte(height), byte(height>>8))
	} else {
		b = append(b, 0x11, 0, 0)
	}
	return append(b, text...)
}

// camera writes frames on one simulcast layer.
type camera struct {
	c     *client
	layer int
	rid   string
	w, h  uint16
	seq   uint16
	ts    uint32
	pid   uint16
	tl0   uint8
	mid   string
}

func newCamera(c *client, layer int, rid string, w, h uint16) *camera {
	mid := ""
	for _, p := range c.pub {
		if p.Kind == Cam {
			mid = p.MID
		}
	}
	return &camera{
		c: c, layer: layer, rid: rid, w: w, h: h, mid: mid,
		seq: uint16(rand.Uint32()), ts: rand.Uint32(), pid: uint16(rand.Uint32N(1 << 15)), tl0: uint8(rand.Uint32()),
	}
}

func (v *camera) frame(key bool, text string) *rtp.Packet {
	v.seq++
	v.ts += 3000
	v.pid = (v.pid + 1) & 0x7fff
	v.tl0++
	p := &rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: 96, Marker: true, SequenceNumber: v.seq, Timestamp: v.ts},
		Payload: vp8Frame(key, v.pid, v.tl0, v.w, v.h, text),
	}
	v.send(p)
	return p
}

func (v *camera) send(p *rtp.Packet) {
	if v.rid != "" {
		for _, e := range v.c.camTx.GetParameters().HeaderExtensions {
			switch e.URI {
			case sdp.SDESMidURI:
				_ = p.SetExtension(uint8(e.ID), []byte(v.mid))
			case sdp.SDESRTPStreamIDURI:
				_ = p.SetExtension(uint8(e.ID), []byte(v.rid))
			}
		}
	}
	if err := v.c.cams[v.layer].WriteRTP(p); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		require.NoError(v.c.t, err)
	}
}

func mic(peer string) SourceID { return SourceID{Peer: peer, Kind: Mic} }
func cam(peer string) SourceID { return SourceID{Peer: peer, Kind: Cam} }

// toViewer is what an onlooker may be granted.
func toViewer(s SourceID, peer string) Grant {
	g := toPeer(s, peer)
	g.Yield = YieldPublic
	return g
}

func toPeer(s SourceID, peer string) Grant {
	return Grant{Source: s, Audience: Audience{Peer: peer}, MaxLayer: 255}
}
