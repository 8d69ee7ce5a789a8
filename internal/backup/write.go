package backup

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"phientoa/internal/disk"
	"phientoa/internal/ledger"
)

// Source is what a backup is made of.
type Source struct {
	DataDir  string
	Database string // as --database; empty: the embedded one of the data directory
	Node     string
	Version  string
	// WithKeys takes the private keys of the local authority and the node along.
	// Whoever holds such an archive can speak for the node.
	WithKeys bool
	// PKIDir is the signer's directory when it is not pki in the data directory.
	PKIDir string
	// Second is the second directory of evidence; empty: none. The archive has its parts
	// beside those of the data directory: their numbers are of both together.
	Second string
	PGBin  string // directory of PostgreSQL's programs; empty: PATH
	// Recipients are whose keys open the archive; none: it is not encrypted.
	Recipients []age.Recipient
	Now        func() time.Time
}

// WriteFile makes phientoa-NODE-TIME.tar.gz in dir, mode 0600, with .age behind it
// when it is encrypted. The name appears
// when the archive is complete and on the disk.
func WriteFile(ctx context.Context, src Source, dir string) (name string, m Manifest, err error) {
	if src.Now == nil {
		src.Now = time.Now
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", m, fmt.Errorf("backup: %w", err)
	}
	f, err := os.CreateTemp(dir, ".phientoa-*.part")
	if err != nil {
		return "", m, fmt.Errorf("backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	m, err = Write(ctx, src, f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", m, err
	}
	name = filepath.Join(dir, "phientoa-"+src.Node+"-"+m.Created.Format("20060102T150405.000Z")+".tar.gz")
	if len(src.Recipients) > 0 {
		name += ".age"
	}
	if _, err := os.Lstat(name); err == nil {
		return "", m, fmt.Errorf("%w: %s", fs.ErrExist, name)
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return "", m, err
	}
	return name, m, syncDir(dir)
}

// Write writes an archive; it is complete only when the error is nil.
func Write(ctx context.Context, src Source, w io.Writer) (m Manifest, err error) {
	if src.Now == nil {
		src.Now = time.Now
	}
	db, err := parseDatabase(src.Database, src.DataDir, src.PGBin)
	if err != nil {
		return m, err
	}
	if _, err := os.Lstat(filepath.Join(src.DataDir, Marker)); err == nil {
		return m, fmt.Errorf("backup: %s is being restored or was left half restored", src.DataDir)
	}
	if src.Second != "" {
		// Without its disk the archive would lack parts, and look whole.
		if err := disk.Marked(src.Second); err != nil {
			return m, fmt.Errorf("backup: %w", err)
		}
	}
	tmp, err := os.MkdirTemp(src.DataDir, ".backup-")
	if err != nil {
		return m, fmt.Errorf("backup: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	m = Manifest{Format: 1, Created: src.Now().UTC(), Version: src.Version, Node: src.Node, Database: db.kind(), Keys: src.WithKeys}
	out, err := sealed(w, src.Recipients)
	if err != nil {
		return m, err
	}
	zip, err := gzip.NewWriterLevel(out, gzip.BestSpeed) // most of it is compressed media
	if err != nil {
		return m, err
	}
	a := &archive{tar: tar.NewWriter(zip), m: &m}
	if err := a.files(ctx, src, db); err != nil {
		return m, err
	}
	name, heads, err := db.snapshot(ctx, tmp)
	if err != nil {
		return m, err
	}
	m.Heads = heads
	if err := a.file(ctx, name, filepath.Join(tmp, name)); err != nil {
		return m, err
	}
	b, err := json.Marshal(m)
	if err != nil {
		return m, err
	}
	if err := a.bytes(ManifestName, b); err != nil {
		return m, err
	}
	return m, errors.Join(a.tar.Close(), zip.Close(), out.Close())
}

type archive struct {
	tar *tar.Writer
	m   *Manifest
}

// files takes everything of the data directory but what is taken otherwise or
// belongs to a running process.
func (a *archive) files(ctx context.Context, src Source, db database) error {
	tops, err := os.ReadDir(src.DataDir)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	for _, top := range tops {
		full := filepath.Join(src.DataDir, top.Name())
		// A directory of its own disk is often a link; below it nothing may be one.
		info, err := os.Stat(full)
		if err != nil {
			return fmt.Errorf("backup: %w", err)
		}
		switch {
		case !validPath(top.Name()), filepath.Clean(full) == filepath.Clean(db.path), info.Mode().Type() == fs.ModeSocket,
			top.Name() == "lost+found", top.Name() == outboxDir, top.Name() == rendersDir, top.Name() == excerptsDir, top.Name() == ReplicaDir, src.PKIDir != "" && top.Name() == pkiDir, strings.HasPrefix(filepath.Clean(full), filepath.Clean(db.path)+"-"):
			continue
		case info.Mode().IsRegular():
			if err := a.file(ctx, top.Name(), full); err != nil {
				return err
			}
		case info.IsDir():
			if full, err = filepath.EvalSymlinks(full); err != nil {
				return fmt.Errorf("backup: %w", err)
			}
			if err := a.dir(ctx, src, top.Name(), full); err != nil {
				return err
			}
		default:
			return fmt.Errorf("backup: %s is neither file nor directory", full)
		}
	}
	if src.Second != "" {
		if err := a.dir(ctx, src, evidenceDir, src.Second); err != nil {
			return err
		}
	}
	if src.PKIDir == "" {
		return nil
	}
	return a.dir(ctx, src, pkiDir, src.PKIDir)
}

// dir walks in the order of names: of a part, log.jsonl comes before media.
func (a *archive) dir(ctx context.Context, src Source, top, root string) error {
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("backup: %w", err)
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		name := path.Join(top, filepath.ToSlash(rel))
		switch {
		case d.IsDir() && (src.twin(top, root, rel) || isMirror(top, rel)):
			return fs.SkipDir
		case d.IsDir() || d.Type() == fs.ModeSocket || isKey(name) && !src.WithKeys || isHalf(name):
			return nil
		case !d.Type().IsRegular():
			return fmt.Errorf("backup: %s is neither file nor directory", p)
		case !validPath(name):
			return fmt.Errorf("backup: %q is no name for an archive", p)
		}
		if root == src.Second && rel == disk.MarkName {
			return nil // the disk's own
		}
		if strings.Count(name, "/") == 2 && root == src.Second && exists(filepath.Join(src.DataDir, name)) {
			if strings.HasSuffix(name, elsewhereExt) {
				return nil // empty, and the same: a number that no part has, of a beginning that failed on both
			}
			return fmt.Errorf("backup: %s stands in both directories of the evidence", name)
		}
		err = a.file(ctx, name, p)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a temporary file of a running process
		}
		return err
	})
}

