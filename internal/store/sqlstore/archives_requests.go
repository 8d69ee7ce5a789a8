package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

const requestColumns = `SELECT r.id, r.hearing, h.unit, r.account, r.purpose, r.download, r.closed, r.at, r.outcome, r.done_by, r.done_at, r.reason, r.until, r.copy
	FROM archive_request r JOIN hearing h ON h.id = r.hearing `

func scanRequest(r *sql.Rows, x *store.ArchiveRequest) error {
	var unit, part string
	var download, closed int
	var at, done, until int64
	err := r.Scan(&x.ID, &x.Hearing, &unit, &x.Account, &x.Purpose, &download, &closed, &at, &x.Outcome, &x.DoneBy, &done, &x.Reason, &until, &part)
	x.Unit, x.Download, x.Closed = court.UnitID(unit), download == 1, closed == 1
	x.At, x.DoneAt, x.Until = micros(at), fromMoment(done), fromMoment(until)
	if err == nil && part != "" {
		x.Copy = &store.ArchiveCopy{}
		err = json.Unmarshal([]byte(part), x.Copy)
	}
	return err
}

// PutArchiveRequest adds one about a hearing of the scope.
func (s *Store) PutArchiveRequest(ctx context.Context, sc court.Scope, r store.ArchiveRequest, by store.AdminEntry) error {
	err := first(id("request", r.ID), id("hearing", r.Hearing), id("account", r.Account), id("purpose", r.Purpose))
	if err != nil {
		return err
	}
	part, err := copyText(r.Copy)
	if err != nil {
		return err
	}
	return s.administer(ctx, by, func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, r.Hearing); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `
			INSERT INTO archive_request (id, hearing, account, purpose, download, closed, at, outcome, done_by, done_at, reason, until, copy)
			VALUES ($1, $2, $3, $4, $5, $6, $7, '', '', 0, '', 0, $8)`,
			r.ID, r.Hearing, r.Account, nfc(r.Purpose), bit(r.Download), bit(r.Closed), r.At.UnixMicro(), part)
		return err
	})
}

// maxCopyText is what an index of PostgreSQL takes (2704 bytes of a row), with room for
// the hearing's id.
const maxCopyText = 2000

// copyText is a copy as its column has it; empty: none.
func copyText(c *store.ArchiveCopy) (string, error) {
	if c == nil {
		return "", nil
	}
	err := first(id("person", c.Person), id("capacity", string(c.Capacity)))
	if err != nil {
		return "", err
	}
	if c.Part < 1 || c.FromT <= 0 || c.ToT <= c.FromT || len(c.Tracks) == 0 || len(c.Tracks) > store.MaxCopyTracks {
		return "", invalid("a copy of nothing")
	}
	for _, t := range c.Tracks {
		if err := id("track", t); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("archive copy: %w", err)
	}
	if len(text) > maxCopyText {
		return "", invalid("a copy of too much")
	}
	return string(text), nil
}

// ArchiveRequest finds one about a hearing of the scope.
func (s *Store) ArchiveRequest(ctx context.Context, sc court.Scope, request string) (store.ArchiveRequest, error) {
	if err := id("request", request); err != nil {
		return store.ArchiveRequest{}, store.ErrNotFound
	}
	found, err := s.archiveRequests(ctx, sc, `WHERE r.id = $1`, request)
	if err != nil {
		return store.ArchiveRequest{}, err
	}
	if len(found) == 0 {
		return store.ArchiveRequest{}, store.ErrNotFound
	}
	return found[0], nil
}

// ArchiveRequests returns those about hearings of the scope.
func (s *Store) ArchiveRequests(ctx context.Context, sc court.Scope, hearing, account string) ([]store.ArchiveRequest, error) {
	if err := first(text("hearing", hearing, true), text("account", account, true)); err != nil {
		return nil, err
	}
	return s.archiveRequests(ctx, sc, `WHERE ($1 = '' OR r.hearing = $1) AND ($2 = '' OR r.account = $2) ORDER BY r.at DESC, r.id DESC`, hearing, account)
}

