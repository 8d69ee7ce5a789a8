package auth_test

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// asking is a request with a token, and cookies if any.
func asking(header string, cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if header != "" {
		r.Header.Set("Authorization", header)
	}
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

func (f *office) service(t *testing.T, unit court.UnitID, login string, rights ...auth.Right) (store.Account, string, store.ServiceToken) {
	t.Helper()
	ctx, by := context.Background(), auth.System(unit)
	acc, err := f.o.CreateService(ctx, by, login, "Hệ thống quản lý án")
	require.NoError(t, err)
	text, row, err := f.o.IssueToken(ctx, by, acc.ID, auth.NewToken{Label: "máy chủ 1", Rights: rights, Life: 90 * 24 * time.Hour})
	require.NoError(t, err)
	return acc, text, row
}

func TestATokenIsItsAccountAndItsRightsAlone(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	acc, text, row := f.service(t, "unit", "qla", auth.RightStatus, auth.RightImport, auth.RightStatus)
	require.Equal(t, sha256.Sum256([]byte(text)), row.Hash)
	require.Len(t, text, len("phientoa_")+43, "256 random bits")
	who, err := f.o.Who(asking("Bearer " + text))
	require.NoError(t, err)
	require.Equal(t, auth.Official{
		ID: acc.ID, Unit: "unit", Name: acc.Name, Roles: []store.Role{store.RoleService}, Scope: court.ScopeOf("unit"),
		Token: row.ID, Rights: []auth.Right{auth.RightImport, auth.RightStatus},
	}, who)
	require.False(t, who.Fresh(f.now))
	_, err = f.o.Who(asking("bearer " + text)) // RFC 9110, 11.1: the scheme has no case
	require.NoError(t, err)

	// A token opens no page and no seat, and a cookie does not help a wrong token.
	f.account(t, "unit", "judge")
	cookie, _ := f.official(t, "judge")
	_, err = f.o.Account(asking("Bearer " + text))
	require.ErrorIs(t, err, auth.ErrNoSession)
	_, err = f.o.Room(asking("Bearer " + text))
	require.ErrorIs(t, err, auth.ErrNoSession)
	for _, name := range []string{auth.OfficeCookieName, auth.DeviceCookieName, auth.CookieName} {
		_, err = f.o.Account(asking("", &http.Cookie{Name: name, Value: text}))
		require.ErrorIs(t, err, auth.ErrNoSession, name)
	}
	for _, header := range []string{"Bearer", "Bearer ", "Bearer x", "Bearer " + text + "x", "Basic " + text, text, "Bearer " + text[len("phientoa_"):]} {
		_, err = f.o.Who(asking(header, cookie))
		require.ErrorIs(t, err, auth.ErrNoSession, header)
	}
	r := asking("Bearer "+text, cookie)
	r.Header.Add("Authorization", "Bearer "+text)
	_, err = f.o.Who(r)
	require.ErrorIs(t, err, auth.ErrNoSession, "which of two?")

	// Its account has no other way in, and nobody can give it one.
	_, err = f.o.SignIn(ctx, "qla", "", f.addr())
	require.ErrorIs(t, err, auth.ErrSignIn)
	_, err = f.o.ChangeAccount(ctx, auth.System("unit"), acc.ID, auth.Change{Reset: true})
	require.ErrorIs(t, err, store.ErrInvalid)
	_, err = f.o.ChangeAccount(ctx, auth.System("unit"), acc.ID, auth.Change{Roles: []store.Role{store.RoleClerk}})
	require.ErrorIs(t, err, store.ErrInvalid)
	judge, err := f.db.AccountByLogin(ctx, "judge")
	require.NoError(t, err)
	_, err = f.o.ChangeAccount(ctx, auth.System("unit"), judge.ID, auth.Change{Roles: []store.Role{store.RoleService}})
	require.ErrorIs(t, err, store.ErrInvalid)
	// A service of before, with a password and a session, sees no page either.
	judge.Roles = []store.Role{store.RoleService}
	require.NoError(t, f.db.UpdateAccount(ctx, court.SystemScope(), judge, store.AdminEntry{At: f.now, Actor: "system", Unit: "unit", What: "x"}))
	_, err = f.o.Account(asking("", cookie))
	require.ErrorIs(t, err, auth.ErrNoSession)
	_, _, err = f.o.CreateAccount(ctx, auth.System("unit"), auth.NewAccount{Login: "x", Name: "X", Roles: []store.Role{store.RoleService}})
	require.ErrorIs(t, err, store.ErrInvalid)
}

func TestTokensEnd(t *testing.T) {
	f := setupOffice(t)
	ctx, by := context.Background(), auth.System("unit")
	acc, text, row := f.service(t, "unit", "qla", auth.RightImport)
	gone := func(text string) {
		t.Helper()
		_, err := f.o.Who(asking("Bearer " + text))
		require.ErrorIs(t, err, auth.ErrNoSession)
	}
	start := f.now
	f.now = row.Expires.Add(-time.Second)
	_, err := f.o.Who(asking("Bearer " + text))
	require.NoError(t, err, "no idle end: a nightly import comes once a day")
	f.now = row.Expires
	gone(text)
	f.now = start
	// Another unit's administrator does not reach it.
	require.ErrorIs(t, f.o.RevokeToken(ctx, auth.System("far"), acc.ID, row.ID), store.ErrNotFound)
	require.NoError(t, f.o.RevokeToken(ctx, by, acc.ID, row.ID))
	gone(text)
	second, _, err := f.o.IssueToken(ctx, by, acc.ID, auth.NewToken{Rights: []auth.Right{auth.RightUnits}, Life: auth.MaxTokenLife})
	require.NoError(t, err)
	yes := true
	_, err = f.o.ChangeAccount(ctx, by, acc.ID, auth.Change{Disabled: &yes})
	require.NoError(t, err)
	gone(second)

	clerk := f.account(t, "unit", "clerk")
	for name, try := range map[string]struct {
		account string
		token   auth.NewToken
	}{
		"a person":      {clerk.ID, auth.NewToken{Rights: []auth.Right{auth.RightImport}, Life: time.Hour}},
		"disabled":      {acc.ID, auth.NewToken{Rights: []auth.Right{auth.RightImport}, Life: time.Hour}},
		"no right":      {acc.ID, auth.NewToken{Life: time.Hour}},
		"unknown right": {acc.ID, auth.NewToken{Rights: []auth.Right{"everything"}, Life: time.Hour}},
		"too long":      {acc.ID, auth.NewToken{Rights: []auth.Right{auth.RightImport}, Life: auth.MaxTokenLife + 1}},
		"no life":       {acc.ID, auth.NewToken{Rights: []auth.Right{auth.RightImport}}},
	} {
		_, _, err := f.o.IssueToken(ctx, by, try.account, try.token)
		require.ErrorIs(t, err, store.ErrInvalid, name)
	}
	log, err := f.o.AdminLog(ctx, by, 1, 100)
	require.NoError(t, err)
	var acts []string
	for _, e := range log {
		acts = append(acts, e.What)
		require.NotContains(t, e.Detail, text)
	}
	require.Contains(t, acts, "service.token.made")
	require.Contains(t, acts, "service.token.revoked")
}

// One token's requests are bounded, and so are wrong ones of an address; neither
// holds up anybody else.
func TestTokensAreThrottled(t *testing.T) {
	f := setupOffice(t)
	_, one, _ := f.service(t, "unit", "mot", auth.RightImport)
	_, two, _ := f.service(t, "unit", "hai", auth.RightImport)
	ask := func(text, addr string) error {
		r := asking("Bearer " + text)
		r.RemoteAddr = addr
		_, err := f.o.Who(r)
		return err
	}
	n := 0
	for ; ask(one, "192.0.2.1:1") == nil; n++ {
		require.Less(t, n, 1000)
	}
	require.Equal(t, 120, n)
	require.ErrorIs(t, ask(one, "192.0.2.1:1"), auth.ErrThrottled)
	require.NoError(t, ask(two, "192.0.2.1:1"))
	f.now = f.now.Add(time.Second)
	require.NoError(t, ask(one, "192.0.2.1:1"))

	for range 30 {
		require.ErrorIs(t, ask("phientoa_x", "192.0.2.9:1"), auth.ErrNoSession)
	}
	require.ErrorIs(t, ask("phientoa_x", "192.0.2.9:1"), auth.ErrThrottled)
	require.NoError(t, ask(two, "192.0.2.8:1"))
}
