package recording

import (
	"cmp"
	"context"
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

// partVerifier follows the lines of one part and checks what they name.
type partVerifier struct {
	ctx  context.Context
	fsys fs.FS
	r    *Report
	o    Options
	n    int
	p    PartReport

	exhibits exhibitRecords
	files    map[string]*fileState
	torn     map[string]bool
	tracks   map[string]*Track
	open     map[string]fs.File
	hasher   *hasher
	// strands are of the lines so far, as those that wrote them had them.
	strands strands
	// wrongEnd is the end line when it says something else of them.
	wrongEnd *ledger.Line
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
	v.hasher = newHasher()
	defer func() {
		if v.hasher != nil {
			v.hasher.close()
		}
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
	v.compared(before)
	if v.wrongEnd != nil && v.p.Log.Whole() { // else it follows from what is wrong there
		v.fault(*v.wrongEnd, DamageRecord, ledger.LogName, "the strands of the end line are not those of the lines in front of it")
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
	v.judgeExhibits()
	for _, id := range ids {
		t := v.tracks[id]
		t.Part = v.p.Part
		v.r.Tracks = append(v.r.Tracks, *t)
	}
	return v.walk()
}

// compared takes what the hasher found among the faults of this part, in the order
// of the lines.
func (v *partVerifier) compared(before int) {
	h := v.hasher
	v.hasher = nil
	h.close()
	for _, d := range h.found {
		v.r.add(d)
	}
	v.r.More = v.r.More || h.more
	slices.SortStableFunc(v.r.Damages[before:], func(a, b Damage) int { return cmp.Compare(a.Line, b.Line) })
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
		if err == nil && v.n > 0 && !ofPart(n, v.n) {
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
	track, err := v.record(l)
	if err != nil {
		v.fault(l, DamageRecord, ledger.LogName, err.Error())
	}
	v.strands.add(l, track)
	return nil
}

// record follows a line, and returns the track that it is about.
func (v *partVerifier) record(l ledger.Line) (track string, err error) {
	switch l.Kind {
	case ledger.KindGenesis:
		err = v.genesis(l)
	case ledger.KindTrackOpen:
		var b trackOpenBody
		if err = errors.Join(json.Unmarshal(l.Members, &b), short(b.Track, b.Source.Device, b.Source.Kind, b.Codec)); err == nil {
			t := v.track(b.Track)
			t.Source, t.Codec = b.Source.Device+"/"+b.Source.Kind, b.Codec
		}
		track = b.Track
	case ledger.KindTrackClose:
		var b trackCloseBody
		if err = errors.Join(json.Unmarshal(l.Members, &b), short(b.File)); err == nil && b.File != "" {
			f := v.file(b.File)
			f.ended = true
			if b.Length == nil || *b.Length != f.covered {
				v.fault(l, DamageOrder, b.File, "file ended elsewhere")
			}
		}
		track = b.Track
	case ledger.KindSeg:
		track, err = v.seg(l)
	case ledger.KindGap:
		track, err = v.gap(l)
	case ledger.KindLoose:
		track, err = v.loose(l)
	case ledger.KindEvent:
		v.p.Events++
		err = v.exhibits.event(l)
	case ledger.KindExhibit:
		err = v.exhibit(l)
	case ledger.KindRecovered:
		track, err = v.recovered(l)
	case ledger.KindEnd:
		err = v.end(l)
	}
	return track, err
}

// end compares what the end line says of the strands with the lines in front of it.
func (v *partVerifier) end(l ledger.Line) error {
	var b endBody
	if err := json.Unmarshal(l.Members, &b); err != nil {
		return err
	}
	v.p.moved = b.Reason == whyMoved
	if len(b.Strands) > 0 && !slices.Equal(b.Strands, v.strands.list()) {
		v.wrongEnd = &ledger.Line{I: l.I}
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

func (v *partVerifier) gap(l ledger.Line) (track string, err error) {
	var b gapBody
	if err := errors.Join(json.Unmarshal(l.Members, &b), short(b.Track, b.Cause)); err != nil {
		return b.Track, err
	}
	if len(b.Runs) > maxRuns {
		return b.Track, fmt.Errorf("%d runs in one gap", len(b.Runs))
	}
	source := v.track(b.Track).Source
	if len(v.r.Gaps) >= maxGaps {
		v.r.MoreGaps++
		return b.Track, nil
	}
	v.r.Gaps = append(v.r.Gaps, Gap{v.p.Part, l.I, b.Track, source, b.Cause, b.FromT, b.ToT, b.Packets, b.Runs})
	return b.Track, nil
}

// loose counts packets that stand in the log, for want of a frame in a file.
func (v *partVerifier) loose(l ledger.Line) (track string, err error) {
	var b looseBody
	if err := errors.Join(json.Unmarshal(l.Members, &b), short(b.Track)); err != nil {
		return b.Track, err
	}
	v.track(b.Track).Loose += len(b.Packets)
	return b.Track, nil
}

// short refuses names that no recorder of ours gives, before they are kept.
func short(names ...string) error {
	for _, n := range names {
		if len(n) > maxText {
			return fmt.Errorf("a name of %d bytes", len(n))
		}
	}
	return nil
}

func (v *partVerifier) track(id string) *Track { return bounded(v, v.tracks, id, Track{Track: id}) }

func (v *partVerifier) file(name string) *fileState { return bounded(v, v.files, name, fileState{}) }

// bounded finds or makes what is known of a name. Where there are more names than
// any recording has, what is known of the others is not kept, and that is damage.
func bounded[T any](v *partVerifier, m map[string]*T, name string, fresh T) *T {
	if m[name] == nil {
		if len(m) >= maxNames {
			v.fault(ledger.Line{}, DamageRecord, ledger.LogName, "more tracks or files than a recording has")
			return &fresh
		}
		m[name] = &fresh
	}
	return m[name]
}

func (v *partVerifier) seg(l ledger.Line) (track string, err error) {
	var b segBody
	if err := errors.Join(json.Unmarshal(l.Members, &b), short(b.Track, b.File, b.SHA256)); err != nil {
		return b.Track, err
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
	return b.Track, v.bytes(l, b.Track, b.File, b.Offset, b.Length, b.SHA256, b.FromT, b.ToT)
}

func (v *partVerifier) recovered(l ledger.Line) (track string, err error) {
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
	if err := errors.Join(json.Unmarshal(l.Members, &b), short(b.Track, b.File, b.SHA256, b.TornFile, b.TornSHA, b.NotesFile, b.NotesSHA)); err != nil {
		return b.Track, err
	}
	for _, t := range []struct {
		file, sum string
		n         int64
	}{{b.TornFile, b.TornSHA, b.TornBytes}, {b.NotesFile, b.NotesSHA, b.NoteBytes}} {
		if t.file == "" {
			continue
		}
		if len(v.torn) >= maxNames {
			return b.Track, errors.New("more files put aside than a recording has")
		}
		v.torn[t.file] = true
		if err := v.check(l, "", t.file, 0, t.n, t.sum, l.T, l.T); err != nil {
			return b.Track, err
		}
	}
	if b.Epoch != nil {
		v.p.Restarts++
	}
	if b.File == "" {
		return b.Track, nil
	}
	v.p.Recovered += b.Length
	return b.Track, v.bytes(l, b.Track, b.File, b.Offset, b.Length, b.SHA256, 0, l.T)
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
	if l.Kind == ledger.KindExhibit {
		d.Code = DamageExhibit
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
	d.Detail = "bytes changed"
	v.hasher.stretch(at, off, n, sum, d)
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
			if name != "." && name != mediaDir && name != exhibitDir && name != ledger.TornDir {
				v.foreign(name)
				return fs.SkipDir
			}
			return nil
		}
		switch {
		case name == ledger.LogName || name == ledger.CheckpointsName || v.torn[name]:
			return nil
		case v.files[name] == nil:
			_, _, media := parseMediaName(e.Name())
			if _, ok := parseExhibitName(name); (ok || media) && v.o.Running {
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
