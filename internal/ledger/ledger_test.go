package ledger_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	mrand "math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/ledger"
	"phientoa/internal/ledger/faultfs"
	"phientoa/internal/pki"    //nolint:depguard // the tests sign with the real signer
	"phientoa/internal/signer" //nolint:depguard // as above
)

const origin = "phientoa/node-1/hearing/h-1/part/0001"

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

var began = time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)

var idOnce = func() func(t require.TestingT) pki.Identity {
	var id pki.Identity
	return func(t require.TestingT) pki.Identity {
		if id.Key == nil {
			dir, err := os.MkdirTemp("", "pki")
			require.NoError(t, err)
			defer os.RemoveAll(dir)
			id, err = pki.Open(pki.Params{Dir: dir, Node: "node-1", Now: func() time.Time { return began.Add(-time.Hour) }, Rand: rand.Reader})
			require.NoError(t, err)
		}
		return id
	}
}()

func newKeeper(t require.TestingT, c *clock) *signer.Keeper { return newKeeperWith(t, c, rand.Reader) }

func newKeeperWith(t require.TestingT, c *clock, random io.Reader) *signer.Keeper {
	id := idOnce(t)
	k, err := signer.NewKeeper(signer.KeeperParams{Node: id.Key, Certificate: id.Certificate, Now: c.now, Rand: random, Logs: 8, Rate: 1e9, Burst: 1e9})
	require.NoError(t, err)
	return k
}

func params(fsys ledger.FS, c *clock, s ledger.Signer) ledger.Params {
	return ledger.Params{FS: fsys, Origin: origin, Genesis: []byte(`{"v":1}`), Signer: s, Now: c.now, Base: began, Rand: rand.Reader}
}

func rec(n int) ledger.Record {
	return ledger.Record{Kind: ledger.KindEvent, Body: fmt.Appendf(nil, `{"seq":%d,"line":"{\"x\":1}"}`, n)}
}

var ctx = context.Background()

// sample is an ended log of n events with a checkpoint after each third.
func sample(t require.TestingT, n int) *faultfs.FS {
	c := &clock{began}
	k := newKeeper(t, c)
	defer k.Close()
	f := faultfs.New()
	l, err := ledger.Create(ctx, params(f, c, k))
	require.NoError(t, err)
	for i := range n {
		c.t = c.t.Add(13 * time.Second)
		first, err := l.Append(ctx, rec(i))
		require.NoError(t, err)
		require.NotZero(t, first)
		if i%3 == 2 {
			_, err := l.Checkpoint(ctx)
			require.NoError(t, err)
		}
	}
	_, err = l.End(ctx, json.RawMessage(`{"reason":"closed"}`))
	require.NoError(t, err)
	return f
}

func TestAnUntouchedLogIsWhole(t *testing.T) {
	f := sample(t, 20)
	r, err := ledger.VerifyLog(f)
	require.NoError(t, err)
	require.Empty(t, r.Damages)
	require.True(t, r.Ended)
	require.Equal(t, r.Size, r.Signed)
	require.Greater(t, len(r.Keys), 3, "keys rotate every minute")
	for _, k := range r.Keys {
		require.True(t, k.Chained)
	}
}

func TestAnyBitFlipIsFoundAndTheLineNamed(t *testing.T) {
	clean := sample(t, 12).Map()
	var starts []int
	data := clean[ledger.LogName].Data
	line := 0
	lineOf := make([]int64, len(data))
	for i, b := range data {
		lineOf[i] = int64(line)
		if b == '\n' {
			line++
			starts = append(starts, i)
		}
	}
	check := func(t require.TestingT, name string, at int, bit uint) {
		m := fstest.MapFS{}
		for n, f := range clean {
			m[n] = &fstest.MapFile{Data: append([]byte(nil), f.Data...)}
		}
		m[name].Data[at] ^= 1 << bit
		r, err := ledger.VerifyLog(m)
		require.NoError(t, err)
		require.NotEmpty(t, r.Damages, "%s byte %d bit %d", name, at, bit)
		if name == ledger.LogName {
			d := r.Damages[0]
			require.LessOrEqual(t, d.Line, lineOf[at], "%s byte %d bit %d: %+v", name, at, bit, r.Damages)
			require.GreaterOrEqual(t, d.LineTo, lineOf[at], "%s byte %d bit %d: %+v", name, at, bit, r.Damages)
		} else {
			require.Equal(t, ledger.CheckpointsName, r.Damages[0].File)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{ledger.LogName, ledger.CheckpointsName}).Draw(t, "file")
		check(t, name, rapid.IntRange(0, len(clean[name].Data)-1).Draw(t, "at"), rapid.UintRange(0, 7).Draw(t, "bit"))
	})
	for at := starts[3] - 30; at < starts[3]+40; at++ { // every bit around a line's end
		for bit := range uint(8) {
			check(t, ledger.LogName, at, bit)
		}
	}
}

