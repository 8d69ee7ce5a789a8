package recording

import (
	"encoding/hex"
	"slices"
	"strings"

	"phientoa/internal/ledger"
)

// Strand is what the end line says of the lines about one thing: how many stand in front
// of it, and their Merkle root, as a log of their own. So a stretch of one track is
// proved without the lines of the others, and that no line of it is left out.
type Strand struct {
	Of    string `json:"of"` // see StrandOf
	Lines uint64 `json:"lines"`
	Root  string `json:"root"` // hex
}

// StrandEvents is the strand of what happened in the hearing.
const StrandEvents = "events"

// looseEnd is what the strand of a track's loose packets is named with, which is its own:
// an excerpt shows every line of a track in a stretch, but not packets of another time.
const looseEnd = "/loose"

// StrandOf names the strand of a line about a track; empty: it is of none.
func StrandOf(kind ledger.Kind, track string) string {
	switch kind {
	case ledger.KindEvent:
		return StrandEvents
	case ledger.KindLoose:
		return track + looseEnd
	case ledger.KindTrackOpen, ledger.KindTrackClose, ledger.KindSeg, ledger.KindGap, ledger.KindRecovered:
		return track
	}
	return ""
}

// maxStrands bounds the strands of one log, and so of its end line.
const maxStrands = 4096

// strands follows the lines of a log.
type strands struct {
	trees map[string]*ledger.Tree
	more  bool // than maxStrands: none is told
}

func (s *strands) add(l ledger.Line, track string) {
	of := StrandOf(l.Kind, track)
	if of == "" || s.more || len(track) > maxText { // longer ones are damage
		return
	}
	t := s.trees[of]
	if t == nil {
		if s.more = len(s.trees) >= maxStrands; s.more {
			return
		}
		if s.trees == nil {
			s.trees = map[string]*ledger.Tree{}
		}
		t = &ledger.Tree{}
		s.trees[of] = t
	}
	t.Add(ledger.LeafHash(l.Raw))
}

// list is in order of the names; nil: there are none, or too many.
func (s *strands) list() []Strand {
	if s.more {
		return nil
	}
	var out []Strand
	for of, t := range s.trees {
		root := t.Root()
		out = append(out, Strand{of, t.Size(), hex.EncodeToString(root[:])})
	}
	slices.SortFunc(out, func(a, b Strand) int { return strings.Compare(a.Of, b.Of) })
	return out
}
