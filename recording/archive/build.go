package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"phientoa/internal/asic"
	"phientoa/internal/cades"
	"phientoa/internal/ledger"
	"phientoa/internal/tsa"
)

// Signer seals and stamps; the keys are not in this process.
type Signer interface {
	// Seal signs the manifest of this SHA-256 for the log of this origin.
	Seal(ctx context.Context, origin string, digest [sha256.Size]byte) ([]byte, error)
	// Stamp returns an RFC 3161 token over a SHA-256.
	Stamp(ctx context.Context, imprint [sha256.Size]byte) ([]byte, error)
}

// BuildParams makes a container of a part that has ended.
type BuildParams struct {
	Part     string // directory of the part
	Out      string // the file; it is there as a whole or not at all
	Signer   Signer
	Limit    *rate.Limiter        // bytes a second that are read; nil: no limit
	Progress func(done int64)     // bytes of the part read, nil: nobody asks
	Options  Options              // how the file is read back; trust is not asked for
	StampFor time.Duration        // the authority may take, default 5 s; then it is sealed without
	sync     func(*os.File) error // tests let it fail
}

// Built is what Build made.
type Built struct {
	Bytes    int64
	Manifest [sha256.Size]byte // SHA-256 of the manifest that was sealed
	Stamped  bool              // a timestamp stands in it; else Stamp is to be called later
	Report   Report            // of the file as it was read back
}

// limitStep is how much is read between two looks at the limiter.
const limitStep = 256 << 10

