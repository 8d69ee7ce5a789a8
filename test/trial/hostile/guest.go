package hostile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"phientoa/internal/wire"
)

// sectionsEach is how many sections of each kind the guest offers to receive.
const sectionsEach = 4

// guest is the media of a seat, with the way below them open.
type guest struct {
	pc               *webrtc.PeerConnection
	socket           net.PacketConn // that carries everything
	micSSRC, camSSRC uint32
	generation       uint32

	mu    sync.Mutex
	out   webrtc.TrackLocalWriter
	heard map[uint32]bool
}

// connect offers a microphone, a camera and sections to receive, and waits until the
// connection stands.
func connect(ctx context.Context, s *Seat) (p *guest, err error) {
	p = &guest{heard: map[uint32]bool{}}
	if p.socket, err = net.ListenUDP("udp4", nil); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.pc, err = p.connection(); err != nil {
		return nil, err
	}
	connected := make(chan struct{})
	var once sync.Once
	p.pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(connected) })
		}
	})
	p.pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		p.mu.Lock()
		p.heard[uint32(t.SSRC())] = true
		p.mu.Unlock()
		for b := make([]byte, 2000); ; {
			if _, _, err := t.Read(b); err != nil {
				return
			}
		}
	})
	offer, err := p.offer(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := s.Ask(ctx, &wire.Envelope{Body: &wire.Envelope_MediaOffer{MediaOffer: offer}})
	if err != nil {
		return nil, err
	}
	a := answer.GetMediaAnswer()
	if a.GetRefusal() != nil || a == nil {
		return nil, fmt.Errorf("hostile: media refused: %s", a.GetRefusal().GetCode())
	}
	p.generation = a.Generation
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: a.Sdp}); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	select {
	case <-connected:
		return p, nil
	case <-ctx.Done():
		return nil, errors.Join(errors.New("hostile: media do not connect"), ctx.Err())
	}
}

// connection has no interceptors: what it sends and asks for is said by hand.
func (p *guest) connection() (*webrtc.PeerConnection, error) {
	codecs := &webrtc.MediaEngine{}
	opus := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}
	vp8 := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: []webrtc.RTCPFeedback{
		{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"},
	}}
	err := errors.Join(
		codecs.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: opus, PayloadType: 111}, webrtc.RTPCodecTypeAudio),
		codecs.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: vp8, PayloadType: 96}, webrtc.RTPCodecTypeVideo),
	)
	if err != nil {
		return nil, err
	}
	quiet := logging.NewDefaultLoggerFactory()
	quiet.Writer = io.Discard
	set := webrtc.SettingEngine{LoggerFactory: quiet}
	set.SetICEUDPMux(webrtc.NewICEUDPMux(quiet.NewLogger("ice"), p.socket))
	api := webrtc.NewAPI(webrtc.WithMediaEngine(codecs), webrtc.WithInterceptorRegistry(&interceptor.Registry{}), webrtc.WithSettingEngine(set))
	pc, err := api.NewPeerConnection(webrtc.Configuration{BundlePolicy: webrtc.BundlePolicyMaxBundle})
	if err != nil {
		return nil, err
	}
	for kind, codec := range map[string]webrtc.RTPCodecCapability{"mic": opus, "cam": vp8} {
		track, err := webrtc.NewTrackLocalStaticRTP(codec, kind, "guest")
		if err != nil {
			return pc, err
		}
		_, err = pc.AddTransceiverFromTrack(&openTrack{track, p, kind}, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			return pc, err
		}
	}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		for range sectionsEach {
			if _, err := pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
				return pc, err
			}
		}
	}
	return pc, nil
}

// offer makes the first offer with all candidates in it.
func (p *guest) offer(ctx context.Context) (*wire.MediaOffer, error) {
	o, err := p.pc.CreateOffer(nil)
	if err != nil {
		return nil, err
	}
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(o); err != nil {
		return nil, err
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	m := &wire.MediaOffer{Sdp: p.pc.LocalDescription().SDP}
	for _, t := range p.pc.GetTransceivers() {
		if t.Sender() != nil && t.Sender().Track() != nil {
			m.Publish = append(m.Publish, &wire.Publish{Mid: t.Mid(), Kind: t.Sender().Track().ID()})
		}
	}
	return m, nil
}

// openTrack lends the writer that Pion gives to a track: any header goes out through it.
type openTrack struct {
	*webrtc.TrackLocalStaticRTP
	guest *guest
	kind  string
}

// Bind keeps the writer and the SSRC.
func (t *openTrack) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	t.guest.mu.Lock()
	t.guest.out = ctx.WriteStream()
	if t.kind == "mic" {
		t.guest.micSSRC = uint32(ctx.SSRC())
	} else {
		t.guest.camSSRC = uint32(ctx.SSRC())
	}
	t.guest.mu.Unlock()
	return t.TrackLocalStaticRTP.Bind(ctx)
}

func (p *guest) write(packet *rtp.Packet) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out != nil {
		_, _ = p.out.WriteRTP(&packet.Header, packet.Payload) // a closed way is what the attack may end in
	}
}

func (p *guest) heardSSRCs() (list []uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for ssrc := range p.heard {
		list = append(list, ssrc)
	}
	return list
}

func (p *guest) close() {
	if p.pc != nil {
		_ = p.pc.GracefulClose() // there is nothing to mend on the way out
	}
	_ = p.socket.Close()
}
