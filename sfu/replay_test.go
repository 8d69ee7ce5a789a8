package sfu

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// toPublic grants a source to the class of the public.
func toPublic(src SourceID) Grant {
	return Grant{Source: src, Audience: Audience{Class: "public"}, MaxLayer: 255, MayPause: true, Yield: YieldPublic}
}

// pictures are the texts that a decoder would show, in order; it fails where one
// could not have been decoded.
type pictures struct {
	shown []string
	bytes int
}

// decode plays packets as a receiver gets them: numbers without a gap, times that
// go forward picture by picture, picture ids that follow each other, a keyframe first.
func decode(t require.TestingT, packets []*rtp.Packet) (p pictures) {
	slices.SortStableFunc(packets, func(a, b *rtp.Packet) int { return int(int16(a.SequenceNumber - b.SequenceNumber)) })
	var last *rtp.Packet
	var lastPID uint16
	for _, k := range packets {
		d, ok := parseVP8(k.Payload)
		require.True(t, ok)
		if last == nil {
			require.True(t, d.key, "the first picture can be decoded")
		} else {
			require.Equal(t, last.SequenceNumber+1, k.SequenceNumber, "no gap and nothing twice")
			if k.Timestamp == last.Timestamp {
				require.Equal(t, lastPID, d.pid, "one picture, one id")
			} else {
				require.True(t, after(k.Timestamp, last.Timestamp), "time goes forward")
				require.Equal(t, (lastPID+1)&0x7fff, d.pid, "picture ids follow each other")
			}
		}
		last, lastPID = k, d.pid
		p.bytes += len(k.Payload)
		p.shown = append(p.shown, string(k.Payload[d.size:]))
	}
	return p
}

// film is a camera of one or more packets a picture, through a fake room.
type film struct {
	f    *fakeRoom
	l    *layer
	seq  uint16
	ts   uint32
	n    uint16
	said []string // of every packet, in order
	keys []int    // where keyframes begin in said
	swap bool     // the packets of a picture come in reverse
}

func (c *film) picture(key bool, packets int) {
	c.n++
	var come []func()
	for i := range packets {
		b := vp8Frame(key, c.n&0x7fff, uint8(c.n), 320, 180, fmt.Sprintf("%d.%d", c.n, i))
		if i > 0 {
			b[0] &^= 0x10 // S: only the first packet begins the partition
		} else if key {
			c.keys = append(c.keys, len(c.said))
		}
		d, _ := parseVP8(b)
		c.said = append(c.said, string(b[d.size:]))
		seq := c.seq
		come = append(come, func() { c.f.receives(c.l, 96, seq, c.ts, b) })
		c.seq++
	}
	if c.swap {
		slices.Reverse(come)
	}
	for _, f := range come {
		f()
	}
	c.ts += 3000
	c.f.now = c.f.now.Add(33 * time.Millisecond)
}

func (c *film) sinceKey() []string { return c.said[c.keys[len(c.keys)-1]:] }

// A viewer who comes in the middle decodes what the line brought from the last
// keyframe on, and nobody is asked for another.
func TestAViewerBeginsWithWhatIsKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFakeRoom()
		p, _ := f.peer("judge")
		src := f.publishes(p, Cam)
		src.layers[0].nack = true // what comes out of order waits
		c := &film{f: f, l: src.layers[0], seq: rapid.Uint16().Draw(t, "seq"), ts: rapid.Uint32().Draw(t, "ts")}
		party, _ := f.peer("party")
		f.binds(party, src.id, "0")
		viewer, wire := f.peer("viewer")
		require.NoError(t, f.Apply(Routing{
			Grants:  []Grant{toPeer(src.id, "party"), toPublic(src.id)},
			Members: []Membership{{Peer: "viewer", Class: "public"}},
		}))
		f.now = f.now.Add(time.Second)
		film := func(n int, what string) {
			for range n {
				c.swap = len(c.said) > 0 && rapid.IntRange(0, 5).Draw(t, "swap") == 0
				c.picture(len(c.said) == 0 || rapid.IntRange(0, 30).Draw(t, what) == 0, rapid.IntRange(1, 3).Draw(t, "packets"))
			}
		}
		film(rapid.IntRange(1, 90).Draw(t, "before"), "key before")
		var want int
		asked := c.l.needKey
		s := f.binds(viewer, src.id, "0")
		require.Equal(t, asked, c.l.needKey, "a participant's request would come at once")
		film(1, "key now")
		want = c.keys[len(c.keys)-1] // or one came by itself
		require.False(t, c.l.wishKey)
		film(rapid.IntRange(0, 40).Draw(t, "after"), "key after")
		require.Equal(t, c.said[want:], decode(t, wire.packets).shown)
		require.False(t, s.waiting)
		require.False(t, wire.reused)
	})
}

