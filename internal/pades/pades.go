// Package pades checks documents of ours that people have signed elsewhere with their
// own certificates (PDF signatures, ISO 32000-1 12.8; PAdES, ETSI EN 319 142-1): that
// the file begins with exactly the bytes that were given out, that what was appended is
// signatures and nothing else, and that every signature holds over everything before
// it. It reads the documents of package pdf, not any PDF. Whether a certificate is
// trusted is not judged here.
package pades

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"phientoa/internal/cades"
)

// Errors of Check.
var (
	// ErrOther: the file does not begin with the document that was given out.
	ErrOther = errors.New("pades: not the document that was given out")
	// ErrSyntax: the file is not a PDF of the kind that this package reads.
	ErrSyntax = errors.New("pades: cannot be read")
	// ErrChanged: something was appended that is no signature.
	ErrChanged = errors.New("pades: changed besides being signed")
	// ErrUnsigned: no signature, or bytes that no signature covers.
	ErrUnsigned = errors.New("pades: not signed")
)

// MaxBytes bounds a signed file.
const MaxBytes = 24 << 20

// Signature that holds.
type Signature struct {
	*cades.Signature
	// Covers is how many bytes of the file it covers, from the first on.
	Covers int
}

// Check returns the signatures in the order in which they were made. original are the
// bytes that were given out: a document of package pdf, with or without signatures.
func Check(signed, original []byte) ([]Signature, error) {
	if len(signed) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrSyntax, len(signed))
	}
	if len(signed) <= len(original) || !bytes.HasPrefix(signed, original) {
		return nil, ErrOther
	}
	first, err := readFile(original)
	if err != nil {
		return nil, err
	}
	f, err := readFile(signed)
	if err != nil {
		return nil, err
	}
	// Only our own first revision is taken as it is; signatures in original are judged
	// again with the rest.
	ours := first.revisions[0]
	if f.revisions[0].xref != ours.xref || f.revisions[0].end != ours.end {
		return nil, ErrOther
	}
	if err := f.onlySigned(); err != nil {
		return nil, err
	}
	return f.signatures()
}

// signatures are those of the form's fields: one for every revision but ours, each over
// all bytes up to that revision's end.
func (f *file) signatures() ([]Signature, error) {
	_, fields, err := f.form(f.revisions[0].trailer.keys["Root"].number())
	if err != nil {
		return nil, err
	}
	var out []Signature
	for _, x := range fields {
		field, err := f.resolve(x)
		if err != nil {
			return nil, err
		}
		// A place that is not signed yet could not be signed later: no object of an
		// earlier revision may be written again.
		if _, signed := field.keys["V"]; !signed {
			return nil, fmt.Errorf("%w: an empty field", ErrUnsigned)
		}
		s, err := f.signature(field.keys["V"])
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Signature) int { return a.Covers - b.Covers })
	if len(out) == 0 || len(out) != len(f.revisions)-1 {
		return nil, ErrUnsigned
	}
	for i, s := range out {
		if s.Covers != f.revisions[i+1].end {
			return nil, fmt.Errorf("%w: bytes that no signature covers", ErrUnsigned)
		}
	}
	return out, nil
}

func (f *file) signature(v object) (Signature, error) {
	o, err := f.resolve(v)
	if err != nil {
		return Signature{}, err
	}
	switch o.keys["SubFilter"].word {
	case "ETSI.CAdES.detached", "adbe.pkcs7.detached":
	default:
		return Signature{}, fmt.Errorf("%w: kind of signature", ErrSyntax)
	}
	contents, r := o.keys["Contents"], o.keys["ByteRange"].list
	// Digits and nothing between them, so that the value has one spelling but for case.
	if contents.kind != text || f.in[contents.start] != '<' || bytes.ContainsFunc(f.in[contents.start:contents.end], unicode.IsSpace) ||
		contents.end-contents.start != 2*len(contents.word)+2 || len(r) != 4 {
		return Signature{}, fmt.Errorf("%w: signature", ErrSyntax)
	}
	// What the signature leaves out is its own value and not a byte more.
	end := r[2].whole() + r[3].whole()
	if r[0].whole() != 0 || r[1].whole() != contents.start || r[2].whole() != contents.end || r[3].whole() < 0 || end > len(f.in) {
		return Signature{}, fmt.Errorf("%w: a signature over something else", ErrUnsigned)
	}
	der, err := unpad([]byte(contents.word))
	if err != nil {
		return Signature{}, err
	}
	s, err := cades.VerifyForeign(der, func(h crypto.Hash) []byte {
		d := h.New()
		d.Write(f.in[:contents.start])
		d.Write(f.in[contents.end:end])
		return d.Sum(nil)
	})
	if err != nil {
		return Signature{}, err
	}
	if s.SigningTime.IsZero() {
		s.SigningTime = momentOf(o.keys["M"])
	}
	return Signature{Signature: s, Covers: end}, nil
}

// momentOf reads the time that the signer claims in the dictionary (ISO 32000-1, 7.9.4),
// which the signature covers; zero where it says none that can be read.
func momentOf(o object) time.Time {
	if o.kind != text {
		return time.Time{}
	}
	word := strings.ReplaceAll(strings.TrimPrefix(o.word, "D:"), "'", "")
	for _, layout := range []string{"20060102150405Z0700", "20060102150405"} {
		if t, err := time.Parse(layout, word); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// unpad takes the zeros behind the DER away, for which tools leave room.
func unpad(b []byte) ([]byte, error) {
	if len(b) < 4 || b[0] != 0x30 {
		return nil, fmt.Errorf("%w: signature value", ErrSyntax)
	}
	size, head := int(b[1]), 2
	if size > 0x80 && size <= 0x83 && len(b) > 5 {
		k := size - 0x80
		size, head = 0, 2+k
		for _, x := range b[2:head] {
			size = size<<8 | int(x)
		}
	}
	if head+size > len(b) || len(bytes.Trim(b[head+size:], "\x00")) != 0 {
		return nil, fmt.Errorf("%w: signature value", ErrSyntax)
	}
	return b[:head+size], nil
}
