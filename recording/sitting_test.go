package recording

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"phientoa/internal/disk"
	"phientoa/internal/ledger"
	"phientoa/sfu"
)

// twoDisks is an opener with a second directory; disk is the first one's faults.
type twoDisks struct {
	opener
	second string
	disk   *faulty
	all    atomic.Pointer[error] // what the first disk answers to everything

	mu    sync.Mutex
	ended []string
}

func newTwoDisks(t *testing.T, now time.Time) *twoDisks {
	o := newOpener(t, now)
	d := &twoDisks{opener: o, second: filepath.Join(filepath.Dir(o.dir), "second"), disk: &faulty{}}
	require.NoError(t, os.Mkdir(d.second, 0o700))
	require.NoError(t, disk.Mark(d.second))
	return d
}

func (d *twoDisks) begin(change func(p *Params)) (*Sitting, *heard) {
	d.t.Helper()
	h := &heard{}
	p := d.params(h)
	p.Second = d.second
	p.Ended = func(part string) { d.mu.Lock(); d.ended = append(d.ended, part); d.mu.Unlock() }
	p.FS = func(dir string) (PartFS, error) {
		inner, err := ledger.DirFS(dir)
		if err != nil || filepath.Dir(filepath.Dir(dir)) != d.dir {
			return inner, err
		}
		if err := d.all.Load(); err != nil {
			return nil, errors.Join(*err, inner.Close())
		}
		f := &faulty{PartFS: inner}
		d.disk = f
		return f, nil
	}
	if change != nil {
		change(&p)
	}
	s, err := Begin(context.Background(), p)
	require.NoError(d.t, err)
	return s, h
}

func (d *twoDisks) report() Report {
	r, err := VerifyDirs(context.Background(), d.dirs(), Options{Roots: d.id.Roots()})
	require.NoError(d.t, err)
	return r
}

// dirs are those of the hearing, on both disks.
func (d *twoDisks) dirs() []fs.FS {
	return []fs.FS{os.DirFS(filepath.Join(d.dir, "h-1")), os.DirFS(filepath.Join(d.second, "h-1"))}
}

// one verifies one of the directories alone.
func (d *twoDisks) one(dir fs.FS) Report {
	r, err := VerifyDir(context.Background(), dir, Options{Roots: d.id.Roots()})
	require.NoError(d.t, err)
	return r
}

// covers sums up what the gaps name of [from, to], in microseconds.
func covers(gaps []Gap, from, to time.Time) (sum int64) {
	for _, g := range gaps {
		sum += max(0, min(g.ToT, to.UnixMicro())-max(g.FromT, from.UnixMicro()))
	}
	return sum
}

