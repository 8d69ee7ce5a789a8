package sqlstore

import (
	"context"
	"database/sql"

	"phientoa/internal/store"
)

const objectColumns = `SELECT target, hearing, part, supplement, sha256, size, object, version, cipher, cipher_size, until, locked, at
	FROM stored_object `

func scanObject(r *sql.Rows, o *store.StoredObject) error {
	var plain, cipher []byte
	var until, at int64
	var locked int
	if err := r.Scan(&o.Target, &o.Hearing, &o.Part, &o.Supplement, &plain, &o.Size, &o.Key, &o.Version, &cipher, &o.CipherSize, &until, &locked, &at); err != nil {
		return err
	}
	copy(o.SHA256[:], plain)
	copy(o.Cipher[:], cipher)
	o.Until, o.Locked, o.At = micros(until), locked == 1, micros(at)
	return nil
}

// PutStoredObject is insert-only.
func (s *Store) PutStoredObject(ctx context.Context, o store.StoredObject) error {
	if err := first(id("target", o.Target), id("hearing", o.Hearing), id("object", o.Key), id("version", o.Version)); err != nil {
		return err
	}
	if o.Part < 1 || o.Supplement < 0 || o.Size < 1 || o.CipherSize < 1 || !o.Until.After(o.At) {
		return invalid("an object of nothing, or locked until before it was stored")
	}
	return s.write(ctx, "stored object", func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `
			INSERT INTO stored_object (target, hearing, part, supplement, sha256, size, object, version, cipher, cipher_size, until, locked, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
			ON CONFLICT (target, hearing, part, sha256) DO NOTHING`,
			o.Target, o.Hearing, o.Part, o.Supplement, o.SHA256[:], o.Size, o.Key, o.Version, o.Cipher[:], o.CipherSize, o.Until.UnixMicro(), bit(o.Locked), o.At.UnixMicro())
		if err != nil {
			return err
		}
		found, err := rows(ctx, q, scanObject, objectColumns+`WHERE target = $1 AND hearing = $2 AND part = $3 AND sha256 = $4`,
			o.Target, o.Hearing, o.Part, o.SHA256[:])
		if err != nil {
			return err
		}
		if len(found) != 1 || found[0].Supplement != o.Supplement || found[0].Key != o.Key || found[0].Version != o.Version || found[0].Cipher != o.Cipher {
			return store.ErrConflict
		}
		return nil
	})
}

// StoredObjects returns a hearing's objects in a store, by part and time.
func (s *Store) StoredObjects(ctx context.Context, target, hearing string) (found []store.StoredObject, err error) {
	err = s.read(ctx, "stored objects", func(ctx context.Context, q querier) (err error) {
		found, err = rows(ctx, q, scanObject, objectColumns+`WHERE target = $1 AND hearing = $2 ORDER BY part, at, sha256 LIMIT $3`,
			target, hearing, store.MaxStoredObjects)
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}
