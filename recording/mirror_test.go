package recording

import (
	"bufio"
	"bytes"
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/disk"
	"phientoa/internal/ledger"
)

// mirroredDisks is two disks of which either can fail.
type mirroredDisks struct {
	*twoDisks
	disks [2]atomic.Pointer[faulty]
	gates [2]atomic.Pointer[hang]
}

func (d *mirroredDisks) start() (*Sitting, *heard) {
	return d.begin(func(p *Params) {
		p.Mirror = true
		p.FS = func(dir string) (PartFS, error) {
			inner, err := ledger.DirFS(dir)
			if err != nil {
				return nil, err
			}
			side, f := 0, &faulty{PartFS: inner}
			if filepath.Dir(filepath.Dir(dir)) == d.second {
				side = 1
			}
			d.disks[side].Store(f)
			return &hanging{f, &d.gates[side]}, nil
		}
	})
}

func (d *mirroredDisks) copies() (part, mirror string) {
	return filepath.Join(d.dir, "h-1", PartDir(1)), filepath.Join(d.second, "h-1", MirrorDir(1))
}

// same requires two copies of a part to be the same files.
func same(t *testing.T, a, b string) {
	t.Helper()
	one, two := load(t, a), load(t, b)
	require.Equal(t, slices.Sorted(maps.Keys(one)), slices.Sorted(maps.Keys(two)))
	for name, f := range one {
		require.True(t, bytes.Equal(f.Data, two[name].Data), "%s: %d and %d bytes", name, len(f.Data), len(two[name].Data))
	}
}

func newMirroredDisks(t *testing.T) *mirroredDisks {
	return &mirroredDisks{twoDisks: newTwoDisks(t, bubble)}
}

func TestAMirrorIsTheSameBytes(t *testing.T) {
	d := newMirroredDisks(t)
	synctest.Test(t, func(t *testing.T) {
		s, h := d.start()
		s.latest().Tap().Opened(micInfo, time.Now())
		k := &talk{tap: s.latest().Tap()}
		k.talk(5 * time.Second)
		on, why, _ := h.last()
		require.True(t, on)
		require.Empty(t, why)
		require.NoError(t, s.Event(context.Background(), 1, []byte(`{"n":1}`), true, true))
		require.NoError(t, s.Close(context.Background()))
	})
	part, mirror := d.copies()
	same(t, part, mirror)
	require.Equal(t, []string{part}, d.ended)
	r := d.report()
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Len(t, r.Parts, 1)
}

// Whatever the one disk does, the other goes on in the same part: "recording" stays
// on, no gap, no next part, every event there; the whole copy has the part's name and is
// the one that is sealed, and both directories together verify.
func TestAMirrorGoesOnWithoutAGap(t *testing.T) {
	eio, full := error(syscall.EIO), error(syscall.ENOSPC)
	faults := map[string]func(f *faulty, gate *atomic.Pointer[hang]){
		"track files full":        func(f *faulty, _ *atomic.Pointer[hang]) { f.full.Store(true) },
		"track files do not sync": func(f *faulty, _ *atomic.Pointer[hang]) { f.media.Store(&eio) },
		"log does not sync":       func(f *faulty, _ *atomic.Pointer[hang]) { f.log.Store(&eio) },
		"log full":                func(f *faulty, _ *atomic.Pointer[hang]) { f.log.Store(&full) },
		"media hangs": func(_ *faulty, gate *atomic.Pointer[hang]) {
			gate.Store(&hang{open: make(chan struct{}), media: true, write: true})
		},
		"all syncs hang": func(_ *faulty, gate *atomic.Pointer[hang]) {
			gate.Store(&hang{open: make(chan struct{}), media: true, log: true, sync: true})
		},
	}
	for name, fail := range faults {
		for side, which := range []string{"first", "second"} {
			t.Run(name+" on the "+which, func(t *testing.T) {
				d := newMirroredDisks(t)
				synctest.Test(t, func(t *testing.T) {
					s, h := d.start()
					s.latest().Tap().Opened(micInfo, time.Now())
					k := &talk{tap: s.latest().Tap()}
					require.NoError(t, s.Event(context.Background(), 1, []byte(`{"n":1}`), true, true))
					k.talk(4 * time.Second)
					fail(d.disks[side].Load(), &d.gates[side])
					told := make(chan error, 1)
					go func() { told <- s.Event(context.Background(), 2, []byte(`{"n":2}`), true, true) }()
					k.talk(5 * time.Second)
					require.NoError(t, <-told)
					on, why, _ := h.last()
					require.True(t, on)
					require.Equal(t, troubleAlone, why)
					require.NotContains(t, h.on, false, "recording never went out: %q", h.why)
					require.Equal(t, 1, s.Number())
					require.NoError(t, s.Event(context.Background(), 3, []byte(`{"n":3}`), true, true))
					require.NoError(t, s.Close(context.Background()))
					if g := d.gates[side].Swap(nil); g != nil {
						close(g.open)
					}
				})
				whole := filepath.Join([]string{d.second, d.dir}[side], "h-1", PartDir(1))
				require.Equal(t, []string{whole}, d.ended, "the whole copy is sealed")
				r := d.report()
				require.Equal(t, 0, r.ExitCode(), r.Text("en"))
				require.Empty(t, r.Gaps, r.Text("en"))
				require.Equal(t, 3, r.Parts[0].Events)
				last, err := LastPart(filepath.Join(d.dir, "h-1"), filepath.Join(d.second, "h-1"))
				require.NoError(t, err)
				require.Equal(t, whole, last)
			})
		}
	}
}

