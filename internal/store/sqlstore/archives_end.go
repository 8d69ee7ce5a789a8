package sqlstore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

func scanLodging(r *sql.Rows, l *store.ArchiveLodging) error {
	var at int64
	err := r.Scan(&l.ID, &l.Hearing, &l.Reference, &l.Folios, &l.Parts, &l.Account, &at)
	l.At = micros(at)
	return err
}

const lodgingColumns = `SELECT id, hearing, reference, folios, parts, account, at FROM archive_lodging `

// PutArchiveLodging adds one, or gives the same that stands.
func (s *Store) PutArchiveLodging(ctx context.Context, sc court.Scope, l store.ArchiveLodging, by store.AdminEntry) (store.ArchiveLodging, error) {
	err := first(id("lodging", l.ID), id("hearing", l.Hearing), id("reference", l.Reference), text("folios", l.Folios, true),
		text("parts", l.Parts, false), id("account", l.Account))
	if err != nil {
		return l, err
	}
	l.Reference, l.Folios, l.At = nfc(l.Reference), nfc(l.Folios), micros(l.At.UnixMicro())
	standing := func(ctx context.Context, q querier) (found bool, err error) {
		old, err := rows(ctx, q, scanLodging, lodgingColumns+`WHERE hearing = $1 AND reference = $2`, l.Hearing, l.Reference)
		if err != nil || len(old) == 0 {
			return false, err
		}
		if old[0].Folios != l.Folios || old[0].Parts != l.Parts {
			return true, store.ErrConflict
		}
		l = old[0]
		return true, nil
	}
	var known bool
	err = s.read(ctx, "archive lodging", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, l.Hearing); err != nil {
			return err
		}
		known, err = standing(ctx, q)
		return err
	})
	if err != nil || known {
		return l, err
	}
	return l, s.administer(ctx, by, func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO archive_lodging (id, hearing, reference, folios, parts, account, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			l.ID, l.Hearing, l.Reference, l.Folios, l.Parts, l.Account, l.At.UnixMicro())
		return err
	})
}

// ArchiveLodgings returns those of a hearing of the scope, the latest first.
func (s *Store) ArchiveLodgings(ctx context.Context, sc court.Scope, hearing string) (found []store.ArchiveLodging, err error) {
	err = s.read(ctx, "archive lodgings", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, hearing); err != nil {
			return err
		}
		found, err = rows(ctx, q, scanLodging, lodgingColumns+`WHERE hearing = $1 ORDER BY at DESC, id DESC LIMIT $2`, hearing, store.MaxArchiveChecks)
		return err
	})
	return found, err
}

const disposalColumns = `SELECT d.id, d.hearing, h.unit, d.reason, d.proposer, d.at, d.expires, d.outcome, d.done_by, d.done_at, d.contents
	FROM archive_disposal d JOIN hearing h ON h.id = d.hearing `

func scanDisposal(r *sql.Rows, d *store.ArchiveDisposal) error {
	var unit string
	var at, expires, done int64
	err := r.Scan(&d.ID, &d.Hearing, &unit, &d.Reason, &d.By, &at, &expires, &d.Outcome, &d.DoneBy, &done, &d.Contents)
	d.Unit, d.At, d.Expires, d.DoneAt = court.UnitID(unit), micros(at), micros(expires), fromMoment(done)
	return err
}

// PutArchiveDisposal adds one that waits. Those that ran out make room.
func (s *Store) PutArchiveDisposal(ctx context.Context, sc court.Scope, d store.ArchiveDisposal, by store.AdminEntry) error {
	if err := first(id("disposal", d.ID), id("hearing", d.Hearing), id("reason", d.Reason), id("proposer", d.By)); err != nil {
		return err
	}
	return s.administer(ctx, by, func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, d.Hearing); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `UPDATE archive_disposal SET outcome = 'withdrawn', done_by = 'system', done_at = expires
			WHERE hearing = $1 AND outcome = '' AND expires <= $2`, d.Hearing, d.At.UnixMicro())
		if err != nil {
			return err
		}
		_, err = q.ExecContext(ctx, `
			INSERT INTO archive_disposal (id, hearing, reason, proposer, at, expires, outcome, done_by, done_at, contents)
			VALUES ($1, $2, $3, $4, $5, $6, '', '', 0, '')`, d.ID, d.Hearing, nfc(d.Reason), d.By, d.At.UnixMicro(), d.Expires.UnixMicro())
		return err
	})
}

