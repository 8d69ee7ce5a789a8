package recording

import (
	"context"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/ledger"
	"phientoa/sfu"
)

// faulty wraps the real directory; its knobs inject faults into track files and log.
type faulty struct {
	PartFS
	media, log atomic.Pointer[error] // given by Sync
	full       atomic.Bool           // Write of track files takes half and gives ENOSPC
	linesOnly  atomic.Bool           // log is about log.jsonl, not the checkpoints
	durable    atomic.Int64          // bytes of the log that a sync has acknowledged
}

func (f *faulty) wrap(name string, file ledger.File, err error) (ledger.File, error) {
	return &faultyFile{File: file, f: f, media: strings.HasPrefix(name, mediaDir), log: name == ledger.LogName}, err
}

func (f *faulty) Create(name string) (ledger.File, error) {
	file, err := f.PartFS.Create(name)
	return f.wrap(name, file, err)
}

func (f *faulty) Append(name string) (ledger.File, error) {
	file, err := f.PartFS.Append(name)
	if err != nil {
		return nil, err
	}
	return f.wrap(name, file, nil)
}

type faultyFile struct {
	ledger.File
	f          *faulty
	media, log bool
	written    int64
}

func (f *faultyFile) Write(b []byte) (int, error) {
	if f.media && f.f.full.Load() {
		n, _ := f.File.Write(b[:len(b)/2])
		return n, syscall.ENOSPC
	}
	n, err := f.File.Write(b)
	f.written += int64(n)
	return n, err
}

func (f *faultyFile) Sync() error {
	p := &f.f.log
	if f.media {
		p = &f.f.media
	}
	if err := p.Load(); err != nil && (f.media || f.log || !f.f.linesOnly.Load()) {
		return *err
	}
	if f.log {
		f.f.durable.Store(f.written)
	}
	return f.File.Sync()
}

// talk sends a microphone's packets for a time.
type talk struct {
	tap sfu.Tap
	seq uint64
}

func (k *talk) talk(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(20 * time.Millisecond) { //nolint:forbidigo // the clock of the bubble
		k.seq++
		k.tap.Packet(&sfu.Packet{
			Source: micSource, Codec: sfu.Opus, SSRC: 7, Seq: k.seq, Timestamp: uint32(k.seq * 960),
			Arrival: time.Now(), Payload: []byte{0xf8, 0xff, 0xfe},
		})
	}
}

func TestAFaultOfATrackFileIsTroubleAGapAndANewFile(t *testing.T) {
	for name, c := range map[string]struct {
		set   func(*faulty)
		clear func(*faulty)
		cause string
	}{
		"sync fails": {func(f *faulty) { var err error = syscall.EIO; f.media.Store(&err) }, func(f *faulty) { f.media.Store(nil) }, CauseDisk},
		"disk full":  {func(f *faulty) { f.full.Store(true) }, func(f *faulty) { f.full.Store(false) }, CauseFull},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOpener(t, bubble)
			synctest.Test(t, func(t *testing.T) {
				f := &faulty{}
				part, h := o.open(func(p *Params) {
					p.FS = func(dir string) (PartFS, error) {
						inner, err := ledger.DirFS(dir)
						f.PartFS = inner
						return f, err
					}
				})
				part.Tap().Opened(micInfo, time.Now())
				k := &talk{tap: part.Tap()}
				k.talk(2 * time.Second)
				c.set(f)
				broke := time.Now()
				k.talk(time.Second)
				on, why, _ := h.last()
				require.False(t, on, "not recording within %s", time.Since(broke))
				require.Equal(t, c.cause, why)
				k.talk(2 * time.Second)
				c.clear(f)
				k.talk(8 * time.Second)
				on, why, _ = h.last()
				require.True(t, on)
				require.Empty(t, why)
				require.NoError(t, part.Close(context.Background()))
			})
			r := o.verify(Options{Roots: o.id.Roots()})
			require.Equal(t, 0, r.ExitCode(), r.Text("en"))
			require.GreaterOrEqual(t, r.Tracks[0].Files, 2)
			covered := int64(0)
			for _, g := range r.Gaps {
				require.Equal(t, c.cause, g.Cause)
				covered += g.ToT - g.FromT
			}
			// 3 s of fault: less at most two batches that were in memory when it ended,
			// more by at most the second until the next try and a batch at each side.
			require.GreaterOrEqual(t, covered, int64(2_500_000), r.Text("en"))
			require.LessOrEqual(t, covered, int64(4_500_000), r.Text("en"))
		})
	}
}

func TestAFailedLogEndsTheRecordingAtOnceAndWhatWasSignedStands(t *testing.T) {
	o := newOpener(t, bubble)
	synctest.Test(t, func(t *testing.T) {
		f := &faulty{}
		part, h := o.open(func(p *Params) {
			p.FS = func(dir string) (PartFS, error) {
				inner, err := ledger.DirFS(dir)
				f.PartFS = inner
				return f, err
			}
		})
		part.Tap().Opened(micInfo, time.Now())
		k := &talk{tap: part.Tap()}
		k.talk(3 * time.Second)
		var err error = syscall.EIO
		f.log.Store(&err)
		k.talk(3 * time.Second)
		on, why, _ := h.last()
		require.False(t, on)
		require.Equal(t, "log-failed", why)
		require.ErrorIs(t, part.Event(context.Background(), 1, []byte(`{}`), true, true), ledger.ErrFailed)
		require.Error(t, part.Close(context.Background()))
	})
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 1, r.ExitCode(), "incomplete")
	require.False(t, r.Complete)
}

// slow blocks every sync until released.
func TestRecordingGoesOutWhenNothingBecomesDurable(t *testing.T) {
	o := newOpener(t, bubble)
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		var slow atomic.Bool
		part, h := o.open(func(p *Params) {
			p.FS = func(dir string) (PartFS, error) {
				inner, err := ledger.DirFS(dir)
				return &gated{inner, &slow, gate}, err
			}
		})
		part.Tap().Opened(micInfo, time.Now())
		k := &talk{tap: part.Tap()}
		k.talk(2 * time.Second)
		on, _, _ := h.last()
		require.True(t, on)
		slow.Store(true)
		k.talk(3 * time.Second)
		on, why, _ := h.last()
		require.False(t, on)
		require.Equal(t, "slow-disk", why)
		slow.Store(false)
		close(gate)
		k.talk(2 * time.Second)
		on, why, _ = h.last()
		require.True(t, on)
		require.Empty(t, why)
		require.NoError(t, part.Close(context.Background()))
	})
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Empty(t, r.Gaps, "a slow disk loses nothing while the queue holds")
}

type gated struct {
	PartFS
	slow *atomic.Bool
	gate chan struct{}
}

func (g *gated) Create(name string) (ledger.File, error) {
	f, err := g.PartFS.Create(name)
	return &gatedFile{f, g}, err
}

type gatedFile struct {
	ledger.File
	g *gated
}

func (f *gatedFile) Sync() error {
	if f.g.slow.Load() {
		<-f.g.gate
	}
	return f.File.Sync()
}
