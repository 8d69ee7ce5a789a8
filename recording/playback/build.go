package playback

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"phientoa/internal/asic"
	"phientoa/internal/ledger"
	"phientoa/recording"
)

// builder follows the lines of a log.
type builder struct {
	c        *asic.Container
	x        *Index
	begun    bool
	tracks   map[string]*source
	files    map[string]*fileLines
	segments int
	last     int64             // of any line, UTC unix microseconds
	points   map[string]string // names
	devices  map[string][]string
}

// source is a track with what places it in time.
type source struct {
	Track
	rate   int64 // of its RTP clock, Hz
	opened int64 // last, microseconds since the part began
	files  []*fileLines
}

type fileLines struct {
	File
	end   int64 // of the last stretch, bytes
	clock []reading
}

func newBuilder(c *asic.Container) *builder {
	return &builder{
		c: c, x: &Index{Format: 1, People: []Person{}, Tracks: []Track{}, Gaps: []Gap{}, Events: []Event{}},
		tracks: map[string]*source{}, files: map[string]*fileLines{}, points: map[string]string{}, devices: map[string][]string{},
	}
}

// line takes one line; more false ends the reading.
func (b *builder) line(l ledger.Line) (more bool, err error) {
	if !b.begun {
		if l.Kind != ledger.KindGenesis || !b.genesis(l) {
			return false, ErrNoIndex
		}
		b.begun = true
		return true, nil
	}
	if t, ok := b.at(l.T); ok {
		b.last = max(b.last, t)
	}
	ok := true
	switch l.Kind {
	case ledger.KindTrackOpen:
		ok = b.open(l.Members, l.T)
	case ledger.KindSeg:
		ok = b.seg(l.Members)
	case ledger.KindRecovered:
		ok = b.recovered(l.Members)
	case ledger.KindGap:
		ok = b.gap(l.Members)
	case ledger.KindEvent:
		ok = b.event(l.Members)
	}
	if !ok {
		b.x.Skipped++
	}
	return true, nil
}

// at is a time of the log on the index's clock, false when no part is that long.
func (b *builder) at(t int64) (int64, bool) {
	if t < b.x.Began-maxSpan || t > b.x.Began+maxSpan {
		return 0, false
	}
	return t - b.x.Began, true
}

func (b *builder) genesis(l ledger.Line) bool {
	var g struct {
		Hearing string `json:"hearing"`
		Part    int    `json:"part"`
		Session struct {
			Booking struct {
				Docket string `json:"docket_no"`
				People []struct {
					ID       string `json:"id"`
					Capacity string `json:"capacity"`
					Alias    string `json:"alias"`
					Point    string `json:"point"`
				} `json:"people"`
				Devices []struct {
					ID     string   `json:"id"`
					People []string `json:"people"`
				} `json:"devices"`
				Points []struct {
					ID   string `json:"id"`
					Name string `json:"name"`
				} `json:"points"`
			} `json:"booking"`
		} `json:"session"`
	}
	if json.Unmarshal(l.Members, &g) != nil || l.T < 0 || l.T > 1<<52 {
		return false
	}
	booked := g.Session.Booking
	b.x.Hearing, b.x.Part, b.x.Docket, b.x.Began = clip(g.Hearing), g.Part, clip(booked.Docket), l.T
	for _, p := range booked.Points[:min(len(booked.Points), maxPeople)] {
		b.points[p.ID] = clip(p.Name)
	}
	for _, p := range booked.People[:min(len(booked.People), maxPeople)] {
		place, ok := b.points[p.Point]
		if !ok {
			place = clip(p.Point) // free text where there are no points
		}
		b.x.People = append(b.x.People, Person{clip(p.ID), clip(p.Capacity), clip(p.Alias), place})
	}
	for _, d := range booked.Devices[:min(len(booked.Devices), maxPeople)] {
		b.devices[d.ID] = d.People[:min(len(d.People), maxPeople)]
	}
	return true
}

func (b *builder) open(members json.RawMessage, t int64) bool {
	var o struct {
		Track  string `json:"track"`
		Source struct {
			Device string `json:"device"`
			Kind   string `json:"kind"`
		} `json:"source"`
		Codec string `json:"codec"`
		Rate  int64  `json:"clock_rate"`
	}
	if json.Unmarshal(members, &o) != nil || o.Track == "" || len(o.Track) > maxText {
		return false
	}
	at, inTime := b.at(t)
	if s := b.tracks[o.Track]; s != nil {
		s.opened = at
		return true // granted again
	}
	mime := mimeOf(o.Codec)
	if len(b.tracks) >= maxTracks || mime == "" || !inTime || o.Rate <= 0 || o.Rate > 1e6 {
		return false
	}
	people := []string{}
	for _, id := range b.devices[o.Source.Device] {
		people = append(people, clip(id))
	}
	b.tracks[o.Track] = &source{rate: o.Rate, opened: at, Track: Track{
		ID: o.Track, Device: clip(o.Source.Device), Kind: clip(o.Source.Kind), Codec: o.Codec, Mime: mime, People: people,
	}}
	return true
}

