package auth_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/store"
)

// Whoever holds an account sees where it is signed in, and ends any of it.
func TestOwnSessions(t *testing.T) {
	f := setupOffice(t)
	f.account(t, "unit", "judge")
	f.account(t, "unit", "other")
	_, stranger := f.official(t, "other")
	f.now = f.now.Add(time.Minute)
	at := func(address, agent string) auth.Who {
		ctx := auth.WithClient(context.Background(), address, agent)
		c, err := f.o.SignIn(ctx, "judge", password, f.addr())
		require.NoError(t, err)
		w, err := f.o.Account(request(c))
		require.NoError(t, err)
		f.now = f.now.Add(time.Minute)
		return w
	}
	home := at("203.0.113.7", "Home\x00\n "+strings.Repeat("ễ", 300))
	phone := at("203.0.113.8", "Phone")
	office := at("10.0.0.1", "Office")
	list, err := f.o.OwnSessions(context.Background(), office)
	require.NoError(t, err)
	// The first of all is the one in which the password was changed.
	require.Len(t, list, 4)
	require.Equal(t, []string{"Office", "Phone"}, []string{list[0].Agent, list[1].Agent}, "the latest first")
	require.Equal(t, []string{"10.0.0.1", "203.0.113.8", "203.0.113.7"}, []string{list[0].Address, list[1].Address, list[2].Address})
	require.LessOrEqual(t, len(list[2].Agent), store.MaxAgentBytes)
	require.True(t, strings.HasPrefix(list[2].Agent, "Home "), list[2].Agent)
	require.Equal(t, []bool{true, false, false}, []bool{list[0].Current, list[1].Current, list[2].Current})
	for _, s := range list {
		require.Len(t, s.ID, 32)
		require.NotContains(t, string(s.TokenHash[:]), s.ID)
	}

	ctx := context.Background()
	require.ErrorIs(t, f.o.EndOwnSession(ctx, stranger, list[1].ID), store.ErrNotFound, "nobody ends another's")
	require.NoError(t, f.o.EndOwnSession(ctx, office, list[1].ID))
	require.ErrorIs(t, f.o.EndOwnSession(ctx, office, list[1].ID), store.ErrNotFound)
	_, err = f.db.AccountSessionByToken(ctx, phone.Session.TokenHash, f.now)
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = f.db.AccountSessionByToken(ctx, home.Session.TokenHash, f.now)
	require.NoError(t, err)
	require.NoError(t, f.o.EndOtherSessions(ctx, office))
	list, err = f.o.OwnSessions(ctx, office)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.True(t, list[0].Current)
	list, err = f.o.OwnSessions(ctx, stranger)
	require.NoError(t, err)
	require.Len(t, list, 2, "of whom nothing was ended")
	f.now = f.now.Add(auth.IdleLife + time.Hour)
	list, err = f.o.OwnSessions(ctx, office)
	require.NoError(t, err)
	require.Empty(t, list, "those without use are over")
}
