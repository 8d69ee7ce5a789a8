// Command phientoa is the one binary of the platform: it serves hearings, shows
// a demonstration, verifies evidence, and carries the small helpers of each.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"phientoa/cmd/verifycli"
	"phientoa/sfu/bench"
)

type cli struct {
	Serve    serveCmd      `cmd:"" help:"Serve hearings."`
	Demo     demoCmd       `cmd:"" help:"Show a demonstration hearing on this machine."`
	Verify   verifycli.Cmd `cmd:"" help:"Verify a sealed part or a directory of evidence. Exit 0: whole, signer known; 3: whole, signer unknown; 1: damaged; 2: not readable."`
	Signer   signerCmd     `cmd:"" help:"Hold the sealing keys behind a unix socket."`
	Backup   backupCmd     `cmd:"" help:"Write database and evidence into one archive."`
	Restore  restoreCmd    `cmd:"" help:"Bring a backup into an empty data directory, or check it."`
	Migrate  migrateCmd    `cmd:"" help:"Bring a database to this version."`
	Account  accountCmd    `cmd:"" help:"Administer accounts of officials."`
	Audit    auditCmd      `cmd:"" help:"Tell openings without an end, and lost or swapped archives, of a node."`
	Evidence evidenceCmd   `cmd:"" help:"Administer the disks of evidence."`
	Renew    renewCmd      `cmd:"" help:"Renew the timestamps of sealed parts before their certificates end, or list what is due. A running node does it by itself."`
	Sign     signCmd       `cmd:"" name:"sign-minutes" help:"Sign minutes on this machine with your own certificate. The key and its password or PIN never leave it."`
	Unit     unitCmd       `cmd:"" help:"Administer courts, procuracies and detention facilities."`
	Bench    benchCmd      `cmd:"" help:"Measure the forwarding of media beside plain Pion and the floor of this machine."`
	Version  versionCmd    `cmd:"" help:"Print the version."`
}

// streams is where commands write.
type streams struct {
	out, err io.Writer
	in       io.Reader
}

// exitCode ends the process with a code of its own and no message.
type exitCode = verifycli.ExitCode

func main() {
	// The bench runs its server and its generator as processes of their own.
	if handled, code := bench.Role(os.Args[1:]); handled {
		os.Exit(code) //nolint:forbidigo // this is main
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{os.Stdout, os.Stderr, os.Stdin})
	stop()
	os.Exit(code) //nolint:forbidigo // this is main
}

func run(ctx context.Context, args []string, s streams) int {
	var c cli
	exited := -1
	parser, err := kong.New(&c, kong.Name("phientoa"),
		kong.Description("Court hearings over video: live, recorded, verifiable."),
		kong.Writers(s.out, s.err), kong.Exit(func(code int) { exited = code }), kong.UsageOnError())
	if err != nil {
		fmt.Fprintln(s.err, "phientoa:", err)
		return 2
	}
	kctx, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintln(s.err, "phientoa:", err)
		return 2
	}
	kctx.BindTo(ctx, (*context.Context)(nil))
	var code exitCode
	switch err := kctx.Run(s, verifycli.Streams{Out: s.out, Err: s.err}); {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	default:
		fmt.Fprintln(s.err, "phientoa:", err)
		return 1
	}
}

type versionCmd struct{}

func (versionCmd) Run(s streams) error {
	_, err := fmt.Fprintln(s.out, "phientoa", version())
	return err
}

// buildTime is the time of the commit that the binary was built from; zero when
// it is not known.
func buildTime() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, kv := range info.Settings {
		if kv.Key == "vcs.time" {
			at, err := time.Parse(time.RFC3339, kv.Value)
			if err == nil {
				return at
			}
		}
	}
	return time.Time{}
}

// version is the commit that the binary was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	rev, dirty := "", ""
	for _, kv := range info.Settings {
		switch kv.Key {
		case "vcs.revision":
			rev = kv.Value
		case "vcs.modified":
			if kv.Value == "true" {
				dirty = "+changed"
			}
		}
	}
	if rev == "" {
		return info.Main.Version
	}
	return rev[:min(12, len(rev))] + dirty
}
