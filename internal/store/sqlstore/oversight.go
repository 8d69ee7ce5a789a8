package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// PutRelease is insert-only.
func (s *Store) PutRelease(ctx context.Context, sc court.Scope, r store.Release) error {
	if err := first(id("hearing", r.Hearing), text("reason", r.Reason, true), text("decided by", r.By, true)); err != nil {
		return err
	}
	if r.Seq == 0 || r.Seq > math.MaxInt64 || !r.To.Valid() || (r.To == store.ReleasedToNamed) != (len(r.Units) > 0) || len(r.Units) > store.MaxNamedUnits {
		return invalid("a release to %q of %d units", r.To, len(r.Units))
	}
	for _, u := range r.Units {
		if err := id("unit", string(u)); err != nil {
			return err
		}
	}
	units, err := json.Marshal(slices.Clone(r.Units))
	if err != nil {
		return fmt.Errorf("store: units: %w", err)
	}
	r.Reason = nfc(r.Reason)
	return s.write(ctx, "put release", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, r.Hearing); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `
			INSERT INTO releases (hearing, seq, at, decision, units, reason, by_whom) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (hearing, seq) DO NOTHING`,
			r.Hearing, int64(r.Seq), r.At.UnixMicro(), string(r.To), string(units), r.Reason, r.By)
		if err != nil {
			return err
		}
		found, err := rows(ctx, q, scanRelease, releaseColumns+`r WHERE r.hearing = $1 AND r.seq = $2`, r.Hearing, int64(r.Seq))
		if err != nil {
			return err
		}
		if len(found) != 1 || !sameRelease(found[0], r) {
			return store.ErrConflict
		}
		return nil
	})
}

func sameRelease(a, b store.Release) bool {
	return a.At.UnixMicro() == b.At.UnixMicro() && a.To == b.To && slices.Equal(a.Units, b.Units) && a.Reason == b.Reason && a.By == b.By
}

const releaseColumns = `SELECT r.hearing, r.seq, r.at, r.decision, r.units, r.reason, r.by_whom FROM releases `

func scanRelease(rs *sql.Rows, r *store.Release) error {
	var seq, at int64
	var units string
	if err := rs.Scan(&r.Hearing, &seq, &at, (*string)(&r.To), &units, &r.Reason, &r.By); err != nil {
		return err
	}
	r.Seq, r.At = uint64(seq), micros(at)
	return json.Unmarshal([]byte(units), &r.Units)
}

// PutWatchings notes a sign of life of the run, what began and what ended.
func (s *Store) PutWatchings(ctx context.Context, sc court.Scope, run store.WatchingRun, list []store.Watching) error {
	if err := first(id("run", run.ID), id("node", run.Node)); err != nil {
		return err
	}
	if len(list) > store.MaxWatchings {
		return invalid("%d watchings, at most %d", len(list), store.MaxWatchings)
	}
	seen := run.Seen
	for _, w := range list {
		err := first(id("watching", w.ID), id("hearing", w.Hearing), id("unit", string(w.Unit)), id("official", w.Official))
		if err != nil {
			return err
		}
		if !w.Ended.IsZero() && w.Ended.Before(w.Began) {
			return invalid("a watching that ends before it begins")
		}
		// Whoever began something was there then.
		if w.Began.After(seen) {
			seen = w.Began
		}
	}
	return s.write(ctx, "put watchings", func(ctx context.Context, q querier) error {
		known := map[string]bool{}
		for _, w := range list {
			if known[w.Hearing] {
				continue
			}
			if err := scoped(ctx, q, sc, w.Hearing); err != nil {
				return err
			}
			known[w.Hearing] = true
		}
		if err := beat(ctx, q, run, seen); err != nil {
			return err
		}
		for _, w := range list {
			if err := putWatching(ctx, q, run.ID, w); err != nil {
				return err
			}
		}
		return nil
	})
}

// beat notes that the run is there; an older sign of life changes nothing.
func beat(ctx context.Context, q querier, run store.WatchingRun, seen time.Time) error {
	_, err := q.ExecContext(ctx, `
		INSERT INTO watching_runs (id, node, seen) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING`, run.ID, run.Node, seen.UnixMicro())
	if err != nil {
		return err
	}
	var node string
	if err := q.QueryRowContext(ctx, `SELECT node FROM watching_runs WHERE id = $1`, run.ID).Scan(&node); err != nil {
		return err
	}
	if node != run.Node {
		return store.ErrConflict
	}
	_, err = q.ExecContext(ctx, `UPDATE watching_runs SET seen = $2 WHERE id = $1 AND seen < $2`, run.ID, seen.UnixMicro())
	return err
}

