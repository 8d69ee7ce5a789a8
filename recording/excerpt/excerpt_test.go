package excerpt

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/recording"
	"phientoa/recording/archive"
)

// Ten to fifteen of a hearing of three devices, two tracks of six.
func TestAnExcerptProvesItself(t *testing.T) {
	c := newCourt(t)
	part := c.sealed(t, hearing{devices: 3, seconds: 60, lost: 33, closed: 31, opened: 34})
	whole := takeApart(t, part)
	b, err := c.make(t, part, Asked{Kind: KindExcerpt, FromT: at(25), ToT: at(40), Tracks: []string{"t002", "t005"}})
	require.NoError(t, err)

	r := verify(b, c.options())
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Len(t, r.Tracks, 2)
	for _, tr := range r.Tracks {
		file := whole.files["media/"+tr.Track+"-1.webm"]
		got := takeApart(t, b).files["media/"+tr.Track+"-1.webm"]
		init := int(r.About.Files[0].Init)
		if tr.Track == "t005" {
			init = int(r.About.Files[1].Init)
		}
		require.Equal(t, file[:init], got[:init], "the beginning of the file")
		require.True(t, bytes.Contains(file, got[init:]), "untouched bytes")
		require.Less(t, len(got), len(file)/2)
	}
	require.Equal(t, "t002", r.Tracks[0].Track)
	require.InDelta(t, at(25), r.Tracks[0].FromT, 2e6, "sound begins where it was asked for")
	require.LessOrEqual(t, r.Tracks[1].FromT, at(20.2), "pictures begin at the key picture before")
	require.NotEmpty(t, r.Gaps)
	require.Equal(t, "t005", r.Gaps[0].Track)

	text := r.Text("vi")
	require.True(t, strings.HasPrefix(text, "TOÀN VẸN"), text)
	require.Contains(t, text, "Chủ ý không đưa ra: mọi luồng ghi khác của phần này.")
	require.Contains(t, text, "mất gói trên đường truyền")
	require.Contains(t, text, "Bổ sung hồ sơ phúc thẩm")
	raw, err := json.Marshal(r)
	require.NoError(t, err)
	require.Contains(t, string(raw), `"withheld_lines"`)
	require.Equal(t, 3, verify(b, archive.Options{Now: later()}).ExitCode())
	require.True(t, Recognise(bytes.NewReader(b), int64(len(b))))
	require.False(t, Recognise(bytes.NewReader(part), int64(len(part))))
	require.NotContains(t, string(b), "said at", "what happened was not asked for")
	require.NotContains(t, string(b), `"track":"t001"`, "other tracks are hashes")
	require.NotContains(t, string(b), `"track":"t003"`)

	with, err := c.make(t, part, Asked{Kind: KindExcerpt, FromT: at(25), ToT: at(40), Tracks: []string{"t002"}, Events: true})
	require.NoError(t, err)
	r = verify(with, c.options())
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Equal(t, 5, r.Events)
	require.NotContains(t, string(with), `\"said at 24\"`)
}

// Of H.264 an excerpt begins with the beginning of the file, the decoder's record in it,
// and with a key picture; a redacted copy lacks what was cut and nothing else.
func TestPicturesOfH264AreCutAsOthers(t *testing.T) {
	c := newCourt(t)
	part := c.sealed(t, hearing{devices: 2, seconds: 60, h264: true})
	whole := takeApart(t, part)
	const name = "media/t003-1.webm"
	require.Contains(t, string(whole.files[name][:400]), "V_MPEG4/ISO/AVC")
	b, err := c.make(t, part, Asked{Kind: KindExcerpt, FromT: at(25), ToT: at(40), Tracks: []string{"t003"}})
	require.NoError(t, err)
	r := verify(b, c.options())
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Equal(t, "h264", r.Tracks[0].Codec)
	require.LessOrEqual(t, r.Tracks[0].FromT, at(20.2))
	got, init := takeApart(t, b).files[name], int(r.About.Files[0].Init)
	require.True(t, recording.IsInit(got[:init], "h264", 0))
	require.Equal(t, whole.files[name][:init], got[:init])
	require.True(t, bytes.Contains(whole.files[name], got[init:]))
	require.Less(t, len(got), len(whole.files[name])/2)

	b, err = c.make(t, part, Asked{Kind: KindRedacted, Cuts: []Cut{{FromT: at(20), ToT: at(31), Reason: "Xét xử kín", Tracks: []string{"t003"}}}})
	require.NoError(t, err)
	r = verify(b, c.options())
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	for _, tr := range r.Tracks {
		require.Equal(t, tr.Track == "t003", tr.CutBytes > 0, tr.Track)
		require.Equal(t, int64(len(whole.files["media/"+tr.Track+"-1.webm"])), tr.Bytes+tr.CutBytes)
	}
}

