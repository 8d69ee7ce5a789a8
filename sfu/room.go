package sfu

import (
	"fmt"
	"sync"
	"time"
)

// Room is a set of peers among which media may flow by grants; it is pinned to
// one loop.
type Room struct {
	engine  *Engine
	loop    *loop
	id      string
	writers map[*socket]*writer

	// applying serializes Apply, so that the packet path does not wait while
	// routings are compared; it is taken before mu.
	applying sync.Mutex
	applied  Routing // copy of the last, under applying

	// mu guards everything below and all sources, layers, sections and taps of the
	// room: the packet path holds it for one packet and all its receivers. It is
	// shared with no other room.
	mu      sync.Mutex
	closed  bool
	epoch   uint64
	table   grantTable
	peers   map[string]*Peer
	sources map[SourceID]*source
	taps    []*tapEntry
	at      time.Time // of the present call into the packet path, for what it sends
	burst   []passing // on the way to their receivers, see deliver
	out     outgoing
	// sound is the scratch of packets with redundancy.
	sound [maxPayload]byte
	// followers are the peers that follow, in the order of joining.
	followers []*Peer
	// members says since when peers are in classes that may begin with kept pictures.
	members map[Membership]time.Time
	replays bucket // bytes of kept pictures that may be sent to viewers who begin
	// gallery is where those sit who only look on; nil: nobody has yet. It is set under
	// applying too.
	gallery *gallery
	front   *Room // of which this is the gallery; nil: it is none
}

func newRoom(e *Engine, l *loop, id string) (*Room, error) {
	r := &Room{
		engine: e, loop: l, id: id,
		writers: map[*socket]*writer{}, table: newGrantTable(Routing{}),
		peers: map[string]*Peer{}, sources: map[SourceID]*source{},
		members: map[Membership]time.Time{},
		replays: newBucket(replayRate, replayBurst, e.p.Now()),
	}
	for _, s := range l.sockets {
		w, err := s.newWriter()
		if err != nil {
			return nil, err
		}
		r.writers[s] = w
	}
	return r, nil
}

// drain empties the retransmission history of a source that reaches nobody.
func (s *source) drain() {
	for _, l := range s.layers {
		if l != nil {
			l.drain()
		}
	}
}

// source returns the source of the id, made if need be.
func (r *Room) source(id SourceID, now time.Time) *source {
	if s, ok := r.sources[id]; ok {
		return s
	}
	s := &source{id: id, kind: id.Kind}
	bits := r.engine.p.Limits.AudioBitrate
	if id.Kind == Cam {
		bits, s.codec = r.engine.p.Limits.VideoBitrate, VP8
	}
	// A second's worth of burst: keyframes of all layers may come at once.
	s.police = newBucket(bits/8, bits/8, now)
	r.sources[id] = s
	r.noteShown(id, now)
	for _, e := range r.taps {
		r.attachTap(e, s)
		if e.granted(&r.table, id) {
			e.sources[id].regrant(true, now)
		}
	}
	return s
}

// prune forgets a source that nobody publishes and nobody is bound to.
func (r *Room) prune(s *source, now time.Time) {
	if s.publisher != nil || len(s.sections) > 0 || s.shared || r.sources[s.id] != s {
		return
	}
	for _, e := range r.taps {
		if t := e.sources[s.id]; t != nil {
			t.regrant(false, now)
			delete(e.sources, s.id)
		}
	}
	s.taps = nil
	s.drain()
	delete(r.sources, s.id)
}

// touch tells the receivers of a source that its state may have changed.
func (r *Room) touch(s *source) {
	for _, sec := range s.sections {
		sec.peer.dirty()
	}
}

// connected tells whether the device has a peer that is up.
func (r *Room) connected(peer string) bool {
	p := r.peers[peer]
	return p != nil && p.state == PeerConnected
}

