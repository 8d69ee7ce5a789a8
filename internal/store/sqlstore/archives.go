package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"unicode/utf8"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

func checkPart(p store.ArchivePart) error {
	if err := first(id("hearing", p.Hearing), id("node", p.Node), id("path", p.Path)); err != nil {
		return err
	}
	switch {
	case p.Part < 1 || p.Part > 9999 || p.Size < 1 || p.Lines > math.MaxInt64 || p.Gaps < 0 || p.Damages < 0:
		return invalid("figures of a part")
	case len(p.Facts) > store.MaxFactBytes || !utf8.Valid(p.Facts):
		return invalid("facts of %d bytes, at most %d of UTF-8", len(p.Facts), store.MaxFactBytes)
	}
	return nil
}

// PutArchivePart adds a part or what became of its file.
func (s *Store) PutArchivePart(ctx context.Context, sc court.Scope, p store.ArchivePart) error {
	if err := checkPart(p); err != nil {
		return err
	}
	return s.write(ctx, "put archive part", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, p.Hearing); err != nil {
			return err
		}
		// The condition makes two nodes that tell of different files of one number not
		// overwrite one another: the second changes no row.
		n, err := affected(q.ExecContext(ctx, `
			INSERT INTO archive_part (hearing, part, node, path, size, sha256, manifest, root, lines, began, ended, gaps, damages, stamped, sealed, facts)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
			ON CONFLICT (hearing, part) DO UPDATE SET node = excluded.node, path = excluded.path, size = excluded.size,
				sha256 = excluded.sha256, gaps = excluded.gaps, damages = excluded.damages, stamped = excluded.stamped, facts = excluded.facts
			WHERE archive_part.manifest = excluded.manifest AND archive_part.root = excluded.root AND archive_part.stamped <= excluded.stamped`,
			p.Hearing, p.Part, p.Node, p.Path, p.Size, p.SHA256[:], p.Manifest[:], p.Root[:], int64(p.Lines), p.Began, p.Ended,
			p.Gaps, p.Damages, bit(p.Stamped), p.Sealed.UnixMicro(), append([]byte{}, p.Facts...)))
		if err == nil && n == 0 {
			return store.ErrConflict
		}
		if err != nil {
			return err
		}
		return indexArchive(ctx, q, p.Hearing)
	})
}

const partColumns = `SELECT p.hearing, p.part, p.node, p.path, p.size, p.sha256, p.manifest, p.root, p.lines, p.began, p.ended,
	p.gaps, p.damages, p.stamped, p.sealed, p.facts, p.removed FROM archive_part p `

func scanPart(r *sql.Rows, p *store.ArchivePart) error { return scanPartAnd(r, p) }

// scanPartAnd scans partColumns and what the query selects behind them.
func scanPartAnd(r *sql.Rows, p *store.ArchivePart, more ...any) error {
	var sum, manifest, root []byte
	var lines, sealed, removed int64
	var stamped int
	err := r.Scan(append([]any{
		&p.Hearing, &p.Part, &p.Node, &p.Path, &p.Size, &sum, &manifest, &root, &lines, &p.Began, &p.Ended,
		&p.Gaps, &p.Damages, &stamped, &sealed, &p.Facts, &removed,
	}, more...)...)
	if err != nil {
		return err
	}
	if len(sum) != 32 || len(manifest) != 32 || len(root) != 32 {
		return fmt.Errorf("digests of part %d", p.Part)
	}
	p.SHA256, p.Manifest, p.Root = [32]byte(sum), [32]byte(manifest), [32]byte(root)
	p.Lines, p.Stamped, p.Sealed = uint64(lines), stamped == 1, micros(sealed)
	p.Removed = fromMoment(removed)
	return nil
}

// ArchiveParts returns a hearing's parts, by number.
func (s *Store) ArchiveParts(ctx context.Context, sc court.Scope, hearing string) (parts []store.ArchivePart, err error) {
	if err := id("hearing", hearing); err != nil {
		return nil, store.ErrNotFound
	}
	err = s.read(ctx, "archive parts", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, hearing); err != nil {
			return err
		}
		parts, err = rows(ctx, q, scanPart, partColumns+`WHERE p.hearing = $1 ORDER BY p.part LIMIT $2`, hearing, store.MaxArchiveParts)
		return err
	})
	return parts, err
}
