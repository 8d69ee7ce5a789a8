//go:build !verifier

package recording

import (
	"slices"
	"time"

	"phientoa/sfu"
)

// streamClock is the one estimator of a stream's time in this node's clock while
// it is recorded: the RTP clock at its nominal rate, laid along the packets that
// came fastest. A packet that was held up, by the network or because it had to be
// sent again, moves nothing; a sender's clock that runs 500 ppm wrong moves it by
// 5 ms in the span that it looks back.
type streamClock struct {
	rate uint32

	set  bool
	ts   uint32
	ext  int64
	zero time.Time
	span [clockSpan]clockSecond
}

type clockSecond struct {
	used   bool
	second int64
	least  time.Duration // arrival less media time
}

// clockSpan is how many seconds back the fastest packet is looked for.
const clockSpan = 10

// add takes a packet in its turn.
func (c *streamClock) add(ts uint32, arrival time.Time) {
	if !c.set {
		*c = streamClock{rate: c.rate, set: true, ts: ts, zero: arrival}
	}
	c.ext += int64(int32(ts - c.ts))
	c.ts = ts
	since := arrival.Sub(c.zero)
	second := max(int64(since/time.Second), 0)
	least := since - c.media(c.ext)
	s := &c.span[second%clockSpan]
	if !s.used || s.second != second {
		*s = clockSecond{true, second, least}
	}
	s.least = min(s.least, least)
}

func (c *streamClock) media(ext int64) time.Duration {
	return time.Duration(ext * int64(time.Second) / int64(max(c.rate, 1)))
}

// succeed begins the clock of another stream of the same source. The seconds are
// counted on, so that carry can lay the two beside each other.
func (c *streamClock) succeed(ts uint32, arrival time.Time) streamClock {
	next := streamClock{rate: c.rate, set: true, ts: ts, zero: c.zero}
	next.add(ts, arrival)
	return next
}

// carry takes over what the clock before knew of the least delay: where this one
// began, the media were by later than where that one ended. A browser holds
// pictures back by seconds when it takes up another layer on a bad line; the first
// of them say nothing of the least delay then.
func (c *streamClock) carry(old *streamClock, by time.Duration) {
	by += c.media(old.ext)
	joined := *c
	for i, was := range old.span {
		s := &joined.span[i]
		was.least += by
		switch {
		case !was.used || s.used && s.second > was.second:
		case s.used && s.second == was.second:
			s.least = min(s.least, was.least)
		default:
			*s = was
		}
	}
	if c.at(c.ts).Sub(joined.at(c.ts)) < maxDrift { // else a report is wrong
		*c = joined
	}
}

// at is when a packet of this timestamp would have come with the least delay.
func (c *streamClock) at(ts uint32) time.Time {
	newest := int64(0)
	for _, s := range c.span {
		newest = max(newest, s.second)
	}
	var best *clockSecond
	for i := range c.span {
		s := &c.span[i]
		if s.used && newest-s.second < clockSpan && (best == nil || s.least < best.least) {
			best = s
		}
	}
	if best == nil {
		return c.zero
	}
	return c.zero.Add(best.least + c.media(c.ext+int64(int32(ts-c.ts))))
}

// Bounds of what a stream's own clock says of it.
const (
	// pauseBound: a source that is granted and leaves out so much of its media time
	// paused. Opus in discontinuous transmission sends every 400 ms (RFC 7587 3.1.3),
	// a camera in the dark some five pictures a second.
	pauseBound = time.Second
	// leapBound: more than that is no pause but a clock set anew.
	leapBound = time.Minute
	// pauseSure is how long the media after a pause are watched: what the network
	// had held up comes faster than its own time then.
	pauseSure = time.Second
)

// maxPaired bounds the streams of a source whose reports are known: more than a
// camera has layers.
const maxPaired = 8

// pairedFor is how long a report is taken for true: clocks drift, and a layer that
// rests sends none.
const pairedFor = time.Minute

// senderClock knows where the RTP clocks of a source's streams stand in the one
// clock of their sender, by its reports (RFC 3550 6.4.1), the newest of each.
type senderClock struct {
	rate  uint32
	pairs []sfu.SenderReport
}

func (c *senderClock) report(r sfu.SenderReport) {
	for i := range c.pairs {
		if c.pairs[i].SSRC == r.SSRC {
			c.pairs[i] = r
			return
		}
	}
	if len(c.pairs) == maxPaired {
		c.pairs = slices.Delete(c.pairs, 0, 1)
	}
	c.pairs = append(c.pairs, r)
}

// between is how much later the media at timestamp b of one stream are than those
// at a of another; ok is false when no two fresh reports tell it.
func (c *senderClock) between(ssrcA, a, ssrcB, b uint32, now time.Time) (d time.Duration, ok bool) {
	ra, rb := c.of(ssrcA, now), c.of(ssrcB, now)
	if ra == nil || rb == nil {
		return 0, false
	}
	ntp := int64(rb.NTP - ra.NTP) // of 2^-32 s
	d = time.Duration(ntp>>32)*time.Second + time.Duration((ntp&0xffffffff)*int64(time.Second)>>32)
	ticks := int64(int32(b-rb.Timestamp)) - int64(int32(a-ra.Timestamp))
	return d + time.Duration(ticks*int64(time.Second)/int64(max(c.rate, 1))), true
}

