//go:build !race

package recording

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"phientoa/internal/ledger"
)

// hostile is a log of n lines of one kind that somebody made up; nothing in it is
// signed, and a verifier reads all of it before it can know.
func hostile(kind ledger.Kind, n int, members func(i int) string) fstest.MapFS {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"i":%d,"t":1,"mono_ns":1,"k":"%s",%s,"salt":"%032x","prev":"%064x"}`+"\n", i, kind, members(i), i, i)
	}
	return fstest.MapFS{ledger.LogName: {Data: b.Bytes()}, ledger.CheckpointsName: {Data: nil}}
}

// What a verifier keeps of a log does not grow with what the log says.
func TestAHostileLogDoesNotFillTheMemory(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	for what, log := range map[string]fstest.MapFS{
		"gaps":       hostile(ledger.KindGap, maxGaps+1000, func(int) string { return `"track":"t001","cause":"loss"` }),
		"tracks":     hostile(ledger.KindTrackOpen, 50_000, func(i int) string { return fmt.Sprintf(`"track":"t%d","codec":"opus"`, i) }),
		"files":      hostile(ledger.KindTrackClose, 50_000, func(i int) string { return fmt.Sprintf(`"track":"t001","file":"f%d"`, i) }),
		"put aside":  hostile(ledger.KindRecovered, 50_000, func(i int) string { return fmt.Sprintf(`"torn_file":"torn/%d"`, i) }),
		"long names": hostile(ledger.KindGap, 300, func(i int) string { return fmt.Sprintf(`"track":"%d%s","cause":%q`, i, long, long) }),
		"less than nothing": hostile(ledger.KindRecovered, 300, func(int) string {
			return `"torn_file":"log.jsonl","torn_bytes":-5,"torn_sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`
		}),
		"long files": hostile(ledger.KindSeg, 300, func(i int) string { return fmt.Sprintf(`"track":"t001","file":"%d%s","offset":-1`, i, long) }),
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		r, err := VerifyDir(context.Background(), log, Options{})
		require.NoError(t, err, what)
		runtime.GC()
		runtime.ReadMemStats(&after)
		require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(24<<20), what)
		require.Equal(t, 1, r.ExitCode(), what)
		raw, err := json.Marshal(r)
		require.NoError(t, err)
		require.Less(t, len(raw), 24<<20, what)
		runtime.KeepAlive(log)
		switch what {
		case "gaps":
			require.Len(t, r.Gaps, maxGaps)
			require.Equal(t, 1000, r.MoreGaps)
			require.Contains(t, r.Text("vi"), "và 1000 khoảng trống khác")
		case "tracks":
			require.Len(t, r.Tracks, maxNames)
			require.True(t, r.More)
		case "long names":
			require.Empty(t, r.Gaps)
		}
	}
}

// Four hours of sixteen tracks in segments of a second: what verifying holds is that
// of a tenth of it. The bytes are not signed, which costs nothing more.
func TestMemoryDoesNotGrowWithTheLength(t *testing.T) {
	const size = 64
	sum := sha256.Sum256(make([]byte, size))
	most := func(seconds int) (held uint64) {
		log := hostile(ledger.KindSeg, 16*seconds, func(i int) string {
			return fmt.Sprintf(`"track":"t%03d","file":"media/t%03d-1.webm","offset":%d,"length":%d,"sha256":"%x"`, i%16+1, i%16+1, i/16*size, size, sum)
		})
		for i := range 16 {
			log[fmt.Sprintf("media/t%03d-1.webm", i+1)] = &fstest.MapFile{Data: make([]byte, seconds*size)}
		}
		var before, now runtime.MemStats
		runtime.GC()
		runtime.GC() // what other tests left in pools and finalizers goes with the second
		runtime.ReadMemStats(&before)
		lines := 0
		watched := watchedFS{log, func() {
			if lines++; lines%5000 == 0 {
				runtime.GC()
				runtime.ReadMemStats(&now)
				held = max(held, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
			}
		}}
		r, err := VerifyDir(context.Background(), watched, Options{})
		require.NoError(t, err)
		require.Len(t, r.Tracks, 16)
		require.Equal(t, int64(seconds*size), r.Tracks[15].Bytes)
		for _, d := range r.Damages {
			require.NotEqual(t, DamageMedia, d.Code)
		}
		return held
	}
	short, long := most(4*360), most(4*3600)
	// Ten bytes a line kept would be more.
	require.Less(t, long, short+2<<20, "of 24 minutes %d, of 4 hours %d", short, long)
}

// watchedFS tells of every read at an offset, which is one a segment here.
type watchedFS struct {
	fs.FS
	read func()
}

// Open implements fs.FS.
func (w watchedFS) Open(name string) (fs.File, error) {
	f, err := w.FS.Open(name)
	if at, ok := f.(io.ReaderAt); ok {
		return watchedFile{f, at, w.read}, err
	}
	return f, err
}

type watchedFile struct {
	fs.File
	at   io.ReaderAt
	read func()
}

// ReadAt implements io.ReaderAt.
func (w watchedFile) ReadAt(b []byte, off int64) (int, error) {
	w.read()
	return w.at.ReadAt(b, off)
}
