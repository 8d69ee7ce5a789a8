package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"phientoa/internal/asic"
	"phientoa/internal/cades"
	"phientoa/internal/pades"
	"phientoa/internal/revocation"
)

// Codes of damage of a supplement, besides those of a part's container.
const (
	DamageAbout    = "supplement" // supplement.json is unreadable, or says what the files do not
	DamageCites    = "cites"      // a part that was given is not the one that it supplements
	DamageDocument = "document"   // the signed document or its lines
)

// SupplementOptions of VerifySupplement.
type SupplementOptions struct {
	Options
	// Parts are files of sealed parts to compare with. None: whether it fits stays
	// unknown.
	Parts []string
}

// Fit is a cited part that was compared with a file.
type Fit struct {
	Part int    `json:"part"`
	File string `json:"file"` // its name alone
	// Same: byte for byte the file that was cited. Otherwise the node's list and the
	// log's root are the cited ones, and seals or timestamps have come since.
	Same bool `json:"same"`
}

// PersonalSignature is one on the document.
type PersonalSignature struct {
	PersonSigned
	SigningTime time.Time `json:"signing_time,omitzero"` // claimed by the signer
	Trusted     bool      `json:"trusted"`
	TrustError  string    `json:"trust_error,omitempty"`
	// Revocation is what lists say of its certificates; nil: no roots, or not trusted.
	Revocation *Revocation `json:"revocation,omitempty"`
}

// SupplementReport is what VerifySupplement found.
type SupplementReport struct {
	Container Container `json:"container"`
	// About is what it says of itself; nil when that cannot be read.
	About *Supplement `json:"supplement,omitempty"`
	// Fits are the parts that were compared, by number.
	Fits []Fit `json:"fits"`
	// Signatures are the personal ones of minutes and amendments that hold.
	Signatures []PersonalSignature `json:"signatures,omitempty"`
	Unreadable string              `json:"unreadable,omitempty"`
}

// ExitCode: 0 whole under trusted roots and of the parts that were given; 1 damaged, or
// not of them; 2 cannot be read; 3 whole, and a signer is unknown or a part that it
// cites was not given.
func (r SupplementReport) ExitCode() int {
	switch {
	case r.Unreadable != "":
		return 2
	case len(r.Container.Damages) > 0 || r.About == nil || r.Container.Seal == nil:
		return 1
	case r.unknown() || !r.compared():
		return 3
	}
	return 0
}

// unknown tells whether somebody who signed is not under the trusted roots.
func (r SupplementReport) unknown() bool {
	return !r.Container.Vouched() || !known(r.About.Kind) ||
		slices.ContainsFunc(r.Signatures, func(s PersonalSignature) bool { return !s.Trusted || !s.Revocation.good() })
}

// compared tells whether every part that it cites was laid beside it.
func (r SupplementReport) compared() bool { return len(r.Fits) == len(r.About.Cites) }

// Alone tells that nothing but the parts that it cites is missing: it is whole, and who
// signed is known.
func (r SupplementReport) Alone() bool { return r.ExitCode() == 3 && !r.unknown() }

// known tells whether this program judges what is inside.
func known(k SupplementKind) bool {
	return k == MinutesSupplement || k == AmendmentSupplement || k == CourtSealSupplement
}

// IsSupplement tells whether the file of a container is a supplement rather than a
// part. What cannot be opened is none.
func IsSupplement(path string, o Options) bool {
	r, size, closer, err := OpenContainer(path, o.Keys...)
	if err != nil {
		return false
	}
	defer closer.Close()
	return RecogniseSupplement(r, size, path)
}

// RecogniseSupplement is IsSupplement of size bytes, wherever they come from. The name of
// their file decides where they can no longer say it.
func RecogniseSupplement(r io.ReaderAt, size int64, name string) bool {
	c, err := asic.Open(r, size)
	if err != nil {
		_, named := SupplementNumber(name)
		return named
	}
	_, ok := c.Entry(supplementName)
	return ok
}

// VerifySupplementFile is VerifySupplement of a file.
func VerifySupplementFile(ctx context.Context, path string, o SupplementOptions) SupplementReport {
	r, size, c, err := OpenContainer(path, o.Keys...)
	if err != nil {
		return SupplementReport{Unreadable: err.Error(), Fits: []Fit{}}
	}
	defer c.Close()
	return VerifySupplement(ctx, r, size, o)
}

