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
	"slices"
	"time"

	"filippo.io/age"

	"phientoa/internal/asic"
	"phientoa/internal/cades"
	"phientoa/internal/ledger"
	"phientoa/internal/revocation"
	"phientoa/internal/tsa"
	"phientoa/recording"
)

// Codes of damage found in a container, besides those of recording.
const (
	DamageZIP       = "zip"       // headers of the file are not the profile's
	DamageManifest  = "manifest"  // the list of files is not the one that was sealed
	DamageDigest    = "digest"    // a file is not the one that was sealed
	DamageChecksum  = "checksum"  // the checksum of the ZIP is not that of the file
	DamageMissing   = "missing"   // a file that was sealed is not there
	DamageUnlisted  = "unlisted"  // a file that was not sealed
	DamageSeal      = "seal"      // the signature does not hold
	DamageTimestamp = "timestamp" // the timestamp does not hold
	DamageSession   = "session"   // session.json is not what the log says
	DamageSigner    = "signer"    // sealed by another node than recorded
	DamageList      = "list"      // a revocation list does not hold, or is of nobody here
)

// Options of Verify.
type Options struct {
	// Roots are the authorities that the caller trusts for seal and log; nil: the
	// signer stays unknown.
	Roots *x509.CertPool
	// TSARoots are trusted for timestamps of authorities that are independent of
	// the court's; nil: every timestamp counts as internal or unknown.
	TSARoots *x509.CertPool
	// Held are checkpoint notes kept elsewhere (participants, database, witness).
	Held [][]byte
	// Keys open a file that is encrypted, as it lies in an object store.
	Keys []age.Identity
	// Lists are revocation lists obtained elsewhere, beside those in the file.
	Lists []*x509.RevocationList
	// Now judges certificates where no trusted timestamp tells the time; zero: the
	// clock of this machine.
	Now time.Time
}

// Damage is one fault of the container, with its place.
type Damage struct {
	Code   string `json:"code"`
	Entry  string `json:"entry,omitempty"`
	Offset int64  `json:"offset"` // in the file, in bytes; -1 unknown
	Detail string `json:"detail,omitempty"`
}

// Timestamp is what a token says.
type Timestamp struct {
	Time      time.Time `json:"time"`
	Authority string    `json:"authority"`
	Policy    string    `json:"policy"`
	// Independent: of another authority than the court's own, under TSARoots.
	Independent bool `json:"independent"`
	// Internal: of the same authority as the seal, so that who holds that could
	// have made it at any time.
	Internal bool `json:"internal"`
	// Trusted: under Roots or TSARoots, with certificates that had not ended at the
	// time until which it alone protects (that of the archive timestamp over it, else
	// now), and not revoked.
	Trusted    bool        `json:"trusted"`
	TrustError string      `json:"trust_error,omitempty"`
	Ends       time.Time   `json:"ends"` // of its certificates the first end
	Ended      *Ended      `json:"ended,omitempty"`
	Revocation *Revocation `json:"revocation,omitempty"`
}

// ArchiveStamp is a timestamp over the whole file as it was then.
type ArchiveStamp struct {
	Manifest string `json:"manifest"` // entry: its list
	Token    string `json:"token"`    // entry
	Timestamp
}

// Ended names a certificate that had ended at the time at which it was to hold.
type Ended struct {
	Certificate string    `json:"certificate"`
	At          time.Time `json:"at"`
}

// Revocation is what revocation lists say of the certificates of a signature.
type Revocation struct {
	State revocation.State `json:"state"`
	// Certificate is the first that is not good.
	Certificate string `json:"certificate,omitempty"`
	// At is when it was revoked; else when the list was made.
	At time.Time `json:"at,omitzero"`
}

// good tells whether all certificates were looked for in a list and are in none.
func (r *Revocation) good() bool { return r != nil && r.State == revocation.Good }

// Seal is a signature over a manifest: of the node, or of the court.
type Seal struct {
	Signer      string      `json:"signer"`
	Serial      string      `json:"serial"` // hex
	Issuer      string      `json:"issuer"`
	SigningTime time.Time   `json:"signing_time"` // claimed by the signer
	Level       string      `json:"level"`        // B, T, LT or LTA
	Trusted     bool        `json:"trusted"`
	TrustError  string      `json:"trust_error,omitempty"`
	Ended       *Ended      `json:"ended,omitempty"`
	Revocation  *Revocation `json:"revocation,omitempty"` // nil: no roots, or not trusted
	Timestamp   *Timestamp  `json:"timestamp,omitempty"`
	cert        *x509.Certificate
}

