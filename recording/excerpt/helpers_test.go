package excerpt

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/asic"
	"phientoa/internal/ledger"
	"phientoa/internal/pki"
	"phientoa/internal/signer"
	"phientoa/recording"
	"phientoa/recording/archive"
	"phientoa/sfu"
)

// began is when the synthetic hearings begin.
func began() time.Time { return time.Date(2026, 11, 20, 2, 10, 0, 0, time.UTC) }

// bubble is where the clock of testing/synctest begins.
func bubble() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

type deaf struct{}

func (deaf) Recording(bool, string)            {}
func (deaf) Checkpoint(uint64, string, []byte) {}

// court is a node with its authority.
type court struct {
	id     pki.Identity
	keeper *signer.Keeper
	sealer *signer.Sealer
	dir    string
}

// later is when excerpts are made.
func later() time.Time { return began().AddDate(0, 1, 0) }

func newCourt(t testing.TB) *court {
	t.Helper()
	dir := t.TempDir()
	id, err := pki.Open(pki.Params{Dir: filepath.Join(dir, "pki"), Node: "node-1", Now: began, Rand: rand.Reader})
	require.NoError(t, err)
	k, err := signer.NewKeeper(signer.KeeperParams{Node: id.Key, Certificate: id.Certificate, Now: time.Now, Rand: rand.Reader, Rate: 1e6, Burst: 1e6})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.Close()) })
	s, err := signer.NewSealer(signer.SealerParams{
		Key: id.Key, Certificate: id.Certificate, TSAKey: id.TSAKey, TSACertificate: id.TSACertificate, List: id.List, Now: later, Rand: rand.Reader, Rate: 1e6, Burst: 1e6,
	})
	require.NoError(t, err)
	return &court{id, k, s, filepath.Join(dir, "evidence")}
}

// hearing says what is recorded: of each device a camera and a microphone.
type hearing struct {
	devices, seconds int
	// lost is a second without packets of the last camera; 0: none.
	lost int
	// closed and opened are seconds between which the first microphone is switched off.
	closed, opened int
	restart        int  // second at which the process begins anew; 0: none
	h264           bool // the cameras send H.264
	// old: as logs ended before their end line had strands.
	old bool
}

// picture is a frame of VP8 as far as a recorder looks at it (RFC 7741, RFC 6386 9.1).
func picture(key bool, seed string) []byte {
	sum := sha256.Sum256([]byte(seed))
	if !key {
		return append([]byte{0x10, 0x01, 0, 0}, sum[:]...)
	}
	return append([]byte{0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00}, sum[:]...)
}

// picture264 is a picture of H.264 in one packet (RFC 6184): the key one behind parameter
// sets for 640x360 (STAP-A).
func picture264(key bool, seed string) []byte {
	sum := sha256.Sum256([]byte(seed))
	if !key {
		return append([]byte{0x41, 0x9a}, sum[:]...)
	}
	b := []byte{0x78}
	for _, unit := range [][]byte{
		{0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x70, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x32, 0x0f, 0x16, 0x2e, 0x48},
		{0x68, 0xcb, 0x83, 0xcb, 0x20},
		append([]byte{0x65, 0x88}, sum[:]...),
	} {
		b = append(append(b, 0, byte(len(unit))), unit...)
	}
	return b
}

