package auth_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// However sign-ins, seats and a revocation meet, afterwards nobody is in by what
// was valid before it.
func TestRevocationBeatsSignIn(t *testing.T) {
	yes := true
	for name, change := range map[string]auth.Change{"disabled": {Disabled: &yes}, "reset": {Reset: true}} {
		t.Run(name, func(t *testing.T) {
			f := setupOffice(t)
			ctx := context.Background()
			for round := range 10 {
				login := "judge" + string(rune('a'+round))
				acc := f.account(t, "unit", login, store.RoleJudge)
				*f.seats = seats{{Hearing: hearing, Person: "p", Device: "d", Account: acc.ID}}
				var mu sync.Mutex
				var office, seat []*http.Cookie
				var g errgroup.Group
				addrs := []string{f.addr(), f.addr(), f.addr(), f.addr()}
				for _, addr := range addrs {
					g.Go(func() error {
						c, err := f.o.SignIn(ctx, login, password, addr)
						if errors.Is(err, auth.ErrSignIn) {
							return nil
						}
						if err != nil {
							return err
						}
						mu.Lock()
						office = append(office, c)
						mu.Unlock()
						w, err := f.o.Account(request(c))
						if err == nil {
							var s *http.Cookie
							if s, _, err = f.o.EnterSeat(ctx, w, hearing, "p", "d"); err == nil {
								mu.Lock()
								seat = append(seat, s)
								mu.Unlock()
							}
						}
						if err != nil && !errors.Is(err, auth.ErrNoSession) && !errors.Is(err, auth.ErrMustChange) {
							return err
						}
						return nil
					})
				}
				g.Go(func() error {
					_, err := f.o.ChangeAccount(ctx, auth.System("unit"), acc.ID, change)
					return err
				})
				require.NoError(t, g.Wait())
				for _, c := range office {
					f.out(t, c, "an official after the revocation")
				}
				for _, c := range seat {
					f.refused(t, c, "a seat after the revocation")
				}
			}
		})
	}
}

// A change of the own password does not undo what an administrator did while it
// was under way, nor one administrator what another did.
func TestNoChangeUndoesAnother(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	acc := f.account(t, "unit", "judge", store.RoleJudge, store.RoleChiefJudge)
	_, w := f.official(t, "judge")
	_, err := f.o.ChangeAccount(ctx, auth.System("unit"), acc.ID, auth.Change{Roles: []store.Role{store.RoleJudge}})
	require.NoError(t, err)
	_, err = f.o.ChangePassword(ctx, w, password, "một mật khẩu khác hẳn", f.addr())
	require.ErrorIs(t, err, auth.ErrSignIn)
	yes, name := true, "B"
	var g errgroup.Group
	for range 4 {
		g.Go(func() error {
			_, err := f.o.ChangeAccount(ctx, auth.System("unit"), acc.ID, auth.Change{Name: &name})
			if errors.Is(err, store.ErrConflict) {
				return nil
			}
			return err
		})
	}
	g.Go(func() error {
		for {
			_, err := f.o.ChangeAccount(ctx, auth.System("unit"), acc.ID, auth.Change{Disabled: &yes})
			if !errors.Is(err, store.ErrConflict) {
				return err
			}
		}
	})
	require.NoError(t, g.Wait())
	got, err := f.db.Account(ctx, court.SystemScope(), acc.ID)
	require.NoError(t, err)
	require.Equal(t, []any{true, []store.Role{store.RoleJudge}}, []any{got.Disabled, got.Roles})
}

// meanwhile is a database in which something happens just before a session is
// written, or just after.
type meanwhile struct {
	auth.OfficialStore
	before, after func()
}

func (m *meanwhile) CreateAccountSession(ctx context.Context, s store.AccountSession) error {
	if f := m.before; f != nil {
		m.before = nil
		f()
	}
	err := m.OfficialStore.CreateAccountSession(ctx, s)
	if f := m.after; f != nil {
		m.after = nil
		f()
	}
	return err
}

// Who proved something with what was replaced in the same moment is not in.
func TestWhatChangedMeanwhileSignsNobodyIn(t *testing.T) {
	m := &meanwhile{}
	f := setupOffice(t, func(p *auth.OfficialsParams) {
		m.OfficialStore = p.Store
		p.Store = m
	})
	ctx := context.Background()
	acc := f.account(t, "unit", "judge")
	_, w := f.official(t, "judge")
	key, id := f.withPasskey(t, w)
	begun, err := f.o.BeginPasskey(ctx, f.addr())
	require.NoError(t, err)
	answer := key.assert(t, begun)
	revoke := func() { require.NoError(t, f.o.RevokeCredential(ctx, auth.System("unit"), acc.ID, id)) }
	reset := func() {
		_, err := f.o.ChangeAccount(ctx, auth.System("unit"), acc.ID, auth.Change{Reset: true})
		require.NoError(t, err)
	}
	m.before = revoke
	_, err = f.o.FinishPasskey(ctx, begun.Handle, answer, f.addr())
	require.ErrorIs(t, err, auth.ErrSignIn)
	m.before = reset
	_, err = f.o.SignIn(ctx, "judge", password, f.addr())
	require.ErrorIs(t, err, auth.ErrSignIn)

	acc = f.account(t, "unit", "other")
	m.after = func() {
		_, err := f.o.ChangeAccount(ctx, auth.System("unit"), acc.ID, auth.Change{Reset: true})
		require.NoError(t, err)
	}
	_, err = f.o.SignIn(ctx, "other", password, f.addr())
	require.ErrorIs(t, err, auth.ErrSignIn)
}

// Whatever the login, one password of the same cost is compared: time tells nothing.
func TestUnknownLoginsCostTheSame(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	f.account(t, "unit", "somebody")
	off := f.account(t, "unit", "off")
	yes := true
	_, err := f.o.ChangeAccount(ctx, auth.System("unit"), off.ID, auth.Change{Disabled: &yes})
	require.NoError(t, err)
	require.True(t, auth.DummyCostsTheSame(f.o))
	for _, try := range [][2]string{{"somebody", "wrong"}, {"somebody", password}, {"nobody", password}, {"off", password}, {"", ""}, {"ồ", "x"}} {
		before := auth.Verified(f.o)
		_, err := f.o.SignIn(ctx, try[0], try[1], f.addr())
		require.Equal(t, try[0] == "somebody" && try[1] == password, err == nil)
		require.Equal(t, before+1, auth.Verified(f.o), try)
	}
}
