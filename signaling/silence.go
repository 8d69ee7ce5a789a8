package signaling

import "time"

// A pulled cable says no farewell: its socket stays open until ReadTimeout. So a
// device counts as lost when nothing has come from it for SilentAfter, neither over
// its connection (pings are answered by the browser itself) nor by its media. Seat,
// connection and media stay: whatever comes again ends the loss.
//
// A ping waits behind what we sent before it. Who has media is heard by those
// meanwhile; of who has none, the time that a thin line needs for what we sent is no
// silence.

// watch is what the actor keeps about its looks after silent devices.
type watch struct {
	looked time.Time // the last look
	since  time.Time // since when this process has not stood still
	due    time.Time // when the next device is lost if nothing more comes
}

// begin begins a look. After a pause of the whole process what came meanwhile is
// not read yet and nobody was pinged, so silence counts from now.
func (w *watch) begin(now time.Time, bound time.Duration) {
	if now.Sub(w.looked) > bound/2 {
		w.since = now
	}
	w.looked, w.due = now, now.Add(bound)
}

// next is when to look again, in the past when that is overdue.
func (w *watch) next(bound time.Duration) time.Time {
	if at := w.looked.Add(bound / 4); at.Before(w.due) {
		return at
	}
	return w.due
}

// heard tells whether an attached device counts as connected. Whom the rules know
// as lost does not come back by a pause of this process.
func (r *Room) heard(pl *place, now time.Time) bool {
	left := r.limits.SilentAfter - r.silence(pl)
	if pl.presence.told {
		left = max(left, r.limits.SilentAfter-now.Sub(r.watch.since))
	}
	if left <= 0 {
		return false
	}
	if at := now.Add(left); at.Before(r.watch.due) {
		r.watch.due = at
	}
	return true
}

// silence is how long nothing has come from an attached device.
func (r *Room) silence(pl *place) time.Duration {
	quiet := pl.presence.silence()
	if quiet < r.limits.SilentAfter {
		return quiet // the usual case, without the media's lock
	}
	if m, ok := pl.media.silence(); ok {
		return min(quiet, m)
	}
	return min(quiet, pl.presence.free())
}
