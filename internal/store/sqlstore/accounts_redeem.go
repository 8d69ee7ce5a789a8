package sqlstore

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"time"

	"phientoa/internal/store"
)

// RedeemCode consumes an invitation with its code and creates its session in one
// transaction. A wrong code is counted, the last of MaxCodeTries voids it.
func (s *Store) RedeemCode(ctx context.Context, tokenHash, codeHash [32]byte, ses store.Session, now time.Time) (store.Session, error) {
	if err := checkSpan(ses); err != nil {
		return store.Session{}, err
	}
	ses.Owner, ses.Parent = "", [32]byte{}
	var refused error // what is written with the refusal must stay written
	whose := store.Session{}
	err := s.write(ctx, "redeem invitation", func(ctx context.Context, q querier) error {
		refused = nil
		var want []byte
		var tries int
		err := q.QueryRowContext(ctx, `
			SELECT code_hash, tries, hearing, person, device FROM invitation
			WHERE token_hash = $1 AND used_at IS NULL AND expires > $2`+s.d.Lock(), tokenHash[:], now.UnixMicro()).
			Scan(&want, &tries, &ses.Hearing, &ses.Person, &ses.Device)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return store.ErrUsed
		case err != nil:
			return err
		case want != nil && codeHash == [32]byte{}:
			return store.ErrCodeNeeded
		case want != nil && subtle.ConstantTimeCompare(want, codeHash[:]) != 1:
			refused = store.ErrCodeWrong
			whose = store.Session{Hearing: ses.Hearing, Person: ses.Person, Device: ses.Device}
			if tries+1 >= store.MaxCodeTries {
				refused = store.ErrUsed
			}
			if err := q.QueryRowContext(ctx, `SELECT unit FROM hearing WHERE id = $1`, ses.Hearing).Scan(&whose.Unit); err != nil {
				return err
			}
			_, err := q.ExecContext(ctx, `
				UPDATE invitation SET tries = tries + 1, used_at = CASE WHEN tries + 1 >= $2 THEN 0 ELSE used_at END
				WHERE token_hash = $1`, tokenHash[:], store.MaxCodeTries)
			return err
		}
		_, err = q.ExecContext(ctx, `UPDATE invitation SET used_at = $2 WHERE token_hash = $1`, tokenHash[:], now.UnixMicro())
		if err != nil {
			return err
		}
		return insertSession(ctx, q, ses)
	})
	switch {
	case err != nil:
		return store.Session{}, err
	case errors.Is(refused, store.ErrCodeWrong):
		return whose, refused
	case refused != nil:
		return store.Session{}, refused
	}
	return stored(ses), nil
}
