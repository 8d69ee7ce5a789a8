package recording

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"phientoa/internal/ledger"
)

// Codes of damage found in media and directory, besides those of ledger.
const (
	DamageMedia     = "media"     // bytes are not those of the record
	DamageMissing   = "missing"   // bytes or a file that a record names are not there
	DamageOrder     = "order"     // a record does not begin where the last one ended
	DamageUncovered = "uncovered" // bytes that no record names
	DamageForeign   = "foreign"   // a file that no record names
	DamageRecord    = "record"    // a line that says something impossible
	DamagePart      = "part"      // a part does not follow from the one before
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
}

// Report is what VerifyDir found.
type Report struct {
	Parts       []PartReport `json:"parts"`
	Tracks      []Track      `json:"tracks"`
	Gaps        []Gap        `json:"gaps"`
	Damages     []Damage     `json:"damages"`
	More        bool         `json:"more_damages"`
	Complete    bool         `json:"complete"` // the last part has its end line
	Running     bool         `json:"running"`
	SignerKnown bool         `json:"signer_known"`
	SignerError string       `json:"signer_error,omitempty"`
	Signers     []string     `json:"signers"`
	Unreadable  string       `json:"unreadable,omitempty"`
	single      bool         // fsys is one part, not a hearing
}

const maxDamages = 200

// Whole: nothing is damaged, and nothing is missing that ought to be there.
func (r Report) Whole() bool { return len(r.Damages) == 0 && (r.Complete || r.Running) }

// ExitCode: 0 whole under a trusted root, 1 damaged or incomplete, 2 cannot be
// read, 3 whole but the signer is unknown.
func (r Report) ExitCode() int {
	switch {
	case r.Unreadable != "":
		return 2
	case !r.Whole():
		return 1
	case !r.SignerKnown:
		return 3
	}
	return 0
}

// VerifyDir checks the evidence of one hearing, offline: fsys is the directory
// of a part or of a hearing with its parts. It never writes. An error means that
// it could not be read; the report then says so too.
func VerifyDir(ctx context.Context, fsys fs.FS, o Options) (Report, error) {
	r := Report{Running: o.Running, Gaps: []Gap{}, Damages: []Damage{}, Tracks: []Track{}}
	err := r.verify(ctx, fsys, o)
	if err != nil {
		r.Unreadable = err.Error()
	}
	return r, err
}

func (r *Report) verify(ctx context.Context, fsys fs.FS, o Options) error {
	parts, err := findParts(fsys)
	if err != nil {
		return err
	}
	r.single = len(parts) == 1 && parts[0].number == 0
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
	return r.signers(certs, o)
}

type partDirFS struct {
	number int
	fsys   fs.FS
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
		var n int
		_, err := fmt.Sscanf(e.Name(), "part-%d", &n)
		if err == nil && !e.IsDir() && (e.Name() == partDir(n)+".asice" || e.Name() == partDir(n)+".asice.new") {
			continue // the sealed file of a part is verified by itself; see package archive
		}
		if err != nil || e.Name() != partDir(n) || !e.IsDir() {
			return nil, fmt.Errorf("recording: %q is no part of a hearing", e.Name())
		}
		sub, err := fs.Sub(fsys, e.Name())
		if err != nil {
			return nil, err
		}
		out = append(out, partDirFS{n, sub})
	}
	if len(out) == 0 {
		return nil, errors.New("recording: neither a part nor parts of a hearing here")
	}
	slices.SortFunc(out, func(a, b partDirFS) int { return a.number - b.number })
	return out, nil
}

func (r *Report) add(d Damage) {
	if len(r.Damages) >= maxDamages {
		r.More = true
		return
	}
	r.Damages = append(r.Damages, d)
}

// partVerifier follows the lines of one part and checks what they name.
type partVerifier struct {
	ctx  context.Context
	fsys fs.FS
	r    *Report
	o    Options
	n    int
	p    PartReport

	files  map[string]*fileState
	torn   map[string]bool
	tracks map[string]*Track
	open   map[string]fs.File
	buf    []byte // of check
}

type fileState struct {
	covered int64
	ended   bool // by a fault; what follows is no evidence
}

// maxOpen bounds the track files held open while verifying.
const maxOpen = 64

func (v *partVerifier) run() (err error) {
	v.files, v.torn = map[string]*fileState{}, map[string]bool{}
	v.tracks, v.open = map[string]*Track{}, map[string]fs.File{}
	v.buf = make([]byte, 256<<10)
	defer func() {
		for _, f := range v.open {
			err = errors.Join(err, f.Close())
		}
	}()
	v.p.Part = v.n
	before := len(v.r.Damages)
	v.p.Log, err = ledger.VerifyLogWith(v.fsys, ledger.VerifyOptions{
		Held: v.held(), Running: v.o.Running, Line: v.line,
	})
	if err != nil {
		return err
	}
	v.p.Root = hex.EncodeToString(v.p.Log.Root[:])
	v.logFirst(before)
	v.r.More = v.r.More || v.p.Log.More
	if want := Origin(v.p.Node, v.p.Hearing, v.p.Part); v.p.Log.Origin != want {
		v.fault(ledger.Line{}, DamageRecord, "", "genesis and checkpoints name different logs")
	}
	var ids []string
	for id := range v.tracks {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		t := v.tracks[id]
		t.Part = v.p.Part
		v.r.Tracks = append(v.r.Tracks, *t)
	}
	return v.walk()
}

