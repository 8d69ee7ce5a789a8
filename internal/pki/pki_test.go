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
