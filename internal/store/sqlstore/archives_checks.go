package sqlstore

import (
	"context"
	"database/sql"
	"unicode/utf8"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

const checkColumns = `SELECT c.id, c.hearing, c.part, c.asked_by, c.at, c.done, c.exit, c.same, c.report, c.repair, c.replaced FROM archive_check c `

func scanCheck(r *sql.Rows, c *store.ArchiveCheck) error {
	var at, done int64
	var same, repair int
	err := r.Scan(&c.ID, &c.Hearing, &c.Part, &c.By, &at, &done, &c.Exit, &same, &c.Report, &repair, &c.Replaced)
	c.At, c.Done, c.Same = micros(at), fromMoment(done), same == 1
	c.Repair = repair == 1
	if len(c.Report) == 0 {
		c.Report = nil
	}
	return err
}

// PutArchiveCheck adds one that waits, about a known part of a hearing of the scope.
func (s *Store) PutArchiveCheck(ctx context.Context, sc court.Scope, c store.ArchiveCheck) error {
	if err := first(id("check", c.ID), id("hearing", c.Hearing), id("account", c.By)); err != nil {
		return err
	}
	return s.write(ctx, "put archive check", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, c.Hearing); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `
			INSERT INTO archive_check (id, hearing, part, asked_by, at, done, exit, same, report, repair) VALUES ($1, $2, $3, $4, $5, 0, -1, 0, $6, $7)`,
			c.ID, c.Hearing, c.Part, c.By, c.At.UnixMicro(), []byte{}, bit(c.Repair))
		return err
	})
}

// PendingArchiveChecks returns those that wait, of parts on the node.
func (s *Store) PendingArchiveChecks(ctx context.Context, node string) (checks []store.ArchiveCheck, err error) {
	err = s.read(ctx, "pending archive checks", func(ctx context.Context, q querier) error {
		checks, err = rows(ctx, q, scanCheck, checkColumns+`JOIN archive_part p ON p.hearing = c.hearing AND p.part = c.part
			WHERE c.done = 0 AND p.node = $1 ORDER BY c.at, c.id LIMIT $2`, node, store.MaxArchiveChecks)
		return err
	})
	return checks, err
}

// FinishArchiveCheck gives one its result, once.
func (s *Store) FinishArchiveCheck(ctx context.Context, c store.ArchiveCheck) error {
	if len(c.Report) > store.MaxFactBytes || !utf8.Valid(c.Report) {
		return invalid("a report of %d bytes, at most %d of UTF-8", len(c.Report), store.MaxFactBytes)
	}
	if c.Exit < 0 || c.Exit > 3 || c.Done.IsZero() {
		return invalid("a result that nobody knows")
	}
	if err := text("replaced", c.Replaced, true); err != nil {
		return err
	}
	return s.write(ctx, "finish archive check", func(ctx context.Context, q querier) error {
		n, err := affected(q.ExecContext(ctx, `UPDATE archive_check SET done = $2, exit = $3, same = $4, report = $5, replaced = $6 WHERE id = $1`,
			c.ID, c.Done.UnixMicro(), c.Exit, bit(c.Same), append([]byte{}, c.Report...), c.Replaced))
		if err == nil && n == 0 {
			return store.ErrNotFound
		}
		return err
	})
}

// ArchiveChecks returns those of a hearing of the scope, the latest first.
func (s *Store) ArchiveChecks(ctx context.Context, sc court.Scope, hearing string) (checks []store.ArchiveCheck, err error) {
	err = s.read(ctx, "archive checks", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, hearing); err != nil {
			return err
		}
		checks, err = rows(ctx, q, scanCheck, checkColumns+`WHERE c.hearing = $1 ORDER BY c.at DESC, c.id DESC LIMIT $2`, hearing, store.MaxArchiveChecks)
		return err
	})
	return checks, err
}

// ArchiveKeep of a hearing of the scope.
func (s *Store) ArchiveKeep(ctx context.Context, sc court.Scope, hearing string) (store.ArchiveKeep, error) {
	k := store.ArchiveKeep{Hearing: hearing}
	err := s.read(ctx, "archive keep", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, hearing); err != nil {
			return err
		}
		found, err := rows(ctx, q, func(r *sql.Rows, k *store.ArchiveKeep) error {
			var at int64
			err := r.Scan(&k.Hearing, &k.Class, &k.Hold, &k.By, &at)
			k.At = micros(at)
			return err
		}, `SELECT hearing, class, hold, by_whom, at FROM archive_keep WHERE hearing = $1`, hearing)
		if err == nil && len(found) > 0 {
			k = found[0]
		}
		return err
	})
	return k, err
}

// PutArchiveKeep says how long a hearing's archive is kept.
func (s *Store) PutArchiveKeep(ctx context.Context, sc court.Scope, k store.ArchiveKeep, by store.AdminEntry) error {
	if err := first(id("hearing", k.Hearing), text("class", k.Class, true), text("hold", k.Hold, true), id("account", k.By)); err != nil {
		return err
	}
	return s.administer(ctx, by, func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, k.Hearing); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `INSERT INTO archive_keep (hearing, class, hold, by_whom, at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (hearing) DO UPDATE SET class = excluded.class, hold = excluded.hold, by_whom = excluded.by_whom, at = excluded.at`,
			k.Hearing, k.Class, nfc(k.Hold), k.By, k.At.UnixMicro())
		return err
	})
}
