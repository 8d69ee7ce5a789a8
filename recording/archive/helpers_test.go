//go:build !verifier

package archive

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/asic"
	"phientoa/internal/cades"
	"phientoa/internal/pki"
	"phientoa/internal/signer"
	"phientoa/recording"
	"phientoa/sfu"
)

// court is a node with its authority and the evidence of one hearing.
type court struct {
	t      testing.TB
	id     pki.Identity
	keeper *signer.Keeper
	sealer *signer.Sealer
	dir    string // of all evidence
	now    time.Time
	// frames are the bytes of a frame of each track, whole multiples of 32.
	frames []int
	// every is the time between two frames of a track; 0: 20 ms.
	every time.Duration
	// voice is what is said; the tracks of two courts of one voice may be the same bytes.
	voice string
	// fs opens the directory of a part; nil: as it is.
	fs func(dir string) (recording.PartFS, error)
}

func newCourt(t testing.TB) *court {
	t.Helper()
	now := time.Now()
	dir := t.TempDir()
	clock := func() time.Time { return now }
	id, err := pki.Open(pki.Params{Dir: filepath.Join(dir, "pki"), Node: "node-1", Now: clock, Rand: rand.Reader})
	require.NoError(t, err)
	k := newKeeper(t, id)
	c := &court{t: t, id: id, keeper: k, dir: filepath.Join(dir, "evidence"), now: now, frames: []int{32, 32}}
	c.sealer = c.newSealer(clock)
	return c
}

// brief gives the node a certificate that ends in a year.
func (c *court) brief(t testing.TB) {
	t.Helper()
	template := *c.id.Certificate
	template.NotAfter = c.now.AddDate(1, 0, 0)
	der, err := x509.CreateCertificate(rand.Reader, &template, c.id.CA, c.id.Key.Public(), c.id.CAKey)
	require.NoError(t, err)
	c.id.Certificate, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	c.keeper = newKeeper(t, c.id)
	c.sealer = c.newSealer(func() time.Time { return c.now })
}

// newSealer is a sealer of the node with a clock.
func (c *court) newSealer(clock func() time.Time) *signer.Sealer {
	s, err := signer.NewSealer(signer.SealerParams{
		Key: c.id.Key, Certificate: c.id.Certificate, TSAKey: c.id.TSAKey, TSACertificate: c.id.TSACertificate, List: c.id.List,
		Now: clock, Rand: rand.Reader, Rate: 1e6, Burst: 1e6,
	})
	require.NoError(c.t, err)
	return s
}

// newKeeper is a signer process that begins.
func newKeeper(t testing.TB, id pki.Identity) *signer.Keeper {
	t.Helper()
	k, err := signer.NewKeeper(signer.KeeperParams{Node: id.Key, Certificate: id.Certificate, Now: time.Now, Rand: rand.Reader, Rate: 1e6, Burst: 1e6})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.Close()) })
	return k
}

// bubble is where the clock of testing/synctest begins.
var bubble = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

type deaf struct{}

func (deaf) Recording(bool, string)            {}
func (deaf) Checkpoint(uint64, string, []byte) {}

// record makes a part of microphones (two, unless frames says otherwise) of the given number of frames.
// It runs in a bubble, so that the time costs nothing, on the clock of today.
func (c *court) record(t testing.TB, frames int) (part string) {
	t.Helper()
	every := cmp.Or(c.every, 20*time.Millisecond)
	bubbled(t, func(t *testing.T) {
		now := func() time.Time { return time.Now().Add(c.now.Sub(bubble)) }
		p, err := recording.Open(context.Background(), recording.Params{
			Dir: c.dir, Hearing: "h-1", Node: "node-1", Genesis: []byte(`{"software":"test","booking":{"docket_no":"12/2026/TLST-HS"}}`),
			Epoch: 1, Signer: c.keeper, Notify: deaf{}, Rand: rand.Reader, Now: now, FS: c.fs,
		})
		require.NoError(t, err)
		part = p.Dir()
		for i := range frames {
			for d, size := range c.frames {
				src := sfu.SourceID{Peer: fmt.Sprintf("device-%d", d+1), Kind: sfu.Mic}
				if i == 0 {
					p.Tap().Opened(sfu.SourceInfo{Source: src, Codec: sfu.Opus, ClockRate: 48000, Channels: 2}, now())
				}
				sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", c.voice, d, i))
				payload := bytes.Repeat(sum[:], size/len(sum))
				p.Tap().Packet(&sfu.Packet{
					Source: src, Codec: sfu.Opus, SSRC: uint32(d + 1), Seq: uint64(i + 1), Timestamp: uint32(i * int(every/time.Millisecond) * 48), Arrival: now(), Payload: payload,
				})
			}
			time.Sleep(every) //nolint:forbidigo // the clock of the bubble
		}
		require.NoError(t, p.Event(context.Background(), 1, []byte(`{"seq":1}`), true, true))
		require.NoError(t, p.Close(context.Background()))
	})
	return part
}

