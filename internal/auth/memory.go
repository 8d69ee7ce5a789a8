package auth

import (
	"sync"
	"time"

	"phientoa/internal/store"
)

// Bounds of what is kept in memory.
const (
	maxSessions    = 4096 // remembered; the least recently used is forgotten
	maxRevocations = 4096 // that the database does not know yet, and others
)

// subject is a person in a hearing.
type subject struct{ hearing, person string }

// revocation is one that the database does not know yet.
type revocation struct {
	subject
	at time.Time
	n  uint64
}

// memory is what a node knows without its database: sessions seen, and
// revocations made here.
type memory struct {
	mu       sync.Mutex
	sessions *lru[[32]byte, store.Session]
	ended    *lru[[32]byte, struct{}] // signed out here
	gone     *lru[subject, time.Time] // revoked here, and when
	waiting  map[subject]revocation   // of those, unknown to the database
	n        uint64                   // counts revocations
	closed   bool                     // waiting overflowed: nothing is remembered
}

func newMemory() *memory {
	return &memory{
		sessions: newLRU[[32]byte, store.Session](maxSessions),
		ended:    newLRU[[32]byte, struct{}](maxSessions),
		gone:     newLRU[subject, time.Time](maxRevocations),
		waiting:  map[subject]revocation{},
	}
}

func (m *memory) keep(s store.Session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	// An answer of the database may be older than a revocation made meanwhile.
	if !m.closed && !m.isRevoked(s) {
		m.sessions.put(s.TokenHash, s)
	}
}

func (m *memory) find(hash [32]byte) (store.Session, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sessions.get(hash)
}

func (m *memory) forget(hash [32]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions.drop(hash)
}

func (m *memory) end(hash [32]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions.drop(hash)
	m.ended.put(hash, struct{}{})
}

// revoke forbids every session of the subject created up to now.
func (m *memory) revoke(s subject, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions.dropIf(func(x store.Session) bool { return subject{x.Hearing, x.Person} == s })
	m.gone.put(s, now)
	if len(m.waiting) >= maxRevocations {
		// Never reached by hand; refusing everybody unknown is the safe side.
		m.closed = true
		m.sessions.dropIf(func(store.Session) bool { return true })
		return
	}
	m.n++
	m.waiting[s] = revocation{s, now, m.n}
}

func (m *memory) revoked(s store.Session) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.isRevoked(s)
}

func (m *memory) isRevoked(s store.Session) bool {
	if _, ok := m.ended.get(s.TokenHash); ok {
		return true
	}
	who := subject{s.Hearing, s.Person}
	at, ok := m.gone.get(who)
	if !ok {
		var w revocation
		w, ok = m.waiting[who]
		at = w.at
	}
	return ok && !s.Created.After(at)
}

func (m *memory) unsettled() []revocation {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]revocation, 0, len(m.waiting))
	for _, r := range m.waiting {
		out = append(out, r)
	}
	return out
}

// settled forgets r, unless the same person was revoked again meanwhile.
func (m *memory) settled(r revocation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting[r.subject].n == r.n {
		delete(m.waiting, r.subject)
	}
}
