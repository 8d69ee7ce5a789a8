package bench

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Against a server that is clean up to some rate, and a generator that gives out
// at some other: the search ends soon, below both, within its gap of the lower,
// and says which one it was.
func TestSearchFindsTheEdge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := search{first: rapid.IntRange(frameRate, maxVideoRate).Draw(t, "first"), most: maxVideoRate}
		server := rapid.IntRange(frameRate-1, 2*maxVideoRate).Draw(t, "server")
		generator := rapid.IntRange(frameRate-1, 2*maxVideoRate).Draw(t, "generator")
		steps := 0
		for {
			rate, ok := s.next()
			if !ok {
				break
			}
			require.GreaterOrEqual(t, rate, frameRate)
			require.LessOrEqual(t, rate, maxVideoRate)
			switch {
			case rate > generator:
				s.take(rate, isUnjudged)
			case rate > server:
				s.take(rate, isLossy)
			default:
				s.take(rate, isClean)
			}
			steps++
			require.Less(t, steps, 30, "it ends")
		}
		edge := min(server, generator, maxVideoRate)
		if edge < frameRate {
			require.Zero(t, s.clean)
			return
		}
		require.LessOrEqual(t, s.clean, edge)
		require.GreaterOrEqual(t, float64(s.clean)*searchGap+1, float64(edge))
		if server >= maxVideoRate && generator >= maxVideoRate || generator < server && float64(generator)*searchGap < float64(server) {
			require.True(t, s.atLeast, "not the server ended it")
		}
		// Ends nearer to one another than the gap are not told apart.
		if float64(server)*searchGap < float64(generator) && server < maxVideoRate {
			require.False(t, s.atLeast)
		}
	})
}

func series(n int, value func(i int) float64) (t []time.Duration, v []float64) {
	for i := range n {
		t, v = append(t, time.Duration(i)*time.Second), append(v, value(i))
	}
	return t, v
}

func TestSlopeOfALineIsTheLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		perMinute := rapid.Float64Range(-1000, 1000).Draw(t, "per minute")
		at := rapid.Float64Range(-1e6, 1e6).Draw(t, "at")
		times, values := series(rapid.IntRange(10, 300).Draw(t, "n"), func(i int) float64 { return at + perMinute*float64(i)/60 })
		require.InDelta(t, perMinute, slopeOf(times, values).PerMinute, 1e-4)
	})
}

func TestSlopeOfTooLittleIsUnknown(t *testing.T) {
	for n := range 6 {
		times, values := series(n, func(i int) float64 { return float64(i) })
		require.Equal(t, slopeUnknown, slopeOf(times, values).Verdict, n)
	}
	times, values := series(50, func(int) float64 { return 7 })
	require.Equal(t, slopeZero, slopeOf(times, values).Verdict)
	for i := range times {
		times[i] = 0
	}
	require.Equal(t, slopeUnknown, slopeOf(times, values).Verdict, "all at one time")
}

// The verdict errs as seldom as it says: over many series without a slope, with
// independent noise and with noise that resembles itself, a slope is seen in
// about 5 % of them; a true one of five standard errors is nearly always.
func TestVerdictOnASlopeErrsSeldom(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7)) //nolint:gosec // noise
	share := func(likeness, slope float64) (rises, wrong float64) {
		const runs = 400
		for range runs {
			noise := 0.0
			times, values := series(300, func(i int) float64 {
				noise = likeness*noise + random.NormFloat64()
				return noise + slope*float64(i)/60
			})
			switch slopeOf(times, values).Verdict {
			case slopeRises:
				rises += 1. / runs
			case slopeFalls:
				wrong += 1. / runs
			}
		}
		return rises, wrong
	}
	for _, likeness := range []float64{0, 0.5, 0.8} {
		up, down := share(likeness, 0)
		require.Less(t, up+down, 0.12, "likeness %v", likeness)
		// 240 samples over four minutes: the error of the slope is about
		// sqrt(12/240)/4 of the noise, times what likeness adds.
		sigma := math.Sqrt(12./240) / 4 / (1 - likeness)
		up, down = share(likeness, 5*sigma)
		require.Greater(t, up, 0.9, "likeness %v", likeness)
		require.Zero(t, down)
	}
}

func TestStudentIsTheTable(t *testing.T) {
	for degrees, want := range map[float64]float64{3: 3.182, 4: 2.776, 5: 2.571, 10: 2.228, 30: 2.042, 1000: 1.962} {
		require.InEpsilon(t, want, studentT95(degrees), 0.01, degrees)
	}
}