func TestEveryTruncationIsFound(t *testing.T) {
	clean := sample(t, 12).Map()
	rapid.Check(t, func(t *rapid.T) {
		m := fstest.MapFS{}
		for n, f := range clean {
			m[n] = &fstest.MapFile{Data: f.Data}
		}
		// Also both together, at any place.
		for _, name := range []string{ledger.LogName, ledger.CheckpointsName} {
			m[name] = &fstest.MapFile{Data: clean[name].Data[:rapid.IntRange(0, len(clean[name].Data)).Draw(t, name)]}
		}
		if len(m[ledger.LogName].Data) == len(clean[ledger.LogName].Data) && len(m[ledger.CheckpointsName].Data) == len(clean[ledger.CheckpointsName].Data) {
			return
		}
		r, err := ledger.VerifyLog(m)
		require.NoError(t, err)
		require.True(t, len(r.Damages) > 0 || !r.Ended)
	})
}

// A crash keeps any part of what was not synced. Whatever was acknowledged is
// there after recovery, the log goes on, and the whole verifies.
func TestACrashLosesNothingAcknowledged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &clock{began}
		k := newKeeper(t, c)
		defer k.Close()
		f := faultfs.New()
		seed := rapid.Uint64().Draw(t, "seed")
		rng := mrand.New(mrand.NewPCG(seed, 1))
		failAt, ops := rapid.IntRange(1, 60).Draw(t, "failAt"), 0
		f.Fault = func(op, _ string) (int, error) {
			if ops++; ops < failAt {
				return 0, nil
			}
			if op == "write" {
				return rng.IntN(40), faultfs.ErrIO
			}
			return 0, faultfs.ErrIO
		}
		acked, signed := uint64(0), uint64(0)
		l, err := ledger.Create(ctx, params(f, c, k))
		if err == nil {
			acked, signed = 2, l.Last().Size
			for i := range 12 {
				c.t = c.t.Add(20 * time.Second)
				first, err := l.Append(ctx, rec(i))
				if err != nil {
					require.ErrorIs(t, err, ledger.ErrFailed)
					break
				}
				acked = first + 1
				if cp, err := l.Checkpoint(ctx); err == nil {
					signed = cp.Size
				}
			}
			_, err := l.Append(ctx, rec(99))
			require.True(t, err == nil || errors.Is(err, ledger.ErrFailed), "%v", err)
			require.NoError(t, l.Close())
		}
		disk := faultfs.FromMap(f.Crash(func(n int) int { return rng.IntN(n + 1) }))
		l, info, err := ledger.Open(ctx, params(disk, c, k))
		if errors.Is(err, ledger.ErrEmpty) || errors.Is(err, fs.ErrNotExist) {
			require.Zero(t, acked)
			l, err = ledger.Create(ctx, params(disk, c, k))
			require.NoError(t, err)
		} else {
			require.NoError(t, err)
			require.GreaterOrEqual(t, info.Size, acked)
			require.GreaterOrEqual(t, info.Size, signed)
		}
		_, err = l.Append(ctx, rec(100))
		require.NoError(t, err)
		_, err = l.End(ctx, json.RawMessage(`{}`))
		require.NoError(t, err)
		r, err := ledger.VerifyLog(disk)
		require.NoError(t, err)
		require.Empty(t, r.Damages)
		require.True(t, r.Ended)
	})
}

// A log that is gone although checkpoints name its lines is damage, not a
// directory that was never used.
func TestALostLogWithCheckpointsIsDamage(t *testing.T) {
	c := &clock{began}
	k := newKeeper(t, c)
	defer k.Close()
	for name, lose := range map[string]func(m fstest.MapFS){
		"emptied": func(m fstest.MapFS) { m[ledger.LogName] = &fstest.MapFile{Mode: 0o600} },
		"torn":    func(m fstest.MapFS) { m[ledger.LogName].Data = m[ledger.LogName].Data[:20] },
		"missing": func(m fstest.MapFS) { delete(m, ledger.LogName) },
	} {
		t.Run(name, func(t *testing.T) {
			m := sample(t, 4).Map()
			lose(m)
			disk := faultfs.FromMap(m)
			_, _, err := ledger.Open(ctx, params(disk, c, k))
			require.ErrorIs(t, err, ledger.ErrDamaged)
			require.Equal(t, m[ledger.CheckpointsName].Data, disk.Map()[ledger.CheckpointsName].Data, "the evidence of it is kept")
			r, err := ledger.VerifyLog(disk)
			require.NoError(t, err)
			require.True(t, slices.ContainsFunc(r.Damages, func(d ledger.Damage) bool { return d.Code == ledger.DamageMissing }), "%v", r.Damages)
		})
	}
}

