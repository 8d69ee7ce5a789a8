//go:build !verifier

package recording

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	// evenTail is what is copied of a file anew although both have it: bytes that were
	// not durable yet when power was lost may differ. A batch is durable within seconds.
	evenTail = 2 << 20
	// evenMost bounds what is copied in all: an opening waits for it.
	evenMost = 64 << 20
)

// errBehind: a mirror lacks more than an opening may wait for.
var errBehind = errors.New("recording: the mirror lacks too much of the part")

// even brings the directory of a mirror to the bytes of the part, durably.
func even(ctx context.Context, part, mirror string) error {
	if err := surplus(part, mirror); err != nil {
		return fmt.Errorf("recording: mirror: %w", err)
	}
	left := int64(evenMost)
	err := fs.WalkDir(os.DirFS(part), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
		to := filepath.Join(mirror, name)
		if e.IsDir() {
			if err := os.MkdirAll(to, 0o700); err != nil {
				return err
			}
			return nil
		}
		n, err := evenFile(ctx, filepath.Join(part, name), to, left)
		left -= n
		return err
	})
	if err != nil {
		return fmt.Errorf("recording: mirror: %w", err)
	}
	return fs.WalkDir(os.DirFS(mirror), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			err = syncDir(filepath.Join(mirror, name))
		}
		return err
	})
}

// surplus takes from the mirror the files that the part does not have.
func surplus(part, mirror string) error {
	return fs.WalkDir(os.DirFS(mirror), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if _, err := os.Lstat(filepath.Join(part, name)); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return os.Remove(filepath.Join(mirror, name))
	})
}

// evenFile copies the end of one file, of at most so many bytes.
func evenFile(ctx context.Context, from, to string, most int64) (n int64, err error) {
	in, err := os.Open(from)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	have, err := in.Stat()
	if err != nil {
		return 0, err
	}
	there, err := out.Stat()
	if err != nil {
		return 0, err
	}
	at := max(0, min(have.Size(), there.Size())-evenTail)
	if n = have.Size() - at; n > most {
		return 0, errBehind
	}
	if err := out.Truncate(at); err != nil {
		return 0, err
	}
	if _, err := io.Copy(io.NewOffsetWriter(out, at), asked{ctx, io.NewSectionReader(in, at, n)}); err != nil {
		return 0, err
	}
	return n, out.Sync()
}

// asked is a reader that ends with its context.
type asked struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (a asked) Read(b []byte) (int, error) {
	if err := a.ctx.Err(); err != nil {
		return 0, err
	}
	return a.r.Read(b)
}
