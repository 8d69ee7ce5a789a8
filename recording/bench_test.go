package recording

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/sfu"
)

// BenchmarkCapture records one camera and one microphone of 1 Mbit/s each way into
// a real directory, at their own pace, and reports the
// processor time (user and system) that one second of one Mbit/s costs: with
// Matroska, hashes, log, signatures and syncs of whole segments.
func BenchmarkCapture(b *testing.B) {
	for _, sources := range []int{1, 8} {
		b.Run(fmt.Sprintf("points=%d", sources), func(b *testing.B) {
			o := newOpener(b, time.Now())
			p := o.params(&heard{})
			p.Notify = silentNotify{}
			p.Limits.QueuePackets, p.Limits.QueueBytes = 1<<16, 256<<20
			part, err := Open(context.Background(), p)
			require.NoError(b, err)
			tap := part.Tap()
			const packets, size = 4, 1200 // of a frame: 25 a second are 0.96 Mbit/s
			body := make([]byte, size)
			for i := range sources {
				at := fmt.Sprintf("device-%d", i)
				tap.Opened(sfu.SourceInfo{Source: sfu.SourceID{Peer: at, Kind: sfu.Cam}, Codec: sfu.VP8, ClockRate: 90000}, time.Now())
				tap.Opened(sfu.SourceInfo{Source: sfu.SourceID{Peer: at, Kind: sfu.Mic}, Codec: sfu.Opus, ClockRate: 48000, Channels: 2}, time.Now())
			}
			var before, after syscall.Rusage
			require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &before))
			bytes, media := 0, 0
			pkt := sfu.Packet{}
			began := time.Now()
			for n := 0; b.Loop(); n++ { // one picture, two packets of sound, of each point
				for i := range sources {
					at := fmt.Sprintf("device-%d", i)
					for k := range packets {
						body[0] = 0
						if k == 0 {
							body[0] = 0x10
							body[1] = 1
							if n%250 == 0 {
								copy(body[1:], []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0, 5, 0xd0, 2})
							}
						}
						pkt = sfu.Packet{
							Source: sfu.SourceID{Peer: at, Kind: sfu.Cam}, Codec: sfu.VP8, SSRC: uint32(2*i + 2), Seq: uint64(1 + n*packets + k),
							Timestamp: uint32(n) * 3600, Marker: k == packets-1, Arrival: time.Now(), Payload: body,
						}
						tap.Packet(&pkt)
						bytes += size
					}
					for k := range 2 {
						pkt = sfu.Packet{
							Source: sfu.SourceID{Peer: at, Kind: sfu.Mic}, Codec: sfu.Opus, SSRC: uint32(2*i + 1), Seq: uint64(1 + 2*n + k),
							Timestamp: uint32(2*n+k) * 960, Arrival: time.Now(), Payload: body[:80],
						}
						tap.Packet(&pkt)
						bytes += 80
					}
				}
				media += 40
				if ahead := time.Duration(media)*time.Millisecond - time.Since(began); ahead > 0 {
					time.Sleep(ahead) //nolint:forbidigo // the pace of the sources
				}
			}
			require.NoError(b, part.Close(context.Background()))
			require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &after))
			cpu := time.Duration(after.Utime.Nano()+after.Stime.Nano()-before.Utime.Nano()-before.Stime.Nano()) * time.Nanosecond
			megabits := float64(bytes) * 8 / 1e6
			b.ReportMetric(float64(cpu.Microseconds())/1000/megabits, "cpu-ms/Mbit")
			b.ReportMetric(float64(bytes)*8/1e6/(float64(media)/1000), "Mbit/s")
			b.ReportMetric(0, "ns/op")
			r := o.verify(Options{Roots: o.id.Roots()})
			require.Equal(b, 0, r.ExitCode(), r.Text("en"))
			require.Empty(b, r.Gaps)
		})
	}
}