// Container is what was found of the file around the evidence.
type Container struct {
	Bytes    int64  `json:"bytes"`
	Entries  int    `json:"entries"`
	Manifest string `json:"manifest_sha256,omitempty"` // hex
	Seal     *Seal  `json:"seal,omitempty"`            // nil: none that holds
	// Court is the court's own seal over the node's; nil: none, or none that holds.
	Court *Seal `json:"court_seal,omitempty"`
	// Archive are the archive timestamps, the first first.
	Archive []*ArchiveStamp `json:"archive_timestamps,omitempty"`
	Damages []Damage        `json:"damages"`
}

// Report is what Verify found.
type Report struct {
	Container Container `json:"container"`
	// Evidence is the report of log and tracks inside; nil when the file is too
	// damaged to be opened.
	Evidence   *recording.Report `json:"evidence,omitempty"`
	Unreadable string            `json:"unreadable,omitempty"`
}

// ExitCode: 0 whole under a trusted root, none of its certificates revoked, 1 damaged
// or incomplete, 2 cannot be read or is no archive, 3 whole but the signer is unknown,
// or whether a certificate was revoked, or a certificate has ended.
func (r Report) ExitCode() int {
	switch {
	case r.Unreadable != "":
		return 2
	case len(r.Container.Damages) > 0 || r.Evidence == nil || r.Container.Seal == nil || !r.Evidence.Whole():
		return 1
	case !r.Container.Vouched() || r.Evidence.ExitCode() == 3:
		return 3
	}
	return 0
}

// asWritten refuses a file that is not what was written. Damage of the evidence
// itself is not judged.
func (r Report) asWritten() error {
	switch {
	case r.Unreadable != "":
		return errors.New("archive: read back: " + r.Unreadable)
	case len(r.Container.Damages) > 0:
		d := r.Container.Damages[0]
		return fmt.Errorf("archive: read back: %s %s at %d: %s", d.Code, d.Entry, d.Offset, d.Detail)
	}
	return nil
}

// VerifyFile is Verify of a file.
func VerifyFile(ctx context.Context, path string, o Options) Report {
	r, size, c, err := OpenContainer(path, o.Keys...)
	if err != nil {
		return Report{Unreadable: err.Error()}
	}
	defer c.Close()
	return Verify(ctx, r, size, o)
}

// Verify checks a container of size bytes, offline, in memory that does not
// grow with it. It never writes.
func Verify(ctx context.Context, r io.ReaderAt, size int64, o Options) Report {
	return newVerifier(ctx, o).verify(r, size)
}

func newVerifier(ctx context.Context, o Options) *verifier {
	v := &verifier{ctx: ctx, o: o}
	v.r.Container.Damages = []Damage{}
	if v.o.Now.IsZero() {
		v.o.Now = time.Now()
	}
	return v
}

func (v *verifier) verify(r io.ReaderAt, size int64) Report {
	v.r.Container.Bytes = size
	if err := v.run(r, size); err != nil {
		v.r.Unreadable = err.Error()
	}
	return v.r
}

type verifier struct {
	ctx  context.Context
	o    Options
	r    Report
	c    *asic.Container
	list asic.Manifest
	// own are the entries that no manifest of the node lists, in order.
	own    []string
	seals  []judged
	stamps []archived
	sums   map[string][sha256.Size]byte // of entries, as they are
	inside *evidence                    // nil: not read yet
}

// evidence is what one reading of log and tracks found.
type evidence struct {
	digester *digester // of what was read from end to end
	report   recording.Report
}

// readEvidence reads everything once: log and tracks are verified by what the log says,
// and what was read is hashed for being compared with the manifest.
func (v *verifier) readEvidence(c *asic.Container) {
	d := newDigester(c, ofPart)
	// An unreadable log is in the report.
	report, _ := recording.VerifyDir(v.ctx, d, recording.Options{Roots: v.o.Roots, Held: v.o.Held})
	d.close()
	v.inside = &evidence{d, report}
}

func (v *verifier) damage(code, entry string, offset int64, detail string) {
	v.r.Container.Damages = append(v.r.Container.Damages, Damage{code, entry, offset, detail})
}

// at is where an entry begins, -1 when it is not there.
func (v *verifier) at(name string) int64 {
	if e, ok := v.c.Entry(name); ok {
		return e.Offset()
	}
	return -1
}

