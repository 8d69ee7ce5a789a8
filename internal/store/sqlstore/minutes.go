package sqlstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"math"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// AppendMinutes adds one item. It holds the lock of every append to the state log, so
// that no event can come between the check and the insert; a trigger repeats the check.
func (s *Store) AppendMinutes(ctx context.Context, sc court.Scope, hearing string, n, seq uint64, line []byte) error {
	if n == 0 || n > math.MaxInt64 || seq == 0 || seq > math.MaxInt64 || len(line) == 0 || len(line) > store.MaxMinutesLine || bytes.IndexByte(line, '\n') >= 0 {
		return invalid("item %d of %d bytes", n, len(line))
	}
	return s.write(ctx, "append minutes", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, hearing); err != nil {
			return err
		}
		var epoch int64
		err := q.QueryRowContext(ctx, `SELECT epoch FROM lease WHERE hearing = $1`+s.d.Lock(), hearing).Scan(&epoch)
		if err != nil {
			return err
		}
		standing, err := rows(ctx, q, scanMinutes, `
			SELECT n, seq, line, prev, hash FROM minutes_item WHERE hearing = $1 AND n >= $2 AND n <= $3 ORDER BY n`,
			hearing, int64(n)-1, int64(n))
		if err != nil {
			return err
		}
		var prev [32]byte
		for _, l := range standing {
			if l.N == n {
				if l.Seq == seq && bytes.Equal(l.Line, line) {
					return nil
				}
				return store.ErrConflict
			}
			prev = l.Hash
		}
		hash := store.LineHash(prev, line)
		_, err = q.ExecContext(ctx, `INSERT INTO minutes_item (hearing, n, seq, line, prev, hash) VALUES ($1, $2, $3, $4, $5, $6)`,
			hearing, int64(n), int64(seq), line, prev[:], hash[:])
		return err
	})
}

// MinutesFrom returns at most limit items from n (1 is the first) on.
func (s *Store) MinutesFrom(ctx context.Context, sc court.Scope, hearing string, n uint64, limit int) (lines []store.MinutesLine, err error) {
	if limit < 1 || n > math.MaxInt64 {
		return nil, invalid("read of %d items", limit)
	}
	err = s.read(ctx, "read minutes", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, hearing); err != nil {
			return err
		}
		lines, err = rows(ctx, q, scanMinutes, `
			SELECT n, seq, line, prev, hash FROM minutes_item WHERE hearing = $1 AND n >= $2 ORDER BY n LIMIT $3`,
			hearing, int64(n), min(limit, store.MaxReadLines))
		return err
	})
	return lines, err
}

func scanMinutes(r *sql.Rows, l *store.MinutesLine) error {
	var n, seq int64
	var prev, hash []byte
	if err := r.Scan(&n, &seq, &l.Line, &prev, &hash); err != nil {
		return err
	}
	l.N, l.Seq = uint64(n), uint64(seq)
	copy(l.Prev[:], prev)
	copy(l.Hash[:], hash)
	return nil
}

// PutDocument keeps a file under its digest.
func (s *Store) PutDocument(ctx context.Context, sc court.Scope, hearing string, body []byte) ([32]byte, error) {
	sum := sha256.Sum256(body)
	if len(body) == 0 || len(body) > store.MaxDocument {
		return sum, invalid("a file of %d bytes", len(body))
	}
	return sum, s.write(ctx, "put document", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, hearing); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `
			INSERT INTO minutes_document (hearing, sha256, body) VALUES ($1, $2, $3) ON CONFLICT (hearing, sha256) DO NOTHING`,
			hearing, sum[:], body)
		return err
	})
}

// Document is a file of the hearing.
func (s *Store) Document(ctx context.Context, sc court.Scope, hearing string, sum [32]byte) (body []byte, err error) {
	err = s.read(ctx, "document", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, hearing); err != nil {
			return err
		}
		return q.QueryRowContext(ctx, `SELECT body FROM minutes_document WHERE hearing = $1 AND sha256 = $2`, hearing, sum[:]).Scan(&body)
	})
	if err == nil && sha256.Sum256(body) != sum {
		return nil, errors.New("store: a file differs from its digest")
	}
	return body, err
}
