package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// serverBuffer is asked of the receive buffer of every contestant's socket
// where it does not choose its own.
const serverBuffer = 4 << 20

// pionForwarder is what one writes in an afternoon with Pion: default codecs,
// default interceptors, one UDP port, a TrackLocalStaticRTP for each source. It
// is the reference and is not to be made faster.
type pionForwarder struct {
	api *webrtc.API
	mux ice.UDPMux
	wg  sync.WaitGroup // its readers end with their peers

	mu     sync.Mutex
	tracks map[int]*pionTrack // by stream
	peers  map[string]*webrtc.PeerConnection
}

// pionTrack is what one stream of a publisher becomes.
type pionTrack struct {
	*webrtc.TrackLocalStaticRTP

	mu     sync.Mutex
	source *webrtc.PeerConnection // nil until there is one
	ssrc   uint32
	asked  time.Time
}

// keyframePause is the least time between two keyframe requests for a stream.
const keyframePause = 500 * time.Millisecond

func newPionForwarder() (*pionForwarder, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	if err := conn.SetReadBuffer(serverBuffer); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	f := &pionForwarder{
		mux: webrtc.NewICEUDPMux(nil, conn), tracks: map[int]*pionTrack{}, peers: map[string]*webrtc.PeerConnection{},
	}
	if f.api, err = pionAPI(f.mux); err != nil {
		return nil, errors.Join(err, f.mux.Close())
	}
	return f, nil
}

// track gives the track of a stream, made if need be.
func (f *pionForwarder) track(stream int) (*pionTrack, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t := f.tracks[stream]; t != nil {
		return t, nil
	}
	mime := webrtc.MimeTypeOpus
	if stream%2 == videoStream {
		mime = webrtc.MimeTypeVP8
	}
	t, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, mime[:5], publisherID(stream/2))
	if err != nil {
		return nil, err
	}
	f.tracks[stream] = &pionTrack{TrackLocalStaticRTP: t}
	return f.tracks[stream], nil
}

func pionAPI(mux ice.UDPMux) (*webrtc.API, error) {
	var media webrtc.MediaEngine
	if err := media.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	var registry interceptor.Registry
	if err := webrtc.RegisterDefaultInterceptors(&media, &registry); err != nil {
		return nil, err
	}
	var settings webrtc.SettingEngine
	settings.SetICEUDPMux(mux)
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM)
	if err := settings.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return nil, err
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(&media), webrtc.WithInterceptorRegistry(&registry),
		webrtc.WithSettingEngine(settings)), nil
}

func (f *pionForwarder) join(ctx context.Context, r request) (string, error) {
	pc, err := f.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", err
	}
	f.mu.Lock()
	f.peers[r.Room+"/"+r.ID] = pc
	f.mu.Unlock()

	if r.Sends != nil {
		pc.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { f.copy(pc, r.Sends.Publisher, remote) })
	}
	for _, sent := range r.Receives {
		for _, stream := range sent.streams() {
			track, err := f.track(stream)
			if err != nil {
				return "", err
			}
			if err := f.add(pc, track); err != nil {
				return "", err
			}
		}
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: r.SDP}); err != nil {
		return "", fmt.Errorf("offer: %w", err)
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("answer: %w", err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(answer); err != nil {
		return "", fmt.Errorf("answer: %w", err)
	}
	select {
	case <-gathered:
		return pc.LocalDescription().SDP, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// add sends track to the peer. Its RTCP has to be read for the interceptors to
// see it; they have parsed it by then.
func (f *pionForwarder) add(pc *webrtc.PeerConnection, track *pionTrack) error {
	t, err := pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return err
	}
	f.wg.Go(func() {
		buf := make([]byte, packetBytes)
		for {
			n, attributes, err := t.Sender().Read(buf)
			if err != nil {
				return
			}
			packets, err := attributes.GetRTCPPackets(buf[:n])
			if err != nil {
				continue
			}
			for _, p := range packets {
				if _, ok := p.(*rtcp.PictureLossIndication); ok {
					track.askKey()
				}
			}
		}
	})
	return nil
}

// askKey asks the publisher for a keyframe, without which nobody who joins would
// see a picture.
func (t *pionTrack) askKey() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.source == nil || time.Since(t.asked) < keyframePause {
		return
	}
	t.asked = time.Now()
	// It fails when the publisher has left; there is no keyframe to be had then.
	_ = t.source.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: t.ssrc}})
}

// copy forwards a track until it ends; Pion runs it in a goroutine of the peer.
func (f *pionForwarder) copy(pc *webrtc.PeerConnection, publisher int, remote *webrtc.TrackRemote) {
	stream := 2*publisher + audioStream
	if remote.Kind() == webrtc.RTPCodecTypeVideo {
		stream = 2*publisher + videoStream
	}
	local, err := f.track(stream)
	if err != nil {
		return
	}
	local.mu.Lock()
	local.source, local.ssrc = pc, uint32(remote.SSRC())
	local.mu.Unlock()
	for {
		packet, _, err := remote.ReadRTP()
		if err != nil {
			return
		}
		// The error names receivers that have left; the others got the packet.
		_ = local.WriteRTP(packet)
	}
}

// leave closes a peer and forgets what it sent.
func (f *pionForwarder) leave(r request) error {
	id := r.Room + "/" + r.ID
	f.mu.Lock()
	pc := f.peers[id]
	delete(f.peers, id)
	if r.Sends != nil {
		for _, stream := range r.Sends.streams() {
			delete(f.tracks, stream)
		}
	}
	f.mu.Unlock()
	if pc == nil {
		return fmt.Errorf("bench: no peer %q", id)
	}
	return pc.Close()
}

func (f *pionForwarder) close() error {
	f.mu.Lock()
	peers := f.peers
	f.mu.Unlock()
	var errs []error
	for _, pc := range peers {
		errs = append(errs, pc.Close())
	}
	f.wg.Wait()
	return errors.Join(append(errs, f.mux.Close())...)
}
