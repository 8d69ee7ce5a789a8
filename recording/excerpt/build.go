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
	"os"
	"slices"
	"strings"
	"time"

	"phientoa/internal/asic"
	"phientoa/internal/cades"
	"phientoa/internal/ledger"
	"phientoa/recording"
	"phientoa/recording/archive"
)

// Asked is what a file is to hold.
type Asked struct {
	Kind string // KindExcerpt, KindRedacted
	// FromT, ToT, Tracks and Events are an excerpt's: UTC unix microseconds, ids of
	// tracks, and whether what happened in the hearing meanwhile is shown.
	FromT, ToT int64
	Tracks     []string
	Events     bool
	Cuts       []Cut // a redacted copy's
	Reason     string
	By         string // who has it made
}

// Params makes one file of a sealed part.
type Params struct {
	Container io.ReaderAt // of the sealed part, in clear
	Size      int64
	SHA256    [sha256.Size]byte // of it, as the catalogue has it
	Asked     Asked
	Out       string // there as a whole or not at all
	Signer    archive.Signer
	Now       func() time.Time
	Progress  func(share float64) // 0 to 1; nil: nobody asks
	// Room is asked before anything is written, with the bytes of sound and pictures.
	Room func(bytes int64) error
}

// Errors of Build.
var (
	// ErrEmpty: nothing is recorded there.
	ErrEmpty = errors.New("excerpt: nothing is recorded there")
	// ErrNoRoom: the disk has to be kept for recordings.
	ErrNoRoom = errors.New("excerpt: too little room on the disk")
	// ErrDamaged: the sealed part is not whole where it is needed.
	ErrDamaged = errors.New("excerpt: the sealed part is damaged")
)

// Build makes an excerpt or a redacted copy, seals it with the node's key, reads it
// back and only then gives it its name. Nothing is made of a part whose seal, log or
// asked-for stretches do not hold. Memory grows with the lines of the log (some 100
// bytes each), not with sound and pictures.
func Build(ctx context.Context, p Params) (r Report, err error) {
	b := builder{ctx: ctx, p: p}
	if err := b.open(); err != nil {
		return r, err
	}
	if err := b.plan(); err != nil {
		return r, err
	}
	if p.Room != nil {
		if err := p.Room(b.total); err != nil {
			return r, err
		}
	}
	err = archive.WriteWhole(p.Out, func(f *os.File) error {
		size, err := b.write(f)
		if err != nil {
			return err
		}
		r = Verify(ctx, f, size, archive.Options{Now: p.Now()})
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(r.Damages) > 0 || r.Unreadable != "" {
			return fmt.Errorf("%w: %s", ErrDamaged, r.first())
		}
		return nil
	})
	return r, err
}

// builder holds what is known of the part.
type builder struct {
	ctx      context.Context
	p        Params
	c        *asic.Container
	manifest []byte
	seals    []asic.File // the sealed part's lists and seals, as they go into the file
	session  []byte
	log      archive.About
	note     ledger.Note

	about   About
	shown   []uint64           // lines
	bytes   int64              // of these lines
	media   map[string][]piece // what is shown of each file, in order
	proof   []ledger.Hash
	total   int64 // bytes of media
	written int64
}

// piece is a run of bytes of a track file.
type piece struct{ offset, length int64 }

