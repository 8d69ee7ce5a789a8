package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// PutUnit adds a unit of the scope, or changes one that stands.
func (s *Store) PutUnit(ctx context.Context, sc court.Scope, u store.Unit, by store.AdminEntry) error {
	err := first(id("unit", string(u.ID)), id("kind", u.Kind), text("parent", string(u.Parent), true),
		text("name", u.Name, true), text("successor", string(u.Successor), true))
	if err != nil {
		return err
	}
	if u.ValidTo != 0 && u.ValidTo <= u.ValidFrom {
		return invalid("a unit that ends before it begins")
	}
	if !sc.Covers(u.ID) {
		return store.ErrNotFound
	}
	return s.administer(ctx, by, func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `
			INSERT INTO unit (id, kind, parent, name, valid_from, valid_to, successor)
			VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (id) DO UPDATE SET kind = $2, parent = $3, name = $4, valid_from = $5, valid_to = $6, successor = $7`,
			string(u.ID), u.Kind, string(u.Parent), nfc(u.Name), u.ValidFrom, u.ValidTo, string(u.Successor))
		return err
	})
}

// Units returns at most MaxUnits of the scope, by id.
func (s *Store) Units(ctx context.Context, sc court.Scope) ([]store.Unit, error) {
	return listed(ctx, s, "units", store.MaxUnits, func(r *sql.Rows, u *store.Unit) error {
		var id, parent, successor string
		err := r.Scan(&id, &u.Kind, &parent, &u.Name, &u.ValidFrom, &u.ValidTo, &successor)
		u.ID, u.Parent, u.Successor = court.UnitID(id), court.UnitID(parent), court.UnitID(successor)
		return err
	}, func(u store.Unit) bool { return sc.Covers(u.ID) },
		`SELECT id, kind, parent, name, valid_from, valid_to, successor FROM unit ORDER BY id`)
}

