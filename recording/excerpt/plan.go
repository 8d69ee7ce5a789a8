package excerpt

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"phientoa/internal/ledger"
	"phientoa/recording"
)

// endOf reads what the end line of a log says of its strands; nil: it says nothing.
func endOf(l ledger.Line) (strands []recording.Strand, err error) {
	var b struct {
		Strands []recording.Strand `json:"strands"`
	}
	if err := json.Unmarshal(l.Members, &b); err != nil {
		return nil, fmt.Errorf("excerpt: line %d: %w", l.I, err)
	}
	return b.Strands, nil
}

// entry is what is kept of a line of a strand that an excerpt shows a part of.
type entry struct {
	i       uint64
	t       int64
	opens   bool
	ends    bool // see About.behind
	isShown bool // of loose packets and events: in the time asked for
}

// planned is what one reading of the log found for an excerpt of format 2.
type planned struct {
	leaves  map[string][]ledger.Hash // of the strands, and of the log under the empty name
	entries map[string][]entry
	strands []recording.Strand
	own     []uint64 // the lines that are proved by the log's own tree
}

// stretches plans an excerpt of format 2; false where the log has no strands, or lines of
// them behind its end line.
func (b *builder) stretches() (ok bool, err error) {
	p, err := b.survey()
	if err != nil || p.strands == nil {
		return false, err
	}
	var ranges []Range
	for of, entries := range p.entries {
		ranges = append(ranges, b.about.rangesOf(of, entries)...)
	}
	if len(ranges) == 0 {
		return false, ErrEmpty
	}
	slices.SortFunc(ranges, func(x, y Range) int {
		return cmp.Or(strings.Compare(x.Of, y.Of), cmp.Compare(x.From, y.From))
	})
	if err := b.show(p, ranges); err != nil {
		return false, err
	}
	return true, b.about.check()
}

// show takes the lines of some ranges, with their proof.
func (b *builder) show(p planned, ranges []Range) error {
	b.about.Format, b.about.Ranges = 2, ranges
	for _, r := range ranges {
		for _, e := range p.entries[r.Of][r.From : r.From+r.Lines] {
			b.shown = append(b.shown, e.i)
		}
	}
	b.shown = append(b.shown, p.own...)
	slices.Sort(b.shown)
	if err := b.prove(p); err != nil {
		return err
	}
	return b.take()
}

// survey reads the log once.
func (b *builder) survey() (p planned, err error) {
	p = planned{leaves: map[string][]ledger.Hash{}, entries: map[string][]entry{}}
	lastKey, behind := uint64(0), false
	err = b.rows(func(r row, l ledger.Line) error {
		if r.I >= b.log.Lines {
			return nil
		}
		leaf := ledger.LeafHash(l.Raw)
		p.leaves[""] = append(p.leaves[""], leaf)
		switch r.Kind {
		case ledger.KindKey:
			lastKey = r.I
		case ledger.KindGenesis, ledger.KindEnd:
			p.own = append(p.own, r.I)
		}
		if r.Kind == ledger.KindEnd {
			if p.strands, err = endOf(l); err != nil {
				return err
			}
		}
		of := recording.StrandOf(r.Kind, r.Track)
		if of == "" {
			return nil
		}
		behind = behind || p.strands != nil
		if b.about.has(of, r) {
			p.leaves[of] = append(p.leaves[of], leaf)
			p.entries[of] = append(p.entries[of], entry{r.I, r.T, r.Kind == ledger.KindTrackOpen, b.about.behind(r), b.about.shows(r)})
		}
		return nil
	})
	if p.own = append(p.own, lastKey); behind {
		p.strands = nil
	}
	return p, err
}

// has tells whether an excerpt may show lines of a strand.
func (a About) has(of string, r row) bool {
	if of == recording.StrandEvents {
		return a.Events
	}
	return a.start(r.Track) != nil
}

// rangesOf chooses what is shown of a strand.
func (a About) rangesOf(of string, entries []entry) (out []Range) {
	start := a.start(of)
	if start == nil { // not a track: what lies in the time, which stands in one piece
		from := slices.IndexFunc(entries, func(e entry) bool { return e.isShown })
		if from < 0 {
			return nil
		}
		n := slices.IndexFunc(entries[from:], func(e entry) bool { return !e.isShown })
		if n < 0 {
			n = len(entries) - from
		}
		return []Range{{of, uint64(from), uint64(n)}}
	}
	from, opened := 0, -1
	for i, e := range entries {
		if e.t <= start.FromT {
			from = i
		}
	}
	for i := range entries[:from] {
		if entries[i].opens {
			opened = i
		}
	}
	to := from + 1
	for to < len(entries) && !(entries[to-1].ends && to-1 > from) {
		to++
	}
	if opened >= 0 && opened < from-1 && !entries[from].opens {
		out = append(out, Range{of, uint64(opened), 1})
	} else if opened == from-1 && !entries[from].opens {
		from = opened // side by side
	}
	return append(out, Range{of, uint64(from), uint64(to - from)})
}

// prove collects the hashes as who checks the excerpt will ask for them.
func (b *builder) prove(p planned) error {
	of := map[uint64]string{}
	for name, entries := range p.entries {
		for _, e := range entries {
			of[e.i] = name
		}
	}
	hidden := func(name string, from, to uint64) func() (ledger.Hash, error) {
		hashes := ledger.Cover(p.leaves[name], min(from, to), min(to, uint64(len(p.leaves[name]))))
		return func() (h ledger.Hash, err error) {
			if len(hashes) == 0 {
				return h, fmt.Errorf("%w: the log is shorter than it says", ErrDamaged)
			}
			h, hashes = hashes[0], hashes[1:]
			b.proof = append(b.proof, h)
			return h, nil
		}
	}
	t := b.about.threads(hidden)
	for _, i := range b.shown {
		if i >= uint64(len(p.leaves[""])) {
			return fmt.Errorf("%w: line %d of %d", ErrDamaged, i, len(p.leaves[""]))
		}
		if _, err := t.add(of[i], i, p.leaves[""][i]); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	if err := t.end(p.strands, b.log.Lines, b.log.Root); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// take notes the stretches of media that the lines shown name.
func (b *builder) take() error {
	b.media = map[string][]piece{}
	inits, last := map[string]int64{}, map[string]int64{}
	found := false
	err := b.rows(func(r row, _ ledger.Line) error {
		if r.media() && r.Offset == 0 {
			inits[r.File] = r.Init
		}
		if _, shown := slices.BinarySearch(b.shown, r.I); !shown || !r.media() {
			return nil
		}
		if r.Kind == ledger.KindRecovered { // who checks it knows the lines shown alone
			r.FromT = last[r.Track]
		}
		last[r.Track] = r.ToT
		if !b.about.meets(r) {
			return nil
		}
		found = true
		return b.add(r, inits[r.File])
	})
	if err == nil && !found {
		err = ErrEmpty
	}
	return err
}
