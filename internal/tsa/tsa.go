// Package tsa makes and checks timestamp tokens (RFC 3161): requests and
// answers of an authority on the network, and a small authority of our own,
// whose tokens order events but are not independent of the court's node.
package tsa

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"phientoa/internal/cades"
)

// Errors of this package.
var (
	// ErrSyntax: not the DER of what it ought to be.
	ErrSyntax = errors.New("tsa: malformed")
	// ErrImprint: the token is of other data.
	ErrImprint = errors.New("tsa: token is of other data")
	// ErrNonce: the answer is to another request.
	ErrNonce = errors.New("tsa: answer to another request")
	// ErrPurpose: the certificate is not one of a timestamp authority.
	ErrPurpose = errors.New("tsa: certificate is not made for timestamping")
	// ErrRefused: the authority gave no token.
	ErrRefused = errors.New("tsa: authority refused")
)

// MaxToken bounds what an authority answers, in bytes.
const MaxToken = 64 << 10

// Info is what a token says.
type Info struct {
	Time     time.Time     // UTC
	Accuracy time.Duration // 0: not stated
	Serial   *big.Int
	Policy   string
	Nonce    *big.Int // nil: none
	// Signature is the authority's, with its certificate.
	Signature *cades.Signature
}

// tstInfo is the content of a token (RFC 3161, 2.4.2).
type tstInfo struct {
	imprint []byte
	Info
}

// Authority signs tokens with a key of this installation.
type Authority struct {
	Key         crypto.Signer
	Certificate *x509.Certificate // extended key usage timeStamping alone, critical (RFC 3161, 2.3)
	Now         func() time.Time
	Rand        io.Reader
}

// LocalPolicy names tokens of an Authority of this package: made by the
// court's own node, not independent of it. From a UUID (X.667).
const LocalPolicy = "2.25.189446209352049846420963415838461725604"

// localPolicy is the arc below 2.25; it does not fit into an int.
const localPolicy = "189446209352049846420963415838461725604"

// Stamp returns a token over a SHA-256. nonce may be nil.
func (a *Authority) Stamp(imprint [sha256.Size]byte, nonce *big.Int) ([]byte, error) {
	if err := purpose(a.Certificate); err != nil {
		return nil, err
	}
	serial := make([]byte, 16)
	if _, err := io.ReadFull(a.Rand, serial); err != nil {
		return nil, fmt.Errorf("tsa: %w", err)
	}
	serial[0] = serial[0]&0x3f | 0x40 // positive, always 16 bytes
	now := a.Now().UTC()
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		addPolicy(b)
		addImprint(b, imprint)
		b.AddASN1BigInt(new(big.Int).SetBytes(serial))
		b.AddASN1(cbasn1.GeneralizedTime, func(b *cryptobyte.Builder) { b.AddBytes([]byte(formatTime(now))) })
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Int64(1) }) // accuracy: 1 s
		if nonce != nil {
			b.AddASN1BigInt(nonce)
		}
	})
	content, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("tsa: %w", err)
	}
	return cades.Sign(cades.Params{
		Key: a.Key, Certificate: a.Certificate, Time: now, Rand: a.Rand,
		Type: cades.TypeTSTInfo(), Content: content,
	})
}

func addPolicy(b *cryptobyte.Builder) {
	n, _ := new(big.Int).SetString(localPolicy, 10) // a constant
	id := []byte{2*40 + 25}
	var base128 []byte
	for mask := big.NewInt(0x7f); n.Sign() > 0; n.Rsh(n, 7) {
		d := byte(new(big.Int).And(n, mask).Uint64())
		if len(base128) > 0 {
			d |= 0x80
		}
		base128 = append([]byte{d}, base128...)
	}
	b.AddASN1(cbasn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes(append(id, base128...)) })
}

func addImprint(b *cryptobyte.Builder, imprint [sha256.Size]byte) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1})
			b.AddASN1NULL()
		})
		b.AddASN1OctetString(imprint[:])
	})
}

// formatTime is GeneralizedTime with milliseconds, without zeros at the end
// (RFC 3161, 2.4.2).
func formatTime(t time.Time) string { return t.Format("20060102150405.999") + "Z" }

// Verify checks a token over a SHA-256: signature, certificate's purpose and
// imprint. Whether the authority is to be trusted is not judged; see
// cades.Signature.Trusted.
func Verify(token []byte, imprint [sha256.Size]byte) (Info, error) {
	s, err := cades.VerifyToken(token)
	if err != nil {
		return Info{}, err
	}
	t, err := read(s)
	if err != nil {
		return Info{}, err
	}
	if !bytes.Equal(t.imprint, imprint[:]) {
		return Info{}, ErrImprint
	}
	return t.Info, nil
}

// Read is what a token says whose signature was found to hold; what it is of is not
// judged.
func Read(s *cades.Signature) (Info, error) {
	t, err := read(s)
	return t.Info, err
}

func read(s *cades.Signature) (t tstInfo, err error) {
	if err := purpose(s.Certificate); err != nil {
		return t, err
	}
	t, err = parseInfo(s.Content)
	t.Signature = s
	return t, err
}

// purpose wants the one extended key usage, critical (RFC 3161, 2.3).
func purpose(c *x509.Certificate) error {
	if c == nil || len(c.ExtKeyUsage) != 1 || c.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(c.UnknownExtKeyUsage) > 0 {
		return ErrPurpose
	}
	for _, e := range c.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 37}) && e.Critical {
			return nil
		}
	}
	return ErrPurpose
}

