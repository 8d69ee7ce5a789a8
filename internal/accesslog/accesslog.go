// Package accesslog writes the court's access log: denials, readings of names,
// requests of other systems. Equal entries are counted over a span and written
// behind the back of whoever notes them.
package accesslog

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Limits (docs/limits.md).
const (
	Every = 10 * time.Second // span over which equal entries are counted as one
	// MaxKeys bounds the entries of one span; those beyond share one for each kind,
	// without unit, hearing and person.
	MaxKeys = 2048
)

// Store keeps the log; store.Store has it.
type Store interface {
	LogAccess(ctx context.Context, a []store.Access) error
	// Hearing finds the unit of an entry that names only a hearing.
	Hearing(ctx context.Context, sc court.Scope, id string) (store.Hearing, error)
}

// Log counts and writes. A nil Log notes nothing. Run has to run.
type Log struct {
	p    Params
	wake chan struct{} // capacity 1: something was noted

	mu     sync.Mutex
	counts map[key]count
}

// Params of New.
type Params struct {
	Store  Store
	Now    func() time.Time // default time.Now
	Logger *slog.Logger
	// Noted is told of each kind, for metrics; it must not wait. May be nil.
	Noted func(what string)
}

type key struct {
	unit                  court.UnitID
	hearing, person, what string
}

type count struct {
	first time.Time
	n     int
}

// New makes one; nothing is written before Run.
func New(p Params) *Log {
	if p.Now == nil {
		p.Now = time.Now
	}
	return &Log{p: p, wake: make(chan struct{}, 1), counts: map[key]count{}}
}

// Note counts one entry. person is a person of the hearing or an account, empty
// when nobody is known; unit is theirs, and empty takes that of the hearing. It
// takes a lock for a map access and never waits.
func (l *Log) Note(unit court.UnitID, hearing, person, what string) {
	if l == nil {
		return
	}
	if l.p.Noted != nil {
		l.p.Noted(what)
	}
	l.add(key{unit, hearing, person, what}, count{l.p.Now(), 1})
	l.poke()
}

func (l *Log) add(k key, c count) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old, known := l.counts[k]
	if !known && len(l.counts) >= MaxKeys {
		k = key{what: k.what}
		old, known = l.counts[k]
	}
	if known && old.first.Before(c.first) {
		c.first = old.first
	}
	c.n += old.n
	l.counts[k] = c
}

func (l *Log) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Run writes a span after the first entry, again and again, until ctx ends, and
// then once more.
func (l *Log) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			l.flush(context.WithoutCancel(ctx))
			return
		case <-l.wake:
		}
		span := time.NewTimer(Every)
		select {
		case <-ctx.Done():
			span.Stop()
		case <-span.C:
			l.flush(ctx)
		}
	}
}

// flush writes what was counted; the store bounds each call's time. What it does
// not take waits for the next span, within the same bound.
func (l *Log) flush(ctx context.Context) {
	l.mu.Lock()
	counts := l.counts
	l.counts = map[key]count{}
	l.mu.Unlock()
	var keys []key
	for k := range counts {
		keys = append(keys, k)
	}
	units := map[string]court.UnitID{}
	for len(keys) > 0 {
		part := keys[:min(len(keys), store.MaxAccess)]
		keys = keys[len(part):]
		if err := l.write(ctx, part, counts, units); err != nil {
			l.p.Logger.Warn("access log not written, kept for the next time", "entries", len(part), "err", err)
			for _, k := range part {
				l.add(k, counts[k])
			}
			l.poke()
		}
	}
}

func (l *Log) write(ctx context.Context, part []key, counts map[key]count, units map[string]court.UnitID) error {
	entries := make([]store.Access, len(part))
	for i, k := range part {
		unit, err := l.unitOf(ctx, k, units)
		if err != nil {
			return err
		}
		entries[i] = store.Access{
			At: counts[k].first, Unit: unit, Hearing: k.hearing, Person: k.person, What: k.what, Count: counts[k].n,
		}
	}
	return l.p.Store.LogAccess(ctx, entries)
}

// unitOf is the unit of an entry; a hearing that does not exist has none.
func (l *Log) unitOf(ctx context.Context, k key, known map[string]court.UnitID) (court.UnitID, error) {
	if k.unit != "" || k.hearing == "" {
		return k.unit, nil
	}
	if u, ok := known[k.hearing]; ok {
		return u, nil
	}
	h, err := l.p.Store.Hearing(ctx, court.SystemScope(), k.hearing)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	known[k.hearing] = h.Unit
	return h.Unit, nil
}
