package sfu

import (
	"time"

	"github.com/pion/rtcp"
)

// Bounds of asking a publisher again for lost packets (RFC 4585 section 6.2.1).
const (
	maxMissing  = 64                     // of one layer; beyond, a keyframe is asked for instead
	maxTries    = 8                      // requests for one packet
	maxGapAge   = time.Second            // then a packet is given up
	reorderTime = 10 * time.Millisecond  // how long a gap may be mere reordering,
	reorderGap  = 2                      // unless so many later packets have come
	lookPace    = 5 * time.Millisecond   // least time between two looks of a peer's worker
	minAsk      = 20 * time.Millisecond  // bounds of the time between two requests
	maxAsk      = 300 * time.Millisecond // for one packet
)

// gap is one packet that a layer misses.
type gap struct {
	ext   uint64
	since time.Time // a later packet came
	asked time.Time // last request
	tries uint8
}

// gaps are the missing packets of one layer that are worth asking for, by rising
// number. Under the room's lock.
type gaps struct {
	list []gap // capacity maxMissing, made at the first loss
	// hasty: a gap is asked for at once. Sound has no time to wait for what is merely
	// late, and an answer too many costs a hundred bytes.
	hasty bool
}

// proof is how many later packets tell that one is lost.
func (g *gaps) proof() uint64 {
	if g.hasty {
		return 1
	}
	return reorderGap
}

// add notes from..to-1 as missing; false, and nothing is missing any more, when
// that is more than can be mended.
func (g *gaps) add(from, to uint64, now time.Time) bool {
	if to-from > uint64(maxMissing-len(g.list)) {
		g.list = g.list[:0]
		return false
	}
	if g.list == nil {
		g.list = make([]gap, 0, maxMissing)
	}
	for ext := from; ext < to; ext++ {
		g.list = append(g.list, gap{ext: ext, since: now})
	}
	return true
}

// came takes ext off the list; ok is false when it was not on it.
func (g *gaps) came(ext uint64) (was gap, ok bool) {
	for i := range g.list {
		if g.list[i].ext == ext {
			was = g.list[i]
			g.list = append(g.list[:i], g.list[i+1:]...)
			return was, true
		}
	}
	return was, false
}

// unasked says that a gap which later packets have proved awaits its first request.
func (g *gaps) unasked(highest uint64) bool {
	for i := range g.list {
		if g.list[i].tries == 0 && g.list[i].ext+g.proof() <= highest {
			return true
		}
	}
	return false
}

// due appends to dst the numbers to ask for now, forgets those at or below mark,
// which nobody needs, and those that are given up. next is when to look again,
// zero when nothing is missing.
func (g *gaps) due(now time.Time, mark, highest uint64, wait time.Duration, dst []uint16) (ask []uint16, givenUp int, next time.Time) {
	keep := g.list[:0]
	for _, m := range g.list {
		if m.ext <= mark {
			continue
		}
		at := m.asked.Add(wait)
		if m.tries == 0 {
			if at = m.since.Add(reorderTime); m.ext+g.proof() <= highest {
				at = now
			}
		}
		expiry := m.since.Add(maxGapAge)
		if !now.Before(expiry) || m.tries >= maxTries && !now.Before(at) {
			givenUp++
			continue
		}
		if !now.Before(at) {
			dst = append(dst, uint16(m.ext))
			m.asked, at = now, now.Add(wait)
			m.tries++
		}
		if at.After(expiry) {
			at = expiry
		}
		if next.IsZero() || at.Before(next) {
			next = at
		}
		keep = append(keep, m)
	}
	g.list = keep
	return dst, givenUp, next
}

// answerTime estimates how long a publisher takes to answer a request: round trip and
// pacing. It smooths as RFC 6298 does, and like there an answer to one of several requests
// is no measure (Karn). A second request says that the answer was lost or that the
// estimate is too small: the latter only where hardly any first one is answered in time,
// or a line that loses a third would be asked ever more slowly.
type answerTime struct {
	mean, deviation time.Duration
	firsts          float64 // share of the answers that needed one request
}

// fewFirsts is the share below which the estimate is too small. A line that loses half
// in both directions still answers a quarter of the first requests.
const fewFirsts = 0.2

func newAnswerTime() answerTime {
	return answerTime{mean: 40 * time.Millisecond, deviation: 10 * time.Millisecond, firsts: 1}
}

func (a *answerTime) answered(m gap, now time.Time) {
	switch {
	case m.tries == 1:
		d := min(now.Sub(m.asked), maxAsk)
		a.deviation += ((d - a.mean).Abs() - a.deviation) / 4
		a.mean += (d - a.mean) / 8
		a.firsts += (1 - a.firsts) / 8
	case m.tries > 1:
		if a.firsts -= a.firsts / 8; a.firsts < fewFirsts {
			a.mean = min(a.mean+a.mean/8, maxAsk)
		}
	}
}

// wait is the time between two requests for one packet.
func (a *answerTime) wait() time.Duration {
	return min(max(a.mean+max(2*a.deviation, reorderTime), minAsk), maxAsk)
}

// account keeps the books of l's losses: ext has come, highest was the highest
// number before it. again says that ext was asked for.
func (l *layer) account(ext, highest uint64, now time.Time) (again bool) {
	p := l.src.publisher
	if p == nil || !l.nack {
		return false
	}
	if ext <= highest {
		m, ok := l.missing.came(ext)
		if ok {
			p.answers.answered(m, now)
		}
		return ok && m.tries > 0
	}
	if ext > highest+1 {
		mark, taken := l.src.neededAbove(l)
		if from := max(highest, mark) + 1; taken && from < ext {
			if !l.missing.add(from, ext, now) {
				l.requestKey()
				return false
			}
			p.kickMend()
		}
	}
	if l.missing.unasked(ext) {
		p.kickMend()
	}
	return false
}

