package playback

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"
	"github.com/stretchr/testify/require"

	"phientoa/internal/pki"
	"phientoa/internal/signer"
	"phientoa/recording"
	"phientoa/recording/archive"
	"phientoa/sfu"
)

// The synthetic hearing: two devices with camera and microphone. Every picture shows
// its own number, so that what is on a screen tells when it was captured.
const (
	seconds = 60
	fps     = 25 // pictures a second
	// Of the second device's camera nothing comes from gapFrom to gapTo, in seconds.
	gapFrom, gapTo = 20, 26
	// The second device's microphone pauses from dtxFrom to dtxTo: a packet each 400 ms.
	dtxFrom, dtxTo = 10, 15
)

// capturedAt is when the hearing's first picture was captured.
func capturedAt() time.Time { return time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC) }

type deaf struct{}

func (deaf) Recording(bool, string)            {}
func (deaf) Checkpoint(uint64, string, []byte) {}

// feed is one source: captured packets, and how they come.
type feed struct {
	info    sfu.SourceInfo
	packets []*rtp.Packet // timestamps count from 0
	delay   time.Duration // from capture to arrival
	skew    time.Duration // of the device's wall clock
	silent  bool          // sends no reports
	pauses  func(at time.Duration) bool
}

type moment struct {
	at time.Duration
	do func(now time.Time)
}

// moments of a source, in order of arrival.
func (f *feed) moments(tap sfu.Tap) (out []moment) {
	src, hz := f.info.Source, time.Duration(f.info.ClockRate)
	lastReport := -time.Hour
	seq := uint64(0)
	for _, p := range f.packets {
		at := time.Duration(p.Timestamp) * time.Second / hz
		if f.pauses != nil && f.pauses(at) {
			continue
		}
		seq++
		n := seq
		out = append(out, moment{at + f.delay, func(now time.Time) {
			tap.Packet(&sfu.Packet{
				Source: src, Codec: f.info.Codec, SSRC: p.SSRC, Seq: n, Timestamp: p.Timestamp + 1000,
				Marker: p.Marker, Arrival: now, Payload: p.Payload,
			})
		}})
		if at-lastReport >= 2*time.Second && !f.silent {
			lastReport = at
			wall := capturedAt().Add(at + f.skew)
			ntp := uint64(wall.Unix()+ntpEpoch)<<32 | uint64(wall.Nanosecond())<<32/1e9
			out = append(out, moment{at + f.delay, func(now time.Time) {
				tap.SenderReport(sfu.SenderReport{Source: src, SSRC: p.SSRC, NTP: ntp, Timestamp: p.Timestamp + 1000, Arrival: now})
			}})
		}
	}
	return out
}

const genesis = `{"software":"test","booking":{"docket_no":"12/2026/TLST-HS",
"people":[{"id":"p-judge","capacity":"presiding_judge","alias":"Chủ tọa","point":"p0"},{"id":"p-defendant","capacity":"defendant","alias":"Bị cáo 1","point":"p1"}],
"devices":[{"id":"device-1","kind":"desk_client","people":["p-judge"]},{"id":"device-2","kind":"room_client","people":["p-defendant"]}],
"points":[{"id":"p0","kind":"central","name":"Phòng xử án số 2"},{"id":"p1","kind":"component","name":"Trại tạm giam Hòa Sơn"}]}}`

// told to the log, by second of the hearing.
func eventLines() map[int]string {
	return map[int]string{
		1:  `"kind":"hearing.opened","actor":{},"body":{"override_reason":""}`,
		5:  `"kind":"phase.entered","actor":{},"body":{"phase":"questioning","skip_reason":""}`,
		18: `"kind":"floor.given","actor":{},"body":{"person":"p-defendant"}`,
		40: `"kind":"hearing.recessed","actor":{},"body":{"reason":"Nghỉ giữa buổi"}`,
		45: `"kind":"hand.raised","actor":{},"body":{"person":"p-defendant"}`,
	}
}

