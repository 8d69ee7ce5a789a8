package sfu

import (
	"slices"
	"time"
)

const (
	micReserve = 40_000 // bits per second kept for an open microphone, speaking or not
	maxRTXLoss = 0.3    // share of the line kept for repeats at most
	raiseBy    = 1.1    // margin without which no picture gets more than it has
	keepBy     = 1.25   // the lowest layer is left only when it is so much too much
	raiseHold  = time.Second
	maxHold    = 16 * time.Second
	leastHold  = 2 * time.Second // bound of the hold where a picture has nothing
	shortRaise = 4 * time.Second // a raise taken back so soon lengthens the hold
)

// shareState is what keeps pictures from going up and down.
type shareState struct {
	raised, lowered time.Time
	hold            time.Duration
}

// demand is what one picture asks of the line.
type demand struct {
	priority uint8
	// rate of each layer that may be chosen, in bits per second; 0: not to be had.
	rate [maxLayers]int
	// must: its lowest layer flows however little the line carries.
	must bool
	// fresh: it has been given nothing yet, and has not been refused.
	fresh bool
	now   int // layer that it has, -1: none
	give  int // layer that it gets, -1: none
	// section is the index of the section that asks.
	section int
}

// up returns the next layer above i that is to be had, -1 without one.
func (d *demand) up(i int) int {
	for i++; i < maxLayers; i++ {
		if d.rate[i] > 0 {
			return i
		}
	}
	return -1
}

// onlyLowest takes all layers but the lowest away.
func (d *demand) onlyLowest() {
	lowest := d.up(-1)
	for i := range d.rate {
		if i != lowest {
			d.rate[i] = 0
		}
	}
}

// cost of layer i, 0 for none.
func (d *demand) cost(i int) int {
	if i < 0 {
		return 0
	}
	return d.rate[i]
}

// raises says who may get more than it has.
type raises uint8

const (
	raiseNone    raises = iota
	raiseNothing        // who has nothing, the lowest layer
	raiseAll
)

// divide gives each picture a layer within budget bits per second. First everyone's
// lowest, the more important before the others, then more to the most important
// as far as it goes, then to the next. More than a picture has is given only as raise
// says, and with a margin. It returns what all would like.
func divide(budget int, list []demand, raise raises) (wanted int) {
	slices.SortStableFunc(list, func(a, b demand) int { return int(b.priority) - int(a.priority) })
	fits := func(d *demand, to int) bool {
		more := d.cost(to) - d.cost(d.give)
		if to > d.now && !(d.fresh && d.give < 0) {
			may := raise == raiseAll || raise == raiseNothing && d.now < 0 && d.give < 0
			return may && float64(more)*raiseBy <= float64(budget)
		}
		if d.give < 0 && to <= d.now {
			return float64(more) <= keepBy*float64(budget)
		}
		return more <= budget
	}
	take := func(d *demand, to int) {
		budget -= d.cost(to) - d.cost(d.give)
		d.give = to
	}
	for i := range list {
		d := &list[i]
		d.give = -1
		top := -1
		for j := d.up(-1); j >= 0; j = d.up(j) {
			top = j
		}
		wanted += d.cost(top)
		if d.must && top >= 0 {
			take(d, d.up(-1))
		}
	}
	for i := range list {
		if d := &list[i]; d.give < 0 {
			if least := d.up(-1); least >= 0 && fits(d, least) {
				take(d, least)
			}
		}
	}
	for i := range list {
		d := &list[i]
		if d.give < 0 {
			continue
		}
		for to := d.up(d.give); to >= 0; to = d.up(to) {
			// A layer that is dearer than the one above it is passed over.
			if fits(d, to) {
				take(d, to)
			}
		}
	}
	return wanted
}

// allocate divides what the peer's line carries among its pictures, after sound.
func (p *Peer) allocate(now time.Time) {
	l := &p.tx.line
	if !l.bounds(now) {
		return
	}
	var room [16]demand
	var which [16]*section
	list, secs := room[:0], which[:0]
	sound := p.sound(now) * (1 + max(l.red, 1)) / 2
	for _, s := range p.sections {
		switch {
		case !s.gate.open || s.dead || s.src.kind == Mic:
		case s.ideal < 0:
			s.starved = false
			s.settle(-1, s.rests())
		case p.stills.only:
			s.starved = true
			s.settle(-1, true)
		default:
			list, secs = append(list, s.demand(now)), append(secs, s)
			list[len(list)-1].section = len(secs) - 1
			if !l.est.Known() { // the line may be narrow
				list[len(list)-1].onlyLowest()
			}
		}
	}
	l.pace.follow(l.est.Target(), l.est.Target()-sound, now)
	through := 1 - min(l.est.Loss(), maxRTXLoss)
	budget := int(float64(l.est.Target()-sound) * through)
	congested := l.est.Congested()
	st := &l.share
	raise := raiseNone
	switch since := now.Sub(st.lowered); {
	case congested:
	case since >= st.hold:
		raise = raiseAll
	case since >= leastHold:
		raise = raiseNothing
	}
	wanted := divide(budget, list, raise)
	l.wanted = 0
	if wanted > budget {
		l.wanted = int(float64(wanted)*raiseBy/through) + sound
	}
	lowered, raised := false, false
	for i := range list {
		d := &list[i]
		lowered = lowered || d.give < d.now
		raised = raised || d.give > d.now && d.now >= 0
		s := secs[d.section]
		s.starved = d.give < 0
		s.settle(d.give, d.give < 0 || congested && d.give < s.current)
		s.src.want(s.reach(now), now)
	}
	st.note(lowered, raised, now)
}

// note lengthens the hold when a raise did not last.
func (st *shareState) note(lowered, raised bool, now time.Time) {
	if lowered {
		switch {
		case now.Sub(st.raised) < shortRaise:
			st.hold = min(2*st.hold, maxHold)
		case now.Sub(st.lowered) > maxHold:
			st.hold = raiseHold
		}
		st.hold = max(st.hold, raiseHold)
		st.lowered = now
	}
	if raised {
		st.raised = now
	}
}

// demand of the section: its layers up to that which its size asks for.
func (s *section) demand(now time.Time) demand {
	d := demand{priority: s.grant.Priority, must: !s.grant.MayPause, now: s.target, give: -1, fresh: s.target < 0 && !s.starved}
	ok := s.src.choosable(now, int(s.grant.MinLayer), int(s.grant.MaxLayer))
	for i := range s.ideal + 1 {
		if ok[i] {
			d.rate[i] = s.src.layerRate(i)
		}
	}
	return d
}

// layerRate is what layer i takes of a receiver's line; before it is measured, what
// such a layer usually takes.
func (s *source) layerRate(i int) int {
	if l := s.layers[i]; l != nil && l.rate > 0 {
		return l.rate
	}
	if len(s.rids) == 0 {
		return 500_000
	}
	return [maxLayers]int{150_000, 500_000, 1_700_000, 3_000_000}[i]
}

// sound is what the open microphones take of the peer's line, with one frame of
// redundancy in each packet.
func (p *Peer) sound(now time.Time) (rate int) {
	for _, s := range p.sections {
		if s.gate.open && !s.dead && !s.withheld && s.src.kind == Mic {
			rate += s.src.soundRate(now)
		}
	}
	return rate
}

// soundRate is what an open microphone takes of a receiver's line.
func (s *source) soundRate(now time.Time) int {
	if !s.live(now, 0) {
		return 0
	}
	return max(micReserve, s.layers[0].rate)
}
