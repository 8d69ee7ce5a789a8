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

// publish sends each seat its own view of the state, where it changed, and puts
// media in force: devices that may no longer connect are cut.
func (r *Room) publish() {
	r.status.Store(r.eff.Status)
	for _, pl := range r.seats {
		r.publishTo(pl, false)
	}
}

func (r *Room) publishTo(pl *place, always bool) {
	status := r.standing(pl.seat.device)
	pl.media.allow(status == hearing.Waiting || status == hearing.InCourtroom, r.eff.Status == hearing.Closed)
	inside := status == hearing.InCourtroom
	if pl.lastView.inside && !inside {
		pl.seat.purge()
	}
	pl.lastView.inside = inside
	v := r.viewFor(pl.seat, inside)
	if !always && pl.lastView.view != nil && sameView(pl.lastView.view, v) {
		return
	}
	pl.lastView.view = v
	pl.seat.send(&wire.Envelope{Body: &wire.Envelope_View{View: v}})
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
	for _, dev := range r.eff.Booking.Devices {
		if dev.ID != d {
			continue
		}
		for _, p := range dev.People {
			for _, ps := range r.eff.People {
				if ps.ID == p {
					found = true
					if rank[ps.Status] < rank[low] {
						low = ps.Status
					}
				}
			}
		}
	}
	if !found {
		return hearing.Absent
	}
	return low
}

func (r *Room) viewFor(s *seat, inside bool) *wire.View {
	hv := hearing.ViewFor(r.eff, hearing.Reader{Person: s.person, Device: s.device})
	v := wireView(hv, r.p.names)
	if !inside {
		return v
	}
	v.Recording = v.Recording && r.recording.on
	if r.away {
		v.Degraded = true
		v.Acts = keep(v.Acts, hearing.ActRestricts)
		ref := refuseDatabaseAway()
		v.Alerts = append(v.Alerts, &wire.Alert{
			Code: ref.Code, Vi: ref.Vi, En: ref.En, Since: r.awaySince.UnixMicro(), Severity: "attention",
		})
	}
	if hv.Trouble != "" {
		vi, en := recorderTrouble(hv.Trouble)
		v.Alerts = append(v.Alerts, &wire.Alert{
			Code: "recorder_" + hv.Trouble, Vi: vi, En: en, Severity: "error",
		})
	}
	if r.p.overtaken && r.presides(s.person) {
		v.Alerts = append(v.Alerts, overtakenAlert())
	}
	if hv.Late {
		v.Alerts = append(v.Alerts, &wire.Alert{
			Code: "late", Since: v.Since, Severity: "info", Act: "open",
			Vi: "Đã quá giờ mở phiên tòa.", En: "The hearing is past its starting time.",
		})
	}
	return v
}

// presides tells whether a person leads the hearing or keeps its record.
func (r *Room) presides(p hearing.PersonID) bool {
	for _, q := range r.p.booking.People {
		if q.ID == p {
			return q.Capacity == court.PresidingJudge || q.Capacity == court.Clerk
		}
	}
	return false
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

func keep(list []string, f func(string) bool) []string {
	var out []string
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
