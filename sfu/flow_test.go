package sfu

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ladder is a camera of three layers with a receiver and a tap, on a clock of its own.
type ladder struct {
	*fakeRoom
	src *source
	s   *section
	n   uint16
	fps time.Duration
}

func newLadder(t *testing.T) *ladder {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Cam, "q", "h", "f")
	q, _ := f.peer("a")
	d := &ladder{fakeRoom: f, src: src, s: f.binds(q, src.id, "0"), fps: 20}
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "a")}}))
	return d
}

// run plays the layers that are on for d and returns how often the target changed.
func (d *ladder) run(span time.Duration, on ...bool) (changes int) {
	for end := d.now.Add(span); d.now.Before(end); d.now = d.now.Add(time.Second / d.fps) {
		d.n++
		for i, flows := range on {
			if !flows {
				continue
			}
			l, was := d.src.layers[i], d.s.target
			key := l.needKey || d.n == 1
			// A layer's numbers go on without a gap while it pauses.
			d.receives(l, 96, uint16(l.seq.highest)+1, uint32(d.n)*3000, vp8Frame(key, d.n, uint8(d.n), uint16(320<<i), uint16(180<<i), "x"))
			if d.s.target != was {
				changes++
			}
		}
	}
	return changes
}

func TestAStalledLayerIsLeftAndComesBackWhenSteady(t *testing.T) {
	d := newLadder(t)
	d.run(2*time.Second, true, true, true)
	require.Equal(t, 2, d.s.current)

	require.Zero(t, d.run(250*time.Millisecond, true, true, false), "a short pause is no stall")
	require.Equal(t, 1, d.run(150*time.Millisecond, true, true, false), "the layer below is asked at once")
	require.Equal(t, 1, d.s.current, "its keyframe came")

	require.Zero(t, d.run(900*time.Millisecond, true, true, true), "not steady yet")
	require.Equal(t, 1, d.run(200*time.Millisecond, true, true, true))
	require.Equal(t, 2, d.s.current)

	// Two layers stall: the lowest serves.
	d.run(20*time.Second, true, true, true)
	d.run(600*time.Millisecond, true, false, false)
	require.Equal(t, 0, d.s.current)
}

// A layer that flows for a second and a half and stalls again and again is tried
// ever more rarely.
func TestAFlappingLayerIsTriedEverMoreRarely(t *testing.T) {
	d := newLadder(t)
	d.run(5*time.Second, true, true, true)
	changes := 0
	for range 30 { // a minute
		changes += d.run(1500*time.Millisecond, true, true, true)
		changes += d.run(500*time.Millisecond, true, true, false)
	}
	require.LessOrEqual(t, changes, 4)
	require.Equal(t, 1, d.s.current)
	d.run(maxSteady+time.Second, true, true, true)
	require.Equal(t, 2, d.s.current, "it comes back once it is steady")
}

// A slow camera is no stalled layer, and a grant for one layer only keeps it.
func TestSlownessIsNoStall(t *testing.T) {
	d := newLadder(t)
	d.run(time.Second, true, true, true)
	d.fps = 2
	d.run(time.Second, true, true, true)
	require.Zero(t, d.run(20*time.Second, true, true, true))
	require.Equal(t, 2, d.s.current)

	d.fps = 20
	require.NoError(t, d.Apply(Routing{Grants: []Grant{{
		Source: d.src.id, Audience: Audience{Peer: "a"}, MinLayer: 2, MaxLayer: 2,
	}}}))
	d.run(time.Second, true, true, false)
	require.Equal(t, 2, d.s.target)
}
