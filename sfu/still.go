package sfu

import "time"

// A wall on a line that carries not even the lowest layer of a picture shows stills of it:
// one keyframe from time to time, whole and alone. Stills of all pictures together take a
// share of the line; they come one after the other, the oldest first, and wait in the
// pacer like every picture. The sources are asked for them as for viewers alone.
const (
	stillEvery = 10 * time.Second              // from one still of a picture to the next
	stillShare = 0.5                           // of what the line carries beside sound
	stillLine  = 1_000_000                     // bits per second, where the line is not bounded
	stillLeast = 30_000                        // bits per second for stills on the thinnest line
	stillAsks  = viewerKeyframes + time.Second // so long one is waited for before another is asked for
	stillPace  = 250 * time.Millisecond
)

// stills are those of a peer that chooses (PeerParams.Chooses).
type stills struct {
	only  bool      // nothing is to move (Peer.Stills)
	free  time.Time // the share is spent until then
	next  *section  // whose turn it is, nil: nobody's
	asked time.Time // for next
}

// still is a section's: what it may send of a picture that does not move.
type still struct {
	on     bool
	frame  bool   // a still has begun: the picture of the layer with timestamp ts
	layer  uint8  // of it
	ts     uint32 // as received
	at     time.Time
	asking time.Time // for the next one, zero: not yet
}

// Stills says whether nothing on the peer's wall is to move: each picture is a still,
// renewed every 10 s at most, however much the line carries. Only for a peer that chooses.
func (p *Peer) Stills(only bool) {
	p.lock(func() {
		if p.ended || !p.chooses || p.stills.only == only {
			return
		}
		p.stills.only = only
		now := p.room.engine.p.Now()
		for _, s := range p.sections {
			s.retarget(now)
		}
		p.kick()
	})
}

// settle gives the section a layer, -1 for none that moves: a wall gets stills then.
func (s *section) settle(give int, atOnce bool) {
	on := give < 0 && s.ideal >= 0 && s.peer.chooses && s.views()
	if on && s.still.on {
		return
	}
	if on != s.still.on {
		s.peer.tx.line.pace.drop(s) // the other way's would be taken for this one's
		s.still = still{on: on, at: s.still.at}
		s.current, s.running, s.keyHeld = -1, false, false
		s.peer.kick()
		s.peer.dirty()
	}
	s.aim(give, atOnce)
}

// takesStill decides about a packet of a picture of which stills are sent.
func (s *section) takesStill(l *layer, k *packetRefs) bool {
	st := &s.still
	if st.frame && st.layer == l.index && st.ts == k.pkt.Timestamp {
		return true
	}
	now := s.peer.room.at
	if !s.gate.open || k.pkt.Seq <= s.gate.floor[l.index] || !k.keyStart || int(l.index) != s.stillLayer() || now.Sub(st.at) < stillEvery || !s.peer.stills.has(s, now) {
		return false
	}
	s.peer.stills.next = nil
	st.frame, st.layer, st.ts, st.at, st.asking = true, l.index, k.pkt.Timestamp, now, time.Time{}
	s.current, s.running, s.congested, s.keyHeld = int(l.index), false, false, false
	return true
}

// stillLayer is the lowest that the section may have.
func (s *section) stillLayer() int {
	for i := int(s.grant.MinLayer); i <= min(int(s.grant.MaxLayer), maxLayers-1); i++ {
		if s.src.layers[i] != nil && s.src.layers[i].started {
			return i
		}
	}
	return -1
}

// spendStill takes a packet of a still out of the peer's share.
func (s *section) spendStill(size int) {
	p := s.peer
	rate := float64(stillLine)
	if p.tx.line.bounds(p.room.at) {
		rate = float64(p.tx.line.est.Target() - p.sound(p.room.at))
	}
	rate = max(rate*stillShare, stillLeast)
	from := p.stills.free
	if from.Before(p.room.at) {
		from = p.room.at
	}
	p.stills.free = from.Add(time.Duration(float64(8*size) / rate * float64(time.Second)))
}

// has says that there is room for a still of the section.
func (t *stills) has(s *section, now time.Time) bool {
	return !now.Before(t.free) && (t.next == nil || t.next == s)
}

// renewStills asks for the still that is the oldest, when there is room for one.
func (p *Peer) renewStills(e *errands, now time.Time) {
	if !p.chooses {
		return
	}
	t := &p.stills
	if t.next != nil && (!t.next.renews(now) || now.Sub(t.asked) >= stillAsks) {
		t.next = nil
	}
	var oldest *section
	for _, s := range p.sections {
		if !s.still.on {
			continue
		}
		e.next = min(e.next, stillPace)
		if s.renews(now) && (oldest == nil || s.still.order().Before(oldest.still.order())) {
			oldest = s
		}
	}
	if oldest == nil || t.next != nil || now.Before(t.free) {
		return
	}
	t.next, t.asked, oldest.still.asking = oldest, now, now
	oldest.askKey(oldest.src.layers[oldest.stillLayer()])
}

// renews says that a still of the section is due.
func (s *section) renews(now time.Time) bool {
	return s.still.on && s.gate.open && s.stillLayer() >= 0 && !s.src.lost() && now.Sub(s.still.at) >= stillEvery
}

// order is when the section was last served, or last asked in vain.
func (st *still) order() time.Time {
	if st.asking.After(st.at) {
		return st.asking
	}
	return st.at
}
