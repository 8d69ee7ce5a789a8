//go:build !verifier

package verifycli

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/pki"
	"phientoa/internal/signer"
	"phientoa/recording"
	"phientoa/recording/archive"
	"phientoa/recording/excerpt"
	"phientoa/sfu"
)

type deaf struct{}

func (deaf) Recording(bool, string)            {}
func (deaf) Checkpoint(uint64, string, []byte) {}

// files are a sealed part of one microphone, an excerpt and a redacted copy of it, a
// supplement, and (root) the PEM of their authority.
func files(t *testing.T) (paths []string, root string) {
	dir, began := t.TempDir(), time.Now()
	id, err := pki.Open(pki.Params{Dir: filepath.Join(dir, "pki"), Node: "n", Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	k, err := signer.NewKeeper(signer.KeeperParams{Node: id.Key, Certificate: id.Certificate, Now: time.Now, Rand: rand.Reader, Rate: 1e6, Burst: 1e6})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.Close()) })
	s, err := signer.NewSealer(signer.SealerParams{
		Key: id.Key, Certificate: id.Certificate, TSAKey: id.TSAKey, TSACertificate: id.TSACertificate, List: id.List, Now: time.Now, Rand: rand.Reader, Rate: 1e6, Burst: 1e6,
	})
	require.NoError(t, err)
	p, err := recording.Open(t.Context(), recording.Params{
		Dir: dir, Hearing: "h", Node: "n", Genesis: []byte(`{"software":"test"}`), Epoch: 1, Signer: k, Notify: deaf{}, Rand: rand.Reader,
	})
	require.NoError(t, err)
	mic := sfu.SourceID{Peer: "device-1", Kind: sfu.Mic}
	p.Tap().Opened(sfu.SourceInfo{Source: mic, Codec: sfu.Opus, ClockRate: 48000, Channels: 2}, began)
	for i := range 100 {
		p.Tap().Packet(&sfu.Packet{
			Source: mic, Codec: sfu.Opus, SSRC: 1, Seq: uint64(i + 1), Timestamp: uint32(i * 960),
			Arrival: began.Add(time.Duration(i) * 20 * time.Millisecond), Payload: fmt.Appendf(nil, "spoken %d", i),
		})
	}
	require.NoError(t, p.Close(t.Context()))
	part := p.Dir() + archive.Ext
	_, err = archive.Build(t.Context(), archive.BuildParams{Part: p.Dir(), Out: part, Signer: s})
	require.NoError(t, err)
	paths = append(paths, part)

	sealed, err := os.ReadFile(part)
	require.NoError(t, err)
	from := began.UnixMicro()
	for _, a := range []excerpt.Asked{
		{Kind: excerpt.KindExcerpt, FromT: from, ToT: from + 2e6, Tracks: []string{"t001"}, Reason: "Bổ sung hồ sơ", By: "Thư ký"},
		{Kind: excerpt.KindRedacted, Cuts: []excerpt.Cut{{FromT: from, ToT: from + 1e6}}, Reason: "Bổ sung hồ sơ", By: "Thư ký"},
	} {
		out := filepath.Join(dir, a.Kind+archive.Ext)
		_, err := excerpt.Build(t.Context(), excerpt.Params{
			Container: bytes.NewReader(sealed), Size: int64(len(sealed)), SHA256: sha256.Sum256(sealed), Asked: a, Out: out, Signer: s, Now: time.Now,
		})
		require.NoError(t, err)
		paths = append(paths, out)
	}

	digest := strings.Repeat("0a", 32)
	out := filepath.Join(dir, archive.SupplementFile(1))
	_, err = archive.BuildSupplement(t.Context(), archive.SupplementParams{Out: out, Signer: s, Limit: time.Second, About: archive.Supplement{
		Format: 1, Kind: archive.TimestampSupplement, Subject: "x", Hearing: "h", Node: "n", Number: 1, MadeT: time.Now().UnixMicro(),
		Cites: []archive.Cited{{Part: 1, Size: 1, SHA256: digest, Manifest: digest, Root: digest, Lines: 1}},
	}})
	require.NoError(t, err)
	root = filepath.Join(dir, "ca.pem")
	require.NoError(t, os.WriteFile(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: id.CA.Raw}), 0o600))
	return append(paths, out), root
}

// Of every kind of file, whole, with a bit flipped and cut, the page says what the
// command says, in the same words.
func TestThePageSaysWhatTheCommandSays(t *testing.T) {
	paths, root := files(t)
	trusted, err := os.ReadFile(root)
	require.NoError(t, err)
	whole := map[string]int{"part-0001.asice": 0, "excerpt.asice": 0, "redacted.asice": 0, "supplement-0001.asice": 3}
	for _, path := range paths {
		clean, err := os.ReadFile(path)
		require.NoError(t, err)
		flipped := bytes.Clone(clean)
		flipped[len(flipped)/2] ^= 1
		for what, b := range map[string][]byte{"whole": clean, "flipped": flipped, "cut": clean[:len(clean)-100]} {
			name := filepath.Base(path)
			t.Run(name+" "+what, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), name)
				require.NoError(t, os.WriteFile(file, b, 0o600))
				for _, lang := range []string{"vi", "en"} {
					var out bytes.Buffer
					err := (&Cmd{Path: []string{file}, Root: root, Lang: lang}).Run(context.Background(), Streams{Out: &out, Err: &out})
					a := VerifyChosen(context.Background(), bytes.NewReader(b), int64(len(b)), Chosen{Name: name, Roots: trusted})
					require.Equal(t, err, ExitCode(a.Exit))
					require.Equal(t, out.String(), map[string]string{"vi": a.Vi, "en": a.En}[lang])
					want := 1
					if what == "whole" {
						want = whole[name]
					}
					require.Equal(t, want, a.Exit, a.En)
				}
			})
		}
	}
}
