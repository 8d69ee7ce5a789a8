package cades

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var content = []byte("<asic:ASiCManifest/>\n")

// authority issues certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
	n    int64
}

func newKey(t testing.TB) crypto.Signer {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return k
}

func newRSA(t testing.TB, bits int) crypto.Signer {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(t, err)
	return k
}

func newAuthority(t testing.TB, above *authority) *authority {
	a := &authority{key: newKey(t)}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	parent, key := tmpl, a.key
	if above != nil {
		above.n++
		tmpl.SerialNumber, tmpl.Subject.CommonName = big.NewInt(100+above.n), "intermediate"
		parent, key = above.cert, above.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, a.key.Public(), key)
	require.NoError(t, err)
	a.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	return a
}

func (a *authority) issue(t testing.TB, key crypto.Signer, usage x509.KeyUsage, units ...string) *x509.Certificate {
	a.n++
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1000 + a.n), Subject: pkix.Name{CommonName: "node-1", OrganizationalUnit: units},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: usage,
	}, a.cert, key.Public(), a.key)
	require.NoError(t, err)
	c, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return c
}

func (a *authority) roots() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

func params(t testing.TB, a *authority, key crypto.Signer) Params {
	return Params{
		Key: key, Certificate: a.issue(t, key, x509.KeyUsageDigitalSignature), Time: time.Now(),
		Rand: rand.Reader, Digest: sha256.Sum256(content),
	}
}

// openssl runs in a directory with the given files, or skips.
func openssl(t *testing.T, files map[string][]byte, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is missing")
	}
	dir := t.TempDir()
	for name, b := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	cmd := exec.CommandContext(context.Background(), "openssl", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func TestSignaturesHoldHereAndForOpenSSL(t *testing.T) {
	root := newAuthority(t, nil)
	between := newAuthority(t, root)
	for name, p := range map[string]Params{
		"ecdsa":   params(t, root, newKey(t)),
		"rsa-pss": params(t, root, newRSA(t, 2048)),
		"chain": func() Params {
			p := params(t, between, newKey(t))
			p.Chain = []*x509.Certificate{between.cert}
			return p
		}(),
		"beyond 2049": func() Params {
			p := params(t, root, newKey(t))
			p.Time = time.Date(2051, 1, 1, 0, 0, 0, 0, time.UTC)
			return p
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			der, err := Sign(p)
			require.NoError(t, err)
			s, err := Verify(der, p.Digest)
			require.NoError(t, err)
			require.True(t, s.Certificate.Equal(p.Certificate))
			require.Equal(t, p.Time.UTC().Truncate(time.Second), s.SigningTime)
			require.NoError(t, s.Trusted(root.roots(), time.Now(), x509.ExtKeyUsageAny))
			require.Error(t, s.Trusted(newAuthority(t, nil).roots(), time.Now(), x509.ExtKeyUsageAny))
			require.Error(t, s.Trusted(root.roots(), time.Now().Add(2*time.Hour), x509.ExtKeyUsageAny))
			_, err = Verify(der, sha256.Sum256([]byte("other")))
			require.ErrorIs(t, err, ErrDigest)

			files := map[string][]byte{"seal": der, "manifest": content, "ca.pem": pemOf(root.cert), "other": []byte("other")}
			args := []string{"cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "seal", "-CAfile", "ca.pem", "-purpose", "any", "-out", "out", "-content"}
			out, err := openssl(t, files, append(args, "manifest")...)
			require.NoError(t, err, out)
			_, err = openssl(t, files, append(args, "other")...)
			require.Error(t, err)
		})
	}
}

func TestKeysAndCertificatesThatMayNotSign(t *testing.T) {
	a := newAuthority(t, nil)
	t.Setenv("GODEBUG", "rsa1024min=0")
	_, err := Sign(params(t, a, newRSA(t, 1024)))
	require.ErrorIs(t, err, ErrAlgorithm)
	p := params(t, a, newKey(t))
	p.Key = newKey(t)
	_, err = Sign(p)
	require.ErrorIs(t, err, ErrCertificate, "a certificate of another key")
	p = params(t, a, newKey(t))
	p.Certificate = a.issue(t, p.Key, x509.KeyUsageKeyEncipherment)
	der, err := Sign(p)
	require.NoError(t, err)
	_, err = Verify(der, p.Digest)
	require.ErrorIs(t, err, ErrCertificate)
	p = params(t, a, newKey(t))
	p.Key = silly{p.Key}
	_, err = Sign(p)
	require.ErrorIs(t, err, ErrSignature, "what a token answers is checked")
}

type silly struct{ crypto.Signer }

func (s silly) Equal(crypto.PublicKey) bool { return true }

func (s silly) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	other := sha256.Sum256(digest)
	return s.Signer.Sign(r, other[:], o)
}

