package access_test

import (
	"context"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/signaling/access"
)

func allRoles() []store.Role {
	return []store.Role{
		store.RoleJudge, store.RoleChiefJudge, store.RoleClerk, store.RoleOperator, store.RoleAdmin, store.RoleAuditor,
		store.RoleArchivist, store.RoleProcurator, store.RoleProcuracyHead, store.RoleProcuracyDeputy, store.RolePointOfficer,
	}
}

// object is what routes may be about.
type object struct{ account, credential, device, session, proposal, hearing string }

// missing is what exists nowhere.
func missing() object {
	return object{"no-such-account", "no-such-credential", "no-such-device", "no-such-session", "no-such-proposal", "no-such-hearing"}
}

// path fills the table's pattern in with an object.
func path(pattern string, o object) string {
	return strings.NewReplacer(access.Prefix, "", "{account}", o.account, "{credential}", o.credential, "{device}", o.device,
		"{session}", o.session, "{proposal}", o.proposal, "{hearing}", o.hearing, "{person}", "p", "{unit}", "unit").Replace(pattern)
}

// refused are the codes by which a route says that one may not ask at all.
func refused(code string) bool {
	return code == "sign_in" || code == "forbidden" || code == "step_up" || code == "must_change"
}

// Every role on every route: those that the table names get past its door, all
// others get one and the same 403; nobody gets in without a session, with a
// session of the other kind, or before the password is changed.
func TestEveryRoleOnEveryRoute(t *testing.T) {
	w := newWorld(t)
	other := w.account("unit", "other", store.RoleClerk)
	_, oneTime, err := w.o.CreateAccount(context.Background(), auth.System("unit"),
		auth.NewAccount{Login: "new", Name: "B", Roles: allRoles()})
	require.NoError(t, err)
	fresh := w.do("POST", "signin", map[string]string{"login": "new", "password": oneTime}).cookie(t, auth.OfficeCookieName)
	device := w.device("unit")
	roles := allRoles()
	for _, role := range roles {
		w.account("unit", string(role), role)
	}
	var forbidden string
	for _, route := range access.Routes() {
		about := missing()
		about.account = other.ID
		target := path(route.Path, about)
		ask := func(c ...*http.Cookie) (int, string) {
			a := w.do(route.Method, target, "{}", c...)
			if a.status < 400 {
				return a.status, ""
			}
			return a.status, a.code(t)
		}
		name := route.Method + " " + route.Path
		status, code := ask()
		if route.Audience == access.Anyone {
			require.False(t, refused(code), "%s: %d %s", name, status, code)
			continue
		}
		require.Equal(t, []any{401, "sign_in"}, []any{status, code}, name+" by nobody")
		if route.Audience == access.Device {
			status, code = ask(w.signIn("sys_admin", true))
			require.Equal(t, []any{401, "sign_in"}, []any{status, code}, name+" by an official")
			status, code = ask(device)
			require.False(t, refused(code) && code != "forbidden", "%s by a device: %d %s", name, status, code)
			continue
		}
		status, code = ask(device)
		require.Equal(t, []any{401, "sign_in"}, []any{status, code}, name+" by a device")
		status, code = ask(fresh)
		if route.Unchanged {
			require.False(t, refused(code), "%s: %d %s", name, status, code)
		} else {
			require.Equal(t, []any{403, "must_change"}, []any{status, code}, name)
		}
		for _, role := range roles {
			allowed := route.Roles == nil
			for _, r := range route.Roles {
				allowed = allowed || r == role
			}
			if !allowed {
				for _, c := range []*http.Cookie{w.signIn(string(role), false), w.signIn(string(role), true)} {
					a := w.do(route.Method, target, "{}", c)
					require.Equal(t, []any{403, "forbidden"}, []any{a.status, a.code(t)}, "%s by %s", name, role)
					if forbidden == "" {
						forbidden = a.body
					}
					require.Equal(t, forbidden, a.body, "one answer")
				}
				continue
			}
			status, code = ask(w.signIn(string(role), false))
			if route.StepUp {
				require.Equal(t, []any{403, "step_up"}, []any{status, code}, "%s by %s", name, role)
			} else {
				require.False(t, refused(code), "%s by %s: %d %s", name, role, status, code)
			}
			if route.Path == access.Prefix+"password" {
				continue // its own test
			}
			status, code = ask(w.signIn(string(role), true))
			require.False(t, refused(code), "%s by %s: %d %s", name, role, status, code)
		}
	}
	require.NotEmpty(t, forbidden)
	for _, role := range roles { // whoever was refused stands in the log, with the unit
		if role == store.RoleAdmin {
			continue
		}
		acc, err := w.st.AccountByLogin(context.Background(), string(role))
		require.NoError(t, err)
		require.Contains(t, w.denied, "denied.office unit "+acc.ID, role)
	}
}

