package sfu

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/srtp/v3"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/sfu/estimate"
)

// A header extension of ours is authenticated and read by pion/srtp, whatever the
// profile.
func TestSealingAHeaderWithANumber(t *testing.T) {
	for _, profile := range []srtp.ProtectionProfile{srtp.ProtectionProfileAeadAes128Gcm, srtp.ProtectionProfileAes128CmHmacSha1_80} {
		salt := bytes.Repeat([]byte{9}, 12)
		if profile == srtp.ProtectionProfileAes128CmHmacSha1_80 {
			salt = bytes.Repeat([]byte{9}, 14)
		}
		keys := sessionKeys{profile: profile, serverKey: bytes.Repeat([]byte{7}, 16), serverSalt: salt}
		s, err := newSealer(keys)
		require.NoError(t, err)
		ctx, err := srtp.CreateContext(keys.serverKey, keys.serverSalt, profile)
		require.NoError(t, err)
		p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 96, SSRC: 42, SequenceNumber: 7}, Payload: []byte("word")}
		require.NoError(t, p.SetExtension(3, []byte{1, 2}))
		plain, err := p.Marshal()
		require.NoError(t, err)
		require.Equal(t, rtpHeaderSize+wideSize, headerSize(plain))
		sealed, err := s.seal(append(make([]byte, 0, len(plain)+sealOverhead), plain...), 42, 7)
		require.NoError(t, err)
		require.NotContains(t, string(sealed), "word")
		got, err := ctx.DecryptRTP(nil, sealed, nil)
		require.NoError(t, err)
		require.Equal(t, plain, got)
	}
}

// reports gives the peer an estimate, as a negotiated section does, that has heard of
// one packet.
func (f *fakeRoom) reports(p *Peer, target int) {
	est := estimate.New(estimate.Params{Start: target}, f.now)
	est.Sent(100, f.now)
	est.Feedback([]estimate.Arrival{{Seq: est.Next() - 1, Received: true}}, f.now)
	p.tx.line.est, p.tx.line.began = est, f.now
	for _, s := range p.sections {
		s.wide = 3
	}
}

func wideOf(t require.TestingT, p *rtp.Packet) uint16 {
	b := p.GetExtension(3)
	require.Len(t, b, 2)
	return binary.BigEndian.Uint16(b)
}

// One row of numbers without a hole goes over everything that a peer is sent:
// sound, picture, repeats and padding, and over its wrap.
func TestNumbersAreOneRowOverAllStreams(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFakeRoom()
		p, _ := f.peer("judge")
		sound, picture := f.publishes(p, Mic), f.publishes(p, Cam)
		q, w := f.peer("party")
		f.binds(q, sound.id, "0")
		s := f.binds(q, picture.id, "1")
		f.reports(q, 5_000_000)
		for range rapid.Uint16().Draw(t, "sent before") {
			q.tx.line.est.Sent(100, f.now)
		}
		first := q.tx.line.est.Next()
		require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(sound.id, "party"), toPeer(picture.id, "party")}}))
		for n := range uint16(rapid.IntRange(1, 60).Draw(t, "events")) {
			f.now = f.now.Add(time.Millisecond * 7)
			switch rapid.IntRange(0, 4).Draw(t, "event") {
			case 0:
				f.receives(sound.layers[0], 111, n+1, uint32(n)*960, spoken(uint64(n)))
			case 1:
				f.receives(picture.layers[0], 96, n+1, uint32(n)*3000, filmed(uint32(n), 0, n%5 == 0, false))
			case 2:
				if s.sent {
					q.lock(func() { s.pad() })
				}
			case 3:
				if s.sent {
					q.feedback(controlOf(&rtcp.TransportLayerNack{MediaSSRC: s.ssrc, Nacks: []rtcp.NackPair{{PacketID: uint16(s.seq.next - 1)}}}))
				}
			default: // a full buffer takes no number: the receiver would call it a loss
				w.full = func() bool { return true }
				f.receives(sound.layers[0], 111, n+1, uint32(n)*960, spoken(uint64(n)))
				w.full = nil
			}
		}
		for i, k := range w.packets {
			require.Equal(t, first+uint16(i), wideOf(t, k))
		}
		require.False(t, w.reused)
	})
}

