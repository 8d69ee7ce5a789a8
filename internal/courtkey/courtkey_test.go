package courtkey

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"

	"phientoa/internal/cades"
	"phientoa/internal/signer"
)

// issued is a certificate for a key under a fresh authority.
func issued(t *testing.T, pub crypto.PublicKey) (cert, ca *x509.Certificate) {
	t.Helper()
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	make := func(pub crypto.PublicKey, c, parent *x509.Certificate) *x509.Certificate {
		c.SerialNumber = big.NewInt(time.Now().UnixNano())
		c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		if parent == nil {
			parent = c
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, pub, caKey)
		require.NoError(t, err)
		out, err := x509.ParseCertificate(der)
		require.NoError(t, err)
		return out
	}
	ca = make(caKey.Public(), &x509.Certificate{
		Subject: pkix.Name{CommonName: "Authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil)
	return make(pub, &x509.Certificate{Subject: pkix.Name{CommonName: "Tòa án"}, KeyUsage: x509.KeyUsageDigitalSignature}, ca), ca
}

// put writes a file that nobody else may read.
func put(t *testing.T, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

func pemOf(kind string, der ...[]byte) (out []byte) {
	for _, d := range der {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: d})...)
	}
	return out
}

// signs wants a signature of the key to hold under its certificate.
func signs(t *testing.T, c signer.Court) {
	t.Helper()
	digest := sha256.Sum256([]byte("manifest"))
	der, err := cades.Sign(cades.Params{Key: c.Key, Certificate: c.Certificate, Chain: c.Chain, Time: time.Now(), Rand: rand.Reader, Digest: digest})
	require.NoError(t, err)
	sig, err := cades.Verify(der, digest)
	require.NoError(t, err)
	require.True(t, sig.Certificate.Equal(c.Certificate))
}

func keys(t *testing.T) map[string]crypto.Signer {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return map[string]crypto.Signer{"ec": ec, "rsa": rs}
}

func TestKeysInFiles(t *testing.T) {
	c, end, err := Open(Params{Dir: t.TempDir()})
	require.NoError(t, err)
	require.NoError(t, end.Close())
	require.Nil(t, c.Key, "nothing stands there: the court has no key here")
	for name, key := range keys(t) {
		cert, ca := issued(t, key.Public())
		der, err := x509.MarshalPKCS8PrivateKey(key)
		require.NoError(t, err)

		dir := t.TempDir() // by the names of a directory
		put(t, dir, KeyFile, pemOf("PRIVATE KEY", der))
		put(t, dir, CertificateFile, pemOf("CERTIFICATE", cert.Raw, ca.Raw))
		c, _, err := Open(Params{Dir: dir})
		require.NoError(t, err, name)
		require.Empty(t, c.Chain, "a root is left out")
		signs(t, c)

		for what, encoder := range map[string]*pkcs12.Encoder{"modern": pkcs12.Modern, "old": pkcs12.LegacyDES} {
			dir := t.TempDir()
			pfx, err := encoder.Encode(key, cert, []*x509.Certificate{ca}, "mật khẩu")
			require.NoError(t, err)
			put(t, dir, PKCS12File, pfx)
			secret := put(t, dir, SecretFile, []byte("mật khẩu\r\n"))
			c, _, err := Open(Params{Dir: dir})
			require.NoError(t, err, what)
			signs(t, c)
			require.NoError(t, os.WriteFile(secret, []byte("another"), 0o600))
			_, _, err = Open(Params{Dir: dir})
			require.ErrorIs(t, err, pkcs12.ErrIncorrectPassword)
		}
	}
}

// A PKCS #12 file as openssl writes it.
func TestAFileOfOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is missing")
	}
	for _, key := range keys(t) {
		cert, ca := issued(t, key.Public())
		der, err := x509.MarshalPKCS8PrivateKey(key)
		require.NoError(t, err)
		dir := t.TempDir()
		out, err := exec.CommandContext(t.Context(), "openssl", "pkcs12", "-export", "-out", filepath.Join(dir, PKCS12File),
			"-inkey", put(t, dir, "k.pem", pemOf("PRIVATE KEY", der)), "-in", put(t, dir, "c.pem", pemOf("CERTIFICATE", cert.Raw)),
			"-certfile", put(t, dir, "ca.pem", pemOf("CERTIFICATE", ca.Raw)), "-passout", "pass:s3cret").CombinedOutput()
		require.NoError(t, err, string(out))
		require.NoError(t, os.Chmod(filepath.Join(dir, PKCS12File), 0o600))
		put(t, dir, SecretFile, []byte("s3cret"))
		c, _, err := Open(Params{Dir: dir})
		require.NoError(t, err)
		require.True(t, c.Certificate.Equal(cert))
		signs(t, c)
	}
}

func TestWhatIsRefused(t *testing.T) {
	k := keys(t)
	cert, _ := issued(t, k["ec"].Public())
	der, err := x509.MarshalPKCS8PrivateKey(k["ec"])
	require.NoError(t, err)
	foreign, err := x509.MarshalPKCS8PrivateKey(k["rsa"])
	require.NoError(t, err)
	for what, spoil := range map[string]func(dir string) Params{
		"others may read the key": func(dir string) Params {
			require.NoError(t, os.Chmod(filepath.Join(dir, KeyFile), 0o640))
			return Params{Dir: dir}
		},
		"a key of another certificate": func(dir string) Params { put(t, dir, KeyFile, pemOf("PRIVATE KEY", foreign)); return Params{Dir: dir} },
		"no key":                       func(dir string) Params { put(t, dir, KeyFile, []byte("x")); return Params{Dir: dir} },
		"two keys":                     func(dir string) Params { put(t, dir, KeyFile, pemOf("PRIVATE KEY", der, der)); return Params{Dir: dir} },
		"no certificate":               func(dir string) Params { put(t, dir, CertificateFile, nil); return Params{Dir: dir} },
		"two places":                   func(dir string) Params { put(t, dir, PKCS12File, nil); return Params{Dir: dir} },
		"no password":                  func(dir string) Params { return Params{PKCS12: put(t, dir, "x.p12", nil)} },
		"a directory":                  func(dir string) Params { return Params{Key: dir} },
	} {
		dir := t.TempDir()
		put(t, dir, KeyFile, pemOf("PRIVATE KEY", der))
		put(t, dir, CertificateFile, pemOf("CERTIFICATE", cert.Raw))
		_, _, err := Open(spoil(dir))
		require.Error(t, err, what)
		require.NotContains(t, err.Error(), string(der), what)
	}
}
