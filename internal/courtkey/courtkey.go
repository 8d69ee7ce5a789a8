// Package courtkey opens the key with which a court seals its archives, or a person
// signs: from PEM
// files, from a PKCS #12 file, or on a token (PKCS #11; only in programs built with
// the tag pkcs11, since that needs C).
package courtkey

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"software.sslmate.com/src/go-pkcs12"

	"phientoa/internal/signer"
)

// Names of the files of a directory that Open looks for when it is told of none.
const (
	KeyFile         = "court.key"    // PKCS #8, PEM
	CertificateFile = "court.pem"    // the certificate, then its authorities
	PKCS12File      = "court.p12"    // key and certificates together
	SecretFile      = "court.secret" // password of the PKCS #12 file, or PIN of the token
)

// Params say where the key is: one of Key, PKCS12 and Module. All empty: what
// stands under the names above in Dir, and no key of the court when nothing does.
type Params struct {
	Dir         string // the signer's own; what must outlive a process is kept here
	Key         string // PEM file, PKCS #8
	Certificate string // PEM file: the certificate, then its authorities without the root
	PKCS12      string
	Secret      string // file: password or PIN, to the end of the line
	Module      string // PKCS #11 library
	Token       string // label of the token
	Label       string // of key and certificate on the token
	// Ask asks a person for password or PIN, once, instead of Secret.
	Ask func() ([]byte, error)
}

// Errors of this package.
var (
	// ErrOpen: a file with a secret can be read by other users of this machine.
	ErrOpen = errors.New("courtkey: others may read it")
	// ErrPIN: the token refused the PIN. It is not tried again before the file of the
	// PIN changes, for a token locks after few wrong ones.
	ErrPIN = errors.New("courtkey: the token refused the PIN")
	// ErrNoToken: this program was built without PKCS #11.
	ErrNoToken = errors.New("courtkey: built without PKCS #11 (tag pkcs11)")
)

// Open opens the key. Its zero value without an error: the court has none here. The
// closer, never nil without an error, ends the session with a token.
func Open(p Params) (signer.Court, io.Closer, error) {
	p = p.found()
	var c signer.Court
	var end io.Closer = nothing{}
	var err error
	switch {
	case count(p.Key, p.PKCS12, p.Module) == 0:
		return c, end, nil
	case count(p.Key, p.PKCS12, p.Module) > 1:
		err = errors.New("courtkey: more than one place of the key is given")
	case p.Key != "":
		c, err = p.files()
	case p.PKCS12 != "":
		c, err = p.pkcs12()
	default:
		c, end, err = p.token()
	}
	if err == nil {
		err = fits(c)
	}
	if err != nil {
		if end != nil {
			err = errors.Join(err, end.Close())
		}
		return signer.Court{}, nil, err
	}
	return c, end, nil
}

type nothing struct{}

func (nothing) Close() error { return nil }

func count(names ...string) (n int) {
	for _, s := range names {
		if s != "" {
			n++
		}
	}
	return n
}

// found completes what is not given by what stands in the directory.
func (p Params) found() Params {
	look := func(field *string, name string) {
		path := filepath.Join(p.Dir, name)
		if _, err := os.Lstat(path); *field == "" && err == nil {
			*field = path
		}
	}
	if p.Dir == "" {
		return p
	}
	if count(p.Key, p.PKCS12, p.Module) == 0 {
		look(&p.Key, KeyFile)
		look(&p.PKCS12, PKCS12File)
	}
	look(&p.Secret, SecretFile)
	if p.Key != "" {
		look(&p.Certificate, CertificateFile)
	}
	return p
}

// fits wants certificate and key to belong together.
func fits(c signer.Court) error {
	key, ok := c.Key.Public().(interface{ Equal(x crypto.PublicKey) bool })
	if !ok || !key.Equal(c.Certificate.PublicKey) {
		return errors.New("courtkey: the certificate is of another key")
	}
	return nil
}

// files reads key and certificates in PEM.
func (p Params) files() (c signer.Court, err error) {
	text, err := private(p.Key)
	if err != nil {
		return c, err
	}
	defer clear(text)
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" || len(bytes.TrimSpace(rest)) > 0 {
		return c, fmt.Errorf("courtkey: %s is no single PEM block PRIVATE KEY (PKCS #8)", p.Key)
	}
	defer clear(block.Bytes)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return c, fmt.Errorf("courtkey: %s is no PKCS #8 key", p.Key)
	}
	var ok bool
	if c.Key, ok = key.(crypto.Signer); !ok {
		return c, fmt.Errorf("courtkey: %s holds a key that does not sign", p.Key)
	}
	c.Certificate, c.Chain, err = p.certificates()
	return c, err
}

// certificates reads the PEM file of certificates.
func (p Params) certificates() (cert *x509.Certificate, chain []*x509.Certificate, err error) {
	rest, err := os.ReadFile(p.Certificate)
	if err != nil {
		return nil, nil, fmt.Errorf("courtkey: certificate: %w", err)
	}
	var all []*x509.Certificate
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, nil, fmt.Errorf("courtkey: %s: %w", p.Certificate, err)
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, nil, fmt.Errorf("courtkey: %s holds no certificate", p.Certificate)
	}
	return all[0], withoutRoots(all[1:]), nil
}

// withoutRoots leaves out certificates that vouch for themselves: a root is to be
// obtained by whoever verifies.
func withoutRoots(in []*x509.Certificate) (out []*x509.Certificate) {
	for _, c := range in {
		if !bytes.Equal(c.RawIssuer, c.RawSubject) {
			out = append(out, c)
		}
	}
	return out
}

func (p Params) pkcs12() (c signer.Court, err error) {
	pfx, err := private(p.PKCS12)
	if err != nil {
		return c, err
	}
	password, err := p.secret()
	if err != nil {
		return c, err
	}
	defer clear(password)
	key, cert, chain, err := pkcs12.DecodeChain(pfx, string(password))
	if err != nil {
		return c, fmt.Errorf("courtkey: %s: %w", p.PKCS12, err)
	}
	var ok bool
	if c.Key, ok = key.(crypto.Signer); !ok {
		return c, fmt.Errorf("courtkey: %s holds a key that does not sign", p.PKCS12)
	}
	c.Certificate, c.Chain = cert, withoutRoots(chain)
	return c, nil
}

// secret is the first line of the file of the password or PIN.
func (p Params) secret() ([]byte, error) {
	if p.Ask != nil {
		return p.Ask()
	}
	if p.Secret == "" {
		return nil, errors.New("courtkey: no file of the password or PIN is given")
	}
	b, err := private(p.Secret)
	if err != nil {
		return nil, err
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), nil
}

// maxFile bounds a file of a key, in bytes.
const maxFile = 1 << 20

// private reads a file that no other user may read.
func private(path string) (b []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("courtkey: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("courtkey: %w", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s (chmod 600)", ErrOpen, path)
	}
	if b, err = io.ReadAll(io.LimitReader(f, maxFile)); err != nil {
		return nil, fmt.Errorf("courtkey: %w", err)
	}
	return b, nil
}
