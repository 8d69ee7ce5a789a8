package office

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

func TestBookedHearingIsFoundEverywhere(t *testing.T) {
	w := startWorld(t)
	b := w.good("45/2026/TLST-HS", month)
	b.People[0].Account = login(store.RoleJudge, unitHN)
	b.People[3].RoomDevice = "room-1"
	shares := 3
	b.People = append(b.People, PersonBody{Name: "Nguyễn Văn Bảo", Capacity: string(court.Defendant), Point: 1, Shares: &shares, Minor: true})
	require.Empty(t, w.check(b).Refusals)
	booked := w.book(unitHN, b)
	require.Empty(t, booked.Warnings)

	clerk := login(store.RoleClerk, unitHN)
	one := read[HearingAnswer](t, w.do(clerk, http.MethodGet, "/api/v1/hearings/"+booked.ID, nil))
	require.Equal(t, "Trần Thị Bình", one.Presiding)
	require.Equal(t, "Lê Văn Cường", one.Clerk)
	require.Equal(t, "Tòa án nhân dân khu vực 1 – Hà Nội", one.Court)
	require.Equal(t, "scheduled", one.Status)
	require.Len(t, one.Devices, 6)
	require.Len(t, one.Devices[3].People, 2)
	require.Equal(t, "Bị cáo 2", one.People[6].Alias)
	require.Equal(t, one.People[3].ID, one.People[4].Client)
	require.True(t, one.Points[1].Detention)
	text := string(w.do(login(store.RoleOperator, unitHN), http.MethodGet, "/api/v1/hearings/"+booked.ID, nil).body)
	require.NotContains(t, text, "Nguyễn Văn An", "names of parties need the other address")

	people := read[PeopleAnswer](t, w.do(clerk, http.MethodGet, "/api/v1/hearings/"+booked.ID+"/people", nil))
	require.Equal(t, "Nguyễn Văn An", people.People[3].Name)
	require.True(t, people.People[0].Account)
	require.Equal(t, "room-1", people.People[3].RoomDevice)
	require.True(t, w.noted(fmt.Sprint(unitHN, " ", booked.ID, " account-", clerk, " ", readNames)))

	for _, q := range []string{"45/2026", "trom cap", "trộm", "hs-2026-000045"} {
		found := read[CalendarAnswer](t, w.do(clerk, http.MethodPost, "/api/v1/search", SearchBody{Q: q}))
		require.Len(t, found.Hearings, 1, q)
	}
	judge := login(store.RoleJudge, unitHN)
	hit := read[CalendarAnswer](t, w.do(judge, http.MethodPost, "/api/v1/search", SearchBody{Q: "45/2026"}))
	require.Equal(t, []SeatItem{{Person: one.People[0].ID, Device: one.Devices[0].ID}}, hit.Hearings[0].MySeats)
	from, to := w.clock().Format(time.RFC3339), w.clock().Add(30*24*time.Hour).Format(time.RFC3339)
	list := read[CalendarAnswer](t, w.do(judge, http.MethodGet, "/api/v1/hearings?from="+from+"&to="+to, nil))
	require.Len(t, list.Hearings, 1)
	require.Equal(t, []SeatItem{{Person: one.People[0].ID, Device: one.Devices[0].ID}}, list.Hearings[0].MySeats)

	entered := w.do(judge, http.MethodPost, "/api/v1/hearings/"+booked.ID+"/enter", EnterBody{})
	require.Equal(t, http.StatusOK, entered.status, "%s", entered.body)
	require.Equal(t, EnterAnswer{Person: one.People[0].ID, Device: one.Devices[0].ID}, read[EnterAnswer](t, entered))
	require.Contains(t, entered.header.Get("Set-Cookie"), one.Devices[0].ID)
	require.Equal(t, http.StatusNotFound, w.do(clerk, http.MethodPost, "/api/v1/hearings/"+booked.ID+"/enter", EnterBody{}).status)

	invited := w.do(clerk, http.MethodPost, "/api/v1/hearings/"+booked.ID+"/invitations", InvitationBody{Person: one.People[6].ID})
	require.Equal(t, http.StatusCreated, invited.status, "%s", invited.body)
	i := read[InvitationAnswer](t, invited)
	require.True(t, strings.HasPrefix(i.Link, "https://xetxu.example.vn/#i=token-"), i.Link)
	require.Equal(t, i.Link, unread(t, i.QR))
	require.Len(t, i.Code, 6)
	require.WithinDuration(t, one.StartsAt.Add(24*time.Hour), i.Expires, time.Second)
	bench := w.do(clerk, http.MethodPost, "/api/v1/hearings/"+booked.ID+"/invitations", InvitationBody{Person: one.People[0].ID})
	require.Equal(t, http.StatusConflict, bench.status, "an invitation would hand the presiding judge's seat to the clerk")
	require.Contains(t, string(bench.body), "has_account")
	for _, body := range []InvitationBody{{Person: "nobody"}, {Person: one.People[6].ID, Device: one.Devices[0].ID}} {
		a := w.do(clerk, http.MethodPost, "/api/v1/hearings/"+booked.ID+"/invitations", body)
		require.Equal(t, http.StatusNotFound, a.status)
	}
}

