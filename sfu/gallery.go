package sfu

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
)

// Who only looks on (PeerParams.Onlooker) sits in a gallery: a room behind the room, on
// another loop, to which the room hands what is granted to anybody, packet by packet as
// it leaves. 800 who look on cost the room as much as one tap; a packet's way to them is
// nobody's wait. The gallery has the same routing and grants what that says, by itself:
// being handed a packet is no right to it.

const (
	// galleryQueue bounds the packets on the way to a gallery: half a second of a hearing
	// of eleven. When it is full a picture goes on at its next keyframe, sound loses a packet.
	galleryQueue = 512
	// galleryPictures is how much of it pictures may take: the rest is for sound.
	galleryPictures = galleryQueue * 3 / 4
	// gallerySends is how much is sent before others get the gallery's lock: four
	// milliseconds.
	gallerySends = 512
)

// gallery is behind the room from, which has one at most.
type gallery struct {
	from *Room
	room *Room
	tap  *tapEntry
	wake chan struct{} // capacity 1
	done chan struct{}
	end  sync.Once

	viewers atomic.Int64 // who have joined

	// queue is taken after the lock of either room.
	queue struct {
		sync.Mutex

		list  []handed // from first on
		first int
		news  int // of the list, which no bound holds up: one for each change in the room
	}

	// Under from's lock:
	needs  map[SourceID]layerSet // of a camera's layers, as the gallery asked for them
	broken map[handedLayer]bool  // waits for a keyframe: the queue was full
	// Under room's lock:
	ghosts map[string]*Peer // those who publish, without a PeerConnection
}

type handedLayer struct {
	id    SourceID
	layer uint8
}

// handed is a packet on its way to the gallery, or news.
type handed struct {
	k     *packetRefs // nil: news
	voice voice       // of a microphone, with k
	news  func(now time.Time)
}

// gallery of the room, opened by the first who looks on. ErrClosed.
func (r *Room) openGallery() (*gallery, error) {
	r.applying.Lock()
	defer r.applying.Unlock()
	r.mu.Lock()
	g, closed, epoch := r.gallery, r.closed, r.epoch
	r.mu.Unlock()
	if closed {
		return nil, fmt.Errorf("room: %w", ErrClosed)
	}
	if g != nil {
		return g, nil
	}
	room, err := r.engine.behind(r)
	if err != nil {
		return nil, err
	}
	g = &gallery{
		from: r, room: room, wake: make(chan struct{}, 1), done: make(chan struct{}),
		needs: map[SourceID]layerSet{}, broken: map[handedLayer]bool{}, ghosts: map[string]*Peer{},
	}
	if err := room.Apply(Routing{Epoch: epoch, Grants: r.applied.Grants, Members: r.applied.Members}); err != nil {
		room.Close()
		return nil, err
	}
	r.engine.wg.Go(g.run)
	if !g.begin() {
		g.close()
		return nil, fmt.Errorf("room: %w", ErrClosed)
	}
	return g, nil
}

// begin hands over from now on; false: the room was closed meanwhile.
func (g *gallery) begin() bool {
	r := g.from
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.gallery = g
	for id, p := range r.peers {
		g.device(id, p.state)
	}
	g.tap = r.addTap(TapParams{Tap: g}, nil, g)
	return true
}

func (g *gallery) close() {
	g.end.Do(func() { close(g.done) })
	g.room.Close()
}

// granted tells whether the tap of class gets the source, or the gallery: what is granted
// to anybody. To whom, the gallery asks its own table.
func (e *tapEntry) granted(t *grantTable, id SourceID) bool {
	if e.gallery != nil {
		return len(t.grants[id]) > 0
	}
	_, ok := t.class(id, e.p.Class)
	return ok
}

// hand gives the gallery packets of a source, in the order in which receivers get them;
// under from's lock.
func (g *gallery) hand(src *source, list []passing) {
	t := g.tap.sources[src.id]
	if t == nil || !t.opened {
		return
	}
	for _, x := range list {
		at := handedLayer{t.src.id, x.l.index}
		if !t.gate.admit(x.k, x.l.index) || g.broken[at] && !x.k.keyStart {
			continue
		}
		x.k.retain()
		if g.push(handed{k: x.k, voice: t.src.voice}) {
			delete(g.broken, at)
			continue
		}
		x.k.release()
		g.from.loop.count.dropped[dropFull].Add(uint64(max(1, g.viewers.Load()))) //nolint:gosec // not negative
		if t.src.kind == Cam {
			g.broken[at] = true
			x.l.wishForKey()
		}
	}
}

// push takes a packet or news into the queue; false: it is full.
func (g *gallery) push(h handed) bool {
	q := &g.queue
	q.Lock()
	defer q.Unlock()
	bound := galleryQueue
	if h.k != nil && h.k.pkt.Source.Kind == Cam {
		bound = galleryPictures
	}
	if h.k != nil && len(q.list)-q.first-q.news >= bound {
		return false
	}
	if h.k == nil {
		q.news++
	}
	if q.first > galleryQueue {
		n := copy(q.list, q.list[q.first:])
		clear(q.list[n:])
		q.list, q.first = q.list[:n], 0
	}
	q.list = append(q.list, h)
	select {
	case g.wake <- struct{}{}:
	default:
	}
	return true
}

