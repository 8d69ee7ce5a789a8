package coverage

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// tick is the unit of time of drawn days: small numbers of them meet and overlap.
const tick = int64(time.Second / time.Microsecond)

func moment(t int64) time.Time { return time.UnixMicro(t * tick).UTC() }

func drawDay(t *rapid.T) Params {
	p := Params{AtLeast: time.Duration(rapid.Int64Range(1, 20).Draw(t, "at least")) * time.Second, Now: 50 * tick}
	at := rapid.Int64Range(1, 40)
	for n := range rapid.IntRange(0, 8).Draw(t, "hearings") {
		h := store.DayHearing{
			ID: fmt.Sprint("h", n), Unit: rapid.SampledFrom([]court.UnitID{"u1", "u2", "u3"}).Draw(t, "unit"),
			Status: rapid.SampledFrom([]string{"scheduled", "in_session", "closed", "cancelled", ""}).Draw(t, "status"),
			Closed: rapid.Bool().Draw(t, "closed"),
		}
		if rapid.Bool().Draw(t, "held") {
			h.OpenedAt = at.Draw(t, "opened") * tick
			if rapid.Bool().Draw(t, "over") {
				h.EndedAt = at.Draw(t, "over at") * tick // also before it was opened: a wrong clock
			}
		}
		p.Day.Hearings = append(p.Day.Hearings, h)
		from := int64(0)
		for seq := range rapid.IntRange(0, 4).Draw(t, "releases") {
			from += rapid.Int64Range(0, 15).Draw(t, "after")
			r := store.Release{Hearing: h.ID, Seq: uint64(seq + 1), At: moment(from), To: rapid.SampledFrom([]store.ReleaseTo{
				store.ReleasedToAll, store.ReleasedToNone, store.ReleasedToNamed,
			}).Draw(t, "to"), Reason: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "reason")}
			if r.To == store.ReleasedToNamed {
				r.Units = []court.UnitID{rapid.SampledFrom([]court.UnitID{"vks", "other"}).Draw(t, "unit named")}
			}
			p.Day.Releases = append(p.Day.Releases, r)
		}
		for w := range rapid.IntRange(0, 6).Draw(t, "watchings") {
			began := at.Draw(t, "began")
			p.Day.Watchings = append(p.Day.Watchings, store.Watching{
				ID: fmt.Sprint(h.ID, "w", w), Hearing: h.ID, Unit: rapid.SampledFrom([]court.UnitID{"vks", "other"}).Draw(t, "watcher"), Official: "o",
				Began: moment(began), Ended: moment(began + rapid.Int64Range(0, 15).Draw(t, "for")),
			})
		}
	}
	return p
}

// Sums agree, within each row and of all rows; nothing was followed for longer than it
// was held.
func TestSumsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawDay(t)
		r := Of(p)
		var sum Row
		for _, row := range append(slices.Clone(r.Rows), r.Total) {
			require.Equal(t, row.Calendar, row.Cancelled+row.Released+row.NotReleased)
			require.LessOrEqual(t, row.Watched, row.Held)
			require.LessOrEqual(t, row.Held, row.Calendar-row.Cancelled)
			require.LessOrEqual(t, row.Followed, row.Session)
			require.GreaterOrEqual(t, row.Followed, time.Duration(row.Watched)*p.AtLeast)
			why := 0
			for _, x := range row.Reasons {
				require.Positive(t, x.Hearings)
				require.True(t, (x.Code == "") != (x.Text == ""), "words or a code: %+v", x)
				why += x.Hearings
			}
			require.Equal(t, row.NotReleased, why)
		}
		for _, row := range r.Rows {
			require.Positive(t, row.Calendar)
			sum.Calendar += row.Calendar
			sum.Cancelled += row.Cancelled
			sum.Held += row.Held
			sum.Released += row.Released
			sum.NotReleased += row.NotReleased
			sum.Watched += row.Watched
			sum.Session += row.Session
			sum.Followed += row.Followed
		}
		sum.Reasons = r.Total.Reasons
		require.Equal(t, sum, r.Total)
		require.Equal(t, len(p.Day.Hearings), r.Total.Calendar, "the count is the calendar's")
	})
}

