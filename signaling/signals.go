package signaling

import "sync"

// signals carries levels (not queues) from helpers to a room actor: the latest
// value counts, so nothing can pile up. It implements Notifier.
type signals struct {
	wake chan struct{} // capacity 1

	mu         sync.Mutex
	recording  *recordingReport
	checkpoint *checkpointReport
	left       *int // minutes of recording that the disks take
	followers  *[]Follower
	fatal      error
	leaseAway  bool
}

type recordingReport struct {
	on      bool
	trouble string
}

type checkpointReport struct {
	size uint64
	root string
	note []byte
}

func newSignals() *signals { return &signals{wake: make(chan struct{}, 1)} }

func (s *signals) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Recording implements Notifier.
func (s *signals) Recording(on bool, trouble string) {
	s.mu.Lock()
	s.recording = &recordingReport{on, trouble}
	s.mu.Unlock()
	s.poke()
}

// Checkpoint implements Notifier.
func (s *signals) Checkpoint(size uint64, root string, note []byte) {
	s.mu.Lock()
	s.checkpoint = &checkpointReport{size, root, append([]byte(nil), note...)}
	s.mu.Unlock()
	s.poke()
}

// setLeft reports how many minutes of recording the disks still take.
func (s *signals) setLeft(minutes int) {
	s.mu.Lock()
	s.left = &minutes
	s.mu.Unlock()
	s.poke()
}

// takeLeft takes a new measurement; nil: none.
func (s *signals) takeLeft() *int {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.left
	s.left = nil
	return left
}

// setFollowers reports who follows the hearing from outside.
func (s *signals) setFollowers(list []Follower) {
	s.mu.Lock()
	s.followers = &list
	s.mu.Unlock()
	s.poke()
}

// takeFollowers takes a new list; nil: none.
func (s *signals) takeFollowers() *[]Follower {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.followers
	s.followers = nil
	return list
}

// fail reports an error after which the room cannot go on; the first counts.
func (s *signals) fail(err error) {
	s.mu.Lock()
	if s.fatal == nil {
		s.fatal = err
	}
	s.mu.Unlock()
	s.poke()
}

func (s *signals) setLeaseAway(away bool) {
	s.mu.Lock()
	s.leaseAway = away
	s.mu.Unlock()
	s.poke()
}

// snapshot takes what is new; fatal and leaseAway stay as they are.
func (s *signals) snapshot() (rec *recordingReport, cp *checkpointReport, leaseAway bool, fatal error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, cp = s.recording, s.checkpoint
	s.recording, s.checkpoint = nil, nil
	return rec, cp, s.leaseAway, s.fatal
}
