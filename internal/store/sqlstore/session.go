package sqlstore

import (
	"context"
	"database/sql"
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

// ConsumeInvitation marks it used and returns it, once; unknown, used, voided
// and expired ones all give ErrUsed.
func (s *Store) ConsumeInvitation(ctx context.Context, tokenHash [32]byte, now time.Time) (i store.Invitation, err error) {
	err = s.write(ctx, "consume invitation", func(ctx context.Context, q querier) error {
		i, err = consume(ctx, q, tokenHash, now)
		return err
	})
	if err != nil {
		return store.Invitation{}, err
	}
	return i, nil
}

// Redeem consumes the invitation and creates its session in one transaction.
func (s *Store) Redeem(ctx context.Context, tokenHash [32]byte, ses store.Session, now time.Time) (store.Session, error) {
	if err := checkSpan(ses); err != nil {
		return store.Session{}, err
	}
	err := s.write(ctx, "redeem invitation", func(ctx context.Context, q querier) error {
		i, err := consume(ctx, q, tokenHash, now)
		if err != nil {
			return err
		}
		ses.Hearing, ses.Person, ses.Device = i.Hearing, i.Person, i.Device
		ses.Owner, ses.Parent = "", [32]byte{}
		return insertSession(ctx, q, ses)
	})
	if err != nil {
		return store.Session{}, err
	}
	return stored(ses), nil
}

// consume is one statement, so that of many at once exactly one finds the row
// unused. An invitation that asks for a code is not found this way.
func consume(ctx context.Context, q querier, tokenHash [32]byte, now time.Time) (store.Invitation, error) {
	i := store.Invitation{TokenHash: tokenHash}
	var expires int64
	err := q.QueryRowContext(ctx, `
		UPDATE invitation SET used_at = $2
		WHERE token_hash = $1 AND used_at IS NULL AND code_hash IS NULL AND expires > $2
		RETURNING hearing, person, device, expires`, tokenHash[:], now.UnixMicro()).
		Scan(&i.Hearing, &i.Person, &i.Device, &expires)
	if err == sql.ErrNoRows {
		return i, store.ErrUsed
	}
	i.Expires = micros(expires)
	return i, err
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

// SessionByToken finds a session that is neither expired nor revoked.
func (s *Store) SessionByToken(ctx context.Context, tokenHash [32]byte, now time.Time) (store.Session, error) {
	ses := store.Session{TokenHash: tokenHash}
	var created, expires, seen int64
	var parent []byte
	err := s.read(ctx, "session", func(ctx context.Context, q querier) error {
		return q.QueryRowContext(ctx, `
			SELECT hearing, person, device, created, expires, last_seen, owner, parent FROM session
			WHERE token_hash = $1 AND revoked = 0 AND expires > $2`, tokenHash[:], now.UnixMicro()).
			Scan(&ses.Hearing, &ses.Person, &ses.Device, &created, &expires, &seen, &ses.Owner, &parent)
	})
	if err != nil {
		return store.Session{}, err
	}
	copy(ses.Parent[:], parent)
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

// EndSession revokes one session; ending it again is a success.
func (s *Store) EndSession(ctx context.Context, tokenHash [32]byte) error {
	return s.write(ctx, "end session", func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `UPDATE session SET revoked = 1 WHERE token_hash = $1`, tokenHash[:])
		return err
	})
}

// RevokeSessions voids the person's unused invitations to the hearing, then ends
// their sessions. In this order: a Redeem under way holds its invitation's row,
// so the first statement waits for it and the second sees its session.
func (s *Store) RevokeSessions(ctx context.Context, sc court.Scope, hearing, person string) (int, error) {
	var ended int64
	err := s.write(ctx, "revoke sessions", func(ctx context.Context, q querier) error {
		if err := scoped(ctx, q, sc, hearing); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `
			UPDATE invitation SET used_at = 0 WHERE hearing = $1 AND person = $2 AND used_at IS NULL`, hearing, person)
		if err != nil {
			return err
		}
		ended, err = affected(q.ExecContext(ctx, `
			UPDATE session SET revoked = 1 WHERE hearing = $1 AND person = $2 AND revoked = 0`, hearing, person))
		return err
	})
	return int(ended), err
}
