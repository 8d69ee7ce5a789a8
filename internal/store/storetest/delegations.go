package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// lent is a delegation of a day between two accounts of the unit.
func (f *fixture) lent(from, to string, start time.Time) store.Delegation {
	return store.Delegation{ID: f.id("delegation"), By: from, To: to, Unit: unit, Starts: start, Ends: start.Add(24 * time.Hour), Made: start}
}

func (f *fixture) lend(sc court.Scope, d store.Delegation) error {
	return f.A.PutDelegation(bg(), sc, d, by(unit, "delegation.given", d.ID))
}

func (f *fixture) takeBack(st store.Store, sc court.Scope, id, who string, when time.Time) (store.Delegation, error) {
	e := by(unit, "delegation.revoked", id)
	e.Actor, e.At = who, when
	return st.RevokeDelegation(bg(), sc, id, e)
}

func delegationsAreKept(t *testing.T, f *fixture) {
	own := court.ScopeOf(unit)
	head, deputy, other, far := f.account(t, unit).ID, f.account(t, unit).ID, f.account(t, unit).ID, f.account(t, foreign).ID
	first := f.lent(head, deputy, at(0))
	part := f.lent(head, deputy, at(time.Hour))
	part.Under = "vks-below"
	third := f.lent(head, other, at(2*time.Hour))
	for _, d := range []store.Delegation{first, part, third} {
		require.NoError(t, f.lend(own, d))
	}
	require.ErrorIs(t, f.lend(own, first), store.ErrConflict, "an id stands once")
	for name, d := range map[string]store.Delegation{
		"to another unit": f.lent(head, far, at(0)), "from another unit": f.lent(far, deputy, at(0)),
		"to nobody": f.lent(head, "no-such", at(0)), "from nobody": f.lent("no-such", deputy, at(0)),
	} {
		require.ErrorIs(t, f.lend(sys(), d), store.ErrNotFound, name)
	}
	require.ErrorIs(t, f.lend(court.ScopeOf(foreign), f.lent(head, deputy, at(0))), store.ErrNotFound)

	list := func(sc court.Scope, since time.Time) []store.Delegation {
		t.Helper()
		d, err := f.B.Delegations(bg(), sc, since)
		require.NoError(t, err)
		return d
	}
	require.Equal(t, []store.Delegation{third, part, first}, list(own, at(0)))
	require.Equal(t, []store.Delegation{third, part}, list(own, at(24*time.Hour)), "the end itself is over")
	require.Empty(t, list(court.ScopeOf(foreign), at(0)))
	require.Empty(t, list(court.Scope{}, at(0)))
	to := func(account string, when time.Time) []store.Delegation {
		t.Helper()
		d, err := f.B.DelegationsTo(bg(), account, when)
		require.NoError(t, err)
		return d
	}
	require.Empty(t, to(deputy, at(-time.Microsecond)))
	require.Equal(t, []store.Delegation{first}, to(deputy, at(0)))
	require.Equal(t, []store.Delegation{first, part}, to(deputy, at(24*time.Hour-time.Microsecond)))
	require.Equal(t, []store.Delegation{part}, to(deputy, at(24*time.Hour)))
	require.Empty(t, to(deputy, at(25*time.Hour)))
	require.Empty(t, to(head, at(time.Hour)))
	require.Equal(t, []store.Delegation{third}, to(other, at(2*time.Hour)))

	for name, sc := range map[string]court.Scope{"another unit": court.ScopeOf(foreign), "nothing": {}} {
		_, err := f.B.Delegation(bg(), sc, first.ID)
		require.ErrorIs(t, err, store.ErrNotFound, name)
		_, err = f.takeBack(f.A, sc, first.ID, head, at(time.Hour))
		require.ErrorIs(t, err, store.ErrNotFound, name)
	}
	for _, id := range []string{"no-such", ""} {
		_, err := f.takeBack(f.A, sys(), id, head, at(time.Hour))
		require.ErrorIs(t, err, store.ErrNotFound)
		_, err = f.B.Delegation(bg(), sys(), id)
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	got, err := f.B.Delegation(bg(), own, first.ID)
	require.NoError(t, err)
	require.Equal(t, first, got)
}

// One revocation stands, whoever else tries at the same time, and each act is in the log
// once.
func delegationsAreRevokedOnce(t *testing.T, f *fixture) {
	own := court.ScopeOf(unit)
	head, deputy := f.account(t, unit).ID, f.account(t, unit).ID
	d := f.lent(head, deputy, at(0))
	require.NoError(t, f.lend(own, d))
	want := d
	want.Revoked, want.RevokedBy = at(time.Hour), head
	require.Equal(t, 1, onlyOne(t, f, func(st store.Store) error {
		got, err := f.takeBack(st, own, d.ID, head, at(time.Hour))
		if err == nil {
			require.Equal(t, want, got)
		}
		return err
	}))
	_, err := f.takeBack(f.A, own, d.ID, deputy, at(2*time.Hour))
	require.ErrorIs(t, err, store.ErrConflict, "it is revoked")
	got, err := f.B.Delegation(bg(), own, d.ID)
	require.NoError(t, err)
	require.Equal(t, want, got)
	to, err := f.B.DelegationsTo(bg(), deputy, at(2*time.Hour))
	require.NoError(t, err)
	require.Empty(t, to)
	all, err := f.B.Delegations(bg(), own, at(0))
	require.NoError(t, err)
	require.Equal(t, []store.Delegation{want}, all, "the log keeps it")

	over := f.lent(head, deputy, at(0))
	require.NoError(t, f.lend(own, over))
	_, err = f.takeBack(f.A, own, over.ID, head, over.Ends)
	require.ErrorIs(t, err, store.ErrConflict, "it is over")
	log, err := f.A.AdminLog(bg(), own, 1, 1000)
	require.NoError(t, err)
	acts := map[string]int{}
	for _, e := range log {
		acts[e.What+" "+e.Object]++
	}
	require.Equal(t, 1, acts["delegation.given "+d.ID])
	require.Equal(t, 1, acts["delegation.revoked "+d.ID])
	require.Zero(t, acts["delegation.revoked "+over.ID])
}

func delegationsHaveBounds(t *testing.T, f *fixture) {
	own := court.ScopeOf(unit)
	head, deputy := f.account(t, unit).ID, f.account(t, unit).ID
	for name, spoil := range map[string]func(*store.Delegation){
		"no id":           func(d *store.Delegation) { d.ID = "" },
		"nobody gives":    func(d *store.Delegation) { d.By = "" },
		"to nobody":       func(d *store.Delegation) { d.To = "" },
		"to oneself":      func(d *store.Delegation) { d.To = d.By },
		"of no unit":      func(d *store.Delegation) { d.Unit = "" },
		"no time":         func(d *store.Delegation) { d.Ends = d.Starts },
		"ends earlier":    func(d *store.Delegation) { d.Ends = d.Starts.Add(-time.Hour) },
		"too long":        func(d *store.Delegation) { d.Ends = d.Starts.Add(store.MaxDelegation + time.Microsecond) },
		"revoked":         func(d *store.Delegation) { d.Revoked = d.Made },
		"revoked by":      func(d *store.Delegation) { d.RevokedBy = "somebody" },
		"under odd bytes": func(d *store.Delegation) { d.Under = "\xff" },
	} {
		d := f.lent(head, deputy, at(0))
		spoil(&d)
		require.ErrorIs(t, f.lend(own, d), store.ErrInvalid, name)
	}
	longest := f.lent(head, deputy, at(0))
	longest.Ends = longest.Starts.Add(store.MaxDelegation)
	require.NoError(t, f.lend(own, longest))
	for range store.MaxLiveDelegations - 3 {
		require.NoError(t, f.lend(own, f.lent(head, deputy, at(0))))
	}
	// Two places are left for many at once.
	var g sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		d, st := f.lent(head, deputy, at(0)), []store.Store{f.A, f.B}[i%2]
		g.Go(func() { errs[i] = st.PutDelegation(bg(), own, d, by(unit, "delegation.given", d.ID)) })
	}
	g.Wait()
	stood := 0
	for _, err := range errs {
		if err == nil {
			stood++
		} else {
			require.ErrorIs(t, err, store.ErrInvalid)
		}
	}
	require.Equal(t, 2, stood)
	_, err := f.takeBack(f.A, own, longest.ID, head, at(time.Hour))
	require.NoError(t, err)
	require.NoError(t, f.lend(own, f.lent(head, deputy, at(time.Hour))), "what is revoked leaves a place")
	require.ErrorIs(t, f.lend(own, f.lent(head, deputy, at(time.Hour))), store.ErrInvalid)
	require.NoError(t, f.lend(own, f.lent(head, deputy, at(24*time.Hour))), "so does what is over")
	to, err := f.B.DelegationsTo(bg(), deputy, at(23*time.Hour))
	require.NoError(t, err)
	require.Len(t, to, store.MaxLiveDelegations)
}

