// Package cades makes and checks signatures of the form CAdES-BASELINE-B, -T and
// -LT (ETSI EN 319 122-1) over CMS (RFC 5652): one signer, the certificate bound
// by signingCertificateV2 (RFC 5035), optionally a timestamp token (RFC 3161)
// as unsigned attribute, and revocation lists (RFC 5280) beside them. Keys are crypto.Signer, so that a file, a token or a
// process of its own may hold them.
package cades

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha256" // what crypto.SHA256.New needs
	_ "crypto/sha512" // SHA384 and SHA512 of foreign timestamp authorities
	"encoding/asn1"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Errors of this package.
var (
	// ErrSyntax: not the DER of such a signature, or outside the profile.
	ErrSyntax = errors.New("cades: malformed or outside the profile")
	// ErrDigest: the signature is of other content.
	ErrDigest = errors.New("cades: signature is of other content")
	// ErrSignature: the signature does not hold under the certificate's key.
	ErrSignature = errors.New("cades: signature does not hold")
	// ErrCertificate: the certificate that the signer is named by is not the one
	// that was signed with, or may not sign.
	ErrCertificate = errors.New("cades: wrong signing certificate")
	// ErrAlgorithm: an algorithm that is not accepted.
	ErrAlgorithm = errors.New("cades: algorithm not accepted")
)

// TypeData is id-data, the content type of detached content (RFC 5652, 4).
func TypeData() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1} }

// TypeTSTInfo is the content of a timestamp token (RFC 3161, 2.4.2).
func TypeTSTInfo() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
}

// Object identifiers, as text; each is turned into its bytes where it is used.
const (
	oidSignedData    = "1.2.840.113549.1.7.2"
	oidContentType   = "1.2.840.113549.1.9.3"
	oidMessageDigest = "1.2.840.113549.1.9.4"
	oidSigningTime   = "1.2.840.113549.1.9.5"
	oidSigningCert   = "1.2.840.113549.1.9.16.2.12" // ESSCertID, SHA-1
	oidSigningCertV2 = "1.2.840.113549.1.9.16.2.47"
	oidTimestamp     = "1.2.840.113549.1.9.16.2.14"
	oidSHA256        = "2.16.840.1.101.3.4.2.1"
	oidSHA384        = "2.16.840.1.101.3.4.2.2"
	oidSHA512        = "2.16.840.1.101.3.4.2.3"
	oidECDSA256      = "1.2.840.10045.4.3.2"
	oidECDSA384      = "1.2.840.10045.4.3.3"
	oidECDSA512      = "1.2.840.10045.4.3.4"
	oidRSAPSS        = "1.2.840.113549.1.1.10"
	oidMGF1          = "1.2.840.113549.1.1.8"
	oidRSA           = "1.2.840.113549.1.1.1"
	oidRSA256        = "1.2.840.113549.1.1.11"
	oidRSA384        = "1.2.840.113549.1.1.12"
	oidRSA512        = "1.2.840.113549.1.1.13"
)

func oid(text string) asn1.ObjectIdentifier {
	var out asn1.ObjectIdentifier
	n := 0
	for i := 0; i <= len(text); i++ {
		if i == len(text) || text[i] == '.' {
			out, n = append(out, n), 0
			continue
		}
		n = n*10 + int(text[i]-'0')
	}
	return out
}

// scheme is how a signature is made: of which key, with which hash.
type scheme int

const (
	schemeECDSA scheme = iota + 1
	schemePSS
	schemePKCS1 // only of foreign timestamp authorities
)

// MinRSA is the shortest RSA modulus that is accepted, in bits.
const MinRSA = 2048

// schemeOf chooses for a key that we control: ECDSA, or RSA as RSASSA-PSS.
func schemeOf(pub crypto.PublicKey) (scheme, error) {
	switch k := pub.(type) {
	case *ecdsa.PublicKey:
		return schemeECDSA, nil
	case *rsa.PublicKey:
		if k.N.BitLen() >= MinRSA {
			return schemePSS, nil
		}
	}
	return 0, fmt.Errorf("%w: key %T", ErrAlgorithm, pub)
}

