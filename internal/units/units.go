// Package units is the tree of courts, procuracies and detention facilities with
// validity dates and successors, and the algebra of scope over it: whose hearings a
// unit may follow on a day. It is pure: no I/O, no clock. Levels are those of the
// reform of 1 July 2025 (Resolution 81/2025/UBTVQH15) and of the time before it.
package units

import (
	"slices"

	"phientoa/internal/court"
)

// Kind is what a unit is.
type Kind string

// The kinds of units.
const (
	Court     Kind = "court"
	Procuracy Kind = "procuracy"
	Detention Kind = "detention"
)

// Branch tells the people's courts and procuracies from the military ones, which
// share no scope.
type Branch string

// The branches.
const (
	Civil    Branch = "civil"
	Military Branch = "military"
)

// Level is where a unit stands in its branch. The military ladder has the same
// steps: the central court is Supreme, a zone's Province, a region's Region.
type Level string

// The levels. High and District ended on 30 June 2025.
const (
	Supreme  Level = "supreme"
	Appeal   Level = "appeal"
	High     Level = "high"
	Province Level = "province"
	Region   Level = "region"
	District Level = "district"
)

// Rank is the level's height from the top, 0 to 2; -1 of a level that nobody knows. A parent
// stands strictly higher than its child, so that no chain of parents has a cycle.
func (l Level) Rank() int {
	switch l {
	case Supreme:
		return 0
	case Appeal, High, Province:
		return 1
	case Region, District:
		return 2
	default:
		return -1
	}
}

// Bounds of a tree. 20 000 units are the country's courts and procuracies of before
// and after the reform several times over.
const (
	MaxUnits      = 20_000
	MaxPairs      = 20_000
	MaxSuccessors = 16
	MaxIDBytes    = 64
	MaxNameRunes  = 200
	MaxFindings   = 100
)

// Unit is one court, procuracy or detention facility. A unit that gets another
// parent or level is dissolved and succeeded by a new one.
type Unit struct {
	ID     court.UnitID `json:"id"`
	Kind   Kind         `json:"kind"`
	Branch Branch       `json:"branch"`
	Level  Level        `json:"level"`
	Name   string       `json:"name"`
	Parent court.UnitID `json:"parent,omitempty"`
	Span
	// Successors stand on the day of the dissolution. The first inherits hearings and
	// records, so that each has one owner; the others are told, no more.
	Successors []court.UnitID `json:"successors,omitempty"`
}

// Correspondence tells which procuracy practises at which court (same level, "cùng
// cấp") and when. A procuracy may have several courts, a court has one procuracy on
// a day.
type Correspondence struct {
	Procuracy court.UnitID `json:"procuracy"`
	Court     court.UnitID `json:"court"`
	Span
}

// List is a tree as files have it, not yet checked.
type List struct {
	Units []Unit           `json:"units"`
	Pairs []Correspondence `json:"correspondences,omitempty"`
	// lines of the file from which units and pairs came; empty: their position.
	unitLines, pairLines []int
}

// Tree is a checked List. It does not change; a new version is another Tree.
type Tree struct {
	list     List
	byID     map[court.UnitID]int
	children map[court.UnitID][]court.UnitID // sorted
	courts   map[court.UnitID][]Correspondence
	vks      map[court.UnitID][]Correspondence
}

// List returns what the tree holds, units by id, pairs by court and first day. The
// caller may change it.
func (t *Tree) List() List {
	out := List{Units: slices.Clone(t.list.Units), Pairs: slices.Clone(t.list.Pairs)}
	for i := range out.Units {
		out.Units[i].Successors = slices.Clone(out.Units[i].Successors)
	}
	return out
}

// Unit finds one by its id.
func (t *Tree) Unit(id court.UnitID) (Unit, bool) {
	i, ok := t.byID[id]
	if !ok {
		return Unit{}, false
	}
	u := t.list.Units[i]
	u.Successors = slices.Clone(u.Successors)
	return u, true
}

// stands tells whether the unit exists on the day.
func (t *Tree) stands(id court.UnitID, d Day) bool {
	i, ok := t.byID[id]
	return ok && t.list.Units[i].Has(d)
}

// Descendants returns the units below id that stand on the day, without id itself,
// sorted; none when id does not stand on it.
func (t *Tree) Descendants(id court.UnitID, d Day) []court.UnitID {
	if !t.stands(id, d) {
		return nil
	}
	var out []court.UnitID
	for wait := []court.UnitID{id}; len(wait) > 0; {
		next := wait[0]
		wait = wait[1:]
		for _, c := range t.children[next] {
			if t.stands(c, d) {
				out, wait = append(out, c), append(wait, c)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Successor returns who has the unit's hearings on the day: the unit itself while it
// stands, else the last heir that stands. A unit that does not exist yet, or that
// ended without an heir, gives none.
func (t *Tree) Successor(id court.UnitID, d Day) (court.UnitID, bool) {
	for {
		i, ok := t.byID[id]
		if !ok {
			return "", false
		}
		u := &t.list.Units[i]
		switch {
		case d < u.From:
			return "", false
		case u.before(d):
			return id, true
		case len(u.Successors) == 0:
			return "", false
		}
		id = u.Successors[0] // ends later than u: the walk ends
	}
}

// CourtsOf returns the courts at which the procuracy practises on the day, sorted.
func (t *Tree) CourtsOf(procuracy court.UnitID, d Day) []court.UnitID {
	var out []court.UnitID
	for _, p := range t.courts[procuracy] {
		if p.Has(d) {
			out = append(out, p.Court)
		}
	}
	slices.Sort(out)
	return out
}

// ProcuracyOf returns the procuracy that practises at the court on the day.
func (t *Tree) ProcuracyOf(c court.UnitID, d Day) (court.UnitID, bool) {
	for _, p := range t.vks[c] {
		if p.Has(d) {
			return p.Procuracy, true
		}
	}
	return "", false
}

// Unwatched returns the courts that stand on the day and at which no procuracy
// practises, sorted: their hearings nobody would follow.
func (t *Tree) Unwatched(d Day) []court.UnitID {
	var out []court.UnitID
	for _, u := range t.list.Units {
		if u.Kind == Court && u.Has(d) {
			if _, ok := t.ProcuracyOf(u.ID, d); !ok {
				out = append(out, u.ID)
			}
		}
	}
	return out
}
