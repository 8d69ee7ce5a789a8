package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Meta returns a value, else ErrNotFound.
func (s *Store) Meta(ctx context.Context, key string) (value string, err error) {
	err = s.read(ctx, "meta", func(ctx context.Context, q querier) error {
		return q.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = $1`, key).Scan(&value)
	})
	return value, err
}

// SetMetaOnce sets a value for ever; the same value again is a success.
func (s *Store) SetMetaOnce(ctx context.Context, key, value string) error {
	if err := first(id("key", key), text("value", value, true)); err != nil {
		return err
	}
	return s.write(ctx, "set meta", func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx,
			`INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`, key, value)
		if err != nil {
			return err
		}
		var stands string
		if err := q.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = $1`, key).Scan(&stands); err != nil {
			return err
		}
		if stands != value {
			return store.ErrConflict
		}
		return nil
	})
}

// CreateHearing inserts the row and its names in one transaction.
func (s *Store) CreateHearing(ctx context.Context, sc court.Scope, h store.Hearing, names []store.PersonName) error {
	err := first(id("hearing", h.ID), id("unit", string(h.Unit)), checkRoom(h.Room),
		text("docket number", h.DocketNo, true), text("title", h.Title, true))
	if err != nil {
		return err
	}
	if len(names) > store.MaxNames {
		return invalid("%d names, at most %d", len(names), store.MaxNames)
	}
	for _, n := range names {
		if err := first(id("person", n.Person), text("name", n.Name, true)); err != nil {
			return err
		}
		if n.Hearing != "" && n.Hearing != h.ID {
			return invalid("a name of another hearing")
		}
	}
	if !sc.Covers(h.Unit) {
		return store.ErrNotFound
	}
	return s.write(ctx, "create hearing", func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `
			INSERT INTO hearing (id, room, unit, docket_no, title, starts_at, demo)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			h.ID, h.Room, string(h.Unit), nfc(h.DocketNo), nfc(h.Title), h.StartsAt, bit(h.Demo))
		if err != nil {
			return err
		}
		if err := indexHearing(ctx, q, h); err != nil {
			return err
		}
		for _, n := range names {
			_, err := q.ExecContext(ctx, `INSERT INTO person_name (hearing, person, name) VALUES ($1, $2, $3)`,
				h.ID, n.Person, nfc(n.Name))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

const hearingColumns = `SELECT id, room, unit, docket_no, title, starts_at, demo FROM hearing `

// Hearing finds a hearing by its id.
func (s *Store) Hearing(ctx context.Context, sc court.Scope, id string) (store.Hearing, error) {
	var found []store.Hearing
	err := s.read(ctx, "hearing", func(ctx context.Context, q querier) (err error) {
		found, err = rows(ctx, q, scanHearing, hearingColumns+`WHERE id = $1`, id)
		return err
	})
	if err != nil {
		return store.Hearing{}, err
	}
	if len(found) == 0 || !sc.Covers(found[0].Unit) {
		return store.Hearing{}, store.ErrNotFound
	}
	return found[0], nil
}

// errEnough ends a scan that has what was asked for.
var errEnough = errors.New("enough rows")

// Hearings returns at most MaxHearings of the scope in [from, to). The scope
// cannot be listed, so rows outside it are dropped as they are read.
func (s *Store) Hearings(ctx context.Context, sc court.Scope, from, to int64) ([]store.Hearing, error) {
	return s.hearings(ctx, sc, "hearings", `WHERE starts_at >= $1 AND starts_at < $2 ORDER BY starts_at, id`, from, to)
}

// hearings returns the first MaxHearings within the scope.
func (s *Store) hearings(ctx context.Context, sc court.Scope, what, where string, args ...any) ([]store.Hearing, error) {
	var out []store.Hearing
	err := s.read(ctx, what, func(ctx context.Context, q querier) error {
		_, err := rows(ctx, q, func(r *sql.Rows, h *store.Hearing) error {
			if len(out) == store.MaxHearings {
				return errEnough
			}
			if err := scanHearing(r, h); err != nil {
				return err
			}
			if sc.Covers(h.Unit) {
				out = append(out, *h)
			}
			return nil
		}, hearingColumns+where, args...)
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	})
	return out, err
}

func scanHearing(r *sql.Rows, h *store.Hearing) error {
	var unit string
	var demo int
	err := r.Scan(&h.ID, &h.Room, &unit, &h.DocketNo, &h.Title, &h.StartsAt, &demo)
	h.Unit, h.Demo = court.UnitID(unit), demo == 1
	return err
}

// Names returns the names of a hearing's people, by person id.
func (s *Store) Names(ctx context.Context, sc court.Scope, hearing string) (names []store.PersonName, err error) {
	err = s.read(ctx, "names", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, hearing); err != nil {
			return err
		}
		names, err = rows(ctx, q, func(r *sql.Rows, n *store.PersonName) error {
			return r.Scan(&n.Person, &n.Name, &n.Hearing)
		}, `SELECT person, name, hearing FROM person_name WHERE hearing = $1 ORDER BY person`, hearing)
		return err
	})
	return names, err
}

// LogAccess appends entries to the access log, all or none.
func (s *Store) LogAccess(ctx context.Context, entries []store.Access) error {
	if len(entries) > store.MaxAccess {
		return invalid("%d entries, at most %d", len(entries), store.MaxAccess)
	}
	for _, a := range entries {
		err := first(id("what", a.What), text("unit", string(a.Unit), true),
			text("hearing", a.Hearing, true), text("person", a.Person, true))
		if err != nil {
			return err
		}
	}
	if len(entries) == 0 {
		return nil
	}
	return s.write(ctx, "log access", func(ctx context.Context, q querier) error {
		for _, a := range entries {
			_, err := q.ExecContext(ctx, `
				INSERT INTO access_log (at, unit, hearing, person, what, count) VALUES ($1, $2, $3, $4, $5, $6)`,
				a.At.UnixMicro(), string(a.Unit), a.Hearing, a.Person, a.What, max(a.Count, 1))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func micros(us int64) time.Time { return time.UnixMicro(us).UTC() }
