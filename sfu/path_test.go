package sfu

import (
	"fmt"
	"testing"
	"time"
	"unsafe"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
)

type nullWire struct{ n int }

func (w *nullWire) write([]byte, *destination) error { w.n++; return nil }

// A packet goes from the room's entrance to a hundred sealed copies without an
// allocation.
func TestForwardingAllocatesNothing(t *testing.T) {
	for _, kind := range []SourceKind{Mic, Cam} {
		t.Run(string(kind), func(t *testing.T) {
			f := newFakeRoom()
			f.engine.p.Limits.VideoBitrate = 1 << 40
			p, _ := f.peer("speaker")
			src := f.publishes(p, kind)
			src.police.rate, src.police.burst, src.police.level = 1e12, 1e12, 1e12
			wire := &nullWire{}
			var rt Routing
			for i := range 100 {
				q, _ := f.peer(fmt.Sprintf("p%d", i))
				seal, err := newGCMSealer(make([]byte, 16), make([]byte, 12))
				require.NoError(t, err)
				q.tx.seal, q.tx.out = seal, wire
				f.binds(q, src.id, "0")
				rt.Grants = append(rt.Grants, toPeer(src.id, q.id))
			}
			require.NoError(t, f.Apply(rt))
			payload, pt := make([]byte, 160), uint8(111)
			if kind == Cam {
				payload, pt = vp8Frame(true, 1, 1, 640, 360, string(make([]byte, 1000))), 96
			}
			pkt := rtp.Packet{Header: rtp.Header{PayloadType: pt}, Payload: payload}
			require.NoError(t, pkt.SetExtension(fakeTypes.level, []byte{20}))
			send := func() {
				f.mu.Lock()
				defer f.mu.Unlock()
				pkt.SequenceNumber++
				pkt.Timestamp += 960
				f.ingest(src.layers[0], &pkt, fakeTypes, f.now)
			}
			for range 2000 {
				send() // fills ring and pool
			}
			require.Zero(t, int(testing.AllocsPerRun(500, send)))
			require.Greater(t, wire.n, 240_000)
			require.Equal(t, kind == Mic, !src.voice.at.IsZero(), "levels are followed")
		})
	}
}

func BenchmarkFanOut100(b *testing.B) {
	f := newFakeRoom()
	p, _ := f.peer("speaker")
	src := f.publishes(p, Cam)
	src.police.rate, src.police.burst, src.police.level = 1e12, 1e12, 1e12
	var rt Routing
	for i := range 100 {
		q, _ := f.peer(fmt.Sprintf("p%d", i))
		q.tx.seal, _ = newGCMSealer(make([]byte, 16), make([]byte, 12))
		q.tx.out = &nullWire{}
		f.binds(q, src.id, "0")
		rt.Grants = append(rt.Grants, toPeer(src.id, q.id))
	}
	require.NoError(b, f.Apply(rt))
	pkt := rtp.Packet{Header: rtp.Header{PayloadType: 96}, Payload: vp8Frame(true, 1, 1, 640, 360, string(make([]byte, 1100)))}
	for b.Loop() {
		pkt.SequenceNumber++
		pkt.Timestamp += 3000
		f.ingest(src.layers[0], &pkt, fakeTypes, f.now)
	}
}

