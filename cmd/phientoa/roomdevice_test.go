package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/internal/wire"
)

// browser is a client of a served node that keeps its cookies.
type browser struct {
	s       *served
	cookies map[string]*http.Cookie
}

func (s *served) browser() *browser { return &browser{s, map[string]*http.Cookie{}} }

func (b *browser) ask(method, path string, body any, header ...string) (int, string) {
	b.s.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(b.s.t, err)
	r, err := http.NewRequestWithContext(b.s.t.Context(), method, "https://"+b.s.listener.Addr().String()+path, bytes.NewReader(text))
	require.NoError(b.s.t, err)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	resp, err := b.s.client().Do(r)
	require.NoError(b.s.t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(b.s.t, err)
	for _, c := range resp.Cookies() {
		b.cookies[c.Name] = c
	}
	return resp.StatusCode, string(answer)
}

// get asks for an answer of this status and reads it.
func (b *browser) get(status int, v any, method, path string, body any, header ...string) {
	b.s.t.Helper()
	code, text := b.ask(method, path, body, header...)
	require.Equal(b.s.t, status, code, "%s %s: %s", method, path, text)
	if v != nil {
		require.NoError(b.s.t, json.Unmarshal([]byte(text), v), text)
	}
}

// password is every official's.
const password = "một mật khẩu đủ dài"

// official makes an account, takes it over as its holder does, and proves afresh.
func (s *served) official(unit court.UnitID, login string, roles ...store.Role) *browser {
	s.t.Helper()
	_, oneTime, err := s.officials.CreateAccount(s.t.Context(), auth.System(unit), auth.NewAccount{Login: login, Name: "Lê Văn " + login, Roles: roles})
	require.NoError(s.t, err)
	b := s.browser()
	b.get(http.StatusNoContent, nil, "POST", "/api/v1/access/signin", map[string]string{"login": login, "password": oneTime})
	b.get(http.StatusNoContent, nil, "POST", "/api/v1/access/password", map[string]string{"old": oneTime, "new": password})
	b.get(http.StatusNoContent, nil, "POST", "/api/v1/access/stepup", map[string]string{"password": password})
	return b
}

// roomDevice is a courtroom's computer: its key never leaves it.
type roomDevice struct {
	*browser
	key *ecdsa.PrivateKey
	id  string
}

func (s *served) enrol(operator *browser) *roomDevice {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(s.t, err)
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(s.t, err)
	var offer, enrolled map[string]string
	operator.get(http.StatusCreated, &offer, "POST", "/api/v1/access/devices", map[string]string{"label": "Phòng xử án số 1"})
	d := &roomDevice{browser: s.browser(), key: key}
	d.get(http.StatusCreated, &enrolled, "POST", "/api/v1/access/devices/enrol",
		map[string]string{"code": offer["code"], "public_key": base64.StdEncoding.EncodeToString(spki)})
	d.id = enrolled["device"]
	return d
}

func (d *roomDevice) signIn() {
	t := d.s.t
	t.Helper()
	var c map[string]string
	d.get(http.StatusOK, &c, "POST", "/api/v1/access/devices/challenge", map[string]string{"device": d.id})
	nonce, err := base64.RawURLEncoding.DecodeString(c["nonce"])
	require.NoError(t, err)
	sum := sha256.Sum256(nonce)
	r, s, err := ecdsa.Sign(rand.Reader, d.key, sum[:])
	require.NoError(t, err)
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	d.get(http.StatusNoContent, nil, "POST", "/api/v1/access/devices/signin",
		map[string]string{"device": d.id, "nonce": c["nonce"], "signature": base64.StdEncoding.EncodeToString(sig)})
}

// What another node, or the terminal of the server, revokes ends here as fast as
// what is revoked here.
func TestARevocationElsewhereEndsTheSeat(t *testing.T) {
	s := startServe(t, nil)
	ws := s.arrive()
	hearings, err := s.store.Hearings(t.Context(), court.SystemScope(), 0, 1<<62)
	require.NoError(t, err)
	names, err := s.store.Names(t.Context(), court.SystemScope(), hearings[0].ID)
	require.NoError(t, err)
	ended := 0
	for _, n := range names { // in the database only
		list, err := s.store.RevokeInvitations(t.Context(), court.SystemScope(), hearings[0].ID, n.Person)
		require.NoError(t, err)
		ended += len(list)
	}
	require.Equal(t, 1, ended)
	bye := s.until(ws, func(e *wire.Envelope) bool { return e.GetBye() != nil }).GetBye()
	require.Equal(t, "revoked", bye.Reason.Code)
}

type deviceSeats struct {
	Seats []struct {
		Hearing, Person, Device, Status string
		StartsAt                        time.Time `json:"starts_at"`
		Minutes                         int
	}
}

// A room device's way to its hearing, with two courts: enrolled by the operator,
// named by the booking, signed in by its key, told its seats of today, and seated as
// room client; out again when it is revoked.
func TestARoomDeviceReachesItsHearing(t *testing.T) {
	s := startServe(t, nil)
	ctx := t.Context()
	for _, u := range []court.UnitID{"unit-hn", "unit-dn"} {
		require.NoError(t, s.store.PutUnit(ctx, court.SystemScope(), store.Unit{ID: u, Kind: "court.regional", Name: "Tòa án " + string(u), ValidFrom: 1},
			store.AdminEntry{At: time.Now(), Actor: "system", Unit: u, What: "unit.put", Object: string(u)}))
	}
	operator, clerk := s.official("unit-hn", "ky.thuat", store.RoleOperator), s.official("unit-hn", "thu.ky", store.RoleClerk)
	room, foreign := s.enrol(operator), s.enrol(s.official("unit-dn", "ky.thuat.dn", store.RoleOperator))

	var list struct{ Devices []struct{ ID, Label string } }
	clerk.get(http.StatusOK, &list, "GET", "/api/v1/access/devices", nil)
	require.Len(t, list.Devices, 1, "those of the own court")
	require.Equal(t, room.id, list.Devices[0].ID)

	booking := func(device, kind string) map[string]any {
		person := map[string]any{"name": "Trần Thị Bình", "capacity": "lay_assessor", "room_device": device}
		if kind != "" {
			person["device_kind"] = kind
		}
		return map[string]any{
			"case":      map[string]string{"docket_no": "45/2026/TLST-HS", "title": "Vụ án trộm cắp tài sản"},
			"procedure": "criminal", "instance": "first_instance", "form": "online",
			"exclusions": map[string]bool{"state_secret": false, "chapter_xiii": false, "chapter_xxvi": false},
			"points":     []map[string]any{{"kind": "central", "name": "Phòng xử án số 1"}},
			"people": []map[string]any{
				{"name": "Nguyễn Văn Sơn", "capacity": "presiding_judge"}, {"name": "Lê Văn Cường", "capacity": "clerk"}, person,
			},
			"starts_at": time.Now().UTC().Format(time.RFC3339), "minutes": 120,
		}
	}
	refusals := func(device, kind string) (codes []string) {
		var a struct {
			Refusals []struct{ Code, Field, Vi, En string }
		}
		clerk.get(http.StatusOK, &a, "POST", "/api/v1/hearings/check", booking(device, kind))
		for _, f := range a.Refusals {
			require.NotEmpty(t, f.Vi)
			require.NotEmpty(t, f.En)
			codes = append(codes, f.Code+" "+f.Field)
		}
		return codes
	}
	require.Equal(t, []string{"device_unknown people[2].room_device"}, refusals(foreign.id, ""), "of another court")
	require.Equal(t, refusals("no-such-device", ""), refusals(foreign.id, ""), "answered like none at all")
	require.Equal(t, []string{"device_kind people[2].device_kind"}, refusals(room.id, "console"))
	var booked struct{ ID string }
	clerk.get(http.StatusCreated, &booked, "POST", "/api/v1/hearings", booking(room.id, ""), "Idempotency-Key", "journey-1")

	code, _ := room.ask("GET", "/api/v1/access/devices/seats", nil)
	require.Equal(t, http.StatusUnauthorized, code)
	room.signIn()
	foreign.signIn()
	var mine, theirs deviceSeats
	foreign.get(http.StatusOK, &theirs, "GET", "/api/v1/access/devices/seats", nil)
	require.Empty(t, theirs.Seats)
	room.get(http.StatusOK, &mine, "GET", "/api/v1/access/devices/seats", nil)
	require.Len(t, mine.Seats, 1)
	seat := mine.Seats[0]
	require.Equal(t, []any{booked.ID, "scheduled", 120}, []any{seat.Hearing, seat.Status, seat.Minutes})
	require.WithinDuration(t, time.Now(), seat.StartsAt, time.Minute)
	_, text := room.ask("GET", "/api/v1/access/devices/seats", nil)
	require.NotContains(t, text, "45/2026", "nothing of the case")

	take := map[string]string{"hearing": seat.Hearing, "person": seat.Person, "device": seat.Device}
	code, text = foreign.ask("POST", "/api/v1/access/devices/seat", take)
	require.Equal(t, http.StatusForbidden, code, text)
	room.get(http.StatusNoContent, nil, "POST", "/api/v1/access/devices/seat", take)
	var me struct{ Room, Person, Device, Kind string }
	room.get(http.StatusOK, &me, "GET", "/api/me", nil)
	require.Equal(t, []string{seat.Person, seat.Device, "room_client"}, []string{me.Person, me.Device, me.Kind})

	cookie := room.cookies[auth.CookieName]
	d := websocket.Dialer{Subprotocols: []string{"phientoa.v1+json"}, TLSClientConfig: s.tls.Clone()}
	ws, resp, err := d.Dial("wss://"+s.listener.Addr().String()+"/ws", http.Header{
		"Origin": {"https://court.example"}, "Cookie": {cookie.Name + "=" + cookie.Value},
	})
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	defer ws.Close()
	hello, err := protojson.Marshal(&wire.Envelope{Body: &wire.Envelope_Hello{Hello: &wire.Hello{Room: me.Room}}})
	require.NoError(t, err)
	require.NoError(t, ws.WriteMessage(websocket.TextMessage, hello))
	welcome := s.until(ws, func(e *wire.Envelope) bool { return e.GetWelcome() != nil }).GetWelcome()
	require.Equal(t, []string{seat.Person, seat.Device}, []string{welcome.Person, welcome.Device})

	operator.get(http.StatusNoContent, nil, "DELETE", "/api/v1/access/devices/"+room.id, nil)
	bye := s.until(ws, func(e *wire.Envelope) bool { return e.GetBye() != nil }).GetBye()
	require.Equal(t, "revoked", bye.Reason.Code)
	code, _ = room.ask("GET", "/api/v1/access/devices/seats", nil)
	require.Equal(t, http.StatusUnauthorized, code)
}
