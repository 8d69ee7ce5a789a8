// Package excerpt makes of a sealed part a smaller file that proves itself: a stretch
// of some tracks (an excerpt), or everything but what was cut (a redacted copy). What is
// shown stands there byte for byte with the lines of the log about it, proved to be
// lines of the sealed log; what is not shown is hashes. docs/archive-format.md describes
// the file.
package excerpt

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	_ "embed" // the texts that every file carries

	"phientoa/internal/asic"
	"phientoa/internal/ledger"
)

// Kinds of files.
const (
	KindExcerpt  = "excerpt"
	KindRedacted = "redacted"
)

// Names of the entries. Files of the sealed part keep their bytes below sourceDir.
const (
	aboutName   = "excerpt.json"
	linesName   = "lines.jsonl"
	proofName   = "proof.bin"
	readmeName  = "EXCERPT.txt"
	scriptName  = "verify.py"
	mediaDir    = "media/"
	sourceDir   = "source/"
	noteName    = sourceDir + "checkpoint.txt"
	sessionName = sourceDir + "session.json"
)

// Bounds of what can be asked for.
const (
	MaxTracks = 64  // named in an excerpt, or in one cut
	MaxCuts   = 100 // of one redacted copy
	MaxText   = 500 // characters of a reason
	maxAbout  = 1 << 20
	maxFiles  = asic.MaxEntries - 20
	// preroll is how far in front of the beginning asked for the keyframe may lie from which
	// the pictures are shown, in microseconds.
	preroll = 120e6
	// settle is how long after a cut lines about what was in it are still written (packets
	// that came late; notes of what happened), in microseconds.
	settle = 5e6
	// late is how long after a cut lines that may hold packets of it are still left out: a
	// line has the time at which it was written, and waits while the disk makes the one
	// before durable.
	late = 120e6
)

//go:embed assets/EXCERPT.txt
var readme string

//go:embed assets/verify.py
var script string

// About is excerpt.json: what was asked for, by whom and why. It has one form.
type About struct {
	Format int    `json:"format"` // 1; 2 of an excerpt with Ranges
	Kind   string `json:"kind"`
	Origin string `json:"origin"` // of the sealed log
	// SHA256 is of the sealed file as a whole at the time, Manifest of its list of files;
	// hex. The first is what the court's catalogue says; nothing here proves it.
	SHA256   string `json:"source_sha256"`
	Manifest string `json:"source_manifest_sha256"`
	// FromT and ToT are what an excerpt was asked for, UTC unix microseconds; 0 in a
	// redacted copy.
	FromT int64 `json:"from_t,omitempty"`
	ToT   int64 `json:"to_t,omitempty"`
	// Tracks of an excerpt, with where each begins: pictures at the keyframe before FromT.
	Tracks []Start `json:"tracks,omitempty"`
	// Events tells that an excerpt shows what happened in the hearing meanwhile.
	Events bool   `json:"events,omitempty"`
	Cuts   []Cut  `json:"cuts,omitempty"` // of a redacted copy
	Reason string `json:"reason"`
	By     string `json:"by"` // who had it made
	MadeT  int64  `json:"made_t"`
	Lines  uint64 `json:"lines"`  // shown
	Hashes uint64 `json:"hashes"` // of the proof
	// Ranges are the lines shown of tracks and events, where the log has strands.
	Ranges []Range `json:"ranges,omitempty"`
	Files  []File  `json:"files"`
}

// Start is where a track of an excerpt begins, UTC unix microseconds.
type Start struct {
	Track string `json:"track"`
	FromT int64  `json:"from_t"`
}

// Cut is a stretch whose sound and pictures a redacted copy does not hold. It reaches
// whole stretches of the log (seg lines, up to 2 s) that it touches.
type Cut struct {
	FromT  int64    `json:"from_t"` // UTC unix microseconds
	ToT    int64    `json:"to_t"`   // inclusive
	Tracks []string `json:"tracks"` // empty: all, with what happened meanwhile
	Reason string   `json:"reason,omitempty"`
}

