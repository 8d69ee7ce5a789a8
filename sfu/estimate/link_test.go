package estimate

import (
	"math/rand/v2"
	"time"
)

// link is a synthetic line: capacity with a queue that drops its tail, delay, loss.
// Nothing in it but the time it is told passes.
type link struct {
	capacity func(time.Duration) int // bits per second
	queue    time.Duration
	delay    time.Duration
	loss     float64
	jitter   time.Duration
	rng      *rand.Rand
	freeAt   time.Duration
	lastAt   time.Duration
}

func (l *link) carry(at time.Duration, size int) (arrives time.Duration, ok bool) {
	if l.rng.Float64() < l.loss {
		return 0, false
	}
	start := max(at, l.freeAt)
	if start-at > l.queue {
		return 0, false
	}
	l.freeAt = start + time.Duration(float64(size*8)/float64(l.capacity(at))*float64(time.Second))
	arrives = l.freeAt + l.delay
	if l.jitter > 0 {
		arrives += time.Duration(l.rng.Int64N(int64(l.jitter)))
	}
	arrives = max(arrives, l.lastAt)
	l.lastAt = arrives
	return arrives, true
}

// sample is one moment of a run.
type sample struct {
	at     time.Duration
	target int
	sent   int // bits per second of media chosen
}

// layers of the pretended camera, bits per second, and the microphone's rate.
var layers = [...]int{0, 150_000, 500_000, 1_500_000}

const micRate = 50_000

type flown struct {
	seq     uint16
	arrives time.Duration
	ok      bool
}

// simulation runs a sender that follows the estimate over a link.
type simulation struct {
	link     *link
	e        *Estimator
	start    time.Time
	flights  []flown
	samples  []sample
	feedback func(i int) bool // false: the i-th feedback is lost
	hostile  func() []Arrival // what comes besides
	layer    int
	fixed    bool // the layer stays
	wanted   int  // bits per second that probes are to prove
}

func (s *simulation) send(now time.Duration, size int) {
	seq := s.e.Next()
	s.e.Sent(size, s.start.Add(now))
	at, ok := s.link.carry(now, size)
	s.flights = append(s.flights, flown{seq: seq, arrives: at, ok: ok})
}

// report makes one feedback about everything that has arrived, with the holes
// below, as a receiver does.
func (s *simulation) report(now time.Duration) []Arrival {
	last := -1
	for i := range s.flights {
		if f := &s.flights[i]; f.ok && f.arrives <= now {
			last = i
		}
	}
	var out []Arrival
	for i := 0; i <= last; i++ {
		f := s.flights[i]
		in := f.ok && f.arrives <= now
		out = append(out, Arrival{Seq: f.seq, Received: in, At: uint32(f.arrives / (250 * time.Microsecond))})
	}
	s.flights = append(s.flights[:0], s.flights[last+1:]...)
	return out
}

// run plays length in steps of a millisecond: sound each 20 ms, pictures each 40 ms
// in packets of 1200 bytes, feedback each 100 ms that takes the way back.
func (s *simulation) run(length time.Duration) {
	type waiting struct {
		list []Arrival
		at   time.Duration
	}
	var back []waiting
	reports := 0
	for ms := 0; time.Duration(ms)*time.Millisecond < length; ms++ {
		now := time.Duration(ms) * time.Millisecond
		if ms%20 == 0 {
			s.send(now, micRate/8/50)
		}
		if ms%40 == 0 {
			for left := layers[s.layer] / 8 / 25; left > 0; left -= 1200 {
				s.send(now, min(left, 1200))
			}
		}
		if ms%10 == 0 {
			pad, _ := s.e.Padding(s.wanted, s.start.Add(now))
			for ; pad > 0; pad -= 319 {
				s.send(now, 319)
			}
		}
		if ms%100 == 50 {
			list := s.report(now)
			if s.feedback == nil || s.feedback(reports) {
				back = append(back, waiting{list, now + s.link.delay})
			}
			reports++
			if s.hostile != nil {
				back = append(back, waiting{s.hostile(), now + s.link.delay})
			}
		}
		for len(back) > 0 && back[0].at <= now {
			s.e.Feedback(back[0].list, s.start.Add(now))
			back = back[1:]
			s.choose()
		}
		if ms%10 == 0 {
			s.samples = append(s.samples, sample{at: now, target: s.e.Target(), sent: micRate + layers[s.layer]})
		}
	}
}

// choose takes the best layer that fits: up with a margin.
func (s *simulation) choose() {
	if s.fixed {
		return
	}
	room := s.e.Target() - micRate
	for s.layer > 0 && layers[s.layer] > room {
		s.layer--
	}
	for s.layer+1 < len(layers) && layers[s.layer+1]*11/10 <= room {
		s.layer++
	}
}

func newSimulation(seed uint64, capacity func(time.Duration) int) *simulation {
	start := time.Unix(1_700_000_000, 0)
	s := &simulation{start: start, e: New(Params{}, start), wanted: layers[len(layers)-1] * 6 / 5}
	s.e.next = uint16(seed * 7919) // wherever the counter begins
	s.link = &link{capacity: capacity, queue: 200 * time.Millisecond, delay: 20 * time.Millisecond, rng: rand.New(rand.NewPCG(seed, 1))}
	return s
}
