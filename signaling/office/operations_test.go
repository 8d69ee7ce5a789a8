package office

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/hearing/hearingtest"
	"phientoa/internal/store"
)

func TestAlarmsAreTakenAndDone(t *testing.T) {
	w := startWorld(t)
	x := w.furnish(unitHN, "1/2026/TLST-HS", hearingtest.Scheduled)
	op, clerk := login(store.RoleOperator, unitHN), login(store.RoleClerk, unitHN)
	list := func() AlarmItem {
		a := read[AlarmsAnswer](t, w.do(op, http.MethodGet, "/api/v1/alarms", nil))
		require.Len(t, a.Alarms, 1)
		return a.Alarms[0]
	}
	require.Nil(t, list().TakenAt)
	act := func(as, what string) answered {
		return w.do(as, http.MethodPost, "/api/v1/alarms/"+x.alarm+"/"+what, Empty{})
	}
	taken := w.clock()
	require.Equal(t, http.StatusNoContent, act(op, "take").status)
	w.pass(time.Minute)
	require.Equal(t, http.StatusNoContent, act(op, "take").status, "once more")
	require.Equal(t, "taken", read[Problem](t, act(clerk, "take")).Code)
	require.Equal(t, http.StatusNoContent, act(clerk, "done").status)
	require.Equal(t, "done", read[Problem](t, act(op, "done")).Code)
	got := list()
	require.Equal(t, "Tên "+op, got.TakenBy)
	require.Equal(t, "Tên "+clerk, got.DoneBy)
	require.Equal(t, taken, *got.TakenAt)
	w.pass(25 * time.Hour)
	require.Empty(t, read[AlarmsAnswer](t, w.do(op, http.MethodGet, "/api/v1/alarms", nil)).Alarms)
}

func TestLiveCountsOpenAlarms(t *testing.T) {
	w := startWorld(t)
	x := w.furnish(unitHN, "1/2026/TLST-HS", hearingtest.Scheduled)
	w.live = []LiveHearing{
		{Hearing: "z", Unit: string(unitHN), DocketNo: "2"},
		{Hearing: x.hearing, Unit: string(unitHN), DocketNo: "1"},
		{Hearing: "f", Unit: string(unitDN), DocketNo: "0"},
	}
	got := read[LiveAnswer](t, w.do(login(store.RoleOperator, unitHN), http.MethodGet, "/api/v1/operations/live", nil)).Hearings
	require.Len(t, got, 2)
	require.Equal(t, []any{x.hearing, 1, "z", 0}, []any{got[0].Hearing, got[0].Alarms, got[1].Hearing, got[1].Alarms})
}

// A test is noted where the state's last test changed, and nowhere else.
func TestHistoryOfTests(t *testing.T) {
	items := []hearing.TestItem{{Key: "camera", OK: true}, {Key: "link", Value: "12 %"}}
	before := &hearing.State{Points: []hearing.PointState{{ID: "p0"}, {ID: "p1", TestedAt: 5}}, People: []hearing.PersonState{{ID: "a"}, {ID: "b", TestedAt: 7}}}
	after := &hearing.State{
		Points: []hearing.PointState{{ID: "p0", TestedAt: 10, Test: items}, {ID: "p1", TestedAt: 5}},
		People: []hearing.PersonState{{ID: "a", TestedAt: 11, Test: items[:1]}, {ID: "b"}},
	}
	require.Equal(t, []TestReport{
		{At: time.UnixMicro(10).UTC(), Point: "p0", Items: []TestRow{{Key: "camera", OK: true}, {Key: "link", Value: "12 %"}}},
		{At: time.UnixMicro(11).UTC(), Person: "a", OK: true, Items: []TestRow{{Key: "camera", OK: true}}},
	}, tested(before, after))
	require.Empty(t, tested(nil, after))
	require.Empty(t, tested(after, after))

	w := startWorld(t)
	x := w.furnish(unitHN, "1/2026/TLST-HS", hearingtest.Scheduled)
	a := w.do(login(store.RoleOperator, unitHN), http.MethodGet, "/api/v1/hearings/"+x.hearing+"/tests", nil)
	require.JSONEq(t, `{"tests":[]}`, string(a.body))
}

