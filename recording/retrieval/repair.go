package retrieval

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"phientoa/internal/store"
	"phientoa/recording"
	"phientoa/recording/archive"
)

const (
	// repairExt marks a copy that is being brought beside a damaged file.
	repairExt = ".repair"
	// damagedExt and a time in UTC mark a damaged file that was replaced.
	damagedExt = ".damaged-"
	// nothingThere stands for the damaged file's name where there was no file.
	nothingThere = "-"
)

// wholeWords are the lines that a report of a repair begins with.
func wholeWords() checkReport {
	return checkReport{
		Vi: "Tệp còn nguyên vẹn: không có gì phải khôi phục.\n\n",
		En: "The file is whole: there is nothing to repair.\n\n",
	}
}

func noCopyWords() checkReport {
	return checkReport{
		Vi: "CHƯA KHÔI PHỤC: không tìm thấy bản sao còn nguyên vẹn. Tệp hỏng được giữ nguyên tại chỗ. Kết quả kiểm tra tệp:\n\n",
		En: "NOT REPAIRED: no whole copy was found. The damaged file stays where it is. What was found in it:\n\n",
	}
}

func repairedWords(aside string) checkReport {
	if aside == nothingThere {
		return checkReport{
			Vi: "ĐÃ KHÔI PHỤC từ bản sao nguyên vẹn; trước đó không có tệp. Kết quả kiểm tra tệp được khôi phục:\n\n",
			En: "REPAIRED from a whole copy; there was no file before. What the repaired file says:\n\n",
		}
	}
	return checkReport{
		Vi: "ĐÃ KHÔI PHỤC từ bản sao nguyên vẹn. Tệp hỏng được giữ lại với tên " + aside + ". Kết quả kiểm tra tệp được khôi phục:\n\n",
		En: "REPAIRED from a whole copy. The damaged file is kept as " + aside + ". What the repaired file says:\n\n",
	}
}

func beforeWords() checkReport {
	return checkReport{
		Vi: "\nKết quả kiểm tra tệp hỏng, trước khi khôi phục:\n\n",
		En: "\nWhat was found in the damaged file, before:\n\n",
	}
}

func (c checkReport) then(more checkReport) checkReport {
	return checkReport{cut(c.Vi + more.Vi), cut(c.En + more.En)}
}

// repaired is what became of a repair.
type repaired struct {
	verdict
	aside string // what the damaged file is kept as, or nothingThere; empty: not repaired
}

// repair verifies a part's file and, where it is damaged, puts a whole copy in its
// place. Nothing is taken for whole by its name: a copy has to be the very bytes that
// were catalogued, that the register noted last, and that verify as a whole. The note
// comes first; the damaged file stays beside it.
func (v *Vault) repair(ctx context.Context, c store.ArchiveCheck, p store.ArchivePart) repaired {
	before := v.verify(ctx, p)
	if before.whole() {
		before.words = wholeWords().then(before.words)
		return repaired{verdict: before}
	}
	after, aside, err := v.replace(ctx, c, p, before.sum)
	if err != nil {
		v.p.Logger.Error("damaged sealed file not repaired", "hearing", p.Hearing, "part", p.Part, "err", err)
		before.words = noCopyWords().then(before.words)
		return repaired{verdict: before}
	}
	v.p.Logger.Warn("damaged sealed file replaced by a whole copy", "hearing", p.Hearing, "part", p.Part, "kept_as", aside, "account", c.By)
	after.words = repairedWords(aside).then(after.words).then(beforeWords()).then(before.words)
	return repaired{after, aside}
}

// whole tells whether it is the file that was catalogued, and undamaged.
func (d verdict) whole() bool { return d.same && (d.exit == 0 || d.exit == 3) }

// replace puts a whole copy in the place of a damaged file.
func (v *Vault) replace(ctx context.Context, c store.ArchiveCheck, p store.ArchivePart, damaged [sha256.Size]byte) (after verdict, aside string, err error) {
	path, err := v.Path(p)
	if err != nil {
		return after, "", err
	}
	tmp := path + repairExt
	defer func() { err = errors.Join(err, remove(tmp)) }()
	if after, err = v.bring(ctx, p, tmp); err != nil {
		return after, "", err
	}
	err = v.p.Register.Repaired(ctx, archive.Repair{Hearing: p.Hearing, Part: p.Part, SHA256: p.SHA256, Damaged: damaged, By: c.By})
	if err != nil {
		return after, "", err
	}
	aside, err = swap(tmp, path, v.p.Now())
	return after, aside, err
}

// bring copies the first whole copy to a file, durably.
func (v *Vault) bring(ctx context.Context, p store.ArchivePart, tmp string) (after verdict, err error) {
	if v.p.Replica == "" || v.p.Register == nil {
		return after, errors.New("retrieval: no copies are configured")
	}
	dir := filepath.Join(filepath.FromSlash(p.Hearing), recording.PartDir(p.Part))
	if !filepath.IsLocal(dir) {
		return after, fmt.Errorf("retrieval: part %d of %q has no place among copies", p.Part, p.Hearing)
	}
	var why error
	// As evidence lies on a disk, and as copies lie in an object store.
	for _, name := range []string{dir + archive.Ext, filepath.Join(dir, hex.EncodeToString(p.SHA256[:])+archive.Ext)} {
		err := v.take(ctx, filepath.Join(v.p.Replica, name), tmp, p)
		if err == nil {
			after, err = v.judge(ctx, p, tmp)
		}
		if err == nil && after.whole() {
			return after, nil
		}
		why = errors.Join(why, err)
	}
	return verdict{}, errors.Join(errors.New("retrieval: no whole copy"), why)
}

// errOther: a copy of another size than the file has that was sealed.
var errOther = errors.New("retrieval: the copy is another file")

// take copies a regular file to one that is new and durable.
func (v *Vault) take(ctx context.Context, from, to string, p store.ArchivePart) (err error) {
	if err := remove(to); err != nil { // of a process that did not come to its end
		return err
	}
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() != p.Size {
		return errOther
	}
	if free, err := recording.Free(filepath.Dir(to)); err != nil || free < p.Size+v.p.Reserve {
		return errors.Join(errors.New("retrieval: too little room to bring a copy beside the reserve for recordings"), err)
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, sum), &until{ctx, io.LimitReader(in, p.Size+1)})
	if err == nil && [sha256.Size]byte(sum.Sum(nil)) != p.SHA256 {
		err = errOther
	}
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("retrieval: repair: %w", err)
	}
	return nil
}

// swap gives the copy the file's name. The damaged file gets another first, so that
// there is one under its own at every moment.
func swap(tmp, path string, now time.Time) (aside string, err error) {
	aside = nothingThere
	name := path + damagedExt + now.UTC().Format("20060102T150405Z")
	switch err := os.Link(path, name); {
	case err == nil:
		aside = filepath.Base(name)
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("retrieval: repair: %w", err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return "", fmt.Errorf("retrieval: repair: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", fmt.Errorf("retrieval: repair: %w", err)
	}
	return aside, errors.Join(dir.Sync(), dir.Close())
}
