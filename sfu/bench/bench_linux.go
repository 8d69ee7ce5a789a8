package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

// Run takes the windows that o asks for and prints the report to stdout. The
// running program has to call Role first thing in its main function, for Run
// re-executes it. ErrOptions (wrapped) refuses o; ErrIncomplete (wrapped) comes
// after a report that lacks windows.
func Run(ctx context.Context, o Options, stdout io.Writer) (err error) {
	o, err = o.filled()
	if err != nil {
		return err
	}
	if o.Profile != "" {
		if err := os.MkdirAll(o.Profile, 0o755); err != nil {
			return err
		}
	}
	r := &rig{options: o}
	stop, err := r.spinners(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	report := Report{Machine: machine(), Options: o}
	began := time.Now()
	for _, t := range o.trials() {
		r.options = t.options
		result, err := r.trial(ctx, t)
		if err != nil {
			return err
		}
		report.Scenarios = append(report.Scenarios, result)
	}
	report.Took = time.Since(began)
	report.judge()
	if err := errors.Join(report.print(stdout, o.JSON), report.save(o.JSONFile)); err != nil {
		return err
	}
	return report.complete()
}

// trial interleaves the contestants, one window each and round, and begins each
// round with another one.
func (r *rig) trial(ctx context.Context, t trial) (ScenarioReport, error) {
	o := t.options
	taken := make([]ContestantReport, len(o.Contestants))
	for i, c := range o.Contestants {
		taken[i].Contestant = c
	}
	for round := range o.Windows {
		for i := range taken {
			if err := r.window(ctx, t, &taken[(i+round)%len(taken)]); err != nil {
				return ScenarioReport{}, err
			}
		}
	}
	return newScenarioReport(t, taken), nil
}

// window adds one accepted window to c, or the reasons why there is none. A
// contestant that fails is a reason too: the others go on.
func (r *rig) window(ctx context.Context, t trial, c *ContestantReport) error {
	for range r.options.Retries + 1 {
		s, err := r.take(ctx, t.scenario, c.Contestant)
		if ctx.Err() != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		why := rejected(s)
		if err != nil {
			s, why = Sample{Scenario: t.scenario, Contestant: c.Contestant}, "it failed: "+err.Error()
		}
		fmt.Fprintln(r.options.Progress, t.name+", "+progress(s, why))
		if why == "" {
			c.Samples = append(c.Samples, s)
			return nil
		}
		c.Rejected = append(c.Rejected, why)
	}
	return nil
}

// take gives one sample of a scenario, which for some is made of several.
func (r *rig) take(ctx context.Context, scenario, contestant string) (Sample, error) {
	switch scenario {
	case Memory:
		return r.memory(ctx, contestant)
	case Saturation:
		return r.saturation(ctx, contestant)
	default:
		return r.sample(ctx, scenario, contestant)
	}
}

func progress(s Sample, why string) string {
	line := s.Contestant + ": "
	switch {
	case why != "":
		return line + "rejected: " + why
	case s.Scenario == JoinStorm:
		line += fmt.Sprintf("%d joins in %v", s.Joins, s.JoinTime)
	case s.Scenario == Memory:
		line += fmt.Sprintf("%.0f KB for a further receiver", s.PerFurther/(1<<10))
	case s.Scenario == Saturation:
		line += fmt.Sprintf("%.1f kpps", s.CleanRate/1000)
	default:
		line += fmt.Sprintf("%.2f us a packet, %d of %d", micros(s), s.Delivered, s.Expected)
	}
	return line
}

func machine() string {
	return fmt.Sprintf("%s %s/%s, %d processors", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
}
