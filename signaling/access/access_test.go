package access_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/signaling/access"
)

func recorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// get reads an answer of this status.
func (w *world) get(a answer, status int, v any) {
	w.t.Helper()
	require.Equal(w.t, status, a.status, a.body)
	require.NoError(w.t, json.Unmarshal([]byte(a.body), v), a.body)
}

func deviceKey(t *testing.T) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	return key, spki
}

func signNonce(t *testing.T, key *ecdsa.PrivateKey, nonce string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	require.NoError(t, err)
	sum := sha256.Sum256(b)
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	require.NoError(t, err)
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out
}

func TestMeSaysWhoOneIs(t *testing.T) {
	w := newWorld(t)
	acc := w.account("unit", "thu.ky", store.RoleClerk)
	c := w.signIn("thu.ky", false)
	var me map[string]any
	w.get(w.do("GET", "me", nil, c), 200, &me)
	require.Equal(t, map[string]any{
		"account": acc.ID, "name": "Nguyễn Văn A", "login": "thu.ky", "unit": "unit", "unit_name": "Tòa án nhân dân khu vực 1", "unit_kind": "court.regional",
		"roles": []any{"clerk"}, "method": "password", "stepped_up": false, "must_change": false,
	}, me)
	a := w.do("POST", "stepup", map[string]string{"password": password}, c)
	require.Equal(t, 204, a.status)
	w.get(w.do("GET", "me", nil, c), 200, &me)
	require.Equal(t, true, me["stepped_up"])
	w.now = w.now.Add(auth.StepUpLife)
	w.get(w.do("GET", "me", nil, c), 200, &me)
	require.Equal(t, false, me["stepped_up"])
	a = w.do("POST", "signout", "{}", c)
	require.Equal(t, 204, a.status)
	require.Negative(t, a.cookie(t, auth.OfficeCookieName).MaxAge)
	require.Equal(t, "sign_in", w.do("GET", "me", nil, c).code(t))
}

// Unknown login, wrong password and disabled account answer to the byte alike.
func TestSignInAnswersTellNothing(t *testing.T) {
	w := newWorld(t)
	w.account("unit", "admin", store.RoleAdmin)
	off := w.account("unit", "off", store.RoleClerk)
	c := w.signIn("admin", true)
	require.Equal(t, 204, w.do("PATCH", "accounts/"+off.ID, `{"disabled":true}`, c).status)
	want := w.do("POST", "signin", map[string]string{"login": "admin", "password": "wrong"})
	require.Equal(t, []any{403, "signin"}, []any{want.status, want.code(t)})
	for _, try := range [][2]string{{"nobody", password}, {"off", password}, {"", ""}} {
		a := w.do("POST", "signin", map[string]string{"login": try[0], "password": try[1]})
		require.Equal(t, want.body, a.body)
		require.Equal(t, want.status, a.status)
		require.Equal(t, want.header, a.header)
		require.Empty(t, a.cookies)
	}
	require.Contains(t, w.denied, "denied.signin", "of nobody")
	require.Contains(t, w.denied, "denied.signin unit "+off.ID, "of somebody, with their unit")
	for range 20 {
		want = w.do("POST", "signin", map[string]string{"login": "admin", "password": "wrong"})
	}
	require.Equal(t, []any{429, "auth.throttled", "60"}, []any{want.status, want.code(t), want.header.Get("Retry-After")})
}

