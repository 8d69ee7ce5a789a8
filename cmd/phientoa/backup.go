package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"phientoa/internal/backup"
)

// dataFlags name what backup and restore work on, as serve does.
type dataFlags struct {
	DataDir  string `name:"data-dir" env:"PHIENTOA_DATA_DIR" default:"data" help:"Data directory of the server."`
	Database string `name:"database" env:"PHIENTOA_DATABASE" default:"" help:"sqlite:/path/file.db or postgres://… ; empty: phientoa.db in the data directory."`
	PGBin    string `name:"pg-bin" default:"" help:"Directory of pg_dump and pg_restore; empty: as the shell finds them."`
}

type backupCmd struct {
	dataFlags
	To       string `required:"" help:"Directory that the archive is written into, or - for standard output."`
	Node     string `env:"PHIENTOA_NODE" default:"node1" help:"Name of the node whose files these are."`
	PKIDir   string `name:"pki-dir" default:"" help:"Directory of the signer, when it is not pki in the data directory."`
	WithKeys bool   `name:"with-keys" help:"Take the signer's private keys along: whoever holds the archive can then speak for the node."`
}

func (c *backupCmd) Run(ctx context.Context, s streams) error {
	src := backup.Source{
		DataDir: c.DataDir, Database: c.Database, Node: c.Node, Version: version(),
		PKIDir: c.PKIDir, WithKeys: c.WithKeys, PGBin: c.PGBin, Now: time.Now,
	}
	if c.To == "-" {
		out := bufio.NewWriterSize(s.out, 1<<20)
		m, err := backup.Write(ctx, src, out)
		if err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(s.err, summary(m))
		return nil
	}
	name, m, err := backup.WriteFile(ctx, src, c.To)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.err, summary(m))
	_, err = fmt.Fprintln(s.out, name)
	return err
}

type restoreCmd struct {
	dataFlags
	From  string `arg:"" help:"The archive, or - for standard input."`
	Check bool   `help:"Only read the archive to its end and say whether it can be restored; nothing is changed."`
}

func (c *restoreCmd) Run(ctx context.Context, s streams) error {
	in := s.in
	if c.From != "-" {
		f, err := os.Open(c.From)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	in = io.Reader(bufio.NewReaderSize(in, 1<<20))
	if c.Check {
		m, err := backup.Check(ctx, in, "", c.PGBin)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(s.out, "ok:", summary(m))
		return err
	}
	m, err := backup.Restore(ctx, backup.Target{DataDir: c.DataDir, Database: c.Database, PGBin: c.PGBin}, in)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, "restored:", summary(m))
	fmt.Fprintln(s.out, "every sign-in and every unused invitation of the backup is void")
	if !m.Keys {
		fmt.Fprintln(s.out, "the backup holds no keys: a new authority is made at the first start; records of before are verified with --root pki-of-backup/ca.pem")
	}
	return nil
}

func summary(m backup.Manifest) string {
	var size int64
	for _, f := range m.Files {
		size += f.Size
	}
	return fmt.Sprintf("%d files, %d bytes, %d hearings, %s, of %s at %s, keys: %t",
		len(m.Files), size, len(m.Heads), m.Database, m.Node, m.Created.Format(time.RFC3339), m.Keys)
}
