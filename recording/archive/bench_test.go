//go:build !verifier

package archive

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// cost is what something took: on the clock, and of all processors together.
type cost struct{ wall, cpu time.Duration }

func measure(t testing.TB, f func()) cost {
	t.Helper()
	cpu := func() time.Duration {
		var u unix.Rusage
		require.NoError(t, unix.Getrusage(unix.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	began, before := time.Now(), cpu()
	f()
	return cost{time.Since(began), cpu() - before}
}

// What verifying and sealing cost beside SHA-256 of the same bytes in the same run, on
// the clock and in processor time, each the median of b.N rounds:
//
//	go test -run xxx -bench Cost -benchtime 20x ./recording/archive
//
// Verifying hashes every byte twice (as the file's and as the segment's), which two
// processors do side by side. Sealing copies it, then hashes it three times as it is
// read back (the whole file's too): on two processors no less than 1.5 times.
func BenchmarkCostBesideSHA256(b *testing.B) {
	c := newCourt(b)
	c.frames = nil
	for range 8 { // as much as a camera and a microphone: 1 Mbit/s and 38 kbit/s
		c.frames = append(c.frames, 2496, 96)
	}
	part := c.record(b, 10_000) // 200 s
	path := part + Ext
	informed := c.informed() // making the list is no part of verifying
	var size int64
	var plain, verify, seal rounds
	for b.Loop() {
		require.NoError(b, os.RemoveAll(path))
		seal.add(b, func() {
			built, err := Build(context.Background(), BuildParams{Part: part, Out: path, Signer: c.sealer})
			require.NoError(b, err)
			size = built.Bytes
		})
		plain.add(b, func() {
			f, err := os.Open(path)
			require.NoError(b, err)
			_, err = io.CopyBuffer(sha256.New(), onlyReader{f}, make([]byte, pieceSize))
			require.NoError(b, errors.Join(err, f.Close()))
		})
		verify.add(b, func() {
			require.Equal(b, 0, VerifyFile(context.Background(), path, informed).ExitCode())
		})
	}
	p, v, s := plain.median(), verify.median(), seal.median()
	b.ReportMetric(v.wall/p.wall, "verify-x-wall")
	b.ReportMetric(v.cpu/p.cpu, "verify-x-cpu")
	b.ReportMetric(s.wall/p.wall, "seal-x-wall")
	b.ReportMetric(s.cpu/p.cpu, "seal-x-cpu")
	b.ReportMetric(float64(size)/1e6/p.wall, "sha-MB/s")
	b.ReportMetric(float64(size)/1e6/v.wall, "verify-MB/s")
	b.ReportMetric(float64(size)/1e6/s.wall, "seal-MB/s")
}

// rounds are what one thing took, in seconds.
type rounds struct{ wall, cpu []float64 }

func (r *rounds) add(t testing.TB, f func()) {
	t.Helper()
	c := measure(t, f)
	r.wall, r.cpu = append(r.wall, c.wall.Seconds()), append(r.cpu, c.cpu.Seconds())
}

func (r *rounds) median() struct{ wall, cpu float64 } {
	slices.Sort(r.wall)
	slices.Sort(r.cpu)
	return struct{ wall, cpu float64 }{r.wall[len(r.wall)/2], r.cpu[len(r.cpu)/2]}
}

type onlyReader struct{ io.Reader }
