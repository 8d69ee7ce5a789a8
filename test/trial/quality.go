package main

import (
	"fmt"
	"strings"
	"time"

	"phientoa/test/trial/impair"
)

// Names of figures.
const (
	concealed   = "concealed"   // share of the sound that was made up, silence left out
	frozen      = "frozen"      // share of the time with a frozen picture
	frames      = "frames"      // decoded pictures a second
	usableAfter = "usableAfter" // from then on the picture moved as it must
	fullAfter   = "fullAfter"   // from then on it was as high as before
)

// quality gives the figures of one side.
func quality(side func(run) received) func(run) map[string]figure {
	return func(r run) map[string]figure {
		x := side(r)
		return map[string]figure{concealed: x.concealed(), frozen: figure(100 * x.FrozenShare), frames: figure(x.FramesPerSecond)}
	}
}

func judgeSide(r run) received { return r.Near }
func partySide(r run) received { return r.Far }

// concealed is per cent of the samples that were played: those made up for want of
// packets, less those made up as silence (getStats: concealedSamples,
// silentConcealedSamples, totalSamplesReceived). Nothing played is all concealed.
func (x received) concealed() figure {
	if x.Audio.Samples <= 0 {
		return 100
	}
	return figure(100 * (x.Audio.Concealed - x.Audio.SilentConcealed) / x.Audio.Samples)
}

// soundRows judge what is heard over a line that loses (A1 to A4).
func soundRows() []row {
	var list []trial
	add := func(name, what string, line impair.Line, must figure) {
		source := goalsAnd + name
		list = append(list, trial{
			Name: name, About: "party's uplink " + what + ": sound made up at the judge", Source: source,
			Up: line, Down: good(), Figures: quality(judgeSide),
			Rules: []rule{atMost(concealed, "%").must(must).slack(0.5)},
		}, trial{
			Name: name + "-down", About: "party's downlink " + what + ": sound made up at the party", Source: source,
			Up: good(), Down: line, Figures: quality(partySide),
			Rules: []rule{atMost(concealed, "%").must(must).slack(0.5)},
		})
	}
	add("A1", "loses 10 %", losing(0.10), 0.5)
	add("A2", "loses 20 %", losing(0.20), 1)
	add("A3", "loses 30 %", losing(0.30), 4)
	add("A4", "loses 9 % in bursts of 5 packets", impair.Line{Delay: path, Loss: 0.09, BurstMean: 5}, 2.5)
	list = append(list, trial{
		Name: "A4-legs", About: "both legs lose 15 %, the party's to the server and the server's to the judge: sound made up at the judge",
		Source: "reliability table A4, both legs", Up: losing(0.15), Down: losing(0.15),
		Away: &away{Seat: "judge", Up: losing(0.15), Down: losing(0.15)}, Figures: quality(judgeSide),
		Rules: []rule{atMost(concealed, "%").must(3).slack(0.5)},
	})
	return rowsOf(list)
}

// pictureRows judge what is seen (V1 to V4).
func pictureRows() []row {
	var list []trial
	for _, c := range []struct {
		name         string
		loss         float64
		goal, frames figure
	}{{"V1", 0.10, 2, 15}, {"V1-20", 0.20, 12, 12}, {"V1-30", 0.30, 25, 8}} {
		rules := []rule{atMost(frozen, "% of the time").slack(2).goal(c.goal), atLeast(frames, "1/s").must(c.frames)}
		what := fmt.Sprintf("loses %.0f %%: frozen pictures at the ", 100*c.loss)
		list = append(list, trial{
			Name: c.name, About: "party's uplink " + what + "judge", Source: goalsAnd + "V1",
			Up: losing(c.loss), Down: good(), Figures: quality(judgeSide), Rules: rules,
		}, trial{
			Name: c.name + "-down", About: "party's downlink " + what + "party", Source: goalsAnd + "V1",
			Up: good(), Down: losing(c.loss), Figures: quality(partySide), Rules: rules, NearSpeaks: true,
		})
	}
	return append(rowsOf(append(list, narrow()...)), rowsOf([]trial{pages()})...)
}

// The steps of V2, since the measurement began, and its length.
const (
	stepDown   = 5 * time.Second
	stepUp     = 20 * time.Second
	stepWindow = 40 * time.Second
)

// narrow are the trials of lines that carry little.
func narrow() []trial {
	return []trial{{
		Name: "V2", About: "party's downlink falls from 2 Mbit/s to 400 kbit/s for 15 s: when its picture is usable (10 frames/s), and full again",
		Source: goalsAnd + "V2", Up: good(), Down: impair.Line{Delay: path, RateBits: 2_000_000, Steps: []impair.Step{
			{After: stepDown, RateBits: 400_000}, {After: stepUp, RateBits: 2_000_000},
		}},
		NearSpeaks: true, Window: stepWindow, Figures: stepped,
		Rules: []rule{atMost(usableAfter, "s").must(2), atMost(fullAfter, "s").must(10)},
	}, {
		Name: "V3", About: "party's downlink carries 300 kbit/s: its sound and its picture",
		Source: goalsAnd + "V3", Up: good(), Down: impair.Line{Delay: path, RateBits: 300_000},
		NearSpeaks: true, Figures: quality(partySide),
		// "None" is what rounds to none: a browser makes up a frame for its own clock's sake.
		Rules: []rule{atMost(concealed, "%").must(0.1).goal(0), atLeast(frames, "1/s").must(8)},
	}}
}

