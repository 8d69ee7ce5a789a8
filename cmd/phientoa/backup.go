package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"filippo.io/age"

	"phientoa/cmd/verifycli"
	"phientoa/internal/backup"
)

// dataFlags name what backup and restore work on, as serve does.
type dataFlags struct {
	DataDir  string `name:"data-dir" env:"PHIENTOA_DATA_DIR" default:"data" help:"Data directory of the server."`
	Second   string `name:"evidence-second" env:"PHIENTOA_EVIDENCE_SECOND" default:"" help:"Second directory of evidence, as serve has it; empty: none."`
	Database string `name:"database" env:"PHIENTOA_DATABASE" default:"" help:"sqlite:/path/file.db or postgres://… ; empty: phientoa.db in the data directory."`
	PGBin    string `name:"pg-bin" default:"" help:"Directory of pg_dump and pg_restore; empty: as the shell finds them."`
}

type backupCmd struct {
	dataFlags
	To             string   `required:"" help:"Directory that the archive is written into, or - for standard output."`
	Node           string   `env:"PHIENTOA_NODE" default:"node1" help:"Name of the node whose files these are."`
	PKIDir         string   `name:"pki-dir" default:"" help:"Directory of the signer, when it is not pki in the data directory."`
	Recipient      []string `name:"recipient" help:"Public key (age1…) whose secret key opens the archive; can be given several times. age-keygen makes a pair; keep the secret one elsewhere."`
	RecipientsFile string   `name:"recipients-file" help:"File with such public keys, one a line."`
	Plain          bool     `name:"plain" help:"Do not encrypt: the archive then holds names and evidence in clear."`
	WithKeys       bool     `name:"with-keys" help:"Take the signer's private keys along: whoever holds the archive can then speak for the node."`
}

func (c *backupCmd) Run(ctx context.Context, s streams) error {
	to, err := c.recipients()
	if err != nil {
		return err
	}
	src := backup.Source{
		DataDir: c.DataDir, Second: c.Second, Database: c.Database, Node: c.Node, Version: version(), Recipients: to,
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

// recipients are those for whom the archive is encrypted. A plain one has to be
// asked for: it holds names and evidence.
func (c *backupCmd) recipients() ([]age.Recipient, error) {
	text := strings.Join(c.Recipient, "\n")
	if c.RecipientsFile != "" {
		b, err := os.ReadFile(c.RecipientsFile)
		if err != nil {
			return nil, fmt.Errorf("recipients-file: %w", err)
		}
		text += "\n" + string(b)
	}
	given := strings.TrimSpace(text) != ""
	switch {
	case given && c.Plain:
		return nil, errors.New("recipient and plain: one or the other")
	case c.Plain:
		return nil, nil
	case !given:
		return nil, errors.New("give --recipient or --recipients-file, whose secret key opens the archive (age-keygen makes a pair), or --plain for one that everybody can read")
	}
	to, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("recipient: %w", err)
	}
	return to, nil
}

type restoreCmd struct {
	dataFlags
	From     string   `arg:"" help:"The archive, or - for standard input."`
	Identity []string `name:"identity" help:"File with the secret key that opens an encrypted archive, as age-keygen makes it; can be given several times."`
	Check    bool     `help:"Only read the archive to its end and say whether it can be restored; nothing is changed."`
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
	keys, err := verifycli.Keys(c.Identity)
	if err != nil {
		return err
	}
	if in, err = backup.Unseal(in, keys...); err != nil {
		return err
	}
	if c.Check {
		m, err := backup.Check(ctx, in, "", c.PGBin)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(s.out, "ok:", summary(m))
		return err
	}
	m, err := backup.Restore(ctx, backup.Target{DataDir: c.DataDir, Second: c.Second, Database: c.Database, PGBin: c.PGBin}, in)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, "restored:", summary(m))
	fmt.Fprintln(s.out, "nothing of the backup opens anything: sign-ins, invitations, passwords, passkeys, certificates, tokens and room devices are void")
	fmt.Fprintln(s.out, "let each official in again with: phientoa account reset --login LOGIN; an account that was disabled after the backup stands as enabled")
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
