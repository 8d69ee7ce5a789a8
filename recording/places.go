package recording

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"phientoa/internal/ledger"
)

// place is one part of a hearing: its number, and the hearing's directory that
// holds it, of which there are two where a second directory is set.
type place struct {
	root   string
	number int
}

func (p place) dir() string { return filepath.Join(p.root, partDir(p.number)) }

// roots are the directories of the hearing, the usual one first.
func (p Params) roots() []string {
	out := []string{filepath.Join(p.Dir, p.Hearing)}
	if p.Second != "" {
		out = append(out, filepath.Join(p.Second, p.Hearing))
	}
	return out
}

// makeRoots makes the hearing's directories. One that cannot be made does not
// count as long as there is another.
func (p Params) makeRoots() error {
	var errs []error
	roots := p.roots()
	for _, root := range roots {
		if err := os.MkdirAll(root, 0o700); err != nil {
			errs = append(errs, fmt.Errorf("recording: %w", err))
		}
	}
	if len(errs) < len(roots) {
		for _, err := range errs {
			p.Logger.Error("directory of evidence not usable", "hearing", p.Hearing, "error", err)
		}
		return nil
	}
	return errors.Join(errs...)
}

// places are the parts of the hearing in all roots, by number. Of a number that
// stands in two roots the one counts in which something was acknowledged: the
// other is the trace of a beginning that failed.
func places(roots ...string) ([]place, error) {
	at := map[int]place{}
	var missing error
	found := false
	for _, root := range roots {
		numbers, err := partNumbers(root)
		if err != nil {
			missing = errors.Join(missing, err)
			continue
		}
		found = true
		for _, n := range numbers {
			pl := place{root, n}
			if old, twice := at[n]; !twice || !old.begun() && pl.begun() {
				at[n] = pl
			}
		}
	}
	if !found {
		return nil, missing
	}
	out := make([]place, 0, len(at))
	for _, pl := range at {
		out = append(out, pl)
	}
	slices.SortFunc(out, func(a, b place) int { return a.number - b.number })
	return out, nil
}

// LastPart is the directory of the hearing's latest part, empty when there is
// none. dirs are the hearing's directories.
func LastPart(dirs ...string) (string, error) {
	found, err := places(dirs...)
	if errors.Is(err, fs.ErrNotExist) || len(found) == 0 && err == nil {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return found[len(found)-1].dir(), nil
}

func (p place) begun() bool { return Begun(p.dir()) }

// Begun tells of the directory of a part whether a checkpoint was ever durable.
func Begun(dir string) bool { return begunFS(os.DirFS(dir)) }

func begunFS(fsys fs.FS) bool {
	_, err := ledger.LastCheckpoint(fsys)
	return err == nil
}

// Open goes on with the latest part of the hearing, or begins the next one when
// that has its end line, is damaged or cannot be read or written any more. When
// it returns, the genesis is durable and signed and the tap lives.
func Open(ctx context.Context, params Params) (*Part, error) {
	if err := params.defaults(); err != nil {
		return nil, err
	}
	if err := params.makeRoots(); err != nil {
		return nil, err
	}
	found, err := places(params.roots()...)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return params.next(ctx, 1, nil, nil, "")
	}
	last := found[len(found)-1]
	part, err := params.open(ctx, last.root, last.number, nil, nil)
	switch {
	case err == nil:
		return part, nil
	case errors.Is(err, ledger.ErrEnded):
	case errors.Is(err, ledger.ErrDamaged), params.Second != "" && diskFault(err):
		params.Logger.Error("evidence part cannot be continued, beginning the next", "hearing", params.Hearing, "part", last.number, "error", err)
	default:
		return nil, err
	}
	return params.next(ctx, last.number+1, params.lastNote(last.root, last.number), nil, "")
}

// next begins a part in the first directory that takes it; avoid is tried last.
func (p Params) next(ctx context.Context, number int, previous *previousPart, carried []carry, avoid string) (*Part, error) {
	roots := p.roots()
	if len(roots) > 1 && roots[0] == avoid {
		roots[0], roots[1] = roots[1], roots[0]
	}
	var errs []error
	for _, root := range roots {
		part, err := p.open(ctx, root, number, previous, carried)
		if err == nil {
			return part, nil
		}
		errs = append(errs, err)
		discard(place{root, number})
		if !diskFault(err) {
			break
		}
	}
	return nil, errors.Join(errs...)
}

// discard takes away what a beginning left behind that failed before anything
// was acknowledged. What cannot be taken away is passed over by places.
func discard(pl place) {
	if pl.begun() {
		return
	}
	for _, name := range []string{ledger.LogName, ledger.CheckpointsName, mediaDir, "."} {
		_ = os.Remove(filepath.Join(pl.dir(), name)) // never a directory that holds something
	}
}

// diskFault tells the faults of a disk from those of the signer or of a caller.
func diskFault(err error) bool {
	for _, e := range []error{
		ledger.ErrFailed, unix.EIO, unix.ENOSPC, unix.EDQUOT, unix.EROFS, unix.ENODEV, unix.ENXIO, unix.ESTALE,
		fs.ErrPermission, fs.ErrNotExist,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// SameDisk tells whether two directories, or where they will stand, are on one
// file system.
func SameDisk(a, b string) bool {
	one, errA := device(a)
	two, errB := device(b)
	return errA == nil && errB == nil && one == two
}

func device(dir string) (uint64, error) {
	for {
		var st unix.Stat_t
		err := unix.Stat(dir, &st)
		if err == nil {
			return st.Dev, nil
		}
		parent := filepath.Dir(dir)
		if !errors.Is(err, unix.ENOENT) || parent == dir {
			return 0, fmt.Errorf("recording: disk of %s: %w", dir, err)
		}
		dir = parent
	}
}
