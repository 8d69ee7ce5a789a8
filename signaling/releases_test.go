package signaling

import (
	"context"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// fakeReleases takes what is told once the database is there.
type fakeReleases struct {
	mu   sync.Mutex
	fail error
	rows []store.Release
}

func (f *fakeReleases) PutRelease(_ context.Context, _ court.Scope, r store.Release) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return f.fail
	}
	f.rows = append(f.rows, r)
	return nil
}

func (f *fakeReleases) set(fail error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = fail
}

func (f *fakeReleases) told() []store.Release {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]store.Release(nil), f.rows...)
}

// What is told of a hearing is what its log says, event by event: the booking, each
// decision with its words and who made it, doors that close and open; also after an
// outage, and once.
func TestWhatHoldsOfFollowingIsTold(t *testing.T) {
	f := &fakeReleases{fail: store.ErrUnavailable}
	lim := Limits{RetryEvery: time.Millisecond}.withDefaults()
	w := newReleaseWriter(f, "h", lim, discard())
	policy := court.DefaultPolicy(court.Criminal)
	s := &hearing.State{Seq: 1, Booking: hearing.Booking{Hearing: "h", Procedure: court.Criminal, Policy: &policy}, Visibility: hearing.Public, Status: hearing.InSession}
	at := func(n int64) time.Time { return time.UnixMicro(n).UTC() }
	w.opened(s, at(10))
	judge := hearing.Actor{Person: "judge"}
	apply := func(body hearing.EventBody, a hearing.Actor) {
		e := hearing.Event{Seq: s.Seq + 1, At: 10 + int64(s.Seq), Actor: a, Body: body}
		next, err := hearing.Apply(s, e)
		require.NoError(t, err)
		s = next
		w.durable([]hearing.Event{e}, s)
	}
	apply(hearing.MonitoringSet{To: hearing.MonitorsNamed, Units: []court.UnitID{"vks"}, Reason: "rút kinh nghiệm"}, judge)
	apply(hearing.VisibilitySet{To: hearing.ClosedDoors, Reason: "bí mật"}, judge)
	apply(hearing.VisibilitySet{To: hearing.Public}, judge)
	apply(hearing.MonitoringSet{To: hearing.MonitorsNone}, hearing.Actor{Person: "clerk"})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.run(ctx) }()
	f.set(nil)
	want := []store.Release{
		{Hearing: "h", Seq: 1, At: at(10), To: store.ReleasedToAll},
		{Hearing: "h", Seq: 2, At: at(11), To: store.ReleasedToNamed, Units: []court.UnitID{"vks"}, Reason: "rút kinh nghiệm", By: "judge"},
		{Hearing: "h", Seq: 3, At: at(12), To: store.ReleasedToNone},
		{Hearing: "h", Seq: 4, At: at(13), To: store.ReleasedToNamed, Units: []court.UnitID{"vks"}, Reason: "rút kinh nghiệm", By: releaseByCourt},
		{Hearing: "h", Seq: 5, At: at(14), To: store.ReleasedToNone, By: "clerk"},
	}
	eventually(t, "all are told", func() bool { return len(f.told()) == len(want) })
	cancel()
	<-done
	require.Equal(t, want, f.told())
	s.Status = hearing.Closed
	w.opened(s, at(99))
	require.Empty(t, w.mail, "nobody follows what is over")
}

// What the database refuses holds up nothing, and what stands there is enough.
func TestRefusedReleasesHoldUpNothing(t *testing.T) {
	f := &fakeReleases{}
	w := newReleaseWriter(f, "h", Limits{Alarms: 2}.withDefaults(), discard())
	for _, fail := range []error{store.ErrConflict, store.ErrNotFound, store.ErrInvalid} {
		f.set(fail)
		require.True(t, w.put(t.Context(), store.Release{}), fail)
	}
	f.set(store.ErrUnavailable)
	require.False(t, w.put(t.Context(), store.Release{}))
	for n := range 5 {
		w.raise(store.Release{Seq: uint64(n + 1)})
	}
	require.Len(t, w.mail, 2, "the newest are dropped")
}

// A booked hearing and one in session have their rows in the database.
func TestReleasesOfARoomAreInTheDatabase(t *testing.T) {
	w := newWorld(t, nil)
	j, _ := w.session()
	j.must(cmdRecess)
	w.close()
	d, err := w.st.CoverageDay(t.Context(), court.SystemScope(), 0, math.MaxInt64)
	require.NoError(t, err)
	require.NotEmpty(t, d.Hearings)
	require.NotEmpty(t, d.Releases)
	require.Equal(t, store.ReleasedToAll, d.Releases[0].To)
	require.Equal(t, uint64(1), d.Releases[0].Seq)
}
