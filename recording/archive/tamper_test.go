//go:build !verifier

package archive

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/asic"
	"phientoa/internal/ledger"
	"phientoa/recording"
)

const (
	track1 = "media/t001-1.webm"
	track2 = "media/t002-1.webm"
)

// tampering is one way of changing a sealed file, and where it is found.
type tampering struct {
	what   string
	change func(f *forger)
	entry  string // of the first damage
	code   string
}

// tamperings are those of issue 4 that need no key. foreign is of another court and
// says other words; older is the same record as it was sealed some lines earlier.
func tamperings(clean, foreign, older *forger) []tampering {
	lines := bytes.SplitAfter(clean.files[ledger.LogName], []byte("\n"))
	seg, event := lineOf(lines, "seg"), lineOf(lines, "event")
	altered := func(n int, from, to string) func(*forger) {
		return func(f *forger) {
			lines := bytes.SplitAfter(f.files[ledger.LogName], []byte("\n"))
			lines[n] = bytes.Replace(lines[n], []byte(from), []byte(to), 1)
			f.files[ledger.LogName] = bytes.Join(lines, nil)
		}
	}
	take := func(from *forger, names ...string) func(*forger) {
		return func(f *forger) {
			for _, n := range names {
				f.files[n] = from.files[n]
			}
		}
	}
	put := func(name string, b []byte) func(*forger) { return func(f *forger) { f.files[name] = b } }
	return []tampering{
		{"a file removed", func(f *forger) { f.remove(track1) }, track1, DamageMissing},
		{"the log removed", func(f *forger) { f.remove(ledger.LogName) }, ledger.LogName, DamageMissing},
		{"the seal removed", func(f *forger) { f.remove(asic.SignatureName) }, asic.SignatureName, DamageMissing},
		{"the manifest removed", func(f *forger) { f.remove(asic.ManifestName) }, asic.ManifestName, DamageMissing},
		{"a file added", func(f *forger) { f.add("media/t003-1.webm", []byte("x")) }, "media/t003-1.webm", DamageUnlisted},
		{"a second signature added", func(f *forger) { f.add("META-INF/signature003.p7s", []byte("x")) }, "META-INF/signature003.p7s", DamageUnlisted},
		{"two tracks swapped", func(f *forger) { f.files[track1], f.files[track2] = f.files[track2], f.files[track1] }, track1, DamageDigest},
		{"another hearing's track", take(foreign, track1), track1, DamageDigest},
		{"a foreign segment", func(f *forger) {
			off, n := segment(f, 1)
			copy(f.files[track1][off:off+n], foreign.files[track1][off:])
		}, track1, DamageDigest},
		{"a segment cut out", func(f *forger) {
			off, n := segment(f, 1)
			f.files[track1] = append(f.files[track1][:off:off], f.files[track1][off+n:]...)
		}, track1, DamageDigest},
		{"two stretches swapped", func(f *forger) { b := f.files[track1]; copy(b[300:], append(bytes.Clone(b[400:500]), b[300:400]...)) }, track1, DamageDigest},
		{"the tail of a track cut", func(f *forger) { f.files[track1] = f.files[track1][:len(f.files[track1])-10] }, track1, DamageDigest},
		{"the tail of the log cut", func(f *forger) { f.files[ledger.LogName] = bytes.Join(lines[:len(lines)-3], nil) }, ledger.LogName, DamageDigest},
		{"a line altered", altered(seg, `"frames":`, `"frames":1`), ledger.LogName, DamageDigest},
		{"a line removed", func(f *forger) {
			f.files[ledger.LogName] = bytes.Join(append(append([][]byte(nil), lines[:seg]...), lines[seg+1:]...), nil)
		}, ledger.LogName, DamageDigest},
		{"an event altered", altered(event, `"seq":1`, `"seq":2`), ledger.LogName, DamageDigest},
		{"the last events removed, the chain made anew", func(f *forger) { f.files[ledger.LogName] = withoutEvents(f.t, f.files[ledger.LogName]) }, ledger.LogName, DamageDigest},
		{"a rolled-back manifest", take(older, asic.ManifestName), asic.ManifestName, DamageManifest},
		{"a rolled-back manifest with its seal", take(older, asic.ManifestName, asic.SignatureName), ledger.LogName, DamageDigest},
		{"another hearing's manifest", take(foreign, asic.ManifestName), asic.ManifestName, DamageManifest},
		{"another hearing's manifest and seal", take(foreign, asic.ManifestName, asic.SignatureName), ledger.LogName, DamageDigest},
		{"another's seal", take(foreign, asic.SignatureName), asic.ManifestName, DamageManifest},
		{"other words of VERIFY.txt", put(readmeName, []byte("trust me")), readmeName, DamageDigest},
		{"another order", func(f *forger) { f.names[1], f.names[2] = f.names[2], f.names[1] }, track1, DamageZIP},
	}
}

