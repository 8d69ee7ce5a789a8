package office

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// status is that of the calendar's row.
func (w *world) status(id string) string {
	w.t.Helper()
	infos, err := w.st.HearingInfos(w.t.Context(), court.SystemScope(), []string{id})
	require.NoError(w.t, err)
	require.Len(w.t, infos, 1)
	return infos[0].Status
}

// lastEvent is the end of a hearing's log.
func (w *world) lastEvent(id string) hearing.Event {
	w.t.Helper()
	lines, err := w.st.Read(w.t.Context(), court.SystemScope(), id, 1, 100)
	require.NoError(w.t, err)
	e, err := hearing.ParseEvent(lines[len(lines)-1].Line)
	require.NoError(w.t, err)
	return e
}

func TestAClerkCancelsWhatWasNotOpened(t *testing.T) {
	w := startWorld(t)
	clerk := login(store.RoleClerk, unitHN)
	booked := w.book(unitHN, w.good("45/2026/TLST-HS", month))
	target := "/api/v1/hearings/" + booked.ID + "/cancel"
	cancel := func(reason string) answered { return w.do(clerk, http.MethodPost, target, CancelBody{Reason: reason}) }
	for _, bad := range []string{"", "  ", "a\u202eb", strings.Repeat("x", MaxReason+1)} {
		require.Equal(t, http.StatusBadRequest, cancel(bad).status, bad)
	}
	require.Equal(t, "scheduled", w.status(booked.ID))
	a := cancel(" Vụ án được   đình chỉ ")
	require.Equal(t, http.StatusNoContent, a.status, "%s", a.body)
	require.Equal(t, "cancelled", w.status(booked.ID), "the calendar says so at once")
	require.Equal(t, hearing.HearingCancelled{Reason: "Vụ án được đình chỉ", By: "account-" + clerk}, w.lastEvent(booked.ID).Body)
	note := fmt.Sprint(unitHN, " ", booked.ID, " account-", clerk, " ", endedHearing)
	require.True(t, w.noted(note))
	w.forget()
	require.Equal(t, http.StatusNoContent, cancel("nữa").status, "done is done")
	require.Equal(t, "Vụ án được đình chỉ", w.lastEvent(booked.ID).Body.(hearing.HearingCancelled).Reason)
	// The room and the points are free again.
	require.Empty(t, w.check(w.good("46/2026/TLST-HS", month)).Warnings)
	require.Equal(t, "over", read[Problem](t, w.do(clerk, http.MethodPost, "/api/v1/hearings/"+booked.ID+"/move",
		MoveBody{StartsAt: w.clock().Add(month).Format(time.RFC3339), Reason: "lý do"}, "Idempotency-Key", newKey())).Code)
	require.False(t, w.noted(note), "neither ended it once more")
}

// What the rules, the node or the database say is passed on, and nothing is lost.
func TestACancellationThatIsRefused(t *testing.T) {
	w := startWorld(t)
	clerk := login(store.RoleClerk, unitHN)
	booked := w.book(unitHN, w.good("45/2026/TLST-HS", month))
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{&hearing.Refusal{Code: "already_opened"}, http.StatusConflict, "started"},
		{&hearing.Refusal{Code: "closed"}, http.StatusConflict, "over"},
		{&hearing.Refusal{Code: "no_procedure", Vi: "Lý do.", En: "Reason."}, http.StatusConflict, "no_procedure"},
		{&hearing.Refusal{Code: "hosted_elsewhere"}, http.StatusServiceUnavailable, "busy"},
		{&hearing.Refusal{Code: "database_away"}, http.StatusServiceUnavailable, "database_away"},
		{store.ErrUnavailable, http.StatusServiceUnavailable, "database_away"},
		{&hearing.Refusal{Code: "not_found"}, http.StatusNotFound, "not_found"},
	} {
		w.restart(func(p *Params) {
			p.Cancel = func(context.Context, string, string, string, string) (string, bool, error) { return "", false, c.err }
		})
		for _, act := range []string{"cancel", "move"} {
			var body any = CancelBody{Reason: "lý do"}
			if act == "move" {
				body = MoveBody{StartsAt: w.clock().Add(month + time.Hour).Format(time.RFC3339), Reason: "lý do"}
			}
			a := w.do(clerk, http.MethodPost, "/api/v1/hearings/"+booked.ID+"/"+act, body, "Idempotency-Key", newKey())
			require.Equal(t, c.status, a.status, "%s %s: %s", act, c.code, a.body)
			require.Equal(t, c.code, read[Problem](t, a).Code, act)
		}
	}
	require.Equal(t, 1, w.count(), "nothing was booked in its place")
	w.restart(func(p *Params) { p.Cancel = nil })
	a := w.do(clerk, http.MethodPost, "/api/v1/hearings/"+booked.ID+"/cancel", CancelBody{Reason: "lý do"})
	require.Equal(t, "not_configured", read[Problem](t, a).Code)
}

