package sfu

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/sfu/estimate"
)

// works runs the worker's part of pacing and returns when it wants to run again, 0 for
// when something happens.
func (f *fakeRoom) works(p *Peer) time.Duration {
	e := errands{next: time.Hour}
	p.lock(func() { p.pace(&e, f.now) })
	if e.next == time.Hour {
		return 0
	}
	return e.next
}

// On a narrow line: sound leaves at once; pictures leave in order, as a bucket of
// their rate lets them; frames that refer to one that was dropped are not sent; no
// number is used twice; everything waits at most so long.
func TestPicturesOfANarrowLineLeaveAsABucketLetsThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFakeRoom()
		p, _ := f.peer("judge")
		camera, voice := f.publishes(p, Cam), f.publishes(p, Mic)
		q, w := f.peer("party")
		f.binds(q, camera.id, "0")
		f.binds(q, voice.id, "1")
		require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(camera.id, "party"), toPeer(voice.id, "party")}}))
		f.reports(q, 300_000)
		c := &q.tx.line.pace
		rate := rapid.IntRange(100_000, 600_000).Draw(t, "rate")
		q.lock(func() { c.follow(rate, rate, f.now) })
		require.True(t, c.on)
		top := c.rate

		type sending struct {
			at   time.Time
			size int
		}
		var left []sending
		started, said, seq, heard := f.now, uint16(0), uint16(0), 0
		took := func() {
			for _, k := range w.packets[len(left)+heard:] {
				if k.PayloadType != 96 {
					heard++
					continue
				}
				left = append(left, sending{f.now, k.MarshalSize() + udpOverhead})
			}
		}
		frames := rapid.IntRange(1, 40).Draw(t, "frames")
		for n := range uint32(frames) {
			key := n == 0 || camera.layers[0].needKey
			for part := range rapid.IntRange(1, map[bool]int{true: 20, false: 3}[key]).Draw(t, "packets") {
				seq++
				b := filmed(n, part, key, false)
				b = append(make([]byte, 0, 1200), b[:len(b)-5]...)
				b = append(b, make([]byte, rapid.IntRange(0, 1100).Draw(t, "size"))...)
				b = append(b, byte(n>>24), byte(n>>16), byte(n>>8), byte(n), byte(part))
				f.receives(camera.layers[0], 96, seq, n*4500, b)
				took()
				top = max(top, c.rate)
			}
			for end := f.now.Add(50 * time.Millisecond); f.now.Before(end); {
				if f.now.Sub(started) >= time.Duration(said)*20*time.Millisecond {
					said++
					before := len(w.packets)
					f.receives(voice.layers[0], 111, said, uint32(said)*960, spoken(uint64(said)))
					if said > 1 { // the first after an opening is left out
						require.Len(t, w.packets, before+1, "sound does not wait")
					}
					took()
				}
				next := f.works(q)
				took()
				if next > 0 && f.now.Add(next).Before(end) {
					f.now = f.now.Add(max(min(next, 20*time.Millisecond), time.Millisecond))
				} else {
					f.now = f.now.Add(5 * time.Millisecond)
				}
			}
			require.LessOrEqual(t, float64(c.bytes), max(c.rate*paceTime.Seconds(), 8*paceBurst))
		}
		for i := range left {
			sum := 0
			for j := i; j < len(left); j++ {
				sum += left[j].size
				span := left[j].at.Sub(left[i].at).Seconds()
				require.LessOrEqual(t, float64(sum), paceBurst+maxPayload+packetOverhead+top*span+1)
			}
		}
		seen := map[uint16]bool{}
		last, part := -1, 0
		for _, k := range w.packets {
			if k.PayloadType != 96 {
				continue
			}
			require.False(t, seen[k.SequenceNumber])
			seen[k.SequenceNumber] = true
			n, i := frameOf(k)
			if int(n) == last {
				require.Equal(t, part+1, i)
			} else {
				require.Zero(t, i, "a frame is sent from its beginning")
				require.Greater(t, int(n), last)
			}
			last, part = int(n), i
		}
		require.False(t, w.reused)
		q.lock(q.unpace)
		require.Zero(t, c.n)
		require.Zero(t, c.bytes)
	})
}

