//go:build !verifier

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

	"phientoa/internal/disk"
	"phientoa/internal/ledger"
)

// place is one part of a hearing: its number, and the hearing's directory that
// holds it, of which there are two where a second directory is set.
type place struct {
	root   string
	number int
}

func (p place) dir() string { return filepath.Join(p.root, PartDir(p.number)) }

// roots are the directories of the hearing, the usual one first.
func (p Params) roots() []string {
	out := []string{filepath.Join(p.Dir, p.Hearing)}
	if p.Second != "" {
		out = append(out, filepath.Join(p.Second, p.Hearing))
	}
	return out
}

// makeRoot makes the hearing's directory on one of the disks.
func (p Params) makeRoot(root string) error {
	if root == p.roots()[0] {
		return os.MkdirAll(root, 0o700)
	}
	// Where the disk is not mounted, its bare mount point would take evidence on the
	// disk of something else.
	err := disk.Marked(p.Second)
	if err == nil {
		err = os.Mkdir(root, 0o700)
	}
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return err
}

// makeRoots makes the hearing's directories. One that cannot be made does not
// count as long as there is another.
func (p Params) makeRoots() error {
	roots := p.roots()
	var errs []error
	for _, root := range roots {
		errs = append(errs, p.makeRoot(root))
	}
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) < len(roots) {
		for _, err := range errs {
			p.Logger.Error("directory of evidence not usable", "hearing", p.Hearing, "error", err)
		}
		return nil
	}
	return fmt.Errorf("recording: %w", errors.Join(errs...))
}

// errAway: parts of the hearing stand in a directory that is not there now.
var errAway = errors.New("recording: parts of the hearing stand in the other directory of the evidence, which is not there")

// survey is what is known of the parts of a hearing.
type survey struct {
	found  []place // by number
	away   []int   // numbers that entries name and no root has, by number
	lost   []int   // numbers that are said to be lost for good, and that no root has, by number
	unread error   // of the roots that could not be read; one that is not there is none
}

// places surveys the hearing in all roots. Of a number that stands in two roots
// the one counts whose log is further: the other is the trace of a beginning that
// failed, or a copy that was dropped. It fails when no root can be read.
func places(roots ...string) (survey, error) {
	at := map[int]place{}
	var out survey
	var named, lost []int
	var dropped []place // copies that were left for the other directory
	var missing error
	readable := false
	for _, root := range roots {
		entries, err := readEntries(root)
		if err != nil {
			missing = errors.Join(missing, err)
			if !errors.Is(err, fs.ErrNotExist) {
				out.unread = errors.Join(out.unread, err)
			}
			continue
		}
		readable = true
		named, lost = append(named, entries.elsewhere...), append(lost, entries.lost...)
		for _, n := range entries.here {
			pl := place{root, n}
			if slices.Contains(entries.elsewhere, n) && pl.begun() {
				dropped = append(dropped, pl)
				continue
			}
			if old, twice := at[n]; !twice || ledger.Further(os.DirFS(pl.dir()), os.DirFS(old.dir())) {
				at[n] = pl
			}
		}
	}
	for i, pl := range dropped { // alone it does not tell how far the other one is
		old, ok := at[pl.number]
		if !ok {
			k := slices.IndexFunc(dropped[:i], func(o place) bool { return o.number == pl.number })
			if k < 0 {
				continue
			}
			old, at[pl.number] = dropped[k], dropped[k]
		}
		if ledger.Further(os.DirFS(pl.dir()), os.DirFS(old.dir())) {
			at[pl.number] = pl
		}
	}
	switch {
	case out.unread != nil && !readable:
		return survey{}, out.unread
	case !readable:
		return survey{}, missing
	}
	for _, pl := range at {
		out.found = append(out.found, pl)
	}
	slices.SortFunc(out.found, func(a, b place) int { return a.number - b.number })
	for _, n := range append(named, lost...) {
		_, ok := at[n]
		switch {
		case ok || slices.Contains(out.away, n) || slices.Contains(out.lost, n):
		case slices.Contains(lost, n):
			out.lost = append(out.lost, n)
		default:
			out.away = append(out.away, n)
		}
	}
	slices.Sort(out.away)
	slices.Sort(out.lost)
	return out, nil
}

