package recording

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/stretchr/testify/require"

	"phientoa/sfu"
)

var h264Info = sfu.SourceInfo{Source: camSource, Codec: sfu.H264, ClockRate: 90000}

// h264Clip is two seconds of H.264 of a size as RTP packets, in two slices a picture;
// alone sends every NAL unit in a packet of its own and puts delimiters between pictures.
func h264Clip(t testing.TB, size string, alone bool) (out []timed) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is missing: real H.264 cannot be made")
	}
	path := filepath.Join(t.TempDir(), "v.h264")
	text, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size="+size+":rate=25", "-t", "2",
		"-c:v", "libx264", "-profile:v", "baseline", "-preset", "ultrafast", "-g", "25", "-x264-params", "slices=2:aud=1:repeat-headers=1", path).CombinedOutput()
	require.NoError(t, err, string(text))
	all, err := os.ReadFile(path)
	require.NoError(t, err)
	var payloader codecs.H264Payloader
	if alone {
		payloader.DisableStapA = true
	}
	p := rtp.NewPacketizer(1100, 102, 0x3333, &payloader, rtp.NewFixedSequencer(65500), 90000)
	delimiter := []byte{0, 0, 0, 1, 9}
	for n, picture := range bytes.Split(all, delimiter)[1:] {
		picture = append(bytes.Clone(delimiter), picture...)
		for _, pkt := range p.Packetize(picture, 3600) {
			out = append(out, timed{time.Duration(n) * 40 * time.Millisecond, pkt})
		}
	}
	return out
}

func TestH264IsRecordedAndDecodes(t *testing.T) {
	for name, alone := range map[string]bool{"aggregated": false, "each unit alone": true} {
		t.Run(name, func(t *testing.T) {
			small, large := h264Clip(t, "322x180", alone), h264Clip(t, "640x360", alone)
			last := small[len(small)-1].pkt
			for i := range large { // the encoder goes on with another size
				large[i].at += 2 * time.Second
				large[i].pkt.SequenceNumber = last.SequenceNumber + 1 + uint16(i)
				large[i].pkt.Timestamp = last.Timestamp + 3600 + uint32((large[i].at-2*time.Second)*90/time.Millisecond)
			}
			c := slices.Concat(small, large)
			o := newOpener(t, bubble)
			synctest.Test(t, func(t *testing.T) {
				part, _ := o.open(nil)
				part.Tap().Opened(h264Info, time.Now())
				play(part, clip{video: c}, none)
				require.NoError(t, part.Close(context.Background()))
			})
			r := o.verify(Options{Roots: o.id.Roots()})
			require.Equal(t, 0, r.ExitCode(), r.Text("en"))
			require.Empty(t, r.Gaps)
			media := files(t, filepath.Join(o.dir, "h-1", "part-0001"))
			require.Len(t, media, 2, "another size is another file")
			for i, size := range []string{"322,180", "640,360"} {
				require.Equal(t, 50, decode(t, media[i], "v:0"))
				text, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "stream=codec_name,profile,width,height,is_avc", "-of", "csv=p=0", media[i]).CombinedOutput()
				require.NoError(t, err)
				require.Contains(t, string(text), "h264,")
				require.Contains(t, string(text), size)
				require.Contains(t, string(text), "true", "lengths in front of units, not start codes")
				b, err := os.ReadFile(media[i])
				require.NoError(t, err)
				s, ok := ReadStretch(bytes.NewReader(b))
				require.True(t, ok)
				require.EqualValues(t, 2, s.Keys)
				require.True(t, IsInit(b[:s.Init], "h264", 0))
				require.False(t, IsInit(b[:s.Init], "vp8", 0))
				require.False(t, IsInit(b[:s.Init-1], "h264", 0))
				require.False(t, IsInit(append(bytes.Clone(b[:s.Init]), 0), "h264", 0))
			}
		})
	}
}

// A loss takes the pictures whose packets are missing and no other, and it is named.
func TestALossInH264IsAGap(t *testing.T) {
	c := h264Clip(t, "640x360", false)
	hit := 0
	for i := range c { // of a picture behind the second keyframe
		if c[i].at == 1400*time.Millisecond {
			hit = i
			break
		}
	}
	o := newOpener(t, bubble)
	synctest.Test(t, func(t *testing.T) {
		part, _ := o.open(nil)
		part.Tap().Opened(h264Info, time.Now())
		play(part, clip{video: c}, func(_ sfu.SourceID, i int) bool { return i == 0 || i == hit })
		require.NoError(t, part.Close(context.Background()))
	})
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	causes := map[string]bool{}
	for _, g := range r.Gaps {
		causes[g.Cause] = true
	}
	require.True(t, causes[CauseLoss], r.Text("en"))
	require.True(t, causes[CauseNoKeyframe], "pictures before a parameter set are of no use: %s", r.Text("en"))
	require.Equal(t, 24, r.Tracks[0].Frames, "from the second keyframe on, without the one that lacks a packet")
}