func TestSeveralSeatsAreChosenAmong(t *testing.T) {
	w := startWorld(t)
	x := w.furnish(unitHN, "1/2026/TLST-HS", hearingtest.Scheduled)
	as := login(store.RoleJudge, unitHN)
	id := "account-" + as
	require.NoError(t, w.st.PutSeats(t.Context(), court.SystemScope(), []store.Seat{
		{Hearing: x.hearing, Person: "p", Device: "d1", Account: id},
		{Hearing: x.hearing, Person: "p", Device: "d2", Account: id},
		{Hearing: x.hearing, Person: "q", Device: "d3", Account: "another"},
	}))
	enter := func(b EnterBody) answered {
		return w.do(as, http.MethodPost, "/api/v1/hearings/"+x.hearing+"/enter", b)
	}
	require.Equal(t, "several_seats", read[Problem](t, enter(EnterBody{Person: "p"})).Code)
	require.Equal(t, "d2", read[EnterAnswer](t, enter(EnterBody{Device: "d2"})).Device)
	for _, b := range []EnterBody{{Person: "q"}, {Device: "d3"}, {Person: "p", Device: "d9"}} {
		require.Equal(t, http.StatusNotFound, enter(b).status)
	}
	w.restart(func(p *Params) {
		p.Enter = func(context.Context, *http.Request, string, string, string) (*http.Cookie, error) {
			return nil, auth.ErrDenied
		}
	})
	require.Equal(t, http.StatusNotFound, enter(EnterBody{Device: "d2"}).status)
}

func TestWhatIsOverInvitesNobody(t *testing.T) {
	w := startWorld(t)
	x := w.furnish(unitHN, "1/2026/TLST-HS", hearingtest.Scheduled)
	invite := func() answered {
		return w.do(login(store.RoleClerk, unitHN), http.MethodPost, "/api/v1/hearings/"+x.hearing+"/invitations", InvitationBody{Person: x.person})
	}
	require.Equal(t, http.StatusCreated, invite().status)
	far := w.good("2/2026/TLST-HS", 300*24*time.Hour)
	booked := w.book(unitHN, far)
	person := read[HearingAnswer](t, w.do(login(store.RoleClerk, unitHN), http.MethodGet, "/api/v1/hearings/"+booked.ID, nil)).People[0].ID
	i := read[InvitationAnswer](t, w.do(login(store.RoleClerk, unitHN), http.MethodPost, "/api/v1/hearings/"+booked.ID+"/invitations", InvitationBody{Person: person}))
	require.WithinDuration(t, w.clock().Add(auth.MaxInvitation), i.Expires, time.Second)
	for _, over := range []string{"closed", "adjourned", "cancelled"} {
		require.NoError(t, w.st.PutHearingInfo(t.Context(), court.SystemScope(), store.HearingInfo{Hearing: x.hearing, Status: over, Updated: 1 << 60}))
		require.Equal(t, "over", read[Problem](t, invite()).Code)
	}
	w.restart(func(p *Params) { p.Inviter = nil })
	require.NoError(t, w.st.PutHearingInfo(t.Context(), court.SystemScope(), store.HearingInfo{Hearing: x.hearing, Status: "suspended", Updated: 1 << 60}))
	require.Equal(t, "not_configured", read[Problem](t, invite()).Code)
}

// The 1000 hearings that a calendar may show are shown, the next is told of.
func TestCalendarIsBounded(t *testing.T) {
	w := startWorld(t)
	start := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	put := func(i int) {
		h := store.Hearing{ID: fmt.Sprintf("h-%04d", i), Room: fmt.Sprintf("%032x", i), Unit: unitHN, DocketNo: fmt.Sprint(i), StartsAt: start.Add(time.Duration(i) * time.Second).UnixMicro()}
		require.NoError(t, w.st.CreateHearing(t.Context(), court.SystemScope(), h, nil))
	}
	for i := range 999 {
		put(i)
	}
	ask := func() CalendarAnswer {
		from, to := url.QueryEscape(start.Format(time.RFC3339)), url.QueryEscape(start.Add(time.Hour).Format(time.RFC3339))
		return read[CalendarAnswer](t, w.do(login(store.RoleClerk, unitHN), http.MethodGet, "/api/v1/hearings?from="+from+"&to="+to, nil))
	}
	a := ask()
	require.Len(t, a.Hearings, 999)
	require.False(t, a.Truncated)
	put(999)
	put(1000)
	a = ask()
	require.Len(t, a.Hearings, 1000)
	require.True(t, a.Truncated)
	require.Equal(t, "h-0999", a.Hearings[999].ID)
}
