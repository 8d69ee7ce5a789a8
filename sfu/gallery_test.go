package sfu

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// fakeGallery is behind a fake room; what is handed to it waits for batch.
func fakeGallery(t require.TestingT, f *fakeRoom) (*gallery, *fakeRoom) {
	behind := &fakeRoom{Room: &Room{
		engine: f.engine, loop: &loop{}, id: "fake/gallery", front: f.Room, table: newGrantTable(Routing{}),
		peers: map[string]*Peer{}, sources: map[SourceID]*source{}, members: map[Membership]time.Time{},
		replays: newBucket(replayRate, replayBurst, f.now),
	}}
	g := &gallery{
		from: f.Room, room: behind.Room, wake: make(chan struct{}, 1), done: make(chan struct{}),
		needs: map[SourceID]layerSet{}, broken: map[handedLayer]bool{}, ghosts: map[string]*Peer{},
	}
	for id := range f.peers {
		g.ghosts[id], _ = behind.peer(id)
	}
	require.True(t, g.begin())
	return g, behind
}

func (g *gallery) pump() {
	for g.batch() {
	}
}

// However far the gallery is behind, whatever is granted and taken back meanwhile, who
// looks on hears nothing without an open grant, nothing from before it was opened, and
// no number twice.
func TestAGalleryKeepsTheGrants(t *testing.T) {
	heardAll := false
	rapid.Check(t, func(t *rapid.T) {
		f := newFakeRoom()
		speakerPeer, _ := f.peer("speaker")
		src := f.publishes(speakerPeer, Mic)
		g, behind := fakeGallery(t, f)
		names := []string{"a", "b"}
		wires, model := map[string]*fakeWire{}, map[string]*listener{}
		for _, n := range names {
			p, w := behind.peer(n)
			behind.binds(p, src.id, "0")
			wires[n], model[n] = w, &listener{}
		}
		var n uint64
		check := func() {
			before := map[string]int{}
			for name, w := range wires {
				before[name] = len(w.packets)
			}
			g.pump()
			for name, w := range wires {
				for _, p := range w.packets[before[name]:] {
					_, all := numbersIn(t, p)
					for _, h := range all {
						require.True(t, model[name].open, "%s heard %d with its grant closed", name, h)
						require.Greater(t, h, model[name].barrier, "%s heard what is older than its opening", name)
					}
				}
				heardAll = heardAll || len(w.packets) > before[name]
				require.False(t, w.reused, "%s: an index was sealed twice", name)
				noInventedGap(t, name, w.packets)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"speak": func(t *rapid.T) {
				for range rapid.IntRange(1, 5).Draw(t, "packets") {
					n++
					payload, pt := spoken(n), uint8(111)
					if red := rapid.IntRange(0, 2).Draw(t, "redundancy"); red > 0 && n > 2 {
						var offsets []uint16
						var blocks [][]byte
						for d := uint64(red); d > 0; d-- {
							offsets, blocks = append(offsets, uint16(d*960)), append(blocks, spoken(n-d))
						}
						payload, pt = redPayload(payload, offsets, blocks), 63
					}
					f.receives(src.layers[0], pt, uint16(n), uint32(n)*960, payload)
				}
			},
			"route": func(t *rapid.T) {
				rt := Routing{}
				for _, name := range names {
					open := rapid.Bool().Draw(t, name)
					model[name].set(open, n)
					if open {
						rt.Grants = append(rt.Grants, toViewer(src.id, name))
					}
				}
				if rapid.Bool().Draw(t, "a participant") {
					rt.Grants = append(rt.Grants, toPeer(src.id, "other"))
				}
				require.NoError(t, f.Apply(rt))
			},
			"the publisher begins anew": func(*rapid.T) {
				f.mu.Lock()
				defer f.mu.Unlock()
				src.retire(f.now)
				src.arrive(speakerPeer, "mic", nil, f.now)
				src.layers[0].ssrc++
			},
			"pump": func(*rapid.T) { check() },
		})
		check()
	})
	require.True(t, heardAll, "nobody ever heard anything")
}

