package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Bounds of alarms and remembered answers.
const (
	maxAlarms       = 500
	maxAlarmDetail  = 500 // bytes
	maxIdempotent   = 64  // bytes of a key
	keepIdempotent  = 24 * time.Hour
	sweepIdempotent = 50 // rows removed with one Remember
)

// PutAlarm stores a new alarm; the same id again changes nothing.
func (s *Store) PutAlarm(ctx context.Context, a store.Alarm) error {
	err := first(id("alarm", a.ID), id("unit", string(a.Unit)), id("kind", a.Kind), text("hearing", a.Hearing, true),
		text("person", a.Person, true), text("device", a.Device, true), text("detail", a.Detail, true))
	if err != nil {
		return err
	}
	if len(a.Detail) > maxAlarmDetail {
		return invalid("detail is longer than %d bytes", maxAlarmDetail)
	}
	return s.write(ctx, "put alarm", func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `
			INSERT INTO alarm (id, at, unit, hearing, person, device, kind, detail, taken_by, taken_at, done_by, done_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', 0, '', 0) ON CONFLICT (id) DO NOTHING`,
			a.ID, a.At.UnixMicro(), string(a.Unit), a.Hearing, a.Person, a.Device, a.Kind, nfc(a.Detail))
		return err
	})
}

// Alarms returns at most 500 that are not done or were done since, latest first.
func (s *Store) Alarms(ctx context.Context, sc court.Scope, doneSince time.Time) ([]store.Alarm, error) {
	var out []store.Alarm
	err := s.read(ctx, "alarms", func(ctx context.Context, q querier) error {
		_, err := rows(ctx, q, func(r *sql.Rows, a *store.Alarm) error {
			if len(out) == maxAlarms {
				return errEnough
			}
			if err := scanAlarm(r, a); err != nil {
				return err
			}
			if alarmOf(sc, a.Unit) {
				out = append(out, *a)
			}
			return nil
		}, `SELECT id, at, unit, hearing, person, device, kind, detail, taken_by, taken_at, done_by, done_at FROM alarm
			WHERE done_at = 0 OR done_at >= $1 ORDER BY at DESC, id DESC`, doneSince.UnixMicro())
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	})
	return out, err
}

// alarmOf tells whether an alarm of the unit is in the scope; one of the whole node is in
// every scope that is not empty.
func alarmOf(sc court.Scope, u court.UnitID) bool {
	return sc.Covers(u) || u == store.WholeNode && !sc.Empty()
}

func scanAlarm(r *sql.Rows, a *store.Alarm) error {
	var unit string
	var at, taken, done int64
	err := r.Scan(&a.ID, &at, &unit, &a.Hearing, &a.Person, &a.Device, &a.Kind, &a.Detail, &a.TakenBy, &taken, &a.DoneBy, &done)
	a.Unit, a.At = court.UnitID(unit), micros(at)
	if taken != 0 {
		a.TakenAt = micros(taken)
	}
	if done != 0 {
		a.DoneAt = micros(done)
	}
	return err
}

// TakeAlarm notes who looks after it; somebody else's gives ErrConflict.
func (s *Store) TakeAlarm(ctx context.Context, sc court.Scope, alarm, account string, now time.Time) error {
	return s.mark(ctx, sc, "taken", alarm, account, now, ` AND done_by = ''`)
}

// DoneAlarm notes who settled it, taken or not; a second person gets ErrConflict.
func (s *Store) DoneAlarm(ctx context.Context, sc court.Scope, alarm, account string, now time.Time) error {
	return s.mark(ctx, sc, "done", alarm, account, now, ``)
}