// Every bit of a signature is bound: none can change unseen.
func TestEveryBitIsBound(t *testing.T) {
	root := newAuthority(t, nil)
	between := newAuthority(t, root)
	chained := params(t, between, newKey(t))
	chained.Chain = []*x509.Certificate{between.cert}
	for name, p := range map[string]Params{"plain": params(t, root, newKey(t)), "chain": chained, "rsa": params(t, root, newRSA(t, 2048))} {
		der, err := Sign(p)
		require.NoError(t, err)
		for i := range der {
			for bit := range 8 {
				der[i] ^= 1 << bit
				_, err := Verify(der, p.Digest)
				require.Error(t, err, "%s: byte %d bit %d", name, i, bit)
				der[i] ^= 1 << bit
			}
		}
		_, err = Verify(append(bytes.Clone(der), 0), p.Digest)
		require.ErrorIs(t, err, ErrSyntax)
	}
}

// Who adds a certificate to the bag, in front of the signer's or behind, does
// not become the signer, and is found.
func TestTheSignerIsWhoTheSignatureNames(t *testing.T) {
	a := newAuthority(t, nil)
	p := params(t, a, newKey(t))
	der, err := Sign(p)
	require.NoError(t, err)
	parts, err := parse(der)
	require.NoError(t, err)
	foreign := params(t, newAuthority(t, nil), newKey(t)).Certificate
	// The same attributes and signature, another bag.
	p.Type, p.Chain = TypeData(), []*x509.Certificate{foreign}
	stuffed, err := p.encode(schemeECDSA, parts.attrs, parts.signature)
	require.NoError(t, err)
	_, err = Verify(stuffed, p.Digest)
	require.ErrorIs(t, err, ErrCertificate)
	// Another certificate of the same key and name, with another serial number.
	p.Chain = nil
	p.Certificate = a.issue(t, p.Key, x509.KeyUsageDigitalSignature)
	swapped, err := p.encode(schemeECDSA, parts.attrs, parts.signature)
	require.NoError(t, err)
	_, err = Verify(swapped, p.Digest)
	require.ErrorIs(t, err, ErrCertificate, "the signature binds the certificate, not only its key")
}

// A certificate that the signer bound and that is not there any more is a change
// as well; and a token, whose bag is not all bound, is of the bound signer alone.
func TestCertificatesCannotLeaveOrBeExchanged(t *testing.T) {
	root := newAuthority(t, nil)
	between := newAuthority(t, root)
	p := params(t, between, newKey(t))
	p.Chain = []*x509.Certificate{between.cert}
	der, err := Sign(p)
	require.NoError(t, err)
	parts, err := parse(der)
	require.NoError(t, err)
	p.Type, p.Chain = TypeData(), nil
	bare, err := p.encode(schemeECDSA, parts.attrs, parts.signature)
	require.NoError(t, err)
	_, err = Verify(bare, p.Digest)
	require.ErrorIs(t, err, ErrCertificate)

	p.Type, p.Content = TypeTSTInfo(), []byte("info")
	token, err := Sign(p)
	require.NoError(t, err)
	_, err = VerifyToken(token)
	require.NoError(t, err)
	parts, err = parse(token)
	require.NoError(t, err)
	p.Certificate = between.issue(t, p.Key, x509.KeyUsageDigitalSignature)
	exchanged, err := p.encode(schemeECDSA, parts.attrs, parts.signature)
	require.NoError(t, err)
	_, err = VerifyToken(exchanged)
	require.ErrorIs(t, err, ErrCertificate)
}

// The order of the certificates in front of the parser: DER sorts them, so that
// the signer's may stand first or last.
func TestTheBagIsInDEROrder(t *testing.T) {
	root := newAuthority(t, nil)
	for _, signerFirst := range []bool{true, false} {
		between := newAuthority(t, root)
		p := params(t, between, newKey(t))
		if !signerFirst { // a longer certificate sorts behind
			p.Certificate = between.issue(t, p.Key, x509.KeyUsageDigitalSignature, strings.Repeat("long", 40))
		}
		p.Chain = []*x509.Certificate{between.cert}
		der, err := Sign(p)
		require.NoError(t, err)
		s, err := Verify(der, p.Digest)
		require.NoError(t, err)
		require.True(t, s.Certificate.Equal(p.Certificate))
		parts, err := parse(der)
		require.NoError(t, err)
		require.Equal(t, signerFirst, parts.certs[0].Equal(p.Certificate))
	}
}