// What is too much for a line costs the pictures that matter least.
func TestTheFloorHoldersPictureIsDroppedLast(t *testing.T) {
	f := newFakeRoom()
	q, w := f.peer("party")
	var cams [2]*source
	var grants []Grant
	for i, id := range []string{"speaker", "clerk"} {
		p, _ := f.peer(id)
		cams[i] = f.publishes(p, Cam)
		f.binds(q, cams[i].id, id)
		g := toPeer(cams[i].id, "party")
		g.Priority = [...]uint8{200, 10}[i]
		grants = append(grants, g)
	}
	require.NoError(t, f.Apply(Routing{Grants: grants}))
	f.reports(q, 100_000)
	c := &q.tx.line.pace
	q.lock(func() { c.follow(100_000, 100_000, f.now) })
	for n := range uint32(14) {
		for i, src := range cams {
			b := append(filmed(n, 0, n == 0, false), make([]byte, 900+i)...)
			f.receives(src.layers[0], 96, uint16(n+1), n*4500, b)
		}
	}
	require.Positive(t, f.loop.count.dropped[dropFrame].Load())
	require.True(t, cams[1].layers[0].needKey)
	for range 100 {
		f.now = f.now.Add(20 * time.Millisecond)
		f.works(q)
	}
	require.Zero(t, c.n)
	of := map[uint32]int{}
	for _, k := range w.packets {
		of[k.SSRC]++
	}
	require.Equal(t, 14, of[q.sections[0].ssrc], "the speaker's goes on")
	require.Less(t, of[q.sections[1].ssrc], 14)
	require.False(t, q.sections[1].running)
}

// A wide line pays for none of this: packets leave in the call that brings them, and
// nothing is allocated. A receiver that never reports is not held back for ever.
func TestAWideLineIsNotPaced(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Cam)
	q, w := f.peer("party")
	f.binds(q, src.id, "0")
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "party")}}))
	f.reports(q, 3_000_000)
	seq := uint16(0)
	burst := func(count int) int {
		before := len(w.packets)
		for range count {
			seq++
			f.receives(src.layers[0], 96, seq, uint32(seq)*4500, append(filmed(uint32(seq), 0, seq == 1, false), make([]byte, 1000)...))
		}
		return len(w.packets) - before
	}
	q.lock(func() { q.allocate(f.now) })
	require.Equal(t, 50, burst(50))
	require.Nil(t, q.tx.line.pace.wait)

	q.tx.line.est = estimate.New(estimate.Params{Start: 300_000}, f.now)
	q.tx.line.began = f.now
	q.lock(func() { q.tx.line.pace.follow(300_000, 300_000, f.now) })
	require.Less(t, burst(10), 10)
	f.now = f.now.Add(reportGrace)
	burst(1)
	f.works(q)
	require.Zero(t, q.tx.line.pace.n)
	require.Equal(t, 5, burst(5))
}

// A removed grant's packets do not leave the queue.
func TestWhatWaitsIsNotSentAfterTheClosing(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Cam)
	q, w := f.peer("party")
	f.binds(q, src.id, "0")
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "party")}}))
	f.reports(q, 200_000)
	q.lock(func() { q.tx.line.pace.follow(200_000, 200_000, f.now) })
	for n := range uint32(10) {
		f.receives(src.layers[0], 96, uint16(n+1), n*4500, append(filmed(n, 0, n == 0, false), make([]byte, 1000)...))
	}
	require.Positive(t, q.tx.line.pace.n)
	sent := len(w.packets)
	require.NoError(t, f.Apply(Routing{}))
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "party")}}))
	for range 100 {
		f.now = f.now.Add(20 * time.Millisecond)
		f.works(q)
	}
	require.Len(t, w.packets, sent)
	require.Zero(t, q.tx.line.pace.n)
}