// mark writes who and when, once; who repeats it succeeds and changes nothing.
func (s *Store) mark(ctx context.Context, sc court.Scope, what, alarm, account string, now time.Time, unless string) error {
	if err := first(id("alarm", alarm), id("account", account)); err != nil {
		return err
	}
	return s.write(ctx, what+" alarm", func(ctx context.Context, q querier) error {
		var unit string
		if err := q.QueryRowContext(ctx, `SELECT unit FROM alarm WHERE id = $1`, alarm).Scan(&unit); err != nil {
			return err
		}
		if !alarmOf(sc, court.UnitID(unit)) {
			return store.ErrNotFound
		}
		n, err := affected(q.ExecContext(ctx, `UPDATE alarm SET `+what+`_by = $2, `+what+`_at = $3
			WHERE id = $1 AND `+what+`_by = ''`+unless, alarm, account, now.UnixMicro()))
		if err != nil || n == 1 {
			return err
		}
		var by string
		if err := q.QueryRowContext(ctx, `SELECT `+what+`_by FROM alarm WHERE id = $1`, alarm).Scan(&by); err != nil {
			return err
		}
		if by != account {
			return store.ErrConflict
		}
		return nil
	})
}

// Remember stores the first answer under account and key, or returns it.
func (s *Store) Remember(ctx context.Context, i store.Idempotent) (store.Idempotent, error) {
	if err := first(id("account", i.Account), id("key", i.Key)); err != nil {
		return store.Idempotent{}, err
	}
	if len(i.Key) > maxIdempotent || len(i.Body) > store.MaxNoteBytes {
		return store.Idempotent{}, invalid("a key of %d bytes (at most %d), a body of %d (at most %d)",
			len(i.Key), maxIdempotent, len(i.Body), store.MaxNoteBytes)
	}
	if i.Body == nil {
		i.Body = []byte{}
	}
	var stands store.Idempotent
	err := s.write(ctx, "remember", func(ctx context.Context, q querier) error {
		if err := s.forget(ctx, q, i.Account, i.Key); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `
			INSERT INTO idempotent (account, key, digest, status, body, at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (account, key) DO NOTHING`, i.Account, i.Key, i.Digest[:], i.Status, i.Body, i.At.UnixMicro())
		if err != nil {
			return err
		}
		stands, err = s.remembered(ctx, q, i.Account, i.Key)
		if err == nil && stands.Digest != i.Digest {
			err = store.ErrConflict
		}
		return err
	})
	if err != nil {
		return store.Idempotent{}, err
	}
	return stands, nil
}

// forget removes what is past its time: of this key, and some of all others, so
// that the table does not grow with the years.
func (s *Store) forget(ctx context.Context, q querier, account, key string) error {
	old := s.d.Now() + ` - ` + itoa(keepIdempotent.Microseconds())
	_, err := q.ExecContext(ctx, `DELETE FROM idempotent WHERE account = $1 AND key = $2 AND at <= `+old, account, key)
	if err != nil {
		return err
	}
	_, err = q.ExecContext(ctx, `
		DELETE FROM idempotent WHERE (account, key) IN
			(SELECT account, key FROM idempotent WHERE at <= `+old+` ORDER BY at LIMIT `+itoa(sweepIdempotent)+`)`)
	return err
}

// Remembered returns the answer that stands, else ErrNotFound.
func (s *Store) Remembered(ctx context.Context, account, key string) (i store.Idempotent, err error) {
	if err := first(id("account", account), id("key", key)); err != nil {
		return i, err
	}
	err = s.read(ctx, "remembered", func(ctx context.Context, q querier) error {
		i, err = s.remembered(ctx, q, account, key)
		return err
	})
	if err != nil {
		return store.Idempotent{}, err
	}
	return i, nil
}

func (s *Store) remembered(ctx context.Context, q querier, account, key string) (store.Idempotent, error) {
	i := store.Idempotent{Account: account, Key: key}
	var at int64
	var digest []byte
	err := q.QueryRowContext(ctx, `
		SELECT digest, status, body, at FROM idempotent WHERE account = $1 AND key = $2
		AND at > `+s.d.Now()+` - `+itoa(keepIdempotent.Microseconds()), account, key).
		Scan(&digest, &i.Status, &i.Body, &at)
	if err != nil {
		return i, err
	}
	i.Digest, i.At = [32]byte(digest), micros(at)
	return i, nil
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