// A seat lets an official of another unit see and enter that hearing, and no more.
func TestSeatOpensAHearingOfAnotherUnit(t *testing.T) {
	w := startWorld(t)
	b := w.good("45/2026/TLST-HS", month)
	guest := login(store.RoleProcurator, unitDN)
	b.People[2].Account = guest
	booked := w.book(unitHN, b)
	w.book(unitHN, w.good("46/2026/TLST-HS", month))
	from, to := w.clock().Format(time.RFC3339), w.clock().Add(30*24*time.Hour).Format(time.RFC3339)
	list := read[CalendarAnswer](t, w.do(guest, http.MethodGet, "/api/v1/hearings?from="+from+"&to="+to, nil))
	require.Len(t, list.Hearings, 1)
	require.Equal(t, booked.ID, list.Hearings[0].ID)
	require.False(t, list.Hearings[0].OwnHearing)
	require.Equal(t, http.StatusOK, w.do(guest, http.MethodGet, "/api/v1/hearings/"+booked.ID, nil).status)
	require.Equal(t, http.StatusOK, w.do(guest, http.MethodPost, "/api/v1/hearings/"+booked.ID+"/enter", EnterBody{}).status)
	clerk := login(store.RoleClerk, unitDN)
	require.Equal(t, http.StatusNotFound, w.do(clerk, http.MethodGet, "/api/v1/hearings/"+booked.ID+"/people", nil).status)
}

func TestSameKeySameHearing(t *testing.T) {
	w := startWorld(t)
	as := login(store.RoleClerk, unitHN)
	b := w.good("45/2026/TLST-HS", month)
	first := w.do(as, http.MethodPost, "/api/v1/hearings", b, "Idempotency-Key", "the-one-key")
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	w.pass(23 * time.Hour)
	w.restart(nil)
	require.Equal(t, first, w.do(as, http.MethodPost, "/api/v1/hearings", b, "Idempotency-Key", "the-one-key"))
	other := b
	other.Minutes++
	a := w.do(as, http.MethodPost, "/api/v1/hearings", other, "Idempotency-Key", "the-one-key")
	require.Equal(t, http.StatusConflict, a.status)
	require.Equal(t, "idempotency_reused", read[Problem](t, a).Code)
	// Somebody else's key of the same text is another key.
	b.Case.DocketNo = "46/2026/TLST-HS"
	a = w.do(login(store.RoleJudge, unitHN), http.MethodPost, "/api/v1/hearings", b, "Idempotency-Key", "the-one-key")
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	require.NotEqual(t, read[BookedAnswer](t, first).ID, read[BookedAnswer](t, a).ID)
	for _, key := range []string{"", "short", strings.Repeat("k", 65), "with blank 1", "ký-tự-lạ"} {
		a := w.do(as, http.MethodPost, "/api/v1/hearings", b, "Idempotency-Key", key)
		require.Equal(t, "idempotency_key", read[Problem](t, a).Code, key)
	}
	require.Equal(t, 2, w.count())
}

func (w *world) count() int {
	list, err := w.st.Hearings(w.t.Context(), court.SystemScope(), 0, 1<<62)
	require.NoError(w.t, err)
	return len(list)
}

// However many ask at once under one key, one hearing comes of it.
func TestRacingBookingsMakeOneHearing(t *testing.T) {
	w := startWorld(t)
	b := w.good("45/2026/TLST-HS", month)
	answers := make([]answered, 8)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			answers[i] = w.do(login(store.RoleClerk, unitHN), http.MethodPost, "/api/v1/hearings", b, "Idempotency-Key", "racing-key")
		})
	}
	wg.Wait()
	for _, a := range answers {
		require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
		require.Equal(t, answers[0], a)
	}
	require.Equal(t, 1, w.count())
	for _, other := range []error{store.ErrLeased, store.ErrFenced, store.ErrConflict} {
		w.failBook = fmt.Errorf("another node is at it: %w", other)
		a := w.do(login(store.RoleClerk, unitHN), http.MethodPost, "/api/v1/hearings", w.good("46/2026/TLST-HS", month), "Idempotency-Key", "other-node-key")
		require.Equal(t, "busy", read[Problem](t, a).Code)
		require.Equal(t, http.StatusServiceUnavailable, a.status)
	}
}

