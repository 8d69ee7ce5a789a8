package bench

import (
	"slices"
	"time"
)

// trial is one table of a report: a scenario with its own numbers filled in.
type trial struct {
	name     string
	scenario string
	options  Options
}

// trials gives what the options ask for. Numbers that were not given are the
// scenario's own.
func (o Options) trials() []trial {
	if slices.Equal(o.Scenarios, []string{Goals}) {
		return o.goalTrials()
	}
	var out []trial
	for _, s := range o.Scenarios {
		out = append(out, o.trial(s, s))
	}
	return out
}

func (o Options) trial(name, scenario string) trial {
	all := []string{Own, PionSend, Pion, Floor}
	receivers, rate, contestants := 100, 156, all
	switch scenario {
	case Hearing8:
		receivers = eight
	case Hearings:
		// Thumbnails: more would be more than one core of any contestant carries.
		receivers, rate = o.Hearings*four, 42
	case Receivers800:
		receivers, rate, contestants = 800, 42, []string{Own} // 400 kbit/s
	case Viewers800:
		receivers, rate, contestants = 800, 42, []string{Own}
	case Memory:
		rate, contestants = 42, []string{Own, Pion}
	case Saturation:
		contestants = []string{Own, Pion}
	case Churn, Soak:
		receivers, rate, contestants = 20, 42, []string{Own}
	}
	if scenario == Hearing8 || scenario == Hearings {
		o.Receivers = receivers
	}
	orDefault(&o.Receivers, receivers)
	orDefault(&o.VideoRate, rate)
	if len(o.Contestants) == 0 {
		o.Contestants = contestants
	}
	if !hasFloor(scenario) {
		o.Contestants = slices.DeleteFunc(slices.Clone(o.Contestants), func(c string) bool { return c == Floor })
	}
	if scenario == Viewers800 { // plain Pion has no viewers: it would send them every sound
		o.Contestants = slices.DeleteFunc(slices.Clone(o.Contestants), func(c string) bool { return c == Pion })
	}
	if scenario == Soak {
		o.Windows, o.Retries, o.Window = 1, 0, time.Duration(o.Minutes)*time.Minute
	}
	o.Scenarios = []string{scenario}
	return trial{name: name, scenario: scenario, options: o}
}

// hasFloor says that CPU for a packet is what the scenario asks for.
func hasFloor(scenario string) bool {
	switch scenario {
	case Fanout, Spaced, Hearing8, Hearings:
		return true
	default:
		return false
	}
}

// Names of the trials of goals.
const (
	trialFanout   = "fan-out"
	trialFast     = "fan-out, 67 kpps"
	trialSpaced   = "fan-out, evenly spaced"
	trialHearing  = "hearing of 8"
	trialHearings = "40 hearings of 4"
	trialJoins    = "join storm"
	trialMemory   = "memory"
	trialClean    = "clean rate"
	trialMany     = "800 receivers"
	trialChurn    = "two minutes of soak"
)

// soakMinutes is the length of the soak among the goals: enough for a gross leak.
const soakMinutes = 2

// fastRate makes 67,000 packets a second of a fan-out to 100.
const fastRate = 620

// goalTrials are the trials behind the goals; about a quarter of an hour.
func (o Options) goalTrials() []trial {
	with := func(name, scenario string, rate int, contestants ...string) trial {
		p := o
		p.Contestants, p.VideoRate = contestants, rate
		return p.trial(name, scenario)
	}
	short := o
	short.Minutes, short.Contestants = soakMinutes, []string{Own}
	return []trial{
		with(trialFanout, Fanout, 0, Own, Pion, Floor),
		with(trialFast, Fanout, fastRate, Own, Pion, Floor),
		with(trialSpaced, Spaced, 0, Own),
		with(trialHearing, Hearing8, 0, Own, Pion, Floor),
		with(trialHearings, Hearings, 0, Own, Pion, Floor),
		with(trialJoins, JoinStorm, 0, Own, Pion),
		with(trialMemory, Memory, 0, Own, Pion),
		with(trialClean, Saturation, 0, Own, Pion),
		with(trialMany, Receivers800, 0, Own),
		short.trial(trialChurn, Soak),
	}
}
