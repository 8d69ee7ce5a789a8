package register

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"phientoa/internal/asic"
	"phientoa/internal/ledger"
	"phientoa/recording"
	"phientoa/recording/archive"
)

// Codes of findings.
const (
	FindingUnended      = "unended"      // opened, and without its end
	FindingUnsealed     = "unsealed"     // ended, and without its sealed file
	FindingLost         = "lost"         // neither sealed file nor directory
	FindingSwapped      = "swapped"      // another file than the one that was noted
	FindingResealed     = "resealed"     // the same files, under other seals or timestamps
	FindingUnregistered = "unregistered" // stands on the disk and was never noted
	FindingKept         = "kept"         // noted as disposed of, and stands on the disk
	FindingFork         = "fork"         // its beginning names a register that this is not
	FindingRegister     = "register"     // the register itself is damaged
)

// Finding is one thing that is not as it should be.
type Finding struct {
	Code    string `json:"code"`
	Hearing string `json:"hearing,omitempty"`
	Part    int    `json:"part,omitempty"`
	// Supplement is its number where the finding is about one.
	Supplement int       `json:"supplement,omitempty"`
	At         time.Time `json:"at,omitzero"` // of the register's last line about it
	Detail     string    `json:"detail,omitempty"`
}

// Gone is a part that two people disposed of.
type Gone struct {
	Hearing     string    `json:"hearing"`
	Part        int       `json:"part"`
	SHA256      string    `json:"sha256"`       // hex, of its sealed file
	ProposedBy  string    `json:"proposed_by"`  // account
	ConfirmedBy string    `json:"confirmed_by"` // account
	ConfirmedAt time.Time `json:"confirmed_at"`
}

// Mended is a part whose damaged file was replaced by a whole copy.
type Mended struct {
	Hearing string    `json:"hearing"`
	Part    int       `json:"part"`
	At      time.Time `json:"at"`
	AskedBy string    `json:"asked_by"`                 // account
	Damaged string    `json:"damaged_sha256,omitempty"` // hex, of what stood there; empty: nothing that could be read
}

// Report is what Audit found.
type Report struct {
	Lines  uint64 `json:"lines"` // of the register
	Root   string `json:"root"`  // hex, of its last checkpoint
	Opened int    `json:"opened"`
	Sealed int    `json:"sealed"`
	// Supplements were noted.
	Supplements int `json:"supplements"`
	// Open are parts without an end that were opened within the grace: hearings that
	// may be in progress.
	Open int `json:"open"`
	// Disposed are parts that are gone because the register says that two people
	// wanted it. Whether they were entitled to, the database's log tells.
	Disposed []Gone `json:"disposed"`
	// Repaired are the replacements, in the order in which they were noted.
	Repaired    []Mended  `json:"repaired"`
	Findings    []Finding `json:"findings"`
	SignerKnown bool      `json:"signer_known"`
	SignerError string    `json:"signer_error,omitempty"`
	Unreadable  string    `json:"unreadable,omitempty"`
}

// AuditParams of Audit.
type AuditParams struct {
	Register string         // directory
	Evidence []string       // directories: of the node's data, and the second one where it is set
	Roots    *x509.CertPool // that the caller trusts; nil: the signer stays unknown
	Held     [][]byte       // checkpoints of the register that were kept elsewhere
	Now      time.Time
	// Grace is how long a part may be open before its missing end is a finding.
	Grace time.Duration
}

// ExitCode: 0 nothing found under a trusted root, 1 findings, 2 cannot be read, 3
// nothing found and the signer is unknown.
func (r Report) ExitCode() int {
	switch {
	case r.Unreadable != "":
		return 2
	case len(r.Findings) > 0:
		return 1
	case !r.SignerKnown:
		return 3
	}
	return 0
}

// Audit compares a node's register with its evidence, offline. It reads every sealed
// file once and writes nothing. It does not look into the files: that is
// archive.Verify's work.
func Audit(ctx context.Context, p AuditParams) Report {
	a := auditor{ctx: ctx, p: p, last: map[key]noted{}, other: map[key]noted{}}
	a.r.Findings, a.r.Disposed, a.r.Repaired = []Finding{}, []Gone{}, []Mended{}
	if err := a.run(); err != nil {
		a.r.Unreadable = err.Error()
	}
	return a.r
}

type noted struct {
	entry
	at time.Time
}

type auditor struct {
	ctx    context.Context
	p      AuditParams
	r      Report
	last   map[key]noted // of the part's first sealed file
	other  map[key]noted // a sealed file noted after another one of the same part
	proofs *ledger.Proofs
	size   uint64
}

