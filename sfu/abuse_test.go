package sfu

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
)

// nullHello is a DTLS ClientHello that offers nothing but TLS_NULL_WITH_NULL_NULL,
// as in the attacks of ES2023-03 (CVE-2023-51443, CVE-2023-51275).
var nullHello = append([]byte{
	22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 54, // record
	1, 0, 0, 42, 0, 0, 0, 0, 0, 0, 0, 42, // handshake, one fragment
	0xfe, 0xfd, // version
}, append(make([]byte, 32), // random
	0, 0, // session id, cookie
	0, 2, 0, 0, // TLS_NULL_WITH_NULL_NULL
	1, 0)...) // no compression

// sprayer sends to the media socket from an address that nobody knows.
type sprayer struct {
	conn *net.UDPConn
	stop chan struct{}
	done sync.WaitGroup
	mu   sync.Mutex
	sent int
	back int
}

// spraysAt sends what next makes, as fast as the machine takes it, until end.
func spraysAt(t *testing.T, r *Room, next func(i int) []byte) *sprayer {
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(r.engine.MediaAddrs()[0]))
	require.NoError(t, err)
	s := &sprayer{conn: conn, stop: make(chan struct{})}
	s.done.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for i := 0; ; {
			select {
			case <-s.stop:
				return
			case <-tick.C:
			}
			for range 5 {
				_, _ = conn.Write(next(i))
				i++
			}
			s.mu.Lock()
			s.sent = i
			s.mu.Unlock()
		}
	})
	s.done.Go(func() {
		for b := make([]byte, 2000); ; {
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			s.mu.Lock()
			s.back += n
			s.mu.Unlock()
		}
	})
	return s
}

// end stops the spray and says what was sent and what came back.
func (s *sprayer) end() (packets, bytesBack int) {
	close(s.stop)
	_ = s.conn.SetReadDeadline(time.Now())
	s.done.Wait()
	_ = s.conn.Close()
	return s.sent, s.back
}

// Handshakes from elsewhere, with the peers' own names for ICE, keep nobody from
// joining, and nothing is answered to them.
func TestASprayOfHandshakesKeepsNobodyOut(t *testing.T) {
	r := newTestRoom(t, nil)
	require.NoError(t, r.Apply(Routing{Grants: []Grant{toPeer(mic("judge"), "party")}}))
	judge := join(t, r, clientParams{id: "judge", mic: true})
	party := join(t, r, clientParams{id: "party", audio: 1, prepare: []SourceID{mic("judge")}})
	_, name, _ := strings.Cut(judge.pc.RemoteDescription().SDP, "a=ice-ufrag:")
	name, _, _ = strings.Cut(name, "\r\n")
	forged := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(name+":x"),
		stun.NewShortTermIntegrity("not the password"), stun.Fingerprint).Raw
	attack := spraysAt(t, r, func(i int) []byte {
		if i%2 == 0 {
			return forged
		}
		return nullHello
	})
	s := newSpeaker(judge)
	for i := range 20 {
		join(t, r, clientParams{id: fmt.Sprintf("point%d", i), mic: true})
		every(t, "the pair goes on", func(int) { s.say(fmt.Sprint("word ", i)) }, func() bool {
			return party.has(mic("judge"), fmt.Sprint("word ", i))
		})
	}
	waitFor(t, "the spray is policed", func() bool { return r.loop.count.dropped[dropPoliced].Load() > 100 })
	sent, back := attack.end()
	require.Greater(t, sent, 1000)
	require.Zero(t, back, "bytes answered to a stranger")
	require.Zero(t, r.loop.count.panics.Load())
}

// A device whose certificate is not the one of its offer gets no keys: nothing is
// taken from it and nothing sent to it, and it is closed.
func TestAnotherCertificateIsClosed(t *testing.T) {
	r := newTestRoom(t, nil)
	require.NoError(t, r.Apply(Routing{Grants: []Grant{toPeer(mic("judge"), "party"), toPeer(mic("party"), "judge")}}))
	judge := join(t, r, clientParams{id: "judge", mic: true, audio: 1, prepare: []SourceID{mic("party")}})
	obs := &observed{}
	peer, err := r.Join(PeerParams{ID: "party", Observer: obs, MayPublish: []SourceKind{Mic}})
	require.NoError(t, err)
	peer.Prepare([]SourceID{mic("judge")})
	pc, err := clientAPI(t, clientParams{}).NewPeerConnection(webrtc.Configuration{})
	require.NoError(t, err)
	defer func() { _ = pc.GracefulClose() }()
	_, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	require.NoError(t, err)
	offer, err := pc.CreateOffer(nil)
	require.NoError(t, err)
	done := webrtc.GatheringCompletePromise(pc)
	require.NoError(t, pc.SetLocalDescription(offer))
	<-done
	text := pc.LocalDescription().SDP
	at := strings.Index(text, "a=fingerprint:sha-256 ") + len("a=fingerprint:sha-256 ")
	other := byte('0')
	if text[at] == other {
		other = '1'
	}
	text = text[:at] + string(other) + text[at+1:]
	a, err := peer.Negotiate(t.Context(), Offer{SDP: text})
	require.NoError(t, err)
	require.NoError(t, pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: a.SDP}))
	s := newSpeaker(judge)
	every(t, "it is closed", func(int) { s.say("word") }, func() bool { return obs.saw(PeerClosed) })
	peer.lock(func() {
		require.Nil(t, peer.in.open, "its packets are never opened")
		require.Nil(t, peer.tx.seal, "and none are sealed for it")
	})
	require.False(t, obs.saw(PeerConnected))
	require.Zero(t, r.loop.count.packetsOut.Load())
	require.False(t, judge.obs.saw(PeerClosed))
}

