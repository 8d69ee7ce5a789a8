package sqlstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"math"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Acquire takes or renews the lease of a hearing for ttl (1 µs to MaxLease).
//
// One statement decides: it waits for a concurrent holder of the row, then
// compares with the row and the clock as they are at that moment.
func (s *Store) Acquire(ctx context.Context, sc court.Scope, hearing, node string, ttl time.Duration) (store.Lease, error) {
	l := store.Lease{Hearing: hearing, Node: node}
	if err := first(id("hearing", hearing), id("node", node), checkTTL(ttl)); err != nil {
		return store.Lease{}, err
	}
	err := s.write(ctx, "acquire lease", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, hearing); err != nil {
			return err
		}
		now := s.d.Now()
		row := q.QueryRowContext(ctx, `
			INSERT INTO lease (hearing, node, epoch, expires) VALUES ($1, $2, 1, `+now+` + $3)
			ON CONFLICT (hearing) DO UPDATE SET
				node    = excluded.node,
				epoch   = CASE WHEN lease.node = excluded.node AND lease.expires > `+now+`
				               THEN lease.epoch ELSE lease.epoch + 1 END,
				expires = `+now+` + $4
			WHERE lease.node = excluded.node OR lease.expires <= `+now+`
			RETURNING epoch, expires`, hearing, node, ttl.Microseconds(), ttl.Microseconds())
		return scanLease(row, &l, store.ErrLeased)
	})
	if err != nil {
		return store.Lease{}, err
	}
	return l, nil
}

// Renew prolongs a lease that is still of this node and epoch, also after it ran
// out when nobody took it meanwhile.
func (s *Store) Renew(ctx context.Context, sc court.Scope, l store.Lease, ttl time.Duration) (store.Lease, error) {
	if err := first(id("hearing", l.Hearing), id("node", l.Node), checkTTL(ttl), checkEpoch(l.Epoch)); err != nil {
		return store.Lease{}, err
	}
	err := s.write(ctx, "renew lease", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, l.Hearing); err != nil {
			return err
		}
		row := q.QueryRowContext(ctx, `
			UPDATE lease SET expires = `+s.d.Now()+` + $4
			WHERE hearing = $1 AND node = $2 AND epoch = $3
			RETURNING epoch, expires`, l.Hearing, l.Node, int64(l.Epoch), ttl.Microseconds())
		return scanLease(row, &l, store.ErrFenced)
	})
	if err != nil {
		return store.Lease{}, err
	}
	return l, nil
}

// Release gives the lease up; the epoch stays behind so that it never falls.
// Releasing again is a success; a lease that another node took gives ErrFenced.
func (s *Store) Release(ctx context.Context, sc court.Scope, l store.Lease) error {
	if err := first(id("hearing", l.Hearing), id("node", l.Node), checkEpoch(l.Epoch)); err != nil {
		return err
	}
	return s.write(ctx, "release lease", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, l.Hearing); err != nil {
			return err
		}
		n, err := affected(q.ExecContext(ctx, `
			UPDATE lease SET node = '', expires = 0
			WHERE hearing = $1 AND epoch = $2 AND node IN ($3, '')`, l.Hearing, int64(l.Epoch), l.Node))
		if err == nil && n == 0 {
			err = store.ErrFenced
		}
		return err
	})
}

func scanLease(row *sql.Row, l *store.Lease, none error) error {
	var epoch, expires int64
	switch err := row.Scan(&epoch, &expires); err {
	case nil:
		l.Epoch, l.Expires = uint64(epoch), time.UnixMicro(expires).UTC()
		return nil
	case sql.ErrNoRows:
		return none
	default:
		return err
	}
}

func checkTTL(ttl time.Duration) error {
	if ttl < time.Microsecond || ttl > store.MaxLease {
		return invalid("lease of %v", ttl)
	}
	return nil
}

func checkEpoch(e uint64) error {
	if e == 0 || e > math.MaxInt64 {
		return invalid("epoch out of range")
	}
	return nil
}

// Append adds lines after sequence `after`, all or none. The lease row stays
// locked until the commit, so no takeover can fall between check and insert; a
// trigger repeats the check for whoever writes past this code.
func (s *Store) Append(ctx context.Context, sc court.Scope, l store.Lease, after uint64, lines [][]byte) error {
	err := first(id("hearing", l.Hearing), id("node", l.Node), checkEpoch(l.Epoch), checkLines(after, lines))
	if err != nil {
		return err
	}
	return s.write(ctx, "append", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, l.Hearing); err != nil {
			return err
		}
		if err := s.hold(ctx, q, l); err != nil {
			return err
		}
		return appendLines(ctx, q, l, after, lines)
	})
}