// mediaDir and mediaExt are around a file's name in the container.
const (
	mediaDir = "media/"
	mediaExt = ".webm"
)

// file is what is known of a track's file, nil when the container has none such.
func (b *builder) file(track, name string) *fileLines {
	t := b.tracks[track]
	if t == nil {
		return nil
	}
	if f := b.files[name]; f != nil {
		if !slices.Contains(t.files, f) {
			return nil // another track's
		}
		return f
	}
	short, ok := strings.CutPrefix(strings.TrimSuffix(name, mediaExt), mediaDir+track+"-")
	e, there := b.c.Entry(name)
	if !ok || !there || short == "" || !strings.HasSuffix(name, mediaExt) {
		return nil
	}
	f := &fileLines{File: File{Name: track + "-" + short, Offset: e.Offset(), Length: e.Size}}
	b.files[name] = f
	t.files = append(t.files, f)
	return f
}

// h264 is the name of H.264 in the log (docs/archive-format.md).
const h264 = "h264"

// mimeOf is how a browser takes a track, "" when it is of no codec of ours: as the file is
// or, H.264, put into fragmented MP4 (web/src/office/play/mp4.ts), in the form that the sfu
// takes (RFC 6381 section 3.3: constrained baseline).
func mimeOf(codec string) string {
	switch codec {
	case "vp8":
		return `video/webm; codecs="vp8"`
	case "opus":
		return `audio/webm; codecs="opus"`
	case h264:
		return `video/mp4; codecs="avc1.42e01f"`
	default:
		return ""
	}
}

type segLine struct {
	Track  string `json:"track"`
	File   string `json:"file"`
	Offset int64  `json:"offset"`
	Length int64  `json:"length"`
	Init   int64  `json:"init"`
	FromMS int64  `json:"from_ms"`
	ToMS   int64  `json:"to_ms"`
	FromT  int64  `json:"from_t"`
	Keys   int64  `json:"keys"`
	SSRCs  []struct {
		SSRC    uint32 `json:"ssrc"`
		FirstTS uint32 `json:"first_ts"`
	} `json:"ssrcs"`
	SR []struct {
		SSRC   uint32 `json:"ssrc"`
		NTPSec uint32 `json:"ntp_s"`
		NTPFra uint32 `json:"ntp_f"`
		RTP    uint32 `json:"rtp"`
	} `json:"sr"`
}

func (b *builder) seg(members json.RawMessage) bool {
	var s segLine
	if json.Unmarshal(members, &s) != nil || b.segments >= maxSegments {
		return false
	}
	f := b.file(s.Track, s.File)
	from, ok := b.at(s.FromT)
	if f == nil || !ok || s.Offset < f.end || s.Length <= 0 || s.Length > f.Length-s.Offset ||
		s.Init < 0 || s.Init >= s.Length || (s.Init > 0) != (s.Offset == 0) || (f.Init == 0 && s.Init == 0) ||
		s.FromMS < 0 || s.ToMS < s.FromMS || s.ToMS > maxSpan/1000 || s.Keys < 0 {
		return false
	}
	if n := len(f.Segments); n > 0 && s.FromMS < f.Segments[n-1].ToMS {
		return false
	}
	if s.Init > 0 {
		f.Init = s.Init
	}
	f.end = s.Offset + s.Length
	f.Segments = append(f.Segments, Segment{Offset: s.Offset + s.Init, Length: s.Length - s.Init, FromMS: s.FromMS, ToMS: s.ToMS, Keys: s.Keys})
	f.clock = append(f.clock, s.reading(from, b.x.Began, b.tracks[s.Track].rate))
	b.segments++
	return true
}

// maxRecovered bounds a recovered stretch that is played, in bytes: the recorder names
// its media each second, and a camera sends less than 250 kB in it.
const maxRecovered = 64 << 20

