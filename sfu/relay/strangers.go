package relay

import (
	"hash/maphash"
	"net/netip"
	"time"

	"golang.org/x/time/rate"
)

// strangerCells are shared by networks through a hash that nobody outside knows, so that
// no flood makes the table grow.
const strangerCells = 4096

// strangers bounds the answers to datagrams without a valid pass, network by network:
// whoever floods, or forges a network's addresses, takes the answers of that network
// alone, and no reflection of us reaches it faster. A house behind one address asks some
// times for each of its browsers.
type strangers struct {
	seed  maphash.Seed
	cells []*rate.Limiter
}

func newStrangers(perSecond int) *strangers {
	s := &strangers{seed: maphash.MakeSeed(), cells: make([]*rate.Limiter, strangerCells)}
	for i := range s.cells {
		s.cells[i] = rate.NewLimiter(rate.Limit(perSecond), perSecond)
	}
	return s
}

// networkOf is the /24 of an IPv4 address, the /56 of an IPv6 one: what one customer of a
// provider has at most.
func networkOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 56
	if a.Is4() {
		bits = 24
	}
	p, _ := a.Prefix(bits)
	return p
}

func (s *strangers) allow(from netip.Addr) bool { return s.allowAt(from, time.Now()) }

func (s *strangers) allowAt(from netip.Addr, now time.Time) bool {
	cell := maphash.Comparable(s.seed, networkOf(from)) % strangerCells
	return s.cells[cell].AllowN(now, 1)
}
