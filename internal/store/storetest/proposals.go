package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Whoever sets another's password revokes every other way in; one's own change of
// password does not.
func anothersPasswordRevokesCredentials(t *testing.T, f *fixture) {
	for name, c := range map[string]struct{ other, revoked bool }{"another's": {true, true}, "one's own": {false, false}} {
		a := f.account(t, unit)
		var held []store.Credential
		for _, kind := range []string{"passkey", "certificate"} {
			x := store.Credential{
				ID: f.id("cred"), Account: a.ID, Kind: kind, Handle: []byte(f.id("handle")), Data: []byte("{}"), Created: at(0),
			}
			require.NoError(t, f.A.PutCredential(bg(), sys(), x, by(unit, "credential.added", a.ID)))
			held = append(held, x)
		}
		a.Password, a.MustChange = "$argon2id$two", c.other
		require.NoError(t, f.A.UpdateAccount(bg(), court.ScopeOf(unit), a, by(unit, "account.changed", a.ID)))
		for _, x := range held {
			_, err := f.B.CredentialByHandle(bg(), x.Kind, x.Handle)
			if c.revoked {
				require.ErrorIs(t, err, store.ErrNotFound, name)
			} else {
				require.NoError(t, err, name)
			}
		}
	}
}

// A proposal is confirmed by a second person in time, or not at all.
func proposalsTakeTwo(t *testing.T, f *fixture) {
	a, far := f.account(t, unit), f.account(t, foreign)
	sc := court.ScopeOf(unit)
	propose := func(account, kind string, when time.Duration) (store.Proposal, error) {
		p := store.Proposal{
			ID: f.id("proposal"), Unit: unit, Kind: kind, Account: account, Data: []byte("x"), By: "first", At: at(when), Expires: at(when + long),
		}
		return p, f.A.PutProposal(bg(), sc, p, by(unit, "proposal.made", account))
	}
	settle := func(sc court.Scope, id, outcome, who string, when time.Duration) error {
		e := by(unit, "proposal."+outcome, id)
		e.Actor, e.At = who, at(when)
		_, err := f.B.SettleProposal(bg(), sc, id, outcome, e)
		return err
	}
	p, err := propose(a.ID, "reset", 0)
	require.NoError(t, err)
	_, err = propose(a.ID, "reset", time.Minute)
	require.ErrorIs(t, err, store.ErrConflict, "it is open already")
	_, err = propose(far.ID, "reset", 0)
	require.ErrorIs(t, err, store.ErrNotFound, "of another unit")
	list, err := f.B.Proposals(bg(), sc, at(0), at(time.Minute))
	require.NoError(t, err)
	require.Equal(t, []store.Proposal{p}, list)
	for _, sc := range []court.Scope{court.ScopeOf(foreign), {}} {
		list, err = f.B.Proposals(bg(), sc, at(-long), at(0))
		require.NoError(t, err)
		require.Empty(t, list)
		require.ErrorIs(t, settle(sc, p.ID, store.Confirmed, "second", time.Minute), store.ErrNotFound)
	}
	before, err := f.A.AdminLog(bg(), sys(), 1, 1000)
	require.NoError(t, err)
	require.ErrorIs(t, settle(sc, p.ID, store.Confirmed, "first", time.Minute), store.ErrConflict, "their own")
	require.ErrorIs(t, settle(sc, p.ID, store.Confirmed, a.ID, time.Minute), store.ErrConflict, "about themselves")
	require.ErrorIs(t, settle(sc, p.ID, store.Confirmed, "second", long), store.ErrConflict, "too late, at the very moment")
	require.ErrorIs(t, settle(sc, p.ID, "done", "second", 1), store.ErrInvalid)
	require.ErrorIs(t, settle(sc, f.id("proposal"), store.Confirmed, "second", 1), store.ErrNotFound)
	_, err = f.Raw.Exec(`UPDATE proposal SET outcome = 'confirmed', done_by = proposer, done_at = at`)
	require.Error(t, err, "the database itself refuses one person")
	_, err = f.Raw.Exec(`UPDATE proposal SET proposer = 'somebody'`)
	require.Error(t, err)
	after, err := f.A.AdminLog(bg(), sys(), 1, 1000)
	require.NoError(t, err)
	require.Equal(t, before, after, "nothing happened, so nothing is noted")

	require.Equal(t, 1, onlyOne(t, f, func(st store.Store) error {
		e := by(unit, "proposal.confirmed", p.ID)
		e.Actor, e.At = "second", at(time.Minute)
		got, err := st.SettleProposal(bg(), sc, p.ID, store.Confirmed, e)
		if err == nil {
			want := p
			want.Outcome, want.DoneBy, want.DoneAt = store.Confirmed, "second", at(time.Minute)
			require.Equal(t, want, got)
		}
		return err
	}))
	require.ErrorIs(t, settle(sc, p.ID, store.Withdrawn, "second", 2*time.Minute), store.ErrConflict, "settled")
	for _, q := range []string{`UPDATE proposal SET outcome = ''`, `DELETE FROM proposal`} {
		_, err = f.Raw.Exec(q)
		require.Error(t, err, q)
	}

	again, err := propose(a.ID, "reset", 2*time.Minute)
	require.NoError(t, err, "the earlier one is settled")
	require.NoError(t, settle(sc, again.ID, store.Withdrawn, "first", 3*time.Minute), "one's own may be taken back")
	late, err := propose(a.ID, "reset", 4*time.Minute)
	require.NoError(t, err)
	next, err := propose(a.ID, "reset", 5*time.Minute+long)
	require.NoError(t, err, "the earlier one ran out")
	list, err = f.B.Proposals(bg(), sc, at(3*time.Minute), at(5*time.Minute+long))
	require.NoError(t, err)
	require.Equal(t, []string{next.ID, late.ID}, []string{list[0].ID, list[1].ID})
	require.Len(t, list, 2)
}
