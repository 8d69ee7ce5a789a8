package sfu

import "time"

// Viewers (see Yield) come and go by the dozen, and a keyframe costs every
// receiver of the source. So theirs begin with what the retransmission history
// still holds since the last one, all at once, and go on with what is live.
const (
	keptPackets     = 384              // more are not replayed: the viewer waits for a keyframe;
	keptBytes       = 256 << 10        // payload of them
	keptAge         = 12 * time.Second // of the keyframe
	replayEvery     = 5000             // milliseconds between two replays of a section
	replayOther     = 1000             // milliseconds, of another source
	replayRate      = 4 << 20          // bytes a second of all replays of a room,
	replayBurst     = 1 << 20          // and at once
	replaySpan      = 2 * time.Second  // of what the receiver's line carries is not exceeded
	replayStep      = 90               // RTP units between replayed pictures: a millisecond
	viewerKeyframes = 5 * time.Second  // between requests to a source for viewers alone
)

// views says that who receives the section takes no part in what it shows.
func (s *section) views() bool { return s.grant.Yield >= YieldPublic }

// askKey asks for a keyframe of l on behalf of the section.
func (s *section) askKey(l *layer) {
	if !s.views() {
		l.requestKey()
		return
	}
	l.wishForKey()
}

// wishForKey asks for a keyframe as viewers do, who can wait.
func (l *layer) wishForKey() {
	if !l.wishKey && l.src.publisher != nil {
		l.wishKey = true
		l.src.publisher.kick()
	}
}

// replay begins a viewer's picture with what is kept of l since its last keyframe,
// up to k; true when k and what follows it continue that.
func (s *section) replay(l *layer, k *packetRefs) bool {
	r := s.peer.room
	age := s.age(r.at)
	switch {
	case int(l.index) > s.target || l.index < s.grant.MinLayer || l.keySeq == 0 || k.padding:
		return false
	case k.pkt.Seq < l.keySeq || k.pkt.Seq-l.keySeq > keptPackets:
		return false
	case k.pkt.Seq == l.keySeq: // nothing is kept before it
		s.enter(l, k.pkt.Seq)
		return true
	case s.replayed != 0 && age-s.replayed < replayEvery || !r.replays.take(1, r.at):
		return false
	}
	s.replayed = age
	pictures, bytes := l.kept(k, s.shownSince())
	if pictures == 0 || bytes > s.peer.tx.line.bears(r.at) {
		return false
	}
	r.replays.level -= float64(bytes) // owed, so that a large one may begin too
	s.enter(l, l.keySeq)
	s.replayTo(l, k, pictures)
	r.loop.count.replays.Add(1)
	return s.running
}

// bears is how many bytes at once the line is believed to take.
func (l *line) bears(now time.Time) int {
	switch {
	case !l.bounds(now):
		return keptBytes
	case l.est.Congested():
		return 0
	case l.pace.on: // what is live waits behind it
		return int(l.pace.rate * paceTime.Seconds() / 2)
	}
	return int(replaySpan.Seconds() * float64(l.est.Target()) / 8)
}

// enter makes l the current layer from its packet with number ext on.
func (s *section) enter(l *layer, ext uint64) {
	s.gate.floor[l.index] = min(s.gate.floor[l.index], ext-1)
	s.current, s.running, s.congested = int(l.index), false, false
	s.waiting = s.current != s.target
	s.peer.dirty()
}

// kept counts the pictures and bytes that l holds from its last keyframe up to k,
// those of k's own picture included. None when one packet is missing, when it is too
// much or too old, or when any of it is not from after since.
func (l *layer) kept(k *packetRefs, since time.Time) (pictures, bytes int) {
	var last uint32
	for ext := l.keySeq; ext < k.pkt.Seq; ext++ {
		p := l.get(ext)
		if p == nil || !p.pkt.Arrival.After(since) {
			return 0, 0
		}
		if ext == l.keySeq && k.pkt.Arrival.Sub(p.pkt.Arrival) > keptAge {
			return 0, 0
		}
		if bytes += len(p.raw); bytes > keptBytes {
			return 0, 0
		}
		if !p.padding && (pictures == 0 || p.pkt.Timestamp != last) {
			pictures, last = pictures+1, p.pkt.Timestamp
		}
	}
	return pictures, bytes
}

// replayTo sends what l holds from its keyframe up to k, pictures in number. They
// come a millisecond apart, the last of them at its own time on the section's
// timeline: a decoder runs through them, and what follows is shown as it is taken.
func (s *section) replayTo(l *layer, k *packetRefs, pictures int) {
	first := l.get(l.keySeq)
	live := s.liveShift(l, k, uint32(pictures)*replayStep)
	s.begin(l, first)
	at := k.pkt.Timestamp - live - uint32(pictures)*replayStep
	last := first.pkt.Timestamp
	for ext := l.keySeq; ext < k.pkt.Seq && s.running; ext++ {
		p := l.get(ext)
		if p.padding {
			s.leaveOut(l, ext)
			continue
		}
		if p.pkt.Timestamp != last {
			at, last = at+replayStep, p.pkt.Timestamp
		}
		if s.tsShift = p.pkt.Timestamp - at; p.pkt.Timestamp == k.pkt.Timestamp {
			s.tsShift = live
		}
		if s.restOfFrame(l, p) {
			continue
		}
		if !s.peer.room.out.joins(s, p) {
			s.flush()
		}
		s.emit(l, p)
	}
	s.flush()
	s.tsShift = live
}

// liveShift places k on the section's timeline, room after what was sent before.
func (s *section) liveShift(l *layer, k *packetRefs, room uint32) uint32 {
	if !s.sent {
		return s.tsShift
	}
	at := k.pkt.Timestamp - s.tsShift
	if s.lastLayer != l || s.lastSSRC != l.ssrc {
		at = s.nextTimestamp(l, k)
	}
	if least := s.lastTS + room + replayStep; after(least, at) {
		at = least
	}
	return k.pkt.Timestamp - at
}

// shownSince is since when the section's source reaches its peer as a viewer,
// without a break: a picture from before is none of the viewer's.
func (s *section) shownSince() time.Time {
	r := s.peer.room
	since := r.at
	for class, at := range s.src.shown {
		m, ok := r.members[Membership{Peer: s.peer.id, Class: class}]
		if !ok {
			continue
		}
		if m.After(at) {
			at = m
		}
		if at.Before(since) {
			since = at
		}
	}
	return since
}

// noteShown follows which classes of viewers the source reaches.
func (r *Room) noteShown(id SourceID, now time.Time) {
	src := r.sources[id]
	if src == nil || id.Kind != Cam {
		return
	}
	old := src.shown
	src.shown = nil
	for _, g := range r.table.grants[id] {
		if g.Yield < YieldPublic || g.Audience.Class == "" {
			continue
		}
		since, ok := old[g.Audience.Class]
		if !ok {
			since = now
		}
		if src.shown == nil {
			src.shown = map[string]time.Time{}
		}
		src.shown[g.Audience.Class] = since
	}
}

// noteMembers follows who is in which class.
func (r *Room) noteMembers(c *routingChange, now time.Time) {
	for _, m := range c.removeMembers {
		if !r.table.contains(m.Peer, m.Class) {
			delete(r.members, m)
		}
	}
	for _, m := range c.addMembers {
		if _, ok := r.members[m]; !ok {
			r.members[m] = now
		}
	}
}
