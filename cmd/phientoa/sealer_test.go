package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/signaling"
)

type deafRoom struct{}

func (deafRoom) Recording(bool, string)            {}
func (deafRoom) Checkpoint(uint64, string, []byte) {}

// The whole path: a node records, ends the part, its signer seals it, and
// phientoa verify judges the file offline.
func TestAPartThatEndsIsSealedAndVerifies(t *testing.T) {
	s := startServe(t, nil)
	r := &recorder{dir: s.evidenceDir(), node: s.p.Node, signer: s.signer, logger: s.logger, ended: s.sealer.Add}
	ev, err := r.Open(context.Background(), signaling.EvidenceParams{Hearing: "0192-h", Epoch: 1, Notify: deafRoom{}})
	require.NoError(t, err)
	require.NoError(t, ev.Event(context.Background(), 1, []byte(`{"seq":1}`), true, true))
	require.NoError(t, ev.Close(context.Background()))
	file := filepath.Join(s.p.DataDir, "evidence", "0192-h", "part-0001.asice")
	require.Eventually(t, func() bool {
		_, err := os.Stat(file)
		return err == nil && s.sealer.Waiting() == 0
	}, 20*time.Second, 5*time.Millisecond, s.log.String())
	require.Contains(t, s.log.String(), "part sealed")

	var out, errs bytes.Buffer
	call := func(args ...string) int {
		out.Reset()
		errs.Reset()
		return run(t.Context(), append([]string{"verify"}, args...), streams{&out, &errs, nil})
	}
	ca := filepath.Join(s.p.DataDir, "pki", "ca.pem")
	require.Equal(t, 0, call(file, "--root", ca), out.String()+errs.String())
	require.Contains(t, out.String(), "TOÀN VẸN")
	require.Contains(t, out.String(), "dấu thời gian nội bộ, không độc lập")
	require.Equal(t, 3, call(file, "--lang", "en"))
	require.Contains(t, out.String(), "signer is not identified")
	require.Equal(t, 0, call(file, "--root", ca, "--json"))
	var report struct {
		Container struct {
			Seal struct{ Level string } `json:"seal"`
		} `json:"container"`
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &report))
	require.Equal(t, "T", report.Container.Seal.Level)
	require.Equal(t, 0, call(filepath.Dir(file), "--root", ca), "the directory still verifies: %s", out.String())
	require.Equal(t, 2, call(ca))
	require.Equal(t, 2, call(file+".none"))
	require.Equal(t, 2, call(file, "--root", file))

	b, err := os.ReadFile(file)
	require.NoError(t, err)
	b[len(b)/2] ^= 1
	changed := filepath.Join(t.TempDir(), "changed.asice")
	require.NoError(t, os.WriteFile(changed, b, 0o600))
	require.Equal(t, 1, call(changed, "--root", ca))
	require.Contains(t, out.String(), "CÓ SAI LỆCH")
}
