package recording

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/sfu"
)

// synth is a synthetic source: packets with the time at which they were sent.
type synth struct {
	info  sfu.SourceInfo
	ssrc  uint32
	clock float64 // of the sender, against ours
	every time.Duration
	parts int // packets of a frame
}

var (
	synthMic = synth{micInfo, 7, 1, 20 * time.Millisecond, 1}
	synthCam = synth{camInfo, 9, 1, 40 * time.Millisecond, 3}
)

// frame is the nth frame's packets.
func (s synth) frame(n int, sent time.Duration) []sfu.Packet {
	out := make([]sfu.Packet, s.parts)
	ts := uint32(float64(sent) * s.clock * float64(s.info.ClockRate) / float64(time.Second))
	for i := range out {
		payload := []byte{0xf8, byte(n), byte(n >> 8)}
		if s.info.Codec == sfu.VP8 {
			payload = []byte{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}
			if i == 0 {
				payload[0] = 0x10 // RFC 7741: a partition begins
				if n%50 == 0 {
					copy(payload[1:], []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 1, 180, 0})
				}
			}
		}
		out[i] = sfu.Packet{
			Source: s.info.Source, Codec: s.info.Codec, SSRC: s.ssrc, Seq: uint64(1000 + n*s.parts + i),
			Timestamp: ts, Marker: i == s.parts-1, Payload: payload,
		}
	}
	return out
}

// arrival is a packet on its way.
type arrival struct {
	pkt  sfu.Packet
	sent time.Duration
	at   time.Duration

	report *sfu.SenderReport // instead of a packet
}

// run makes the packets of a stretch; fate says how long each one travels, and
// whether it arrives at all.
func (s synth) run(length time.Duration, fate func(n int) (time.Duration, bool)) (came []arrival, lost [][4]int64) {
	var sent []time.Duration
	gone := map[int]bool{}
	total := 0
	for n := 0; time.Duration(n)*s.every < length; n++ {
		at := time.Duration(n) * s.every
		for _, p := range s.frame(n, at) {
			travel, arrives := fate(total)
			if total == 0 || time.Duration(n+1)*s.every >= length {
				travel, arrives = 30*time.Millisecond, true // what nothing follows cannot be missed
			}
			if arrives {
				came = append(came, arrival{pkt: p, sent: at, at: at + travel})
			}
			gone[total] = !arrives
			sent = append(sent, at)
			total++
		}
	}
	for i := 0; i < total; i++ {
		if !gone[i] {
			continue
		}
		j := i
		for gone[j+1] {
			j++
		}
		lost = append(lost, [4]int64{int64(1000 + i), int64(1000 + j), sent[i-1].Microseconds(), sent[j+1].Microseconds()})
		i = j
	}
	slices.SortStableFunc(came, func(a, b arrival) int { return int(a.at - b.at) })
	return came, lost
}

// record plays arrivals into a new part and returns its report.
func recordAll(t *testing.T, info sfu.SourceInfo, came []arrival) Report {
	t.Helper()
	o := newOpener(t, bubble)
	synctest.Test(t, func(t *testing.T) {
		part, _ := o.open(nil)
		part.Tap().Opened(info, time.Now())
		begin := time.Now()
		for _, a := range came {
			time.Sleep(time.Until(begin.Add(a.at))) //nolint:forbidigo // the clock of the bubble
			if a.report != nil {
				a.report.Arrival = time.Now()
				part.Tap().SenderReport(*a.report)
				continue
			}
			p := a.pkt
			p.Arrival = time.Now()
			part.Tap().Packet(&p)
		}
		part.Tap().Closed(info.Source, time.Now())
		require.NoError(t, part.Close(context.Background()))
	})
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	return r
}

// runsOf are the losses that the record states, one by one.
func runsOf(t *testing.T, r Report) (out [][4]int64) {
	t.Helper()
	for _, g := range r.Gaps {
		require.Equal(t, CauseLoss, g.Cause, "no other gap: %s", r.Text("en"))
		if len(g.Runs) == 0 {
			out = append(out, [4]int64{0, 0, g.FromT, g.ToT})
			continue
		}
		out = append(out, g.Runs...)
	}
	return out
}

