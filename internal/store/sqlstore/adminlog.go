package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// AppendAdmin adds an entry; N, Prev and Hash are given by the database's order.
func (s *Store) AppendAdmin(ctx context.Context, e store.AdminEntry) error {
	if err := checkEntry(e); err != nil {
		return err
	}
	return s.write(ctx, "append to the administrative log", func(ctx context.Context, q querier) error {
		return s.admin(ctx, q, e)
	})
}

func checkEntry(e store.AdminEntry) error {
	return first(id("actor", e.Actor), text("unit", string(e.Unit), true), id("act", e.What),
		text("object", e.Object, true), text("detail", e.Detail, true))
}

// administer runs f and writes its entry in the same transaction. The entry comes
// last, so that every transaction takes the log's lock after its other rows.
func (s *Store) administer(ctx context.Context, by store.AdminEntry, f func(context.Context, querier) error) error {
	if err := checkEntry(by); err != nil {
		return err
	}
	return s.write(ctx, by.What, func(ctx context.Context, q querier) error {
		if err := f(ctx, q); err != nil {
			return err
		}
		return s.admin(ctx, q, by)
	})
}

func (s *Store) admin(ctx context.Context, q querier, e store.AdminEntry) error {
	var one int
	if err := q.QueryRowContext(ctx, `SELECT id FROM admin_lock WHERE id = 1`+s.d.Lock()).Scan(&one); err != nil {
		return err
	}
	var last int64
	prev := make([]byte, 32)
	err := q.QueryRowContext(ctx, `SELECT n, hash FROM admin_log ORDER BY n DESC LIMIT 1`).Scan(&last, &prev)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	e.N, e.Prev = uint64(last)+1, [32]byte(prev)
	line, err := store.AdminLine(e)
	if err != nil {
		return err
	}
	e.Hash = store.LineHash(e.Prev, line)
	_, err = q.ExecContext(ctx, `INSERT INTO admin_log (n, unit, line, prev, hash) VALUES ($1, $2, $3, $4, $5)`,
		int64(e.N), string(e.Unit), line, e.Prev[:], e.Hash[:])
	return err
}

// AdminLog returns entries from number `from` on; those outside the scope are
// dropped as they are read.
func (s *Store) AdminLog(ctx context.Context, sc court.Scope, from uint64, limit int) ([]store.AdminEntry, error) {
	if limit <= 0 || from > math.MaxInt64 {
		return nil, invalid("entries from %d, at most %d", from, limit)
	}
	limit = min(limit, store.MaxAdminRead)
	var out []store.AdminEntry
	err := s.read(ctx, "administrative log", func(ctx context.Context, q querier) error {
		out = nil
		_, err := rows(ctx, q, func(r *sql.Rows, e *store.AdminEntry) error {
			if len(out) == limit {
				return errEnough
			}
			if err := scanEntry(r, e); err != nil {
				return err
			}
			if sc.Covers(e.Unit) {
				out = append(out, *e)
			}
			return nil
		}, `SELECT n, unit, line, prev, hash FROM admin_log WHERE n >= $1 ORDER BY n`, int64(from))
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	})
	return out, err
}

// scanEntry takes number and unit from their columns: where the line says
// otherwise, the hash of the entry does not hold.
func scanEntry(r *sql.Rows, e *store.AdminEntry) error {
	var n int64
	var unit string
	var line, prev, hash []byte
	if err := r.Scan(&n, &unit, &line, &prev, &hash); err != nil {
		return err
	}
	var l struct {
		At     int64  `json:"at"`
		Actor  string `json:"actor"`
		What   string `json:"what"`
		Object string `json:"object"`
		Detail string `json:"detail"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return fmt.Errorf("administrative entry %d: %w", n, err)
	}
	*e = store.AdminEntry{
		N: uint64(n), At: micros(l.At), Actor: l.Actor, Unit: court.UnitID(unit), What: l.What,
		Object: l.Object, Detail: l.Detail, Prev: [32]byte(prev), Hash: [32]byte(hash),
	}
	return nil
}
