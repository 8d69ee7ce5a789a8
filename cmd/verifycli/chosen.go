package verifycli

import (
	"context"
	"crypto/x509"
	"io"
	"path/filepath"

	"phientoa/internal/ledger"
	"phientoa/recording/archive"
	"phientoa/recording/excerpt"
)

// Chosen is what somebody chose in the page that verifies: contents of files, each
// nil where none was chosen. None is larger than maxHeld, which the page sees to.
type Chosen struct {
	Name     string   // of the file that is checked; a supplement is told by it as well
	Roots    []byte   // PEM, the authorities that are trusted
	TSARoots []byte   // PEM, independent timestamp authorities that are trusted
	Receipts [][]byte // checkpoints that somebody else kept
}

// Answer is what the page shows. Refused is the name of the file that could not be
// used ("roots", "tsa_roots", "receipts", or "encrypted" for the sealed file as an object
// store holds it); then nothing was verified.
type Answer struct {
	Exit int    `json:"exit"` // as of the command
	Vi   string `json:"vi"`   // the report for people
	En   string `json:"en"`
	// Report is an archive.Report, an excerpt.Report or an archive.SupplementReport.
	Report any `json:"report,omitempty"`
	// Open is what alone keeps a file whose signers are known from exit 0: of a supplement
	// "alone" (the page compares it with no part), of an excerpt "uncompared" (receipts).
	Open    string `json:"open,omitempty"`
	Refused string `json:"refused,omitempty"`
}

// VerifyChosen checks a sealed part, an excerpt or a redacted copy of one, or a supplement
// of size bytes as the command does, wherever its bytes come from.
func VerifyChosen(ctx context.Context, r io.ReaderAt, size int64, c Chosen) Answer {
	var o archive.Options
	for _, f := range []struct {
		name string
		pem  []byte
		into **x509.CertPool
	}{{"roots", c.Roots, &o.Roots}, {"tsa_roots", c.TSARoots, &o.TSARoots}} {
		if f.pem == nil {
			continue
		}
		pool, err := rootsOf(f.pem)
		if err != nil {
			return Answer{Exit: 2, Refused: f.name}
		}
		*f.into = pool
	}
	for _, b := range c.Receipts {
		notes, err := ledger.Notes(b)
		if err != nil {
			return Answer{Exit: 2, Refused: "receipts"}
		}
		o.Held = append(o.Held, notes...)
	}
	if archive.Encrypted(r) {
		return Answer{Exit: 2, Refused: "encrypted"}
	}
	if archive.RecogniseSupplement(r, size, c.Name) {
		report := archive.VerifySupplement(ctx, r, size, archive.SupplementOptions{Options: o})
		a := answer(together{Supplements: []supplementOf{{filepath.Base(c.Name), report}}})
		a.Report = report
		if report.Alone() {
			a.Open = "alone"
		}
		return a
	}
	report := excerpt.VerifyAny(ctx, r, size, o)
	a := answer(report)
	a.Report = report
	if r, ok := report.(excerpt.Report); ok && r.Uncompared() {
		a.Open = "uncompared"
	}
	return a
}

func answer(v verdict) Answer {
	return Answer{Exit: v.ExitCode(), Vi: v.Text("vi"), En: v.Text("en")}
}