// A gallery that cannot follow keeps its bound, and what it has not taken is given back.
func TestAGalleryHasABound(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Cam)
	g, behind := fakeGallery(t, f)
	viewer, w := behind.peer("viewer")
	behind.binds(viewer, src.id, "0")
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toViewer(src.id, "viewer")}}))
	key := func(i int) bool { return i == 0 || i == 2*galleryPictures }
	for i := range 2*galleryPictures + 3 {
		f.receives(src.layers[0], 96, uint16(i), uint32(i)*3000, filmed(uint32(i), 0, key(i), false))
		if i == 2*galleryPictures-1 {
			require.EqualValues(t, 1, f.loop.count.dropped[dropFull].Load(), "and nothing more is offered to it")
			require.True(t, src.layers[0].wishKey, "the picture goes on at its next keyframe")
			g.pump()
			require.Len(t, w.packets, galleryPictures)
		}
	}
	g.pump()
	require.Len(t, w.packets, galleryPictures+3, "from the keyframe on")
	for range 10 {
		f.receives(src.layers[0], 96, uint16(5000), 7, filmed(9, 0, false, false))
	}
	require.NoError(t, f.Apply(Routing{}))
	for _, h := range g.queue.list[g.queue.first:] {
		require.Nil(t, h.k, "what nobody may have any more is not kept")
	}
}

// Sound has room left, however many pictures a publisher sends.
func TestPicturesLeaveRoomForSoundInAGallery(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	picture, voice := f.publishes(p, Cam), f.publishes(p, Mic)
	g, behind := fakeGallery(t, f)
	viewer, w := behind.peer("viewer")
	behind.binds(viewer, voice.id, "0")
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toViewer(picture.id, "viewer"), toViewer(voice.id, "viewer")}}))
	for i := range 2 * galleryQueue {
		f.receives(picture.layers[0], 96, uint16(i), uint32(i)*3000, filmed(uint32(i), 0, i == 0, false))
	}
	const said = 20
	for i := range said + 2 { // the first is left out on either side
		f.receives(voice.layers[0], 111, uint16(i), uint32(i)*960, spoken(uint64(i)))
	}
	g.pump()
	require.Len(t, w.packets, said)
}

// What is never given up, such as the sign interpreter's picture, is for viewers too.
func TestAGalleryShowsWhatIsNeverGivenUp(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("interpreter")
	src := f.publishes(p, Cam)
	g, behind := fakeGallery(t, f)
	viewer, w := behind.peer("viewer")
	behind.binds(viewer, src.id, "0")
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "viewer")}}))
	f.receives(src.layers[0], 96, 1, 3000, filmed(1, 0, true, false))
	g.pump()
	require.Len(t, w.packets, 1)
}

// Pictures that wait in the room for one that was lost before them are from before an
// opening that comes meanwhile.
func TestHeldPicturesAreFromBeforeTheOpening(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Cam)
	l := src.layers[0]
	l.nack = true
	g, behind := fakeGallery(t, f)
	wires := map[string]*fakeWire{}
	for _, n := range []string{"a", "b"} {
		v, w := behind.peer(n)
		behind.binds(v, src.id, "0")
		wires[n] = w
	}
	film := func(n uint16, key bool) { f.receives(l, 96, n, uint32(n)*3000, filmed(uint32(n), 0, key, false)) }
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toViewer(src.id, "a")}}))
	film(1, true)
	film(3, true)
	film(4, false)
	g.pump()
	require.Len(t, wires["a"].packets, 1, "the others wait for the second")
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toViewer(src.id, "a"), toViewer(src.id, "b")}}))
	film(2, false)
	g.pump()
	require.Len(t, wires["a"].packets, 4)
	require.Empty(t, wires["b"].packets)
	film(5, true)
	g.pump()
	require.Len(t, wires["b"].packets, 1)
}

