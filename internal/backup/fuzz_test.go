package backup_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/backup"
)

// No archive panics, writes outside of its target, or leaves something in it
// when it is refused.
func FuzzRestore(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"))
	f.Fuzz(func(t *testing.T, archive []byte) {
		outer := t.TempDir()
		dir := filepath.Join(outer, "data")
		_, err := backup.Restore(t.Context(), backup.Target{DataDir: dir}, bytes.NewReader(archive))
		entries, rerr := os.ReadDir(outer)
		require.NoError(t, rerr)
		require.Len(t, entries, 1)
		if err != nil {
			require.Equal(t, []string{"lock"}, tree(t, dir))
		}
	})
}
