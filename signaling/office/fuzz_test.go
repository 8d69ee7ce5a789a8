package office

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// empty is a database in which nothing stands and everything may be put. Fuzzing
// over a real one would mostly measure the disk.
type empty struct{ Store }

func (empty) HearingByDocket(context.Context, court.Scope, court.UnitID, string) (store.Hearing, error) {
	return store.Hearing{}, store.ErrNotFound
}

func (empty) Hearings(context.Context, court.Scope, int64, int64) ([]store.Hearing, error) {
	return nil, nil
}

func (empty) HearingInfos(context.Context, court.Scope, []string) ([]store.HearingInfo, error) {
	return nil, nil
}

func (empty) Remembered(context.Context, string, string) (store.Idempotent, error) {
	return store.Idempotent{}, store.ErrNotFound
}

func (empty) Remember(_ context.Context, i store.Idempotent) (store.Idempotent, error) { return i, nil }

func (empty) PutSeats(context.Context, court.Scope, []store.Seat) error { return nil }

func (empty) PutHearingInfo(context.Context, court.Scope, store.HearingInfo) error { return nil }

// clerkOf is always the same clerk.
type clerkOf court.UnitID

func (u clerkOf) Who(*http.Request) (auth.Official, error) {
	return auth.Official{ID: "a", Unit: court.UnitID(u), Roles: []store.Role{store.RoleClerk}, Scope: court.ScopeOf(court.UnitID(u))}, nil
}

// Whatever arrives, the answer is one of the documented ones; what the check lets
// through is booked, and what is booked the rules take, with names as they show.
func FuzzBooking(f *testing.F) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	var booked *hearing.Booking
	o, err := New(Params{
		Store: empty{}, Officials: clerkOf(unitHN), Now: func() time.Time { return now },
		Book: func(_ context.Context, _ store.Hearing, names []store.PersonName, b hearing.Booking) error {
			if _, ref := hearing.Decide(nil, hearing.Book{Booking: b}, hearing.Actor{System: true}, now); ref != nil {
				f.Errorf("the rules refuse what the check let through: %v", ref)
			}
			for _, n := range names {
				if n.Name == "" || hostile(n.Name) || n.Name != tidy(n.Name) {
					f.Errorf("name %q is kept", n.Name)
				}
			}
			booked = &b
			return nil
		},
	})
	require.NoError(f, err)
	w := &world{t: f, o: o, now: now}
	b := exampleBooking()
	for i := range b.People {
		b.People[i].Account = ""
	}
	text, err := json.Marshal(b)
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(strings.Replace(string(text), `"minutes":180`, `"minutes":180,"minutes":10`, 1)))
	f.Add([]byte(strings.Replace(string(text), `"private":true`, `"shares":1`, 1)))
	f.Add([]byte(`{"points":[{}],"people":[{"shares":0},{"shares":-1,"client":99}]}`))
	f.Add([]byte(`{"people":[{"shares":1},{"shares":0},{"point":-1,"device_kind":"viewer"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		booked = nil
		checked := w.do("", http.MethodPost, "/api/v1/hearings/check", text)
		switch checked.status {
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
			return
		case http.StatusOK:
		default:
			t.Fatalf("%d %s", checked.status, checked.body)
		}
		answer := w.do("", http.MethodPost, "/api/v1/hearings", text, "Idempotency-Key", "fuzzing-key")
		if len(read[CheckAnswer](t, checked).Refusals) > 0 {
			require.Equal(t, http.StatusUnprocessableEntity, answer.status, "%s", answer.body)
			require.Nil(t, booked)
			return
		}
		require.Equal(t, http.StatusCreated, answer.status, "%s", answer.body)
		require.NotNil(t, booked)
	})
}
