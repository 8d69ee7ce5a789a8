// Package lgsp is the coverage report of a day as the state's data-sharing platform
// (LGSP) takes it: signed JSON without names, and its way there. The forms are
// docs/schemas/lgsp-coverage-1.schema.json and lgsp-envelope-1.schema.json.
package lgsp

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// Versions of the two forms.
const (
	ReportFormat   = "phientoa-coverage-1"
	EnvelopeFormat = "phientoa-lgsp-1"
)

// Stated is the code where a court gave a reason in its own words: they may name
// people, and are not exported.
const Stated = "stated"

// MaxEnvelope bounds an envelope in bytes: some thousand courts.
const MaxEnvelope = 1 << 20

// ErrTooLarge: the report has more courts than fit into MaxEnvelope.
var ErrTooLarge = errors.New("lgsp: report too large")

// Report is a day's coverage. It says nothing of when it was counted: the same figures
// are the same bytes, and the same report.
type Report struct {
	Format  string  `json:"format"`
	Unit    string  `json:"unit"` // code of the reporting procuracy
	Day     string  `json:"day"`  // 2006-01-02, of Vietnam's calendar
	AtLeast int     `json:"at_least_seconds"`
	Units   []Court `json:"units"`
	Total   Counts  `json:"total"`
}

// Court is one court's row.
type Court struct {
	Unit   string `json:"unit"`
	Counts Counts `json:"counts"`
}

// Counts are those of a court or of all; times in whole minutes.
type Counts struct {
	Calendar        int         `json:"calendar"`
	Cancelled       int         `json:"cancelled"`
	Held            int         `json:"held"`
	Released        int         `json:"released"`
	NotReleased     int         `json:"not_released"`
	Watched         int         `json:"watched"`
	HeldMinutes     int64       `json:"held_minutes"`
	FollowedMinutes int64       `json:"followed_minutes"`
	Exceptions      []Exception `json:"exceptions"`
}

// Exception is why hearings were not released, by a code of the coverage report or Stated.
type Exception struct {
	Code     string `json:"code"`
	Hearings int    `json:"hearings"`
}

// Envelope is a report with its digest and signature.
type Envelope struct {
	Format    string `json:"format"`
	Unit      string `json:"unit"`
	Day       string `json:"day" format:"date"`
	Key       string `json:"key" doc:"SHA-256 of unit, day and sha256, a line feed behind each: the Idempotency-Key"`
	SHA256    string `json:"sha256" doc:"Of the report's bytes, 64 hexadecimal digits"`
	Report    []byte `json:"report" doc:"Base64 of the report, docs/schemas/lgsp-coverage-1.schema.json"`
	Signature []byte `json:"signature" doc:"Base64 of a detached CAdES signature (DER) of these bytes by the node's key"`
}

// Key is one report's: sending it again changes nothing.
func Key(unit, day, digest string) string {
	sum := sha256.Sum256([]byte(unit + "\n" + day + "\n" + digest + "\n"))
	return hex.EncodeToString(sum[:])
}

// Seal makes the envelope. sign gives the CAdES signature over a SHA-256, its errors are
// returned wrapped.
func Seal(r Report, sign func([sha256.Size]byte) ([]byte, error)) (e Envelope, err error) {
	r.Format = ReportFormat
	text, err := json.Marshal(r)
	if err != nil {
		return e, fmt.Errorf("lgsp: %w", err)
	}
	if len(text) > MaxEnvelope/2 { // base64 and the signature beside it
		return e, ErrTooLarge
	}
	sum := sha256.Sum256(text)
	signature, err := sign(sum)
	if err != nil {
		return e, fmt.Errorf("lgsp: sign: %w", err)
	}
	e = Envelope{Format: EnvelopeFormat, Unit: r.Unit, Day: r.Day, SHA256: hex.EncodeToString(sum[:]), Report: text, Signature: signature}
	e.Key = Key(e.Unit, e.Day, e.SHA256)
	return e, nil
}
