// Command trial holds hearings between test hosts over deliberately bad lines and
// says what real browsers heard and saw, beside a control pair of the same browsers
// without us on the same line under the same seed in the same minute.
//
//	go run ./test/trial A1 A2 [-seeds 5 | -seeds 3,7,9] [-window 20s] [-json FILE]
//	go run ./test/trial all
//	go run ./test/trial list
//
// It needs root (namespaces, TUN), iproute2, Chromium, ffmpeg and espeak-ng, the
// built binary (make build) and web/node_modules. It prints a table, and all that was
// measured as one JSON object into the file of -json. It exits 0 only when the rules
// of every row asked for hold of the medians, 1 when one does not, 2 when a row
// could not run: what could not run has not passed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Exit codes.
const (
	exitHeld = iota
	exitFailed
	exitNotRun
)

// maxSeeds bounds the runs of a row.
const maxSeeds = 50

type options struct {
	Seeds          []uint64
	Window, Warmup time.Duration
	Binary         string
	// NoControl leaves the control out; rules against it then do not hold.
	NoControl bool
	JSON      string
}

func main() {
	os.Exit(realMain(os.Args[1:])) //nolint:forbidigo // this is main
}

func realMain(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(args) == 0 || args[0] == "list" {
		list(os.Stdout, rows())
		return exitHeld
	}
	if args[0] == jobCommand && len(args) == 2 {
		if err := runHostile(ctx, args[1]); err != nil {
			fmt.Fprintln(os.Stderr, "trial:", err)
			return exitNotRun
		}
		return exitHeld
	}
	o, chosen, err := parse(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "trial:", err)
		return exitNotRun
	}
	return runAll(ctx, o, chosen)
}

// parse reads the rows, then the flags; a second flag -seed is a shorter -seeds.
func parse(args []string) (options, []row, error) {
	var names []string
	for len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		names, args = append(names, args[0]), args[1:]
	}
	o := options{Seeds: []uint64{1}}
	fs := flag.NewFlagSet("trial", flag.ContinueOnError)
	seeds := func(s string) (err error) {
		o.Seeds, err = parseSeeds(s)
		return err
	}
	fs.Func("seeds", "how many seeds (from 1 on), or which: 3,7,9 (default 1)", seeds)
	fs.Func("seed", "one seed alone", func(s string) error { return seeds(s + ",") })
	fs.DurationVar(&o.Window, "window", 20*time.Second, "length of the measurement")
	fs.DurationVar(&o.Warmup, "warmup", 8*time.Second, "time between first media and the measurement")
	fs.StringVar(&o.Binary, "binary", "bin/phientoa", "the server")
	fs.BoolVar(&o.NoControl, "no-control", false, "leave the control out (rules against it do not hold then)")
	fs.StringVar(&o.JSON, "json", "", "file for everything that was measured; - is standard output")
	if err := fs.Parse(args); err != nil {
		return o, nil, err
	}
	if fs.NArg() > 0 {
		return o, nil, fmt.Errorf("names of rows come first: %q", fs.Arg(0))
	}
	chosen, err := choose(names)
	return o, chosen, err
}

// parseSeeds reads "5" as the seeds 1 to 5 and "3,7" as those two.
func parseSeeds(s string) ([]uint64, error) {
	var list []uint64
	for part := range strings.SplitSeq(strings.TrimSuffix(s, ","), ",") {
		n, err := strconv.ParseUint(part, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("seed %q is no number", part)
		}
		list = append(list, n)
	}
	if !strings.Contains(s, ",") {
		if list[0] < 1 || list[0] > maxSeeds {
			return nil, fmt.Errorf("%d seeds: 1 to %d", list[0], maxSeeds)
		}
		n := list[0]
		list = list[:0]
		for i := range n {
			list = append(list, i+1)
		}
	}
	if len(list) > maxSeeds {
		return nil, fmt.Errorf("%d seeds: at most %d", len(list), maxSeeds)
	}
	return list, nil
}

func choose(names []string) ([]row, error) {
	all := rows()
	if slices.Equal(names, []string{"all"}) {
		return all, nil
	}
	var chosen []row
	for _, name := range names {
		i := slices.IndexFunc(all, func(r row) bool { return r.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no row %q; see `trial list`", name)
		}
		chosen = append(chosen, all[i])
	}
	if len(chosen) == 0 {
		return nil, errors.New("which row? see `trial list`")
	}
	return chosen, nil
}

// rows are all rows, in the order of the goal table.
func rows() []row {
	var all []row
	for _, part := range [][]row{soundRows(), pictureRows(), delayRows(), joinRows(), reachRows(), {abuseRow()}, toolRows(), {relayRow()}} {
		all = append(all, part...)
	}
	return all
}
