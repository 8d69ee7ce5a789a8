package signaling

import (
	"slices"
	"time"

	"phientoa/internal/hearing"
)

// A device on a loose plug comes and goes all day. Each loss is named at once, for
// somebody may not hear what is said; but whoever was lost Flaps times within a
// minute is back only when it was here for SteadyAfter without a break. So a minute
// has at most Flaps losses of a device and one for each SteadyAfter in it, and as
// many returns.

// flapWindow is the time in which losses are counted.
const flapWindow = time.Minute

// flaps are the latest losses of each device that the rules were told of. They
// outlive seats: signing in anew is no way around.
type flaps map[hearing.DeviceID][]time.Time

// note takes a loss, and forgets what is out of the window.
func (f flaps) note(d hearing.DeviceID, now time.Time) {
	f[d] = append(slices.DeleteFunc(f[d], func(at time.Time) bool { return now.Sub(at) >= flapWindow }), now)
}

// many tells whether a device was lost at least most times in the window.
func (f flaps) many(d hearing.DeviceID, now time.Time, most int) bool {
	list := f[d]
	return len(list) >= most && now.Sub(list[len(list)-most]) < flapWindow
}

// steady tells whether a device that is heard may count as connected.
func (r *Room) steady(d hearing.DeviceID, p *presence, now time.Time) bool {
	return p.told || now.Sub(p.since) >= r.limits.SteadyAfter || !r.flaps.many(d, now, r.limits.Flaps)
}