// twin tells whether a directory is of a part that stands in both directories of the
// evidence and is not the one to keep: that is the one whose log is further, the other
// is the trace of a beginning that failed or the dropped side of a mirrored part.
func (s Source) twin(top, root, rel string) bool {
	if s.Second == "" || top != evidenceDir || !strings.Contains(filepath.ToSlash(rel), "/part-") {
		return false
	}
	first, second := filepath.Join(s.DataDir, evidenceDir, rel), filepath.Join(s.Second, rel)
	if !exists(first) || !exists(second) {
		return false
	}
	keep := first
	if ledger.Further(os.DirFS(second), os.DirFS(first)) {
		keep = second
	}
	return (root == s.Second) != (keep == second)
}

// elsewhereExt is the end of the names of recording's empty entries about parts that
// stand on the other disk.
const elsewhereExt = ".elsewhere"

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// isMirror tells whether a directory is the second copy of a part: the part is there.
func isMirror(top, rel string) bool {
	rel = filepath.ToSlash(rel)
	return top == evidenceDir && strings.Count(rel, "/") == 1 && strings.HasPrefix(path.Base(rel), "mirror-")
}

// file adds the bytes that stand in the file now; what is appended meanwhile
// belongs to the next backup.
func (a *archive) file(ctx context.Context, name, from string) error {
	f, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := a.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: info.Size(), Mode: 0o600, ModTime: info.ModTime(), Format: tar.FormatPAX,
	}); err != nil {
		return fmt.Errorf("backup: %s: %w", name, err)
	}
	h := sha256.New()
	n, err := io.CopyN(io.MultiWriter(a.tar, h), untilDone{ctx, f}, info.Size())
	if err != nil {
		return fmt.Errorf("backup: %s: %d of %d bytes: %w", name, n, info.Size(), err)
	}
	a.m.Files = append(a.m.Files, File{Path: name, Size: n, SHA256: hex.EncodeToString(h.Sum(nil))})
	return nil
}

func (a *archive) bytes(name string, b []byte) error {
	if err := a.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: int64(len(b)), Mode: 0o600, ModTime: a.m.Created, Format: tar.FormatPAX,
	}); err != nil {
		return err
	}
	_, err := a.tar.Write(b)
	return err
}

// untilDone ends a long copy with its context.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (u untilDone) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(b)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
