package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"

	"phientoa/recording"
)

// verifyCmd checks evidence offline. It is thin: everything is in recording.
type verifyCmd struct {
	Dir     string `arg:"" help:"Directory of one hearing's evidence, or of one part of it."`
	Root    string `help:"PEM file of the authorities that you trust, obtained separately."`
	Lang    string `default:"vi" enum:"vi,en" help:"Language of the report: vi or en."`
	JSON    bool   `name:"json" help:"Print the report as JSON."`
	Running bool   `help:"The hearing is still in progress: its end may be missing."`
}

func (c *verifyCmd) Run(ctx context.Context, s streams) error {
	opts := recording.Options{Running: c.Running}
	if c.Root != "" {
		pem, err := os.ReadFile(c.Root)
		if err != nil {
			fmt.Fprintln(s.err, "phientoa:", err)
			return exitCode(2)
		}
		opts.Roots = x509.NewCertPool()
		if !opts.Roots.AppendCertsFromPEM(pem) {
			fmt.Fprintf(s.err, "phientoa: %s holds no certificate\n", c.Root)
			return exitCode(2)
		}
	}
	if info, err := os.Stat(c.Dir); err != nil || !info.IsDir() {
		fmt.Fprintf(s.err, "phientoa: %s is not a directory\n", c.Dir)
		return exitCode(2)
	}
	// An unreadable directory is in the report, with its exit code.
	report, _ := recording.VerifyDir(ctx, os.DirFS(c.Dir), opts)
	if c.JSON {
		enc := json.NewEncoder(s.out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(report); err != nil {
			return err
		}
	} else if _, err := fmt.Fprint(s.out, report.Text(c.Lang)); err != nil {
		return err
	}
	return exitCode(report.ExitCode())
}