// lineOf is the number of the first line of a kind.
func lineOf(lines [][]byte, kind string) int {
	for i, l := range lines {
		if bytes.Contains(l, []byte(`"k":"`+kind+`"`)) {
			return i
		}
	}
	panic("no line of kind " + kind)
}

// segment is where the n-th segment of the first track stands.
func segment(f *forger, n int) (off, length int) {
	for l := range bytes.SplitSeq(f.files[ledger.LogName], []byte("\n")) {
		if !bytes.Contains(l, []byte(`"k":"seg"`)) || !bytes.Contains(l, []byte(track1)) {
			continue
		}
		if n--; n >= 0 {
			continue
		}
		_, place, _ := bytes.Cut(l, []byte(`"offset":`))
		_, err := fmt.Sscanf(string(place), `%d,"length":%d`, &off, &length)
		require.NoError(f.t, err)
		return off, length
	}
	require.Fail(f.t, "no such segment")
	return 0, 0
}

// withoutEvents leaves the copies of state events out of a log and makes indices and
// hash chain anew, as whoever can write the file but has no erased key would.
func withoutEvents(t testing.TB, log []byte) []byte {
	var out bytes.Buffer
	head, n, left := strings.Repeat("0", 2*sha256.Size), 0, 0
	for l := range bytes.SplitSeq(bytes.TrimSuffix(log, []byte("\n")), []byte("\n")) {
		if bytes.Contains(l, []byte(`"k":"event"`)) {
			left++
			continue
		}
		_, rest, ok := strings.Cut(string(l), ",")
		require.True(t, ok)
		at := strings.LastIndex(rest, `"prev":"`)
		require.Positive(t, at)
		l = []byte(`{"i":` + strconv.Itoa(n) + "," + rest[:at] + `"prev":"` + head + `"}`)
		sum := sha256.Sum256(l)
		head, n = hex.EncodeToString(sum[:]), n+1
		out.Write(append(l, '\n'))
	}
	require.Positive(t, left)
	return out.Bytes()
}

// scene is a sealed file with what is needed to tamper with it.
type scene struct {
	c                     *court
	path                  string
	clean, foreign, older *forger
}

func newScene(t *testing.T) scene {
	c := newCourt(t)
	path, _ := c.sealed(t, 200)
	stranger := newCourt(t)
	stranger.voice = "another"
	other, _ := stranger.sealed(t, 200)
	s := scene{c: c, path: path, clean: open(t, path), foreign: open(t, other)}
	s.older = s.clean.clone()
	lines := bytes.SplitAfter(s.older.files[ledger.LogName], []byte("\n"))
	s.older.files[ledger.LogName] = bytes.Join(lines[:len(lines)-4], nil)
	s.older.files[sessionName] = []byte("{}")
	s.older.reseal(c.sealer)
	return s
}

func (s scene) all() []tampering { return tamperings(s.clean, s.foreign, s.older) }

