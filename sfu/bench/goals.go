package bench

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// GoalReport is one goal of the project beside what was measured.
type GoalReport struct {
	What string `json:"what"`
	// Must and Goal bound the measured median: from above, or from below when
	// AtLeast is set. Goal is 0 where there is none beyond Must.
	Must     float64 `json:"must"`
	Goal     float64 `json:"goal,omitempty"`
	AtLeast  bool    `json:"at_least,omitempty"`
	Unit     string  `json:"unit,omitempty"`
	Measured *Spread `json:"measured"` // nil: was not measured
	Note     string  `json:"note,omitempty"`
	Verdict  string  `json:"verdict"`
}

// Verdicts on a goal.
const (
	goalMet    = "goal met"
	mustMet    = "met"
	goalMissed = "missed"
	unmeasured = "not measured"
	undecided  = "undecided"
)

// judge fills in the goals of a run that measured them.
func (r *Report) judge() {
	if len(r.Options.Scenarios) != 1 || r.Options.Scenarios[0] != Goals {
		return
	}
	own := func(name string) *ContestantReport {
		for _, s := range r.Scenarios {
			for i := range s.Contestants {
				if c := &s.Contestants[i]; s.Name == name && c.Contestant == Own && len(c.Samples) > 0 {
					return c
				}
			}
		}
		return nil
	}
	add := func(name string, g GoalReport, of func(*ContestantReport) Spread) {
		if c := own(name); c != nil {
			if s := of(c); s.Max > 0 || !g.AtLeast && g.Unit != "" {
				g.Measured = &s
			}
		}
		g.Verdict = g.verdict()
		r.Goals = append(r.Goals, g)
	}
	toPion := func(c *ContestantReport) Spread { return c.ToPion }
	add(trialFanout, GoalReport{What: "fan-out 1 to 100, CPU to plain Pion", Must: 0.40, Goal: 0.33}, toPion)
	add(trialFanout, GoalReport{What: "the same to the floor", Must: 2.1, Goal: 1.8},
		func(c *ContestantReport) Spread { return c.ToFloor })
	add(trialFast, GoalReport{What: "fan-out at 67 kpps, CPU to plain Pion", Must: 0.55}, toPion)
	add(trialHearing, GoalReport{What: "hearing of 8, CPU to plain Pion", Must: 0.65, Goal: 0.50}, toPion)
	add(trialHearings, GoalReport{What: "40 hearings of 4, CPU to plain Pion", Must: 0.65, Goal: 0.50}, toPion)
	clean := GoalReport{What: "clean rate of one core to plain Pion", Must: 2, Goal: 2.5, AtLeast: true}
	if c := own(trialClean); c != nil && c.CleanAtLeast {
		clean.Note = "at least: the generator ended the search"
	}
	add(trialClean, clean, func(c *ContestantReport) Spread { return c.CleanToPion })
	add(trialMemory, GoalReport{What: "memory of a further receiver", Must: 300, Goal: 150, Unit: "KB"},
		func(c *ContestantReport) Spread { return c.PerFurther })
	add(trialJoins, GoalReport{What: "CPU of a join to plain Pion", Must: 1.0, Goal: 0.6},
		func(c *ContestantReport) Spread { return c.JoinToPion })
	add(trialSpaced, GoalReport{What: "added latency p50, evenly spaced packets", Must: 0.3, Unit: "ms"},
		func(c *ContestantReport) Spread { return c.P50 })
	r.Goals = append(r.Goals, allocations(own(trialFanout), own(trialFast)))
	add(trialMany, GoalReport{What: "800 receivers, loss", Must: 0.1, Unit: "%"}, lossPercent)
	add(trialMany, GoalReport{What: "800 receivers, all joined with media", Must: 30, Goal: 20, Unit: "s"},
		func(c *ContestantReport) Spread { return c.MediaTime })
	r.judgeChurn(own(trialChurn))
}

// roundsToNone is what a count of allocations for a packet may come to by what
// else a process does.
const roundsToNone = 0.01