// A real peer that negotiated the numbers gets them and its reports are read; one
// that did not gets none.
func TestNumbersAreForThoseWhoNegotiatedThem(t *testing.T) {
	for _, wide := range []bool{true, false} {
		r, judge, party := one(t, clientParams{wide: wide}, nil)
		s, v := newSpeaker(judge), newCamera(judge, 0, "", 640, 360)
		known := func() bool {
			r.mu.Lock()
			defer r.mu.Unlock()
			l := &party.peer.tx.line
			return (l.est != nil) == wide && (!wide || l.est.Known())
		}
		every(t, "reports", func(i int) { s.say("sound"); v.frame(i%10 == 0, "picture") }, func() bool {
			return party.has(mic("judge"), "sound") && party.has(cam("judge"), "picture") && known()
		})
		for _, id := range []SourceID{mic("judge"), cam("judge")} {
			for _, k := range party.packets(id) {
				require.Equal(t, wide, k.Extension)
				require.Equal(t, wide, len(k.GetExtensionIDs()) == 1)
			}
		}
		require.Equal(t, wide, bytes.Contains([]byte(party.pc.RemoteDescription().SDP), []byte(sdp.TransportCCURI)))
		require.Equal(t, webrtc.PeerConnectionStateConnected, party.pc.ConnectionState())
	}
}

// threeLayers plays every layer of a camera for a while: 150, 500 and 1500 kbit/s.
func (f *fakeRoom) threeLayers(src *source, seq *uint16, frames int) {
	for n := range frames {
		f.now = f.now.Add(40 * time.Millisecond)
		for i, size := range []int{750, 2500, 7500} {
			l := src.layers[i]
			for at, left := *seq*8, size; left > 0; at, left = at+1, left-1250 {
				b := filmed(uint32(*seq), 0, n == 0 || l.needKey, false)
				b[6], b[7] = 0x10, 0
				if n != 0 && !l.needKey {
					b = filmed(uint32(*seq), 0, false, false)
				}
				f.receives(l, 96, at, uint32(*seq)*3600, append(b, make([]byte, max(min(left, 1250)-len(b), 0))...))
			}
		}
		*seq++
		if n%25 == 24 {
			f.mu.Lock()
			src.measure(f.now)
			src.retarget(f.now)
			f.mu.Unlock()
		}
	}
}

// A line that carries less gets a lower layer, at once and from a keyframe on, and
// what it cannot carry at all is paused and said to be.
func TestPicturesFollowTheLine(t *testing.T) {
	for _, c := range []struct {
		target, layer int
		paused        bool
		must          bool
	}{
		{3_000_000, 2, false, false}, {1_000_000, 1, false, false}, {300_000, 0, false, false}, {100_000, -1, true, false}, {100_000, 0, false, true},
	} {
		f := newFakeRoom()
		p, _ := f.peer("judge")
		src := f.publishes(p, Cam, "q", "h", "f")
		q, w := f.peer("party")
		s := f.binds(q, src.id, "0")
		f.reports(q, c.target)
		g := toPeer(src.id, "party")
		g.MayPause = !c.must
		require.NoError(t, f.Apply(Routing{Grants: []Grant{g}}))
		var seq uint16 = 1
		for range 3 {
			q.tx.line.began = f.now // the reports never come; the start is all there is
			f.threeLayers(src, &seq, 50)
		}
		st := s.state(f.now)
		require.Equal(t, c.layer, st.CurrentLayer, "%+v", c)
		require.Equal(t, c.paused, st.PausedBy == PausedByBandwidth)
		// A full line ends a layer that is too much before the lower one's keyframe.
		sent := len(w.packets)
		if c.layer == 2 {
			q.tx.line.est = estimate.New(estimate.Params{Start: 300_000}, f.now)
			q.lock(func() {
				s.aim(0, true)
				require.Equal(t, -1, s.current)
				require.True(t, s.waiting)
			})
			require.True(t, src.layers[0].needKey)
			f.receives(src.layers[2], 96, seq*8, uint32(seq)*3600, filmed(uint32(seq), 0, false, false))
			require.Len(t, w.packets, sent)
		}
	}
}

