package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

const tokenColumns = `SELECT t.id, t.token_hash, t.account, t.label, t.rights, t.created, t.expires, t.revoked
	FROM service_token t `

func scanToken(r *sql.Rows, t *store.ServiceToken) error {
	var hash []byte
	var rights string
	var created, expires int64
	var revoked int
	if err := r.Scan(&t.ID, &hash, &t.Account, &t.Label, &rights, &created, &expires, &revoked); err != nil {
		return err
	}
	copy(t.Hash[:], hash)
	t.Created, t.Expires, t.Revoked = micros(created), micros(expires), revoked == 1
	return json.Unmarshal([]byte(rights), &t.Rights)
}

func checkToken(t store.ServiceToken) error {
	if err := first(id("token", t.ID), id("account", t.Account), text("label", t.Label, true)); err != nil {
		return err
	}
	if n := len(t.Rights); n == 0 || n > store.MaxRights {
		return invalid("%d rights of a token, 1 to %d", n, store.MaxRights)
	}
	for _, r := range t.Rights {
		if err := id("right", r); err != nil {
			return err
		}
	}
	if !t.Expires.After(t.Created) {
		return invalid("a token that expires before it begins")
	}
	return nil
}

// PutServiceToken adds one to an account of the scope.
func (s *Store) PutServiceToken(ctx context.Context, sc court.Scope, t store.ServiceToken, by store.AdminEntry) error {
	if err := checkToken(t); err != nil {
		return err
	}
	rights, err := json.Marshal(t.Rights)
	if err != nil {
		return err
	}
	return s.administer(ctx, by, func(ctx context.Context, q querier) error {
		if _, err := s.lockAccount(ctx, q, sc, t.Account); err != nil {
			return err
		}
		var n int
		if err := q.QueryRowContext(ctx, `SELECT count(*) FROM service_token WHERE account = $1`, t.Account).Scan(&n); err != nil {
			return err
		}
		if n >= store.MaxServiceTokens {
			return invalid("%d tokens of one account, at most %d", n+1, store.MaxServiceTokens)
		}
		_, err := q.ExecContext(ctx, `
			INSERT INTO service_token (id, token_hash, account, label, rights, created, expires, revoked)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			t.ID, t.Hash[:], t.Account, nfc(t.Label), string(rights), t.Created.UnixMicro(), t.Expires.UnixMicro(), bit(t.Revoked))
		return err
	})
}

// ServiceTokenByHash finds a token that may be used now; else ErrNotFound.
func (s *Store) ServiceTokenByHash(ctx context.Context, hash [32]byte, now time.Time) (store.ServiceToken, error) {
	var found []store.ServiceToken
	err := s.read(ctx, "service token", func(ctx context.Context, q querier) (err error) {
		found, err = rows(ctx, q, scanToken, tokenColumns+`JOIN account a ON a.id = t.account
			WHERE t.token_hash = $1 AND t.revoked = 0 AND t.expires > $2 AND a.disabled = 0`, hash[:], now.UnixMicro())
		return err
	})
	if err != nil {
		return store.ServiceToken{}, err
	}
	if len(found) == 0 {
		return store.ServiceToken{}, store.ErrNotFound
	}
	return found[0], nil
}

// ServiceTokens returns those of an account of the scope, by id.
func (s *Store) ServiceTokens(ctx context.Context, sc court.Scope, account string) (found []store.ServiceToken, err error) {
	if _, err := s.Account(ctx, sc, account); err != nil {
		return nil, err
	}
	err = s.read(ctx, "service tokens", func(ctx context.Context, q querier) (err error) {
		found, err = rows(ctx, q, scanToken, tokenColumns+`WHERE t.account = $1 ORDER BY t.id`, account)
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// RevokeServiceToken ends a token of an account of the scope for good.
func (s *Store) RevokeServiceToken(ctx context.Context, sc court.Scope, token string, by store.AdminEntry) error {
	if err := id("token", token); err != nil {
		return err
	}
	return s.administer(ctx, by, func(ctx context.Context, q querier) error {
		var account string
		if err := q.QueryRowContext(ctx, `SELECT account FROM service_token WHERE id = $1`, token).Scan(&account); err != nil {
			return err
		}
		if _, err := s.lockAccount(ctx, q, sc, account); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `UPDATE service_token SET revoked = 1 WHERE id = $1`, token)
		return err
	})
}
