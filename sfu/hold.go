package sfu

import "time"

// holdTime bounds how long packets of a camera wait for one that is missing
// before them and was asked for.
//
// A decoder could do nothing with them. But forwarded at once they would show
// the receiver a loss: it asks us, who are near, takes the short way to us for
// the length of the repair, and its jitter buffer stays too small for what the
// publisher's line really needs. Held, the mending looks like what it is, jitter.
const holdTime = 150 * time.Millisecond

// pass gives k, which has just come, to the sections, or keeps it until what is
// missing before it has come. Taps do not wait.
func (r *Room) pass(l *layer, k *packetRefs, now time.Time) {
	if l.src.kind == Mic || k.pkt.Seq <= l.released {
		r.queue(l, k)
		return
	}
	r.release(l, now)
}

// release gives the sections everything up to the first packet that is worth
// waiting for, in order.
func (r *Room) release(l *layer, now time.Time) {
	if l.src.kind == Mic {
		return
	}
	limit := l.seq.highest
	for i := range l.missing.list {
		if m := &l.missing.list[i]; now.Sub(m.since) < holdTime {
			limit = m.ext - 1
			break
		}
	}
	from := l.released + 1
	if n := uint64(len(l.ring)); l.seq.highest >= n {
		from = max(from, l.seq.highest-n+1)
	}
	l.released = max(l.released, limit)
	for ext := from; ext <= limit; ext++ {
		if k := l.get(ext); k != nil {
			r.queue(l, k)
		}
	}
}

// heldUntil is when waiting ends if nothing comes; zero when nothing waits.
func (l *layer) heldUntil(now time.Time) (until time.Time) {
	for i := range l.missing.list {
		if at := l.missing.list[i].since.Add(holdTime); at.After(now) && (until.IsZero() || at.Before(until)) {
			until = at
		}
	}
	return until
}
