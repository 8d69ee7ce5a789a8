package excerpt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/ledger"
)

func TestFormat1IsRefusedWhereStrandsAre(t *testing.T) {
	c := newCourt(t)
	part := c.sealed(t, hearing{devices: 2, seconds: 40, lost: 22, closed: 12, opened: 16, restart: 30})
	a := Asked{Kind: KindExcerpt, FromT: at(19), ToT: at(34), Tracks: []string{"t002", "t003"}, Reason: "x", By: "y"}
	b := builder{ctx: context.Background(), p: Params{
		Container: bytes.NewReader(part), Size: int64(len(part)), SHA256: sha256.Sum256(part), Asked: a, Signer: c.sealer, Now: later,
	}}
	require.NoError(t, b.open())
	require.NoError(t, b.starts())
	b.about.Format, b.about.Ranges = 1, nil
	b.media = map[string][]piece{}
	_, err := b.choose()
	require.NoError(t, err)
	b.about.Format, b.about.Ranges = 1, nil
	drop := bytes.SplitAfter(takeApart(t, part).files[ledger.LogName], []byte("\n"))
	for i, raw := range drop {
		if bytes.Contains(raw, []byte(`"k":"gap"`)) {
			b.shown = slices.DeleteFunc(b.shown, func(s uint64) bool { return s == uint64(i) })
		}
	}
	// as format 1: own lines shown, tree proof of all
	keep := b.shown[:0]
	for _, s := range b.shown {
		l, err := ledger.ParseLine(bytes.TrimSuffix(drop[s], []byte("\n")))
		require.NoError(t, err)
		r, err := rowOf(l, func(string) int64 { return 0 })
		require.NoError(t, err)
		if b.about.shows(r) {
			keep = append(keep, s)
		}
	}
	b.shown = keep
	for i, raw := range drop {
		if bytes.Contains(raw, []byte(`"k":"key"`)) && !slices.Contains(b.shown, uint64(i)) {
			b.shown = append(b.shown, uint64(i))
		}
	}
	slices.Sort(b.shown)
	proofs, err := ledger.BuildProofs(b.c.FS(isLog), b.log.Lines)
	require.NoError(t, err)
	b.proof, err = proofs.Several(b.log.Lines, b.shown)
	require.NoError(t, err)
	b.sum()
	f, err := os.Create(filepath.Join(t.TempDir(), "copy"))
	require.NoError(t, err)
	_, err = b.write(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	raw, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	r := verify(raw, c.options())
	require.Equal(t, 1, r.ExitCode())
	require.Equal(t, DamageHole, r.Damages[0].Code)
	require.False(t, r.Complete)
	require.Contains(t, r.Text("vi"), wordsOf("vi").notAll)
	dir := t.TempDir()
	py, fl := filepath.Join(dir, "p.py"), filepath.Join(dir, "x.asice")
	for what, code := range map[string]string{"script in the file": script, "page": block(t, "python")} {
		require.NoError(t, os.WriteFile(py, []byte(code), 0o600))
		require.NoError(t, os.WriteFile(fl, raw, 0o600))
		out, err := exec.Command("python3", py, fl, c.rootPEM(t)).CombinedOutput()
		require.Error(t, err, what)
		require.Contains(t, string(out), "of format 1", what)
	}
}