func TestWhatCannotBeMade(t *testing.T) {
	c := newCourt(t)
	part := c.sealed(t, hearing{devices: 1, seconds: 12})
	for what, a := range map[string]Asked{
		"an end before its beginning": {Kind: KindExcerpt, FromT: at(5), ToT: at(4), Tracks: []string{"t001"}},
		"no track":                    {Kind: KindExcerpt, FromT: at(5), ToT: at(6)},
		"a name that is none":         {Kind: KindExcerpt, FromT: at(5), ToT: at(6), Tracks: []string{"../x"}},
		"no cut":                      {Kind: KindRedacted},
		"another kind":                {Kind: "all"},
		"a reason of many lines":      {Kind: KindRedacted, Cuts: []Cut{{FromT: at(1), ToT: at(2)}}, Reason: "a\nb", By: "x"},
	} {
		_, err := c.make(t, part, a)
		require.ErrorIs(t, err, ErrAsked, what)
	}
	_, err := c.make(t, part, Asked{Kind: KindExcerpt, FromT: at(500), ToT: at(600), Tracks: []string{"t001"}})
	require.ErrorIs(t, err, ErrEmpty)
	_, err = c.make(t, part, Asked{Kind: KindExcerpt, FromT: at(1), ToT: at(6), Tracks: []string{"t009"}})
	require.ErrorIs(t, err, ErrEmpty)

	f := takeApart(t, part)
	f.files["media/t001-1.webm"][400] ^= 1
	_, err = c.make(t, f.pack(nil), Asked{Kind: KindExcerpt, FromT: at(0), ToT: at(6), Tracks: []string{"t001"}})
	require.ErrorIs(t, err, ErrDamaged)
	f = takeApart(t, part)
	f.files["log.jsonl"][len(f.files["log.jsonl"])/2] ^= 1
	_, err = c.make(t, f.pack(nil), Asked{Kind: KindExcerpt, FromT: at(0), ToT: at(6), Tracks: []string{"t001"}})
	require.ErrorIs(t, err, ErrDamaged)
}

// A redacted copy holds everything but the closed part, and says what is not there.
func TestARedactedCopyProvesThatNothingElseChanged(t *testing.T) {
	c := newCourt(t)
	part := c.sealed(t, hearing{devices: 2, seconds: 60, lost: 50})
	whole := takeApart(t, part)
	b, err := c.make(t, part, Asked{Kind: KindRedacted, Cuts: []Cut{
		{FromT: at(20), ToT: at(31), Reason: "Xét xử kín"}, {FromT: at(40), ToT: at(42), Tracks: []string{"t003"}},
	}})
	require.NoError(t, err)
	r := verify(b, c.options())
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Len(t, r.Tracks, 4)
	require.Len(t, r.Cuts, 2)
	require.Equal(t, r.Cuts[1].Segments, r.Tracks[2].CutSegments-r.Tracks[0].CutSegments)
	copied := takeApart(t, b)
	for _, tr := range r.Tracks {
		name := "media/" + tr.Track + "-1.webm"
		require.Equal(t, int64(len(whole.files[name])), tr.Bytes+tr.CutBytes, "nothing else is missing")
		require.Equal(t, int(tr.Bytes), len(copied.files[name]))
		require.Positive(t, tr.CutBytes)
	}
	for _, said := range []string{"said at 21", "said at 30"} {
		require.Contains(t, string(part), said)
		require.NotContains(t, string(b), said)
	}
	for _, said := range []string{"said at 18", "said at 39"} {
		require.Contains(t, string(b), said)
	}
	require.Contains(t, r.Text("vi"), "Xét xử kín")
	require.Contains(t, r.Text("vi"), "BẢN SAO ĐÃ CHE")
	require.NotEmpty(t, r.Gaps)

	// The node's own key cannot leave out more than the cuts say.
	lines := bytes.SplitAfter(copied.files[linesName], []byte("\n"))
	copied.files[linesName] = bytes.Join(append(lines[:len(lines)/8:len(lines)/8], lines[len(lines)/8+1:]...), nil)
	r = verify(copied.pack(c.sealer), c.options())
	require.Equal(t, 1, r.ExitCode())
}
