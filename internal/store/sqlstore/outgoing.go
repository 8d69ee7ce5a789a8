package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

const (
	outgoingColumns = `SELECT id, unit, day, digest, account, made, state, tries, due, settled, reason `
	outgoingRows    = outgoingColumns + `, NULL FROM outgoing_report `
	outgoingBodies  = outgoingColumns + `, body FROM outgoing_report `
)

func scanOutgoing(r *sql.Rows, o *store.OutgoingReport) error {
	var made, due int64
	var settled sql.NullInt64
	err := r.Scan(&o.ID, (*string)(&o.Unit), &o.Day, &o.Digest, &o.Account, &made, (*string)(&o.State), &o.Tries, &due, &settled, &o.Reason, &o.Body)
	o.Made, o.Due = micros(made), micros(due)
	if settled.Valid {
		o.Settled = micros(settled.Int64)
	}
	return err
}

func oneOutgoing(ctx context.Context, q querier, sc court.Scope, key string) (store.OutgoingReport, error) {
	found, err := rows(ctx, q, scanOutgoing, outgoingRows+`WHERE id = $1`, key)
	if err != nil {
		return store.OutgoingReport{}, err
	}
	if len(found) == 0 || !sc.Covers(found[0].Unit) {
		return store.OutgoingReport{}, store.ErrNotFound
	}
	return found[0], nil
}

// PutOutgoing makes a report wait, once.
func (s *Store) PutOutgoing(ctx context.Context, sc court.Scope, r store.OutgoingReport) (out store.OutgoingReport, err error) {
	err = first(id("report", r.ID), id("unit", string(r.Unit)), id("account", r.Account), text("day", r.Day, false), text("digest", r.Digest, false))
	if err != nil {
		return out, err
	}
	if len(r.Body) == 0 || len(r.Body) > store.MaxOutgoingBody || len(r.Day) != 10 || len(r.Digest) != 64 {
		return out, invalid("a report of %d bytes", len(r.Body))
	}
	if !sc.Covers(r.Unit) {
		return out, store.ErrNotFound
	}
	err = s.write(ctx, "outgoing report", func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `
			INSERT INTO outgoing_report (id, unit, day, digest, body, account, made, state, tries, due, settled, reason)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', 0, $7, NULL, '') ON CONFLICT (id) DO NOTHING`,
			r.ID, string(r.Unit), r.Day, r.Digest, r.Body, r.Account, r.Made.UnixMicro())
		if err != nil {
			return err
		}
		_, err = q.ExecContext(ctx, `
			UPDATE outgoing_report SET state = 'waiting', tries = 0, due = $2, settled = NULL, reason = ''
			WHERE id = $1 AND unit = $3 AND state = 'refused'`, r.ID, r.Made.UnixMicro(), string(r.Unit))
		if err != nil {
			return err
		}
		out, err = oneOutgoing(ctx, q, sc, r.ID)
		return err
	})
	if err != nil {
		return store.OutgoingReport{}, err
	}
	return out, nil
}

// OutgoingReports are the unit's of a day.
func (s *Store) OutgoingReports(ctx context.Context, sc court.Scope, unit court.UnitID, day string) ([]store.OutgoingReport, error) {
	return listed(ctx, s, "outgoing reports", store.MaxOutgoing, scanOutgoing,
		func(r store.OutgoingReport) bool { return sc.Covers(r.Unit) },
		outgoingRows+`WHERE unit = $1 AND day = $2 ORDER BY made DESC, id`, string(unit), day)
}

// DueReports are those that wait for their try.
func (s *Store) DueReports(ctx context.Context, sc court.Scope, now time.Time) ([]store.OutgoingReport, error) {
	return listed(ctx, s, "due reports", store.MaxOutgoing, scanOutgoing,
		func(r store.OutgoingReport) bool { return sc.Covers(r.Unit) },
		outgoingBodies+`WHERE state = 'waiting' AND due <= $1 ORDER BY due, id`, now.UnixMicro())
}

// TriedOutgoing keeps what became of a try.
func (s *Store) TriedOutgoing(ctx context.Context, sc court.Scope, r store.OutgoingReport) error {
	if err := first(id("report", r.ID), text("reason", r.Reason, true)); err != nil {
		return err
	}
	settled := sql.NullInt64{Int64: r.Settled.UnixMicro(), Valid: r.State != store.OutgoingWaiting}
	return s.write(ctx, "tried report", func(ctx context.Context, q querier) error {
		if _, err := oneOutgoing(ctx, q, sc, r.ID); err != nil {
			return err
		}
		n, err := affected(q.ExecContext(ctx, `
			UPDATE outgoing_report SET state = $2, tries = tries + 1, due = $3, settled = $4, reason = $5
			WHERE id = $1 AND state = 'waiting'`, r.ID, string(r.State), r.Due.UnixMicro(), settled, r.Reason))
		if err == nil && n == 0 {
			return store.ErrConflict
		}
		return err
	})
}