// The whole way of an account: made by an administrator, its password changed,
// disabled again; each act is in the log, no secret anywhere.
func TestLifeOfAnAccount(t *testing.T) {
	w := newWorld(t)
	w.account("unit", "admin", store.RoleAdmin)
	w.account("unit", "second", store.RoleAdmin)
	c := w.signIn("admin", true)
	var made map[string]string
	w.get(w.do("POST", "accounts", `{"login":"Tham.Phan","name":"Lê Thị B","roles":["judge"]}`, c), 201, &made)
	require.Equal(t, "own_proposal", w.do("POST", "proposals/"+made["proposal"]+"/confirm", "{}", c).code(t))
	w.get(w.do("POST", "proposals/"+made["proposal"]+"/confirm", "{}", w.signIn("second", true)), 200, &made)
	require.Equal(t, 409, w.do("POST", "accounts", `{"login":"tham.phan","name":"C","roles":["judge"]}`, c).status)
	a := w.do("POST", "signin", map[string]string{"login": "tham.phan", "password": made["password"]})
	fresh := a.cookie(t, auth.OfficeCookieName)
	var me map[string]any
	w.get(w.do("GET", "me", nil, fresh), 200, &me)
	require.Equal(t, true, me["must_change"])
	require.Equal(t, "must_change", w.do("GET", "passkeys", nil, fresh).code(t))
	require.Equal(t, "weak_password", w.do("POST", "password", map[string]string{"old": made["password"], "new": "short"}, fresh).code(t))
	a = w.do("POST", "password", map[string]string{"old": made["password"], "new": password}, fresh)
	judge := a.cookie(t, auth.OfficeCookieName)
	require.Equal(t, "sign_in", w.do("GET", "me", nil, fresh).code(t), "the old session")

	*w.seats = seats{{Hearing: hearing, Person: "p", Device: "d", Account: made["id"]}}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(judge)
	seat, err := w.o.Enter(r.Context(), r, hearing, "p", "d")
	require.NoError(t, err)
	r.AddCookie(seat)
	_, err = w.auth.Session(r)
	require.NoError(t, err)

	var reset map[string]string
	w.get(w.two(map[string]string{"kind": "reset", "account": made["id"]}), 200, &reset)
	require.Equal(t, "sign_in", w.do("GET", "me", nil, judge).code(t))
	_, err = w.auth.Session(r)
	require.ErrorIs(t, err, auth.ErrNoSession, "out of the hearing as well")
	require.Equal(t, 204, w.do("PATCH", "accounts/"+made["id"], `{"disabled":true}`, c).status)
	require.Equal(t, 403, w.do("POST", "signin", map[string]string{"login": "tham.phan", "password": reset["password"]}).status)

	var log struct {
		Entries []struct{ What, Object, Detail string }
	}
	body := w.do("GET", "adminlog", nil, c)
	w.get(body, 200, &log)
	var acts []string
	for _, e := range log.Entries {
		if e.Object == made["id"] {
			acts = append(acts, e.What+" "+e.Detail)
		}
	}
	for i := range acts { // a proposal is named by its id
		if what, _, ok := strings.Cut(acts[i], " "); ok && strings.HasPrefix(what, "proposal.") {
			acts[i] = what
		}
	}
	require.Equal(t, []string{
		"account.created roles judge", "proposal.enable", "proposal.confirmed", "account.changed enabled; reset", "account.password ",
		"proposal.reset", "proposal.confirmed", "account.changed reset",
		"account.changed disabled",
	}, acts)
	w.get(w.do("GET", "adminlog?from=3", nil, c), 200, &log)
	require.Equal(t, 400, w.do("GET", "adminlog?from=-1", nil, c).status)
	for _, secret := range []string{made["password"], reset["password"], password, "Lê Thị B", "Nguyễn", judge.Value, seat.Value} {
		require.NotContains(t, body.body, secret)
		require.NotContains(t, w.log.String(), secret)
	}
	var list struct{ Accounts []map[string]any }
	w.get(w.do("GET", "accounts", nil, c), 200, &list)
	require.Len(t, list.Accounts, 3)
	require.NotContains(t, list.Accounts[0], "password")
}

func TestLifeOfARoomDevice(t *testing.T) {
	w := newWorld(t)
	w.account("unit", "op", store.RoleOperator)
	c := w.signIn("op", true)
	var offer struct {
		Code    string
		Expires time.Time
	}
	w.get(w.do("POST", "devices", "{}", c), 201, &offer)
	require.Equal(t, w.now.Add(auth.EnrolLife), offer.Expires)
	for _, bad := range []string{"!", "", b64([]byte("no key"))} {
		require.Equal(t, 400, w.do("POST", "devices/enrol", map[string]string{"code": offer.Code, "public_key": bad}).status)
	}
	device := w.device("unit")
	var list struct{ Devices []map[string]any }
	w.get(w.do("GET", "devices", nil, c), 200, &list)
	require.Len(t, list.Devices, 1)
	me := list.Devices[0]
	require.Equal(t, "Phòng xử án 1", me["label"])
	denied := w.do("POST", "devices/seat", map[string]string{"hearing": hearing, "person": "p", "device": "room"}, device)
	require.Equal(t, "forbidden", denied.code(t))
	require.Contains(t, w.denied, "denied.seat unit "+me["id"].(string))
	*w.seats = seats{{Hearing: hearing, Person: "p", Device: "room", RoomDevice: me["id"].(string)}}
	a := w.do("POST", "devices/seat", map[string]string{"hearing": hearing, "person": "p", "device": "room"}, device)
	require.Equal(t, 204, a.status, a.body)
	a.cookie(t, auth.CookieName)
	require.Equal(t, 200, w.do("GET", "devices/seats", nil, device).status)
	courts := "devices/" + me["id"].(string) + "/courts"
	require.Equal(t, 404, w.do("PUT", courts+"/nowhere", "{}", c).status, "there is no such court")
	require.Equal(t, 403, w.do("PUT", courts+"/far", "{}", w.signIn("op", false)).status, "without a fresh proof")
	w.account("far", "far-op", store.RoleOperator)
	require.Equal(t, 404, w.do("PUT", courts+"/far", "{}", w.signIn("far-op", true)).status, "nobody helps themselves")
	require.Equal(t, 204, w.do("PUT", courts+"/far", "{}", c).status)
	require.JSONEq(t, `{"courts":[{"id":"far","name":"Tòa án nhân dân khu vực 2"}]}`, w.do("GET", courts, nil, c).body)
	far, own := w.signIn("far-op", false), w.signIn("op", false)
	for _, u := range []store.Unit{{ID: "camp", Kind: "detention_facility", Name: "Trại"}, {ID: "past", Kind: "court.district", Name: "Cũ", ValidTo: 1}} {
		require.NoError(t, w.st.PutUnit(t.Context(), court.SystemScope(), u, store.AdminEntry{At: w.now, Actor: "system", Unit: u.ID, What: "unit.put"}))
	}
	require.JSONEq(t, `{"courts":[{"id":"unit","name":"Tòa án nhân dân khu vực 1"}]}`, w.do("GET", "courts", nil, far).body,
		"not the own one, none that ended, no facility")
	var lent access.LentDevicesAnswer
	w.get(w.do("GET", "devices/lent", nil, far), 200, &lent)
	require.Equal(t, []access.LentDeviceItem{{ID: me["id"].(string), Unit: "unit", UnitName: "Tòa án nhân dân khu vực 1", Kind: "computer", Label: "Phòng xử án 1"}}, lent.Devices)
	require.JSONEq(t, `{"devices":[]}`, w.do("GET", "devices/lent", nil, own).body, "what is one's own is not lent to one")
	require.Equal(t, 204, w.do("DELETE", courts+"/far", nil, c).status)
	require.JSONEq(t, `{"courts":[]}`, w.do("GET", courts, nil, c).body)
	require.JSONEq(t, `{"devices":[]}`, w.do("GET", "devices/lent", nil, far).body)
	require.Equal(t, 204, w.do("DELETE", "devices/"+me["id"].(string), nil, c).status)
	require.Equal(t, 401, w.do("GET", "devices/seats", nil, device).status)
	second := w.device("unit")
	require.Equal(t, 204, w.do("POST", "devices/signout", "{}", second).status)
	require.Equal(t, 401, w.do("GET", "devices/seats", nil, second).status)
}