// A receiver that asks for keyframes and repeats without end: the publisher is asked
// twice a second and layer at most, the attacker gets at most 1.3 times its media,
// and who sits beside it sees every picture.
func TestAFloodOfRequestsIsBounded(t *testing.T) {
	r, judge, party := one(t, clientParams{}, nil)
	require.NoError(t, r.Apply(Routing{Grants: []Grant{toPeer(cam("judge"), "party"), toPeer(cam("judge"), "bad")}}))
	bad := join(t, r, clientParams{id: "bad", video: 1, prepare: []SourceID{cam("judge")}})
	v := newCamera(judge, 0, "", 640, 360)
	text := strings.Repeat("x", 1000)
	every(t, "pictures", func(i int) { v.frame(i%10 == 0, text) }, func() bool {
		return len(bad.packets(cam("judge"))) > 10 && len(party.packets(cam("judge"))) > 10
	})
	first := bad.packets(cam("judge"))[0]
	ssrc := first.SSRC
	c := &r.loop.count
	start, asked, resent := time.Now(), c.keyframes.Load(), c.resent.Load()
	before, requests, frames := len(party.packets(cam("judge"))), 0, 0
	every(t, "thousands of requests", func(i int) {
		nack := &rtcp.TransportLayerNack{MediaSSRC: ssrc}
		for n := range uint16(250) {
			nack.Nacks = append(nack.Nacks, rtcp.NackPair{PacketID: first.SequenceNumber + 17*n, LostPackets: 0xffff})
		}
		for range 10 {
			requests++
			_ = bad.pc.WriteRTCP([]rtcp.Packet{
				&rtcp.PictureLossIndication{MediaSSRC: ssrc},
				&rtcp.FullIntraRequest{MediaSSRC: ssrc, FIR: []rtcp.FIREntry{{SSRC: ssrc, SequenceNumber: uint8(requests)}}},
				&rtcp.ReceiverEstimatedMaximumBitrate{SSRCs: []uint32{ssrc}, Bitrate: 1},
				&rtcp.Goodbye{Sources: []uint32{ssrc, party.packets(cam("judge"))[0].SSRC}},
			})
			_ = bad.pc.WriteRTCP([]rtcp.Packet{nack})
		}
		frames++
		v.frame(i%10 == 0, text)
	}, func() bool { return requests >= 3000 })
	seconds := time.Since(start).Seconds()
	require.LessOrEqual(t, float64(c.keyframes.Load()-asked), 2*seconds+2, "requests at the publisher")
	require.LessOrEqual(t, float64(c.resent.Load()-resent), 0.3*float64(frames)+65536/1000+1, "repeats: 20 %% and one burst")
	waitFor(t, "the neighbour has every picture", func() bool { return len(party.packets(cam("judge"))) >= before+frames })
	require.False(t, bad.obs.saw(PeerClosed), "a flood of requests is no reason to put a party out")
	require.Zero(t, c.panics.Load())
}

// Five hundred streams, each of another number, from inside: the attacker is
// closed, the pair beside it goes on, and memory comes back.
func TestMemoryComesBackAfterAbuse(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector keeps shadows of what was freed")
	}
	r, judge, party := one(t, clientParams{}, nil)
	s := newSpeaker(judge)
	abuse := func(round int) {
		bad := join(t, r, clientParams{id: "bad", mic: true, rids: []string{"q", "h"}})
		h := sessionOf(bad)
		n := uint16(0)
		every(t, "it is closed", func(int) {
			for range 10 {
				n++
				bad.raw.write(h.packet(0x74000000+uint32(n), 96, n, h.camMID, "q", vp8Frame(true, n, 0, 640, 360, "x")))
				bad.raw.write(h.packet(0x75000000+uint32(n), 111, n, "", "", []byte("x")))
			}
			s.say(fmt.Sprint("round ", round))
		}, func() bool { return bad.obs.saw(PeerClosed) })
		require.NoError(t, bad.pc.GracefulClose())
		require.True(t, party.has(mic("judge"), fmt.Sprint("round ", round)))
	}
	abuse(0)
	base, routines := inUse(), runtime.NumGoroutine()
	for i := range 20 {
		abuse(i + 1)
	}
	waitFor(t, "goroutines are back", func() bool { return runtime.NumGoroutine() <= routines+10 })
	require.Less(t, int64(inUse())-int64(base), int64(16<<20))
	r.mu.Lock()
	defer r.mu.Unlock()
	require.NotContains(t, r.sources, cam("bad"))
	require.Len(t, r.peers, 2)
}

// A read error of the socket, however long it lasts, ends nothing.
func TestAReadErrorEndsNothing(t *testing.T) {
	r, judge, party := one(t, clientParams{}, nil)
	s := newSpeaker(judge)
	every(t, "words", func(int) { s.say("x") }, func() bool { return party.has(mic("judge"), "x") })
	socket := r.loop.sockets[0]
	require.NoError(t, socket.conn.SetReadDeadline(time.Now().Add(-time.Second)))
	_, err := socket.conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	s.say("meanwhile")
	require.NoError(t, socket.conn.SetReadDeadline(time.Time{}))
	every(t, "it goes on", func(int) { s.say("still") }, func() bool { return party.has(mic("judge"), "still") })
	require.False(t, slices.ContainsFunc([]*client{judge, party}, func(c *client) bool { return c.obs.saw(PeerClosed) }))
}

// inUse is what the heap holds after collection.
func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