func (c *senderClock) of(ssrc uint32, now time.Time) *sfu.SenderReport {
	for i := range c.pairs {
		if r := &c.pairs[i]; r.SSRC == ssrc && now.Sub(r.Arrival) < pairedFor {
			return r
		}
	}
	return nil
}

// pause is a stretch that a source left out though no packet is missing.
type pause struct{ from, to time.Time }

// pacer finds pauses in the packets of a source, which it takes in order: a camera
// or microphone that stalled while its RTP clock ran on, or stood still with it.
type pacer struct {
	clock  streamClock
	sender senderClock
	ssrc   uint32
	begun  bool
	epoch  int // of the clock: times of another one are not comparable

	former struct { // the stream before, whose clock is not yet carried on
		ssrc  uint32
		clock *streamClock
		first uint32 // timestamp at which this one began
	}

	last   uint32    // timestamp of the packet before
	lastAt time.Time // its arrival

	waits  bool // a pause in arrivals alone, not yet judged
	maybe  pause
	since  uint32 // timestamp behind it
	sinceL time.Duration
	found  []pause
}

// next takes the next packet; whole tells that none is missing in front of it. It
// returns when the media between the two was sent, by the sender's clock.
func (g *pacer) next(p *packet, whole bool) (from, to time.Time) {
	if !g.begun {
		g.restart(p)
		return p.arrival, p.arrival
	}
	if g.ssrc != p.ssrc {
		g.follow(p)
		at := g.clock.at(p.ts)
		return at, at
	}
	step := g.clock.media(int64(int32(p.ts - g.last)))
	gone := p.arrival.Sub(g.lastAt)
	if step > leapBound || step < -leapBound {
		from = g.lastAt
		g.restart(p)
		return from, p.arrival
	}
	last := g.last
	g.clock.add(p.ts, p.arrival)
	from, to = g.clock.at(last), g.clock.at(p.ts)
	g.judge(p)
	switch {
	case !whole: // the loss is stated
	case step >= pauseBound:
		g.found = append(g.found, pause{from, to})
	case gone >= pauseBound:
		g.waits, g.maybe, g.since, g.sinceL = true, pause{g.lastAt, p.arrival}, p.ts, step
	}
	g.last, g.lastAt = p.ts, p.arrival
	return from, to
}

// judge decides about a pause in the arrivals: media that come faster than their
// own time afterwards were sent in it.
func (g *pacer) judge(p *packet) {
	if !g.waits {
		return
	}
	wall := p.arrival.Sub(g.maybe.to)
	media := g.clock.media(int64(int32(p.ts - g.since)))
	if wall < pauseSure {
		return
	}
	g.waits = false
	if missing := g.maybe.to.Sub(g.maybe.from) - g.sinceL - max(media-wall, 0); missing < pauseBound {
		return
	}
	g.found = append(g.found, g.maybe)
	// The sender's clock stood still: what was the fastest packet before is so no more.
	g.clock = streamClock{rate: g.clock.rate}
	g.clock.add(p.ts, p.arrival)
	g.former.clock = nil
	g.epoch++
}

func (g *pacer) restart(p *packet) {
	*g = pacer{
		clock: streamClock{rate: g.clock.rate}, sender: g.sender, epoch: g.epoch + 1,
		ssrc: p.ssrc, begun: true, last: p.ts, lastAt: p.arrival, found: g.found,
	}
	g.clock.add(p.ts, p.arrival)
}

// follow goes over to another stream of the source.
func (g *pacer) follow(p *packet) {
	was, ssrc := g.clock, g.ssrc
	g.restart(p)
	g.clock = was.succeed(p.ts, p.arrival)
	g.former.ssrc, g.former.clock, g.former.first = ssrc, &was, p.ts
	g.carry(p.arrival)
}

// report takes a sender report. That of a layer used for the first time comes
// behind its first pictures.
func (g *pacer) report(r sfu.SenderReport) {
	g.sender.rate = g.clock.rate
	g.sender.report(r)
	g.carry(r.Arrival)
}

func (g *pacer) carry(now time.Time) {
	f := &g.former
	if f.clock == nil {
		return
	}
	if by, ok := g.sender.between(f.ssrc, f.clock.ts, g.ssrc, f.first, now); ok {
		g.clock.carry(f.clock, by)
		f.clock = nil
	}
}

// relay lays a loss anew by what was learned since: a packet that came faster, or a
// report. What another clock laid stays.
func (g *pacer) relay(l *loss) {
	if l.epoch != g.epoch {
		return
	}
	for i, at := range []*time.Time{&l.from, &l.to} {
		if now := g.clock.at(l.ts[i]); now.Before(*at) {
			*at = now
		}
	}
}
