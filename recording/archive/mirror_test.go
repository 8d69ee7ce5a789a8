package archive

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/ledger"
	"phientoa/recording"
)

// Of a mirrored part the side that was dropped is never sealed, even where an end line
// reached it: it loses the name of a part. The one that counts is.
func TestADroppedSideOfAMirrorIsNotSealed(t *testing.T) {
	c := newCourt(t)
	part := c.record(t, 40)
	second := t.TempDir()
	counts := filepath.Join(second, filepath.Base(filepath.Dir(part)), filepath.Base(part))
	require.NoError(t, os.CopyFS(counts, os.DirFS(part)))
	cp, err := ledger.LastCheckpoint(os.DirFS(part))
	require.NoError(t, err)
	notes := filepath.Join(part, ledger.CheckpointsName)
	b, err := os.ReadFile(notes)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(notes, b[:len(b)-len(cp.Note)-1], 0o600)) // its sync failed

	j := NewJob(JobParams{Dir: c.dir, Second: second, Signer: c.sealer, SignEnd: never})
	for _, dir := range []string{part, counts} {
		j.Add(dir)
		j.one(context.Background(), dir)
	}
	require.Empty(t, j.Failing())
	require.Zero(t, j.Waiting()+j.Unended())
	require.NoDirExists(t, part)
	require.NoFileExists(t, part+Ext)
	require.DirExists(t, filepath.Join(filepath.Dir(part), recording.MirrorDir(1)))
	require.Equal(t, 0, VerifyFile(context.Background(), counts+Ext, c.options()).ExitCode())
}
