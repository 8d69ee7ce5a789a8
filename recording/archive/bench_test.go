package archive

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
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

// What verifying costs beside SHA-256 of the same bytes in the same run, on the
// clock and in processor time: go test -bench Cost ./recording/archive
func BenchmarkCostBesideSHA256(b *testing.B) {
	c := newCourt(b)
	c.frames = nil
	for range 8 { // as much as a camera and a microphone: 1 Mbit/s and 38 kbit/s
		c.frames = append(c.frames, 2496, 96)
	}
	part := c.record(b, 10_000) // 200 s
	seal := measure(b, func() {
		_, err := Build(context.Background(), BuildParams{Part: part, Out: part + Ext, Signer: c.sealer})
		require.NoError(b, err)
	})
	info, err := os.Stat(part + Ext)
	require.NoError(b, err)
	b.SetBytes(info.Size())
	var plain, verify cost
	for b.Loop() {
		p := measure(b, func() {
			f, err := os.Open(part + Ext)
			require.NoError(b, err)
			_, err = io.CopyBuffer(sha256.New(), onlyReader{f}, make([]byte, pieceSize))
			require.NoError(b, errors.Join(err, f.Close()))
		})
		v := measure(b, func() {
			require.Equal(b, 0, VerifyFile(context.Background(), part+Ext, c.options()).ExitCode())
		})
		plain.wall, plain.cpu = plain.wall+p.wall, plain.cpu+p.cpu
		verify.wall, verify.cpu = verify.wall+v.wall, verify.cpu+v.cpu
	}
	n := float64(b.N)
	b.ReportMetric(float64(verify.wall)/float64(plain.wall), "x-wall")
	b.ReportMetric(float64(verify.cpu)/float64(plain.cpu), "x-cpu")
	b.ReportMetric(float64(info.Size())*n/plain.wall.Seconds()/1e6, "sha-MB/s")
	b.ReportMetric(float64(info.Size())*n/verify.wall.Seconds()/1e6, "verify-MB/s")
	b.ReportMetric(float64(info.Size())/seal.wall.Seconds()/1e6, "seal-MB/s")
}

type onlyReader struct{ io.Reader }
