package bench

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Scenarios.
const (
	Fanout       = "fanout"       // one publisher, Receivers receivers, packets in pictures
	Spaced       = "spaced"       // the same with every packet evenly spaced
	Hearing8     = "hearing8"     // eight peers, each sends to the seven others
	Hearings     = "hearings40x4" // Hearings hearings of four at once
	Receivers800 = "receivers800" // a floor holder and two more who are heard, Receivers receivers, who join while media flows
	Viewers800   = "viewers800"   // a hearing of eleven, measured before and after Receivers viewers join
	JoinStorm    = "joinstorm"    // Receivers joins as fast as they go, no media
	Memory       = "memory"       // fan-out to Receivers and to three times as many: memory of a further one
	Saturation   = "saturation"   // the highest rate of a fan-out with less than 0.1 % of loss
	Churn        = "churn"        // joins and leaves beside a standing fan-out, a window long
	Soak         = "soak"         // the same for Minutes
	Goals        = "goals"        // everything that the project's goals speak of, beside them
)

// Contestants.
const (
	Own      = "own"      // the sfu with its own sender
	PionSend = "pionsend" // the sfu with Pion's write path
	Pion     = "pion"     // plain Pion forwarder, default interceptors
	Floor    = "floor"    // sendto and an AES-128-GCM seal, nothing else
)

// Bounds of a run. Whatever is asked, a run ends and stays small.
const (
	maxReceivers   = 1000
	maxHearings    = 100
	maxWindows     = 20
	maxWindow      = time.Minute
	maxWarmup      = time.Minute
	maxMinutes     = 240
	maxVideoRate   = 4000
	maxRetries     = 10
	maxConcurrency = 64
	maxLoss        = 20.0 // per cent
)

// memorySteps is how many times the receivers of the smaller session the larger
// one of memory has.
const memorySteps = 3

// Errors of Run.
var (
	// ErrOptions says that an option is out of its range (wrapped with which).
	ErrOptions = errors.New("bench: option out of range")
	// ErrIncomplete says that a contestant had fewer accepted windows than asked;
	// the report has been printed with what there is.
	ErrIncomplete = errors.New("bench: too few windows were accepted")
)

// Options of a run. The zero value of a number takes the default written in its
// tag; the tags are those of github.com/alecthomas/kong.
type Options struct {
	Scenarios   []string      `arg:"" optional:"" name:"scenario" help:"fanout, spaced, hearing8, hearings40x4, receivers800, viewers800, joinstorm, memory, saturation, churn, soak, or goals alone; fanout, hearing8 and joinstorm when none is given."`
	Contestants []string      `name:"contestants" help:"Some of own, pionsend, pion, floor; by default those that the scenario is about."`
	Receivers   int           `name:"receivers" help:"Receivers and joins, 1 to 1000; 0 is the scenario's own number."`
	Hearings    int           `name:"hearings" default:"40" help:"Hearings of hearings40x4, 1 to 100."`
	Windows     int           `name:"windows" default:"3" help:"Accepted windows for each contestant, 1 to 20."`
	Window      time.Duration `name:"window" default:"5s" help:"Length of a window, 100ms to 1m."`
	Warmup      time.Duration `name:"warmup" default:"1s" help:"Media before the window, at most 1m."`
	Minutes     int           `name:"minutes" default:"60" help:"Length of a soak, 1 to 240 minutes."`
	VideoRate   int           `name:"video-rate" help:"Video packets of 1,200 bytes a second from each camera, 26 to 4000, audio adds 50; 0 is the scenario's own rate."`
	Retries     int           `name:"retries" default:"3" help:"How often a rejected window is repeated, at most 10."`
	Concurrency int           `name:"concurrency" default:"8" help:"Joins under way at once, 1 to 64."`
	JSON        bool          `name:"json" help:"Print the report as JSON."`
	JSONFile    string        `name:"json-file" placeholder:"FILE" help:"Write the report as JSON into this file beside what is printed."`
	NoTap       bool          `name:"no-tap" help:"Leave out the recording tap of own and pionsend."`
	Loss        float64       `name:"loss" help:"Per cent of the packets that receivers lose on their line, at most 20."`
	NoFeedback  bool          `name:"no-feedback" help:"Receivers send no receiver reports, transport feedback or repeat requests."`
	NoPin       bool          `name:"no-pin" help:"Do not pin the server to core 0 and the generator to core 1."`
	NoSpin      bool          `name:"no-spin" help:"Do not keep the cores awake with an idle-priority spinner."`
	Profile     string        `name:"profile" placeholder:"DIR" help:"Write profiles of every server window (CPU, and at its end heap and goroutines) into this directory."`

	// Progress takes one line a sample; nil is silent.
	Progress io.Writer `kong:"-" json:"-"`
}

// filled gives o with the defaults in place of zero values, or what is wrong with it.
func (o Options) filled() (Options, error) {
	if len(o.Scenarios) == 0 {
		o.Scenarios = []string{Fanout, Hearing8, JoinStorm}
	}
	orDefault(&o.Hearings, 40)
	orDefault(&o.Windows, 3)
	orDefault(&o.Window, 5*time.Second)
	orDefault(&o.Warmup, time.Second)
	orDefault(&o.Minutes, 60)
	orDefault(&o.Retries, 3)
	orDefault(&o.Concurrency, 8)
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	rate := o.VideoRate
	orDefault(&rate, frameRate)
	err := errors.Join(
		oneOf("scenario", o.Scenarios, []string{
			Fanout, Spaced, Hearing8, Hearings, Receivers800, Viewers800, JoinStorm, Memory, Saturation, Churn, Soak, Goals,
		}),
		oneOf("contestants", o.Contestants, []string{Own, PionSend, Pion, Floor}),
		within("receivers", o.Receivers, 0, maxReceivers),
		within("hearings", o.Hearings, 1, maxHearings),
		within("windows", o.Windows, 1, maxWindows),
		within("window", o.Window, 100*time.Millisecond, maxWindow),
		within("warmup", o.Warmup, time.Millisecond, maxWarmup),
		within("minutes", o.Minutes, 1, maxMinutes),
		within("video-rate", rate, frameRate, maxVideoRate),
		within("retries", o.Retries, 0, maxRetries),
		within("concurrency", o.Concurrency, 1, maxConcurrency),
		within("loss", o.Loss, 0, maxLoss),
	)
	switch {
	case len(o.Scenarios) > 1 && slices.Contains(o.Scenarios, Goals):
		err = errors.Join(err, fmt.Errorf("%w: goals stands alone", ErrOptions))
	case slices.Contains(o.Scenarios, Memory) && memorySteps*o.Receivers > maxReceivers:
		err = errors.Join(err, fmt.Errorf("%w: memory takes at most %d receivers", ErrOptions, maxReceivers/memorySteps))
	}
	return o, err
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func within[T int | float64 | time.Duration](name string, v, low, high T) error {
	if v < low || v > high {
		return fmt.Errorf("%w: --%s %v, takes %v to %v", ErrOptions, name, v, low, high)
	}
	return nil
}

func oneOf(name string, given, known []string) error {
	for i, g := range given {
		if !slices.Contains(known, g) {
			return fmt.Errorf("%w: %s %q, takes %s", ErrOptions, name, g, strings.Join(known, ", "))
		}
		if slices.Contains(given[:i], g) {
			return fmt.Errorf("%w: %s %q is given twice", ErrOptions, name, g)
		}
	}
	return nil
}
