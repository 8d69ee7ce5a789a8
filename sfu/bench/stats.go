package bench

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Spread is a median with the least and greatest value behind it.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// spreadOf gives the spread of values; of none, zeros.
func spreadOf(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	s := slices.Sorted(slices.Values(values))
	mid := len(s) / 2
	median := s[mid]
	if len(s)%2 == 0 {
		median = (s[mid-1] + s[mid]) / 2
	}
	return Spread{Median: median, Min: s[0], Max: s[len(s)-1]}
}

// Latencies are counted in slots of latencySlot; the last slot takes the rest.
const (
	latencySlot  = 10 * time.Microsecond
	latencySlots = 20_000 // up to 200 ms
)

// histogram counts latencies. It has one writer.
type histogram struct {
	counts [latencySlots]uint32
	total  uint64
	max    time.Duration
}

// add counts d; a negative d (a stepped clock) counts as zero.
func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	h.counts[min(int(d/latencySlot), latencySlots-1)]++
	h.total++
	h.max = max(h.max, d)
}

func (h *histogram) merge(o *histogram) {
	for i, c := range o.counts {
		h.counts[i] += c
	}
	h.total += o.total
	h.max = max(h.max, o.max)
}

// quantile gives the upper edge of the slot in which the share q (0 to 1) of
// the latencies is reached, never more than the greatest one; 0 when empty.
func (h *histogram) quantile(q float64) time.Duration {
	if h.total == 0 {
		return 0
	}
	rank := max(uint64(math.Ceil(q*float64(h.total))), 1)
	var seen uint64
	for i, c := range h.counts {
		if seen += uint64(c); seen >= rank && i < latencySlots-1 {
			return min(time.Duration(i+1)*latencySlot, h.max)
		}
	}
	return h.max
}

// A window is rejected when the generator, not the server, was late or deaf.
const (
	lateAfter    = 10 * time.Millisecond // a send this long after its due time is late
	maxLateShare = 0.01                  // share of sends that may be late
	minSentShare = 0.995                 // share of the due packets that must have left
)

// judgesGrowth: churn and soak judge what grows and no time, so a late generator, whose
// packets came all the same, spoils nothing.
func (s *Sample) judgesGrowth() bool { return s.Scenario == Churn || s.Scenario == Soak }

// rejected gives the reason why the window of s says nothing about the server,
// or "".
func rejected(s Sample) string {
	switch {
	case s.Overflow > 0:
		return fmt.Sprintf("the generator's sockets overflowed, %d packets", s.Overflow)
	case s.Due > 0 && float64(s.Sent) < minSentShare*float64(s.Due):
		return fmt.Sprintf("the generator sent %d of %d due packets", s.Sent, s.Due)
	case s.LateShare > maxLateShare && !s.judgesGrowth():
		return fmt.Sprintf("the generator was more than %v late with %.1f %% of its packets", lateAfter, 100*s.LateShare)
	default:
		return ""
	}
}
