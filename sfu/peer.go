package sfu

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// Peer is one device's PeerConnection: what it publishes and the sections in
// which it receives.
type Peer struct {
	room       *Room
	id         string
	observer   PeerObserver
	layers     LayerObserver // nil: the publisher cannot be told
	feed       *feed         // that it stands for, without a PeerConnection; nil: none
	gallery    *gallery      // in which it stands for who publishes, without one either; nil: none
	mayPublish map[SourceKind]bool
	follows    bool
	chooses    bool
	onlooker   bool
	classes    []string
	api        *webrtc.API
	pc         *webrtc.PeerConnection
	keys       keyTap

	wake    chan struct{} // capacity 1
	losses  chan struct{} // capacity 1, wakes mend
	done    chan struct{} // closed first when closing
	closing sync.Once
	closed  chan struct{} // closed when the transport and all readers are gone
	readers sync.WaitGroup
	doomed  atomic.Bool
	started atomic.Int32 // received streams that ever began (ReceivePion)
	negoMu  sync.Mutex   // one negotiation at a time

	// Under the room's lock:
	ended    bool
	half     bool      // it holds one of the places of peers that have no keys yet
	born     time.Time // it was made
	heard    time.Time // the last authentic packet came, or the peer was made
	state    PeerState
	states   []PeerState // undelivered changes
	prepared []SourceID
	prefers  SourceID // before all others, of a following peer
	sections []*section
	byMID    map[string]*section
	publish  map[string]*source // by MID
	answers  answerTime
	in       intake
	// receiving are the streams that are being read, in no order (ReceivePion).
	receiving []received
	isDirty   bool
	said      []ReceiverState // last told to the observer
	needSaid  [2]int
	voices    voiceNews
	sounds    soundChoice
	stills    stills
	tx        transport
}

// transport is the sending side of a peer.
type transport struct {
	ready bool // keys and address are there and the peer is not closed
	seal  sealer
	out   packetWriter
	to    destination
	mode  SenderMode
	up    bool // DTLS is connected
	line  line
}

func newPeer(r *Room, p PeerParams) (*Peer, error) {
	peer := &Peer{
		room: r, id: p.ID, observer: p.Observer, mayPublish: map[SourceKind]bool{}, follows: p.Follows || p.Chooses, chooses: p.Chooses, onlooker: p.Onlooker,
		classes: slices.Clone(p.Classes),
		wake:    make(chan struct{}, 1), losses: make(chan struct{}, 1), answers: newAnswerTime(), done: make(chan struct{}), closed: make(chan struct{}),
		byMID: map[string]*section{}, publish: map[string]*source{}, heard: r.engine.p.Now(),
	}
	peer.born = peer.heard
	peer.layers, _ = p.Observer.(LayerObserver)
	peer.tx.mode = r.engine.p.Sender
	peer.in = newIntake(peer.heard)
	for _, k := range p.MayPublish {
		peer.mayPublish[k] = !peer.follows
	}
	var err error
	peer.api, err = peer.newAPI()
	if err != nil {
		return nil, err
	}
	cert, err := r.engine.self.certificate()
	if err != nil {
		return nil, err
	}
	peer.pc, err = peer.api.NewPeerConnection(webrtc.Configuration{
		Certificates: []webrtc.Certificate{cert},
		BundlePolicy: webrtc.BundlePolicyMaxBundle,
	})
	if err != nil {
		return nil, fmt.Errorf("sfu: peer connection: %w", err)
	}
	peer.pc.OnConnectionStateChange(peer.connectionState)
	if peer.receivesByPion() {
		peer.pc.OnTrack(peer.track)
	}
	t := peer.pc.SCTP().Transport()
	t.OnStateChange(peer.dtlsState)
	t.ICETransport().OnSelectedCandidatePairChange(peer.pairChange)
	return peer, nil
}