// A moved hearing is the same but for its time; one key moves it once, whatever is
// interrupted.
func TestAHearingIsMovedOnce(t *testing.T) {
	w := startWorld(t)
	clerk := login(store.RoleClerk, unitHN)
	b := w.good("45/2026/TLST-HS", month)
	b.People[0].Account, b.People[3].RoomDevice = login(store.RoleJudge, unitHN), "room-1"
	shares := 3
	b.People = append(b.People, PersonBody{Name: "Nguyễn Văn Bảo", Capacity: string(court.Defendant), Point: 1, Shares: &shares, Minor: true})
	booked := w.book(unitHN, b)
	broken := &breaking{Store: w.st, broken: map[string]bool{}}
	w.restart(func(p *Params) { p.Store = broken })
	w.failBook = store.ErrUnavailable
	at := w.clock().Add(month + 48*time.Hour).UTC().Truncate(time.Second)
	target := "/api/v1/hearings/" + booked.ID + "/move"
	body := MoveBody{StartsAt: at.Format(time.RFC3339), Minutes: 90, Reason: "Người bào chữa đề nghị"}
	move := func() answered { return w.do(clerk, http.MethodPost, target, body, "Idempotency-Key", "the-one-move") }
	before := w.books
	var a answered
	tries := 0
	for ; a.status != http.StatusCreated; tries++ {
		require.Less(t, tries, 6)
		if a = move(); a.status != http.StatusCreated {
			require.Equal(t, http.StatusServiceUnavailable, a.status, "%s", a.body)
		}
		if w.books > before {
			w.failBook = nil
		}
	}
	require.Equal(t, 5, tries, "remember, book, seats and info failed once each")
	moved := read[MovedAnswer](t, a)
	require.Equal(t, booked.ID, moved.Replaced)
	require.Empty(t, moved.Warnings, "the hearing that it replaces is in nobody's way")
	require.Equal(t, 2, w.count())
	require.Equal(t, "cancelled", w.status(booked.ID))
	require.Equal(t, "scheduled", w.status(moved.ID))
	require.Equal(t, a, move(), "a repetition is the same answer")

	w.restart(nil)
	old, fresh := w.content(booked.ID), w.content(moved.ID)
	require.NotEqual(t, old, fresh)
	require.Equal(t, at.UnixMicro(), w.stored(moved.ID).StartsAt)
	w.sameButForTime(booked.ID, moved.ID)
	other := body
	other.Minutes = 91
	a = w.do(clerk, http.MethodPost, target, other, "Idempotency-Key", "the-one-move")
	require.Equal(t, "idempotency_reused", read[Problem](t, a).Code)
	require.Equal(t, "idempotency_key", read[Problem](t, w.do(clerk, http.MethodPost, target, body)).Code)
}