// VerifySupplement checks a supplement, offline: its form, seals and lists as those of a
// part, that its files say what it says of itself, and that it is of the parts that are
// given. It never writes.
func VerifySupplement(ctx context.Context, r io.ReaderAt, size int64, o SupplementOptions) SupplementReport {
	v := supplementVerifier{verifier: verifier{ctx: ctx, o: o.Options}, parts: o.Parts}
	v.r.Container, v.out.Fits = Container{Bytes: size, Damages: []Damage{}}, []Fit{}
	if v.o.Now.IsZero() {
		v.o.Now = time.Now()
	}
	err := v.run(r, size)
	v.out.Container = v.r.Container
	if err != nil {
		v.out.Unreadable = err.Error()
	}
	return v.out
}

type supplementVerifier struct {
	verifier
	parts []string
	out   SupplementReport
}

func (v *supplementVerifier) run(r io.ReaderAt, size int64) (err error) {
	v.c, err = asic.Open(r, size)
	var format *asic.FormatError
	if errors.As(err, &format) {
		v.damage(DamageZIP, format.Entry, format.Offset, format.What)
		return nil
	}
	if err != nil {
		return err
	}
	if _, ok := v.c.Entry(supplementName); !ok {
		return errors.New("archive: not a supplement")
	}
	v.r.Container.Entries = len(v.c.Entries())
	if err := v.manifests(); err != nil {
		return err
	}
	d := newDigester(v.c, func(string) bool { return false })
	d.close()
	if err := v.digests(d); err != nil {
		return err
	}
	v.archives()
	v.trust()
	if len(v.r.Container.Damages) > 0 {
		return nil // what else it says is not what was sealed
	}
	text, err := v.c.ReadFile(supplementName, maxAbout)
	if err != nil {
		return err
	}
	s, err := parseSupplement(text)
	if err != nil {
		v.damage(DamageAbout, supplementName, v.at(supplementName), err.Error())
		return nil
	}
	v.out.About = &s
	return errors.Join(v.contents(s), v.stamps(s), v.compare(s))
}

// stamps: who sealed is the node that it names, and nothing was stamped before it was made.
func (v *supplementVerifier) stamps(s Supplement) error {
	if c := v.r.Container.Seal.cert; c.Subject.CommonName != s.Node {
		v.damage(DamageSigner, asic.SignatureName, v.at(asic.SignatureName), fmt.Sprintf("made by %q, sealed by %q", s.Node, c.Subject.CommonName))
	}
	for i, seal := range []*Seal{v.r.Container.Seal, v.r.Container.Court} {
		if seal == nil || seal.Timestamp == nil {
			continue
		}
		if err := notBefore(seal.Timestamp.Time, time.UnixMicro(s.MadeT)); err != nil {
			name := []string{asic.SignatureName, asic.Signature2Name}[i]
			v.damage(DamageTimestamp, name, v.at(name), err.Error())
		}
	}
	return nil
}

func (v *supplementVerifier) contents(s Supplement) error {
	want := []string{supplementName}
	switch s.Kind {
	case MinutesSupplement, AmendmentSupplement:
		want = append(want, DocumentName, LinesName)
	case CourtSealSupplement:
		want = append(want, PartManifestName, PartSignatureName)
	default:
		return nil
	}
	if !slices.EqualFunc(v.list.Files, want, func(f asic.FileDigest, name string) bool { return f.Name == name }) {
		v.damage(DamageAbout, supplementName, v.at(supplementName), "other files than its kind has")
		return nil
	}
	if s.Minutes != nil {
		return errors.Join(v.document(*s.Minutes), v.lines(*s.Minutes))
	}
	return v.courtSeal(s)
}

// courtSeal: what the court sealed here is what the node sealed there.
func (v *supplementVerifier) courtSeal(s Supplement) error {
	xml, err := v.c.ReadFile(PartManifestName, asic.MaxManifest)
	if err != nil {
		return err
	}
	der, err := v.c.ReadFile(PartSignatureName, cades.MaxSignature)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(xml)
	if hex.EncodeToString(sum[:]) != s.Cites[0].Manifest {
		v.damage(DamageAbout, PartManifestName, v.at(PartManifestName), "not the list that it cites")
	}
	if _, err := cades.Verify(der, sum); err != nil {
		v.damage(DamageSeal, PartSignatureName, v.at(PartSignatureName), err.Error())
	}
	if v.r.Container.Court == nil {
		v.damage(DamageMissing, asic.Signature2Name, -1, "a supplement of the court's seal without it")
	}
	return nil
}

