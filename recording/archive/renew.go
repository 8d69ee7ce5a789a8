package archive

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"phientoa/internal/asic"
	"phientoa/internal/cades"
	"phientoa/internal/tsa"
)

// RenewBefore is how long before the end of the last timestamp's certificate another
// is put over it.
const RenewBefore = 180 * 24 * time.Hour

// Errors of Renew.
var (
	// ErrNoLonger: the authority's certificate ends no later than that of the timestamp
	// that is to be renewed, so that nothing would be won.
	ErrNoLonger = errors.New("archive: the certificate of the timestamp authority ends no later than that of the timestamp to be renewed")
	// ErrNotWhole: the file is not what was sealed; a timestamp would vouch for that.
	ErrNotWhole = errors.New("archive: the file is damaged, it gets no archive timestamp")
)

// Due tells whether a file needs another archive timestamp at a time: its last
// timestamp's certificate ends within before of then, or the timestamp was given
// before withdrawn, the day from which on its algorithm counts no longer (zero: none).
func (s State) Due(now time.Time, before time.Duration, withdrawn time.Time) bool {
	return !s.Ends.IsZero() && (now.Add(before).After(s.Ends) || s.Made.Before(withdrawn))
}

// errNotRenewed: the file is sealed, and its last timestamp is to be renewed.
var errNotRenewed = errors.New("archive: sealed, the renewal of its timestamp is still to come")

// Sealed lists the sealed files below a directory of evidence, in order of their names.
func Sealed(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "part-*"+Ext))
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	slices.Sort(files)
	return files, nil
}

// ArchiveTimestamp makes the next archive timestamp (EN 319 162-1, annex A.7) over
// files that stand in a container, in their order: its list and the token over it,
// with the revocation lists that could be had. n is its number from 1; the former ones
// are among files, under the names that they bear beside it (asic.ArchiveNames). Beside
// errNoLists manifest and token are of use as they are.
func ArchiveTimestamp(ctx context.Context, s Signer, n int, files []asic.FileDigest, limit time.Duration) (manifest, token []byte, err error) {
	_, name := asic.ArchiveNames(n, n)
	m := asic.ArchiveManifest{Token: name, Files: files}
	if n > 1 {
		m.Previous, _ = asic.ArchiveNames(n-1, n)
	}
	manifest = m.XML()
	sum := sha256.Sum256(manifest)
	asked, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if token, err = s.Stamp(asked, sum); err != nil {
		return nil, nil, fmt.Errorf("archive: archive timestamp: %w", err)
	}
	info, err := tsa.Verify(token, sum)
	if err != nil {
		return nil, nil, fmt.Errorf("archive: archive timestamp: %w", err)
	}
	token, err = withLists(ctx, s, []*cades.Signature{info.Signature}, token, limit)
	return manifest, token, err
}

// Renew puts an archive timestamp over everything that stands in a sealed file, former
// archive timestamps included; each authority may take up to limit. The file is read
// whole first and last, and takes the other's place at once: a crash leaves the one or
// the other. Nothing that was sealed or stamped changes; the list before gets the name
// that the standard gives it, and the token before the revocation lists that it lacks.
func Renew(ctx context.Context, path string, s Signer, limit time.Duration, pace Pace) (done Completed, err error) {
	in, size, file, err := openFile(path)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	work := pace.begin(ctx)
	o, err := openSealed(&pacedReaderAt{work, in}, size)
	if err != nil {
		return done, err
	}
	before := o.state()
	if before.Ends.IsZero() {
		return done, errNoTimestamp
	}
	keep, more, lacks := o.renewed(ctx, s, work, in, limit)
	if lacks != nil && !errors.Is(lacks, errNoLists) {
		return done, lacks
	}
	err = replace(path, file, nil, func(f *os.File) error {
		var err error
		if done.Bytes, err = o.c.Rewrite(ctx, f, keep, more...); err == nil {
			var back content
			back, err = work.readBack(f, done.Bytes)
			done.Report, done.SHA256 = back.report, back.sum
		}
		return err
	})
	if err != nil {
		return Completed{}, err
	}
	done.Changed = true
	if done.State, err = Look(path); err != nil {
		return done, err
	}
	return done, lacks
}

// renewed asks for an archive timestamp over everything: how many entries stay and
// what stands behind them.
func (o *opened) renewed(ctx context.Context, s Signer, work *pacer, in io.ReaderAt, limit time.Duration) (keep int, out []asic.File, err error) {
	whole, err := work.read(in, o.c.Size())
	if err != nil {
		return 0, nil, err
	}
	if err := whole.report.asWritten(); err != nil {
		return 0, nil, errors.Join(ErrNotWhole, err)
	}
	// What the last timestamp lacks of lists joins now or never. It may be too late.
	keep, out, lacks := o.more(ctx, s, limit)
	if errors.Is(lacks, errNoTimestamp) {
		return 0, nil, lacks
	}
	n := len(o.stamps) + 1
	if n > 1 {
		keep, out = len(o.c.Entries())-2, o.rename(n, out)
	}
	files, err := o.digests(keep, out)
	if err != nil {
		return 0, nil, err
	}
	manifest, token, lacks := ArchiveTimestamp(ctx, s, n, files, limit)
	if manifest == nil || (lacks != nil && !errors.Is(lacks, errNoLists)) {
		return 0, nil, lacks
	}
	info, err := tsa.Verify(token, sha256.Sum256(manifest))
	if err != nil {
		return 0, nil, fmt.Errorf("archive: archive timestamp: %w", err)
	}
	signatures, at := o.last()
	if !ends([]*cades.Signature{info.Signature}).After(ends(signatures)) {
		return 0, nil, ErrNoLonger
	}
	if err := notBefore(info.Time, at); err != nil { // one of the clocks is wrong
		return 0, nil, fmt.Errorf("archive: archive timestamp: %w", err)
	}
	name, tokenName := asic.ArchiveNames(n, n)
	return keep, append(out, asic.File{Name: name, Content: manifest}, asic.File{Name: tokenName, Content: token}), lacks
}

// rename gives the last list its name beside an n-th. completed is its token where
// that was given its lists just now.
func (o *opened) rename(n int, completed []asic.File) []asic.File {
	last := o.stamps[len(o.stamps)-1]
	name, tokenName := asic.ArchiveNames(n-1, n)
	der := last.der
	if len(completed) > 0 {
		der = completed[0].Content
	}
	return []asic.File{{Name: name, Content: last.xml}, {Name: tokenName, Content: der}}
}

// digests are those of the first keep entries of a file that was read whole, and of
// those behind them; the mimetype is not among them.
func (o *opened) digests(keep int, more []asic.File) (out []asic.FileDigest, err error) {
	out = append(out, o.list.Files...) // which the reading has compared
	entries := o.c.Entries()
	for _, e := range entries[1+len(o.list.Files) : keep] {
		b, err := o.c.ReadFile(e.Name, max(cades.MaxSignature, asic.MaxManifest))
		if err != nil {
			return nil, err
		}
		out = append(out, asic.FileDigest{Name: e.Name, SHA256: sha256.Sum256(b)})
	}
	for _, f := range more {
		out = append(out, asic.FileDigest{Name: f.Name, SHA256: sha256.Sum256(f.Content)})
	}
	return out, nil
}