// newAPI builds Pion's settings of one peer: the hooks of the key derivation are
// per connection.
func (p *Peer) newAPI() (*webrtc.API, error) {
	var s webrtc.SettingEngine
	s.LoggerFactory = quietLoggers()
	s.SetLite(true)
	s.SetICEUDPMux(&peerMux{UDPMux: p.room.loop.mux, count: &p.room.loop.count, now: p.room.engine.p.Now})
	s.SetNet(p.room.engine.net)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetICETimeouts(3*time.Second, 12*time.Second, time.Second)
	s.SetReceiveMTU(receiveMTU)
	s.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	s.SetSRTPReplayProtectionWindow(1024)
	s.SetDTLSCipherSuites(dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384)
	s.SetDTLSExtendedMasterSecret(dtls.RequireExtendedMasterSecret)
	// DTLS comes from addresses alone whose checks ICE has authenticated; the cookie of
	// RFC 6347 section 4.2.1 would prove the same again, for a round trip.
	s.SetDTLSInsecureSkipHelloVerify(true)
	s.SetDTLSConnectContextMaker(func() (context.Context, func()) {
		return context.WithTimeout(context.Background(), handshakeTime)
	})
	if err := s.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return nil, fmt.Errorf("sfu: DTLS role: %w", err)
	}
	if p.tx.mode == SendOwn || !p.receivesByPion() {
		s.SetDTLSServerHelloMessageHook(p.keys.serverHello)
		s.SetDTLSKeyLogWriter(&p.keys)
	}
	registry := &interceptor.Registry{}
	if len(p.mayPublish) > 0 && p.receivesByPion() {
		if err := receiveInterceptors(registry, p); err != nil {
			return nil, err
		}
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(p.room.engine.media),
		webrtc.WithInterceptorRegistry(registry)), nil
}

// mediaEngine registers what we negotiate. One serves all peers of an engine: Pion works
// with a copy of its own for each.
func mediaEngine(mode SenderMode) (*webrtc.MediaEngine, error) {
	m := &webrtc.MediaEngine{}
	congestion := webrtc.RTCPFeedback{Type: "transport-cc"}
	video := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}, congestion}
	var errs []error
	codec := func(k webrtc.RTPCodecType, pt webrtc.PayloadType, mime string, rate uint32, channels uint16, fmtp string, fb []webrtc.RTCPFeedback) {
		errs = append(errs, m.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: pt, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: mime, ClockRate: rate, Channels: channels, SDPFmtpLine: fmtp, RTCPFeedback: fb,
		}}, k))
	}
	codec(webrtc.RTPCodecTypeAudio, 111, webrtc.MimeTypeOpus, 48000, 2, "minptime=10;useinbandfec=1", []webrtc.RTCPFeedback{{Type: "nack"}, congestion})
	codec(webrtc.RTPCodecTypeAudio, 63, mimeRED, 48000, 2, "111/111", nil)
	codec(webrtc.RTPCodecTypeVideo, 96, webrtc.MimeTypeVP8, 90000, 0, "", video)
	codec(webrtc.RTPCodecTypeVideo, 97, webrtc.MimeTypeRTX, 90000, 0, "apt=96", nil)
	codec(webrtc.RTPCodecTypeVideo, 102, webrtc.MimeTypeH264, 90000, 0, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f", video)
	codec(webrtc.RTPCodecTypeVideo, 103, webrtc.MimeTypeRTX, 90000, 0, "apt=102", nil)
	received := []webrtc.RTPTransceiverDirection{webrtc.RTPTransceiverDirectionRecvonly}
	extension := func(uri string, kinds ...webrtc.RTPCodecType) {
		for _, k := range kinds {
			errs = append(errs, m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, k, received...))
		}
	}
	extension(sdp.SDESMidURI, webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo)
	extension(sdp.SDESRTPStreamIDURI, webrtc.RTPCodecTypeVideo)
	extension(sdp.SDESRepairRTPStreamIDURI, webrtc.RTPCodecTypeVideo)
	extension(sdp.ABSSendTimeURI, webrtc.RTPCodecTypeVideo)
	extension(sdp.AudioLevelURI, webrtc.RTPCodecTypeAudio)
	if mode == SendOwn { // the reference numbers nothing that it sends
		received = append(received, webrtc.RTPTransceiverDirectionSendonly)
	}
	extension(sdp.TransportCCURI, webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo)
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("sfu: codecs: %w", err)
	}
	return m, nil
}

const mimeRED = "audio/red"

// start runs the worker; the room has admitted the peer and holds its lock.
func (p *Peer) start() {
	p.room.engine.wg.Go(p.work)
	if len(p.mayPublish) > 0 {
		p.readers.Go(p.mend)
	}
}

// guarded runs f in a goroutine that Close waits for. A panic ends this peer, not
// the process. It reports false when the peer is closing.
func (p *Peer) guarded(f func()) bool {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if p.ended {
		return false
	}
	p.readers.Go(func() {
		defer p.rescue()
		f()
	})
	return true
}

func (p *Peer) rescue() {
	if v := recover(); v != nil {
		p.fell(v)
	}
}

