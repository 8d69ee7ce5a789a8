package sfu

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The law of feeding: whatever is granted in the hearing and on the wall, and whoever
// publishes, the wall gets of a hearing one picture, of what its class is granted at that
// moment and nothing from before it was; nothing of it is repeated after it closed; what
// is best comes with its next keyframe; and what a viewer gets stays one stream.
func TestAFeedCarriesWhatItsClassMaySee(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hearing, wall := newFakeRoom(), newFakeRoom()
		names := []string{"a", "b", "c"}
		peers := map[string]*Peer{}
		for _, n := range names {
			peers[n], _ = hearing.peer(n)
			hearing.publishes(peers[n], Cam)
		}
		ghost, _ := wall.peer("h")
		f := &feed{
			p: FeedParams{Class: "monitors", Into: wall.Room, As: "h"}, from: hearing.Room, ghost: ghost,
			queue: make(chan fedPacket, feedQueue), ended: make(chan struct{}, 1),
		}
		f.life.Store(1)
		ghost.feed = f
		require.NoError(t, f.listen())
		viewer, wire := wall.peer("viewer")
		viewer.follows, viewer.chooses = true, true
		section := wall.binds(viewer, viewer.nothing(Cam), "v")
		viewer.Choose([]Choice{{MID: "v", Source: cam("h")}})
		require.Equal(t, cam("h"), section.src.id)

		grants := map[string]uint8{}
		opened := map[string]uint32{} // number of its first picture after the opening
		sent := map[string]uint32{}
		released := false
		look := func() {
			var rt Routing
			if released {
				rt.Grants = []Grant{{Source: cam("h"), Audience: Audience{Peer: "viewer"}, MaxLayer: 255, MayPause: true, Yield: YieldMonitor}}
			}
			require.NoError(t, wall.Apply(rt))
		}
		apply := func() {
			var rt Routing
			for _, n := range names {
				if p, ok := grants[n]; ok {
					rt.Grants = append(rt.Grants, Grant{Source: cam(n), Audience: Audience{Class: "monitors"}, Priority: p, MaxLayer: 255, Yield: YieldMonitor})
				}
			}
			require.NoError(t, hearing.Apply(rt))
		}
		seen := 0
		check := func() {
			for _, p := range wire.packets[seen:] {
				who, n := whose(p), binary.BigEndian.Uint32(p.Payload[len(p.Payload)-4:])
				require.True(t, released)
				require.Contains(t, grants, who, "sent without a grant")
				require.GreaterOrEqual(t, n, opened[who], "from before it was granted")
			}
			seen = len(wire.packets)
		}
		pump := func() {
			for len(f.queue) > 0 {
				f.pass(<-f.queue)
			}
			if len(f.ended) > 0 {
				<-f.ended
				f.quit()
			}
			check()
		}
		best := func() (name string) {
			for _, lost := range [...]bool{false, true} {
				for _, p := range [...]uint8{200, 100} {
					for _, n := range names {
						if q, ok := grants[n]; ok && q == p && name == "" && hearing.sources[cam(n)].lost() == lost {
							name = n
						}
					}
				}
			}
			return name
		}
		picture := func(who string, key bool) {
			sent[who]++
			n := sent[who]
			text := binary.BigEndian.AppendUint32([]byte(who), n)
			l := hearing.sources[cam(who)].layers[0]
			hearing.receives(l, 96, uint16(n), n*3000, vp8Frame(key, uint16(n), uint8(n), 320, 180, string(text)))
		}
		t.Repeat(map[string]func(*rapid.T){
			"grant": func(t *rapid.T) {
				who := rapid.SampledFrom(names).Draw(t, "whose")
				if _, ok := grants[who]; !ok {
					opened[who] = sent[who] + 1
				}
				grants[who] = rapid.SampledFrom([]uint8{100, 200}).Draw(t, "priority")
				apply()
			},
			"close": func(t *rapid.T) {
				delete(grants, rapid.SampledFrom(names).Draw(t, "whose"))
				apply()
			},
			"close the wall": func(*rapid.T) { released = false; look() },
			"open the wall":  func(*rapid.T) { released = true; look() },
			"come and go": func(t *rapid.T) {
				peers[rapid.SampledFrom(names).Draw(t, "who")].setState(rapid.SampledFrom([]PeerState{PeerConnected, PeerLost}).Draw(t, "state"))
			},
			"picture": func(t *rapid.T) {
				hearing.now = hearing.now.Add(40 * time.Millisecond)
				wall.now = hearing.now
				picture(rapid.SampledFrom(names).Draw(t, "whose"), rapid.Bool().Draw(t, "key"))
			},
			"pass": func(*rapid.T) { pump() },
			"keyframe of the best": func(t *rapid.T) {
				pump()
				who := best()
				if who == "" || !released {
					return
				}
				hearing.now = hearing.now.Add(40 * time.Millisecond)
				wall.now = hearing.now
				before := len(wire.packets)
				picture(who, true)
				pump()
				require.Len(t, wire.packets, before+1, "the best is seen from its keyframe on")
			},
			"ask again": func(t *rapid.T) {
				before := len(wire.packets)
				for back := range uint64(30) {
					section.resend(uint16(section.seq.next-1-back), wall.now)
				}
				check()
				wire.packets = wire.packets[:before]
				seen = before
			},
			"": func(*rapid.T) { check() },
		})
		oneStream(t, wire)
	})
}

