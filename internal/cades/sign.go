package cades

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Params of a signature. All digests are SHA-256.
type Params struct {
	Key         crypto.Signer // ECDSA, or RSA of at least 2048 bits (as PSS)
	Certificate *x509.Certificate
	// Chain are the intermediate certificates, without the root. All are bound
	// by the signature.
	Chain []*x509.Certificate
	// Time is claimed by the signer, to the second; zero: none is stated, as in a PDF,
	// whose signature dictionary states it (ETSI EN 319 142-1, 6.3).
	Time time.Time
	Rand io.Reader
	// Digest is the SHA-256 of detached content, when Content is nil.
	Digest [sha256.Size]byte
	// Content, when set, stands inside, with its type.
	Type    asn1.ObjectIdentifier
	Content []byte
}

// Sign returns the DER of a ContentInfo with SignedData of one signer.
func Sign(p Params) ([]byte, error) {
	if p.Key == nil || p.Certificate == nil || p.Rand == nil {
		return nil, errors.New("cades: Key, Certificate and Rand are required")
	}
	s, err := schemeOf(p.Key.Public())
	if err != nil {
		return nil, err
	}
	if eq, ok := p.Key.Public().(interface{ Equal(x crypto.PublicKey) bool }); !ok || !eq.Equal(p.Certificate.PublicKey) {
		return nil, fmt.Errorf("%w: the certificate is of another key", ErrCertificate)
	}
	if p.Content == nil {
		p.Type = TypeData()
	} else {
		p.Digest = sha256.Sum256(p.Content)
	}
	attrs, err := p.signedAttributes()
	if err != nil {
		return nil, err
	}
	// What is signed is the SET, with its universal tag (RFC 5652, 5.4).
	digest := sha256.Sum256(retag(attrs, byte(cbasn1.SET)))
	var opts crypto.SignerOpts = crypto.SHA256
	if s == schemePSS {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	}
	sig, err := p.Key.Sign(p.Rand, digest[:], opts)
	if err != nil {
		return nil, fmt.Errorf("cades: sign: %w", err)
	}
	// A token may answer nonsense; what goes into evidence is checked at once.
	if err := check(s, p.Key.Public(), crypto.SHA256, digest[:], sig); err != nil {
		return nil, err
	}
	return p.encode(s, attrs, sig)
}

// contextTag 0 constructed, as an implicit SET wears it.
const implicit0 = 0xa0

func retag(der []byte, tag byte) []byte {
	out := bytes.Clone(der)
	out[0] = tag
	return out
}

// signedAttributes renders [0] IMPLICIT SET OF Attribute in DER order.
func (p Params) signedAttributes() ([]byte, error) {
	list := [][]byte{
		attribute(oidContentType, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(p.Type) }),
		attribute(oidMessageDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(p.Digest[:]) }),
		attribute(oidSigningCertV2, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					for _, c := range p.certificates() {
						addCertID(b, c)
					}
				})
			})
		}),
	}
	if !p.Time.IsZero() {
		list = append(list, attribute(oidSigningTime, func(b *cryptobyte.Builder) { addTime(b, p.Time) }))
	}
	if slices.ContainsFunc(list, func(a []byte) bool { return a == nil }) {
		return nil, errors.New("cades: attributes do not encode")
	}
	return setOf(cbasn1.Tag(0).ContextSpecific().Constructed(), list)
}

// setOf renders a SET OF in DER: its elements sorted by their encoding.
func setOf(tag cbasn1.Tag, list [][]byte) ([]byte, error) {
	list = slices.Clone(list)
	slices.SortFunc(list, bytes.Compare)
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) {
		for _, e := range list {
			b.AddBytes(e)
		}
	})
	return b.Bytes()
}

func attribute(id string, value func(b *cryptobyte.Builder)) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid(id))
		b.AddASN1(cbasn1.SET, value)
	})
	out, err := b.Bytes()
	if err != nil {
		return nil
	}
	return out
}

