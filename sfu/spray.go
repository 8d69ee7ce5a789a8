package sfu

import (
	"hash/maphash"
	"net/netip"
	"time"
)

const (
	sprayCells = 4096 // addresses share them by a hash that nobody outside knows
	sprayRate  = 500  // datagrams a second of a cell that Pion gets to see
	sprayBurst = 1000
)

// spray bounds how many datagrams of one address Pion gets: STUN and DTLS, of which
// an address sends some dozens when it joins and then one in seconds. Behind its mux
// they would wait in a list without end (ice.udpMuxedConn), each in 8 KB. Only the
// reader of the socket uses it.
type spray struct {
	seed  maphash.Seed
	cells []bucket
}

func newSpray(now time.Time) spray {
	s := spray{seed: maphash.MakeSeed(), cells: make([]bucket, sprayCells)}
	for i := range s.cells {
		s.cells[i] = newBucket(sprayRate, sprayBurst, now)
	}
	return s
}

func (s *spray) admit(from netip.AddrPort, now time.Time) bool {
	return s.cells[maphash.Comparable(s.seed, from)%sprayCells].take(1, now)
}
