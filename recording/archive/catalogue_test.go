//go:build !verifier

package archive

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// shelf is a catalogue in memory that is away the first times.
type shelf struct {
	mu    sync.Mutex
	away  int
	parts map[string]SealedPart // by path
	told  int
}

func (s *shelf) Has(_ context.Context, hearing string, part int, size int64) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away--; s.away >= 0 {
		return false, errors.New("the database is away")
	}
	for _, p := range s.parts {
		if p.Hearing == hearing && p.Part == part && p.Size == size {
			return true, nil
		}
	}
	return false, nil
}

func (s *shelf) Sealed(_ context.Context, p SealedPart) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.parts == nil {
		s.parts = map[string]SealedPart{}
	}
	s.parts[p.Path] = p
	s.told++
	return nil
}

func (s *shelf) at(path string) SealedPart {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.parts[path]
}

// Whatever fails on the way, in the end the catalogue knows every part as its file
// is, timestamp included; what it knows it is not told again.
func TestTheCatalogueLearnsOfEveryPart(t *testing.T) {
	c := newCourt(t)
	part := c.record(t, 60)
	earlier := c.record(t, 60) // sealed by a process that ended before it told
	_, err := Build(context.Background(), BuildParams{Part: earlier, Out: earlier + Ext, Signer: c.sealer})
	require.NoError(t, err)
	s := &shelf{away: 3}
	run := func() {
		t.Helper()
		j := NewJob(JobParams{Dir: c.dir, Signer: &flaky{Signer: c.sealer, seals: 1, stamps: 2}, SignEnd: never, Retry: 1, Catalogue: s})
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		j.scan(ctx)
		go func() { defer close(done); j.Run(ctx) }()
		eventually(t, "nothing waits", func() bool { return j.Waiting() == 0 })
		cancel()
		<-done
	}
	run()
	for path, dir := range map[string]string{"h-1/part-0001.asice": part, "h-1/part-0002.asice": earlier} {
		p := s.at(path)
		file, err := os.ReadFile(dir + Ext)
		require.NoError(t, err)
		require.Equal(t, int64(len(file)), p.Size)
		require.Equal(t, sha256.Sum256(file), p.SHA256)
		require.True(t, p.Stamped)
		r := VerifyFile(context.Background(), dir+Ext, c.options())
		require.Equal(t, r.Evidence.Parts[0].Log.Root, p.Root)
		require.Equal(t, r.Evidence.Parts[0].Log.FirstT, p.BeganT)
		require.Equal(t, "h-1", p.Hearing)
		require.Equal(t, "node-1", p.Node)
		require.Len(t, p.Tracks, 2)
		require.Equal(t, "LT", p.Seal.Level)
		require.Zero(t, p.DamageCount)
	}
	told := s.told
	run()
	require.Equal(t, told, s.told, "what is known is not read again")
}

// A file that cannot be described stays an error, and is not told of.
func TestAStrangeFileIsNotCatalogued(t *testing.T) {
	c := newCourt(t)
	path, _ := c.sealed(t, 20)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(path, 0o600))
	require.NoError(t, os.WriteFile(path, b[:len(b)/2], 0o600))
	_, err = describe(context.Background(), path, nil, nil)
	require.ErrorContains(t, err, "not a sealed part")
	for _, name := range []string{"part-1.asice", "part-0000.asice", "part-0001.asice.new", "x", "part--001.asice"} {
		_, err := partNumber(name)
		require.Error(t, err, name)
	}
}

// swapped is a register that has noted other files.
type swapped struct{ told int }

func (*swapped) Has(string, int, int64, [sha256.Size]byte) bool { return false }

func (s *swapped) Sealed(context.Context, Final) error {
	s.told++
	return ErrSwapped
}

// A file that is not the one that was noted is read once, however often it is tried.
func TestASwappedFileIsReadOnce(t *testing.T) {
	c := newCourt(t)
	part := c.record(t, 60)
	_, err := Build(context.Background(), BuildParams{Part: part, Out: part + Ext, Signer: c.sealer})
	require.NoError(t, err)
	noted := &swapped{}
	j := NewJob(JobParams{Dir: c.dir, Signer: c.sealer, Register: noted})
	for range 3 {
		require.ErrorIs(t, j.register(t.Context(), part, nil), ErrSwapped)
		require.Equal(t, 1, noted.told)
	}
}