func (s *Store) archiveRequests(ctx context.Context, sc court.Scope, where string, args ...any) ([]store.ArchiveRequest, error) {
	return listed(ctx, s, "archive requests", store.MaxArchiveRequests, scanRequest,
		func(r store.ArchiveRequest) bool { return sc.Covers(r.Unit) }, requestColumns+where, args...)
}

// SettleArchiveRequest decides a request that waits, or ends a grant.
func (s *Store) SettleArchiveRequest(ctx context.Context, sc court.Scope, request string, d store.ArchiveDecision, by store.AdminEntry) (store.ArchiveRequest, error) {
	var r store.ArchiveRequest
	if err := id("request", request); err != nil {
		return r, store.ErrNotFound
	}
	granted := d.Outcome == store.Granted
	if (!granted && d.Outcome != store.Refused && d.Outcome != store.Ended) || granted != d.Until.After(by.At) {
		return r, invalid("a decision that nobody knows")
	}
	if err := text("reason", d.Reason, granted); err != nil {
		return r, err
	}
	err := s.administer(ctx, by, func(ctx context.Context, q querier) error {
		found, err := rows(ctx, q, scanRequest, requestColumns+`WHERE r.id = $1`+s.d.Lock(), request)
		if err != nil {
			return err
		}
		if len(found) == 0 || !sc.Covers(found[0].Unit) {
			return store.ErrNotFound
		}
		r = found[0]
		waits := r.Outcome == ""
		if (d.Outcome == store.Ended && !waits && !r.Open(by.At)) || (d.Outcome != store.Ended && (!waits || by.Actor == r.Account)) {
			return store.ErrConflict
		}
		r.Outcome, r.DoneBy, r.DoneAt, r.Reason = d.Outcome, by.Actor, micros(by.At.UnixMicro()), nfc(d.Reason)
		r.Download, r.Closed, r.Until = d.Download && granted, d.Closed && granted, fromMoment(0)
		if granted {
			r.Until = micros(d.Until.UnixMicro())
		}
		_, err = q.ExecContext(ctx, `
			UPDATE archive_request SET outcome = $2, done_by = $3, done_at = $4, reason = $5, download = $6, closed = $7, until = $8 WHERE id = $1`,
			r.ID, r.Outcome, r.DoneBy, r.DoneAt.UnixMicro(), r.Reason, bit(r.Download), bit(r.Closed), moment(r.Until))
		return err
	})
	if err != nil {
		return store.ArchiveRequest{}, err
	}
	return r, nil
}

// PutArchiveView adds who saw what of a hearing of the scope.
func (s *Store) PutArchiveView(ctx context.Context, sc court.Scope, v store.ArchiveView) error {
	err := first(id("hearing", v.Hearing), id("account", v.Account), text("request", v.Request, true), id("what", v.What))
	if err != nil {
		return err
	}
	return s.write(ctx, "put archive view", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, v.Hearing); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `INSERT INTO archive_view (at, hearing, part, account, request, what) VALUES ($1, $2, $3, $4, $5, $6)`,
			v.At.UnixMicro(), v.Hearing, v.Part, v.Account, v.Request, v.What)
		return err
	})
}

// ArchiveViews returns those of a hearing of the scope, the latest first.
func (s *Store) ArchiveViews(ctx context.Context, sc court.Scope, hearing string) (views []store.ArchiveView, err error) {
	err = s.read(ctx, "archive views", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, hearing); err != nil {
			return err
		}
		views, err = rows(ctx, q, func(r *sql.Rows, v *store.ArchiveView) error {
			var at int64
			err := r.Scan(&at, &v.Hearing, &v.Part, &v.Account, &v.Request, &v.What)
			v.At = micros(at)
			return err
		}, `SELECT at, hearing, part, account, request, what FROM archive_view WHERE hearing = $1 ORDER BY n DESC LIMIT $2`,
			hearing, store.MaxArchiveViews)
		return err
	})
	return views, err
}
