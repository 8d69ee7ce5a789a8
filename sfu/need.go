package sfu

import "time"

// Layers that nobody takes are not sent, where the publisher can be told so (see
// LayerObserver). One that becomes wanted is asked for in that moment; one is given up
// layerKeep after it was last wanted; the lowest never is, so that whoever begins has a
// picture at once. A layer given up is none that could be chosen until it comes again, so
// nobody leaves what flows for one that does not.
const (
	layerKeep     = 5 * time.Second
	layerPatience = 2 * time.Second // so long one that was asked for is waited for before another
)

// layerSet has bit i for layer i.
type layerSet uint8

const allLayers = layerSet(1<<maxLayers - 1)

func (m layerSet) has(i int) bool { return i >= 0 && m&(1<<i) != 0 }

// with is m and layer i, -1 for none.
func (m layerSet) with(i int) layerSet {
	if i < 0 {
		return m
	}
	return m | 1<<i
}

// layerNeed is what a source's publisher is to send. Under the room's lock.
type layerNeed struct {
	on, told layerSet             // wanted now or lately; as the publisher was last told
	gone     layerSet             // given up, or asked for again and nothing has come yet
	wanted   [maxLayers]time.Time // last
	asked    [maxLayers]time.Time
}

// steered says that the source's publisher can be told which layers to send.
func (s *source) steered() bool {
	return len(s.rids) > 1 && s.publisher != nil && s.publisher.layers != nil
}

// needAll begins a publisher's time: it sends all layers and knows of nothing else.
func (s *source) needAll(now time.Time) {
	s.need = layerNeed{on: allLayers, told: allLayers}
	for i := range maxLayers {
		s.need.wanted[i], s.need.asked[i] = now, now
	}
}

// want asks for the layers of the set that are given up.
func (s *source) want(set layerSet, now time.Time) {
	more := set &^ s.need.on
	if more == 0 {
		return
	}
	s.need.on |= more
	for i := range maxLayers {
		if more.has(i) {
			s.need.wanted[i], s.need.asked[i] = now, now
			if l := s.layers[i]; l != nil {
				l.needKey = true // of use when it is sent all the same
			}
		}
	}
	s.publisher.kick()
}

// spare gives up what was not wanted for a while.
func (s *source) spare(now time.Time) {
	if !s.steered() {
		return
	}
	set := layerSet(1)
	for _, sec := range s.sections {
		set |= sec.reach(now)
	}
	for _, t := range s.taps {
		set |= t.reach(now)
	}
	s.want(set, now)
	for i := range s.rids {
		switch {
		case set.has(i):
			s.need.wanted[i] = now
		case s.need.on.has(i) && now.Sub(s.need.wanted[i]) >= layerKeep:
			s.giveUp(i)
		}
	}
}

// giveUp ends layer i until somebody wants it.
func (s *source) giveUp(i int) {
	s.need.on &^= 1 << i
	s.need.gone |= 1 << i
	if l := s.layers[i]; l != nil {
		l.needKey, l.wishKey = false, false
	}
	s.publisher.kick()
}

// resume notes a keyframe of l, perhaps the first since the layer was asked for again;
// what came before one may have been under way when the publisher heard that nobody
// wants it. The layer's silence was our wish and says nothing about its sender.
func (l *layer) resume(now time.Time) {
	n := &l.src.need
	if i := int(l.index); !n.gone.has(i) || !n.on.has(i) {
		return
	}
	n.gone &^= 1 << l.index
	l.flow.stalled, l.flow.steady, l.flow.since = false, 0, now
	l.rate, l.bytes = 0, 0
	l.src.retarget(now)
}

// expects says that layer i flows, or may when it is asked for.
func (s *source) expects(i int, now time.Time) bool {
	l := s.layers[i]
	return !s.need.on.has(i) || now.Sub(s.need.asked[i]) < layerPatience || l != nil && l.flowing(now) && !s.need.gone.has(i)
}

// offered are the layers that the publisher could send.
func (s *source) offered() (ok [maxLayers]bool) {
	for i := range max(1, len(s.rids)) {
		ok[i] = true
	}
	return ok
}

// toward is the layers from one to another, up to the first that is to be expected.
func (s *source) toward(from, to int, now time.Time) (set layerSet, found bool) {
	step := 1
	if to < from {
		step = -1
	}
	for i := from; i != to+step; i += step {
		if set = set.with(i); s.expects(i, now) {
			return set, true
		}
	}
	return set, false
}

// reach is what the section takes or may take next: where the line bounds it, the next
// layer on the way up to what its size asks for (a probe for more room is for that one)
// and the one that it would fall to; in place of one that does not come, the next best.
func (s *section) reach(now time.Time) (set layerSet) {
	if !s.gate.open || s.src.kind != Cam || s.wish < 0 || !s.src.steered() {
		return 0
	}
	lo, hi := int(s.grant.MinLayer), min(int(s.grant.MaxLayer), len(s.src.rids)-1)
	set, from := set.with(s.current).with(s.target), s.wish
	if s.peer.tx.line.bounds(now) {
		from = min(s.wish, max(s.target+1, lo))
		if s.target > lo {
			set = set.with(s.target - 1)
		}
	}
	up, found := s.src.toward(from, hi, now)
	if set |= up; !found && from > lo {
		down, _ := s.src.toward(from-1, lo, now)
		set |= down
	}
	return set
}

// reach is what the tap takes, or would if it came.
func (t *tapSource) reach(now time.Time) (set layerSet) {
	if !t.opened || t.src.kind != Cam || !t.src.steered() {
		return 0
	}
	if t.tap.gallery != nil {
		return t.tap.gallery.needs[t.src.id] & (1<<len(t.src.rids) - 1)
	}
	wish := t.src.tallest(t.src.offered(), t.tap.p.MaxHeight)
	set = set.with(t.current).with(t.target)
	down, found := t.src.toward(wish, 0, now)
	if set |= down; !found && wish < len(t.src.rids)-1 {
		up, _ := t.src.toward(wish+1, len(t.src.rids)-1, now)
		set |= up
	}
	return set
}

// layersNeeded is what a publisher is to be told of one of its cameras.
type layersNeeded struct {
	mid  string
	rids []string
}

// collectLayers gathers what has changed since the publisher was told.
func (p *Peer) collectLayers(e *errands) {
	for _, s := range p.publish {
		if s.publisher != p || !s.steered() || s.need.on == s.need.told {
			continue
		}
		s.need.told = s.need.on
		n := layersNeeded{mid: s.mid}
		for i, rid := range s.rids {
			if s.need.on.has(i) {
				n.rids = append(n.rids, rid)
			}
		}
		e.layers = append(e.layers, n)
	}
}
