package recording

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/ledger"
)

// hanging is a disk whose writes, or syncs, do not return while gate is set.
type hanging struct {
	PartFS
	gate *atomic.Pointer[hang]
}

type hang struct {
	open                    chan struct{}
	media, log, write, sync bool
	once                    sync.Once
	since                   atomic.Int64 // of the first that did not return, Unix nanoseconds
}

func (f *hanging) Create(name string) (ledger.File, error) {
	file, err := f.PartFS.Create(name)
	return &hangingFile{file, f, name == ledger.LogName}, err
}

type hangingFile struct {
	ledger.File
	f   *hanging
	log bool
}

func (f *hangingFile) wait(what func(*hang) bool) {
	if h := f.f.gate.Load(); h != nil && what(h) && (f.log && h.log || !f.log && h.media) {
		h.once.Do(func() { h.since.Store(time.Now().UnixNano()) })
		<-h.open
	}
}

func (f *hangingFile) Write(b []byte) (int, error) {
	f.wait(func(h *hang) bool { return h.write })
	return f.File.Write(b)
}

func (f *hangingFile) Sync() error {
	f.wait(func(h *hang) bool { return h.sync })
	return f.File.Sync()
}

// A disk that hangs is left like one that fails: "recording" goes out, within 5 s the
// second directory records, an event waits no longer, and the gap is stated.
// When the disk answers, the part on it gets its end and the hearing is whole.
func TestASecondDirectoryTakesOverFromAHungDisk(t *testing.T) {
	for name, how := range map[string]*hang{
		"writes of media": {media: true, write: true},
		"syncs of media":  {media: true, sync: true},
		"writes of lines": {log: true, write: true},
		"syncs of all":    {media: true, log: true, sync: true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newTwoDisks(t, bubble)
			first := filepath.Join(d.dir, "h-1")
			var gate atomic.Pointer[hang]
			var broke, back time.Time
			synctest.Test(t, func(t *testing.T) {
				how.open = make(chan struct{})
				s, h := d.begin(func(p *Params) {
					inner := p.FS
					p.FS = func(dir string) (PartFS, error) {
						f, err := inner(dir)
						if filepath.Dir(filepath.Dir(dir)) == d.dir {
							f = &hanging{f, &gate}
						}
						return f, err
					}
				})
				s.latest().Tap().Opened(micInfo, time.Now())
				k := &talk{tap: s.latest().Tap()}
				k.talk(4 * time.Second)
				gate.Store(how)
				broke = time.Now()
				told := make(chan error, 1)
				go func() { told <- s.Event(context.Background(), 1, []byte(`{"n":1}`), false, true) }()
				out := time.Duration(0)
				for s.Number() == 1 {
					k.talk(20 * time.Millisecond)
					if at := how.since.Load(); at > 0 {
						broke = time.Unix(0, at) // not asked before
					}
					require.Less(t, time.Since(broke), 5*time.Second, "the second directory records")
					if on, why, _ := h.last(); !on && out == 0 {
						out = time.Since(broke)
						require.Equal(t, "slow-disk", why)
					}
				}
				require.Equal(t, 2, s.Number())
				require.Contains(t, s.Dir(), d.second)
				require.Positive(t, out)
				require.Less(t, out, 3500*time.Millisecond, "the recorder's own lines are a second apart")
				back = time.Now()
				require.NoError(t, <-told)
				k.tap = s.latest().Tap()
				k.tap.Opened(micInfo, time.Now())
				k.talk(3 * time.Second)
				on, why, _ := h.last()
				require.True(t, on)
				require.Equal(t, troubleSecond, why)
				_, err := os.Stat(elsewhereEntry(first, 2))
				require.ErrorIs(t, err, os.ErrNotExist, "nothing is asked of the disk")

				gate.Store(nil)
				close(how.open)
				synctest.Wait()
				_, err = os.Stat(elsewhereEntry(first, 2))
				require.NoError(t, err, "the disk is told of the part beside")
				k.talk(time.Second)
				on, why, _ = h.last()
				require.True(t, on)
				require.Equal(t, troubleSecond, why, "the part that was left says nothing any more")
				require.NoError(t, s.Close(context.Background()))
			})
			r := d.report()
			require.Equal(t, 0, r.ExitCode(), r.Text("en"))
			require.Len(t, r.Parts, 2)
			require.Len(t, d.ended, 2)
			require.Positive(t, r.Parts[1].Events)
			require.GreaterOrEqual(t, covers(r.Gaps, broke, back), back.Sub(broke).Microseconds()-100_000, r.Text("en"))
			for _, g := range r.Gaps {
				require.Equal(t, CauseDisk, g.Cause)
				require.GreaterOrEqual(t, g.FromT, broke.Add(-3*time.Second).UnixMicro(), r.Text("en"))
			}
		})
	}
}

// A process that was stopped itself, and finds every batch old when it goes on, stays
// with its disk.
func TestAProcessThatStoodStillDoesNotLeaveItsDisk(t *testing.T) {
	d := newTwoDisks(t, bubble)
	synctest.Test(t, func(t *testing.T) {
		var ahead atomic.Int64
		s, _ := d.begin(func(p *Params) { p.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) } })
		time.Sleep(2 * time.Second) //nolint:forbidigo // the clock of the bubble
		ahead.Store(int64(10 * time.Second))
		time.Sleep(10 * time.Second) //nolint:forbidigo // the clock of the bubble
		require.Equal(t, 1, s.Number())
		require.NoError(t, s.Close(context.Background()))
	})
}