// record makes a part in a bubble, on the clock of that day, 10 pictures and 10 sounds a
// second, a key picture every 10 s.
func (c *court) record(t *testing.T, h hearing) (part string) {
	t.Helper()
	codec, frame := sfu.VP8, picture
	if h.h264 {
		codec, frame = sfu.H264, picture264
	}
	synctest.Test(t, func(t *testing.T) {
		now := func() time.Time { return time.Now().Add(began().Sub(bubble())) }
		var p *recording.Part
		open := func() {
			var err error
			p, err = recording.Open(context.Background(), recording.Params{
				Dir: c.dir, Hearing: "h-1", Node: "node-1", Genesis: []byte(`{"software":"test","booking":{"docket_no":"12/2026/TLST-HS"}}`),
				Epoch: 1, Signer: c.keeper, Notify: deaf{}, Rand: rand.Reader, Now: now,
			})
			require.NoError(t, err)
			part = p.Dir()
			for d := range h.devices {
				p.Tap().Opened(sfu.SourceInfo{Source: source(d, sfu.Cam), Codec: codec, ClockRate: 90000}, now())
				p.Tap().Opened(sfu.SourceInfo{Source: source(d, sfu.Mic), Codec: sfu.Opus, ClockRate: 48000, Channels: 2}, now())
			}
		}
		open()
		for i := range h.seconds * 10 {
			second := i / 10
			if i == h.restart*10 && i > 0 {
				require.NoError(t, p.Suspend(context.Background()))
				open()
			}
			if i%30 == 0 {
				line := fmt.Sprintf(`{"seq":%d,"secret":"said at %d"}`, i/30+1, second)
				require.NoError(t, p.Event(context.Background(), uint64(i/30+1), []byte(line), true, false))
			}
			for d := range h.devices {
				if lost := h.lost > 0 && second == h.lost && d == h.devices-1; !lost {
					p.Tap().Packet(&sfu.Packet{
						Source: source(d, sfu.Cam), Codec: codec, SSRC: uint32(d*2 + 1), Seq: uint64(i + 1), Timestamp: uint32(i * 9000), Marker: true,
						Arrival: now(), Payload: frame(i%100 == 0, fmt.Sprint("cam", d, i)),
					})
				}
				off := d == 0 && second >= h.closed && second < h.opened
				switch {
				case d == 0 && h.opened > 0 && i == h.closed*10:
					p.Tap().Closed(source(d, sfu.Mic), now())
				case d == 0 && h.opened > 0 && i == h.opened*10:
					p.Tap().Opened(sfu.SourceInfo{Source: source(d, sfu.Mic), Codec: sfu.Opus, ClockRate: 48000, Channels: 2}, now())
				}
				if !off {
					sum := sha256.Sum256(fmt.Append(nil, "mic", d, i))
					p.Tap().Packet(&sfu.Packet{
						Source: source(d, sfu.Mic), Codec: sfu.Opus, SSRC: uint32(d*2 + 2), Seq: uint64(i + 1), Timestamp: uint32(i * 4800), Arrival: now(), Payload: sum[:],
					})
				}
			}
			time.Sleep(100 * time.Millisecond) //nolint:forbidigo // the clock of the bubble
		}
		if !h.old {
			require.NoError(t, p.Close(context.Background()))
			return
		}
		require.NoError(t, p.Suspend(context.Background()))
		f, err := ledger.DirFS(part)
		require.NoError(t, err)
		log, _, err := ledger.Open(context.Background(), ledger.Params{FS: f, Origin: recording.Origin("node-1", "h-1", 1), Signer: c.keeper, Rand: rand.Reader, Now: now})
		require.NoError(t, err)
		_, err = log.End(context.Background(), []byte(`{"reason":"closed","events":0}`))
		require.NoError(t, errors.Join(err, f.Close()))
	})
	return part
}

func source(device int, kind sfu.SourceKind) sfu.SourceID {
	return sfu.SourceID{Peer: fmt.Sprintf("device-%d", device+1), Kind: kind}
}

// sealed is the sealed file of a recorded part.
func (c *court) sealed(t *testing.T, h hearing) []byte {
	t.Helper()
	part := c.record(t, h)
	path := part + archive.Ext
	b, err := archive.Build(context.Background(), archive.BuildParams{Part: part, Out: path, Signer: c.sealer})
	require.NoError(t, err)
	require.Equal(t, 1, len(b.Report.Evidence.Parts))
	require.Empty(t, b.Report.Evidence.Damages)
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	return raw
}

// make builds what is asked for, and returns its bytes.
func (c *court) make(t testing.TB, of []byte, a Asked) ([]byte, error) {
	t.Helper()
	if a.Reason == "" {
		a.Reason, a.By = "Bổ sung hồ sơ phúc thẩm", "Thư ký Lê Văn B"
	}
	out := filepath.Join(t.TempDir(), "x"+archive.Ext)
	_, err := Build(context.Background(), Params{
		Container: bytes.NewReader(of), Size: int64(len(of)), SHA256: sha256.Sum256(of), Asked: a, Out: out, Signer: c.sealer, Now: later,
	})
	if err != nil {
		_, stat := os.Stat(out)
		require.ErrorIs(t, stat, os.ErrNotExist, "what failed leaves nothing")
		return nil, err
	}
	raw, err := os.ReadFile(out)
	require.NoError(t, err)
	return raw, nil
}

func at(second float64) int64 {
	return began().Add(time.Duration(second * float64(time.Second))).UnixMicro()
}

func (c *court) options() archive.Options {
	return archive.Options{Roots: c.id.Roots(), Now: later()}
}

func verify(b []byte, o archive.Options) Report {
	return Verify(context.Background(), bytes.NewReader(b), int64(len(b)), o)
}

func (c *court) rootPEM(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.id.CA.Raw}), 0o600))
	return path
}

// forger packs any files and seals them as somebody would who has the node's key.
type forger struct {
	t     testing.TB
	names []string
	files map[string][]byte
}

func takeApart(t testing.TB, b []byte) *forger {
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

type memory struct{ b []byte }

func (m *memory) Write(p []byte) (int, error) {
	m.b = append(m.b, p...)
	return len(p), nil
}

func (m *memory) WriteAt(p []byte, at int64) (int, error) { return copy(m.b[at:], p), nil }

// pack makes the file anew, with a seal of its own where s is not nil.
func (f *forger) pack(s *signer.Sealer) []byte {
	if s != nil {
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

// courtless trusts nobody.
func courtless() archive.Options { return archive.Options{Now: later()} }
