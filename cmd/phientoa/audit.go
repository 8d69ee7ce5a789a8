package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"phientoa/cmd/verifycli"
	"phientoa/recording/register"
)

// auditCmd compares what was opened with what is there. It is thin: everything is in
// recording/register.
type auditCmd struct {
	Dir        string        `arg:"" help:"Data directory of a node: its register and evidence."`
	Second     string        `name:"evidence-second" env:"PHIENTOA_EVIDENCE_SECOND" default:"" help:"Second directory of evidence, as serve has it: parts in it are not lost."`
	Root       string        `help:"PEM file of the authorities that you trust, obtained separately."`
	Checkpoint []string      `name:"checkpoint" placeholder:"FILE" sep:"none" help:"File of checkpoints of the register that somebody else kept; they must be of it. May be given several times."`
	Grace      time.Duration `default:"24h" help:"How long a part may be open before its missing end is a finding."`
	Lang       string        `default:"vi" enum:"vi,en" help:"Language of the report: vi or en."`
	JSON       bool          `name:"json" help:"Print the report as JSON."`
}

func (c *auditCmd) Run(ctx context.Context, s streams) error {
	roots, err := verifycli.Roots(c.Root)
	if err != nil {
		fmt.Fprintln(s.err, "phientoa:", err)
		return exitCode(2)
	}
	held, err := verifycli.Held(c.Checkpoint)
	if err != nil {
		fmt.Fprintln(s.err, "phientoa:", err)
		return exitCode(2)
	}
	evidence := []string{filepath.Join(c.Dir, "evidence")}
	if c.Second != "" {
		evidence = append(evidence, c.Second)
	}
	report := register.Audit(ctx, register.AuditParams{
		Register: filepath.Join(c.Dir, register.Dir), Evidence: evidence,
		Roots: roots, Held: held, Now: time.Now(), Grace: c.Grace,
	})
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
