package auth

import (
	"sync"

	"phientoa/internal/store"
)

// maxSessions bounds the sessions remembered, and those that ended here; the
// least recently used is forgotten.
const maxSessions = 4096

// memory is what a node knows without its database: sessions seen, and sessions
// that ended here.
type memory struct {
	mu       sync.Mutex
	sessions *lru[[32]byte, store.Session]
	ended    *lru[[32]byte, struct{}] // signed out here
}

func newMemory() *memory {
	return &memory{
		sessions: newLRU[[32]byte, store.Session](maxSessions),
		ended:    newLRU[[32]byte, struct{}](maxSessions),
	}
}

func (m *memory) keep(s store.Session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	// An answer of the database may be older than a sign-out made meanwhile.
	if _, ok := m.ended.get(s.TokenHash); !ok {
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

func (m *memory) isEnded(hash [32]byte) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.ended.get(hash)
	return ok
}