// open reads what the part says of itself, and refuses one whose seal does not hold.
func (b *builder) open() (err error) {
	if b.c, err = asic.Open(b.p.Container, b.p.Size); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	for _, n := range []struct {
		manifest, signature, as string
	}{{asic.ManifestName, asic.SignatureName, "001"}, {asic.Manifest2Name, asic.Signature2Name, "002"}} {
		if _, ok := b.c.Entry(n.signature); !ok && n.as == "002" {
			break
		}
		xml, err := b.c.ReadFile(n.manifest, asic.MaxManifest)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		der, err := b.c.ReadFile(n.signature, cades.MaxSignature)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if _, err := cades.Verify(der, sha256.Sum256(xml)); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if n.as == "001" {
			b.manifest = xml
		}
		b.seals = append(b.seals, asic.File{Name: manifestName(n.as), Content: xml}, asic.File{Name: signatureName(n.as), Content: der})
	}
	if b.session, err = b.c.ReadFile(archive.SessionName, archive.MaxSession); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if b.log, err = archive.ParseSession(b.session); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	sum := sha256.Sum256(b.manifest)
	b.about = About{
		Format: 1, Kind: b.p.Asked.Kind, Origin: b.log.Origin,
		SHA256: hex.EncodeToString(b.p.SHA256[:]), Manifest: hex.EncodeToString(sum[:]),
		FromT: b.p.Asked.FromT, ToT: b.p.Asked.ToT, Events: b.p.Asked.Events, Cuts: slices.Clone(b.p.Asked.Cuts),
		Reason: b.p.Asked.Reason, By: b.p.Asked.By, MadeT: b.p.Now().UnixMicro(), Files: []File{},
	}
	for i := range b.about.Cuts {
		b.about.Cuts[i].Tracks = sortedSet(b.about.Cuts[i].Tracks)
	}
	return b.lastNote()
}

func manifestName(n string) string  { return sourceDir + "ASiCManifest" + n + ".xml" }
func signatureName(n string) string { return sourceDir + "signature" + n + ".p7s" }

func sortedSet(in []string) []string {
	out := slices.Clone(in)
	slices.Sort(out)
	if out = slices.Compact(out); out == nil {
		out = []string{}
	}
	return out
}

// maxNoteEnd is from where the last checkpoint is looked for, in bytes before the end.
const maxNoteEnd = 16 << 10

// lastNote is the checkpoint over the whole log.
func (b *builder) lastNote() error {
	e, ok := b.c.Entry(ledger.CheckpointsName)
	if !ok {
		return fmt.Errorf("%w: no checkpoints", ErrDamaged)
	}
	at := max(0, e.Size-maxNoteEnd)
	end, err := io.ReadAll(io.NewSectionReader(b.c.Reader(e), at, e.Size-at))
	if err != nil {
		return fmt.Errorf("excerpt: %w", err)
	}
	// A note is five lines of text, an empty one, its signature, and an empty one.
	blocks := bytes.Split(bytes.TrimRight(end, "\n"), []byte("\n\n"))
	if len(blocks) >= 2 {
		text := append(append(bytes.Clone(blocks[len(blocks)-2]), "\n\n"...), append(bytes.Clone(blocks[len(blocks)-1]), '\n')...)
		b.note, err = ledger.ParseNote(text)
	}
	if len(blocks) < 2 || err != nil || b.note.Size != b.log.Lines || b.note.Root != b.log.Root || b.note.Origin != b.log.Origin {
		return fmt.Errorf("%w: the last checkpoint is not of its whole log", ErrDamaged)
	}
	return nil
}

// plan goes through the log: which lines and bytes are shown, and their proof.
func (b *builder) plan() error {
	if b.about.Kind == KindExcerpt {
		if err := b.starts(); err != nil {
			return err
		}
	}
	if err := b.about.check(); err != nil { // before anything is looked for
		return err
	}
	if b.about.Kind == KindExcerpt {
		if ok, err := b.stretches(); err != nil || ok {
			b.sum()
			return err
		}
	}
	lastKey, err := b.choose()
	if err != nil {
		return err
	}
	if b.about.Kind == KindExcerpt {
		// Of the keys only the one is needed that signed the checkpoint.
		i, _ := slices.BinarySearch(b.shown, lastKey)
		b.shown = slices.Insert(b.shown, i, lastKey)
	}
	proofs, err := ledger.BuildProofs(b.c.FS(isLog), b.log.Lines)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if root, err := proofs.Root(b.log.Lines); err != nil || root != b.log.Root {
		return fmt.Errorf("%w: the log is not the one that was signed", ErrDamaged)
	}
	if b.proof, err = proofs.Several(b.log.Lines, b.shown); err != nil {
		return err
	}
	b.sum()
	return nil
}

// sum puts into the description what was planned.
func (b *builder) sum() {
	slices.SortFunc(b.about.Files, func(x, y File) int { return strings.Compare(x.Name, y.Name) })
	b.about.Lines, b.about.Hashes = uint64(len(b.shown)), uint64(len(b.proof))
}