func TestTamperingIsFound(t *testing.T) {
	s := newScene(t)
	o := s.c.options()
	require.Equal(t, 0, verifyBytes(s.clean.pack(), o).ExitCode(), "what is taken apart and packed again is the same")
	for _, step := range s.all() {
		t.Run(step.what, func(t *testing.T) {
			f := s.clean.clone()
			f.t = t
			step.change(f)
			r := verifyBytes(f.pack(), o)
			require.Equal(t, 1, r.ExitCode(), r.Text("en"))
			require.NotEmpty(t, r.Container.Damages)
			d := r.Container.Damages[0]
			require.Equal(t, step.entry, d.Entry, r.Text("en"))
			require.Equal(t, step.code, d.Code, r.Text("en"))
			require.Contains(t, r.Text("vi"), step.entry)
		})
	}
	t.Run("a checksum altered", func(t *testing.T) {
		// Checksums stand outside the seal, in two places that agree.
		b := s.clean.pack()
		sum := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(s.clean.files[track1]))
		require.Equal(t, 2, bytes.Count(b, sum))
		r := verifyBytes(bytes.ReplaceAll(b, sum, []byte("abcd")), o)
		require.Equal(t, 1, r.ExitCode())
		require.Equal(t, DamageChecksum, r.Container.Damages[0].Code)
		require.Equal(t, track1, r.Container.Damages[0].Entry)
	})
	t.Run("the tail of the file cut", func(t *testing.T) {
		b := s.clean.pack()
		for _, n := range []int{1, 22, 500, len(b) / 2} {
			r := verifyBytes(b[:len(b)-n], o)
			require.Equal(t, 1, r.ExitCode(), "cut by %d", n)
			require.Equal(t, DamageZIP, r.Container.Damages[0].Code)
		}
	})
	t.Run("another description", func(t *testing.T) { // sealed by who holds the signer
		f := s.clean.clone()
		f.files[sessionName][len(f.files[sessionName])-4] ^= 1
		f.reseal(s.c.sealer)
		r := verifyBytes(f.pack(), o)
		require.Equal(t, 1, r.ExitCode())
		require.Equal(t, DamageSession, r.Container.Damages[0].Code)
		require.Equal(t, sessionName, r.Container.Damages[0].Entry)
	})
}

// Inside a segment the place is named to its line, its track and its time, however the
// file around it was sealed.
func TestThePlaceInsideATrackIsNamed(t *testing.T) {
	s := newScene(t)
	f := s.clean.clone()
	off, n := segment(f, 1)
	copy(f.files[track1][off:off+n], s.foreign.files[track1][off:])
	f.reseal(s.c.sealer)
	r := verifyBytes(f.pack(), s.c.options())
	require.Equal(t, 1, r.ExitCode())
	require.Len(t, r.Evidence.Damages, 1)
	d := r.Evidence.Damages[0]
	require.Equal(t, recording.DamageMedia, d.Code)
	require.Equal(t, track1, d.File)
	require.Equal(t, "t001", d.Track)
	require.EqualValues(t, off, d.Offset)
	require.EqualValues(t, n, d.Length)
	require.Positive(t, d.FromT)
}

// Who removes the last events, makes the chain anew and has the node seal the result
// is given away by the checkpoints: keys that are erased signed other lines.
func TestRemovedEventsAreFoundUnderAForgedSeal(t *testing.T) {
	s := newScene(t)
	lines := bytes.SplitAfter(s.clean.files[ledger.LogName], []byte("\n"))
	f := s.clean.clone()
	f.files[ledger.LogName] = withoutEvents(t, f.files[ledger.LogName])
	require.NotEqual(t, s.clean.files[ledger.LogName], f.files[ledger.LogName])
	f.reseal(s.c.sealer)
	r := verifyBytes(f.pack(), s.c.options())
	require.Equal(t, 1, r.ExitCode())
	at, named := int64(lineOf(lines, "event")), false
	for _, d := range r.Evidence.Damages {
		require.Equal(t, ledger.LogName, d.File, r.Text("en"))
		require.NotEqual(t, ledger.DamageChain, d.Code, "the chain itself is sound")
		// Lines that no checkpoint vouches for, or that it vouches for otherwise.
		vague := d.Code == ledger.DamageRoot || d.Code == ledger.DamageUnsigned
		named = named || (vague && d.Line <= at && at <= d.LineTo)
	}
	require.True(t, named, "line %d: %s", at, r.Text("en"))
}