// What waits on a viewer's paced line when the court closes it does not come with the
// camera that is fed instead.
func TestWhatWaitsOnALineDoesNotOutliveItsGrant(t *testing.T) {
	for _, switched := range []bool{false, true} {
		t.Run(fmt.Sprintf("switched %v", switched), func(t *testing.T) { closedWhileItWaits(t, switched) })
	}
}

// closedWhileItWaits: switched: b is fed before a is closed.
func closedWhileItWaits(t *testing.T, switched bool) {
	hearing, wall := newFakeRoom(), newFakeRoom()
	for _, n := range []string{"a", "b"} {
		p, _ := hearing.peer(n)
		hearing.publishes(p, Cam)
	}
	ghost, _ := wall.peer("h")
	f := &feed{
		p: FeedParams{Class: "monitors", Into: wall.Room, As: "h"}, from: hearing.Room, ghost: ghost,
		queue: make(chan fedPacket, feedQueue), ended: make(chan struct{}, 1),
	}
	f.life.Store(1)
	ghost.feed = f
	require.NoError(t, f.listen())
	viewer, wire := wall.peer("viewer")
	viewer.follows, viewer.chooses = true, true
	wall.binds(viewer, viewer.nothing(Cam), "v")
	viewer.Choose([]Choice{{MID: "v", Source: cam("h")}})
	require.NoError(t, wall.Apply(Routing{Grants: []Grant{{Source: cam("h"), Audience: Audience{Peer: "viewer"}, MaxLayer: 255, MayPause: true, Yield: YieldMonitor}}}))
	release := func(a uint8) {
		var rt Routing
		for n, priority := range map[string]uint8{"a": a, "b": 100} {
			if priority > 0 {
				rt.Grants = append(rt.Grants, Grant{Source: cam(n), Audience: Audience{Class: "monitors"}, Priority: priority, MaxLayer: 255, Yield: YieldMonitor})
			}
		}
		require.NoError(t, hearing.Apply(rt))
	}
	release(200)
	wall.reports(viewer, 600_000)
	line := &viewer.tx.line.pace
	viewer.lock(func() { line.follow(600_000, 600_000, wall.now) })
	require.True(t, line.on)
	sent := uint32(0)
	picture := func(who string, key bool) {
		sent++
		text := strings.Repeat("x", 900) + string(binary.BigEndian.AppendUint32([]byte(who), sent))
		l := hearing.sources[cam(who)].layers[0]
		hearing.receives(l, 96, uint16(sent), sent*3000, vp8Frame(key, uint16(sent), uint8(sent), 320, 180, text))
		for len(f.queue) > 0 {
			f.pass(<-f.queue)
		}
		if len(f.ended) > 0 {
			<-f.ended
			f.quit()
		}
	}
	works := func(times int) {
		for range times {
			hearing.now = hearing.now.Add(5 * time.Millisecond)
			wall.now = hearing.now
			wall.works(viewer)
		}
	}
	picture("a", true)
	for range 10 {
		works(14)
		picture("a", false)
	}
	for i := range 12 { // more than the line takes at once, a keyframe among it
		picture("a", i == 5)
	}
	require.Positive(t, line.n, "something waits")
	if switched {
		release(50)
		picture("b", true)
	}
	release(0)
	closed := len(wire.packets)
	works(1)
	picture("b", true)
	works(200)
	require.Greater(t, len(wire.packets), closed, "the other camera comes")
	for _, p := range wire.packets[closed:] {
		require.Equal(t, "b", whose(p))
	}
}

// countPLIs counts the keyframes that a publisher is asked for, until its end.
func countPLIs(s *webrtc.RTPSender, n *atomic.Int32) {
	for {
		list, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range list {
			if _, ok := p.(*rtcp.PictureLossIndication); ok {
				n.Add(1)
			}
		}
	}
}

