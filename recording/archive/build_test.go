//go:build !verifier

package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/ledger"
	"phientoa/recording"
)

// noStamps is a signer whose authority is away.
type noStamps struct{ Signer }

func (noStamps) Stamp(context.Context, [sha256.Size]byte) ([]byte, error) {
	return nil, errors.New("the authority is away")
}

// noSeals is a signer that is away.
type noSeals struct{ Signer }

func (noSeals) Seal(context.Context, string, [sha256.Size]byte) ([]byte, error) {
	return nil, errors.New("the signer is away")
}

func TestNothingStandsUnderTheNameUntilItIsWhole(t *testing.T) {
	c := newCourt(t)
	part := c.record(t, 60)
	out := part + Ext
	gone := func(what string) {
		t.Helper()
		for _, name := range []string{out, out + NewExt} {
			_, err := os.Stat(name)
			require.ErrorIs(t, err, os.ErrNotExist, what)
		}
	}
	ctx := context.Background()
	_, err := Build(ctx, BuildParams{Part: part, Out: out, Signer: noSeals{c.sealer}})
	require.ErrorContains(t, err, "the signer is away")
	gone("no seal")
	failure := errors.New("input/output error")
	for n := range 3 { // of the part, in front of the seal, and at the end
		calls := 0
		_, err = Build(ctx, BuildParams{Part: part, Out: out, Signer: c.sealer, sync: func(f *os.File) error {
			if calls++; calls == n+1 {
				return failure
			}
			return f.Sync()
		}})
		require.ErrorIs(t, err, failure)
		gone("a failed fsync")
	}
	_, err = Build(ctx, BuildParams{Part: part, Out: out, Signer: liar{c.sealer}})
	require.ErrorContains(t, err, "read back")
	gone("a seal of something else")
	canceled, cancel := context.WithCancel(ctx)
	_, err = Build(canceled, BuildParams{Part: part, Out: out, Signer: c.sealer, Progress: func(int64) { cancel() }})
	require.ErrorIs(t, err, context.Canceled)
	gone("the process ends")

	// What a crash leaves is written over.
	require.NoError(t, os.WriteFile(out+NewExt, []byte("half"), 0o400))
	_, err = Build(ctx, BuildParams{Part: part, Out: out, Signer: c.sealer})
	require.NoError(t, err)
	require.Equal(t, 0, VerifyFile(ctx, out, c.options()).ExitCode())
	_, err = os.Stat(out + NewExt)
	require.ErrorIs(t, err, os.ErrNotExist)
	r, err := recording.VerifyDir(ctx, os.DirFS(filepath.Dir(part)), recording.Options{Roots: c.id.Roots()})
	require.NoError(t, err)
	require.Equal(t, 0, r.ExitCode(), "the sealed file beside a part does not disturb it: %s", r.Text("en"))
}

// liar seals something else than it is asked to.
type liar struct{ Signer }

func (l liar) Seal(ctx context.Context, origin string, d [sha256.Size]byte) ([]byte, error) {
	d[0] ^= 1
	return l.Signer.Seal(ctx, origin, d)
}

func TestWhatIsNotToBeSealed(t *testing.T) {
	c := newCourt(t)
	part := c.record(t, 20)
	bad := filepath.Join(part, "media", "tệp lạ")
	require.NoError(t, os.WriteFile(bad, nil, 0o600))
	_, err := Build(context.Background(), BuildParams{Part: part, Out: part + Ext, Signer: c.sealer})
	require.ErrorContains(t, err, "cannot stand in an archive")
	require.NoError(t, os.Remove(bad))
	log := filepath.Join(part, ledger.LogName)
	b, err := os.ReadFile(log)
	require.NoError(t, err)
	lines := strings.SplitAfter(string(b), "\n")
	cut := strings.Join(lines[:len(lines)-2], "")
	require.NotContains(t, cut, `"k":"end"`)
	require.NoError(t, os.WriteFile(log, []byte(cut), 0o600))
	_, err = Build(context.Background(), BuildParams{Part: part, Out: part + Ext, Signer: c.sealer})
	require.ErrorIs(t, err, ErrNotEnded)
}

// Damage that was there before is sealed as it is, and told.
func TestADamagedPartIsSealedAsItIs(t *testing.T) {
	c := newCourt(t)
	part := c.record(t, 60)
	media := filepath.Join(part, "media", "t001-1.webm")
	b, err := os.ReadFile(media)
	require.NoError(t, err)
	b[len(b)/2] ^= 1
	require.NoError(t, os.WriteFile(media, b, 0o600))
	built, err := Build(context.Background(), BuildParams{Part: part, Out: part + Ext, Signer: c.sealer})
	require.NoError(t, err)
	require.Len(t, built.Report.Evidence.Damages, 1)
	r := VerifyFile(context.Background(), part+Ext, c.options())
	require.Equal(t, 1, r.ExitCode())
	require.Empty(t, r.Container.Damages)
	require.Equal(t, "t001", r.Evidence.Damages[0].Track)
}