func TestTapGetsRecoveredPacketsOnceAndInsideItsOpening(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("speaker")
	src := f.publishes(p, Mic)
	l := src.layers[0]
	a, b := newTapLog(), newTapLog()
	for _, tap := range []*tapLog{a, b} {
		remove, err := f.Tap(TapParams{Class: "recorder", Tap: tap})
		require.NoError(t, err)
		t.Cleanup(remove)
	}
	grant := Routing{Grants: []Grant{{Source: src.id, Audience: Audience{Class: "recorder"}}}}
	say := func(n uint16, blocks ...uint16) {
		payload, pt := spoken(uint64(n)), uint8(111)
		if len(blocks) > 0 {
			var o []uint16
			var bs [][]byte
			for _, m := range blocks {
				o, bs = append(o, (n-m)*960), append(bs, spoken(uint64(m)))
			}
			payload, pt = redPayload(payload, o, bs), 63
		}
		f.receives(l, pt, n, uint32(n)*960, payload)
	}
	say(1)
	require.NoError(t, f.Apply(grant))
	say(3, 1, 2) // the first: skipped, and its redundancy is from the mute
	say(4, 2, 3) // neither block may pass
	say(7, 5, 6) // both lost before
	say(6)       // late: known from redundancy
	say(8, 6, 7)
	require.NoError(t, f.Apply(Routing{}))
	say(9)
	for _, tap := range []*tapLog{a, b} {
		var got []string
		for _, k := range tap.packets {
			got = append(got, fmt.Sprint(numberOf(t, k.Payload), k.Recovered, k.Seq&0xffff))
		}
		require.Equal(t, []string{"4 false 4", "5 true 5", "6 true 6", "7 false 7", "8 false 8"}, got)
		require.Equal(t, []SourceID{src.id}, tap.opened)
		require.Equal(t, []SourceID{src.id}, tap.closed)
	}
}

func TestTapTakesTheBestLayerOfItsHeight(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Cam, "q", "h", "f")
	tap := newTapLog()
	_, err := f.Tap(TapParams{Class: "recorder", Tap: tap, MaxHeight: 400})
	require.NoError(t, err)
	require.NoError(t, f.Apply(Routing{Grants: []Grant{{Source: src.id, Audience: Audience{Class: "recorder"}}}}))
	for n := range uint16(30) {
		for i, h := range []uint16{180, 360, 720} {
			f.receives(src.layers[i], 96, n, uint32(n)*3000, vp8Frame(n%10 == 0, n, uint8(n), h*16/9, h, "x"))
		}
		f.now = f.now.Add(33 * time.Millisecond)
	}
	require.NotEmpty(t, tap.packets)
	last := uint8(255)
	for _, k := range tap.packets {
		if k.Layer != last {
			require.True(t, k.refs == nil && isKey(k.Payload), "a layer begins at a keyframe")
			last = k.Layer
		}
	}
	require.EqualValues(t, 1, last)
	// The layer dies: the best live one below takes over at its next keyframe.
	f.now = f.now.Add(layerSilence)
	for n := uint16(30); n < 50; n++ {
		f.receives(src.layers[0], 96, n, uint32(n)*3000, vp8Frame(n%10 == 0, n, uint8(n), 320, 180, "x"))
	}
	require.EqualValues(t, 0, tap.packets[len(tap.packets)-1].Layer)
}

// Padding takes a number: a tap that did not hear of it would count a loss.
func TestTapHearsOfPadding(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Cam)
	tap := newTapLog()
	_, err := f.Tap(TapParams{Class: "recorder", Tap: tap})
	require.NoError(t, err)
	require.NoError(t, f.Apply(Routing{Grants: []Grant{{Source: src.id, Audience: Audience{Class: "recorder"}}}}))
	for n := range uint16(6) {
		payload := vp8Frame(n == 0, n, uint8(n), 320, 180, "x")
		if n == 3 {
			payload = nil
		}
		f.receives(src.layers[0], 96, 100+n, uint32(n)*3000, payload)
	}
	require.Len(t, tap.packets, 6)
	for i, k := range tap.packets {
		require.EqualValues(t, 100+i, k.Seq&0xffff)
		require.Equal(t, i == 3, len(k.Payload) == 0)
		require.Equal(t, VP8, k.Codec)
	}
}

// Who says that it waits for a keyframe has one asked for, once a second.
func TestATapThatWaitsForAKeyframeHasOneAskedFor(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Cam)
	need := false
	_, err := f.Tap(TapParams{Class: "recorder", Tap: newTapLog(), NeedKey: func(id SourceID) bool { return need && id == src.id }})
	require.NoError(t, err)
	require.NoError(t, f.Apply(Routing{Grants: []Grant{{Source: src.id, Audience: Audience{Class: "recorder"}}}}))
	for i, want := range []bool{false, true} {
		for n := range uint16(10) {
			f.receives(src.layers[0], 96, uint16(10*i)+n, uint32(10*i+int(n))*9000, vp8Frame(n%5 == 0, n, uint8(n), 320, 180, "x"))
			f.now = f.now.Add(100 * time.Millisecond)
		}
		need = want
		p.everySecond(&errands{}, f.now)
		require.Equal(t, need, src.layers[0].needKey)
	}
}