func delegationsCannotBeChanged(t *testing.T, f *fixture) {
	own := court.ScopeOf(unit)
	head, deputy, other := f.account(t, unit).ID, f.account(t, unit).ID, f.account(t, unit).ID
	open, revoked := f.lent(head, deputy, at(0)), f.lent(head, deputy, at(0))
	for _, d := range []store.Delegation{open, revoked} {
		require.NoError(t, f.lend(own, d))
	}
	_, err := f.takeBack(f.A, own, revoked.ID, head, at(time.Hour))
	require.NoError(t, err)
	before, err := f.B.Delegations(bg(), own, at(0))
	require.NoError(t, err)
	statements := []string{
		`UPDATE delegations SET revoked = NULL, revoked_by = ''`, `UPDATE delegations SET revoked = 1 WHERE revoked IS NULL`,
		`UPDATE delegations SET revoked_by = 'x'`, `UPDATE delegations SET ends = ends + 1`, `UPDATE delegations SET starts = starts - 1`,
		`UPDATE delegations SET unit = 'x'`, `UPDATE delegations SET under = 'x'`, `UPDATE delegations SET made = 1`,
		`UPDATE delegations SET to_account = '` + other + `'`, `UPDATE delegations SET by_account = '` + other + `'`,
		`UPDATE delegations SET revoked = ends, revoked_by = 'x' WHERE revoked IS NULL`, `DELETE FROM delegations`,
	}
	const insert = `INSERT INTO delegations SELECT id || 'x', by_account, to_account, unit, under, starts, `
	statements = append(statements,
		insert+`starts + 2592000000001, made, NULL, '' FROM delegations`, insert+`starts, made, NULL, '' FROM delegations`,
		insert+`ends, made, NULL, 'x' FROM delegations`, insert+`ends, made, 1, '' FROM delegations`,
		`INSERT INTO delegations SELECT id || 'x', by_account, by_account, unit, under, starts, ends, made, NULL, '' FROM delegations`)
	if f.A.Kind() == "postgres" {
		statements = append(statements, `TRUNCATE delegations`)
	} else { // ignored rather than refused
		_, err := f.Raw.Exec(`INSERT OR REPLACE INTO delegations SELECT id, by_account, to_account, unit, under, starts, ends + 1, made, NULL, '' FROM delegations`)
		require.NoError(t, err)
	}
	for _, q := range statements {
		_, err := f.Raw.Exec(q)
		require.Error(t, err, q)
	}
	after, err := f.B.Delegations(bg(), own, at(0))
	require.NoError(t, err)
	require.Equal(t, before, after)
}