// recovered takes what a crash left behind the last stretch of a file. No line says what
// is in it: its clusters do, up to the last whole one. It lies behind the stretch before
// by its own clock; one at the beginning of a file, where the track was opened.
func (b *builder) recovered(members json.RawMessage) bool {
	var r struct {
		Track  string `json:"track"`
		File   string `json:"file"`
		Offset int64  `json:"offset"`
		Length int64  `json:"length"`
	}
	if json.Unmarshal(members, &r) != nil {
		return false
	}
	if r.File == "" {
		return true // says something else
	}
	f := b.file(r.Track, r.File)
	if f == nil || r.Offset < f.end || r.Length <= 0 || r.Length > min(f.Length-r.Offset, maxRecovered) || b.segments >= maxSegments {
		return false
	}
	e, _ := b.c.Entry(r.File)
	s, ok := recording.ReadStretch(io.NewSectionReader(b.c.Reader(e), r.Offset, r.Length))
	if !ok {
		return true // nothing whole: it is kept, and cannot be played
	}
	if (s.Init > 0) != (r.Offset == 0) || (f.Init == 0 && s.Init == 0) || s.FromMS < 0 || s.ToMS < s.FromMS || s.ToMS > maxSpan/1000 {
		return false
	}
	t := b.tracks[r.Track]
	now := reading{ms: s.FromMS, arrived: t.opened + s.FromMS*1000}
	if n := len(f.Segments); n > 0 {
		if s.FromMS < f.Segments[n-1].ToMS {
			return false
		}
		now.arrived = f.clock[n-1].arrived + (s.FromMS-f.clock[n-1].ms)*1000
	}
	if t.Codec == "opus" {
		s.Keys = 0
	}
	if s.Init > 0 {
		f.Init = s.Init
	}
	f.end = r.Offset + r.Length
	f.Segments = append(f.Segments, Segment{Offset: r.Offset + s.Init, Length: s.Length - s.Init, FromMS: s.FromMS, ToMS: s.ToMS, Keys: s.Keys})
	f.clock = append(f.clock, now)
	b.segments++
	return true
}

func (b *builder) gap(members json.RawMessage) bool {
	var g struct {
		Track   string `json:"track"`
		Cause   string `json:"cause"`
		FromT   int64  `json:"from_t"`
		ToT     int64  `json:"to_t"`
		Packets int    `json:"packets"`
	}
	if json.Unmarshal(members, &g) != nil || len(b.x.Gaps) >= maxGaps {
		return false
	}
	from, ok1 := b.at(g.FromT)
	to, ok2 := b.at(g.ToT)
	if !ok1 || !ok2 || to < from {
		return false
	}
	b.x.Gaps = append(b.x.Gaps, Gap{clip(g.Track), clip(g.Cause), from, to, g.Packets})
	return true
}

// told are the kinds of events that tell the course of a hearing. What else stands
// in the log is for the minutes and for the operator.
func told(kind string) bool {
	switch kind {
	case "hearing.opened", "hearing.recessed", "hearing.resumed", "hearing.closed",
		"hearing.suspended", "hearing.adjourned", "hearing.reopened",
		"phase.entered", "floor.given", "floor.stopped", "visibility.set",
		"hold.begun", "hold.kept_going", "deliberation.began", "deliberation.ended",
		"witness.called", "witness.dismissed",
		"person.admitted", "person.removed", "person.warned", "person.isolated", "person.isolation_ended":
		return true
	}
	return false
}

func (b *builder) event(members json.RawMessage) bool {
	var e struct {
		Line string `json:"line"`
	}
	if json.Unmarshal(members, &e) != nil {
		return false
	}
	if e.Line == "" {
		return true // confirms one that stands already
	}
	var l struct {
		At   int64  `json:"at"`
		Kind string `json:"kind"`
		Body struct {
			Person string `json:"person"`
			Phase  string `json:"phase"`
			To     string `json:"to"`
			Reason string `json:"reason"`
		} `json:"body"`
	}
	// Events of other shapes are none of these.
	if json.Unmarshal([]byte(e.Line), &l) != nil || !told(l.Kind) {
		return true
	}
	at, ok := b.at(l.At)
	if !ok || len(b.x.Events) >= maxEvents {
		return false
	}
	b.x.Events = append(b.x.Events, Event{at, l.Kind, clip(l.Body.Person), clip(l.Body.Phase), clip(l.Body.To), clip(l.Body.Reason)})
	return true
}

// finish places the tracks in time and sorts.
func (b *builder) finish() *Index {
	ids := make([]string, 0, len(b.tracks))
	for id := range b.tracks {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	sources := make([]*source, len(ids))
	for i, id := range ids {
		sources[i] = b.tracks[id]
	}
	align(sources)
	b.x.Length = b.last
	for _, s := range sources {
		for _, f := range s.files {
			if n := len(f.Segments); n > 0 {
				b.x.Length = max(b.x.Length, f.Segments[n-1].ToMS*1000+f.Segments[n-1].Shift)
				s.Files = append(s.Files, f.File)
			}
		}
		if len(s.Files) > 0 {
			b.x.Tracks = append(b.x.Tracks, s.Track)
		}
	}
	slices.SortStableFunc(b.x.Events, func(x, y Event) int { return cmp.Compare(x.At, y.At) })
	slices.SortStableFunc(b.x.Gaps, func(x, y Gap) int { return cmp.Compare(x.From, y.From) })
	return b.x
}

// clip bounds a text in bytes without cutting a letter in two.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	n := maxText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
