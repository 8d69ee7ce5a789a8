package sfu

import (
	"fmt"
	"time"
)

// tapSource is one source as one tap gets it. Under the room's lock.
type tapSource struct {
	tap     *tapEntry
	src     *source
	gate    gate
	opened  bool
	current int
	target  int
	waiting bool
	start   uint64 // number at which the current layer was entered
	// recovered holds extended numbers that the tap got from redundancy.
	recovered [64]uint64
}

type tapEntry struct {
	p       TapParams
	sources map[SourceID]*tapSource
	feed    *feed    // that it belongs to; nil: none
	gallery *gallery // the same
}

// Tap lets a tap hear every source granted to its class, beginning with those
// granted now. remove ends it; nothing reaches the tap after remove returns.
func (r *Room) Tap(p TapParams) (remove func(), err error) {
	if p.Tap == nil {
		return nil, fmt.Errorf("sfu: tap of class %q is nil", p.Class)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, fmt.Errorf("room: %w", ErrClosed)
	}
	e := r.addTap(p, nil, nil)
	return func() { r.removeTap(e) }, nil
}

// addTap is Tap under the room's lock.
func (r *Room) addTap(p TapParams, of *feed, behind *gallery) *tapEntry {
	e := &tapEntry{p: p, sources: map[SourceID]*tapSource{}, feed: of, gallery: behind}
	r.taps = append(r.taps, e)
	now := r.engine.p.Now()
	for _, src := range r.sources {
		r.attachTap(e, src)
	}
	r.regrantTap(e, now, false)
	r.regrantTap(e, now, true)
	return e
}

func (r *Room) removeTap(e *tapEntry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, t := range r.taps {
		if t == e {
			r.taps = append(r.taps[:i:i], r.taps[i+1:]...)
			for _, ts := range e.sources {
				ts.regrant(false, r.engine.p.Now())
				ts.src.dropTap(ts)
			}
			return
		}
	}
}

func (s *source) dropTap(t *tapSource) {
	for i, o := range s.taps {
		if o == t {
			s.taps = append(s.taps[:i:i], s.taps[i+1:]...)
			return
		}
	}
}

func (r *Room) attachTap(e *tapEntry, src *source) {
	t := &tapSource{tap: e, src: src, current: -1, target: -1}
	e.sources[src.id] = t
	src.taps = append(src.taps, t)
}

// regrantTap closes (or, in the second pass, opens) by the present routing.
func (r *Room) regrantTap(e *tapEntry, now time.Time, open bool) {
	for id, t := range e.sources {
		if granted := e.granted(&r.table, id); granted == open {
			t.regrant(granted, now)
		}
	}
}

func (t *tapSource) regrant(open bool, now time.Time) {
	if open == t.gate.open {
		return
	}
	if open {
		t.src.open++
		t.gate.raise(t.src)
		t.begin(now)
		return
	}
	t.src.leaves()
	t.gate.open = false
	t.end(now)
}

// begin reports the source once it is both granted and published.
func (t *tapSource) begin(now time.Time) {
	if t.opened || !t.gate.open || t.src.publisher == nil {
		return
	}
	t.opened, t.current, t.target = true, -1, -1
	t.tap.p.Tap.Opened(t.src.info(), now)
	t.retarget(now)
}

func (t *tapSource) end(now time.Time) {
	if !t.opened {
		return
	}
	t.opened, t.current, t.target, t.waiting = false, -1, -1, false
	t.tap.p.Tap.Closed(t.src.id, now)
}

func (t *tapSource) retarget(now time.Time) {
	if !t.opened || t.src.kind != Cam {
		return
	}
	if t.tap.gallery != nil { // it has all that come
		t.src.want(t.reach(now), now)
		return
	}
	t.target = t.src.tallest(t.src.choosable(now, 0, maxLayers-1), t.tap.p.MaxHeight)
	t.waiting = t.target >= 0 && t.target != t.current
	if t.waiting {
		t.ask(t.src.layers[t.target])
	}
	t.src.want(t.reach(now), now)
}

// wantKey asks for a keyframe when one is due, or when the tap waits for it.
func (t *tapSource) wantKey(now time.Time) {
	if !t.opened || t.current < 0 {
		return
	}
	l, p := t.src.layers[t.current], t.tap.p
	due := p.KeyframeEvery > 0 && now.Sub(l.lastKey) >= t.src.keyframeAfter(p.KeyframeEvery)
	if due || p.NeedKey != nil && p.NeedKey(t.src.id) {
		l.requestKey()
	}
}

// ask asks for a keyframe of l; a feed does so as the viewers behind it would.
func (t *tapSource) ask(l *layer) {
	if t.tap.feed == nil {
		l.requestKey()
		return
	}
	l.wishForKey()
}

// deliver hands one packet to the tap, before it what redundancy recovers.
func (t *tapSource) deliver(l *layer, k *packetRefs, opusPT uint8) {
	if !t.opened || t.tap.gallery != nil || !t.gate.admit(k, l.index) {
		return
	}
	if t.src.kind == Cam {
		if !t.choose(l, k) {
			return
		}
	} else {
		if k.red {
			t.recover(l, k, opusPT)
		}
		if t.recovered[k.pkt.Seq%uint64(len(t.recovered))] == k.pkt.Seq {
			return // the tap has it from redundancy
		}
	}
	t.tap.p.Tap.Packet(&k.pkt)
	if t.src.kind == Cam && k.pkt.Seq == t.start && k.pkt.Seq < l.seq.highest {
		// The keyframe's beginning was mended late: what followed it is here already.
		for ext := k.pkt.Seq + 1; ext <= l.seq.highest; ext++ {
			if o := l.get(ext); o != nil {
				t.tap.p.Tap.Packet(&o.pkt)
			}
		}
	}
}

func (t *tapSource) choose(l *layer, k *packetRefs) bool {
	i := int(l.index)
	if i == t.target && t.waiting {
		if !k.keyStart {
			t.ask(l)
			return i == t.current && k.pkt.Seq >= t.start
		}
		t.current, t.waiting, t.start = i, false, k.pkt.Seq
	}
	return i == t.current && k.pkt.Seq >= t.start
}

// recover delivers the packets before k that were lost and stand in its
// redundancy. Senders repeat the packets directly before, so the block that is n
// from the end is the packet n before.
func (t *tapSource) recover(l *layer, k *packetRefs, opusPT uint8) {
	n, ok := parseRED(k.raw, opusPT, &l.blocks)
	if !ok {
		return
	}
	for i, b := range l.blocks[:n-1] {
		ext := k.pkt.Seq - uint64(n-1-i)
		ts := k.pkt.Timestamp - uint32(b.offset)
		if b.offset == 0 || len(b.payload) == 0 || ext < l.seq.first || ext <= t.gate.floor[0] ||
			!after(ts, t.gate.floorTS) || l.seq.had(ext) {
			continue
		}
		at := &t.recovered[ext%uint64(len(t.recovered))]
		if *at == ext {
			continue
		}
		*at = ext
		old := t.src.publisher.room.engine.pool.get(b.payload)
		old.pkt.Source, old.pkt.Codec, old.pkt.SSRC = k.pkt.Source, Opus, k.pkt.SSRC
		old.pkt.Seq, old.pkt.Timestamp, old.pkt.Arrival = ext, ts, k.pkt.Arrival
		old.pkt.Recovered = true
		t.tap.p.Tap.Packet(&old.pkt)
		old.release()
	}
}
