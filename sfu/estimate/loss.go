package estimate

import "time"

// lossBook counts what is lost. A line may lose by itself, by radio; then a lower
// rate loses as much, and lowering it helps nobody. The book learns that share and
// blames the rate only for what exceeds it.
type lossBook struct {
	first, last uint32 // ticks at which the packets of this look were sent
	n, gone     int
	bytes       int // that arrived
	share       float64
	own         float64 // what the line loses by itself
	blamed      time.Time
	blame       float64 // the share lost then
	before      float64 // the target then
	windows     int
}

func (b *lossBook) packet(s *sentPacket, came bool) {
	if b.n == 0 || int32(s.at-b.first) < 0 {
		b.first = s.at
	}
	if b.n == 0 || int32(s.at-b.last) > 0 {
		b.last = s.at
	}
	b.n++
	if came {
		b.bytes += int(s.size)
	} else {
		b.gone++
	}
}

// found: what was told lost came after all.
func (b *lossBook) found(s *sentPacket) {
	if b.gone > 0 {
		b.gone--
		b.bytes += int(s.size)
	}
}

// look ends a window that is long enough: the share lost in it and the rate in
// bits per second that got through.
func (b *lossBook) look() (share, rate float64, ok bool) {
	span := time.Duration(int32(b.last-b.first)) * tick
	if b.n < minPackets || span < minSpan {
		return 0, 0, false
	}
	share = float64(b.gone) / float64(b.n)
	rate = 8 * float64(b.bytes) / span.Seconds()
	b.share += (share - b.share) / 3
	if b.windows == 0 {
		b.share = share
	}
	b.windows++
	b.n, b.gone, b.bytes = 0, 0, 0
	return share, rate, true
}

// followLoss lowers the target to what got through when more was lost than the line
// loses by itself. When the lower rate loses as much, the blame was wrong: the target
// comes back and the share is the line's own.
func (e *Estimator) followLoss(now time.Time) {
	b := &e.loss
	share, rate, ok := b.look()
	if !ok {
		return
	}
	defer func() { b.own = min(b.own, maxOwnLoss) }()
	since := now.Sub(b.blamed)
	judged := b.blamed.IsZero() || since > lossCalm
	switch excess := share - b.own; {
	case excess < 0:
		b.own += excess / 8
	case judged && excess > lossJump && b.share > b.own+lossJump/2:
		b.blamed, b.blame, b.before = now, share, 0
		if to := rate / (1 - b.own); to < e.target {
			b.before, e.target = e.target, to
			e.probe.refused(now)
		}
	case judged:
		b.own += excess / 16
	case since > lossSettled:
		b.own += excess / 2
		if share > b.blame/2 {
			e.target, b.before = max(e.target, b.before), 0
			e.probe.fails, e.probe.next = 0, now
		}
	}
}