// feeds of the hearing: each device's sound and picture on ways of their own.
func feeds(t testing.TB, tmp string) []*feed {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is missing: real VP8 and Opus cannot be made")
	}
	v1, v2, a := video(t, tmp, 50, 0x11), video(t, tmp, 50, 0x12), audio(t, tmp)
	cam := func(d string) sfu.SourceInfo {
		return sfu.SourceInfo{Source: sfu.SourceID{Peer: d, Kind: sfu.Cam}, Codec: sfu.VP8, ClockRate: 90000}
	}
	mic := func(d string) sfu.SourceInfo {
		return sfu.SourceInfo{Source: sfu.SourceID{Peer: d, Kind: sfu.Mic}, Codec: sfu.Opus, ClockRate: 48000, Channels: 2}
	}
	between := func(from, to int) func(at time.Duration) bool {
		return func(at time.Duration) bool {
			return at >= time.Duration(from)*time.Second && at < time.Duration(to)*time.Second
		}
	}
	dtx := between(dtxFrom, dtxTo)
	return []*feed{
		{info: cam("device-1"), packets: v1, delay: 120 * time.Millisecond, skew: -time.Hour},
		{info: mic("device-1"), packets: a, delay: 20 * time.Millisecond, skew: -time.Hour},
		{info: cam("device-2"), packets: v2, delay: 60 * time.Millisecond, skew: 3 * time.Second, pauses: between(gapFrom, gapTo)},
		{info: mic("device-2"), packets: a, delay: 25 * time.Millisecond, skew: 3 * time.Second, pauses: func(at time.Duration) bool {
			return dtx(at) && at%(400*time.Millisecond) != 0
		}},
	}
}

// example is one sealed hearing for all tests that only read it.
func example(t *testing.T) string { return exampleOf(t, sfu.VP8) }

func examplePath(second sfu.Codec) string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("phientoa-playback-%d-%d%s", os.Getpid(), second, archive.Ext))
}

// exampleOf is the example with the second camera in this codec.
func exampleOf(t *testing.T, second sfu.Codec) string {
	t.Helper()
	path := examplePath(second)
	if _, err := os.Stat(path); err != nil {
		all := feeds(t, t.TempDir())
		if second == sfu.H264 {
			all[2].info.Codec, all[2].packets = second, video264(t, t.TempDir(), 50, 0x12)
		}
		b, err := os.ReadFile(sealed(t, all))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, b, 0o600))
	}
	return path
}

// TestMain takes the example away.
func TestMain(m *testing.M) {
	m.Run()
	for _, second := range []sfu.Codec{sfu.VP8, sfu.H264} {
		_ = os.Remove(examplePath(second)) // may not be there
	}
}

// sealed records the feeds and seals the part.
func sealed(t testing.TB, of []*feed) (path string) {
	t.Helper()
	return record(t, of, 0)
}

// record is sealed; when crash is set the process is gone at that second, and the next
// one ends the part.
func record(t testing.TB, of []*feed, crash time.Duration) (path string) {
	t.Helper()
	dir, bubble := t.TempDir(), time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	id, err := pki.Open(pki.Params{Dir: filepath.Join(dir, "pki"), Node: "node-1", Now: capturedAt, Rand: rand.Reader})
	require.NoError(t, err)
	k, err := signer.NewKeeper(signer.KeeperParams{Node: id.Key, Certificate: id.Certificate, Now: time.Now, Rand: rand.Reader, Rate: 1e6, Burst: 1e6})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.Close()) })
	var part string
	synctest.Test(t.(*testing.T), func(t *testing.T) {
		now := func() time.Time { return time.Now().Add(capturedAt().Sub(bubble)) }
		open := func(evidence string) *recording.Part {
			p, err := recording.Open(context.Background(), recording.Params{
				Dir: filepath.Join(dir, evidence), Hearing: "h-1", Node: "node-1", Genesis: []byte(genesis),
				Epoch: 1, Signer: k, Notify: deaf{}, Rand: rand.Reader, Now: now,
			})
			require.NoError(t, err)
			return p
		}
		p := open("evidence")
		part = p.Dir()
		var all []moment
		for _, f := range of {
			p.Tap().Opened(f.info, now())
			all = append(all, f.moments(p.Tap())...)
		}
		seq := uint64(0)
		for at, line := range eventLines() {
			all = append(all, moment{time.Duration(at) * time.Second, func(now time.Time) {
				seq++
				text := fmt.Sprintf(`{"seq":%d,"at":%d,%s}`, seq, now.UnixMicro(), line)
				require.NoError(t, p.Event(context.Background(), seq, []byte(text), true, false))
			}})
		}
		slices.SortStableFunc(all, func(a, b moment) int { return int(a.at - b.at) })
		start := now()
		for _, m := range all {
			if crash > 0 && m.at > crash {
				break
			}
			time.Sleep(start.Add(m.at).Sub(now())) //nolint:forbidigo // the clock of the bubble
			m.do(now())
		}
		if crash > 0 { // what a killed process leaves
			require.NoError(t, os.CopyFS(filepath.Join(dir, "left"), os.DirFS(filepath.Join(dir, "evidence"))))
			next := open("left")
			part = next.Dir()
			require.NoError(t, next.Close(context.Background()))
			log, err := os.ReadFile(filepath.Join(part, "log.jsonl"))
			require.NoError(t, err)
			require.Contains(t, string(log), `"k":"recovered","track":`)
			require.Error(t, p.Close(context.Background()), "the signer went on with the next process")
			return
		}
		require.NoError(t, p.Close(context.Background()))
	})
	s, err := signer.NewSealer(signer.SealerParams{
		Key: id.Key, Certificate: id.Certificate, TSAKey: id.TSAKey, TSACertificate: id.TSACertificate,
		Now: capturedAt, Rand: rand.Reader, Rate: 1e6, Burst: 1e6,
	})
	require.NoError(t, err)
	path = part + archive.Ext
	_, err = archive.Build(context.Background(), archive.BuildParams{Part: part, Out: path, Signer: s})
	require.NoError(t, err)
	return path
}

