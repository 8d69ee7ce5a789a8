//go:build !verifier

package archive

import (
	"bytes"
	"context"
	crand "crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/asic"
	"phientoa/internal/cades"
	"phientoa/internal/ledger"
	"phientoa/internal/revocation"
	"phientoa/internal/signer"
	"phientoa/recording"
)

func TestASealedPartIsWhole(t *testing.T) {
	c := newCourt(t)
	path, b := c.sealed(t, 300)
	require.True(t, b.Stamped)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o400), info.Mode().Perm())
	require.Equal(t, b.Bytes, info.Size())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, sha256.Sum256(whole), b.SHA256)
	_, err = os.Stat(path + NewExt)
	require.ErrorIs(t, err, os.ErrNotExist)

	ctx := context.Background()
	r := VerifyFile(ctx, path, c.options())
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))
	require.Equal(t, "node-1", r.Container.Seal.Signer)
	require.Equal(t, "LT", r.Container.Seal.Level)
	require.True(t, r.Container.Seal.Timestamp.Internal)
	require.False(t, r.Container.Seal.Timestamp.Independent)
	require.Len(t, r.Evidence.Tracks, 2)
	require.Contains(t, r.Text("vi"), "dấu thời gian nội bộ, không độc lập")
	require.True(t, strings.HasPrefix(r.Text("vi"), "TOÀN VẸN"))
	raw, err := json.Marshal(r)
	require.NoError(t, err)
	require.Contains(t, string(raw), `"internal":true`)

	r = VerifyFile(ctx, path, Options{})
	require.Equal(t, 3, r.ExitCode())
	require.True(t, strings.HasPrefix(r.Text("vi"), "Toàn vẹn; chưa xác định được người ký"))
	r = VerifyFile(ctx, path, Options{Roots: foreignRoots(t)})
	require.Equal(t, 3, r.ExitCode())
	require.NotEmpty(t, r.Container.Seal.TrustError)
	o := c.options()
	o.TSARoots = c.id.Roots()
	require.False(t, VerifyFile(ctx, path, o).Container.Seal.Timestamp.Independent, "the court's own authority is never independent")

	r = VerifyFile(ctx, path+".none", Options{})
	require.Equal(t, 2, r.ExitCode())
	require.Equal(t, 2, verifyBytes([]byte(strings.Repeat("no archive ", 20)), Options{}).ExitCode())
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	require.Equal(t, 2, VerifyFile(canceled, path, c.options()).ExitCode())

	var about map[string]any
	require.NoError(t, json.Unmarshal(open(t, path).files[sessionName], &about))
	require.Equal(t, "h-1", about["hearing"])
	require.InDelta(t, 1, about["format"], 0)
}

// A certificate that has ended: the timestamp says that it had not when the seal was
// made, as long as its own has not. Without one nobody can tell.
func TestTheSealOutlivesItsCertificate(t *testing.T) {
	c := newCourt(t)
	// The node's certificate ends in a year, that of the timestamp authority in ten.
	c.brief(t)
	path, _ := c.sealed(t, 60)
	o := c.options()
	o.Now = c.now.AddDate(5, 0, 0)
	r := VerifyFile(context.Background(), path, o)
	require.Equal(t, 0, r.ExitCode(), r.Text("en"))

	part := c.record(t, 60)
	b, err := Build(context.Background(), BuildParams{Part: part, Out: part + Ext, Signer: noStamps{c.sealer}})
	require.NoError(t, err)
	require.False(t, b.Stamped)
	r = VerifyFile(context.Background(), part+Ext, c.options())
	require.Equal(t, 3, r.ExitCode(), r.Text("en"))
	require.True(t, r.Container.Seal.Trusted)
	require.Equal(t, revocation.None, r.Container.Seal.Revocation.State)
	require.True(t, strings.HasPrefix(r.Text("vi"), "Toàn vẹn; chưa kiểm tra được việc thu hồi chứng thư"), r.Text("vi"))
	require.Equal(t, "B", r.Container.Seal.Level)
	// Who has a list that is in force can tell.
	der, err := c.id.List(c.now, crand.Reader)
	require.NoError(t, err)
	list, err := cades.ParseList(der)
	require.NoError(t, err)
	now := c.options()
	now.Lists = []*x509.RevocationList{list}
	require.Equal(t, 0, VerifyFile(context.Background(), part+Ext, now).ExitCode())
	require.Equal(t, 3, VerifyFile(context.Background(), part+Ext, o).ExitCode())
	state, err := Look(part + Ext)
	require.NoError(t, err)
	require.Zero(t, state)
	before := open(t, part+Ext)
	done, err := Complete(context.Background(), part+Ext, c.sealer, time.Second, Pace{})
	require.NoError(t, err)
	require.True(t, done.Changed)
	whole, err := os.ReadFile(part + Ext)
	require.NoError(t, err)
	require.Equal(t, sha256.Sum256(whole), done.SHA256)
	require.Equal(t, 0, VerifyFile(context.Background(), part+Ext, o).ExitCode())
	after := open(t, part+Ext)
	for n, b := range before.files {
		require.Equal(t, n == asic.SignatureName, !bytes.Equal(b, after.files[n]), n)
	}
	done, err = Complete(context.Background(), part+Ext, c.sealer, time.Second, Pace{})
	require.NoError(t, err)
	require.False(t, done.Changed, "a second time changes nothing")
}

