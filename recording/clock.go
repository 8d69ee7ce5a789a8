//go:build !verifier

package recording

import "time"

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

// pause is a stretch that a source left out though no packet is missing.
type pause struct{ from, to time.Time }

// pacer finds pauses in the packets of a source, which it takes in order: a camera
// or microphone that stalled while its RTP clock ran on, or stood still with it.
type pacer struct {
	clock  streamClock
	ssrc   uint32
	begun  bool
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
	if !g.begun || g.ssrc != p.ssrc {
		g.restart(p)
		return p.arrival, p.arrival
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
}

func (g *pacer) restart(p *packet) {
	*g = pacer{clock: streamClock{rate: g.clock.rate}, ssrc: p.ssrc, begun: true, last: p.ts, lastAt: p.arrival, found: g.found}
	g.clock.add(p.ts, p.arrival)
}
