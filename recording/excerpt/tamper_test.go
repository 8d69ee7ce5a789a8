package excerpt

import (
	"bytes"
	crand "crypto/rand"
	"crypto/x509"
	"encoding/json"
	"math/rand"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/asic"
	"phientoa/internal/ledger"
	"phientoa/recording/archive"
)

// Any stretch of any tracks of a part, and any cuts, with the crash, the switched-off
// microphone and the loss in it: what is made is whole, holds exactly the stretches that
// the log has of it, and no line or byte of another.
func TestWhateverIsAskedForIsWholeAndNoMore(t *testing.T) {
	c := newCourt(t)
	for _, old := range []bool{false, true} {
		whateverIsAskedFor(t, c, c.sealed(t, hearing{devices: 2, seconds: 50, lost: 22, closed: 12, opened: 16, restart: 30, old: old}), !old)
		c = newCourt(t)
	}
}

func whateverIsAskedFor(t *testing.T, c *court, part []byte, complete bool) {
	z, err := asic.Open(bytes.NewReader(part), int64(len(part)))
	require.NoError(t, err)
	var segs []row
	last := map[string]int64{}
	require.NoError(t, ledger.Lines(z.FS(isLog), func(l ledger.Line) (bool, error) {
		r, err := rowOf(l, func(track string) int64 { return last[track] })
		if r.media() {
			segs = append(segs, r)
			last[r.Track] = r.ToT
		}
		return true, err
	}))
	files := takeApart(t, part).files
	rapid.Check(t, func(rt *rapid.T) {
		tracks := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"t001", "t002", "t003", "t004"}), 1, 4, rapid.ID).Draw(rt, "tracks")
		from := rapid.Float64Range(-5, 55).Draw(rt, "from")
		length := rapid.Float64Range(0.01, 50).Draw(rt, "length")
		a := Asked{Kind: KindExcerpt, FromT: at(from), ToT: at(from + length), Tracks: tracks, Events: rapid.Bool().Draw(rt, "events")}
		if rapid.Bool().Draw(rt, "redacted") {
			a = Asked{Kind: KindRedacted, Cuts: []Cut{{FromT: at(from), ToT: at(from + length)}}}
			if rapid.Bool().Draw(rt, "some tracks") {
				a.Cuts[0].Tracks = tracks
			}
		}
		b, err := c.make(t, part, a)
		if a.Kind == KindExcerpt && err != nil {
			require.ErrorIs(rt, err, ErrEmpty)
			return
		}
		require.NoError(rt, err)
		r := verify(b, c.options())
		require.Equal(rt, 0, r.ExitCode(), r.Text("en"))
		require.Equal(rt, complete, r.Complete)
		got := takeApart(t, b)
		want := map[string][]byte{}
		for _, s := range segs {
			if wanted(r.About, s) {
				want[s.File] = append(want[s.File], files[s.File][s.Offset:s.Offset+s.Length]...)
			}
		}
		require.Len(rt, want, len(r.About.Files))
		for _, f := range r.About.Files {
			require.Equal(rt, files[f.Name][:f.Init], got.files[f.Name][:f.Init])
			require.Equal(rt, want[f.Name], got.files[f.Name][f.Init:])
		}
	})
}

// wanted says by the page, and not by the code under test, whether a stretch is shown.
func wanted(a *About, s row) bool {
	if a.Kind == KindRedacted {
		c := a.Cuts[0]
		return s.ToT < c.FromT || s.FromT > c.ToT || (len(c.Tracks) > 0 && !slices.Contains(c.Tracks, s.Track))
	}
	for _, t := range a.Tracks {
		if t.Track == s.Track {
			return s.FromT <= a.ToT && (s.ToT > t.FromT || s.FromT >= t.FromT)
		}
	}
	return false
}

// Any bit of the file: 200 at random, in `make long` 10,000.
func TestNoBitChangesUnseen(t *testing.T) {
	c, before := newCourt(t), newCourt(t)
	part, old := c.sealed(t, hearing{devices: 2, seconds: 8}), before.sealed(t, hearing{devices: 2, seconds: 8, old: true})
	excerpt := Asked{Kind: KindExcerpt, FromT: at(2), ToT: at(5), Tracks: []string{"t001", "t004"}, Events: true}
	for _, x := range []struct {
		c    *court
		part []byte
		a    Asked
	}{
		{c, part, excerpt},
		{c, part, Asked{Kind: KindRedacted, Cuts: []Cut{{FromT: at(2), ToT: at(5)}}}},
		{before, old, excerpt},
	} {
		c, a := x.c, x.a
		clean, err := c.make(t, x.part, a)
		require.NoError(t, err)
		require.Equal(t, 0, verify(clean, c.options()).ExitCode())
		try := func(i int, bit byte) {
			clean[i] ^= bit
			r := verify(clean, c.options())
			require.Contains(t, []int{1, 2}, r.ExitCode(), "byte %d of %d, bit %d", i, len(clean), bit)
			if r.ExitCode() == 1 {
				d := r.Damages[0]
				require.True(t, d.Entry != "" || d.Offset >= 0, "%+v", d)
			}
			clean[i] ^= bit
		}
		flips := 200
		if os.Getenv("RAPID_CHECKS") != "" {
			flips = 10_000
		}
		random := rand.New(rand.NewSource(int64(len(a.Tracks))))
		for range flips {
			try(random.Intn(len(clean)), 1<<random.Intn(8))
		}
	}
}

