package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"

	"phientoa/recording"
	"phientoa/recording/archive"
)

// verifyCmd checks evidence offline. It is thin: everything is in recording and
// recording/archive.
type verifyCmd struct {
	Path     string   `arg:"" help:"A sealed part (part-NNNN.asice), the directory of one hearing's evidence, or of one part of it."`
	Root     string   `help:"PEM file of the authorities that you trust, obtained separately."`
	TSARoot  string   `name:"tsa-root" help:"PEM file of independent timestamp authorities that you trust; of a sealed part."`
	Identity []string `name:"identity" help:"File with the secret key that opens an encrypted file of an object store, as age-keygen makes it; can be given several times."`
	Lang     string   `default:"vi" enum:"vi,en" help:"Language of the report: vi or en."`
	JSON     bool     `name:"json" help:"Print the report as JSON."`
	Running  bool     `help:"The hearing is still in progress: its end may be missing."`
}

// verdict is what every report can do.
type verdict interface {
	ExitCode() int
	Text(lang string) string
}

func (c *verifyCmd) Run(ctx context.Context, s streams) error {
	report, err := c.verify(ctx)
	if err != nil {
		fmt.Fprintln(s.err, "phientoa:", err)
		return exitCode(2)
	}
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

func (c *verifyCmd) verify(ctx context.Context) (verdict, error) {
	roots, err := readRoots(c.Root)
	if err != nil {
		return nil, err
	}
	tsaRoots, err := readRoots(c.TSARoot)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(c.Path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		// An unreadable directory is in the report, with its exit code.
		report, _ := recording.VerifyDir(ctx, os.DirFS(c.Path), recording.Options{Roots: roots, Running: c.Running})
		return report, nil
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is neither a file nor a directory", c.Path)
	}
	keys, err := readKeys(c.Identity)
	if err != nil {
		return nil, err
	}
	return archive.VerifyFile(ctx, c.Path, archive.Options{Roots: roots, TSARoots: tsaRoots, Keys: keys}), nil
}

// readRoots reads a PEM file of certificates; none where no name is given.
func readRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", path)
	}
	return pool, nil
}
