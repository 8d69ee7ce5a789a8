package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"phientoa/internal/asic"
)

// Target is where a backup is brought.
type Target struct {
	// DataDir must not exist, or be empty, or hold nothing but evidence: that of a
	// disk which survived.
	DataDir string
	// Second is the second directory of evidence, which survived; empty: none. What
	// stands in it is compared and left there.
	Second   string
	Database string // as --database; empty: the embedded one of the data directory. Must be empty
	PGBin    string // directory of PostgreSQL's programs; empty: PATH
}

// Restore brings an archive back. Nothing of it is in its place before all of it
// was read and found whole; the embedded database comes last. An interrupted
// restore leaves Marker in the data directory, which no server accepts, and can
// be run again; a PostgreSQL database has to be emptied before.
//
// Nothing of the backup opens anything afterwards (revoke says what becomes of each
// way in): whoever signs in was let in again by an administrator.
func Restore(ctx context.Context, t Target, r io.Reader) (m Manifest, err error) {
	db, err := parseDatabase(t.Database, t.DataDir, t.PGBin)
	if err != nil {
		return m, err
	}
	if err := os.MkdirAll(t.DataDir, 0o700); err != nil {
		return m, fmt.Errorf("backup: %w", err)
	}
	unlock, err := lockDir(t.DataDir)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	stage := filepath.Join(t.DataDir, Marker)
	if err := t.prepare(ctx, db, stage); err != nil {
		return m, err
	}
	if err := os.Mkdir(stage, 0o700); err != nil {
		return m, err
	}
	got, err := readArchive(ctx, r, staging(stage))
	if err == nil {
		m = got.Manifest
		err = got.fits(t, stage, db)
	}
	if err != nil {
		return m, errors.Join(err, os.RemoveAll(stage)) // nothing was put in its place
	}
	return m, got.place(ctx, t, db, stage)
}

// place comes when nothing can be wrong with the archive any more.
func (g *reading) place(ctx context.Context, t Target, db database, stage string) error {
	copied := database{path: filepath.Join(stage, sqliteName)}
	if g.Database == "postgres" {
		// All or nothing: a failure leaves the database as empty as it was.
		if err := db.tool(ctx, "pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", filepath.Join(stage, postgresName)); err != nil {
			return errors.Join(err, os.RemoveAll(stage))
		}
		copied = db
	}
	if err := copied.renew(ctx, g.Manifest); err != nil {
		if g.Database == "sqlite" {
			err = errors.Join(err, os.RemoveAll(stage))
		}
		return err
	}
	for _, f := range g.Files {
		if f.Path == sqliteName || f.Path == postgresName {
			continue
		}
		if err := move(filepath.Join(stage, filepath.FromSlash(f.Path)), g.home(t, f.Path)); err != nil {
			return fmt.Errorf("backup: %w", err)
		}
	}
	if g.Database == "sqlite" {
		if err := move(copied.path, db.path); err != nil {
			return fmt.Errorf("backup: %w", err)
		}
	}
	return errors.Join(os.RemoveAll(stage), syncDir(t.DataDir))
}

// home is where a file of the archive belongs: evidence where it survived. Certificates without their keys
// stand aside: the signer makes a new authority, and with the old certificates
// in its place it would refuse to.
func (g *reading) home(t Target, name string) string {
	if rest, ok := strings.CutPrefix(name, evidenceDir+"/"); ok && t.Second != "" {
		path := filepath.Join(t.Second, filepath.FromSlash(rest))
		if _, err := os.Lstat(path); err == nil {
			return path
		}
	}
	if rest, ok := strings.CutPrefix(name, pkiDir+"/"); ok && !g.Keys {
		name = oldPKIDir + "/" + rest
	}
	return filepath.Join(t.DataDir, filepath.FromSlash(name))
}