// behind is the last of some numbers if that is behind all that are found; else 0.
func (s survey) behind(numbers []int) int {
	if len(numbers) == 0 {
		return 0
	}
	n := numbers[len(numbers)-1]
	if len(s.found) > 0 && n < s.found[len(s.found)-1].number {
		return 0
	}
	return n
}

func elsewhereEntry(root string, number int) string {
	return filepath.Join(root, PartDir(number)+ElsewhereExt)
}

// announce says in the other directories that the part stands, or is about to, in
// its own: its number is used up for them, also while its disk is away. A disk
// that does not take that may have failed already; it is told with the next part.
// In its own directory nothing says so any more.
func (p Params) announce(pl place) {
	_ = os.Remove(elsewhereEntry(pl.root, pl.number)) // what stays has the part count as away without the other disk
	for _, root := range p.roots() {
		if root == pl.root || root == p.hung {
			continue
		}
		name := elsewhereEntry(root, pl.number)
		if _, err := os.Lstat(name); err == nil {
			continue
		}
		f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			err = errors.Join(f.Close(), syncDir(root))
		}
		if err != nil {
			p.Logger.Error("part not announced in the other directory", "hearing", p.Hearing, "part", pl.number, "error", err)
		}
	}
}

// LastPart is the directory of the hearing's latest part, empty when there is none or
// it is lost. dirs are the hearing's directories.
func LastPart(dirs ...string) (string, error) {
	all, err := places(dirs...)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", err
	case all.behind(all.away) > 0:
		return "", fmt.Errorf("%w: %s", errAway, PartDir(all.behind(all.away)))
	case len(all.found) == 0 || all.behind(all.lost) > 0:
		return "", nil
	}
	return all.found[len(all.found)-1].dir(), nil
}

func (p place) begun() bool { return Begun(p.dir()) }

// Begun tells of the directory of a part whether a checkpoint was ever durable.
func Begun(dir string) bool { return begunFS(os.DirFS(dir)) }

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
	all, err := places(params.roots()...)
	if err != nil {
		return nil, err
	}
	if all.unread != nil || len(all.away) > 0 || len(all.lost) > 0 {
		params.Logger.Error("evidence of the hearing is not all there", "hearing", params.Hearing, "away", all.away, "lost", all.lost, "error", all.unread)
	}
	for _, pl := range all.found {
		params.announce(pl)
	}
	if n := max(all.behind(all.away), all.behind(all.lost)); n > 0 {
		return params.next(ctx, n+1, &previousPart{Part: n}, nil, "")
	}
	if len(all.found) == 0 {
		return params.next(ctx, 1, nil, nil, "")
	}
	last := all.found[len(all.found)-1]
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
		if root == p.hung {
			errs = append(errs, fmt.Errorf("%w: %s", errHung, root))
			continue
		}
		if err := p.makeRoot(root); err != nil {
			errs = append(errs, fmt.Errorf("recording: %w", err))
			continue
		}
		p.announce(place{root, number})
		part, err := p.open(ctx, root, number, previous, carried)
		if err == nil {
			return part, nil
		}
		errs = append(errs, err)
		p.discard(place{root, number})
		if !diskFault(err) {
			break
		}
	}
	return nil, errors.Join(errs...)
}

// discard takes away what a beginning left behind that failed before anything
// was acknowledged. What cannot be taken away is passed over by places.
func (p Params) discard(pl place) {
	if pl.begun() {
		return
	}
	for _, root := range p.roots() {
		if root != pl.root && root != p.hung {
			_ = os.Remove(elsewhereEntry(root, pl.number)) // what stays only uses the number up
		}
	}
	dirs := []string{pl.dir()}
	if other := p.other(pl.root); other != "" && other != p.hung {
		if mirror := filepath.Join(other, MirrorDir(pl.number)); p.Mirror && !Begun(mirror) {
			dirs = append(dirs, mirror)
		}
	}
	for _, dir := range dirs {
		for _, name := range []string{ledger.LogName, ledger.CheckpointsName, mediaDir, "."} {
			_ = os.Remove(filepath.Join(dir, name)) // never a directory that holds something
		}
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
