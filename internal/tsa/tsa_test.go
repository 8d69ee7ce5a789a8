package tsa

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/cades"
	"phientoa/internal/pki"
	"phientoa/internal/tsa/tsatest"
)

var data = []byte("a signature value")

func local(t testing.TB) (*Authority, pki.Identity) {
	id, err := pki.Open(pki.Params{Dir: t.TempDir(), Node: "node-1", Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	return &Authority{Key: id.TSAKey, Certificate: id.TSACertificate, Now: time.Now, Rand: rand.Reader}, id
}

func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func openssl(t *testing.T, dir string, files map[string][]byte, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is missing")
	}
	for name, b := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	cmd := exec.CommandContext(context.Background(), "openssl", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestTokensHoldHereAndForOpenSSL(t *testing.T) {
	a, id := local(t)
	for _, at := range []time.Time{time.Now(), time.Now().Truncate(time.Second), time.Now().Truncate(time.Second).Add(120 * time.Millisecond)} {
		a.Now = func() time.Time { return at }
		token, err := a.Stamp(sha256.Sum256(data), big.NewInt(42))
		require.NoError(t, err)
		info, err := Verify(token, sha256.Sum256(data))
		require.NoError(t, err)
		require.Equal(t, at.UTC().Truncate(time.Millisecond), info.Time)
		require.Equal(t, time.Second, info.Accuracy)
		require.Equal(t, LocalPolicy, info.Policy)
		require.Equal(t, int64(42), info.Nonce.Int64())
		require.NoError(t, info.Signature.Trusted(id.Roots(), at, x509.ExtKeyUsageTimeStamping))
		_, err = Verify(token, sha256.Sum256([]byte("other")))
		require.ErrorIs(t, err, ErrImprint)
		files := map[string][]byte{"data": data, "other": []byte("other"), "token": token, "ca.pem": pemOf(id.CA)}
		out, err := openssl(t, t.TempDir(), files, "ts", "-verify", "-data", "data", "-in", "token", "-token_in", "-CAfile", "ca.pem")
		require.NoError(t, err, out)
		_, err = openssl(t, t.TempDir(), files, "ts", "-verify", "-data", "other", "-in", "token", "-token_in", "-CAfile", "ca.pem")
		require.Error(t, err)
	}
}

func TestEveryBitOfATokenIsBound(t *testing.T) {
	a, _ := local(t)
	token, err := a.Stamp(sha256.Sum256(data), nil)
	require.NoError(t, err)
	for i := range token {
		for bit := range 8 {
			token[i] ^= 1 << bit
			_, err := Verify(token, sha256.Sum256(data))
			require.Error(t, err, "byte %d bit %d", i, bit)
			token[i] ^= 1 << bit
		}
	}
}

func TestOnlyATimestampAuthorityStamps(t *testing.T) {
	a, id := local(t)
	a.Key, a.Certificate = id.Key, id.Certificate
	_, err := a.Stamp(sha256.Sum256(data), nil)
	require.ErrorIs(t, err, ErrPurpose)
	// A token that the node's own key made is a signature that holds, and no token.
	good, _ := local(t)
	token, err := good.Stamp(sha256.Sum256(data), nil)
	require.NoError(t, err)
	s, err := cades.VerifyToken(token)
	require.NoError(t, err)
	forged, err := cades.Sign(cades.Params{
		Key: id.Key, Certificate: id.Certificate, Time: time.Now(), Rand: rand.Reader, Type: cades.TypeTSTInfo(), Content: s.Content,
	})
	require.NoError(t, err)
	_, err = Verify(forged, sha256.Sum256(data))
	require.ErrorIs(t, err, ErrPurpose)
}

func TestAnAuthorityThatIsNotOurs(t *testing.T) {
	url, ca := tsatest.Authority(t, nil)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(ca))
	c := Client{URL: url, HTTP: &http.Client{Timeout: 20 * time.Second}, Rand: rand.Reader}
	began := time.Now().Add(-2 * time.Second)
	token, err := c.Stamp(context.Background(), sha256.Sum256(data))
	require.NoError(t, err)
	info, err := Verify(token, sha256.Sum256(data))
	require.NoError(t, err)
	require.Equal(t, "1.2.3.4.1", info.Policy)
	require.Equal(t, 1500100*time.Microsecond, info.Accuracy)
	require.WithinRange(t, info.Time, began, time.Now().Add(2*time.Second))
	require.NoError(t, info.Signature.Trusted(roots, time.Now(), x509.ExtKeyUsageTimeStamping))
	_, id := local(t)
	require.Error(t, info.Signature.Trusted(id.Roots(), time.Now(), x509.ExtKeyUsageTimeStamping))
}

func TestAnswersToOtherRequestsAreRefused(t *testing.T) {
	other, err := Request(sha256.Sum256(data), big.NewInt(5))
	require.NoError(t, err)
	url, _ := tsatest.Authority(t, func([]byte) []byte { return other })
	c := Client{URL: url, HTTP: &http.Client{Timeout: 20 * time.Second}, Rand: rand.Reader}
	_, err = c.Stamp(context.Background(), sha256.Sum256(data))
	require.ErrorIs(t, err, ErrNonce)
	_, err = c.Stamp(context.Background(), sha256.Sum256([]byte("other")))
	require.ErrorIs(t, err, ErrImprint)
	url, _ = tsatest.Authority(t, func([]byte) []byte { return []byte{0x30, 0} })
	c.URL = url
	_, err = c.Stamp(context.Background(), sha256.Sum256(data))
	require.Error(t, err)
}

func TestPoliciesReadBack(t *testing.T) {
	for text, der := range map[string][]byte{
		"1.2.3.4.1": {0x2a, 3, 4, 1},
		"2.5.29.37": {0x55, 29, 37},
		"0.9":       {9},
		"2.999.3":   {0x88, 0x37, 3},
	} {
		got, err := policyText(der)
		require.NoError(t, err)
		require.Equal(t, text, got)
	}
	_, err := policyText([]byte{0x88})
	require.ErrorIs(t, err, ErrSyntax)
}

func FuzzToken(f *testing.F) {
	a, _ := local(f)
	token, err := a.Stamp(sha256.Sum256(data), big.NewInt(7))
	require.NoError(f, err)
	s, err := cades.VerifyToken(token)
	require.NoError(f, err)
	f.Add(s.Content)
	f.Add(append([]byte{0x30, 0}, token...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if info, err := parseInfo(b); err == nil && (info.Accuracy < 0 || info.Serial == nil || info.Policy == "") {
			t.Fatal(fmt.Sprint(info))
		}
		if out, err := Token(b); err == nil && !bytes.Contains(b, out) {
			t.Fatal("a token that was not there")
		}
	})
}
