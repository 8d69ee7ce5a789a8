package sfu

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
)

// wiredConn is the socket of a client: what leaves it can be kept, held back and
// sent again.
type wiredConn struct {
	net.PacketConn
	mu    sync.Mutex
	kept  [][]byte // SRTP, the newest last
	to    net.Addr
	noICE bool
}

func newWiredConn(t testing.TB) *wiredConn {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	return &wiredConn{PacketConn: conn}
}

func (w *wiredConn) WriteTo(b []byte, to net.Addr) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.noICE && b[0] < 4 {
		return len(b), nil
	}
	if isMedia(b) && !isRTCP(b) {
		w.to = to
		w.kept = append(w.kept, slices.Clone(b))
	}
	return w.PacketConn.WriteTo(b, to)
}

func (w *wiredConn) sent() ([][]byte, net.Addr) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.kept), w.to
}

// A hundred thousand packets with a wrong tag, repeats of real ones and real ones
// from elsewhere reach nobody; the call on the same five-tuple stays up.
func TestForgedRepeatedAndForeignPacketsReachNobody(t *testing.T) {
	r := newTestRoom(t, nil)
	require.NoError(t, r.Apply(Routing{Grants: []Grant{toPeer(mic("judge"), "party")}}))
	wire := newWiredConn(t)
	judge := join(t, r, clientParams{id: "judge", mic: true, conn: wire})
	party := join(t, r, clientParams{id: "party", audio: 1, prepare: []SourceID{mic("judge")}})
	s := newSpeaker(judge)
	every(t, "words", func(int) { s.say("word") }, func() bool { return len(party.packets(mic("judge"))) > 20 })
	kept, to := wire.sent()
	c := &r.loop.count
	waitFor(t, "all of them", func() bool { return int(c.packetsIn.Load()) == len(kept) })
	in, out := c.packetsIn.Load(), c.packetsOut.Load()

	repeated := c.dropped[dropRepeated].Load()
	for _, b := range kept {
		_, err := wire.PacketConn.WriteTo(b, to)
		require.NoError(t, err)
	}
	waitFor(t, "repeats are refused", func() bool { return c.dropped[dropRepeated].Load() == repeated+uint64(len(kept)) })

	unknown := c.dropped[dropForged].Load()
	other, err := net.DialUDP("udp4", nil, to.(*net.UDPAddr))
	require.NoError(t, err)
	defer other.Close()
	fresh := slices.Clone(kept[len(kept)-1])
	fresh[3]++ // the next number, so that it is no repeat
	_, err = other.Write(fresh)
	require.NoError(t, err)
	waitFor(t, "an unknown address is refused", func() bool { return c.dropped[dropForged].Load() == unknown+1 })

	forged := c.dropped[dropForged].Load()
	for i := range 100_000 {
		fresh[2], fresh[3] = byte(i>>8), byte(i) // anywhere in the window and beyond
		_, err := wire.PacketConn.WriteTo(fresh, to)
		require.NoError(t, err)
	}
	waitFor(t, "forgeries are refused", func() bool { return c.dropped[dropForged].Load() > forged+1000 })
	require.Equal(t, in, c.packetsIn.Load())
	require.Equal(t, out, c.packetsOut.Load())

	every(t, "the call goes on", func(int) { s.say("still") }, func() bool { return party.has(mic("judge"), "still") })
	require.False(t, judge.obs.saw(PeerLost))
	require.Zero(t, c.panics.Load())
}

// Pion's agent sees no media and would give a silent ICE up after three seconds;
// browsers check as seldom.
func TestMediaKeepsAPeerConnected(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	wire := newWiredConn(t)
	judge := join(t, r, clientParams{id: "judge", mic: true, conn: wire})
	wire.mu.Lock()
	wire.noICE = true
	wire.mu.Unlock()
	s, start := newSpeaker(judge), time.Now()
	every(t, "longer than ICE waits", func(int) { s.say("word") }, func() bool { return time.Since(start) > 4500*time.Millisecond })
	require.False(t, judge.obs.saw(PeerLost))
	wire.mu.Lock()
	wire.noICE = false
	wire.mu.Unlock()
}

// script sends what a line with losses and repairs makes of a device's streams:
// one in five packets is lost, half of those come again over RTX, numbers wrap.
type script struct {
	t     *testing.T
	r     *Room
	judge *client
	h     *hostile
	rtx   uint16
	said  int
}

// step waits until the packet that send sends is in the room.
func (x *script) step(send func()) {
	in := x.r.loop.count.packetsIn.Load()
	send()
	waitFor(x.t, "arrival", func() bool { return x.r.loop.count.packetsIn.Load() > in })
}

