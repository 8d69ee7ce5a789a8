package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// row is one line of the goal table: what is measured and what must hold.
type row struct {
	Name, About string
	// Source is where the rule comes from.
	Source string
	Rules  []rule
	// Needs are programs and files that a run is impossible without, besides those
	// of every row.
	Needs []string
	// Measure makes one run under one seed. An error says that nothing can be said;
	// what the product did badly is a figure.
	Measure func(ctx context.Context, o options, seed uint64) (sample, error)
}

// figure is a number in the unit of its rule. +Inf is "never", in JSON null.
type figure float64

// never is the figure of what did not happen.
func never() figure { return figure(math.Inf(1)) }

// MarshalJSON writes what JSON has no number for as null.
func (f figure) MarshalJSON() ([]byte, error) {
	if math.IsInf(float64(f), 0) || math.IsNaN(float64(f)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

func (f figure) String() string {
	if math.IsInf(float64(f), 0) {
		return "never"
	}
	return fmt.Sprintf("%.4g", float64(f))
}

// sample is one run under one seed: what is judged of the hearing and of its
// control, and all else that explains it.
type sample struct {
	Seed    uint64            `json:"seed"`
	Began   time.Time         `json:"began"`
	Seconds float64           `json:"seconds"`
	Hearing map[string]figure `json:"hearing"`
	Control map[string]figure `json:"control,omitempty"`
	Detail  any               `json:"detail,omitempty"`
}

// rule is what must hold of one figure's median over the seeds; of every seed, when
// Every is set. The zero bounds are none.
type rule struct {
	Figure, Unit string
	Least        bool // the bounds are from below
	Every        bool // not of the median, but of the worst
	Must, Goal   *figure
	// Slack is by how much, in the same unit, it may be worse than the control.
	Slack *figure
}

// atMost and atLeast begin a rule.
func atMost(name, unit string) rule  { return rule{Figure: name, Unit: unit} }
func atLeast(name, unit string) rule { return rule{Figure: name, Unit: unit, Least: true} }

// must, goal and slack set its bounds, every makes it one of each run.
func (r rule) must(v figure) rule  { r.Must = &v; return r }
func (r rule) goal(v figure) rule  { r.Goal = &v; return r }
func (r rule) slack(v figure) rule { r.Slack = &v; return r }
func (r rule) every() rule         { r.Every = true; return r }

// String is the rule in words, as it is judged.
func (r rule) String() string {
	sign, plus, of := "<=", "+", "median"
	if r.Least {
		sign, plus = ">=", "-"
	}
	if r.Every {
		of = "every run"
	}
	var parts []string
	if r.Must != nil {
		parts = append(parts, fmt.Sprintf("%s %v", sign, *r.Must))
	}
	if r.Slack != nil {
		parts = append(parts, fmt.Sprintf("%s control %s %v", sign, plus, *r.Slack))
	}
	text := strings.TrimSpace(fmt.Sprintf("%s [%s], %s %s", r.Figure, r.Unit, of, strings.Join(parts, " and ")))
	if r.Goal != nil {
		text += fmt.Sprintf(" (goal %s %v)", sign, *r.Goal)
	}
	return text
}

// judgement is what became of a rule.
type judgement struct {
	Figure   string   `json:"figure"`
	Unit     string   `json:"unit"`
	Rule     string   `json:"rule"`
	Values   []figure `json:"values"` // in the order of the seeds
	Median   figure   `json:"median"`
	Lowest   figure   `json:"lowest"`
	Greatest figure   `json:"greatest"`
	// Control is the control's median, Bound what the judged figure is held against.
	Control  *figure  `json:"control,omitempty"`
	Controls []figure `json:"controls,omitempty"`
	Bound    *figure  `json:"bound,omitempty"`
	Held     bool     `json:"held"`
	GoalMet  *bool    `json:"goalMet,omitempty"`
}

// median of a list that is not empty; of an even number the mean of the two.
func median(list []figure) figure {
	s := slices.Sorted(slices.Values(list))
	n := len(s)
	if n%2 == 1 {
		return s[n/2]
	}
	return (s[n/2-1] + s[n/2]) / 2
}

// judge holds a rule against the runs. A figure that a run does not have is never
// good enough, and neither is a rule against a control that there is not.
func (r rule) judge(runs []sample) judgement {
	j := judgement{Figure: r.Figure, Unit: r.Unit, Rule: r.String()}
	for _, s := range runs {
		v, known := s.Hearing[r.Figure]
		if !known {
			v = r.worst()
		}
		j.Values = append(j.Values, v)
		if c, known := s.Control[r.Figure]; known {
			j.Controls = append(j.Controls, c)
		}
	}
	if len(j.Values) == 0 {
		return j
	}
	j.Median, j.Lowest, j.Greatest = median(j.Values), slices.Min(j.Values), slices.Max(j.Values)
	if len(j.Controls) == len(j.Values) {
		c := median(j.Controls)
		j.Control = &c
	}
	judged := j.Median
	switch {
	case r.Every && r.Least:
		judged = j.Lowest
	case r.Every:
		judged = j.Greatest
	}
	j.Bound, j.Held = r.bound(j.Control)
	j.Held = j.Held && (j.Bound == nil || r.fits(judged, *j.Bound))
	if r.Goal != nil {
		met := r.fits(judged, *r.Goal)
		j.GoalMet = &met
	}
	return j
}

// worst is the figure that fits no bound.
func (r rule) worst() figure {
	if r.Least {
		return figure(math.Inf(-1))
	}
	return never()
}

// fits also refuses what is no number, and "never".
func (r rule) fits(v, bound figure) bool {
	if math.IsInf(float64(v), 0) {
		return false
	}
	if r.Least {
		return v >= bound
	}
	return v <= bound
}

// bound is the strictest of what must hold; ok is false when it needs a control
// that there is not.
func (r rule) bound(control *figure) (b *figure, ok bool) {
	b = r.Must
	if r.Slack == nil {
		return b, true
	}
	if control == nil {
		return b, false
	}
	against := *control + *r.Slack
	if r.Least {
		against = *control - *r.Slack
	}
	if b == nil || !r.fits(*b, against) {
		b = &against
	}
	return b, true
}
