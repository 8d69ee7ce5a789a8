package auth_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// admins are two administrators of the unit and one of another.
func (f *office) admins(t *testing.T) (first, second, far auth.Official) {
	t.Helper()
	who := func(unit court.UnitID, login string) auth.Official {
		f.account(t, unit, login, store.RoleAdmin)
		_, w := f.official(t, login)
		return w.Official()
	}
	return who("unit", "first"), who("unit", "second"), who("far", "third")
}

// A reset takes two, and leaves the holder nothing of what was there before.
func TestAResetTakesTwoAndStartsAnew(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	first, second, far := f.admins(t)
	acc := f.account(t, "unit", "judge", store.RoleJudge)
	c, w := f.official(t, "judge")
	key, _ := f.withPasskey(t, w)
	*f.seats = seats{{Hearing: hearing, Person: "p", Device: "d", Account: acc.ID}}
	seat, _, err := f.o.EnterSeat(ctx, w, hearing, "p", "d")
	require.NoError(t, err)

	_, err = f.o.ChangeAccount(ctx, first, acc.ID, auth.Change{Reset: true})
	require.ErrorIs(t, err, auth.ErrTwoNeeded)
	_, err = f.o.Propose(ctx, first, auth.NewProposal{Kind: auth.ProposeReset, Account: first.ID})
	require.ErrorIs(t, err, auth.ErrOwnAccount)
	_, foreign := f.o.Propose(ctx, far, auth.NewProposal{Kind: "reset", Account: acc.ID})
	_, nobody := f.o.Propose(ctx, far, auth.NewProposal{Kind: "reset", Account: "no-such-account"})
	require.ErrorIs(t, foreign, store.ErrNotFound)
	require.Equal(t, nobody.Error(), foreign.Error())
	for _, kind := range []string{"", "enable", "king"} {
		_, err = f.o.Propose(ctx, first, auth.NewProposal{Kind: kind, Account: acc.ID})
		require.ErrorIs(t, err, store.ErrInvalid, kind)
	}
	p, err := f.o.Propose(ctx, first, auth.NewProposal{Kind: auth.ProposeReset, Account: acc.ID})
	require.NoError(t, err)
	_, err = f.o.Propose(ctx, second, auth.NewProposal{Kind: auth.ProposeReset, Account: acc.ID})
	require.ErrorIs(t, err, store.ErrConflict, "it is open already")
	_, err = f.o.Who(request(c))
	require.NoError(t, err, "a proposal does nothing")

	_, err = f.o.Confirm(ctx, first, p.ID)
	require.ErrorIs(t, err, auth.ErrOwnProposal)
	_, err = f.o.Confirm(ctx, far, p.ID)
	require.ErrorIs(t, err, store.ErrNotFound)
	password1, err := f.o.Confirm(ctx, second, p.ID)
	require.NoError(t, err)
	require.NotEmpty(t, password1)
	_, err = f.o.Confirm(ctx, second, p.ID)
	require.ErrorIs(t, err, store.ErrConflict, "once")

	f.out(t, c, "signed out")
	f.refused(t, seat, "out of the hearing")
	begun, err := f.o.BeginPasskey(ctx, f.addr())
	require.NoError(t, err)
	_, err = f.o.FinishPasskey(ctx, begun.Handle, key.assert(t, begun), f.addr())
	require.ErrorIs(t, err, auth.ErrSignIn, "the passkey of before opens nothing")
	_, err = f.o.SignIn(ctx, "judge", password, f.addr())
	require.ErrorIs(t, err, auth.ErrSignIn)
	c, err = f.o.SignIn(ctx, "judge", password1, f.addr())
	require.NoError(t, err)
	_, err = f.o.Who(request(c))
	require.ErrorIs(t, err, auth.ErrMustChange)

	entries, err := f.o.AdminLog(ctx, first, 1, 1000)
	require.NoError(t, err)
	var acts []string
	for _, e := range entries {
		if e.Object == acc.ID && e.Actor != acc.ID && e.Actor != "system" {
			acts = append(acts, e.What+" by "+map[string]string{first.ID: "first", second.ID: "second"}[e.Actor])
		}
	}
	require.Equal(t, []string{"proposal.reset by first", "proposal.confirmed by second", "account.changed by second"}, acts)
}

// Nobody gives a role alone, whichever: a clerk sees the unit's people and hearings,
// and who could make administrators would be two.
func TestOneAdministratorGivesNoRole(t *testing.T) {
	for _, role := range []store.Role{
		store.RoleJudge, store.RoleChiefJudge, store.RoleOperator, store.RoleAdmin, store.RoleAuditor, store.RoleArchivist,
		store.RoleProcurator, store.RoleProcuracyHead, store.RoleProcuracyDeputy, store.RolePointOfficer,
	} {
		t.Run(string(role), func(t *testing.T) { aRoleTakesTwo(t, role) })
	}
}

