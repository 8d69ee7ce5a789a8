package estimate

import "time"

// A probe sends more than the target for a moment: media and padding together.
// What arrives as fast as it was sent proves that rate.
const (
	probeTime    = 50 * time.Millisecond
	probePackets = 8
	probeFactor  = 2.0
	probePause   = time.Second            // after a probe that proved nothing, longer after several
	maxProbes    = 3 * time.Second        // bound of the pause
	probeWait    = time.Second            // for the feedback about one
	probeDrain   = 300 * time.Millisecond // that its packets may stand in a queue
	probeStep    = 10 * time.Millisecond
	probeShare   = 0.8  // of its packets must arrive,
	probeSlack   = 0.9  // so fast compared with the sending that the line was not full
	probeSafety  = 0.95 // of what a full line let through
)

type probe struct {
	open      bool // packets that go out belong to it
	waiting   bool // for feedback
	rate      float64
	began     time.Time
	ended     time.Time
	firstSeq  uint16
	count     int
	bytes     int
	came      int
	size      int     // that came
	sentFirst float64 // milliseconds, of packets that came
	sentLast  float64
	lastSize  int // of the one sent last
	cameFirst float64
	cameLast  float64
	cameSize  int // of the one that came first
	done      bool
	next      time.Time // no probe before
	fails     int
}

func newProbe(now time.Time) probe { return probe{next: now} }

// Padding tells the caller to probe for the rate wanted, when that is more than the
// target and a probe is due: it returns how many bytes of padding are to go out now,
// and after which time to ask again while a probe runs, 0 when none does.
func (e *Estimator) Padding(wanted int, now time.Time) (bytes int, again time.Duration) {
	p := &e.probe
	if p.waiting && now.Sub(p.ended) > probeWait {
		p.refused(now)
	}
	if !p.open {
		if p.waiting || !e.Known() || now.Before(p.next) || e.Congested() || float64(wanted) <= e.target {
			return 0, 0
		}
		*p = probe{
			open: true, began: now, firstSeq: e.next, next: p.next, fails: p.fails,
			rate: min(probeFactor*e.target, max(1.1*float64(wanted), 1.2*e.target), float64(e.p.Max)),
		}
	}
	since := now.Sub(p.began)
	if since >= probeTime && p.count >= probePackets {
		p.open, p.waiting, p.ended = false, true, now
		return 0, 0
	}
	due := p.rate / 8 * min(since+probeStep, probeTime+probeStep).Seconds()
	if since >= 4*probeTime { // the caller had nothing to send
		p.open = false
		p.refused(now)
		return 0, 0
	}
	return max(int(due)-p.bytes, 0), probeStep
}

// mayFill says that a queue may be a probe's doing, which its result will tell.
func (p *probe) mayFill(now time.Time) bool {
	return p.open || p.waiting || now.Sub(p.ended) < probeDrain
}

func (p *probe) sent(_ uint16, size int, _ time.Time) {
	if p.open {
		p.count++
		p.bytes += size
	}
}

// arrived takes a packet that came; sent and at in milliseconds of their clocks.
func (p *probe) arrived(s *sentPacket, sent, at float64) {
	if !p.open && !p.waiting || s.seq-p.firstSeq >= uint16(p.count) {
		return
	}
	if p.came == 0 || sent < p.sentFirst {
		p.sentFirst = sent
	}
	if p.came == 0 || sent >= p.sentLast {
		p.sentLast, p.lastSize = sent, int(s.size)
	}
	if p.came == 0 || at < p.cameFirst {
		p.cameFirst, p.cameSize = at, int(s.size)
	}
	p.cameLast = max(p.cameLast, at)
	p.came++
	p.size += int(s.size)
	p.done = p.done || s.seq-p.firstSeq == uint16(p.count-1)
}

// refused: the line said no, or nothing.
func (p *probe) refused(now time.Time) {
	p.open, p.waiting = false, false
	p.fails = min(p.fails+1, 8)
	p.next = now.Add(min(time.Duration(p.fails)*probePause, maxProbes))
}

// followProbe takes the result when the feedback has told of the whole probe.
func (e *Estimator) followProbe(now time.Time) {
	p := &e.probe
	if !p.waiting || !p.done && float64(p.came) < float64(p.count) && now.Sub(p.ended) < probeWait/2 {
		return
	}
	sent, came := p.sentLast-p.sentFirst, p.cameLast-p.cameFirst
	// What the line loses at any rate says nothing against this one.
	through := 1 - min(max(e.loss.own, e.loss.share), maxOwnLoss)
	if float64(p.came) < probeShare*through*float64(p.count) || p.came < probePackets/2 || sent <= 0 {
		p.refused(now)
		return
	}
	out := 8000 * float64(p.size-p.lastSize) / through / sent
	in := out
	if came > 0 {
		in = 8000 * float64(p.size-p.cameSize) / through / came
	}
	proved := min(out, in)
	if in < probeSlack*out {
		proved = probeSafety * in
		e.capacity = in
	}
	if proved <= 1.05*e.target {
		p.refused(now)
		return
	}
	e.target, e.capacity = proved, max(e.capacity, proved)
	p.waiting, p.fails, p.next = false, 0, now
}
