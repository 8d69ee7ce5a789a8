// Package disk tells a disk of evidence from the bare directory that it is mounted on:
// a file made by an explicit act stands at its root. Where that is missing the disk is
// not there, and nothing may be written in its place.
package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// MarkName is the name of the file.
const MarkName = "phientoa-evidence"

// ErrAway: the directory is missing, or is not the disk that was marked.
var ErrAway = errors.New("disk: the marked disk is not there")

// Mark says that the directory is the root of a disk for evidence. It is durable when
// Mark returns; marked twice is an error (fs.ErrExist).
func Mark(dir string) (err error) {
	f, err := os.OpenFile(filepath.Join(dir, MarkName), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o400)
	if err != nil {
		return fmt.Errorf("disk: %w", err)
	}
	_, err = f.WriteString("Đĩa chứng cứ của phientoa, không xóa tệp này. Evidence of phientoa: without this file the disk counts as away.\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("disk: %w", err)
	}
	root, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("disk: %w", err)
	}
	if err = errors.Join(root.Sync(), root.Close()); err != nil {
		return fmt.Errorf("disk: %w", err)
	}
	return nil
}

// Marked is nil when the disk is there, else an error that is ErrAway, or why that
// cannot be told.
func Marked(dir string) error {
	info, err := os.Lstat(filepath.Join(dir, MarkName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: no %s in %s", ErrAway, MarkName, dir)
	case err != nil:
		return fmt.Errorf("disk: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: %s in %s is no file", ErrAway, MarkName, dir)
	}
	return nil
}