// ArchiveDisposals returns those of a hearing, or of the scope.
func (s *Store) ArchiveDisposals(ctx context.Context, sc court.Scope, hearing string) ([]store.ArchiveDisposal, error) {
	if err := text("hearing", hearing, true); err != nil {
		return nil, err
	}
	return listed(ctx, s, "archive disposals", store.MaxArchiveRequests, scanDisposal,
		func(d store.ArchiveDisposal) bool { return sc.Covers(d.Unit) },
		disposalColumns+`WHERE ($1 = '' OR d.hearing = $1) ORDER BY d.at DESC, d.id DESC`, hearing)
}

// SettleArchiveDisposal gives one that waits its outcome.
func (s *Store) SettleArchiveDisposal(ctx context.Context, sc court.Scope, disposal, outcome, contents string, by store.AdminEntry) (store.ArchiveDisposal, error) {
	var d store.ArchiveDisposal
	if err := id("disposal", disposal); err != nil {
		return d, store.ErrNotFound
	}
	confirmed := outcome == store.Confirmed
	if (!confirmed && outcome != store.Withdrawn) || len(contents) > store.MaxFactBytes || confirmed == (contents == "") {
		return d, invalid("an outcome that nobody knows")
	}
	err := s.administer(ctx, by, func(ctx context.Context, q querier) error {
		found, err := rows(ctx, q, scanDisposal, disposalColumns+`WHERE d.id = $1`+s.d.Lock(), disposal)
		if err != nil {
			return err
		}
		if len(found) == 0 || !sc.Covers(found[0].Unit) {
			return store.ErrNotFound
		}
		d = found[0]
		if d.Outcome != "" || !d.Expires.After(by.At) || (confirmed && by.Actor == d.By) {
			return store.ErrConflict
		}
		if confirmed {
			parts, err := rows(ctx, q, scanPart, partColumns+`WHERE p.hearing = $1`, d.Hearing)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(parts, func(p store.ArchivePart) bool { return !judged(contents, p) }) {
				return store.ErrConflict
			}
		}
		d.Outcome, d.DoneBy, d.DoneAt, d.Contents = outcome, by.Actor, micros(by.At.UnixMicro()), contents
		_, err = q.ExecContext(ctx, `UPDATE archive_disposal SET outcome = $2, done_by = $3, done_at = $4, contents = $5 WHERE id = $1`,
			d.ID, d.Outcome, d.DoneBy, d.DoneAt.UnixMicro(), d.Contents)
		return err
	})
	if err != nil {
		return store.ArchiveDisposal{}, err
	}
	return d, nil
}

// DisposedParts returns parts on the node whose files are still to be removed: those
// that were judged. One that was catalogued later stays, whatever became of the rest.
func (s *Store) DisposedParts(ctx context.Context, node string) ([]store.ArchivePart, error) {
	type disposed struct {
		store.ArchivePart
		judged bool
	}
	found, err := listed(ctx, s, "disposed parts", store.MaxArchiveParts, func(r *sql.Rows, d *disposed) error {
		var contents string
		err := scanPartAnd(r, &d.ArchivePart, &contents)
		d.judged = err == nil && judged(contents, d.ArchivePart)
		return err
	}, func(d disposed) bool { return d.judged }, strings.Replace(partColumns, " FROM ", ", d.contents FROM ", 1)+`JOIN archive_disposal d ON d.hearing = p.hearing
			WHERE d.outcome = 'confirmed' AND p.removed = 0 AND p.node = $1 ORDER BY p.hearing, p.part`, node)
	parts := make([]store.ArchivePart, 0, len(found))
	for _, d := range found {
		parts = append(parts, d.ArchivePart)
	}
	return parts, err
}

// judged tells whether a disposal's contents name a part, by the digest of its list
// of files: its own one grows by timestamps.
func judged(contents string, p store.ArchivePart) bool {
	var c struct {
		Parts []struct {
			Part     int    `json:"part"`
			Manifest string `json:"manifest_sha256"`
		} `json:"parts"`
	}
	if json.Unmarshal([]byte(contents), &c) != nil {
		return false
	}
	for _, x := range c.Parts {
		if x.Part == p.Part && x.Manifest == hex.EncodeToString(p.Manifest[:]) {
			return true
		}
	}
	return false
}

// ArchivePartRemoved says that the file of a disposed part was removed.
func (s *Store) ArchivePartRemoved(ctx context.Context, hearing string, part int, at time.Time) error {
	return s.write(ctx, "archive part removed", func(ctx context.Context, q querier) error {
		n, err := affected(q.ExecContext(ctx, `UPDATE archive_part SET removed = $3 WHERE hearing = $1 AND part = $2`, hearing, part, at.UnixMicro()))
		if err == nil && n == 0 {
			return store.ErrNotFound
		}
		return err
	})
}
