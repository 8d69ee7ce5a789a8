package verifycli

import (
	"context"
	"crypto/x509"
	"io"

	"phientoa/internal/ledger"
	"phientoa/recording/archive"
)

// Chosen is what somebody chose in the page that verifies: contents of files, each
// nil where none was chosen. None is larger than maxHeld, which the page sees to.
type Chosen struct {
	Roots    []byte   // PEM, the authorities that are trusted
	TSARoots []byte   // PEM, independent timestamp authorities that are trusted
	Receipts [][]byte // checkpoints that somebody else kept
}

// Answer is what the page shows. Refused is the name of the file that could not be
// used ("roots", "tsa_roots", "receipts", or "encrypted" for the sealed file as an object
// store holds it); then nothing was verified.
type Answer struct {
	Exit    int             `json:"exit"` // as of the command
	Vi      string          `json:"vi"`   // the report for people
	En      string          `json:"en"`
	Report  *archive.Report `json:"report,omitempty"`
	Refused string          `json:"refused,omitempty"`
}

// VerifyChosen checks a sealed part of size bytes as the command does, wherever its
// bytes come from.
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
	report := archive.Verify(ctx, r, size, o)
	return Answer{Exit: report.ExitCode(), Vi: report.Text("vi"), En: report.Text("en"), Report: &report}
}
