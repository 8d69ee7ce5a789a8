//go:build !verifier

package recording

import (
	"slices"
	"time"

	"phientoa/sfu"
)

// streamClock is the one estimator of a stream's time in this node's clock while
// it is recorded: the RTP clock at its nominal rate, laid along the packets that
// came fastest. A packet that was held up, by its sender, by the network or because it
// had to be sent again, moves nothing; a sender's clock that runs 500 ppm wrong moves
// it by 30 ms in the minute that it looks back.
type streamClock struct {
	rate uint32

	set  bool
	ts   uint32
	ext  int64
	zero time.Time
	span [clockSpan]clockStep
}

type clockStep struct {
	used  bool
	step  int64
	least time.Duration // arrival less media time
}

// The fastest packet is looked for clockSpan steps back. On a line that loses a fifth
// a browser was seen to hold every picture back by a second and more for longer than
// ten seconds: nothing of them tells the least delay then.
const (
	clockSpan     = 12
	clockStepTime = 5 * time.Second
)

// add takes a packet in its turn.
func (c *streamClock) add(ts uint32, arrival time.Time) {
	if !c.set {
		*c = streamClock{rate: c.rate, set: true, ts: ts, zero: arrival}
	}
	c.ext += int64(int32(ts - c.ts))
	c.ts = ts
	since := arrival.Sub(c.zero)
	step := max(int64(since/clockStepTime), 0)
	least := since - c.media(c.ext)
	s := &c.span[step%clockSpan]
	if !s.used || s.step != step {
		*s = clockStep{true, step, least}
	}
	s.least = min(s.least, least)
}

func (c *streamClock) media(ext int64) time.Duration { return ticks(ext, c.rate) }

// succeed begins the clock of another stream of the same source. The steps are
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
		case !was.used || s.used && s.step > was.step:
		case s.used && s.step == was.step:
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
		newest = max(newest, s.step)
	}
	var best *clockStep
	for i := range c.span {
		s := &c.span[i]
		if s.used && newest-s.step < clockSpan && (best == nil || s.least < best.least) {
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
	// pauseReport is how long the report of a source that sends them is waited for:
	// browsers send that of sound every five seconds, and some are lost.
	pauseReport = 15 * time.Second
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
	pairs []*sfu.SenderReport
}

func (c *senderClock) report(r sfu.SenderReport) {
	for i := range c.pairs {
		if c.pairs[i].SSRC == r.SSRC {
			c.pairs[i] = &r
			return
		}
	}
	if len(c.pairs) == maxPaired {
		c.pairs = slices.Delete(c.pairs, 0, 1)
	}
	c.pairs = append(c.pairs, &r)
}

// between is how much later the media at timestamp b of one stream are than those
// at a of another; ok is false when no two fresh reports tell it.
func (c *senderClock) between(ssrcA, a, ssrcB, b uint32, now time.Time) (d time.Duration, ok bool) {
	ra, rb := c.of(ssrcA, now), c.of(ssrcB, now)
	if ra == nil || rb == nil {
		return 0, false
	}
	n := int64(int32(b-rb.Timestamp)) - int64(int32(a-ra.Timestamp))
	return ntpSpan(ra.NTP, rb.NTP) + ticks(n, c.rate), true
}

// stood is how long a stream's clock stood still between two reports.
func (c *senderClock) stood(was, is *sfu.SenderReport) time.Duration {
	return ntpSpan(was.NTP, is.NTP) - ticks(int64(int32(is.Timestamp-was.Timestamp)), c.rate)
}

// ntpSpan is the time between two NTP timestamps (RFC 5905 6), of 2^-32 s.
func ntpSpan(from, to uint64) time.Duration {
	d := int64(to - from)
	return time.Duration(d>>32)*time.Second + time.Duration((d&0xffffffff)*int64(time.Second)>>32)
}

func ticks(n int64, rate uint32) time.Duration {
	return time.Duration(n * int64(time.Second) / int64(max(rate, 1)))
}

func (c *senderClock) of(ssrc uint32, now time.Time) *sfu.SenderReport {
	for _, r := range c.pairs {
		if r.SSRC == ssrc && now.Sub(r.Arrival) < pairedFor {
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

	last   uint32            // timestamp of the packet before
	lastAt time.Time         // its arrival
	newest *sfu.SenderReport // of the stream by then

	waits  bool // a pause in arrivals alone, not yet judged
	maybe  pause
	since  uint32 // timestamp behind it
	sinceL time.Duration
	ahead  *sfu.SenderReport // the stream's newest before it; nil: none
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
	if gone >= pauseBound {
		g.judge(g.last, g.lastAt, true)
	}
	last := g.last
	g.clock.add(p.ts, p.arrival)
	from, to = g.clock.at(last), g.clock.at(p.ts)
	g.judge(p.ts, p.arrival, false)
	switch {
	case !whole: // the loss is stated
	case step >= pauseBound:
		g.found = append(g.found, pause{from, to})
	case gone >= pauseBound:
		g.waits, g.maybe, g.since, g.sinceL, g.ahead = true, pause{g.lastAt, p.arrival}, p.ts, step, g.newest
	}
	g.last, g.lastAt, g.newest = p.ts, p.arrival, g.sender.of(p.ssrc, p.arrival)
	return from, to
}

// judge decides about a pause in the arrivals, by the packet of a timestamp that came
// at a time; last tells that no other follows before it must be decided.
func (g *pacer) judge(ts uint32, at time.Time, last bool) {
	if !g.waits {
		return
	}
	missing, known := g.leftOut(ts, at, last)
	g.waits = !known && !last
	if missing < pauseBound {
		return
	}
	g.found = append(g.found, g.maybe)
	// The sender's clock stood still: what was the fastest packet before is so no more.
	g.clock = streamClock{rate: g.clock.rate}
	g.clock.add(ts, at)
	g.former.clock = nil
	g.epoch++
}

// leftOut is how much of its media the source left out in a pause whose packets come
// without a step in their clock. Its reports tell: a clock that stood still has another
// place in their time afterwards. Without them the media themselves do, a second
// behind the pause: what was sent in it comes faster than its own time then, unless the
// line is slow.
func (g *pacer) leftOut(ts uint32, at time.Time, last bool) (d time.Duration, known bool) {
	wall := at.Sub(g.maybe.to)
	if is := g.sender.of(g.ssrc, at); g.ahead != nil && is != nil && is.Arrival.Sub(g.maybe.to) >= pauseSure {
		return g.sender.stood(g.ahead, is), true
	}
	if wall < pauseSure || g.ahead != nil && wall < pauseReport && !last {
		return 0, false
	}
	media := g.clock.media(int64(int32(ts - g.since)))
	return g.maybe.to.Sub(g.maybe.from) - g.sinceL - max(media-wall, 0), true
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