// The memory that sealing and verifying hold does not grow with the media.
func TestMemoryDoesNotGrowWithTheMedia(t *testing.T) {
	c := newCourt(t)
	part := c.record(t, 60)
	peak := func(size int64) uint64 {
		// A file that no line names is damage, and bytes all the same.
		big := filepath.Join(part, "media", "t009-1.webm")
		f, err := os.Create(big)
		require.NoError(t, err)
		require.NoError(t, errors.Join(f.Truncate(size), f.Close()))
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		_, err = Build(context.Background(), BuildParams{Part: part, Out: part + Ext, Signer: c.sealer})
		require.NoError(t, err)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc // all that was ever held, freed or not
	}
	small, large := peak(1<<20), peak(64<<20)
	require.Less(t, large, small+2<<20, "small %d, large %d", small, large)
}

// job makes a Job and runs it until the test ends; told collects its log.
func (c *court) job(t *testing.T, s Signer, signEnd func(context.Context, string) error) *Job {
	j := NewJob(JobParams{Dir: c.dir, Signer: s, SignEnd: signEnd, Retry: time.Millisecond})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); j.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return j
}

func never(context.Context, string) error { return errors.New("every end is signed") }

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, 20*time.Second, 2*time.Millisecond, what)
}

func TestTheJobSealsWhatHasEnded(t *testing.T) {
	c := newCourt(t)
	first := c.record(t, 60) // of an earlier process
	second := c.record(t, 60)
	require.NotEqual(t, first, second)
	j := c.job(t, c.sealer, never)
	eventually(t, "both are sealed", func() bool { n, _, _ := j.Counts(); return n == 2 && j.Waiting() == 0 })
	for _, part := range []string{first, second} {
		require.Equal(t, 0, VerifyFile(context.Background(), part+Ext, c.options()).ExitCode())
	}
	third := c.record(t, 60)
	j.Add(third)
	eventually(t, "the third", func() bool { n, _, _ := j.Counts(); return n == 3 && j.Waiting() == 0 })
	_, failed, bytes := j.Counts()
	require.Zero(t, failed)
	require.Positive(t, bytes)
}

func TestTheJobComesBackAfterFailures(t *testing.T) {
	c := newCourt(t)
	part := c.record(t, 60)
	s := &flaky{Signer: c.sealer, seals: 3, stamps: 3}
	j := c.job(t, s, never)
	eventually(t, "sealed and stamped in the end", func() bool { s, _ := Look(part + Ext); return s.Stamped && j.Waiting() == 0 })
	sealed, failed, _ := j.Counts()
	require.Equal(t, int64(1), sealed, "sealed once, stamped later")
	require.GreaterOrEqual(t, failed, int64(4))
	state, err := Look(part + Ext)
	require.NoError(t, err)
	require.True(t, state.Stamped)
	require.Equal(t, 0, VerifyFile(context.Background(), part+Ext, c.options()).ExitCode())
}

// flaky fails the first times; the job is the only one that calls it.
type flaky struct {
	Signer
	seals, stamps int
}

func (f *flaky) Seal(ctx context.Context, origin string, d [sha256.Size]byte) ([]byte, error) {
	if f.seals--; f.seals >= 0 {
		return nil, errors.New("away")
	}
	return f.Signer.Seal(ctx, origin, d)
}

func (f *flaky) Stamp(ctx context.Context, d [sha256.Size]byte) ([]byte, error) {
	if f.stamps--; f.stamps >= 0 {
		return nil, errors.New("away")
	}
	return f.Signer.Stamp(ctx, d)
}

// A process that died between the end line and its checkpoint leaves an end that
// nobody signed; the next one signs it and seals the part.
func TestAnUnsignedEndIsSignedFirst(t *testing.T) {
	c := newCourt(t)
	part := c.record(t, 60)
	notes := filepath.Join(part, ledger.CheckpointsName)
	b, err := os.ReadFile(notes)
	require.NoError(t, err)
	last := strings.LastIndex(strings.TrimSuffix(string(b), "\n\n"), "\n\nphientoa/")
	require.NoError(t, os.WriteFile(notes, b[:last+2], 0o600))
	signed := 0
	j := c.job(t, c.sealer, func(ctx context.Context, part string) error {
		signed++
		return recording.SignEnd(ctx, part, ledger.Params{Signer: newKeeper(t, c.id), Now: time.Now, Rand: zeroReader{}})
	})
	eventually(t, "sealed", func() bool { n, _, _ := j.Counts(); return n == 1 && j.Waiting() == 0 })
	require.Equal(t, 1, signed)
	r := VerifyFile(context.Background(), part+Ext, c.options())
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
}

type zeroReader struct{}

