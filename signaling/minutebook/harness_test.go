package minutebook_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/archives"
	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/pades/padestest"
	"phientoa/internal/store"
	"phientoa/internal/store/sqlite"
	"phientoa/signaling/minutebook"
)

const (
	unit, other = court.UnitID("u1"), court.UnitID("u2")
	id          = "h1"
)

// world is a hearing in a database, with people who have accounts or seats.
type world struct {
	t      *testing.T
	st     store.Store
	lease  store.Lease
	s      *hearing.State
	time   sync.Mutex
	last   time.Time
	book   http.Handler
	root   *padestest.Root
	people []hearing.Person
}

// who asks: an account, and a seat's session by person.
type who struct {
	account string
	unit    court.UnitID
	roles   []store.Role
	token   string
	seat    string // person
	of      string // hearing of the seat, empty: ours
}

type whoKey struct{}

func newWorld(t *testing.T) *world {
	w := &world{t: t, last: time.Now().Truncate(time.Microsecond)}
	st, err := sqlite.Open(t.Context(), sqlite.Params{Path: filepath.Join(t.TempDir(), "db")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	w.st = st
	w.root = padestest.NewRoot(t)
	pem, err := os.ReadFile(filepath.Join(w.root.Dir, "ca.pem"))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(pem))
	w.book, err = minutebook.New(minutebook.Params{
		Store: st, Who: official, Seat: seat, Roots: roots, Now: w.now,
		Archives: archives.New(archives.Params{Store: st}),
	})
	require.NoError(t, err)
	w.create()
	return w
}

func official(r *http.Request) (auth.Official, error) {
	x, _ := r.Context().Value(whoKey{}).(who)
	if x.account == "" {
		return auth.Official{}, auth.ErrNoSession
	}
	return auth.Official{ID: x.account, Unit: x.unit, Roles: x.roles, Scope: court.ScopeOf(x.unit), Token: x.token}, nil
}

func seat(r *http.Request) (store.Session, error) {
	x, _ := r.Context().Value(whoKey{}).(who)
	if x.seat == "" {
		return store.Session{}, auth.ErrNoSession
	}
	s := store.Session{Hearing: id, Person: x.seat, Unit: unit}
	if x.of != "" {
		s.Hearing = x.of
	}
	return s, nil
}

func (w *world) create() {
	names := map[court.Capacity]string{
		court.PresidingJudge: "Nguyễn Văn Ước", court.LayAssessor: "Lê Thị Hạnh", court.Clerk: "Trần Thị Bưởi", court.Procurator: "Phạm Quốc Dũng",
		court.DefenceCounsel: "Vũ Minh Khôi", court.Defendant: "Đỗ Văn Tám", court.Witness: "Bùi Thị Lan", court.Attendee: "Người Xem",
	}
	policy := court.DefaultPolicy(court.Criminal)
	policy.NoticeDays, policy.RequireReady = 0, false
	b := hearing.Booking{
		Hearing: id, Unit: unit, Court: "TAND khu vực 1", DocketNo: "45/2026/TLST-HS", Title: "Trộm cắp tài sản", StartsAt: w.now().UnixMicro(),
		Procedure: court.Criminal, Policy: &policy, Points: []hearing.Point{{ID: "p0", Kind: hearing.CentralPoint, Name: "Phòng 1"}},
	}
	var rows []store.PersonName
	var seats []store.Seat
	for _, c := range []court.Capacity{
		court.PresidingJudge, court.LayAssessor, court.Clerk, court.Procurator, court.DefenceCounsel, court.Defendant, court.Witness, court.Attendee,
	} {
		p := hearing.Person{ID: hearing.PersonID(c), Capacity: c, Alias: c.Words(), Point: "p0"}
		kind := hearing.DeskClient
		if c == court.Attendee {
			kind = hearing.Viewer
		}
		b.People = append(b.People, p)
		b.Devices = append(b.Devices, hearing.Device{ID: hearing.DeviceID("d-" + c), Kind: kind, People: []hearing.PersonID{p.ID}})
		rows = append(rows, store.PersonName{Hearing: id, Person: string(c), Name: names[c]})
		seats = append(seats, store.Seat{Hearing: id, Person: string(c), Device: "d-" + string(c), Account: "acc-" + string(c)})
	}
	w.people = b.People
	ctx := w.t.Context()
	require.NoError(w.t, w.st.CreateHearing(ctx, court.SystemScope(), store.Hearing{
		ID: id, Room: fmt.Sprintf("%032x", 1), Unit: unit, DocketNo: b.DocketNo, Title: b.Title, StartsAt: b.StartsAt,
	}, rows))
	require.NoError(w.t, w.st.PutSeats(ctx, court.SystemScope(), seats))
	var err error
	w.lease, err = w.st.Acquire(ctx, court.SystemScope(), id, "n1", time.Hour)
	require.NoError(w.t, err)
	w.give("", hearing.Book{Booking: b})
}

func (w *world) give(by court.Capacity, c hearing.Command) {
	w.t.Helper()
	w.later(time.Second)
	a := hearing.Actor{System: by == ""}
	if by != "" {
		a = hearing.Actor{Person: hearing.PersonID(by), Device: hearing.DeviceID("d-" + by)}
	}
	bodies, ref := hearing.Decide(w.s, c, a, w.now())
	require.Nil(w.t, ref, "%T", c)
	for _, body := range bodies {
		e := hearing.Event{Seq: 1, At: w.now().UnixMicro(), Actor: a, Body: body}
		if w.s != nil {
			e.Seq = w.s.Seq + 1
		}
		next, err := hearing.Apply(w.s, e)
		require.NoError(w.t, err)
		line, err := hearing.MarshalEvent(e)
		require.NoError(w.t, err)
		require.NoError(w.t, w.st.Append(context.WithoutCancel(w.t.Context()), court.SystemScope(), w.lease, e.Seq-1, [][]byte{line}))
		w.s = next
	}
}

func (w *world) hold() {
	w.give(court.PresidingJudge, hearing.CheckIn{RulesAccepted: true})
	w.give(court.Clerk, hearing.CheckIn{RulesAccepted: true})
	w.give(court.Defendant, hearing.CheckIn{RulesAccepted: true})
	w.give(court.PresidingJudge, hearing.Admit{Person: "defendant"})
	w.give(court.PresidingJudge, hearing.Open{OverrideReason: "thử"})
}

func (w *world) end() { w.give(court.PresidingJudge, hearing.Close{}) }

// by is somebody's account with a seat in the hearing.
func by(c court.Capacity) who {
	return who{account: "acc-" + string(c), unit: unit, roles: []store.Role{store.RoleClerk}}
}

// at is somebody at their seat.
func at(c court.Capacity) who { return who{seat: string(c)} }

func (w *world) now() time.Time {
	w.time.Lock()
	defer w.time.Unlock()
	return w.last
}

// later moves the world's clock on, and to the wall's if that is ahead: certificates are
// made by openssl as the test goes, and begin then.
func (w *world) later(d time.Duration) {
	w.time.Lock()
	defer w.time.Unlock()
	w.last = w.last.Add(d)
	if now := time.Now().Truncate(time.Microsecond); now.After(w.last) {
		w.last = now
	}
}

func (w *world) do(x who, method, path string, body any) *httptest.ResponseRecorder {
	w.t.Helper()
	w.later(0)
	var raw []byte
	mediaType := "application/json"
	switch b := body.(type) {
	case nil:
	case []byte:
		raw, mediaType = b, "application/pdf"
	default:
		var err error
		raw, err = json.Marshal(b)
		require.NoError(w.t, err)
	}
	r := httptest.NewRequestWithContext(context.WithValue(w.t.Context(), whoKey{}, x), method, "/api/v1/hearings/"+id+"/minutes"+path, bytes.NewReader(raw))
	if raw != nil {
		r.Header.Set("Content-Type", mediaType)
	}
	a := httptest.NewRecorder()
	w.book.ServeHTTP(a, r)
	return a
}

func (w *world) ok(x who, path string, body any) {
	w.t.Helper()
	a := w.do(x, http.MethodPost, path, body)
	require.Equal(w.t, http.StatusNoContent, a.Code, a.Body.String())
}

func (w *world) refused(x who, path string, body any, code string) {
	w.t.Helper()
	a := w.do(x, http.MethodPost, path, body)
	var p minutebook.Problem
	require.NoError(w.t, json.Unmarshal(a.Body.Bytes(), &p), a.Code)
	require.Equal(w.t, code, p.Code)
	require.Equal(w.t, a.Code, p.Status)
	require.NotEmpty(w.t, p.Vi)
	require.NotEmpty(w.t, p.En)
}

func (w *world) read(x who) minutebook.MinutesAnswer {
	w.t.Helper()
	a := w.do(x, http.MethodGet, "", nil)
	require.Equal(w.t, http.StatusOK, a.Code, a.Body.String())
	var out minutebook.MinutesAnswer
	require.NoError(w.t, json.Unmarshal(a.Body.Bytes(), &out))
	return out
}

func (w *world) file(x who, sha256 string) []byte {
	w.t.Helper()
	a := w.do(x, http.MethodGet, "/documents/"+sha256, nil)
	require.Equal(w.t, http.StatusOK, a.Code, a.Body.String())
	require.Equal(w.t, "application/pdf", a.Header().Get("Content-Type"))
	return a.Body.Bytes()
}

func texts(a minutebook.MinutesAnswer) string {
	var s []string
	for _, l := range a.Lines {
		s = append(s, l.Text)
	}
	return strings.Join(s, "\n")
}
