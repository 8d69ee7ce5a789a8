package bench

import (
	"fmt"
	"math"
	"time"
)

// Slope is a straight line through a series over time.
type Slope struct {
	PerMinute float64 `json:"per_minute"`
	// Error is the standard error of PerMinute. Neighbours in a series of memory
	// resemble each other, so it is that of as many independent samples as the
	// correlation of the residuals leaves.
	Error       float64 `json:"standard_error"`
	Samples     int     `json:"samples"`
	Independent float64 `json:"independent_samples"`
	Verdict     string  `json:"verdict"`
}

// Verdicts on a slope, two-sided at 95 %.
const (
	slopeZero    = "not distinguishable from zero"
	slopeRises   = "rises"
	slopeFalls   = "falls"
	slopeUnknown = "too few samples"
)

// leastIndependent is the number of independent samples below which nothing is
// said about a slope.
const leastIndependent = 5

// slopeOf fits v over t by least squares. Of both, the first fifth is left out:
// a process grows into its size first.
func slopeOf(t []time.Duration, v []float64) Slope {
	skip := len(t) / 5
	t, v = t[skip:], v[skip:]
	n := float64(len(t))
	out := Slope{Samples: len(t), Verdict: slopeUnknown}
	if n < leastIndependent {
		return out
	}
	var mt, mv float64
	for i := range t {
		mt, mv = mt+t[i].Minutes()/n, mv+v[i]/n
	}
	var tt, tv float64
	for i := range t {
		d := t[i].Minutes() - mt
		tt, tv = tt+d*d, tv+d*(v[i]-mv)
	}
	if tt == 0 {
		return out
	}
	out.PerMinute = tv / tt
	var squares, neighbours, last float64
	for i := range t {
		rest := v[i] - mv - out.PerMinute*(t[i].Minutes()-mt)
		squares += rest * rest
		if i > 0 {
			neighbours += rest * last
		}
		last = rest
	}
	likeness := 0.0
	// What rounding leaves of a line is no noise.
	if noise := 1e-9 * mv; squares <= n*noise*noise {
		squares = 0
	} else {
		likeness = min(max(neighbours/squares, 0), 0.99)
	}
	out.Independent = n * (1 - likeness) / (1 + likeness)
	if out.Independent < leastIndependent {
		return out
	}
	out.Error = math.Sqrt(squares / (out.Independent - 2) / tt)
	switch limit := studentT95(out.Independent-2) * out.Error; {
	// Rounding leaves a flat line a slope of its own.
	case math.Abs(out.PerMinute) <= max(limit, 1e-9*math.Abs(mv)):
		out.Verdict = slopeZero
	case out.PerMinute > 0:
		out.Verdict = slopeRises
	default:
		out.Verdict = slopeFalls
	}
	return out
}

// studentT95 is the 97.5 % quantile of Student's t for three degrees of freedom
// and more, by the expansion of Abramowitz and Stegun 26.7.5 (below 1 % off).
func studentT95(degrees float64) float64 {
	const z = 1.959964
	z3, z5, z7 := z*z*z, z*z*z*z*z, z*z*z*z*z*z*z
	return z + (z3+z)/(4*degrees) + (5*z5+16*z3+3*z)/(96*degrees*degrees) +
		(3*z7+19*z5+17*z3-15*z)/(384*degrees*degrees*degrees)
}

func (s Slope) text(unit string, scale float64) string {
	if s.Verdict == slopeUnknown {
		return fmt.Sprintf("%+.2f %s/min (%s)", s.PerMinute/scale, unit, s.Verdict)
	}
	return fmt.Sprintf("%+.2f ± %.2f %s/min (%s)", s.PerMinute/scale, s.Error/scale, unit, s.Verdict)
}
