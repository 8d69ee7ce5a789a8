package bench

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSpreadIsMedianLeastAndGreatest(t *testing.T) {
	require.Equal(t, Spread{}, spreadOf(nil))
	require.Equal(t, Spread{Median: 4, Min: 4, Max: 4}, spreadOf([]float64{4}))
	require.Equal(t, Spread{Median: 2.5, Min: 1, Max: 9}, spreadOf([]float64{9, 1, 3, 2}))
	require.Equal(t, Spread{Median: 3, Min: 1, Max: 9}, spreadOf([]float64{9, 3, 1}))
}

// Half of the values lie on either side of the median, and the input stays as it is.
func TestMedianHalvesTheValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 50).Draw(t, "values")
		kept := slices.Clone(values)
		s := spreadOf(values)
		require.Equal(t, kept, values)
		var below, above int
		for _, v := range values {
			require.GreaterOrEqual(t, v, s.Min)
			require.LessOrEqual(t, v, s.Max)
			if v < s.Median {
				below++
			}
			if v > s.Median {
				above++
			}
		}
		require.LessOrEqual(t, below, len(values)/2)
		require.LessOrEqual(t, above, len(values)/2)
	})
}

// A quantile of the histogram is the exact one, rounded up by at most a slot.
func TestQuantileIsExactToASlot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		micros := rapid.SliceOfN(rapid.IntRange(0, 199_000), 1, 200).Draw(t, "micros")
		q := rapid.Float64Range(0.01, 1).Draw(t, "q")
		h := &histogram{}
		for _, us := range micros {
			h.add(time.Duration(us) * time.Microsecond)
		}
		slices.Sort(micros)
		rank := int(math.Ceil(q * float64(len(micros))))
		exact := time.Duration(micros[max(rank, 1)-1]) * time.Microsecond
		got := h.quantile(q)
		require.GreaterOrEqual(t, got, exact)
		require.LessOrEqual(t, got, exact+latencySlot)
		require.LessOrEqual(t, got, h.max)
	})
}

func TestHistogramEdges(t *testing.T) {
	h := &histogram{}
	require.Zero(t, h.quantile(0.5))
	h.add(-time.Second)
	require.Zero(t, h.quantile(1), "a stepped clock counts as no latency")
	h.add(time.Hour)
	require.Equal(t, time.Hour, h.quantile(1), "what is beyond the slots is the greatest one")
	o := &histogram{}
	o.add(30 * time.Microsecond)
	o.merge(h)
	require.EqualValues(t, 3, o.total)
	require.Equal(t, 40*time.Microsecond, o.quantile(0.6), "the upper edge of the slot")
}

func TestWindowIsRejectedForTheGeneratorsFaultOnly(t *testing.T) {
	good := Sample{Due: 1000, Sent: 1000, Expected: 100_000, Delivered: 100_000}
	for name, c := range map[string]struct {
		change func(*Sample)
		reject bool
	}{
		"punctual":                    {func(*Sample) {}, false},
		"the server lost nearly all":  {func(s *Sample) { s.Delivered = 1 }, false},
		"the server doubled packets":  {func(s *Sample) { s.Duplicates = 5 }, false},
		"a socket overflowed":         {func(s *Sample) { s.Overflow = 1 }, true},
		"half of the packets left":    {func(s *Sample) { s.Sent = 500 }, true},
		"just enough left":            {func(s *Sample) { s.Sent = 995 }, false},
		"a hundredth was late":        {func(s *Sample) { s.LateShare = 0.01 }, false},
		"more than a hundredth late":  {func(s *Sample) { s.LateShare = 0.011 }, true},
		"a late soak":                 {func(s *Sample) { s.Scenario, s.LateShare = Soak, 0.5 }, false},
		"a soak that did not send":    {func(s *Sample) { s.Scenario, s.Sent = Soak, 500 }, true},
		"a join storm without media":  {func(s *Sample) { *s = Sample{Joins: 100} }, false},
		"one long lag, otherwise not": {func(s *Sample) { s.LagMax = time.Second }, false},
	} {
		s := good
		c.change(&s)
		require.Equal(t, c.reject, rejected(s) != "", name)
	}
}

// A punctual publisher never sends less than what is due, wherever in its
// schedule the window lies.
func TestDueIsNeverMoreThanAPunctualPublisherSends(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(frameRate, maxVideoRate).Draw(t, "rate")
		window := time.Duration(rapid.IntRange(100, 10_000).Draw(t, "ms")) * time.Millisecond
		from := time.Duration(rapid.IntRange(0, 3_000_000).Draw(t, "us")) * time.Microsecond
		var sent uint64
		for n := 0; ; n++ {
			at := time.Duration(n) * time.Second / audioRate
			if at >= from+window {
				break
			}
			if at >= from {
				sent++
			}
		}
		for n := 0; ; n++ {
			at := time.Duration(n)*time.Second/frameRate + time.Second/audioRate/2
			if at >= from+window {
				break
			}
			if at >= from {
				sent += uint64((n+1)*rate/frameRate - n*rate/frameRate)
			}
		}
		require.LessOrEqual(t, due(rate, window), sent)
		require.GreaterOrEqual(t, due(rate, window)+uint64(3*(rate/frameRate+2)), sent)
	})
}