func (g *gallery) full() bool {
	g.queue.Lock()
	defer g.queue.Unlock()
	return len(g.queue.list)-g.queue.first >= galleryQueue
}

// tell queues news; they come between the packets as they happened.
func (g *gallery) tell(news func(now time.Time)) { g.push(handed{news: news}) }

// pop takes the next out of the queue; under room's lock, so that what was taken is what
// the viewers have had.
func (g *gallery) pop() (h handed, ok bool) {
	q := &g.queue
	q.Lock()
	defer q.Unlock()
	if q.first == len(q.list) {
		return h, false
	}
	h = q.list[q.first]
	q.list[q.first] = handed{}
	if q.first++; h.k == nil {
		q.news--
	}
	if q.first == len(q.list) {
		q.list, q.first = q.list[:0], 0
	}
	return h, true
}

// purge drops what is queued of a source that was closed to everybody.
func (g *gallery) purge(id SourceID) {
	q := &g.queue
	q.Lock()
	defer q.Unlock()
	kept := q.list[:q.first]
	for _, h := range q.list[q.first:] {
		if h.k != nil && h.k.pkt.Source == id {
			h.k.release()
			continue
		}
		kept = append(kept, h)
	}
	clear(q.list[len(kept):])
	q.list = kept
}

// run gives the viewers what was handed over, until close.
func (g *gallery) run() {
	for {
		select {
		case <-g.wake:
			for g.batch() {
			}
		case <-g.done:
			for {
				h, ok := g.pop()
				if !ok {
					return
				}
				if h.k != nil {
					h.k.release()
				}
			}
		}
	}
}

// batch gives some of it; true: there is more.
func (g *gallery) batch() (more bool) {
	r := g.room
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() {
		if v := recover(); v != nil { // what was in hand is lost, the rest goes on
			r.loop.count.panics.Add(1)
			r.engine.log.Error("sfu: panic in a gallery", "panic", fmt.Sprint(v))
			more = true
		}
	}()
	defer r.deliver()
	now := r.engine.p.Now()
	g.viewers.Store(int64(len(r.peers) - len(g.ghosts)))
	for sends := 0; sends < gallerySends; {
		h, ok := g.pop()
		switch {
		case !ok || r.closed:
			if h.k != nil {
				h.k.release()
			}
			return false
		case h.k != nil:
			sends += g.take(h, now)
		default:
			r.deliver()
			h.news(now)
		}
	}
	return true
}

// take is absorb of what the room in front has absorbed: the packet keeps the number that
// it has there, and is the same. It returns how many receive of its source.
func (g *gallery) take(h handed, now time.Time) (receivers int) {
	r, k := g.room, h.k
	r.at = now
	src := r.sources[k.pkt.Source]
	if src == nil || src.publisher == nil {
		k.release()
		return 1
	}
	l := g.layer(src, k)
	begun, highest := l.seq.first != 0, l.seq.highest
	if !l.seq.note(k.pkt.Seq) {
		k.release()
		return 1
	}
	if begun && k.pkt.Seq > highest+1 {
		l.holes = now.Add(redTime)
	}
	if l.flows(k.pkt.Timestamp, now) {
		r.deliver()
		if l.needKey || l.wishKey {
			src.publisher.kick()
		}
		src.retarget(now)
		r.touch(src)
	}
	if src.kind == Mic {
		src.hears(h.voice)
	}
	if src.open == 0 {
		k.release()
		return 1
	}
	src.heard += len(k.raw) + rtpHeaderSize
	l.bytes += len(k.raw) + packetOverhead
	l.put(k)
	if k.keyStart {
		r.deliver()
		l.keyframe(k, now)
	}
	r.pass(l, k, now)
	return 1 + src.open
}

// layer is where the packet comes, begun anew for a new stream.
func (g *gallery) layer(src *source, k *packetRefs) *layer {
	i := k.pkt.Layer
	l := src.layers[i]
	if l == nil {
		l = newLayer(src, int(i), g.room.engine.p.Limits.RingPackets)
		src.layers[i] = l
	}
	if l.ssrc != k.pkt.SSRC || !l.started {
		g.room.deliver()
		l.restart(k.pkt.SSRC)
	}
	return l
}

// hears takes what is known of who speaks from the room in front.
func (s *source) hears(v voice) {
	was := s.voice.speaking
	if s.voice = v; v.speaking != was {
		s.spoke()
		s.publisher.kick()
	}
}