// lastSlot returns the seconds between from and the end of the last slot within
// from..to that is not good, 0 when all are; never when the last one is not.
func lastSlot(list []slot, from, to time.Duration, good func(slot) bool) figure {
	first, end := int(from/slotTime), min(int(to/slotTime), len(list))
	if first >= end {
		return never()
	}
	for i := end - 1; i >= first; i-- {
		if good(list[i]) {
			continue
		}
		if i == end-1 {
			return never()
		}
		return figure((time.Duration(i+1-first) * slotTime).Seconds())
	}
	return 0
}

// stepped reads the two times of V2 out of the party's half seconds.
func stepped(r run) map[string]figure {
	moving := func(s slot) bool { return s.Frames >= 10*slotTime.Seconds() }
	var before float64
	for _, s := range r.Far.Slots[:min(int(stepDown/slotTime), len(r.Far.Slots))] {
		before = max(before, s.Height)
	}
	f := quality(partySide)(r)
	f[usableAfter] = lastSlot(r.Far.Slots, stepDown, stepUp, moving)
	f[fullAfter] = lastSlot(r.Far.Slots, stepUp, stepWindow, func(s slot) bool { return moving(s) && s.Height >= before })
	return f
}

// joinRows judge how somebody comes in and comes back (J2, R1), and what the record
// says of it.
func joinRows() []row {
	// The 95th percentile of fewer than twenty runs is the longest.
	back := []rule{atMost("no sound", "s").must(2).every()}
	return rowsOf([]trial{{
		Name: "J2", About: "party's network lets TCP of port 443 through and nothing else: how soon the party is in",
		Source: goalsAnd + "J2", Up: impair.Line{Delay: path, OnlyTCP: tlsPort}, Down: impair.Line{Delay: path, OnlyTCP: tlsPort},
		Control: openControl, Figures: joined,
		Rules: []rule{
			atMost("join", "s").must(3).every(), atLeast("by TURN over TLS", "yes 1").must(1).every(),
			atLeast(frames, "1/s").must(15), atMost(concealed, "%").slack(1),
		},
	}, {
		Name: "R1", About: "party's address changes in the middle: how long no sound comes, of both directions the longer",
		Source: goalsAnd + "R1", Up: good(), Down: good(), Control: noControl, Move: true,
		Figures: moved, Rules: back,
	}, {
		Name: "R1-managed", About: "R1 with browsers that send from whatever address the computer has (policy WebRtcIPHandling)",
		Source: goalsAnd + "R1", Up: good(), Down: good(), Control: noControl, Move: true, Managed: true,
		Figures: moved, Rules: back,
	}, {
		Name: "R-gaps", About: "party's uplink loses 20 %, and everything for 1.5 s in 8: what the record names as missing",
		Source: "evidence: every gap is named, within 100 ms", Control: noControl, Recorded: true,
		Up: impair.Line{Delay: path, Loss: 0.20, Outage: 1500 * time.Millisecond, OutageEvery: 8 * time.Second}, Down: good(),
		Figures: func(r run) map[string]figure { return r.Record.figures() },
		Rules: []rule{
			atLeast("gaps", "").must(1).every(), atLeast("mended", "packets").must(1).every(),
			atMost("unnamed or wrongly named", "packets").must(0).every(), atMost("ends off by", "ms").must(maxGapOffMS).every(),
		},
	}, {
		Name: "clean", About: "a good line: frozen pictures at the judge", Source: "floor of every other row",
		Up: good(), Down: good(), Figures: quality(judgeSide),
		Rules: []rule{atMost(frozen, "% of the time").slack(1), atMost(concealed, "%").slack(0.5)},
	}})
}

// moved gives how long no sound came after the change of an address.
func moved(r run) map[string]figure {
	return map[string]figure{"no sound": figure(max(r.Moved.Near, r.Moved.Far))}
}

func joined(r run) map[string]figure {
	by := figure(0)
	if strings.HasPrefix(r.Join.Way, "relay tls") {
		by = 1
	}
	after := figure(r.Join.After)
	if after <= 0 { // it was not measured
		after = never()
	}
	return map[string]figure{
		"join": after, "by TURN over TLS": by,
		frames:    figure(min(r.Near.FramesPerSecond, r.Far.FramesPerSecond)),
		concealed: max(r.Near.concealed(), r.Far.concealed()),
	}
}