// listed reads rows that keep holds, at most max. A scope cannot be listed, so
// rows outside it are dropped as they are read.
func listed[T any](ctx context.Context, s *Store, what string, max int, scan func(*sql.Rows, *T) error,
	keep func(T) bool, query string, args ...any,
) ([]T, error) {
	var out []T
	err := s.read(ctx, what, func(ctx context.Context, q querier) error {
		_, err := rows(ctx, q, func(r *sql.Rows, v *T) error {
			if len(out) == max {
				return errEnough
			}
			if err := scan(r, v); err != nil {
				return err
			}
			if keep(*v) {
				out = append(out, *v)
			}
			return nil
		}, query, args...)
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func checkAccount(a store.Account) error {
	err := first(id("account", a.ID), id("unit", string(a.Unit)), id("login", a.Login),
		text("name", a.Name, true), text("password", a.Password, true))
	if err != nil {
		return err
	}
	if a.Login != strings.ToLower(a.Login) || a.Login != nfc(a.Login) {
		return invalid("a login that is not lower case")
	}
	return checkRoles(a.Roles)
}

func checkRoles(roles []store.Role) error {
	if len(roles) > store.MaxRoles {
		return invalid("%d roles, at most %d", len(roles), store.MaxRoles)
	}
	for _, r := range roles {
		if !r.Valid() {
			return invalid("a role that nobody knows")
		}
	}
	return nil
}

// CreateAccount adds an account of the scope. An id or login that stands gives
// ErrConflict.
func (s *Store) CreateAccount(ctx context.Context, sc court.Scope, a store.Account, by store.AdminEntry) error {
	if err := checkAccount(a); err != nil {
		return err
	}
	if !sc.Covers(a.Unit) {
		return store.ErrNotFound
	}
	roles, err := json.Marshal(a.Roles)
	if err != nil {
		return err
	}
	return s.administer(ctx, by, func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `
			INSERT INTO account (id, unit, login, name, roles, password, must_change, disabled, created, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)`,
			a.ID, string(a.Unit), a.Login, nfc(a.Name), string(roles), a.Password, bit(a.MustChange), bit(a.Disabled), a.Created.UnixMicro())
		return err
	})
}

// UpdateAccount changes name, roles, password, MustChange and Disabled, with what
// follows for sessions and credentials. Unit,
// login and creation stay as they were, whatever a says. An account that is not of
// a.Version any more gives ErrConflict.
func (s *Store) UpdateAccount(ctx context.Context, sc court.Scope, a store.Account, by store.AdminEntry) error {
	err := first(id("account", a.ID), text("name", a.Name, true), text("password", a.Password, true), checkRoles(a.Roles))
	if err != nil {
		return err
	}
	roles, err := json.Marshal(a.Roles)
	if err != nil {
		return err
	}
	return s.administer(ctx, by, func(ctx context.Context, q querier) error {
		old, err := s.lockAccount(ctx, q, sc, a.ID)
		if err != nil {
			return err
		}
		if a.Version != old.Version {
			return store.ErrConflict
		}
		_, err = q.ExecContext(ctx, `
			UPDATE account SET name = $2, roles = $3, password = $4, must_change = $5, disabled = $6, version = version + 1
			WHERE id = $1`,
			a.ID, nfc(a.Name), string(roles), a.Password, bit(a.MustChange), bit(a.Disabled))
		if err != nil || (!a.Disabled && a.Password == old.Password) {
			return err
		}
		// Who sets another's password starts them anew: no earlier way in stays.
		if a.MustChange && a.Password != old.Password {
			if _, err := q.ExecContext(ctx, `UPDATE credential SET revoked = 1 WHERE account = $1 AND revoked = 0`, a.ID); err != nil {
				return err
			}
		}
		return endOwner(ctx, q, a.ID)
	})
}

// lockAccount finds an account of the scope and keeps others from changing it.
func (s *Store) lockAccount(ctx context.Context, q querier, sc court.Scope, account string) (store.Account, error) {
	found, err := rows(ctx, q, scanAccount, accountColumns+`WHERE id = $1`+s.d.Lock(), account)
	if err != nil {
		return store.Account{}, err
	}
	if len(found) == 0 || !sc.Covers(found[0].Unit) {
		return store.Account{}, store.ErrNotFound
	}
	return found[0], nil
}

const accountColumns = `SELECT id, unit, login, name, roles, password, must_change, disabled, created, version FROM account `

func scanAccount(r *sql.Rows, a *store.Account) error {
	var unit, roles string
	var change, disabled int
	var created, version int64
	if err := r.Scan(&a.ID, &unit, &a.Login, &a.Name, &roles, &a.Password, &change, &disabled, &created, &version); err != nil {
		return err
	}
	a.Unit, a.MustChange, a.Disabled, a.Created = court.UnitID(unit), change == 1, disabled == 1, micros(created)
	a.Version = uint64(version)
	return json.Unmarshal([]byte(roles), &a.Roles)
}

func (s *Store) oneAccount(ctx context.Context, sc court.Scope, where, key string) (store.Account, error) {
	var found []store.Account
	err := s.read(ctx, "account", func(ctx context.Context, q querier) (err error) {
		found, err = rows(ctx, q, scanAccount, accountColumns+where, key)
		return err
	})
	if err != nil {
		return store.Account{}, err
	}
	if len(found) == 0 || !sc.Covers(found[0].Unit) {
		return store.Account{}, store.ErrNotFound
	}
	return found[0], nil
}

// Account finds an account of the scope.
func (s *Store) Account(ctx context.Context, sc court.Scope, account string) (store.Account, error) {
	if err := id("account", account); err != nil {
		return store.Account{}, store.ErrNotFound
	}
	return s.oneAccount(ctx, sc, `WHERE id = $1`, account)
}

// AccountByLogin finds an account, also a disabled one, by its whole login.
func (s *Store) AccountByLogin(ctx context.Context, login string) (store.Account, error) {
	if err := id("login", login); err != nil {
		return store.Account{}, store.ErrNotFound
	}
	return s.oneAccount(ctx, court.SystemScope(), `WHERE login = $1`, login)
}

// AccountsOf returns at most MaxAccounts of the scope, by unit and login.
func (s *Store) AccountsOf(ctx context.Context, sc court.Scope) ([]store.Account, error) {
	return listed(ctx, s, "accounts", store.MaxAccounts, scanAccount,
		func(a store.Account) bool { return sc.Covers(a.Unit) }, accountColumns+`ORDER BY unit, login`)
}

// endOwner ends every session of an account or room device, and of its seats.
func endOwner(ctx context.Context, q querier, owner string) error {
	_, err := q.ExecContext(ctx, `UPDATE account_session SET revoked = 1 WHERE account = $1 AND revoked = 0`, owner)
	if err != nil {
		return err
	}
	_, err = q.ExecContext(ctx, `UPDATE session SET revoked = 1 WHERE owner = $1 AND revoked = 0`, owner)
	return err
}