// A recovery may die between the copy of a torn tail and its cut, any number of
// times and with any part of the copy on disk; the next one goes on.
func TestARecoveryMayBeKilledAnyNumberOfTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &clock{began}
		k := newKeeper(t, c)
		defer k.Close()
		f := faultfs.New()
		l, err := ledger.Create(ctx, params(f, c, k))
		require.NoError(t, err)
		require.NoError(t, l.Close())
		m := f.Map()
		m[ledger.LogName].Data = append(m[ledger.LogName].Data, `{"i":3,"torn...`...)
		rng := mrand.New(mrand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		for range rapid.IntRange(0, 5).Draw(t, "kills") {
			f = faultfs.FromMap(m)
			f.Fault = func(op, name string) (int, error) {
				if op == "truncate" || (op == "write" && rng.IntN(2) == 0) {
					return rng.IntN(8), faultfs.ErrIO
				}
				return 0, nil
			}
			_, _, err := ledger.Open(ctx, params(f, c, k))
			require.ErrorIs(t, err, faultfs.ErrIO)
			m = f.Crash(func(n int) int { return rng.IntN(n + 1) })
		}
		disk := faultfs.FromMap(m)
		l, rec, err := ledger.Open(ctx, params(disk, c, k))
		require.NoError(t, err)
		require.NoError(t, l.Close())
		require.Equal(t, int64(15), rec.TornBytes)
		require.Equal(t, `{"i":3,"torn...`, string(disk.Map()[rec.TornFile].Data))
		kept := 0
		for name := range disk.Map() {
			if strings.HasPrefix(name, ledger.TornDir+"/") {
				kept++
			}
		}
		require.Equal(t, 1, kept, "no copy is left that no line names")
	})
}

func TestACopyThatDiffersIsLeftAlone(t *testing.T) {
	c := &clock{began}
	k := newKeeper(t, c)
	defer k.Close()
	f := faultfs.New()
	l, err := ledger.Create(ctx, params(f, c, k))
	require.NoError(t, err)
	require.NoError(t, l.Close())
	m := f.Map()
	good := len(m[ledger.LogName].Data)
	m[ledger.LogName].Data = append(m[ledger.LogName].Data, "torn"...)
	sum := sha256.Sum256([]byte("torn"))
	first := fmt.Sprintf("%s/log-%d-%x", ledger.TornDir, good, sum[:4])
	m[first] = &fstest.MapFile{Data: []byte{0, 0, 0, 0}, Mode: 0o600}
	m[first+"-2"] = &fstest.MapFile{Data: []byte{0}, Mode: 0o600}
	disk := faultfs.FromMap(m)
	l, rec, err := ledger.Open(ctx, params(disk, c, k))
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.Equal(t, first+"-3", rec.TornFile)
}

func TestAFailedSyncEndsTheLogAndIsNeverRetried(t *testing.T) {
	c := &clock{began}
	k := newKeeper(t, c)
	defer k.Close()
	f := faultfs.New()
	l, err := ledger.Create(ctx, params(f, c, k))
	require.NoError(t, err)
	syncs := 0
	f.Fault = func(op, name string) (int, error) {
		if op == "sync" && name == ledger.LogName {
			syncs++
			return 0, faultfs.ErrIO
		}
		return 0, nil
	}
	_, err = l.Append(ctx, rec(1))
	require.ErrorIs(t, err, ledger.ErrFailed)
	require.ErrorIs(t, err, faultfs.ErrIO)
	_, err = l.Append(ctx, rec(2))
	require.ErrorIs(t, err, ledger.ErrFailed)
	_, err = l.Checkpoint(ctx)
	require.ErrorIs(t, err, ledger.ErrFailed)
	require.Equal(t, 1, syncs)
	<-l.Failed()
	require.NoError(t, l.Close())
}

// flaky loses answers of the signer after the signer has acted.
type flaky struct {
	ledger.Signer
	lose func() bool
}

var errLost = errors.New("answer lost")

func (f flaky) Certify(ctx context.Context, o string) (json.RawMessage, error) {
	s, err := f.Signer.Certify(ctx, o)
	if f.lose() {
		return nil, errLost
	}
	return s, err
}

func (f flaky) Sign(ctx context.Context, o string, text []byte) ([]byte, error) {
	s, err := f.Signer.Sign(ctx, o, text)
	if f.lose() {
		return nil, errLost
	}
	return s, err
}

