package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

func (f *fixture) token(t require.TestingT, account string) store.ServiceToken {
	s := store.ServiceToken{
		ID: f.id("token"), Hash: f.hash(), Account: account, Label: "Hệ thống quản lý án", Rights: []string{"import", "status"},
		Created: at(0), Expires: at(long),
	}
	require.NoError(t, f.A.PutServiceToken(bg(), sys(), s, by(unit, "service.token", account)))
	return s
}

func serviceTokens(t *testing.T, f *fixture) {
	a, other := f.account(t, unit), f.account(t, foreign)
	s := f.token(t, a.ID)
	for _, st := range []store.Store{f.A, f.B} {
		got, err := st.ServiceTokenByHash(bg(), s.Hash, at(time.Minute))
		require.NoError(t, err)
		require.Equal(t, s, got)
	}
	list, err := f.B.ServiceTokens(bg(), court.ScopeOf(unit), a.ID)
	require.NoError(t, err)
	require.Equal(t, []store.ServiceToken{s}, list)
	missing := func(hash [32]byte, now time.Time) {
		t.Helper()
		_, err := f.B.ServiceTokenByHash(bg(), hash, now)
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	missing(f.hash(), at(0))
	missing(s.Hash, s.Expires)

	// What is foreign looks missing, and a token of another stands in nobody's way.
	_, err = f.A.ServiceTokens(bg(), court.ScopeOf(foreign), a.ID)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.ErrorIs(t, f.A.RevokeServiceToken(bg(), court.ScopeOf(foreign), s.ID, by(foreign, "x", "")), store.ErrNotFound)
	require.ErrorIs(t, f.A.RevokeServiceToken(bg(), sys(), "no-such-token", by(unit, "x", "")), store.ErrNotFound)
	twin := s
	twin.ID = f.id("token")
	require.ErrorIs(t, f.A.PutServiceToken(bg(), sys(), twin, by(unit, "x", "")), store.ErrConflict)
	twin.Hash = f.hash()
	require.ErrorIs(t, f.A.PutServiceToken(bg(), court.ScopeOf(foreign), twin, by(foreign, "x", "")), store.ErrNotFound)
	for _, spoil := range []func(*store.ServiceToken){
		func(s *store.ServiceToken) { s.Rights = nil },
		func(s *store.ServiceToken) { s.Rights = make([]string, store.MaxRights+1) },
		func(s *store.ServiceToken) { s.Rights = []string{""} },
		func(s *store.ServiceToken) { s.Expires = s.Created },
	} {
		bad := twin
		spoil(&bad)
		require.ErrorIs(t, f.A.PutServiceToken(bg(), sys(), bad, by(unit, "x", "")), store.ErrInvalid)
	}

	// A disabled account's tokens mean nothing; enabled again they do, a revoked one never.
	a.Disabled = true
	require.NoError(t, f.A.UpdateAccount(bg(), sys(), a, by(unit, "account.changed", a.ID)))
	missing(s.Hash, at(0))
	a.Disabled, a.Version = false, 2
	require.NoError(t, f.A.UpdateAccount(bg(), sys(), a, by(unit, "account.changed", a.ID)))
	_, err = f.B.ServiceTokenByHash(bg(), s.Hash, at(0))
	require.NoError(t, err)
	require.NoError(t, f.A.RevokeServiceToken(bg(), court.ScopeOf(unit), s.ID, by(unit, "service.token.revoked", s.ID)))
	missing(s.Hash, at(0))
	_, err = f.Raw.Exec(`UPDATE service_token SET revoked = 0`)
	require.Error(t, err)
	_, err = f.Raw.Exec(`UPDATE service_token SET expires = expires + 1`)
	require.Error(t, err)
	list, err = f.A.ServiceTokens(bg(), sys(), a.ID)
	require.NoError(t, err)
	require.True(t, list[0].Revoked)

	for range store.MaxServiceTokens {
		f.token(t, other.ID)
	}
	twin.Account = other.ID
	require.ErrorIs(t, f.A.PutServiceToken(bg(), sys(), twin, by(foreign, "x", "")), store.ErrInvalid)
}