func (a *auditor) find(code string, k key, detail string) {
	a.r.Findings = append(a.r.Findings, Finding{code, k.hearing, k.part, k.supplement, a.last[k].at, detail})
}

func (a *auditor) run() error {
	if err := a.register(); err != nil {
		return err
	}
	there, err := a.evidence()
	if err != nil {
		return err
	}
	all := map[key]bool{}
	for k := range a.last {
		all[k] = true
	}
	for k := range there {
		all[k] = true
	}
	var keys []key
	for k := range all {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int {
		if c := strings.Compare(a.hearing, b.hearing); c != 0 {
			return c
		}
		return cmp.Or(a.part-b.part, a.supplement-b.supplement)
	})
	for _, k := range keys {
		if err := a.part(k, there[k]); err != nil {
			return err
		}
	}
	return nil
}

// register verifies the register and takes its entries.
func (a *auditor) register() error {
	fsys := os.DirFS(a.p.Register)
	log, err := ledger.VerifyLogWith(fsys, ledger.VerifyOptions{Held: a.p.Held, Running: true, Line: func(l ledger.Line, _ int64) error {
		var e entry
		if l.Kind != ledger.KindEvent || json.Unmarshal(l.Members, &e) != nil || !e.about() {
			return a.ctx.Err()
		}
		switch e.What {
		case opened:
			a.r.Opened++
		case sealed:
			if a.last[e.key()].What != sealed {
				a.r.Sealed++
			}
		case supplemented:
			if a.last[e.key()].What == "" {
				a.r.Supplements++
			}
		case disposed:
		case repaired:
			a.r.Repaired = append(a.r.Repaired, Mended{e.Hearing, e.Part, time.UnixMicro(l.T).UTC(), e.AskedBy, e.Damaged})
			return a.ctx.Err()
		default:
			return a.ctx.Err()
		}
		k, n := e.key(), noted{e, time.UnixMicro(l.T).UTC()}
		if swapped(a.last[k].entry, e) {
			a.other[k] = n
		} else {
			a.last[k] = n
		}
		return a.ctx.Err()
	}})
	if err != nil {
		return err
	}
	a.r.Lines, a.r.Root = log.Size, hex.EncodeToString(log.Root[:])
	for _, d := range log.Damages {
		a.find(FindingRegister, key{}, fmt.Sprintf("%s line %d: %s", d.Code, d.Line, d.Detail))
	}
	a.r.SignerKnown, a.r.SignerError = recording.Known(log, a.p.Roots)
	if len(log.Damages) == 0 {
		a.proofs, err = ledger.BuildProofs(fsys, log.Size)
		a.size = log.Size
	}
	return err
}

// found is what the disk holds of a part.
type found struct {
	dir, file string // paths, empty: not there
	lost      string // what an operator said of it, empty: nothing
}

// nothing: neither file nor directory is there, whatever an operator said of it.
func (f found) nothing() bool { return f.dir == "" && f.file == "" }

