package access_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/internal/store/sqlite"
	"phientoa/signaling/access"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	password = "một mật khẩu đủ dài"
	hearing  = "hearing-1"
)

type seats []store.Seat

func (s *seats) Seats(context.Context, court.Scope, string) ([]store.Seat, error) { return *s, nil }

// world is a court with its database and the handler under test.
type world struct {
	t      *testing.T
	st     store.Store
	auth   *auth.Auth
	o      *auth.Officials
	srv    *access.Server
	seats  *seats
	log    *bytes.Buffer
	logMu  sync.Mutex
	denied []string
	now    time.Time
	n      int
}

func (w *world) Write(b []byte) (int, error) {
	w.logMu.Lock()
	defer w.logMu.Unlock()
	return w.log.Write(b)
}

func newWorld(t *testing.T, change ...func(*auth.OfficialsParams)) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{t: t, seats: &seats{}, log: &bytes.Buffer{}, now: time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)}
	st, err := sqlite.Open(ctx, sqlite.Params{Path: filepath.Join(t.TempDir(), "p.db")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	require.NoError(t, st.CreateHearing(ctx, court.SystemScope(),
		store.Hearing{ID: hearing, Room: strings.Repeat("0", 32), Unit: "unit"}, nil))
	for id, name := range map[court.UnitID]string{"unit": "Tòa án nhân dân khu vực 1", "far": "Tòa án nhân dân khu vực 2"} {
		require.NoError(t, st.PutUnit(ctx, court.SystemScope(), store.Unit{ID: id, Kind: "court.regional", Name: name},
			store.AdminEntry{At: w.now, Actor: "system", Unit: id, What: "unit.put"}))
	}
	w.st = st
	w.auth = auth.New(auth.Params{Store: st, Now: w.clock})
	p := auth.OfficialsParams{
		Store: st, Auth: w.auth, Now: w.clock, Seats: w.seats, Host: "court.example",
		Origins: []string{"https://court.example"}, Cost: auth.Argon2{Memory: 64, Time: 1, Lanes: 1},
	}
	for _, c := range change {
		c(&p)
	}
	w.o, err = auth.NewOfficials(p)
	require.NoError(t, err)
	w.srv = access.New(access.Params{
		Officials: w.o, Logger: slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Note: func(unit court.UnitID, _, person, what string) {
			require.Equal(t, person == "", unit == "", "%s: who is known has a unit", what)
			w.denied = append(w.denied, strings.TrimSpace(what+" "+string(unit)+" "+person))
		},
	})
	return w
}

func (w *world) clock() time.Time { return w.now }

// answer is what a client got.
type answer struct {
	status  int
	body    string
	cookies []*http.Cookie
	header  http.Header
}

// cookie is the new cookie of this name.
func (a answer) cookie(t *testing.T, name string) *http.Cookie {
	t.Helper()
	for _, c := range a.cookies {
		if c.Name == name {
			return c
		}
	}
	require.Fail(t, "no cookie "+name, a.body)
	return nil
}

// code is the code of a problem.
func (a answer) code(t *testing.T) string {
	t.Helper()
	var p struct {
		Code, Vi, En, Title string
		Status              int
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &p), a.body)
	require.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	require.Equal(t, a.status, p.Status)
	require.NotEmpty(t, p.Vi)
	require.NotEmpty(t, p.En)
	return p.Code
}

// do asks as whoever has the cookies; every request comes from another address.
func (w *world) do(method, path string, body any, cookies ...*http.Cookie) answer {
	w.t.Helper()
	var b []byte
	switch v := body.(type) {
	case nil:
	case []byte:
		b = v
	case string:
		b = []byte(v)
	default:
		var err error
		b, err = json.Marshal(v)
		require.NoError(w.t, err)
	}
	r := httptest.NewRequest(method, access.Prefix+path, bytes.NewReader(b))
	r.Header.Set("Content-Type", "application/json")
	w.n++
	r.RemoteAddr = "198.51." + string(rune('0'+w.n/100%10)) + "." + string(rune('0'+w.n/10%10)) + string(rune('0'+w.n%10)) + ":1234"
	for _, c := range cookies {
		if c != nil {
			r.AddCookie(c)
		}
	}
	rec := httptest.NewRecorder()
	w.srv.ServeHTTP(rec, r)
	res := rec.Result()
	text, err := io.ReadAll(res.Body)
	require.NoError(w.t, err)
	require.Equal(w.t, "no-store", res.Header.Get("Cache-Control"))
	asDocumented(w.t, method, path, res.StatusCode, text)
	return answer{status: res.StatusCode, body: string(text), cookies: res.Cookies(), header: res.Header}
}

