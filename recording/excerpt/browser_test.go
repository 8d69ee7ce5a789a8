package excerpt

import (
	"bytes"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFilesForABrowser leaves an excerpt and a redacted copy, whole and with a bit
// flipped, and their root in a directory for web/e2e/verify.spec.ts, which starts it.
func TestFilesForABrowser(t *testing.T) {
	dir := os.Getenv("PHIENTOA_VERIFY_FILES")
	if dir == "" {
		t.Skip("started by web/e2e/verify.spec.ts")
	}
	c := newCourt(t)
	part := c.sealed(t, hearing{devices: 2, seconds: 12})
	keep := func(name string, b []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	for name, a := range map[string]Asked{
		KindExcerpt:  {Kind: KindExcerpt, FromT: at(2), ToT: at(8), Tracks: []string{"t001", "t002"}, Events: true},
		KindRedacted: {Kind: KindRedacted, Cuts: []Cut{{FromT: at(2), ToT: at(5)}}},
	} {
		b, err := c.make(t, part, a)
		require.NoError(t, err)
		keep(name+".asice", b)
		for at, what := range map[int]string{40: "head", len(b) / 2: "middle", len(b) - 30: "tail"} {
			flipped := bytes.Clone(b)
			flipped[at] ^= 1
			keep(name+"-"+what+".asice", flipped)
		}
	}
	keep("excerpt-root.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.id.CA.Raw}))
	keep("excerpt-receipt.txt", takeApart(t, part).files["checkpoints.txt"])
}