// breaking fails each of its calls once, and then works.
type breaking struct {
	Store
	mu     sync.Mutex
	broken map[string]bool
}

func (b *breaking) once(what string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken[what] {
		return nil
	}
	b.broken[what] = true
	return fmt.Errorf("%s: %w", what, store.ErrUnavailable)
}

func (b *breaking) PutSeats(ctx context.Context, sc court.Scope, s []store.Seat) error {
	if err := b.once("seats"); err != nil {
		return err
	}
	return b.Store.PutSeats(ctx, sc, s)
}

func (b *breaking) PutHearingInfo(ctx context.Context, sc court.Scope, i store.HearingInfo) error {
	if err := b.once("info"); err != nil {
		return err
	}
	return b.Store.PutHearingInfo(ctx, sc, i)
}

func (b *breaking) Remember(ctx context.Context, i store.Idempotent) (store.Idempotent, error) {
	if err := b.once("remember"); err != nil {
		return store.Idempotent{}, err
	}
	return b.Store.Remember(ctx, i)
}

// Wherever a booking is interrupted, repeating it completes it, once.
func TestInterruptedBookingIsCompleted(t *testing.T) {
	w := startWorld(t)
	w.restart(func(p *Params) { p.Store = &breaking{Store: w.st, broken: map[string]bool{}} })
	b := w.good("45/2026/TLST-HS", month)
	b.People[0].Account = login(store.RoleJudge, unitHN)
	as := login(store.RoleClerk, unitHN)
	w.failBook = store.ErrUnavailable
	var a answered
	tries := 0
	for ; a.status != http.StatusCreated; tries++ {
		require.Less(t, tries, 6)
		if a = w.do(as, http.MethodPost, "/api/v1/hearings", b, "Idempotency-Key", "interrupted"); a.status != http.StatusCreated {
			require.Equal(t, http.StatusServiceUnavailable, a.status, "%s", a.body)
		}
		if w.books == 1 {
			w.failBook = nil
		}
	}
	require.Equal(t, 5, tries, "remember, book, seats and info failed once each")
	require.Equal(t, 1, w.count())
	id := read[BookedAnswer](t, a).ID
	seats, err := w.st.Seats(t.Context(), court.SystemScope(), id)
	require.NoError(t, err)
	require.Len(t, seats, 1)
	// A repetition after the hearing went on does not put the calendar back.
	infos, err := w.st.HearingInfos(t.Context(), court.SystemScope(), []string{id})
	require.NoError(t, err)
	infos[0].Status, infos[0].Updated = "in_session", w.clock().UnixMicro()+1
	require.NoError(t, w.st.PutHearingInfo(t.Context(), court.SystemScope(), infos[0]))
	seats[0].Account = "another since"
	require.NoError(t, w.st.PutSeats(t.Context(), court.SystemScope(), seats))
	require.Equal(t, a, w.do(as, http.MethodPost, "/api/v1/hearings", b, "Idempotency-Key", "interrupted"))
	after, err := w.st.Seats(t.Context(), court.SystemScope(), id)
	require.NoError(t, err)
	require.Equal(t, seats, after, "nor a seat that was given to another since")
	infos, err = w.st.HearingInfos(t.Context(), court.SystemScope(), []string{id})
	require.NoError(t, err)
	require.Equal(t, "in_session", infos[0].Status)
}

// The assessors of a military court are military ones, whichever of both words the
// booking has; no other court has them.
func TestAssessorsAreThoseOfTheCourt(t *testing.T) {
	w := startWorld(t)
	b := w.good("45/2026/TLST-HS", month)
	b.People = append(b.People,
		PersonBody{Name: "Vũ Đình Thọ", Capacity: string(court.LayAssessor)},
		PersonBody{Name: "Đỗ Gia Hân", Capacity: string(court.MilitaryAssessor)})
	last := len(b.People) - 1
	require.True(t, has(w.check(b).Refusals, "military_only", fmt.Sprintf("people[%d].capacity", last)))
	w.kind = "court.mil_region"
	require.Empty(t, w.check(b).Refusals)
	booked := w.book(unitHN, b)
	one := read[HearingAnswer](t, w.do(login(store.RoleClerk, unitHN), http.MethodGet, "/api/v1/hearings/"+booked.ID, nil))
	for i, alias := range []string{"Hội thẩm quân nhân 1", "Hội thẩm quân nhân 2"} {
		p := one.People[last-1+i]
		require.Equal(t, string(court.MilitaryAssessor), p.Capacity)
		require.Equal(t, alias, p.Alias)
	}
}