// Two pages with a key each move one hearing at the same moment, on two nodes: it is
// booked anew once, and the other is told for when.
func TestTwoWhoMoveAHearingMoveItOnce(t *testing.T) {
	w := startWorld(t)
	clerk := login(store.RoleClerk, unitHN)
	booked := w.book(unitHN, w.good("45/2026/TLST-HS", month))
	at := time.Date(2027, 3, 1, 1, 30, 0, 0, time.UTC)
	target := "/api/v1/hearings/" + booked.ID + "/move"
	move := func(key string, days int) answered {
		return w.do(clerk, http.MethodPost, target, MoveBody{StartsAt: at.AddDate(0, 0, days).Format(time.RFC3339), Reason: "lý do"}, "Idempotency-Key", key)
	}
	var first answered
	w.restart(func(p *Params) {
		p.Cancel = func(ctx context.Context, id, by, reason, to string) (string, bool, error) {
			w.restart(nil) // the other node, which is a moment faster
			first = move("page-one", 0)
			return w.rooms.CancelHearing(ctx, id, by, reason, to)
		}
	})
	second := move("page-two", 1)
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	require.Equal(t, http.StatusConflict, second.status, "%s", second.body)
	said := read[Problem](t, second)
	require.Equal(t, "moved", said.Code)
	require.Contains(t, said.Vi, "08 giờ 30 ngày 01/03/2027")
	require.Contains(t, said.En, "2027-03-01 08:30")
	require.Equal(t, 2, w.count())
	require.Equal(t, first.body, move("page-one", 0).body)
	for _, key := range []string{"page-two", "page-three"} {
		require.Equal(t, said.Vi, read[Problem](t, move(key, 1)).Vi, "and whoever comes later")
	}
	e := w.lastEvent(booked.ID).Body.(hearing.HearingCancelled)
	require.Equal(t, read[MovedAnswer](t, first).ID, string(e.MovedTo))
	// Left halfway: cancelled for one that was never booked.
	other := w.book(unitHN, w.good("46/2026/TLST-HS", month))
	_, _, err := w.rooms.CancelHearing(t.Context(), other.ID, "account-"+clerk, "lý do", "nowhere")
	require.NoError(t, err)
	said = read[Problem](t, w.do(clerk, http.MethodPost, "/api/v1/hearings/"+other.ID+"/move",
		MoveBody{StartsAt: at.Format(time.RFC3339), Reason: "lý do"}, "Idempotency-Key", "page-four"))
	require.Equal(t, "moved", said.Code)
	require.Contains(t, said.Vi, "lập lịch lại")
	require.Equal(t, 3, w.count())
}

func (w *world) stored(id string) hearing.Booking {
	w.t.Helper()
	b, err := w.o.booking(w.t.Context(), court.SystemScope(), id)
	require.NoError(w.t, err)
	return b
}

// content is what stands of a hearing, but for its ids.
func (w *world) content(id string) string {
	w.t.Helper()
	return w.contentOf(id, w.stored(id))
}

func (w *world) contentOf(id string, b hearing.Booking) string {
	w.t.Helper()
	names, err := w.o.names(w.t.Context(), court.SystemScope(), id)
	require.NoError(w.t, err)
	seats, err := w.st.Seats(w.t.Context(), court.SystemScope(), id)
	require.NoError(w.t, err)
	text, err := content(b, names, seats)
	require.NoError(w.t, err)
	return text
}

// sameButForTime wants two hearings to be the same but for time and length.
func (w *world) sameButForTime(one, other string) {
	w.t.Helper()
	b := w.stored(other)
	b.StartsAt, b.Minutes = w.stored(one).StartsAt, w.stored(one).Minutes
	require.Equal(w.t, w.content(one), w.contentOf(other, b))
}

// Whatever was booked, its body books the same once more.
func TestABookingIsItsOwnBody(t *testing.T) {
	w := startWorld(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		b := w.good(fmt.Sprintf("%d/2026/TLST-HS", n), month+time.Duration(n)*4*time.Hour)
		kinds := []string{"", "desk_client", "console", "room_client"}
		for i := range rapid.IntRange(0, 12).Draw(rt, "more") {
			p := PersonBody{
				Name: fmt.Sprint("Người ", i), Point: rapid.IntRange(0, 1).Draw(rt, "point"), Minor: rapid.Bool().Draw(rt, "minor"),
				Capacity: string(rapid.SampledFrom([]court.Capacity{court.Victim, court.Witness, court.Lawyer, court.Attendee}).Draw(rt, "capacity")),
				Alias:    rapid.SampledFrom([]string{"", fmt.Sprint("Bí danh ", i)}).Draw(rt, "alias"), Required: rapid.Bool().Draw(rt, "required"),
			}
			if owner := rapid.IntRange(0, 5).Draw(rt, "owner"); owner > 0 && b.People[owner].Point == p.Point {
				p.Shares = &owner
			} else {
				p.DeviceKind = rapid.SampledFrom(kinds).Draw(rt, "kind")
			}
			if p.Capacity == string(court.Lawyer) {
				client := rapid.IntRange(0, 5).Draw(rt, "client")
				p.Client = &client
			}
			b.People = append(b.People, p)
		}
		if len(w.check(b).Refusals) > 0 {
			rt.Skip("refused for another reason")
		}
		id := w.book(unitHN, b).ID
		c := &call{r: nil}
		c.Official.Scope, c.now = court.SystemScope(), w.clock()
		body, err := w.o.bodyOf(context.Background(), c, w.stored(id))
		require.NoError(rt, err)
		again := w.book(unitHN, *body).ID
		require.Equal(rt, w.content(id), w.content(again))
	})
}

