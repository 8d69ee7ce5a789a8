package recording

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/ledger"
	"phientoa/internal/pki"
	"phientoa/internal/signer"
	"phientoa/sfu"
)

const (
	childDir = "PHIENTOA_TEST_RECORD_DIR"
	// childIdle: the victim records nothing, as before the points are back.
	childIdle = "PHIENTOA_TEST_RECORD_IDLE"
	// childFast: the victim's source has a clock that runs three times too fast.
	childFast = "PHIENTOA_TEST_RECORD_FAST"
	// childSecond: the victim mirrors its part there.
	childSecond = "PHIENTOA_TEST_RECORD_SECOND"
)

// TestMain makes the test binary the victim of TestKill.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1) //nolint:forbidigo // this is the main of the victim
		}
	}
	os.Exit(m.Run()) //nolint:forbidigo // as every TestMain
}

type silentNotify struct{}

func (silentNotify) Recording(bool, string)            {}
func (silentNotify) Checkpoint(uint64, string, []byte) {}

// child records a microphone until it is killed. It prints one line for each
// packet fed, with its time.
func child(dir string) error {
	id, err := pki.Open(pki.Params{Dir: filepath.Join(dir, "pki"), Node: "node-1", Now: time.Now, Rand: rand.Reader})
	if err != nil {
		return err
	}
	key, err := signer.NewKeeper(signer.KeeperParams{Node: id.Key, Certificate: id.Certificate, Now: time.Now, Rand: rand.Reader})
	if err != nil {
		return err
	}
	part, err := Open(context.Background(), Params{
		Dir: filepath.Join(dir, "evidence"), Hearing: "h-1", Node: "node-1", Signer: key, Notify: silentNotify{}, Rand: rand.Reader,
		Second: os.Getenv(childSecond), Mirror: os.Getenv(childSecond) != "",
	})
	if err != nil {
		return err
	}
	if os.Getenv(childIdle) != "" {
		fmt.Fprintf(os.Stdout, "0 %d\n", time.Now().UnixMicro())
		select {}
	}
	part.Tap().Opened(micInfo, time.Now())
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	step := uint64(960)
	if os.Getenv(childFast) != "" {
		step *= 3
	}
	for seq := uint64(1); ; seq++ {
		now := <-tick.C
		part.Tap().Packet(&sfu.Packet{
			Source: micSource, Codec: sfu.Opus, SSRC: 7, Seq: seq, Timestamp: uint32(seq * step), Marker: false,
			Arrival: now, Payload: []byte{0xf8, 0xff, 0xfe}, // 20 ms of silence
		})
		if seq%10 == 0 {
			if err := part.Event(context.Background(), seq/10, fmt.Appendf(nil, `{"n":%d}`, seq/10), true, true); err != nil {
				return err
			}
			fmt.Fprintf(os.Stdout, "%d %d\n", seq, now.UnixMicro())
		}
	}
}

