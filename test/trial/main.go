// Command trial holds a hearing between test hosts over a deliberately bad line
// and says what two real browsers heard and saw, beside a control pair of the
// same browsers without us on the same line under the same seed.
//
//	go run ./test/trial A1 [-seed N] [-window 20s]
//	go run ./test/trial list
//
// It needs root (namespaces, TUN), iproute2, Chromium, ffmpeg and espeak-ng, the
// built binary (make build) and web/node_modules. It prints one JSON object and
// exits 0 when the trial's rule holds, 1 when not, 2 when it could not run.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	os.Exit(realMain(os.Args[1:])) //nolint:forbidigo // this is main
}

func realMain(args []string) int {
	if len(args) == 0 || args[0] == "list" {
		for _, t := range trials() {
			fmt.Printf("%-8s %s\n", t.Name, t.About)
		}
		return 0
	}
	fs := flag.NewFlagSet("trial", flag.ContinueOnError)
	var o options
	fs.Uint64Var(&o.Seed, "seed", 1, "seed of the line's random choices")
	fs.DurationVar(&o.Window, "window", 20*time.Second, "length of the measurement")
	fs.DurationVar(&o.Warmup, "warmup", 8*time.Second, "time between first media and the measurement")
	fs.StringVar(&o.Binary, "binary", "bin/phientoa", "the server")
	fs.BoolVar(&o.ControlOnly, "control-only", false, "measure the control pair alone (never passes)")
	fs.BoolVar(&o.HearingOnly, "hearing-only", false, "leave the control pair out, for trials that judge the hearing alone")
	if err := fs.Parse(args[1:]); err != nil {
		return 2
	}
	t, ok := find(args[0])
	if !ok {
		fmt.Fprintf(os.Stderr, "trial: no trial %q; see `trial list`\n", args[0])
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	verdict, err := t.run(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "trial:", err)
		return 2
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	if err := errors.Join(enc.Encode(verdict)); err != nil {
		return 2
	}
	if !verdict.Pass {
		return 1
	}
	return 0
}