// The law of gaps: whatever a network loses and is not sent again within the wait,
// stands in the record, each run of it, to within 100 ms; what was sent again in
// time does not; and every packet that came is kept.
func TestGapsListedAreGapsInjectedForAnyPattern(t *testing.T) {
	const slack = 100_000
	for seed := range uint64(16) {
		src := []synth{synthMic, synthCam}[seed%2]
		loss := []float64{0.05, 0.1, 0.2, 0.4}[seed/2%4]
		burst := seed >= 8
		t.Run(fmt.Sprintf("%s, %.0f %%, burst %t", src.info.Source.Kind, loss*100, burst), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 7))
			bad := false
			came, lost := src.run(12*time.Second, func(int) (time.Duration, bool) {
				if burst { // Gilbert: the mean burst has five packets
					bad = bad && rnd.Float64() > 0.2 || !bad && rnd.Float64() < loss/5
				} else {
					bad = rnd.Float64() < loss
				}
				travel := 30*time.Millisecond + time.Duration(rnd.IntN(30))*time.Millisecond
				if !bad {
					return travel, true
				}
				// Most losses are mended, at most 450 ms late.
				return travel + time.Duration(rnd.IntN(390))*time.Millisecond, rnd.Float64() < 0.7
			})
			require.NotEmpty(t, lost)
			r := recordAll(t, src.info, came)
			got := runsOf(t, r)
			require.Len(t, got, len(lost), r.Text("en"))
			for i, want := range lost {
				if got[i][0] != 0 {
					require.Equal(t, want[:2], got[i][:2])
				}
				require.InDelta(t, bubble.UnixMicro()+want[2]+30_000, got[i][2], slack, "from of run %d", i)
				require.InDelta(t, bubble.UnixMicro()+want[3]+30_000, got[i][3], slack, "to of run %d", i)
			}
			require.Equal(t, len(came), r.Tracks[0].Packets+r.Tracks[0].Loose, "every packet that came is kept")
		})
	}
}

// What comes later than the wait is a gap, and kept all the same.
func TestAPacketBehindTheWaitIsAGapAndKept(t *testing.T) {
	came, _ := synthMic.run(6*time.Second, func(n int) (time.Duration, bool) {
		if n >= 100 && n < 105 {
			return 900 * time.Millisecond, true
		}
		return 30 * time.Millisecond, true
	})
	r := recordAll(t, micInfo, came)
	require.Len(t, r.Gaps, 1)
	require.Equal(t, 5, r.Gaps[0].Packets)
	require.Equal(t, 5, r.Tracks[0].Loose)
	require.Equal(t, 295, r.Tracks[0].Packets)
}

// A source that stalls leaves no packet out: its clock tells, whether it ran on or
// stood still with it. A network that holds packets back and delivers them later
// is none, and where the source reports, neither is one that stays slow for long.
func TestAStallIsAGapAndAHeldBackNetworkIsNone(t *testing.T) {
	const begins, lasts = 3 * time.Second, 1600 * time.Millisecond
	for _, src := range []synth{synthMic, synthCam} {
		for name, c := range map[string]struct {
			shift, held bool          // the RTP clock runs on; the network holds what was sent
			over        time.Duration // until the network has caught up
			reports     bool
			gap         bool
		}{
			"clock runs on":               {shift: true, gap: true},
			"clock stands still":          {gap: true},
			"network holds":               {held: true},
			"clock runs on, reported":     {shift: true, reports: true, gap: true},
			"clock stands still, so said": {reports: true, gap: true},
			"network holds, reported":     {held: true, reports: true},
			"network slow, reported":      {held: true, reports: true, over: 6 * time.Second},
		} {
			t.Run(string(src.info.Source.Kind)+", "+name, func(t *testing.T) {
				came, _ := src.run(10*time.Second, func(int) (time.Duration, bool) { return 30 * time.Millisecond, true })
				for i := range came {
					a := &came[i]
					switch {
					case a.sent < begins:
					case c.held:
						left := lasts - (a.sent - begins)
						if c.over > 0 {
							left = lasts - time.Duration(float64(lasts)*float64(a.sent-begins)/float64(c.over))
						}
						a.at += max(left, 0)
					default:
						a.at += lasts
						if c.shift {
							a.pkt.Timestamp += uint32(lasts.Seconds() * float64(src.info.ClockRate))
						}
					}
				}
				if c.reports {
					stands := time.Duration(0)
					if !c.shift && !c.held {
						stands = lasts
					}
					came = append(came, src.reports(12*time.Second, begins, stands)...)
				}
				slices.SortStableFunc(came, func(a, b arrival) int { return int(a.at - b.at) })
				r := recordAll(t, src.info, came)
				if !c.gap {
					require.Empty(t, r.Gaps, r.Text("en"))
					return
				}
				require.Len(t, r.Gaps, 1, r.Text("en"))
				require.Equal(t, CauseStalled, r.Gaps[0].Cause)
				require.InDelta(t, bubble.Add(begins).UnixMicro(), r.Gaps[0].FromT, 100_000)
				require.InDelta(t, bubble.Add(begins+lasts).UnixMicro(), r.Gaps[0].ToT, 100_000)
			})
		}
	}
}

