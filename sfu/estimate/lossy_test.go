package estimate

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// narrowStart is a simulation that begins as a peer's line does.
func narrowStart(seed uint64, capacity func(time.Duration) int) *simulation {
	s := newSimulation(seed, capacity)
	s.e.p.Start, s.e.target = 300_000, 300_000
	return s
}

// reaches is when the target is first at least bits per second.
func (s *simulation) reaches(bits int) (time.Duration, bool) {
	for _, x := range s.samples {
		if x.target >= bits {
			return x.at, true
		}
	}
	return 0, false
}

// A wide line that loses by itself is proved in spite of it: soon on nineteen of
// twenty, and on every one.
func TestAWideLineThatLosesIsProved(t *testing.T) {
	const runs = 200
	for name, c := range map[string]struct {
		loss         float64
		target       int
		most, always time.Duration
	}{
		"2 %":  {0.02, 2_000_000, time.Second, 10 * time.Second},
		"10 %": {0.10, 2_000_000, 2400 * time.Millisecond, 10 * time.Second},
		"20 %": {0.20, 1_000_000, 3200 * time.Millisecond, 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			var took []time.Duration
			for seed := range uint64(runs) {
				s := narrowStart(seed, steps(5_000_000))
				s.wanted, s.link.loss = 3_000_000, c.loss
				s.run(20 * time.Second)
				at, ok := s.reaches(c.target)
				require.True(t, ok, "never proved: %d", s.e.Target())
				took = append(took, at)
			}
			slices.Sort(took)
			require.LessOrEqual(t, took[runs*19/20], c.most)
			require.LessOrEqual(t, took[runs-1], c.always)
		})
	}
}

// A line that throws away what is too much, without delay, is not taken for one that
// loses by itself: from five seconds on the target stays near what gets through.
func TestAPolicedBeginningSettles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := narrowStart(rapid.Uint64().Draw(t, "seed"), steps(400_000))
		s.link.queue = 20 * time.Millisecond
		s.run(20 * time.Second)
		over := 0
		for _, x := range s.samples {
			if x.at >= 5*time.Second && x.target > 500_000 {
				over++
			}
		}
		require.LessOrEqual(t, over, 75, "of 1500 moments")
	})
}
