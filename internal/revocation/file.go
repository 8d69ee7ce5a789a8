package revocation

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"phientoa/internal/cades"
)

// MaxList bounds a revocation list in bytes.
const MaxList = 1 << 20

// IssuedTo tells whether a list is, by its name, of the issuer of one of the
// certificates.
func IssuedTo(l *x509.RevocationList, certs []*x509.Certificate) bool {
	return slices.ContainsFunc(certs, func(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, l.RawIssuer) })
}

// ReadFile reads a list from a file, in DER or PEM.
func ReadFile(path string) (*x509.RevocationList, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("revocation: %w", err)
	}
	l, err := read(path, f)
	return l, errors.Join(err, f.Close())
}

func read(place string, r io.Reader) (*x509.RevocationList, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxList+1))
	if err != nil {
		return nil, fmt.Errorf("revocation: %s: %w", place, err)
	}
	if len(b) > MaxList {
		return nil, fmt.Errorf("revocation: %s has more than %d bytes", place, MaxList)
	}
	if block, rest := pem.Decode(b); block != nil {
		if block.Type != "X509 CRL" || len(bytes.TrimSpace(rest)) > 0 {
			return nil, fmt.Errorf("revocation: %s: no single PEM block X509 CRL", place)
		}
		b = block.Bytes
	}
	l, err := cades.ParseList(b)
	if err != nil {
		return nil, fmt.Errorf("revocation: %s: %w", place, err)
	}
	return l, nil
}
