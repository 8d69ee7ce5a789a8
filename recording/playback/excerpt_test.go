package playback

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/asic"
	"phientoa/internal/pki"
	"phientoa/internal/signer"
	"phientoa/recording/archive"
	"phientoa/recording/excerpt"
)

// An excerpt of real pictures and sound plays as it comes out of the file, from its first
// key picture to its end without one fault of decoding.
func TestAnExcerptPlays(t *testing.T) {
	part, err := os.ReadFile(example(t))
	require.NoError(t, err)
	id, err := pki.Open(pki.Params{Dir: filepath.Join(t.TempDir(), "pki"), Node: "node-2", Now: capturedAt, Rand: rand.Reader})
	require.NoError(t, err)
	s, err := signer.NewSealer(signer.SealerParams{
		Key: id.Key, Certificate: id.Certificate, TSAKey: id.TSAKey, TSACertificate: id.TSACertificate, Now: capturedAt, Rand: rand.Reader, Rate: 1e6, Burst: 1e6,
	})
	require.NoError(t, err)
	out := filepath.Join(t.TempDir(), "x"+archive.Ext)
	at := func(second int) int64 { return capturedAt().Add(time.Duration(second) * time.Second).UnixMicro() }
	_, err = excerpt.Build(context.Background(), excerpt.Params{
		Container: bytes.NewReader(part), Size: int64(len(part)), SHA256: sha256.Sum256(part), Out: out, Signer: s, Now: capturedAt,
		Asked: excerpt.Asked{Kind: excerpt.KindExcerpt, FromT: at(31), ToT: at(41), Tracks: []string{"t001", "t002"}, Reason: "vì", By: "ai"},
	})
	require.NoError(t, err)
	raw, err := os.ReadFile(out)
	require.NoError(t, err)
	c, err := asic.Open(bytes.NewReader(raw), int64(len(raw)))
	require.NoError(t, err)
	for name, least := range map[string]int{"media/t001-1.webm": 10 * fps, "media/t002-1.webm": 10 * 50} {
		e, ok := c.Entry(name)
		require.True(t, ok, name)
		b, err := c.ReadFile(name, e.Size)
		require.NoError(t, err)
		file := filepath.Join(t.TempDir(), "x.webm")
		require.NoError(t, os.WriteFile(file, b, 0o600))
		text, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", file).CombinedOutput()
		require.NoError(t, err, string(text))
		var frames int
		_, err = fmt.Sscan(strings.TrimSpace(string(text)), &frames) // and no word of a fault before it
		require.NoError(t, err, string(text))
		require.GreaterOrEqual(t, frames, least, name)
		require.Less(t, frames, least*14/10, name)
	}
}
