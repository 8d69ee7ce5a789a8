package main

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"

	"phientoa/internal/wire"
)

// player is Pion as a WHEP client.
type player struct {
	pc       *webrtc.PeerConnection
	offer    string
	up, down chan struct{}

	mu   sync.Mutex
	got  map[webrtc.RTPCodecType]int
	last time.Time // arrival of the last packet
}

func newPlayer(t *testing.T, sounds int) *player {
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = pc.GracefulClose() })
	p := &player{pc: pc, up: make(chan struct{}), down: make(chan struct{}), got: map[webrtc.RTPCodecType]int{}}
	recvonly := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
	for range sounds {
		_, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, recvonly)
		require.NoError(t, err)
	}
	_, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, recvonly)
	require.NoError(t, err)
	var once sync.Once
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			close(p.up)
		case webrtc.PeerConnectionStateClosed, webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateDisconnected:
			once.Do(func() { close(p.down) })
		}
	})
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			if _, _, err := track.ReadRTP(); err != nil {
				return
			}
			p.mu.Lock()
			p.got[track.Kind()]++
			p.last = time.Now()
			p.mu.Unlock()
		}
	})
	offer, err := pc.CreateOffer(nil)
	require.NoError(t, err)
	done := webrtc.GatheringCompletePromise(pc)
	require.NoError(t, pc.SetLocalDescription(offer))
	<-done
	p.offer = pc.LocalDescription().SDP
	return p
}

// shows waits until both picture and sound have come.
func (p *player) shows(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.got[webrtc.RTPCodecTypeAudio] > 0 && p.got[webrtc.RTPCodecTypeVideo] > 0
	}, 30*time.Second, 20*time.Millisecond)
}

// endsWithin: the session is gone, and no packet came later than limit after at.
func (p *player) endsWithin(t *testing.T, at time.Time, limit time.Duration) {
	t.Helper()
	within(t, p.down)
	p.mu.Lock()
	defer p.mu.Unlock()
	require.LessOrEqual(t, p.last.Sub(at), limit, "a packet came after the end")
}

// play posts the player's offer and takes the answer.
func (w *whipCourt) play(p *player, sounds int) (at string, resp *http.Response) {
	w.t.Helper()
	resp, text := w.ask("POST", "/api/v1/whep", w.wallToken, sdpType, p.offer)
	at = w.answered(resp, text, "/api/v1/whep", "sendonly", sounds+1)
	require.NoError(w.t, p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text}))
	within(w.t, p.up)
	return at, resp
}

// A viewing wall: nothing before the opening, then what the public sees and hears, until
// the doors close; again when they open; gone with DELETE, and for good with the
// revocation of its token, within a second.
func TestAWallPlays(t *testing.T) {
	w := startWhip(t)
	w.bookShort()
	judge := w.enter()
	camera := newEncoderPeer(t)
	_, text := w.ask("POST", "/api/v1/whip", w.token, sdpType, camera.offer)
	require.NoError(t, camera.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text}))
	within(t, camera.up)
	go camera.talk(t.Context())

	p := newPlayer(t, 2)
	resp, text := w.ask("POST", "/api/v1/whep", w.wallToken, sdpType, p.offer)
	require.Equal(t, http.StatusConflict, resp.StatusCode, text)
	require.Contains(t, text, "not_open_yet")
	require.NotEmpty(t, resp.Header.Get("Retry-After"))

	w.openHearing(judge)
	at, resp := w.play(p, 2)
	p.shows(t)
	w.conforms(endpoint{
		path: "/api/v1/whep", token: w.wallToken, other: w.otherWall, wrongKind: w.token, offer: p.offer, at: at, etag: resp.Header.Get("ETag"),
		backwards: camera.offer,
	})
	select {
	case <-p.down:
		t.Fatal("one of those ended the session")
	default:
	}

	w.act(judge, &wire.Command{Act: &wire.Command_SetVisibility{SetVisibility: &wire.SetVisibility{To: "closed", Reason: "thử"}}})
	p.endsWithin(t, time.Now(), time.Second)
	w.act(judge, &wire.Command{Act: &wire.Command_SetVisibility{SetVisibility: &wire.SetVisibility{To: "public", Reason: "thử"}}})

	q := newPlayer(t, 1)
	at, _ = w.play(q, 1)
	q.shows(t)
	resp, _ = w.ask("DELETE", at, w.wallToken, "", "")
	require.Equal(t, http.StatusOK, resp.StatusCode)
	q.endsWithin(t, time.Now(), time.Second)
	resp, _ = w.ask("DELETE", at, w.wallToken, "", "")
	require.Equal(t, http.StatusNotFound, resp.StatusCode)

	r := newPlayer(t, 1)
	w.play(r, 1)
	r.shows(t)
	w.operator.get(http.StatusNoContent, nil, "DELETE", "/api/v1/access/devices/"+w.wall, nil)
	r.endsWithin(t, time.Now(), time.Second)
	resp, _ = w.ask("POST", "/api/v1/whep", w.wallToken, sdpType, r.offer)
	require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
}
