package signaling

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"phientoa/internal/store"
)

// Bounds of a throttle.
const (
	seatPerMinute = 6    // of one seat, and as many at once
	maxThrottled  = 4096 // seats watched at once; beyond that acts are refused
)

// throttle bounds an act of seats that writes or calls somebody: calls for help,
// reported tests. It holds one bucket for each seat that did it lately, whatever
// connections the seat has had.
type throttle struct {
	mu      sync.Mutex
	buckets map[throttledSeat]*rate.Limiter
}

type throttledSeat struct{ hearing, device string }

func newThrottle() *throttle { return &throttle{buckets: map[throttledSeat]*rate.Limiter{}} }

func (t *throttle) allow(who store.Session, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := throttledSeat{who.Hearing, who.Device}
	b := t.buckets[key]
	if b == nil {
		if len(t.buckets) >= maxThrottled {
			t.sweepLocked(now)
		}
		if len(t.buckets) >= maxThrottled {
			return false
		}
		b = rate.NewLimiter(rate.Every(time.Minute/seatPerMinute), seatPerMinute)
		t.buckets[key] = b
	}
	return b.AllowN(now, 1)
}

// sweepLocked forgets seats whose bucket is full again.
func (t *throttle) sweepLocked(now time.Time) {
	for k, b := range t.buckets {
		if b.TokensAt(now) >= seatPerMinute {
			delete(t.buckets, k)
		}
	}
}