// Both ways of receiving bring the same packets to receivers and taps.
func TestOwnAndPionReceiveTheSame(t *testing.T) {
	for name, rids := range map[string][]string{"one layer": {""}, "simulcast": {"q", "h"}} {
		t.Run(name, func(t *testing.T) {
			own := receivedBy(t, ReceiveOwn, rids)
			require.NotEmpty(t, own)
			require.Equal(t, own, receivedBy(t, ReceivePion, rids))
		})
	}
}

func receivedBy(t *testing.T, mode ReceiverMode, rids []string) (out []string) {
	r := newTestRoom(t, func(p *Params) { p.Receiver = mode })
	var rt Routing
	for _, id := range []SourceID{mic("judge"), cam("judge")} {
		rt.Grants = append(rt.Grants, toPeer(id, "party"), Grant{Source: id, Audience: Audience{Class: "recorder"}, MaxLayer: 255})
	}
	require.NoError(t, r.Apply(rt))
	tap := &lockedTap{tapLog: newTapLog()}
	remove, err := r.Tap(TapParams{Class: "recorder", Tap: tap})
	require.NoError(t, err)
	defer remove()
	judge := join(t, r, clientParams{id: "judge", mic: true, red: true, rids: rids})
	party := join(t, r, clientParams{
		id: "party", audio: 1, video: 1, recvRED: true, prepare: []SourceID{mic("judge"), cam("judge")},
	})
	x := &script{t: t, r: r, judge: judge, h: sessionOf(judge)}
	s := &speaker{c: judge, seq: 65500, ts: 1 << 31}
	var cams []*camera
	for i, rid := range rids {
		v := newCamera(judge, i, rid, 320<<i, 180<<i)
		v.seq, v.ts, v.pid, v.tl0 = 65490, 1<<32-9000, 0x7ff0, 250
		cams = append(cams, v)
	}
	best := cams[len(cams)-1]
	every(t, "warm", func(int) {
		s.say(string(redPayload([]byte("warm"), nil, nil)))
		for _, v := range cams {
			v.frame(true, "warm "+v.rid)
		}
	}, func() bool {
		return party.has(mic("judge"), "warm") && party.has(cam("judge"), "warm "+best.rid) && tap.heard("warm "+best.rid)
	})
	// Retransmissions are known by their layer once one has come.
	for n := range 80 {
		text := fmt.Sprintf("frame %02d", n)
		lost := n%5 == 3
		x.sound(s, text, lost)
		for i, v := range cams {
			x.picture(v, i, n%20 == 0, text+" "+v.rid, lost, n%2 == 0)
		}
	}
	last := "frame 79"
	waitFor(t, "the last", func() bool {
		return party.has(mic("judge"), last) && party.has(cam("judge"), last) && tap.heard(last+" "+best.rid)
	})
	for _, id := range []SourceID{mic("judge"), cam("judge")} {
		out = append(out, told(party.packets(id))...)
	}
	tap.mu.Lock()
	defer tap.mu.Unlock()
	slices.SortStableFunc(tap.packets, func(a, b Packet) int { return int(int64(a.Seq - b.Seq)) })
	for _, id := range []SourceID{mic("judge"), cam("judge")} {
		var first *Packet
		for i := range tap.packets {
			k := &tap.packets[i]
			if k.Source != id || !strings.Contains(string(k.Payload), "frame ") {
				continue
			}
			if first == nil {
				first = k
			}
			out = append(out, fmt.Sprintf("tap %s %d %v %d %d %v %q", id.Kind, k.Layer, k.Marker, k.Seq-first.Seq, k.Timestamp-first.Timestamp, k.Recovered, k.Payload[min(6, len(k.Payload)):]))
		}
	}
	return out
}

// told lists packets of the script by number, without what differs by chance.
func told(got []*rtp.Packet) (out []string) {
	got = slices.DeleteFunc(got, func(k *rtp.Packet) bool { return !strings.Contains(string(k.Payload), "frame ") })
	slices.SortStableFunc(got, func(a, b *rtp.Packet) int { return int(int16(a.SequenceNumber - b.SequenceNumber)) })
	for _, k := range got {
		_, text, _ := strings.Cut(string(k.Payload), "frame ")
		out = append(out, fmt.Sprintf("%d %v %d %d %q", k.PayloadType, k.Marker,
			k.SequenceNumber-got[0].SequenceNumber, k.Timestamp-got[0].Timestamp, text))
	}
	return out
}

