package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

// serverBuffer is asked of the receive buffer of every contestant's socket
// where it does not choose its own.
const serverBuffer = 4 << 20

// pionForwarder is what one writes in an afternoon with Pion: default codecs,
// default interceptors, one UDP port, a TrackLocalStaticRTP for each source. It
// is the reference and is not to be made faster.
type pionForwarder struct {
	api    *webrtc.API
	mux    ice.UDPMux
	tracks []*webrtc.TrackLocalStaticRTP // two for each publisher
	wg     sync.WaitGroup                // its readers end with their peers

	mu    sync.Mutex
	peers []*webrtc.PeerConnection
}

func newPionForwarder(h hello) (*pionForwarder, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	if err := conn.SetReadBuffer(serverBuffer); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	f := &pionForwarder{mux: webrtc.NewICEUDPMux(nil, conn)}
	if f.api, err = pionAPI(f.mux); err != nil {
		return nil, errors.Join(err, f.mux.Close())
	}
	for i := range h.Publishers {
		for _, mime := range []string{webrtc.MimeTypeOpus, webrtc.MimeTypeVP8} {
			t, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, mime[:5], publisherID(i))
			if err != nil {
				return nil, errors.Join(err, f.mux.Close())
			}
			f.tracks = append(f.tracks, t)
		}
	}
	return f, nil
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

func (f *pionForwarder) join(ctx context.Context, r joinRequest) (string, error) {
	pc, err := f.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", err
	}
	f.mu.Lock()
	f.peers = append(f.peers, pc)
	f.mu.Unlock()

	if r.Publisher >= 0 {
		pc.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { f.copy(r.Publisher, remote) })
	}
	for _, publisher := range r.Receives {
		for _, track := range f.tracks[2*publisher : 2*publisher+2] {
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
// see it.
func (f *pionForwarder) add(pc *webrtc.PeerConnection, track webrtc.TrackLocal) error {
	t, err := pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return err
	}
	f.wg.Go(func() {
		buf := make([]byte, packetBytes)
		for {
			if _, _, err := t.Sender().Read(buf); err != nil {
				return
			}
		}
	})
	return nil
}

// copy forwards a track until it ends; Pion runs it in a goroutine of the peer.
func (f *pionForwarder) copy(publisher int, remote *webrtc.TrackRemote) {
	local := f.tracks[2*publisher]
	if remote.Kind() == webrtc.RTPCodecTypeVideo {
		local = f.tracks[2*publisher+1]
	}
	for {
		packet, _, err := remote.ReadRTP()
		if err != nil {
			return
		}
		// The error names receivers that have left; the others got the packet.
		_ = local.WriteRTP(packet)
	}
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
