package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

const keyColumns = `SELECT k.id, k.unit, k.n, k.recipient, k.identity, k.created, k.by_whom FROM oversight_keys k WHERE k.unit = $1 ORDER BY k.n`

func scanNoteKey(r *sql.Rows, k *store.NoteKey) error {
	var created int64
	err := r.Scan(&k.ID, (*string)(&k.Unit), &k.Number, &k.Recipient, &k.Identity, &created, &k.By)
	k.Created = micros(created)
	return err
}

// PutNoteKey is insert-only.
func (s *Store) PutNoteKey(ctx context.Context, k store.NoteKey) error {
	if err := first(id("key", k.ID), id("unit", string(k.Unit)), id("by", k.By)); err != nil {
		return err
	}
	if !k.Valid() || k.Number < 1 {
		return invalid("a key of %d bytes with number %d", len(k.Identity), k.Number)
	}
	return s.write(ctx, "put note key", func(ctx context.Context, q querier) error {
		var last int
		err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(n), 0) FROM oversight_keys WHERE unit = $1`, string(k.Unit)).Scan(&last)
		switch {
		case err != nil:
			return err
		case last >= store.MaxNoteKeys:
			return store.ErrFull
		case k.Number != last+1:
			return store.ErrConflict
		}
		// Of two at once one finds its number taken.
		_, err = q.ExecContext(ctx, `
			INSERT INTO oversight_keys (id, unit, n, recipient, identity, created, by_whom) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			k.ID, string(k.Unit), k.Number, k.Recipient, k.Identity, k.Created.UnixMicro(), k.By)
		return err
	})
}

// NoteKeys returns the keys of the unit, by number.
func (s *Store) NoteKeys(ctx context.Context, unit court.UnitID) (list []store.NoteKey, err error) {
	err = s.read(ctx, "note keys", func(ctx context.Context, q querier) error {
		list, err = rows(ctx, q, scanNoteKey, keyColumns, string(unit))
		return err
	})
	return list, err
}

// noteColumns end where a hearing of the reader's scope without a seat of theirs is asked
// for; $1 is the unit, $2 the account.
const noteColumns = `
	SELECT n.id, n.hearing, n.unit, n.n, n.official, n.at, n.written, n.key_id, n.sealed, h.docket_no, h.unit
	FROM oversight_notes n JOIN hearing h ON h.id = n.hearing
	WHERE n.unit = $1 AND NOT EXISTS (SELECT 1 FROM seat s WHERE s.hearing = n.hearing AND s.account = $2) `

func scanNote(r *sql.Rows, n *store.Note) error {
	var at, written int64
	err := r.Scan(&n.ID, &n.Hearing, (*string)(&n.Unit), &n.Number, &n.Official, &at, &written, &n.Key, &n.Sealed, &n.Docket, (*string)(&n.Court))
	n.At, n.Written = micros(at), micros(written)
	return err
}

// seated gives ErrNotFound unless the hearing is in the scope and the reader has no seat
// in it.
func seated(ctx context.Context, q querier, sc court.Scope, r store.NoteReader, hearing string) error {
	if err := scoped(ctx, q, sc, hearing); err != nil {
		return err
	}
	var seats int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM seat WHERE hearing = $1 AND account = $2`, hearing, r.Account).Scan(&seats)
	if err == nil && seats > 0 {
		err = store.ErrNotFound
	}
	return err
}

// PutNote is insert-only.
func (s *Store) PutNote(ctx context.Context, sc court.Scope, n store.Note) (put store.Note, err error) {
	err = first(id("note", n.ID), id("hearing", n.Hearing), id("unit", string(n.Unit)), id("official", n.Official), id("key", n.Key))
	if err != nil {
		return put, err
	}
	if !store.ValidSealedNote(n.Sealed) || n.Written.Before(n.At) {
		return put, invalid("a note of %d bytes", len(n.Sealed))
	}
	reader := store.NoteReader{Unit: n.Unit, Account: n.Official}
	err = s.write(ctx, "put note", func(ctx context.Context, q querier) error {
		if err := seated(ctx, q, sc, reader, n.Hearing); err != nil {
			return err
		}
		// The unit's keys stand in the way of its notes only: those of a hearing must
		// wait for nobody outside of it.
		keys, err := rows(ctx, q, scanNoteKey, keyColumns+s.d.Lock(), string(n.Unit))
		if err != nil {
			return err
		}
		stands, err := rows(ctx, q, scanNote, noteColumns+`AND n.hearing = $3 AND n.official = $2 AND n.sealed = $4`,
			string(n.Unit), n.Official, n.Hearing, n.Sealed)
		if err != nil {
			return err
		}
		if len(stands) > 0 {
			put = stands[0]
			return nil
		}
		var last int
		err = q.QueryRowContext(ctx, `SELECT COALESCE(MAX(n), 0) FROM oversight_notes WHERE hearing = $1 AND unit = $2`, n.Hearing, string(n.Unit)).Scan(&last)
		switch {
		case err != nil:
			return err
		case len(keys) == 0 || keys[len(keys)-1].ID != n.Key:
			return store.ErrConflict
		case last >= store.MaxNotes:
			return store.ErrFull
		}
		_, err = q.ExecContext(ctx, `
			INSERT INTO oversight_notes (id, hearing, unit, n, official, at, written, key_id, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			n.ID, n.Hearing, string(n.Unit), last+1, n.Official, n.At.UnixMicro(), n.Written.UnixMicro(), n.Key, n.Sealed)
		if err != nil {
			return err
		}
		stands, err = rows(ctx, q, scanNote, noteColumns+`AND n.id = $3`, string(n.Unit), n.Official, n.ID)
		if err == nil && len(stands) == 1 {
			put = stands[0]
		}
		return err
	})
	return put, err
}

// NotesOf returns the unit's notes of a hearing, by moment.
func (s *Store) NotesOf(ctx context.Context, sc court.Scope, r store.NoteReader, hearing string) (list []store.Note, err error) {
	if err := id("hearing", hearing); err != nil {
		return nil, store.ErrNotFound
	}
	err = s.read(ctx, "notes of a hearing", func(ctx context.Context, q querier) error {
		if err := seated(ctx, q, sc, r, hearing); err != nil {
			return err
		}
		list, err = rows(ctx, q, scanNote, noteColumns+`AND n.hearing = $3 ORDER BY n.at, n.n`, string(r.Unit), r.Account, hearing)
		return err
	})
	return list, err
}

// LatestNotes returns those of the unit, the latest written first. The scope cannot be
// listed, so rows outside it are dropped as they are read.
func (s *Store) LatestNotes(ctx context.Context, sc court.Scope, r store.NoteReader) (list []store.Note, err error) {
	err = s.read(ctx, "latest notes", func(ctx context.Context, q querier) error {
		list = nil
		_, err := rows(ctx, q, func(rs *sql.Rows, _ *struct{}) error {
			var n store.Note
			if err := scanNote(rs, &n); err != nil {
				return err
			}
			if !sc.Covers(n.Court) {
				return nil
			}
			if list = append(list, n); len(list) == store.MaxNotesLatest {
				return errEnough
			}
			return nil
		}, noteColumns+`ORDER BY n.written DESC, n.id DESC`, string(r.Unit), r.Account)
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	})
	return list, err
}
