package sqlstore

import (
	"context"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// CreateInvitation stores an invitation of a hearing within the scope.
func (s *Store) CreateInvitation(ctx context.Context, sc court.Scope, i store.Invitation) error {
	if err := first(id("hearing", i.Hearing), id("person", i.Person), id("device", i.Device)); err != nil {
		return err
	}
	return s.write(ctx, "create invitation", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, i.Hearing); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `
			INSERT INTO invitation (token_hash, hearing, person, device, expires, code_hash) VALUES ($1, $2, $3, $4, $5, $6)`,
			i.TokenHash[:], i.Hearing, i.Person, i.Device, i.Expires.UnixMicro(), orNull(i.CodeHash))
		return err
	})
}

// CreateSession stores a session. A token hash that stands gives ErrConflict, a
// hearing that does not exist ErrNotFound.
func (s *Store) CreateSession(ctx context.Context, ses store.Session) error {
	if err := first(id("hearing", ses.Hearing), id("person", ses.Person), id("device", ses.Device),
		text("owner", ses.Owner, true), checkSpan(ses)); err != nil {
		return err
	}
	return s.write(ctx, "create session", func(ctx context.Context, q querier) error {
		return insertSession(ctx, q, ses)
	})
}

func checkSpan(ses store.Session) error {
	if !ses.Expires.After(ses.Created) {
		return invalid("session expires before it begins")
	}
	return nil
}

func insertSession(ctx context.Context, q querier, ses store.Session) error {
	_, err := q.ExecContext(ctx, `
		INSERT INTO session (token_hash, hearing, person, device, created, expires, last_seen, revoked, owner, parent)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		ses.TokenHash[:], ses.Hearing, ses.Person, ses.Device,
		ses.Created.UnixMicro(), ses.Expires.UnixMicro(), lastSeen(ses).UnixMicro(), bit(ses.Revoked),
		ses.Owner, orNull(ses.Parent))
	return err
}

// orNull is how a hash that may be missing is stored.
func orNull(hash [32]byte) any {
	if hash == [32]byte{} {
		return nil
	}
	return hash[:]
}

// lastSeen of a new session is at least its creation.
func lastSeen(ses store.Session) time.Time {
	if ses.LastSeen.Before(ses.Created) {
		return ses.Created
	}
	return ses.LastSeen
}

// stored is the session as a later read returns it: microseconds, UTC.
func stored(ses store.Session) store.Session {
	ses.LastSeen = micros(lastSeen(ses).UnixMicro())
	ses.Created = micros(ses.Created.UnixMicro())
	ses.Expires = micros(ses.Expires.UnixMicro())
	return ses
}

// SessionByToken finds a session that stands, as does what it came from: a seat
// never outlives the sign-in that it was entered from.
func (s *Store) SessionByToken(ctx context.Context, tokenHash [32]byte, now time.Time) (store.Session, error) {
	ses := store.Session{TokenHash: tokenHash}
	var created, expires, seen int64
	var parent []byte
	var unit string
	err := s.read(ctx, "session", func(ctx context.Context, q querier) error {
		return q.QueryRowContext(ctx, `
			SELECT s.hearing, s.person, s.device, s.created,
				CASE WHEN p.expires < s.expires THEN p.expires ELSE s.expires END,
				s.last_seen, s.owner, s.parent, COALESCE(a.unit, d.unit, h.unit)
			FROM session s JOIN hearing h ON h.id = s.hearing
			LEFT JOIN account_session p ON p.token_hash = s.parent
			LEFT JOIN account a ON a.id = s.owner LEFT JOIN room_device d ON d.id = s.owner
			WHERE s.token_hash = $1 AND s.revoked = 0 AND s.expires > $2
				AND (s.parent IS NULL OR (p.revoked = 0 AND p.expires > $2))`, tokenHash[:], now.UnixMicro()).
			Scan(&ses.Hearing, &ses.Person, &ses.Device, &created, &expires, &seen, &ses.Owner, &parent, &unit)
	})
	if err != nil {
		return store.Session{}, err
	}
	copy(ses.Parent[:], parent)
	ses.Unit = court.UnitID(unit)
	ses.Created, ses.Expires, ses.LastSeen = micros(created), micros(expires), micros(seen)
	return ses, nil
}

// TouchSession moves LastSeen forward, never back.
func (s *Store) TouchSession(ctx context.Context, tokenHash [32]byte, now time.Time) error {
	return s.write(ctx, "touch session", func(ctx context.Context, q querier) error {
		n, err := affected(q.ExecContext(ctx, `
			UPDATE session SET last_seen = CASE WHEN last_seen < $2 THEN $2 ELSE last_seen END
			WHERE token_hash = $1`, tokenHash[:], now.UnixMicro()))
		if err == nil && n == 0 {
			err = store.ErrNotFound
		}
		return err
	})
}

// KeepSession moves last use and end of a session and its parent forward.
func (s *Store) KeepSession(ctx context.Context, tokenHash [32]byte, now, until time.Time, life time.Duration) error {
	if until.Before(now) || life <= 0 {
		return invalid("a session kept into the past")
	}
	// The earlier of until and the last moment of the session's life, if that is later
	// than its end.
	const forward = `last_seen = CASE WHEN last_seen < $2 THEN $2 ELSE last_seen END,
		expires = CASE WHEN created + $4 <= $3 AND expires < created + $4 THEN created + $4
			WHEN $3 < created + $4 AND expires < $3 THEN $3 ELSE expires END`
	return s.write(ctx, "keep session", func(ctx context.Context, q querier) error {
		args := []any{tokenHash[:], now.UnixMicro(), until.UnixMicro(), life.Microseconds()}
		// The parent first, as whoever ends both does.
		_, err := q.ExecContext(ctx, `UPDATE account_session SET `+forward+`
			WHERE revoked = 0 AND expires > $2
				AND token_hash = (SELECT parent FROM session WHERE token_hash = $1 AND revoked = 0 AND expires > $2)`, args...)
		if err != nil {
			return err
		}
		n, err := affected(q.ExecContext(ctx, `UPDATE session SET `+forward+`
			WHERE token_hash = $1 AND revoked = 0 AND expires > $2`, args...))
		if err == nil && n == 0 {
			err = store.ErrNotFound
		}
		return err
	})
}

// EndSession revokes one session; ending it again is a success.
func (s *Store) EndSession(ctx context.Context, tokenHash [32]byte) error {
	return s.write(ctx, "end session", func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `UPDATE session SET revoked = 1 WHERE token_hash = $1`, tokenHash[:])
		return err
	})
}

// RevokeInvitations voids the person's unused invitations to the hearing, then
// ends the sessions that came of used ones. In this order: a redemption under way
// holds its invitation's row, so the first statement waits for it and the second
// sees its session.
func (s *Store) RevokeInvitations(ctx context.Context, sc court.Scope, hearing, person string) (ended []store.Session, err error) {
	if err := first(id("hearing", hearing), id("person", person)); err != nil {
		return nil, store.ErrNotFound
	}
	err = s.write(ctx, "revoke invitations", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, hearing); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `
			UPDATE invitation SET used_at = 0 WHERE hearing = $1 AND person = $2 AND used_at IS NULL`, hearing, person)
		if err != nil {
			return err
		}
		ended, err = rows(ctx, q, scanSeatSession, `
			UPDATE session SET revoked = 1 WHERE hearing = $1 AND person = $2 AND owner = '' RETURNING `+seatColumns, hearing, person)
		return err
	})
	if err != nil {
		return nil, err
	}
	return ended, nil
}
