package recording

import (
	"context"
	"crypto/x509"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"phientoa/internal/ledger"
)

// Codes of damage found in media and directory, besides those of ledger.
const (
	DamageMedia     = "media"     // bytes are not those of the record
	DamageMissing   = "missing"   // bytes or a file that a record names are not there
	DamageOrder     = "order"     // a record does not begin where the last one ended
	DamageUncovered = "uncovered" // bytes that no record names
	DamageForeign   = "foreign"   // a file that no record names
	DamageExhibit   = "exhibit"   // a document is not that of its record, or the record not that of the court
	DamageRecord    = "record"    // a line that says something impossible
	DamagePart      = "part"      // a part does not follow from the one before
	// DamagePartMissing: a part that another names is in none of the directories that
	// were given; it may lie in the node's second one.
	DamagePartMissing = "part-missing"
	// DamagePartLost: an operator said of it that it is lost for good.
	DamagePartLost = "part-lost"
)

// Options of VerifyDir.
type Options struct {
	// Roots are the authorities that the caller trusts; nil: the signer stays unknown.
	Roots *x509.CertPool
	// Held are checkpoint notes kept elsewhere (participants, database, witness).
	Held [][]byte
	// Running allows what a hearing in progress lacks: the end line, and a
	// checkpoint over the last lines.
	Running bool
}

// Damage is one fault with its place. Times are UTC unix microseconds of the
// record concerned, 0 when none is.
type Damage struct {
	Part int `json:"part"`
	ledger.Damage
	Track  string `json:"track,omitempty"`
	Length int64  `json:"length,omitempty"`
	FromT  int64  `json:"from_t,omitempty"`
	ToT    int64  `json:"to_t,omitempty"`
}

// Gap is a stretch that the archive itself says it does not hold.
type Gap struct {
	Part    int    `json:"part"`
	Line    uint64 `json:"line"`
	Track   string `json:"track"`
	Source  string `json:"source"` // device/kind
	Cause   string `json:"cause"`
	FromT   int64  `json:"from_t"`
	ToT     int64  `json:"to_t"`
	Packets int    `json:"packets,omitempty"`
	// Runs are the single losses of an entry that joins several: first and last
	// sequence number, from and to.
	Runs [][4]int64 `json:"runs,omitempty"`
}

// Track sums up one source.
type Track struct {
	Part   int    `json:"part"`
	Track  string `json:"track"`
	Source string `json:"source"`
	Codec  string `json:"codec"`
	Files  int    `json:"files"`
	Bytes  int64  `json:"bytes"`
	Frames int    `json:"frames"`
	// Packets stand in frames of the files, Loose ones in the log.
	Packets int   `json:"packets"`
	Loose   int   `json:"loose_packets"`
	FromT   int64 `json:"from_t"`
	ToT     int64 `json:"to_t"`
}

// Exhibit is a document that the court admitted.
type Exhibit struct {
	Part   int    `json:"part"`
	No     int    `json:"no"`
	SHA256 string `json:"sha256"`
	// File is empty when events of this part name the document and it does not stand here.
	File  string `json:"file"`
	Bytes int64  `json:"bytes"`
}

// PartReport is the report of one part.
type PartReport struct {
	Part      int           `json:"part"`
	Hearing   string        `json:"hearing"`
	Node      string        `json:"node"`
	Log       ledger.Report `json:"log"`
	Root      string        `json:"root"` // hex, of the last good checkpoint
	Restarts  int           `json:"restarts"`
	Events    int           `json:"events"`
	Recovered int64         `json:"recovered_bytes"` // found behind the last record after a crash
	previous  *previousPart
	moved     bool // it ended because the recording goes on in the next part
}