// logFirst puts the faults of the log in front of those of the media that its
// lines name, and drops what only an altered line says of media.
func (v *partVerifier) logFirst(before int) {
	own := slices.Clone(v.r.Damages[before:])
	v.r.Damages = v.r.Damages[:before]
	altered := map[int64]bool{}
	for _, d := range v.p.Log.Damages {
		if d.Code == ledger.DamageChain || d.Code == ledger.DamageLine {
			for i := d.Line; i <= d.LineTo; i++ {
				altered[i] = true
			}
		}
		v.r.add(Damage{Part: v.p.Part, Damage: d})
	}
	for _, d := range own {
		if !altered[d.Line] {
			v.r.add(d)
		}
	}
}

// held picks the notes of this part: those whose origin ends with its number.
func (v *partVerifier) held() [][]byte {
	var out [][]byte
	for _, h := range v.o.Held {
		n, err := ledger.ParseNote(h)
		if err == nil && v.n > 0 && !strings.HasSuffix(n.Origin, fmt.Sprintf("/part/%04d", v.n)) {
			continue
		}
		out = append(out, h)
	}
	return out
}

func (v *partVerifier) fault(l ledger.Line, code, file, detail string) {
	v.r.add(Damage{Part: v.p.Part, Damage: ledger.Damage{
		Code: code, File: file, Line: int64(l.I), LineTo: int64(l.I), Offset: -1, Detail: detail,
	}})
}

func (v *partVerifier) line(l ledger.Line, _ int64) error {
	if err := v.ctx.Err(); err != nil {
		return err
	}
	var err error
	switch l.Kind {
	case ledger.KindGenesis:
		err = v.genesis(l)
	case ledger.KindTrackOpen:
		var b trackOpenBody
		if err = json.Unmarshal(l.Members, &b); err == nil {
			t := v.track(b.Track)
			t.Source, t.Codec = b.Source.Device+"/"+b.Source.Kind, b.Codec
		}
	case ledger.KindTrackClose:
		var b trackCloseBody
		if err = json.Unmarshal(l.Members, &b); err == nil && b.File != "" {
			f := v.file(b.File)
			f.ended = true
			if b.Length == nil || *b.Length != f.covered {
				v.fault(l, DamageOrder, b.File, "file ended elsewhere")
			}
		}
	case ledger.KindSeg:
		err = v.seg(l)
	case ledger.KindGap:
		var b gapBody
		if err = json.Unmarshal(l.Members, &b); err == nil {
			v.r.Gaps = append(v.r.Gaps, Gap{v.p.Part, l.I, b.Track, v.track(b.Track).Source, b.Cause, b.FromT, b.ToT, b.Packets, b.Runs})
		}
	case ledger.KindLoose:
		var b looseBody
		if err = json.Unmarshal(l.Members, &b); err == nil {
			v.track(b.Track).Loose += len(b.Packets)
		}
	case ledger.KindEvent:
		v.p.Events++
	case ledger.KindRecovered:
		err = v.recovered(l)
	}
	if err != nil {
		v.fault(l, DamageRecord, ledger.LogName, err.Error())
	}
	return nil
}

func (v *partVerifier) genesis(l ledger.Line) error {
	var b genesisBody
	if err := json.Unmarshal(l.Members, &b); err != nil {
		return err
	}
	if v.n != 0 && b.Part != v.n {
		return fmt.Errorf("genesis is of part %d", b.Part)
	}
	v.p.Part, v.p.Hearing, v.p.Node, v.p.previous = b.Part, b.Hearing, b.Node, b.Previous
	return nil
}

func (v *partVerifier) track(id string) *Track {
	if v.tracks[id] == nil {
		v.tracks[id] = &Track{Track: id}
	}
	return v.tracks[id]
}

func (v *partVerifier) file(name string) *fileState {
	if v.files[name] == nil {
		v.files[name] = &fileState{}
	}
	return v.files[name]
}

func (v *partVerifier) seg(l ledger.Line) error {
	var b segBody
	if err := json.Unmarshal(l.Members, &b); err != nil {
		return err
	}
	t := v.track(b.Track)
	if b.Offset == 0 {
		t.Files++
	}
	t.Bytes, t.Frames = t.Bytes+b.Length, t.Frames+b.Frames
	for _, s := range b.SSRCs {
		t.Packets += s.Packets
	}
	if t.FromT == 0 {
		t.FromT = b.FromT
	}
	t.ToT = b.ToT
	return v.bytes(l, b.Track, b.File, b.Offset, b.Length, b.SHA256, b.FromT, b.ToT)
}

