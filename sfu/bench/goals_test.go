package bench

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// goalsReport is a run of goals in which own takes the given time for a packet,
// pion 10 and the floor 2 us.
func goalsReport(t *testing.T, own time.Duration) Report {
	t.Helper()
	o, err := Options{Scenarios: []string{Goals}}.filled()
	require.NoError(t, err)
	us := time.Microsecond
	r := Report{Machine: "here", Options: o}
	for _, trial := range o.trials() {
		var all []ContestantReport
		for _, c := range trial.options.Contestants {
			cpu := map[string]time.Duration{Own: own, Pion: 10 * us, Floor: 2 * us}[c]
			got := taken(c, cpu, cpu, cpu)
			got.Samples = got.Samples[:min(3, trial.options.Windows)]
			for i := range got.Samples {
				s := &got.Samples[i]
				s.Delivered = s.Expected
				s.CPU = cpu * time.Duration(s.Delivered)
				s.P50, s.MediaTime, s.PerFurther = 250*us, 25*time.Second, 200<<10
				s.CleanRate = 1e6 / float64(cpu/us)
				if trial.name == trialFast {
					s.Delivered, s.Expected, s.Allocs = 3000, 3000, 99
				}
				if trial.name == trialChurn {
					times, values := series(100, func(i int) float64 { return float64(1<<20 + i%3) })
					for i := range times {
						s.TimeSeries = append(s.TimeSeries, Vital{At: times[i], RSS: int64(values[i]), Live: 1 << 20, Goroutines: 50 + i, Descriptors: 9})
					}
				}
			}
			all = append(all, got)
		}
		r.Scenarios = append(r.Scenarios, newScenarioReport(trial, all))
	}
	r.judge()
	return r
}

func verdicts(r Report) map[string]string {
	out := map[string]string{}
	for _, g := range r.Goals {
		out[g.What] = g.Verdict
	}
	return out
}

func TestGoalsAreJudged(t *testing.T) {
	us := time.Microsecond
	r := goalsReport(t, 3*us)
	require.NoError(t, r.complete())
	require.Equal(t, map[string]string{
		"fan-out 1 to 100, CPU to plain Pion":        goalMet,
		"the same to the floor":                      goalMet,
		"fan-out at 67 kpps, CPU to plain Pion":      mustMet,
		"hearing of 8, CPU to plain Pion":            goalMet,
		"40 hearings of 4, CPU to plain Pion":        goalMet,
		"clean rate of one core to plain Pion":       goalMet,
		"memory of a further receiver":               mustMet,
		"CPU of a join to plain Pion":                mustMet,
		"added latency p50, evenly spaced packets":   mustMet,
		"allocations for a further packet":           mustMet,
		"800 receivers, loss":                        mustMet,
		"800 receivers, all joined with media":       mustMet,
		"joins and leaves, slope of resident memory": mustMet,
		"joins and leaves, slope of live heap":       mustMet,
		"joins and leaves, slope of goroutines":      undecided,
		"joins and leaves, slope of descriptors":     mustMet,
	}, verdicts(r))
	slow := verdicts(goalsReport(t, 6*us))
	require.Equal(t, goalMissed, slow["fan-out 1 to 100, CPU to plain Pion"])
	require.Equal(t, goalMissed, slow["the same to the floor"])
	require.Equal(t, mustMet, slow["hearing of 8, CPU to plain Pion"])
	require.Equal(t, goalMissed, slow["clean rate of one core to plain Pion"])

	var table, machine bytes.Buffer
	require.NoError(t, r.print(&table, false))
	for _, want := range []string{"<= 0.4", "0.30 (0.30-0.30)", "goal met", "-9 %", "not distinguishable from zero", "rises", "800 receivers"} {
		require.Contains(t, table.String(), want)
	}
	require.NoError(t, r.print(&machine, true))
	var back Report
	require.NoError(t, json.Unmarshal(machine.Bytes(), &back))
	require.Equal(t, r.Goals, back.Goals)
}

// What was not measured is neither met nor missed.
func TestGoalsWithoutMeasurementSaySo(t *testing.T) {
	o, err := Options{Scenarios: []string{Goals}}.filled()
	require.NoError(t, err)
	r := Report{Options: o}
	for _, trial := range o.trials() {
		var none []ContestantReport
		for _, c := range trial.options.Contestants {
			none = append(none, ContestantReport{Contestant: c, Rejected: []string{"the sun shone"}})
		}
		r.Scenarios = append(r.Scenarios, newScenarioReport(trial, none))
	}
	r.judge()
	require.NotEmpty(t, r.Goals)
	for what, verdict := range verdicts(r) {
		require.Equal(t, unmeasured, verdict, what)
	}
	require.ErrorIs(t, r.complete(), ErrIncomplete)

	other := report(t)
	other.judge()
	require.Empty(t, other.Goals, "only a run of goals is judged by them")
}
