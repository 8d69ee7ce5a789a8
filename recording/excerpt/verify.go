package excerpt

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"phientoa/internal/asic"
	"phientoa/internal/cades"
	"phientoa/internal/ledger"
	"phientoa/recording"
	"phientoa/recording/archive"
)

// Codes of damage besides those of package archive, which tell of the file around.
const (
	DamageAbout  = "about"  // excerpt.json is not in its form, or contradicts the sealed part
	DamageSource = "source" // what binds it to the sealed part does not hold
	DamageProof  = "proof"  // the lines are not lines of the sealed log
	DamageLine   = "line"   // not a line of a log, or none that belongs into this file
	DamageHole   = "hole"   // a line or stretch is left out that no cut explains
	DamageMedia  = "media"  // bytes are not those of their line
	DamageHeld   = "held"   // a checkpoint kept elsewhere contradicts it
)

// Bounds of a report.
const (
	maxDamages = 200
	maxGaps    = 20_000
	maxBlanks  = 1000
	maxDetail  = 300 // bytes
	maxTracks  = 4096
	// blankAfter is from how long nothing shown of a track is named, in microseconds: a
	// stretch lasts at most 2 s, and a microphone may be silent for a while.
	blankAfter = 10e6
)

// Damage is one fault with its place. Line is of the sealed log, -1 unknown; times are
// UTC unix microseconds, 0 when the fault is of no stretch.
type Damage struct {
	Code   string `json:"code"`
	Entry  string `json:"entry,omitempty"`
	Offset int64  `json:"offset"` // of a container's damage in the file, of media in the entry; -1 unknown
	Line   int64  `json:"line"`
	Track  string `json:"track,omitempty"`
	FromT  int64  `json:"from_t,omitempty"`
	ToT    int64  `json:"to_t,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// Source is the sealed part that the file was made of.
type Source struct {
	Hearing  string        `json:"hearing"`
	Node     string        `json:"node"`
	Part     int           `json:"part"`
	BeganT   int64         `json:"began_t"`
	EndedT   int64         `json:"ended_t"`
	Lines    uint64        `json:"lines"`
	Root     string        `json:"root"` // hex
	SHA256   string        `json:"sha256"`
	Manifest string        `json:"manifest_sha256"`
	Seal     *archive.Seal `json:"seal,omitempty"`       // of the recording node, over the part
	Court    *archive.Seal `json:"court_seal,omitempty"` // of the court, over that
}

// Track is what is shown of one.
type Track struct {
	Track    string `json:"track"`
	Source   string `json:"source"` // device/kind
	Codec    string `json:"codec"`
	FromT    int64  `json:"from_t"` // of the first stretch shown
	ToT      int64  `json:"to_t"`
	Segments int    `json:"segments"`
	Bytes    int64  `json:"bytes"`
	// CutSegments and CutBytes are of stretches whose hashes alone are here.
	CutSegments int   `json:"cut_segments,omitempty"`
	CutBytes    int64 `json:"cut_bytes,omitempty"`
	channels    uint8
	lines       ledger.Tree      // about it in front of the end line, of a redacted copy
	fileEnd     map[string]int64 // where the last line shown of a file ends
	seenTo      int64            // of the last stretch, cut or not
}

// Blank is a stretch of a track of which nothing is shown and no gap speaks: the track
// was not open, or the line about it is not here.
type Blank struct {
	Track string `json:"track"`
	FromT int64  `json:"from_t"`
	ToT   int64  `json:"to_t"`
}

// CutReport is a cut with what it took.
type CutReport struct {
	Cut
	Segments int   `json:"segments"`
	Bytes    int64 `json:"bytes"`
}

// Report is what Verify found.
type Report struct {
	Container archive.Container `json:"container"`
	About     *About            `json:"about,omitempty"`
	Source    *Source           `json:"source,omitempty"`
	Tracks    []Track           `json:"tracks"`
	Gaps      []recording.Gap   `json:"gaps"`
	Blanks    []Blank           `json:"blanks"`
	Cuts      []CutReport       `json:"cuts,omitempty"`
	Shown     uint64            `json:"shown_lines"`
	Withheld  uint64            `json:"withheld_lines"`
	Events    int               `json:"events"`
	// Complete: proved that every line about these tracks and times is here, gaps above
	// all. Logs that ended without strands leave that to who made the file.
	Complete bool  `json:"lines_complete"`
	Proof    int64 `json:"proof_bytes"`
	// Unheld counts checkpoints kept elsewhere that tell of other lengths of the log: of
	// these the sealed part as a whole can be asked, not this file.
	Unheld int `json:"held_not_compared,omitempty"`
	// OtherIssuer: the file is under another key than the seals of the part, so that what
	// it says of itself (cuts, reason, for whom) is the word of whoever has that key.
	OtherIssuer bool     `json:"other_issuer,omitempty"`
	Damages     []Damage `json:"damages"`
	More        bool     `json:"more_damages"`
	Unreadable  string   `json:"unreadable,omitempty"`
}

// ExitCode is as that of archive.Report: 0 whole under a trusted root, 1 damaged, 2
// cannot be read, 3 whole and the signer unknown, another than the part's, or a checkpoint
// not comparable.
func (r Report) ExitCode() int {
	switch {
	case r.Unreadable != "":
		return 2
	case len(r.Damages) > 0 || r.Container.Seal == nil || r.Source == nil || r.Source.Seal == nil:
		return 1
	case !r.vouched() || r.Unheld > 0:
		return 3
	}
	return 0
}

// Uncompared tells that nothing but checkpoints that cannot be compared is open: it is
// whole, and who signed is known.
func (r Report) Uncompared() bool { return r.ExitCode() == 3 && r.vouched() }

func (r Report) vouched() bool {
	return r.Container.Vouched() && r.Source.vouched() && !r.OtherIssuer
}

// sealedBy tells whether a key that sealed the part, the node's or the court's, sealed
// this file too.
func (s *Source) sealedBy(file *archive.Seal) bool {
	for _, seal := range []*archive.Seal{s.Seal, s.Court} {
		if seal != nil && seal.Certificate() != nil && file.SameKey(seal.Certificate().Raw) {
			return true
		}
	}
	return false
}

// vouched is archive.Container.Vouched of the part that this is of.
func (s Source) vouched() bool { return archive.Container{Seal: s.Seal, Court: s.Court}.Vouched() }

func (r Report) first() string {
	if len(r.Damages) == 0 {
		return r.Unreadable
	}
	d := r.Damages[0]
	return fmt.Sprintf("%s %s line %d: %s", d.Code, d.Entry, d.Line, d.Detail)
}

// Recognise tells whether a file is one of this package, as far as its headers still
// say.
func Recognise(r io.ReaderAt, size int64) bool {
	head := make([]byte, 128)
	n, _ := r.ReadAt(head, 0)
	tail := make([]byte, min(size, 64<<10))
	m, _ := r.ReadAt(tail, size-int64(len(tail)))
	return bytes.Contains(head[:n], []byte(aboutName)) || (bytes.Contains(tail[:m], []byte(aboutName)) && bytes.Contains(tail[:m], []byte(proofName)))
}

// Verify checks a file of this package of size bytes, offline, in memory that does not
// grow with it. It never writes.
func Verify(ctx context.Context, r io.ReaderAt, size int64, o archive.Options) (out Report) {
	v := verifier{ctx: ctx, o: o, tracks: map[string]*Track{}, media: map[string]*fileAt{}}
	v.r = Report{Tracks: []Track{}, Gaps: []recording.Gap{}, Blanks: []Blank{}, Damages: []Damage{}}
	var err error
	v.r.Container, err = archive.VerifyFrame(ctx, r, size, o, v.inside)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		v.r.Unreadable = err.Error()
		return v.r
	}
	v.r.OtherIssuer = v.r.Container.Seal != nil && v.r.Source != nil && !v.r.Source.sealedBy(v.r.Container.Seal)
	var frame []Damage
	for _, d := range v.r.Container.Damages {
		frame = append(frame, Damage{Code: d.Code, Entry: d.Entry, Offset: d.Offset, Line: -1, Detail: d.Detail})
	}
	v.r.Damages = append(frame, v.r.Damages...) // what encloses the rest comes first
	v.r.Container.Damages = []archive.Damage{}
	return v.r
}

// VerifyAny is Verify of an excerpt or a redacted copy, and archive.Verify of what is a
// sealed part: size bytes, wherever they come from.
func VerifyAny(ctx context.Context, r io.ReaderAt, size int64, o archive.Options) interface {
	ExitCode() int
	Text(lang string) string
} {
	if Recognise(r, size) {
		return Verify(ctx, r, size, o)
	}
	return archive.Verify(ctx, r, size, o)
}

type verifier struct {
	ctx   context.Context
	o     archive.Options
	r     Report
	c     *asic.Container
	files fs.FS
	about About
	log   archive.About
	note  ledger.Note
	key   ledger.Key // of the last key line shown
	// of the lines
	tracks map[string]*Track
	order  []string
	media  map[string]*fileAt
	last   ledger.Line // shown last; Raw and Members are not kept
	chain  ledger.Hash // of it
	ended  bool
	// strands are what the end line says, and threads lay the lines into them; nil in a file
	// of format 1.
	strands   []recording.Strand
	threads   *threads
	misplaced error // of a line that has no place in them
}

// fileAt is a track file in this container.
type fileAt struct {
	f    fs.File
	at   io.ReaderAt
	size int64
	pos  int64
	init int64
}

func (v *verifier) damage(d Damage) {
	if len(v.r.Damages) >= maxDamages {
		v.r.More = true
		return
	}
	d.Detail = d.Detail[:min(len(d.Detail), maxDetail)]
	v.r.Damages = append(v.r.Damages, d)
}

func (v *verifier) fault(code, entry, detail string) {
	v.damage(Damage{Code: code, Entry: entry, Offset: -1, Line: -1, Detail: detail})
}

// inside checks what the files say, in front of their digests.
func (v *verifier) inside(files fs.FS, c *asic.Container) error {
	v.files, v.c = files, c
	about, err := v.c.ReadFile(aboutName, maxAbout)
	if err == nil {
		v.about, err = parseAbout(about)
	}
	if err != nil {
		v.fault(DamageAbout, aboutName, err.Error())
		return nil
	}
	v.r.About = &v.about
	if !v.source() || !v.openMedia() {
		return nil
	}
	err = v.lines()
	for _, f := range v.media {
		err = errors.Join(err, f.f.Close())
	}
	return err
}

// source checks what binds this file to the sealed part: its list of files with the
// node's seal, in it the description with the Merkle root, and the last checkpoint.
func (v *verifier) source() bool {
	xml, err := v.c.ReadFile(manifestName("001"), asic.MaxManifest)
	var der, session, note []byte
	if err == nil {
		der, err = v.c.ReadFile(signatureName("001"), cades.MaxSignature)
	}
	if err == nil {
		session, err = v.c.ReadFile(sessionName, archive.MaxSession)
	}
	if err == nil {
		note, err = v.c.ReadFile(noteName, 8<<10)
	}
	if err != nil {
		v.fault(DamageSource, sourceDir, err.Error())
		return false
	}
	sum := sha256.Sum256(xml)
	s := &Source{SHA256: v.about.SHA256, Manifest: hex.EncodeToString(sum[:])}
	if s.Seal, err = archive.JudgeSeal(der, sum, v.o); err != nil {
		v.fault(DamageSource, signatureName("001"), err.Error())
	}
	list, err := asic.ParseManifest(xml)
	if err != nil {
		v.fault(DamageSource, manifestName("001"), err.Error())
		return false
	}
	want := asic.FileDigest{Name: archive.SessionName, SHA256: sha256.Sum256(session)}
	if !slices.Contains(list.Files, want) {
		v.fault(DamageSource, sessionName, "not the description that was sealed")
	}
	if v.log, err = archive.ParseSession(session); err != nil {
		v.fault(DamageSource, sessionName, err.Error())
		return false
	}
	s.Hearing, s.Node, s.Part, s.BeganT, s.EndedT, s.Lines = v.log.Hearing, v.log.Node, v.log.Part, v.log.BeganT, v.log.EndedT, v.log.Lines
	s.Root = hex.EncodeToString(v.log.Root[:])
	v.r.Source = s
	v.court(list, xml, der)
	if v.about.Origin != v.log.Origin || v.about.Manifest != s.Manifest {
		v.fault(DamageAbout, aboutName, "names another sealed part")
	}
	if v.note, err = ledger.ParseNote(note); err != nil || v.note.Size != v.log.Lines || v.note.Root != v.log.Root || v.note.Origin != v.log.Origin {
		v.fault(DamageSource, noteName, "not the last checkpoint of the sealed log")
		return false
	}
	v.held()
	return true
}

// court checks the court's seal where it came along.
func (v *verifier) court(list asic.Manifest, xml, der []byte) {
	if _, ok := v.c.Entry(signatureName("002")); !ok {
		return
	}
	second, err := v.c.ReadFile(manifestName("002"), asic.MaxManifest)
	var seal []byte
	if err == nil {
		seal, err = v.c.ReadFile(signatureName("002"), cades.MaxSignature)
	}
	if err == nil && !bytes.Equal(second, list.Second(xml, der).XML()) {
		err = errors.New("not the files that the node has sealed, with its seal")
	}
	if err == nil {
		v.r.Source.Court, err = archive.JudgeSeal(seal, sha256.Sum256(second), v.o)
	}
	if err == nil && v.r.Source.Seal != nil && v.r.Source.Court.SameKey(v.r.Source.Seal.Certificate().Raw) {
		err = errors.New("the court's seal is of the node's key")
	}
	if err != nil {
		v.fault(DamageSource, signatureName("002"), err.Error())
	}
}

// held lays checkpoints beside it that somebody else kept.
func (v *verifier) held() {
	for _, h := range v.o.Held {
		n, err := ledger.ParseNote(h)
		switch {
		case err != nil || n.Origin != v.log.Origin || n.Size > v.log.Lines || (n.Size == v.log.Lines && n.Root != v.log.Root):
			v.fault(DamageHeld, sessionName, "a checkpoint that was kept elsewhere is of another log")
		case n.Size < v.log.Lines:
			v.r.Unheld++
		}
	}
}

// openMedia opens the track files that excerpt.json names; the list of the container
// names no others.
func (v *verifier) openMedia() bool {
	last := ""
	for _, f := range v.about.Files {
		e, ok := v.c.Entry(f.Name)
		if !ok || len(f.Name) <= len(mediaDir) || f.Name[:len(mediaDir)] != mediaDir || f.Name <= last || f.Init < 0 || f.Init > min(e.Size, recording.MaxInit) {
			v.fault(DamageAbout, aboutName, "names a track file that is not here")
			return false
		}
		last = f.Name
		file, err := v.files.Open(f.Name)
		if err != nil {
			v.fault(archive.DamageMissing, f.Name, err.Error())
			return false
		}
		at, ok := file.(io.ReaderAt)
		if !ok {
			v.fault(archive.DamageMissing, f.Name, "cannot be read")
			return false
		}
		v.media[f.Name] = &fileAt{f: file, at: at, size: e.Size, init: f.Init}
	}
	for _, e := range v.c.Entries() {
		if _, ok := v.media[e.Name]; !ok && !v.own(e.Name) {
			v.fault(archive.DamageUnlisted, e.Name, "no part of such a file")
		}
	}
	return true
}

// own tells the entries that are no track files.
func (v *verifier) own(name string) bool {
	switch name {
	case asic.MimetypeName, aboutName, linesName, proofName, readmeName, scriptName, noteName, sessionName, asic.ManifestName, asic.SignatureName,
		manifestName("001"), signatureName("001"), manifestName("002"), signatureName("002"):
		return true
	}
	return false
}

// inOneTree proves the lines by one walk down the log's tree.
func (v *verifier) inOneTree(s *stream, hidden func() (ledger.Hash, error)) error {
	root, err := ledger.RootOfSeveral(v.log.Lines, ledger.Shown{Next: s.next, Take: s.take}, hidden)
	if err == nil && root != v.log.Root {
		err = fmt.Errorf("%w: another Merkle root than the sealed one", ledger.ErrSeveral)
	}
	// Format 1 proves no excerpt complete. Where the log allows format 2, whoever chose
	// format 1 may have done so in order to leave lines out.
	if err == nil && v.about.Kind == KindExcerpt && v.strands != nil && v.last.Kind == ledger.KindEnd && v.last.I+1 == v.log.Lines {
		v.fault(DamageHole, linesName, "of format 1, though the log ended with strands")
	}
	return err
}

// lines walks the lines with the proof beside them.
func (v *verifier) lines() (err error) {
	lines, err := v.files.Open(linesName)
	if err != nil {
		v.fault(archive.DamageMissing, linesName, err.Error())
		return nil
	}
	defer func() { err = errors.Join(err, lines.Close()) }()
	proof, err := v.files.Open(proofName)
	if err != nil {
		v.fault(archive.DamageMissing, proofName, err.Error())
		return nil
	}
	defer func() { err = errors.Join(err, proof.Close()) }()
	s := &stream{v: v, in: bufio.NewReaderSize(lines, 64<<10)}
	hashes := bufio.NewReader(proof)
	hidden := func() (h ledger.Hash, err error) {
		if _, err := io.ReadFull(hashes, h[:]); err != nil {
			return h, fmt.Errorf("%w: the proof ends too early", ledger.ErrSeveral)
		}
		v.r.Proof += int64(len(h))
		return h, nil
	}
	if v.about.Format == 2 {
		err = v.inStretches(s, hidden)
	} else {
		err = v.inOneTree(s, hidden)
	}
	if ctx := v.ctx.Err(); ctx != nil {
		return ctx
	}
	if _, more := hashes.ReadByte(); err == nil && more == nil {
		err = fmt.Errorf("%w: hashes that nobody needs", ledger.ErrSeveral)
	}
	if err != nil {
		at := int64(v.last.I)
		if v.r.Shown == 0 {
			at = -1
		}
		d := Damage{Code: DamageProof, Entry: proofName, Offset: v.r.Proof, Line: at, Detail: err.Error()}
		var bad *lineError
		if errors.As(err, &bad) {
			d = Damage{Code: DamageLine, Entry: linesName, Offset: bad.offset, Line: at, Detail: bad.why}
		}
		v.damage(d)
		return nil
	}
	v.finish()
	return nil
}
