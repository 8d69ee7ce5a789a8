package recording

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/sfu"
)

// play feeds both sources in real order of time. drop tells which packets never come.
func play(part *Part, c clip, drop func(source sfu.SourceID, i int) bool) {
	tap := part.Tap()
	v := &feeder{tap: tap, source: camSource, codec: sfu.VP8}
	a := &feeder{tap: tap, source: micSource, codec: sfu.Opus}
	start := time.Now()
	i, j := 0, 0
	for i < len(c.video) || j < len(c.audio) {
		useVideo := j == len(c.audio) || (i < len(c.video) && c.video[i].at <= c.audio[j].at)
		var at time.Duration
		if useVideo {
			at = c.video[i].at
		} else {
			at = c.audio[j].at
		}
		time.Sleep(time.Until(start.Add(at))) //nolint:forbidigo // the clock of the bubble
		if useVideo {
			p := v.packet(c.video[i].pkt, time.Now())
			if !drop(camSource, i) {
				tap.Packet(p)
			}
			i++
		} else {
			p := a.packet(c.audio[j].pkt, time.Now())
			if !drop(micSource, j) {
				tap.Packet(p)
			}
			j++
		}
	}
}

func none(sfu.SourceID, int) bool { return false }

func files(t *testing.T, dir string) []string {
	t.Helper()
	out, err := filepath.Glob(filepath.Join(dir, mediaDir, "*.webm"))
	require.NoError(t, err)
	return out
}

// decode counts the frames that ffmpeg decodes without complaint.
func decode(t *testing.T, file string, stream string) int {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-count_frames", "-select_streams", stream, "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", file).CombinedOutput()
	require.NoError(t, err, string(out))
	n, err := strconv.Atoi(strings.TrimSpace(string(out)))
	require.NoError(t, err, string(out))
	return n
}

func TestEveryFrameOfALosslessHearingDecodesFromTheFiles(t *testing.T) {
	c := testClip(t)
	o := newOpener(t, bubble)
	synctest.Test(t, func(t *testing.T) {
		part, h := o.open(nil)
		part.Tap().Opened(camInfo, time.Now())
		part.Tap().Opened(micInfo, time.Now())
		play(part, c, none)
		require.NoError(t, part.Event(context.Background(), 1, []byte(`{"seq":1}`), true, true))
		require.NoError(t, part.Close(context.Background()))
		on, _, size := h.last()
		require.False(t, on, "after the end nothing is recorded")
		require.True(t, h.on[0], "recording is on once the genesis is durable")
		require.NotZero(t, size)
	})
	dir := filepath.Join(o.dir, "h-1", "part-0001")
	got := files(t, dir)
	require.Len(t, got, 2)
	require.Equal(t, 150, decode(t, got[0], "v:0"))
	require.Equal(t, len(c.audio), decode(t, got[1], "a:0"))

	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Empty(t, r.Gaps)
	require.Equal(t, 3, o.verify(Options{}).ExitCode())
	require.Contains(t, o.verify(Options{}).Text(""), "Toàn vẹn; chưa xác định được người ký")
	_, err := json.Marshal(r)
	require.NoError(t, err)
}

