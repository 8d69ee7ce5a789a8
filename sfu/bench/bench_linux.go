package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
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
	for _, scenario := range o.Scenarios {
		result, err := r.scenario(ctx, scenario)
		if err != nil {
			return err
		}
		report.Scenarios = append(report.Scenarios, result)
	}
	if err := report.print(stdout, o.JSON); err != nil {
		return err
	}
	return report.complete()
}

// scenario interleaves the contestants, one window each and round, and begins
// each round with another one.
func (r *rig) scenario(ctx context.Context, scenario string) (ScenarioReport, error) {
	o := r.options
	taken := make([]ContestantReport, len(o.Contestants))
	for i, c := range o.Contestants {
		taken[i].Contestant = c
	}
	for round := range o.Windows {
		for i := range taken {
			c := &taken[(i+round)%len(taken)]
			if scenario == JoinStorm && c.Contestant == Floor {
				continue
			}
			if err := r.window(ctx, scenario, c); err != nil {
				return ScenarioReport{}, err
			}
		}
	}
	return newScenarioReport(scenario, o, taken), nil
}

// window adds one accepted window to c, or the reasons why there is none.
func (r *rig) window(ctx context.Context, scenario string, c *ContestantReport) error {
	for range r.options.Retries + 1 {
		s, err := r.sample(ctx, scenario, c.Contestant)
		if err != nil {
			return err
		}
		why := rejected(s)
		fmt.Fprintln(r.options.Progress, progress(s, why))
		if why == "" {
			c.Samples = append(c.Samples, s)
			return nil
		}
		c.Rejected = append(c.Rejected, why)
	}
	return nil
}

func progress(s Sample, why string) string {
	line := fmt.Sprintf("%s %s: ", s.Scenario, s.Contestant)
	if s.Scenario == JoinStorm {
		line += fmt.Sprintf("%d joins in %v", s.Joins, s.JoinTime)
	} else {
		line += fmt.Sprintf("%.2f us a packet, %d of %d", micros(s), s.Delivered, s.Expected)
	}
	if why != "" {
		line += "; rejected: " + why
	}
	return line
}

func machine() string {
	return fmt.Sprintf("%s %s/%s, %d processors", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
}