func (f flaky) Rotate(ctx context.Context, o string) (json.RawMessage, error) {
	s, err := f.Signer.Rotate(ctx, o)
	if f.lose() {
		return nil, errLost
	}
	return s, err
}

func TestLostAnswersOfTheSignerNeverBreakTheLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &clock{began}
		k := newKeeper(t, c)
		defer k.Close()
		rng := mrand.New(mrand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		on := false
		f := faultfs.New()
		l, err := ledger.Create(ctx, params(f, c, flaky{k, func() bool { return on && rng.IntN(3) == 0 }}))
		require.NoError(t, err)
		on = true
		for i := range 30 {
			c.t = c.t.Add(17 * time.Second)
			_, err := l.Append(ctx, rec(i))
			require.NoError(t, err, "the log does not wait for the signer")
			if _, err := l.Checkpoint(ctx); err != nil {
				require.ErrorIs(t, err, errLost)
			}
		}
		on = false
		_, err = l.End(ctx, json.RawMessage(`{}`))
		require.NoError(t, err)
		r, err := ledger.VerifyLog(f)
		require.NoError(t, err)
		require.Empty(t, r.Damages)
	})
}

func TestProofsHoldAndForeignOnesDoNot(t *testing.T) {
	f := sample(t, 20)
	var raws [][]byte
	require.NoError(t, ledger.Lines(f, func(l ledger.Line) (bool, error) {
		raws = append(raws, append([]byte(nil), l.Raw...))
		return true, nil
	}))
	n := uint64(len(raws))
	p, err := ledger.BuildProofs(f, n)
	require.NoError(t, err)
	root, err := p.Root(n)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.Uint64Range(0, n-1).Draw(t, "i")
		proof, err := p.Inclusion(n, i)
		require.NoError(t, err)
		require.NoError(t, ledger.CheckInclusion(proof, n, root, i, raws[i]))
		require.Error(t, ledger.CheckInclusion(proof, n, root, i, append([]byte("x"), raws[i]...)))
		old := rapid.Uint64Range(1, n).Draw(t, "old")
		oldRoot, err := p.Root(old)
		require.NoError(t, err)
		con, err := p.Consistency(n, old)
		require.NoError(t, err)
		require.NoError(t, ledger.CheckConsistency(con, n, root, old, oldRoot))
		oldRoot[0] ^= 1
		require.Error(t, ledger.CheckConsistency(con, n, root, old, oldRoot))
	})
}

func FuzzParseLine(f *testing.F) {
	m := sample(f, 2).Map()
	p := m[ledger.LogName].Data
	for start, i := 0, 0; i < len(p); i++ {
		if p[i] == '\n' {
			f.Add(p[start:i])
			start = i + 1
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ledger.ParseLine(b)
		if err == nil && !json.Valid(l.Raw) {
			t.Fatalf("accepted a line that is no JSON: %q", b)
		}
	})
}

func FuzzParseNote(f *testing.F) {
	b := sample(f, 2).Map()[ledger.CheckpointsName].Data
	f.Add(b[:len(b)/3])
	f.Add([]byte("o\n1\nAAAA\ntime 1\nprevious -\n\n— o AAAA\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := ledger.ParseNote(b)
		if err == nil && (string(n.Note) != string(b) || n.Origin == "") {
			t.Fatalf("accepted a note that is not canonical: %q", b)
		}
	})
}

func TestTimesNeverGoBack(t *testing.T) {
	c := &clock{began}
	k := newKeeper(t, c)
	defer k.Close()
	f := faultfs.New()
	l, err := ledger.Create(ctx, params(f, c, k))
	require.NoError(t, err)
	_, err = l.Append(ctx, rec(0))
	require.NoError(t, err)
	c.t = began.Add(-10 * time.Second)
	_, err = l.Append(ctx, rec(1))
	require.NoError(t, err)
	require.NoError(t, l.Close())
	c.t = began.Add(-20 * time.Second) // over a restart too
	l, _, err = ledger.Open(ctx, params(f, c, k))
	require.NoError(t, err)
	_, err = l.Append(ctx, rec(2))
	require.NoError(t, err)
	require.NoError(t, l.Close())
	raw, err := fs.ReadFile(f, ledger.LogName)
	require.NoError(t, err)
	for line := range strings.Lines(string(raw)) {
		got, err := ledger.ParseLine([]byte(strings.TrimSuffix(line, "\n")))
		require.NoError(t, err)
		require.GreaterOrEqual(t, got.T, began.UnixMicro(), "line %d", got.I)
	}
}