// The hearing goes on whatever the first disk does: within 3 s "recording" is out,
// within 5 s the second directory records, what was durable stays whole, the new
// part names the old one's root, and the gap between the two is stated.
func TestASecondDirectoryTakesOverFromAFailingDisk(t *testing.T) {
	eio, full := error(syscall.EIO), error(syscall.ENOSPC)
	for name, c := range map[string]struct {
		fail  func(d *twoDisks)
		cause string
		ended bool // the first part could still be ended
	}{
		"track files full":        {func(d *twoDisks) { d.disk.full.Store(true) }, CauseFull, true},
		"track files do not sync": {func(d *twoDisks) { d.disk.media.Store(&eio) }, CauseDisk, true},
		"log does not sync":       {func(d *twoDisks) { d.disk.log.Store(&eio) }, CauseDisk, false},
		"log full":                {func(d *twoDisks) { d.disk.log.Store(&full) }, CauseFull, false},
		"everything fails": {func(d *twoDisks) {
			d.disk.log.Store(&eio)
			d.disk.media.Store(&eio)
			d.all.Store(&eio)
		}, CauseDisk, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newTwoDisks(t, bubble)
			var broke, back time.Time
			synctest.Test(t, func(t *testing.T) {
				s, h := d.begin(nil)
				s.latest().Tap().Opened(micInfo, time.Now())
				k := &talk{tap: s.latest().Tap()}
				require.NoError(t, s.Event(context.Background(), 1, []byte(`{"n":1}`), true, true))
				k.talk(4 * time.Second)
				c.fail(d)
				broke = time.Now()
				require.NoError(t, s.Event(context.Background(), 2, []byte(`{"n":2}`), true, false), "handed over, perhaps swallowed")
				on, why := true, ""
				for time.Since(broke) < 5*time.Second && s.Number() == 1 {
					k.talk(20 * time.Millisecond)
					if on, why, _ = h.last(); !on {
						require.Less(t, time.Since(broke), 3*time.Second)
					}
				}
				require.Equal(t, 2, s.Number(), "the second directory records")
				require.Contains(t, s.Dir(), d.second)
				require.Contains(t, h.why, map[bool]string{true: c.cause, false: "log-failed"}[c.ended || c.cause == CauseFull], "said what is wrong, last %v %q", on, why)
				require.Contains(t, h.on, false)
				back = time.Now()
				k.tap = s.latest().Tap()
				k.tap.Opened(micInfo, time.Now())
				k.talk(3 * time.Second)
				on, why, _ = h.last()
				require.True(t, on)
				require.Equal(t, troubleSecond, why)
				require.NoError(t, s.Event(context.Background(), 3, []byte(`{"n":3}`), true, true))
				require.NoError(t, s.Close(context.Background()))
				require.Error(t, s.Event(context.Background(), 4, []byte(`{"n":4}`), true, true))
			})
			held, err := Held(filepath.Join(d.dir, "h-1"), filepath.Join(d.second, "h-1"))
			require.NoError(t, err)
			require.Empty(t, held)
			r := d.report()
			require.Len(t, r.Parts, 2)
			require.Equal(t, 2, r.Parts[1].Events-map[bool]int{true: -1}[c.ended && r.Parts[1].Events == 1], "what the log swallowed stands in the next part")
			lost := covers(r.Gaps, broke.Add(-3*time.Second), back.Add(time.Second))
			require.GreaterOrEqual(t, lost, back.Sub(broke).Microseconds()-500_000, r.Text("en"))
			require.LessOrEqual(t, lost, back.Sub(broke).Microseconds()+2_500_000, r.Text("en"))
			for _, g := range r.Gaps {
				require.Equal(t, c.cause, g.Cause)
			}
			if c.ended {
				require.Equal(t, 0, r.ExitCode(), r.Text("en"))
				require.Len(t, d.ended, 2)
				for i, dir := range d.dirs() { // neither is the whole hearing, and each says what to give
					r := d.one(dir)
					require.Equal(t, 1, r.ExitCode(), r.Text("en"))
					require.Equal(t, DamagePartMissing, r.Damages[0].Code)
					require.Equal(t, PartDir(2-i), r.Damages[0].Detail)
					require.Contains(t, r.Text("vi"), "thư mục lưu trữ thứ hai (--evidence-second)")
				}
				return
			}
			for _, x := range r.Damages {
				require.Equal(t, 1, x.Part, "the second part and the chain are sound: %s", r.Text("en"))
			}

			// The disk is mended: the next sitting gives the first part its end.
			d.all.Store(nil)
			synctest.Test(t, func(t *testing.T) {
				s, _ := d.begin(nil)
				require.Equal(t, 3, s.Number())
				synctest.Wait()
				require.NoError(t, s.Close(context.Background()))
			})
			r = d.report()
			require.Equal(t, 0, r.ExitCode(), r.Text("en"))
			require.Contains(t, d.ended, filepath.Join(d.dir, "h-1", PartDir(1)))
		})
	}
}

// Without a second directory a failed log is no end either: the next part begins
// in the same place as soon as that takes bytes.
func TestAFailedLogGoesOnInTheNextPart(t *testing.T) {
	d := newTwoDisks(t, bubble)
	synctest.Test(t, func(t *testing.T) {
		s, h := d.begin(func(p *Params) { p.Second = "" })
		s.latest().Tap().Opened(micInfo, time.Now())
		k := &talk{tap: s.latest().Tap()}
		k.talk(2 * time.Second)
		err := error(syscall.EIO)
		d.all.Store(&err)
		d.disk.log.Store(&err)
		k.talk(time.Second)
		ctx := context.Background()
		began := time.Now()
		require.Error(t, s.Event(ctx, 1, []byte(`{"n":1}`), false, true), "in no log yet, and said so")
		require.LessOrEqual(t, time.Since(began), 5*time.Second)
		k.talk(5 * time.Second)
		began = time.Now()
		require.Error(t, s.Event(ctx, 2, []byte(`{"n":2}`), false, true))
		require.NoError(t, s.Event(ctx, 3, []byte(`{"n":3}`), true, false), "the next part writes it")
		require.Zero(t, time.Since(began), "a disk that stays away holds nothing up")
		on, why, _ := h.last()
		require.False(t, on)
		require.Equal(t, "log-failed", why)
		d.all.Store(nil)
		k.talk(3 * time.Second)
		require.Equal(t, 2, s.Number())
		require.EqualValues(t, 3, s.LastEventSeq())
		held, err2 := s.Uncommitted(ctx)
		require.NoError(t, err2)
		require.Equal(t, []string{`{"n":1}`, `{"n":2}`}, texts(held), "once, and in order")
		on, why, _ = h.last()
		require.True(t, on)
		require.Empty(t, why)
		require.NoError(t, s.Close(context.Background()))
	})
}

