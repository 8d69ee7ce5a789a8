package revocation

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/cades"
)

type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

var day = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

func newAuthority(t testing.TB, name string) *authority {
	a := &authority{t: t}
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a.cert = a.issue(1, name, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign})
	return a
}

func (a *authority) issue(serial int64, name string, c *x509.Certificate) *x509.Certificate {
	c.SerialNumber, c.Subject = big.NewInt(serial), pkix.Name{CommonName: name}
	c.NotBefore, c.NotAfter = day.AddDate(0, 0, -1), day.AddDate(1, 0, 0)
	parent := a.cert
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, a.key.Public(), a.key)
	require.NoError(a.t, err)
	out, err := x509.ParseCertificate(der)
	require.NoError(a.t, err)
	return out
}

func (a *authority) list(made time.Time, extra []pkix.Extension, entries ...x509.RevocationListEntry) *x509.RevocationList {
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: made, NextUpdate: made.AddDate(0, 0, 7), RevokedCertificateEntries: entries, ExtraExtensions: extra,
	}, a.cert, a.key)
	require.NoError(a.t, err)
	l, err := cades.ParseList(der)
	require.NoError(a.t, err)
	return l
}

// A list vouches for a time exactly when it was made then or later, while the
// certificate held; a revocation counts exactly when it was not later.
func TestWhatAListSaysOfATime(t *testing.T) {
	a := newAuthority(t, "A")
	c := a.issue(7, "leaf", &x509.Certificate{})
	chain := []*x509.Certificate{c, a.cert}
	rapid.Check(t, func(r *rapid.T) {
		hours := func(label string) time.Time {
			return day.Add(time.Duration(rapid.IntRange(0, 14*30*24).Draw(r, label)) * time.Hour)
		}
		made, at, gone := hours("made"), hours("at"), hours("gone")
		var entries []x509.RevocationListEntry
		named := rapid.Bool().Draw(r, "named")
		if named {
			entries = []x509.RevocationListEntry{{SerialNumber: c.SerialNumber, RevocationTime: gone}, {SerialNumber: big.NewInt(8), RevocationTime: day}}
		}
		f := Check(chain, []*x509.RevocationList{a.list(made, nil, entries...)}, Question{At: at})
		want := Good
		switch {
		case named && !gone.After(at):
			want = Revoked
		case made.Before(at) || made.After(c.NotAfter):
			want = Stale
		}
		if f.State != want {
			r.Fatalf("%s, want %s", f.State, want)
		}
		now := Check(chain, []*x509.RevocationList{a.list(made, nil)}, Question{At: at, Present: true})
		inForce := !made.After(at) && !at.After(made.AddDate(0, 0, 7)) && !made.After(c.NotAfter)
		if (now.State == Good) != inForce {
			r.Fatalf("at present %s, in force %v", now.State, inForce)
		}
	})
}

// Whoever has a timestamp authority's key makes tokens of any earlier time: its
// revocation counts by the reason (RFC 3161, 4.1).
func TestRevocationOfATimestampAuthority(t *testing.T) {
	a := newAuthority(t, "A")
	c := a.issue(7, "tsa", &x509.Certificate{})
	for reason, counts := range map[int]bool{0: true, 1: true, 2: true, 3: false, 4: false, 5: false, 9: true} { // x509 writes reason 0 as none
		entry := x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: day.AddDate(0, 1, 0), ReasonCode: reason}
		lists := []*x509.RevocationList{a.list(day.AddDate(0, 2, 0), nil, entry)}
		chain := []*x509.Certificate{c, a.cert}
		f := Check(chain, lists, Question{At: day, Until: day.AddDate(0, 3, 0)})
		require.Equal(t, counts, f.State == Revoked, "reason %d", reason)
		f = Check(chain, lists, Question{At: day, Until: day.AddDate(0, 0, 3)})
		require.Equal(t, Good, f.State, "another timestamp was put over it before")
		f = Check(chain, lists, Question{At: day.AddDate(0, 1, 1), Until: day.AddDate(0, 3, 0)})
		require.Equal(t, Revoked, f.State, "used after it was revoked, whatever the reason")
	}
}

// Lists of another issuer, of a namesake, and of kinds that are not understood say
// nothing.
func TestListsThatSayNothing(t *testing.T) {
	a, other, namesake := newAuthority(t, "A"), newAuthority(t, "B"), newAuthority(t, "A")
	c := a.issue(7, "leaf", &x509.Certificate{})
	critical := []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: []byte{0x30, 0}}}
	indirect := x509.RevocationListEntry{SerialNumber: big.NewInt(8), RevocationTime: day, ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 29}, Critical: true, Value: []byte{0x30, 0}}}}
	for what, l := range map[string]*x509.RevocationList{
		"another issuer": other.list(day, nil), "a namesake": namesake.list(day, nil), "partial": a.list(day, critical), "indirect": a.list(day, nil, indirect),
	} {
		f := Check([]*x509.Certificate{c, a.cert}, []*x509.RevocationList{l}, Question{At: day})
		require.Equal(t, None, f.State, what)
		require.Equal(t, c, f.Certificate)
	}
	require.Equal(t, Good, Check([]*x509.Certificate{a.cert}, nil, Question{At: day}).State, "a root alone is trusted as it is")
}

func TestSource(t *testing.T) {
	a, b := newAuthority(t, "A"), newAuthority(t, "B")
	var asked atomic.Int64
	answer := atomic.Pointer[[]byte]{}
	set := func(x []byte) { answer.Store(&x) }
	set(a.list(day, nil).Raw)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path != "/a.crl" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(*answer.Load())
	}))
	defer s.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "b.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: b.list(day, nil).Raw}), 0o600))
	now := day
	src := NewSource([]string{s.URL + "/a.crl", file, s.URL + "/none", filepath.Join(dir, "none")}, s.Client(), func() time.Time { return now })
	leaf := func(x *authority) []*x509.Certificate {
		return []*x509.Certificate{x.issue(5, "leaf", &x509.Certificate{})}
	}
	got, err := src.Lists(context.Background(), leaf(a))
	require.ErrorContains(t, err, "HTTP 404")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Equal(t, [][]byte{*answer.Load()}, got, "what could be had stands beside the error")
	got, _ = src.Lists(context.Background(), leaf(b))
	require.Len(t, got, 1)
	got, _ = src.Lists(context.Background(), leaf(newAuthority(t, "C")))
	require.Empty(t, got)
	require.Equal(t, int64(4), asked.Load(), "what was had is kept a while, what was not is asked again")
	now = now.Add(keepFor)
	for what, bad := range map[string][]byte{"no list": []byte("x"), "too long": make([]byte, MaxList+1), "pem": []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")} {
		set(bad)
		got, err = src.Lists(context.Background(), leaf(a))
		require.Error(t, err, what)
		require.Empty(t, got, what)
	}
}
