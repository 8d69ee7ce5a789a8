package auth

import (
	"context"
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
	// Hearings are those that this node hosts; must not block.
	Hearings func() []string
	Ender    SeatEnder
	Now      func() time.Time // default time.Now
}

// WatchRevoked ends, until ctx does, the connections and media of sessions that
// another process has revoked: another node of the court, or the terminal of the
// server. What this process revokes it ends at once, without waiting for this.
// While the database is away nobody can revoke anything, and nothing is asked.
func WatchRevoked(ctx context.Context, p WatchParams) {
	if p.Now == nil {
		p.Now = time.Now
	}
	done := map[[32]byte]time.Time{} // ended here, by their beginning
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
		list, err := p.Store.RevokedSeats(ctx, hearings, since)
		if err != nil {
			continue
		}
		var fresh []store.Session
		for _, s := range list {
			if _, known := done[s.TokenHash]; !known {
				fresh = append(fresh, s)
			}
		}
		if len(fresh) > 0 {
			p.Ender.EndSeats(ctx, fresh)
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
