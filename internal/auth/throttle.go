package auth

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Throttling of attempts to prove who one is.
const (
	attemptsPerMinute = 10
	enrolsPerMinute   = 30    // wrong enrolment codes of the whole process: they are short
	maxAddresses      = 16384 // watched at once; the least recently seen is forgotten
)

// throttle holds one bucket for each address, so that guessing tokens is slow
// and a whole IPv6 network counts as one.
type throttle struct {
	perMinute int

	mu      sync.Mutex
	buckets *lru[string, *rate.Limiter]
}

func newThrottle(perMinute int) *throttle {
	return &throttle{perMinute: perMinute, buckets: newLRU[string, *rate.Limiter](maxAddresses)}
}

// attempt takes one from the address's bucket, or tells that it is empty. The
// caller gives it back when the attempt was no wrong guess: the people of one
// court sign in from one address at the same time.
func (t *throttle) attempt(addr string, now time.Time) (giveBack func(), ok bool) {
	return t.attemptKey(network(addr), now)
}

// attemptKey is attempt for something other than an address.
func (t *throttle) attemptKey(key string, now time.Time) (giveBack func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b, found := t.buckets.get(key)
	if !found {
		b = rate.NewLimiter(rate.Every(time.Minute/time.Duration(t.perMinute)), t.perMinute)
		t.buckets.put(key, b)
	}
	r := b.ReserveN(now, 1)
	if r.DelayFrom(now) > 0 {
		r.CancelAt(now)
		return nil, false
	}
	return func() { r.CancelAt(now) }, true
}

// network is the address without port; of IPv6 the first 64 bits, which one
// subscriber has for himself. What is no address shares one bucket.
func network(addr string) string {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		ap, err := netip.ParseAddrPort(addr)
		if err != nil {
			return "unknown"
		}
		ip = ap.Addr()
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	p, err := ip.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return p.String()
}
