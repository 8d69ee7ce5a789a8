package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/coverage"
	"phientoa/internal/store"
)

// simulated is a day of hearings all over the country, in the database.
type simulated struct {
	from, to, now time.Time
	want          coverage.Row // of all
	courts        int
}

// simulateDay fills a database: hearings of up to 355 courts, held from 8 o'clock on for
// an hour each, every twentieth closed with a reason, every tenth not held; and watchings
// in turn of those that were held and released, each 10 minutes long and beginning
// 5 minutes after the last of the same hearing, so that neighbours overlap.
func simulateDay(t require.TestingT, st store.Store, hearings, watchings int) simulated {
	const courts = 355
	day := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	s := simulated{from: day, to: day.Add(24 * time.Hour), now: day.Add(12 * time.Hour), courts: min(courts, hearings)}
	s.want.Calendar = hearings
	var followed []string
	for n := range hearings {
		h := store.Hearing{
			ID: fmt.Sprintf("day-%05d", n), Room: fmt.Sprintf("%032x", n), Unit: court.UnitID(fmt.Sprintf("court-%03d", n%courts)),
			DocketNo: fmt.Sprintf("%d/2026/TLST-HS", n), Title: "Phiên tòa", StartsAt: day.Add(8 * time.Hour).UnixMicro(),
		}
		require.NoError(t, st.CreateHearing(bg(), sys(), h, nil))
		info := store.HearingInfo{Hearing: h.ID, Status: "scheduled", Updated: 1}
		held, released := n%10 != 9, n%20 != 19
		if held {
			info.Status, info.OpenedAt, info.EndedAt = "closed", h.StartsAt, h.StartsAt+time.Hour.Microseconds()
			s.want.Held++
			s.want.Session += time.Hour
		}
		require.NoError(t, st.PutHearingInfo(bg(), sys(), info))
		r := store.Release{Hearing: h.ID, Seq: 1, At: day, To: store.ReleasedToAll}
		if !released {
			r.To, r.Reason = store.ReleasedToNone, "Có người dưới 18 tuổi"
			s.want.NotReleased++
		} else {
			s.want.Released++
		}
		require.NoError(t, st.PutRelease(bg(), sys(), r))
		if held && released {
			followed = append(followed, h.ID)
		}
	}
	if s.want.NotReleased > 0 {
		s.want.Reasons = []coverage.Reason{{Text: "Có người dưới 18 tuổi", Hearings: s.want.NotReleased}}
	}
	run := store.WatchingRun{ID: "run", Node: "node", Seen: day}
	var list []store.Watching
	for n := range watchings {
		began := day.Add(8*time.Hour + time.Duration(n/len(followed))*5*time.Minute)
		list = append(list, store.Watching{
			ID: fmt.Sprintf("watching-%05d", n), Hearing: followed[n%len(followed)], Unit: "vks", Official: fmt.Sprint("official-", n%800),
			Began: began, Ended: began.Add(10 * time.Minute),
		})
		if n < len(followed) {
			s.want.Watched++
			s.want.Followed += 5 * time.Minute
		}
		s.want.Followed += 5 * time.Minute
	}
	for at := 0; at < len(list); at += store.MaxWatchings {
		require.NoError(t, st.PutWatchings(bg(), sys(), run, list[at:min(at+store.MaxWatchings, len(list))]))
	}
	return s
}

func (s simulated) count(t require.TestingT, st store.Store) coverage.Report {
	d, err := st.CoverageDay(bg(), sys(), s.from.UnixMicro(), s.to.UnixMicro())
	require.NoError(t, err)
	return coverage.Of(coverage.Params{Day: d, Now: s.now.UnixMicro()})
}

// What is counted from the rows of a small day is what was put there.
func coverageOfASimulatedDay(t *testing.T, f *fixture) {
	s := simulateDay(t, f.A, 40, 180)
	r := s.count(t, f.B)
	require.Equal(t, s.want, r.Total)
	require.Len(t, r.Rows, s.courts)
}

// BenchCoverage measures the coverage of a day of 2,000 hearings with 10,000 watchings,
// from the database's rows to the figures of each court.
func BenchCoverage(b *testing.B, open func(b *testing.B) store.Store) {
	st := open(b)
	s := simulateDay(b, st, 2000, 10_000)
	require.Equal(b, s.want, s.count(b, st).Total)
	b.ReportAllocs()
	for b.Loop() {
		s.count(b, st)
	}
}
