package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

func (f *fixture) outgoing(t require.TestingT, u court.UnitID, made time.Time) store.OutgoingReport {
	return store.OutgoingReport{
		ID: f.id("report"), Unit: u, Day: "2026-11-23", Digest: fmt.Sprintf("%064d", f.n.Add(1)), Body: []byte(`{"a":1}`),
		Account: f.account(t, u).ID, Made: made, State: store.OutgoingWaiting, Due: made,
	}
}

// What was put is due until it is settled, on whichever node; sent is for good.
func outgoingIsSentOnce(t *testing.T, f *fixture) {
	own := court.ScopeOf(unit)
	r, later, far := f.outgoing(t, unit, at(0)), f.outgoing(t, unit, at(time.Hour)), f.outgoing(t, foreign, at(0))
	for _, x := range []store.OutgoingReport{r, later, far} {
		got, err := f.A.PutOutgoing(bg(), sys(), x)
		require.NoError(t, err)
		want := x
		want.Body = nil
		require.Equal(t, want, got)
	}
	_, err := f.A.PutOutgoing(bg(), court.ScopeOf(foreign), r)
	require.ErrorIs(t, err, store.ErrNotFound)
	due := func(sc court.Scope, when time.Time) []store.OutgoingReport {
		t.Helper()
		list, err := f.B.DueReports(bg(), sc, when)
		require.NoError(t, err)
		return list
	}
	require.Equal(t, []store.OutgoingReport{r}, due(own, at(0)))
	require.Equal(t, []store.OutgoingReport{r, later}, due(own, at(time.Hour)))
	require.Len(t, due(sys(), at(time.Hour)), 3)
	require.Empty(t, due(court.Scope{}, at(time.Hour)))

	r.Due, r.Reason = at(2*time.Hour), "http_503"
	require.ErrorIs(t, f.B.TriedOutgoing(bg(), court.ScopeOf(foreign), r), store.ErrNotFound)
	require.NoError(t, f.B.TriedOutgoing(bg(), own, r))
	require.Equal(t, []store.OutgoingReport{later}, due(own, at(time.Hour)))
	require.Equal(t, 1, due(own, at(2*time.Hour))[1].Tries)
	r.State, r.Settled, r.Reason = store.OutgoingRefused, at(2*time.Hour), "http_422"
	require.NoError(t, f.B.TriedOutgoing(bg(), own, r))
	require.ErrorIs(t, f.B.TriedOutgoing(bg(), own, r), store.ErrConflict)
	list, err := f.A.OutgoingReports(bg(), own, unit, r.Day)
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, later.ID, list[0].ID)
	require.Equal(t, store.OutgoingRefused, list[1].State)
	require.Equal(t, at(2*time.Hour), list[1].Settled)

	again := r
	again.Made = at(3 * time.Hour)
	got, err := f.A.PutOutgoing(bg(), own, again)
	require.NoError(t, err)
	require.Equal(t, store.OutgoingWaiting, got.State, "refused waits again")
	require.Equal(t, []any{0, at(3 * time.Hour), at(0), ""}, []any{got.Tries, got.Due, got.Made, got.Reason})
	r.State, r.Settled, r.Reason = store.OutgoingSent, at(4*time.Hour), ""
	require.NoError(t, f.B.TriedOutgoing(bg(), own, r))
	got, err = f.A.PutOutgoing(bg(), own, again)
	require.NoError(t, err)
	require.Equal(t, store.OutgoingSent, got.State, "sent is sent")
	for _, u := range []court.UnitID{foreign, "none"} {
		list, err = f.A.OutgoingReports(bg(), own, u, r.Day)
		require.NoError(t, err)
		require.Empty(t, list)
	}
}

func outgoingCannotBeChanged(t *testing.T, f *fixture) {
	own := court.ScopeOf(unit)
	sent, waits := f.outgoing(t, unit, at(0)), f.outgoing(t, unit, at(0))
	for _, x := range []store.OutgoingReport{sent, waits} {
		_, err := f.A.PutOutgoing(bg(), own, x)
		require.NoError(t, err)
	}
	sent.State, sent.Settled = store.OutgoingSent, at(time.Minute)
	require.NoError(t, f.A.TriedOutgoing(bg(), own, sent))
	for name, x := range map[string]func(*store.OutgoingReport){
		"empty": func(r *store.OutgoingReport) { r.Body = nil }, "large": func(r *store.OutgoingReport) { r.Body = make([]byte, store.MaxOutgoingBody+1) },
		"day": func(r *store.OutgoingReport) { r.Day = "2026" }, "digest": func(r *store.OutgoingReport) { r.Digest = "0" }, "id": func(r *store.OutgoingReport) { r.ID = "" },
	} {
		r := f.outgoing(t, unit, at(0))
		x(&r)
		_, err := f.A.PutOutgoing(bg(), own, r)
		require.ErrorIs(t, err, store.ErrInvalid, name)
	}
	for _, q := range []string{
		`UPDATE outgoing_report SET state = 'waiting', settled = NULL WHERE state = 'sent'`, `UPDATE outgoing_report SET body = 'x' WHERE state = 'waiting'`,
		`UPDATE outgoing_report SET unit = 'x' WHERE state = 'waiting'`, `UPDATE outgoing_report SET digest = day WHERE state = 'waiting'`,
		`UPDATE outgoing_report SET tries = 101 WHERE state = 'waiting'`, `UPDATE outgoing_report SET state = 'lost' WHERE state = 'waiting'`,
		`UPDATE outgoing_report SET settled = 1 WHERE state = 'waiting'`, `DELETE FROM outgoing_report`,
	} {
		_, err := f.Raw.Exec(q)
		require.Error(t, err, q)
	}
}
