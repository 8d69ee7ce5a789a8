// Package estimate tells how many bits a second the line to one receiver carries,
// from what was sent and what the receiver reports of it (transport-wide feedback).
// It follows draft-ietf-rmcat-gcc-02 in its delay part, has a loss part of its own
// that leaves a line alone which loses without being full, and proves a higher rate
// by probes. It has no clock and no lock: times are handed in, and the caller
// serializes.
package estimate

import "time"

// Params bound an Estimator. Rates are bits per second of whole packets as the
// caller counts them; zero fields take the default.
type Params struct {
	Start int // before anything is known, default 600 000
	Min   int // default 60 000
	Max   int // default 20 000 000
}

const (
	ringSize     = 1024 // packets in flight that feedback can tell of, a power of two
	ackedBuckets = 16
	ackedBucket  = 25.0 // milliseconds of one
	busyBuckets  = 6    // for which a full line is looked at
	backOff      = 0.85 // of what arrives, after the line filled up
	growth       = 1.08 // a second, while the line's capacity is unknown
	additive     = 40_000
	headroom     = 1.5 // times what arrives: beyond, only a probe leads
	headroomBits = 10_000
	minSpan      = 250 * time.Millisecond // of sending, for one look at the loss
	minPackets   = 20
	maxOwnLoss   = 0.35                   // of a line that can be used at all
	lossJump     = 0.08                   // more loss than the line has by itself, for which the rate is to blame
	lossCalm     = 3 * time.Second        // in which what a lower rate changed is judged,
	lossSettled  = 800 * time.Millisecond // once what was sent before has been told of
	tick         = 16 * time.Microsecond  // unit of the ring's times
)

// fate of a sent packet.
type fate uint8

const (
	free fate = iota
	flying
	lost
	arrived
)

type sentPacket struct {
	at   uint32 // ticks since the beginning, modulo 2^32
	size uint16
	seq  uint16
	fate fate
}

// Estimator is the estimate of one receiver's line. Make it by New.
type Estimator struct {
	p      Params
	epoch  time.Time
	next   uint16
	ring   [ringSize]sentPacket
	trend  trend
	acked  acked
	target float64
	grew   time.Time // target was last looked at
	// capacity is what arrived when the line was last full, 0: unknown.
	capacity float64
	held     bool // after a decrease, until the delay is normal
	reports  int  // feedbacks that told of anything
	loss     lossBook
	probe    probe
	arrivals clock
}

// clock unwraps the receiver's times.
type clock struct {
	last uint32
	ms   float64
	any  bool
}

func (c *clock) at(units uint32) float64 {
	if c.any {
		c.ms += float64(int32(units-c.last)) / 4
	}
	c.last, c.any = units, true
	return c.ms
}

// New makes an Estimator at a time.
func New(p Params, now time.Time) *Estimator {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&p.Start, 600_000)
	def(&p.Min, 60_000)
	def(&p.Max, 20_000_000)
	return &Estimator{p: p, epoch: now, trend: newTrend(), target: float64(min(max(p.Start, p.Min), p.Max)), grew: now, probe: newProbe(now)}
}

// Target is the rate that the line is held to carry, in bits per second.
func (e *Estimator) Target() int { return int(e.target) }

// Known says that feedback has ever told of a packet.
func (e *Estimator) Known() bool { return e.reports > 0 }

// Congested says that the line was full lately and the delay is not yet as before.
func (e *Estimator) Congested() bool { return e.held }

// Loss is the share of packets lost lately, 0..1.
func (e *Estimator) Loss() float64 { return e.loss.share }

// Next is the transport-wide number that the next packet gets.
func (e *Estimator) Next() uint16 { return e.next }

// Sent notes that the packet with the number Next goes out, size bytes in all.
// Times must not run backwards.
func (e *Estimator) Sent(size int, at time.Time) {
	e.ring[e.next%ringSize] = sentPacket{at: uint32(at.Sub(e.epoch) / tick), size: uint16(min(size, 1<<16-1)), seq: e.next, fate: flying}
	e.probe.sent(e.next, size, at)
	e.next++
}