func TestKillAtAnyInstantLosesAtMostASecondAndTheGapIsNamed(t *testing.T) {
	o := newOpener(t, time.Now())
	o.dir = filepath.Join(filepath.Dir(o.dir), "evidence")
	root := filepath.Dir(o.dir)
	type kill struct {
		acked uint64
		at    int64
	}
	var kills []kill
	for run := range 10 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childDir+"="+root)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		var k kill
		sc := bufio.NewScanner(out)
		for n := 0; n < 4+run && sc.Scan(); n++ { // 0.8 s and more, another instant each time
			var seq uint64
			_, err := fmt.Sscan(sc.Text(), &seq, &k.at)
			require.NoError(t, err)
			k.acked = max(k.acked, seq/10)
		}
		require.NoError(t, sc.Err())
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait() // killed
		require.NotZero(t, k.at, "the victim never recorded")
		kills = append(kills, k)

		r, err := VerifyDir(context.Background(), os.DirFS(filepath.Join(o.dir, "h-1")), Options{Roots: o.id.Roots(), Running: true})
		require.NoError(t, err)
		require.Empty(t, r.Damages, r.Text("en"))
	}
	part, _ := o.open(nil)
	require.GreaterOrEqual(t, part.LastEventSeq(), kills[len(kills)-1].acked, "an acknowledged event is there")
	require.Equal(t, 1, part.Number())
	require.NoError(t, part.Close(context.Background()))
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Equal(t, 10, r.Parts[0].Restarts)
	// Each kill: the restart gap begins at the last bytes that a record names,
	// and what was found behind it is named too.
	var gaps []Gap
	for _, g := range r.Gaps {
		if g.Cause == CauseRestart {
			gaps = append(gaps, g)
		}
	}
	for _, k := range kills {
		found := false
		for _, g := range gaps {
			if g.FromT <= k.at+1e6 && g.ToT >= k.at && !found {
				found = true
				require.LessOrEqual(t, k.at-g.FromT, int64(1_000_000), "more than a second lost")
			}
		}
		require.True(t, found, "no gap for the kill at %d:\n%s", k.at, r.Text("en"))
	}
}

// Two blows, the second before the source is back: every instant between the last
// recorded packet and the return lies in a named gap.
func TestATrackThatIsNotBackBetweenTwoKillsHasNoSilentGap(t *testing.T) {
	o := newOpener(t, time.Now())
	o.dir = filepath.Join(filepath.Dir(o.dir), "evidence")
	victim := func(lines int, env ...string) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(append(os.Environ(), childDir+"="+filepath.Dir(o.dir)), env...)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		sc := bufio.NewScanner(out)
		for range lines {
			require.True(t, sc.Scan(), "the victim never began")
		}
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait() // killed
	}
	victim(8) // 1.6 s: media are on disk
	victim(1, childIdle+"=1")
	part, _ := o.open(func(p *Params) { p.Epoch = 3 })
	back := time.Now()
	part.Tap().Opened(micInfo, back)
	require.NoError(t, part.Close(context.Background()))

	gaps := restartGaps(t, part.Dir())
	require.Len(t, gaps, 3, "one at each recovery, one until the return")
	for i, g := range gaps[1:] {
		require.Equal(t, gaps[i].ToT, g.FromT, "no instant between two gaps is unnamed")
	}
	require.Equal(t, back.UnixMicro(), gaps[2].ToT)
}

// A gap begins no later than the blow, whatever the sender's clock says.
func TestAGapNeverBeginsAfterTheBlow(t *testing.T) {
	o := newOpener(t, time.Now())
	o.dir = filepath.Join(filepath.Dir(o.dir), "evidence")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+filepath.Dir(o.dir), childFast+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	sc := bufio.NewScanner(out)
	for range 7 { // 1.4 s, between two records of at most 2 s
		require.True(t, sc.Scan(), "the victim never began")
	}
	require.NoError(t, cmd.Process.Kill())
	blow := time.Now().UnixMicro()
	_ = cmd.Wait() // killed
	part, _ := o.open(func(p *Params) { p.Epoch = 2 })
	require.NoError(t, part.Close(context.Background()))
	gaps := restartGaps(t, part.Dir())
	require.NotEmpty(t, gaps)
	require.LessOrEqual(t, gaps[0].FromT, blow)
}

// restartGaps reads the gaps of restarts from a part's log.
func restartGaps(t *testing.T, part string) []gapBody {
	t.Helper()
	dir, err := ledger.DirFS(part)
	require.NoError(t, err)
	defer func() { require.NoError(t, dir.Close()) }()
	var gaps []gapBody
	require.NoError(t, ledger.Lines(dir, func(l ledger.Line) (bool, error) {
		if l.Kind != ledger.KindGap {
			return true, nil
		}
		var g gapBody
		err := json.Unmarshal(l.Members, &g)
		if g.Cause == CauseRestart {
			gaps = append(gaps, g)
		}
		return true, err
	}))
	return gaps
}