// Each hearing of a list is answered for by itself, in its place.
func TestAListIsImportedRowByRow(t *testing.T) {
	w := startWorld(t)
	as := login(store.RoleService, unitHN)
	send := func(list ...BookingBody) []ImportRow {
		t.Helper()
		a := w.do(as, http.MethodPost, "/api/v1/import/hearings/unit-hn", ImportListBody{Hearings: list})
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		return read[ImportListAnswer](t, a).Rows
	}
	results := func(rows []ImportRow) (out []string) {
		for _, r := range rows {
			out = append(out, r.Result)
			require.Equal(t, r.Result == "refused", r.Problem != nil)
			require.Equal(t, r.Result != "refused", r.ID != "")
			require.NotNil(t, r.Warnings)
		}
		return out
	}
	one, two, three := w.good("1/2026/TLST-HS", month), w.good("2/2026/TLST-HS", month+24*time.Hour), w.good("3/2026/TLST-HS", month+48*time.Hour)
	bad := w.good("4/2026/TLST-HS", month)
	bad.Minutes = 5
	first := send(one, bad, two)
	require.Equal(t, []string{"created", "refused", "created"}, results(first))
	require.Equal(t, "refused", first[1].Problem.Code)
	require.True(t, has(first[1].Problem.Errors, "out_of_range", "minutes"))
	require.Equal(t, "4/2026/TLST-HS", first[1].DocketNo)
	two.Minutes++
	second := send(one, two, three, one, BookingBody{})
	require.Equal(t, []string{"unchanged", "replaced", "created", "refused", "refused"}, results(second))
	require.Equal(t, first[0].ID, second[0].ID)
	require.Equal(t, first[2].ID, second[1].Replaced)
	require.Equal(t, "docket_twice", second[3].Problem.Errors[0].Code)
	require.Equal(t, []string{"unchanged", "unchanged", "unchanged"}, results(send(one, two, three)))
	require.NoError(t, w.st.PutHearingInfo(t.Context(), court.SystemScope(), store.HearingInfo{Hearing: first[0].ID, Status: "in_session", Updated: 1 << 60}))
	one.Minutes++
	third := send(one)
	require.Equal(t, "started", third[0].Problem.Code)
	require.Equal(t, 4, w.count())

	for _, list := range [][]BookingBody{{}, slices.Repeat([]BookingBody{one}, MaxImports+1)} {
		a := w.do(as, http.MethodPost, "/api/v1/import/hearings/unit-hn", ImportListBody{Hearings: list})
		require.Equal(t, http.StatusBadRequest, a.status, "%s", a.body)
	}
	full := make([]BookingBody, MaxImports)
	for i := range full {
		full[i] = w.good(fmt.Sprintf("%d/2026/TLST-DS", i), month)
	}
	text, err := json.Marshal(ImportListBody{Hearings: full})
	require.NoError(t, err)
	require.Less(t, len(text), MaxBody, "a full list of usual hearings fits")
	w.failBook = store.ErrUnavailable
	a := w.do(as, http.MethodPost, "/api/v1/import/hearings/unit-hn", ImportListBody{Hearings: full[:2]})
	require.Equal(t, "database_away", read[Problem](t, a).Code, "what concerns all is said of all")
}