// What no report decides any more is decided by the media, when the recording ends.
func TestAStallShortBeforeTheEndIsAGap(t *testing.T) {
	const begins, lasts = 7 * time.Second, 1600 * time.Millisecond
	came, _ := synthCam.run(9*time.Second, func(int) (time.Duration, bool) { return 30 * time.Millisecond, true })
	for i := range came {
		if came[i].sent >= begins {
			came[i].at += lasts
		}
	}
	came = append(came, synthCam.reports(begins, begins, 0)...)
	slices.SortStableFunc(came, func(a, b arrival) int { return int(a.at - b.at) })
	r := recordAll(t, camInfo, came)
	require.Len(t, r.Gaps, 1, r.Text("en"))
	require.Equal(t, CauseStalled, r.Gaps[0].Cause)
	require.InDelta(t, bubble.Add(begins).UnixMicro(), r.Gaps[0].FromT, 100_000)
}

// reports are those of a sender, every 700 ms, 10 ms on the way; its RTP clock stands
// still for stands from begins on.
func (s synth) reports(length, begins, stands time.Duration) (out []arrival) {
	for at := 300 * time.Millisecond; at < length; at += 700 * time.Millisecond {
		media := at - min(max(at-begins, 0), stands)
		out = append(out, arrival{at: at + 10*time.Millisecond, report: &sfu.SenderReport{
			Source: s.info.Source, SSRC: s.ssrc, Timestamp: uint32(media.Seconds() * float64(s.info.ClockRate)),
			NTP: uint64(3_900_000_000)<<32 + uint64(at.Seconds()*(1<<32)),
		}})
	}
	return out
}

// A browser on a bad line was seen to hold every picture back by 1.4 s and more for
// thirteen seconds: the least delay is not what the last ten seconds show.
func TestGapsOfPicturesHeldForLongAreInTheirPlace(t *testing.T) {
	const slack = 100_000
	came, lost := synthCam.run(30*time.Second, func(n int) (time.Duration, bool) {
		held := time.Duration(0)
		if sent := time.Duration(n/synthCam.parts) * synthCam.every; sent >= 5*time.Second {
			held = max(1500*time.Millisecond-max(sent-25*time.Second, 0), 0)
		}
		return 30*time.Millisecond + held, n%50 != 30
	})
	came = append(came, synthCam.reports(30*time.Second, 0, 0)...)
	slices.SortStableFunc(came, func(a, b arrival) int { return int(a.at - b.at) })
	got := runsOf(t, recordAll(t, camInfo, came))
	require.Len(t, got, len(lost))
	for i, want := range lost {
		require.InDelta(t, bubble.UnixMicro()+want[2]+30_000, got[i][2], slack, "from of run %d", i)
		require.InDelta(t, bubble.UnixMicro()+want[3]+30_000, got[i][3], slack, "to of run %d", i)
	}
}

// Padding takes a number and says nothing: it is neither a loss nor a sign of life.
func TestPaddingIsNoPictureAndNoLoss(t *testing.T) {
	came, _ := synthCam.run(8*time.Second, func(int) (time.Duration, bool) { return 30 * time.Millisecond, true })
	n := 0
	for i := range came {
		a := &came[i]
		a.pkt.Seq += uint64(n)
		if a.sent >= 3*time.Second && a.sent < 6*time.Second {
			a.pkt.Payload = nil // the camera stands still, probes go on
			n++
			a.pkt.Seq = came[i-1].pkt.Seq + 1
		} else if i > 0 {
			a.pkt.Seq = came[i-1].pkt.Seq + 1
		}
	}
	r := recordAll(t, camInfo, came)
	require.Len(t, r.Gaps, 1, r.Text("en"))
	require.Equal(t, CauseSilent, r.Gaps[0].Cause)
	require.InDelta(t, 3e6, r.Gaps[0].ToT-r.Gaps[0].FromT, 1e5)
}