func aRoleTakesTwo(t *testing.T, role store.Role) {
	f := setupOffice(t)
	ctx := context.Background()
	first, second, _ := f.admins(t)
	acc := f.account(t, "unit", "clerk", store.RoleClerk)
	both := []store.Role{store.RoleClerk, role}
	slices.Sort(both)
	_, _, err := f.o.CreateAccount(ctx, first, auth.NewAccount{Login: "puppet", Name: "B", Roles: both})
	require.ErrorIs(t, err, auth.ErrTwoNeeded)
	_, err = f.o.ChangeAccount(ctx, first, acc.ID, auth.Change{Roles: both})
	require.ErrorIs(t, err, auth.ErrTwoNeeded)
	for _, bad := range [][]store.Role{nil, {store.RoleClerk}, {"king"}, {role, store.RoleService}} {
		_, err = f.o.Propose(ctx, first, auth.NewProposal{Kind: auth.ProposeRoles, Account: acc.ID, Roles: bad})
		require.ErrorIs(t, err, store.ErrInvalid, bad)
	}
	p, err := f.o.Propose(ctx, first, auth.NewProposal{Kind: auth.ProposeRoles, Account: acc.ID, Roles: both})
	require.NoError(t, err)
	list, err := f.o.Proposals(ctx, second)
	require.NoError(t, err)
	require.Equal(t, []any{[]store.Role{role}, ""}, []any{list[0].Roles, list[0].Fingerprint}, "the second sees what is added")
	c, _ := f.official(t, "clerk")
	_, err = f.o.Confirm(ctx, second, p.ID)
	require.NoError(t, err)
	f.out(t, c, "other roles end sessions")
	got, err := f.db.Account(ctx, court.SystemScope(), acc.ID)
	require.NoError(t, err)
	require.Equal(t, both, got.Roles)
	_, err = f.o.Propose(ctx, first, auth.NewProposal{Kind: auth.ProposeRoles, Account: acc.ID, Roles: both})
	require.ErrorIs(t, err, store.ErrInvalid, "has it already")
	_, err = f.o.ChangeAccount(ctx, first, acc.ID, auth.Change{Roles: []store.Role{store.RoleClerk}})
	require.NoError(t, err, "to take the role away takes one")
}

// An account that one administrator makes opens nothing until another has agreed.
func TestANewAccountTakesTwo(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	first, second, far := f.admins(t)
	acc, p, err := f.o.ProposeAccount(ctx, first, auth.NewAccount{Login: "New", Name: "Nguyễn Văn B", Roles: []store.Role{store.RoleClerk}})
	require.NoError(t, err)
	require.Equal(t, []any{court.UnitID("unit"), "new", true, ""}, []any{acc.Unit, acc.Login, acc.Disabled, acc.Password})
	for _, guess := range []string{"", password} {
		_, err = f.o.SignIn(ctx, "new", guess, f.addr())
		require.ErrorIs(t, err, auth.ErrSignIn)
	}
	_, err = f.o.Confirm(ctx, first, p.ID)
	require.ErrorIs(t, err, auth.ErrOwnProposal)
	_, err = f.o.Confirm(ctx, far, p.ID)
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = f.o.ChangeAccount(ctx, first, acc.ID, auth.Change{Disabled: new(bool)})
	require.ErrorIs(t, err, auth.ErrTwoNeeded)
	_, _, err = f.o.ProposeAccount(ctx, first, auth.NewAccount{Login: "new", Name: "C", Roles: acc.Roles})
	require.ErrorIs(t, err, store.ErrConflict, "the login is taken")
	oneTime, err := f.o.Confirm(ctx, second, p.ID)
	require.NoError(t, err)
	c, err := f.o.SignIn(ctx, "new", oneTime, f.addr())
	require.NoError(t, err)
	_, err = f.o.Who(request(c))
	require.ErrorIs(t, err, auth.ErrMustChange)

	// Refused, it stays as it was made; it can be proposed once more.
	acc, p, err = f.o.ProposeAccount(ctx, first, auth.NewAccount{Login: "other", Name: "D", Roles: acc.Roles})
	require.NoError(t, err)
	require.NoError(t, f.o.Withdraw(ctx, second, p.ID))
	_, err = f.o.Propose(ctx, second, auth.NewProposal{Kind: auth.ProposeEnable, Account: acc.ID})
	require.NoError(t, err)
}

// A disabled account comes back by two, and as new; to disable takes one.
func TestEnablingIsAReset(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	first, second, _ := f.admins(t)
	acc := f.account(t, "unit", "judge", store.RoleJudge)
	_, w := f.official(t, "judge")
	key, _ := f.withPasskey(t, w)
	yes, no := true, false
	_, err := f.o.ChangeAccount(ctx, first, acc.ID, auth.Change{Disabled: &no})
	require.NoError(t, err, "it works, and nothing happens")
	_, err = f.o.ChangeAccount(ctx, first, acc.ID, auth.Change{Disabled: &yes})
	require.NoError(t, err)
	_, err = f.o.ChangeAccount(ctx, first, acc.ID, auth.Change{Disabled: &no})
	require.ErrorIs(t, err, auth.ErrTwoNeeded)
	p, err := f.o.Propose(ctx, first, auth.NewProposal{Kind: auth.ProposeEnable, Account: acc.ID})
	require.NoError(t, err)
	oneTime, err := f.o.Confirm(ctx, second, p.ID)
	require.NoError(t, err)
	_, err = f.o.SignIn(ctx, "judge", password, f.addr())
	require.ErrorIs(t, err, auth.ErrSignIn)
	begun, err := f.o.BeginPasskey(ctx, f.addr())
	require.NoError(t, err)
	_, err = f.o.FinishPasskey(ctx, begun.Handle, key.assert(t, begun), f.addr())
	require.ErrorIs(t, err, auth.ErrSignIn)
	_, err = f.o.SignIn(ctx, "judge", oneTime, f.addr())
	require.NoError(t, err)
}

