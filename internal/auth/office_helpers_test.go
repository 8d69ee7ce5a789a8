package auth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/store/sqlite"
)

func requestAs(name, value string) *http.Request {
	return request(&http.Cookie{Name: name, Value: value})
}

func deviceKey(t *testing.T) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	return key, spki
}

// signNonce signs as a browser's Web Crypto does: r || s.
func signNonce(t *testing.T, key *ecdsa.PrivateKey, nonce string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	require.NoError(t, err)
	require.Len(t, b, 32)
	sum := sha256.Sum256(b)
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	require.NoError(t, err)
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out
}

func wrongCode(code string) string {
	if code == "00000000" {
		return "11111111"
	}
	return "00000000"
}

// fuzzOffice is an office that lives as long as the fuzzing.
func fuzzOffice(f *testing.F) *office {
	st, err := sqlite.Open(context.Background(), sqlite.Params{Path: filepath.Join(f.TempDir(), "p.db")})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = st.Close() })
	o := &office{fixture: &fixture{now: time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)}}
	o.o, err = auth.NewOfficials(auth.OfficialsParams{
		Store: st, Now: func() time.Time { return o.now }, Host: "court.example",
		Origins: []string{"https://court.example"}, Cost: cheapCost(),
	})
	if err != nil {
		f.Fatal(err)
	}
	return o
}
