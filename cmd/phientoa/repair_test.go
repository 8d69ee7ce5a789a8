package main

import (
	"bytes"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/recording/storage/s3test"
)

// repairs is a court with a sealed part that is damaged on the disk.
type repairs struct {
	*served
	file  string
	whole []byte
	asked int
}

func damaged(t *testing.T) *repairs {
	t.Helper()
	s := startServe(t, nil)
	require.NoError(t, s.store.CreateHearing(t.Context(), court.SystemScope(), store.Hearing{ID: "0192-h", Room: "00000000000000000000000000000192", Unit: "unit"}, nil))
	r := &repairs{served: s, file: s.seal()}
	var err error
	r.whole, err = os.ReadFile(r.file)
	require.NoError(t, err)
	r.spoil(r.file, len(r.whole)/2)
	return r
}

// spoil writes the sealed file with one bit changed.
func (r *repairs) spoil(path string, at int) {
	b := bytes.Clone(r.whole)
	b[at] ^= 1
	r.put(path, b)
}

func (r *repairs) put(path string, b []byte) {
	require.NoError(r.t, os.MkdirAll(filepath.Dir(path), 0o700))
	if err := os.Remove(path); err != nil {
		require.ErrorIs(r.t, err, os.ErrNotExist)
	}
	require.NoError(r.t, os.WriteFile(path, b, 0o400))
}

func (r *repairs) repair() store.ArchiveCheck {
	r.t.Helper()
	r.asked++
	id := "r-" + string(rune('0'+r.asked))
	sys := court.SystemScope()
	require.NoError(r.t, r.store.PutArchiveCheck(r.t.Context(), sys, store.ArchiveCheck{ID: id, Hearing: "0192-h", Part: 1, By: "clerk-1", At: time.Now(), Repair: true}))
	r.vault.Wake()
	var done store.ArchiveCheck
	require.Eventually(r.t, func() bool {
		list, err := r.store.ArchiveChecks(r.t.Context(), sys, "0192-h")
		require.NoError(r.t, err)
		done = list[0]
		return done.ID == id && !done.Done.IsZero()
	}, 20*time.Second, 5*time.Millisecond, r.log.String())
	return done
}

func (r *repairs) sum() string {
	parts, err := r.store.ArchiveParts(r.t.Context(), court.SystemScope(), "0192-h")
	require.NoError(r.t, err)
	return hex.EncodeToString(parts[0].SHA256[:])
}

// J4.5. A damaged file is replaced by the very file that was sealed and by no other; it
// stays beside it, and the report, the register and the audit say so.
func TestADamagedPartIsRepairedFromAWholeCopy(t *testing.T) {
	r := damaged(t)
	bad, err := os.ReadFile(r.file)
	require.NoError(t, err)
	near := filepath.Join(r.p.DataDir, "replica", "0192-h", "part-0001.asice")
	far := filepath.Join(r.p.DataDir, "replica", "0192-h", "part-0001", r.sum()+".asice")
	ca := filepath.Join(r.p.DataDir, "pki", "ca.pem")
	for name, spoil := range map[string]func(){
		"no copy":        func() {},
		"as damaged":     func() { r.spoil(near, len(r.whole)/2) },
		"otherwise":      func() { r.spoil(near, len(r.whole)/3) },
		"shorter":        func() { r.put(near, r.whole[:len(r.whole)-1]) },
		"longer":         func() { r.put(near, append(bytes.Clone(r.whole), 0)) },
		"named as whole": func() { r.spoil(far, 40) },
	} {
		spoil()
		c := r.repair()
		require.Equal(t, 1, c.Exit, name)
		require.Empty(t, c.Replaced, name)
		require.Contains(t, string(c.Report), "CHƯA KHÔI PHỤC", name)
		now, err := os.ReadFile(r.file)
		require.NoError(t, err)
		require.Equal(t, bad, now, "%s: what is there stays", name)
	}
	_, a := audit(t, r.p.DataDir, "--root", ca)
	require.Empty(t, a.Repaired, "nothing was")

	r.put(far, r.whole) // beside the wrong ones
	c := r.repair()
	require.Equal(t, 0, c.Exit, "%s", c.Report)
	require.True(t, c.Same)
	require.Contains(t, string(c.Report), "ĐÃ KHÔI PHỤC")
	require.Contains(t, string(c.Report), "TOÀN VẸN")
	require.Contains(t, string(c.Report), "CÓ SAI LỆCH", "and what was wrong")
	require.NotContains(t, string(c.Report), r.p.DataDir, "no path of the server in an answer")
	now, err := os.ReadFile(r.file)
	require.NoError(t, err)
	require.Equal(t, r.whole, now)
	kept, err := os.ReadFile(filepath.Join(filepath.Dir(r.file), c.Replaced))
	require.NoError(t, err)
	require.Equal(t, bad, kept)
	code, a := audit(t, r.p.DataDir, "--root", ca)
	require.Equal(t, 0, code, "%+v", a)
	require.Len(t, a.Repaired, 1)
	require.Equal(t, "clerk-1", a.Repaired[0].AskedBy)

	c = r.repair()
	require.Empty(t, c.Replaced)
	require.Contains(t, string(c.Report), "không có gì phải khôi phục")

	require.NoError(t, os.Remove(r.file))
	c = r.repair()
	require.Equal(t, 0, c.Exit, "%s", c.Report)
	require.Equal(t, "-", c.Replaced, "there was none to keep")
	require.NoFileExists(t, r.file+".repair")
}

// What the court's key holder fetched from the object store and decrypted, under the
// name that it has there, mends the file: the bucket is a replica.
func TestADamagedPartIsRepairedFromTheObjectStore(t *testing.T) {
	srv := s3test.Start(t)
	srv.Bucket("evidence", true)
	change, identities := stored(t, "http://"+srv.Address)
	ctx := t.Context()
	s := startServe(t, change)
	require.NoError(t, s.store.CreateHearing(ctx, court.SystemScope(), store.Hearing{ID: "0192-h", Room: "00000000000000000000000000000192", Unit: "unit"}, nil))
	r := &repairs{served: s, file: s.seal()}
	require.Eventually(t, func() bool { return s.mirror.Status().Stored >= 1 && s.mirror.Status().Waiting == 0 }, 30*time.Second, 5*time.Millisecond, s.log.String())
	var err error
	r.whole, err = os.ReadFile(r.file)
	require.NoError(t, err)
	r.spoil(r.file, len(r.whole)/2)

	rows, err := s.store.StoredObjects(ctx, srv.Address+"/evidence", "0192-h")
	require.NoError(t, err)
	text, err := os.ReadFile(identities[0])
	require.NoError(t, err)
	keys, err := age.ParseIdentities(bytes.NewReader(text))
	require.NoError(t, err)
	for _, row := range rows { // one each for what the file was before its timestamp, and after
		o, err := srv.Client().GetObject(ctx, "evidence", row.Key, minio.GetObjectOptions{VersionID: row.Version})
		require.NoError(t, err)
		plain, err := age.Decrypt(o, keys...)
		require.NoError(t, err)
		b, err := io.ReadAll(plain)
		require.NoError(t, err)
		require.NoError(t, o.Close())
		r.put(filepath.Join(r.p.DataDir, "replica", strings.TrimSuffix(row.Key, ".age")), b)
	}
	c := r.repair()
	require.Equal(t, 0, c.Exit, "%s", c.Report)
	require.NotEmpty(t, c.Replaced)
	now, err := os.ReadFile(r.file)
	require.NoError(t, err)
	require.Equal(t, r.whole, now)
}
