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
	"os"
	"path/filepath"
)

// reading is an archive that was read to its end: every file has the size and
// hash that the manifest names, and nothing else is in it.
type reading struct {
	Manifest
	evidence evidence
}

// sink takes the files of an archive one after the other; nil for one that is
// only looked at.
type sink func(name string) (io.WriteCloser, error)

// readArchive reads everything once and hands it to out on the way. What out
// was given counts only when the error is nil.
func readArchive(ctx context.Context, r io.Reader, out sink) (*reading, error) {
	zip, err := gzip.NewReader(untilDone{ctx, r})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrArchive, err)
	}
	got := &reading{evidence: evidence{}}
	var seen []File
	names := map[string]bool{}
	for t := tar.NewReader(zip); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%w: it ends without %s", ErrArchive, ManifestName)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrArchive, err)
		}
		switch {
		case h.Typeflag != tar.TypeReg || !validPath(h.Name) || names[h.Name]:
			return nil, fmt.Errorf("%w: entry %q", ErrArchive, h.Name)
		case len(seen) >= maxFiles:
			return nil, fmt.Errorf("%w: more than %d files", ErrArchive, maxFiles)
		case h.Name == ManifestName:
			if err := got.manifest(t, seen); err != nil {
				return nil, err
			}
			return got, ending(t, zip)
		}
		names[h.Name] = true
		f, err := got.file(h.Name, t, out)
		if err != nil {
			return nil, err
		}
		seen = append(seen, f)
	}
}

// ending wants nothing behind the manifest, and the checksum of the whole.
func ending(t *tar.Reader, zip *gzip.Reader) error {
	if _, err := t.Next(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something behind the manifest: %w", ErrArchive, err)
	}
	if _, err := io.Copy(io.Discard, zip); err != nil {
		return fmt.Errorf("%w: %w", ErrArchive, err)
	}
	return nil
}

func (g *reading) manifest(r io.Reader, seen []File) error {
	if err := json.NewDecoder(io.LimitReader(r, maxManifest)).Decode(&g.Manifest); err != nil {
		return fmt.Errorf("%w: manifest: %w", ErrArchive, err)
	}
	if err := g.check(); err != nil {
		return err
	}
	if len(seen) != len(g.Files) {
		return fmt.Errorf("%w: %d files, the manifest names %d", ErrArchive, len(seen), len(g.Files))
	}
	for i, f := range seen {
		if f != g.Files[i] {
			return fmt.Errorf("%w: %s differs from the manifest", ErrArchive, f.Path)
		}
	}
	return nil
}

// file takes one entry: hashed, looked into if it is an evidence log, and handed out.
func (g *reading) file(name string, r io.Reader, out sink) (_ File, err error) {
	h := sha256.New()
	to := io.Writer(h)
	if out != nil {
		w, err := out(name)
		if err != nil {
			return File{}, err
		}
		if w != nil {
			defer func() { err = errors.Join(err, w.Close()) }()
			to = io.MultiWriter(h, w)
		}
	}
	count := &counter{w: to}
	body := io.TeeReader(r, count)
	if hearing, ok := hearingOf(name); ok {
		if err := g.evidence.read(hearing, body); err != nil {
			return File{}, fmt.Errorf("%w: %w", ErrArchive, err)
		}
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return File{}, fmt.Errorf("%w: %s: %w", ErrArchive, name, err)
	}
	return File{Path: name, Size: count.n, SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}

type counter struct {
	w io.Writer
	n int64
}

// Write implements io.Writer.
func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// Check reads an archive to its end, changes nothing, and returns its manifest:
// every byte is as it was written, its evidence is not newer than its database,
// and the database can be read. tmp is for the database while it is looked at;
// empty: the system's.
func Check(ctx context.Context, r io.Reader, tmp, pgBin string) (m Manifest, err error) {
	dir, err := os.MkdirTemp(tmp, "phientoa-check-")
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	got, err := readArchive(ctx, r, func(name string) (io.WriteCloser, error) {
		if name != sqliteName && name != postgresName {
			return nil, nil
		}
		return create(filepath.Join(dir, name))
	})
	if err != nil {
		return m, err
	}
	if err := got.evidence.notNewer(got.Heads); err != nil {
		return got.Manifest, err
	}
	if got.Database == "sqlite" {
		return got.Manifest, database{path: filepath.Join(dir, sqliteName)}.renew(ctx, got.Manifest)
	}
	return got.Manifest, listDump(ctx, filepath.Join(dir, postgresName), pgBin)
}

func create(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}