// parseInfo reads a TSTInfo over a SHA-256.
func parseInfo(der []byte) (t tstInfo, err error) {
	in := cryptobyte.String(der)
	var seq, policy, imp, alg, sum, at cryptobyte.String
	var version int64
	var hash asn1.ObjectIdentifier
	t.Serial = new(big.Int)
	if !in.ReadASN1(&seq, cbasn1.SEQUENCE) || !in.Empty() || !seq.ReadASN1Integer(&version) || version != 1 ||
		!seq.ReadASN1(&policy, cbasn1.OBJECT_IDENTIFIER) || !seq.ReadASN1(&imp, cbasn1.SEQUENCE) ||
		!imp.ReadASN1(&alg, cbasn1.SEQUENCE) || !alg.ReadASN1ObjectIdentifier(&hash) ||
		!imp.ReadASN1(&sum, cbasn1.OCTET_STRING) || !imp.Empty() ||
		!seq.ReadASN1Integer(t.Serial) || !seq.ReadASN1(&at, cbasn1.GeneralizedTime) {
		return t, fmt.Errorf("%w: TSTInfo", ErrSyntax)
	}
	if !hash.Equal(asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}) || (len(alg) > 0 && !bytes.Equal(alg, []byte{5, 0})) {
		return t, fmt.Errorf("%w: imprint is no SHA-256", ErrSyntax)
	}
	t.imprint = sum
	if t.Policy, err = policyText(policy); err != nil {
		return t, err
	}
	if t.Time, err = parseTime(string(at)); err != nil {
		return t, err
	}
	return t, t.options(seq)
}

// options reads what may stand behind the time.
func (t *tstInfo) options(seq cryptobyte.String) error {
	bad := fmt.Errorf("%w: behind the time of the token", ErrSyntax)
	if seq.PeekASN1Tag(cbasn1.SEQUENCE) {
		var acc cryptobyte.String
		var s, ms, us int64
		if !seq.ReadASN1(&acc, cbasn1.SEQUENCE) ||
			(acc.PeekASN1Tag(cbasn1.INTEGER) && !acc.ReadASN1Integer(&s)) ||
			!small(&acc, cbasn1.Tag(0).ContextSpecific(), &ms) || !small(&acc, cbasn1.Tag(1).ContextSpecific(), &us) || !acc.Empty() ||
			s < 0 || s > 1e9 {
			return bad
		}
		t.Accuracy = time.Duration(s)*time.Second + time.Duration(ms)*time.Millisecond + time.Duration(us)*time.Microsecond
	}
	if seq.PeekASN1Tag(cbasn1.BOOLEAN) {
		var ordering bool
		if !seq.ReadASN1Boolean(&ordering) {
			return bad
		}
	}
	if seq.PeekASN1Tag(cbasn1.INTEGER) {
		t.Nonce = new(big.Int)
		if !seq.ReadASN1Integer(t.Nonce) {
			return bad
		}
	}
	for _, tag := range []cbasn1.Tag{cbasn1.Tag(0).ContextSpecific().Constructed(), cbasn1.Tag(1).ContextSpecific().Constructed()} {
		if !seq.SkipOptionalASN1(tag) {
			return bad
		}
	}
	if !seq.Empty() {
		return bad
	}
	return nil
}

// small reads an optional INTEGER (1..999) with an implicit tag.
func small(s *cryptobyte.String, tag cbasn1.Tag, out *int64) bool {
	var v cryptobyte.String
	var has bool
	if !s.ReadOptionalASN1(&v, &has, tag) {
		return false
	}
	if !has {
		return true
	}
	if len(v) == 0 || len(v) > 2 {
		return false
	}
	for _, b := range v {
		*out = *out<<8 | int64(b)
	}
	return *out >= 1 && *out <= 999
}

func policyText(der cryptobyte.String) (string, error) {
	if len(der) == 0 || len(der) > 64 || der[len(der)-1]&0x80 != 0 {
		return "", fmt.Errorf("%w: policy", ErrSyntax)
	}
	var out string
	n := new(big.Int)
	for _, b := range der {
		n.Or(n.Lsh(n, 7), big.NewInt(int64(b&0x7f)))
		if b&0x80 != 0 {
			continue
		}
		if out == "" { // the first two arcs share a number (X.690, 8.19.4)
			first := min(new(big.Int).Div(n, big.NewInt(40)).Int64(), 2)
			out = fmt.Sprintf("%d.%s", first, new(big.Int).Sub(n, big.NewInt(40*first)))
		} else {
			out += "." + n.String()
		}
		n = new(big.Int)
	}
	return out, nil
}

// parseTime reads GeneralizedTime in UTC with an optional fraction that does
// not end in 0.
func parseTime(s string) (time.Time, error) {
	if ok, err := regexp.MatchString(`^\d{14}(\.\d{0,8}[1-9])?Z$`, s); err != nil || !ok {
		return time.Time{}, fmt.Errorf("%w: time", ErrSyntax)
	}
	t, err := time.Parse("20060102150405Z", s) // a fraction behind the seconds is taken
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: time", ErrSyntax)
	}
	return t.UTC(), nil
}