func (zeroReader) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestARecordingInProgressIsLeftAlone(t *testing.T) {
	c := newCourt(t)
	part := c.record(t, 60)
	log := filepath.Join(part, ledger.LogName)
	b, err := os.ReadFile(log)
	require.NoError(t, err)
	lines := strings.SplitAfter(string(b), "\n")
	require.NoError(t, os.WriteFile(log, []byte(strings.Join(lines[:len(lines)-2], "")+`{"i":`), 0o600))
	j := NewJob(JobParams{Dir: c.dir, Signer: c.sealer, SignEnd: never})
	j.Add(part)
	require.Zero(t, j.Unended())
	j.one(context.Background(), part)
	require.Equal(t, 1, j.Unended(), "nobody ended it yet: it is counted")
	require.Zero(t, j.Waiting())
	_, err = os.Stat(part + Ext)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(log, b, 0o600)) // it ends
	j.Add(part)
	j.one(context.Background(), part)
	require.Zero(t, j.Unended())
	require.Equal(t, 0, VerifyFile(context.Background(), part+Ext, c.options()).ExitCode())
}

// away is a signer that does not answer; nothing is asked of it.
type away struct{ Signer }

func (away) Holds(context.Context) (bool, error) { return false, errors.New("no answer") }

// A failure that comes before anything was copied is tried again soon; one that
// cost a copy of the part, more and more rarely. Both stand in the status.
func TestCopiesForNothingBecomeRare(t *testing.T) {
	c := newCourt(t)
	part := c.record(t, 20)
	for _, step := range []struct {
		signer Signer
		most   time.Duration
		reads  bool
	}{{away{c.sealer}, 10 * time.Minute, false}, {noSeals{c.sealer}, 6 * time.Hour, true}} {
		j := NewJob(JobParams{Dir: c.dir, Signer: step.signer, SignEnd: never})
		j.Add(part)
		for range 20 {
			j.one(context.Background(), part)
		}
		_, failed, read := j.Counts()
		require.Equal(t, int64(20), failed)
		require.Equal(t, step.reads, read > 0)
		require.Equal(t, step.most, j.waiting[part].wait)
		list := j.Failing()
		require.Len(t, list, 1)
		require.Equal(t, "h-1/part-0001", list[0].Part)
		require.Equal(t, 20, list[0].Failures)
		require.NotEmpty(t, list[0].Error)
		require.False(t, list[0].Sealed)
	}
}

// What the log says of a part that only lacks its timestamp is not that it were
// not sealed.
func TestTheLogTellsWhatLacks(t *testing.T) {
	c := newCourt(t)
	part := c.record(t, 20)
	var log bytes.Buffer
	j := NewJob(JobParams{Dir: c.dir, Signer: noStamps{c.sealer}, SignEnd: never, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	j.Add(part)
	j.one(context.Background(), part)
	require.Contains(t, log.String(), "sealed part is not complete")
	require.NotContains(t, log.String(), "part not sealed")
	require.True(t, j.Failing()[0].Sealed)
}

// A part that ends while it is looked at, and found in progress, is not forgotten.
func TestAPartThatEndsWhileItIsLookedAt(t *testing.T) {
	j := NewJob(JobParams{Dir: t.TempDir(), SignEnd: never})
	j.Add("part")
	asked := j.asked("part")
	j.Add("part") // it ends here
	j.done("part", asked, ErrNotEnded)
	require.Equal(t, 1, j.Waiting())
	part, _ := j.next(time.Now())
	require.Equal(t, "part", part)
	j.done("part", j.asked("part"), ErrNotEnded)
	require.Zero(t, j.Waiting())
}

// A slow timestamp authority does not hold seals up.
func TestSealsComeBeforeTimestamps(t *testing.T) {
	j := NewJob(JobParams{Dir: t.TempDir(), SignEnd: never, Retry: time.Nanosecond})
	j.Add("a")
	j.done("a", j.asked("a"), errNoTimestamp)
	j.Add("b")
	part, _ := j.next(time.Now().Add(time.Minute))
	require.Equal(t, "b", part)
}

// Where the disk has no room beside what recordings need, a part waits.
func TestRecordingsComeFirst(t *testing.T) {
	c := newCourt(t)
	part := c.record(t, 20)
	j := NewJob(JobParams{Dir: c.dir, Signer: c.sealer, SignEnd: never, Reserve: 1 << 62})
	require.ErrorContains(t, j.seal(context.Background(), part), "reserve")
	_, err := os.Stat(part + Ext)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// The disk is looked at while a part is copied and read back, not only before.
func TestACopyIsGivenUpWhenRecordingsNeedTheDisk(t *testing.T) {
	c := newCourt(t)
	part := c.record(t, 20)
	f, err := os.Create(filepath.Join(part, "media", "t009-1.webm"))
	require.NoError(t, err)
	require.NoError(t, errors.Join(f.Truncate(3*roomStep/2), f.Close()))
	full := errors.New("the disk fills up")
	for at, what := range map[int]string{1: "copying", 3: "reading back"} {
		asked := 0
		_, err = Build(context.Background(), BuildParams{Part: part, Out: part + Ext, Signer: c.sealer, Pace: Pace{Room: func() error {
			if asked++; asked == at {
				return full
			}
			return nil
		}}})
		require.ErrorIs(t, err, full, what)
		require.ErrorIs(t, err, errCopied, what)
		for _, name := range []string{part + Ext, part + Ext + NewExt} {
			_, err := os.Stat(name)
			require.ErrorIs(t, err, os.ErrNotExist, what)
		}
	}
}