// device enrols one and signs it in.
func (w *world) device(unit court.UnitID) *http.Cookie {
	w.t.Helper()
	ctx := context.Background()
	key, spki := deviceKey(w.t)
	code, _, err := w.o.OfferEnrolment(ctx, auth.System(unit), "Phòng xử án 1")
	require.NoError(w.t, err)
	var enrolled, nonce map[string]string
	w.get(w.do("POST", "devices/enrol", map[string]string{"code": code, "public_key": b64(spki)}), http.StatusCreated, &enrolled)
	w.get(w.do("POST", "devices/challenge", map[string]string{"device": enrolled["device"]}), http.StatusOK, &nonce)
	a := w.do("POST", "devices/signin", map[string]string{
		"device": enrolled["device"], "nonce": nonce["nonce"], "signature": b64(signNonce(w.t, key, nonce["nonce"])),
	})
	require.Equal(w.t, http.StatusNoContent, a.status, a.body)
	return a.cookie(w.t, auth.DeviceCookieName)
}

// What lies in another unit answers as what does not exist, to the byte.
func TestForeignObjectsLookMissing(t *testing.T) {
	w := newWorld(t)
	w.account("unit", "admin", store.RoleAdmin, store.RoleOperator, store.RoleAuditor, store.RoleClerk)
	far := w.account("far", "far", store.RoleClerk)
	w.device("far")
	ctx := context.Background()
	devices, err := w.st.RoomDevices(ctx, court.ScopeOf("far"))
	require.NoError(t, err)
	there := object{account: far.ID, device: devices[0].ID, credential: "far-credential", hearing: "far-hearing"}
	require.NoError(t, w.st.CreateHearing(ctx, court.ScopeOf("far"),
		store.Hearing{ID: there.hearing, Room: strings.Repeat("1", 32), Unit: "far"}, nil))
	require.NoError(t, w.st.PutCredential(ctx, court.ScopeOf("far"), store.Credential{
		ID: there.credential, Account: far.ID, Kind: "passkey", Handle: []byte("h"), Data: []byte("{}"), Created: w.now,
	}, store.AdminEntry{At: w.now, Actor: "system", Unit: "far", What: "x"}))
	w.account("far", "far.admin", store.RoleAdmin)
	var list struct{ Sessions []struct{ ID string } }
	w.get(w.do("GET", "sessions", nil, w.signIn("far", false)), 200, &list)
	there.session = list.Sessions[0].ID
	var made map[string]string
	w.get(w.do("POST", "proposals", map[string]string{"kind": "reset", "account": far.ID}, w.signIn("far.admin", true)), 201, &made)
	there.proposal = made["id"]
	c := w.signIn("admin", true)
	n := 0
	for _, route := range access.Routes() {
		if !strings.Contains(route.Path, "{") {
			continue
		}
		n++
		body := `{}`
		if route.Method == http.MethodPatch {
			body = `{"disabled":true}`
		}
		foreign := w.do(route.Method, path(route.Path, there), body, c)
		missing := w.do(route.Method, path(route.Path, missing()), body, c)
		require.Equal(t, missing.body, foreign.body, route.Path)
		require.Equal(t, missing.status, foreign.status, route.Path)
		require.Contains(t, []int{404}, foreign.status, route.Path+foreign.body)
	}
	require.Equal(t, 12, n)
	me, err := w.st.AccountByLogin(ctx, "admin")
	require.NoError(t, err)
	require.Contains(t, w.denied, "denied.office.object unit "+me.ID)
	acc, err := w.st.Account(ctx, court.SystemScope(), far.ID)
	require.NoError(t, err)
	require.False(t, acc.Disabled)
	w.get(w.do("GET", "sessions", nil, w.signIn("far", false)), 200, &list)
	require.Contains(t, list.Sessions, struct{ ID string }{there.session}, "it stands")
	for _, list := range []string{"accounts", "devices", "adminlog", "proposals"} {
		a := w.do("GET", list, nil, c)
		require.Equal(t, 200, a.status)
		require.NotContains(t, a.body, far.ID)
		require.NotContains(t, a.body, devices[0].ID)
		require.NotContains(t, a.body, `"far"`)
	}
}