// File is a track file as far as it is shown.
type File struct {
	Name string `json:"name"`
	// Init is how many bytes in front are the file's beginning, without the stretch
	// that it stood in; 0 where that stretch is shown.
	Init int64 `json:"init"`
}

// ErrAsked wraps what cannot be asked for.
var ErrAsked = errors.New("excerpt: cannot be made")

// check judges what was asked for, and what a file says of itself.
func (a About) check() error {
	switch {
	case a.Format < 1 || a.Format > 2 || (a.Kind != KindExcerpt && a.Kind != KindRedacted) || !ledger.ValidOrigin(a.Origin):
		return fmt.Errorf("%w: format, kind or origin", ErrAsked)
	case !digest(a.SHA256) || !digest(a.Manifest):
		return fmt.Errorf("%w: digests", ErrAsked)
	case !text(a.Reason, true) || !text(a.By, true):
		return fmt.Errorf("%w: a reason and a name are wanted, of at most %d characters", ErrAsked, MaxText)
	case len(a.Tracks) > MaxTracks || len(a.Cuts) > MaxCuts || len(a.Files) > maxFiles:
		return fmt.Errorf("%w: too many tracks, cuts or files", ErrAsked)
	}
	if a.Kind == KindExcerpt {
		return a.checkExcerpt()
	}
	return a.checkRedacted()
}

func (a About) checkExcerpt() error {
	if a.FromT <= 0 || a.ToT <= a.FromT || len(a.Tracks) == 0 || len(a.Cuts) > 0 {
		return fmt.Errorf("%w: an excerpt has a beginning before its end, and tracks", ErrAsked)
	}
	for i, t := range a.Tracks {
		if !trackName(t.Track) || (i > 0 && a.Tracks[i-1].Track >= t.Track) || t.FromT > a.FromT || t.FromT < a.FromT-preroll {
			return fmt.Errorf("%w: track %q", ErrAsked, t.Track)
		}
	}
	return a.checkRanges()
}

func (a About) checkRedacted() error {
	if a.Format != 1 || len(a.Ranges) > 0 || a.FromT != 0 || a.ToT != 0 || len(a.Tracks) > 0 || a.Events || len(a.Cuts) == 0 {
		return fmt.Errorf("%w: a redacted copy has cuts and nothing else", ErrAsked)
	}
	for _, c := range a.Cuts {
		if c.FromT <= 0 || c.ToT < c.FromT || !text(c.Reason, false) || len(c.Tracks) > MaxTracks || !slices.IsSorted(c.Tracks) {
			return fmt.Errorf("%w: a cut", ErrAsked)
		}
		for _, t := range c.Tracks {
			if !trackName(t) {
				return fmt.Errorf("%w: track %q", ErrAsked, t)
			}
		}
	}
	return nil
}

func digest(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 32 && strings.ToLower(s) == s
}

func text(s string, wanted bool) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= MaxText && (!wanted || strings.TrimSpace(s) != "") &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// trackName tells whether a text can be the id of a track.
func trackName(s string) bool {
	return len(s) >= 2 && len(s) <= 16 && s[0] == 't' && strings.Trim(s[1:], "0123456789") == ""
}

// render is the one form of excerpt.json.
func (a About) render() ([]byte, error) {
	b, err := json.MarshalIndent(a, "", " ")
	if err != nil {
		return nil, fmt.Errorf("excerpt: %s: %w", aboutName, err)
	}
	return append(b, '\n'), nil
}

// parseAbout reads what render wrote and nothing else.
func parseAbout(b []byte) (a About, err error) {
	if len(b) > maxAbout {
		return a, fmt.Errorf("%w: %d bytes", ErrAsked, len(b))
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return a, fmt.Errorf("%w: %w", ErrAsked, err)
	}
	again, err := a.render()
	if err == nil && !bytes.Equal(again, b) {
		err = fmt.Errorf("%w: not in its one form", ErrAsked)
	}
	if err != nil {
		return a, err
	}
	return a, a.check()
}

