package main

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func runsOf(name string, hearing []float64, control []float64) []sample {
	runs := make([]sample, len(hearing))
	for i, v := range hearing {
		runs[i].Hearing = map[string]figure{name: figure(v)}
		if control != nil {
			runs[i].Control = map[string]figure{name: figure(control[i])}
		}
	}
	return runs
}

// A rule of the median looks at the median alone, one of every run at the worst.
func TestARuleIsHeldAgainstTheMedianOrTheWorst(t *testing.T) {
	runs := runsOf("x", []float64{9, 1, 2}, nil)
	require.True(t, atMost("x", "s").must(2).judge(runs).Held)
	require.False(t, atMost("x", "s").must(1.9).judge(runs).Held)
	require.False(t, atMost("x", "s").must(2).every().judge(runs).Held)
	require.True(t, atMost("x", "s").must(9).every().judge(runs).Held)
	require.True(t, atLeast("x", "s").must(2).judge(runs).Held)
	require.False(t, atLeast("x", "s").must(2).every().judge(runs).Held)
}

// What is no number, what was not measured and what there is nothing to compare with
// has not held.
func TestWhatIsMissingHasNotHeld(t *testing.T) {
	require.False(t, atMost("x", "s").must(5).judge(nil).Held)
	require.False(t, atMost("x", "s").judge(nil).Held)
	require.False(t, atMost("y", "s").must(5).judge(runsOf("x", []float64{1}, nil)).Held)
	require.False(t, atLeast("y", "s").must(-5).judge(runsOf("x", []float64{1}, nil)).Held)
	require.False(t, atMost("x", "s").must(5).judge(runsOf("x", []float64{math.Inf(1)}, nil)).Held)
	require.False(t, atMost("x", "s").must(5).judge(runsOf("x", []float64{math.NaN()}, nil)).Held)
	require.False(t, atMost("x", "s").slack(5).judge(runsOf("x", []float64{1}, nil)).Held)
	require.True(t, atMost("x", "s").slack(5).judge(runsOf("x", []float64{1}, []float64{0})).Held)
	one := runsOf("x", []float64{1, 1}, []float64{0, 0})
	one[1].Control = nil
	require.False(t, atMost("x", "s").slack(5).judge(one).Held, "a control of half the runs is none")
}

// The bound is the strictest of all that must hold; the goal changes nothing.
func TestTheStrictestBoundRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 7).Draw(t, "runs")
		list := func(name string) []float64 {
			return rapid.SliceOfN(rapid.Float64Range(-100, 100), n, n).Draw(t, name)
		}
		hearing, control := list("hearing"), list("control")
		must, slack := rapid.Float64Range(-100, 100).Draw(t, "must"), rapid.Float64Range(0, 50).Draw(t, "slack")
		runs := runsOf("x", hearing, control)
		r := atMost("x", "s").must(figure(must)).slack(figure(slack)).goal(figure(slack))
		j := r.judge(runs)
		require.Equal(t, float64(j.Median) <= must && float64(j.Median) <= float64(*j.Control)+slack, j.Held)
		require.LessOrEqual(t, j.Lowest, j.Median)
		require.LessOrEqual(t, j.Median, j.Greatest)
		// The mirror of a rule from above is one from below.
		for i := range hearing {
			hearing[i], control[i] = -hearing[i], -control[i]
		}
		mirror := atLeast("x", "s").must(figure(-must)).slack(figure(slack)).judge(runsOf("x", hearing, control))
		require.Equal(t, j.Held, mirror.Held)
		require.Equal(t, j.Median, -mirror.Median)
	})
}

func TestNeverIsWrittenAsNull(t *testing.T) {
	text, err := json.Marshal(atMost("x", "s").must(1).judge(runsOf("x", []float64{math.Inf(1)}, nil)))
	require.NoError(t, err)
	require.Contains(t, string(text), `"median":null`)
}

func TestSeedsAreACountOrAList(t *testing.T) {
	for _, c := range []struct {
		text string
		want []uint64
	}{{"3", []uint64{1, 2, 3}}, {"3,7", []uint64{3, 7}}, {"9,", []uint64{9}}, {"0,", []uint64{0}}} {
		got, err := parseSeeds(c.text)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
	for _, bad := range []string{"", "0", "-1", "a", "51", "1,,2", "18446744073709551615"} {
		_, err := parseSeeds(bad)
		require.Error(t, err, bad)
	}
}

// Every row says what it measures, by which rules and whose they are, under a name of
// its own; every rule has a bound.
func TestEveryRowHasRulesAndASource(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rows() {
		require.False(t, seen[r.Name], r.Name)
		seen[r.Name] = true
		require.NotEmpty(t, r.About, r.Name)
		require.NotEmpty(t, r.Source, r.Name)
		require.NotNil(t, r.Measure, r.Name)
		must := false
		for _, x := range r.Rules {
			must = must || x.Must != nil || x.Slack != nil
			require.True(t, x.Must != nil || x.Slack != nil || x.Goal != nil, r.Name)
		}
		require.True(t, must, "%s can fail", r.Name)
	}
	for _, name := range []string{"A1", "A2", "A3", "A4", "V1", "V2", "V3", "V4", "J2", "R1"} {
		require.True(t, seen[name], name)
	}
}