// A wall over real connections: what is chosen comes, what the hearing closes comes no
// more when Apply has returned, and however many look, the publishers are asked for few
// keyframes.
func TestAWallShowsHearingsThatFeedIt(t *testing.T) {
	e := newTestEngine(t, func(p *Params) { p.Loops = 2 })
	wall, err := e.Room("wall")
	require.NoError(t, err)
	hearings := []string{"h0", "h1"}
	rooms, cameras := map[string]*Room{}, map[string]*camera{}
	show := func(h string, yes bool) {
		rt := Routing{Epoch: 1}
		if yes {
			rt.Grants = []Grant{{Source: cam("judge"), Audience: Audience{Class: "monitors"}, MaxLayer: 255, MayPause: true, Yield: YieldMonitor}}
		}
		require.NoError(t, rooms[h].Apply(rt))
	}
	var all []Grant
	feeds := map[string]*Feed{}
	for _, h := range hearings {
		rooms[h], err = e.Room(h)
		require.NoError(t, err)
		show(h, true)
		judge := join(t, rooms[h], clientParams{id: "judge", rids: []string{""}})
		cameras[h] = newCamera(judge, 0, "", 320, 180)
		feeds[h], err = rooms[h].Feed(FeedParams{Class: "monitors", Into: wall, As: h})
		require.NoError(t, err)
		_, err = rooms[h].Feed(FeedParams{Class: "monitors", Into: wall, As: h})
		require.ErrorIs(t, err, ErrClosed, "fed twice")
		all = append(all, Grant{Source: cam(h), Audience: Audience{Class: "unit"}, MaxLayer: 255, MayPause: true, Yield: YieldMonitor})
	}
	require.NoError(t, wall.Apply(Routing{Epoch: 1, Grants: all}))
	var viewers []*client
	for i := range 3 {
		v := join(t, wall, clientParams{id: fmt.Sprint("viewer", i), chooses: true, onlooker: true, video: 1, classes: []string{"unit"}})
		viewers = append(viewers, v)
	}
	choose := func(h string) {
		for _, v := range viewers {
			require.Len(t, v.peer.Choose([]Choice{{MID: "0", Source: cam(h)}}), 1)
		}
	}
	asked := map[string]int{}
	requests := map[string]*atomic.Int32{}
	for _, h := range hearings {
		requests[h] = &atomic.Int32{}
		go countPLIs(cameras[h].c.camTx, requests[h])
	}
	film := func(word string) func(int) {
		return func(i int) {
			for _, h := range hearings {
				n := int(requests[h].Load())
				cameras[h].frame(n > asked[h], h+word)
				asked[h] = n
			}
		}
	}
	has := func(text string) func() bool {
		return func() bool {
			for _, v := range viewers {
				if !v.has(v.table["0"], text) {
					return false
				}
			}
			return true
		}
	}
	choose("h0")
	every(t, "the first hearing", film(" one"), has("h0 one"))
	require.False(t, viewers[0].has(viewers[0].table["0"], "h1"))
	choose("h1")
	every(t, "the second hearing", film(" two"), has("h1 two"))
	require.False(t, viewers[0].has(viewers[0].table["0"], "h0 two"), "nothing of what was chosen before")

	show("h1", false)
	muted := rooms["h1"].loop.count.dropped[dropMuted].Load()
	every(t, "closed", film(" secret"), func() bool { return rooms["h1"].loop.count.dropped[dropMuted].Load() > muted+20 })
	show("h1", true)
	every(t, "open again", film(" three"), has("h1 three"))
	for _, v := range viewers {
		require.False(t, v.has(v.table["0"], "secret"))
	}
	for _, h := range hearings {
		require.LessOrEqual(t, asked[h], 6, "keyframes for three viewers and three changes")
	}
	require.False(t, feeds["h1"].Over())
	feeds["h1"].Close()
	feeds["h1"].Close()
	require.True(t, feeds["h1"].Over())
	at := rooms["h1"].loop.count.packetsIn.Load()
	every(t, "no feed any more", film(" over"), func() bool { return rooms["h1"].loop.count.packetsIn.Load() > at+20 })
	require.False(t, viewers[0].has(viewers[0].table["0"], "h1 over"))
	feeds["h1"], err = rooms["h1"].Feed(FeedParams{Class: "monitors", Into: wall, As: "h1"})
	require.NoError(t, err)
	every(t, "fed anew", film(" anew"), has("h1 anew"))
	rooms["h0"].Close()
	require.True(t, feeds["h0"].Over(), "with its hearing")
	feeds["h1"].Close()
	wall.mu.Lock()
	left := len(wall.peers)
	wall.mu.Unlock()
	require.Len(t, viewers, left, "nothing is fed")
}
