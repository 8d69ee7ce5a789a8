package storage

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/pki"
	"phientoa/internal/signer"
	"phientoa/recording"
	"phientoa/recording/archive"
	"phientoa/recording/storage/s3test"
	"phientoa/sfu"
)

type deaf struct{}

func (deaf) Recording(bool, string)            {}
func (deaf) Checkpoint(uint64, string, []byte) {}

// sealedPart records a microphone and a camera, seals the part, and returns its file
// and every frame that was recorded.
func sealedPart(t *testing.T, dir string) (path string, frames [][]byte) {
	t.Helper()
	id, err := pki.Open(pki.Params{Dir: t.TempDir(), Node: "node-1", Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	keeper, err := signer.NewKeeper(signer.KeeperParams{Node: id.Key, Certificate: id.Certificate, Now: time.Now, Rand: rand.Reader, Rate: 1e6, Burst: 1e6})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, keeper.Close()) })
	sealer, err := signer.NewSealer(signer.SealerParams{
		Key: id.Key, Certificate: id.Certificate, TSAKey: id.TSAKey, TSACertificate: id.TSACertificate, Now: time.Now, Rand: rand.Reader, Rate: 1e6, Burst: 1e6,
	})
	require.NoError(t, err)
	p, err := recording.Open(context.Background(), recording.Params{
		Dir: dir, Hearing: "h-1", Node: "node-1", Genesis: []byte(`{"software":"test","booking":{"docket_no":"12/2026/TLST-HS"}}`),
		Epoch: 1, Signer: keeper, Notify: deaf{}, Rand: rand.Reader, Now: time.Now,
	})
	require.NoError(t, err)
	began := time.Now()
	for i := range 50 {
		for _, src := range []sfu.SourceInfo{
			{Source: sfu.SourceID{Peer: "device-1", Kind: sfu.Mic}, Codec: sfu.Opus, ClockRate: 48000, Channels: 2},
			{Source: sfu.SourceID{Peer: "device-1", Kind: sfu.Cam}, Codec: sfu.VP8, ClockRate: 90000},
		} {
			if i == 0 {
				p.Tap().Opened(src, began)
			}
			sum := sha256.Sum256(fmt.Appendf(nil, "%v %d", src.Codec, i))
			pkt := &sfu.Packet{
				Source: src.Source, Codec: src.Codec, SSRC: src.ClockRate, Seq: uint64(i + 1), Timestamp: uint32(i) * src.ClockRate / 50,
				Arrival: began.Add(time.Duration(i) * 20 * time.Millisecond), Payload: bytes.Repeat(sum[:], 8), Marker: true,
			}
			frame := pkt.Payload
			if src.Codec == sfu.VP8 {
				// A payload descriptor and a key frame of 16 by 16 (RFC 7741, RFC 6386 9.1).
				frame = append([]byte{0x10, 0x00, 0x00, 0x9d, 0x01, 0x2a, 16, 0, 16, 0}, frame...)
				pkt.Payload = append([]byte{0x10}, frame...)
			}
			frames = append(frames, frame)
			p.Tap().Packet(pkt)
		}
	}
	require.NoError(t, p.Event(context.Background(), 1, []byte(`{"seq":1}`), true, true))
	require.NoError(t, p.Close(context.Background()))
	path = p.Dir() + archive.Ext
	_, err = archive.Build(context.Background(), archive.BuildParams{Part: p.Dir(), Out: path, Signer: sealer})
	require.NoError(t, err)
	return path, frames
}

// Whoever steals the bucket, every version of it, has no frame, no header of a file
// and no word of the case; either key opens it all.
func TestAStolenBucketShowsNoFrame(t *testing.T) {
	s, b := s3test.Start(t), newBench(t)
	target := bucket(s, "evidence", true)
	path, frames := sealedPart(t, b.dir)
	plain, err := os.ReadFile(path)
	require.NoError(t, err)
	secrets := append([][]byte{}, frames...)
	secrets = append(secrets, []byte("PK\x03\x04"), []byte("mimetype"), []byte("vnd.etsi.asic"), []byte("\x1a\x45\xdf\xa3"),
		[]byte("OpusHead"), []byte("V_VP8"), []byte("\x9d\x01\x2a\x10\x00\x10"), []byte("META-INF"), []byte("TLST-HS"), []byte(`{"i":0,`))
	for i, secret := range secrets {
		require.True(t, bytes.Contains(plain, secret), "the search can find: %d %q", i, secret)
	}
	b.caughtUp(b.mirror(target))
	rows := b.files.all()
	require.Len(t, rows, 1)
	require.Equal(t, sha256.Sum256(plain), rows[0].SHA256, "what is noted is the file in clear")
	for _, key := range b.keys {
		cipher, opened := b.fetch(target, rows[0], key)
		require.True(t, bytes.Equal(plain, opened))
		for i, secret := range secrets {
			require.False(t, bytes.Contains(cipher, secret), "%d %q", i, secret)
		}
		object := filepath.Join(t.TempDir(), "object.age")
		require.NoError(t, os.WriteFile(object, cipher, 0o600))
		require.Empty(t, archive.VerifyFile(t.Context(), object, archive.Options{Keys: keys(key)}).Unreadable)
		require.NotEmpty(t, archive.VerifyFile(t.Context(), object, archive.Options{}).Unreadable)
	}
	// And everything else that lies in the server's directory.
	require.NoError(t, filepath.WalkDir(s.Dir(), func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(p)
		for _, frame := range frames {
			require.False(t, bytes.Contains(text, frame), p)
		}
		return err
	}))
}
