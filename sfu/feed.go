package sfu

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
)

// A feed carries one picture of a room, what its class may see there now, into another
// room as a camera of that one. A wall with many hearings is a room of its own: however
// many look at it, each hearing has one tap more, and nobody's lock is anybody else's.

// feedQueue bounds the packets on the way from one room to the other: two seconds of the
// lowest layer of a simulcast, less of a camera that sends one large layer. When it is full
// the picture goes on at its next keyframe.
const feedQueue = 256

// FeedParams makes a feed.
type FeedParams struct {
	// Class whose grants decide what may be fed: of the cameras granted to it the one of
	// the highest priority is, connected ones first, in its lowest layer.
	Class string
	// Into is the room that gets the picture, as the camera of the peer As, of which
	// there is no other.
	Into *Room
	As   string
}

// feed is a tap of the one room and the publisher of the other.
type feed struct {
	p     FeedParams
	from  *Room
	tap   *tapEntry
	ghost *Peer // in p.Into; it has no PeerConnection
	queue chan fedPacket
	ended chan struct{} // capacity 1: life was raised without Apply

	// life is the number of the stream that is carried; raised under from's lock it makes
	// everything on the way worthless.
	life atomic.Uint64

	// Under from's lock: the feed is over; which camera is to be carried, and which is.
	over            bool
	chosen, carried SourceID
	ssrc            uint32 // of carried

	// Under Into's lock: what of it has come there.
	src    *source // nil: nothing is published
	passed uint64  // life of src
}

type fedPacket struct {
	p    *Packet
	life uint64
}

// Feed is a picture that is carried from one room into another.
type Feed struct{ ghost *Peer }

// Close ends it: nothing is sent of it when it returns.
func (f *Feed) Close() { f.ghost.Close() }

// Over tells whether it has ended, also because one of the rooms was closed.
func (f *Feed) Over() bool {
	select {
	case <-f.ghost.done:
		return true
	default:
		return false
	}
}

// Feed begins to carry a picture until the Feed or one of the rooms is closed. When Apply
// closes what is fed, nothing of it is sent when that returns. ErrClosed: a room is.
func (r *Room) Feed(p FeedParams) (*Feed, error) {
	if err := validID(p.As); err != nil {
		return nil, err
	}
	if p.Into == nil || p.Into == r {
		return nil, fmt.Errorf("sfu: a room cannot feed itself: %w", ErrClosed)
	}
	f := &feed{p: p, from: r, queue: make(chan fedPacket, feedQueue), ended: make(chan struct{}, 1)}
	f.life.Store(1) // 0 is of nothing
	var err error
	if f.ghost, err = p.Into.standIn(f); err != nil {
		return nil, err
	}
	if err := f.listen(); err != nil {
		f.ghost.Close()
		return nil, err
	}
	r.engine.wg.Go(f.run)
	return &Feed{f.ghost}, nil
}

// standIn admits a peer that publishes what is fed.
func (r *Room) standIn(f *feed) (*Peer, error) {
	p := newGhost(r, f.p.As)
	p.feed, p.state = f, PeerConnected
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return nil, fmt.Errorf("room: %w", ErrClosed)
	case r.peers[p.id] != nil:
		return nil, fmt.Errorf("sfu: %q is fed twice: %w", p.id, ErrClosed)
	case len(r.peers) >= r.engine.p.Limits.PeersPerRoom:
		return nil, fmt.Errorf("%w: %d peers in the room", ErrLimit, len(r.peers))
	}
	r.loop.count.peers.Add(1)
	r.stands(p)
	return p, nil
}

// newGhost is a peer without a PeerConnection: what it publishes comes from another room.
func newGhost(r *Room, id string) *Peer {
	now := r.engine.p.Now()
	return &Peer{
		room: r, id: id, born: now, heard: now,
		wake: make(chan struct{}, 1), losses: make(chan struct{}, 1), done: make(chan struct{}), closed: make(chan struct{}),
		byMID: map[string]*section{}, publish: map[string]*source{}, answers: newAnswerTime(), in: newIntake(now),
	}
}

// stands admits a ghost; under the room's lock.
func (r *Room) stands(p *Peer) {
	r.peers[p.id] = p
	r.engine.wg.Go(p.work)
}

// listen makes the tap.
func (f *feed) listen() error {
	r := f.from
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || f.over {
		return fmt.Errorf("room: %w", ErrClosed)
	}
	// Nothing has so few lines: the lowest layer.
	f.tap = r.addTap(TapParams{Class: f.p.Class, Tap: f, MaxHeight: 1}, f, nil)
	f.choose()
	return nil
}

// Opened implements Tap.
func (f *feed) Opened(SourceInfo, time.Time) {
	if f.tap != nil { // else listen chooses
		f.choose()
	}
}

// Closed implements Tap. Nothing more of the source is passed on.
func (f *feed) Closed(id SourceID, _ time.Time) {
	if id == f.carried {
		f.end()
	}
	f.choose()
}

// SenderReport implements Tap: one picture without sound needs no common clock.
func (f *feed) SenderReport(SenderReport) {}

// end makes worthless what was carried.
func (f *feed) end() {
	f.carried, f.ssrc = SourceID{}, 0
	f.life.Add(1)
	select {
	case f.ended <- struct{}{}:
	default:
	}
}