// Who looks on sits behind the room, on another loop: the room has no more to send for
// them, they see and hear what is granted to them and are told what becomes of it, and the
// publishers are asked for few keyframes.
func TestWhoLooksOnSitsBehindTheRoom(t *testing.T) {
	e := newTestEngine(t, func(p *Params) { p.Loops = 2 })
	r, err := e.Room("hearing")
	require.NoError(t, err)
	viewed := func(s SourceID) Grant {
		return Grant{Source: s, Audience: Audience{Class: "public"}, MaxLayer: 255, Yield: YieldPublic}
	}
	open := Routing{Grants: []Grant{
		toPeer(mic("judge"), "party"), viewed(mic("judge")), viewed(cam("judge")), viewed(cam("party")),
	}}
	require.NoError(t, r.Apply(open))
	judge := join(t, r, clientParams{id: "judge", mic: true, rids: []string{"l", "m", "h"}})
	party := join(t, r, clientParams{id: "party", audio: 1, prepare: []SourceID{mic("judge")}, mic: true})
	var viewers []*client
	for i := range 3 {
		viewers = append(viewers, join(t, r, clientParams{
			id: fmt.Sprint("viewer", i), onlooker: true, classes: []string{"public"}, audio: 1, video: 2,
			prepare: []SourceID{mic("judge"), cam("judge"), cam("party")},
		}))
	}
	for _, v := range viewers {
		require.NotSame(t, r, v.peer.room)
		require.NotSame(t, r.loop, v.peer.room.loop)
		v.peer.Hint([]Hint{{MID: v.mid(cam("judge")), Width: 640, Height: 360}})
	}
	s, asked := newSpeaker(judge), &atomic.Int32{}
	cams := []*camera{newCamera(judge, 0, "l", 320, 180), newCamera(judge, 1, "m", 640, 360), newCamera(judge, 2, "h", 1280, 720)}
	go countPLIs(judge.camTx, asked)
	answered := 0
	film := func(word string) func(int) {
		return func(int) {
			s.say(word)
			n := int(asked.Load())
			for _, c := range cams {
				c.frame(n > answered, word)
			}
			answered = n
		}
	}
	all := func(f func(*client) bool) func() bool {
		return func() bool {
			for _, v := range viewers {
				if !f(v) {
					return false
				}
			}
			return true
		}
	}
	stateOf := func(v *client, id SourceID) (st ReceiverState) {
		for _, x := range v.peer.States() {
			if x.Source == id {
				st = x
			}
		}
		return st
	}
	every(t, "they see and hear", film("one"), all(func(v *client) bool {
		return v.has(mic("judge"), "one") && v.has(cam("judge"), "one") && stateOf(v, cam("judge")).CurrentLayer == 1 &&
			stateOf(v, cam("party")).PausedBy == PausedByUnused
	}))
	every(t, "so does who takes part", film("one"), func() bool { return party.has(mic("judge"), "one") })
	r.mu.Lock()
	require.Len(t, r.peers, 2)
	r.mu.Unlock()

	require.NoError(t, r.Apply(Routing{Grants: []Grant{toPeer(mic("judge"), "party")}}))
	every(t, "closed to them", film("secret"), func() bool { return party.has(mic("judge"), "secret") })
	require.NoError(t, r.Apply(open))
	every(t, "open again", film("three"), all(func(v *client) bool { return v.has(mic("judge"), "three") && v.has(cam("judge"), "three") }))
	for _, v := range viewers {
		require.False(t, v.has(mic("judge"), "secret") || v.has(cam("judge"), "secret"))
	}
	require.LessOrEqual(t, answered, 8, "keyframes for three viewers, one closing and one choice of layers")

	judge.peer.Close()
	every(t, "told that it is gone", func(int) {}, all(func(v *client) bool {
		return stateOf(v, cam("judge")).PausedBy == PausedByLost && stateOf(v, mic("judge")).PausedBy == PausedByLost
	}))
	judge = join(t, r, clientParams{id: "judge", mic: true, rids: []string{""}})
	s, cams = newSpeaker(judge), []*camera{newCamera(judge, 0, "", 640, 360)}
	asked, answered = &atomic.Int32{}, 0
	go countPLIs(judge.camTx, asked)
	every(t, "back again", film("four"), all(func(v *client) bool { return v.has(mic("judge"), "four") && v.has(cam("judge"), "four") }))
	behind := viewers[0].peer.room
	r.Close()
	behind.mu.Lock()
	defer behind.mu.Unlock()
	require.Empty(t, behind.peers)
	_, err = r.Join(PeerParams{ID: "late", Onlooker: true})
	require.ErrorIs(t, err, ErrClosed)
}

// mid is the section that the source is bound to.
func (c *client) mid(id SourceID) string {
	for mid, s := range c.table {
		if s == id {
			return mid
		}
	}
	return ""
}