func TestSuspendAndOpenGoOnWithTheSamePartAndACloseBeginsTheNext(t *testing.T) {
	o := newOpener(t, time.Now())
	part, _ := o.open(nil)
	ctx := context.Background()
	require.NoError(t, part.Event(ctx, 1, []byte(`{"a":1}`), true, true))
	require.NoError(t, part.Event(ctx, 2, []byte(`{"mute":1}`), false, true))
	require.NoError(t, part.Event(ctx, 3, []byte(`{"mute":2}`), false, false))
	require.NoError(t, part.Suspend(ctx))

	part, _ = o.open(func(p *Params) { p.Epoch = 2 })
	require.Equal(t, 1, part.Number())
	require.Equal(t, uint64(3), part.LastEventSeq())
	pending, err := part.Uncommitted(ctx)
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte(`{"mute":1}`), []byte(`{"mute":2}`)}, pending)
	require.NoError(t, part.Event(ctx, 2, []byte(`{"mute":1}`), true, true))
	require.NoError(t, part.Event(ctx, 1, []byte(`{"a":1}`), true, true), "a repeated copy is no second line")
	pending, err = part.Uncommitted(ctx)
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte(`{"mute":2}`)}, pending)
	require.NoError(t, part.Close(ctx))

	part, _ = o.open(nil)
	require.Equal(t, 2, part.Number())
	require.NoError(t, part.Close(ctx))
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Equal(t, 4, r.Parts[0].Events)
	require.Len(t, r.Parts, 2)
	for _, k := range r.Parts[0].Log.Keys {
		require.True(t, k.Chained)
	}
}

func TestARunningHearingVerifiesWhileItIsWritten(t *testing.T) {
	o := newOpener(t, time.Now())
	part, h := o.open(func(p *Params) {
		p.Limits.Batch, p.Limits.Segment, p.Limits.Checkpoint = 2*time.Millisecond, 2*time.Millisecond, 2*time.Millisecond
	})
	part.Tap().Opened(micInfo, time.Now())
	seq := uint64(0)
	for range 40 {
		for range 50 {
			seq++
			part.Tap().Packet(&sfu.Packet{Source: micSource, Codec: sfu.Opus, SSRC: 7, Seq: seq, Timestamp: uint32(seq * 960), Arrival: time.Now(), Payload: []byte{0xf8, 0xff, 0xfe}})
		}
		r, err := VerifyDir(context.Background(), os.DirFS(filepath.Join(o.dir, "h-1")), Options{Roots: o.id.Roots(), Running: true})
		require.NoError(t, err)
		require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	}
	_, _, size := h.last()
	require.NotZero(t, size)
	require.NoError(t, part.Close(context.Background()))
	require.Equal(t, 0, o.verify(Options{Roots: o.id.Roots()}).ExitCode())
}

// Keys live in the signer's memory: after its restart only the node's
// certificate ties the next key to the log, and the verifier never keeps that
// to itself.
func TestARestartOfTheSignerIsReported(t *testing.T) {
	o := newOpener(t, time.Now())
	ctx := context.Background()
	part, h := o.open(nil)
	require.NoError(t, part.Event(ctx, 1, []byte(`{"a":1}`), true, true))
	require.NoError(t, part.Suspend(ctx))
	h.mu.Lock()
	held := h.notes
	h.mu.Unlock()
	o.key = keeper(t, o.id)
	part, _ = o.open(nil)
	require.NoError(t, part.Event(ctx, 2, []byte(`{"a":2}`), true, true))
	require.NoError(t, part.Close(ctx))
	r := o.verify(Options{Roots: o.id.Roots()})
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	restarts := 0
	for _, k := range r.Parts[0].Log.Keys {
		if !k.Chained {
			restarts++
		}
	}
	require.Equal(t, 1, restarts)
	require.Contains(t, r.Text("en"), "1 signing keys that began without their predecessor (restart of the signer)")
	require.Contains(t, r.Text("vi"), "tiến trình ký khởi động lại")
	require.NotEmpty(t, held)
	r = o.verify(Options{Roots: o.id.Roots(), Held: held})
	require.Equal(t, 3, r.ExitCode(), "honest, and the checkpoint that somebody holds does not reach behind the restart")
	require.Empty(t, r.Damages)
	require.Contains(t, r.Text("en"), "WHOLE AS FAR AS")
	require.Contains(t, r.Text("vi"), "phần sau khi tiến trình ký khởi động lại chưa được các điểm ký đó bảo chứng")
	require.Greater(t, r.Parts[0].Log.Size, r.Parts[0].Log.Unvouched)
}