// What was shown while the doors were closed, or while somebody was not among the
// public, is never replayed to them.
func TestNothingFromBeforeItsOpeningIsReplayed(t *testing.T) {
	for name, closed := range map[string]Routing{
		"no grant":  {Members: []Membership{{Peer: "viewer", Class: "public"}}},
		"no member": {Grants: []Grant{toPublic(cam("judge"))}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeRoom()
			p, _ := f.peer("judge")
			src := f.publishes(p, Cam)
			c := &film{f: f, l: src.layers[0]}
			party, _ := f.peer("party")
			f.binds(party, src.id, "0")
			viewer, wire := f.peer("viewer")
			open := Routing{Grants: []Grant{toPublic(src.id), toPeer(src.id, "party")}, Members: []Membership{{Peer: "viewer", Class: "public"}}}
			closed.Grants = append(closed.Grants, toPeer(src.id, "party"))
			require.NoError(t, f.Apply(open))
			require.NoError(t, f.Apply(closed))
			for n := range 20 {
				c.picture(n == 0, 1)
			}
			require.NoError(t, f.Apply(open))
			opened := len(c.said)
			c.picture(false, 1)
			f.binds(viewer, src.id, "0")
			for range 10 {
				c.picture(false, 1)
			}
			require.Empty(t, wire.packets, "the keyframe was shown behind closed doors")
			require.True(t, c.l.wishKey)
			c.picture(true, 1)
			c.picture(false, 1)
			require.Equal(t, c.sinceKey(), decode(t, wire.packets).shown)
			require.Greater(t, c.keys[len(c.keys)-1], opened)
		})
	}
}

// Viewers who lose pictures ask for keyframes by the dozen: the source is asked
// once in five seconds, and at once when a participant needs one.
func TestViewersAskASourceOnceInFiveSeconds(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Cam, "q", "h")
	var viewers []*section
	rt := Routing{Grants: []Grant{toPublic(src.id), toPeer(src.id, "party")}}
	for i := range 30 {
		v, _ := f.peer(fmt.Sprint("viewer", i))
		viewers = append(viewers, f.binds(v, src.id, "0"))
		rt.Members = append(rt.Members, Membership{Peer: v.id, Class: "public"})
	}
	party, _ := f.peer("party")
	require.NoError(t, f.Apply(rt))
	films := []*film{{f: f, l: src.layers[0]}, {f: f, l: src.layers[1]}}
	var asked []time.Duration
	begin := f.now
	run := func(until time.Duration) {
		for f.now.Sub(begin) < until {
			key := len(asked) == 0
			var e errands
			e.next = time.Hour
			f.mu.Lock()
			p.collectKeyframes(&e, f.now)
			f.mu.Unlock()
			if e.keyframes > 0 {
				asked = append(asked, f.now.Sub(begin))
				key = true
			}
			for _, c := range films {
				now := f.now
				c.picture(key, 1)
				f.now = now
			}
			f.now = f.now.Add(33 * time.Millisecond)
			f.mu.Lock()
			for _, s := range viewers {
				s.peer.wantKeyframe(s.ssrc)
			}
			f.mu.Unlock()
		}
	}
	run(30 * time.Second)
	require.GreaterOrEqual(t, len(asked), 5)
	for i := 1; i < len(asked); i++ {
		require.GreaterOrEqual(t, asked[i]-asked[i-1], viewerKeyframes)
	}
	n := len(asked)
	f.binds(party, src.id, "0") // takes part: its need does not wait
	run(30*time.Second + 600*time.Millisecond)
	require.Greater(t, len(asked), n)
}