// rescueServed is rescue for who sends to p under the room's lock: what stood ready to
// leave is nobody else's.
func (p *Peer) rescueServed() {
	if v := recover(); v != nil {
		p.room.out.clear()
		p.fell(v)
	}
}

func (p *Peer) fell(v any) {
	p.room.loop.count.panics.Add(1)
	p.room.engine.log.Error("sfu: panic ended a peer", "peer", p.id, "panic", fmt.Sprint(v))
	p.closeLater()
}

// closeLater lets the worker close the peer, for callers that Close waits for.
func (p *Peer) closeLater() {
	p.doomed.Store(true)
	p.kick()
}

func (p *Peer) connectionState(s webrtc.PeerConnectionState) {
	defer p.rescue()
	switch s {
	case webrtc.PeerConnectionStateConnected:
		p.setState(PeerConnected)
	case webrtc.PeerConnectionStateDisconnected:
		p.setState(PeerLost)
	case webrtc.PeerConnectionStateFailed:
		p.lock(func() { p.tx.ready = false })
		p.closeLater()
	}
}

func (p *Peer) lock(f func()) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	f()
}

func (p *Peer) setState(s PeerState) {
	p.lock(func() {
		if p.ended || p.state == s {
			return
		}
		p.note(s)
		p.room.touchDevice(p.id)
		p.room.refollow(p.room.engine.p.Now())
		for _, src := range p.publish {
			for _, l := range src.layers {
				if l != nil && (l.needKey || l.wishKey) {
					p.kick()
				}
			}
		}
	})
}

// note records a state for the observer; under the room's lock.
func (p *Peer) note(s PeerState) {
	p.state = s
	if p.room.gallery != nil {
		p.room.gallery.device(p.id, s)
	}
	if len(p.states) == maxStates {
		copy(p.states, p.states[1:])
		p.states = p.states[:maxStates-1]
	}
	p.states = append(p.states, s)
	p.kick()
}

// dtlsState: at Connected the fingerprint is checked, so the keys may be used.
func (p *Peer) dtlsState(s webrtc.DTLSTransportState) {
	defer p.rescue()
	switch s {
	case webrtc.DTLSTransportStateConnected:
		if err := p.secured(); err != nil {
			p.room.engine.log.Error("sfu: no keys", "peer", p.id, "error", err)
			p.closeLater()
		}
	case webrtc.DTLSTransportStateFailed, webrtc.DTLSTransportStateClosed:
		p.lock(func() { p.tx.ready, p.tx.up = false, false })
		if s == webrtc.DTLSTransportStateFailed { // else only ICE would end it, much later
			p.closeLater()
		}
	}
}

// secured takes the keys of the handshake into use.
func (p *Peer) secured() error {
	sendsByPion, receivesByPion := p.tx.mode == SendPion, p.receivesByPion()
	var keys sessionKeys
	var seal sealer
	var in intake
	var err error
	if !sendsByPion || !receivesByPion {
		if keys, err = p.keys.take(); err != nil {
			return err
		}
	}
	if !sendsByPion {
		if seal, err = newSealer(keys); err != nil {
			return err
		}
	}
	if !receivesByPion {
		if in.open, err = newOpener(keys); err != nil {
			return err
		}
		if in.control, err = newControlOpener(keys); err != nil {
			return err
		}
	}
	p.lock(func() {
		p.settle()
		p.in.open, p.in.control = in.open, in.control
		p.tx.seal, p.tx.up = seal, true
		p.tx.ready = !p.ended && (sendsByPion || p.tx.out != nil)
	})
	return nil
}

// pairChange follows the address that ICE has authenticated.
func (p *Peer) pairChange(pair *webrtc.ICECandidatePair) {
	defer p.rescue()
	if pair == nil || pair.Remote == nil || pair.Local == nil {
		return
	}
	remote, err := netip.ParseAddr(pair.Remote.Address)
	if err != nil {
		return
	}
	from := netip.AddrPortFrom(remote.Unmap(), pair.Remote.Port)
	to := newDestination(from)
	w, by := p.wayOut(pair.Local, from)
	p.lock(func() {
		if !p.receivesByPion() {
			p.reachable(by, from)
		}
		if p.tx.mode == SendPion {
			return
		}
		p.tx.to = to
		if w != nil {
			p.tx.out = w
		}
		p.tx.ready = !p.ended && p.tx.up && p.tx.seal != nil && w != nil
	})
}

