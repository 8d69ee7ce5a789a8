package main

import (
	"context"
	"encoding/binary"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"

	"phientoa/internal/wire"
)

// dated makes each packet of an encoder tell when it was sent.
func (p *encoderPeer) dated(ctx context.Context, begun time.Time) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := uint16(1); ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			at := binary.BigEndian.AppendUint64(nil, uint64(time.Since(begun)))
			_ = p.audio.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: n, Timestamp: uint32(n) * 960}, Payload: append([]byte{0xf8}, at...)})
			_ = p.video.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, SequenceNumber: n, Timestamp: uint32(n) * 1800}, Payload: append(append([]byte(nil), keyframe...), at...)})
		}
	}
}

// datedEar keeps when what a wall receives was sent.
type datedEar struct {
	mu    sync.Mutex
	sound []time.Duration
	seen  time.Duration // the latest picture
}

func (e *datedEar) listen(track *webrtc.TrackRemote) {
	for {
		p, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		if len(p.Payload) < 9 {
			continue
		}
		at := time.Duration(binary.BigEndian.Uint64(p.Payload[len(p.Payload)-8:]))
		e.mu.Lock()
		if track.Kind() == webrtc.RTPCodecTypeAudio {
			e.sound = append(e.sound, at)
		} else {
			e.seen = max(e.seen, at)
		}
		e.mu.Unlock()
	}
}

// heard counts the sound that was sent between the times.
func (e *datedEar) heard(from, to time.Duration) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, sent := range e.sound {
		if from < sent && sent < to {
			n++
		}
	}
	return n
}

func (e *datedEar) seenAfter(at time.Duration) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.seen > at
}

// An encoder never stops sending. What it sent later than 200 ms after the judge took the
// floor, locked the microphone or called a recess is not heard at the wall, ever; what it
// sends once the rules let it is. Its picture shows that it goes on sending meanwhile.
func TestAnEncodersSoundObeysTheFloor(t *testing.T) {
	const cut, ever = 200 * time.Millisecond, time.Duration(math.MaxInt64)
	w := startWhip(t)
	w.bookBeside("accused", "dock")
	judge := w.enter()
	w.sit(w.accused, "bi.cao")
	w.openHearing(judge)
	w.act(judge, &wire.Command{Act: &wire.Command_Admit{Admit: &wire.Admit{Person: "accused"}}})

	dock := newEncoderPeer(t)
	_, text := w.ask("POST", "/api/v1/whip", w.token, sdpType, dock.offer)
	require.NoError(t, dock.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text}), text)
	within(t, dock.up)
	begun := time.Now()
	now := func() time.Duration { return time.Since(begun) }
	go dock.dated(t.Context(), begun)

	ear := &datedEar{}
	p := newPlayer(t, 1)
	p.pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { ear.listen(track) })
	w.play(p, 1)
	eventually := func(is func() bool) {
		t.Helper()
		require.Eventually(t, is, 30*time.Second, 20*time.Millisecond)
	}
	shows := func() { // what was sent from now on, and half a second more of it
		t.Helper()
		at := now() + 500*time.Millisecond
		eventually(func() bool { return ear.seenAfter(at) })
	}
	heard := func() {
		t.Helper()
		at := now()
		eventually(func() bool { return ear.heard(at, ever) > 0 })
	}
	speaks := func() {
		t.Helper()
		w.act(judge, &wire.Command{Act: &wire.Command_GiveFloor{GiveFloor: &wire.GiveFloor{Person: "accused"}}})
		heard()
	}

	shows()
	require.Zero(t, ear.heard(0, ever), "nobody gave the accused the floor")

	speaks()
	w.act(judge, &wire.Command{Act: &wire.Command_StopFloor{StopFloor: &wire.StopFloor{Person: "accused"}}})
	from := now() + cut
	shows()
	require.Zero(t, ear.heard(from, ever), "the floor is taken")

	speaks()
	w.act(judge, &wire.Command{Act: &wire.Command_MuteLock{MuteLock: &wire.MuteLock{Person: "accused"}}})
	from = now() + cut
	shows()
	require.Zero(t, ear.heard(from, ever), "the microphone is locked")
	w.act(judge, &wire.Command{Act: &wire.Command_Unlock{Unlock: &wire.Unlock{Person: "accused"}}})
	heard() // a lock takes no floor

	w.act(judge, &wire.Command{Act: &wire.Command_Recess{Recess: &wire.Recess{Reason: "thử"}}})
	from = now() + cut
	eventually(func() bool { return now() > from+500*time.Millisecond })
	require.Zero(t, ear.heard(from, ever), "the hearing is in recess")
	to := now()
	w.act(judge, &wire.Command{Act: &wire.Command_Resume{Resume: &wire.Resume{}}})
	speaks()
	require.Zero(t, ear.heard(from, to), "what was sent in the recess does not come later")
}
