package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/require"

	"phientoa/internal/config"
	"phientoa/recording/storage/s3test"
)

// stored sets an object store, with two keys of which the files are returned.
func stored(t *testing.T, endpoint string) (change func(*config.Config), identities [2]string) {
	t.Helper()
	dir := t.TempDir()
	keyFile := filepath.Join(dir, "s3.key")
	require.NoError(t, os.WriteFile(keyFile, []byte(s3test.AccessKey+"\n"+s3test.SecretKey+"\n"), 0o600))
	var to []string
	for i, name := range []string{"court.key", "escrow.key"} {
		k, err := age.GenerateX25519Identity()
		require.NoError(t, err)
		identities[i] = filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(identities[i], []byte(k.String()+"\n"), 0o600))
		to = append(to, k.Recipient().String())
	}
	return func(c *config.Config) {
		c.S3Endpoint, c.S3Bucket, c.S3KeyFile, c.S3RetainDays, c.S3Recipient = endpoint, "evidence", keyFile, 30, to
	}, identities
}

// The whole path: a part ends, is sealed, and lies locked and encrypted in the
// bucket; phientoa verify judges the object with either key, and with none says why
// it cannot.
func TestASealedPartIsStoredAndVerifiesFromTheBucket(t *testing.T) {
	srv := s3test.Start(t)
	srv.Bucket("evidence", true)
	change, identities := stored(t, "http://"+srv.Address)
	s := startServe(t, change)
	file := s.seal()
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.mirror.Status().Stored == 1 }, 30*time.Second, 5*time.Millisecond, s.log.String())
	rows, err := s.store.StoredObjects(t.Context(), srv.Address+"/evidence", "0192-h")
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.True(t, rows[0].Locked)

	o, err := srv.Client().GetObject(t.Context(), "evidence", rows[0].Key, minio.GetObjectOptions{VersionID: rows[0].Version})
	require.NoError(t, err)
	cipher, err := io.ReadAll(o)
	require.NoError(t, err)
	require.NoError(t, o.Close())
	require.NotContains(t, string(cipher), "application/vnd.etsi.asic-e+zip")
	object := filepath.Join(t.TempDir(), filepath.Base(rows[0].Key))
	require.NoError(t, os.WriteFile(object, cipher, 0o600))
	ca := filepath.Join(s.p.DataDir, "pki", "ca.pem")
	var out bytes.Buffer
	verify := func(args ...string) int {
		out.Reset()
		return run(t.Context(), append([]string{"verify", object, "--root", ca}, args...), streams{&out, &out, nil})
	}
	for _, id := range identities {
		require.Equal(t, 0, verify("--identity", id), out.String())
		require.Contains(t, out.String(), "TOÀN VẸN")
	}
	require.Equal(t, 2, verify(), out.String())
	require.Contains(t, out.String(), "encrypted")
	cipher[len(cipher)/2] ^= 1
	require.NoError(t, os.WriteFile(object, cipher, 0o600))
	require.NotEqual(t, 0, verify("--identity", identities[0]), out.String())

	// What operators see.
	report := s.health.Look(t.Context())
	require.True(t, report.Checks["storage"].OK)
	require.False(t, report.Checks["storage"].Warning, "%+v", report.Checks["storage"])
	text, err := json.Marshal(report.Checks["storage"].Detail)
	require.NoError(t, err)
	require.Contains(t, string(text), `"locked":true`)
	for _, secret := range []string{s3test.SecretKey, s3test.AccessKey} {
		require.NotContains(t, s.log.String(), secret)
		require.NotContains(t, string(text), secret)
	}
	still, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, want, still)
}

// A bucket that is away, or is not what it should be, is told and ends nothing.
func TestAnObjectStoreThatIsAwayIsAWarning(t *testing.T) {
	// An address at which nothing answers.
	change, _ := stored(t, "http://127.0.0.1:1")
	s := startServe(t, change)
	s.seal()
	require.Eventually(t, func() bool { return s.mirror.Status().Failed > 0 }, 30*time.Second, 5*time.Millisecond)
	check := s.health.Look(t.Context()).Checks["storage"]
	require.True(t, check.OK)
	require.True(t, check.Warning)
	require.Equal(t, 1, s.mirror.Status().Waiting)
	require.NoError(t, s.stop())
}

// Half a setting is told at the start, and no value of a key with it.
func TestObjectStoreSettingsAreReadAtTheStart(t *testing.T) {
	for name, spoil := range map[string]func(c *config.Config){
		"s3-key-file":  func(c *config.Config) { require.NoError(t, os.WriteFile(c.S3KeyFile, []byte(s3test.SecretKey), 0o600)) },
		"s3-recipient": func(c *config.Config) { c.S3Recipient = []string{"age1x", "age1y"} },
		"s3-ca":        func(c *config.Config) { c.S3CA = c.S3KeyFile },
	} {
		t.Run(name, func(t *testing.T) {
			var c config.Config
			change, _ := stored(t, "http://127.0.0.1:1")
			change(&c)
			spoil(&c)
			n := &node{p: nodeParams{Config: c}}
			err := n.openStorage()
			require.ErrorContains(t, err, name)
			require.False(t, strings.Contains(err.Error(), s3test.SecretKey))
		})
	}
}
