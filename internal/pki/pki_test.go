package pki

import (
	"crypto/rand"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func params(dir string) Params {
	return Params{Dir: dir, Node: "node-1", Now: time.Now, Rand: rand.Reader}
}

func TestIdentityIsMadeOnceAndPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	a, err := Open(params(dir))
	require.NoError(t, err)
	b, err := Open(params(dir))
	require.NoError(t, err)
	require.Equal(t, a.Certificate.Raw, b.Certificate.Raw)
	require.True(t, a.Key.Equal(b.Key))
	_, err = a.Certificate.Verify(x509.VerifyOptions{Roots: a.Roots(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	require.NoError(t, err)
	for _, name := range []string{CACert, CAKey, NodeCert, NodeKey, TSACert, TSAKey} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
}

func TestADamagedOrForeignFileIsNeverReplaced(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(params(dir))
	require.NoError(t, err)
	path := filepath.Join(dir, NodeKey)
	require.NoError(t, os.WriteFile(path, []byte("torn"), 0o600))
	_, err = Open(params(dir))
	require.Error(t, err)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "torn", string(b))

	other := t.TempDir()
	_, err = Open(params(other))
	require.NoError(t, err)
	foreign, err := os.ReadFile(filepath.Join(other, NodeKey))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, foreign, 0o600))
	_, err = Open(params(dir))
	require.Error(t, err, "a certificate of another key")
}

func TestNodeNamesAreNarrow(t *testing.T) {
	for _, name := range []string{"", "a b", "../x", "Ân", "a/b", "a+b"} {
		p := params(t.TempDir())
		p.Node = name
		_, err := Open(p)
		require.Error(t, err, name)
	}
}

// The list names what RevokedFile does, and an unreadable line makes none: a list that
// left it out would vouch for what was revoked.
func TestTheListOfTheLocalAuthority(t *testing.T) {
	dir := t.TempDir()
	id, err := Open(params(dir))
	require.NoError(t, err)
	now := time.Now()
	list := func() *x509.RevocationList {
		der, err := id.List(now, rand.Reader)
		require.NoError(t, err)
		l, err := x509.ParseRevocationList(der)
		require.NoError(t, err)
		require.NoError(t, l.CheckSignatureFrom(id.CA))
		return l
	}
	require.Empty(t, list().RevokedCertificateEntries)
	write := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, RevokedFile), []byte(text), 0o600))
	}
	write("# stolen\n\n" + id.Certificate.SerialNumber.Text(16) + " 2026-11-22T08:00:00+07:00 the old machine\n0a:0B 2026-01-01T00:00:00Z\n")
	entries := list().RevokedCertificateEntries
	require.Len(t, entries, 2)
	require.Zero(t, entries[0].SerialNumber.Cmp(id.Certificate.SerialNumber))
	require.True(t, entries[0].RevocationTime.Equal(time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)))
	require.Equal(t, int64(0xa0b), entries[1].SerialNumber.Int64())
	for _, bad := range []string{"xyz 2026-01-01T00:00:00Z", "0a", "0a yesterday", "-1 2026-01-01T00:00:00Z", "0 2026-01-01T00:00:00Z"} {
		write(bad)
		_, err := id.List(now, rand.Reader)
		require.Error(t, err, bad)
	}
}
