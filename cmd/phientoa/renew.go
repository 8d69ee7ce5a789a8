package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"phientoa/cmd/verifycli"
	"phientoa/internal/config"
	"phientoa/internal/signer"
	"phientoa/recording/archive"
)

// renewCmd puts archive timestamps over the sealed parts of a node that does not run;
// one that runs does it by itself, once a day. It is thin: everything is in
// recording/archive. Register and catalogue learn of it at the next start.
type renewCmd struct {
	Dir            string        `arg:"" help:"Data directory of a node."`
	Second         string        `name:"evidence-second" env:"PHIENTOA_EVIDENCE_SECOND" default:"" help:"Second directory of evidence, as serve has it."`
	List           bool          `help:"Only list the sealed parts and what is due; also while the node runs. Exit 3 when something is."`
	Before         time.Duration `default:"4320h" help:"How long before the end of the last timestamp's certificate it is due."`
	MadeBefore     string        `name:"made-before" placeholder:"TIME" help:"Due is also what was stamped before this day: an algorithm counts no longer."`
	Node           string        `env:"PHIENTOA_NODE" default:"node1" help:"Name of the node."`
	SignerSocket   string        `name:"signer-socket" env:"PHIENTOA_SIGNER_SOCKET" default:"" help:"Unix socket of the signer process; empty: one is started."`
	TimestampURL   string        `name:"timestamp-url" env:"PHIENTOA_TIMESTAMP_URL" default:"" help:"Address of the RFC 3161 authority; empty: the signer's own."`
	RevocationList []string      `name:"revocation-list" env:"PHIENTOA_REVOCATION_LISTS" help:"Files and addresses of revocation lists, as serve has them."`
	JSON           bool          `name:"json" help:"Print the list as JSON."`
}

// renewal is a sealed part in the list.
type renewal struct {
	Path     string    `json:"path"`
	Archived int       `json:"archive_timestamps"`
	Ends     time.Time `json:"ends,omitzero"` // of the last timestamp's certificate
	Due      bool      `json:"due"`
	Renewed  bool      `json:"renewed"`
	Error    string    `json:"error,omitempty"`
}

func (c *renewCmd) Run(ctx context.Context, s streams) error {
	withdrawn, err := verifycli.Time(c.MadeBefore)
	if err != nil {
		return err
	}
	list, err := c.list(withdrawn)
	if err != nil {
		return err
	}
	code := 0
	for _, r := range list {
		if r.Due && c.List {
			code = 3
		}
	}
	if !c.List {
		if err := c.renew(ctx, s, list); err != nil {
			return err
		}
	}
	for _, r := range list {
		if r.Error != "" {
			code = 1
		}
	}
	if err := c.print(s, list); err != nil {
		return err
	}
	return exitCode(code)
}

func (c *renewCmd) list(withdrawn time.Time) ([]renewal, error) {
	out := []renewal{}
	for _, dir := range []string{filepath.Join(c.Dir, "evidence"), c.Second} {
		if dir == "" {
			continue
		}
		files, err := archive.Sealed(dir)
		if err != nil {
			return nil, err
		}
		for _, path := range files {
			r := renewal{Path: path}
			state, err := archive.Look(path)
			if err != nil {
				r.Error = err.Error()
			}
			r.Archived, r.Ends, r.Due = state.Archived, state.Ends, state.Due(time.Now(), c.Before, withdrawn)
			out = append(out, r)
		}
	}
	return out, nil
}

// renew renews what is due, one after the other; a failure keeps none of the others
// from it. What was renewed is not due any more, so that a second run goes on where
// one was broken off.
func (c *renewCmd) renew(ctx context.Context, s streams, list []renewal) error {
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	socket := c.SignerSocket
	if socket == "" {
		child, err := startSigner(ctx, c.Dir, c.Node, newLogger(config.Config{LogLevel: "warn", LogFormat: "text"}, s.err))
		if err != nil {
			return err
		}
		defer child.stop()
		socket = child.socket
	}
	client := signer.NewClient(socket, 0)
	defer client.Close()
	with := sealingWith(client, c.TimestampURL, c.RevocationList)
	for i := range list {
		r := &list[i]
		if !r.Due || r.Error != "" {
			continue
		}
		done, err := archive.Renew(ctx, r.Path, with, archive.StampLimit, archive.Pace{})
		if err != nil {
			r.Error = err.Error()
		}
		if done.Changed {
			r.Renewed, r.Due = true, false
			r.Archived, r.Ends = done.State.Archived, done.State.Ends
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// lock keeps a node away from the data directory meanwhile.
func (c *renewCmd) lock() (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(c.Dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("data directory %s is used by another process; a running node renews by itself", c.Dir), f.Close())
	}
	return func() { f.Close() }, nil
}

func (c *renewCmd) print(s streams, list []renewal) error {
	if c.JSON {
		enc := json.NewEncoder(s.out)
		enc.SetIndent("", "  ")
		return enc.Encode(list)
	}
	for _, r := range list {
		what := "-"
		switch {
		case r.Error != "":
			what = "error: " + r.Error
		case r.Renewed:
			what = "renewed"
		case r.Due:
			what = "due"
		}
		ends := "-"
		if !r.Ends.IsZero() {
			ends = r.Ends.UTC().Format(time.DateOnly)
		}
		if _, err := fmt.Fprintf(s.out, "%s\t%d\t%s\t%s\n", r.Path, r.Archived, ends, what); err != nil {
			return err
		}
	}
	return nil
}