func TestAFileCutAnywhereStillDecodes(t *testing.T) {
	c := testClip(t)
	o := newOpener(t, bubble)
	synctest.Test(t, func(t *testing.T) {
		part, _ := o.open(nil)
		part.Tap().Opened(camInfo, time.Now())
		play(part, clip{video: c.video}, none)
		require.NoError(t, part.Close(context.Background()))
	})
	whole, err := os.ReadFile(files(t, filepath.Join(o.dir, "h-1", "part-0001"))[0])
	require.NoError(t, err)
	last := 0
	for _, share := range []int{15, 40, 73, 99} {
		cut := filepath.Join(t.TempDir(), "cut.webm")
		require.NoError(t, os.WriteFile(cut, whole[:len(whole)*share/100], 0o600))
		out, err := exec.Command("ffprobe", "-v", "quiet", "-count_frames", "-select_streams", "v:0", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", cut).Output()
		require.NoError(t, err)
		n, err := strconv.Atoi(strings.TrimSpace(string(out)))
		require.NoError(t, err)
		require.Greater(t, n, last)
		last = n
	}
}

func TestGapsListedAreGapsInjected(t *testing.T) {
	c := testClip(t)
	o := newOpener(t, bubble)
	lostAudio := func(i int) bool { return i >= 100 && i < 120 } // 400 ms from 2.0 s
	synctest.Test(t, func(t *testing.T) {
		part, _ := o.open(nil)
		part.Tap().Opened(camInfo, time.Now())
		part.Tap().Opened(micInfo, time.Now())
		play(part, c, func(s sfu.SourceID, i int) bool { return s == micSource && lostAudio(i) })
		require.NoError(t, part.Close(context.Background()))
	})
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Len(t, r.Gaps, 1, r.Text("en"))
	g := r.Gaps[0]
	require.Equal(t, CauseLoss, g.Cause)
	require.Equal(t, 20, g.Packets)
	require.InDelta(t, bubble.Add(2*time.Second).UnixMicro(), g.FromT, 100_000)
	require.InDelta(t, bubble.Add(2400*time.Millisecond).UnixMicro(), g.ToT, 100_000)
	require.Equal(t, len(c.audio)-20, decode(t, files(t, filepath.Join(o.dir, "h-1", "part-0001"))[1], "a:0"))
}

func TestLatePacketsWithinTheWaitAreNoLoss(t *testing.T) {
	c := testClip(t)
	o := newOpener(t, bubble)
	synctest.Test(t, func(t *testing.T) {
		part, _ := o.open(nil)
		part.Tap().Opened(micInfo, time.Now())
		late := c
		late.video = nil
		late.audio = append([]timed(nil), c.audio...)
		for i := 50; i < 55; i++ { // 400 ms late, behind 20 others
			late.audio = append(late.audio, timed{late.audio[i].at + 400*time.Millisecond, late.audio[i].pkt})
		}
		late.audio = append(append([]timed(nil), late.audio[:50]...), late.audio[55:]...)
		sortByTime(late.audio)
		play(part, late, none)
		require.NoError(t, part.Close(context.Background()))
	})
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Empty(t, r.Gaps)
	require.Equal(t, len(c.audio), decode(t, files(t, filepath.Join(o.dir, "h-1", "part-0001"))[0], "a:0"))
}

func sortByTime(p []timed) {
	slices.SortStableFunc(p, func(a, b timed) int { return int(a.at - b.at) })
}

func TestAClosedGrantIsNoGapAndNothingOutsideItIsRecorded(t *testing.T) {
	c := testClip(t)
	o := newOpener(t, bubble)
	synctest.Test(t, func(t *testing.T) {
		part, _ := o.open(nil)
		tap := part.Tap()
		f := &feeder{source: micSource, codec: sfu.Opus}
		tap.Opened(micInfo, time.Now())
		for i, p := range c.audio[:250] {
			time.Sleep(20 * time.Millisecond) //nolint:forbidigo // the clock of the bubble
			if i == 100 {
				tap.Closed(micSource, time.Now())
			}
			if i == 200 {
				tap.Opened(micInfo, time.Now())
			}
			tap.Packet(f.packet(p.pkt, time.Now())) // the tap must not trust that nothing comes
		}
		require.NoError(t, part.Close(context.Background()))
	})
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Empty(t, r.Gaps)
	require.Equal(t, 150, r.Tracks[0].Frames)
	require.Equal(t, 1, r.Tracks[0].Files)
}

func TestACameraThatStallsIsAGapAndAMicrophoneInDTXIsNone(t *testing.T) {
	c := testClip(t)
	o := newOpener(t, bubble)
	synctest.Test(t, func(t *testing.T) {
		part, h := o.open(nil)
		tap := part.Tap()
		tap.Opened(camInfo, time.Now())
		tap.Opened(micInfo, time.Now())
		v := &feeder{source: camSource, codec: sfu.VP8}
		a := &feeder{source: micSource, codec: sfu.Opus}
		n := 0
		for ; c.video[n].at < time.Second; n++ {
			tap.Packet(v.packet(c.video[n].pkt, time.Now()))
		}
		for i := range 10 { // 4 s in which the microphone sends a packet each 400 ms
			tap.Packet(a.packet(c.audio[i].pkt, time.Now()))
			time.Sleep(400 * time.Millisecond) //nolint:forbidigo // the clock of the bubble
		}
		on, why, _ := h.last()
		require.True(t, on)
		require.Equal(t, "track-silent", why)
		for ; n < len(c.video); n++ {
			tap.Packet(v.packet(c.video[n].pkt, time.Now()))
		}
		time.Sleep(time.Second) //nolint:forbidigo // the clock of the bubble
		require.NoError(t, part.Close(context.Background()))
	})
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Len(t, r.Gaps, 1, r.Text("en"))
	require.Equal(t, CauseSilent, r.Gaps[0].Cause)
	require.InDelta(t, 4e6, r.Gaps[0].ToT-r.Gaps[0].FromT, 1e5)
}

func TestAFullQueueIsAGapAndTroubleNeverAWait(t *testing.T) {
	c := testClip(t)
	o := newOpener(t, bubble)
	synctest.Test(t, func(t *testing.T) {
		part, h := o.open(func(p *Params) { p.Limits.QueuePackets = 100 })
		part.Tap().Opened(micInfo, time.Now())
		f := &feeder{source: micSource, codec: sfu.Opus}
		for _, p := range c.audio[:300] { // in no time at all
			part.Tap().Packet(f.packet(p.pkt, time.Now()))
		}
		time.Sleep(2 * time.Second) //nolint:forbidigo // the clock of the bubble
		_, why, _ := h.last()
		require.Equal(t, CauseQueue, why)
		require.NoError(t, part.Close(context.Background()))
	})
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	total := r.Tracks[0].Frames
	for _, g := range r.Gaps {
		require.Equal(t, CauseQueue, g.Cause)
		total += g.Packets
	}
	require.Equal(t, 300, total)
	require.Less(t, r.Tracks[0].Frames, 300)
}
