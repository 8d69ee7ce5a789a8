package sqlstore

import (
	"context"
	"database/sql"
	"time"
	"unicode/utf8"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

const supplementColumns = `SELECT s.hearing, s.subject, s.kind, s.wanted, s.node, s.number, s.made, s.size, s.sha256, s.manifest, s.facts
	FROM archive_supplement s `

func scanSupplement(r *sql.Rows, s *store.ArchiveSupplement) error {
	var wanted, made int64
	var sum, manifest []byte
	if err := r.Scan(&s.Hearing, &s.Subject, &s.Kind, &wanted, &s.Node, &s.Number, &made, &s.Size, &sum, &manifest, &s.Facts); err != nil {
		return err
	}
	copy(s.SHA256[:], sum)
	copy(s.Manifest[:], manifest)
	s.Wanted, s.Made = micros(wanted), fromMoment(made)
	if len(s.Facts) == 0 {
		s.Facts = nil
	}
	return nil
}

// WantSupplement asks for one of the subject, once.
func (s *Store) WantSupplement(ctx context.Context, hearing, subject, kind, node string, at time.Time) error {
	if err := first(id("hearing", hearing), id("subject", subject), id("kind", kind), text("node", node, true)); err != nil {
		return err
	}
	return s.write(ctx, "want supplement", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, court.SystemScope(), hearing); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `
			INSERT INTO archive_supplement (hearing, subject, kind, wanted, node) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (hearing, subject) DO NOTHING`, hearing, subject, kind, at.UnixMicro(), node)
		return err
	})
}

// WantedSupplements returns those that the node has to make.
func (s *Store) WantedSupplements(ctx context.Context, node string) (list []store.ArchiveSupplement, err error) {
	err = s.read(ctx, "wanted supplements", func(ctx context.Context, q querier) error {
		list, err = rows(ctx, q, scanSupplement, supplementColumns+`
			WHERE s.made = 0 AND (s.node = $1 OR (s.node = '' AND $1 =
				(SELECT p.node FROM archive_part p WHERE p.hearing = s.hearing ORDER BY p.part DESC LIMIT 1)))
			ORDER BY s.wanted, s.hearing, s.subject LIMIT $2`, node, store.MaxSupplements)
		return err
	})
	return list, err
}

func supplementOf(ctx context.Context, q querier, hearing, subject string) (x store.ArchiveSupplement, err error) {
	found, err := rows(ctx, q, scanSupplement, supplementColumns+`WHERE s.hearing = $1 AND s.subject = $2`, hearing, subject)
	if err == nil && len(found) != 1 {
		err = store.ErrNotFound
	}
	if err != nil {
		return x, err
	}
	return found[0], nil
}

// NumberSupplement gives a wanted one its number for ever.
func (s *Store) NumberSupplement(ctx context.Context, hearing, subject, node string, above int) (x store.ArchiveSupplement, err error) {
	if err := id("node", node); err != nil {
		return x, err
	}
	err = s.write(ctx, "number supplement", func(ctx context.Context, q querier) error {
		// Numbers of a hearing are given one after the other.
		var h string
		if err := q.QueryRowContext(ctx, `SELECT id FROM hearing WHERE id = $1`+s.d.Lock(), hearing).Scan(&h); err != nil {
			return err
		}
		if x, err = supplementOf(ctx, q, hearing, subject); err != nil {
			return err
		}
		if x.Node != "" && x.Node != node {
			return store.ErrConflict
		}
		if x.Number > 0 {
			return nil
		}
		var last int
		if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) FROM archive_supplement WHERE hearing = $1`, hearing).Scan(&last); err != nil {
			return err
		}
		if x.Number, x.Node = max(last, above)+1, node; x.Number > store.MaxSupplementNumber {
			return invalid("supplement number %d", x.Number)
		}
		_, err := q.ExecContext(ctx, `UPDATE archive_supplement SET number = $3, node = $4 WHERE hearing = $1 AND subject = $2`,
			hearing, subject, x.Number, node)
		return err
	})
	return x, err
}

// SupplementMade enters the file, once.
func (s *Store) SupplementMade(ctx context.Context, m store.ArchiveSupplement) error {
	if m.Size < 1 || m.Made.IsZero() || len(m.Facts) > store.MaxFactBytes || !utf8.Valid(m.Facts) {
		return invalid("a supplement of %d bytes", m.Size)
	}
	return s.write(ctx, "supplement made", func(ctx context.Context, q querier) error {
		n, err := affected(q.ExecContext(ctx, `
			UPDATE archive_supplement SET made = $4, size = $5, sha256 = $6, manifest = $7, facts = $8
			WHERE hearing = $1 AND subject = $2 AND number = $3 AND made = 0`,
			m.Hearing, m.Subject, m.Number, m.Made.UnixMicro(), m.Size, m.SHA256[:], m.Manifest[:], append([]byte{}, m.Facts...)))
		if err != nil || n == 1 {
			return err
		}
		x, err := supplementOf(ctx, q, m.Hearing, m.Subject)
		if err == nil && (x.Number != m.Number || x.SHA256 != m.SHA256) {
			err = store.ErrConflict
		}
		return err
	})
}

// ArchiveSupplements returns those made of a hearing, by number.
func (s *Store) ArchiveSupplements(ctx context.Context, sc court.Scope, hearing string) (list []store.ArchiveSupplement, err error) {
	if err := id("hearing", hearing); err != nil {
		return nil, store.ErrNotFound
	}
	err = s.read(ctx, "archive supplements", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, hearing); err != nil {
			return err
		}
		list, err = rows(ctx, q, scanSupplement, supplementColumns+`WHERE s.hearing = $1 AND s.made > 0 ORDER BY s.number LIMIT $2`,
			hearing, store.MaxSupplements)
		return err
	})
	return list, err
}
