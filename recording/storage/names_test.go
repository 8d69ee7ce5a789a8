package storage

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/pki"
	"phientoa/internal/signer"
	"phientoa/internal/store"
	"phientoa/recording/archive"
)

// A supplement is queued under the last part that it cites, and is never taken for that
// part, also where both have one size.
func TestASupplementIsNoPart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "h")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	id, err := pki.Open(pki.Params{Dir: t.TempDir(), Node: "n", Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	s, err := signer.NewSealer(signer.SealerParams{
		Key: id.Key, Certificate: id.Certificate, TSAKey: id.TSAKey, TSACertificate: id.TSACertificate, Now: time.Now, Rand: rand.Reader,
	})
	require.NoError(t, err)
	digest := strings.Repeat("0a", 32)
	var cites []archive.Cited
	for _, n := range []int{1, 4} {
		cites = append(cites, archive.Cited{Part: n, Size: 1, SHA256: digest, Manifest: digest, Root: digest, Lines: 1})
	}
	path := filepath.Join(dir, archive.SupplementFile(2))
	b, err := archive.BuildSupplement(t.Context(), archive.SupplementParams{Out: path, Signer: s, Limit: time.Second, About: archive.Supplement{
		Format: 1, Kind: archive.TimestampSupplement, Subject: "x", Hearing: "h", Node: "n", Number: 2, MadeT: time.Now().UnixMicro(), Cites: cites,
	}})
	require.NoError(t, err)
	p, err := describe(path)
	require.NoError(t, err)
	require.Equal(t, []any{4, 2, b.Bytes, "supplement-0002"}, []any{p.Number, p.Supplement, p.Size, p.name()})
	part := store.StoredObject{Part: 4, Size: b.Bytes}
	require.False(t, storedAs([]store.StoredObject{part}, p))
	part.Supplement = 2
	require.True(t, storedAs([]store.StoredObject{part}, p))
	require.False(t, storedAs([]store.StoredObject{part}, Part{Number: 4, Size: b.Bytes}))

	m := Mirror{p: Params{Dir: filepath.Dir(dir)}, waiting: map[string]*waiting{}}
	require.NoError(t, m.scan())
	require.Len(t, m.waiting, 1, "a later process finds it")
}
