package main

import (
	"context"
	"fmt"
	"time"

	"phientoa/test/trial/impair"
)

type options struct {
	Seed           uint64
	Window, Warmup time.Duration
	Binary         string
	ControlOnly    bool
	HearingOnly    bool
}

// Verdict is what a trial prints.
type Verdict struct {
	Trial   string  `json:"trial"`
	Seed    uint64  `json:"seed"`
	Rule    string  `json:"rule"`
	Value   float64 `json:"value"`   // of the hearing
	Control float64 `json:"control"` // of the control pair
	Bound   float64 `json:"bound"`
	// Frames a second of the hearing, and the least that passes; 0 is no bound.
	// Outcome and its counterpart of trials that judge more than one figure.
	Outcome        *outcome `json:"outcome,omitempty"`
	ControlOutcome *outcome `json:"controlOutcome,omitempty"`
	Frames         float64  `json:"frames,omitempty"`
	MinFrames      float64  `json:"minFrames,omitempty"`
	Pass           bool     `json:"pass"`
	Hearing        run      `json:"hearing"`
	Pair           run      `json:"pair"`
}

// trial is one experiment: a line for each direction as the party sees it, and
// the figure that is judged.
type trial struct {
	Name, About string
	Up, Down    impair.Line
	Rule        string
	// Figure takes the judged value out of a run; Slack is what the hearing may
	// be worse than the control pair, in the figure's unit.
	Figure func(run) float64
	Slack  float64
	// Most is what the figure may be whatever the control is; 0 is no such rule.
	Most float64
	// Frames a second that the hearing must show besides, at least MinFrames; nil
	// is no such rule.
	Frames    func(run) float64
	MinFrames float64
	// NearSpeaks: nobody is invited, so that the judge's picture is the large one.
	NearSpeaks bool
	// Judge replaces Figure and control where they are no measure: it says what
	// was seen and whether that is good enough.
	Judge func(run) outcome
	// Recorded: the record of the hearing is held against what was lost on the way;
	// the control pair is not recorded and not run.
	Recorded bool
	// Joined is how soon after the press of "present" the party's connection stands;
	// 0 is no such rule. The control is the same hearing where everything passes.
	Joined time.Duration
	// Back is how soon sound comes again both ways after the party's host got another
	// address; 0 is no such rule, and no other address.
	Back time.Duration
	// Watch: how long both listen for the longest silence, instead of Back's move; Dark is
	// how much of it is the line's own, Lost how soon the judge must read who is lost.
	Watch, Dark, Lost time.Duration
	// Signalled: pages and signaling take the same line as media.
	Signalled bool
	// Stands is Joined without a control, and without looking at what flows then.
	Stands time.Duration
}

// path is the delay of every line, each way.
const path = 20 * time.Millisecond

func good() impair.Line { return impair.Line{Delay: path} }

func losing(p float64) impair.Line { return impair.Line{Delay: path, Loss: p} }

// soundTrials judge what is heard over a line that loses.
func soundTrials() []trial {
	clean, lossy := good(), losing
	return []trial{
		{
			Name: "A1", About: "party's uplink loses 10 %: share of concealed audio at the judge",
			Up: lossy(0.10), Down: clean,
			Rule:   "concealed share at the judge <= control + 0.005",
			Figure: func(r run) float64 { return r.Near.ConcealedShare }, Slack: 0.005,
		},
		{
			Name: "A1-down", About: "party's downlink loses 10 %: share of concealed audio at the party",
			Up: clean, Down: lossy(0.10),
			Rule:   "concealed share at the party <= control + 0.005",
			Figure: func(r run) float64 { return r.Far.ConcealedShare }, Slack: 0.005,
		},
		{
			Name: "A2", About: "party's uplink loses 20 %: share of concealed audio at the judge",
			Up: lossy(0.20), Down: clean,
			Rule:   "concealed share at the judge <= control + 0.005, and <= 0.01",
			Figure: func(r run) float64 { return r.Near.ConcealedShare }, Slack: 0.005, Most: 0.01,
		},
		{
			Name: "A3", About: "party's uplink loses 30 %: share of concealed audio at the judge",
			Up: lossy(0.30), Down: clean,
			Rule:   "concealed share at the judge <= control + 0.005, and <= 0.04",
			Figure: func(r run) float64 { return r.Near.ConcealedShare }, Slack: 0.005, Most: 0.04,
		},
		{
			Name: "A4", About: "party's uplink loses 9 % in bursts of 5 packets: share of concealed audio at the judge",
			Up: impair.Line{Delay: path, Loss: 0.09, BurstMean: 5}, Down: clean,
			Rule:   "concealed share at the judge <= control + 0.005, and <= 0.025",
			Figure: func(r run) float64 { return r.Near.ConcealedShare }, Slack: 0.005, Most: 0.025,
		},
	}
}

