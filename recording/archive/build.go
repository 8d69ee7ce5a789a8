package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"phientoa/internal/asic"
	"phientoa/internal/ledger"
)

// Signer seals and stamps; the keys are not in this process.
type Signer interface {
	// Holds tells whether it answers, and whether it holds a key of the court. It uses
	// no key.
	Holds(ctx context.Context) (court bool, err error)
	// Seal signs the manifest of this SHA-256 for the log of this origin.
	Seal(ctx context.Context, origin string, digest [sha256.Size]byte) ([]byte, error)
	// Countersign is Seal with the key of the court; nil when it holds none.
	Countersign(ctx context.Context, origin string, digest [sha256.Size]byte) ([]byte, error)
	// Stamp returns an RFC 3161 token over a SHA-256.
	Stamp(ctx context.Context, imprint [sha256.Size]byte) ([]byte, error)
	// Lists returns revocation lists (DER) of the issuers of certificates, as they are
	// now; none of an issuer that it knows nothing of. Beside an error stand those that
	// could be had.
	Lists(ctx context.Context, certs []*x509.Certificate) ([][]byte, error)
}

// BuildParams makes a container of a part that has ended.
type BuildParams struct {
	Part     string // directory of the part
	Out      string // the file; it is there as a whole or not at all
	Signer   Signer
	Pace     Pace
	Progress func(done int64)     // bytes of the part read, nil: nobody asks
	sync     func(*os.File) error // tests let it fail
}

// stampFor is how long an authority may take while a part is being sealed; then
// it is sealed without.
const stampFor = 5 * time.Second

// Built is what Build made.
type Built struct {
	Bytes    int64
	SHA256   [sha256.Size]byte // of the whole file
	Manifest [sha256.Size]byte // SHA-256 of the manifest that was sealed
	Stamped  bool              // the node's seal has its timestamp
	Lacks    error             // why Complete is to be called later; nil: nothing is to come
	Report   Report            // of the file as it was read back
}

