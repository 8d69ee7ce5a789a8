// Package supplement makes the supplements of sealed evidence: small containers beside
// the parts of a hearing for what comes when those are sealed already, and may lie
// locked elsewhere. What is wanted stands in the database; a job makes it, one after the
// other, and what a process did not finish the next one does.
package supplement

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"phientoa/internal/asic"
	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/recording/archive"
)

// Store is what this package asks of the database; store.Store has it.
type Store interface {
	store.Supplements
	ArchiveParts(ctx context.Context, sc court.Scope, hearing string) ([]store.ArchivePart, error)
}

// Register notes every supplement; see package register.
type Register interface {
	Supplemented(ctx context.Context, b archive.SupplementBuilt) error
	// LastSupplement is the highest number noted of a hearing; 0: none.
	LastSupplement(hearing string) int
}

// Minutes is what the minutes of a hearing give for a supplement.
type Minutes struct {
	Kind     archive.SupplementKind
	Info     archive.MinutesInfo
	Document []byte // the PDF
	Lines    []byte // each the JSON that the head was made of, ended by a line feed
}

// ErrNotFinal: the document that was wanted is not final. Who wants it says so before it
// becomes final, so that no crash between the two loses it.
var ErrNotFinal = errors.New("supplement: the document is not final")

// Params makes a Job.
type Params struct {
	Dir      string // of all evidence
	Second   string // where recordings went on when Dir failed; empty: none
	Node     string
	Store    Store
	Signer   archive.Signer
	Register Register // nil: nobody notes
	// Minutes gives a final document by its digest; ErrNotFinal.
	Minutes func(ctx context.Context, hearing string, sha256 [32]byte) (Minutes, error)
	// Finished is told the file of a supplement once it is there; nil: nobody asks. It
	// must not block.
	Finished func(path string)
	Now      func() time.Time
	Logger   *slog.Logger
	// Poll is how often is looked for what is wanted; default 30 s.
	Poll time.Duration
}

// patience is how long a supplement waits for parts that are not sealed yet: one whose
// log was damaged never is.
const patience = 24 * time.Hour

// Job makes what is wanted. It is safe for concurrent use.
type Job struct {
	p    Params
	wake chan struct{}

	made, failed, waiting atomic.Int64
}

// New returns a job that does nothing before Run.
func New(p Params) *Job {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	p.Poll = cmp.Or(p.Poll, 30*time.Second)
	return &Job{p: p, wake: make(chan struct{}, 1)}
}

// WantMinutes asks for a supplement of a document that is about to become final.
func (j *Job) WantMinutes(ctx context.Context, hearing string, sha256 [32]byte) error {
	err := j.p.Store.WantSupplement(ctx, hearing, store.SupplementOfDocument(sha256), string(archive.MinutesSupplement), "", j.p.Now())
	j.Wake()
	return err
}

// WantCourtSeal asks for the court's seal of a part that lies on this node.
func (j *Job) WantCourtSeal(ctx context.Context, hearing string, manifest [32]byte) error {
	err := j.p.Store.WantSupplement(ctx, hearing, store.SupplementOfPart(manifest), string(archive.CourtSealSupplement), j.p.Node, j.p.Now())
	j.Wake()
	return err
}

// Wake has the job look now. It never blocks.
func (j *Job) Wake() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// Counts are, of this process: supplements made, attempts that failed and are repeated;
// and how many waited when it looked last.
func (j *Job) Counts() (made, failed, waiting int64) {
	return j.made.Load(), j.failed.Load(), j.waiting.Load()
}