// choose finds what is to be carried; under from's lock.
func (f *feed) choose() {
	var best *tapSource
	var of Grant
	for id, t := range f.tap.sources {
		if id.Kind != Cam || !t.opened {
			continue
		}
		g, _ := f.from.table.class(id, f.p.Class)
		if best == nil || before(t, g, best, of) {
			best, of = t, g
		}
	}
	if best == nil {
		f.chosen = SourceID{}
		return
	}
	if f.chosen = best.src.id; f.chosen != f.carried && best.current >= 0 {
		best.ask(best.src.layers[best.current])
	}
}

// before orders cameras by who is shown: connected, of high priority, then by id.
func before(a *tapSource, g Grant, b *tapSource, h Grant) bool {
	switch {
	case a.src.lost() != b.src.lost():
		return b.src.lost()
	case g.Priority != h.Priority:
		return g.Priority > h.Priority
	}
	return a.src.id.Peer < b.src.id.Peer
}

// Packet implements Tap. What is carried goes on until the keyframe of what was chosen
// instead.
func (f *feed) Packet(p *Packet) {
	if p.Source != f.carried || p.SSRC != f.ssrc {
		if p.Source != f.chosen || !p.refs.keyStart {
			return
		}
		f.carried, f.ssrc = p.Source, p.SSRC
		f.life.Add(1)
	}
	p.Retain()
	select {
	case f.queue <- fedPacket{p, f.life.Load()}:
	default:
		p.Release()
		f.end()
		f.choose() // asks for the keyframe
	}
}

// ask asks for a keyframe of what is carried, as a viewer does: those of the room that
// is fed wait for one.
func (f *feed) ask() {
	f.from.mu.Lock()
	defer f.from.mu.Unlock()
	if t := f.tap.sources[f.carried]; t != nil && t.opened && t.current >= 0 {
		t.ask(t.src.layers[t.current])
	}
}

// run takes what comes into the other room until the feed ends.
func (f *feed) run() {
	defer f.ghost.rescue()
	for {
		select {
		case k := <-f.queue:
			f.pass(k)
		case <-f.ended:
			f.quit()
		case <-f.ghost.done:
			for {
				select {
				case k := <-f.queue:
					k.p.Release()
				default:
					return
				}
			}
		}
	}
}

// pass gives a packet, and what stands behind it, to the room that is fed.
func (f *feed) pass(k fedPacket) {
	r := f.p.Into
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.deliver()
	now := r.engine.p.Now()
	for {
		if k.life == f.life.Load() && !f.ghost.ended {
			f.absorb(k, now)
		}
		k.p.Release()
		select {
		case k = <-f.queue:
		default:
			return
		}
	}
}

// fedTypes are the payload types of a fed packet, by its codec.
func fedTypes(c Codec) codecTypes {
	if c == H264 {
		return codecTypes{h264: 102}
	}
	return codecTypes{vp8: 96}
}

func (f *feed) absorb(k fedPacket, now time.Time) {
	if f.passed != k.life {
		f.begin(k, now)
	}
	types := fedTypes(k.p.Codec)
	pkt := rtp.Packet{Payload: k.p.refs.raw}
	pkt.Version, pkt.Marker, pkt.PayloadType = 2, k.p.Marker, types.video()
	pkt.SequenceNumber, pkt.Timestamp = uint16(k.p.Seq), k.p.Timestamp //nolint:gosec // the low half
	pkt.SSRC = f.src.layers[0].ssrc
	f.p.Into.absorb(f.src.layers[0], &pkt, types, now)
}

// begin takes another stream into the camera's place.
func (f *feed) begin(k fedPacket, now time.Time) {
	r := f.p.Into
	if f.src != nil && f.src.codec != k.p.Codec {
		f.retire(now)
	}
	if f.src == nil {
		f.src = r.source(SourceID{Peer: f.p.As, Kind: Cam}, now)
		f.src.codec = k.p.Codec
		f.src.open++ // kept for those who come, also when nobody looks
		f.ghost.publish["fed"] = f.src
		f.src.arrive(f.ghost, "fed", nil, now)
	}
	l := f.src.layers[0]
	if l == nil {
		l = newLayer(f.src, 0, r.engine.p.Limits.RingPackets)
		f.src.layers[0] = l
	}
	r.deliver()
	f.bar()
	l.restart(rand.Uint32())
	f.passed = k.life
}

// quit ends in the room that is fed what has ended in the other.
func (f *feed) quit() {
	r := f.p.Into
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.src != nil && f.passed != f.life.Load() {
		f.retire(r.engine.p.Now())
	}
}

// retire takes the camera out of the room that is fed, with all that is kept of it.
func (f *feed) retire(now time.Time) {
	f.bar()
	src := f.src
	f.src = nil
	delete(f.ghost.publish, "fed")
	src.leaves()
	src.retire(now)
	f.p.Into.prune(src, now)
}

// bar lets nobody have what came up to now: a line that is paced may still hold it, and
// would send it as the beginning of what comes next.
func (f *feed) bar() {
	for _, s := range f.src.sections {
		if s.gate.open {
			s.gate.raise(f.src)
		}
	}
}

// detach takes the tap away; the ghost is closing.
func (f *feed) detach() {
	f.from.mu.Lock()
	f.over = true
	tap := f.tap
	f.from.mu.Unlock()
	if tap != nil {
		f.from.removeTap(tap)
	}
}

// feeds are those of the room, which Apply may have ended.
func (r *Room) feeds() []*feed {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []*feed
	for _, e := range r.taps {
		if e.feed != nil {
			list = append(list, e.feed)
		}
	}
	return list
}
