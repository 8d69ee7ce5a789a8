package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

const credentialColumns = `SELECT c.id, c.account, c.kind, c.handle, c.data, c.label, c.created, c.revoked, a.unit
	FROM credential c JOIN account a ON a.id = c.account `

type unitCredential struct {
	store.Credential
	unit court.UnitID
}

func scanCredential(r *sql.Rows, c *unitCredential) error {
	var created int64
	var revoked int
	var unit string
	err := r.Scan(&c.ID, &c.Account, &c.Kind, &c.Handle, &c.Data, &c.Label, &created, &revoked, &unit)
	c.Created, c.Revoked, c.unit = micros(created), revoked == 1, court.UnitID(unit)
	return err
}

func checkBlob(what string, b []byte) error {
	if len(b) == 0 || len(b) > store.MaxBlobBytes {
		return invalid("%s of %d bytes, at most %d", what, len(b), store.MaxBlobBytes)
	}
	return nil
}

// PutCredential adds one to an account of the scope. A handle that stands, also
// of a revoked one or of somebody else, gives ErrConflict.
func (s *Store) PutCredential(ctx context.Context, sc court.Scope, c store.Credential, by store.AdminEntry) error {
	err := first(id("credential", c.ID), id("account", c.Account), id("kind", c.Kind), text("label", c.Label, true),
		checkBlob("handle", c.Handle), checkBlob("data", c.Data))
	if err != nil {
		return err
	}
	return s.administer(ctx, by, func(ctx context.Context, q querier) error {
		if _, err := s.lockAccount(ctx, q, sc, c.Account); err != nil {
			return err
		}
		var n int
		if err := q.QueryRowContext(ctx, `SELECT count(*) FROM credential WHERE account = $1`, c.Account).Scan(&n); err != nil {
			return err
		}
		if n >= store.MaxCredentials {
			return invalid("%d credentials of one account, at most %d", n+1, store.MaxCredentials)
		}
		_, err := q.ExecContext(ctx, `
			INSERT INTO credential (id, account, kind, handle, data, label, created, revoked)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			c.ID, c.Account, c.Kind, c.Handle, c.Data, nfc(c.Label), c.Created.UnixMicro(), bit(c.Revoked))
		return err
	})
}

// UpdateCredential stores new Data of a live credential; else ErrNotFound.
func (s *Store) UpdateCredential(ctx context.Context, c store.Credential) error {
	if err := first(id("credential", c.ID), checkBlob("data", c.Data)); err != nil {
		return err
	}
	return s.write(ctx, "update credential", func(ctx context.Context, q querier) error {
		n, err := affected(q.ExecContext(ctx, `UPDATE credential SET data = $2 WHERE id = $1 AND revoked = 0`, c.ID, c.Data))
		if err == nil && n == 0 {
			err = store.ErrNotFound
		}
		return err
	})
}

// CredentialByHandle finds a credential that is not revoked.
func (s *Store) CredentialByHandle(ctx context.Context, kind string, handle []byte) (store.Credential, error) {
	if err := checkBlob("handle", handle); err != nil {
		return store.Credential{}, store.ErrNotFound
	}
	var found []unitCredential
	err := s.read(ctx, "credential", func(ctx context.Context, q querier) (err error) {
		found, err = rows(ctx, q, scanCredential,
			credentialColumns+`WHERE c.kind = $1 AND c.handle = $2 AND c.revoked = 0`, kind, handle)
		return err
	})
	if err != nil {
		return store.Credential{}, err
	}
	if len(found) == 0 {
		return store.Credential{}, store.ErrNotFound
	}
	return found[0].Credential, nil
}

// Credentials returns those of an account of the scope, also revoked ones.
func (s *Store) Credentials(ctx context.Context, sc court.Scope, account string) ([]store.Credential, error) {
	if _, err := s.Account(ctx, sc, account); err != nil {
		return nil, err
	}
	var found []unitCredential
	err := s.read(ctx, "credentials", func(ctx context.Context, q querier) (err error) {
		found, err = rows(ctx, q, scanCredential, credentialColumns+`WHERE c.account = $1 ORDER BY c.id`, account)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]store.Credential, len(found))
	for i, c := range found {
		out[i] = c.Credential
	}
	return out, nil
}

// RevokeCredential ends it for good, and with it every session of its account
// and of the account's seats: which of them it opened is not known.
func (s *Store) RevokeCredential(ctx context.Context, sc court.Scope, credential string, by store.AdminEntry) error {
	if err := id("credential", credential); err != nil {
		return err
	}
	return s.administer(ctx, by, func(ctx context.Context, q querier) error {
		var account string
		err := q.QueryRowContext(ctx, `SELECT account FROM credential WHERE id = $1`, credential).Scan(&account)
		if err != nil {
			return err
		}
		if _, err := s.lockAccount(ctx, q, sc, account); err != nil {
			return err
		}
		if _, err := q.ExecContext(ctx, `UPDATE credential SET revoked = 1 WHERE id = $1`, credential); err != nil {
			return err
		}
		return endOwner(ctx, q, account)
	})
}

const deviceColumns = `SELECT id, unit, kind, label, public_key, enrolled, enrolled_by, revoked FROM room_device `

func scanDevice(r *sql.Rows, d *store.RoomDevice) error {
	var unit, kind string
	var enrolled int64
	var revoked int
	err := r.Scan(&d.ID, &unit, &kind, &d.Label, &d.PublicKey, &enrolled, &d.EnrolledBy, &revoked)
	d.Unit, d.Kind, d.Enrolled, d.Revoked = court.UnitID(unit), store.DeviceKind(kind), micros(enrolled), revoked == 1
	return err
}

// PutRoomDevice adds one of the scope, or changes label and Revoked of one that
// stands with the same unit and key; a key that another has gives ErrConflict.
func (s *Store) PutRoomDevice(ctx context.Context, sc court.Scope, d store.RoomDevice, by store.AdminEntry) error {
	err := first(id("room device", d.ID), id("unit", string(d.Unit)), text("label", d.Label, true),
		checkBlob("public key", d.PublicKey), id("enrolled by", d.EnrolledBy))
	if err != nil {
		return err
	}
	switch d.Kind {
	case "":
		d.Kind = store.Computer
	case store.Computer, store.Encoder, store.Wall:
	default:
		return invalid("a room device of kind %q", d.Kind)
	}
	if !sc.Covers(d.Unit) {
		return store.ErrNotFound
	}
	return s.administer(ctx, by, func(ctx context.Context, q querier) error {
		found, err := rows(ctx, q, scanDevice, deviceColumns+`WHERE id = $1`+s.d.Lock(), d.ID)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			_, err := q.ExecContext(ctx, `
				INSERT INTO room_device (id, unit, kind, label, public_key, enrolled, enrolled_by, revoked)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
				d.ID, string(d.Unit), string(d.Kind), nfc(d.Label), d.PublicKey, d.Enrolled.UnixMicro(), d.EnrolledBy, bit(d.Revoked))
			return err
		}
		old := found[0]
		switch {
		case !sc.Covers(old.Unit):
			return store.ErrNotFound
		case old.Unit != d.Unit, old.Kind != d.Kind, string(old.PublicKey) != string(d.PublicKey), old.Revoked && !d.Revoked:
			return store.ErrConflict
		}
		_, err = q.ExecContext(ctx, `UPDATE room_device SET label = $2, revoked = $3 WHERE id = $1`, d.ID, nfc(d.Label), bit(d.Revoked))
		if err != nil || !d.Revoked {
			return err
		}
		return endOwner(ctx, q, d.ID)
	})
}

