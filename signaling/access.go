package signaling

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// Denials that the court's access log keeps.
const (
	deniedRoom       = "denied.room"       // of a signed-in device at a hearing's door
	deniedMedia      = "denied.media"      // of a person who is not let into the media
	deniedInvitation = "denied.invitation" // of an unknown, used or expired link; nobody is known then
)

// maxDenied bounds the actors of one span; those beyond it share one entry for
// each unit and kind of denial, without hearing and person.
const maxDenied = 2048

// AccessStore keeps the access log; store.Store has it.
type AccessStore interface {
	LogAccess(ctx context.Context, a []store.Access) error
}

// accessLog counts denials by actor over a span and writes them behind the back
// of whoever notes them: note takes a lock for a map access and never waits. What
// the database refuses is kept for the next span, within the same bound.
type accessLog struct {
	st      AccessStore
	every   time.Duration
	now     func() time.Time
	logger  *slog.Logger
	metrics *Metrics      // may be nil
	wake    chan struct{} // capacity 1: something was noted
	done    chan struct{} // closed when run has written the last

	mu     sync.Mutex
	counts map[accessKey]accessCount
}

type accessKey struct {
	unit                  court.UnitID // of the denied person; empty: nobody is known
	hearing, person, what string
}

type accessCount struct {
	first time.Time
	n     int
}

func newAccessLog(st AccessStore, every time.Duration, now func() time.Time, logger *slog.Logger) *accessLog {
	return &accessLog{
		st: st, every: every, now: now, logger: logger,
		wake: make(chan struct{}, 1), done: make(chan struct{}), counts: map[accessKey]accessCount{},
	}
}

// NoteDenied counts a denial outside the live hearing for the court's access log:
// of an official by unit and the account's id, or of nobody known. It never blocks.
func (s *Server) NoteDenied(unit court.UnitID, hearing, person, what string) {
	s.access.note(store.Session{Unit: unit, Hearing: hearing, Person: person}, what)
}

// note counts one denial of whoever has the session. A nil log counts nothing.
func (l *accessLog) note(who store.Session, what string) {
	if l == nil {
		return
	}
	l.metrics.denied(what)
	l.add(accessKey{who.Unit, who.Hearing, who.Person, what}, accessCount{l.now(), 1})
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *accessLog) add(k accessKey, c accessCount) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old, known := l.counts[k]
	if !known && len(l.counts) >= maxDenied {
		k = accessKey{unit: k.unit, what: k.what}
		old, known = l.counts[k]
	}
	if known && old.first.Before(c.first) {
		c.first = old.first
	}
	c.n += old.n
	l.counts[k] = c
}

// run writes until ctx ends, and then once more.
func (l *accessLog) run(ctx context.Context) {
	defer close(l.done)
	for {
		select {
		case <-ctx.Done():
			l.flush(context.WithoutCancel(ctx))
			return
		case <-l.wake:
		}
		span := time.NewTimer(l.every)
		select {
		case <-ctx.Done():
			span.Stop()
		case <-span.C:
			l.flush(ctx)
		}
	}
}

// flush writes what was counted; the store bounds each call's time.
func (l *accessLog) flush(ctx context.Context) {
	l.mu.Lock()
	counts := l.counts
	l.counts = map[accessKey]accessCount{}
	l.mu.Unlock()
	var keys []accessKey
	for k := range counts {
		keys = append(keys, k)
	}
	for len(keys) > 0 {
		part := keys[:min(len(keys), store.MaxAccess)]
		keys = keys[len(part):]
		entries := make([]store.Access, len(part))
		for i, k := range part {
			c := counts[k]
			entries[i] = store.Access{At: c.first, Unit: k.unit, Hearing: k.hearing, Person: k.person, What: k.what, Count: c.n}
		}
		if err := l.st.LogAccess(ctx, entries); err != nil {
			l.logger.Warn("access log not written, kept for the next time", "entries", len(entries), "err", err)
			for _, k := range part {
				l.add(k, counts[k])
			}
		}
	}
	l.again()
}

// again wakes run for what could not be written.
func (l *accessLog) again() {
	l.mu.Lock()
	left := len(l.counts)
	l.mu.Unlock()
	if left == 0 {
		return
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// denied notes a refusal at the door of a hearing, if it is not of another kind
// (busy, database away).
func (l *accessLog) denied(who store.Session, what string, ref *hearing.Refusal) {
	if ref == nil {
		return
	}
	if ref.Code == refuseNotFound().Code {
		l.note(who, what)
	}
}