// Only when both fail is the part left.
func TestBothSidesOfAMirrorFail(t *testing.T) {
	d := newMirroredDisks(t)
	synctest.Test(t, func(t *testing.T) {
		s, h := d.start()
		s.latest().Tap().Opened(micInfo, time.Now())
		k := &talk{tap: s.latest().Tap()}
		k.talk(3 * time.Second)
		err := error(syscall.EIO)
		d.disks[0].Load().log.Store(&err)
		k.talk(3 * time.Second)
		require.Equal(t, 1, s.Number())
		d.disks[1].Load().log.Store(&err)
		k.talk(5 * time.Second)
		require.Equal(t, 2, s.Number())
		require.Contains(t, h.on, false)
		require.NoError(t, s.Close(context.Background()))
	})
	r := d.report()
	require.Len(t, r.Parts, 2)
	require.Equal(t, 2, r.Parts[1].Part)
}

// After a restart the part goes on, and the mirror with it: also where it has lost bytes
// with the power, was behind, or had been dropped and the other one counts.
func TestAMirrorAfterARestart(t *testing.T) {
	eio := error(syscall.EIO)
	for name, c := range map[string]struct {
		before func(d *mirroredDisks)
		after  func(t *testing.T, part, mirror string)
		moved  bool // the second copy counts
	}{
		"both whole":     {},
		"mirror is away": {after: func(t *testing.T, _, mirror string) { require.NoError(t, os.RemoveAll(mirror)) }},
		"mirror dropped": {before: func(d *mirroredDisks) { d.disks[1].Load().log.Store(&eio) }},
		"part dropped":   {before: func(d *mirroredDisks) { d.disks[0].Load().log.Store(&eio) }, moved: true},
		"tail of mirror": {after: func(t *testing.T, _, mirror string) {
			name := filepath.Join(mirror, ledger.LogName)
			b, err := os.ReadFile(name)
			require.NoError(t, err)
			copy(b[len(b)-100:], strings.Repeat("\x00", 100))
			require.NoError(t, os.WriteFile(name, b[:len(b)-10], 0o600))
		}},
		"torn end of the part": {after: func(t *testing.T, part, _ string) {
			f, err := os.OpenFile(filepath.Join(part, ledger.LogName), os.O_APPEND|os.O_WRONLY, 0)
			require.NoError(t, err)
			_, err = f.WriteString(`{"half`)
			require.NoError(t, err)
			require.NoError(t, f.Close())
		}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newMirroredDisks(t)
			part, mirror := d.copies()
			synctest.Test(t, func(t *testing.T) {
				s, _ := d.start()
				s.latest().Tap().Opened(micInfo, time.Now())
				k := &talk{tap: s.latest().Tap()}
				k.talk(3 * time.Second)
				if c.before != nil {
					c.before(d)
				}
				k.talk(3 * time.Second)
				require.NoError(t, s.Suspend(context.Background()))
			})
			if c.after != nil {
				c.after(t, part, mirror)
			}
			if c.moved {
				part, mirror = filepath.Join(d.second, "h-1", PartDir(1)), filepath.Join(d.dir, "h-1", MirrorDir(1))
			}
			synctest.Test(t, func(t *testing.T) {
				s, h := d.start()
				require.Equal(t, part, s.Dir())
				s.latest().Tap().Opened(micInfo, time.Now())
				k := &talk{tap: s.latest().Tap()}
				k.talk(3 * time.Second)
				_, why, _ := h.last()
				require.Equal(t, map[bool]string{true: troubleSecond, false: ""}[c.moved], why)
				require.NoError(t, s.Close(context.Background()))
			})
			same(t, part, mirror)
			r := d.report()
			require.Equal(t, 0, r.ExitCode(), r.Text("en"))
		})
	}
}

