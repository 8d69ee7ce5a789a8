package excerpt

import (
	"bytes"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"phientoa/internal/ledger"
	"phientoa/recording/archive"
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

// Lines and proof of any bytes are walked without a panic, and are lines of no log but the
// one whose root they give.
func FuzzLines(f *testing.F) {
	line := ledger.LeafHash([]byte("x"))
	f.Add([]byte("{}\n"), line[:], uint64(2), true)
	f.Add([]byte(`{"i":0,"t":1,"mono_ns":1,"k":"genesis","salt":"00000000000000000000000000000000","prev":"0000000000000000000000000000000000000000000000000000000000000000"}`+"\n"), line[:], uint64(2), false)
	f.Add([]byte(`{"i":0,"t":1,"mono_ns":1,"k":"seg","track":"t001","file":"media/t001-1.webm","offset":0,"length":9223372036854775807,"sha256":"x","salt":"00000000000000000000000000000000","prev":"0000000000000000000000000000000000000000000000000000000000000000"}`+"\n"), line[:], uint64(1)<<40, true)
	f.Fuzz(func(t *testing.T, lines, proof []byte, size uint64, redacted bool) {
		v := verifier{
			ctx: t.Context(), tracks: map[string]*Track{}, media: map[string]*fileAt{}, log: archive.About{Lines: max(1, size), EndedT: 9},
			files: fstest.MapFS{linesName: {Data: lines}, proofName: {Data: proof}},
			about: About{Kind: KindExcerpt, FromT: 1, ToT: 5, Tracks: []Start{{"t001", 1}}},
		}
		if redacted {
			v.about = About{Kind: KindRedacted, Cuts: []Cut{{FromT: 1, ToT: 5}}}
		}
		v.media["media/t001-1.webm"] = &fileAt{at: bytes.NewReader([]byte("media")), size: 5}
		v.r.Source = &Source{}
		require.NoError(t, v.lines())
		require.NotEmpty(t, v.r.Damages, "nothing has a root of zeros")
	})
}