func TestALostLogIsDamageAndTheNextPartNamesIt(t *testing.T) {
	for name, lose := range map[string]func(path string) error{
		"emptied": func(path string) error { return os.Truncate(path, 0) },
		"missing": os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			o := newOpener(t, time.Now())
			ctx := context.Background()
			part, _ := o.open(nil)
			require.NoError(t, part.Event(ctx, 1, []byte(`{"a":1}`), true, true))
			require.NoError(t, part.Suspend(ctx))
			require.NoError(t, lose(filepath.Join(o.dir, "h-1", "part-0001", ledger.LogName)))
			part, _ = o.open(nil)
			require.Equal(t, 2, part.Number())
			require.NoError(t, part.Close(ctx))
			r := o.verify(Options{Roots: o.id.Roots()})
			require.Equal(t, 1, r.ExitCode(), r.Text("en"))
			require.Len(t, r.Parts, 2)
			require.NotNil(t, r.Parts[1].previous)
			require.Equal(t, 1, r.Parts[1].previous.Part)
			require.True(t, slices.ContainsFunc(r.Damages, func(d Damage) bool { return d.Part == 1 && d.Code == ledger.DamageMissing }), r.Text("en"))
		})
	}
}

// orderFS notes what is made durable and when the log is written.
type orderFS struct {
	PartFS
	mu  sync.Mutex
	ops []string
}

func (f *orderFS) note(op string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ops = append(f.ops, op)
}

func (f *orderFS) SyncDir(name string) error {
	f.note("syncdir " + name)
	return f.PartFS.SyncDir(name)
}

func (f *orderFS) Append(name string) (ledger.File, error) {
	file, err := f.PartFS.Append(name)
	if err != nil {
		return nil, err
	}
	return orderFile{file, f, name}, nil
}

type orderFile struct {
	ledger.File
	f    *orderFS
	name string
}

func (o orderFile) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(`"file":"`+mediaDir+`/`)) {
		o.f.note("named")
	}
	return o.File.Write(b)
}

func TestRecoveredFilesAreNamedOnlyWhenTheirEntriesAreDurable(t *testing.T) {
	o := newOpener(t, time.Now())
	ctx := context.Background()
	part, _ := o.open(nil)
	require.NoError(t, part.Suspend(ctx))
	stray := filepath.Join(o.dir, "h-1", "part-0001", filepath.FromSlash(mediaName("t001", 1)))
	require.NoError(t, os.WriteFile(stray, []byte("bytes that no line names"), 0o600))
	f := &orderFS{}
	part, _ = o.open(func(p *Params) {
		p.FS = func(dir string) (PartFS, error) {
			inner, err := ledger.DirFS(dir)
			f.PartFS = inner
			return f, err
		}
	})
	require.NoError(t, part.Close(ctx))
	named, synced := slices.Index(f.ops, "named"), slices.Index(f.ops, "syncdir "+mediaDir)
	require.NotEqual(t, -1, named, "%v", f.ops)
	require.NotEqual(t, -1, synced, "%v", f.ops)
	require.Less(t, synced, named)
}
