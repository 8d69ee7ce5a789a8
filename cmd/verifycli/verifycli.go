// Package verifycli is the command that checks evidence offline, of phientoa and of
// the small phientoa-verify alike. It is thin: everything is in recording,
// recording/archive and recording/excerpt.
package verifycli

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"filippo.io/age"

	"phientoa/internal/ledger"
	"phientoa/internal/revocation"
	"phientoa/recording"
	"phientoa/recording/archive"
	"phientoa/recording/excerpt"
)

// Streams is where the command writes.
type Streams struct {
	Out, Err io.Writer
}

// ExitCode ends the process with a code of its own and no message.
type ExitCode int

// Error implements error.
func (e ExitCode) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// Cmd checks evidence offline.
type Cmd struct {
	Path    []string `arg:"" help:"A sealed part (part-NNNN.asice), an excerpt or a redacted copy of one, a supplement of parts (supplement-NNNN.asice), the directory of one hearing's evidence, or of one part of it. Of a hearing that was recorded on two disks its directories of both, to check that no part is missing."`
	Root    string   `help:"PEM file of the authorities that you trust, obtained separately."`
	TSARoot string   `name:"tsa-root" help:"PEM file of independent timestamp authorities that you trust; of a sealed part."`
	// Checkpoint are receipts; see docs/archive-format.md.
	Checkpoint []string `name:"checkpoint" placeholder:"FILE" sep:"none" help:"File of checkpoints that somebody else kept (the receipt of a participant); they must be of this record. May be given several times."`
	CRL        []string `name:"crl" placeholder:"FILE" sep:"none" help:"Revocation list of an authority (DER or PEM), obtained separately, beside those in a sealed part. May be given several times."`
	At         string   `name:"at" placeholder:"TIME" help:"Judge certificates as at this time (2046-11-22 or 2046-11-22T08:00:00+07:00) instead of now; of sealed files, not of the lines of a directory."`
	Part       []string `name:"part" placeholder:"FILE" sep:"none" help:"Sealed part that the supplement is compared with, and that is checked itself. May be given several times."`
	Identity   []string `name:"identity" placeholder:"FILE" sep:"none" help:"File with the secret key that opens an encrypted file of an object store, as age-keygen makes it. May be given several times."`
	Lang       string   `default:"vi" enum:"vi,en" help:"Language of the report: vi or en."`
	JSON       bool     `name:"json" help:"Print the report as JSON."`
	Running    bool     `help:"The hearing is still in progress: its end may be missing."`
}

// verdict is what every report can do.
type verdict interface {
	ExitCode() int
	Text(lang string) string
}

// Run implements a command of kong.
func (c *Cmd) Run(ctx context.Context, s Streams) error {
	report, err := c.verify(ctx)
	if err != nil {
		fmt.Fprintln(s.Err, "phientoa:", err)
		return ExitCode(2)
	}
	if c.JSON {
		enc := json.NewEncoder(s.Out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(report); err != nil {
			return err
		}
	} else if _, err := fmt.Fprint(s.Out, report.Text(c.Lang)); err != nil {
		return err
	}
	return ExitCode(report.ExitCode())
}

func (c *Cmd) verify(ctx context.Context) (verdict, error) {
	roots, err := Roots(c.Root)
	if err != nil {
		return nil, err
	}
	tsaRoots, err := Roots(c.TSARoot)
	if err != nil {
		return nil, err
	}
	held, err := Held(c.Checkpoint)
	if err != nil {
		return nil, err
	}
	lists, err := Lists(c.CRL)
	if err != nil {
		return nil, err
	}
	at, err := Time(c.At)
	if err != nil {
		return nil, err
	}
	var dirs []fs.FS
	for _, path := range c.Path {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return nil, err
		case info.IsDir():
			dirs = append(dirs, os.DirFS(path))
		case !info.Mode().IsRegular():
			return nil, fmt.Errorf("%s is neither a file nor a directory", path)
		case len(c.Path) > 1:
			return nil, fmt.Errorf("%s is a file: several paths are the directories of one hearing", path)
		}
	}
	if len(dirs) > 0 {
		// An unreadable directory is in the report, with its exit code.
		report, _ := recording.VerifyDirs(ctx, dirs, recording.Options{Roots: roots, Held: held, Running: c.Running})
		return withSupplements(ctx, report, c.Path, archive.Options{Roots: roots, TSARoots: tsaRoots, Lists: lists, Now: at})
	}
	keys, err := Keys(c.Identity)
	if err != nil {
		return nil, err
	}
	o := archive.Options{Roots: roots, TSARoots: tsaRoots, Held: held, Keys: keys, Lists: lists, Now: at}
	if archive.IsSupplement(c.Path[0], o) {
		return c.supplement(ctx, o), nil
	}
	if len(c.Part) > 0 {
		return nil, fmt.Errorf("%s is no supplement: --part is for what a supplement is compared with", c.Path[0])
	}
	r, size, closer, err := archive.OpenContainer(c.Path[0], o.Keys...)
	if err != nil { // in the report, with its exit code
		return archive.Report{Unreadable: err.Error()}, nil
	}
	defer closer.Close()
	return excerpt.VerifyAny(ctx, r, size, o), nil
}

// Lists reads revocation lists from files.
func Lists(paths []string) (out []*x509.RevocationList, err error) {
	for _, path := range paths {
		l, err := revocation.ReadFile(path)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// Time reads a day (its beginning in UTC) or an instant (RFC 3339); zero where no text
// is given.
func Time(text string) (at time.Time, err error) {
	if text == "" {
		return at, nil
	}
	if at, err = time.Parse(time.DateOnly, text); err != nil {
		at, err = time.Parse(time.RFC3339, text)
	}
	if err != nil {
		return at, fmt.Errorf("%q is no time: want 2046-11-22 or 2046-11-22T08:00:00+07:00", text)
	}
	return at, nil
}

// Roots reads a PEM file of certificates; none where no name is given.
func Roots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool, err := rootsOf(pem)
	if err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	return pool, nil
}

var errNoCertificate = errors.New("holds no certificate")

func rootsOf(pem []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errNoCertificate
	}
	return pool, nil
}

// maxHeld bounds a file of kept checkpoints, in bytes: a note a second for a day.
const maxHeld = 32 << 20

// Held reads the checkpoints that somebody else kept.
func Held(paths []string) (held [][]byte, err error) {
	for _, path := range paths {
		b, err := readSmall(path, maxHeld)
		if err != nil {
			return nil, err
		}
		notes, err := ledger.Notes(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		held = append(held, notes...)
	}
	return held, nil
}

// readSmall reads a file of at most so many bytes.
func readSmall(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > most {
		return nil, fmt.Errorf("%s has more than %d bytes", path, most)
	}
	return b, nil
}

// Keys returns the secret keys of the files that were named.
func Keys(names []string) (keys []age.Identity, err error) {
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("identity: %w", err)
		}
		found, err := age.ParseIdentities(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("identity %s: %w", name, err)
		}
		keys = append(keys, found...)
	}
	return keys, nil
}