// Feedback takes what the receiver reports. What it says of packets that were not
// sent, or twice of one, changes nothing.
func (e *Estimator) Feedback(list []Arrival, now time.Time) {
	told := false
	for i := range list {
		a := &list[i]
		var at float64
		if a.Received {
			at = e.arrivals.at(a.At)
		}
		s := &e.ring[a.Seq%ringSize]
		if s.seq != a.Seq || s.fate == free || s.fate == arrived || !a.Received && s.fate == lost {
			continue
		}
		told = true
		if !a.Received {
			s.fate = lost
			e.loss.packet(s, false)
			continue
		}
		if s.fate == lost {
			e.loss.found(s)
		} else {
			e.loss.packet(s, true)
		}
		s.fate = arrived
		e.acked.add(at, int(s.size))
		e.trend.packet(e.ms(s.at), at)
		e.probe.arrived(s, e.ms(s.at), at)
	}
	if !told {
		return
	}
	e.reports++
	e.follow(now)
}

// ms turns ticks into milliseconds, unwrapped around the newest packet.
func (e *Estimator) ms(ticks uint32) float64 {
	base := uint64(e.grew.Sub(e.epoch) / tick)
	return float64(int64(base)+int64(int32(ticks-uint32(base)))) * float64(tick) / float64(time.Millisecond)
}

// follow moves the target after a feedback.
func (e *Estimator) follow(now time.Time) {
	rate := e.acked.rate()
	dt := min(max(now.Sub(e.grew).Seconds(), 0), 1)
	e.grew = now
	switch {
	case e.trend.state == overuse && e.trend.queued() && !e.probe.mayFill(now):
		e.full(e.acked.busiest(), now)
	case e.trend.state != normal:
	case e.held:
		e.held = false
	default:
		e.grow(rate, dt)
	}
	e.followLoss(now)
	e.followProbe(now)
	e.target = min(max(e.target, float64(e.p.Min)), float64(e.p.Max))
}

// full: the delay grows, so what arrives is what the line carries.
func (e *Estimator) full(rate float64, now time.Time) {
	e.held, e.loss.before = true, 0
	if rate <= 0 {
		return
	}
	e.capacity = rate
	if to := backOff * rate; to < e.target {
		e.target = to
		e.probe.refused(now)
	}
}

// grow raises the target a little: fast while the capacity is unknown or far, by
// steps near it; never far beyond what is really sent.
func (e *Estimator) grow(rate, dt float64) {
	to := e.target + min((growth-1)*e.target, max(additive, (growth-1)*e.target*e.distance()))*dt
	if e.loss.share > e.loss.own+lossJump/2 {
		return
	}
	if limit := headroom*rate + headroomBits; to > limit {
		to = max(limit, e.target)
	}
	e.target = to
}

// distance is 0 near the last known capacity and 1 far from it.
func (e *Estimator) distance() float64 {
	if e.capacity > 0 && e.target > 0.8*e.capacity && e.target < 1.2*e.capacity {
		return 0
	}
	return 1
}

// acked is the rate at which packets arrive, by the receiver's clock.
type acked struct {
	bytes [ackedBuckets]float64
	at    int64 // number of the newest bucket
	first int64
	any   bool
}

func (a *acked) add(ms float64, size int) {
	b := int64(ms / ackedBucket)
	if !a.any || b > a.at+int64(4*ackedBuckets) || b < a.at-int64(4*ackedBuckets) {
		*a = acked{at: b, first: b, any: true}
	}
	for a.at < b {
		a.at++
		a.bytes[mod(a.at)] = 0
	}
	if b > a.at-ackedBuckets {
		a.bytes[mod(b)] += float64(size)
	}
}

func mod(n int64) int64 { return (n%ackedBuckets + ackedBuckets) % ackedBuckets }

// busiest is the rate over the busiest stretch of the last ones. While packets stand
// in a queue they arrive as fast as the line carries them, however little was sent
// before; a mean over longer would take a short burst's line for a narrow one.
func (a *acked) busiest() (rate float64) {
	n := min(a.at-a.first, 2*busyBuckets)
	for from := int64(1); from+busyBuckets-1 <= n; from++ {
		var sum float64
		for i := from; i < from+busyBuckets; i++ {
			sum += a.bytes[mod(a.at-i)]
		}
		rate = max(rate, 8*sum/(busyBuckets*ackedBucket/1000))
	}
	return rate
}

// rate in bits per second over the full buckets; 0 while there are too few.
func (a *acked) rate() float64 {
	n := min(a.at-a.first, ackedBuckets-1)
	if n < busyBuckets {
		return 0
	}
	var sum float64
	for i := int64(1); i <= n; i++ {
		sum += a.bytes[mod(a.at-i)]
	}
	return 8 * sum / (float64(n) * ackedBucket / 1000)
}
