package recording

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/ledger"
	"phientoa/sfu"
)

// ntp is a time as sender reports carry it (RFC 3550 6.4.1).
func ntp(t time.Time) uint64 {
	const epoch = 2_208_988_800 // 1970 in seconds of NTP (RFC 5905)
	since := uint64(t.UnixMicro() + epoch*1e6)
	return since/1e6<<32 | (since%1e6<<32)/1e6
}

// A beep and a flash of one device were sent at one moment. Whatever its clocks do
// (sound card and camera 500 ppm apart, a wall clock that is hours wrong and runs
// 100 ppm fast), whatever the network does, the record puts both within 40 ms of
// one another and of the moment, from its log alone.
func TestTracksOfADeviceAlignWithin40ms(t *testing.T) {
	for _, c := range []struct {
		mic, cam, wall float64 // ppm
		off            time.Duration
		jitter         time.Duration
	}{
		{0, 0, 0, 0, 0},
		{200, -300, 100, 5 * time.Hour, 30 * time.Millisecond},
		{-500, 500, -100, -30 * 24 * time.Hour, 80 * time.Millisecond},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			const length, travel = 3 * time.Minute, 40 * time.Millisecond
			rnd := rand.New(rand.NewPCG(5, uint64(c.jitter)))
			fate := func(int) (time.Duration, bool) {
				return travel + time.Duration(rnd.Int64N(int64(c.jitter)+1)), true
			}
			mic, cam := synthMic, synthCam
			mic.clock, cam.clock = 1+c.mic/1e6, 1+c.cam/1e6
			all, _ := mic.run(length, fate)
			pictures, _ := cam.run(length, fate)
			all = append(all, pictures...)
			slices.SortStableFunc(all, func(a, b arrival) int { return int(a.at - b.at) })

			o := newOpener(t, bubble)
			synctest.Test(t, func(t *testing.T) {
				part, _ := o.open(nil)
				tap, begin := part.Tap(), time.Now()
				tap.Opened(micInfo, begin)
				tap.Opened(camInfo, begin)
				next := map[sfu.SourceKind]time.Duration{}
				for _, a := range all {
					time.Sleep(time.Until(begin.Add(a.at))) //nolint:forbidigo // the clock of the bubble
					p := a.pkt
					p.Arrival = time.Now()
					tap.Packet(&p)
					if a.sent < next[p.Source.Kind] {
						continue
					}
					next[p.Source.Kind] = a.sent + time.Second + time.Duration(rnd.Int64N(2e9))
					wall := begin.Add(c.off + time.Duration(float64(a.sent)*(1+c.wall/1e6)))
					wall = wall.Add(time.Duration(rnd.Int64N(6e6)) - 3*time.Millisecond) // senders are not exact
					tap.SenderReport(sfu.SenderReport{Source: p.Source, SSRC: p.SSRC, NTP: ntp(wall), Timestamp: p.Timestamp, Arrival: time.Now()})
				}
				require.NoError(t, part.Close(context.Background()))
			})
			lines, err := Align(os.DirFS(filepath.Join(o.dir, "h-1", partDir(1))))
			require.NoError(t, err)
			require.Len(t, lines, 2)
			worst := int64(0)
			for sent := time.Second; sent < length-time.Second; sent += 700 * time.Millisecond {
				want := bubble.Add(sent + travel).UnixMicro()
				var got [2]TimePoint
				for i, src := range []synth{mic, cam} {
					// The file's own time is that of the sender's clock from the first arrival.
					got[i] = lines[i].At(int64(float64(sent.Milliseconds()) * src.clock))
					require.InDelta(t, want, got[i].T, 40_000, "%s at %s", src.info.Source.Kind, sent)
					require.LessOrEqual(t, got[i].Bound, int64(40_000))
				}
				worst = max(worst, max(got[0].T-got[1].T, got[1].T-got[0].T))
			}
			require.LessOrEqual(t, worst, int64(40_000))
			t.Logf("beep and flash at most %d us apart", worst)
		})
	}
}

// FuzzAlign: lines of a hostile part never make Align panic or run away.
func FuzzAlign(f *testing.F) {
	f.Add([]byte(`{"track":"t001","source":{"device":"d","kind":"cam"},"codec":"vp8","clock_rate":90000,"at_ns":1}`),
		[]byte(`{"track":"t001","file":"media/t001-1.webm","from_ms":0,"to_ms":900,"from_ns":1,"to_ns":2,"from_t":1,"to_t":2,"ssrcs":[{"ssrc":1,"first_ts":1,"last_ts":81000}],"sr":[{"ssrc":1,"ntp_s":3900000000,"ntp_f":1,"rtp":1,"at_ns":5},{"ssrc":1,"ntp_s":3900000002,"ntp_f":1,"rtp":180001,"at_ns":9}]}`))
	f.Add([]byte(`{}`), []byte(`{"ssrcs":[{}],"sr":[{},{}]}`))
	f.Fuzz(func(t *testing.T, open, seg []byte) {
		a := newAligner()
		_ = a.line(ledger.Line{Kind: ledger.KindTrackOpen, Members: open})
		for range 2 {
			_ = a.line(ledger.Line{Kind: ledger.KindSeg, Members: seg})
		}
		for _, l := range a.all() {
			for _, ms := range []int64{-1, 0, 1, 1 << 40} {
				_ = l.At(ms)
			}
		}
	})
}