// evidence looks for parts on the disk.
func (a *auditor) evidence() (map[key]found, error) {
	out := map[key]found{}
	for _, dir := range a.p.Evidence {
		if err := look(dir, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// look adds the parts of a directory of evidence. Of one that stands in two, the
// sealed file counts wherever it is, and of directories the one whose log has a
// checkpoint: the other is the trace of a beginning that failed.
func look(dir string, out map[key]found) error {
	hearings, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, h := range hearings {
		if !h.IsDir() {
			continue
		}
		parts, err := os.ReadDir(filepath.Join(dir, h.Name()))
		if err != nil {
			return err
		}
		for _, e := range parts {
			if n, ok := archive.SupplementNumber(e.Name()); ok && !e.IsDir() {
				out[key{hearing: h.Name(), supplement: n}] = found{file: filepath.Join(dir, h.Name(), e.Name())}
				continue
			}
			path := filepath.Join(dir, h.Name(), e.Name())
			if n, ok := recording.PartNumber(e.Name(), recording.LostExt); ok && !e.IsDir() {
				k := key{hearing: h.Name(), part: n}
				f := out[k]
				f.lost = recording.ReadLost(path).String()
				out[k] = f
				continue
			}
			n, isFile := recording.PartNumber(e.Name(), archive.Ext)
			isPart := isFile
			if !isFile {
				n, isPart = recording.PartNumber(e.Name(), "")
			}
			if !isPart || isFile == e.IsDir() {
				continue
			}
			k := key{hearing: h.Name(), part: n}
			f := out[k]
			switch {
			case isFile:
				f.file = path
			case f.dir == "" || ledger.Further(os.DirFS(path), os.DirFS(f.dir)):
				f.dir = path
			}
			out[k] = f
		}
	}
	return nil
}

// part judges one part by what was noted and what is there.
func (a *auditor) part(k key, f found) error {
	if err := a.ctx.Err(); err != nil {
		return err
	}
	n, known := a.last[k]
	if o, ok := a.other[k]; ok {
		a.find(FindingSwapped, k, "another file was noted of it at "+clock(o.at)+", SHA-256 "+o.SHA256)
	}
	switch {
	case !known && f.nothing(): // what an operator said alone
		a.find(FindingLost, k, f.lost)
	case !known:
		a.find(FindingUnregistered, k, "")
	case n.What == disposed && !f.nothing():
		a.find(FindingKept, k, "")
	case n.What == disposed:
		a.r.Disposed = append(a.r.Disposed, Gone{k.hearing, k.part, n.SHA256, n.By, n.ConfirmedBy, time.UnixMicro(n.ConfirmedT).UTC()})
	case f.nothing():
		a.find(FindingLost, k, f.lost)
	case n.What == opened && f.file != "":
		a.find(FindingUnregistered, k, "its sealed file was never noted")
	case n.What == opened:
		a.unsealed(k, f)
	case f.file == "":
		a.find(FindingLost, k, "the sealed file is gone, its directory stands")
	default:
		if err := a.compare(k, n, f.file); err != nil {
			return err
		}
	}
	if k.supplement > 0 {
		return nil // it has no beginning of its own
	}
	return a.beginning(k, f)
}

func (a *auditor) unsealed(k key, f found) {
	log, err := ledger.VerifyLog(os.DirFS(f.dir))
	switch {
	case err == nil && log.Ended:
		a.find(FindingUnsealed, k, "")
	case a.p.Now.Sub(a.last[k].at) < a.p.Grace:
		a.r.Open++
	default:
		a.find(FindingUnended, k, "")
	}
}

// compare lays a sealed file beside what was noted of it.
func (a *auditor) compare(k key, n noted, path string) (err error) {
	r, size, c, err := archive.OpenContainer(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if size == n.Size {
		h := sha256.New()
		if _, err := io.Copy(h, reader{a.ctx, io.NewSectionReader(r, 0, size)}); err != nil {
			return err
		}
		if hex.EncodeToString(h.Sum(nil)) == n.SHA256 {
			return nil
		}
	}
	z, err := asic.Open(r, size)
	if err != nil {
		a.find(FindingSwapped, k, err.Error())
		return nil
	}
	list, err := z.ReadFile(asic.ManifestName, asic.MaxManifest)
	if sum := sha256.Sum256(list); err == nil && hex.EncodeToString(sum[:]) == n.Manifest {
		a.find(FindingResealed, k, "its list of files is the one that was noted")
		return nil
	}
	a.find(FindingSwapped, k, "")
	return nil
}

// beginning checks that the register which a part names in its first line is a
// beginning of this one. Parts of before the register name none.
func (a *auditor) beginning(k key, f found) (err error) {
	if a.proofs == nil || f.nothing() {
		return nil
	}
	fsys := os.DirFS(f.dir)
	if f.dir == "" {
		r, size, c, err := archive.OpenContainer(f.file)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.Close()) }()
		z, err := asic.Open(r, size)
		if err != nil {
			return nil // told as swapped
		}
		fsys = z.FS(func(name string) bool { return name == ledger.LogName })
	}
	var head Head
	err = ledger.Lines(fsys, func(l ledger.Line) (bool, error) {
		var g struct {
			Session struct {
				Register Head `json:"register"`
			} `json:"session"`
		}
		err := json.Unmarshal(l.Members, &g)
		head = g.Session.Register
		return false, err
	})
	if err != nil || head.Size == 0 {
		return nil // what is wrong with the log is for the verifier to say
	}
	if head.Size > a.size {
		a.find(FindingFork, k, fmt.Sprintf("it was begun when the register had %d lines, now it has %d", head.Size, a.size))
		return nil
	}
	root, err := a.proofs.Root(head.Size)
	if err == nil && hex.EncodeToString(root[:]) != head.Root {
		a.find(FindingFork, k, fmt.Sprintf("it was begun on another register of %d lines", head.Size))
	}
	return err
}

type reader struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (r reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}