func TestRefusalOfTheRulesIsPassedOn(t *testing.T) {
	w := startWorld(t)
	w.failBook = fmt.Errorf("book: %w", &hearing.Refusal{Code: "rule", Vi: "Lý do.", En: "Reason."})
	a := w.do(login(store.RoleClerk, unitHN), http.MethodPost, "/api/v1/hearings", w.good("1/2026/TLST-HS", month), "Idempotency-Key", newKey())
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Equal(t, []Finding{{Code: "rule", Vi: "Lý do.", En: "Reason."}}, read[Problem](t, a).Errors)
	w.failBook = errors.New("secret detail")
	a = w.do(login(store.RoleClerk, unitHN), http.MethodPost, "/api/v1/hearings", w.good("2/2026/TLST-HS", month), "Idempotency-Key", newKey())
	require.Equal(t, http.StatusInternalServerError, a.status)
	require.NotContains(t, string(a.body), "secret")
}

func TestImportIsIdempotent(t *testing.T) {
	w := startWorld(t)
	as := login(store.RoleService, unitHN)
	const target = "/api/v1/import/hearings/unit-hn/45%2F2026%2FTLST-HS"
	b := w.good("45/2026/TLST-HS", month)
	put := func(b BookingBody) answered { return w.do(as, http.MethodPut, target, b) }
	first := put(b)
	require.Equal(t, http.StatusOK, first.status, "%s", first.body)
	created := read[ImportAnswer](t, first)
	require.Equal(t, "created", created.Result)
	spaced := b
	spaced.Case.Title = "  " + b.Case.Title + " "
	for _, same := range []BookingBody{b, spaced} {
		again := read[ImportAnswer](t, put(same))
		require.Equal(t, ImportAnswer{ID: created.ID, DocketNo: "45/2026/TLST-HS", Result: "unchanged", Warnings: []Finding{}}, again)
	}
	status := read[ImportStatusAnswer](t, w.do(as, http.MethodGet, "/api/v1/import/status?docket=45/2026/TLST-HS", nil))
	require.Equal(t, created.ID, status.ID)
	require.Equal(t, "Chưa xét xử", status.Outcome)

	changed := b
	changed.Minutes = 60
	bad := changed
	bad.Minutes = 5
	require.Equal(t, http.StatusUnprocessableEntity, put(bad).status)
	require.Equal(t, "scheduled", w.status(created.ID), "the old one stays rather than none")
	instead := read[ImportAnswer](t, put(changed))
	require.Equal(t, "replaced", instead.Result)
	require.Equal(t, created.ID, instead.Replaced)
	require.Empty(t, instead.Warnings, "what it replaces is in nobody's way")
	require.Equal(t, "cancelled", w.status(created.ID))
	require.Equal(t, "unchanged", read[ImportAnswer](t, put(changed)).Result)
	back := read[ImportAnswer](t, put(b))
	require.Equal(t, "replaced", back.Result, "the first content comes again, as a new hearing")
	require.NotEqual(t, created.ID, back.ID)

	require.NoError(t, w.st.PutHearingInfo(t.Context(), court.SystemScope(), store.HearingInfo{Hearing: back.ID, Status: "in_session", Updated: 1 << 60}))
	require.Equal(t, "unchanged", read[ImportAnswer](t, put(b)).Result)
	a := put(changed)
	require.Equal(t, http.StatusConflict, a.status)
	require.Equal(t, "started", read[Problem](t, a).Code)
	require.NoError(t, w.st.PutHearingInfo(t.Context(), court.SystemScope(), store.HearingInfo{Hearing: back.ID, Status: "adjourned", Updated: 1 << 60}))
	require.Equal(t, "created", read[ImportAnswer](t, put(changed)).Result, "an adjourned case gets a new hearing")

	b.Case.DocketNo = "46/2026/TLST-HS"
	require.Equal(t, http.StatusBadRequest, put(b).status, "another number than the address has")
}

func TestRacingImportsMakeOneHearing(t *testing.T) {
	w := startWorld(t)
	b := w.good("45/2026/TLST-HS", month)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			a := w.do(login(store.RoleService, unitHN), http.MethodPut, "/api/v1/import/hearings/unit-hn/45%2F2026%2FTLST-HS", b)
			require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		})
	}
	wg.Wait()
	require.Equal(t, 1, w.count())
}

// The example of the document is what it says.
func TestExampleIsBooked(t *testing.T) {
	w := startWorld(t)
	w.now = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	b := exampleBooking()
	for _, p := range b.People {
		if p.Account != "" {
			roles, _, _ := fitting(court.Capacity(p.Capacity))
			w.accounts[p.Account] = store.Account{ID: "a-" + p.Account, Login: p.Account, Unit: unitHN, Roles: roles[:1]}
		}
	}
	text, err := json.Marshal(b)
	require.NoError(t, err)
	require.Equal(t, CheckAnswer{Refusals: []Finding{}, Warnings: []Finding{}}, w.check(text))
}