// No event that was handed over is missing, whatever the moment of the fault: what
// the failing log did not make durable stands in the next part.
func TestNoEventIsLostBetweenTwoParts(t *testing.T) {
	for _, after := range []time.Duration{0, 300 * time.Millisecond, 900 * time.Millisecond, 1700 * time.Millisecond} {
		t.Run(after.String(), func(t *testing.T) {
			d := newTwoDisks(t, bubble)
			const events = 60
			synctest.Test(t, func(t *testing.T) {
				s, _ := d.begin(nil)
				for seq := uint64(1); seq <= events; seq++ {
					if time.Since(bubble) >= 2*time.Second+after && d.disk.log.Load() == nil {
						err := error(syscall.EIO)
						d.disk.log.Store(&err)
					}
					require.NoError(t, s.Event(context.Background(), seq, fmt.Appendf(nil, `{"n":%d}`, seq), true, seq%3 == 0))
					time.Sleep(100 * time.Millisecond) //nolint:forbidigo // the clock of the bubble
				}
				require.Equal(t, 2, s.Number())
				require.NoError(t, s.Close(context.Background()))
			})
			seen := map[uint64]bool{}
			for _, pl := range []place{{filepath.Join(d.dir, "h-1"), 1}, {filepath.Join(d.second, "h-1"), 2}} {
				cp, err := ledger.LastCheckpoint(os.DirFS(pl.dir()))
				require.NoError(t, err)
				require.NoError(t, ledger.Lines(os.DirFS(pl.dir()), func(l ledger.Line) (bool, error) {
					var b eventBody
					if l.Kind == ledger.KindEvent && l.I < cp.Size { // what is signed counts
						require.NoError(t, json.Unmarshal(l.Members, &b))
						seen[b.Seq] = true
					}
					return true, nil
				}))
			}
			require.Len(t, seen, events)
		})
	}
}

// A part that is ended although its log failed would be signed over what is not
// on the disk.
func TestNothingIsSignedThatIsNotOnDisk(t *testing.T) {
	d := newTwoDisks(t, bubble)
	synctest.Test(t, func(t *testing.T) {
		s, _ := d.begin(nil)
		s.latest().Tap().Opened(micInfo, time.Now())
		k := &talk{tap: s.latest().Tap()}
		k.talk(2 * time.Second)
		err := error(syscall.EIO)
		d.disk.linesOnly.Store(true)
		d.disk.log.Store(&err)
		k.talk(4 * time.Second)
		require.NoError(t, s.Suspend(context.Background()))
	})
	part := filepath.Join(d.dir, "h-1", PartDir(1))
	cp, err := ledger.LastCheckpoint(os.DirFS(part))
	require.NoError(t, err)
	raw, err := os.ReadFile(filepath.Join(part, ledger.LogName))
	require.NoError(t, err)
	require.Greater(t, int64(len(raw)), d.disk.durable.Load(), "a write whose sync failed")
	require.LessOrEqual(t, cp.Size, uint64(bytes.Count(raw[:d.disk.durable.Load()], []byte("\n"))))
}

// A real disk that is full: a tmpfs of 4 MiB under the first directory.
func TestARealFullDisk(t *testing.T) {
	d := newTwoDisks(t, time.Now())
	require.NoError(t, os.MkdirAll(d.dir, 0o700))
	if err := unix.Mount("tmpfs", d.dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("a tmpfs cannot be mounted here (%v): disk full is tested by fault injection alone", err)
	}
	t.Cleanup(func() { require.NoError(t, unix.Unmount(d.dir, unix.MNT_DETACH)) })
	c := testClip(t)
	s, h := d.begin(func(p *Params) { p.FS = nil })
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	feed := func(part *Part) {
		part.Tap().Opened(camInfo, time.Now())
		v := &feeder{tap: part.Tap(), source: camSource, codec: sfu.VP8}
		for i := 0; ctx.Err() == nil && s.latest() == part && i < len(c.video); i++ {
			part.Tap().Packet(v.packet(c.video[i].pkt, time.Now()))
			time.Sleep(2 * time.Millisecond) //nolint:forbidigo // the pace of a source
		}
		part.Tap().Closed(camSource, time.Now())
	}
	for s.Number() == 1 && ctx.Err() == nil {
		feed(s.latest())
	}
	require.Equal(t, 2, s.Number())
	feed(s.latest())
	require.Contains(t, h.why, CauseFull)
	require.NoError(t, s.Close(context.Background()))
	r := d.report()
	for _, x := range r.Damages {
		require.Contains(t, []string{ledger.DamageUnsigned, ledger.DamageTorn, DamageUncovered}, x.Code, r.Text("en"))
	}
	require.Len(t, r.Parts, 2)
	require.NotEmpty(t, r.Gaps)
	require.Positive(t, r.Parts[0].Log.Signed)
}