// hold locks the lease row and gives ErrFenced unless it is l's.
func (s *Store) hold(ctx context.Context, q querier, l store.Lease) error {
	var node string
	var epoch int64
	err := q.QueryRowContext(ctx, `SELECT node, epoch FROM lease WHERE hearing = $1`+s.d.Lock(), l.Hearing).
		Scan(&node, &epoch)
	if err == sql.ErrNoRows || err == nil && (node != l.Node || uint64(epoch) != l.Epoch) {
		return store.ErrFenced
	}
	return err
}

// appendLines compares what stands at the place already and inserts the rest.
func appendLines(ctx context.Context, q querier, l store.Lease, after uint64, lines [][]byte) error {
	standing, err := rows(ctx, q, scanLine, `
		SELECT seq, epoch, line, prev, hash FROM state_log
		WHERE hearing = $1 AND seq >= $2 AND seq <= $3 ORDER BY seq`,
		l.Hearing, int64(after), int64(after)+int64(len(lines)))
	if err != nil {
		return err
	}
	var prev [32]byte
	if after > 0 {
		if len(standing) == 0 || standing[0].Seq != after {
			return store.ErrConflict
		}
		prev, standing = standing[0].Hash, standing[1:]
	}
	for i, line := range lines {
		if i < len(standing) {
			if !bytes.Equal(standing[i].Line, line) {
				return store.ErrConflict
			}
			prev = standing[i].Hash
			continue
		}
		hash := store.LineHash(prev, line)
		_, err := q.ExecContext(ctx, `
			INSERT INTO state_log (hearing, seq, epoch, line, prev, hash) VALUES ($1, $2, $3, $4, $5, $6)`,
			l.Hearing, int64(after)+int64(i)+1, int64(l.Epoch), line, prev[:], hash[:])
		if err != nil {
			return err
		}
		prev = hash
	}
	return nil
}

// Read returns at most limit lines from sequence `from` (1 is the first) on.
func (s *Store) Read(ctx context.Context, sc court.Scope, hearing string, from uint64, limit int) (lines []store.Line, err error) {
	if limit < 1 || from > math.MaxInt64 {
		return nil, invalid("read of %d lines", limit)
	}
	err = s.read(ctx, "read log", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, hearing); err != nil {
			return err
		}
		lines, err = rows(ctx, q, scanLine, `
			SELECT seq, epoch, line, prev, hash FROM state_log
			WHERE hearing = $1 AND seq >= $2 ORDER BY seq LIMIT $3`,
			hearing, int64(from), min(limit, store.MaxReadLines))
		return err
	})
	return lines, err
}

func scanLine(r *sql.Rows, l *store.Line) error {
	var seq, epoch int64
	var prev, hash []byte
	if err := r.Scan(&seq, &epoch, &l.Line, &prev, &hash); err != nil {
		return err
	}
	l.Seq, l.Epoch = uint64(seq), uint64(epoch)
	copy(l.Prev[:], prev)
	copy(l.Hash[:], hash)
	return nil
}

// PutCheckpoint inserts a signed note; the same note again is a success.
func (s *Store) PutCheckpoint(ctx context.Context, sc court.Scope, hearing string, size uint64, note []byte) error {
	if len(note) == 0 || len(note) > store.MaxNoteBytes || size > math.MaxInt64 {
		return invalid("checkpoint of %d bytes", len(note))
	}
	sum := sha256.Sum256(note)
	return s.write(ctx, "put checkpoint", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, hearing); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `
			INSERT INTO checkpoint (hearing, size, note_hash, note) VALUES ($1, $2, $3, $4)
			ON CONFLICT (hearing, size, note_hash) DO NOTHING`, hearing, int64(size), sum[:], note)
		return err
	})
}

// LastCheckpoint returns the latest one put, else ErrNotFound.
func (s *Store) LastCheckpoint(ctx context.Context, sc court.Scope, hearing string) (size uint64, note []byte, err error) {
	err = s.read(ctx, "last checkpoint", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, hearing); err != nil {
			return err
		}
		return q.QueryRowContext(ctx,
			`SELECT size, note FROM checkpoint WHERE hearing = $1 ORDER BY n DESC LIMIT 1`, hearing).
			Scan(&size, &note)
	})
	return size, note, err
}
