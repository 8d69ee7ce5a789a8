package bench

import (
	"context"
	"errors"
	"time"
)

// Windows of the sessions that a compound sample is made of.
const (
	memoryWindow = 2 * time.Second
	probeWindow  = 2 * time.Second
)

var errNoCleanRate = errors.New("bench: no rate is clean")

// memory gives what one further receiver costs: the difference of two sessions.
func (r *rig) memory(ctx context.Context, contestant string) (Sample, error) {
	o := r.options
	defer func() { r.options = o }()
	r.options.Window = min(o.Window, memoryWindow)
	small, err := r.sample(ctx, Fanout, contestant)
	if err != nil || rejected(small) != "" {
		return small, err
	}
	r.options.Receivers *= memorySteps
	large, err := r.sample(ctx, Fanout, contestant)
	large.Scenario = Memory
	large.PerFurther = float64(large.RSS-small.RSS) / float64((memorySteps-1)*o.Receivers)
	return large, err
}

// saturation searches the highest clean rate. A rate that is not clean is tried
// twice, for a neighbour of the machine must not decide.
func (r *rig) saturation(ctx context.Context, contestant string) (Sample, error) {
	o := r.options
	defer func() { r.options = o }()
	r.options.Window = min(o.Window, probeWindow)
	out := Sample{Scenario: Saturation, Contestant: contestant}
	s := search{first: min(max(4*o.VideoRate, frameRate), maxVideoRate), most: maxVideoRate}
	for {
		rate, ok := s.next()
		if !ok {
			break
		}
		r.options.VideoRate = rate
		verdict := isClean
		for range 2 {
			probe, v, err := r.probe(ctx, contestant)
			if err != nil {
				return out, err
			}
			out.Probed = append(out.Probed, probe)
			if verdict = v; v == isClean {
				break
			}
		}
		s.take(rate, verdict)
	}
	if s.clean == 0 {
		return out, errNoCleanRate
	}
	out.CleanRate, out.CleanAtLeast = float64(o.Receivers*(audioRate+s.clean)), s.atLeast
	return out, nil
}

// probe plays one rate. A session that breaks under its load is not clean; only
// the end of ctx is an error.
func (r *rig) probe(ctx context.Context, contestant string) (Probe, verdict, error) {
	probe := Probe{Rate: float64(r.options.Receivers * (audioRate + r.options.VideoRate)), Loss: 1}
	s, err := r.sample(ctx, Fanout, contestant)
	switch {
	case ctx.Err() != nil:
		return probe, isLossy, errors.Join(err, context.Cause(ctx))
	case err != nil:
		probe.Why = err.Error()
	case s.Expected > 0:
		probe.Loss = float64(s.Expected-min(s.Delivered, s.Expected)) / float64(s.Expected)
		probe.Why = rejected(s)
	}
	return probe, judged(s, probe), nil
}

func judged(s Sample, probe Probe) verdict {
	switch {
	case s.Expected == 0 || probe.Loss >= cleanLoss && probe.Why == "":
		return isLossy
	case probe.Why != "":
		return isUnjudged
	default:
		return isClean
	}
}