// The bounds of what is kept: beyond them a viewer waits for a keyframe.
func TestTooMuchIsNotReplayed(t *testing.T) {
	for name, keep := range map[string]func(c *film){
		"too many": func(c *film) {
			for range 100 {
				c.picture(false, keptPackets/100+1)
			}
		},
		"too old": func(c *film) {
			c.f.now = c.f.now.Add(keptAge)
			c.picture(false, 1)
		},
		"a hole": func(c *film) {
			c.seq++
			c.picture(false, 1)
			c.f.now = c.f.now.Add(holdTime)
			c.picture(false, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeRoom()
			p, _ := f.peer("judge")
			src := f.publishes(p, Cam)
			c := &film{f: f, l: src.layers[0]}
			party, _ := f.peer("party")
			f.binds(party, src.id, "0")
			viewer, wire := f.peer("viewer")
			require.NoError(t, f.Apply(Routing{
				Grants:  []Grant{toPeer(src.id, "party"), toPublic(src.id)},
				Members: []Membership{{Peer: "viewer", Class: "public"}},
			}))
			f.now = f.now.Add(time.Second)
			c.picture(true, 1)
			keep(c)
			f.binds(viewer, src.id, "0")
			c.picture(false, 1)
			require.Empty(t, wire.packets)
			require.True(t, c.l.wishKey)
			c.picture(true, 2)
			require.Equal(t, c.sinceKey(), decode(t, wire.packets).shown)
		})
	}
}

// A crowd that comes at once does not stop the room: what is replayed is bounded,
// and who is not served from it begins at the next keyframe.
func TestACrowdIsNotReplayedAllAtOnce(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Cam)
	c := &film{f: f, l: src.layers[0]}
	rt := Routing{Grants: []Grant{toPublic(src.id)}}
	var wires []*fakeWire
	for i := range 200 {
		rt.Members = append(rt.Members, Membership{Peer: fmt.Sprint("viewer", i), Class: "public"})
	}
	party, _ := f.peer("party")
	f.binds(party, src.id, "0")
	rt.Grants = append(rt.Grants, toPeer(src.id, "party"))
	require.NoError(t, f.Apply(rt))
	f.now = f.now.Add(time.Second)
	c.picture(true, 1)
	for range 300 {
		f.receives(c.l, 96, c.seq, c.ts, vp8Frame(false, c.n+1, 0, 320, 180, string(make([]byte, 600))))
		c.n, c.seq, c.ts = c.n+1, c.seq+1, c.ts+3000
	}
	for i := range 200 {
		v, w := f.peer(fmt.Sprint("viewer", i))
		f.binds(v, src.id, "0")
		wires = append(wires, w)
	}
	c.picture(false, 1)
	begun, bytes := 0, 0
	for _, w := range wires {
		if n := decode(t, w.packets).bytes; n > 0 {
			begun, bytes = begun+1, bytes+n
		}
	}
	require.Greater(t, begun, 2)
	require.LessOrEqual(t, bytes, replayBurst+keptBytes+200*1000)
	require.True(t, c.l.wishKey)
	c.picture(true, 1)
	for _, w := range wires {
		require.NotEmpty(t, w.packets)
	}
}

// Kept pictures are the retransmission history: they are given back when the source
// reaches nobody.
func TestWhatIsKeptIsGivenBack(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Cam)
	c := &film{f: f, l: src.layers[0]}
	rt := Routing{Grants: []Grant{toPublic(src.id)}, Members: []Membership{{Peer: "viewer", Class: "public"}}}
	require.NoError(t, f.Apply(rt))
	viewer, _ := f.peer("viewer")
	f.binds(viewer, src.id, "0")
	c.picture(true, 1)
	held := func() (n int) {
		for _, k := range c.l.ring {
			if k != nil {
				n++
			}
		}
		return n
	}
	require.Positive(t, held())
	require.NoError(t, f.Apply(Routing{}))
	require.Zero(t, held())
	require.Empty(t, f.members)
	require.Empty(t, src.shown)
}
