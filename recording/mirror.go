//go:build !verifier

package recording

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"phientoa/internal/ledger"
)

// A mirror is the same part twice, not a second log: every create, write and sync goes
// to both directories at once, so both are the same bytes that the one recorder signed.
// A side that fails, or does not answer, is dropped and the other goes on without a gap.
// The mirror takes the name of the part before anything is acknowledged that it alone
// has: whatever is still called mirror-NNNN is behind the part, or equal to it.

const (
	// mirrorWait is how long the one side waits for the other: less than what makes
	// "recording" go out.
	mirrorWait = 1500 * time.Millisecond
	// mirrorOpen is what evening a mirror out may take when a part is opened.
	mirrorOpen = 5 * time.Second
)

// errTwo: the copy in the other directory is not one that may be written over.
var errTwo = errors.New("recording: another copy of the part stands in the other directory")

// mirrored is a PartFS of two directories. A side that was dropped never comes back.
type mirrored struct {
	p       Params
	number  int
	roots   [2]string
	sides   [2]PartFS
	dropped func()

	mu     sync.Mutex
	gone   [2]bool
	own    int   // the side that has the name of the part
	broken error // no side has it
}

// mirrors makes the part one of two sides, or says that it is alone.
func (p *Part) mirrors(lp *ledger.Params) {
	m, err := p.p.mirror(p.root, p.number, p.fs)
	if err != nil {
		p.p.Logger.Error("part is recorded in one directory alone", "hearing", p.p.Hearing, "part", p.number, "left", p.root, "error", err)
		if p.status.standing == "" {
			p.status.standing = troubleAlone
		}
		return
	}
	m.dropped = p.status.alone
	p.mirror, p.fs, lp.FS = m, m, m
}

// alone: what records has no mirror.
func (s *status) alone() {
	s.mu.Lock()
	if s.standing == "" {
		s.standing = troubleAlone
	}
	opening := s.lastOK.IsZero()
	s.mu.Unlock()
	if !opening { // else its first report says so
		s.tell()
	}
}

// other is the hearing's directory on the other disk.
func (p Params) other(root string) string {
	for _, r := range p.roots() {
		if r != root {
			return r
		}
	}
	return ""
}

// mirror makes fsys, the part in root, one of two sides. It fails when there is no
// second side now; the part then goes on with the one.
func (p Params) mirror(root string, number int, fsys PartFS) (*mirrored, error) {
	other := p.other(root)
	if other == "" || other == p.hung {
		return nil, errHung
	}
	ctx, cancel := context.WithTimeout(context.Background(), mirrorOpen)
	defer cancel()
	type made struct {
		fs  PartFS
		err error
	}
	done := make(chan made, 1)
	go func() {
		second, err := p.makeMirror(ctx, root, other, number)
		done <- made{second, err}
	}()
	select {
	case m := <-done:
		if m.err != nil {
			return nil, m.err
		}
		return &mirrored{p: p, number: number, roots: [2]string{root, other}, sides: [2]PartFS{fsys, m.fs}}, nil
	case <-ctx.Done():
	}
	go func() {
		if m := <-done; m.err == nil {
			_ = m.fs.Close()
		}
	}()
	return nil, fmt.Errorf("%w: %s", errHung, other)
}

// makeMirror brings the mirror of a part to the bytes of that and opens it.
func (p Params) makeMirror(ctx context.Context, root, other string, number int) (PartFS, error) {
	if err := p.makeRoot(other); err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	part, mirror := filepath.Join(root, PartDir(number)), filepath.Join(other, MirrorDir(number))
	if twin := filepath.Join(other, PartDir(number)); exists(twin) {
		if err := Demote(twin); err != nil {
			return nil, err
		}
	}
	if exists(mirror) && ledger.Further(os.DirFS(mirror), os.DirFS(part)) {
		return nil, fmt.Errorf("%w: %s", errTwo, mirror)
	}
	if err := mkdirSynced(other, mirror); err != nil {
		return nil, err
	}
	if err := even(ctx, part, mirror); err != nil {
		return nil, err
	}
	fsys, err := p.FS(mirror)
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	return fsys, nil
}

// Demote takes from a copy of a part that does not count the name of a part. dir ends
// in part-NNNN; an error leaves it as it is.
func Demote(dir string) error {
	root, base := filepath.Split(filepath.Clean(dir))
	n, ok := PartNumber(base, "")
	to := filepath.Join(root, MirrorDir(n))
	if !ok || exists(to) {
		return fmt.Errorf("%w: %s", errTwo, dir)
	}
	if err := os.Rename(dir, to); err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	return syncDir(filepath.Clean(root))
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// at is where the part that counts stands.
func (m *mirrored) at() place {
	m.mu.Lock()
	defer m.mu.Unlock()
	return place{m.roots[m.own], m.number}
}

// live tells which sides take part. An error: none has the name of the part.
func (m *mirrored) live() (sides []int, own int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.sides {
		if !m.gone[i] {
			sides = append(sides, i)
		}
	}
	return sides, m.own, m.broken
}

// drop goes on without a side. Where that had the name of the part, the other one takes
// it before drop returns; an error says that nothing was written anywhere that counts.
func (m *mirrored) drop(side int, why error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.broken != nil:
		return m.broken
	case m.gone[side]:
		return nil
	case m.gone[1-side]:
		return why // the last one: as a single directory fails
	}
	m.gone[side] = true
	m.p.Logger.Error("part is recorded in one directory alone", "hearing", m.p.Hearing, "part", m.number, "left", m.roots[1-side], "error", why)
	if side == m.own {
		left := m.roots[1-side]
		err := os.Rename(filepath.Join(left, MirrorDir(m.number)), filepath.Join(left, PartDir(m.number)))
		if err == nil {
			err = syncDir(left)
		}
		if err != nil {
			m.broken = fmt.Errorf("%w: %w", why, err)
			return m.broken
		}
		m.own = 1 - side
		go m.p.announce(place{left, m.number}) // the other disk may not answer
	}
	if m.dropped != nil {
		go m.dropped()
	}
	return nil
}

