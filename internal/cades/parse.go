package cades

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Bounds of what is read.
const (
	// MaxSignature bounds a signature with its tokens and revocation lists, in bytes.
	MaxSignature = 4 << 20
	maxCerts     = 16
	maxLists     = 16
	maxAttrs     = 32
)

// parsed is a SignedData of one signer, cut into its pieces and not yet judged.
type parsed struct {
	version    int64
	hashes     []crypto.Hash
	typ        asn1.ObjectIdentifier
	content    []byte // nil: detached
	certs      []*x509.Certificate
	lists      []*x509.RevocationList
	issuer     []byte // sid, DER of the name
	serial     *big.Int
	hash       crypto.Hash
	attrs      []byte // signed attributes, with the tag [0]
	scheme     scheme
	signature  []byte
	unsigned   []byte // with the tag [1], nil: none
	bare       []byte // of SignedData, up to the revocation lists
	head       []byte // of SignedData, up to signerInfos
	infos      []byte // signerInfos
	signerBody []byte // of SignerInfo, up to the unsigned attributes
	foreign    bool   // made by another program: the certificate may be named only
}

func syntax(what string) error { return fmt.Errorf("%w: %s", ErrSyntax, what) }

const (
	tag0 = cbasn1.Tag(0x80 | 0x20)
	tag1 = cbasn1.Tag(0x80 | 0x20 | 1)
)

// parse reads DER and nothing but DER.
func parse(der []byte) (*parsed, error) {
	if len(der) > MaxSignature {
		return nil, syntax(fmt.Sprintf("%d bytes", len(der)))
	}
	in := cryptobyte.String(der)
	var info, content, data cryptobyte.String
	var typ asn1.ObjectIdentifier
	if !in.ReadASN1(&info, cbasn1.SEQUENCE) || !in.Empty() || !info.ReadASN1ObjectIdentifier(&typ) ||
		typ.String() != oidSignedData || !info.ReadASN1(&content, tag0) || !info.Empty() ||
		!content.ReadASN1(&data, cbasn1.SEQUENCE) || !content.Empty() {
		return nil, syntax("no SignedData")
	}
	p := &parsed{}
	whole := []byte(data)
	if err := p.readHead(&data); err != nil {
		return nil, err
	}
	p.bare = whole[:len(whole)-len(data)]
	if err := p.readLists(&data); err != nil {
		return nil, err
	}
	p.head, p.infos = whole[:len(whole)-len(data)], data
	var infos, signer cryptobyte.String
	if !data.ReadASN1(&infos, cbasn1.SET) || !data.Empty() || !infos.ReadASN1(&signer, cbasn1.SEQUENCE) || !infos.Empty() {
		return nil, syntax("not exactly one signer")
	}
	return p, p.readSigner(signer)
}

// readHead reads SignedData up to the revocation lists.
func (p *parsed) readHead(data *cryptobyte.String) error {
	var hashes, encap, inner, certs cryptobyte.String
	var hasContent, hasCerts bool
	if !data.ReadASN1Integer(&p.version) || !data.ReadASN1(&hashes, cbasn1.SET) {
		return syntax("version or digests")
	}
	for !hashes.Empty() && len(p.hashes) < maxAttrs {
		h, err := readHash(&hashes)
		if err != nil {
			return err
		}
		p.hashes = append(p.hashes, h)
	}
	if !hashes.Empty() || !data.ReadASN1(&encap, cbasn1.SEQUENCE) || !encap.ReadASN1ObjectIdentifier(&p.typ) ||
		!encap.ReadOptionalASN1(&inner, &hasContent, tag0) || !encap.Empty() {
		return syntax("content")
	}
	if hasContent {
		var octets cryptobyte.String
		if !inner.ReadASN1(&octets, cbasn1.OCTET_STRING) || !inner.Empty() {
			return syntax("content")
		}
		p.content = append([]byte{}, octets...)
	}
	if !data.ReadOptionalASN1(&certs, &hasCerts, tag0) {
		return syntax("certificates")
	}
	var last []byte
	for !certs.Empty() {
		var raw cryptobyte.String
		if !certs.ReadASN1Element(&raw, cbasn1.SEQUENCE) || len(p.certs) >= maxCerts {
			return syntax("certificates")
		}
		c, err := x509.ParseCertificate(raw)
		if err != nil {
			return fmt.Errorf("%w: certificate: %w", ErrSyntax, err)
		}
		if last != nil && bytes.Equal(last, raw) {
			return syntax("a certificate twice")
		}
		last, p.certs = raw, append(p.certs, c)
	}
	return nil
}

