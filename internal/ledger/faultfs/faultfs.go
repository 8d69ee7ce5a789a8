// Package faultfs is a file system of the tests that tears like a disk: what
// was not synced may vanish at a crash, writes may be short, syncs may fail.
package faultfs

import (
	"errors"
	"io/fs"
	"path"
	"sync"
	"testing/fstest"

	"phientoa/internal/ledger"
)

// ErrIO is the error that injected faults give.
var ErrIO = errors.New("faultfs: injected I/O error")

// FS implements ledger.FS in memory. The zero value is not usable; call New.
type FS struct {
	mu    sync.Mutex
	files map[string]*state
	dirs  map[string]bool

	// Fault, when set, is asked before each operation: "create", "write", "sync",
	// "syncdir", "truncate". A positive short cuts a write to that many bytes.
	Fault func(op, name string) (short int, err error)
}

type state struct {
	data   []byte
	synced int
	// named: the directory entry is durable.
	named  bool
	broken bool // a sync failed: pages are clean in memory and absent on disk
}

// New returns an empty file system.
func New() *FS { return &FS{files: map[string]*state{}, dirs: map[string]bool{".": true}} }

// FromMap returns a file system in which everything is durable.
func FromMap(m fstest.MapFS) *FS {
	f := New()
	for name, file := range m {
		f.files[name] = &state{data: append([]byte(nil), file.Data...), synced: len(file.Data), named: true}
		f.dirs[path.Dir(name)] = true
	}
	return f
}

// Map is a copy of what a reader sees now.
func (f *FS) Map() fstest.MapFS {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.snapshot(func(s *state) int { return len(s.data) })
}

// Crash is what a reader sees after the power failed: of the bytes that were not
// synced only as many as keep says (0 ≤ keep(n) ≤ n) are there.
func (f *FS) Crash(keep func(unsynced int) int) fstest.MapFS {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, s := range f.files {
		if !s.named {
			delete(f.files, name)
		}
	}
	return f.snapshot(func(s *state) int {
		if s.broken {
			return s.synced
		}
		return s.synced + keep(len(s.data)-s.synced)
	})
}

func (f *FS) snapshot(n func(*state) int) fstest.MapFS {
	m := fstest.MapFS{}
	for name, s := range f.files {
		m[name] = &fstest.MapFile{Data: append([]byte(nil), s.data[:n(s)]...), Mode: 0o600}
	}
	return m
}

// Open implements fs.FS on a snapshot.
func (f *FS) Open(name string) (fs.File, error) { return f.Map().Open(name) }

func (f *FS) fault(op, name string) (int, error) {
	if f.Fault == nil {
		return 0, nil
	}
	return f.Fault(op, name)
}

// Create implements ledger.FS.
func (f *FS) Create(name string) (ledger.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.fault("create", name); err != nil {
		return nil, err
	}
	if f.files[name] != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	s := &state{}
	f.files[name] = s
	return &file{f, name, s}, nil
}

// Append implements ledger.FS.
func (f *FS) Append(name string) (ledger.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.files[name]
	if s == nil {
		return nil, &fs.PathError{Op: "append", Path: name, Err: fs.ErrNotExist}
	}
	return &file{f, name, s}, nil
}

// Truncate implements ledger.FS.
func (f *FS) Truncate(name string, size int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.fault("truncate", name); err != nil {
		return err
	}
	s := f.files[name]
	s.data = s.data[:size]
	s.synced = int(size)
	return nil
}

// Mkdir implements ledger.FS.
func (f *FS) Mkdir(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dirs[name] = true
	return nil
}

// SyncDir implements ledger.FS.
func (f *FS) SyncDir(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.fault("syncdir", name); err != nil {
		return err
	}
	for n, s := range f.files {
		if path.Dir(n) == name {
			s.named = true
		}
	}
	return nil
}

type file struct {
	f    *FS
	name string
	s    *state
}

func (w *file) Write(b []byte) (int, error) {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	short, err := w.f.fault("write", w.name)
	if short > 0 && short < len(b) {
		w.s.data = append(w.s.data, b[:short]...)
		return short, err
	}
	if err != nil {
		return 0, err
	}
	w.s.data = append(w.s.data, b...)
	return len(b), nil
}

func (w *file) Sync() error {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	if _, err := w.f.fault("sync", w.name); err != nil {
		w.s.broken = true
		return err
	}
	w.s.synced = len(w.s.data)
	return nil
}

func (w *file) Close() error { return nil }
