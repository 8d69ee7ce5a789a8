package recording

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whenever an encoder changes how its pictures are decoded: the first change makes a file
// at once, no two within a second, never more than a dozen in any ten minutes, and one that
// was steady for a minute is believed at once again.
func TestChangesOfThePictureAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c changes
		now := time.Unix(1_700_000_000, 0)
		var made []time.Time
		for range rapid.IntRange(1, 400).Draw(t, "changes") {
			steady := time.Duration(rapid.SampledFrom([]int{40, 1000, 5000, 59_999, 60_000}).Draw(t, "ms")) * time.Millisecond
			now = now.Add(steady)
			was := len(made)
			if c.due(now) {
				made = append(made, now)
			}
			if was == 0 || now.Sub(made[was-1]) >= maxChange {
				require.Len(t, made, was+1, "a rare change is believed at once")
			}
			if n := len(made); n > was && was > 0 {
				require.GreaterOrEqual(t, made[was].Sub(made[was-1]), minChange)
			}
		}
		for i := range made {
			if i+16 < len(made) {
				require.Greater(t, made[i+16].Sub(made[i]), 5*time.Minute, "sixteen changes take minutes")
			}
		}
	})
}

// An encoder that says other parameters with every keyframe fills no directory: what the
// file cannot decode is left out and named, and every file decodes.
func TestAnUnsteadyEncoderMakesFewFiles(t *testing.T) {
	a, b := h264Clip(t, "322x180", false), h264Clip(t, "640x360", false)
	var c []timed
	var at time.Duration
	seq, ts := a[0].pkt.SequenceNumber, a[0].pkt.Timestamp
	for n := range 20 { // a second of each in turn, and a pause: no wait of changes ends just as a keyframe comes
		from := a
		if n%2 == 1 {
			from = b
		}
		for _, x := range from {
			if x.at >= time.Second {
				break
			}
			p := *x.pkt
			p.SequenceNumber, p.Timestamp = seq, ts+uint32((at+x.at)*90/time.Millisecond)
			seq++
			c = append(c, timed{at + x.at, &p})
		}
		at += 1200 * time.Millisecond
	}
	o := newOpener(t, bubble)
	synctest.Test(t, func(t *testing.T) {
		part, _ := o.open(nil)
		part.Tap().Opened(h264Info, time.Now())
		play(part, clip{video: c}, none)
		require.NoError(t, part.Close(context.Background()))
	})
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	media := files(t, filepath.Join(o.dir, "h-1", "part-0001"))
	require.Len(t, media, 6, "changes after 1, 2, 5, 10 and 17 of the twenty stretches")
	frames, left := 0, 0
	for _, f := range media {
		frames += decode(t, f, "v:0")
	}
	for _, g := range r.Gaps {
		require.Equal(t, CauseUnsteady, g.Cause, r.Text("en"))
		left += g.Packets
	}
	require.Equal(t, r.Tracks[0].Frames, frames, "what is recorded decodes")
	require.Positive(t, left)
	require.Less(t, frames, 500)
}
