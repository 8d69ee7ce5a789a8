package main

import (
	"context"
	"fmt"
	"time"

	"phientoa/test/trial/impair"
)

// trial is a row of browsers: a line for each direction as the party sees it, and
// what is read out of the runs.
type trial struct {
	Name, About, Source string
	Up, Down            impair.Line
	// Away puts one more host behind a line of its own.
	Away  *away
	Rules []rule
	// Figures takes the judged figures out of a run, by the names of Rules.
	Figures func(run) map[string]figure
	// Control says beside what the hearing is measured.
	Control control
	// NearSpeaks: nobody is invited, so that the judge's picture is the large one.
	NearSpeaks bool
	// Recorded: the record of the hearing is held against what was lost on the way.
	Recorded bool
	// Move gives the party's host another address when the measurement begins.
	Move bool
	// Managed: the browsers are set up as those of a court's own computers can be, with the
	// enterprise policy WebRtcIPHandling.
	Managed bool
	// Task is what the browsers' driver does instead of counting quality; see
	// drive.mjs.
	Task string
	// WebOverLines: pages and signaling cross the lines too, not media alone.
	WebOverLines bool
	// Window is the least length of the measurement.
	Window time.Duration
}

// control is what a hearing is measured against.
type control int

const (
	pairControl control = iota // the same browsers without us, same line, same seed
	openControl                // the same hearing where the line bars nothing
	noControl                  // the row judges the hearing alone
)

// away is a third host: the judge's, when Seat is "judge" (who otherwise sits beside
// the server), or that of one more seat.
type away struct {
	Seat     string
	Up, Down impair.Line
}

// path is the delay of every line, each way.
const path = 20 * time.Millisecond

// Sources of rules.
const (
	goals    = "goals of the media engine, trials"
	goalsAnd = goals + "; reliability table "
)

func good() impair.Line { return impair.Line{Delay: path} }

func losing(p float64) impair.Line { return impair.Line{Delay: path, Loss: p} }

// rowsOf makes rows of browser trials.
func rowsOf(list []trial) []row {
	rows := make([]row, 0, len(list))
	for _, t := range list {
		rows = append(rows, row{Name: t.Name, About: t.About, Source: t.Source, Rules: t.Rules, Measure: t.measure})
	}
	return rows
}

// measure makes the control's run and then the hearing's, in the same minute.
func (t trial) measure(ctx context.Context, o options, seed uint64) (s sample, err error) {
	o.Window = max(o.Window, t.Window)
	var both struct {
		Hearing run  `json:"hearing"`
		Control *run `json:"control,omitempty"`
	}
	if t.Control != noControl && !o.NoControl {
		c, mode := t, "control"
		if t.Control == openControl {
			c.Up.OnlyTCP, c.Down.OnlyTCP, mode = 0, 0, "sfu"
		}
		r, err := c.once(ctx, o, seed, mode)
		if err != nil {
			return s, fmt.Errorf("control: %w", err)
		}
		both.Control, s.Control = &r, t.Figures(r)
	}
	if both.Hearing, err = t.once(ctx, o, seed, "sfu"); err != nil {
		return s, fmt.Errorf("hearing: %w", err)
	}
	s.Hearing, s.Detail = t.Figures(both.Hearing), both
	return s, nil
}