// Build writes the container aside, makes it durable, reads it back whole and
// only then gives it its name. Damage of the part itself does not keep it from
// being sealed as it is: the report names it.
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
	log, err := ledger.VerifyLog(root.FS())
	if err != nil {
		return b, fmt.Errorf("archive: %w", err)
	}
	if !log.Ended {
		return b, ErrNotEnded
	}
	about, err := sessionJSON(log)
	if err != nil {
		return b, err
	}
	err = replace(p.Out, p.sync, func(f *os.File) error {
		w := build{ctx: ctx, p: p, fsys: root.FS(), out: &b}
		size, err := w.write(f, log.Origin, about, names)
		if err != nil {
			return err
		}
		b.Bytes = size
		b.Report = Verify(ctx, f, size, p.Options)
		return b.Report.readBack(ctx)
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
	done int64
}

func (w *build) write(f *os.File, origin string, about []byte, names []string) (size int64, err error) {
	if w.zip, err = asic.NewWriter(f); err != nil {
		return 0, err
	}
	w.list.Signature = asic.SignatureName
	if err := w.add(sessionName, int64(len(about)), bytes.NewReader(about)); err != nil {
		return 0, err
	}
	for _, name := range names {
		if err := w.file(name); err != nil {
			return 0, err
		}
	}
	if err := w.add(readmeName, int64(len(readme)), strings.NewReader(readme)); err != nil {
		return 0, err
	}
	if err := w.add(scriptName, int64(len(script)), strings.NewReader(script)); err != nil {
		return 0, err
	}
	manifest := w.list.XML()
	if _, err := w.zip.Add(asic.ManifestName, int64(len(manifest)), bytes.NewReader(manifest)); err != nil {
		return 0, err
	}
	// Nothing is signed that is not on disk.
	if err := w.p.fsync(f); err != nil {
		return 0, err
	}
	w.out.Manifest = sha256.Sum256(manifest)
	seal, err := w.p.Signer.Seal(w.ctx, origin, w.out.Manifest)
	if err != nil {
		return 0, fmt.Errorf("archive: seal: %w", err)
	}
	if stamped, err := stamp(w.ctx, w.p.Signer, seal, w.out.Manifest, w.p.StampFor); err == nil {
		seal, w.out.Stamped = stamped, true
	}
	if _, err := w.zip.Add(asic.SignatureName, int64(len(seal)), bytes.NewReader(seal)); err != nil {
		return 0, err
	}
	return w.zip.Close()
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
	return w.add(name, info.Size(), &paced{w, f})
}

func (w *build) add(name string, size int64, r io.Reader) error {
	sum, err := w.zip.Add(name, size, r)
	w.list.Files = append(w.list.Files, asic.FileDigest{Name: name, SHA256: sum})
	return err
}

// paced reads no faster than the limit: live recordings share the disk.
type paced struct {
	w *build
	r io.Reader
}

func (p *paced) Read(b []byte) (int, error) {
	if err := p.w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := p.r.Read(b[:min(len(b), limitStep)])
	p.w.done += int64(n)
	if p.w.p.Progress != nil {
		p.w.p.Progress(p.w.done)
	}
	if n > 0 && p.w.p.Limit != nil {
		if err := p.w.p.Limit.WaitN(p.w.ctx, n); err != nil {
			return n, err
		}
	}
	return n, err
}

// stamp asks for a token over the seal and puts it in, checked.
func stamp(ctx context.Context, s Signer, seal []byte, manifest [sha256.Size]byte, limit time.Duration) ([]byte, error) {
	sig, err := cades.Verify(seal, manifest)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	if limit <= 0 {
		limit = 5 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	imprint := sha256.Sum256(sig.Value)
	token, err := s.Stamp(ctx, imprint)
	if err == nil {
		_, err = tsa.Verify(token, imprint)
	}
	if err != nil {
		return nil, fmt.Errorf("archive: timestamp: %w", err)
	}
	return cades.AddToken(seal, token)
}

// Stamp puts a timestamp into a container that was sealed without one. It
// writes a copy aside, reads it back and takes its place. One that has a
// timestamp stays as it is.
func Stamp(ctx context.Context, path string, s Signer, limit time.Duration) (err error) {
	in, size, closer, err := OpenContainer(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	c, sig, err := openSealed(in, size)
	if err != nil {
		return err
	}
	if sig.Token != nil {
		return nil
	}
	seal, manifest, err := sealOf(c)
	if err != nil {
		return err
	}
	if seal, err = stamp(ctx, s, seal, sha256.Sum256(manifest), limit); err != nil {
		return err
	}
	return replace(path, nil, func(f *os.File) error {
		size, err := c.ReplaceLast(ctx, f, seal)
		if err != nil {
			return err
		}
		r := Verify(ctx, f, size, Options{})
		return r.readBack(ctx)
	})
}

// Stamped tells whether a container carries a timestamp. It reads headers and
// seal alone.
func Stamped(path string) (_ bool, err error) {
	r, size, closer, err := OpenContainer(path)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	_, sig, err := openSealed(r, size)
	return err == nil && sig.Token != nil, err
}

func openSealed(r io.ReaderAt, size int64) (*asic.Container, *cades.Signature, error) {
	c, err := asic.Open(r, size)
	if err != nil {
		return nil, nil, fmt.Errorf("archive: %w", err)
	}
	if e := c.Entries(); e[len(e)-1].Name != asic.SignatureName {
		return nil, nil, errors.New("archive: the seal is not the last entry")
	}
	seal, manifest, err := sealOf(c)
	if err != nil {
		return nil, nil, err
	}
	sig, err := cades.Verify(seal, sha256.Sum256(manifest))
	if err != nil {
		return nil, nil, fmt.Errorf("archive: %w", err)
	}
	return c, sig, nil
}

func sealOf(c *asic.Container) (seal, manifest []byte, err error) {
	manifest, err = c.ReadFile(asic.ManifestName, asic.MaxManifest)
	if err != nil {
		return nil, nil, err
	}
	seal, err = c.ReadFile(asic.SignatureName, cades.MaxSignature)
	return seal, manifest, err
}

// mode of a sealed file: nobody writes it, and only the node's own user reads it,
// for it holds voices and names.
const mode = 0o400

// replace writes a file aside, durably, and gives it its name: after a crash at
// any instant the name stands for the whole file or for what it stood for before.
func replace(path string, sync func(*os.File) error, write func(f *os.File) error) (err error) {
	if sync == nil {
		sync = (*os.File).Sync
	}
	tmp := path + newExt
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
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("archive: %w", err), os.Remove(tmp))
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
