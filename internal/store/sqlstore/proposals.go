package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

const proposalColumns = `SELECT id, unit, kind, account, data, proposer, at, expires, outcome, done_by, done_at FROM proposal `

func scanProposal(r *sql.Rows, p *store.Proposal) error {
	var unit string
	var at, expires, done int64
	err := r.Scan(&p.ID, &unit, &p.Kind, &p.Account, &p.Data, &p.By, &at, &expires, &p.Outcome, &p.DoneBy, &done)
	p.Unit, p.At, p.Expires, p.DoneAt = court.UnitID(unit), micros(at), micros(expires), fromMoment(done)
	if len(p.Data) == 0 {
		p.Data = nil
	}
	return err
}

// PutProposal adds one about an account of the scope, in the account's unit.
func (s *Store) PutProposal(ctx context.Context, sc court.Scope, p store.Proposal, by store.AdminEntry) error {
	err := first(id("proposal", p.ID), id("kind", p.Kind), id("account", p.Account), id("proposer", p.By))
	if err != nil {
		return err
	}
	if len(p.Data) > store.MaxBlobBytes {
		return invalid("data of %d bytes, at most %d", len(p.Data), store.MaxBlobBytes)
	}
	return s.administer(ctx, by, func(ctx context.Context, q querier) error {
		// The account's row keeps two from proposing the same at once.
		acc, err := s.lockAccount(ctx, q, sc, p.Account)
		if err != nil {
			return err
		}
		var one int
		err = q.QueryRowContext(ctx, `SELECT 1 FROM proposal WHERE account = $1 AND kind = $2 AND outcome = '' AND expires > $3`,
			p.Account, p.Kind, p.At.UnixMicro()).Scan(&one)
		switch {
		case err == nil:
			return store.ErrConflict
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		_, err = q.ExecContext(ctx, `
			INSERT INTO proposal (id, unit, kind, account, data, proposer, at, expires, outcome, done_by, done_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', '', 0)`,
			p.ID, string(acc.Unit), p.Kind, p.Account, append([]byte{}, p.Data...), p.By, p.At.UnixMicro(), p.Expires.UnixMicro())
		return err
	})
}

// Proposals returns those of the scope that are open or were made after since.
func (s *Store) Proposals(ctx context.Context, sc court.Scope, since, now time.Time) ([]store.Proposal, error) {
	return listed(ctx, s, "proposals", store.MaxProposals, scanProposal,
		func(p store.Proposal) bool { return sc.Covers(p.Unit) },
		proposalColumns+`WHERE (outcome = '' AND expires > $2) OR at > $1 ORDER BY at DESC, id DESC`, since.UnixMicro(), now.UnixMicro())
}

// Proposal finds one of the scope by its id.
func (s *Store) Proposal(ctx context.Context, sc court.Scope, proposal string) (store.Proposal, error) {
	if err := id("proposal", proposal); err != nil {
		return store.Proposal{}, store.ErrNotFound
	}
	var found []store.Proposal
	err := s.read(ctx, "proposal", func(ctx context.Context, q querier) (err error) {
		found, err = rows(ctx, q, scanProposal, proposalColumns+`WHERE id = $1`, proposal)
		return err
	})
	if err != nil {
		return store.Proposal{}, err
	}
	if len(found) == 0 || !sc.Covers(found[0].Unit) {
		return store.Proposal{}, store.ErrNotFound
	}
	return found[0], nil
}

// SettleProposal gives an open proposal of the scope its outcome.
func (s *Store) SettleProposal(ctx context.Context, sc court.Scope, proposal, outcome string, by store.AdminEntry) (store.Proposal, error) {
	if err := id("proposal", proposal); err != nil {
		return store.Proposal{}, store.ErrNotFound
	}
	if outcome != store.Confirmed && outcome != store.Withdrawn {
		return store.Proposal{}, invalid("an outcome that nobody knows")
	}
	var p store.Proposal
	err := s.administer(ctx, by, func(ctx context.Context, q querier) error {
		found, err := rows(ctx, q, scanProposal, proposalColumns+`WHERE id = $1`+s.d.Lock(), proposal)
		if err != nil {
			return err
		}
		if len(found) == 0 || !sc.Covers(found[0].Unit) {
			return store.ErrNotFound
		}
		p = found[0]
		own := by.Actor == p.By || by.Actor == p.Account
		if p.Outcome != "" || !p.Expires.After(by.At) || (own && outcome == store.Confirmed) {
			return store.ErrConflict
		}
		p.Outcome, p.DoneBy, p.DoneAt = outcome, by.Actor, micros(by.At.UnixMicro())
		_, err = q.ExecContext(ctx, `UPDATE proposal SET outcome = $2, done_by = $3, done_at = $4 WHERE id = $1`,
			p.ID, outcome, by.Actor, by.At.UnixMicro())
		return err
	})
	if err != nil {
		return store.Proposal{}, err
	}
	return p, nil
}