// What is followed is what a look at every second of the session finds, however the
// watchings overlap; and so is what was released.
func TestEverySecondCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawDay(t)
		want := map[court.UnitID]Row{}
		for _, h := range p.Day.Hearings {
			row := want[h.Unit]
			row.Unit = h.Unit
			row.Calendar++
			end := h.EndedAt
			if end == 0 {
				end = p.Now
			}
			followed, released := int64(0), false
			opened, held := h.OpenedAt/tick, h.OpenedAt != 0 && h.Status != "cancelled"
			for s := opened; held && s < max(end/tick, opened+1); s++ {
				in := s < end/tick && slices.ContainsFunc(p.Day.Watchings, func(w store.Watching) bool {
					return w.Hearing == h.ID && !w.Began.After(moment(s)) && w.Ended.After(moment(s)) && lets(p, h.ID, s, w.Unit)
				})
				if in {
					followed++
				}
				released = released || lets(p, h.ID, s, "") && says(p, h.ID)
			}
			if !held {
				released = lets(p, h.ID, 1000, "") && says(p, h.ID)
			}
			switch {
			case h.Status == "cancelled":
				row.Cancelled++
			case released:
				row.Released++
			default:
				row.NotReleased++
			}
			if held {
				row.Held++
				row.Session += time.Duration(max(end-h.OpenedAt, 0)) * time.Microsecond
			}
			row.Followed += time.Duration(followed) * time.Second
			if held && time.Duration(followed)*time.Second >= p.AtLeast {
				row.Watched++
			}
			want[h.Unit] = row
		}
		got := map[court.UnitID]Row{}
		for _, row := range Of(p).Rows {
			row.Reasons = nil
			got[row.Unit] = row
		}
		require.Equal(t, want, got)
	})
}

// says tells whether the log says anything of who may follow.
func says(p Params, hearing string) bool {
	return slices.ContainsFunc(p.Day.Releases, func(r store.Release) bool { return r.Hearing == hearing })
}

// lets tells whether a unit, or if it is empty any, may follow in that second, by the
// latest word until then.
func lets(p Params, hearing string, s int64, unit court.UnitID) bool {
	last := store.Release{To: store.ReleasedToNone}
	for _, r := range p.Day.Releases { // drawn in order
		if r.Hearing == hearing && !r.At.After(moment(s)) {
			last = r
		}
	}
	return !says(p, hearing) || last.To == store.ReleasedToAll || last.To == store.ReleasedToNamed && (unit == "" || slices.Contains(last.Units, unit))
}

// The order of rows does not matter; rows of other hearings do not; a watching that is
// told twice, or in two pieces, is the same.
func TestOrderAndPiecesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawDay(t)
		want := Of(p)
		q := p
		q.Day.Hearings = rapid.Permutation(p.Day.Hearings).Draw(t, "hearings in another order")
		q.Day.Releases = rapid.Permutation(p.Day.Releases).Draw(t, "releases in another order")
		q.Day.Watchings = rapid.Permutation(p.Day.Watchings).Draw(t, "watchings in another order")
		require.Equal(t, want, Of(q))
		for _, w := range p.Day.Watchings {
			whole, former, latter := w, w, w
			between := w.Began.Add(w.Ended.Sub(w.Began) / 2)
			former.Ended, latter.Began = between, between
			q.Day.Watchings = append(q.Day.Watchings, whole, former, latter)
		}
		q.Day.Watchings = append(q.Day.Watchings, store.Watching{Hearing: "another day's", Began: moment(0), Ended: moment(99)})
		q.Day.Releases = append(q.Day.Releases, store.Release{Hearing: "another day's", Seq: 1, To: store.ReleasedToAll})
		require.Equal(t, want, Of(q))
	})
}

// More watching never makes less of anything.
func TestMoreWatchingIsNeverLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawDay(t)
		before := Of(p)
		for _, h := range p.Day.Hearings {
			p.Day.Watchings = append(p.Day.Watchings, store.Watching{Hearing: h.ID, Began: moment(rapid.Int64Range(0, 40).Draw(t, "from")), Ended: moment(rapid.Int64Range(0, 60).Draw(t, "to"))})
		}
		after := Of(p)
		require.GreaterOrEqual(t, after.Total.Followed, before.Total.Followed)
		require.GreaterOrEqual(t, after.Total.Watched, before.Total.Watched)
		after.Total.Followed, after.Total.Watched = before.Total.Followed, before.Total.Watched
		require.Equal(t, before.Total, after.Total, "and changes nothing else")
	})
}