// Build writes the container aside, makes it durable, reads it back whole and
// only then gives it its name. What is sealed are the digests of what was read back:
// every byte is copied once, then read for all its digests at a time. Damage of the
// part itself does not keep it from being sealed as it is: the report names it.
func Build(ctx context.Context, p BuildParams) (b Built, err error) {
	root, err := os.OpenRoot(p.Part)
	if err != nil {
		return b, fmt.Errorf("archive: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	names, err := partFiles(root.FS())
	if err != nil {
		return b, err
	}
	err = replace(p.Out, nil, p.sync, func(f *os.File) error {
		// What is given up is not read to its end.
		ctx, cancel := context.WithCancel(ctx)
		pace := p.Pace.begin(ctx)
		w := build{ctx: ctx, p: p, fsys: root.FS(), out: &b, pace: pace, back: pace.reading(f)}
		err := w.write(f, names)
		cancel()
		w.back.end()
		return err
	})
	return b, err
}

// ErrNotEnded: the part has no end line; it is not sealed.
var ErrNotEnded = errors.New("archive: the part has not ended")

// partFiles lists what is to be sealed: the log first, then in order of names.
func partFiles(fsys fs.FS) ([]string, error) {
	var names []string
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil || e.IsDir():
			return err
		case !e.Type().IsRegular() || !asic.ValidName(name) || !ofPart(name):
			return fmt.Errorf("%q cannot stand in an archive", name)
		}
		names = append(names, name)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	first := func(name string) int {
		return slices.Index([]string{ledger.CheckpointsName, ledger.LogName}, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := first(b) - first(a); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return names, nil
}

type build struct {
	ctx  context.Context
	p    BuildParams
	fsys fs.FS
	out  *Built
	zip  *asic.Writer
	list asic.Manifest
	pace *pacer
	back *reading // of what was written
	done int64
}

func (w *build) write(f *os.File, names []string) (err error) {
	if w.zip, err = asic.NewWriter(f); err != nil {
		return err
	}
	for _, name := range names {
		if err := w.file(name); err != nil {
			return err
		}
		w.back.stands(w.zip)
	}
	// While the disk makes it durable it is read back.
	synced := make(chan error, 1)
	go func() { synced <- w.p.fsync(f) }()
	err = w.readBack()
	if err = errors.Join(err, <-synced); err != nil {
		return err
	}
	if err := w.describe(); err != nil {
		return err
	}
	// Nothing is signed that is not on disk.
	if err := w.p.fsync(f); err != nil {
		return err
	}
	if err := w.seal(); err != nil {
		return err
	}
	if w.out.Bytes, err = w.zip.Close(); err != nil {
		return err
	}
	all, err := w.back.finish(w.out.Bytes)
	w.out.Report, w.out.SHA256 = all.report, all.sum
	if err != nil {
		return err
	}
	return all.report.asWritten()
}

// readBack reads the files of the part as they stand in the container, and lists them.
func (w *build) readBack() error {
	if err := w.back.evidence(w.zip); err != nil {
		return err
	}
	inside := w.back.v.inside
	if why := inside.report.Unreadable; why != "" {
		return errors.New("archive: read back: " + why)
	}
	if !w.log().Ended {
		return ErrNotEnded
	}
	for _, e := range inside.digester.c.Entries()[1:] { // without the mimetype
		sum, _, err := inside.digester.digest(w.ctx, e)
		if err != nil {
			return err
		}
		w.list.Files = append(w.list.Files, asic.FileDigest{Name: e.Name, SHA256: sum})
	}
	return w.pace.err()
}

// log is what was found of the log, which every part has.
func (w *build) log() ledger.Report {
	if parts := w.back.v.inside.report.Parts; len(parts) == 1 {
		return parts[0].Log
	}
	return ledger.Report{}
}

// describe adds what the container says of itself, and the list of all files.
func (w *build) describe() error {
	session, err := sessionJSON(w.log())
	if err != nil {
		return err
	}
	for _, f := range []asic.File{
		{Name: sessionName, Content: session}, {Name: readmeName, Content: []byte(readme)}, {Name: scriptName, Content: []byte(script)},
	} {
		sum, err := w.zip.Add(f.Name, int64(len(f.Content)), bytes.NewReader(f.Content))
		if err != nil {
			return err
		}
		w.list.Files = append(w.list.Files, asic.FileDigest{Name: f.Name, SHA256: sum})
	}
	w.list.Signature = asic.SignatureName
	manifest := w.list.XML()
	w.out.Manifest = sha256.Sum256(manifest)
	return w.zip.Copy(asic.ManifestName, int64(len(manifest)), bytes.NewReader(manifest))
}

// seal adds the seals with what can be had for them at once.
func (w *build) seal() error {
	manifest, log := w.list.XML(), w.log()
	seal, err := w.p.Signer.Seal(w.ctx, log.Origin, w.out.Manifest)
	if err != nil {
		return fmt.Errorf("archive: seal: %w", err)
	}
	stamped, err := stamp(w.ctx, w.p.Signer, seal, w.out.Manifest, log.LastT, stampFor)
	if err == nil {
		// Lists that are late join the last seal.
		seal, w.out.Stamped = nodeLists(w.ctx, w.p.Signer, manifest, stamped, stampFor), true
	} else {
		w.out.Lacks = errors.Join(errNoTimestamp, err)
	}
	more := []asic.File{{Name: asic.SignatureName, Content: seal}}
	if w.out.Stamped {
		// When it fails, it is for Complete to try again.
		court, err := countersign(w.ctx, w.p.Signer, w.list, manifest, seal, about{log.Origin, log.LastT}, stampFor)
		more = append(more, court...)
		if w.out.Lacks = err; err != nil && len(court) == 0 {
			w.out.Lacks = errors.Join(errNoCourt, err)
		}
	}
	if !errors.Is(w.out.Lacks, errNoTimestamp) {
		last := &more[len(more)-1]
		der, err := withLists(w.ctx, w.p.Signer, standing(manifest, more), last.Content, stampFor)
		last.Content, w.out.Lacks = der, errors.Join(w.out.Lacks, err)
	}
	for _, f := range more {
		if err := w.zip.Copy(f.Name, int64(len(f.Content)), bytes.NewReader(f.Content)); err != nil {
			return err
		}
	}
	return nil
}

func (p BuildParams) fsync(f *os.File) error {
	if p.sync != nil {
		return p.sync(f)
	}
	return f.Sync()
}

func (w *build) file(name string) (err error) {
	f, err := w.fsys.Open(name)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	return w.zip.Copy(name, info.Size(), &pacedReader{w.pace, f, func(n int) {
		if w.done += int64(n); w.p.Progress != nil {
			w.p.Progress(w.done)
		}
	}})
}

// errCopied marks failures that cost a copy of the part.
var errCopied = errors.New("archive: the copy was given up")

// mode of a sealed file: nobody writes it, and only the node's own user reads it,
// for it holds voices and names.
const mode = 0o400

// ErrGone: the sealed file was taken away or replaced while it was written anew.
var ErrGone = errors.New("archive: the file is no longer the one that was opened")

// stands tells whether a name still stands for an open file: nil or ErrGone.
func stands(path string, f *os.File) error {
	was, err := f.Stat()
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	is, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || (err == nil && !os.SameFile(was, is)):
		return ErrGone
	case err != nil:
		return fmt.Errorf("archive: %w", err)
	}
	return nil
}

// replace writes a file aside, durably, and gives it its name: after a crash at
// any instant the name stands for the whole file or for what it stood for before.
// was, where given, is the open file that the name stands for: where it no longer does
// (evidence disposed of meanwhile), nothing takes the name, and the error is ErrGone.
func replace(path string, was *os.File, sync func(*os.File) error, write func(f *os.File) error) (err error) {
	if sync == nil {
		sync = (*os.File).Sync
	}
	tmp := path + NewExt
	// One that a crash left behind may be read-only already.
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("archive: %w", err)
	}
	f, err := os.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	err = write(f)
	if err == nil {
		err = errors.Join(f.Chmod(mode), sync(f))
	}
	if err = errors.Join(err, f.Close()); err == nil && was != nil {
		err = stands(path, was)
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return errors.Join(errCopied, fmt.Errorf("archive: %w", err), os.Remove(tmp))
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
