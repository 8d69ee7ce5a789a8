package excerpt

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"phientoa/internal/ledger"
	"phientoa/recording"
)

// stream reads the shown lines one after the other.
type stream struct {
	v      *verifier
	in     *bufio.Reader
	buf    []byte
	offset int64 // of the line that comes next
	line   ledger.Line
	there  bool
	ended  bool
}

// lineError is a line that is none, with its place in the file of lines.
type lineError struct {
	offset int64
	why    string
}

// Error implements error.
func (e *lineError) Error() string { return fmt.Sprintf("at %d: %s", e.offset, e.why) }

// next reads on where the last line was taken.
func (s *stream) next() (uint64, bool, error) {
	if s.there || s.ended {
		return s.line.I, s.there, nil
	}
	if err := s.v.ctx.Err(); err != nil {
		return 0, false, err
	}
	s.buf = s.buf[:0]
	for {
		part, err := s.in.ReadSlice('\n')
		s.buf = append(s.buf, part...)
		if len(s.buf) > ledger.MaxLine {
			return 0, false, &lineError{s.offset, "longer than a line is"}
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if errors.Is(err, io.EOF) && len(s.buf) == 0 {
			s.ended = true
			return 0, false, nil
		}
		if err != nil {
			return 0, false, &lineError{s.offset, "incomplete"}
		}
		break
	}
	var err error
	if s.line, err = ledger.ParseLine(s.buf[:len(s.buf)-1]); err != nil {
		return 0, false, &lineError{s.offset, err.Error()}
	}
	s.there = true
	return s.line.I, true, nil
}

// take hands the line on to what looks at its meaning.
func (s *stream) take() (ledger.Hash, error) {
	leaf := ledger.LeafHash(s.line.Raw)
	s.v.line(s.line)
	s.there = false
	s.offset += int64(len(s.buf))
	return leaf, nil
}

// line looks at what a line says. Whether it is one of the sealed log, the proof tells at
// the end.
func (v *verifier) line(l ledger.Line) {
	bad := func(code, detail string) {
		v.damage(Damage{Code: code, Entry: linesName, Offset: -1, Line: int64(l.I), Detail: detail})
	}
	switch first := v.r.Shown == 0; {
	case !first && l.I <= v.last.I:
		bad(DamageLine, "out of order")
	case first && (l.I != 0 || l.Kind != ledger.KindGenesis):
		bad(DamageHole, "the first line of the log is not shown")
	case !first && l.I == v.last.I+1 && l.Prev != v.chain:
		bad(DamageLine, "does not follow from the line before")
	case !first && l.I > v.last.I+1:
		v.r.Withheld += l.I - v.last.I - 1
		v.withheld(l)
	}
	v.r.Shown++
	r, err := rowOf(l, func(track string) int64 {
		if t := v.tracks[track]; t != nil {
			return t.seenTo
		}
		return 0
	})
	v.chain = ledger.ChainHash(l.Raw)
	v.last = ledger.Line{I: l.I, T: l.T, Kind: l.Kind}
	if err != nil {
		bad(DamageLine, err.Error())
		return
	}
	if v.threads != nil {
		v.place(l, r)
	} else if !v.about.shows(r) {
		bad(DamageLine, "does not belong into this file")
	}
	if v.about.Kind == KindRedacted && !v.ended {
		if t := v.track(recording.StrandOf(r.Kind, r.Track)); t != nil {
			t.lines.Add(ledger.LeafHash(l.Raw))
		}
	}
	switch {
	case l.Kind == ledger.KindKey:
		if v.key, err = ledger.CheckStatement(l.Members, v.log.Origin); err != nil {
			bad(DamageLine, err.Error())
		}
	case l.Kind == ledger.KindEnd:
		v.ended = true
		if v.strands, err = endOf(l); err != nil {
			bad(DamageLine, err.Error())
		}
	case l.Kind == ledger.KindEvent:
		v.r.Events++
	case l.Kind == ledger.KindTrackOpen:
		if t := v.track(r.Track); t != nil {
			t.Source, t.Codec, t.channels = r.Source.Device+"/"+r.Source.Kind, r.Codec, r.Channels
		}
	case l.Kind == ledger.KindGap && len(v.r.Gaps) < maxGaps && (v.threads == nil || v.about.meets(r)):
		g := recording.Gap{Part: v.log.Part, Line: l.I, Track: r.Track, Cause: r.Cause, FromT: r.FromT, ToT: r.ToT}
		if t := v.track(r.Track); t != nil {
			g.Source = t.Source
		}
		v.r.Gaps = append(v.r.Gaps, g)
	case r.media():
		v.stretch(r)
	}
}

// withheld judges lines that are not shown in front of this one: in a redacted copy a
// cut must explain them.
func (v *verifier) withheld(next ledger.Line) {
	if v.about.Kind != KindRedacted {
		return
	}
	for _, c := range v.about.Cuts {
		if v.last.T <= c.ToT+late && next.T >= c.FromT {
			return
		}
	}
	v.damage(Damage{
		Code: DamageHole, Entry: linesName, Offset: -1, Line: int64(v.last.I) + 1, FromT: v.last.T, ToT: next.T,
		Detail: fmt.Sprintf("%d lines are left out that no cut explains", next.I-v.last.I-1),
	})
}

func (v *verifier) track(id string) *Track {
	t := v.tracks[id]
	if t == nil && len(v.tracks) < maxTracks && trackName(id) {
		t = &Track{Track: id, fileEnd: map[string]int64{}}
		v.tracks[id] = t
		v.order = append(v.order, id)
	}
	return t
}

// stretch checks the bytes that a line names, and that none was left out between it and
// the line before about that file.
func (v *verifier) stretch(r row) {
	d := Damage{Code: DamageMedia, Entry: r.File, Offset: -1, Line: int64(r.I), Track: r.Track, FromT: r.FromT, ToT: r.ToT}
	t := v.track(r.Track)
	if t == nil || len(t.fileEnd) > maxFiles || r.Offset < 0 || r.Length < 0 || r.Length > 1<<40 || r.Offset > 1<<50 {
		d.Detail = "names an impossible stretch"
		v.damage(d)
		return
	}
	end, seen := t.fileEnd[r.File]
	if (seen && end != r.Offset) || (!seen && r.Offset != 0 && (v.about.Kind == KindRedacted || len(t.fileEnd) > 0)) {
		hole := d
		hole.Code, hole.Detail = DamageHole, fmt.Sprintf("bytes %d to %d of the file are left out", end, r.Offset)
		v.damage(hole)
	}
	t.fileEnd[r.File], t.seenTo = r.Offset+r.Length, r.ToT
	if v.threads != nil && !v.about.meets(r) {
		return // it ends the stretch on either side
	}
	if i := v.about.cut(r); i >= 0 {
		t.CutSegments, t.CutBytes = t.CutSegments+1, t.CutBytes+r.Length
		v.cut(i, r)
		return
	}
	v.compare(t, r, d)
	v.blank(t, r.FromT)
	if t.FromT == 0 {
		t.FromT = r.FromT
	}
	t.ToT = max(t.ToT, r.ToT)
	t.Segments, t.Bytes = t.Segments+1, t.Bytes+r.Length
}

// cut counts what a cut took.
func (v *verifier) cut(i int, r row) {
	if v.r.Cuts == nil {
		for _, c := range v.about.Cuts {
			v.r.Cuts = append(v.r.Cuts, CutReport{Cut: c})
		}
	}
	v.r.Cuts[i].Segments++
	v.r.Cuts[i].Bytes += r.Length
}

// compare hashes a stretch where it stands in this file.
func (v *verifier) compare(t *Track, r row, d Damage) {
	f := v.media[r.File]
	if f == nil {
		d.Detail = "the track file is not here"
		v.damage(d)
		return
	}
	if f.pos == 0 && f.init > 0 {
		head := make([]byte, f.init)
		if _, err := f.at.ReadAt(head, 0); err != nil || r.Offset == 0 || !recording.IsInit(head, t.Codec, t.channels) {
			d.Detail = "the file's beginning is not what a recorder writes"
			v.damage(d)
		}
		f.pos = f.init
	}
	d.Offset = f.pos
	if r.Length > f.size-f.pos {
		d.Detail = "bytes are missing"
		v.damage(d)
		f.pos = f.size
		return
	}
	h := sha256.New()
	_, err := io.Copy(h, io.NewSectionReader(f.at, f.pos, r.Length))
	want, _ := hex.DecodeString(r.SHA256)
	if err != nil || !bytes.Equal(h.Sum(nil), want) {
		d.Detail = "bytes changed"
		v.damage(d)
	}
	f.pos += r.Length
}

// blank notes where nothing is shown of a track between its last stretch and at.
func (v *verifier) blank(t *Track, at int64) {
	from := t.ToT
	if from == 0 || at-from < blankAfter || len(v.r.Blanks) >= maxBlanks {
		return
	}
	v.r.Blanks = append(v.r.Blanks, Blank{t.Track, from, at})
}

// finish judges what only all lines tell.
func (v *verifier) finish() {
	for _, id := range v.order {
		t := v.tracks[id]
		v.r.Tracks = append(v.r.Tracks, *t)
	}
	v.explained()
	v.allOfTracks()
	if !v.ended {
		v.fault(DamageHole, linesName, "the end of the log is not shown")
	}
	if v.last.I < v.log.Lines-1 {
		v.r.Withheld += v.log.Lines - 1 - v.last.I
		v.withheld(ledger.Line{I: v.log.Lines, T: v.log.EndedT})
	}
	for _, f := range v.about.Files {
		if m := v.media[f.Name]; m.pos != m.size {
			v.damage(Damage{Code: DamageMedia, Entry: f.Name, Offset: m.pos, Line: -1, Detail: "bytes that no line names"})
		}
	}
	if v.r.Shown != v.about.Lines || uint64(v.r.Proof) != v.about.Hashes*sha256.Size {
		v.fault(DamageAbout, aboutName, "another number of lines or hashes")
	}
	switch {
	case v.key.Public == nil || !v.note.Verify(v.key.Public):
		v.fault(DamageSource, noteName, "not signed under the log's last key")
	case v.r.Source.Seal != nil && !v.r.Source.Seal.SameKey(v.key.Node.Raw):
		v.fault(DamageSource, signatureName("001"), "the part was sealed by another key than the log's")
	}
	if v.about.Kind == KindRedacted && v.r.Cuts == nil { // cuts that took nothing
		for _, c := range v.about.Cuts {
			v.r.Cuts = append(v.r.Cuts, CutReport{Cut: c})
		}
	}
}

// allOfTracks compares the lines about each track with what the end line says of them: in a
// redacted copy none is left out.
func (v *verifier) allOfTracks() {
	if v.about.Kind != KindRedacted || v.strands == nil {
		return
	}
	var have []recording.Strand
	for _, id := range slices.Sorted(maps.Keys(v.tracks)) {
		lines := &v.tracks[id].lines
		root := lines.Root()
		have = append(have, recording.Strand{Of: id, Lines: lines.Size(), Root: hex.EncodeToString(root[:])})
	}
	want := slices.DeleteFunc(slices.Clone(v.strands), func(s recording.Strand) bool { return !trackName(s.Of) })
	if !slices.Equal(have, want) {
		v.fault(DamageHole, linesName, "lines about a track are left out")
	}
	v.r.Complete = len(v.r.Damages) == 0
}

// explained drops blanks that a gap or a cut speaks of.
func (v *verifier) explained() {
	kept := v.r.Blanks[:0]
	for _, b := range v.r.Blanks {
		told := false
		for _, g := range v.r.Gaps {
			told = told || (g.Track == b.Track && g.FromT < b.ToT && g.ToT > b.FromT)
		}
		for _, c := range v.about.Cuts {
			told = told || (c.reaches(b.Track) && c.FromT <= b.ToT && c.ToT >= b.FromT)
		}
		if !told {
			kept = append(kept, b)
		}
	}
	v.r.Blanks = kept
}
