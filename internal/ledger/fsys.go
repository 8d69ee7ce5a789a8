package ledger

import (
	"errors"
	"io"
	"io/fs"
)

// FS is a directory of one part, as far as evidence needs one. Names are
// slash-separated and relative (fs.ValidPath). Files are only ever appended to;
// tests put a file system behind it that loses, shortens and fails.
type FS interface {
	fs.FS
	// Create makes a new file; it fails with fs.ErrExist when there is one.
	Create(name string) (File, error)
	// Append opens an existing file for appending and locks it against other
	// processes; a locked file gives ErrLocked.
	Append(name string) (File, error)
	// Truncate cuts a file and makes that durable. Only recovery calls it, after
	// the bytes behind size were put aside durably.
	Truncate(name string, size int64) error
	// Mkdir makes a directory; an existing one is fine.
	Mkdir(name string) error
	// SyncDir makes the entries of a directory durable ("." is the root).
	SyncDir(name string) error
}

// File is an append-only file. Sync is fdatasync; after it failed nothing is
// known about the bytes since the last success, and the file must not be used.
type File interface {
	io.Writer
	Sync() error
	Close() error
}

// ErrLocked: another process writes this log.
var ErrLocked = errors.New("ledger: log is in use by another process")

// CloserFS is an FS that holds a directory open.
type CloserFS interface {
	FS
	io.Closer
}