// A disk that never answers keeps the end of a hearing no longer than its context
// allows: neither the next part that cannot be begun, nor the end of an earlier one,
// for which the part that records does not wait at all.
func TestTheEndDoesNotWaitForAHungDisk(t *testing.T) {
	for _, moving := range []bool{true, false} {
		d := newTwoDisks(t, bubble)
		synctest.Test(t, func(t *testing.T) {
			hung := make(chan struct{})
			var stuck atomic.Bool
			s, _ := d.begin(func(p *Params) {
				inner := p.FS
				p.FS = func(dir string) (PartFS, error) {
					if stuck.Load() && (moving || filepath.Base(dir) == PartDir(1)) {
						<-hung
					}
					return inner(dir)
				}
			})
			err := error(syscall.EIO)
			stuck.Store(true)
			d.disk.log.Store(&err)
			require.NoError(t, s.Event(context.Background(), 1, []byte(`{"n":1}`), true, false))
			time.Sleep(2 * leftEvery) //nolint:forbidigo // the clock of the bubble
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			began := time.Now()
			got := s.Suspend(ctx)
			require.LessOrEqual(t, time.Since(began), 5*time.Second)
			if moving {
				require.ErrorIs(t, got, context.DeadlineExceeded)
			} else {
				require.Equal(t, 2, s.Number())
				require.NoError(t, got, "the part that records is whole")
			}
			close(hung)
			synctest.Wait() // what the disk gives back too late is ended too
		})
	}
}

// A number is used once, also while the disk of its part is away: the next part
// goes on behind it and names it as missing, what is held in it is not passed over,
// and with the disk back the hearing is whole.
func TestANumberIsNotUsedTwiceWhileADiskIsAway(t *testing.T) {
	for what, without := range map[string]func(t *testing.T, second string) (back func()){
		"bare mount point": func(t *testing.T, second string) func() {
			require.NoError(t, os.Rename(second, second+".away"))
			require.NoError(t, os.Mkdir(second, 0o700))
			return func() {
				require.NoError(t, os.RemoveAll(second))
				require.NoError(t, os.Rename(second+".away", second))
			}
		},
		"not there": func(t *testing.T, second string) func() {
			require.NoError(t, os.Rename(second, second+".away"))
			return func() { require.NoError(t, os.Rename(second+".away", second)) }
		},
		"no directory any more": func(t *testing.T, second string) func() {
			require.NoError(t, os.Rename(second, second+".away"))
			require.NoError(t, os.WriteFile(second, nil, 0o600))
			return func() {
				require.NoError(t, os.Remove(second))
				require.NoError(t, os.Rename(second+".away", second))
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			d := newTwoDisks(t, bubble)
			dirs := []string{filepath.Join(d.dir, "h-1"), filepath.Join(d.second, "h-1")}
			synctest.Test(t, func(t *testing.T) {
				s, _ := d.begin(nil)
				err := error(syscall.EIO)
				d.disk.log.Store(&err)
				require.NoError(t, s.Event(context.Background(), 1, []byte(`{"n":1}`), true, true))
				require.Equal(t, 2, s.Number())
				require.NoError(t, s.Event(context.Background(), 2, []byte(`{"n":2}`), false, true))
				require.NoError(t, s.Suspend(context.Background()))
			})
			back := without(t, d.second)
			_, err := Held(dirs...)
			require.ErrorIs(t, err, errAway, "an order may stand in it")
			_, err = LastPart(dirs...)
			require.ErrorIs(t, err, errAway)
			synctest.Test(t, func(t *testing.T) {
				s, _ := d.begin(nil)
				require.Equal(t, 3, s.Number())
				require.Contains(t, s.Dir(), d.dir)
				synctest.Wait()
				require.NoError(t, s.Close(context.Background()))
			})
			r := d.one(d.dirs()[0])
			require.Equal(t, 1, r.ExitCode(), r.Text("en"))
			require.Equal(t, DamagePartMissing, r.Damages[0].Code)
			require.Equal(t, PartDir(2), r.Damages[0].Detail)
			back()
			held, err := Held(dirs...)
			require.NoError(t, err)
			require.Equal(t, []string{`{"n":2}`}, texts(held))
			synctest.Test(t, func(t *testing.T) { // ends the second part
				s, _ := d.begin(nil)
				require.Equal(t, 4, s.Number())
				synctest.Wait()
				require.NoError(t, s.Close(context.Background()))
			})
			r = d.report()
			require.Equal(t, 0, r.ExitCode(), r.Text("en"))
			require.Len(t, r.Parts, 4)
		})
	}
}

