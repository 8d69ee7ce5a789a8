package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// LendRoomDevice lets a court use a room device of the scope, or no longer.
func (s *Store) LendRoomDevice(ctx context.Context, sc court.Scope, device string, to court.UnitID, lend bool, by store.AdminEntry) error {
	if err := first(id("room device", device), id("unit", string(to))); err != nil {
		return err
	}
	return s.administer(ctx, by, func(ctx context.Context, q querier) error {
		found, err := rows(ctx, q, scanDevice, deviceColumns+`WHERE id = $1`+s.d.Lock(), device)
		if err != nil {
			return err
		}
		if len(found) == 0 || !sc.Covers(found[0].Unit) || (lend && found[0].Revoked) {
			return store.ErrNotFound
		}
		if !lend {
			_, err = q.ExecContext(ctx, `DELETE FROM room_device_court WHERE device = $1 AND court = $2`, device, string(to))
			return err
		}
		var n int
		if err := q.QueryRowContext(ctx, `SELECT count(*) FROM room_device_court WHERE device = $1`, device).Scan(&n); err != nil {
			return err
		}
		if n >= store.MaxLent {
			return invalid("a room device lent to more than %d courts", store.MaxLent)
		}
		_, err = q.ExecContext(ctx, `INSERT INTO room_device_court (device, court) VALUES ($1, $2)
			ON CONFLICT (device, court) DO NOTHING`, device, string(to))
		return err
	})
}

// RoomDeviceCourts returns the courts to which a device is lent, by id.
func (s *Store) RoomDeviceCourts(ctx context.Context, device string) (courts []court.UnitID, err error) {
	if err := id("room device", device); err != nil {
		return nil, store.ErrNotFound
	}
	err = s.read(ctx, "courts of a room device", func(ctx context.Context, q querier) error {
		courts, err = rows(ctx, q, func(r *sql.Rows, u *court.UnitID) error { return r.Scan((*string)(u)) },
			`SELECT court FROM room_device_court WHERE device = $1 ORDER BY court`, device)
		return err
	})
	return courts, err
}

// RoomDevicesLentTo returns what other units lend to the court and what is not revoked.
func (s *Store) RoomDevicesLentTo(ctx context.Context, to court.UnitID) ([]store.RoomDevice, error) {
	return listed(ctx, s, "lent room devices", store.MaxRoomDevices, scanDevice,
		func(d store.RoomDevice) bool { return d.Unit != to }, deviceColumns+`
		WHERE revoked = 0 AND id IN (SELECT device FROM room_device_court WHERE court = $1) ORDER BY unit, id`, string(to))
}

// PutImported notes what a case system sent last for a docket number of the scope.
func (s *Store) PutImported(ctx context.Context, sc court.Scope, i store.Imported) error {
	if err := first(id("unit", string(i.Unit)), id("docket number", i.DocketNo)); err != nil {
		return err
	}
	if !sc.Covers(i.Unit) {
		return store.ErrNotFound
	}
	return s.write(ctx, "put imported", func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO imported (unit, docket_no, digest, at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (unit, docket_no) DO UPDATE SET digest = excluded.digest, at = excluded.at`,
			string(i.Unit), nfc(i.DocketNo), i.Digest[:], i.At.UnixMicro())
		return err
	})
}

// LastImported returns what was noted last, else ErrNotFound.
func (s *Store) LastImported(ctx context.Context, sc court.Scope, unit court.UnitID, docket string) (store.Imported, error) {
	if err := first(id("unit", string(unit)), id("docket number", docket)); err != nil {
		return store.Imported{}, err
	}
	if !sc.Covers(unit) {
		return store.Imported{}, store.ErrNotFound
	}
	i := store.Imported{Unit: unit, DocketNo: nfc(docket)}
	err := s.read(ctx, "last imported", func(ctx context.Context, q querier) error {
		var digest []byte
		var at int64
		err := q.QueryRowContext(ctx, `SELECT digest, at FROM imported WHERE unit = $1 AND docket_no = $2`,
			string(unit), i.DocketNo).Scan(&digest, &at)
		if errors.Is(err, sql.ErrNoRows) {
			return store.ErrNotFound
		}
		if err != nil {
			return err
		}
		i.Digest, i.At = [32]byte(digest), micros(at)
		return nil
	})
	if err != nil {
		return store.Imported{}, err
	}
	return i, nil
}