// answer is what one side gave.
type answer[T any] struct {
	side int
	got  T
	err  error
}

// both asks all live sides at once and gives what they gave, by side; of a side that
// failed where the other did not, or was too slow, nothing. late gets what comes after.
func both[T any](m *mirrored, ask func(side int) (T, error), late func(T)) (out [2]T, own int, err error) {
	sides, own, err := m.live()
	if err != nil {
		return out, own, err
	}
	if len(sides) == 1 {
		out[sides[0]], err = ask(sides[0])
		return out, sides[0], err
	}
	answers := make(chan answer[T], 2)
	for _, side := range sides {
		go func() {
			got, err := ask(side)
			answers <- answer[T]{side, got, err}
		}()
	}
	timer := time.NewTimer(mirrorWait)
	defer timer.Stop()
	first := <-answers
	slow := timer.C
	if first.err != nil {
		slow = nil // the other is all there is
	}
	var second answer[T]
	select {
	case second = <-answers:
	case <-slow:
		go func() {
			if a := <-answers; a.err == nil {
				late(a.got)
			}
		}()
		out[first.side] = first.got
		return out, first.side, m.drop(1-first.side, errHung)
	}
	out[first.side], out[second.side] = first.got, second.got
	switch {
	case first.err == nil && second.err == nil:
		return out, own, nil
	case first.err != nil && second.err != nil:
		if first.side == own {
			return out, own, first.err
		}
		return out, own, second.err
	case first.err == nil:
		first, second = second, first
	}
	return out, second.side, m.differ(first, own, func() { late(second.got) })
}

// differ judges an error that one side alone gave: a fault drops it. What is none is the
// answer where the part gave it, and the copies are not the same.
func (m *mirrored) differ(failed interface{ fault() (int, error) }, own int, undo func()) error {
	side, why := failed.fault()
	if side != own || !errors.Is(why, fs.ErrExist) && !errors.Is(why, ledger.ErrLocked) {
		err := m.drop(side, why)
		if err != nil {
			undo()
		}
		return err
	}
	undo()
	return errors.Join(why, m.drop(1-own, why))
}

func (a answer[T]) fault() (int, error) { return a.side, a.err }

// Open implements fs.FS: of the side that counts.
func (m *mirrored) Open(name string) (fs.File, error) {
	_, own, err := m.live()
	if err != nil {
		return nil, err
	}
	return m.sides[own].Open(name)
}

// Create implements ledger.FS.
func (m *mirrored) Create(name string) (ledger.File, error) {
	return m.file(func(side int) (ledger.File, error) { return m.sides[side].Create(name) })
}

// Append implements ledger.FS.
func (m *mirrored) Append(name string) (ledger.File, error) {
	return m.file(func(side int) (ledger.File, error) { return m.sides[side].Append(name) })
}

func (m *mirrored) file(open func(side int) (ledger.File, error)) (ledger.File, error) {
	files, _, err := both(m, open, func(f ledger.File) { _ = f.Close() })
	if err != nil {
		return nil, err
	}
	return &mirroredFile{m, files}, nil
}

// act is both of what gives an error alone.
func (m *mirrored) act(do func(side int) error) error {
	_, _, err := both(m, func(side int) (struct{}, error) { return struct{}{}, do(side) }, func(struct{}) {})
	return err
}

// Truncate implements ledger.FS.
func (m *mirrored) Truncate(name string, size int64) error {
	return m.act(func(side int) error { return m.sides[side].Truncate(name, size) })
}

// Mkdir implements ledger.FS.
func (m *mirrored) Mkdir(name string) error {
	return m.act(func(side int) error { return m.sides[side].Mkdir(name) })
}

// SyncDir implements ledger.FS.
func (m *mirrored) SyncDir(name string) error {
	return m.act(func(side int) error { return m.sides[side].SyncDir(name) })
}

// Close implements io.Closer. A side that was dropped may never answer.
func (m *mirrored) Close() error {
	sides, _, _ := m.live()
	var errs []error
	for i, s := range m.sides {
		if len(sides) == 1 && sides[0] != i {
			go func() { _ = s.Close() }()
			continue
		}
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// mirroredFile is one file on both sides; nil on a side that was gone.
type mirroredFile struct {
	m     *mirrored
	files [2]ledger.File
}

// Write implements io.Writer.
func (f *mirroredFile) Write(b []byte) (int, error) {
	own := append([]byte(nil), b...) // a side that is dropped may still be writing it
	n, side, err := both(f.m, func(side int) (int, error) { return f.files[side].Write(own) }, func(int) {})
	return n[side], err
}

// Sync implements ledger.File.
func (f *mirroredFile) Sync() error {
	return f.m.act(func(side int) error { return f.files[side].Sync() })
}

// Close implements ledger.File.
func (f *mirroredFile) Close() error {
	sides, _, _ := f.m.live()
	var errs []error
	for i, file := range f.files {
		switch {
		case file == nil:
		case len(sides) == 1 && sides[0] != i:
			go func() { _ = file.Close() }()
		default:
			errs = append(errs, file.Close())
		}
	}
	return errors.Join(errs...)
}
