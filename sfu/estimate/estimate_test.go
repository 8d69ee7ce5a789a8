package estimate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func steps(at ...int) func(time.Duration) int {
	return func(now time.Duration) int {
		rate := at[0]
		for i := 1; i+1 < len(at); i += 2 {
			if now >= time.Duration(at[i])*time.Second {
				rate = at[i+1]
			}
		}
		return rate
	}
}

// lastOver is when, within from..to, more than bits were last sent.
func (s *simulation) lastOver(bits int, from, to time.Duration) time.Duration {
	last := from
	for _, x := range s.samples {
		if x.at >= from && x.at < to && x.sent > bits {
			last = x.at
		}
	}
	return last
}

func (s *simulation) firstAtLeast(bits int, from time.Duration) (time.Duration, bool) {
	for _, x := range s.samples {
		if x.at >= from && x.sent >= bits {
			return x.at, true
		}
	}
	return 0, false
}

// The line of a site falls to a fifth and comes back (trial V2 in small).
func TestStepOfCapacity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.IntRange(300, 700).Draw(t, "low") * 1000
		s := newSimulation(rapid.Uint64().Draw(t, "seed"), steps(2_000_000, 10, low, 25, 2_000_000))
		s.link.jitter = time.Duration(rapid.IntRange(0, 4).Draw(t, "jitter")) * time.Millisecond
		s.run(40 * time.Second)
		full := micRate + layers[len(layers)-1]
		at, ok := s.firstAtLeast(full, 0)
		require.True(t, ok, "never full")
		require.LessOrEqual(t, at, 5*time.Second, "full after the beginning")
		over := s.lastOver(low, 10*time.Second, 25*time.Second) - 10*time.Second
		require.LessOrEqual(t, over, 2*time.Second, "more is sent than the line carries")
		back, ok := s.firstAtLeast(full, 25*time.Second)
		require.True(t, ok, "never full again")
		require.LessOrEqual(t, back-25*time.Second, 10*time.Second)
	})
}

// A line that loses a tenth at random without being full keeps its picture.
func TestRandomLossIsNotCongestion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSimulation(rapid.Uint64().Draw(t, "seed"), steps(4_000_000))
		s.link.loss = rapid.Float64Range(0.02, 0.3).Draw(t, "loss")
		s.run(30 * time.Second)
		full := 0
		for _, x := range s.samples {
			if x.at >= 10*time.Second && x.sent >= micRate+500_000 {
				full++
			}
		}
		require.GreaterOrEqual(t, full, 1700, "of 2000 moments")
		require.InDelta(t, s.link.loss, s.e.Loss(), 0.15)
	})
}

// A line without a queue, which loses what is too much, is found out by its loss.
func TestPolicedLineIsNotFlooded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSimulation(rapid.Uint64().Draw(t, "seed"), steps(2_000_000, 8, 400_000))
		s.link.queue = 20 * time.Millisecond
		s.run(20 * time.Second)
		over := 0
		for _, x := range s.samples {
			if x.at >= 11*time.Second && x.sent > 400_000 {
				over++
			}
		}
		require.LessOrEqual(t, over, 180, "of 900 moments")
	})
}

// Whatever feedback is lost or made up, the target stays within its bounds, and
// what was not sent is not believed.
func TestHostileFeedbackStaysInBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSimulation(1, steps(1_000_000))
		s.e.p.Max = 3_000_000
		kept := rapid.SliceOfN(rapid.Bool(), 50, 50).Draw(t, "kept")
		s.feedback = func(i int) bool { return kept[i%len(kept)] }
		s.hostile = func() []Arrival {
			return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Arrival {
				return Arrival{Seq: rapid.Uint16().Draw(t, "seq"), Received: rapid.Bool().Draw(t, "received"), At: rapid.Uint32().Draw(t, "at")}
			}), 0, 40).Draw(t, "hostile")
		}
		s.run(5 * time.Second)
		for _, x := range s.samples {
			require.GreaterOrEqual(t, x.target, s.e.p.Min)
			require.LessOrEqual(t, x.target, s.e.p.Max)
		}
	})
}

// Feedback about packets that were never sent changes nothing at all.
func TestFeedbackOfNothingChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1_700_000_000, 0)
		e := New(Params{}, now)
		for range 20 {
			var list []Arrival
			for range rapid.IntRange(0, 100).Draw(t, "n") {
				list = append(list, Arrival{Seq: rapid.Uint16().Draw(t, "seq"), Received: true, At: rapid.Uint32().Draw(t, "at")})
			}
			now = now.Add(50 * time.Millisecond)
			e.Feedback(list, now)
			require.False(t, e.Known())
			require.Equal(t, 600_000, e.Target())
		}
	})
}

// Without probes the target does not run away from what is sent.
func TestTargetStaysNearWhatIsSent(t *testing.T) {
	s := newSimulation(3, steps(10_000_000))
	s.e.p.Start, s.e.target = 300_000, 300_000
	s.e.probe.next = s.start.Add(time.Hour)
	s.layer, s.fixed = 1, true
	s.run(60 * time.Second)
	require.LessOrEqual(t, s.e.Target(), 600_000)
}

// The transport-wide number wraps within seconds; nothing is felt of it.
func TestNumbersWrap(t *testing.T) {
	s := newSimulation(5, steps(2_000_000))
	s.e.next = 65_000
	s.run(20 * time.Second)
	_, ok := s.firstAtLeast(micRate+layers[len(layers)-1], 0)
	require.True(t, ok)
	require.Zero(t, s.e.Loss())
	require.Less(t, s.e.Next(), uint16(65_000))
}

// While packets stand in a queue, what the line carries is told by its busiest stretch
// of the last 300 ms: a mean over longer would take the line of a short burst for a
// narrow one.
func TestABurstAfterSilenceTellsTheLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(300_000, 5_000_000).Draw(t, "rate")
		gap := float64(rapid.IntRange(0, 2000).Draw(t, "silence before, ms"))
		span := float64(rapid.IntRange(200, 250).Draw(t, "burst, ms"))
		var a acked
		a.add(0, 100)
		const size = 300
		step := size * 8000 / float64(rate)
		at := 50 + gap
		for end := at + span; at < end; at += step {
			a.add(at, size)
		}
		a.add(at+ackedBucket, 1) // fills the last bucket
		packet := size * 8000 / (busyBuckets * ackedBucket)
		require.InDelta(t, rate, a.busiest(), packet+0.01*float64(rate))
	})
}

// The beginning of a peer's line: held narrow, proved by probes.
func TestAWideLineIsProvedSoon(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSimulation(rapid.Uint64().Draw(t, "seed"), steps(rapid.IntRange(3_000_000, 50_000_000).Draw(t, "capacity")))
		s.e.p.Start, s.e.target = 300_000, 300_000
		s.link.delay = time.Duration(rapid.IntRange(1, 60).Draw(t, "delay")) * time.Millisecond
		s.run(6 * time.Second)
		at, ok := s.firstAtLeast(micRate+layers[len(layers)-1], 0)
		require.True(t, ok)
		require.LessOrEqual(t, at, 3*time.Second)
	})
}
