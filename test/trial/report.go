package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// maxRun bounds one run under one seed with its control.
const maxRun = 6 * time.Minute

// Outcomes of a row.
const (
	held   = "held"
	failed = "failed"
	notRun = "not run"
)

// result is a row's outcome.
type result struct {
	Row     string      `json:"row"`
	About   string      `json:"about"`
	Source  string      `json:"source"`
	Outcome string      `json:"outcome"`
	Reason  string      `json:"reason,omitempty"` // of what could not run
	Judged  []judgement `json:"judged"`
	Runs    []sample    `json:"runs"`
}

// report is everything that was measured.
type report struct {
	Began   time.Time `json:"began"`
	Machine string    `json:"machine"`
	Seeds   []uint64  `json:"seeds"`
	Rows    []result  `json:"rows"`
	Held    int       `json:"held"`
	Failed  int       `json:"failed"`
	NotRun  int       `json:"notRun"`
}

// runAll runs the rows in turn and tells of each as it ends.
func runAll(ctx context.Context, o options, chosen []row) int {
	r := report{Began: time.Now(), Seeds: o.Seeds, Machine: fmt.Sprintf("%d cores, %s/%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)}
	for _, row := range chosen {
		x := row.run(ctx, o)
		r.Rows = append(r.Rows, x)
		switch x.Outcome {
		case held:
			r.Held++
		case failed:
			r.Failed++
		default:
			r.NotRun++
		}
		x.print(os.Stderr)
	}
	out := io.Writer(os.Stdout)
	if o.JSON == "-" {
		out = os.Stderr
	}
	r.table(out)
	if err := r.write(o.JSON); err != nil {
		fmt.Fprintln(os.Stderr, "trial:", err)
		return exitNotRun
	}
	switch {
	case r.NotRun > 0:
		return exitNotRun
	case r.Failed > 0:
		return exitFailed
	}
	return exitHeld
}

// run measures a row under every seed.
func (t row) run(ctx context.Context, o options) result {
	x := result{Row: t.Name, About: t.About, Source: t.Source, Outcome: notRun}
	if x.Reason = missing(append([]string{o.Binary}, t.Needs...)); x.Reason != "" {
		return x
	}
	for _, seed := range o.Seeds {
		began := time.Now()
		s, err := func() (sample, error) {
			ctx, cancel := context.WithTimeout(ctx, maxRun)
			defer cancel()
			return t.Measure(ctx, o, seed)
		}()
		s.Seed, s.Began, s.Seconds = seed, began, time.Since(began).Seconds()
		if err != nil {
			x.Reason = errors.Join(fmt.Errorf("seed %d", seed), err).Error()
			return x
		}
		x.Runs = append(x.Runs, s)
		fmt.Fprintf(os.Stderr, "%s seed %d: %v control %v (%.0f s)\n", t.Name, seed, s.Hearing, s.Control, s.Seconds)
	}
	x.Outcome = held
	for _, r := range t.Rules {
		j := r.judge(x.Runs)
		x.Judged = append(x.Judged, j)
		if !j.Held {
			x.Outcome = failed
		}
	}
	return x
}

// missing says what this machine lacks, "" for nothing.
func missing(needs []string) string {
	var lacks []string
	if os.Geteuid() != 0 {
		lacks = append(lacks, "root (namespaces)")
	}
	for _, n := range append([]string{"/dev/net/tun", "/usr/bin/chromium", "web/node_modules", "ip", "node", "ffmpeg", "espeak-ng"}, needs...) {
		var err error
		if strings.Contains(n, "/") {
			_, err = os.Stat(n)
		} else {
			_, err = exec.LookPath(n)
		}
		if err != nil {
			lacks = append(lacks, n)
		}
	}
	if len(lacks) == 0 {
		return ""
	}
	return "missing here: " + strings.Join(lacks, ", ")
}

func (x result) print(w io.Writer) {
	fmt.Fprintf(w, "%s: %s %s\n", x.Row, x.Outcome, x.Reason)
	for _, j := range x.Judged {
		fmt.Fprintf(w, "  %v: %s\n", j.Held, j.Rule)
	}
}

// table is for people: a line for each rule, and the total.
func (r report) table(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "row\tfigure\tunit\tmedian\tlowest..greatest\tcontrol\tbound\tgoal\tseeds\toutcome\n")
	for _, x := range r.Rows {
		if len(x.Judged) == 0 {
			fmt.Fprintf(t, "%s\t%s\t\t\t\t\t\t\t\t%s: %s\n", x.Row, "", x.Outcome, firstLine(x.Reason))
		}
		for _, j := range x.Judged {
			control, bound, goal, outcome := "", "", "", failed
			if j.Control != nil {
				control = j.Control.String()
			}
			if j.Bound != nil {
				bound = j.Bound.String()
			}
			if j.GoalMet != nil {
				goal = map[bool]string{true: "met", false: "not met"}[*j.GoalMet]
			}
			if j.Held {
				outcome = held
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%v\t%v..%v\t%s\t%s\t%s\t%d\t%s\n", x.Row, j.Figure, j.Unit,
				j.Median, j.Lowest, j.Greatest, control, bound, goal, len(j.Values), outcome)
		}
	}
	_ = t.Flush()
	fmt.Fprintf(w, "%d rows: %d held, %d failed, %d not run; %s, %.0f s\n",
		len(r.Rows), r.Held, r.Failed, r.NotRun, r.Machine, time.Since(r.Began).Seconds())
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.ReplaceAll(s, "\n", "; "), "    at ")
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return s
}

func (r report) write(path string) error {
	if path == "" {
		return nil
	}
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	if path == "-" {
		_, err = os.Stdout.Write(data)
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// list says of each row what it measures, its rules and their source.
func list(w io.Writer, all []row) {
	for _, t := range all {
		fmt.Fprintf(w, "%-9s %s\n", t.Name, t.About)
		for _, r := range t.Rules {
			fmt.Fprintf(w, "%-9s   %s\n", "", r)
		}
		fmt.Fprintf(w, "%-9s   source: %s\n", "", t.Source)
	}
}
