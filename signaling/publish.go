package signaling

import (
	"context"
	"slices"
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
	// Of the public: what they read alike, and what is their own.
	gallery *wire.View
	own     *wire.PersonView
}

// gallery is what all of the public read alike. As long as it says the same it is the
// same value, so that 800 who only watch cost 800 comparisons of a pointer.
type gallery struct {
	of   *hearing.View // from which view was made or found unchanged
	view *wire.View
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
	r.exhibits.note(r.eff)
	r.alarmTrouble(v)
	for _, pl := range r.seats {
		r.publishTo(pl, views, false)
	}
}

// publishTo sends a seat its view if that changed, or always. views are those of eff.
func (r *Room) publishTo(pl *place, views *hearing.Views, always bool) {
	who := hearing.Reader{Person: pl.seat.person, Device: pl.seat.device}
	if shared, own, at, public := views.Public(who); public {
		r.publishToPublic(pl, shared, wirePerson(own, r.p.names), at, always)
		return
	}
	pl.lastView.gallery, pl.lastView.own = nil, nil
	status := r.standing(pl.seat.device)
	hv := views.For(who)
	inside := r.inside(pl.seat, views, hv)
	connects := (status == hearing.Waiting || status == hearing.InCourtroom || inside) && !r.eff.Status.Over()
	pl.media.allow(connects)
	if pl.lastView.inside && !inside {
		pl.seat.purge(connects)
	}
	pl.lastView.inside = inside
	v := r.viewFor(pl.seat, hv, inside)
	v.Connects = connects
	if !always && pl.lastView.view != nil && sameView(pl.lastView.view, v) {
		return
	}
	pl.lastView.view = v
	pl.seat.send(&wire.Envelope{Body: &wire.Envelope_View{View: v}})
}

// publishToPublic is publishTo of a seat of the public while it may follow. It does
// not check in: it connects as long as that lasts. own belongs into the people at the
// index at.
func (r *Room) publishToPublic(pl *place, shared *hearing.View, own *wire.PersonView, at int, always bool) {
	pl.media.allow(true)
	last := &pl.lastView
	last.inside = true
	g := r.galleryView(shared)
	if !always && last.gallery == g && proto.Equal(last.own, own) {
		return
	}
	mine := *shared
	mine.Me, mine.People = pl.seat.person, nil
	v := r.viewFor(pl.seat, mine, true)
	v.People, v.Connects = slices.Insert(slices.Clip(g.People), at, own), true
	last.view, last.gallery, last.own = v, g, own
	pl.seat.send(&wire.Envelope{Body: &wire.Envelope_View{View: v}})
}

// galleryView is shared in the protocol's form: the value of before, if it says the same.
func (r *Room) galleryView(shared *hearing.View) *wire.View {
	if r.gallery.of == shared {
		return r.gallery.view
	}
	v := r.viewFor(&seat{}, *shared, true)
	if r.gallery.view == nil || !sameView(r.gallery.view, v) {
		r.gallery.view = v
	}
	r.gallery.of = shared
	return r.gallery.view
}

// inside tells whether the reader may know of the courtroom: everybody in front of
// the device is in it, or in one of its rooms, for what is shown there they see
// too. own is the reader's view.
func (r *Room) inside(s *seat, views *hearing.Views, own hearing.View) bool {
	in := func(p hearing.Place) bool {
		return p == hearing.Courtroom || p == hearing.DeliberationR || p == hearing.ConsultRoom
	}
	if !in(own.Place) {
		return false
	}
	for _, p := range r.inFrontOf(s.device) {
		if p != s.person && !in(views.Place(hearing.Reader{Person: p, Device: s.device})) {
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

// sameView compares what a reader sees; the sequence alone is no news. a was sent,
// b is new: nobody else has it yet.
func sameView(a, b *wire.View) bool {
	seq := b.StateSeq
	defer func() { b.StateSeq = seq }()
	b.StateSeq = a.StateSeq
	return proto.Equal(a, b)
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
	v.RecordingHeld = v.RecordingHeld && r.recording.on
	if r.away {
		v.Degraded = true
		v.Acts = keep(v.Acts, hearing.ActRestricts)
		hv.Acts = v.Acts // an alert offers no act that would be refused
	}
	v.Alerts = r.alertsFor(hv, s, r.p.now())
	r.tellMonitoring(v.Monitoring, s, v.Acts)
	return v
}

// allBefore tells whether f holds of the seat's person and of everybody else who sits
// before the device: all of them read what stands there.
func (r *Room) allBefore(s *seat, f func(court.Capacity) bool) bool {
	return f(r.capacity(s.person)) &&
		!slices.ContainsFunc(r.inFrontOf(s.device), func(p hearing.PersonID) bool { return !f(r.capacity(p)) })
}

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
