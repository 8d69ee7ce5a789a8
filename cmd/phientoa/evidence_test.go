package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/disk"
)

// The operator marks a disk, and says of a part that it is lost: both once, and the
// audit tells the words.
func TestTheOperatorMarksADiskAndGivesAPartUp(t *testing.T) {
	call := func(args ...string) (int, string) {
		var out, errs bytes.Buffer
		code := run(t.Context(), args, streams{&out, &errs, nil})
		return code, out.String() + errs.String()
	}
	second := t.TempDir()
	code, said := call("evidence", "init", second)
	require.Zero(t, code, said)
	require.NoError(t, disk.Marked(second))
	code, said = call("evidence", "init", second)
	require.Zero(t, code)
	require.Contains(t, said, "already")
	code, _ = call("evidence", "init", filepath.Join(second, "gone"))
	require.NotZero(t, code)

	s := startServe(t, nil)
	dir := filepath.Dir(s.seal())
	require.Eventually(t, func() bool { _, a := audit(t, s.p.DataDir); return a.Sealed == 1 }, 20*time.Second, 5*time.Millisecond)
	require.NoError(t, s.stop())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "part-0002.elsewhere"), nil, 0o600))
	code, said = call("evidence", "lost", dir, "1", "--reason", "Ổ đĩa hỏng")
	require.NotZero(t, code, said)
	code, said = call("evidence", "lost", dir, "2", "--reason", "Ổ đĩa hỏng")
	require.Zero(t, code, said)
	_, said = call("audit", s.p.DataDir, "--lang", "en")
	require.Contains(t, said, "/part-0002: lost (declared lost by")
	require.Contains(t, said, "Ổ đĩa hỏng")
}