func isLog(name string) bool { return name == ledger.LogName }

// rows calls do with each line of the log.
func (b *builder) rows(do func(r row, l ledger.Line) error) error {
	last := map[string]int64{} // to_t of the last stretch of a track
	err := ledger.Lines(b.c.FS(isLog), func(l ledger.Line) (bool, error) {
		if err := b.ctx.Err(); err != nil {
			return false, err
		}
		r, err := rowOf(l, func(track string) int64 { return last[track] })
		if err != nil {
			return false, err
		}
		if r.media() {
			last[r.Track] = r.ToT
		}
		return true, do(r, l)
	})
	if errors.Is(err, ledger.ErrLine) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// starts finds where each track of an excerpt begins: pictures at the last keyframe
// before the beginning, where one is near.
func (b *builder) starts() error {
	asked := sortedSet(b.p.Asked.Tracks)
	from := map[string]int64{}
	for _, t := range asked {
		from[t] = 0
	}
	err := b.rows(func(r row, _ ledger.Line) error {
		if old, ok := from[r.Track]; ok && r.Kind == ledger.KindSeg && r.Keys > 0 && r.FromT > old && r.FromT <= b.about.FromT {
			from[r.Track] = r.FromT
		}
		return nil
	})
	for _, t := range asked {
		if from[t] < b.about.FromT-preroll {
			from[t] = b.about.FromT
		}
		b.about.Tracks = append(b.about.Tracks, Start{t, from[t]})
	}
	return err
}

// choose collects the lines and bytes that are shown.
func (b *builder) choose() (lastKey uint64, err error) {
	b.media = map[string][]piece{}
	inits := map[string]int64{}
	any := false
	err = b.rows(func(r row, _ ledger.Line) error {
		if r.I >= b.log.Lines {
			return nil
		}
		if r.Kind == ledger.KindKey {
			lastKey = r.I
		}
		if r.media() && r.Offset == 0 {
			inits[r.File] = r.Init
		}
		if !b.about.shows(r) || (b.about.Kind == KindExcerpt && r.Kind == ledger.KindKey) {
			return nil
		}
		b.shown = append(b.shown, r.I)
		if !r.media() || b.about.cut(r) >= 0 {
			return nil
		}
		any = true
		return b.add(r, inits[r.File])
	})
	if err == nil && !any && b.about.Kind == KindExcerpt {
		err = ErrEmpty
	}
	return lastKey, err
}

// add notes a stretch to be copied, with the file's beginning in front of the first.
func (b *builder) add(r row, init int64) error {
	e, ok := b.c.Entry(r.File)
	if !ok || r.Offset < 0 || r.Length < 0 || r.Offset > e.Size-r.Length || init < 0 || init > recording.MaxInit || init > e.Size {
		return fmt.Errorf("%w: line %d names bytes that are not there", ErrDamaged, r.I)
	}
	pieces := b.media[r.File]
	if pieces == nil {
		if len(b.about.Files) >= maxFiles {
			return fmt.Errorf("%w: more than %d track files", ErrAsked, maxFiles)
		}
		f := File{Name: r.File}
		if r.Offset > 0 {
			f.Init = init
			pieces = append(pieces, piece{0, init})
			b.total += init
		}
		b.about.Files = append(b.about.Files, f)
	}
	if n := len(pieces); n > 0 && pieces[n-1].offset+pieces[n-1].length == r.Offset {
		pieces[n-1].length += r.Length // one run
	} else {
		pieces = append(pieces, piece{r.Offset, r.Length})
	}
	b.media[r.File] = pieces
	b.total += r.Length
	return nil
}

// write writes the file and seals it.
func (b *builder) write(f *os.File) (int64, error) {
	about, err := b.about.render()
	if err != nil {
		return 0, err
	}
	z, err := asic.NewWriter(f)
	if err != nil {
		return 0, err
	}
	list := asic.Manifest{Signature: asic.SignatureName}
	add := func(name string, size int64, r io.Reader) error {
		sum, err := z.Add(name, size, r)
		list.Files = append(list.Files, asic.FileDigest{Name: name, SHA256: sum})
		return err
	}
	small := slices.Concat([]asic.File{{Name: aboutName, Content: about}, {Name: sessionName, Content: b.session}}, b.seals,
		[]asic.File{{Name: noteName, Content: b.note.Note}})
	for _, s := range small {
		if err := add(s.Name, int64(len(s.Content)), bytes.NewReader(s.Content)); err != nil {
			return 0, err
		}
	}
	if err := b.lineBytes(); err != nil {
		return 0, err
	}
	if err := add(linesName, b.bytes, b.lineReader()); err != nil {
		return 0, err
	}
	proof := make([]byte, 0, len(b.proof)*sha256.Size)
	for _, h := range b.proof {
		proof = append(proof, h[:]...)
	}
	if err := add(proofName, int64(len(proof)), bytes.NewReader(proof)); err != nil {
		return 0, err
	}
	for _, m := range b.about.Files {
		if err := add(m.Name, b.sizeOf(m.Name), b.mediaReader(m.Name)); err != nil {
			return 0, err
		}
	}
	for _, t := range []asic.File{{Name: readmeName, Content: []byte(readme)}, {Name: scriptName, Content: []byte(script)}} {
		if err := add(t.Name, int64(len(t.Content)), bytes.NewReader(t.Content)); err != nil {
			return 0, err
		}
	}
	return b.seal(f, z, list)
}

func (b *builder) seal(f *os.File, z *asic.Writer, list asic.Manifest) (int64, error) {
	xml := list.XML()
	if _, err := z.Add(asic.ManifestName, int64(len(xml)), bytes.NewReader(xml)); err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil { // nothing is signed that is not on disk
		return 0, fmt.Errorf("excerpt: %w", err)
	}
	der, err := archive.SealManifest(b.ctx, b.p.Signer, b.log.Origin, xml, b.about.MadeT)
	if err != nil {
		return 0, err
	}
	if _, err := z.Add(asic.SignatureName, int64(len(der)), bytes.NewReader(der)); err != nil {
		return 0, err
	}
	return z.Close()
}

func (b *builder) sizeOf(name string) (n int64) {
	for _, p := range b.media[name] {
		n += p.length
	}
	return n
}

func (b *builder) mediaReader(name string) io.Reader {
	e, _ := b.c.Entry(name)
	var all []io.Reader
	for _, p := range b.media[name] {
		all = append(all, io.NewSectionReader(b.c.Reader(e), p.offset, p.length))
	}
	return &counted{b, io.MultiReader(all...)}
}

// counted tells how far the copy is, and ends with the context.
type counted struct {
	b *builder
	r io.Reader
}

// Read implements io.Reader.
func (c *counted) Read(buf []byte) (int, error) {
	if err := c.b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(buf)
	c.b.written += int64(n)
	if c.b.p.Progress != nil && c.b.total > 0 {
		c.b.p.Progress(float64(c.b.written) / float64(c.b.total))
	}
	return n, err
}

// lineBytes is how long the shown lines are.
func (b *builder) lineBytes() error {
	n, err := io.Copy(io.Discard, b.lineReader())
	b.bytes = n
	if err != nil {
		return fmt.Errorf("excerpt: %w", err)
	}
	return nil
}

// lineReader reads the shown lines, as they stand.
func (b *builder) lineReader() io.Reader {
	e, _ := b.c.Entry(ledger.LogName)
	return &picked{in: bufio.NewReaderSize(b.c.Reader(e), 64<<10), shown: b.shown}
}

// picked reads some lines of a file.
type picked struct {
	in    *bufio.Reader
	shown []uint64
	at    uint64 // the line that is being read
	rest  []byte
}

// Read implements io.Reader.
func (p *picked) Read(buf []byte) (int, error) {
	for len(p.rest) == 0 {
		if len(p.shown) == 0 {
			return 0, io.EOF
		}
		part, err := p.in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return 0, errors.Join(io.ErrUnexpectedEOF, err)
		}
		if p.at == p.shown[0] {
			p.rest = part
		}
		if err == nil { // the line's end
			if p.at == p.shown[0] {
				p.shown = p.shown[1:]
			}
			p.at++
		}
	}
	n := copy(buf, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}