// flips is how many bits are tried at random: 10,000 in `make long`, where
// RAPID_CHECKS is set.
func flips() int {
	if os.Getenv("RAPID_CHECKS") != "" {
		return 10_000
	}
	return 200
}

// Any single bit of the file, wherever it stands: 200 at random over all of it,
// and every bit of every header, of the manifest and of the seal.
func TestNoBitChangesUnseen(t *testing.T) {
	c := newCourt(t)
	path, _ := c.sealed(t, 100)
	clean, err := os.ReadFile(path)
	require.NoError(t, err)
	o := c.options()
	require.Equal(t, 0, verifyBytes(clean, o).ExitCode())
	z, err := asic.Open(bytes.NewReader(clean), int64(len(clean)))
	require.NoError(t, err)
	inside := make([]string, len(clean)) // the entry whose contents a byte is of
	for _, e := range z.Entries() {
		for i := e.Offset(); i < e.Offset()+e.Size; i++ {
			inside[i] = e.Name
		}
	}
	flip := func(i int, bit uint) {
		clean[i] ^= 1 << bit
		defer func() { clean[i] ^= 1 << bit }()
		r := verifyBytes(clean, o)
		require.Equal(t, 1, r.ExitCode(), "byte %d bit %d in %q: %s", i, bit, inside[i], r.Text("en"))
		if e := inside[i]; e != "" && e != asic.MimetypeName {
			require.NotEmpty(t, r.Container.Damages)
			require.Equal(t, e, r.Container.Damages[0].Entry, "the place is named")
		}
		if strings.HasPrefix(inside[i], "media/") {
			d := r.Evidence.Damages[0]
			entry, _ := z.Entry(inside[i])
			at := int64(i) - entry.Offset()
			require.Equal(t, recording.DamageMedia, d.Code)
			require.Equal(t, inside[i], d.File)
			require.NotEmpty(t, d.Track)
			require.True(t, d.Offset <= at && at < d.Offset+d.Length && d.FromT > 0 && d.ToT >= d.FromT, "%+v", d)
		}
	}
	rnd := rand.New(rand.NewSource(1)) // the same places each time
	for range flips() {
		flip(rnd.Intn(len(clean)), uint(rnd.Intn(8)))
	}
	swept := 0
	for i := range clean {
		switch inside[i] {
		case "", asic.MimetypeName:
			for bit := range uint(8) {
				flip(i, bit)
				swept++
			}
		case asic.SignatureName: // every bit of seal and token: internal/cades, internal/tsa
			if i%5 == 0 {
				flip(i, uint(i%8))
			}
		}
	}
	require.Greater(t, swept, 8000)
}

// Who holds the node's signer today can seal anything; what the log's erased
// keys signed still gives the change away, with the place in the log.
func TestAForgedSealDoesNotMendTheLog(t *testing.T) {
	c := newCourt(t)
	path, _ := c.sealed(t, 200)
	clean := open(t, path)
	const media = "media/t001-1.webm"
	for what, change := range map[string]func(f *forger){
		"a changed track": func(f *forger) { f.files[media][400] ^= 1 },
		"an altered line": func(f *forger) {
			f.files["log.jsonl"] = bytes.Replace(f.files["log.jsonl"], []byte(`"frames":`), []byte(`"frames":1`), 1)
		},
		"a track removed": func(f *forger) { f.remove(media) },
		"lines and checkpoints cut": func(f *forger) {
			lines := bytes.SplitAfter(f.files["log.jsonl"], []byte("\n"))
			f.files["log.jsonl"] = bytes.Join(lines[:len(lines)/2], nil)
		},
	} {
		f := clean.clone()
		change(f)
		f.reseal(c.sealer)
		r := verifyBytes(f.pack(), c.options())
		require.Equal(t, 1, r.ExitCode(), what)
		require.NotEmpty(t, r.Evidence.Damages, "%s: %s", what, r.Text("en"))
	}
	// The same files under the seal of another node of the same name: the key tells
	// it from the one that recorded, also for who trusts both.
	f := clean.clone()
	stranger := newCourt(t)
	f.reseal(stranger.sealer)
	o := c.options()
	o.Roots.AddCert(stranger.id.CA)
	r := verifyBytes(f.pack(), o)
	require.Equal(t, 1, r.ExitCode(), r.Text("en"))
	require.Equal(t, DamageSigner, r.Container.Damages[0].Code)
	require.True(t, r.Container.Seal.Trusted)
}

