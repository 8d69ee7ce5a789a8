package main

import (
	"encoding/json"
	"time"

	"phientoa/test/trial/impair"
)

// When, since the measurement began, a line goes dark or a NAT changes, and for how long.
const (
	darkFrom = time.Second
	darkTime = 30 * time.Second
)

// reachRows judge ways in and changes of address: NAT rebinding, a blackout, joins
// (R2, R3, J1).
func reachRows() []row {
	dark := impair.Line{Delay: path, DarkFrom: darkFrom, DarkUntil: darkFrom + darkTime}
	stands := []rule{atMost("join", "s").must(1.5).every()}
	return rowsOf([]trial{{
		Name: "R2", About: "a NAT gives the party other ports in the middle: how long no sound comes, of both directions the longer",
		Source: goalsAnd + "R2",
		Up:     impair.Line{Delay: path, Rebind: darkFrom}, Down: impair.Line{Delay: path, Rebind: darkFrom, Inward: true},
		Control: noControl, Task: taskWatch, Window: 15 * time.Second, Figures: watched(0),
		Rules: []rule{atMost("no sound", "s").must(3).goal(1).every()},
	}, {
		Name: "R3", About: "nothing passes the party's line for 30 s, signaling included: how long no sound comes afterwards, and when the judge reads of the loss",
		Source: goalsAnd + "R3", Up: dark, Down: dark, WebOverLines: true,
		Control: noControl, Task: taskWatch, Window: darkFrom + darkTime + 15*time.Second, Figures: watched(darkTime),
		Rules: []rule{atMost("no sound", "s").must(2).every(), atMost("lost is shown", "s").must(3).every()},
	}, {
		Name: "J1", About: "a good line: from the press of \"present\" to a connection that media flows on",
		Source: goalsAnd + "J1", Up: good(), Down: good(), WebOverLines: true,
		Control: noControl, Figures: joined, Rules: stands,
	}, {
		Name: "J1-lossy", About: "party's line loses 30 % of the media both ways: from the press of \"present\" to a connection that media flows on",
		Source: goalsAnd + "J1", Up: losing(0.30), Down: losing(0.30),
		Control: noControl, Figures: joined, Rules: []rule{atMost("join", "s").must(5).every()},
	}})
}

// watched gives for how long no sound came beyond what the line itself let none through,
// and when the judge first read that the party is lost.
func watched(dark time.Duration) func(run) map[string]figure {
	return func(r run) map[string]figure {
		var seen struct {
			Near, Far float64 // longest silence, s
			Lost      float64 // s since the measurement began, 0: never
		}
		if json.Unmarshal(r.Seen, &seen) != nil || seen.Near <= 0 || seen.Far <= 0 {
			return nil
		}
		lost := never()
		if seen.Lost > 0 {
			lost = figure(seen.Lost - darkFrom.Seconds())
		}
		return map[string]figure{"no sound": figure(max(seen.Near, seen.Far) - dark.Seconds()), "lost is shown": lost}
	}
}