// What a case system sends again unchanged undoes nothing that a clerk did since;
// what it changes counts.
func TestAnUnchangedImportLeavesAClerksMove(t *testing.T) {
	w := startWorld(t)
	clerk, system := login(store.RoleClerk, unitHN), login(store.RoleService, unitHN)
	b := w.good("45/2026/TLST-HS", month)
	send := func() ImportAnswer {
		t.Helper()
		a := w.do(system, http.MethodPut, "/api/v1/import/hearings/unit-hn/45%2F2026%2FTLST-HS", b)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		return read[ImportAnswer](t, a)
	}
	first := send()
	require.Equal(t, "created", first.Result)
	at := w.clock().Add(month + 72*time.Hour).UTC().Truncate(time.Second)
	a := w.do(clerk, http.MethodPost, "/api/v1/hearings/"+first.ID+"/move",
		MoveBody{StartsAt: at.Format(time.RFC3339), Reason: "lý do"}, "Idempotency-Key", newKey())
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	moved := read[MovedAnswer](t, a)
	again := send()
	require.Equal(t, "unchanged", again.Result)
	require.Equal(t, moved.ID, again.ID)
	require.Equal(t, "scheduled", w.status(moved.ID), "the clerk's word stands")
	require.Equal(t, 2, w.count())
	b.Minutes++
	news := send()
	require.Equal(t, "replaced", news.Result)
	require.Equal(t, moved.ID, news.Replaced)
	require.Equal(t, http.StatusNoContent, w.do(clerk, http.MethodPost, "/api/v1/hearings/"+news.ID+"/cancel", CancelBody{Reason: "đình chỉ"}).status)
	require.Equal(t, "unchanged", send().Result, "nor does it book again what was cancelled")
	require.Equal(t, 3, w.count())
}

// However much there is to warn of, it is booked all the same.
func TestWarningsAreBounded(t *testing.T) {
	w := startWorld(t)
	b := w.good("45/2026/TLST-HS", month)
	for len(b.People) < MaxPeople {
		b.People = append(b.People, PersonBody{Name: "Nguyễn Văn An", Capacity: string(court.Victim), Point: 1})
	}
	booked := w.book(unitHN, b)
	require.Len(t, booked.Warnings, MaxWarnings)
	require.Equal(t, "look_alike", booked.Warnings[MaxWarnings-2].Code)
	require.Equal(t, "more_warnings", booked.Warnings[MaxWarnings-1].Code)
	k := &checked{}
	for range MaxWarnings + 3 {
		text := strings.Repeat("<", MaxDocket) + strings.Repeat("ế", 120)
		k.warn("people[499].name", "clash", text, text)
	}
	kept, err := json.Marshal(plan{Warnings: k.warnings})
	require.NoError(t, err)
	require.Less(t, len(kept), store.MaxNoteBytes)
}

// No account takes a seat for which the court gave it no role.
func TestAccountsSitWhereTheirRoleFits(t *testing.T) {
	w := startWorld(t)
	seats := []court.Capacity{
		court.PresidingJudge, court.Judge, court.LayAssessor, court.Clerk, court.Procurator, court.DetentionOfficer,
		court.PointOfficer, court.JudicialPolice, court.DefenceCounsel, court.Victim,
	}
	may := map[court.Capacity][]store.Role{
		court.PresidingJudge: {store.RoleJudge, store.RoleChiefJudge}, court.Judge: {store.RoleJudge, store.RoleChiefJudge},
		court.Clerk: {store.RoleClerk}, court.Procurator: {store.RoleProcurator, store.RoleProcuracyHead},
	}
	for _, c := range seats {
		for _, role := range anybody() {
			k := &checked{BookingBody: &BookingBody{}, accounts: map[int]string{}}
			k.People = []PersonBody{{Capacity: string(c), Account: login(role, unitHN)}}
			require.NoError(t, w.o.checkSeats(t.Context(), &call{}, k))
			want := role != store.RoleService
			if roles, fixed := may[c]; fixed {
				want = slices.Contains(roles, role)
			}
			if c.Officers() {
				want = role == store.RolePointOfficer || role == store.RoleClerk
			}
			require.Equal(t, want, len(k.refusals) == 0, "%s as %s", role, c)
			if !want {
				require.Equal(t, "account_role", k.refusals[0].Code)
				require.Equal(t, "people[0].account", k.refusals[0].Field)
				require.Contains(t, k.refusals[0].Vi, c.Words())
			}
		}
	}
}
