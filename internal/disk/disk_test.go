package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A bare directory is no disk, nor is one that is gone; a mark is made once.
func TestABareDirectoryIsNoDisk(t *testing.T) {
	dir := t.TempDir()
	require.ErrorIs(t, Marked(dir), ErrAway)
	require.ErrorIs(t, Marked(filepath.Join(dir, "gone")), ErrAway)
	require.Error(t, Mark(filepath.Join(dir, "gone")), "the directory is not made: its disk may not be mounted")
	require.NoError(t, Mark(dir))
	require.NoError(t, Marked(dir))
	require.ErrorIs(t, Mark(dir), fs.ErrExist)
	other := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(other, MarkName), 0o700))
	require.ErrorIs(t, Marked(other), ErrAway)
}
