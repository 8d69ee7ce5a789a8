//go:build !verifier

package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/require"
)

// encrypted writes a file as it lies in an object store.
func encrypted(t *testing.T, plain []byte, to ...age.Recipient) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "part-0001.asice.age")
	var b bytes.Buffer
	w, err := age.Encrypt(&b, to...)
	require.NoError(t, err)
	_, err = w.Write(plain)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	return path
}

// A sealed file is the same in clear and encrypted, to everybody who opens it with a
// key of either recipient, at every offset; without one it says why it is not.
func TestAnEncryptedFileOpensWithEitherKey(t *testing.T) {
	c := newCourt(t)
	path, built := c.sealed(t, 50)
	plain, err := os.ReadFile(path)
	require.NoError(t, err)
	var ids [3]*age.X25519Identity
	for i := range ids {
		ids[i], err = age.GenerateX25519Identity()
		require.NoError(t, err)
	}
	object := encrypted(t, plain, ids[0].Recipient(), ids[1].Recipient())
	o := c.options()
	want := VerifyFile(t.Context(), path, o)
	require.Equal(t, 0, want.ExitCode())
	for _, id := range ids[:2] {
		r, size, closer, err := OpenContainer(object, ids[2], id)
		require.NoError(t, err)
		require.Equal(t, built.Bytes, size)
		got, err := io.ReadAll(io.NewSectionReader(r, 0, size))
		require.NoError(t, err)
		require.Equal(t, plain, got)
		some := make([]byte, 100)
		_, err = r.ReadAt(some, size-int64(len(some)))
		require.NoError(t, err)
		require.Equal(t, plain[len(plain)-len(some):], some)
		require.NoError(t, closer.Close())
		o.Keys = []age.Identity{id}
		require.Equal(t, want, VerifyFile(t.Context(), object, o))
		require.Equal(t, want, VerifyFile(t.Context(), path, o), "a key harms no file in clear")
	}
	for _, keys := range [][]age.Identity{nil, {ids[2]}} {
		_, _, _, err = OpenContainer(object, keys...)
		require.ErrorIs(t, err, ErrEncrypted)
		o.Keys = keys
		require.Equal(t, 2, VerifyFile(t.Context(), object, o).ExitCode())
	}
}

// No bit of an encrypted file can be changed, and nothing cut off, without its
// being found: by opening it or by reading it to its end.
func TestAnAlteredEncryptedFileIsFound(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	plain := bytes.Repeat([]byte("0123456789abcdef"), 10_000) // three chunks
	path := encrypted(t, plain, id.Recipient())
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	whole := func(b []byte) bool {
		t.Helper()
		require.NoError(t, os.WriteFile(path, b, 0o600))
		r, size, c, err := OpenContainer(path, id)
		if err != nil {
			return false
		}
		got, err := io.ReadAll(io.NewSectionReader(r, 0, size))
		require.NoError(t, c.Close())
		if len(got) > 0 {
			require.True(t, bytes.HasPrefix(plain, got) || err == nil && !bytes.HasPrefix(b, []byte(sealedHeader)), "no altered byte is given out")
		}
		return err == nil && bytes.Equal(got, plain)
	}
	require.True(t, whole(good))
	for at := 0; at < len(good); at += max(1, min(at, 97)) {
		bad := bytes.Clone(good)
		bad[at] ^= 1
		require.False(t, whole(bad), at)
	}
	for _, n := range []int{1, 16, 17, 1000, 64 << 10, len(good) - 30} {
		require.False(t, whole(good[:len(good)-n]), n)
		require.False(t, whole(append(bytes.Clone(good), good[:n]...)), n)
	}
}

// late has no timestamps at first.
type late struct {
	Signer
	open bool
}

func (l *late) Stamp(ctx context.Context, imprint [sha256.Size]byte) ([]byte, error) {
	if !l.open {
		return nil, errors.New("the authority is away")
	}
	return l.Signer.Stamp(ctx, imprint)
}

// Who waits for sealed files is told of one that is there, and again when its
// timestamp has made it another; not of one that is as it was.
func TestASealedFileIsToldWhenItIsThereAndWhenItIsStamped(t *testing.T) {
	c := newCourt(t)
	part := c.record(t, 20)
	s := &late{Signer: c.sealer}
	var told []int64
	j := NewJob(JobParams{Dir: c.dir, Signer: s, SignEnd: never, Finished: func(path string) {
		require.Equal(t, part+Ext, path)
		info, err := os.Stat(path)
		require.NoError(t, err)
		told = append(told, info.Size())
	}})
	require.ErrorIs(t, j.seal(t.Context(), part), errNoTimestamp)
	require.Len(t, told, 1)
	require.ErrorIs(t, j.seal(t.Context(), part), errNoTimestamp)
	require.Len(t, told, 1)
	s.open = true
	require.NoError(t, j.seal(t.Context(), part))
	require.Len(t, told, 2)
	require.Greater(t, told[1], told[0], "another file has another size: that is how it is told apart")
	require.NoError(t, j.seal(t.Context(), part))
	require.Len(t, told, 2)
}