// neededAbove returns the number above which somebody takes the packets of l;
// ok is false when nobody does.
func (s *source) neededAbove(l *layer) (mark uint64, ok bool) {
	for _, sec := range s.sections {
		if m, needs := sec.needs(l); needs && (!ok || m < mark) {
			mark, ok = m, true
		}
	}
	for _, t := range s.taps {
		if m, needs := t.needs(l); needs && (!ok || m < mark) {
			mark, ok = m, true
		}
	}
	return mark, ok
}

// needs returns the number above which the section takes packets of l.
func (s *section) needs(l *layer) (mark uint64, ok bool) {
	if !s.bound || !s.peer.tx.ready || !s.gate.open || s.gate.skip {
		return 0, false
	}
	mark = s.gate.floor[l.index]
	i := int(l.index)
	switch {
	case s.running && s.lastLayer == l && s.lastSSRC == l.ssrc:
		return max(mark, s.seq.segments[0].from-1), true
	case s.src.kind == Mic:
		return mark, true
	default:
		return mark, s.waiting && i == s.target
	}
}

// needs returns the number above which the tap takes packets of l.
func (t *tapSource) needs(l *layer) (mark uint64, ok bool) {
	if !t.opened || !t.gate.open || t.gate.skip {
		return 0, false
	}
	mark = t.gate.floor[l.index]
	i := int(l.index)
	switch {
	case t.src.kind == Mic:
		return mark, true
	case t.tap.gallery != nil:
		return mark, t.tap.gallery.needs[t.src.id].has(i)
	case i == t.current:
		return max(mark, t.start-1), true
	default:
		return mark, t.waiting && i == t.target
	}
}

func (p *Peer) kickMend() {
	select {
	case p.losses <- struct{}{}:
	default:
	}
}

// mend is the goroutine of a publisher that asks it again for lost packets. It
// sleeps while nothing is missing.
func (p *Peer) mend() {
	defer p.rescue()
	var nacks mendRound
	again, rest := time.NewTimer(0), time.NewTimer(0)
	defer again.Stop()
	defer rest.Stop()
	for {
		select {
		case <-p.losses:
		case <-again.C:
		case <-p.done:
			return
		}
		next := p.collectNacks(&nacks)
		if len(nacks.rtcp) > 0 && p.pc.WriteRTCP(nacks.rtcp) == nil {
			p.room.loop.count.nacks.Add(uint64(len(nacks.rtcp)))
		}
		if next > 0 {
			again.Reset(next)
		}
		// Losses come in bursts: one request for all of a burst.
		rest.Reset(lookPace)
		select {
		case <-rest.C:
		case <-p.done:
			return
		}
	}
}

// mendRound is the scratch of one look.
type mendRound struct {
	rtcp  []rtcp.Packet
	nacks []*rtcp.TransportLayerNack // reused, one for each layer
	ask   []uint16
}

func (m *mendRound) reset() { m.rtcp = m.rtcp[:0] }

// request adds a NACK of one stream, packed into pairs of a number and a mask of
// the 16 after it (RFC 4585 section 6.2.1). The numbers rise.
func (m *mendRound) request(ssrc uint32, ask []uint16) {
	n := len(m.rtcp)
	if n == len(m.nacks) {
		m.nacks = append(m.nacks, &rtcp.TransportLayerNack{})
	}
	k := m.nacks[n]
	k.MediaSSRC, k.Nacks = ssrc, k.Nacks[:0]
	for _, seq := range ask {
		if last := len(k.Nacks) - 1; last >= 0 {
			if d := seq - k.Nacks[last].PacketID; d >= 1 && d <= 16 {
				k.Nacks[last].LostPackets |= 1 << (d - 1)
				continue
			}
		}
		k.Nacks = append(k.Nacks, rtcp.NackPair{PacketID: seq})
	}
	m.rtcp = append(m.rtcp, k)
}

// collectNacks gathers what is to be asked for now and returns after which time
// to look again, 0 when nothing is missing.
func (p *Peer) collectNacks(m *mendRound) (next time.Duration) {
	defer p.rescue()
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	defer p.room.deliver()
	m.reset()
	if p.ended || p.state != PeerConnected {
		return 0
	}
	now := p.room.engine.p.Now()
	p.room.at = now
	for _, src := range p.publish {
		for _, l := range src.layers {
			if l == nil || src.publisher != p || len(l.missing.list) == 0 {
				continue
			}
			if again := l.collectNack(m, now, p.answers.wait()); !again.IsZero() {
				if d := max(again.Sub(now), 1); next == 0 || d < next {
					next = d
				}
			}
		}
	}
	return next
}

func (l *layer) collectNack(m *mendRound, now time.Time, wait time.Duration) (next time.Time) {
	mark, taken := l.src.neededAbove(l)
	if !taken {
		l.missing.list = l.missing.list[:0]
		l.src.publisher.room.release(l, now)
		return next
	}
	var givenUp int
	m.ask, givenUp, next = l.missing.due(now, mark, l.seq.highest, wait, m.ask[:0])
	if len(m.ask) > 0 {
		m.request(l.ssrc, m.ask)
	}
	if givenUp > 0 {
		l.src.publisher.room.loop.count.givenUp.Add(uint64(givenUp))
		if l.src.kind == Cam {
			l.requestKey()
		}
	}
	l.src.publisher.room.release(l, now)
	if until := l.heldUntil(now); !until.IsZero() && until.Before(next) {
		next = until
	}
	return next
}