// row is what the rules look at of a line.
type row struct {
	I        uint64      `json:"-"`
	T        int64       `json:"-"`
	Kind     ledger.Kind `json:"-"`
	Track    string      `json:"track"`
	File     string      `json:"file"`
	Offset   int64       `json:"offset"`
	Length   int64       `json:"length"`
	SHA256   string      `json:"sha256"`
	Init     int64       `json:"init"`
	FromT    int64       `json:"from_t"`
	ToT      int64       `json:"to_t"`
	Keys     int         `json:"keys"`
	Codec    string      `json:"codec"`
	Channels uint8       `json:"channels"`
	Cause    string      `json:"cause"`
	Source   struct {
		Device string `json:"device"`
		Kind   string `json:"kind"`
	} `json:"source"`
}

// rowOf reads a line. A `recovered` line tells no time of what it names: that is since
// the last stretch of its track, as the caller knows it.
func rowOf(l ledger.Line, lastTo func(track string) int64) (r row, err error) {
	switch l.Kind {
	case ledger.KindSeg, ledger.KindGap, ledger.KindLoose, ledger.KindRecovered, ledger.KindTrackOpen, ledger.KindTrackClose:
		if err := json.Unmarshal(l.Members, &r); err != nil {
			return r, fmt.Errorf("excerpt: line %d: %w", l.I, err)
		}
	}
	r.I, r.T, r.Kind = l.I, l.T, l.Kind
	if l.Kind == ledger.KindRecovered && r.File != "" {
		r.FromT, r.ToT = lastTo(r.Track), l.T
	}
	return r, nil
}

// media tells whether the line names a stretch of a track file.
func (r row) media() bool {
	return r.File != "" && (r.Kind == ledger.KindSeg || r.Kind == ledger.KindRecovered)
}

// shows tells whether a line may be shown. An excerpt that is made shows all of these
// but the keys that its checkpoint does not need; a redacted copy all of them.
func (a About) shows(r row) bool {
	if a.Kind == KindRedacted {
		return !slices.ContainsFunc(a.Cuts, func(c Cut) bool { return c.hides(r) })
	}
	switch r.Kind {
	case ledger.KindGenesis, ledger.KindKey, ledger.KindEnd:
		return true
	case ledger.KindEvent:
		return a.Events && r.T >= a.FromT && r.T <= a.ToT
	}
	i := slices.IndexFunc(a.Tracks, func(s Start) bool { return s.Track == r.Track })
	if i < 0 {
		return false
	}
	from := a.Tracks[i].FromT
	switch {
	case r.Kind == ledger.KindTrackOpen || r.Kind == ledger.KindTrackClose:
		return r.T <= a.ToT+settle
	case r.Kind == ledger.KindLoose:
		return r.T >= from && r.T <= a.ToT+settle
	case r.Kind == ledger.KindGap || r.media():
		return a.meets(r)
	}
	return false
}

// hides tells whether a line holds something of what was cut: packets as they came, and
// what happened in the hearing while all of it was cut.
func (c Cut) hides(r row) bool {
	switch {
	case r.T < c.FromT:
		return false
	case r.Kind == ledger.KindLoose:
		return r.T <= c.ToT+late && c.reaches(r.Track)
	default:
		return (r.Kind == ledger.KindEvent || r.Kind == ledger.KindExhibit) && r.T <= c.ToT+settle && len(c.Tracks) == 0
	}
}

func (c Cut) reaches(track string) bool {
	return len(c.Tracks) == 0 || slices.Contains(c.Tracks, track)
}

// cut is which cut a stretch of media falls into, -1 when it is shown.
func (a About) cut(r row) int {
	return slices.IndexFunc(a.Cuts, func(c Cut) bool { return c.reaches(r.Track) && r.ToT >= c.FromT && r.FromT <= c.ToT })
}
