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
	Fanout    = "fanout"    // one publisher, Receivers receivers
	Hearing8  = "hearing8"  // eight peers, each sends to the seven others
	JoinStorm = "joinstorm" // Receivers joins as fast as they go, no media
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
	maxWindows     = 20
	maxWindow      = time.Minute
	maxWarmup      = time.Minute
	maxVideoRate   = 2000
	maxRetries     = 10
	maxConcurrency = 64
)

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
	Scenarios   []string      `arg:"" optional:"" name:"scenario" help:"fanout, hearing8 or joinstorm; all of them when none is given."`
	Contestants []string      `name:"contestants" help:"Some of own, pionsend, pion, floor; all of them by default."`
	Receivers   int           `name:"receivers" default:"100" help:"Receivers of fanout and joins of joinstorm, 1 to 1000."`
	Windows     int           `name:"windows" default:"3" help:"Accepted windows for each contestant, 1 to 20."`
	Window      time.Duration `name:"window" default:"5s" help:"Length of a window, 100ms to 1m."`
	Warmup      time.Duration `name:"warmup" default:"1s" help:"Media before the window, at most 1m."`
	VideoRate   int           `name:"video-rate" default:"156" help:"Video packets of 1,200 bytes a second from each publisher, 26 to 2000; audio adds 50."`
	Retries     int           `name:"retries" default:"3" help:"How often a rejected window is repeated, at most 10."`
	Concurrency int           `name:"concurrency" default:"8" help:"Joins under way at once, 1 to 64."`
	JSON        bool          `name:"json" help:"Print the report as JSON."`
	NoTap       bool          `name:"no-tap" help:"Leave out the recording tap of own and pionsend."`
	NoPin       bool          `name:"no-pin" help:"Do not pin the server to core 0 and the generator to core 1."`
	NoSpin      bool          `name:"no-spin" help:"Do not keep the cores awake with an idle-priority spinner."`
	Profile     string        `name:"profile" placeholder:"DIR" help:"Write profiles of every server window (CPU, and at its end heap and goroutines) into this directory."`

	// Progress takes one line a sample; nil is silent.
	Progress io.Writer `kong:"-" json:"-"`
}

// filled gives o with the defaults in place of zero values, or what is wrong with it.
func (o Options) filled() (Options, error) {
	scenarios := []string{Fanout, Hearing8, JoinStorm}
	contestants := []string{Own, PionSend, Pion, Floor}
	if len(o.Scenarios) == 0 {
		o.Scenarios = scenarios
	}
	if len(o.Contestants) == 0 {
		o.Contestants = contestants
	}
	orDefault(&o.Receivers, 100)
	orDefault(&o.Windows, 3)
	orDefault(&o.Window, 5*time.Second)
	orDefault(&o.Warmup, time.Second)
	orDefault(&o.VideoRate, 156)
	orDefault(&o.Retries, 3)
	orDefault(&o.Concurrency, 8)
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	return o, errors.Join(
		oneOf("scenario", o.Scenarios, scenarios),
		oneOf("contestants", o.Contestants, contestants),
		within("receivers", o.Receivers, 1, maxReceivers),
		within("windows", o.Windows, 1, maxWindows),
		within("window", o.Window, 100*time.Millisecond, maxWindow),
		within("warmup", o.Warmup, time.Millisecond, maxWarmup),
		within("video-rate", o.VideoRate, frameRate, maxVideoRate),
		within("retries", o.Retries, 0, maxRetries),
		within("concurrency", o.Concurrency, 1, maxConcurrency),
	)
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func within[T int | time.Duration](name string, v, low, high T) error {
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