// addTime is UTCTime until 2049 and GeneralizedTime afterwards (RFC 5652, 11.3).
func addTime(b *cryptobyte.Builder, t time.Time) {
	t = t.UTC().Truncate(time.Second)
	if y := t.Year(); y >= 1950 && y < 2050 {
		b.AddASN1UTCTime(t)
		return
	}
	b.AddASN1GeneralizedTime(t)
}

// addCertID renders an ESSCertIDv2 (RFC 5035, 4): SHA-256 is the DER default
// and left out; issuer and serial number are given.
func addCertID(b *cryptobyte.Builder, c *x509.Certificate) {
	sum := sha256.Sum256(c.Raw)
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1OctetString(sum[:])
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // GeneralNames
				b.AddASN1(cbasn1.Tag(4).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddBytes(c.RawIssuer) })
			})
			b.AddASN1BigInt(c.SerialNumber)
		})
	})
}

func (p Params) certificates() []*x509.Certificate {
	return append([]*x509.Certificate{p.Certificate}, p.Chain...)
}

func (p Params) encode(s scheme, attrs, sig []byte) ([]byte, error) {
	var certs [][]byte
	for _, c := range p.certificates() {
		certs = append(certs, c.Raw)
	}
	bag, err := setOf(cbasn1.Tag(0).ContextSpecific().Constructed(), certs)
	if err != nil {
		return nil, fmt.Errorf("cades: %w", err)
	}
	version := int64(1)
	if p.Content != nil {
		version = 3 // another type than id-data (RFC 5652, 5.1)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid(oidSignedData))
		b.AddASN1(cbasn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(version)
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { addHash(b, crypto.SHA256, false) })
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(p.Type)
					if p.Content != nil {
						b.AddASN1(cbasn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddASN1OctetString(p.Content) })
					}
				})
				b.AddBytes(bag)
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { p.addSigner(b, s, attrs, sig) })
				})
			})
		})
	})
	return b.Bytes()
}

func (p Params) addSigner(b *cryptobyte.Builder, s scheme, attrs, sig []byte) {
	b.AddASN1Int64(1)
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(p.Certificate.RawIssuer)
		b.AddASN1BigInt(p.Certificate.SerialNumber)
	})
	addHash(b, crypto.SHA256, false)
	b.AddBytes(attrs)
	addAlgorithm(b, s)
	b.AddASN1OctetString(sig)
}

// AddToken returns the signature with a timestamp token over its value as
// unsigned attribute: CAdES-BASELINE-T. The signature must have none yet; the
// token is not checked here.
func AddToken(signature, token []byte) ([]byte, error) {
	p, err := parse(signature)
	if err != nil {
		return nil, err
	}
	if p.unsigned != nil {
		return nil, fmt.Errorf("%w: it has unsigned attributes already", ErrSyntax)
	}
	attr := attribute(oidTimestamp, func(b *cryptobyte.Builder) { b.AddBytes(token) })
	set, err := setOf(cbasn1.Tag(1).ContextSpecific().Constructed(), [][]byte{attr})
	if attr == nil || err != nil {
		return nil, fmt.Errorf("%w: token", ErrSyntax)
	}
	// The attributes are the last element of every structure around them: only
	// lengths change in front of them.
	out := bytes.Join([][]byte{p.signerBody, set}, nil)
	out = wrap(byte(cbasn1.SEQUENCE), out) // SignerInfo
	out = wrap(byte(cbasn1.SET), out)      // signerInfos
	out = signedData(bytes.Join([][]byte{p.head, out}, nil))
	if p, err = parse(out); err == nil {
		_, err = attributes(p.unsigned, tag1)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

func wrap(tag byte, body []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.Tag(tag), func(b *cryptobyte.Builder) { b.AddBytes(body) })
	return b.BytesOrPanic() // a length and bytes
}

func encodeOID(text string) []byte {
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(oid(text))
	return b.BytesOrPanic() // constants
}

// sameSerial compares serial numbers of certificates.
func sameSerial(a, b *big.Int) bool { return a != nil && b != nil && a.Cmp(b) == 0 }