// RoomDevice finds a device, also a revoked one.
func (s *Store) RoomDevice(ctx context.Context, device string) (store.RoomDevice, error) {
	if err := id("room device", device); err != nil {
		return store.RoomDevice{}, store.ErrNotFound
	}
	var found []store.RoomDevice
	err := s.read(ctx, "room device", func(ctx context.Context, q querier) (err error) {
		found, err = rows(ctx, q, scanDevice, deviceColumns+`WHERE id = $1`, device)
		return err
	})
	if err != nil {
		return store.RoomDevice{}, err
	}
	if len(found) == 0 {
		return store.RoomDevice{}, store.ErrNotFound
	}
	return found[0], nil
}

// RoomDevices returns at most MaxRoomDevices of the scope, by unit and id.
func (s *Store) RoomDevices(ctx context.Context, sc court.Scope) ([]store.RoomDevice, error) {
	return listed(ctx, s, "room devices", store.MaxRoomDevices, scanDevice,
		func(d store.RoomDevice) bool { return sc.Covers(d.Unit) }, deviceColumns+`ORDER BY unit, id`)
}

// ownerIn gives ErrNotFound unless an account or room device stands in the scope.
func ownerIn(ctx context.Context, q querier, sc court.Scope, owner string) error {
	var unit string
	err := q.QueryRowContext(ctx, `
		SELECT unit FROM account WHERE id = $1 UNION ALL SELECT unit FROM room_device WHERE id = $1`, owner).Scan(&unit)
	if errors.Is(err, sql.ErrNoRows) || (err == nil && !sc.Covers(court.UnitID(unit))) {
		return store.ErrNotFound
	}
	return err
}
