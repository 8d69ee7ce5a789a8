package excerpt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/ledger"
)

// lie makes an excerpt as somebody would who has the node's key and this program: of the
// ranges he likes, with the hashes, the description and the seal for them. None where
// no such file can be made.
func lie(t *testing.T, c *court, part []byte, a Asked, ranges func(p planned, honest []Range) []Range) []byte {
	t.Helper()
	a.Reason, a.By = "x", "y"
	b := builder{ctx: context.Background(), p: Params{
		Container: bytes.NewReader(part), Size: int64(len(part)), SHA256: sha256.Sum256(part), Asked: a, Signer: c.sealer, Now: later,
	}}
	require.NoError(t, b.open())
	require.NoError(t, b.starts())
	p, err := b.survey()
	require.NoError(t, err)
	var honest []Range
	for of, entries := range p.entries {
		honest = append(honest, b.about.rangesOf(of, entries)...)
	}
	slices.SortStableFunc(honest, func(x, y Range) int { return bytes.Compare([]byte(x.Of), []byte(y.Of)) })
	if err := b.show(p, ranges(p, honest)); err != nil {
		return nil
	}
	b.sum()
	f, err := os.Create(filepath.Join(t.TempDir(), "lie"))
	require.NoError(t, err)
	_, err = b.write(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	out, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	return out
}

// gapsOf are the lines about gaps of these tracks in that time, as the page says it.
func gapsOf(t *testing.T, part []byte, a Asked) (lines [][]byte) {
	for raw := range bytes.Lines(takeApart(t, part).files[ledger.LogName]) {
		l, err := ledger.ParseLine(bytes.TrimSuffix(raw, []byte("\n")))
		require.NoError(t, err)
		r, err := rowOf(l, func(string) int64 { return 0 })
		require.NoError(t, err)
		if l.Kind == ledger.KindGap && slices.Contains(a.Tracks, r.Track) && r.ToT > a.FromT && r.FromT <= a.ToT {
			lines = append(lines, raw)
		}
	}
	return lines
}

// Whoever makes an excerpt, with the node's key and whatever ranges he claims: one that is
// called whole shows every gap of its tracks and time.
func TestNoGapIsLeftOutOfAnExcerpt(t *testing.T) {
	c := newCourt(t)
	part := c.sealed(t, hearing{devices: 2, seconds: 40, lost: 22, closed: 12, opened: 16, restart: 30})
	a := Asked{Kind: KindExcerpt, FromT: at(19), ToT: at(34), Tracks: []string{"t002", "t003"}}
	gaps := gapsOf(t, part, a)
	require.GreaterOrEqual(t, len(gaps), 3)
	whole := func(b []byte) bool {
		return b != nil && verify(b, c.options()).ExitCode() == 0
	}
	complete := func(b []byte) bool {
		return !slices.ContainsFunc(gaps, func(g []byte) bool { return !bytes.Contains(takeApart(t, b).files[linesName], g) })
	}
	honest := lie(t, c, part, a, func(_ planned, r []Range) []Range { return r })
	require.True(t, whole(honest), verify(honest, c.options()).Text("en"))
	require.True(t, complete(honest))

	loss := func(p planned) uint64 { // of t003, in its strand
		want := int64(-1)
		for i, raw := range bytes.SplitAfter(takeApart(t, part).files[ledger.LogName], []byte("\n")) {
			if bytes.Contains(raw, []byte(`"k":"gap","track":"t003"`)) {
				want = int64(i)
				break
			}
		}
		return uint64(slices.IndexFunc(p.entries["t003"], func(e entry) bool { return int64(e.i) == want }))
	}
	for what, change := range map[string]func(p planned, r []Range) []Range{
		"the gap left out of its stretch": func(p planned, r []Range) []Range {
			last, at := r[len(r)-1], loss(p)
			return append(r[:len(r)-1], Range{last.Of, last.From, at - last.From}, Range{last.Of, at + 1, last.From + last.Lines - at - 1})
		},
		"a stretch that begins behind it": func(p planned, r []Range) []Range {
			last, at := &r[len(r)-1], loss(p)
			last.Lines -= at + 1 - last.From
			last.From = at + 1
			return r
		},
		"a stretch that ends in front of it": func(p planned, r []Range) []Range {
			last := &r[len(r)-1]
			last.Lines = loss(p) - last.From
			return r
		},
		"a track less": func(_ planned, r []Range) []Range {
			return slices.DeleteFunc(r, func(x Range) bool { return x.Of == "t003" })
		},
		"the end of a track less": func(_ planned, r []Range) []Range {
			r[len(r)-1].Lines--
			return r
		},
		"a line of another time": func(_ planned, r []Range) []Range {
			return slices.Insert(r, len(r)-1, Range{r[len(r)-1].Of, 2, 1})
		},
	} {
		b := lie(t, c, part, a, change)
		require.NotNil(t, b, what)
		r := verify(b, c.options())
		require.Equal(t, 1, r.ExitCode(), "%s: %s", what, r.Text("en"))
		require.False(t, r.Complete, what)
		code := DamageHole
		if what == "a line of another time" || what == "the gap left out of its stretch" {
			code = DamageLine // of what stands apart from the stretch
		}
		require.Equal(t, code, r.Damages[0].Code, "%s: %s", what, r.Text("en"))
	}
	rapid.Check(t, func(rt *rapid.T) {
		b := lie(t, c, part, a, func(p planned, _ []Range) (out []Range) {
			for _, of := range []string{"t002", "t003"} {
				n := uint64(len(p.entries[of]))
				for from := rapid.Uint64Range(0, n/2).Draw(rt, "from"); from < n; {
					r := Range{of, from, rapid.Uint64Range(1, n-from).Draw(rt, "lines")}
					out = append(out, r)
					from += r.Lines + rapid.Uint64Range(1, n).Draw(rt, "gap")
				}
			}
			return out
		})
		if whole(b) {
			require.True(rt, complete(b))
		}
	})
}

// A line about a track that a redacted copy does not show, though a cut of another track
// touches its time.
func TestNoGapIsLeftOutOfARedactedCopy(t *testing.T) {
	c := newCourt(t)
	part := c.sealed(t, hearing{devices: 2, seconds: 30, lost: 12})
	a := Asked{Kind: KindRedacted, Cuts: []Cut{{FromT: at(10), ToT: at(16), Tracks: []string{"t002"}}}, Reason: "x", By: "y"}
	make := func(leaveOut string) Report {
		b := builder{ctx: context.Background(), p: Params{
			Container: bytes.NewReader(part), Size: int64(len(part)), SHA256: sha256.Sum256(part), Asked: a, Signer: c.sealer, Now: later,
		}}
		require.NoError(t, b.open())
		_, err := b.choose()
		require.NoError(t, err)
		for i, raw := range bytes.SplitAfter(takeApart(t, part).files[ledger.LogName], []byte("\n")) {
			if bytes.Contains(raw, []byte(leaveOut)) {
				b.shown = slices.DeleteFunc(b.shown, func(s uint64) bool { return s == uint64(i) })
			}
		}
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
		return verify(raw, c.options())
	}
	r := make("nothing of it")
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.True(t, r.Complete)
	r = make(`"k":"gap","track":"t003"`)
	require.Equal(t, 1, r.ExitCode(), r.Text("en"))
	require.Equal(t, DamageHole, r.Damages[0].Code)
}
