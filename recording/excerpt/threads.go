package excerpt

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"phientoa/internal/ledger"
	"phientoa/recording"
)

// Format 2 is an excerpt of a log whose end line sums up its strands. Of a strand it shows
// whole stretches, so that what is left out of the log in between would be seen.

// Range is a stretch of a strand of which every line is shown.
type Range struct {
	Of    string `json:"of"`    // recording.StrandOf
	From  uint64 `json:"from"`  // first line, counted in the strand from 0
	Lines uint64 `json:"lines"` // from 1
}

// maxRanges of an excerpt: of each track its last opening, its stretch and what is loose.
const maxRanges = 3*MaxTracks + 1

// checkRanges wants them in order, apart from one another, and of what was asked for.
func (a About) checkRanges() error {
	if (a.Format == 2) != (len(a.Ranges) > 0) || len(a.Ranges) > maxRanges {
		return fmt.Errorf("%w: ranges", ErrAsked)
	}
	for i, r := range a.Ranges {
		ok := r.Lines > 0 && r.Lines <= 1<<40 && r.From <= 1<<40
		if i > 0 {
			before := a.Ranges[i-1]
			ok = ok && (before.Of < r.Of || (before.Of == r.Of && before.From+before.Lines < r.From))
		}
		of := r.track()
		if !ok || (of == "" && !a.Events) || (of != "" && a.start(of) == nil) {
			return fmt.Errorf("%w: range %d of %q", ErrAsked, r.From, r.Of)
		}
	}
	return nil
}

// track is of which track it is; empty: of what happened.
func (r Range) track() string {
	if r.Of == recording.StrandEvents {
		return ""
	}
	return strings.TrimSuffix(r.Of, recording.StrandOf(ledger.KindLoose, ""))
}

// start is where a track of an excerpt begins; nil: it is not in it.
func (a About) start(track string) *Start {
	for i := range a.Tracks {
		if a.Tracks[i].Track == track {
			return &a.Tracks[i]
		}
	}
	return nil
}

// meets tells whether what a line speaks of lies in the time of an excerpt.
func (a About) meets(r row) bool {
	s := a.start(r.Track)
	return s != nil && (r.ToT > s.FromT || r.FromT >= s.FromT) && r.FromT <= a.ToT
}

// behind tells whether a line ends the stretch of its track: sound or pictures that begin
// so long after the end that all gaps in front of them are written.
func (a About) behind(r row) bool { return r.Kind == ledger.KindSeg && r.FromT >= a.ToT+settle }

// errHole: lines of a strand are left out where none may be.
var errHole = errors.New("excerpt: lines are left out")

// threads lays the lines of an excerpt into the trees of their strands and of the log.
// Who makes one and who checks it both go this way: hashes are asked for in the order in
// which they stand in the proof.
type threads struct {
	log    ledger.Tree
	of     map[string]*thread
	hidden func(of string, from, to uint64) func() (ledger.Hash, error) // of empty: the log
}

type thread struct {
	tree   ledger.Tree
	ranges []Range // the one that is being shown, and those to come
	left   uint64  // lines of the first, 0: not begun
	open   bool    // the stretch ended without a line that ends it: nothing may follow
}

// place is where a line stands in its strand.
type place struct {
	at          uint64
	first, last bool // of its range
	stretch     bool // the last range of its strand
}

func (a About) threads(hidden func(of string, from, to uint64) func() (ledger.Hash, error)) *threads {
	t := &threads{of: map[string]*thread{}, hidden: hidden}
	for _, r := range a.Ranges {
		if t.of[r.Of] == nil {
			t.of[r.Of] = &thread{}
		}
		t.of[r.Of].ranges = append(t.of[r.Of].ranges, r)
	}
	return t
}

// add takes the next line; of is its strand, empty where it is proved by the log's tree.
func (t *threads) add(of string, i uint64, leaf ledger.Hash) (p place, err error) {
	if of == "" {
		if err := t.log.Skip(i, t.hidden("", t.log.Size(), i)); err != nil {
			return p, fmt.Errorf("line %d: %w", i, err)
		}
		t.log.Add(leaf)
		return p, nil
	}
	s := t.of[of]
	if s == nil || len(s.ranges) == 0 {
		return p, fmt.Errorf("%w: line %d of %s is in none of its ranges", ledger.ErrSeveral, i, of)
	}
	r := s.ranges[0]
	if s.left == 0 {
		if err := s.tree.Skip(r.From, t.hidden(of, s.tree.Size(), r.From)); err != nil {
			return p, fmt.Errorf("line %d: %w", i, err)
		}
		s.left, p.first = r.Lines, true
	}
	p.at, p.stretch = s.tree.Size(), len(s.ranges) == 1
	s.tree.Add(leaf)
	if s.left--; s.left == 0 {
		s.ranges, p.last = s.ranges[1:], true
	}
	return p, nil
}

// end compares the trees with the roots of the strands and of the log of so many lines.
func (t *threads) end(strands []recording.Strand, lines uint64, root ledger.Hash) error {
	for _, of := range slices.Sorted(maps.Keys(t.of)) {
		s := t.of[of]
		i := slices.IndexFunc(strands, func(x recording.Strand) bool { return x.Of == of })
		if i < 0 || len(s.ranges) > 0 {
			return fmt.Errorf("%w: lines of %s are not here", ledger.ErrSeveral, of)
		}
		want := strands[i]
		if s.open && s.tree.Size() != want.Lines {
			return fmt.Errorf("%w: lines of %s behind the last one are not here", errHole, of)
		}
		if err := s.tree.Skip(want.Lines, t.hidden(of, s.tree.Size(), want.Lines)); err != nil {
			return fmt.Errorf("%s: %w", of, err)
		}
		if got := s.tree.Root(); hex.EncodeToString(got[:]) != want.Root {
			return fmt.Errorf("%w: another root of %s than the log's", ledger.ErrSeveral, of)
		}
	}
	if err := t.log.Skip(lines, t.hidden("", t.log.Size(), lines)); err != nil {
		return err
	}
	if t.log.Root() != root {
		return fmt.Errorf("%w: another Merkle root than the sealed one", ledger.ErrSeveral)
	}
	return nil
}