// A timestamp of a time at which the log had not ended yet is a contradiction,
// whoever gave it; the sealing of a part does not take such a token.
func TestATimestampDoesNotComeBeforeTheEndOfTheLog(t *testing.T) {
	c := newCourt(t)
	part := c.record(t, 20)
	path := part + Ext
	clock := c.now.Add(-time.Hour)
	early, err := signer.NewSealer(signer.SealerParams{
		Key: c.id.Key, Certificate: c.id.Certificate, TSAKey: c.id.TSAKey, TSACertificate: c.id.TSACertificate, List: c.id.List,
		Now: func() time.Time { return clock }, Rand: crand.Reader, Rate: 1e6, Burst: 1e6,
	})
	require.NoError(t, err)
	b, err := Build(context.Background(), BuildParams{Part: part, Out: path, Signer: early})
	require.NoError(t, err)
	require.False(t, b.Stamped)
	_, err = Complete(context.Background(), path, early, time.Second, Pace{})
	require.ErrorContains(t, err, "before the last line of the log")

	f := open(t, path)
	sig, err := cades.Verify(f.files[asic.SignatureName], b.Manifest)
	require.NoError(t, err)
	stamped := func(at time.Time) Report {
		clock = at
		token, err := early.Stamp(context.Background(), sha256.Sum256(sig.Value))
		require.NoError(t, err)
		g := f.clone()
		g.files[asic.SignatureName], err = cades.AddToken(f.files[asic.SignatureName], token)
		require.NoError(t, err)
		list, err := c.id.List(c.now, crand.Reader)
		require.NoError(t, err)
		g.files[asic.SignatureName], err = cades.AddLists(g.files[asic.SignatureName], list)
		require.NoError(t, err)
		return verifyBytes(g.pack(), c.options())
	}
	require.Equal(t, 0, stamped(c.now).ExitCode())
	r := stamped(c.now.Add(-2 * time.Minute))
	require.Equal(t, 1, r.ExitCode())
	require.Equal(t, DamageTimestamp, r.Container.Damages[0].Code)
	require.Contains(t, r.Text("vi"), "dấu thời gian không hợp lệ")
}

// Checkpoints that participants kept are laid beside the archive: those of its log
// fit, and none else does.
func TestCheckpointsKeptElsewhere(t *testing.T) {
	c := newCourt(t)
	path, _ := c.sealed(t, 400)
	f := open(t, path)
	notes, err := ledger.Notes(f.files["checkpoints.txt"])
	require.NoError(t, err)
	require.Greater(t, len(notes), 3)
	o := c.options()
	for _, held := range [][][]byte{notes, notes[1:2], {notes[2], notes[0]}} {
		o.Held = held
		require.Equal(t, 0, VerifyFile(context.Background(), path, o).ExitCode())
	}
	// A log that was begun anew by who holds the node key cannot contain them.
	other, _ := c.sealed(t, 400)
	foreign, _ := newCourt(t).sealed(t, 400)
	for what, file := range map[string]string{"another part": other, "another court": foreign} {
		o.Held = notes[1:2]
		r := VerifyFile(context.Background(), file, o)
		require.Equal(t, 1, r.ExitCode(), what)
		require.Equal(t, ledger.DamageHeld, r.Evidence.Damages[0].Code, what)
	}
	dir := os.DirFS(filepath.Dir(path))
	r, err := recording.VerifyDir(context.Background(), dir, recording.Options{Roots: o.Roots, Held: notes})
	require.NoError(t, err)
	require.Equal(t, 0, r.ExitCode())
	gone := bytes.ReplaceAll(notes[0], []byte("/part/0001"), []byte("/part/0009"))
	r, err = recording.VerifyDir(context.Background(), dir, recording.Options{Roots: o.Roots, Held: [][]byte{gone}})
	require.NoError(t, err)
	require.Equal(t, 1, r.ExitCode(), "of a part that is not here")
	require.Contains(t, r.Text("en"), "of a part that is not here")
}

// Ten files that nobody touched, of several lengths, and files that only seem odd.
func TestUntouchedControlsPass(t *testing.T) {
	c := newCourt(t)
	for _, frames := range []int{1, 5, 49, 50, 51, 100, 150, 260, 400, 777} {
		path, b := c.sealed(t, frames)
		r := VerifyFile(context.Background(), path, c.options())
		require.Equal(t, 0, r.ExitCode(), r.Text("en"))
		require.Empty(t, r.Container.Damages)
		require.Empty(t, r.Evidence.Damages)
		require.Equal(t, b.Bytes, r.Container.Bytes)
		require.NoError(t, os.Remove(path))
	}
}

func TestVerifyHasNoClockOfItsOwnWhenOneIsGiven(t *testing.T) {
	c := newCourt(t)
	part := c.record(t, 20)
	_, err := Build(context.Background(), BuildParams{Part: part, Out: part + Ext, Signer: noStamps{c.sealer}})
	require.NoError(t, err)
	o := c.options()
	o.Now = c.now.Add(-48 * time.Hour)
	require.Equal(t, 3, VerifyFile(context.Background(), part+Ext, o).ExitCode(), "not valid yet")
}
