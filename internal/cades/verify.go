package cades

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" // names a certificate in old tokens (ESSCertID), where only a second preimage would help
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Signature is what a signature says, after it was found to hold. Whether its
// certificate is to be trusted is not judged by it; see Trusted.
type Signature struct {
	Certificate *x509.Certificate   // of the signer, the one that the signature names
	Chain       []*x509.Certificate // the others that came with it
	SigningTime time.Time           // claimed; zero when it says none
	Value       []byte              // the signature value, which a timestamp covers
	Token       []byte              // DER of the timestamp token over Value, nil: none
	Content     []byte              // of a token
	// Lists are the revocation lists that came with it. The signature does not cover
	// them: each holds by its own issuer's signature, which is not judged here.
	Lists []*x509.RevocationList
}

// Verify checks a detached signature in our profile over content of a SHA-256.
// Everything in it is bound: a change of any bit is found.
func Verify(der []byte, digest [sha256.Size]byte) (*Signature, error) {
	p, err := parse(der)
	if err != nil {
		return nil, err
	}
	if p.version != 1 || p.content != nil || !p.typ.Equal(TypeData()) || p.scheme == schemePKCS1 ||
		len(p.hashes) != 1 || p.hashes[0] != crypto.SHA256 || p.hash != crypto.SHA256 {
		return nil, syntax("not a detached signature of this profile")
	}
	attrs, err := attributes(p.attrs, tag0)
	if err != nil {
		return nil, err
	}
	if len(attrs) != 4 || attrs[oidSigningTime] == nil || attrs[oidSigningCertV2] == nil {
		return nil, syntax("signed attributes of this profile are four")
	}
	s, ids, err := p.verify(attrs, digest[:])
	if err != nil {
		return nil, err
	}
	if len(ids) != len(p.certs) {
		return nil, fmt.Errorf("%w: certificates that the signer did not bind", ErrCertificate)
	}
	for _, c := range p.certs {
		if !slices.ContainsFunc(ids, func(id certID) bool { return id.of(c) }) {
			return nil, fmt.Errorf("%w: a certificate that the signer did not bind", ErrCertificate)
		}
	}
	// DER has one order, which nothing else binds.
	if !slices.IsSortedFunc(p.certs, func(a, b *x509.Certificate) int { return bytes.Compare(a.Raw, b.Raw) }) {
		return nil, syntax("certificates are not in order")
	}
	if !slices.IsSortedFunc(p.lists, func(a, b *x509.RevocationList) int { return bytes.Compare(a.Raw, b.Raw) }) {
		return nil, syntax("revocation lists are not in order")
	}
	if p.unsigned == nil {
		return s, nil
	}
	unsigned, err := attributes(p.unsigned, tag1)
	if err != nil {
		return nil, err
	}
	if s.Token = unsigned[oidTimestamp]; s.Token == nil || len(unsigned) != 1 {
		return nil, syntax("unsigned attributes that nothing binds")
	}
	return s, nil
}

// VerifyToken checks a CMS with its content inside, as timestamp tokens are;
// foreign authorities may use RSA PKCS #1 v1.5 and further attributes.
func VerifyToken(der []byte) (*Signature, error) {
	p, err := parse(der)
	if err != nil {
		return nil, err
	}
	if p.version != 3 || p.content == nil || !p.typ.Equal(TypeTSTInfo()) || p.unsigned != nil || !slices.Contains(p.hashes, p.hash) {
		return nil, syntax("not a timestamp token")
	}
	attrs, err := attributes(p.attrs, tag0)
	if err != nil {
		return nil, err
	}
	h := p.hash.New()
	h.Write(p.content)
	s, _, err := p.verify(attrs, h.Sum(nil))
	if err != nil {
		return nil, err
	}
	s.Content = p.content
	return s, nil
}

// verify checks attributes and signature; digest is that of the content.
func (p *parsed) verify(attrs map[string]cryptobyte.String, digest []byte) (*Signature, []certID, error) {
	typ, err := asOID(attrs[oidContentType])
	if err != nil || typ != p.typ.String() {
		return nil, nil, syntax("content type")
	}
	s := &Signature{Value: p.signature, Lists: p.lists}
	if v := attrs[oidSigningTime]; v != nil {
		var ok bool
		if s.SigningTime, ok = readTime(v); !ok {
			return nil, nil, syntax("signing time")
		}
	}
	// The certificate is the one that the signer is named by, never the first of
	// the bag: who adds a certificate must not become the signer.
	for _, c := range p.certs {
		if s.Certificate == nil && bytes.Equal(c.RawIssuer, p.issuer) && sameSerial(c.SerialNumber, p.serial) {
			s.Certificate = c
			continue
		}
		s.Chain = append(s.Chain, c)
	}
	if s.Certificate == nil {
		return nil, nil, fmt.Errorf("%w: it did not come with the signature", ErrCertificate)
	}
	ids, err := p.bound(attrs, s.Certificate)
	if err != nil {
		return nil, nil, err
	}
	if u := s.Certificate.KeyUsage; u != 0 && u&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return nil, nil, fmt.Errorf("%w: not made for signing", ErrCertificate)
	}
	h := p.hash.New()
	h.Write(retag(p.attrs, byte(cbasn1.SET)))
	if err := check(p.scheme, s.Certificate.PublicKey, p.hash, h.Sum(nil), p.signature); err != nil {
		return nil, nil, err
	}
	var sum cryptobyte.String
	value := attrs[oidMessageDigest]
	if !value.ReadASN1(&sum, cbasn1.OCTET_STRING) || !value.Empty() {
		return nil, nil, syntax("message digest")
	}
	if !bytes.Equal(sum, digest) {
		return nil, nil, ErrDigest
	}
	return s, ids, nil
}

// bound reads which certificates the signature binds by digest, the signer's first
// (RFC 5035, 3). One made elsewhere may bind none.
func (p *parsed) bound(attrs map[string]cryptobyte.String, signer *x509.Certificate) ([]certID, error) {
	v2 := attrs[oidSigningCertV2]
	v1 := attrs[oidSigningCert]
	if p.foreign && v1 == nil && v2 == nil {
		return nil, nil
	}
	if (v1 == nil) == (v2 == nil) {
		return nil, fmt.Errorf("%w: not bound by the signature", ErrCertificate)
	}
	ids, err := readCertIDs(append(v1, v2...), v2 != nil)
	if err != nil {
		return nil, err
	}
	if !ids[0].of(signer) {
		return nil, fmt.Errorf("%w: another was bound", ErrCertificate)
	}
	return ids, nil
}

func asOID(s cryptobyte.String) (string, error) {
	var id asn1.ObjectIdentifier
	if !s.ReadASN1ObjectIdentifier(&id) || !s.Empty() {
		return "", syntax("object identifier")
	}
	return id.String(), nil
}

// Trusted verifies the signer's certificate up to one of the roots at a time,
// for a use; it never asks a network.
func (s *Signature) Trusted(roots *x509.CertPool, at time.Time, use x509.ExtKeyUsage) error {
	_, err := s.Chains(roots, at, use)
	return err
}

// Chains is Trusted that tells by which chains: each from the signer's certificate to
// one of the roots, at least one when there is no error.
func (s *Signature) Chains(roots *x509.CertPool, at time.Time, use x509.ExtKeyUsage) ([][]*x509.Certificate, error) {
	between := x509.NewCertPool()
	for _, c := range s.Chain {
		between.AddCert(c)
	}
	chains, err := s.Certificate.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{use},
	})
	if err != nil {
		return nil, fmt.Errorf("cades: %w", err)
	}
	return chains, nil
}