// Another sound archive in the place of this one is whole by itself; a checkpoint that
// somebody kept of the true one tells, and so does the court's log (package register).
func TestAnArchiveSwappedAsAWholeIsFound(t *testing.T) {
	s := newScene(t)
	notes, err := ledger.Notes(s.clean.files[ledger.CheckpointsName])
	require.NoError(t, err)
	other, _ := s.c.sealed(t, 200) // of the same court, sealed as well
	o := s.c.options()
	require.Equal(t, 0, VerifyFile(context.Background(), other, o).ExitCode())
	o.Held = notes[len(notes)-1:]
	require.Equal(t, 0, VerifyFile(context.Background(), s.path, o).ExitCode())
	r := VerifyFile(context.Background(), other, o)
	require.Equal(t, 1, r.ExitCode())
	require.Equal(t, ledger.DamageHeld, r.Evidence.Damages[0].Code)
	require.Equal(t, ledger.LogName, r.Evidence.Damages[0].File)
}

// TestFilesForABrowser leaves the untouched file, every tampered one, a supplement, the
// roots and the receipt in a directory for web/e2e/verify.spec.ts, which starts it.
func TestFilesForABrowser(t *testing.T) {
	dir := os.Getenv("PHIENTOA_VERIFY_FILES")
	if dir == "" {
		t.Skip("started by web/e2e/verify.spec.ts")
	}
	s := newScene(t)
	keep := func(name string, b []byte) { require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o600)) }
	whole := s.clean.pack()
	keep("whole.asice", whole)
	for i, step := range s.all() {
		f := s.clean.clone()
		step.change(f)
		keep(fmt.Sprintf("tampered-%02d.asice", i), f.pack())
	}
	for _, at := range []int{3, 40, len(whole) / 3, len(whole) / 2, len(whole) - 30} {
		b := bytes.Clone(whole)
		b[at] ^= 1
		keep(fmt.Sprintf("bit-%d.asice", at), b)
	}
	keep("cut.asice", whole[:len(whole)-100])
	keep("none.asice", bytes.Repeat([]byte("no archive "), 40))
	people := newRegistry(t)
	c := newCourt(t) // no certificate begins after the seal
	part, _ := c.sealed(t, 60)
	m, files := people.minutes(t, 1, 3, [32]byte{}, "")
	a := c.about(MinutesSupplement, 1, cite(t, part))
	a.Minutes = &m
	supplement, err := os.ReadFile(c.supplement(t, c.sealer, a, files))
	require.NoError(t, err)
	keep(SupplementFile(4), supplement) // nobody says whether its people's certificates were revoked
	files, err = SealedByNode(part)
	require.NoError(t, err)
	auth := newAuthority(t, c.now)
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	require.NoError(t, err)
	supplement, err = os.ReadFile(c.supplement(t, c.withCourt(t, auth, auth.court(key)), c.about(CourtSealSupplement, 2, cite(t, part)), files))
	require.NoError(t, err)
	keep(SupplementFile(1), supplement)
	keep(SupplementFile(3), supplement[:len(supplement)-100]) // its name alone says what it is
	supplement[len(supplement)/2] ^= 1
	keep(SupplementFile(2), supplement)
	var roots []byte
	for _, ca := range []*x509.Certificate{s.c.id.CA, c.id.CA, people.pem(t, "ca"), auth.cert} {
		roots = append(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})...)
	}
	keep("root.pem", roots)
	keep("receipt.txt", s.clean.files[ledger.CheckpointsName])
	keep("other-receipt.txt", s.foreign.files[ledger.CheckpointsName])
}