// wayOut is what writes from a local candidate to the address, and the routes of what
// comes back; nil when the candidate is none of ours, or the connection has gone.
func (p *Peer) wayOut(local *webrtc.ICECandidate, to netip.AddrPort) (packetWriter, *router) {
	a, err := netip.ParseAddr(local.Address)
	if err != nil {
		return nil, nil
	}
	at := netip.AddrPortFrom(a.Unmap(), local.Port)
	for s, w := range p.room.writers {
		if s.addr == at {
			return w, &s.router
		}
	}
	for _, s := range p.room.loop.streams {
		if s.addr != at {
			continue
		}
		if st := s.stream(to); st != nil {
			return st, &s.router
		}
	}
	return nil, nil
}

// writePion is the reference way: Pion seals and sends.
func (s *section) writePion(b []byte) (int, error) {
	s.hdr.Extensions = s.hdr.Extensions[:0]
	if _, err := s.hdr.Unmarshal(b[:rtpHeaderSize]); err != nil {
		return 0, err //nolint:wrapcheck // counted, not printed
	}
	return s.stream.WriteRTP(&s.hdr, b[rtpHeaderSize:]) //nolint:wrapcheck // counted, not printed
}

// kick wakes the worker.
func (p *Peer) kick() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// dirty says that receiver states may have changed; under the room's lock.
func (p *Peer) dirty() {
	if !p.isDirty {
		p.isDirty = true
		p.kick()
	}
}

// Hint tells at which sizes the client shows its sections; 0 x 0 is not at all.
// Sections that are not named keep theirs.
func (p *Peer) Hint(hints []Hint) {
	p.lock(func() {
		now := p.room.engine.p.Now()
		for _, h := range hints {
			if s := p.byMID[h.MID]; s != nil && s.src.kind == Cam {
				s.hint, s.hinted = h, true
				s.retarget(now)
			}
		}
	})
}

// States returns the state of every bound section in the order of binding.
func (p *Peer) States() []ReceiverState {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	return p.receiverStates(p.room.engine.p.Now())
}

// Silence is how long nothing authentic has come from the peer: neither a media
// packet, muted ones included, nor a report about what it receives (RTCP). A new
// peer counts from its making.
func (p *Peer) Silence() time.Duration {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	return max(p.room.engine.p.Now().Sub(p.heard), 0)
}

func (p *Peer) receiverStates(now time.Time) []ReceiverState {
	out := make([]ReceiverState, 0, len(p.sections))
	for _, s := range p.sections {
		out = append(out, s.state(now))
	}
	return out
}

// Close ends the peer: no byte goes to it or is taken from it when Close
// returns. PeerClosed reaches the observer from the peer's own goroutine.
func (p *Peer) Close() {
	p.closing.Do(func() {
		p.lock(p.leave)
		close(p.done)
		if p.feed != nil {
			p.feed.detach()
		}
		if p.pc != nil {
			if err := p.pc.GracefulClose(); err != nil { // graceful: Pion's goroutines are gone afterwards too
				p.room.engine.log.Debug("sfu: closing a peer", "peer", p.id, "error", err)
			}
		}
		p.readers.Wait()
		close(p.closed)
	})
	<-p.closed
}

// leave takes the peer out of the room; under the room's lock.
func (p *Peer) leave() {
	r, now := p.room, p.room.engine.p.Now()
	p.ended, p.tx.ready = true, false
	p.settle()
	r.followers = slices.DeleteFunc(r.followers, func(q *Peer) bool { return q == p })
	p.unreachable()
	p.unlodge()
	p.unpace()
	for _, s := range p.sections {
		p.unbind(s, now)
	}
	if p.feed != nil && p.feed.src != nil {
		p.feed.retire(now)
	}
	for _, src := range p.publish {
		if src.publisher == p {
			src.retire(now)
			r.prune(src, now)
		}
	}
	if r.peers[p.id] == p {
		delete(r.peers, p.id)
		r.dismiss(p)
		r.touchDevice(p.id)
		if p.gallery == nil {
			r.loop.count.peers.Add(-1)
		} else if p.gallery.ghosts[p.id] == p {
			delete(p.gallery.ghosts, p.id)
		}
	}
	r.refollow(now)
	p.note(PeerClosed)
}

// unbind takes a section off its source.
func (p *Peer) unbind(s *section, now time.Time) {
	if s.dead {
		return
	}
	s.regrant(Grant{}, false, now)
	s.dead = true
	for i, o := range s.src.sections {
		if o == s {
			s.src.sections = append(s.src.sections[:i:i], s.src.sections[i+1:]...)
			break
		}
	}
	p.room.prune(s.src, now)
}
