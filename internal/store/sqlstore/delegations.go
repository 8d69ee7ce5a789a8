package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

const delegationColumns = `SELECT id, by_account, to_account, unit, under, starts, ends, made, revoked, revoked_by FROM delegations `

func scanDelegation(r *sql.Rows, d *store.Delegation) error {
	var starts, ends, made int64
	var revoked sql.NullInt64
	err := r.Scan(&d.ID, &d.By, &d.To, (*string)(&d.Unit), (*string)(&d.Under), &starts, &ends, &made, &revoked, &d.RevokedBy)
	d.Starts, d.Ends, d.Made = micros(starts), micros(ends), micros(made)
	if revoked.Valid {
		d.Revoked = micros(revoked.Int64)
	}
	return err
}

func checkDelegation(d store.Delegation) error {
	err := first(id("delegation", d.ID), id("giver", d.By), id("receiver", d.To), id("unit", string(d.Unit)), text("under", string(d.Under), true))
	if err != nil {
		return err
	}
	if d.By == d.To || !d.Ends.After(d.Starts) || d.Ends.Sub(d.Starts) > store.MaxDelegation || !d.Revoked.IsZero() || d.RevokedBy != "" {
		return invalid("a delegation of %v", d.Ends.Sub(d.Starts))
	}
	return nil
}

// PutDelegation adds one between two accounts of a unit of the scope.
func (s *Store) PutDelegation(ctx context.Context, sc court.Scope, d store.Delegation, by store.AdminEntry) error {
	if err := checkDelegation(d); err != nil {
		return err
	}
	return s.administer(ctx, by, func(ctx context.Context, q querier) error {
		if !sc.Covers(d.Unit) {
			return store.ErrNotFound
		}
		// In one order, so that two who name each other do not wait for each other.
		for _, account := range []string{min(d.By, d.To), max(d.By, d.To)} {
			if _, err := s.lockAccount(ctx, q, court.ScopeOf(d.Unit), account); err != nil {
				return err
			}
		}
		// The log's lock, which comes last anyway, keeps two from both being the last that
		// finds room.
		var live int
		if err := q.QueryRowContext(ctx, `SELECT id FROM admin_lock WHERE id = 1`+s.d.Lock()).Scan(&live); err != nil {
			return err
		}
		err := q.QueryRowContext(ctx, `SELECT count(*) FROM delegations WHERE unit = $1 AND revoked IS NULL AND ends > $2`,
			string(d.Unit), d.Made.UnixMicro()).Scan(&live)
		if err != nil {
			return err
		}
		if live >= store.MaxLiveDelegations {
			return invalid("more than %d live delegations", store.MaxLiveDelegations)
		}
		n, err := affected(q.ExecContext(ctx, `
			INSERT INTO delegations (id, by_account, to_account, unit, under, starts, ends, made, revoked, revoked_by)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, '') ON CONFLICT (id) DO NOTHING`,
			d.ID, d.By, d.To, string(d.Unit), string(d.Under), d.Starts.UnixMicro(), d.Ends.UnixMicro(), d.Made.UnixMicro()))
		if err == nil && n == 0 {
			return store.ErrConflict
		}
		return err
	})
}

// RevokeDelegation ends one of the scope, once.
func (s *Store) RevokeDelegation(ctx context.Context, sc court.Scope, delegation string, by store.AdminEntry) (d store.Delegation, err error) {
	if err := id("delegation", delegation); err != nil {
		return d, store.ErrNotFound
	}
	err = s.administer(ctx, by, func(ctx context.Context, q querier) error {
		if d, err = oneDelegation(ctx, q, sc, delegation, s.d.Lock()); err != nil {
			return err
		}
		at := micros(by.At.UnixMicro())
		if !d.Revoked.IsZero() || !d.Ends.After(at) {
			return store.ErrConflict
		}
		d.Revoked, d.RevokedBy = at, by.Actor
		_, err := q.ExecContext(ctx, `UPDATE delegations SET revoked = $2, revoked_by = $3 WHERE id = $1`, d.ID, at.UnixMicro(), by.Actor)
		return err
	})
	if err != nil {
		return store.Delegation{}, err
	}
	return d, nil
}

func oneDelegation(ctx context.Context, q querier, sc court.Scope, delegation, lock string) (store.Delegation, error) {
	found, err := rows(ctx, q, scanDelegation, delegationColumns+`WHERE id = $1`+lock, delegation)
	if err != nil {
		return store.Delegation{}, err
	}
	if len(found) == 0 || !sc.Covers(found[0].Unit) {
		return store.Delegation{}, store.ErrNotFound
	}
	return found[0], nil
}

// Delegation finds one of the scope by its id.
func (s *Store) Delegation(ctx context.Context, sc court.Scope, delegation string) (d store.Delegation, err error) {
	if err := id("delegation", delegation); err != nil {
		return d, store.ErrNotFound
	}
	err = s.read(ctx, "delegation", func(ctx context.Context, q querier) error {
		d, err = oneDelegation(ctx, q, sc, delegation, "")
		return err
	})
	return d, err
}

// Delegations returns those of the scope that end after since.
func (s *Store) Delegations(ctx context.Context, sc court.Scope, since time.Time) ([]store.Delegation, error) {
	return listed(ctx, s, "delegations", store.MaxDelegations, scanDelegation,
		func(d store.Delegation) bool { return sc.Covers(d.Unit) },
		delegationColumns+`WHERE ends > $1 ORDER BY made DESC, id DESC`, since.UnixMicro())
}

// DelegationsTo returns what counts for the account at the time, but for who gave it.
func (s *Store) DelegationsTo(ctx context.Context, account string, at time.Time) ([]store.Delegation, error) {
	if err := id("account", account); err != nil {
		return nil, store.ErrNotFound
	}
	return listed(ctx, s, "delegations to an account", store.MaxLiveDelegations, scanDelegation,
		func(store.Delegation) bool { return true },
		delegationColumns+`WHERE to_account = $1 AND revoked IS NULL AND starts <= $2 AND ends > $2 ORDER BY made, id`, account, at.UnixMicro())
}
