package excerpt

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// A file of any bytes is judged without a panic, and one of this package is whole only
// when it is the one that was made.
func FuzzVerify(f *testing.F) {
	f.Add([]byte("{}"), []byte("x"), []byte("y"), uint16(0))
	f.Fuzz(func(t *testing.T, about, lines, proof []byte, at uint16) {
		fz := &forger{t: t, files: map[string][]byte{aboutName: about, linesName: lines, proofName: proof}, names: []string{aboutName, linesName, proofName}}
		b := fz.pack(nil)
		if int(at) < len(b) {
			b[at] ^= byte(len(about))
		}
		r := verify(b, courtless())
		require.NotEqual(t, 0, r.ExitCode())
		_ = r.Text("vi")
		_ = Recognise(bytes.NewReader(b), int64(len(b)))
	})
}

// Whatever is read as excerpt.json is written as the same bytes, and names nothing outside.
func FuzzAbout(f *testing.F) {
	good, err := About{
		Format: 1, Kind: KindRedacted, Origin: "phientoa/n/hearing/h/part/0001", SHA256: string(bytes.Repeat([]byte("a"), 64)),
		Manifest: string(bytes.Repeat([]byte("b"), 64)), Cuts: []Cut{{FromT: 1, ToT: 2, Tracks: []string{"t001"}}}, Reason: "vì", By: "ai", Files: []File{{Name: "media/t001-1.webm"}},
	}.render()
	require.NoError(f, err)
	f.Add(good)
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := parseAbout(b)
		if err != nil {
			return
		}
		again, err := a.render()
		require.NoError(t, err)
		require.Equal(t, b, again)
		require.NoError(t, a.check())
	})
}
