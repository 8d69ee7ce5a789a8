package whip

import (
	"time"

	"phientoa/internal/auth"
	"phientoa/internal/hearing"
)

// early is how long before the booked start of a hearing its devices are let in.
const early = 30 * time.Minute

// choose finds the seat in which a device sits now: one whose hearing is being
// heard, else one that was opened and did not end, else the latest that begins within
// half an hour or should have begun. Of several the latest start counts.
func choose(seats []auth.RoomSeat, now time.Time) (auth.RoomSeat, bool) {
	var best auth.RoomSeat
	rank := 0
	for _, s := range seats {
		r := rankOf(hearing.Status(s.Status))
		if r == 0 || r == rankBooked && s.StartsAt > now.Add(early).UnixMicro() {
			continue
		}
		if r > rank || r == rank && s.StartsAt > best.StartsAt {
			best, rank = s, r
		}
	}
	return best, rank > 0
}

const (
	rankBooked = 1
	rankOpened = 2
	rankHeard  = 3
)

func rankOf(s hearing.Status) int {
	switch {
	case s.Over(), s == hearing.Suspended:
		return 0
	case s == hearing.InSession:
		return rankHeard
	case s == "", s.BeforeOpening():
		return rankBooked
	default:
		return rankOpened
	}
}