// Report is what VerifyDir found.
type Report struct {
	Parts       []PartReport `json:"parts"`
	Tracks      []Track      `json:"tracks"`
	Exhibits    []Exhibit    `json:"exhibits,omitempty"`
	Gaps        []Gap        `json:"gaps"`
	MoreGaps    int          `json:"more_gaps,omitempty"` // beyond the 100,000 that are listed
	Damages     []Damage     `json:"damages"`
	More        bool         `json:"more_damages"`
	Complete    bool         `json:"complete"` // the last part has its end line
	Running     bool         `json:"running"`
	SignerKnown bool         `json:"signer_known"`
	SignerError string       `json:"signer_error,omitempty"`
	Signers     []string     `json:"signers"`
	Unreadable  string       `json:"unreadable,omitempty"`
	single      bool         // fsys is one part, not a hearing
	lost        map[int]bool // parts that an entry declares lost; true: and nothing has named them yet
}

// Bounds against hostile evidence, whose lines may number millions.
const (
	maxDamages = 200
	maxDetail  = 300     // bytes
	maxText    = 256     // bytes of a name that is kept
	maxNames   = 4096    // tracks, track files and files put aside, each
	maxGaps    = 100_000 // a gap a second of a track: seven hours of four cameras
)

// Whole: nothing is damaged, and nothing is missing that ought to be there.
func (r Report) Whole() bool { return len(r.Damages) == 0 && (r.Complete || r.Running) }

// ExitCode: 0 whole under a trusted root, 1 damaged or incomplete, 2 cannot be
// read, 3 whole but the signer is unknown, or checkpoints that were kept elsewhere
// vouch for a beginning of it alone (ledger.Report.Unvouched).
func (r Report) ExitCode() int {
	switch {
	case r.Unreadable != "":
		return 2
	case !r.Whole():
		return 1
	case !r.SignerKnown || slices.ContainsFunc(r.Parts, func(p PartReport) bool { return p.Log.Unvouched > 0 }):
		return 3
	}
	return 0
}

// VerifyDir checks the evidence of one hearing, offline: fsys is the directory
// of a part or of a hearing with its parts. It never writes. An error means that
// it could not be read; the report then says so too.
func VerifyDir(ctx context.Context, fsys fs.FS, o Options) (Report, error) {
	return VerifyDirs(ctx, []fs.FS{fsys}, o)
}

// VerifyDirs is VerifyDir of one hearing whose parts lie in several directories, each
// with parts of it: those of the node's two disks.
func VerifyDirs(ctx context.Context, dirs []fs.FS, o Options) (Report, error) {
	r := Report{Running: o.Running, Gaps: []Gap{}, Damages: []Damage{}, Tracks: []Track{}}
	err := r.verify(ctx, dirs, o)
	if err != nil {
		r.Unreadable = err.Error()
	}
	return r, err
}

func (r *Report) verify(ctx context.Context, dirs []fs.FS, o Options) error {
	parts, err := joinParts(dirs)
	if err != nil {
		return err
	}
	r.single = len(parts) == 1 && parts[0].number == 0
	r.lost = lostParts(dirs)
	var certs [][]byte
	for i, p := range parts {
		po := o
		po.Running = o.Running && i == len(parts)-1
		v := partVerifier{ctx: ctx, fsys: p.fsys, r: r, o: po, n: p.number}
		if err := v.run(); err != nil {
			return fmt.Errorf("recording: part %d: %w", p.number, err)
		}
		last := v.p
		certs = append(certs, last.Log.Certificates...)
		r.Complete = last.Log.Ended
		r.chainPart(last, i, parts)
		r.Parts = append(r.Parts, last)
	}
	r.successor()
	r.declared()
	r.heldElsewhere(o.Held)
	return r.signers(certs, o)
}

// heldElsewhere reports kept checkpoints of parts that are not here, and those of
// other logs: partVerifier.held shows each part its own alone.
func (r *Report) heldElsewhere(held [][]byte) {
	for _, h := range held {
		n, err := ledger.ParseNote(h)
		if err != nil || slices.ContainsFunc(r.Parts, func(p PartReport) bool { return r.single || ofPart(n, p.Part) }) {
			continue // one that is none was an error of its part
		}
		r.add(Damage{Damage: ledger.Damage{
			Code: ledger.DamageHeld, File: ledger.LogName, Line: 0, LineTo: int64(n.Size) - 1, Offset: -1, Detail: "of a part that is not here: " + n.Origin,
		}})
	}
}

