package auth

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"phientoa/internal/store"
)

// watchEvery is how often a node asks which seats others have ended: with the end
// of media itself it stays well within a second.
const watchEvery = 250 * time.Millisecond

// RevokedStore finds sessions that were ended; store.Store has it.
type RevokedStore interface {
	RevokedSeats(ctx context.Context, hearings []string, since time.Time) ([]store.Session, error)
}

// WatchParams of WatchRevoked.
type WatchParams struct {
	Store RevokedStore
	// Hearings are those that this node hosts, also ones that are over, as long as
	// somebody can sit there; must not block.
	Hearings func() []string
	Ender    SeatEnder
	// Auth remembers sessions for outages of the database, and forgets what ended.
	Auth   *Auth
	Logger *slog.Logger     // default: none
	Now    func() time.Time // default time.Now
}

// WatchRevoked ends, until ctx does, the connections and media of sessions that
// another process has revoked: another node of the court, or the terminal of the
// server. What this process revokes it ends at once, without waiting for this.
// While the database is away nobody can revoke anything, and nothing is asked.
func WatchRevoked(ctx context.Context, p WatchParams) {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	done := map[[32]byte]time.Time{} // ended here, by their beginning
	failing := false
	t := time.NewTicker(watchEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		hearings := p.Hearings()
		if len(hearings) == 0 {
			continue
		}
		since := p.Now().Add(-SessionMax)
		list, err := p.revoked(ctx, hearings, since)
		if err != nil {
			if !failing && ctx.Err() == nil {
				p.Logger.Error("revocations of other processes are not seen", "err", err)
			}
			failing = true
			continue
		}
		failing = false
		var fresh []store.Session
		for _, s := range list {
			if _, known := done[s.TokenHash]; !known {
				fresh = append(fresh, s)
			}
		}
		if len(fresh) > 0 {
			p.end(ctx, fresh)
		}
		for hash, began := range done {
			if began.Before(since) {
				delete(done, hash) // not found any more
			}
		}
		for _, s := range fresh {
			done[s.TokenHash] = s.Created
		}
	}
}

// revoked asks for as many hearings at a time as the database answers for.
func (p WatchParams) revoked(ctx context.Context, hearings []string, since time.Time) (list []store.Session, err error) {
	for some := range slices.Chunk(hearings, store.MaxHearings) {
		found, err := p.Store.RevokedSeats(ctx, some, since)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

// end ends them here, also for a database that goes away next, and waits no longer
// for a room than a revocation of this process does.
func (p WatchParams) end(ctx context.Context, seats []store.Session) {
	for _, s := range seats {
		p.Auth.memory.end(s.TokenHash)
	}
	ctx, cancel := context.WithTimeout(ctx, endTime)
	defer cancel()
	p.Ender.EndSeats(ctx, seats)
}
