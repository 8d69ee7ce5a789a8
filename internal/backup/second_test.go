package backup_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/backup"
	"phientoa/internal/disk"
)

// note is a checkpoint in the form of checkpoints.txt; who signed it is not looked at.
func note() string {
	root := base64.StdEncoding.EncodeToString(make([]byte, sha256.Size))
	sig := base64.StdEncoding.EncodeToString(make([]byte, 4+64))
	return fmt.Sprintf("o\n1\n%s\ntime 1\nprevious -\n\n\u2014 o %s\n\n", root, sig)
}

// A hearing of two disks is in the archive as one, and a restore brings it into the
// data directory, or leaves it where it survived. Of a part that stands on both, the
// trace of a failed beginning stays out.
func TestBothDirectoriesOfEvidence(t *testing.T) {
	from := &place{t: t, dir: filepath.Join(t.TempDir(), "data")}
	fill(from)
	second := filepath.Join(t.TempDir(), "second")
	part := func(root, name string) string { return filepath.Join(root, hearing1, name) }
	first := filepath.Join(from.dir, "evidence")
	put(t, filepath.Join(part(second, "part-0002"), "log.jsonl"), evidenceLine(0, 3, true))
	put(t, filepath.Join(part(second, "part-0002"), "checkpoints.txt"), note())
	put(t, filepath.Join(part(second, "part-0002"), "media", "t001-1.webm"), "second")
	put(t, part(second, "part-0002.asice.new"), "half")
	put(t, filepath.Join(part(first, "part-0002"), "log.jsonl"), "")
	put(t, filepath.Join(part(second, "part-0001"), "media", "t009-1.webm"), "trace")
	put(t, part(first, "part-0003.elsewhere"), "")
	put(t, part(second, "part-0003.elsewhere"), "")
	// Mirrored: part 1 of the first, whole; of part 4 the first directory was dropped.
	put(t, filepath.Join(part(second, "mirror-0001"), "log.jsonl"), "the same")
	for dir, log := range map[string]string{first: "", second: evidenceLine(0, 3, true)} {
		put(t, filepath.Join(part(dir, "part-0004"), "log.jsonl"), evidenceLine(0, 3, true)+log)
		put(t, filepath.Join(part(dir, "part-0004"), "checkpoints.txt"), note())
	}
	src := from.source()
	src.Second = second
	_, err := backup.Write(t.Context(), src, &bytes.Buffer{})
	require.ErrorIs(t, err, disk.ErrAway, "a bare mount point")
	require.NoError(t, disk.Mark(second))
	archive := write(t, src)

	to := &place{t: t, dir: filepath.Join(t.TempDir(), "data")}
	_, err = backup.Restore(t.Context(), to.target(), bytes.NewReader(archive))
	require.NoError(t, err)
	require.Equal(t, []string{
		hearing1 + "/part-0001/log.jsonl", hearing1 + "/part-0001/media/t001-1.webm",
		hearing1 + "/part-0002/checkpoints.txt", hearing1 + "/part-0002/log.jsonl", hearing1 + "/part-0002/media/t001-1.webm",
		hearing1 + "/part-0003.elsewhere", hearing1 + "/part-0004/checkpoints.txt", hearing1 + "/part-0004/log.jsonl",
	}, tree(t, filepath.Join(to.dir, "evidence")))

	log, err := os.ReadFile(filepath.Join(part(filepath.Join(to.dir, "evidence"), "part-0004"), "log.jsonl"))
	require.NoError(t, err)
	require.Equal(t, evidenceLine(0, 3, true)+evidenceLine(0, 3, true), string(log), "the one that is further")

	// The second disk survived, with more than the backup has.
	put(t, filepath.Join(part(second, "part-0002"), "media", "t001-1.webm"), "second, and more")
	to = &place{t: t, dir: filepath.Join(t.TempDir(), "data")}
	target := to.target()
	target.Second = second
	_, err = backup.Restore(t.Context(), target, bytes.NewReader(archive))
	require.NoError(t, err)
	require.Equal(t, []string{hearing1 + "/part-0001/log.jsonl", hearing1 + "/part-0001/media/t001-1.webm"}, tree(t, filepath.Join(to.dir, "evidence")))
	kept, err := os.ReadFile(filepath.Join(part(second, "part-0002"), "media", "t001-1.webm"))
	require.NoError(t, err)
	require.Equal(t, "second, and more", string(kept))

	// It knows of an event that the database of the backup does not.
	put(t, filepath.Join(part(second, "part-0003"), "log.jsonl"), evidenceLine(0, 4, true))
	target.DataDir = filepath.Join(t.TempDir(), "data")
	_, err = backup.Restore(t.Context(), target, bytes.NewReader(archive))
	require.ErrorIs(t, err, backup.ErrNewer)

	// What only one of the two can be is refused before it is written.
	put(t, part(first, "part-0001.asice"), "a")
	put(t, part(second, "part-0001.asice"), "b")
	_, err = backup.Write(t.Context(), src, &bytes.Buffer{})
	require.ErrorContains(t, err, "stands in both directories")
}