// Redundancy of sound is sent to a leg that loses, to one that tells nothing, and to
// all while the publisher's way loses.
func TestRedundancyIsForLegsThatLose(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Mic)
	q, w := f.peer("party")
	f.binds(q, src.id, "0")
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "party")}}))
	n := uint16(0)
	say := func(count int) uint8 {
		for range count {
			n++
			f.now = f.now.Add(20 * time.Millisecond)
			f.receives(src.layers[0], 63, n, uint32(n)*960, redPayload(spoken(uint64(n)), []uint16{960}, [][]byte{spoken(uint64(n - 1))}))
		}
		return w.packets[len(w.packets)-1].PayloadType
	}
	require.EqualValues(t, 63, say(20), "nobody knows")
	f.reports(q, 500_000)
	at := uint32(0)
	report := func(lose int) {
		var list []estimate.Arrival
		for _, k := range w.packets[len(w.packets)-20:] {
			at += 80
			list = append(list, estimate.Arrival{Seq: wideOf(t, k), Received: int(k.SequenceNumber)%20 >= lose, At: at})
		}
		q.lock(func() { q.report(list, f.now) })
	}
	for range 5 {
		say(20)
		report(0)
	}
	require.EqualValues(t, 111, say(20), "nothing is lost")
	report(4)
	require.EqualValues(t, 63, say(20), "a fifth is lost")
	for range int(redTime/(400*time.Millisecond)) + 10 {
		report(0)
		say(20)
	}
	require.EqualValues(t, 111, say(20))
	n++ // one is lost on its way to us: the next has it as redundancy, for every leg
	require.EqualValues(t, 63, say(1), "the publisher's way loses")
	for range int(redTime / (20 * time.Millisecond)) {
		if say(1); n%20 == 0 {
			report(0)
		}
	}
	require.EqualValues(t, 111, say(20))
	for _, k := range w.packets {
		_, all := numbersIn(t, k)
		require.NotEmpty(t, all)
	}
}

// Probing stays within its budget and asks nothing of who needs nothing.
func TestPaddingIsOnlyForWhoWantsMore(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Cam, "q", "h", "f")
	q, w := f.peer("party")
	s := f.binds(q, src.id, "0")
	f.reports(q, 300_000)
	q.tx.line.est = estimate.New(estimate.Params{Start: 300_000}, f.now)
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "party")}}))
	var seq uint16 = 1
	f.threeLayers(src, &seq, 30)
	require.True(t, s.sent)
	probe := func() int {
		before := len(w.packets)
		q.lock(func() { q.probe(&errands{next: time.Hour}, f.now) })
		return len(w.packets) - before
	}
	require.Zero(t, probe(), "nothing is known of the line")
	told := func() {
		var list []estimate.Arrival
		for _, k := range w.packets {
			list = append(list, estimate.Arrival{Seq: wideOf(t, k), Received: true, At: k.Timestamp})
		}
		q.lock(func() { q.report(list[max(0, len(list)-20):], f.now) })
	}
	told()
	require.Positive(t, q.tx.line.wanted)
	bytes := 0
	for range 30 {
		n := probe()
		f.now = f.now.Add(10 * time.Millisecond)
		for _, k := range w.packets[len(w.packets)-n:] {
			require.Equal(t, s.rtxSSRC, k.SSRC)
			require.Empty(t, k.Payload, "padding alone")
			bytes += paddingBytes + packetOverhead
		}
	}
	require.Positive(t, bytes)
	require.LessOrEqual(t, bytes, 2*600_000/8/20+3*(paddingBytes+packetOverhead), "twice the target for 50 ms")
	require.NoError(t, f.Apply(Routing{}))
	f.now = f.now.Add(time.Minute)
	require.Zero(t, probe(), "no padding through a closed grant")
	require.False(t, w.reused)
}

