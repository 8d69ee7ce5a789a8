package signaling

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/wire"
)

// bookOrdered books the test's hearing with an order of business.
func bookOrdered(t testing.TB, st store.Store) {
	t.Helper()
	b := testBooking()
	b.Procedure, b.Instance, b.Form, b.Visibility, b.Minutes = court.Criminal, "first_instance", hearing.Online, hearing.Public, 60
	b.Points = []hearing.Point{{ID: "P", Kind: hearing.CentralPoint, Name: "Phòng xử án số 1"}}
	row := store.Hearing{ID: testHearing, Room: testRoom, Unit: b.Unit, DocketNo: b.DocketNo, Title: b.Title, StartsAt: b.StartsAt}
	require.NoError(t, BookHearing(context.Background(), st, "booker", row, nil, b, time.Now()))
}

// refusedAs wants err to be a refusal with this code.
func refusedAs(t *testing.T, err error, code string) {
	t.Helper()
	var ref *hearing.Refusal
	require.ErrorAs(t, err, &ref)
	require.Equal(t, code, ref.Code)
}

// cancel is CancelHearing without another hearing in its place.
func (w *world) cancel(id, by, reason string) error {
	_, _, err := w.rooms.CancelHearing(w.t.Context(), id, by, reason, "")
	return err
}

func TestTheOfficeCancelsAndWhoWaitsIsTold(t *testing.T) {
	st, f := openStore(t), &fakeOffice{}
	bookOrdered(t, st)
	w := startWorld(t, st, func(p *RoomsParams) { p.Info = f })
	c := w.enter(party)
	refusedAs(t, w.cancel(testHearing, "account-1", " "), "reason_needed")
	refusedAs(t, w.cancel("0192f0c0-0000-7000-8000-00000000dead", "account-1", "lý do"), "not_found")
	require.NoError(t, w.cancel(testHearing, "account-1", "đổi ngày"))
	require.Equal(t, string(hearing.Cancelled), last(f.statuses()), "the calendar says so when the answer is there")
	c.view("cancelled", func(v *wire.View) bool { return v.State == wire.HearingState_HEARING_STATE_CANCELLED })
	n := len(logLines(t, st))
	require.NoError(t, w.cancel(testHearing, "account-2", "nữa"), "done is done")
	lines := logLines(t, st)
	require.Len(t, lines, n)
	e, err := hearing.ParseEvent(lines[n-1].Line)
	require.NoError(t, err)
	require.Equal(t, hearing.HearingCancelled{Reason: "đổi ngày", By: "account-1"}, e.Body)
	require.Equal(t, hearing.Actor{System: true}, e.Actor)
}

// A whole calendar that is changed holds no places of hearings in progress.
func TestACancelledHearingWithoutAnybodyIsLetGoAtOnce(t *testing.T) {
	st := openStore(t)
	bookOrdered(t, st)
	w := startWorld(t, st, nil)
	require.NoError(t, w.cancel(testHearing, "account-1", "đổi ngày"))
	eventually(t, "let go", func() bool { return w.rooms.at(testHearing) == nil })
	require.NoError(t, w.cancel(testHearing, "account-1", "đổi ngày"), "also when it opens again")
	w.rooms.Close()
	refusedAs(t, w.cancel(testHearing, "account-1", "lý do"), "server_stopping")
}

func TestAHearingWithoutProcedureIsNotCancelled(t *testing.T) {
	w := newWorld(t, nil)
	refusedAs(t, w.cancel(testHearing, "account-1", "lý do"), "no_procedure")
}

// Of all who move one hearing the log takes one; each of them learns which.
func TestAHearingIsMovedToOne(t *testing.T) {
	st := openStore(t)
	bookOrdered(t, st)
	w := startWorld(t, st, nil)
	const movers = 8
	went := make(chan string, movers)
	for n := range movers {
		go func() {
			to, did, err := w.rooms.CancelHearing(context.Background(), testHearing, "account-1", "đổi ngày", fmt.Sprint("other-", n))
			if did != (to == fmt.Sprint("other-", n)) {
				to = "who did it is told otherwise"
			}
			if err != nil {
				to = err.Error()
			}
			went <- to
		}()
	}
	first := <-went
	require.Contains(t, first, "other-")
	for range movers - 1 {
		require.Equal(t, first, <-went)
	}
	to, did, err := w.rooms.CancelHearing(t.Context(), testHearing, "account-1", "đổi ngày", "")
	require.NoError(t, err)
	require.False(t, did)
	require.Equal(t, first, to, "also who only cancels learns it")
	lines := logLines(t, st)
	e, err := hearing.ParseEvent(lines[len(lines)-1].Line)
	require.NoError(t, err)
	require.Equal(t, hearing.HearingCancelled{Reason: "đổi ngày", By: "account-1", MovedTo: hearing.ID(first)}, e.Body)
	w.rooms.Close()
	_, _, err = w.rooms.CancelHearing(t.Context(), testHearing, "account-1", "đổi ngày", "other-9")
	refusedAs(t, err, "server_stopping")
}