// fits compares the archive, unpacked in stage, with what the target holds already.
func (g *reading) fits(t Target, stage string, db database) error {
	if g.Database != db.kind() {
		return fmt.Errorf("backup: the archive holds a database of %s, the target is of %s", g.Database, db.kind())
	}
	all := g.evidence
	dirs := []string{filepath.Join(t.DataDir, evidenceDir)}
	if t.Second != "" {
		dirs = append(dirs, t.Second)
	}
	for _, dir := range dirs {
		if err := all.readDir(dir); err != nil {
			return err
		}
	}
	if err := all.notNewer(g.Heads); err != nil {
		return err
	}
	for _, f := range g.Files {
		there := g.home(t, f.Path)
		err := sameStart(there, f)
		if errors.Is(err, ErrNotEmpty) && isSealed(f.Path) {
			// Since the backup its seal may have got a timestamp.
			if same, serr := sameSealed(there, filepath.Join(stage, filepath.FromSlash(f.Path))); same && serr == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sameSealed tells whether two sealed files are of the same part: equal byte for
// byte up to the end of the list of their files, behind which seals stand.
func sameSealed(a, b string) (bool, error) {
	sumA, errA := sealedStart(a)
	sumB, errB := sealedStart(b)
	return bytes.Equal(sumA, sumB), errors.Join(errA, errB)
}

// sealedStart is the SHA-256 of a sealed file up to the end of its list of files.
func sealedStart(path string) (sum []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	c, err := asic.Open(f, info.Size())
	if err != nil {
		return nil, err
	}
	list, ok := c.Entry(asic.ManifestName)
	if !ok {
		return nil, fmt.Errorf("%s has no list of files", path)
	}
	h := sha256.New()
	_, err = io.CopyN(h, f, list.Offset()+list.Size)
	return h.Sum(nil), err
}

// sameStart wants a file that stands in the target already to begin with the
// bytes of the backup: evidence only grows.
func sameStart(path string, f File) error {
	in, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer in.Close()
	h := sha256.New()
	if _, err := io.CopyN(h, in, f.Size); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("backup: %s: %w", path, err)
	}
	if hex.EncodeToString(h.Sum(nil)) != f.SHA256 {
		return fmt.Errorf("%w: %s is another than in the backup", ErrNotEmpty, path)
	}
	return nil
}

// staging writes the files of an archive durably below dir.
func staging(dir string) sink {
	return func(name string) (io.WriteCloser, error) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		f, err := create(path)
		if err != nil {
			return nil, err
		}
		return syncedFile{f}, nil
	}
}

type syncedFile struct{ *os.File }

// Close makes the bytes durable first.
func (f syncedFile) Close() error { return errors.Join(f.Sync(), f.File.Close()) }

// move puts a file in its place, also on another disk; one that stands there
// already, which fits has compared, stays.
func move(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return os.Remove(from)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	err := os.Rename(from, to)
	if errors.Is(err, unix.EXDEV) {
		err = copyFile(from, to)
	}
	return errors.Join(err, syncDir(filepath.Dir(to)))
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	part := to + ".part"
	out, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	return os.Rename(part, to)
}

// prepare refuses a target in which something stands. What an interrupted
// restore left, which no server can have used, is compared file by file later,
// and its embedded database is taken away.
func (t Target) prepare(ctx context.Context, db database, stage string) error {
	_, err := os.Lstat(stage)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := requireEmptyDir(t.DataDir); err != nil {
			return err
		}
	case err != nil:
		return err
	case db.path != "" && filepath.Dir(db.path) == filepath.Clean(t.DataDir):
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(db.path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	if err := db.requireEmpty(ctx); err != nil {
		return err
	}
	return os.RemoveAll(stage)
}

// requireEmptyDir lets pass what an installation has before its first start.
func requireEmptyDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	for _, e := range entries {
		if !slices.Contains([]string{lockName, evidenceDir, Marker, "lost+found"}, e.Name()) {
			return fmt.Errorf("%w: %s", ErrNotEmpty, filepath.Join(dir, e.Name()))
		}
	}
	return nil
}

// lockDir keeps servers away; it is the lock that they take.
func lockDir(dir string) (unlock func() error, err error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("backup: %s is used by another process", dir), f.Close())
	}
	return f.Close, nil
}

// listDump asks pg_restore whether it can read a dump.
func listDump(ctx context.Context, path, bin string) error {
	name := "pg_restore"
	if bin != "" {
		name = filepath.Join(bin, name)
	}
	if out, err := exec.CommandContext(ctx, name, "--list", path).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: pg_restore: %w: %s", ErrArchive, err, strings.TrimSpace(string(out)))
	}
	return nil
}