func putWatching(ctx context.Context, q querier, run string, w store.Watching) error {
	ended := sql.NullInt64{Int64: w.Ended.UnixMicro(), Valid: !w.Ended.IsZero()}
	n, err := affected(q.ExecContext(ctx, `
		INSERT INTO watchings (id, hearing, unit, official, run, began, ended) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO NOTHING`,
		w.ID, w.Hearing, string(w.Unit), w.Official, run, w.Began.UnixMicro(), ended))
	if err != nil || n == 1 {
		return err
	}
	var hearing, unit, official, of string
	var began int64
	var stands sql.NullInt64
	err = q.QueryRowContext(ctx, `SELECT hearing, unit, official, run, began, ended FROM watchings WHERE id = $1`, w.ID).
		Scan(&hearing, &unit, &official, &of, &began, &stands)
	if err != nil {
		return err
	}
	same := hearing == w.Hearing && unit == string(w.Unit) && official == w.Official && of == run && began == w.Began.UnixMicro()
	switch {
	case !same || stands.Valid && ended.Valid && stands != ended:
		return store.ErrConflict
	case stands.Valid || !ended.Valid: // said before, or a beginning that came late
		return nil
	}
	_, err = q.ExecContext(ctx, `UPDATE watchings SET ended = $2 WHERE id = $1`, w.ID, ended)
	return err
}

// CoverageDay reads what coverage is counted from. The scope cannot be listed, so rows
// outside it are dropped as they are read.
func (s *Store) CoverageDay(ctx context.Context, sc court.Scope, from, to int64) (d store.CoverageDay, err error) {
	err = s.read(ctx, "coverage of a day", func(ctx context.Context, q querier) error {
		var ours map[string]bool
		if d.Hearings, ours, err = dayHearings(ctx, q, sc, from, to); err != nil || len(ours) == 0 {
			return err
		}
		d.Releases, err = within(ctx, q, store.MaxDayReleases, scanRelease, func(r store.Release) bool { return ours[r.Hearing] },
			releaseColumns+`r JOIN hearing h ON h.id = r.hearing
			WHERE h.starts_at >= $1 AND h.starts_at < $2 ORDER BY r.hearing, r.seq`, from, to)
		if err != nil {
			return err
		}
		d.Watchings, err = within(ctx, q, store.MaxDayWatchings, scanWatching, func(w store.Watching) bool { return ours[w.Hearing] }, `
			SELECT w.id, w.hearing, w.unit, w.official, n.node, w.began, w.ended, n.seen
			FROM watchings w JOIN hearing h ON h.id = w.hearing JOIN watching_runs n ON n.id = w.run
			WHERE h.starts_at >= $1 AND h.starts_at < $2 ORDER BY w.hearing, w.began, w.id`, from, to)
		return err
	})
	if err != nil {
		return store.CoverageDay{}, err
	}
	return d, nil
}

func dayHearings(ctx context.Context, q querier, sc court.Scope, from, to int64) (list []store.DayHearing, ours map[string]bool, err error) {
	list, err = within(ctx, q, store.MaxDayHearings, func(r *sql.Rows, h *store.DayHearing) error {
		var unit string
		var closed int
		err := r.Scan(&h.ID, &unit, &h.StartsAt, &h.Status, &closed, &h.OpenedAt, &h.EndedAt)
		h.Unit, h.Closed = court.UnitID(unit), closed == 1
		return err
	}, func(h store.DayHearing) bool { return sc.Covers(h.Unit) }, `
		SELECT h.id, h.unit, h.starts_at, COALESCE(i.status, ''), COALESCE(i.closed, 0), COALESCE(i.opened_at, 0), COALESCE(i.ended_at, 0)
		FROM hearing h LEFT JOIN hearing_info i ON i.hearing = h.id
		WHERE h.starts_at >= $1 AND h.starts_at < $2 ORDER BY h.starts_at, h.id`, from, to)
	ours = make(map[string]bool, len(list))
	for _, h := range list {
		ours[h.ID] = true
	}
	return list, ours, err
}

func scanWatching(r *sql.Rows, w *store.Watching) error {
	var unit string
	var began, seen int64
	var ended sql.NullInt64
	if err := r.Scan(&w.ID, &w.Hearing, &unit, &w.Official, &w.Node, &began, &ended, &seen); err != nil {
		return err
	}
	w.Unit, w.Began, w.Open = court.UnitID(unit), micros(began), !ended.Valid
	if w.Open {
		// A sign of life that is older than the beginning cannot be: the beginning was one.
		ended.Int64 = seen
	}
	w.Ended = micros(ended.Int64)
	return nil
}

// within reads rows that keep takes, and gives ErrInvalid rather than a part of them.
func within[T any](ctx context.Context, q querier, most int, scan func(*sql.Rows, *T) error, keep func(T) bool, query string, args ...any) ([]T, error) {
	var out []T
	_, err := rows(ctx, q, func(r *sql.Rows, _ *struct{}) error {
		var one T
		if err := scan(r, &one); err != nil {
			return err
		}
		if !keep(one) {
			return nil
		}
		if len(out) == most {
			return errEnough
		}
		out = append(out, one)
		return nil
	}, query, args...)
	if errors.Is(err, errEnough) {
		return nil, invalid("more than %d rows", most)
	}
	return out, err
}