// document checks the personal signatures over the PDF (PAdES).
func (v *supplementVerifier) document(m MinutesInfo) error {
	file, err := v.c.ReadFile(DocumentName, maxDocument)
	if err != nil {
		return err
	}
	bad := func(detail string) { v.damage(DamageDocument, DocumentName, v.at(DocumentName), detail) }
	sum := sha256.Sum256(file)
	if hex.EncodeToString(sum[:]) != m.SHA256 || m.Given > int64(len(file)) {
		bad("not the document that it names")
		return nil
	}
	found, err := pades.Check(file, file[:m.Given])
	if err != nil {
		bad(err.Error())
		return nil
	}
	if len(found) != len(m.Signers) {
		bad("other signatures than it names")
		return nil
	}
	q := revocation.Question{At: v.o.Now, Present: true}
	if t := v.r.Container.Seal.Timestamp; t != nil && t.Trusted {
		q = revocation.Question{At: t.Time}
	}
	for i, f := range found {
		cert := sha256.Sum256(f.Certificate.Raw)
		if hex.EncodeToString(cert[:]) != m.Signers[i].SHA256 {
			bad("signed with another certificate than it names")
			return nil
		}
		s := PersonalSignature{PersonSigned: m.Signers[i], SigningTime: f.SigningTime}
		if v.o.Roots != nil {
			chains, err := f.Chains(v.o.Roots, q.At, x509.ExtKeyUsageAny)
			if err != nil {
				s.TrustError = err.Error()
			} else {
				s.Revocation = describeFinding(best(chains, v.lists(), q))
				s.Trusted = s.Revocation.State != revocation.Revoked
			}
		}
		v.out.Signatures = append(v.out.Signatures, s)
	}
	return nil
}

// lines checks that the lines are those of the head: none can be changed, left out or
// put in without another head.
func (v *supplementVerifier) lines(m MinutesInfo) error {
	text, err := v.c.ReadFile(LinesName, maxLines)
	if err != nil {
		return err
	}
	head, err := hex.DecodeString(m.Before)
	if err != nil {
		return err
	}
	n := m.From - 1
	for line := range bytes.Lines(text) {
		sum := sha256.Sum256(append(head[:sha256.Size:sha256.Size], bytes.TrimSuffix(line, []byte("\n"))...))
		head = sum[:]
		n++
	}
	zero := make([]byte, sha256.Size)
	if n != m.Lines || hex.EncodeToString(head) != m.Head || !bytes.HasSuffix(text, []byte("\n")) || (m.From == 1) != (m.Before == hex.EncodeToString(zero)) {
		v.damage(DamageDocument, LinesName, v.at(LinesName), "not the lines of the head that it names")
	}
	return nil
}

// compare lays the given parts beside what is cited.
func (v *supplementVerifier) compare(s Supplement) error {
	for _, path := range v.parts {
		name := filepath.Base(path)
		f, r, closer, err := finalOf(path)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return err
			}
			v.damage(DamageCites, name, -1, err.Error())
			continue
		}
		sum, err := sumOf(r, f.Size)
		if err = errors.Join(err, closer.Close()); err != nil {
			return err
		}
		f.SHA256 = sum
		fit, ok := s.fits(f)
		if !ok {
			v.damage(DamageCites, name, -1, "a part that it does not cite")
			continue
		}
		fit.File = name
		if !slices.ContainsFunc(v.out.Fits, func(x Fit) bool { return x.Part == fit.Part }) {
			v.out.Fits = append(v.out.Fits, fit)
		}
	}
	slices.SortFunc(v.out.Fits, func(a, b Fit) int { return a.Part - b.Part })
	return nil
}

// fits finds a part among the cited ones by what it is, whatever its file is named: the
// node's list, and the log's root.
func (s Supplement) fits(f Final) (Fit, bool) {
	for _, c := range s.Cites {
		if c.Manifest == hex.EncodeToString(f.Manifest[:]) && c.Root == hex.EncodeToString(f.Root[:]) && c.Lines == f.Lines {
			return Fit{Part: c.Part, Same: c.SHA256 == hex.EncodeToString(f.SHA256[:]) && c.Size == f.Size}, true
		}
	}
	return Fit{}, false
}

// sumOf is the SHA-256 of size bytes.
func sumOf(r io.ReaderAt, size int64) (sum [sha256.Size]byte, err error) {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(r, 0, size)); err != nil {
		return sum, fmt.Errorf("archive: %w", err)
	}
	h.Sum(sum[:0])
	return sum, nil
}
