package signaling

import (
	"errors"
	"time"

	"phientoa/internal/hearing"
)

// Why a room ends of its own accord; neither is a fault.
var (
	errQuiet = errors.New("signaling: nobody is here and nothing is to be done")
	errOver  = errors.New("signaling: the hearing is closed")
)

// mayGo tells whether this node need not hold the hearing any longer: a closed
// one whose logs are complete, once everybody has left or ClosedStay is over,
// and a scheduled or suspended one that nobody waits for. Whoever comes later opens it again.
// A hearing in progress is never let go.
func (r *Room) mayGo(now time.Time) error {
	if r.connections() > 0 {
		r.quiet = time.Time{}
	} else if r.quiet.IsZero() {
		r.quiet = now
	}
	alone := !r.quiet.IsZero() && now.Sub(r.quiet) >= r.limits.RoomIdle
	if r.away || r.inflight != nil || r.limbo != nil || len(r.waiting) > 0 {
		return nil
	}
	switch {
	case r.tipClosed() && r.log.done():
		if r.closedAt.IsZero() {
			r.closedAt = now
		}
		if now.Sub(r.closedAt) >= r.limits.ClosedStay {
			return errOver
		}
		// What was cancelled before it was opened holds nobody's place.
		if alone || r.tip.Status == hearing.Cancelled && r.connections() == 0 {
			return errQuiet
		}
	case (r.tip.Status.BeforeOpening() || r.tip.Status == hearing.Suspended) && len(r.seats) == 0 && alone && r.log.idle():
		return errQuiet
	}
	return nil
}

func (r *Room) connections() int {
	n := 0
	for _, pl := range r.seats {
		if pl.presence.detachedAt.IsZero() {
			n++
		}
	}
	return n
}