// The place of a change: the file, the line, the track and its time.
func TestDamageIsNamedWithItsPlace(t *testing.T) {
	c := newCourt(t)
	part := c.sealed(t, hearing{devices: 2, seconds: 30, lost: 12})
	b, err := c.make(t, part, Asked{Kind: KindExcerpt, FromT: at(10), ToT: at(20), Tracks: []string{"t002", "t003"}})
	require.NoError(t, err)
	f := takeApart(t, b)
	f.files["media/t002-1.webm"][600] ^= 1
	r := verify(f.pack(nil), c.options())
	require.Equal(t, 1, r.ExitCode())
	require.Equal(t, archive.DamageDigest, r.Damages[0].Code)
	require.Equal(t, DamageMedia, r.Damages[1].Code)
	require.Equal(t, "t002", r.Damages[1].Track)
	require.InDelta(t, at(10), r.Damages[1].FromT, 4e6)
	require.Contains(t, r.Text("vi"), "âm thanh, hình ảnh bị sửa")

	// With the node's key: everything that the sealed part's own seal holds still stands.
	resealed(t, c, b, func(what string, forged []byte) {
		r := verify(forged, c.options())
		require.Equal(t, 1, r.ExitCode(), what)
		require.NotEqual(t, archive.DamageDigest, r.Damages[0].Code, what)
	})
	other := newCourt(t)
	f = takeApart(t, b)
	r = verify(f.pack(other.sealer), c.options())
	require.Equal(t, 3, r.ExitCode(), "sealed by a stranger")
	// Whose authority is trusted for itself and did not seal the part: its words are not
	// the court's.
	o := c.options()
	o.Roots.AddCert(other.id.CA)
	der, err := other.id.List(later(), crand.Reader)
	require.NoError(t, err)
	list, err := x509.ParseRevocationList(der)
	require.NoError(t, err)
	o.Lists = append(o.Lists, list)
	require.Equal(t, 0, verify(b, o).ExitCode())
	r = verify(f.pack(other.sealer), o)
	require.True(t, r.Container.Vouched(), r.Text("en"))
	require.Equal(t, 3, r.ExitCode(), r.Text("en"))
	require.Contains(t, r.Text("en"), "MADE UNDER ANOTHER KEY")
	require.Contains(t, r.Text("vi"), "LẬP BẰNG KHÓA KHÁC")
	for what, change := range map[string]func(a *About){
		"another end":   func(a *About) { a.ToT -= 5e6 },
		"another track": func(a *About) { a.Tracks[1].Track = "t004" },
		"cuts":          func(a *About) { a.Cuts = []Cut{{FromT: 1, ToT: 2, Tracks: []string{}}} },
		"redacted":      func(a *About) { a.Kind = KindRedacted },
		"fewer lines":   func(a *About) { a.Lines-- },
		"another log":   func(a *About) { a.Origin += "1" },
		"a file less":   func(a *About) { a.Files = a.Files[1:] },
		"a header":      func(a *About) { a.Files[0].Init-- },
	} {
		f := takeApart(t, b)
		var a About
		require.NoError(t, json.Unmarshal(f.files[aboutName], &a))
		change(&a)
		f.files[aboutName], err = a.render()
		require.NoError(t, err)
		r := verify(f.pack(c.sealer), c.options())
		require.Equal(t, 1, r.ExitCode(), what)
	}
}

// Checkpoints that somebody kept: the last one is compared, others are said not to be.
func TestCheckpointsKeptElsewhere(t *testing.T) {
	c := newCourt(t)
	part := c.sealed(t, hearing{devices: 1, seconds: 12})
	b, err := c.make(t, part, Asked{Kind: KindExcerpt, FromT: at(1), ToT: at(5), Tracks: []string{"t001"}})
	require.NoError(t, err)
	kept, err := ledger.Notes(takeApart(t, part).files[ledger.CheckpointsName])
	require.NoError(t, err)
	o := c.options()
	o.Held = kept[len(kept)-1:]
	require.Equal(t, 0, verify(b, o).ExitCode())
	o.Held = kept[:1]
	r := verify(b, o)
	require.Equal(t, 3, r.ExitCode())
	require.Equal(t, 1, r.Unheld)
	require.Contains(t, r.Text("vi"), "không so được")
	other, err := ledger.Notes(takeApart(t, newCourt(t).sealed(t, hearing{devices: 1, seconds: 12})).files[ledger.CheckpointsName])
	require.NoError(t, err)
	o.Held = other[len(other)-1:]
	r = verify(b, o)
	require.Equal(t, 1, r.ExitCode())
	require.Equal(t, DamageHeld, r.Damages[0].Code)
	// A node that writes its log anew cannot make another part of it.
	require.True(t, strings.Contains(r.Text("en"), "held elsewhere"))
}
