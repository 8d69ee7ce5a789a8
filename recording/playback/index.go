// Package playback serves a sealed part to a player: an index of what is in it and
// when, and byte ranges of its untouched tracks. It decides nothing about who may
// see; a Source does.
package playback

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"phientoa/internal/asic"
	"phientoa/internal/ledger"
)

// Bounds of an index. What is beyond them is not listed, and Index.Skipped counts it.
const (
	maxTracks   = 512
	maxSegments = 500_000 // 4 h of 16 tracks are 115,200
	maxGaps     = 20_000
	maxEvents   = 20_000
	maxPeople   = 1000
	maxText     = 1000            // bytes of one text
	maxSpan     = 7 * 24 * 3600e6 // microseconds of one part
)

// Index says what a part holds and when. Times are microseconds since Began on the
// clock of the recording node, which is the timebase of the evidence.
type Index struct {
	Format  int      `json:"format"` // 1
	Hearing string   `json:"hearing"`
	Part    int      `json:"part"`
	Docket  string   `json:"docket"`
	Began   int64    `json:"began"`  // UTC unix microseconds of the first line
	Length  int64    `json:"length"` // until the last line or media
	People  []Person `json:"people"`
	Tracks  []Track  `json:"tracks"`
	Gaps    []Gap    `json:"gaps"`
	Events  []Event  `json:"events"`
	// Skipped counts lines that could not be used: the file has to be verified.
	Skipped int `json:"skipped"`
}

// Person as booked; names are not in the evidence's index.
type Person struct {
	ID       string `json:"id"`
	Capacity string `json:"capacity"`
	Alias    string `json:"alias"`
	Point    string `json:"point"` // name of their point
}

// Track is one source of one device.
type Track struct {
	ID     string   `json:"id"`
	Device string   `json:"device"`
	Kind   string   `json:"kind"` // mic, cam
	Codec  string   `json:"codec"`
	Mime   string   `json:"mime"`   // as a browser plays it
	People []string `json:"people"` // ids of those booked before the device
	Files  []File   `json:"files"`  // in the order of their beginning
}

// File is one stored entry of the container.
type File struct {
	Name   string `json:"name"`   // in the address, for instance t001-1
	Offset int64  `json:"offset"` // in the container, bytes
	Length int64  `json:"length"` // bytes
	Init   int64  `json:"init"`   // bytes in front of the first cluster
	// Aligned tells that the sender's reports placed the file in time; else the
	// arrivals at the recorder did.
	Aligned  bool      `json:"aligned"`
	Segments []Segment `json:"segments"`
}

// Segment is a stretch of whole clusters. Its JSON is the array
// [offset, length, from_ms, to_ms, shift, keys].
type Segment struct {
	Offset, Length int64 // bytes, in the file
	FromMS, ToMS   int64 // media time of its first and last block
	// Shift: media time ms of this file is at ms*1000+Shift of the evidence.
	Shift int64
	Keys  int64 // pictures that can be begun with; 0 for sound, which always can
}

// MarshalJSON keeps an index of hours small.
func (s Segment) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "[%d,%d,%d,%d,%d,%d]", s.Offset, s.Length, s.FromMS, s.ToMS, s.Shift, s.Keys), nil
}

// UnmarshalJSON reads MarshalJSON.
func (s *Segment) UnmarshalJSON(b []byte) error {
	var a [6]int64
	if err := json.Unmarshal(b, &a); err != nil {
		return fmt.Errorf("playback: segment: %w", err)
	}
	*s = Segment{a[0], a[1], a[2], a[3], a[4], a[5]}
	return nil
}

// Gap is a stretch that is not recorded (docs/archive-format.md).
type Gap struct {
	Track   string `json:"track"`
	Cause   string `json:"cause"`
	From    int64  `json:"from"`
	To      int64  `json:"to"`
	Packets int    `json:"packets,omitempty"`
}

// Event is a line of the state log that tells the course of the hearing.
type Event struct {
	At     int64  `json:"at"`
	Kind   string `json:"kind"`
	Person string `json:"person,omitempty"` // whom it is about
	Phase  string `json:"phase,omitempty"`
	To     string `json:"to,omitempty"` // visibility
	Reason string `json:"reason,omitempty"`
}

// ErrNoIndex: the container holds no log of a hearing.
var ErrNoIndex = errors.New("playback: no log of a hearing")

// Read makes the index of a container of size bytes. It checks form and bounds, not
// hashes: whether the file is what was sealed is archive.Verify's to say. Every
// stretch lies within its entry. Memory follows what is read, never a length field.
func Read(r io.ReaderAt, size int64) (*Index, error) {
	c, err := asic.Open(r, size)
	if err != nil {
		return nil, fmt.Errorf("playback: %w", err)
	}
	b := newBuilder(c)
	err = ledger.Lines(c.FS(func(name string) bool { return name == ledger.LogName }), func(l ledger.Line) (bool, error) {
		return b.line(l)
	})
	switch {
	case errors.Is(err, ledger.ErrLine) && b.begun:
		b.x.Skipped++ // what stands in front of a damaged line is still shown
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, ledger.ErrLine), err == nil && !b.begun:
		return nil, ErrNoIndex
	case err != nil:
		return nil, fmt.Errorf("playback: %w", err)
	}
	return b.finish(), nil
}

// file finds a file by its name in the address.
func (x *Index) file(name string) (t *Track, f *File) {
	for i := range x.Tracks {
		t := &x.Tracks[i]
		if j := slices.IndexFunc(t.Files, func(f File) bool { return f.Name == name }); j >= 0 {
			return t, &t.Files[j]
		}
	}
	return nil, nil
}
