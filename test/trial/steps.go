package main

import (
	"context"
	"fmt"
	"time"
)

// The steps of V2, since the measurement began, and its length.
const (
	stepDown   = 5 * time.Second
	stepUp     = 20 * time.Second
	stepWindow = 40 * time.Second
)

// outcome is what trials of narrow lines judge. Seconds; -1 is never.
type outcome struct {
	// UsableAfter the fall: from then on the picture moved as it must.
	UsableAfter float64 `json:"usableAfter"`
	// FullAfter the rise: from then on it was as high as before the fall.
	FullAfter float64 `json:"fullAfter"`
	// Height before the fall.
	Height          float64 `json:"height"`
	ConcealedShare  float64 `json:"concealedShare"`
	FramesPerSecond float64 `json:"framesPerSecond"`
	Pass            bool    `json:"pass"`
}

func (t trial) judge(ctx context.Context, o options, v Verdict) (Verdict, error) {
	o.Window = max(o.Window, stepWindow)
	var err error
	var concealed float64
	if !o.HearingOnly {
		if v.Pair, err = t.once(ctx, o, "control"); err != nil {
			return v, fmt.Errorf("control pair: %w", err)
		}
		control := t.Judge(v.Pair)
		v.ControlOutcome, concealed = &control, control.ConcealedShare
	}
	if o.ControlOnly {
		return v, nil
	}
	if v.Hearing, err = t.once(ctx, o, "sfu"); err != nil {
		return v, fmt.Errorf("hearing: %w", err)
	}
	hearing := t.Judge(v.Hearing)
	v.Outcome, v.Pass = &hearing, hearing.Pass && (t.Slack == 0 || hearing.ConcealedShare <= concealed+t.Slack)
	return v, nil
}

// lastSlot returns the seconds between from and the end of the last slot within
// from..to that is not good, 0 when all are; -1 when the last one is not.
func lastSlot(list []slot, from, to time.Duration, good func(slot) bool) float64 {
	first, end := int(from/slotTime), min(int(to/slotTime), len(list))
	if first >= end {
		return -1
	}
	for i := end - 1; i >= first; i-- {
		if good(list[i]) {
			continue
		}
		if i == end-1 {
			return -1
		}
		return (time.Duration(i+1-first) * slotTime).Seconds()
	}
	return 0
}

func judgeSteps(r run) outcome {
	moving := func(s slot) bool { return s.Frames >= 10*slotTime.Seconds() }
	var before float64
	for _, s := range r.Far.Slots[:min(int(stepDown/slotTime), len(r.Far.Slots))] {
		before = max(before, s.Height)
	}
	out := outcome{Height: before, ConcealedShare: r.Far.ConcealedShare, FramesPerSecond: r.Far.FramesPerSecond}
	out.UsableAfter = lastSlot(r.Far.Slots, stepDown, stepUp, moving)
	out.FullAfter = lastSlot(r.Far.Slots, stepUp, stepWindow, func(s slot) bool { return moving(s) && s.Height >= before })
	out.Pass = out.UsableAfter >= 0 && out.UsableAfter <= 2 && out.FullAfter >= 0 && out.FullAfter <= 10
	return out
}

func judgeNarrow(r run) outcome {
	out := outcome{ConcealedShare: r.Far.ConcealedShare, FramesPerSecond: r.Far.FramesPerSecond}
	for _, s := range r.Far.Slots {
		out.Height = max(out.Height, s.Height)
	}
	out.Pass = out.FramesPerSecond >= 8
	return out
}
