package sfu

import "time"

// A picture's frame comes at once, a keyframe as a burst of some tens of kilobytes. On
// a narrow line that fills the queue of whoever stands before it, and what falls out
// there is sound as likely as picture. So on such lines pictures leave as a leaky
// bucket lets them; sound never waits.
const (
	paceBelow = 1_000_000              // bits per second: wider lines are not paced,
	paceAbove = 1_300_000              // nor is one that was narrow from here on
	paceRate  = 1.4                    // times what the line is held to carry beside sound
	paceLeast = 150_000                // bits per second
	paceBurst = 2 * maxPayload         // bytes that may leave at once
	paceTime  = 500 * time.Millisecond // the most that waits; beyond, pictures are dropped
	paceMost  = 256                    // packets that wait
)

// paced is a packet of a picture that waits for its turn.
type paced struct {
	s *section
	l *layer
	k *packetRefs // nil: dropped
}

// pacer is the leaky bucket of one receiver's pictures. Under the room's lock.
type pacer struct {
	on       bool
	draining bool
	rate     float64 // bytes per second
	level    float64 // bytes that may leave now
	last     time.Time
	wait     []paced // a ring of paceMost, made when first used
	from, n  int
	bytes    int // that wait
}

// follow takes what the line is held to carry beside sound, in bits per second.
func (c *pacer) follow(target, rate int, now time.Time) {
	if c.last.IsZero() {
		c.level = paceBurst
	}
	c.fill(now)
	c.rate = max(paceRate*float64(rate), paceLeast) / 8
	c.on = target < paceBelow || c.on && target < paceAbove
}

func (c *pacer) fill(now time.Time) {
	if d := now.Sub(c.last).Seconds(); d > 0 {
		c.level = min(paceBurst, c.level+d*c.rate)
		c.last = now
	}
}

// holdBack keeps a packet of a picture that may not leave yet; false when it may.
func (s *section) holdBack(l *layer, k *packetRefs) bool {
	c := &s.peer.tx.line.pace
	if !c.on && c.n == 0 || c.draining {
		return false
	}
	// Who never tells how its packets arrive is not held back for ever.
	c.on = c.on && s.peer.tx.line.bounds(s.peer.room.at)
	if s.still.on && !s.takesStill(l, k) {
		return false // it is not sent at all
	}
	if i := int(l.index); i != s.current && (i != s.target || !k.keyStart && !s.keyHeld) {
		return false // it is not sent at all
	}
	if c.n == 0 {
		if c.fill(s.peer.room.at); c.level > 0 {
			return false
		}
		s.peer.kick()
	}
	size := len(k.raw) + packetOverhead
	// A still is alone and may take its time.
	for c.n == paceMost || !s.still.on && float64(c.bytes+size) > max(c.rate*paceTime.Seconds(), 8*paceBurst) {
		if victim := c.least(s); c.drop(victim) == 0 || victim == s {
			s.peer.room.loop.count.dropped[dropFrame].Add(1)
			s.abandon()
			return true
		}
	}
	if c.wait == nil {
		c.wait = make([]paced, paceMost)
	}
	s.keyHeld = s.keyHeld || k.keyStart
	k.retain()
	c.wait[(c.from+c.n)%paceMost] = paced{s, l, k}
	c.n++
	c.bytes += size
	return true
}

// least is the section that matters least of s and those that wait.
func (c *pacer) least(s *section) *section {
	for i := range c.n {
		if w := &c.wait[(c.from+i)%paceMost]; w.k != nil && w.s.grant.Priority < s.grant.Priority {
			s = w.s
		}
	}
	return s
}

// drop takes everything of s out of the queue, whole frames and what refers to them:
// its picture goes on with the next keyframe. It returns how many packets that were.
func (c *pacer) drop(s *section) (count int) {
	kept := 0
	for i := range c.n {
		w := c.wait[(c.from+i)%paceMost]
		if w.s == s {
			c.bytes -= len(w.k.raw) + packetOverhead
			w.k.release()
			count++
			continue
		}
		c.wait[(c.from+kept)%paceMost] = w
		kept++
	}
	for i := kept; i < c.n; i++ {
		c.wait[(c.from+i)%paceMost] = paced{}
	}
	c.n = kept
	if count > 0 {
		s.peer.room.loop.count.dropped[dropFrame].Add(uint64(count))
		s.abandon()
	}
	return count
}

// spend takes what went out of the bucket, bytes with all headers: repeats, probes and
// pictures alike.
func (c *pacer) spend(size int) {
	if c.on || c.n > 0 {
		c.level -= float64(size)
	}
}

// pace sends what may leave now and tells the worker when to look again.
func (p *Peer) pace(e *errands, now time.Time) {
	c := &p.tx.line.pace
	if c.n == 0 {
		return
	}
	p.room.at = now
	c.fill(now)
	c.draining = true
	for c.n > 0 && (c.level > 0 || !c.on) {
		w := c.wait[c.from]
		c.wait[c.from] = paced{}
		c.from = (c.from + 1) % paceMost
		c.n--
		c.bytes -= len(w.k.raw) + packetOverhead
		if w.l.src == w.s.src { // a following section may carry another source by now
			w.s.forward(w.l, w.k)
			w.s.flush()
		}
		w.k.release()
	}
	c.draining = false
	if c.n > 0 {
		e.next = min(e.next, max(time.Duration(-c.level/c.rate*float64(time.Second)), time.Millisecond))
	}
}

// unpace forgets what waits.
func (p *Peer) unpace() {
	c := &p.tx.line.pace
	for ; c.n > 0; c.n-- {
		c.wait[c.from].k.release()
		c.wait[c.from] = paced{}
		c.from = (c.from + 1) % paceMost
	}
	c.bytes = 0
}