// A camera whose pictures cannot be decoded is asked for a keyframe, and only then:
// after a loss that nothing mended, until the next keyframe is written.
func TestAKeyframeIsWantedAfterALossUntilItComes(t *testing.T) {
	came, _ := synthCam.run(8*time.Second, func(n int) (time.Duration, bool) { return 30 * time.Millisecond, n/3 != 70 })
	o := newOpener(t, bubble)
	var wanted []time.Duration
	synctest.Test(t, func(t *testing.T) {
		part, _ := o.open(nil)
		part.Tap().Opened(camInfo, time.Now())
		begin := time.Now()
		for _, a := range came {
			time.Sleep(time.Until(begin.Add(a.at))) //nolint:forbidigo // the clock of the bubble
			p := a.pkt
			p.Arrival = time.Now()
			part.Tap().Packet(&p)
			if part.queue.needKey(camSource) {
				wanted = append(wanted, a.sent)
			}
		}
		require.NoError(t, part.Close(context.Background()))
	})
	// Frame 70 is lost at 2.8 s, given up 0.5 s later; frame 100 is a keyframe.
	require.NotEmpty(t, wanted)
	require.InDelta(t, 3.3, wanted[0].Seconds(), 0.4)
	require.InDelta(t, 4.0, wanted[len(wanted)-1].Seconds(), 0.4)
	for i := 1; i < len(wanted); i++ {
		require.Less(t, wanted[i]-wanted[i-1], 100*time.Millisecond, "without a pause")
	}
}

// A browser on a bad line takes up another layer of its camera and holds the pictures
// back by seconds just then. Reports tell where the new stream's clock stands, whether
// they came before it or after its first pictures; so do faster pictures, when they
// come before the line is written.
func TestGapsOfALayerTakenUpWithPicturesHeldAreInTheirPlace(t *testing.T) {
	const (
		switched = 6 * time.Second
		slack    = 100_000
	)
	for name, c := range map[string]struct {
		held    time.Duration // the first pictures of the layer
		over    time.Duration // until they are held no more
		reports []time.Duration
	}{
		"reports before":      {1900 * time.Millisecond, 5 * time.Second, []time.Duration{time.Second, 2 * time.Second}},
		"report with it":      {1900 * time.Millisecond, 5 * time.Second, []time.Duration{time.Second, switched + 2000*time.Millisecond}},
		"report behind":       {1900 * time.Millisecond, 5 * time.Second, []time.Duration{time.Second, switched + 2700*time.Millisecond}},
		"no report, but pace": {600 * time.Millisecond, time.Second, nil},
	} {
		t.Run(name, func(t *testing.T) {
			fate := func(n int) (time.Duration, bool) { return 30 * time.Millisecond, n%50 != 30 }
			low, high := synthCam, synthCam
			high.ssrc = 11
			came, lost := low.run(switched, fate)
			more, lostMore := high.run(6*time.Second, fate)
			last := time.Duration(0)
			for _, a := range more {
				a.sent += switched
				a.at += switched + max(0, c.held-time.Duration(float64(c.held)*float64(a.sent-switched)/float64(c.over)))
				a.at, last = max(a.at, last), max(a.at, last)
				a.pkt.Timestamp += 4_000_000_000 // an offset of its own
				a.pkt.Seq += 5000
				came = append(came, a)
			}
			for _, l := range lostMore {
				lost = append(lost, [4]int64{l[0] + 5000, l[1] + 5000, l[2] + switched.Microseconds(), l[3] + switched.Microseconds()})
			}
			for i, at := range c.reports {
				ssrc := []uint32{low.ssrc, high.ssrc}[i]
				media := at - 10*time.Millisecond // of the sender's clock, 10 ms on the way
				ts := uint32(media.Seconds() * 90_000)
				if ssrc == high.ssrc {
					ts = uint32(int64((media-switched).Seconds()*90_000) + 4_000_000_000)
				}
				came = append(came, arrival{at: at, report: &sfu.SenderReport{
					Source: camSource, SSRC: ssrc, Timestamp: ts,
					NTP: uint64(3_900_000_000)<<32 + uint64(media.Seconds()*(1<<32)),
				}})
			}
			slices.SortStableFunc(came, func(a, b arrival) int { return int(a.at - b.at) })
			got := runsOf(t, recordAll(t, camInfo, came))
			require.Len(t, got, len(lost))
			for i, want := range lost {
				require.InDelta(t, bubble.UnixMicro()+want[2]+30_000, got[i][2], slack, "from of run %d", i)
				require.InDelta(t, bubble.UnixMicro()+want[3]+30_000, got[i][3], slack, "to of run %d", i)
			}
		})
	}
}