func trials() []trial {
	clean, lossy := good(), losing
	return append(append(soundTrials(), reachTrials()...), []trial{
		{
			Name: "V1", About: "party's uplink loses 10 %: share of time with a frozen picture at the judge",
			Up: lossy(0.10), Down: clean,
			Rule:   "frozen share at the judge <= control + 0.02, and at least 15 frames/s",
			Figure: func(r run) float64 { return r.Near.FrozenShare }, Slack: 0.02,
			Frames: func(r run) float64 { return r.Near.FramesPerSecond }, MinFrames: 15,
		},
		{
			Name: "V1-down", About: "party's downlink loses 10 %: share of time with a frozen picture at the party",
			Up: clean, Down: lossy(0.10),
			Rule:   "frozen share at the party <= control + 0.02, and at least 15 frames/s",
			Figure: func(r run) float64 { return r.Far.FrozenShare }, Slack: 0.02,
			Frames: func(r run) float64 { return r.Far.FramesPerSecond }, MinFrames: 15,
		},
		{
			Name: "V2", About: "party's downlink falls from 2 Mbit/s to 400 kbit/s for 15 s: when its picture is usable, and full again",
			Up: clean, Down: impair.Line{Delay: path, RateBits: 2_000_000, Steps: []impair.Step{
				{After: stepDown, RateBits: 400_000}, {After: stepUp, RateBits: 2_000_000},
			}},
			NearSpeaks: true,
			Rule:       "at least 10 frames/s from 2 s after the fall on, full height again at the latest 10 s after the rise",
			Judge:      judgeSteps,
		},
		{
			Name: "V3", About: "party's downlink carries 300 kbit/s: its sound and its picture",
			Up: clean, Down: impair.Line{Delay: path, RateBits: 300_000},
			NearSpeaks: true,
			Rule:       "concealed share at the party <= control + 0.005, and at least 8 frames/s",
			Judge:      judgeNarrow, Slack: 0.005,
		},
		{
			Name: "R-gaps", About: "party's uplink loses 20 %, and everything for 1.5 s in 8: what the record names as missing",
			Up: impair.Line{Delay: path, Loss: 0.20, Outage: 1500 * time.Millisecond, OutageEvery: 8 * time.Second}, Down: clean,
			Rule:     "every missing packet was lost on the way and is named, each gap within 100 ms",
			Recorded: true,
		},
		{
			Name: "J2", About: "party's network lets TCP of port 443 through and nothing else: how soon the party is in",
			Up: impair.Line{Delay: path, OnlyTCP: tlsPort}, Down: impair.Line{Delay: path, OnlyTCP: tlsPort},
			Rule:   "connected through TURN over TLS within 3 s; then at least 15 frames/s on both sides, and of the sound at most 1 % more concealed than with UDP",
			Joined: 3 * time.Second,
		},
		{
			Name: "clean", About: "a good line: share of time with a frozen picture at the judge",
			Up: clean, Down: clean,
			Rule:   "frozen share at the judge <= control + 0.01",
			Figure: func(r run) float64 { return r.Near.FrozenShare }, Slack: 0.01,
		},
	}...)
}

func find(name string) (trial, bool) {
	for _, t := range trials() {
		if t.Name == name {
			return t, true
		}
	}
	return trial{}, false
}

func (t trial) run(ctx context.Context, o options) (Verdict, error) {
	v := Verdict{Trial: t.Name, Seed: o.Seed, Rule: t.Rule}
	var err error
	if t.Judge != nil {
		return t.judge(ctx, o, v)
	}
	if t.Recorded {
		v.Hearing, err = t.once(ctx, o, "sfu")
		if r := v.Hearing.Record; err == nil {
			v.Value, v.Bound = max(r.WorstMS, r.PictureMS), maxGapOffMS
			v.Pass = r.Pass()
		}
		return v, err
	}
	if t.Back > 0 || t.Stands > 0 {
		return v, t.reach(ctx, o, &v)
	}
	if t.Joined > 0 {
		return v, t.join(ctx, o, &v)
	}
	if v.Pair, err = t.once(ctx, o, "control"); err != nil {
		return v, fmt.Errorf("control pair: %w", err)
	}
	if o.ControlOnly {
		v.Control = t.Figure(v.Pair)
		return v, nil
	}
	if v.Hearing, err = t.once(ctx, o, "sfu"); err != nil {
		return v, fmt.Errorf("hearing: %w", err)
	}
	v.Value, v.Control = t.Figure(v.Hearing), t.Figure(v.Pair)
	v.Bound = v.Control + t.Slack
	if t.Most > 0 {
		v.Bound = min(v.Bound, t.Most)
	}
	v.Pass = v.Value <= v.Bound
	if t.Frames != nil {
		v.Frames, v.MinFrames = t.Frames(v.Hearing), t.MinFrames
		v.Pass = v.Pass && v.Frames >= t.MinFrames
	}
	return v, nil
}

// join runs the hearing over the open line as control, then over the barred one.
func (t trial) join(ctx context.Context, o options, v *Verdict) error {
	open := t
	open.Up.OnlyTCP, open.Down.OnlyTCP = 0, 0
	var err error
	if v.Pair, err = open.once(ctx, o, "sfu"); err != nil {
		return fmt.Errorf("without the bar: %w", err)
	}
	if v.Hearing, err = t.once(ctx, o, "sfu"); err != nil {
		return err
	}
	concealed := func(r run) float64 { return max(r.Near.ConcealedShare, r.Far.ConcealedShare) }
	v.Value, v.Control, v.Bound = v.Hearing.Join.After, v.Pair.Join.After, t.Joined.Seconds()
	v.Frames, v.MinFrames = min(v.Hearing.Near.FramesPerSecond, v.Hearing.Far.FramesPerSecond), 15
	v.Pass = v.Value <= v.Bound && v.Hearing.Join.Way == "relay tls" && v.Pair.Join.Way != v.Hearing.Join.Way &&
		v.Frames >= v.MinFrames && concealed(v.Hearing) <= concealed(v.Pair)+0.01
	return nil
}
