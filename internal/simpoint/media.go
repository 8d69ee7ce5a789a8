package simpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"phientoa/internal/wire"
)

// maxSections bounds the receiving m-lines that a server can make us add; what
// it asks for beyond is not added.
const maxSections = 128

// peer is the point's media: it sends both clips always (the server decides who
// gets them) and throws away what it receives.
type peer struct {
	pc       *webrtc.PeerConnection
	mic, cam *webrtc.RTPTransceiver
	failed   chan struct{} // capacity 1
	wantKey  atomic.Bool
	sections int

	stop   context.CancelFunc
	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

// newPeer starts sending; nothing leaves before the first answer.
func newPeer(sound, sight clip) (*peer, error) {
	api, err := newAPI()
	if err != nil {
		return nil, err
	}
	pc, err := api.NewPeerConnection(webrtc.Configuration{BundlePolicy: webrtc.BundlePolicyMaxBundle})
	if err != nil {
		return nil, fmt.Errorf("simpoint: peer connection: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &peer{pc: pc, failed: make(chan struct{}, 1), stop: stop}
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateFailed {
			select {
			case p.failed <- struct{}{}:
			default:
			}
		}
	})
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		p.start(func() { discard(t) })
	})
	if p.mic, err = p.publish(ctx, "mic", opusCodec(), sound); err == nil {
		p.cam, err = p.publish(ctx, "cam", vp8Codec(), sight)
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func opusCodec() webrtc.RTPCodecCapability {
	return webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}
}

func vp8Codec() webrtc.RTPCodecCapability {
	return webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: []webrtc.RTCPFeedback{
		{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"},
	}}
}

// newAPI offers the two codecs of the product only, and the loopback interface,
// on which a demonstration runs.
func newAPI() (*webrtc.API, error) {
	codecs := &webrtc.MediaEngine{}
	rtx := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=96"}
	err := errors.Join(
		codecs.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: opusCodec(), PayloadType: 111}, webrtc.RTPCodecTypeAudio),
		codecs.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: vp8Codec(), PayloadType: 96}, webrtc.RTPCodecTypeVideo),
		codecs.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: rtx, PayloadType: 97}, webrtc.RTPCodecTypeVideo),
	)
	if err != nil {
		return nil, fmt.Errorf("simpoint: codecs: %w", err)
	}
	chain := &interceptor.Registry{}
	if err := webrtc.RegisterDefaultInterceptors(codecs, chain); err != nil {
		return nil, fmt.Errorf("simpoint: interceptors: %w", err)
	}
	quiet := logging.NewDefaultLoggerFactory()
	quiet.Writer = io.Discard
	set := webrtc.SettingEngine{LoggerFactory: quiet}
	set.SetIncludeLoopbackCandidate(true)
	return webrtc.NewAPI(webrtc.WithMediaEngine(codecs), webrtc.WithInterceptorRegistry(chain), webrtc.WithSettingEngine(set)), nil
}

// start runs work until close, which waits for it; after close it runs nothing.
func (p *peer) start(work func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.wg.Go(work)
	}
}

// publish adds a sending m-line that plays c.
func (p *peer) publish(ctx context.Context, kind string, codec webrtc.RTPCodecCapability, c clip) (*webrtc.RTPTransceiver, error) {
	track, err := webrtc.NewTrackLocalStaticSample(codec, kind, "point")
	if err != nil {
		return nil, fmt.Errorf("simpoint: %s: %w", kind, err)
	}
	t, err := p.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return nil, fmt.Errorf("simpoint: %s: %w", kind, err)
	}
	p.start(func() { p.listen(t.Sender()) })
	p.start(func() { p.play(ctx, track, c) })
	return t, nil
}

// play sends the clip round and round. Asked for a keyframe it jumps to the
// next one, as a camera would make one.
func (p *peer) play(ctx context.Context, track *webrtc.TrackLocalStaticSample, c clip) {
	tick := time.NewTicker(c.period)
	defer tick.Stop()
	isPicture := track.Kind() == webrtc.RTPCodecTypeVideo
	for i := 0; ; i = (i + 1) % len(c.frames) {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if isPicture && p.wantKey.CompareAndSwap(true, false) {
			i = c.nextKeyframe(i)
		}
		// An error is a closing connection, which the session learns elsewhere.
		_ = track.WriteSample(media.Sample{Data: c.frames[i], Duration: c.period})
	}
}

// listen takes the receivers' reports; interceptors answer what is lost.
func (p *peer) listen(s *webrtc.RTPSender) {
	for {
		packets, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		for _, pkt := range packets {
			switch pkt.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				p.wantKey.Store(true)
			}
		}
	}
}

// discard reads a track to its end, so that reports go out for it.
func discard(t *webrtc.TrackRemote) {
	buf := make([]byte, 1600)
	for {
		if _, _, err := t.Read(buf); err != nil {
			return
		}
	}
}

// addSections adds receiving m-lines as the server asked.
func (p *peer) addSections(audio, video uint32) error {
	add := func(n uint32, kind webrtc.RTPCodecType) error {
		for ; n > 0 && p.sections < maxSections; n-- {
			init := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
			if _, err := p.pc.AddTransceiverFromKind(kind, init); err != nil {
				return fmt.Errorf("simpoint: receiving section: %w", err)
			}
			p.sections++
		}
		return nil
	}
	if err := add(audio, webrtc.RTPCodecTypeAudio); err != nil {
		return err
	}
	return add(video, webrtc.RTPCodecTypeVideo)
}

// offer makes the next offer with all candidates in it.
func (p *peer) offer(ctx context.Context) (*wire.MediaOffer, error) {
	o, err := p.pc.CreateOffer(nil)
	if err != nil {
		return nil, fmt.Errorf("simpoint: offer: %w", err)
	}
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(o); err != nil {
		return nil, fmt.Errorf("simpoint: offer: %w", err)
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return &wire.MediaOffer{
		Sdp:     p.pc.LocalDescription().SDP,
		Publish: []*wire.Publish{{Mid: p.mic.Mid(), Kind: "mic"}, {Mid: p.cam.Mid(), Kind: "cam"}},
	}, nil
}

func (p *peer) answered(sdp string) error {
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		return fmt.Errorf("simpoint: answer: %w", err)
	}
	return nil
}

// close ends everything and waits for it.
func (p *peer) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.stop()
	_ = p.pc.GracefulClose() // there is nothing to mend on the way out
	p.wg.Wait()
}