func (v *partVerifier) recovered(l ledger.Line) error {
	var b struct {
		recoveredFile
		TornFile  string  `json:"torn_file"`
		TornSHA   string  `json:"torn_sha256"`
		TornBytes int64   `json:"torn_bytes"`
		NotesFile string  `json:"torn_note_file"`
		NotesSHA  string  `json:"torn_note_sha256"`
		NoteBytes int64   `json:"torn_note_bytes"`
		Epoch     *uint64 `json:"epoch"`
	}
	if err := json.Unmarshal(l.Members, &b); err != nil {
		return err
	}
	for _, t := range []struct {
		file, sum string
		n         int64
	}{{b.TornFile, b.TornSHA, b.TornBytes}, {b.NotesFile, b.NotesSHA, b.NoteBytes}} {
		if t.file == "" {
			continue
		}
		v.torn[t.file] = true
		if err := v.check(l, "", t.file, 0, t.n, t.sum, l.T, l.T); err != nil {
			return err
		}
	}
	if b.Epoch != nil {
		v.p.Restarts++
	}
	if b.File == "" {
		return nil
	}
	v.p.Recovered += b.Length
	return v.bytes(l, b.Track, b.File, b.Offset, b.Length, b.SHA256, 0, l.T)
}

// bytes checks a stretch of a track file and that it continues the last one.
func (v *partVerifier) bytes(l ledger.Line, track, name string, off, n int64, sum string, from, to int64) error {
	id, _, ok := parseMediaName(strings.TrimPrefix(name, mediaDir+"/"))
	if !ok || !strings.HasPrefix(name, mediaDir+"/") || id != track || off < 0 || n < 0 {
		return fmt.Errorf("impossible stretch %d+%d of %q", off, n, name)
	}
	f := v.file(name)
	if off != f.covered || f.ended {
		v.fault(l, DamageOrder, name, fmt.Sprintf("record begins at %d, the last one ended at %d", off, f.covered))
	}
	f.covered = off + n
	return v.check(l, track, name, off, n, sum, from, to)
}

func (v *partVerifier) check(l ledger.Line, track, name string, off, n int64, sum string, from, to int64) error {
	d := Damage{
		Part: v.p.Part, Track: track, Length: n, FromT: from, ToT: to,
		Damage: ledger.Damage{Code: DamageMedia, File: name, Line: int64(l.I), LineTo: int64(l.I), Offset: off},
	}
	f, err := v.handle(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		d.Code, d.Detail = DamageMissing, "file is not there"
		v.r.add(d)
		return nil
	}
	if err != nil {
		return err
	}
	at, ok := f.(io.ReaderAt)
	if !ok {
		return fmt.Errorf("%s cannot be read at an offset", name)
	}
	h := sha256.New()
	got, err := io.CopyBuffer(h, io.NewSectionReader(at, off, n), v.buf)
	switch {
	case err != nil:
		d.Code, d.Detail = DamageMissing, err.Error()
	case got != n:
		d.Code, d.Detail = DamageMissing, fmt.Sprintf("%d of %d bytes", got, n)
	case hex.EncodeToString(h.Sum(nil)) != sum:
		d.Detail = "bytes changed"
	default:
		return nil
	}
	v.r.add(d)
	return nil
}

func (v *partVerifier) handle(name string) (fs.File, error) {
	if f := v.open[name]; f != nil {
		return f, nil
	}
	if len(v.open) >= maxOpen {
		for k, f := range v.open {
			delete(v.open, k)
			if err := f.Close(); err != nil {
				return nil, err
			}
			break
		}
	}
	f, err := v.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	v.open[name] = f
	return f, nil
}

// walk looks for what no line names.
func (v *partVerifier) walk() error {
	return fs.WalkDir(v.fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if name != "." && name != mediaDir && name != ledger.TornDir {
				v.foreign(name)
				return fs.SkipDir
			}
			return nil
		}
		switch {
		case name == ledger.LogName || name == ledger.CheckpointsName || v.torn[name]:
			return nil
		case v.files[name] == nil:
			if _, _, ok := parseMediaName(e.Name()); ok && v.o.Running {
				return nil // begun, not yet named
			}
			v.foreign(name)
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		f := v.files[name]
		if info.Size() > f.covered && !f.ended && !v.o.Running {
			v.r.add(Damage{Part: v.p.Part, Length: info.Size() - f.covered, Damage: ledger.Damage{
				Code: DamageUncovered, File: name, Line: -1, LineTo: -1, Offset: f.covered, Detail: "bytes that no record names",
			}})
		}
		return nil
	})
}

func (v *partVerifier) foreign(name string) {
	v.r.add(Damage{Part: v.p.Part, Damage: ledger.Damage{Code: DamageForeign, File: name, Line: -1, LineTo: -1, Offset: -1, Detail: "no record names it"}})
}
