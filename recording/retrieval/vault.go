package retrieval

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/ledger"
	"phientoa/internal/store"
	"phientoa/recording"
	"phientoa/recording/archive"
)

// ErrElsewhere: the file lies on another node.
var ErrElsewhere = errors.New("retrieval: the file lies on another node")

// pollEvery is how often checks are looked for that were asked for on other nodes.
const pollEvery = 10 * time.Second

// maxReportText bounds the words of one stored report, in bytes.
const maxReportText = 200 << 10

// VaultParams makes a Vault.
type VaultParams struct {
	Dir    string // of all evidence of this node
	Second string // where recordings went on when Dir failed; empty: none
	// Replica holds whole copies of sealed files, as <hearing>/part-NNNN.asice or
	// <hearing>/part-NNNN/<SHA-256>.asice; only read. Empty: there are none.
	Replica string
	// Reserve is kept free on the disk for recordings while a copy is brought, in bytes.
	Reserve int64
	Node    string
	Store   VaultStore
	// Register notes every disposal and repair before it is done; without its note
	// nothing is removed or replaced. nil: nobody notes, and nothing is repaired.
	Register Register
	// Forget takes away what was made of a part's file, whose SHA-256 is key, in hex;
	// an error holds the removal up. nil: nothing was made.
	Forget func(hearing string, part int, key string) error
	Roots  *x509.CertPool // of the court's own authority; nil: signers stay unknown
	// Lists are revocation lists as they are now, of the court's own authority; nil:
	// those in the files alone.
	Lists  func(ctx context.Context) []*x509.RevocationList
	Now    func() time.Time
	Logger *slog.Logger
}

// VaultStore is what verifications ask of the database; store.Store has it.
type VaultStore interface {
	store.Archives
	LastCheckpoint(ctx context.Context, sc court.Scope, hearing string) (size uint64, note []byte, err error)
}

// Register is told of what is removed; see package register.
type Register interface {
	Disposed(ctx context.Context, d archive.Disposal) error
	// Repaired is archive.ErrSwapped when the copy is not the file that was noted last.
	Repaired(ctx context.Context, r archive.Repair) error
}

// Vault reads the sealed files of this node, and verifies them when somebody asks.
type Vault struct {
	p    VaultParams
	wake chan struct{} // capacity 1
}

// NewVault returns one that verifies nothing before Run.
func NewVault(p VaultParams) *Vault {
	if p.Now == nil {
		p.Now = time.Now
	}
	return &Vault{p: p, wake: make(chan struct{}, 1)}
}

// Path is where a part's file is on this node; ErrElsewhere when it is on another. A
// row cannot name a file outside the evidence.
func (v *Vault) Path(p store.ArchivePart) (string, error) {
	return v.place(p.Node, p.Hearing, filepath.FromSlash(p.Path))
}

