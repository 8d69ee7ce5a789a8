package signaling

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
)

// documents is the part of the store that keeps files of a hearing by their digest.
type documents interface {
	PutDocument(ctx context.Context, sc court.Scope, hearing string, body []byte) (sha256 [32]byte, err error)
	Document(ctx context.Context, sc court.Scope, hearing string, sha256 [32]byte) ([]byte, error)
}

// exhibitCopier puts every document that the court admitted into the evidence, behind
// the actor's back. Each part of the evidence gets all of them: one that begins anew,
// because its disk failed, has them after the next round.
type exhibitCopier struct {
	st       documents
	hearing  string
	evidence Evidence // nil: none
	limits   Limits
	logger   *slog.Logger
	wake     chan struct{} // capacity 1

	mu   sync.Mutex
	want []Exhibited
	over bool // the evidence has ended

	serial chan struct{} // capacity 1: one round at a time, waited for with a context
}

func newExhibitCopier(st documents, id string, ev Evidence, lim Limits, logger *slog.Logger) *exhibitCopier {
	return &exhibitCopier{st: st, hearing: id, evidence: ev, limits: lim, logger: logger, wake: make(chan struct{}, 1), serial: make(chan struct{}, 1)}
}

// note takes what the state admits. It never waits.
func (c *exhibitCopier) note(s *hearing.State) {
	if c.evidence == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range s.Exhibits {
		x := &s.Exhibits[i]
		known := slices.ContainsFunc(c.want, func(w Exhibited) bool { return w.No == x.No })
		if x.Status != hearing.ExhibitIn || known {
			continue
		}
		digest := x.SHA256
		c.want = append(c.want, Exhibited{
			No: x.No, Type: x.Type, SHA256: digest,
			Body: func(ctx context.Context) ([]byte, error) { return document(ctx, c.st, c.hearing, digest) },
		})
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
}

// document reads a file by its digest in hex.
func document(ctx context.Context, st documents, id, digest string) ([]byte, error) {
	sum, err := hex.DecodeString(digest)
	if err != nil || len(sum) != 32 {
		return nil, fmt.Errorf("signaling: digest of a document: %q", digest)
	}
	return st.Document(ctx, court.SystemScope(), id, [32]byte(sum))
}

// run copies until ctx ends: at once what is new, again what failed, and now and then
// all of it into a part that began meanwhile.
func (c *exhibitCopier) run(ctx context.Context) {
	for {
		wait := c.limits.LeftEvery
		if !c.round(ctx) {
			wait = c.limits.RetryEvery
		}
		waited, cancel := context.WithTimeout(ctx, wait)
		select {
		case <-c.wake:
		case <-waited.Done():
		}
		cancel()
		if ctx.Err() != nil {
			return
		}
	}
}

// round tells whether everything stands in the evidence.
func (c *exhibitCopier) round(ctx context.Context) (whole bool) {
	select {
	case c.serial <- struct{}{}:
		defer func() { <-c.serial }()
	case <-ctx.Done():
		return false
	}
	c.mu.Lock()
	want, over := slices.Clone(c.want), c.over
	c.mu.Unlock()
	whole = true
	for _, x := range want {
		if over || ctx.Err() != nil {
			return true
		}
		if err := c.evidence.Exhibit(ctx, x); err != nil && ctx.Err() == nil {
			c.logger.Error("document not copied into the evidence, tried again", "exhibit", x.No, "err", err)
			whole = false
		}
	}
	return whole
}

// end makes the last round before the evidence ends, for as long as ctx allows: a round
// that a disk holds up does not hold up the end. It tells whether all are there.
func (c *exhibitCopier) end(ctx context.Context) (whole bool) {
	whole = c.round(ctx) && ctx.Err() == nil
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	if !whole {
		c.logger.Error("the evidence ends without every admitted document")
	}
	return whole
}
