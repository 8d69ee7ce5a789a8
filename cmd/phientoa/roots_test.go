package main

import (
	"crypto/rand"
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/config"
	"phientoa/internal/pki"
)

// Verification on demand trusts the court's own authority beside this installation's.
func TestTheCourtsAuthorityIsTrusted(t *testing.T) {
	data := t.TempDir()
	n := &node{p: nodeParams{Config: config.Config{DataDir: data}}, logger: slog.New(slog.DiscardHandler)}
	pool, err := n.roots()
	require.NoError(t, err)
	require.Nil(t, pool, "nobody is known")
	own, court := caText(t), caText(t)
	both := x509.NewCertPool()
	both.AppendCertsFromPEM(own)
	require.NoError(t, os.MkdirAll(filepath.Join(data, "pki"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(data, "pki", pki.CACert), own, 0o600))
	pool, err = n.roots()
	require.NoError(t, err)
	require.True(t, pool.Equal(both))
	n.p.CourtCA = filepath.Join(data, "court.pem")
	_, err = n.roots()
	require.Error(t, err, "what was named and is not there is no small thing")
	require.NoError(t, os.WriteFile(n.p.CourtCA, []byte("none"), 0o600))
	_, err = n.roots()
	require.Error(t, err)
	require.NoError(t, os.WriteFile(n.p.CourtCA, court, 0o600))
	both.AppendCertsFromPEM(court)
	pool, err = n.roots()
	require.NoError(t, err)
	require.True(t, pool.Equal(both))
}

// caText is the certificate of a new authority.
func caText(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	_, err := pki.Open(pki.Params{Dir: dir, Node: "node1", Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(dir, pki.CACert))
	require.NoError(t, err)
	return text
}