// Nobody gives oneself anything: not by the own account's id, not by a field that
// the request does not have.
func TestAdministratorsDoNotServeThemselves(t *testing.T) {
	w := newWorld(t)
	admin := w.account("unit", "admin", store.RoleAdmin)
	mate := w.account("unit", "mate", store.RoleClerk)
	c := w.signIn("admin", true)
	for _, body := range []string{`{"roles":["judge"]}`, `{"disabled":false}`, `{"name":"B"}`} {
		a := w.do("PATCH", "accounts/"+admin.ID, body, c)
		require.Equal(t, []any{403, "own_account"}, []any{a.status, a.code(t)}, body)
	}
	for _, body := range []string{
		`{"unit":"far"}`, `{"scope":"system"}`, `{"login":"x"}`, `{"password":"x"}`, `{"roles":["king"]}`, `{"roles":[]}`, `{"name":" "}`,
		`{"reset":true}`,
	} {
		a := w.do("PATCH", "accounts/"+mate.ID, body, c)
		require.Equal(t, []any{400, "bad_message"}, []any{a.status, a.code(t)}, body)
	}
	a := w.do("POST", "accounts", `{"login":"x","name":"B","roles":["clerk"],"unit":"far"}`, c)
	require.Equal(t, 400, a.status)
	for _, header := range []string{"https://evil.example"} {
		r, err := http.NewRequest(http.MethodPost, access.Prefix+"accounts", strings.NewReader(`{}`))
		require.NoError(t, err)
		r.Header.Set("Origin", header)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.AddCookie(c)
		rec := recorder()
		w.srv.ServeHTTP(rec, r)
		require.Equal(t, 403, rec.Code, "another site drives the browser")
	}
}

func TestWhatIsNotInTheTableDoesNotExist(t *testing.T) {
	w := newWorld(t)
	w.account("unit", "admin", store.RoleAdmin)
	c := w.signIn("admin", true)
	want := w.do("GET", "nothing", nil, c)
	require.Equal(t, []any{404, "not_found"}, []any{want.status, want.code(t)})
	for _, try := range [][2]string{{"DELETE", "accounts"}, {"PUT", "me"}, {"GET", "signin"}, {"GET", ""}, {"POST", "accounts/x"}, {"TRACE", "me"}} {
		a := w.do(try[0], try[1], nil, c)
		require.Equal(t, want.body, a.body, try)
	}
	seen := map[string]bool{}
	for _, r := range access.Routes() {
		require.True(t, strings.HasPrefix(r.Path, access.Prefix), r.Path)
		require.False(t, seen[r.Method+r.Path], "twice: "+r.Path)
		seen[r.Method+r.Path] = true
		if r.Audience != access.Official {
			require.Nil(t, r.Roles, r.Path)
			require.False(t, r.StepUp, r.Path)
		}
	}
}

var update = flag.Bool("update", false, "write docs/access.md and docs/openapi-access.json")

// The document is made of the table, and every answer in these tests is held
// against it (world.do).
func TestDocumentIsUpToDate(t *testing.T) {
	const path = "../../docs/openapi-access.json"
	want, err := access.Document()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(path, want, 0o644))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run: make generate")
}

func TestPageIsUpToDate(t *testing.T) {
	const path = "../../docs/access.md"
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(access.Page()), 0o644))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, access.Page(), string(got), "run: make generate")
}
