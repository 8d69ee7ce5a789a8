// Package pki keeps the local certificate authority and the node's certificate
// of an installation: ECDSA P-256, made once, files 0600 in one directory.
package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// Names of the files in the directory.
const (
	CACert   = "ca.pem"
	CAKey    = "ca.key"
	NodeCert = "node.pem"
	NodeKey  = "node.key"
	TSACert  = "tsa.pem"
	TSAKey   = "tsa.key"
)

// Params finds or makes an Identity.
type Params struct {
	Dir  string // made when missing, 0700
	Node string // name of the node, 1..64 of a-z, 0-9, '-', '.'
	Now  func() time.Time
	Rand io.Reader
}

// Identity is the node's certificate and key. Whoever holds Key can speak for
// the node: only the signer process does.
type Identity struct {
	Node        string
	Certificate *x509.Certificate
	Key         *ecdsa.PrivateKey
	CA          *x509.Certificate
	CAKey       *ecdsa.PrivateKey // signs the list of revoked certificates
	Dir         string            // where all this stands, and RevokedFile
	// TSACertificate and TSAKey are of the local timestamp authority.
	TSACertificate *x509.Certificate
	TSAKey         *ecdsa.PrivateKey
}

// Roots is a pool of the local authority alone.
func (i Identity) Roots() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(i.CA)
	return p
}

// Open reads the identity of the directory and makes on the first call what is
// missing. A damaged file is an error, never replaced.
func Open(p Params) (Identity, error) {
	if !validNode(p.Node) {
		return Identity{}, fmt.Errorf("pki: node name %q: want 1 to 64 of a-z, 0-9, '-', '.'", p.Node)
	}
	if err := os.MkdirAll(p.Dir, 0o700); err != nil {
		return Identity{}, fmt.Errorf("pki: %w", err)
	}
	ca, caKey, err := p.authority()
	if err != nil {
		return Identity{}, err
	}
	cert, key, err := p.node(ca, caKey)
	if err != nil {
		return Identity{}, err
	}
	tsa, tsaKey, err := p.timestamps(ca, caKey)
	if err != nil {
		return Identity{}, err
	}
	return Identity{Node: p.Node, Certificate: cert, Key: key, CA: ca, CAKey: caKey, Dir: p.Dir, TSACertificate: tsa, TSAKey: tsaKey}, nil
}

func (p Params) authority() (*x509.Certificate, *ecdsa.PrivateKey, error) {
	return p.pair(CACert, CAKey, func(serial *big.Int, key *ecdsa.PrivateKey) ([]byte, error) {
		t := &x509.Certificate{
			SerialNumber: serial,
			Subject:      pkix.Name{CommonName: "Phientoa local authority " + p.Node},
			NotBefore:    p.Now().Add(-time.Hour), NotAfter: p.Now().AddDate(20, 0, 0),
			IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
			KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		}
		return x509.CreateCertificate(p.Rand, t, t, key.Public(), key)
	})
}

func (p Params) node(ca *x509.Certificate, caKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	cert, key, err := p.pair(NodeCert, NodeKey, func(serial *big.Int, key *ecdsa.PrivateKey) ([]byte, error) {
		t := &x509.Certificate{
			SerialNumber: serial,
			Subject:      pkix.Name{CommonName: p.Node},
			NotBefore:    p.Now().Add(-time.Hour), NotAfter: p.Now().AddDate(10, 0, 0),
			BasicConstraintsValid: true,
			KeyUsage:              x509.KeyUsageDigitalSignature,
		}
		return x509.CreateCertificate(p.Rand, t, ca, key.Public(), caKey)
	})
	if err != nil {
		return nil, nil, err
	}
	if cert.Subject.CommonName != p.Node {
		return nil, nil, fmt.Errorf("pki: %s is of node %q, not %q", NodeCert, cert.Subject.CommonName, p.Node)
	}
	return cert, key, cert.CheckSignatureFrom(ca)
}

// timestamps is the local timestamp authority. Its certificate has one extended
// key usage, critical (RFC 3161, 2.3); x509 would render it as not critical.
func (p Params) timestamps(ca *x509.Certificate, caKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	cert, key, err := p.pair(TSACert, TSAKey, func(serial *big.Int, key *ecdsa.PrivateKey) ([]byte, error) {
		usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}}) // id-kp-timeStamping
		if err != nil {
			return nil, err
		}
		t := &x509.Certificate{
			SerialNumber: serial,
			Subject:      pkix.Name{CommonName: "Phientoa local timestamps " + p.Node},
			NotBefore:    p.Now().Add(-time.Hour), NotAfter: p.Now().AddDate(10, 0, 0),
			BasicConstraintsValid: true,
			KeyUsage:              x509.KeyUsageDigitalSignature,
			ExtraExtensions:       []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}},
		}
		return x509.CreateCertificate(p.Rand, t, ca, key.Public(), caKey)
	})
	if err != nil {
		return nil, nil, err
	}
	return cert, key, cert.CheckSignatureFrom(ca)
}

// pair reads a key and its certificate. The key is written first: a certificate
// never stands without its key.
func (p Params) pair(certName, keyName string, issue func(*big.Int, *ecdsa.PrivateKey) ([]byte, error)) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := p.key(keyName)
	if err != nil {
		return nil, nil, err
	}
	der, err := p.file(certName, "CERTIFICATE", func() ([]byte, error) {
		serial := make([]byte, 16)
		if _, err := io.ReadFull(p.Rand, serial); err != nil {
			return nil, err
		}
		serial[0] &= 0x7f // positive (RFC 5280 4.1.2.2)
		return issue(new(big.Int).SetBytes(serial), key)
	})
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("pki: %s: %w", certName, err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, nil, fmt.Errorf("pki: %s is not of %s", certName, keyName)
	}
	return cert, key, nil
}

func (p Params) key(name string) (*ecdsa.PrivateKey, error) {
	der, err := p.file(name, "PRIVATE KEY", func() ([]byte, error) {
		k, err := ecdsa.GenerateKey(elliptic.P256(), p.Rand)
		if err != nil {
			return nil, err
		}
		return x509.MarshalPKCS8PrivateKey(k)
	})
	if err != nil {
		return nil, err
	}
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("pki: %s: %w", name, err)
	}
	ec, ok := k.(*ecdsa.PrivateKey)
	if !ok || ec.Curve != elliptic.P256() {
		return nil, fmt.Errorf("pki: %s is not an ECDSA P-256 key", name)
	}
	return ec, nil
}

// file reads a PEM file, or makes it durably: written aside, synced, renamed.
func (p Params) file(name, kind string, make func() ([]byte, error)) ([]byte, error) {
	path := filepath.Join(p.Dir, name)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		der, merr := make()
		if merr != nil {
			return nil, fmt.Errorf("pki: make %s: %w", name, merr)
		}
		b = pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
		err = writeNew(path, b)
	}
	if err != nil {
		return nil, fmt.Errorf("pki: %w", err)
	}
	block, rest := pem.Decode(b)
	if block == nil || block.Type != kind || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("pki: %s is damaged: no single PEM block %s", name, kind)
	}
	return block.Bytes, nil
}

func writeNew(path string, b []byte) error {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func validNode(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}