// addAlgorithm renders the AlgorithmIdentifier of SHA-256 with a scheme.
func addAlgorithm(b *cryptobyte.Builder, s scheme) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		if s == schemeECDSA {
			b.AddASN1ObjectIdentifier(oid(oidECDSA256)) // without parameters (RFC 5758, 3.2)
			return
		}
		b.AddASN1ObjectIdentifier(oid(oidRSAPSS))
		b.AddBytes(pssParams(crypto.SHA256, true))
	})
}

// pssParams are RSASSA-PSS-params (RFC 4055, 3.1) with the salt as long as the
// hash. Implementations differ in whether a hash carries NULL as parameters.
func pssParams(h crypto.Hash, null bool) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { addHash(b, h, null) })
		b.AddASN1(cbasn1.Tag(1).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oid(oidMGF1))
				addHash(b, h, null)
			})
		})
		b.AddASN1(cbasn1.Tag(2).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddASN1Int64(int64(h.Size())) })
	})
	return b.BytesOrPanic() // fixed structure
}

func addHash(b *cryptobyte.Builder, h crypto.Hash, null bool) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		switch h {
		case crypto.SHA384:
			b.AddASN1ObjectIdentifier(oid(oidSHA384))
		case crypto.SHA512:
			b.AddASN1ObjectIdentifier(oid(oidSHA512))
		default:
			b.AddASN1ObjectIdentifier(oid(oidSHA256))
		}
		if null {
			b.AddASN1NULL()
		}
	})
}

// readHash reads the AlgorithmIdentifier of a hash.
func readHash(s *cryptobyte.String) (crypto.Hash, error) {
	var seq, params cryptobyte.String
	var id asn1.ObjectIdentifier
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&id) {
		return 0, fmt.Errorf("%w: digest algorithm", ErrSyntax)
	}
	params = seq
	if len(params) > 0 && !bytes.Equal(params, []byte{5, 0}) {
		return 0, fmt.Errorf("%w: parameters of the digest", ErrSyntax)
	}
	switch id.String() {
	case oidSHA256:
		return crypto.SHA256, nil
	case oidSHA384:
		return crypto.SHA384, nil
	case oidSHA512:
		return crypto.SHA512, nil
	}
	return 0, fmt.Errorf("%w: digest %s", ErrAlgorithm, id)
}

// readScheme reads a signature algorithm; h is the hash of the signer's digest
// algorithm, with which it must agree.
func readScheme(s *cryptobyte.String, h crypto.Hash) (scheme, error) {
	var seq cryptobyte.String
	var id asn1.ObjectIdentifier
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&id) {
		return 0, fmt.Errorf("%w: signature algorithm", ErrSyntax)
	}
	none := len(seq) == 0
	null := bytes.Equal(seq, []byte{5, 0})
	switch name := id.String(); {
	case none && ((name == oidECDSA256 && h == crypto.SHA256) || (name == oidECDSA384 && h == crypto.SHA384) || (name == oidECDSA512 && h == crypto.SHA512)):
		return schemeECDSA, nil
	case name == oidRSAPSS && (bytes.Equal(seq, pssParams(h, true)) || bytes.Equal(seq, pssParams(h, false))):
		return schemePSS, nil
	case null && (name == oidRSA || (name == oidRSA256 && h == crypto.SHA256) || (name == oidRSA384 && h == crypto.SHA384) || (name == oidRSA512 && h == crypto.SHA512)):
		return schemePKCS1, nil
	}
	return 0, fmt.Errorf("%w: signature %s with %s", ErrAlgorithm, id, h)
}

// check verifies a signature over a digest.
func check(s scheme, pub crypto.PublicKey, h crypto.Hash, digest, sig []byte) error {
	switch k := pub.(type) {
	case *ecdsa.PublicKey:
		if s == schemeECDSA && ecdsa.VerifyASN1(k, digest, sig) {
			return nil
		}
	case *rsa.PublicKey:
		switch {
		case k.N.BitLen() < MinRSA:
			return fmt.Errorf("%w: RSA of %d bits", ErrAlgorithm, k.N.BitLen())
		case s == schemePSS && rsa.VerifyPSS(k, h, digest, sig, &rsa.PSSOptions{SaltLength: h.Size()}) == nil:
			return nil
		case s == schemePKCS1 && rsa.VerifyPKCS1v15(k, h, digest, sig) == nil:
			return nil
		}
	default:
		return fmt.Errorf("%w: key %T", ErrAlgorithm, pub)
	}
	return ErrSignature
}
