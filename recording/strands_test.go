package recording

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"phientoa/internal/ledger"
)

// suspended is a hearing without its end line, of which a process began anew.
func suspended(t *testing.T) (o opener, dir string) {
	c := testClip(t)
	o = newOpener(t, bubble)
	synctest.Test(t, func(t *testing.T) {
		for range 2 {
			part, _ := o.open(nil)
			dir = part.Dir()
			part.Tap().Opened(camInfo, time.Now())
			part.Tap().Opened(micInfo, time.Now())
			play(part, clip{video: c.video[:20], audio: c.audio[:30]}, none)
			require.NoError(t, part.Event(context.Background(), part.LastEventSeq()+1, []byte(`{"seq":1}`), true, true))
			require.NoError(t, part.Suspend(context.Background()))
			time.Sleep(3 * time.Second) //nolint:forbidigo // the clock of the bubble
		}
	})
	return o, dir
}

// strandsByHand is what the page says, made with another tree than the code's.
func strandsByHand(t *testing.T, dir string) []Strand {
	hashes, n := map[string][]tlog.Hash{}, map[string]int64{}
	require.NoError(t, ledger.Lines(os.DirFS(dir), func(l ledger.Line) (bool, error) {
		var b struct{ Track string }
		require.NoError(t, json.Unmarshal(l.Members, &b))
		of := ""
		switch l.Kind {
		case "event":
			of = "events"
		case "loose":
			of = b.Track + "/loose"
		case "track-open", "track-close", "seg", "gap", "recovered":
			of = b.Track
		case "end":
			return false, nil
		}
		if of != "" {
			hs, err := tlog.StoredHashes(n[of], l.Raw, reader(hashes[of]))
			require.NoError(t, err)
			hashes[of], n[of] = append(hashes[of], hs...), n[of]+1
		}
		return true, nil
	}))
	out := []Strand{}
	for of, lines := range n {
		root, err := tlog.TreeHash(lines, reader(hashes[of]))
		require.NoError(t, err)
		out = append(out, Strand{of, uint64(lines), hex.EncodeToString(root[:])})
	}
	slices.SortFunc(out, func(a, b Strand) int { return slices.Compare([]byte(a.Of), []byte(b.Of)) })
	return out
}

func reader(hs []tlog.Hash) tlog.HashReader {
	return tlog.HashReaderFunc(func(idx []int64) (out []tlog.Hash, err error) {
		for _, i := range idx {
			out = append(out, hs[i])
		}
		return out, nil
	})
}

// endOf is the last end line of a log.
func endOf(t *testing.T, dir string) (end endBody) {
	require.NoError(t, ledger.Lines(os.DirFS(dir), func(l ledger.Line) (bool, error) {
		if l.Kind == ledger.KindEnd {
			require.NoError(t, json.Unmarshal(l.Members, &end))
		}
		return true, nil
	}))
	return end
}

func TestTheEndLineSumsUpEachTrack(t *testing.T) {
	o := recorded(t)
	dir := filepath.Join(o.dir, "h-1", "part-0001")
	got := endOf(t, dir).Strands
	require.Equal(t, strandsByHand(t, dir), got)
	names := []string{}
	for _, s := range got {
		names = append(names, s.Of)
	}
	require.Subset(t, names, []string{"events", "t001", "t002"})
	require.Equal(t, 0, o.verify(Options{Roots: o.id.Roots()}).ExitCode())
}

// Whoever holds the keys can sign any end line. One that says anything else of the lines
// in front of it than they do is damage with its place; one that says nothing is as old
// logs are.
func TestAnEndLineThatSaysSomethingElseOfATrackIsDamage(t *testing.T) {
	for what, change := range map[string]func(s []Strand) []Strand{
		"the same":         func(s []Strand) []Strand { return s },
		"none, as before":  func([]Strand) []Strand { return nil },
		"a track less":     func(s []Strand) []Strand { return s[:len(s)-1] },
		"a track more":     func(s []Strand) []Strand { return append(s, Strand{"t009", 1, s[0].Root}) },
		"a line less":      func(s []Strand) []Strand { s[1].Lines--; return s },
		"another root":     func(s []Strand) []Strand { s[1].Root = s[0].Root; return s },
		"another's events": func(s []Strand) []Strand { s[0].Root = s[1].Root; return s },
		"another order":    func(s []Strand) []Strand { slices.Reverse(s); return s },
	} {
		t.Run(what, func(t *testing.T) {
			o, dir := suspended(t)
			f, err := ledger.DirFS(dir)
			require.NoError(t, err)
			log, _, err := ledger.Open(context.Background(), ledger.Params{
				FS: f, Origin: Origin("node-1", "h-1", 1), Signer: o.key, Rand: rand.Reader,
				Now: func() time.Time { return bubble.Add(time.Hour) },
			})
			require.NoError(t, err)
			size, err := log.Size(context.Background())
			require.NoError(t, err)
			body, err := json.Marshal(endBody{Reason: "closed", Strands: change(strandsByHand(t, dir))})
			require.NoError(t, err)
			_, err = log.End(context.Background(), body)
			require.NoError(t, err)
			require.NoError(t, f.Close())
			r := o.verify(Options{Roots: o.id.Roots()})
			if what == "the same" || what == "none, as before" {
				require.Equal(t, 0, r.ExitCode(), r.Text("en"))
				return
			}
			require.Equal(t, 1, r.ExitCode(), r.Text("en"))
			require.Len(t, r.Damages, 1)
			require.Equal(t, DamageRecord, r.Damages[0].Code)
			require.EqualValues(t, size, r.Damages[0].Line)
		})
	}
}
