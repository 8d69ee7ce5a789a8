package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// standing is the condition under which sessions of s.account count: the account
// is not disabled, the room device not revoked.
const standing = `((s.method <> 'device' AND EXISTS (SELECT 1 FROM account a WHERE a.id = s.account AND a.disabled = 0))
	OR (s.method = 'device' AND EXISTS (SELECT 1 FROM room_device d WHERE d.id = s.account AND d.revoked = 0)))`

// CreateAccountSession stores one of an account or room device that stands, else
// ErrNotFound. A token hash that stands gives ErrConflict.
func (s *Store) CreateAccountSession(ctx context.Context, ses store.AccountSession) error {
	err := first(id("account", ses.Account), id("method", ses.Method),
		text("address", ses.Address, true), text("agent", ses.Agent, true))
	if err != nil {
		return err
	}
	if len(ses.Agent) > store.MaxAgentBytes {
		return invalid("agent is longer than %d bytes", store.MaxAgentBytes)
	}
	if !ses.Expires.After(ses.Created) {
		return invalid("session expires before it begins")
	}
	if ses.LastSeen.Before(ses.Created) {
		ses.LastSeen = ses.Created
	}
	return s.write(ctx, "create account session", func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `
			INSERT INTO account_session (token_hash, account, method, created, expires, last_seen, stepped_up, revoked, address, agent)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			ses.TokenHash[:], ses.Account, ses.Method, ses.Created.UnixMicro(), ses.Expires.UnixMicro(),
			ses.LastSeen.UnixMicro(), moment(ses.SteppedUp), bit(ses.Revoked), ses.Address, ses.Agent)
		if err != nil {
			return err
		}
		var one int
		err = q.QueryRowContext(ctx, `SELECT 1 FROM account_session s WHERE s.token_hash = $1 AND `+standing, ses.TokenHash[:]).Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			return store.ErrNotFound // and rolled back
		}
		return err
	})
}

// moment is a time that may be missing.
func moment(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMoment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return micros(us)
}

// AccountSessionByToken finds a session that is neither expired nor revoked, of
// an account that is not disabled or a room device that is not revoked; else
// ErrNotFound.
func (s *Store) AccountSessionByToken(ctx context.Context, tokenHash [32]byte, now time.Time) (store.AccountSession, error) {
	var found []store.AccountSession
	err := s.read(ctx, "account session", func(ctx context.Context, q querier) (err error) {
		found, err = rows(ctx, q, scanAccountSession, accountSessionColumns+`
			WHERE s.token_hash = $1 AND s.revoked = 0 AND s.expires > $2 AND `+standing, tokenHash[:], now.UnixMicro())
		return err
	})
	if err != nil {
		return store.AccountSession{}, err
	}
	if len(found) == 0 {
		return store.AccountSession{}, store.ErrNotFound
	}
	return found[0], nil
}

const accountSessionColumns = `SELECT s.token_hash, s.account, s.method, s.created, s.expires, s.last_seen, s.stepped_up, s.address, s.agent
	FROM account_session s `

func scanAccountSession(r *sql.Rows, ses *store.AccountSession) error {
	var hash []byte
	var created, expires, seen, stepped int64
	err := r.Scan(&hash, &ses.Account, &ses.Method, &created, &expires, &seen, &stepped, &ses.Address, &ses.Agent)
	copy(ses.TokenHash[:], hash)
	ses.Created, ses.Expires, ses.LastSeen, ses.SteppedUp = micros(created), micros(expires), micros(seen), fromMoment(stepped)
	return err
}

// AccountSessions returns the sessions of an account that stand, the latest first.
func (s *Store) AccountSessions(ctx context.Context, account string, now time.Time) (found []store.AccountSession, err error) {
	if err := id("account", account); err != nil {
		return nil, err
	}
	err = s.read(ctx, "account sessions", func(ctx context.Context, q querier) error {
		found, err = rows(ctx, q, scanAccountSession, accountSessionColumns+`
			WHERE s.account = $1 AND s.revoked = 0 AND s.expires > $2 AND `+standing+` ORDER BY s.created DESC, s.token_hash`,
			account, now.UnixMicro())
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// TouchAccountSession moves LastSeen forward, never back. Unknown: ErrNotFound.
func (s *Store) TouchAccountSession(ctx context.Context, tokenHash [32]byte, now time.Time) error {
	return s.accountSession(ctx, "touch account session", `
		UPDATE account_session SET last_seen = CASE WHEN last_seen < $2 THEN $2 ELSE last_seen END
		WHERE token_hash = $1`, tokenHash[:], now.UnixMicro())
}

// StepUp notes a fresh proof of who it is, in a session that was not ended.
// Unknown or ended: ErrNotFound.
func (s *Store) StepUp(ctx context.Context, tokenHash [32]byte, now time.Time) error {
	return s.accountSession(ctx, "step up", `
		UPDATE account_session SET stepped_up = CASE WHEN stepped_up < $2 THEN $2 ELSE stepped_up END
		WHERE token_hash = $1 AND revoked = 0`, tokenHash[:], now.UnixMicro())
}

func (s *Store) accountSession(ctx context.Context, what, query string, args ...any) error {
	return s.write(ctx, what, func(ctx context.Context, q querier) error {
		n, err := affected(q.ExecContext(ctx, query, args...))
		if err == nil && n == 0 {
			err = store.ErrNotFound
		}
		return err
	})
}

// EndAccountSession ends one session and those of the seats that were entered
// from it, which it returns. Unknown: no error.
func (s *Store) EndAccountSession(ctx context.Context, tokenHash [32]byte) (seats []store.Session, err error) {
	err = s.write(ctx, "end account session", func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `UPDATE account_session SET revoked = 1 WHERE token_hash = $1`, tokenHash[:])
		if err != nil {
			return err
		}
		seats, err = rows(ctx, q, scanSeatSession, `
			UPDATE session SET revoked = 1 WHERE parent = $1 RETURNING `+seatColumns, tokenHash[:])
		return err
	})
	if err != nil {
		return nil, err
	}
	return seats, nil
}

// EndAccountSessions ends all sessions of an account or room device of the scope,
// and those of its seats, and returns the latter.
func (s *Store) EndAccountSessions(ctx context.Context, sc court.Scope, owner string) (seats []store.Session, err error) {
	if err := id("account", owner); err != nil {
		return nil, err
	}
	err = s.write(ctx, "end account sessions", func(ctx context.Context, q querier) error {
		if err := ownerIn(ctx, q, sc, owner); err != nil {
			return err
		}
		// In the order of endOwner, so that two who end the same do not wait for each other.
		_, err := q.ExecContext(ctx, `UPDATE account_session SET revoked = 1 WHERE account = $1 AND revoked = 0`, owner)
		if err != nil {
			return err
		}
		seats, err = rows(ctx, q, scanSeatSession, `
			UPDATE session SET revoked = 1 WHERE owner = $1 AND revoked = 0 RETURNING `+seatColumns, owner)
		return err
	})
	if err != nil {
		return nil, err
	}
	return seats, nil
}

// SeatSessions returns those of an owner that began after since, ended or not.
func (s *Store) SeatSessions(ctx context.Context, owner string, since time.Time) (seats []store.Session, err error) {
	if err := id("account", owner); err != nil {
		return nil, err
	}
	err = s.read(ctx, "sessions of seats", func(ctx context.Context, q querier) error {
		seats, err = rows(ctx, q, scanSeatSession, `
			SELECT `+seatColumns+` FROM session WHERE owner = $1 AND created > $2 ORDER BY created, token_hash`,
			owner, since.UnixMicro())
		return err
	})
	if err != nil {
		return nil, err
	}
	return seats, nil
}

// RevokedSeats returns the ended sessions of hearings that began after since.
func (s *Store) RevokedSeats(ctx context.Context, hearings []string, since time.Time) (seats []store.Session, err error) {
	if len(hearings) > store.MaxHearings {
		return nil, invalid("%d hearings, at most %d", len(hearings), store.MaxHearings)
	}
	if len(hearings) == 0 {
		return nil, nil
	}
	args := []any{since.UnixMicro()}
	marks := make([]string, len(hearings))
	for n, h := range hearings {
		if err := id("hearing", h); err != nil {
			return nil, err
		}
		args, marks[n] = append(args, h), fmt.Sprintf("$%d", n+2)
	}
	err = s.read(ctx, "revoked sessions", func(ctx context.Context, q querier) error {
		seats, err = rows(ctx, q, scanSeatSession, `
			SELECT `+seatColumns+` FROM session
			WHERE revoked = 1 AND created > $1 AND hearing IN (`+strings.Join(marks, ", ")+`) ORDER BY created, token_hash`, args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return seats, nil
}

const seatColumns = `token_hash, hearing, person, device, created, expires, last_seen, revoked, owner, parent`

func scanSeatSession(r *sql.Rows, ses *store.Session) error {
	var hash, parent []byte
	var created, expires, seen int64
	var revoked int
	err := r.Scan(&hash, &ses.Hearing, &ses.Person, &ses.Device, &created, &expires, &seen, &revoked, &ses.Owner, &parent)
	if err != nil {
		return err
	}
	copy(ses.TokenHash[:], hash)
	copy(ses.Parent[:], parent)
	ses.Created, ses.Expires, ses.LastSeen, ses.Revoked = micros(created), micros(expires), micros(seen), revoked == 1
	return nil
}

// PutChallenge stores one and forgets those that have expired.
func (s *Store) PutChallenge(ctx context.Context, c store.Challenge, now time.Time) error {
	if err := first(id("kind", c.Kind), text("subject", c.Subject, true)); err != nil {
		return err
	}
	if len(c.Data) > store.MaxBlobBytes {
		return invalid("data of %d bytes, at most %d", len(c.Data), store.MaxBlobBytes)
	}
	return s.write(ctx, "put challenge", func(ctx context.Context, q querier) error {
		if _, err := q.ExecContext(ctx, `DELETE FROM challenge WHERE expires <= $1`, now.UnixMicro()); err != nil {
			return err
		}
		var n int
		if err := q.QueryRowContext(ctx, `SELECT count(*) FROM challenge`).Scan(&n); err != nil {
			return err
		}
		if n >= store.MaxChallenges {
			return store.ErrUnavailable
		}
		_, err := q.ExecContext(ctx, `INSERT INTO challenge (hash, kind, subject, data, expires) VALUES ($1, $2, $3, $4, $5)`,
			c.Hash[:], c.Kind, c.Subject, append([]byte{}, c.Data...), c.Expires.UnixMicro())
		return err
	})
}

// TakeChallenge is one statement, so that of many at once exactly one gets it.
func (s *Store) TakeChallenge(ctx context.Context, kind string, hash [32]byte, now time.Time) (store.Challenge, error) {
	c := store.Challenge{Hash: hash, Kind: kind}
	var expires int64
	err := s.write(ctx, "take challenge", func(ctx context.Context, q querier) error {
		err := q.QueryRowContext(ctx, `
			DELETE FROM challenge WHERE hash = $1 AND kind = $2 AND expires > $3 RETURNING subject, data, expires`,
			hash[:], kind, now.UnixMicro()).Scan(&c.Subject, &c.Data, &expires)
		if errors.Is(err, sql.ErrNoRows) {
			return store.ErrUsed
		}
		return err
	})
	if err != nil {
		return store.Challenge{}, err
	}
	c.Expires = micros(expires)
	return c, nil
}
