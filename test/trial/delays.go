package main

import (
	"encoding/json"
	"math"
	"slices"
	"time"

	"phientoa/test/trial/impair"
)

// Of the signals of L2 to L4: one every signalEvery ms, so that each that arrives within
// that time after one that left is that one. A run with fewer than minSignals says
// nothing.
const (
	signalEvery = 2000
	minSignals  = 5
)

// heardSeen are the moments that signals left at the sender and were out at a receiver,
// in ms of one clock.
type heardSeen struct {
	Sounds  []float64 `json:"sounds"`
	Flashes []float64 `json:"flashes"`
}

type delaysSeen struct {
	Sender    heardSeen   `json:"sender"`
	Receivers []heardSeen `json:"receivers"`
}

// after gives for each signal that left how much later it was out; NaN when it was not
// out before the next one left.
func after(left, out []float64) []float64 {
	list := make([]float64, len(left))
	for i, t := range left {
		list[i] = math.NaN()
		for _, u := range out {
			if u >= t && u < t+signalEvery {
				list[i] = u - t
				break
			}
		}
	}
	return list
}

// percentile by the nearest rank of what is a number; never when too few are.
func percentile(list []float64, p float64) figure {
	s := numbers(list)
	if len(s) < minSignals {
		return never()
	}
	return figure(s[max(0, int(math.Ceil(p*float64(len(s))))-1)])
}

func numbers(list []float64) []float64 {
	s := slices.DeleteFunc(slices.Clone(list), math.IsNaN)
	slices.Sort(s)
	return s
}

func seenOf(r run) (d delaysSeen) {
	_ = json.Unmarshal(r.Seen, &d) // what is not there gives no figure
	return d
}

// mouthToEar is how much later than it left a beep is heard.
func mouthToEar(r run) map[string]figure {
	d := seenOf(r)
	if len(d.Receivers) == 0 {
		return nil
	}
	delays := after(d.Sender.Sounds, d.Receivers[0].Sounds)
	return map[string]figure{
		"mouth to ear": percentile(delays, 0.5), "mouth to ear p95": percentile(delays, 0.95),
		"beeps heard": share(delays),
	}
}

func share(delays []float64) figure {
	if len(delays) == 0 {
		return 0
	}
	return figure(100 * float64(len(numbers(delays))) / float64(len(delays)))
}

// skew is how far apart one beep of the speaker is heard at the first and the second
// receiver.
func skew(r run) map[string]figure {
	d := seenOf(r)
	if len(d.Receivers) < 2 {
		return nil
	}
	a, b := after(d.Sender.Sounds, d.Receivers[0].Sounds), after(d.Sender.Sounds, d.Receivers[1].Sounds)
	apart := make([]float64, len(a))
	for i := range a {
		apart[i] = math.Abs(a[i] - b[i])
	}
	return map[string]figure{"skew p95": percentile(apart, 0.95), "beeps heard at both": share(apart)}
}

// lips is by how much the sound of a moment comes before its picture (positive) or
// behind it: of each flash that was shown against the beeps around it, each less its
// own way. Both left together or not: what is held together is how long each took.
func lips(r run) map[string]figure {
	d := seenOf(r)
	if len(d.Receivers) == 0 {
		return nil
	}
	sounds, pictures := after(d.Sender.Sounds, d.Receivers[0].Sounds), after(d.Sender.Flashes, d.Receivers[0].Flashes)
	var early []float64
	for i, t := range d.Sender.Flashes {
		near := math.NaN()
		for j, u := range d.Sender.Sounds {
			if math.Abs(u-t) <= signalEvery/2 {
				near = sounds[j]
			}
		}
		early = append(early, pictures[i]-near)
	}
	late := make([]float64, len(early))
	for i, x := range early {
		late[i] = -x
	}
	return map[string]figure{
		"sound early p95": percentile(early, 0.95), "sound late p95": percentile(late, 0.95),
		"sound early worst": percentile(early, 1), "sound late worst": percentile(late, 1),
		"sound early median": percentile(early, 0.5), "flashes seen": share(early),
	}
}

// delayRows judge when it is heard and seen (L2 to L4). The path of each is 20 ms each
// way. The devices are Chromium's own: what a loudspeaker or screen adds is not in it.
func delayRows() []row {
	const window = 30 * time.Second // fifteen signals
	ear := atMost("mouth to ear", "ms")
	return rowsOf([]trial{{
		Name: "L2", About: "a good line: from the party's mouth to the judge's ear, by beeps",
		Source: "reliability table L2", Up: good(), Down: good(), Task: taskDelays, Window: window, Figures: mouthToEar,
		// The path's 20 ms are its own.
		Rules: []rule{ear.must(170), atLeast("beeps heard", "%").must(90)},
	}, {
		Name: "L2-20", About: "party's uplink loses 20 %: from the party's mouth to the judge's ear, by beeps",
		Source: "reliability table L2", Up: losing(0.20), Down: good(), Task: taskDelays, Window: window, Figures: mouthToEar,
		Rules: []rule{ear.must(320), atLeast("beeps heard", "%").must(90)},
	}, {
		Name: "L3", About: "the judge speaks to the party, whose downlink jitters by 30 ms and loses 10 %, and to the witness on a good line: how far apart both hear it",
		Source: "reliability table L3 (Resolution 33/2021: at the same time)",
		Up:     good(), Down: impair.Line{Delay: path, Jitter: path + path/2, Loss: 0.10},
		Away: &away{Seat: "witness", Up: good(), Down: good()}, NearSpeaks: true, Control: noControl,
		Task: taskDelays, Window: window, Figures: skew,
		Rules: []rule{atMost("skew p95", "ms").must(200), atLeast("beeps heard at both", "%").must(90)},
	}, {
		Name: "L4", About: "a good line: sound against picture of the party at the judge, by beeps and flashes",
		Source: "reliability table L4 (ATSC IS-191, BT.1359)", Up: good(), Down: good(),
		Task: taskDelays, Window: window, Figures: lips,
		Rules: []rule{
			atMost("sound early p95", "ms").must(15), atMost("sound late p95", "ms").must(45),
			atMost("sound early worst", "ms").must(45).every(), atMost("sound late worst", "ms").must(125).every(),
			atLeast("flashes seen", "%").must(90),
		},
	}})
}
