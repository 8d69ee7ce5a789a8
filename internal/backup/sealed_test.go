package backup_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/asic"
	"phientoa/internal/backup"
)

// container writes a sealed file of one track with any seal.
func container(t *testing.T, path, track, seal string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	f, err := os.Create(path)
	require.NoError(t, err)
	z, err := asic.NewWriter(f)
	require.NoError(t, err)
	for _, e := range [][2]string{{"media/t001-1.webm", track}, {asic.ManifestName, "list"}, {asic.SignatureName, seal}} {
		_, err := z.Add(e[0], int64(len(e[1])), strings.NewReader(e[1]))
		require.NoError(t, err)
	}
	_, err = z.Close()
	require.NoError(t, errors.Join(err, f.Close()))
}

// The disk of the evidence survived and its sealed file has got a timestamp since
// the backup: it is the same record and stays. Another record is refused. What is
// only being written is in no backup.
func TestASealedFileThatWasStampedSinceTheBackup(t *testing.T) {
	from := &place{t: t, dir: filepath.Join(t.TempDir(), "data")}
	fill(from)
	name := filepath.Join("evidence", hearing1, "part-0001.asice")
	container(t, filepath.Join(from.dir, name), "voices", "seal")
	put(t, filepath.Join(from.dir, name+".new"), "half of a copy")
	archive := write(t, from.source())
	require.NotContains(t, unpack(t, archive), name+".new")

	to := &place{t: t, dir: filepath.Join(t.TempDir(), "new")}
	container(t, filepath.Join(to.dir, name), "voices", "seal with its timestamp")
	stamped, err := os.ReadFile(filepath.Join(to.dir, name))
	require.NoError(t, err)
	_, err = backup.Restore(t.Context(), to.target(), bytes.NewReader(archive))
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(to.dir, name))
	require.NoError(t, err)
	require.Equal(t, stamped, got, "what stands is kept")

	for what, spoil := range map[string]func(path string){
		"another record":  func(path string) { container(t, path, "Voices", "seal with its timestamp") },
		"a longer record": func(path string) { container(t, path, "voices!", "seal") },
		"no sealed file":  func(path string) { put(t, path, "anything") },
	} {
		to := &place{t: t, dir: filepath.Join(t.TempDir(), "new")}
		spoil(filepath.Join(to.dir, name))
		_, err := backup.Restore(t.Context(), to.target(), bytes.NewReader(archive))
		require.ErrorIs(t, err, backup.ErrNotEmpty, what)
	}
}
