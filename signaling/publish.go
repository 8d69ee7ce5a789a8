package signaling

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/wire"
)

// viewSent remembers what a seat saw last, so that nothing is said twice.
type viewSent struct {
	view   *wire.View
	inside bool // the person was in the courtroom
}

// publish sends each seat its own view of the state, where it changed, puts media
// in force (devices that may no longer connect are cut), and tells the helpers
// what concerns them.
func (r *Room) publish() {
	now := r.p.now()
	r.status.Store(r.eff.Status)
	views := hearing.NewViews(r.eff)
	v := views.For(hearing.Reader{System: true})
	r.points.note(v, now, func(p hearing.PersonID) bool { return hearing.Needed(r.eff, p) })
	r.noteLive(v)
	r.info.note(r.eff, now)
	r.alarmTrouble(v)
	for _, pl := range r.seats {
		r.publishTo(pl, false)
	}
}

func (r *Room) publishTo(pl *place, always bool) {
	status := r.standing(pl.seat.device)
	hv := hearing.ViewFor(r.eff, hearing.Reader{Person: pl.seat.person, Device: pl.seat.device})
	inside := r.inside(pl.seat, hv)
	// The public does not check in: it connects while it may follow.
	connects := (status == hearing.Waiting || status == hearing.InCourtroom || inside) && !r.eff.Status.Over()
	pl.media.allow(connects)
	if pl.lastView.inside && !inside {
		pl.seat.purge(connects)
	}
	pl.lastView.inside = inside
	v := r.viewFor(pl.seat, hv, inside)
	if !always && pl.lastView.view != nil && sameView(pl.lastView.view, v) {
		return
	}
	pl.lastView.view = v
	pl.seat.send(&wire.Envelope{Body: &wire.Envelope_View{View: v}})
}

// inside tells whether the reader may know of the courtroom: everybody in front of
// the device is in it, or in one of its rooms, for what is shown there they see
// too. own is the reader's view.
func (r *Room) inside(s *seat, own hearing.View) bool {
	in := func(p hearing.Place) bool {
		return p == hearing.Courtroom || p == hearing.DeliberationR || p == hearing.ConsultRoom
	}
	if !in(own.Place) {
		return false
	}
	for _, p := range r.inFrontOf(s.device) {
		if p != s.person && !in(hearing.ViewFor(r.eff, hearing.Reader{Person: p, Device: s.device}).Place) {
			return false
		}
	}
	return true
}

// inFrontOf lists who sits before a device: those recorded there without whoever
// is confirmed to have left, or all of them when nobody would remain.
func (r *Room) inFrontOf(d hearing.DeviceID) []hearing.PersonID {
	i, ok := r.index.devices[d]
	if !ok {
		return nil
	}
	people := r.p.booking.Devices[i].People
	stay := keep(people, func(p hearing.PersonID) bool { ps := r.personState(p); return ps == nil || !ps.Left })
	if len(stay) == 0 {
		return people
	}
	return stay
}

// personState is nil for somebody who is not of this hearing.
func (r *Room) personState(p hearing.PersonID) *hearing.PersonState {
	i, ok := r.index.people[p]
	if !ok || i >= len(r.eff.People) {
		return nil
	}
	return &r.eff.People[i]
}

// sameView compares what a reader sees; the sequence alone is no news.
func sameView(a, b *wire.View) bool {
	if a.StateSeq == b.StateSeq {
		return proto.Equal(a, b)
	}
	c := proto.CloneOf(a)
	c.StateSeq = b.StateSeq
	return proto.Equal(c, b)
}

// standing is what a device may connect as: the lowest status of the people in
// front of it.
func (r *Room) standing(d hearing.DeviceID) hearing.PersonStatus {
	rank := map[hearing.PersonStatus]int{
		hearing.Removed: 0, hearing.Absent: 1, hearing.Arrived: 2, hearing.Waiting: 3, hearing.InCourtroom: 4,
	}
	low := hearing.InCourtroom
	found := false
	for _, p := range r.inFrontOf(d) {
		ps := r.personState(p)
		if ps == nil {
			continue
		}
		found = true
		if rank[ps.Status] < rank[low] {
			low = ps.Status
		}
	}
	if !found {
		return hearing.Absent
	}
	return low
}

func (r *Room) viewFor(s *seat, hv hearing.View, inside bool) *wire.View {
	v := wireView(hv, r.p.names)
	if !inside {
		return v
	}
	v.Recording = v.Recording && r.recording.on
	if r.away {
		v.Degraded = true
		v.Acts = keep(v.Acts, hearing.ActRestricts)
		hv.Acts = v.Acts // an alert offers no act that would be refused
	}
	v.Alerts = r.alertsFor(hv, s, r.p.now())
	return v
}

// presides tells whether a person leads the hearing or keeps its record.
func (r *Room) presides(p hearing.PersonID) bool { return r.capacity(p).HoldsRoom() }

// ofCourt tells whether a person belongs to the bench or is its clerk.
func (r *Room) ofCourt(p hearing.PersonID) bool { return r.capacity(p).OfCourt() }

func (r *Room) capacity(p hearing.PersonID) court.Capacity {
	if i, ok := r.index.people[p]; ok {
		return r.p.booking.People[i].Capacity
	}
	return ""
}

// titleFor is the hearing's title if the reader's View has it.
func (r *Room) titleFor(ctx context.Context, who hearing.Reader) string {
	title := make(chan string, 1)
	if r.post(ctx, func() { title <- hearing.ViewFor(r.eff, who).Title }) != nil {
		return ""
	}
	select {
	case t := <-title:
		return t
	case <-r.done:
	case <-ctx.Done():
	}
	return ""
}

func keep[T any](list []T, f func(T) bool) []T {
	var out []T
	for _, x := range list {
		if f(x) {
			out = append(out, x)
		}
	}
	return out
}

// sendNote gives everybody in the courtroom the latest signed checkpoint: each
// keeps it as a receipt.
	v.RecordingHeld = v.RecordingHeld && r.recording.on
func (r *Room) sendNote(now time.Time) {
	if r.noteNew == nil || now.Sub(r.noteSent) < r.limits.CheckpointEvery {
		return
	}
	note := string(r.noteNew.note)
	r.noteNew, r.noteSent = nil, now
	for _, pl := range r.seats {
		if pl.lastView.inside {
			pl.seat.post(&wire.Envelope{Body: &wire.Envelope_Checkpoint{Checkpoint: &wire.Checkpoint{Note: note}}})
		}
	}
}
