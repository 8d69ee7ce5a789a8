package sfu

import (
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
)

func parsed(t testing.TB, c webrtc.Certificate) *x509.Certificate {
	t.Helper()
	text, err := c.PEM()
	require.NoError(t, err)
	block, _ := pem.Decode([]byte(text))
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return cert
}

// Every peer has a certificate of its own that is validly signed by its own key, and
// the key changes with time, long before a certificate ends.
func TestEveryPeerHasACertificateOfItsOwn(t *testing.T) {
	var i identity
	seen := map[string]bool{}
	for range 50 {
		c, err := i.certificate()
		require.NoError(t, err)
		prints, err := c.GetFingerprints()
		require.NoError(t, err)
		require.False(t, seen[prints[0].Value], "two peers have one fingerprint")
		seen[prints[0].Value] = true
		cert := parsed(t, c)
		require.NoError(t, cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature))
		require.Positive(t, cert.SerialNumber.Sign())
		require.Greater(t, time.Until(cert.NotAfter), 20*24*time.Hour)
	}
	key := i.key
	_, _, err := i.next(i.made.Add(identityAge + time.Second))
	require.NoError(t, err)
	require.False(t, key.Equal(i.key), "a key for ever")
	fresh := i.key
	_, _, err = i.next(i.made.Add(identityAge - time.Second))
	require.NoError(t, err)
	require.True(t, fresh.Equal(i.key), "a key for each peer")
	_, _, err = i.next(i.made.Add(-time.Hour)) // a clock that was set back
	require.NoError(t, err)
	require.False(t, fresh.Equal(i.key))
}

func BenchmarkCertificate(b *testing.B) {
	var i identity
	for range b.N {
		if _, err := i.certificate(); err != nil {
			b.Fatal(err)
		}
	}
}
