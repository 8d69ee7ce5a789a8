package recording

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"
	"github.com/stretchr/testify/require"

	"phientoa/internal/pki"
	"phientoa/internal/signer"
	"phientoa/sfu"
)

// identity of a throw-away node.
func identity(t testing.TB, dir string, now time.Time) pki.Identity {
	t.Helper()
	id, err := pki.Open(pki.Params{Dir: dir, Node: "node-1", Now: func() time.Time { return now }, Rand: rand.Reader})
	require.NoError(t, err)
	return id
}

func keeper(t testing.TB, id pki.Identity) *signer.Keeper {
	t.Helper()
	k, err := signer.NewKeeper(signer.KeeperParams{Node: id.Key, Certificate: id.Certificate, Now: time.Now, Rand: rand.Reader, Rate: 1e6, Burst: 1e6})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.Close()) })
	return k
}

// heard collects what the recorder reports.
type heard struct {
	mu    sync.Mutex
	on    []bool
	why   []string
	sizes []uint64
	notes [][]byte
}

func (h *heard) Recording(on bool, trouble string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.on, h.why = append(h.on, on), append(h.why, trouble)
}

func (h *heard) Checkpoint(size uint64, _ string, note []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sizes, h.notes = append(h.sizes, size), append(h.notes, append([]byte(nil), note...))
}

func (h *heard) last() (on bool, why string, size uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.on); n > 0 {
		on, why = h.on[n-1], h.why[n-1]
	}
	if n := len(h.sizes); n > 0 {
		size = h.sizes[n-1]
	}
	return on, why, size
}

// clip is a few seconds of real VP8 and Opus as RTP packets, in time order.
type clip struct {
	video, audio []timed
}

type timed struct {
	at  time.Duration
	pkt *rtp.Packet
}

var clipOnce = sync.OnceValues(makeClip)

func testClip(t testing.TB) clip {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is missing: real VP8 and Opus cannot be made")
	}
	c, err := clipOnce()
	require.NoError(t, err)
	return c
}

func makeClip() (c clip, err error) {
	dir, err := os.MkdirTemp("", "clip")
	if err != nil {
		return c, err
	}
	defer os.RemoveAll(dir)
	ivf, ogg := filepath.Join(dir, "v.ivf"), filepath.Join(dir, "a.ogg")
	for _, args := range [][]string{
		{"-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-t", "6", "-c:v", "libvpx", "-b:v", "400k", "-g", "50", "-deadline", "realtime", "-cpu-used", "8", ivf},
		{"-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", "6", "-ac", "2", "-c:a", "libopus", "-b:a", "32k", "-page_duration", "20000", ogg},
	} {
		if out, err := exec.Command("ffmpeg", append([]string{"-v", "error", "-y"}, args...)...).CombinedOutput(); err != nil {
			return c, &exec.Error{Name: string(out), Err: err}
		}
	}
	if c.video, err = readIVF(ivf); err != nil {
		return c, err
	}
	c.audio, err = readOgg(ogg)
	return c, err
}

func readIVF(path string) (out []timed, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, _, err := ivfreader.NewWith(f)
	if err != nil {
		return nil, err
	}
	p := rtp.NewPacketizer(1100, 96, 0x1111, &codecs.VP8Payloader{EnablePictureID: true}, rtp.NewFixedSequencer(65500), 90000)
	for n := 0; ; n++ {
		data, _, err := r.ParseNextFrame()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		for _, pkt := range p.Packetize(data, 3600) {
			out = append(out, timed{time.Duration(n) * 40 * time.Millisecond, pkt})
		}
	}
}

func readOgg(path string) (out []timed, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, _, err := oggreader.NewWith(f)
	if err != nil {
		return nil, err
	}
	p := rtp.NewPacketizer(1100, 111, 0x2222, &codecs.OpusPayloader{}, rtp.NewFixedSequencer(1), 48000)
	for n := 0; ; {
		data, _, err := r.ParseNextPage()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if string(data[:min(len(data), 8)]) == "OpusTags" {
			continue
		}
		for _, pkt := range p.Packetize(data, 960) {
			out = append(out, timed{time.Duration(n) * 20 * time.Millisecond, pkt})
			n++
		}
	}
}

var (
	camSource = sfu.SourceID{Peer: "device-1", Kind: sfu.Cam}
	micSource = sfu.SourceID{Peer: "device-1", Kind: sfu.Mic}
	camInfo   = sfu.SourceInfo{Source: camSource, Codec: sfu.VP8, ClockRate: 90000}
	micInfo   = sfu.SourceInfo{Source: micSource, Codec: sfu.Opus, ClockRate: 48000, Channels: 2}
)

// feeder gives RTP packets to a tap, with the roll-over counted.
type feeder struct {
	tap    sfu.Tap
	source sfu.SourceID
	codec  sfu.Codec
	ext    uint64
	last   uint16
	begun  bool
}

func (f *feeder) packet(pkt *rtp.Packet, at time.Time) *sfu.Packet {
	if !f.begun {
		f.ext, f.last, f.begun = uint64(pkt.SequenceNumber), pkt.SequenceNumber, true
	}
	f.ext = uint64(int64(f.ext) + int64(int16(pkt.SequenceNumber-f.last)))
	f.last = pkt.SequenceNumber
	return &sfu.Packet{
		Source: f.source, Codec: f.codec, SSRC: pkt.SSRC, Seq: f.ext, Timestamp: pkt.Timestamp,
		Marker: pkt.Marker, Arrival: at, Payload: pkt.Payload,
	}
}

type opener struct {
	t   testing.TB
	dir string
	id  pki.Identity
	key *signer.Keeper
}

// bubble is where the clock of testing/synctest begins.
var bubble = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func newOpener(t testing.TB, now time.Time) opener {
	dir := t.TempDir()
	id := identity(t, filepath.Join(dir, "pki"), now)
	return opener{t, filepath.Join(dir, "evidence"), id, keeper(t, id)}
}

func (o opener) params(h *heard) Params {
	return Params{
		Dir: o.dir, Hearing: "h-1", Node: "node-1", Genesis: []byte(`{"docket_no":"12/2026/TLST-HS"}`), Epoch: 1,
		Signer: o.key, Notify: h, Rand: rand.Reader,
		FS: nil,
	}
}

func (o opener) open(change func(p *Params)) (*Part, *heard) {
	o.t.Helper()
	h := &heard{}
	p := o.params(h)
	if change != nil {
		change(&p)
	}
	part, err := Open(context.Background(), p)
	require.NoError(o.t, err)
	return part, h
}

func (o opener) verify(opt Options) Report {
	o.t.Helper()
	r, err := VerifyDir(context.Background(), os.DirFS(filepath.Join(o.dir, "h-1")), opt)
	require.NoError(o.t, err)
	return r
}