func (v *verifier) run(r io.ReaderAt, size int64) (err error) {
	v.c, err = asic.Open(r, size)
	var format *asic.FormatError
	if errors.As(err, &format) {
		v.damage(DamageZIP, format.Entry, format.Offset, format.What)
		return nil
	}
	if err != nil {
		return err
	}
	v.r.Container.Entries = len(v.c.Entries())
	if err := v.manifests(); err != nil {
		return err
	}
	if v.inside == nil {
		v.readEvidence(v.c)
	}
	v.inside.digester.c = v.c
	if err := v.digests(v.inside.digester); err != nil {
		return err
	}
	v.archives()
	v.trust()
	evidence := &v.inside.report
	v.r.Evidence = evidence
	if evidence.Unreadable != "" {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		if len(v.r.Container.Damages) == 0 {
			return errors.New(evidence.Unreadable)
		}
		return nil
	}
	v.agreement()
	return nil
}

// manifests checks the list of files with the node's seal over it, and the court's
// seal over both where there is one.
func (v *verifier) manifests() error {
	v.own = []string{asic.ManifestName, asic.SignatureName}
	for _, name := range []string{asic.Manifest2Name, asic.Signature2Name} {
		if _, ok := v.c.Entry(name); ok {
			v.own = []string{asic.ManifestName, asic.SignatureName, asic.Manifest2Name, asic.Signature2Name}
		}
	}
	stamps := archiveCount(v.c)
	for i := 1; i <= stamps; i++ {
		manifest, token := asic.ArchiveNames(i, stamps)
		v.own = append(v.own, manifest, token)
	}
	for _, name := range v.own {
		if _, ok := v.c.Entry(name); !ok {
			v.damage(DamageMissing, name, -1, "")
		}
	}
	if len(v.r.Container.Damages) > 0 {
		return nil
	}
	xml, err := v.c.ReadFile(asic.ManifestName, asic.MaxManifest)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(xml)
	v.r.Container.Manifest = hex.EncodeToString(sum[:])
	if v.list, err = asic.ParseManifest(xml); err != nil {
		v.damage(DamageManifest, asic.ManifestName, v.at(asic.ManifestName), err.Error())
	} else if v.list.Signature != asic.SignatureName {
		v.damage(DamageManifest, asic.ManifestName, v.at(asic.ManifestName), "names another signature")
	}
	signature, err := v.c.ReadFile(asic.SignatureName, cades.MaxSignature)
	if err != nil {
		return err
	}
	v.r.Container.Seal = v.judge(signature, sum, asic.ManifestName, asic.SignatureName)
	if err := v.tokens(stamps); err != nil || !slices.Contains(v.own, asic.Signature2Name) {
		return err
	}
	second, err := v.c.ReadFile(asic.Manifest2Name, asic.MaxManifest)
	if err != nil {
		return err
	}
	if !bytes.Equal(second, v.list.Second(xml, signature).XML()) {
		v.damage(DamageManifest, asic.Manifest2Name, v.at(asic.Manifest2Name), "not the files that the node has sealed, with its seal")
	}
	if signature, err = v.c.ReadFile(asic.Signature2Name, cades.MaxSignature); err != nil {
		return err
	}
	v.r.Container.Court = v.judge(signature, sha256.Sum256(second), asic.Manifest2Name, asic.Signature2Name)
	if s, c := v.r.Container.Seal, v.r.Container.Court; s != nil && c != nil && sameKey(c.cert, [][]byte{s.cert.Raw}) {
		v.damage(DamageSigner, asic.Signature2Name, v.at(asic.Signature2Name), "the court's seal is of the node's key")
	}
	return nil
}

// judge checks a signature over a manifest of a SHA-256; nil when it does not hold.
func (v *verifier) judge(der []byte, sum [sha256.Size]byte, manifest, signature string) *Seal {
	sig, err := cades.Verify(der, sum)
	switch {
	case errors.Is(err, cades.ErrDigest):
		v.damage(DamageManifest, manifest, v.at(manifest), "not the list that was sealed")
		return nil
	case err != nil:
		v.damage(DamageSeal, signature, v.at(signature), err.Error())
		return nil
	}
	s := &Seal{
		Signer: sig.Certificate.Subject.CommonName, Serial: sig.Certificate.SerialNumber.Text(16),
		Issuer: sig.Certificate.Issuer.CommonName, SigningTime: sig.SigningTime, Level: "B", cert: sig.Certificate,
	}
	j := judged{entry: signature, sig: sig, out: s}
	if sig.Token != nil {
		s.Level = "T"
		info, err := tsa.Verify(sig.Token, sha256.Sum256(sig.Value))
		if err != nil {
			v.damage(DamageTimestamp, signature, v.at(signature), err.Error())
			return s
		}
		j.info, s.Timestamp = &info, describeStamp(info, sig.Certificate)
		if len(sig.Lists) > 0 {
			s.Level = "LT"
		}
		if archiveCount(v.c) > 0 {
			s.Level = "LTA"
		}
	}
	v.seals = append(v.seals, j)
	return s
}