// bubbled runs f in a bubble, of a benchmark as well, which has none of its own.
func bubbled(t testing.TB, f func(t *testing.T)) {
	if t, ok := t.(*testing.T); ok {
		synctest.Test(t, f)
		return
	}
	ok := testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{
		{Name: "recording", F: func(t *testing.T) { synctest.Test(t, f) }},
	})
	require.True(t, ok)
}

// sealed is the container of a recorded part.
func (c *court) sealed(t *testing.T, frames int) (path string, b Built) {
	t.Helper()
	part := c.record(t, frames)
	path = part + Ext
	b, err := Build(context.Background(), BuildParams{Part: part, Out: path, Signer: c.sealer})
	require.NoError(t, err)
	return path, b
}

// options trust the court.
func (c *court) options() Options { return Options{Roots: c.id.Roots()} }

// informed is options of who has the authority's list of revoked certificates as of now:
// what has no timestamp is judged now.
func (c *court) informed() Options {
	der, err := c.id.List(time.Now(), rand.Reader)
	require.NoError(c.t, err)
	l, err := cades.ParseList(der)
	require.NoError(c.t, err)
	return Options{Roots: c.id.Roots(), Lists: []*x509.RevocationList{l}}
}

func (c *court) rootPEM(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.id.CA.Raw}), 0o600))
	return path
}

func verifyBytes(b []byte, o Options) Report {
	return Verify(context.Background(), bytes.NewReader(b), int64(len(b)), o)
}

// forger packs any files as a container and seals it as somebody would who
// controls the node's signer or has a key of his own.
type forger struct {
	t     testing.TB
	names []string
	files map[string][]byte
}

// open takes a container apart.
func open(t testing.TB, path string) *forger {
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	c, err := asic.Open(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	f := &forger{t: t, files: map[string][]byte{}}
	for _, e := range c.Entries()[1:] {
		f.files[e.Name], err = c.ReadFile(e.Name, e.Size)
		require.NoError(t, err)
		f.names = append(f.names, e.Name)
	}
	return f
}

func (f *forger) clone() *forger {
	out := &forger{t: f.t, names: append([]string(nil), f.names...), files: map[string][]byte{}}
	for n, b := range f.files {
		out.files[n] = bytes.Clone(b)
	}
	return out
}

func (f *forger) remove(name string) {
	delete(f.files, name)
	for i, n := range f.names {
		if n == name {
			f.names = append(f.names[:i:i], f.names[i+1:]...)
			return
		}
	}
	require.Fail(f.t, "no such file", name)
}

// add puts a file in front of the manifest.
func (f *forger) add(name string, b []byte) {
	f.files[name] = b
	n := len(f.names)
	f.names = append(f.names[:n-2:n-2], append([]string{name}, f.names[n-2:]...)...)
}

// reseal makes manifest and seal anew.
func (f *forger) reseal(s *signer.Sealer) {
	m := asic.Manifest{Signature: asic.SignatureName}
	for _, n := range f.names {
		if n != asic.ManifestName && n != asic.SignatureName {
			m.Files = append(m.Files, asic.FileDigest{Name: n, SHA256: sha256.Sum256(f.files[n])})
		}
	}
	f.files[asic.ManifestName] = m.XML()
	seal, err := s.Seal(context.Background(), "any", sha256.Sum256(m.XML()))
	require.NoError(f.t, err)
	f.files[asic.SignatureName] = seal
}

type memory struct{ b []byte }

func (m *memory) Write(p []byte) (int, error) {
	m.b = append(m.b, p...)
	return len(p), nil
}

func (m *memory) WriteAt(p []byte, at int64) (int, error) { return copy(m.b[at:], p), nil }

func (f *forger) pack() []byte {
	var m memory
	w, err := asic.NewWriter(&m)
	require.NoError(f.t, err)
	for _, n := range f.names {
		_, err := w.Add(n, int64(len(f.files[n])), bytes.NewReader(f.files[n]))
		require.NoError(f.t, err)
	}
	_, err = w.Close()
	require.NoError(f.t, err)
	return m.b
}

// foreignRoots is another court's.
func foreignRoots(t *testing.T) *x509.CertPool { return newCourt(t).id.Roots() }