// Before a line has told anything, each picture begins with its lowest layer; with the
// first report it may be more.
func TestAnUnknownLineBeginsWithTheLowestLayer(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Cam, "q", "h", "f")
	q, _ := f.peer("party")
	s := f.binds(q, src.id, "0")
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "party")}}))
	q.tx.line.est, q.tx.line.began = estimate.New(estimate.Params{Start: 5_000_000}, f.now), f.now
	var seq uint16
	f.threeLayers(src, &seq, 5)
	require.Zero(t, s.target)
	f.reports(q, 5_000_000)
	f.now = f.now.Add(time.Second)
	f.threeLayers(src, &seq, 5)
	q.lock(func() { q.allocate(f.now) })
	require.Equal(t, 2, s.target)
}

// A camera that sends one layer of more than a line is first held to carry, which may be
// paused, begins all the same where the line does carry it: probes find that out before
// any picture flows. Where it does not, nothing of it comes, and sound goes on.
func TestOneLargeLayerBeginsOnALineThatCarriesIt(t *testing.T) {
	for _, carries := range []bool{true, false} {
		f := newFakeRoom()
		p, _ := f.peer("encoder")
		camera, mic := f.publishes(p, Cam), f.publishes(p, Mic)
		q, w := f.peer("monitor")
		s := f.binds(q, camera.id, "0")
		heard := f.binds(q, mic.id, "1")
		f.reports(q, startRate)
		g := toPeer(camera.id, "monitor")
		g.MayPause = true
		require.NoError(t, f.Apply(Routing{Grants: []Grant{g, toPeer(mic.id, "monitor")}}))
		told, free := 0, f.now
		var list []estimate.Arrival
		for n := range uint16(1500) { // half a minute of 20 ms each: sound, and pictures at 800 kbit/s
			f.now = f.now.Add(20 * time.Millisecond)
			f.receives(mic.layers[0], 111, n, uint32(n)*960, make([]byte, 80))
			for i := range uint16(2) {
				b := filmed(uint32(n), 0, camera.layers[0].needKey || n == 0, false)
				f.receives(camera.layers[0], 96, 2*n+i, uint32(2*n+i)*900, append(b, make([]byte, 1000-len(b))...))
			}
			if n%50 == 49 {
				f.mu.Lock()
				camera.measure(f.now)
				camera.retarget(f.now)
				f.mu.Unlock()
			}
			f.works(q)
			q.lock(func() { q.probe(&errands{next: time.Hour}, f.now) })
			for ; told < len(w.packets); told++ {
				bits := 8 * (len(w.packets[told].Payload) + packetOverhead)
				if len(w.packets[told].Payload) == 0 {
					bits += 8 * paddingBytes
				}
				if free.Before(f.now) {
					free = f.now
				}
				rate := 5_000_000
				if !carries {
					rate = 200_000
				}
				free = free.Add(time.Duration(float64(bits) / float64(rate) * float64(time.Second)))
				list = append(list, estimate.Arrival{Seq: wideOf(t, w.packets[told]), Received: true, At: uint32(free.UnixMicro() / 250)}) //nolint:gosec // a clock that wraps
			}
			if n%5 == 4 {
				q.lock(func() { q.report(list, f.now) })
				list = nil
			}
		}
		require.Equal(t, carries, s.packets > 100, "%d of the camera", s.packets)
		require.Greater(t, heard.packets, uint32(1400))
	}
}