// allocations is what a further packet makes the server allocate: the difference
// of two rates, for the receivers' feedback, which is parsed with allocations, is
// the same at both.
func allocations(slow, fast *ContestantReport) GoalReport {
	g := GoalReport{
		What: "allocations for a further packet", Must: roundsToNone, Unit: "objects",
		Note: "difference of the two fan-outs; the path alone: go test -bench . ./sfu",
	}
	if slow != nil && fast != nil {
		second := func(of func(Sample) uint64) func(s Sample) float64 {
			return func(s Sample) float64 { return float64(of(s)) / max(s.Window.Seconds(), 1e-9) }
		}
		allocs, packets := second(func(s Sample) uint64 { return s.Allocs }), second(func(s Sample) uint64 { return s.Delivered })
		var rounds []float64
		for i := range min(len(slow.Samples), len(fast.Samples)) {
			a, b := slow.Samples[i], fast.Samples[i]
			if more := packets(b) - packets(a); more > 0 {
				rounds = append(rounds, (allocs(b)-allocs(a))/more)
			}
		}
		if len(rounds) > 0 {
			s := spreadOf(rounds)
			g.Measured = &s
		}
	}
	g.Verdict = g.verdict()
	return g
}

// lossPercent is the share of lost packets in per cent, window by window.
func lossPercent(c *ContestantReport) Spread {
	return spreadOf(c.values(func(s Sample) float64 {
		return 100 * float64(s.Expected-min(s.Delivered, s.Expected)) / float64(max(s.Expected, 1))
	}))
}

// judgeChurn says whether anything grows while peers come and go. In the few
// minutes of goals a process still settles, so that a rise decides nothing.
func (r *Report) judgeChurn(c *ContestantReport) {
	if c == nil || c.RSSSlope == nil {
		c = &ContestantReport{RSSSlope: &Slope{}, LiveSlope: &Slope{}, Goroutines: &Slope{}, Files: &Slope{}}
	}
	for _, s := range []struct {
		what, unit string
		slope      *Slope
	}{
		{"resident memory", "KB/min", c.RSSSlope},
		{"live heap", "KB/min", c.LiveSlope},
		{"goroutines", "/min", c.Goroutines},
		{"descriptors", "/min", c.Files},
	} {
		g := GoalReport{What: "joins and leaves, slope of " + s.what, Unit: s.unit, Verdict: unmeasured, Note: s.slope.Verdict}
		if s.slope.Verdict != "" && s.slope.Verdict != slopeUnknown {
			v, e := s.slope.PerMinute, s.slope.Error
			g.Measured = &Spread{Median: v, Min: v - e, Max: v + e}
			g.Verdict = mustMet
			if s.slope.Verdict == slopeRises {
				g.Verdict, g.Note = undecided, "rises; minutes do not tell growth from settling: bench soak"
			}
		}
		r.Goals = append(r.Goals, g)
	}
}

// verdict compares the median with what is asked for.
func (g GoalReport) verdict() string {
	if g.Measured == nil {
		return unmeasured
	}
	holds := func(bound float64) bool {
		if g.AtLeast {
			return g.Measured.Median >= bound
		}
		return g.Measured.Median <= bound
	}
	switch {
	case !holds(g.Must):
		return goalMissed
	case g.Goal != 0 && holds(g.Goal):
		return goalMet
	default:
		return mustMet
	}
}

// distance says how far the median is from the goal, or from the requirement
// where that is missed or all there is, in per cent of it.
func (g GoalReport) distance() string {
	bound := g.Must
	if g.Verdict != goalMissed && g.Goal != 0 {
		bound = g.Goal
	}
	if g.Measured == nil || bound == 0 {
		return ""
	}
	return fmt.Sprintf("%+.0f %%", 100*(g.Measured.Median/bound-1))
}

// goals prints the table of goals.
func (r Report) goals(b *strings.Builder) {
	if len(r.Goals) == 0 {
		return
	}
	fmt.Fprintln(b, "\ngoals (distance: from the goal; from the requirement where that is missed, or there is no goal beyond it)")
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	row(t, "what", "required", "goal", "measured", "verdict", "distance", "")
	for _, g := range r.Goals {
		sign := "<= "
		if g.AtLeast {
			sign = ">= "
		}
		must, goal, measured := "", "", "-"
		if g.Must != 0 {
			must = fmt.Sprintf("%s%g %s", sign, g.Must, g.Unit)
		}
		if g.Goal != 0 {
			goal = fmt.Sprintf("%s%g", sign, g.Goal)
		}
		if g.Measured != nil {
			measured = strings.TrimSpace(g.Measured.text(2) + " " + g.Unit)
		}
		row(t, g.What, strings.TrimSpace(must), goal, measured, g.Verdict, g.distance(), g.Note)
	}
	_ = t.Flush() // into memory
}