func TestATokenJoinsTheSignature(t *testing.T) {
	a := newAuthority(t, nil)
	p := params(t, a, newKey(t))
	der, err := Sign(p)
	require.NoError(t, err)
	token := wrap(0x30, bytes.Repeat([]byte{5, 0}, 600)) // any element
	with, err := AddToken(der, token)
	require.NoError(t, err)
	s, err := Verify(with, p.Digest)
	require.NoError(t, err)
	require.Equal(t, token, s.Token)
	_, err = AddToken(with, token)
	require.ErrorIs(t, err, ErrSyntax, "one token")
	_, err = AddToken(der, []byte{0x30, 9})
	require.Error(t, err)
	out, err := openssl(t, map[string][]byte{"seal": with, "manifest": content, "ca.pem": pemOf(a.cert)},
		"cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "seal", "-content", "manifest", "-CAfile", "ca.pem", "-purpose", "any", "-out", "out")
	require.NoError(t, err, out)
}

// What openssl signs in the same profile is taken, with its certificate found.
func TestSignaturesOfOpenSSLHoldHere(t *testing.T) {
	a := newAuthority(t, nil)
	p := params(t, a, newKey(t))
	pkcs8, err := x509.MarshalPKCS8PrivateKey(p.Key)
	require.NoError(t, err)
	dir := t.TempDir()
	out, err := openssl(t, map[string][]byte{
		"manifest": content, "cert.pem": pemOf(p.Certificate),
		"key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
	}, "cms", "-sign", "-cades", "-binary", "-md", "sha256", "-nosmimecap", "-outform", "DER", "-in", "manifest",
		"-signer", "cert.pem", "-inkey", "key.pem", "-out", filepath.Join(dir, "seal"))
	require.NoError(t, err, out)
	der, err := os.ReadFile(filepath.Join(dir, "seal"))
	require.NoError(t, err)
	s, err := Verify(der, p.Digest)
	require.NoError(t, err)
	require.True(t, s.Certificate.Equal(p.Certificate))
}

func TestWycheproof(t *testing.T) {
	type group struct {
		PublicKeyDER string `json:"publicKeyDer"`
		PublicKeyAsn string `json:"publicKeyAsn"`
		Tests        []struct {
			ID      int    `json:"tcId"`
			Comment string `json:"comment"`
			Msg     string `json:"msg"`
			Sig     string `json:"sig"`
			Result  string `json:"result"`
		} `json:"tests"`
	}
	for name, s := range map[string]scheme{
		"ecdsa_secp256r1_sha256_test.json":      schemeECDSA,
		"rsa_pss_2048_sha256_mgf1_32_test.json": schemePSS,
		"rsa_signature_2048_sha256_test.json":   schemePKCS1,
	} {
		raw, err := os.ReadFile(filepath.Join("testdata", "wycheproof", name))
		require.NoError(t, err)
		var doc struct {
			NumberOfTests int     `json:"numberOfTests"`
			TestGroups    []group `json:"testGroups"`
		}
		require.NoError(t, json.Unmarshal(raw, &doc))
		ran := 0
		for _, g := range doc.TestGroups {
			der, err := hex.DecodeString(g.PublicKeyDER)
			require.NoError(t, err)
			var pub crypto.PublicKey
			if g.PublicKeyAsn == "" {
				pub, err = x509.ParsePKIXPublicKey(der)
			} else if der, err = hex.DecodeString(g.PublicKeyAsn); err == nil {
				pub, err = x509.ParsePKCS1PublicKey(der)
			}
			require.NoError(t, err)
			for _, c := range g.Tests {
				msg, err := hex.DecodeString(c.Msg)
				require.NoError(t, err)
				sig, err := hex.DecodeString(c.Sig)
				require.NoError(t, err)
				digest := sha256.Sum256(msg)
				got := check(s, pub, crypto.SHA256, digest[:], sig) == nil
				ran++
				if c.Result == "acceptable" { // PKCS #1 v1.5 without NULL: either
					continue
				}
				require.Equal(t, c.Result == "valid", got, "%s %d %s", name, c.ID, c.Comment)
			}
		}
		require.Equal(t, doc.NumberOfTests, ran)
		require.Positive(t, ran)
	}
}

func TestIdentifiers(t *testing.T) {
	require.Equal(t, oidSignedData, oid(oidSignedData).String())
	require.True(t, oid("2.16.840.1.101.3.4.2.1").Equal(asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}))
}

func FuzzVerify(f *testing.F) {
	a := newAuthority(f, nil)
	p := params(f, a, newKey(f))
	der, err := Sign(p)
	require.NoError(f, err)
	f.Add(der)
	with, err := AddToken(der, wrap(0x30, []byte{5, 0}))
	require.NoError(f, err)
	f.Add(with)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Verify(b, p.Digest)
		if err == nil && !bytes.HasPrefix(s.Value, []byte{0x30}) {
			t.Fatal("an ECDSA value is a SEQUENCE")
		}
		if err != nil && strings.Contains(err.Error(), "panic") {
			t.Fatal(err)
		}
	})
}

func FuzzVerifyToken(f *testing.F) {
	a := newAuthority(f, nil)
	p := params(f, a, newKey(f))
	p.Type, p.Content = TypeTSTInfo(), []byte{0x30, 0}
	der, err := Sign(p)
	require.NoError(f, err)
	_, err = VerifyToken(der)
	require.NoError(f, err)
	f.Add(der)
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := VerifyToken(b); err == nil && !bytes.Equal(s.Content, p.Content) {
			t.Fatal("other content under a signature that holds")
		}
	})
}
