package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/config"
	"phientoa/internal/disk"
	"phientoa/signaling"
)

// Both directories have a mirrored part, one of the copies is sealed, and
// verify judges both directories together.
func TestANodeWithAMirror(t *testing.T) {
	second := t.TempDir()
	require.NoError(t, disk.Mark(second))
	s := startServe(t, func(c *config.Config) { c.EvidenceSecond, c.EvidenceMirror = second, true })
	r := &recorder{
		dir: s.evidenceDir(), second: s.p.EvidenceSecond, mirror: s.p.EvidenceMirror, node: s.p.Node,
		signer: s.signer, register: s.register, logger: s.logger, ended: s.sealer.Add,
	}
	ev, err := r.Open(context.Background(), signaling.EvidenceParams{Hearing: "0192-h", Epoch: 1, Notify: deafRoom{}})
	require.NoError(t, err)
	require.NoError(t, ev.Event(context.Background(), 1, []byte(`{"seq":1}`), true, true))
	require.NoError(t, ev.Close(context.Background()))
	dir := filepath.Join(s.evidenceDir(), "0192-h")
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(dir, "part-0001.asice"))
		return err == nil && s.sealer.Waiting() == 0
	}, 20*time.Second, 5*time.Millisecond, s.log.String())
	mirror := filepath.Join(second, "0192-h", "mirror-0001")
	for _, name := range []string{"log.jsonl", "checkpoints.txt"} {
		one, err := os.ReadFile(filepath.Join(dir, "part-0001", name))
		require.NoError(t, err)
		two, err := os.ReadFile(filepath.Join(mirror, name))
		require.NoError(t, err)
		require.Equal(t, string(one), string(two))
	}
	ca := filepath.Join(s.p.DataDir, "pki", "ca.pem")
	require.Equal(t, 0, run(context.Background(), []string{"verify", dir, filepath.Dir(mirror), "--root", ca}, streams{s.log, s.log, nil}))
	require.NoFileExists(t, mirror+".asice")
}
