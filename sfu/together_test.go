package sfu

import (
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
)

// Keyframes of two layers that were held for mending and go out together: who enters
// by the one and goes on to the other misses nothing of either.
func TestLayersThatAreMendedTogether(t *testing.T) {
	for _, base := range []struct {
		name string
		a, b uint16
	}{{"B above A", 100, 20000}, {"B below A", 20000, 100}} {
		t.Run(base.name, func(t *testing.T) {
			f := newFakeRoom()
			f.engine.p.Limits.VideoBitrate = 1 << 40
			p, _ := f.peer("judge")
			src := f.publishes(p, Cam, "q", "h")
			q, w := f.peer("viewer")
			f.binds(q, src.id, "0")
			var seq [2]uint16
			seq[0], seq[1] = base.a, base.b
			send := func(l int, n uint32, part int, key bool) {
				b := filmed(n, part, key, false)
				src.layers[l].ssrc = uint32(1000 + l)
				f.absorb(src.layers[l], &rtp.Packet{Header: rtp.Header{PayloadType: 96, SequenceNumber: seq[l], Timestamp: n * 3000, Marker: true}, Payload: b}, fakeTypes, f.now)
				seq[l]++
			}
			// both layers are alive before (somebody else takes them).
			o, _ := f.peer("other")
			f.binds(o, src.id, "0")
			low, _ := f.peer("low")
			f.binds(low, src.id, "0")
			lowest := toPeer(src.id, "low")
			lowest.MaxLayer = 0
			require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "other"), lowest}}))
			for n := range uint32(40) {
				f.mu.Lock()
				for l := range 2 {
					send(l, n, 0, n == 0)
				}
				f.deliver()
				f.mu.Unlock()
				f.now = f.now.Add(33 * time.Millisecond)
			}
			require.NoError(t, f.Apply(Routing{Epoch: 1, Grants: []Grant{toPeer(src.id, "other"), lowest, toPublic(src.id)}, Members: []Membership{{Peer: "viewer", Class: "public"}}}))
			f.mu.Lock()
			for l := range 2 { // one packet of each layer is lost before the keyframes
				src.layers[l].nack = true
				seq[l]++
				for part := range 5 {
					send(l, 100, part, true)
				}
			}
			f.deliver()
			f.mu.Unlock()
			f.now = f.now.Add(20 * time.Millisecond)
			f.mu.Lock()
			for l := range 2 { // both are mended together
				seq[l] -= 6
				send(l, 99, 0, false)
				seq[l] += 5
			}
			f.deliver()
			f.mu.Unlock()
			f.now = f.now.Add(33 * time.Millisecond)
			for n := uint32(101); n < 104; n++ {
				f.mu.Lock()
				for l := range 2 {
					for part := range 3 {
						send(l, n, part, false)
					}
				}
				f.deliver()
				f.mu.Unlock()
				f.now = f.now.Add(33 * time.Millisecond)
			}
			var last uint16
			for i, k := range w.packets {
				if i > 0 {
					require.Equal(t, last+1, k.SequenceNumber, "gap after packet %d", i)
				}
				last = k.SequenceNumber
			}
		})
	}
}

// A keyframe that waited in the pacer and begins the stream does not take what waits
// behind it along.
func TestAKeyframeThatWaitedIsPaced(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	camera := f.publishes(p, Cam)
	q, w := f.peer("party")
	s := f.binds(q, camera.id, "0")
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(camera.id, "party")}}))
	f.reports(q, 300_000)
	c := &q.tx.line.pace
	q.lock(func() { c.follow(300_000, 300_000, f.now) })
	require.True(t, c.on)
	seq := uint16(0)
	frame := func(n uint32, key bool, parts int) {
		for part := range parts {
			b := filmed(n, part, key, false)
			b = append(append(append([]byte{}, b[:len(b)-5]...), make([]byte, 1000)...), b[len(b)-5:]...)
			f.receives(camera.layers[0], 96, seq, n*3000, b)
			seq++
		}
	}
	frame(0, true, 1)
	for range 20 {
		f.now = f.now.Add(33 * time.Millisecond)
		f.works(q)
	}
	q.lock(func() { // another picture has just used the bucket
		s.wide = 1
		s.abandon()
		c.fill(f.now)
		c.level = -10
	})
	before := len(w.packets)
	frame(1, true, 18)
	for len(w.packets) == before {
		next := f.works(q)
		if len(w.packets) > before {
			break
		}
		f.now = f.now.Add(max(next, time.Millisecond))
	}
	require.LessOrEqual(t, len(w.packets)-before, 3)
}