func (p *parsed) readSigner(signer cryptobyte.String) error {
	whole := []byte(signer)
	var version int64
	var sid, issuer, attrs, sig cryptobyte.String
	p.serial = new(big.Int)
	if !signer.ReadASN1Integer(&version) || version != 1 || !signer.ReadASN1(&sid, cbasn1.SEQUENCE) ||
		!sid.ReadASN1Element(&issuer, cbasn1.SEQUENCE) || !sid.ReadASN1Integer(p.serial) || !sid.Empty() {
		return syntax("signer is not named by issuer and serial number")
	}
	p.issuer = issuer
	var err error
	if p.hash, err = readHash(&signer); err != nil {
		return err
	}
	if !signer.ReadASN1Element(&attrs, tag0) {
		return syntax("no signed attributes")
	}
	p.attrs = attrs
	if p.scheme, err = readScheme(&signer, p.hash); err != nil {
		return err
	}
	if !signer.ReadASN1(&sig, cbasn1.OCTET_STRING) {
		return syntax("signature value")
	}
	p.signature = sig
	p.signerBody = whole[:len(whole)-len(signer)]
	if !signer.Empty() {
		p.unsigned = append([]byte(nil), signer...)
		if !signer.SkipASN1(tag1) || !signer.Empty() {
			return syntax("behind the signature value")
		}
	}
	return nil
}

// attributes reads a SET OF Attribute, each of one value, none twice. der wears
// an implicit tag.
func attributes(der []byte, tag cbasn1.Tag) (map[string]cryptobyte.String, error) {
	in := cryptobyte.String(der)
	var set cryptobyte.String
	if !in.ReadASN1(&set, tag) || !in.Empty() || set.Empty() {
		return nil, syntax("attributes")
	}
	out := map[string]cryptobyte.String{}
	for !set.Empty() {
		var attr, values, value cryptobyte.String
		var id asn1.ObjectIdentifier
		var any cbasn1.Tag
		if !set.ReadASN1(&attr, cbasn1.SEQUENCE) || !attr.ReadASN1ObjectIdentifier(&id) ||
			!attr.ReadASN1(&values, cbasn1.SET) || !attr.Empty() ||
			!values.ReadAnyASN1Element(&value, &any) || !values.Empty() {
			return nil, syntax("attribute")
		}
		if _, twice := out[id.String()]; twice || len(out) >= maxAttrs {
			return nil, syntax("attribute " + id.String() + " twice")
		}
		out[id.String()] = value
	}
	return out, nil
}

// readTime reads a signing time, UTCTime or GeneralizedTime.
func readTime(s cryptobyte.String) (t time.Time, ok bool) {
	if s.PeekASN1Tag(cbasn1.UTCTime) {
		ok = s.ReadASN1UTCTime(&t)
	} else {
		ok = s.ReadASN1GeneralizedTime(&t)
	}
	return t.UTC(), ok && s.Empty()
}

// certID is one certificate that the signer bound.
type certID struct {
	hash   crypto.Hash
	sum    []byte
	issuer []byte // DER of the name, nil when not given
	serial *big.Int
}

// of tells whether the id is that of a certificate.
func (id certID) of(c *x509.Certificate) bool {
	h := id.hash.New()
	h.Write(c.Raw)
	if !bytes.Equal(h.Sum(nil), id.sum) {
		return false
	}
	return id.issuer == nil || (bytes.Equal(id.issuer, c.RawIssuer) && sameSerial(id.serial, c.SerialNumber))
}

// readCertIDs reads SigningCertificate (v1) or SigningCertificateV2.
func readCertIDs(s cryptobyte.String, v2 bool) ([]certID, error) {
	var seq, list cryptobyte.String
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !s.Empty() || !seq.ReadASN1(&list, cbasn1.SEQUENCE) || !seq.Empty() {
		return nil, syntax("signing certificate") // policies are not of the profile
	}
	var out []certID
	for !list.Empty() && len(out) < maxCerts {
		var one, sum, is cryptobyte.String
		var has bool
		id := certID{hash: crypto.SHA1}
		if !list.ReadASN1(&one, cbasn1.SEQUENCE) {
			return nil, syntax("signing certificate")
		}
		if v2 {
			id.hash = crypto.SHA256
			if one.PeekASN1Tag(cbasn1.SEQUENCE) {
				var err error
				if id.hash, err = readHash(&one); err != nil {
					return nil, err
				}
			}
		}
		if !one.ReadASN1(&sum, cbasn1.OCTET_STRING) || !one.ReadOptionalASN1(&is, &has, cbasn1.SEQUENCE) || !one.Empty() {
			return nil, syntax("signing certificate")
		}
		id.sum = sum
		if has {
			var names, name, dn cryptobyte.String
			id.serial = new(big.Int)
			if !is.ReadASN1(&names, cbasn1.SEQUENCE) || !names.ReadASN1(&name, cbasn1.Tag(4).ContextSpecific().Constructed()) || !names.Empty() ||
				!name.ReadASN1Element(&dn, cbasn1.SEQUENCE) || !name.Empty() || !is.ReadASN1Integer(id.serial) || !is.Empty() {
				return nil, syntax("issuer and serial number of the signing certificate")
			}
			id.issuer = dn
		}
		out = append(out, id)
	}
	if len(out) == 0 || !list.Empty() {
		return nil, syntax("signing certificate")
	}
	return out, nil
}
