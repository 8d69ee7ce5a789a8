package signaling

import (
	"context"
	"slices"
	"time"

	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/wire"
)

// joining is what a session asks of a room: a seat for its device.
type joining struct {
	person   hearing.PersonID
	device   hearing.DeviceID
	token    string // resume token, may be empty
	lastSeq  uint64
	language string
	owner    [32]byte // which sign-in asks: its token's hash
	takeOver bool
	// silence is how long nothing has come over the session's connection.
	silence func() time.Duration
	// free is how long that has been free of what we sent (Conn.Free).
	free func() time.Duration
}

// joined is the answer.
type joined struct {
	place   *place
	link    *link
	resumed bool
}

// join seats a session. A device has one connection: within one sign-in the newer
// wins, as when a page is loaded again. Another sign-in is refused while the seat
// is taken, unless it says that it takes over; the older is told so.
func (r *Room) join(ctx context.Context, j joining) (joined, *hearing.Refusal) {
	type answer struct {
		joined
		ref *hearing.Refusal
	}
	ch := make(chan answer, 1)
	err := r.post(ctx, func() {
		res, ref := r.seatSession(j)
		ch <- answer{res, ref}
	})
	if err != nil {
		return joined{}, refuseStopping()
	}
	select {
	case a := <-ch:
		return a.joined, a.ref
	case <-r.done:
		return joined{}, refuseStopping()
	}
}

// seatSession runs on the actor.
func (r *Room) seatSession(j joining) (joined, *hearing.Refusal) {
	if !r.booked(j.person, j.device) {
		return joined{}, refuseNotFound()
	}
	pl := r.seats[j.device]
	// Somebody recorded as having left the front of the device (isolated) does not
	// come back to what the others before it may see and hear; the sign-in that the
	// device has had all the time serves those.
	if !slices.Contains(r.inFrontOf(j.device), j.person) && (pl == nil || pl.owner != j.owner) {
		return joined{}, refuseLeftDevice()
	}
	if pl != nil && pl.owner != j.owner && !j.takeOver && pl.presence.detachedAt.IsZero() {
		return joined{}, refuseSeatTaken()
	}
	if pl != nil && pl.seat.person == j.person && j.token != "" && pl.seat.canResume(j.token, j.lastSeq) {
		l := r.attach(pl, j, j.lastSeq)
		r.publishTo(pl, hearing.NewViews(r.eff), false)
		return joined{pl, l, true}, nil
	}
	if pl == nil && len(r.seats) >= r.limits.SeatsPerRoom {
		return joined{}, refuseBusy()
	}
	fresh, err := r.newPlace(j, pl)
	if err != nil {
		r.logger.Error("no seat", "err", err)
		return joined{}, refuseInternal()
	}
	l := r.attach(fresh, j, 0)
	r.publishTo(fresh, hearing.NewViews(r.eff), true)
	return joined{fresh, l, false}, nil
}

// newPlace begins a new seat session of a device, in the stead of old if any.
func (r *Room) newPlace(j joining, old *place) (*place, error) {
	s, err := newSeat(j.person, j.device, r.limits, r.p.random)
	if err != nil {
		return nil, err
	}
	pl := &place{seat: s}
	if old != nil {
		// The device was here all the time: the rules hear nothing of this.
		pl.presence = old.presence
		old.media.close()
		old.seat.end(&wire.Bye{Reason: wireRefusal(refuseTakenOver())})
	} else {
		pl.presence.told = r.connected(j.device)
	}
	pl.media = newSeatMedia(r.p.media, s, hearing.Sources(r.tip), &r.closers, r.logger)
	pl.media.now = r.p.now
	pl.media.relay, pl.media.onlooker = r.p.relay, hearing.Watches(r.tip, j.device)
	if r.alarms != nil {
		pl.media.unseen = func(shows, sees hearing.DeviceID) { r.alarms.raise(alarmPicture, "", shows, string(sees)) }
	}
	r.seats[j.device] = pl
	return pl, nil
}

func (r *Room) attach(pl *place, j joining, lastSeq uint64) *link {
	l := &link{wake: make(chan struct{}, 1)}
	pl.seat.attach(l, lastSeq, j.language)
	pl.owner = j.owner
	pl.presence.detachedAt, pl.presence.silence, pl.presence.free = time.Time{}, j.silence, j.free
	r.reconcilePresence(r.p.now())
	return l
}

// leave detaches a session that ended; the seat stays for the resume window.
func (r *Room) leave(pl *place, l *link) {
	act := func() {
		if pl.seat.detach(l) && r.seats[pl.seat.device] == pl {
			pl.presence.detachedAt = r.p.now()
		}
	}
	select {
	case r.mail <- act:
	case <-r.done:
	}
}

// signOut ends the seat of a sign-in at once, its media included.
func (r *Room) signOut(ctx context.Context, who store.Session, why *hearing.Refusal) {
	_ = r.post(ctx, func() { r.endSeat(who, why) })
}

// endSeat ends the seat of a sign-in: connection, resume window and media. A seat
// that another sign-in has taken over since is not its own any more.
func (r *Room) endSeat(who store.Session, why *hearing.Refusal) {
	pl := r.seats[hearing.DeviceID(who.Device)]
	if pl == nil || pl.owner != who.TokenHash {
		return
	}
	pl.media.close()
	pl.seat.end(&wire.Bye{Reason: wireRefusal(why)})
	pl.presence.detachedAt = r.p.now().Add(-r.limits.ResumeWindow)
	r.onTime() // disconnected now, not at the next tick
}

func (r *Room) booked(p hearing.PersonID, d hearing.DeviceID) bool {
	for _, dev := range r.p.booking.Devices {
		if dev.ID != d {
			continue
		}
		for _, q := range dev.People {
			if q == p {
				return true
			}
		}
	}
	return false
}

func (r *Room) connected(d hearing.DeviceID) bool {
	for _, ds := range r.tip.Devices {
		if ds.ID == d {
			return ds.Connected
		}
	}
	return false
}