// asDocumented holds an answer against the OpenAPI document: its status stands
// there, and a body has no field that does not.
func asDocumented(t *testing.T, method, path string, status int, body []byte) {
	t.Helper()
	if status >= 400 {
		return
	}
	path, _, _ = strings.Cut(path, "?")
	matches := func(pattern string) bool {
		p, q := strings.Split(strings.TrimPrefix(pattern, access.Prefix), "/"), strings.Split(path, "/")
		for i := range p {
			if len(p) != len(q) || p[i] != q[i] && !strings.HasPrefix(p[i], "{") {
				return false
			}
		}
		return true
	}
	for _, r := range access.Routes() {
		if r.Method != method || !matches(r.Path) {
			continue
		}
		out, want := access.Documented(r)
		if len(body) == 0 {
			require.True(t, status == want && out == nil || status == http.StatusNoContent, "%s %s: %d", method, path, status)
			return
		}
		require.Equal(t, want, status, "%s %s", method, path)
		require.NotNil(t, out, "%s %s", method, path)
		d := json.NewDecoder(bytes.NewReader(body))
		d.DisallowUnknownFields()
		require.NoError(t, d.Decode(reflect.New(reflect.TypeOf(out)).Interface()), "%s %s: %s", method, path, body)
		return
	}
	require.Fail(t, "not in the table", method+" "+path)
}

// account makes one with a password of its own.
func (w *world) account(unit court.UnitID, login string, roles ...store.Role) store.Account {
	w.t.Helper()
	ctx := context.Background()
	acc, oneTime, err := w.o.CreateAccount(ctx, auth.System(unit), auth.NewAccount{Login: login, Name: "Nguyễn Văn A", Roles: roles})
	require.NoError(w.t, err)
	a := w.do("POST", "signin", map[string]string{"login": login, "password": oneTime})
	require.Equal(w.t, http.StatusNoContent, a.status, a.body)
	a = w.do("POST", "password", map[string]string{"old": oneTime, "new": password}, a.cookie(w.t, auth.OfficeCookieName))
	require.Equal(w.t, http.StatusNoContent, a.status, a.body)
	return acc
}

// two proposes as admin and confirms as second, both proven, and returns the answer
// to the confirmation. They are made when they are first needed.
func (w *world) two(body map[string]string) answer {
	w.t.Helper()
	for _, login := range []string{"admin", "second"} {
		if _, err := w.st.AccountByLogin(context.Background(), login); err != nil {
			w.account("unit", login, store.RoleAdmin)
		}
	}
	var made map[string]string
	w.get(w.do("POST", "proposals", body, w.signIn("admin", true)), http.StatusCreated, &made)
	return w.do("POST", "proposals/"+made["id"]+"/confirm", "{}", w.signIn("second", true))
}

// signIn returns the cookie of a new session; proven also gives a fresh proof.
func (w *world) signIn(login string, proven bool) *http.Cookie {
	w.t.Helper()
	a := w.do("POST", "signin", map[string]string{"login": login, "password": password})
	require.Equal(w.t, http.StatusNoContent, a.status, a.body)
	c := a.cookie(w.t, auth.OfficeCookieName)
	if proven {
		a = w.do("POST", "stepup", map[string]string{"password": password}, c)
		require.Equal(w.t, http.StatusNoContent, a.status, a.body)
	}
	return c
}

// fuzzWorld lives as long as the fuzzing.
func fuzzWorld(f *testing.F) *world {
	st, err := sqlite.Open(context.Background(), sqlite.Params{Path: filepath.Join(f.TempDir(), "p.db")})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = st.Close() })
	w := &world{log: &bytes.Buffer{}, now: time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)}
	w.o, err = auth.NewOfficials(auth.OfficialsParams{Store: st, Now: w.clock, Cost: auth.Argon2{Memory: 64, Time: 1, Lanes: 1}})
	if err != nil {
		f.Fatal(err)
	}
	w.srv = access.New(access.Params{Officials: w.o, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	return w
}