// digests compares every file with the manifest, in the order of the container.
func (v *verifier) digests(d *digester) error {
	sealed := map[string][sha256.Size]byte{}
	for _, f := range v.list.Files {
		if _, twice := sealed[f.Name]; twice {
			v.damage(DamageManifest, asic.ManifestName, v.at(asic.ManifestName), "names "+f.Name+" twice")
		}
		sealed[f.Name] = f.SHA256
		if _, ok := v.c.Entry(f.Name); !ok {
			v.damage(DamageMissing, f.Name, -1, "")
		}
	}
	var order []string
	v.sums = map[string][sha256.Size]byte{}
	for _, e := range v.c.Entries() {
		sum, crcHolds, err := d.digest(v.ctx, e)
		if err != nil {
			return err
		}
		v.sums[e.Name] = sum
		want, listed := sealed[e.Name]
		own := e.Name == asic.MimetypeName || slices.Contains(v.own, e.Name)
		switch {
		case listed && sum != want:
			v.damage(DamageDigest, e.Name, e.Offset(), "")
		case listed == own:
			v.damage(DamageUnlisted, e.Name, e.Offset(), "")
		case !crcHolds:
			v.damage(DamageChecksum, e.Name, e.Offset(), "")
		}
		order = append(order, e.Name)
	}
	if len(v.r.Container.Damages) > 0 {
		return nil // the order is told only when nothing else is wrong
	}
	want := []string{asic.MimetypeName}
	for _, f := range v.list.Files {
		want = append(want, f.Name)
	}
	want = append(want, v.own...)
	for i := range want {
		if order[i] != want[i] {
			v.damage(DamageZIP, order[i], v.at(order[i]), "not in the order of the manifest")
			break
		}
	}
	return nil
}

// agreement compares what container and log say of one another. What stands in
// files that are not those that were sealed is not compared.
func (v *verifier) agreement() {
	if len(v.r.Container.Damages) > 0 || v.r.Evidence == nil {
		return
	}
	if len(v.r.Evidence.Parts) != 1 || v.at(ledger.LogName) < 0 {
		v.damage(DamageSession, sessionName, v.at(sessionName), "a container holds one part, with its log beside it")
		return
	}
	part := v.r.Evidence.Parts[0]
	want, err := sessionJSON(part.Log)
	got, readErr := v.c.ReadFile(sessionName, int64(len(want)))
	if err != nil || readErr != nil || !bytes.Equal(got, want) {
		v.damage(DamageSession, sessionName, v.at(sessionName), "not what the log says")
	}
	if c := v.r.Container.Seal.cert; c.Subject.CommonName != part.Node {
		v.damage(DamageSigner, asic.SignatureName, v.at(asic.SignatureName), fmt.Sprintf("recorded by %q, sealed by %q", part.Node, c.Subject.CommonName))
	} else if !sameKey(c, part.Log.Certificates) {
		// A name is whatever an authority wrote; the key is who it was.
		v.damage(DamageSigner, asic.SignatureName, v.at(asic.SignatureName), "the log is of another key of that name")
	}
	for i, s := range []*Seal{v.r.Container.Seal, v.r.Container.Court} {
		if s == nil || s.Timestamp == nil {
			continue
		}
		if err := notBefore(s.Timestamp.Time, time.UnixMicro(part.Log.LastT)); err != nil {
			name := []string{asic.SignatureName, asic.Signature2Name}[i]
			v.damage(DamageTimestamp, name, v.at(name), err.Error())
		}
	}
}

// sameKey tells whether one of the certificates (DER) is of the key of c.
func sameKey(c *x509.Certificate, certificates [][]byte) bool {
	return slices.ContainsFunc(certificates, func(der []byte) bool {
		other, err := x509.ParseCertificate(der)
		return err == nil && bytes.Equal(other.RawSubjectPublicKeyInfo, c.RawSubjectPublicKeyInfo)
	})
}

// clocksDiffer is by how much the clocks of node and authority may differ.
const clocksDiffer = time.Minute

// notBefore refuses a timestamp that was given before the log of what it covers
// had ended.
func notBefore(stamp, ended time.Time) error {
	if stamp.Add(clocksDiffer).Before(ended) {
		return fmt.Errorf("given at %s, before the last line of the log (%s)", clock(stamp), clock(ended))
	}
	return nil
}