// place is where a file of a hearing is, by its path below the evidence.
func (v *Vault) place(node, hearing, rel string) (string, error) {
	if node != v.p.Node {
		return "", ErrElsewhere
	}
	if !filepath.IsLocal(rel) {
		return "", fmt.Errorf("retrieval: a file of %s is said to lie outside the evidence", hearing)
	}
	if v.p.Second != "" { // numbers of parts run through both
		if path := filepath.Join(v.p.Second, rel); exists(path) {
			return path, nil
		}
	}
	return filepath.Join(v.p.Dir, rel), nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Open opens a part's file; see archive.OpenContainer.
func (v *Vault) Open(p store.ArchivePart) (io.ReaderAt, int64, io.Closer, error) {
	path, err := v.Path(p)
	if err != nil {
		return nil, 0, nil, err
	}
	return archive.OpenContainer(path)
}

// OpenSupplement opens a supplement's file likewise.
func (v *Vault) OpenSupplement(s store.ArchiveSupplement) (io.ReaderAt, int64, io.Closer, error) {
	path, err := v.place(s.Node, s.Hearing, filepath.Join(s.Hearing, archive.SupplementFile(s.Number)))
	if err != nil {
		return nil, 0, nil, err
	}
	return archive.OpenContainer(path)
}

// Wake says that a check or a removal waits. It never blocks.
func (v *Vault) Wake() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// Run verifies what was asked for, one file after the other, and removes what was
// disposed of, until ctx ends. What it did not finish the next process does.
func (v *Vault) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := errors.Join(v.removals(ctx), v.checks(ctx)); err != nil && ctx.Err() == nil {
			v.p.Logger.Warn("archives not verified or removed, tried again", "err", err, "again_in", pollEvery.String())
		}
		timer := time.NewTimer(pollEvery)
		select {
		case <-ctx.Done():
		case <-v.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (v *Vault) checks(ctx context.Context) error {
	waiting, err := v.p.Store.PendingArchiveChecks(ctx, v.p.Node)
	if err != nil {
		return err
	}
	for _, c := range waiting {
		if err := v.check(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// checkReport is what is kept of a verification: its words in both languages.
type checkReport struct {
	Vi string `json:"vi"`
	En string `json:"en"`
}

func (v *Vault) check(ctx context.Context, c store.ArchiveCheck) error {
	parts, err := v.p.Store.ArchiveParts(ctx, court.SystemScope(), c.Hearing)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if p.Part != c.Part {
			continue
		}
		result := v.settle(ctx, c, p)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		text, err := json.Marshal(result.words)
		if err != nil {
			return err
		}
		c.Done, c.Exit, c.Same, c.Report, c.Replaced = v.p.Now(), result.exit, result.same, text, result.aside
		v.p.Logger.Info("archive verified", "hearing", c.Hearing, "part", c.Part, "exit", c.Exit, "same", c.Same)
		return v.p.Store.FinishArchiveCheck(ctx, c)
	}
	return fmt.Errorf("retrieval: part %d of %s is not known", c.Part, c.Hearing)
}

// settle does what was asked for: it verifies, or repairs.
func (v *Vault) settle(ctx context.Context, c store.ArchiveCheck, p store.ArchivePart) repaired {
	if c.Repair {
		return v.repair(ctx, c, p)
	}
	return repaired{verdict: v.verify(ctx, p)}
}

// verdict is what a verification found.
type verdict struct {
	words checkReport
	exit  int               // as store.ArchiveCheck
	same  bool              // the file is the one that was catalogued
	sum   [sha256.Size]byte // of the file; zero: it cannot be read
}

// verify reads a part's file: what phientoa verify says of it, with the checkpoint
// that the database holds, and whether it is the file that was catalogued. Paths of
// the server stay in its log.
func (v *Vault) verify(ctx context.Context, p store.ArchivePart) verdict {
	path, err := v.Path(p)
	if err == nil {
		var found verdict
		if found, err = v.judge(ctx, p, path); err == nil {
			return found
		}
	}
	v.p.Logger.Error("sealed file cannot be read", "hearing", p.Hearing, "part", p.Part, "err", err)
	return verdict{exit: 2, words: checkReport{
		Vi: "KHÔNG ĐỌC ĐƯỢC: không mở được tệp gói lưu trữ trên máy chủ.\n",
		En: "CANNOT BE READ: the sealed file cannot be opened on the server.\n",
	}}
}

// judge verifies a file that is to be a part's.
func (v *Vault) judge(ctx context.Context, p store.ArchivePart, path string) (d verdict, err error) {
	r, size, closer, err := archive.OpenContainer(path)
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	sum := sha256.New()
	if _, err := io.Copy(sum, &until{ctx, io.NewSectionReader(r, 0, size)}); err != nil {
		return d, err
	}
	o := archive.Options{Roots: v.p.Roots, Now: v.p.Now(), Held: v.held(ctx, p)}
	if v.p.Lists != nil {
		o.Lists = v.p.Lists(ctx)
	}
	report := archive.Verify(ctx, r, size, o)
	sum.Sum(d.sum[:0])
	d.exit, d.same = report.ExitCode(), d.sum == p.SHA256
	// A file that is not the one that was catalogued is never whole.
	if d.exit != 2 && !d.same {
		d.exit = 1
	}
	d.words = checkReport{cut(report.Text("vi")), cut(report.Text("en"))}
	return d, nil
}

// held is the checkpoint that the database holds of a part. It holds the hearing's
// latest alone, which says nothing of the parts before.
func (v *Vault) held(ctx context.Context, p store.ArchivePart) [][]byte {
	_, text, err := v.p.Store.LastCheckpoint(ctx, court.SystemScope(), p.Hearing)
	if err != nil {
		return nil
	}
	n, err := ledger.ParseNote(text)
	if err != nil || n.Origin != recording.Origin(p.Node, p.Hearing, p.Part) {
		return nil
	}
	return [][]byte{text}
}

// until reads while ctx lasts: the process does not wait for a large file to end.
type until struct {
	ctx context.Context
	r   io.Reader
}

func (u *until) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(b)
}

// cut keeps a report with very many lines within its bound.
func cut(text string) string {
	if len(text) <= maxReportText {
		return text
	}
	end := maxReportText
	for end > 0 && text[end-1] != '\n' {
		end--
	}
	return text[:end] + "…\n"
}