func (x *script) sound(s *speaker, text string, lost bool) {
	s.seq++
	s.ts += 960
	x.said++ // not the number, which depends on how long warming up took
	p := &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 111, SequenceNumber: s.seq, Timestamp: s.ts}, Payload: []byte(text)}
	p.SSRC = x.h.micSSRC
	switch {
	case lost:
		return // the redundancy of the next one brings it to the tap
	case x.said%2 == 0:
		p.PayloadType, p.Payload = 63, redPayload(p.Payload, []uint16{960}, [][]byte{[]byte("before frame " + text[6:])})
	}
	x.step(func() { x.judge.raw.write(p) })
}

func (x *script) picture(v *camera, layer int, key bool, text string, lost, again bool) {
	if !lost {
		x.step(func() { v.frame(key, text) })
		return
	}
	if v.seq++; !again {
		v.ts += 3000
		return // for ever, no frame begins here
	}
	v.ts += 3000
	v.pid = (v.pid + 1) & 0x7fff
	v.tl0++
	ssrc := uint32(x.judge.camTx.GetParameters().Encodings[layer].RTX.SSRC)
	if ssrc == 0 {
		ssrc = 0x7e000000 + uint32(layer)
	}
	x.rtx++
	payload := append([]byte{byte(v.seq >> 8), byte(v.seq)}, vp8Frame(key, v.pid, v.tl0, v.w, v.h, text)...)
	p := x.h.repair(ssrc, x.rtx+100*uint16(layer), v.mid, v.rid, payload)
	p.Timestamp, p.Marker = v.ts, true
	x.step(func() { x.judge.raw.write(p) })
}

// Receiver reports and transport-wide feedback reach the publisher: what it sent
// is told to have come, what it did not send is told to be missing.
func TestAPublisherIsToldWhatCame(t *testing.T) {
	r := newTestRoom(t, nil)
	judge := join(t, r, clientParams{id: "judge", mic: true, rids: []string{""}, wide: true})
	var mu sync.Mutex
	var reports []rtcp.ReceptionReport
	var told, missing int
	var done sync.WaitGroup
	for _, tr := range judge.pc.GetTransceivers() {
		done.Go(func() {
			for {
				pkts, _, err := tr.Sender().ReadRTCP()
				if err != nil {
					return
				}
				mu.Lock()
				for _, k := range pkts {
					switch f := k.(type) {
					case *rtcp.ReceiverReport:
						reports = append(reports, f.Reports...)
					case *rtcp.TransportLayerCC:
						told += len(f.RecvDeltas)
						missing += int(f.PacketStatusCount) - len(f.RecvDeltas)
					}
				}
				mu.Unlock()
			}
		})
	}
	defer done.Wait()
	defer func() { _ = judge.pc.GracefulClose() }()
	h := sessionOf(judge)
	v := newCamera(judge, 0, "", 640, 360)
	v.seq = 65500
	const ntp, lsr = uint64(3_900_000_000)<<32 | 0x12345678, 3_900_000_000&0xffff<<16 | 0x1234
	sent, lost, number := 0, 0, uint16(65400)
	send := func(ssrc uint32, pt uint8, seq uint16, payload []byte) {
		p := h.packet(ssrc, pt, seq, "", "", payload)
		require.NoError(t, p.SetExtension(h.congestionID, []byte{byte(number >> 8), byte(number)}))
		judge.raw.write(p)
		number++
		sent++
	}
	every(t, "both kinds of feedback", func(i int) {
		send(h.micSSRC, 111, uint16(i), []byte("x"))
		v.seq++
		if i%10 == 5 {
			number++
			lost++
			return
		}
		send(h.camSSRC, 96, v.seq, vp8Frame(i%10 == 0, v.seq, 0, 640, 360, "x"))
		_ = judge.pc.WriteRTCP([]rtcp.Packet{&rtcp.SenderReport{SSRC: h.camSSRC, NTPTime: ntp}})
	}, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return told > 300 && missing > 15 && slices.ContainsFunc(reports, func(b rtcp.ReceptionReport) bool {
			return b.SSRC == h.camSSRC && b.TotalLost > 10 && b.FractionLost > 256/20 && b.FractionLost < 256/5 &&
				b.LastSenderReport == lsr && b.Delay < 65536
		})
	})
	mu.Lock()
	defer mu.Unlock()
	require.LessOrEqual(t, told, sent)
	require.LessOrEqual(t, missing, lost)
	for _, b := range reports {
		require.LessOrEqual(t, int(b.TotalLost), lost)
		if b.SSRC != h.camSSRC {
			require.Zero(t, b.TotalLost)
		}
	}
}