// Run works until ctx ends.
func (j *Job) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := j.round(ctx); err != nil && ctx.Err() == nil {
			j.p.Logger.Error("supplements not looked for", "err", err)
		}
		timer := time.NewTimer(j.p.Poll)
		select {
		case <-ctx.Done():
		case <-j.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// round makes everything that is wanted and can be made.
func (j *Job) round(ctx context.Context) error {
	list, err := j.p.Store.WantedSupplements(ctx, j.p.Node)
	if err != nil {
		return err
	}
	waiting := 0
	for _, w := range list {
		err := j.make(ctx, w)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, ErrNotFinal), errors.Is(err, errUnsealed):
			waiting++
		case err != nil: // one that cannot be made holds no other up
			waiting++
			j.failed.Add(1)
			j.p.Logger.Error("supplement not made, tried again", "hearing", w.Hearing, "kind", w.Kind, "err", err)
		}
	}
	j.waiting.Store(int64(waiting))
	return nil
}

// errUnsealed: a part of the hearing waits for its seal.
var errUnsealed = errors.New("supplement: a part is not sealed yet")

// make makes one: its contents, its number, the file, the note in the register, the row.
// Repeated after a crash at any place it goes on with the same number and file.
func (j *Job) make(ctx context.Context, w store.ArchiveSupplement) error {
	parts, err := j.p.Store.ArchiveParts(ctx, court.SystemScope(), w.Hearing)
	if err != nil {
		return err
	}
	about, files, err := j.contents(ctx, w, parts)
	if err != nil {
		return err
	}
	above, err := j.lastNumber(w.Hearing)
	if err != nil {
		return err
	}
	row, err := j.p.Store.NumberSupplement(ctx, w.Hearing, w.Subject, j.p.Node, above)
	if err != nil {
		return err
	}
	about.Number = row.Number
	b, path, err := j.file(ctx, about, files)
	if err != nil {
		return err
	}
	if j.p.Register != nil {
		if err := j.p.Register.Supplemented(ctx, b); err != nil {
			return err
		}
	}
	if row.Facts, err = json.Marshal(b.About); err != nil {
		return err
	}
	row.Made, row.Size, row.SHA256, row.Manifest = time.UnixMicro(b.About.MadeT), b.Bytes, b.SHA256, b.Manifest
	if err := j.p.Store.SupplementMade(ctx, row); err != nil {
		return err
	}
	j.made.Add(1)
	if j.p.Finished != nil {
		j.p.Finished(path)
	}
	j.p.Logger.Info("supplement made", "hearing", w.Hearing, "number", row.Number, "kind", b.About.Kind, "sha256", hex.EncodeToString(b.SHA256[:]))
	return nil
}

// contents is what a supplement says and carries, without its number.
func (j *Job) contents(ctx context.Context, w store.ArchiveSupplement, parts []store.ArchivePart) (a archive.Supplement, files []asic.File, err error) {
	a = archive.Supplement{Format: 1, Subject: w.Subject, Hearing: w.Hearing, Node: j.p.Node, MadeT: j.p.Now().UnixMicro()}
	if text, ok := strings.CutPrefix(w.Subject, store.CourtSealSubject); ok {
		return j.courtSeal(a, text, parts)
	}
	var sum [32]byte
	raw, err := hex.DecodeString(strings.TrimPrefix(w.Subject, store.MinutesSubject))
	if err != nil || len(raw) != len(sum) {
		return a, nil, fmt.Errorf("supplement: of an unknown kind: %q", w.Subject)
	}
	copy(sum[:], raw)
	m, err := j.p.Minutes(ctx, w.Hearing, sum)
	if err != nil {
		return a, nil, err
	}
	if j.unsealed(w.Hearing) && j.p.Now().Sub(w.Wanted) < patience {
		return a, nil, errUnsealed
	}
	a.Kind, a.Minutes = m.Kind, &m.Info
	for _, p := range parts {
		a.Cites = append(a.Cites, cite(p))
	}
	return a, []asic.File{{Name: archive.DocumentName, Content: m.Document}, {Name: archive.LinesName, Content: m.Lines}}, nil
}