// Opened implements Tap: it is published, and viewers may have it.
func (g *gallery) Opened(info SourceInfo, _ time.Time) {
	id := info.Source
	src := g.from.sources[id]
	src.shared = true
	g.needs[id] = allLayers // as the gallery's own publisher begins
	rids := slices.Clone(src.rids)
	g.tell(func(now time.Time) {
		p := g.ghost(id.Peer)
		if p == nil {
			return
		}
		s := g.room.source(id, now)
		if s.kind == Cam {
			s.codec = info.Codec
		}
		p.publish[string(id.Kind)] = s
		s.arrive(p, string(id.Kind), rids, now)
		g.room.refollow(now)
	})
}

// Closed implements Tap.
func (g *gallery) Closed(id SourceID, _ time.Time) {
	g.purge(id)
	delete(g.needs, id)
	maps.DeleteFunc(g.broken, func(l handedLayer, _ bool) bool { return l.id == id })
	g.tell(func(now time.Time) {
		s, p := g.room.sources[id], g.ghosts[id.Peer]
		if s == nil || p == nil || s.publisher != p {
			return
		}
		delete(p.publish, string(id.Kind))
		s.retire(now)
		g.room.prune(s, now)
		g.room.refollow(now)
	})
}

// Packet implements Tap; packets come by hand.
func (g *gallery) Packet(*Packet) {}

// SenderReport implements Tap.
func (g *gallery) SenderReport(sr SenderReport) {
	if g.full() {
		return // the next one will do
	}
	g.tell(func(time.Time) {
		s := g.room.sources[sr.Source]
		if s == nil {
			return
		}
		for _, l := range s.layers {
			if l != nil && l.ssrc == sr.SSRC {
				l.report, l.hasReport = sr, true
			}
		}
	})
}

// device says what has become of a peer of the room in front; under its lock.
func (g *gallery) device(id string, state PeerState) {
	g.tell(func(now time.Time) {
		r := g.room
		if state == PeerClosed {
			if p := g.ghosts[id]; p != nil {
				delete(g.ghosts, id)
				p.leave()
				p.closeLater()
			}
			return
		}
		if p := g.ghost(id); p != nil && p.state != state {
			p.note(state)
			r.touchDevice(id)
			r.refollow(now)
		}
	})
}

// ghost stands for a peer of the room in front, by whose bound they are bounded; nil: a
// viewer has the name. Under room's lock.
func (g *gallery) ghost(id string) *Peer {
	p := g.ghosts[id]
	if p != nil || g.room.closed || g.room.peers[id] != nil {
		return p
	}
	p = newGhost(g.room, id)
	p.gallery, p.layers = g, g
	g.room.stands(p)
	g.ghosts[id] = p
	return p
}

// asked passes on what a ghost's worker has gathered.
func (g *gallery) asked(p *Peer, e *errands) {
	if e.keyframes == 0 && len(e.layers) == 0 {
		return
	}
	r := g.from
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.engine.p.Now()
	for _, n := range e.layers {
		g.need(SourceID{Peer: p.id, Kind: SourceKind(n.mid)}, n.rids, now)
	}
	if e.keyframes == 0 {
		return
	}
	t := g.tap.sources[SourceID{Peer: p.id, Kind: Cam}]
	if t == nil || !t.opened {
		return
	}
	for _, l := range t.src.layers {
		if l != nil && slices.ContainsFunc(e.rtcp, func(x rtcp.Packet) bool {
			pli, ok := x.(*rtcp.PictureLossIndication)
			return ok && pli.MediaSSRC == l.ssrc
		}) {
			l.wishForKey()
		}
	}
}

// need asks the room in front for layers of a camera; under its lock.
func (g *gallery) need(id SourceID, rids []string, now time.Time) {
	src := g.from.sources[id]
	if _, ok := g.needs[id]; !ok || src == nil || src.publisher == nil {
		return
	}
	var set layerSet
	for i, rid := range src.rids {
		if slices.Contains(rids, rid) {
			set = set.with(i)
		}
	}
	g.needs[id] = set
	src.want(set, now)
}

// LayersNeeded implements LayerObserver; a ghost's worker calls asked instead.
func (g *gallery) LayersNeeded(string, string, []string) {}

// apply puts a routing in force for the viewers. What has come to the room in front before
// is from before its openings, wherever it is on its way: held, or in the queue.
func (g *gallery) apply(rt Routing) error {
	type mark struct {
		id  SourceID
		ext [maxLayers]uint64
	}
	var marks []mark
	g.from.mu.Lock()
	for id, t := range g.tap.sources {
		if !t.opened {
			continue
		}
		m := mark{id: id}
		for i, l := range t.src.layers {
			if l != nil {
				m.ext[i] = l.seq.highest
			}
		}
		marks = append(marks, m)
	}
	g.from.mu.Unlock()
	now := g.room.engine.p.Now()
	g.room.mu.Lock()
	for _, m := range marks {
		src := g.room.source(m.id, now)
		for i := range m.ext {
			src.pending[i] = max(src.pending[i], m.ext[i])
		}
	}
	g.room.mu.Unlock()
	return g.room.Apply(rt)
}
