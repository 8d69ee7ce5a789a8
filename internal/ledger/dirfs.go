//go:build !verifier

package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// dirFS is a directory of the operating system. os.Root keeps every name inside.
type dirFS struct {
	root *os.Root
	fs.FS
}

// DirFS returns the FS of an existing directory. Close releases it.
func DirFS(dir string) (CloserFS, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("ledger: open directory: %w", err)
	}
	return &dirFS{root: root, FS: root.FS()}, nil
}

func (d *dirFS) Close() error { return d.root.Close() }

func (d *dirFS) Create(name string) (File, error) {
	return d.open(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL)
}

func (d *dirFS) Append(name string) (File, error) {
	return d.open(name, os.O_WRONLY|os.O_APPEND)
}

func (d *dirFS) open(name string, flag int) (File, error) {
	f, err := d.root.OpenFile(name, flag, 0o600)
	if err != nil {
		return nil, err
	}
	// The lock dies with the process, also after kill -9.
	if err := onFD(f, func(fd int) error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) }); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s", ErrLocked, name)
		}
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return &dirFile{File: f}, nil
}

func (d *dirFS) Truncate(name string, size int64) error {
	f, err := d.root.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if err := f.Truncate(size); err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(f.Sync(), f.Close())
}

func (d *dirFS) Mkdir(name string) error {
	err := d.root.Mkdir(name, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

func (d *dirFS) SyncDir(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

type dirFile struct{ *os.File }

// Sync makes bytes and length durable; other metadata is not evidence.
func (f *dirFile) Sync() error { return onFD(f.File, unix.Fdatasync) }

func onFD(f *os.File, do func(fd int) error) error {
	c, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := c.Control(func(fd uintptr) {
		for {
			if inner = do(int(fd)); !errors.Is(inner, unix.EINTR) {
				return
			}
		}
	}); err != nil {
		return err
	}
	return inner
}