// A bare mount point takes no evidence, at the beginning or when the first disk fails;
// a disk that is mounted meanwhile does.
func TestABareMountPointTakesNoEvidence(t *testing.T) {
	d := newTwoDisks(t, bubble)
	require.NoError(t, os.Rename(d.second, d.second+".away"))
	require.NoError(t, os.Mkdir(d.second, 0o700))
	synctest.Test(t, func(t *testing.T) {
		s, _ := d.begin(nil)
		require.Equal(t, 1, s.Number())
		err := error(syscall.EIO)
		d.all.Store(&err)
		d.disk.log.Store(&err)
		require.Error(t, s.Event(context.Background(), 1, []byte(`{"n":1}`), true, true), "no part takes it in time")
		time.Sleep(10 * time.Second) //nolint:forbidigo // the clock of the bubble
		require.Equal(t, 1, s.Number(), "there is nowhere to go on")
		left, readErr := os.ReadDir(d.second)
		require.NoError(t, readErr)
		require.Empty(t, left)
		require.NoError(t, os.Remove(d.second))
		require.NoError(t, os.Rename(d.second+".away", d.second))
		time.Sleep(2 * moveRetry) //nolint:forbidigo // the clock of the bubble
		synctest.Wait()
		require.Equal(t, 2, s.Number())
		require.Contains(t, s.Dir(), d.second)
		require.NoError(t, s.Close(context.Background()))
	})
}

// A part whose disk will never come back keeps its hearing shut until an operator says
// so; then the hearing goes on, and every report names the part as lost.
func TestAPartThatIsLostForGoodIsNamed(t *testing.T) {
	d := newTwoDisks(t, bubble)
	dirs := []string{filepath.Join(d.dir, "h-1"), filepath.Join(d.second, "h-1")}
	synctest.Test(t, func(t *testing.T) {
		s, _ := d.begin(nil)
		err := error(syscall.EIO)
		d.disk.log.Store(&err)
		require.NoError(t, s.Event(context.Background(), 1, []byte(`{"n":1}`), true, true))
		require.Equal(t, 2, s.Number())
		require.NoError(t, s.Suspend(context.Background()))
	})
	said := Lost{At: bubble, By: "op", Reason: "Ổ đĩa hỏng"}
	_, err := DeclareLost(dirs[0], 2, Lost{At: bubble, Reason: " "})
	require.Error(t, err, "a reason is wanted")
	_, err = DeclareLost(dirs[0], 1, said)
	require.Error(t, err, "it stands here")
	_, err = DeclareLost(dirs[0], 3, said)
	require.Error(t, err, "nothing names it")
	require.NoError(t, os.RemoveAll(d.second))
	_, err = Held(dirs...)
	require.ErrorIs(t, err, errAway)
	path, err := DeclareLost(dirs[0], 2, said)
	require.NoError(t, err)
	require.Equal(t, said.Reason, ReadLost(path).Reason)
	_, err = DeclareLost(dirs[0], 2, said)
	require.Error(t, err, "once")

	_, err = Held(dirs...)
	require.NoError(t, err)
	last, err := LastPart(dirs...)
	require.NoError(t, err)
	require.Empty(t, last)
	report := func() Report { return d.one(d.dirs()[0]) }
	r := report()
	require.Contains(t, codesOf(r), DamagePartLost, "the last one too: %s", r.Text("en"))
	synctest.Test(t, func(t *testing.T) {
		s, _ := d.begin(nil)
		require.Equal(t, 3, s.Number(), "its number is used up")
		synctest.Wait()
		require.NoError(t, s.Close(context.Background()))
	})
	r = report()
	require.Equal(t, 1, r.ExitCode())
	require.Equal(t, []string{DamagePartLost}, codesOf(r), r.Text("en"))
	require.Equal(t, PartDir(2), r.Damages[0].Detail)
	require.Contains(t, r.Text("vi"), "đã mất hẳn cùng ổ đĩa")
}

func codesOf(r Report) (out []string) {
	for _, d := range r.Damages {
		out = append(out, d.Code)
	}
	return out
}
