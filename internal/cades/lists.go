package cades

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// readLists reads the optional crls of SignedData (RFC 5652, 10.2.1): lists of X.509
// alone, none of another form.
func (p *parsed) readLists(data *cryptobyte.String) error {
	var set cryptobyte.String
	var has bool
	if !data.ReadOptionalASN1(&set, &has, tag1) || (has && set.Empty()) {
		return syntax("revocation lists")
	}
	for !set.Empty() {
		var raw cryptobyte.String
		if !set.ReadASN1Element(&raw, cbasn1.SEQUENCE) || len(p.lists) >= maxLists {
			return syntax("revocation lists")
		}
		l, err := ParseList(raw)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(p.lists, func(o *x509.RevocationList) bool { return bytes.Equal(o.Raw, raw) }) {
			return syntax("a revocation list twice")
		}
		p.lists = append(p.lists, l)
	}
	return nil
}

// ParseList reads the DER of one revocation list (RFC 5280, 5.1) and nothing behind
// it. Its signature is not judged; see x509.RevocationList.CheckSignatureFrom.
func ParseList(der []byte) (*x509.RevocationList, error) {
	in := cryptobyte.String(der)
	var list, tbs, alg, sig cryptobyte.String
	if len(der) > MaxSignature || !in.ReadASN1(&list, cbasn1.SEQUENCE) || !in.Empty() || !list.ReadASN1(&tbs, cbasn1.SEQUENCE) ||
		!list.ReadASN1(&alg, cbasn1.SEQUENCE) || !list.ReadASN1(&sig, cbasn1.BIT_STRING) || !list.Empty() {
		return nil, syntax("revocation list") // what stood behind the signature nothing would bind
	}
	l, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, fmt.Errorf("%w: revocation list: %w", ErrSyntax, err)
	}
	return l, nil
}

// AddLists returns the signature or token with revocation lists (DER) beside those
// that it has: the step to CAdES-BASELINE-LT. Nothing that was signed or stamped
// changes. The same list twice stands once. Whether a list says anything about the
// certificates is not judged here.
func AddLists(signature []byte, lists ...[]byte) ([]byte, error) {
	p, err := parse(signature)
	if err != nil {
		return nil, err
	}
	all := make([][]byte, 0, len(p.lists)+len(lists))
	for _, l := range p.lists {
		all = append(all, l.Raw)
	}
	for _, der := range lists {
		if !slices.ContainsFunc(all, func(b []byte) bool { return bytes.Equal(b, der) }) {
			all = append(all, der)
		}
	}
	if len(all) == 0 {
		return signature, nil
	}
	set, err := setOf(tag1, all)
	if err != nil {
		return nil, fmt.Errorf("%w: revocation lists", ErrSyntax)
	}
	out := signedData(bytes.Join([][]byte{p.bare, set, p.infos}, nil))
	if _, err := parse(out); err != nil {
		return nil, err
	}
	return out, nil
}

// signedData wraps the inside of a SignedData into its ContentInfo.
func signedData(inside []byte) []byte {
	out := wrap(implicit0, wrap(byte(cbasn1.SEQUENCE), inside))
	return wrap(byte(cbasn1.SEQUENCE), bytes.Join([][]byte{encodeOID(oidSignedData), out}, nil))
}