// touchDevice tells the receivers of all of a device's sources, those that it does
// not publish too.
func (r *Room) touchDevice(peer string) {
	for _, k := range [...]SourceKind{Mic, Cam} {
		if s := r.sources[SourceID{Peer: peer, Kind: k}]; s != nil {
			r.touch(s)
		}
	}
}

// Join adds a peer. One with the same id is closed and replaced.
func (r *Room) Join(p PeerParams) (*Peer, error) {
	if err := validID(p.ID); err != nil {
		return nil, err
	}
	if r.front == nil && p.Onlooker && !p.Chooses && len(p.MayPublish) == 0 {
		g, err := r.openGallery()
		if err != nil {
			return nil, err
		}
		return g.room.Join(p)
	}
	r.mu.Lock()
	old := r.peers[p.ID]
	half := old != nil && old.half
	r.mu.Unlock()
	if old != nil && old.gallery != nil {
		return nil, fmt.Errorf("sfu: %q takes part: %w", p.ID, ErrClosed)
	}
	if half {
		old.Close() // its place is the new one's
	}
	if err := r.engine.reserve(); err != nil {
		return nil, err // who has keys stays joined
	}
	if old != nil && !half {
		old.Close()
	}
	peer, err := newPeer(r, p)
	if err != nil {
		r.engine.halfOpen.Add(-1)
		return nil, err
	}
	if err := r.admit(peer); err != nil {
		r.engine.halfOpen.Add(-1)
		_ = peer.pc.Close()
		return nil, err
	}
	return peer, nil
}

func (r *Room) admit(p *Peer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return fmt.Errorf("room: %w", ErrClosed)
	case r.peers[p.id] != nil:
		return fmt.Errorf("sfu: peer joined twice at once: %w", ErrClosed)
	case len(r.peers) >= r.engine.p.Limits.PeersPerRoom:
		return fmt.Errorf("%w: %d peers in the room", ErrLimit, len(r.peers))
	}
	r.enroll(p)
	if err := r.welcome(p); err != nil {
		r.dismiss(p)
		return err
	}
	r.peers[p.id] = p
	p.half = true
	if p.follows && !p.chooses {
		r.followers = append(r.followers, p)
	}
	r.loop.count.peers.Add(1)
	p.start()
	return nil
}

// enroll puts the peer into its own classes; under the room's lock. What its classes were
// shown before it came is no secret to it: it may begin with what is kept.
func (r *Room) enroll(p *Peer) {
	if len(p.classes) == 0 {
		return
	}
	r.table.fixed[p.id] = p.classes
	var c routingChange
	for _, class := range p.classes {
		c.addMembers = append(c.addMembers, Membership{Peer: p.id, Class: class})
	}
	r.noteMembers(&c, time.Time{})
}

// dismiss takes it out of them; under the room's lock.
func (r *Room) dismiss(p *Peer) {
	if len(p.classes) == 0 {
		return
	}
	delete(r.table.fixed, p.id)
	var c routingChange
	for _, class := range p.classes {
		c.removeMembers = append(c.removeMembers, Membership{Peer: p.id, Class: class})
	}
	r.noteMembers(&c, r.engine.p.Now())
}

// Close closes all peers and taps; the room is gone afterwards.
func (r *Room) Close() {
	r.mu.Lock()
	r.closed = true
	peers := make([]*Peer, 0, len(r.peers))
	for _, p := range r.peers {
		peers = append(peers, p)
	}
	r.mu.Unlock()
	var wg sync.WaitGroup
	for _, p := range peers {
		wg.Go(p.Close)
	}
	wg.Wait()
	r.mu.Lock()
	taps, behind := r.taps, r.gallery
	r.mu.Unlock()
	if behind != nil {
		behind.close()
	}
	for _, e := range taps {
		r.removeTap(e)
		if e.feed != nil {
			e.feed.ghost.Close()
		}
	}
	r.mu.Lock()
	for _, s := range r.sources {
		s.drain()
	}
	r.mu.Unlock()
	r.engine.forget(r)
}