// A ceremony's handle travels in its own cookie and ends with it.
func TestPasskeyCeremonyOverHTTP(t *testing.T) {
	w := newWorld(t)
	a := w.do("POST", "passkey/begin", "{}")
	require.Equal(t, 200, a.status, a.body)
	require.Contains(t, a.body, `"publicKey"`)
	c := a.cookie(t, "__Host-phientoa-ceremony")
	require.True(t, c.HttpOnly && c.Secure)
	require.Equal(t, http.SameSiteStrictMode, c.SameSite)
	done := w.do("POST", "passkey/finish", "{}", c)
	require.Equal(t, "signin", done.code(t))
	require.Negative(t, done.cookie(t, c.Name).MaxAge)
	w.account("unit", "one", store.RoleClerk)
	me := w.signIn("one", true)
	require.Equal(t, 200, w.do("POST", "passkeys/begin", "{}", me).status)
	require.Equal(t, 200, w.do("POST", "stepup/begin", "{}", me).status)
	require.Equal(t, "signin", w.do("POST", "stepup", `{"passkey":{}}`, me).code(t))
	require.Equal(t, "[]\n", w.do("GET", "passkeys", nil, me).body)
}

// Whatever is sent, the answer is a problem, a session or nothing; never a fault.
func FuzzSignInBody(f *testing.F) {
	f.Add(`{"login":"a","password":"b"}`)
	f.Add(`{"login":1}`)
	f.Add(`{"login":"a","password":"b","x":1}`)
	f.Add(`{"login":"a"}{"login":"b"}`)
	f.Add(`[`)
	f.Add(strings.Repeat(`{"login":`, 5000))
	w := fuzzWorld(f)
	f.Fuzz(func(t *testing.T, body string) {
		w.t = t
		w.now = w.now.Add(time.Minute)
		a := w.do("POST", "signin", body)
		switch a.status {
		case 400, 403, 429:
			a.code(t)
		default:
			t.Fatalf("%d %s", a.status, a.body)
		}
	})
}

// The court's access log has who revoked an invitation, and whose.
func TestARevokedInvitationIsLoggedWithWhose(t *testing.T) {
	w := newWorld(t)
	clerk := w.account("unit", "clerk", store.RoleClerk)
	c := w.signIn("clerk", false)
	require.Equal(t, 204, w.do("DELETE", "hearings/"+hearing+"/invitations/p-7", nil, c).status)
	require.Contains(t, w.denied, "invitation.revoked unit "+clerk.ID)
	require.Contains(t, w.denied, "invitation.void unit p-7")
	require.Equal(t, 204, w.do("DELETE", "hearings/"+hearing+"/invitations/"+strings.Repeat("x", 65), nil, c).status)
	require.Equal(t, 404, w.do("DELETE", "hearings/elsewhere/invitations/p-8", nil, c).status)
	for _, entry := range w.denied {
		require.NotContains(t, entry, "xxx")
		require.NotContains(t, entry, "p-8")
	}
}