// ofPart tells whether a note's origin ends with the number of a part.
func ofPart(n ledger.Note, part int) bool {
	return strings.HasSuffix(n.Origin, fmt.Sprintf("/part/%04d", part))
}

type partDirFS struct {
	number int
	fsys   fs.FS
}

// isSupplement tells the names of supplements, whole and half written.
func isSupplement(name string) bool {
	var n int
	_, err := fmt.Sscanf(name, "supplement-%d", &n)
	base := fmt.Sprintf("supplement-%04d.asice", n)
	return err == nil && (name == base || name == base+".new")
}

// besidePart tells of a file in a hearing's directory whether it may stand there: the
// sealed file of a part, which is verified by itself (see package archive), and the
// entries about parts that are elsewhere or lost, of which their successors tell.
func besidePart(name string) bool {
	return slices.ContainsFunc([]string{".asice", ".asice.new", ElsewhereExt, LostExt}, func(ext string) bool {
		_, ok := PartNumber(name, ext)
		return ok
	})
}

func findParts(fsys fs.FS) ([]partDirFS, error) {
	for _, name := range []string{ledger.LogName, ledger.CheckpointsName} {
		if _, err := fs.Stat(fsys, name); err == nil {
			return []partDirFS{{0, fsys}}, nil
		}
	}
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	var out []partDirFS
	for _, e := range entries {
		if e.Type().IsRegular() && isSupplement(e.Name()) {
			continue // verified by itself; see package archive
		}
		n, ok := PartNumber(e.Name(), "")
		if !ok && !e.IsDir() && besidePart(e.Name()) || e.IsDir() && IsMirror(e.Name()) {
			continue
		}
		if !ok || !e.IsDir() {
			return nil, fmt.Errorf("recording: %q is no part of a hearing", e.Name())
		}
		sub, err := fs.Sub(fsys, e.Name())
		if err != nil {
			return nil, err
		}
		out = append(out, partDirFS{n, sub})
	}
	if len(out) == 0 {
		return nil, errNoParts
	}
	slices.SortFunc(out, func(a, b partDirFS) int { return a.number - b.number })
	return out, nil
}

func (r *Report) add(d Damage) {
	if len(r.Damages) >= maxDamages {
		r.More = true
		return
	}
	d.Detail = d.Detail[:min(len(d.Detail), maxDetail)]
	r.Damages = append(r.Damages, d)
}

// signers judges the certificates at the time of the log, so that an archive
// outlives them.
func (r *Report) signers(certs [][]byte, o Options) error {
	r.SignerKnown = o.Roots != nil && len(certs) > 0
	seen := map[string]bool{}
	var began int64 // of the first part whose log can be read
	for _, p := range r.Parts {
		if began = p.Log.FirstT; began != 0 {
			break
		}
	}
	for _, der := range certs {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("recording: certificate: %w", err)
		}
		if id := c.Subject.CommonName + " " + c.SerialNumber.Text(16); !seen[id] {
			seen[id] = true
			r.Signers = append(r.Signers, c.Subject.CommonName)
		}
		if o.Roots == nil {
			continue
		}
		if err := trusted(c, o.Roots, began); err != nil {
			r.SignerKnown, r.SignerError = false, err.Error()
		}
	}
	return nil
}

// trusted judges a certificate at a time, UTC unix microseconds.
func trusted(c *x509.Certificate, roots *x509.CertPool, at int64) error {
	_, err := c.Verify(x509.VerifyOptions{
		Roots: roots, CurrentTime: time.UnixMicro(at), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err
}

// Known tells whether all who signed a log stand under the roots, at its beginning or
// at its last line (a log of years has seen certificates renewed), and if not, why.
func Known(log ledger.Report, roots *x509.CertPool) (known bool, why string) {
	if roots == nil || len(log.Certificates) == 0 {
		return false, ""
	}
	for _, der := range log.Certificates {
		c, err := x509.ParseCertificate(der)
		if err == nil && trusted(c, roots, log.FirstT) != nil {
			err = trusted(c, roots, log.LastT)
		}
		if err != nil {
			return false, err.Error()
		}
	}
	return true, ""
}
