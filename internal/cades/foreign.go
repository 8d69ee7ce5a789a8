package cades

import (
	"crypto"
	"slices"
)

// VerifyForeign checks a detached signature that another program made, as those in PDF
// files are (ETSI EN 319 142-1; RFC 5652): any attributes, RSA PKCS #1 v1.5 too, and a
// certificate that the signature names by issuer and number without binding it by
// digest. digest gives the content's. A timestamp is returned and not judged.
func VerifyForeign(der []byte, digest func(crypto.Hash) []byte) (*Signature, error) {
	p, err := parse(der)
	if err != nil {
		return nil, err
	}
	if p.version != 1 || p.content != nil || !p.typ.Equal(TypeData()) || !slices.Contains(p.hashes, p.hash) {
		return nil, syntax("not a detached signature")
	}
	attrs, err := attributes(p.attrs, tag0)
	if err != nil {
		return nil, err
	}
	p.foreign = true
	s, _, err := p.verify(attrs, digest(p.hash))
	if err != nil {
		return nil, err
	}
	if p.unsigned != nil {
		unsigned, err := attributes(p.unsigned, tag1)
		if err != nil {
			return nil, err
		}
		s.Token = unsigned[oidTimestamp]
	}
	return s, nil
}