const (
	width, height = 320, 180
	bars          = 16 // the picture's number in bits, the lowest to the left
)

// video is the numbered pictures in VP8, with a key picture each gop.
// video264 is video in H.264, as an encoder of a courtroom sends it.
func video264(t testing.TB, tmp string, gop int, ssrc uint32) (out []*rtp.Packet) {
	t.Helper()
	path := filepath.Join(tmp, fmt.Sprintf("%d.h264", ssrc))
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "gray",
		"-s", fmt.Sprintf("%dx%d", width, height), "-r", fmt.Sprint(fps), "-i", "-", "-pix_fmt", "yuv420p",
		"-c:v", "libx264", "-profile:v", "baseline", "-preset", "ultrafast", "-g", fmt.Sprint(gop), "-x264-params", "aud=1:repeat-headers=1", path)
	cmd.Stdin = &pictures{}
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, string(text))
	all, err := os.ReadFile(path)
	require.NoError(t, err)
	p := rtp.NewPacketizer(1100, 102, ssrc, &codecs.H264Payloader{}, rtp.NewFixedSequencer(1), 90000)
	delimiter := []byte{0, 0, 0, 1, 9}
	for n, picture := range bytes.Split(all, delimiter)[1:] {
		for _, pkt := range p.Packetize(append(bytes.Clone(delimiter), picture...), 0) {
			pkt.Timestamp = uint32(n * 90000 / fps)
			out = append(out, pkt)
		}
	}
	return out
}

func video(t testing.TB, tmp string, gop int, ssrc uint32) (out []*rtp.Packet) {
	t.Helper()
	path := filepath.Join(tmp, fmt.Sprintf("%d.ivf", ssrc))
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "gray",
		"-s", fmt.Sprintf("%dx%d", width, height), "-r", fmt.Sprint(fps), "-i", "-", "-pix_fmt", "yuv420p",
		"-c:v", "libvpx", "-b:v", "400k", "-g", fmt.Sprint(gop), "-deadline", "realtime", "-cpu-used", "8", path)
	cmd.Stdin = &pictures{}
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, string(text))
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	r, _, err := ivfreader.NewWith(f)
	require.NoError(t, err)
	p := rtp.NewPacketizer(1100, 96, ssrc, &codecs.VP8Payloader{EnablePictureID: true}, rtp.NewFixedSequencer(1), 90000)
	for n := 0; ; n++ {
		data, _, err := r.ParseNextFrame()
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		for _, pkt := range p.Packetize(data, 0) {
			pkt.Timestamp = uint32(n * 90000 / fps)
			out = append(out, pkt)
		}
	}
}

// pictures is the raw video.
type pictures struct {
	n    int
	rest bytes.Reader
}

// Read implements io.Reader.
func (p *pictures) Read(b []byte) (int, error) {
	if p.rest.Len() == 0 {
		if p.n == seconds*fps {
			return 0, io.EOF
		}
		frame := make([]byte, 0, width*height)
		row := make([]byte, width)
		for x := range row {
			row[x] = 16 + 219*byte(p.n>>(x*bars/width)&1)
		}
		for range height {
			frame = append(frame, row...)
		}
		p.rest.Reset(frame)
		p.n++
	}
	return p.rest.Read(b)
}

func audio(t testing.TB, tmp string) (out []*rtp.Packet) {
	t.Helper()
	path := filepath.Join(tmp, "a.ogg")
	text, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
		"-t", fmt.Sprint(seconds), "-ac", "2", "-c:a", "libopus", "-b:a", "32k", "-page_duration", "20000", path).CombinedOutput()
	require.NoError(t, err, string(text))
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	r, _, err := oggreader.NewWith(f)
	require.NoError(t, err)
	p := rtp.NewPacketizer(1100, 111, 0x22, &codecs.OpusPayloader{}, rtp.NewFixedSequencer(1), 48000)
	for n := uint32(0); ; n++ {
		data, head, err := r.ParseNextPage()
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		if _, isHeader := head.HeaderType(data); isHeader || string(data[:min(len(data), 8)]) == "OpusTags" {
			n--
			continue
		}
		for _, pkt := range p.Packetize(data, 0) {
			pkt.Timestamp = n * 960
			out = append(out, pkt)
		}
	}
}
