package office

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// accessEvery is the span over which equal entries are counted as one.
const accessEvery = 10 * time.Second

// maxNoted bounds the entries of one span; those beyond share one for each kind.
const maxNoted = 2048

// AccessStore keeps the access log; store.Store has it.
type AccessStore interface {
	LogAccess(ctx context.Context, a []store.Access) error
}

// Denials is an AccessLog that counts over ten seconds and writes behind the back
// of requests. Run has to run.
type Denials struct {
	st     AccessStore
	now    func() time.Time
	logger *slog.Logger
	every  time.Duration

	mu     sync.Mutex
	counts map[noted]int
	first  map[noted]time.Time
}

type noted struct {
	unit                   court.UnitID
	hearing, account, what string
}

// NewDenials makes one; nothing is written before Run.
func NewDenials(st AccessStore, now func() time.Time, logger *slog.Logger) *Denials {
	return &Denials{st: st, now: now, logger: logger, every: accessEvery, counts: map[noted]int{}, first: map[noted]time.Time{}}
}

// Note counts one entry. It takes a lock for a map access and never waits.
func (d *Denials) Note(unit court.UnitID, hearing, account, what string) {
	d.add(noted{unit, hearing, account, what}, 1, d.now())
}

func (d *Denials) add(k noted, n int, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := d.counts[k]; !known && len(d.counts) >= maxNoted {
		k = noted{what: k.what}
	}
	d.counts[k] += n
	if old, known := d.first[k]; !known || at.Before(old) {
		d.first[k] = at
	}
}

// Run writes every ten seconds until ctx ends, and then once more.
func (d *Denials) Run(ctx context.Context) {
	t := time.NewTicker(d.every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			d.flush(context.WithoutCancel(ctx))
			return
		case <-t.C:
			d.flush(ctx)
		}
	}
}

// flush writes what was counted; what the database refuses waits for the next time.
func (d *Denials) flush(ctx context.Context) {
	d.mu.Lock()
	counts, first := d.counts, d.first
	d.counts, d.first = map[noted]int{}, map[noted]time.Time{}
	d.mu.Unlock()
	var entries []store.Access
	for k, n := range counts {
		entries = append(entries, store.Access{At: first[k], Unit: k.unit, Hearing: k.hearing, Person: k.account, What: k.what, Count: n})
	}
	for len(entries) > 0 {
		part := entries[:min(len(entries), store.MaxAccess)]
		entries = entries[len(part):]
		if err := d.st.LogAccess(ctx, part); err != nil {
			d.logger.Warn("access log not written, kept for the next time", "entries", len(part), "err", err)
			for _, e := range part {
				d.add(noted{e.Unit, e.Hearing, e.Person, e.What}, e.Count, e.At)
			}
		}
	}
}
