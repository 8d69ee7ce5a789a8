package retrieval

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/disk"
	"phientoa/internal/store"
	"phientoa/internal/store/sqlite"
)

// Exactly the disposed part goes from the disk, once two people wanted it; its
// neighbours stay, and a row that names something else removes nothing.
func TestOnlyWhatWasDisposedOfIsRemoved(t *testing.T) {
	ctx, sys := t.Context(), court.SystemScope()
	st, err := sqlite.Open(ctx, sqlite.Params{Path: filepath.Join(t.TempDir(), "p.db")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	dir := t.TempDir()
	now := time.Now()
	file := func(name string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte("x"), 0o400))
		return path
	}
	by := store.AdminEntry{At: now, Actor: "archivist", Unit: "u", What: "x"}
	for i, h := range []string{"gone", "stays"} {
		require.NoError(t, st.CreateHearing(ctx, sys, store.Hearing{ID: h, Room: "0000000000000000000000000000000" + string(rune('1'+i)), Unit: "u"}, nil))
		for n, name := range []string{"part-0001", "part-0002"} {
			p := store.ArchivePart{Hearing: h, Part: n + 1, Node: "node", Path: h + "/" + name + ".asice", Size: 1, Facts: []byte("{}")}
			require.NoError(t, st.PutArchivePart(ctx, sys, p))
		}
	}
	one, two := file("gone/part-0001.asice"), file("gone/part-0002.asice")
	half := file("gone/part-0001.asice.new")                                                                    // of a renewal that a crash cut short
	kept, brought := file("gone/part-0001.asice.damaged-20261122T171444Z"), file("gone/part-0001.asice.repair") // of repairs
	log, other, beside := file("gone/part-0001/media/t001-1.webm"), file("stays/part-0001.asice"), file("stays/part-0001/log.jsonl")
	mirror, otherMirror := file("gone/mirror-0001/log.jsonl"), file("stays/mirror-0001/log.jsonl")
	v := NewVault(VaultParams{Dir: dir, Node: "node", Store: st, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, v.removals(ctx))
	for _, path := range []string{one, two, log, other, beside} {
		require.FileExists(t, path)
	}
	require.NoError(t, st.PutArchiveDisposal(ctx, sys, store.ArchiveDisposal{ID: "d", Hearing: "gone", Reason: "x", By: "archivist", At: now, Expires: now.Add(time.Hour)}, by))
	require.NoError(t, v.removals(ctx))
	require.FileExists(t, one, "one person alone removes nothing")
	by.Actor = "chief"
	none := strings.Repeat("0", 64)
	_, err = st.SettleArchiveDisposal(ctx, sys, "d", store.Confirmed, `{"parts":[{"part":1,"manifest_sha256":"`+none+`"},{"part":2,"manifest_sha256":"`+none+`"}]}`, by)
	require.NoError(t, err)
	require.NoError(t, os.Remove(two), "as after a crash in between")
	busy, forgotten := errors.New("being rendered"), 0
	v.p.Forget = func(_ string, part int, key string) error {
		require.Equal(t, none, key)
		if part == 1 {
			return busy
		}
		forgotten = part
		return nil
	}
	require.ErrorIs(t, v.removals(ctx), busy)
	require.FileExists(t, one)
	require.Equal(t, 2, forgotten, "one that waits holds no other up")
	parts, err := st.ArchiveParts(ctx, sys, "gone")
	require.NoError(t, err)
	require.True(t, parts[0].Removed.IsZero())
	require.False(t, parts[1].Removed.IsZero())
	v.p.Forget = nil
	v.p.Second = t.TempDir()
	require.ErrorIs(t, v.removals(ctx), disk.ErrAway, "it may stand on the disk that is away")
	require.FileExists(t, one)
	require.NoError(t, disk.Mark(v.p.Second))
	require.NoError(t, v.removals(ctx))
	for _, path := range []string{one, two, log, kept, brought, mirror} {
		require.NoFileExists(t, path)
	}
	require.FileExists(t, otherMirror)
	require.FileExists(t, other)
	require.FileExists(t, beside)
	parts, err = st.ArchiveParts(ctx, sys, "gone")
	require.NoError(t, err)
	for _, p := range parts {
		require.False(t, p.Removed.IsZero())
	}
	require.NoFileExists(t, half)
	require.NoError(t, v.removals(ctx))
	for _, bad := range []string{"../x/part-0001.asice", "stays/part-0001.asice", "x/y/part-0001.asice", "part-0001.asice", "gone"} {
		require.Error(t, v.remove(store.ArchivePart{Hearing: "gone", Part: 1, Path: bad}), bad)
	}
	for _, hearing := range []string{"..", ".", "", "a/b", "/"} {
		require.Error(t, v.remove(store.ArchivePart{Hearing: hearing, Part: 1, Path: filepath.Join(hearing, "part-0001.asice")}), hearing)
	}
	require.FileExists(t, other)
}