// A proposal is worth what its proposer is, for a day.
func TestProposalsFade(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	first, second, _ := f.admins(t)
	acc := f.account(t, "unit", "judge", store.RoleJudge)
	reset := auth.NewProposal{Kind: auth.ProposeReset, Account: acc.ID}
	propose := func(by auth.Official) store.Proposal {
		t.Helper()
		p, err := f.o.Propose(ctx, by, reset)
		require.NoError(t, err)
		return p
	}
	p := propose(first)
	f.now = f.now.Add(auth.ProposalLife)
	_, err := f.o.Confirm(ctx, second, p.ID)
	require.ErrorIs(t, err, store.ErrConflict, "a day is over")

	p = propose(first)
	require.NoError(t, f.o.Withdraw(ctx, second, p.ID), "refused by another")
	_, err = f.o.Confirm(ctx, second, p.ID)
	require.ErrorIs(t, err, store.ErrConflict)
	require.ErrorIs(t, f.o.Withdraw(ctx, first, p.ID), store.ErrConflict)

	about := auth.NewProposal{Kind: auth.ProposeReset, Account: second.ID}
	p, err = f.o.Propose(ctx, first, about)
	require.NoError(t, err)
	_, err = f.o.Confirm(ctx, second, p.ID)
	require.ErrorIs(t, err, auth.ErrOwnAccount, "about themselves")

	p = propose(first)
	yes := true
	_, err = f.o.ChangeAccount(ctx, auth.System("unit"), acc.ID, auth.Change{Disabled: &yes})
	require.NoError(t, err)
	_, err = f.o.Confirm(ctx, second, p.ID)
	require.ErrorIs(t, err, store.ErrConflict, "a reset of a disabled account makes no sense")
	_, err = f.o.ChangeAccount(ctx, auth.System("unit"), acc.ID, auth.Change{Disabled: new(bool)})
	require.NoError(t, err)
	_, err = f.o.ChangeAccount(ctx, auth.System("unit"), first.ID, auth.Change{Disabled: &yes})
	require.NoError(t, err)
	_, err = f.o.Confirm(ctx, second, p.ID)
	require.ErrorIs(t, err, store.ErrConflict, "whoever proposed it is no administrator any more")

	list, err := f.o.Proposals(ctx, second)
	require.NoError(t, err)
	open := 0
	for _, p := range list {
		if p.Open {
			open++
		}
	}
	require.Equal(t, []int{4, 2}, []int{len(list), open})
	f.now = f.now.Add(31 * 24 * time.Hour)
	list, err = f.o.Proposals(ctx, second)
	require.NoError(t, err)
	require.Empty(t, list)
}

// Of many who confirm at once exactly one does it, and one password comes of it.
func TestAProposalIsConfirmedOnce(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	first, second, _ := f.admins(t)
	acc := f.account(t, "unit", "judge", store.RoleJudge)
	p, err := f.o.Propose(ctx, first, auth.NewProposal{Kind: auth.ProposeReset, Account: acc.ID})
	require.NoError(t, err)
	var done atomic.Int32
	var g errgroup.Group
	for range 8 {
		g.Go(func() error {
			oneTime, err := f.o.Confirm(ctx, second, p.ID)
			if err == nil && oneTime != "" {
				done.Add(1)
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	require.Equal(t, int32(1), done.Load())
}

// However many proposals a unit has, each that is open can be confirmed.
func TestAnOldProposalIsConfirmedBehindManyNewOnes(t *testing.T) {
	f := setupOffice(t)
	ctx := context.Background()
	first, second, _ := f.admins(t)
	acc, p, err := f.o.ProposeAccount(ctx, first, auth.NewAccount{Login: "new", Name: "B", Roles: []store.Role{store.RoleClerk}})
	require.NoError(t, err)
	for n := range store.MaxProposals {
		more := store.Proposal{
			ID: fmt.Sprint("proposal-", n), Unit: "unit", Kind: fmt.Sprint("kind-", n), Account: acc.ID, By: first.ID,
			At: f.now.Add(time.Second), Expires: f.now.Add(time.Hour),
		}
		require.NoError(t, f.db.PutProposal(ctx, court.SystemScope(), more,
			store.AdminEntry{At: f.now, Actor: first.ID, Unit: "unit", What: "proposal.test"}))
	}
	list, err := f.o.Proposals(ctx, second)
	require.NoError(t, err)
	require.Len(t, list, store.MaxProposals)
	oneTime, err := f.o.Confirm(ctx, second, p.ID)
	require.NoError(t, err)
	require.NotEmpty(t, oneTime)
}
