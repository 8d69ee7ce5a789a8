package retrieval

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"phientoa/internal/court"
	"phientoa/internal/disk"
	"phientoa/internal/store"
	"phientoa/recording"
	"phientoa/recording/archive"
)

// removals takes the files of disposed parts from the disk of this node. The database
// has said that two people wanted it; a crash in between repeats what is left.
func (v *Vault) removals(ctx context.Context) error {
	waiting, err := v.p.Store.DisposedParts(ctx, v.p.Node)
	if err != nil {
		return err
	}
	var errs []error // one that cannot be removed holds no other up
	for _, p := range waiting {
		if err := v.dispose(ctx, p); err != nil {
			errs = append(errs, fmt.Errorf("part %d of %s: %w", p.Part, p.Hearing, err))
		}
	}
	return errors.Join(errs...)
}

// dispose removes one part: noted first, and said to be gone when it is.
func (v *Vault) dispose(ctx context.Context, p store.ArchivePart) error {
	if err := v.note(ctx, p); err != nil {
		return err
	}
	if v.p.Forget != nil {
		if err := v.p.Forget(p.Hearing, p.Part, hex.EncodeToString(p.SHA256[:])); err != nil {
			return err
		}
	}
	if err := v.remove(p); err != nil {
		return err
	}
	if err := v.p.Store.ArchivePartRemoved(ctx, p.Hearing, p.Part, v.p.Now()); err != nil {
		return err
	}
	v.p.Logger.Info("disposed part removed", "hearing", p.Hearing, "part", p.Part)
	return nil
}

// note has the register say who wanted the part removed.
func (v *Vault) note(ctx context.Context, p store.ArchivePart) error {
	if v.p.Register == nil {
		return nil
	}
	list, err := v.p.Store.ArchiveDisposals(ctx, court.SystemScope(), p.Hearing)
	if err != nil {
		return err
	}
	for _, d := range list {
		if d.Outcome == store.Confirmed {
			return v.p.Register.Disposed(ctx, archive.Disposal{
				Hearing: p.Hearing, Part: p.Part, SHA256: p.SHA256, ProposedBy: d.By, ConfirmedBy: d.DoneBy, ConfirmedAt: d.DoneAt,
			})
		}
	}
	return fmt.Errorf("retrieval: part %d of %s is not removed: nobody disposed of it", p.Part, p.Hearing)
}

// remove deletes exactly the sealed file of a part and the directory it was made
// from, below the evidence; a row that names anything else is an error.
func (v *Vault) remove(p store.ArchivePart) error {
	dir := path.Join(p.Hearing, recording.PartDir(p.Part))
	if p.Hearing == "." || path.Base(p.Hearing) != p.Hearing || !fs.ValidPath(dir) || p.Path != dir+archive.Ext {
		return fmt.Errorf("retrieval: part %d of %s is not removed: its row names another file", p.Part, p.Hearing)
	}
	if v.p.Second != "" {
		// What is disposed of may stand on a disk that is away: then it is not gone.
		if err := disk.Marked(v.p.Second); err != nil {
			return fmt.Errorf("retrieval: remove: %w", err)
		}
	}
	for _, below := range []string{v.p.Dir, v.p.Second} {
		if below == "" {
			continue
		}
		if err := removeBelow(below, dir, path.Join(p.Hearing, recording.MirrorDir(p.Part)), p.Path); err != nil {
			return fmt.Errorf("retrieval: remove: %w", err)
		}
	}
	return nil
}

func removeBelow(below, dir, mirror, file string) (err error) {
	root, err := os.OpenRoot(below)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	// The directory first: a container without it is still whole for a repetition,
	// a directory without its container would be sealed anew.
	if err := errors.Join(root.RemoveAll(mirror), root.RemoveAll(dir)); err != nil {
		return err
	}
	// A copy that is being written beside it goes first: without it nothing can take the
	// container's name again.
	kept, err := damaged(root, file)
	if err != nil {
		return err
	}
	for _, name := range append(kept, file+repairExt, file+archive.NewExt, file, dir+recording.ElsewhereExt) {
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	// Durably, before the database says so: nobody looks again after that.
	hearing, err := root.Open(path.Dir(file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(hearing.Sync(), hearing.Close())
}

// damaged are files of the part that a repair replaced and kept.
func damaged(root *os.Root, file string) (names []string, err error) {
	list, err := fs.ReadDir(root.FS(), path.Dir(file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), path.Base(file)+damagedExt) {
			names = append(names, path.Join(path.Dir(file), e.Name()))
		}
	}
	return names, err
}
