package sfu

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// director keeps what a publisher is told of its layers.
type director struct{ rids []string }

func (o *director) LayersNeeded(_, _ string, rids []string) { o.rids = rids }

// studio is a camera of three layers whose publisher is told which to send and does so
// a while later, on a clock of its own.
type studio struct {
	*fakeRoom
	p     *Peer
	src   *source
	told  director
	obeys bool
	delay int // steps until the publisher does as told
	n     uint16
	says  []layerSet // that the publisher was told, by step
	keys  []layerSet // keyframes that it was asked for
	wires map[*section]*fakeWire
	all   []*section
}

const studioStep = 50 * time.Millisecond

var studioRIDs = []string{"q", "h", "f"}

func newStudio() *studio {
	d := &studio{fakeRoom: newFakeRoom(), obeys: true, wires: map[*section]*fakeWire{}}
	d.p, _ = d.peer("judge")
	d.p.layers = &d.told
	d.src = d.publishes(d.p, Cam, studioRIDs...)
	return d
}

// shows adds a receiver; a line of 0 bits per second is not bounded.
func (d *studio) shows(line, height int) *section {
	name := fmt.Sprint("r", len(d.all))
	q, w := d.peer(name)
	s := d.binds(q, d.src.id, "0")
	if line > 0 {
		d.reports(q, line)
	}
	d.wires[s], d.all = w, append(d.all, s)
	d.size(s, height)
	return s
}

func (d *studio) size(s *section, height int) {
	s.peer.Hint([]Hint{{MID: s.mid, Width: height * 16 / 9, Height: height}})
}

func (d *studio) grants(t require.TestingT, tapped bool) {
	var rt Routing
	for _, s := range d.all {
		g := toPeer(d.src.id, s.peer.id)
		g.MayPause = true
		rt.Grants = append(rt.Grants, g)
	}
	if tapped {
		rt.Grants = append(rt.Grants, Grant{Source: d.src.id, Audience: Audience{Class: "recorder"}, MaxLayer: 255})
	}
	require.NoError(t, d.Apply(rt))
}

// tell does the errands of the publisher's worker; everySecond those of the second.
func (d *studio) tell(everySecond bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var e errands
	if everySecond {
		d.src.spare(d.now)
		d.src.measure(d.now)
		d.src.retarget(d.now)
	}
	d.p.collectLayers(&e)
	for _, n := range e.layers {
		d.p.layers.LayersNeeded(d.p.id, n.mid, n.rids)
	}
}

// sends is what the publisher sends now.
func (d *studio) sends() (set layerSet) {
	at := len(d.says) - 1 - d.delay
	if !d.obeys || at < 0 {
		return 1<<len(studioRIDs) - 1
	}
	return d.says[at]
}

// keyed says that the frame of layer i is a keyframe: asked for, or the first after a pause.
func (d *studio) keyed(i int) bool {
	at := len(d.says) - 1 - d.delay
	return d.n == 1 || at >= 0 && d.keys[at].has(i) || d.obeys && at > 0 && !d.says[at-1].has(i)
}

// step plays one frame of every layer that is sent, with a keyframe where one is asked
// for, and calls seen for each receiver: whether it had a picture and got a packet.
func (d *studio) step(seen func(s *section, had, got bool)) {
	d.now = d.now.Add(studioStep)
	d.n++
	d.tell(d.n%20 == 0)
	var said layerSet
	for i, rid := range studioRIDs {
		if d.told.rids == nil {
			said = said.with(i)
		}
		for _, r := range d.told.rids {
			if r == rid {
				said = said.with(i)
			}
		}
	}
	var keys layerSet
	for i := range studioRIDs {
		if d.src.layers[i].needKey {
			keys = keys.with(i)
		}
	}
	d.says, d.keys = append(d.says, said), append(d.keys, keys)
	had, before := map[*section]bool{}, map[*section]int{}
	for _, s := range d.all {
		had[s], before[s] = s.current >= 0 && s.running, len(d.wires[s].packets)
	}
	for i := range studioRIDs {
		if !d.sends().has(i) {
			continue
		}
		l := d.src.layers[i]
		payload := vp8Frame(d.keyed(i), d.n, uint8(d.n), uint16(320<<i), uint16(180<<i), "x")
		d.receives(l, 96, uint16(l.seq.highest)+1, uint32(d.n)*4500, payload)
	}
	for _, s := range d.all {
		seen(s, had[s], len(d.wires[s].packets) > before[s])
	}
}

func (d *studio) run(span time.Duration, seen func(s *section, had, got bool)) {
	for end := d.now.Add(span); d.now.Before(end); {
		d.step(seen)
	}
}

func unseen(*section, bool, bool) {}

// layerOf is the layer that a height asks for, -1 for none.
func layerOf(height int) int {
	switch {
	case height == 0:
		return -1
	case height <= 180:
		return 0
	case height <= 360:
		return 1
	default:
		return 2
	}
}