// A process that dies has what it acknowledged in both copies, each of which verifies
// by itself, and the next one makes them the same again.
func TestAKillLeavesBothCopiesWhole(t *testing.T) {
	d := newTwoDisks(t, time.Now())
	part, mirror := filepath.Join(d.dir, "h-1", PartDir(1)), filepath.Join(d.second, "h-1", MirrorDir(1))
	for run := range 5 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childDir+"="+filepath.Dir(d.dir), childSecond+"="+d.second)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		acked := 0
		for sc := bufio.NewScanner(out); acked < 2+run && sc.Scan(); {
			acked++
		}
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait() // killed
		for _, dir := range []string{part, mirror} {
			r, err := VerifyDir(context.Background(), os.DirFS(dir), Options{Roots: d.id.Roots(), Running: true})
			require.NoError(t, err)
			require.Empty(t, r.Damages, r.Text("en"))
			require.GreaterOrEqual(t, r.Parts[0].Events, acked)
		}
	}
	s, h := d.begin(func(p *Params) { p.Mirror, p.FS = true, nil })
	require.Equal(t, 1, s.Number())
	require.NoError(t, s.Close(context.Background()))
	require.NotContains(t, h.why, troubleAlone)
	same(t, part, mirror)
	r := d.report()
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Equal(t, 5, r.Parts[0].Restarts)
}

// The side that was dropped knows it: without the other disk nothing goes on in it.
func TestADroppedSideDoesNotCountAlone(t *testing.T) {
	d := newMirroredDisks(t)
	synctest.Test(t, func(t *testing.T) {
		s, _ := d.start()
		s.latest().Tap().Opened(micInfo, time.Now())
		k := &talk{tap: s.latest().Tap()}
		k.talk(2 * time.Second)
		eio := error(syscall.EIO)
		d.disks[0].Load().log.Store(&eio)
		require.NoError(t, s.Event(context.Background(), 1, []byte(`{"n":1}`), false, true))
		k.talk(2 * time.Second)
		require.NoError(t, s.Suspend(context.Background()))
	})
	first, second := filepath.Join(d.dir, "h-1"), filepath.Join(d.second, "h-1")
	held, err := Held(first, second)
	require.NoError(t, err)
	require.Equal(t, []string{`{"n":1}`}, texts(held))
	_, err = Held(first)
	require.ErrorIs(t, err, errAway, "an order may stand in the other alone")
	_, err = LastPart(first)
	require.ErrorIs(t, err, errAway)
	held, err = Held(second)
	require.NoError(t, err)
	require.Equal(t, []string{`{"n":1}`}, texts(held))
}

// Without its second disk a hearing is recorded, and says that it has one copy.
func TestAMirrorThatIsNotThere(t *testing.T) {
	d := newMirroredDisks(t)
	require.NoError(t, os.Remove(filepath.Join(d.second, disk.MarkName)))
	synctest.Test(t, func(t *testing.T) {
		s, h := d.start()
		on, why, _ := h.last()
		require.True(t, on)
		require.Equal(t, troubleAlone, why)
		require.NoError(t, s.Close(context.Background()))
	})
}

// A copy that has more than the part is never written over.
func TestAMirrorIsNotWrittenOver(t *testing.T) {
	d := newMirroredDisks(t)
	part, mirror := d.copies()
	synctest.Test(t, func(t *testing.T) {
		s, _ := d.start()
		require.NoError(t, s.Close(context.Background()))
	})
	kept := t.TempDir()
	require.NoError(t, os.CopyFS(kept, os.DirFS(mirror)))
	require.NoError(t, os.Remove(filepath.Join(part, ledger.LogName)))
	p := d.params(&heard{})
	p.Second, p.FS = d.second, ledger.DirFS
	_, err := p.mirror(filepath.Join(d.dir, "h-1"), 1, nil)
	require.ErrorIs(t, err, errTwo)
	same(t, kept, mirror)
}

// What a mirror lacks is copied within bounds: else the part goes on without it.
func TestAMirrorThatLacksTooMuch(t *testing.T) {
	part, mirror := t.TempDir(), t.TempDir()
	name := filepath.Join(part, "log.jsonl")
	require.NoError(t, os.WriteFile(name, nil, 0o600))
	require.NoError(t, os.Truncate(name, evenMost))
	require.NoError(t, even(t.Context(), part, mirror))
	same(t, part, mirror)
	require.NoError(t, os.Truncate(name, 2*evenMost-evenTail+1))
	require.ErrorIs(t, even(t.Context(), part, mirror), errBehind)
}
