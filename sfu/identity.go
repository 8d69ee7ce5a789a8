package sfu

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

const (
	identityAge  = 7 * 24 * time.Hour  // then the next peer gets another key
	identityLife = 30 * 24 * time.Hour // validity of a certificate, browsers refuse expired ones
	serialBytes  = 16
)

// identity makes the DTLS certificates of an engine's peers. They share a key, which
// is made anew each week, and each has a serial number of its own, so that no two
// peers have the same fingerprint: a client never takes a new peer for the one it has
// keys with. Making a key and a certificate by x509 for each peer, which also verifies
// what it has signed, was a tenth of what a join costs.
type identity struct {
	mu   sync.Mutex
	key  *ecdsa.PrivateKey
	tbs  []byte // the part of the certificate that is signed, with a serial number to be replaced
	at   int    // where the serial number stands in tbs
	made time.Time
}

// signedCertificate is Certificate of RFC 5280 section 4.1.
type signedCertificate struct {
	TBS       asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

// certificate makes the one of another peer.
func (i *identity) certificate() (webrtc.Certificate, error) {
	fail := func(err error) (webrtc.Certificate, error) {
		return webrtc.Certificate{}, fmt.Errorf("sfu: DTLS certificate: %w", err)
	}
	key, tbs, err := i.next(time.Now())
	if err != nil {
		return fail(err)
	}
	digest := sha256.Sum256(tbs)
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		return fail(err)
	}
	der, err := asn1.Marshal(signedCertificate{
		TBS:       asn1.RawValue{FullBytes: tbs},
		Algorithm: pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}}, // ecdsa-with-SHA256, RFC 5758
		Signature: asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)},
	})
	if err != nil {
		return fail(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return fail(err)
	}
	return webrtc.CertificateFromX509(key, cert), nil
}

// next gives what the certificate of another peer signs, and the key.
func (i *identity) next(now time.Time) (*ecdsa.PrivateKey, []byte, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if age := now.Sub(i.made); i.key == nil || age > identityAge || age < 0 {
		if err := i.renew(now); err != nil {
			return nil, nil, err
		}
	}
	tbs := bytes.Clone(i.tbs)
	newSerial(tbs[i.at:])
	return i.key, tbs, nil
}

// newSerial writes a random serial number over the one at the beginning of b; it is
// positive and has all its bytes (RFC 5280 section 4.1.2.2).
func newSerial(b []byte) {
	_, _ = rand.Read(b[:serialBytes]) // never fails
	b[0] = b[0]&0x7f | 0x40
}

func (i *identity) renew(now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	serial := make([]byte, serialBytes)
	newSerial(serial)
	name := pkix.Name{CommonName: "WebRTC"} // tells nothing; nobody checks it (RFC 8827 section 6.5)
	like := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial), Issuer: name, Subject: name,
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(identityLife),
	}
	der, err := x509.CreateCertificate(rand.Reader, like, like, &key.PublicKey, key)
	if err != nil {
		return fmt.Errorf("template: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("template: %w", err)
	}
	at := bytes.Index(cert.RawTBSCertificate, serial)
	if at < 0 {
		return errors.New("template without its serial number")
	}
	i.key, i.tbs, i.at, i.made = key, cert.RawTBSCertificate, at, now
	return nil
}