// Whatever sizes come and go: what anybody takes is among what the publisher was asked
// for, in the moment that it becomes so; no picture that flows halts while a better one is
// fetched; and when all is quiet, everybody has the layer of its size (as far as its line
// goes), and the publisher sends exactly what is taken or may be next, and the lowest.
func TestThePublisherSendsWhatIsTaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newStudio()
		d.obeys = rapid.IntRange(0, 4).Draw(t, "obeys") > 0
		d.delay = rapid.IntRange(0, 8).Draw(t, "delay")
		heights := map[*section]int{}
		size := rapid.SampledFrom([]int{0, 100, 180, 300, 700})
		for range rapid.IntRange(0, 4).Draw(t, "receivers") {
			line, h := rapid.SampledFrom([]int{0, 0, 250_000, 900_000, 9_000_000}).Draw(t, "line"), size.Draw(t, "height")
			heights[d.shows(line, h)] = h
		}
		recorded := -1
		if rapid.Bool().Draw(t, "recorded") {
			recorded = rapid.SampledFrom([]int{180, 360, 720}).Draw(t, "recorded height")
			remove, err := d.Tap(TapParams{Class: "recorder", Tap: newTapLog(), MaxHeight: recorded})
			require.NoError(t, err)
			defer remove()
		}
		d.grants(t, recorded > 0)
		seen := func(s *section, had, got bool) {
			require.True(t, s.target < 0 || d.src.need.on.has(s.target), "layer %d is taken and not asked for", s.target)
			require.True(t, s.current < 0 || d.src.need.on.has(s.current), "layer %d flows and is given up", s.current)
			if had && heights[s] > 0 && s.peer.tx.line.est == nil {
				require.True(t, got, "a picture halts: current %d target %d", s.current, s.target)
			}
		}
		for range rapid.IntRange(1, 6).Draw(t, "changes") {
			if len(d.all) > 0 {
				s := rapid.SampledFrom(d.all).Draw(t, "whose")
				heights[s] = size.Draw(t, "height")
				d.size(s, heights[s])
				if want := layerOf(heights[s]); s.peer.tx.line.est == nil && want >= 0 {
					require.True(t, d.src.need.on.has(want), "asked for at once")
				}
			}
			d.run(time.Duration(rapid.IntRange(0, 8000).Draw(t, "ms"))*time.Millisecond, seen)
		}
		d.run(layerKeep+maxSteady+2*time.Second, seen)

		want := layerSet(1)
		for _, s := range d.all {
			ideal := layerOf(heights[s])
			want = want.with(s.target)
			if s.peer.tx.line.est == nil {
				require.Equal(t, ideal, s.current, "height %d", heights[s])
				continue
			}
			require.LessOrEqual(t, s.target, ideal)
			if s.target >= 0 && s.target < ideal {
				want = want.with(s.target + 1)
			}
			if s.target > 0 {
				want = want.with(s.target - 1)
			}
			if s.target < 0 && ideal >= 0 {
				want = want.with(0)
			}
		}
		if recorded > 0 {
			want = want.with(layerOf(recorded))
			require.Equal(t, layerOf(recorded), d.src.taps[0].current)
		}
		require.Equal(t, want, d.src.need.on&(1<<len(studioRIDs)-1))
		if d.obeys {
			require.Equal(t, want, d.sends())
		}
	})
}

// What nobody takes goes on for layerKeep and is told once; what is opened large is told
// with the first errand, comes with a keyframe, and until then the small one flows.
func TestALayerComesBackAtOnce(t *testing.T) {
	d := newStudio()
	d.delay = 6
	s := d.shows(0, 180)
	d.grants(t, false)
	d.run(layerKeep-time.Second, unseen)
	require.Equal(t, layerSet(7), d.sends(), "kept for a while")
	for d.sends() != 1 {
		d.step(unseen)
	}
	require.True(t, d.src.live(d.now, 2), "its last packet came just now")
	d.size(s, 700)
	require.Equal(t, 0, s.target, "and yet it is not chosen")
	d.size(s, 180)
	d.run(layerKeep+3*time.Second, unseen)
	require.Equal(t, layerSet(1), d.sends())
	require.Equal(t, []string{"q"}, d.told.rids)

	d.run(30*time.Second, unseen)
	for len(d.p.wake) > 0 {
		<-d.p.wake
	}
	d.size(s, 700)
	require.Len(t, d.p.wake, 1, "the publisher's worker is woken")
	require.Equal(t, 0, s.target, "what is not there is not chosen")
	steps := 0
	for s.current != 2 {
		d.step(func(_ *section, _, got bool) { require.True(t, got) })
		steps++
		require.Less(t, steps, d.delay+5, "no stall is held against a layer that was not wanted")
	}
	require.Equal(t, []string{"q", "f"}, d.told.rids)
	require.Equal(t, 1_700_000, d.src.layerRate(2), "what it took before its pause says nothing")
}

// A publisher that never sends the layer of somebody's size leaves nobody without one: the
// next best is asked for, here above and here below.
func TestTheNextBestIsAskedFor(t *testing.T) {
	for _, missing := range []int{1, 2} {
		d := newStudio()
		s := d.shows(0, 180)
		d.grants(t, false)
		d.run(layerKeep+2*time.Second, unseen)
		require.Equal(t, layerSet(1), d.sends())
		d.size(s, 180<<missing)
		next := 3 - missing
		for range 20 * int(layerPatience+3*time.Second) / int(time.Second) {
			d.now = d.now.Add(studioStep)
			d.n++
			d.tell(d.n%20 == 0)
			for _, i := range []int{0, next} {
				if l := d.src.layers[i]; d.src.need.told.has(i) {
					d.receives(l, 96, uint16(l.seq.highest)+1, uint32(d.n)*4500, vp8Frame(l.needKey, d.n, uint8(d.n), uint16(320<<i), uint16(180<<i), "x"))
				}
			}
		}
		require.Equal(t, next, s.current, "layer %d is missing", missing)
	}
}

// Whoever cannot be told sends all layers, and all can be chosen.
func TestWhoCannotBeToldSendsAll(t *testing.T) {
	d := newStudio()
	d.p.layers = nil
	s := d.shows(0, 180)
	d.grants(t, false)
	d.run(3*layerKeep, unseen)
	require.Equal(t, allLayers, d.src.need.on)
	d.size(s, 700)
	require.Equal(t, 2, s.target, "in that moment")
}