func (j *Job) courtSeal(a archive.Supplement, manifest string, parts []store.ArchivePart) (archive.Supplement, []asic.File, error) {
	for _, p := range parts {
		if hex.EncodeToString(p.Manifest[:]) != manifest {
			continue
		}
		path, err := j.find(p.Hearing, fmt.Sprintf("part-%04d%s", p.Part, archive.Ext))
		if err != nil {
			return a, nil, err
		}
		files, err := archive.SealedByNode(path)
		a.Kind, a.Cites = archive.CourtSealSupplement, []archive.Cited{cite(p)}
		return a, files, err
	}
	return a, nil, errUnsealed
}

func cite(p store.ArchivePart) archive.Cited {
	return archive.Cited{
		Part: p.Part, Size: p.Size, SHA256: hex.EncodeToString(p.SHA256[:]), Manifest: hex.EncodeToString(p.Manifest[:]),
		Root: hex.EncodeToString(p.Root[:]), Lines: p.Lines,
	}
}

func (j *Job) dirs() []string {
	if j.p.Second == "" {
		return []string{j.p.Dir}
	}
	return []string{j.p.Dir, j.p.Second}
}

// find is where a file of a hearing lies; fs.ErrNotExist.
func (j *Job) find(hearing, name string) (path string, err error) {
	for _, dir := range j.dirs() {
		path = filepath.Join(dir, hearing, name)
		if _, err = os.Lstat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return path, err
		}
	}
	return "", err
}

// unsealed tells whether a part of the hearing on this node has no sealed file yet.
func (j *Job) unsealed(hearing string) bool {
	for _, dir := range j.dirs() {
		logs, _ := filepath.Glob(filepath.Join(dir, hearing, "part-*", "log.jsonl")) // the pattern is right
		for _, log := range logs {
			if _, err := j.find(hearing, filepath.Base(filepath.Dir(log))+archive.Ext); err != nil {
				return true
			}
		}
	}
	return false
}

// lastNumber is the highest that register and disks know: a database that was restored
// from an older backup does not know them all.
func (j *Job) lastNumber(hearing string) (last int, err error) {
	if j.p.Register != nil {
		last = j.p.Register.LastSupplement(hearing)
	}
	for _, dir := range j.dirs() {
		files, e := filepath.Glob(filepath.Join(dir, hearing, "supplement-*"+archive.Ext))
		err = errors.Join(err, e)
		for _, path := range files {
			if n, ok := archive.SupplementNumber(path); ok {
				last = max(last, n)
			}
		}
	}
	return last, err
}

// file makes the file, or takes the one that an earlier process made of the subject and
// did not enter.
func (j *Job) file(ctx context.Context, about archive.Supplement, files []asic.File) (b archive.SupplementBuilt, path string, err error) {
	name := archive.SupplementFile(about.Number)
	path, err = j.find(about.Hearing, name)
	if err == nil {
		if r := archive.VerifySupplementFile(ctx, path, archive.SupplementOptions{}); r.ExitCode() != 3 {
			return b, path, fmt.Errorf("supplement: %s stands already and is damaged", name)
		}
		if b, err = archive.ReadSupplement(path); err == nil && (b.About.Subject != about.Subject || b.About.Hearing != about.Hearing || b.About.Number != about.Number) {
			err = fmt.Errorf("supplement: %s stands already and is of something else", name)
		}
		return b, path, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return b, path, err
	}
	var failures error
	for _, dir := range j.dirs() { // beside a part, on the first disk that takes it
		at := filepath.Join(dir, about.Hearing)
		if err := os.MkdirAll(at, 0o700); err != nil {
			failures = errors.Join(failures, err)
			continue
		}
		path = filepath.Join(at, name)
		b, err = archive.BuildSupplement(ctx, archive.SupplementParams{Out: path, About: about, Files: files, Signer: j.p.Signer, Limit: archive.StampLimit})
		if err == nil {
			return b, path, nil
		}
		failures = errors.Join(failures, err)
	}
	return b, path, failures
}
