// Package coverage counts what procuracies followed of a day's hearings: per unit of the
// court what stood on the calendar, what was held, released and watched, for how long,
// and why the rest was not released. It is pure, and counts rows that were made from
// logs: nothing that somebody pressed to say so.
package coverage

import (
	"cmp"
	"slices"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// AtLeast is the default of Params.AtLeast: an opened and closed page is no watching.
const AtLeast = 60 * time.Second

// Params of Of.
type Params struct {
	Day store.CoverageDay
	// AtLeast is how long a hearing has to be followed to count as watched, by all who
	// followed it together, over the time in which at least one did; default AtLeast.
	AtLeast time.Duration
	// Now ends the session of what still goes on; UTC unix microseconds.
	Now int64
}

// Why a hearing was not released, where the court gave no words.
const (
	WhyDoors     = "closed_doors" // the doors are closed
	WhyPolicy    = "policy"       // nobody decided: a minor, a protected witness, or the court releases each hearing itself
	WhyUnsaid    = "unsaid"       // the court decided without a reason
	WhyUndecided = "undecided"    // the log says nothing of it
)

// Reason is why hearings were not released.
type Reason struct {
	// Text is the court's own words, or, if Code is set, empty.
	Text     string
	Code     string // WhyDoors, WhyPolicy, WhyUnsaid or WhyUndecided
	Hearings int
}

// Row counts the hearings of one unit. These hold:
// Calendar = Cancelled + Released + NotReleased; Watched <= Held <= Calendar - Cancelled;
// the Hearings of Reasons are NotReleased together.
type Row struct {
	Unit        court.UnitID
	Calendar    int // on the calendar, cancelled ones too
	Cancelled   int
	Held        int // opened
	Released    int // somebody was let follow, at any time of the session; before it, as was said last
	NotReleased int
	Watched     int // held and followed for at least Params.AtLeast
	// Session is how long hearings were held, recesses too and, of a reopened one, the days
	// between; Followed for how much of it at least one official followed. Both are summed
	// over hearings, also of those not Watched.
	Session, Followed time.Duration
	Reasons           []Reason // the most frequent first
}

// Report of a day.
type Report struct {
	Rows  []Row // by unit, each with at least one hearing
	Total Row   // without a unit
}

// Of counts. The order of the day's rows does not matter.
func Of(p Params) Report {
	if p.AtLeast <= 0 {
		p.AtLeast = AtLeast
	}
	releases := map[string][]store.Release{}
	for _, r := range p.Day.Releases {
		releases[r.Hearing] = append(releases[r.Hearing], r)
	}
	for _, list := range releases {
		slices.SortFunc(list, func(a, b store.Release) int { return cmp.Compare(a.Seq, b.Seq) })
	}
	watchings := map[string][]store.Watching{}
	for _, w := range p.Day.Watchings {
		watchings[w.Hearing] = append(watchings[w.Hearing], w)
	}
	rows := map[court.UnitID]*counting{}
	total := newCounting("")
	for _, h := range p.Day.Hearings {
		row := rows[h.Unit]
		if row == nil {
			row = newCounting(h.Unit)
			rows[h.Unit] = row
		}
		f := found(p, h, releases[h.ID], watchings[h.ID])
		row.add(f)
		total.add(f)
	}
	r := Report{Total: total.row()}
	for _, row := range rows {
		r.Rows = append(r.Rows, row.row())
	}
	slices.SortFunc(r.Rows, func(a, b Row) int { return cmp.Compare(a.Unit, b.Unit) })
	return r
}

// finding is what counts of one hearing.
type finding struct {
	cancelled, held, released, watched bool
	why                                Reason
	session, followed                  time.Duration
}

const statusCancelled = "cancelled" // hearing.Cancelled

func found(p Params, h store.DayHearing, releases []store.Release, watchings []store.Watching) finding {
	f := finding{cancelled: h.Status == statusCancelled}
	if f.cancelled { // it was never opened
		return f
	}
	s, held := sessionOf(h, p.Now)
	f.held = held
	f.released, f.why = released(h, s, held, releases)
	if !held {
		return f
	}
	f.session = s.length()
	f.followed = union(s, releases, watchings)
	f.watched = f.followed >= p.AtLeast
	return f
}

// span is [from, to) in UTC unix microseconds.
type span struct{ from, to int64 }

func (s span) length() time.Duration { return time.Duration(s.to-s.from) * time.Microsecond }

// sessionOf is when the hearing was held, if it was: until it was over or suspended, and
// until now while it goes on. A reopened hearing's row has no end again.
func sessionOf(h store.DayHearing, now int64) (span, bool) {
	if h.OpenedAt == 0 {
		return span{}, false
	}
	to := h.EndedAt
	if to == 0 {
		to = now
	}
	return span{h.OpenedAt, max(to, h.OpenedAt)}, true
}

// released tells whether anybody was let follow: at any time of the session, and of a
// hearing that was not held, as was said last. list is by Seq.
func released(h store.DayHearing, s span, held bool, list []store.Release) (bool, Reason) {
	var last *store.Release // in force at the session's end
	for i := range list {
		r := &list[i]
		// A session of no length still has the moment of its opening.
		if held && r.At.UnixMicro() >= max(s.to, s.from+1) {
			break
		}
		last = r
		// In force for no time of the session: taken back before it, or in the same moment.
		over := !held || i+1 < len(list) && list[i+1].At.UnixMicro() <= max(r.At.UnixMicro(), s.from)
		if r.To != store.ReleasedToNone && !over {
			return true, Reason{}
		}
	}
	switch {
	case last == nil:
		return false, Reason{Code: WhyUndecided}
	case last.To != store.ReleasedToNone: // of one that was not held
		return true, Reason{}
	case last.Reason != "":
		return false, Reason{Text: last.Reason}
	case h.Closed:
		return false, Reason{Code: WhyDoors}
	case last.By == "":
		return false, Reason{Code: WhyPolicy}
	}
	return false, Reason{Code: WhyUnsaid}
}

// union is for how much of the session at least one of the watchings went on while its
// unit was let follow: a connection may outlast the court's word, and shows nothing then.
// Where the log says nothing of it, that there was a connection is what says it.
func union(s span, releases []store.Release, list []store.Watching) time.Duration {
	let := map[court.UnitID][]span{}
	spans := make([]span, 0, len(list))
	for _, w := range list {
		open, known := let[w.Unit]
		if !known {
			open = letFollow(s, releases, w.Unit)
			let[w.Unit] = open
		}
		for _, o := range open {
			x := span{max(w.Began.UnixMicro(), o.from), min(w.Ended.UnixMicro(), o.to)}
			if x.to > x.from {
				spans = append(spans, x)
			}
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var sum time.Duration
	upTo := s.from
	for _, x := range spans {
		if x.to > upTo {
			sum += span{max(x.from, upTo), x.to}.length()
			upTo = x.to
		}
	}
	return sum
}

// letFollow is when in the session a unit was let follow.
func letFollow(s span, releases []store.Release, unit court.UnitID) (out []span) {
	if len(releases) == 0 {
		return []span{s}
	}
	for i, r := range releases {
		if r.To != store.ReleasedToAll && !slices.Contains(r.Units, unit) {
			continue
		}
		x := span{max(r.At.UnixMicro(), s.from), s.to}
		if i+1 < len(releases) {
			x.to = min(x.to, releases[i+1].At.UnixMicro())
		}
		if x.to > x.from {
			out = append(out, x)
		}
	}
	return out
}

// counting is a row in the making.
type counting struct {
	r    Row
	whys map[Reason]int // by a Reason without its count
}

func newCounting(u court.UnitID) *counting {
	return &counting{r: Row{Unit: u}, whys: map[Reason]int{}}
}

func (c *counting) add(f finding) {
	c.r.Calendar++
	switch {
	case f.cancelled:
		c.r.Cancelled++
		return
	case f.released:
		c.r.Released++
	default:
		c.r.NotReleased++
		c.whys[f.why]++
	}
	if f.held {
		c.r.Held++
	}
	if f.watched {
		c.r.Watched++
	}
	c.r.Session += f.session
	c.r.Followed += f.followed
}

func (c *counting) row() Row {
	for why, n := range c.whys {
		why.Hearings = n
		c.r.Reasons = append(c.r.Reasons, why)
	}
	slices.SortFunc(c.r.Reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Hearings, a.Hearings), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Text, b.Text))
	})
	return c.r
}