// A slow uplink is asked for keyframes more seldom, between 10 and 60 s.
func TestKeyframesAreAskedByUplink(t *testing.T) {
	const every = 10 * time.Second
	for rate, want := range map[int]time.Duration{
		2_000_000: every, 900_000: every, 450_000: 2 * every, 150_000: 6 * every, 20_000: 6 * every,
	} {
		f := newFakeRoom()
		p, _ := f.peer("judge")
		src := f.publishes(p, Cam)
		tap := newTapLog()
		_, err := f.Tap(TapParams{Class: "recorder", Tap: tap, KeyframeEvery: every})
		require.NoError(t, err)
		require.NoError(t, f.Apply(Routing{Grants: []Grant{{Source: src.id, Audience: Audience{Class: "recorder"}}}}))
		var asked []time.Time
		n := uint16(0)
		size := max(rate/8/50-rtpHeaderSize-10, 1)
		for second := range 200 {
			for range 50 {
				l := src.layers[0]
				key := n == 0 || l.needKey
				if key && n > 0 {
					asked = append(asked, f.now)
				}
				f.receives(l, 96, n, uint32(n)*1800, vp8Frame(key, n, uint8(n), 320, 180, string(make([]byte, min(size, 1300)))))
				for sent := size - 1300; sent > 0; sent -= 1300 { // a faster one in more packets
					src.heard += min(sent, 1300)
				}
				n++
				f.now = f.now.Add(20 * time.Millisecond)
			}
			var e errands
			if second >= 1 {
				p.everySecond(&e, f.now)
			}
		}
		require.NotEmpty(t, asked)
		for i := 2; i < len(asked); i++ { // the rate is smoothed at first
			require.InDelta(t, want.Seconds(), asked[i].Sub(asked[i-1]).Seconds(), 0.15*want.Seconds()+1.1, "at %d bit/s", rate)
		}
	}
}

func isKey(b []byte) bool {
	d, ok := parseVP8(b)
	return ok && d.key
}

func TestStaleEpochIsRefused(t *testing.T) {
	f := newFakeRoom()
	require.NoError(t, f.Apply(Routing{Epoch: 3}))
	require.ErrorIs(t, f.Apply(Routing{Epoch: 2}), ErrStaleEpoch)
	require.NoError(t, f.Apply(Routing{Epoch: 3}))
}

// Sections are many: a hundred receivers of one camera are a hundred histories.
func TestHistoryOfASectionIsSmall(t *testing.T) {
	require.LessOrEqual(t, videoHistory*unsafe.Sizeof(sentPacket{}), uintptr(12<<10))
}

// A section that is open and carries nothing remembers nothing; its first packet makes
// the history, so that it too can be repeated.
func TestASectionRemembersFromItsFirstPacketOn(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Cam)
	q, _ := f.peer("a")
	s := f.binds(q, src.id, "0")
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "a")}}))
	require.True(t, s.gate.open)
	require.Nil(t, s.history)
	f.receives(src.layers[0], 96, 1, 3000, vp8Frame(true, 1, 1, 640, 360, "x"))
	require.Len(t, s.history, videoHistory)
	require.True(t, s.history[(s.seq.next-1)%videoHistory].is(s.seq.next-1))
}

// A payload is forwarded up to its bound and counted as malformed beyond.
func TestALongPayloadIsMalformed(t *testing.T) {
	for size, forwarded := range map[int]bool{maxPayload: true, maxPayload + 1: false} {
		f := newFakeRoom()
		p, _ := f.peer("judge")
		src := f.publishes(p, Cam)
		q, wire := f.peer("a")
		f.binds(q, src.id, "0")
		require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "a")}}))
		b := vp8Frame(true, 1, 1, 640, 360, "x")
		f.receives(src.layers[0], 96, 1, 3000, append(b, make([]byte, size-len(b))...))
		require.Equal(t, forwarded, len(wire.packets) > 0, size)
		require.Equal(t, !forwarded, f.loop.count.dropped[dropMalformed].Load() > 0, size)
	}
}
