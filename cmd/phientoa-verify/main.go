// Command phientoa-verify checks a sealed part or a directory of evidence: the
// command "phientoa verify" as a program of its own, for whoever has the file and
// nothing else. No database, no server and no C library is linked into it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"phientoa/cmd/verifycli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code) //nolint:forbidigo // this is main
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	var c verifycli.Cmd
	exited := -1
	parser, err := kong.New(&c, kong.Name("phientoa-verify"),
		kong.Description("Verify a sealed part or a directory of evidence. Exit 0: whole, signer known; 3: whole, signer unknown; 1: damaged; 2: not readable."),
		kong.Writers(out, errs), kong.Exit(func(code int) { exited = code }), kong.UsageOnError())
	if err == nil {
		_, err = parser.Parse(args)
	}
	if exited >= 0 {
		return exited
	}
	if err == nil {
		err = c.Run(ctx, verifycli.Streams{Out: out, Err: errs})
	}
	var code verifycli.ExitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintln(errs, "phientoa-verify:", err)
	return 2
}
