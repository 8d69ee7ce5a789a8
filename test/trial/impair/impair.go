// Package impair is a user-space network impairer: it carries IP packets from
// one side to the other and loses, delays and queues them by a seeded model, so
// that a run can be repeated and a control run sees the same line.
package impair

import (
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Line describes one direction. The zero Line passes everything at once.
type Line struct {
	// Loss is the probability 0..1 that a packet is lost, independently.
	Loss float64
	// BurstMean over 1 makes losses come in bursts of that mean length (two-state
	// Gilbert model) with Loss as the mean rate.
	BurstMean float64
	// Delay is added to every packet; Jitter adds a uniform 0..Jitter on top.
	// Order is kept.
	Delay, Jitter time.Duration
	// RateBits is the capacity in bits per second, 0 for no bound.
	RateBits int
	// Nothing passes for Outage, once in OutageEvery and first after one of them;
	// 0 for never.
	Outage, OutageEvery time.Duration
	// Steps change the capacity in time, in the order of After; the first is not
	// before Mark.
	Steps []Step
	// QueueTime bounds what waits for capacity; a packet that would wait longer
	// is lost (drop tail). 0 takes 200 ms.
	QueueTime time.Duration
	// OnlyTCP, when not 0, lets nothing through but TCP from or to this port: the
	// strictest networks that still show web pages.
	OnlyTCP uint16
	// Nothing passes from DarkFrom to DarkUntil since Mark; 0 and 0 for never.
	DarkFrom, DarkUntil time.Duration
	// From Rebind on, since Mark, a NAT on the line gives all UDP of the host behind it
	// other ports; 0 for never. Inward is the direction towards that host.
	Rebind time.Duration
	Inward bool
}

// Step is a capacity from a moment on.
type Step struct {
	After    time.Duration // since Mark
	RateBits int
}

// Counts of one direction.
type Counts struct {
	Packets  uint64 `json:"packets"`
	Lost     uint64 `json:"lost"`
	Overflow uint64 `json:"overflow"`
	Barred   uint64 `json:"barred,omitempty"` // by OnlyTCP
	Bytes    uint64 `json:"bytes"`
}

// maxQueued bounds the packets in flight of one direction (memory: times MTU).
const maxQueued = 4096

type item struct {
	at   time.Time
	data []byte
}

// Pipe carries packets from src to dst by Line until ctx ends or src fails.
type Pipe struct {
	// Seen is told of every packet before it is carried: whether it will be, and
	// when it is, or would have been. It must not keep data. Nil: nobody.
	Seen func(data []byte, at time.Time, delivered bool)

	line   Line
	mark   atomic.Pointer[time.Time]
	began  time.Time
	rng    *rand.Rand
	bad    bool // state of the Gilbert model
	freeAt time.Time
	lastAt time.Time
	counts Counts
}

// NewPipe makes a pipe whose random choices follow from seed alone.
func NewPipe(line Line, seed uint64) *Pipe {
	if line.QueueTime == 0 {
		line.QueueTime = 200 * time.Millisecond
	}
	return &Pipe{line: line, rng: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
}

// Mark begins the line's Steps; from any goroutine.
func (p *Pipe) Mark(at time.Time) { p.mark.Store(&at) }

// rate is the capacity now.
func (p *Pipe) rate(now time.Time) int {
	rate, mark := p.line.RateBits, p.mark.Load()
	if mark == nil {
		return rate
	}
	for _, s := range p.line.Steps {
		if now.Sub(*mark) >= s.After {
			rate = s.RateBits
		}
	}
	return rate
}

// Schedule decides about one packet of size bytes that arrives now: when it is
// to be delivered, or, when it is lost, would have come on an idle line.
func (p *Pipe) Schedule(now time.Time, size int) (at time.Time, deliver bool) {
	p.counts.Packets++
	p.counts.Bytes += uint64(size)
	if p.began.IsZero() {
		p.began = now
	}
	if lost := p.lose(); lost || p.out(now) {
		p.counts.Lost++
		return now.Add(p.line.Delay), false
	}
	start := now
	if rate := p.rate(now); rate > 0 {
		if p.freeAt.After(start) {
			start = p.freeAt
		}
		if start.Sub(now) > p.line.QueueTime {
			p.counts.Overflow++
			return start.Add(p.line.Delay), false
		}
		start = start.Add(time.Duration(size) * 8 * time.Second / time.Duration(rate))
		p.freeAt = start
	}
	at = start.Add(p.line.Delay)
	if p.line.Jitter > 0 {
		at = at.Add(time.Duration(p.rng.Int64N(int64(p.line.Jitter))))
	}
	if at.Before(p.lastAt) {
		at = p.lastAt
	}
	p.lastAt = at
	return at, true
}

// out: nothing passes at the moment.
func (p *Pipe) out(now time.Time) bool {
	if mark := p.mark.Load(); mark != nil && p.line.DarkUntil > 0 {
		if since := now.Sub(*mark); since >= p.line.DarkFrom && since < p.line.DarkUntil {
			return true
		}
	}
	if p.line.OutageEvery <= 0 {
		return false
	}
	since := now.Sub(p.began)
	return since >= p.line.OutageEvery && since%p.line.OutageEvery < p.line.Outage
}

func (p *Pipe) lose() bool {
	if p.line.Loss <= 0 {
		return false
	}
	x := p.rng.Float64()
	if p.line.BurstMean <= 1 {
		return x < p.line.Loss
	}
	// Mean stay in "bad" is BurstMean packets; the way in is chosen so that the
	// share of bad packets is Loss.
	out := 1 / p.line.BurstMean
	in := out * p.line.Loss / (1 - p.line.Loss)
	if p.bad {
		p.bad = x >= out
	} else {
		p.bad = x < in
	}
	return p.bad
}

// Run carries packets until ctx ends or src fails; it returns what happened.
// The caller closes src to end a blocked read.
func (p *Pipe) Run(ctx context.Context, dst io.Writer, src io.Reader) Counts {
	queue := make(chan item, maxQueued)
	done := make(chan struct{})
	go func() {
		defer close(done)
		deliver(ctx, dst, queue)
	}()
	p.read(ctx, src, queue)
	close(queue)
	<-done
	return p.counts
}

func (p *Pipe) read(ctx context.Context, src io.Reader, queue chan<- item) {
	buf := make([]byte, 65536)
	for ctx.Err() == nil {
		n, err := src.Read(buf)
		if err != nil {
			return
		}
		if p.line.OnlyTCP != 0 && !tcpOf(buf[:n], p.line.OnlyTCP) {
			p.counts.Barred++
			continue
		}
		if mark := p.mark.Load(); mark != nil && p.line.Rebind > 0 && time.Since(*mark) >= p.line.Rebind {
			rebind(buf[:n], p.line.Inward)
		}
		at, ok := p.Schedule(time.Now(), n)
		if p.Seen != nil {
			p.Seen(buf[:n], at, ok)
		}
		if !ok {
			continue
		}
		select {
		case queue <- item{at: at, data: append([]byte(nil), buf[:n]...)}:
		default:
			p.counts.Overflow++
		}
	}
}

// tcpOf tells whether an IPv4 packet is TCP from or to the port.
func tcpOf(b []byte, port uint16) bool {
	const protoTCP = 6
	if len(b) < 20 || b[0]>>4 != 4 || b[9] != protoTCP {
		return false
	}
	header := int(b[0]&0x0f) * 4
	if len(b) < header+4 {
		return false
	}
	return binary.BigEndian.Uint16(b[header:]) == port || binary.BigEndian.Uint16(b[header+2:]) == port
}

func deliver(ctx context.Context, dst io.Writer, queue <-chan item) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for it := range queue {
		if wait := time.Until(it.at); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				continue // drain without delivering
			}
		}
		// An error of the far side is a lost packet, as on a real line.
		_, _ = dst.Write(it.data)
	}
}
