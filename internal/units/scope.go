package units

import (
	"slices"
	"time"

	"phientoa/internal/court"
)

// MaxDelegation is the longest temporary delegation (domain, additions from review).
const MaxDelegation = 30 * 24 * time.Hour

// Post is where a person serves. The head (Viện trưởng, Chánh án) has the unit's own
// scope, everybody else what the head delegates.
type Post struct {
	Unit court.UnitID
	Head bool
}

// Posts are people by their account's id.
type Posts map[string]Post

// Delegation is a head's scope, or the part of it at Under and below, lent to
// somebody of the same unit.
type Delegation struct {
	ID           string
	By, To       string       // people
	Unit         court.UnitID // of both
	Under        court.UnitID // at or below Unit; empty: the whole scope
	Starts, Ends time.Time    // from Starts until before Ends
	RevokedAt    time.Time    // zero: not revoked
}

// Sound tells whether the delegation may be made at all: people who differ, and at
// most MaxDelegation.
func (d Delegation) Sound() bool {
	return d.By != "" && d.To != "" && d.By != d.To && d.Ends.After(d.Starts) && d.Ends.Sub(d.Starts) <= MaxDelegation
}

// Lends tells whether the delegation counts at the instant: sound, begun, neither
// over nor revoked, the giver still head of the unit and the other still in it. It
// reads the giver's post and no delegation, so that what is lent cannot be passed on.
func (d Delegation) Lends(posts Posts, at time.Time) bool {
	by, to := posts[d.By], posts[d.To]
	live := !at.Before(d.Starts) && at.Before(d.Ends) && (d.RevokedAt.IsZero() || at.Before(d.RevokedAt))
	return d.Sound() && live && by.Head && by.Unit == d.Unit && to.Unit == d.Unit
}

// UnitScope returns the courts whose hearings the unit may follow on the day, sorted:
// those of its own level (of a procuracy the courts that correspond to it, of a court
// itself), those of the units below it, and the dissolved ones whose hearings these
// inherited. A unit that does not stand on the day, or a detention facility, follows
// nothing.
func (t *Tree) UnitScope(id court.UnitID, d Day) []court.UnitID {
	u, ok := t.Unit(id)
	if !ok || !u.Has(d) || u.Kind == Detention {
		return nil
	}
	owners := map[court.UnitID]bool{}
	for _, x := range append(t.Descendants(id, d), id) {
		if u.Kind == Court {
			owners[x] = true
			continue
		}
		for _, c := range t.CourtsOf(x, d) {
			owners[c] = true
		}
	}
	var out []court.UnitID
	for i := range t.list.Units { // sorted by id
		x := &t.list.Units[i]
		if x.Kind != Court || x.Branch != u.Branch {
			continue
		}
		if heir, ok := t.Successor(x.ID, d); ok && owners[heir] {
			out = append(out, x.ID)
		}
	}
	return out
}

// Scope returns the courts whose hearings the person may follow at the instant,
// sorted: the head those of the unit, others those of live delegations, each within
// the unit's own scope. Who has no post follows nothing.
func (t *Tree) Scope(person string, posts Posts, delegations []Delegation, at time.Time) []court.UnitID {
	post, ok := posts[person]
	if !ok {
		return nil
	}
	day := DayOf(at)
	if post.Head {
		return t.UnitScope(post.Unit, day)
	}
	var out []court.UnitID
	for _, d := range delegations {
		if d.To != person || !d.Lends(posts, at) {
			continue
		}
		part := d.Under
		switch {
		case part == "":
			part = d.Unit
		case part != d.Unit && !slices.Contains(t.Descendants(d.Unit, day), part):
			continue
		}
		out = append(out, t.UnitScope(part, day)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Overseers returns the procuracies in whose scope the court's hearings lie on the day,
// the nearest first: the one that practises at it, or at the heir of a dissolved court,
// and those above.
func (t *Tree) Overseers(c court.UnitID, d Day) []Unit {
	heir, ok := t.Successor(c, d)
	if !ok {
		return nil
	}
	var out []Unit
	for id, ok := t.ProcuracyOf(heir, d); ok && id != ""; {
		u, known := t.Unit(id)
		if !known || !u.Has(d) {
			break
		}
		out, id = append(out, u), u.Parent
	}
	return out
}
