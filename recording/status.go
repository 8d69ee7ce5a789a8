//go:build !verifier

package recording

import (
	"context"
	"sync"
	"time"
)

// status is the truth about "recording": on only while bytes become durable.
type status struct {
	notify Notify
	now    func() time.Time
	limit  time.Duration // how old the last durable batch may be

	mu      sync.Mutex
	lastOK  time.Time
	dead    string // final: nothing will be recorded by this part any more
	current string // trouble code, empty when none
	until   time.Time
	nSilent int
	signer  bool
	// standing holds for as long as the part lives, when there is nothing graver.
	standing string
	said     bool // whether anything was said
	saidOn   bool
	saidWhy  string
	// hung is told when nothing became durable for hungAfter; nil: nobody asks.
	hung func()
}

// Troubles that are no causes of gaps (docs/archive-format.md).
const (
	troubleSecond = "second-disk" // records, in the second directory
	troubleAlone  = "no-mirror"   // records, in one of two directories that were to have the same
	troubleMoved  = "moved"       // never told: the next part speaks
)

// hold is how long a trouble stays shown after its last occurrence.
const hold = 5 * time.Second

func (s *status) good(at time.Time) {
	s.mu.Lock()
	s.lastOK = at
	s.mu.Unlock()
	s.tell()
}

func (s *status) trouble(code string) {
	s.mu.Lock()
	s.current, s.until = code, s.now().Add(hold)
	s.mu.Unlock()
	s.tell()
}

func (s *status) silent(d int) {
	s.mu.Lock()
	s.nSilent += d
	s.mu.Unlock()
	s.tell()
}

func (s *status) signed(ok bool) {
	s.mu.Lock()
	s.signer = !ok
	s.mu.Unlock()
	s.tell()
}

func (s *status) failed(code string) {
	s.mu.Lock()
	if s.dead == "" {
		s.dead = code
	}
	s.mu.Unlock()
	s.tell()
}

// tell reports a change. notify never blocks, so the lock may be held: reports
// keep their order.
func (s *status) tell() {
	s.mu.Lock()
	defer s.mu.Unlock()
	on, why := true, s.standing
	now := s.now()
	switch {
	case s.dead != "":
		on, why = false, s.dead
	case now.Sub(s.lastOK) > s.limit:
		on, why = false, "slow-disk"
	case now.Before(s.until):
		why = s.current
		// A track file that cannot be written means media that is not recorded.
		on = why != CauseDisk && why != CauseFull
	case s.signer:
		why = "signer"
	case s.nSilent > 0:
		why = "track-silent"
	}
	if s.said && on == s.saidOn && why == s.saidWhy {
		return
	}
	s.said, s.saidOn, s.saidWhy = true, on, why
	s.notify.Recording(on, why)
}

// watch tells when nothing became durable for too long.
func (s *status) watch(ctx context.Context) {
	tick := time.NewTicker(s.limit / 8)
	defer tick.Stop()
	for late := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.tell()
		}
		// Three times: a process that was stopped itself finds every batch old at first.
		if late++; s.age() < hungAfter {
			late = 0
		} else if late == 3 && s.hung != nil {
			s.hung()
		}
	}
}

// age is how long ago something became durable.
func (s *status) age() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now().Sub(s.lastOK)
}
