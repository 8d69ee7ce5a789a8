//go:build !verifier

package archive

import (
	"context"
	"io"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Sealing and verifying take no more memory of a long hearing than of a short one. In
// `make long` they are 15 minutes and four hours of 16 tracks.
func TestMemoryDoesNotGrowWithTheHearing(t *testing.T) {
	tracks, bytes, short, long, every := 2, 960, 1500, 12_000, 20*time.Millisecond
	if os.Getenv("RAPID_CHECKS") != "" {
		// A frame each half second: 160,000 lines, and less media than there would be.
		every = 500 * time.Millisecond
		tracks, bytes, short, long = 16, 32, 15*60*2, 4*3600*2
	}
	sealed := func(frames int) (size, lines, seal, verify uint64) {
		c := newCourt(t)
		c.every, c.frames = every, nil
		for range tracks {
			c.frames = append(c.frames, bytes)
		}
		part := c.record(t, frames)
		var b Built
		seal = peak(func(step func()) {
			var err error
			b, err = Build(context.Background(), BuildParams{Part: part, Out: part + Ext, Signer: c.sealer, Progress: func(int64) { step() }})
			require.NoError(t, err)
		})
		f, err := os.Open(part + Ext)
		require.NoError(t, err)
		verify = peak(func(step func()) {
			r := Verify(context.Background(), watched{f, step}, b.Bytes, c.informed())
			require.Equal(t, 0, r.ExitCode(), r.Text("en"))
			require.Len(t, r.Evidence.Tracks, tracks)
			require.Empty(t, r.Evidence.Gaps)
			lines = r.Evidence.Parts[0].Log.Size
		})
		require.NoError(t, f.Close())
		return uint64(b.Bytes), lines, seal, verify
	}
	size, lines, seal, verify := sealed(short)
	sizeL, linesL, sealL, verifyL := sealed(long)
	t.Logf("%d lines, %d KiB: seal %d KiB, verify %d KiB; %d lines, %d KiB: seal %d KiB, verify %d KiB",
		lines, size>>10, seal>>10, verify>>10, linesL, sizeL>>10, sealL>>10, verifyL>>10)
	require.Greater(t, sizeL, 6*size)
	// What may grow is bounded by itself: a key a minute, listed in the report.
	const slack = 1 << 20
	require.Less(t, sealL, seal+seal/4+slack, "sealing")
	require.Less(t, verifyL, verify+verify/4+slack, "verifying")
}

// peak is the most that lived on the heap at any step of work, in bytes, beyond what
// lived before.
func peak(work func(step func())) uint64 {
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most, n := live(), uint64(0), 0
	var busy atomic.Bool
	work(func() {
		if !busy.CompareAndSwap(false, true) {
			return // several read at a time; one of them looks
		}
		defer busy.Store(false)
		if n++; n%512 == 0 || n < 64 {
			most = max(most, live())
		}
	})
	most = max(most, live())
	return most - min(before, most)
}

// watched tells of every read.
type watched struct {
	io.ReaderAt
	step func()
}

func (w watched) ReadAt(b []byte, at int64) (int, error) {
	n, err := w.ReaderAt.ReadAt(b, at)
	w.step()
	return n, err
}