func TestWhyAHearingWasNotReleased(t *testing.T) {
	h := store.DayHearing{ID: "h", Unit: "u", OpenedAt: 10 * tick, EndedAt: 20 * tick}
	rel := func(seq uint64, at int64, to store.ReleaseTo, reason string) store.Release {
		return store.Release{Hearing: "h", Seq: seq, At: moment(at), To: to, Reason: reason}
	}
	decided := rel(3, 1, store.ReleasedToNone, "")
	decided.By = "person"
	doors, waiting, gone := h, h, h
	doors.Closed = true
	waiting.OpenedAt, waiting.EndedAt = 0, 0
	gone.Status = "cancelled"
	for name, c := range map[string]struct {
		h    store.DayHearing
		list []store.Release
		want []Reason // nil: released
	}{
		"nothing said":            {h, nil, []Reason{{Code: WhyUndecided, Hearings: 1}}},
		"open from the booking":   {h, []store.Release{rel(1, 0, store.ReleasedToAll, "")}, nil},
		"to named units":          {h, []store.Release{rel(1, 0, store.ReleasedToNone, ""), rel(5, 15, store.ReleasedToNamed, "x")}, nil},
		"closed on the way":       {h, []store.Release{rel(1, 0, store.ReleasedToAll, ""), rel(5, 15, store.ReleasedToNone, "y")}, nil},
		"closed before it began":  {h, []store.Release{rel(1, 0, store.ReleasedToAll, ""), rel(5, 10, store.ReleasedToNone, "y")}, []Reason{{Text: "y", Hearings: 1}}},
		"open for no time":        {h, []store.Release{rel(1, 12, store.ReleasedToAll, ""), rel(2, 12, store.ReleasedToNone, "v")}, []Reason{{Text: "v", Hearings: 1}}},
		"opened when it was over": {h, []store.Release{rel(1, 0, store.ReleasedToNone, "z"), rel(5, 20, store.ReleasedToAll, "")}, []Reason{{Text: "z", Hearings: 1}}},
		"closed without a word":   {h, []store.Release{decided}, []Reason{{Code: WhyUnsaid, Hearings: 1}}},
		"closed by policy":        {h, []store.Release{rel(1, 0, store.ReleasedToNone, "")}, []Reason{{Code: WhyPolicy, Hearings: 1}}},
		"closed doors":            {doors, []store.Release{rel(1, 0, store.ReleasedToNone, "")}, []Reason{{Code: WhyDoors, Hearings: 1}}},
		"waits, open":             {waiting, []store.Release{rel(1, 0, store.ReleasedToNone, ""), rel(2, 1, store.ReleasedToAll, "")}, nil},
		"waits, closed":           {waiting, []store.Release{rel(1, 0, store.ReleasedToAll, ""), rel(2, 1, store.ReleasedToNone, "w")}, []Reason{{Text: "w", Hearings: 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := Of(Params{Day: store.CoverageDay{Hearings: []store.DayHearing{c.h}, Releases: c.list}, Now: 99 * tick})
			require.Equal(t, c.want, r.Total.Reasons)
			require.Equal(t, c.want == nil, r.Total.Released == 1)
		})
	}
	r := Of(Params{Day: store.CoverageDay{Hearings: []store.DayHearing{gone}, Releases: []store.Release{rel(1, 0, store.ReleasedToNone, "x")}}})
	require.Equal(t, Row{Calendar: 1, Cancelled: 1}, r.Total, "what was cancelled needs no release")
}

// By default a look of less than a minute is no watching; it is counted as time all the same.
func TestAGlanceIsNoWatching(t *testing.T) {
	h := store.DayHearing{ID: "h", Unit: "u", OpenedAt: 10 * tick, EndedAt: 1000 * tick}
	for seconds, want := range map[int64]int{59: 0, 60: 1} {
		r := Of(Params{Day: store.CoverageDay{
			Hearings: []store.DayHearing{h}, Watchings: []store.Watching{{Hearing: "h", Began: moment(20), Ended: moment(20 + seconds)}},
		}})
		require.Equal(t, want, r.Total.Watched)
		require.Equal(t, time.Duration(seconds)*time.Second, r.Total.Followed)
	}
}
