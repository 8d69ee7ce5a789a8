package signaling

import (
	"slices"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/wire"
)

// Follower is a unit of the procuracy that follows a hearing, with how many people.
type Follower struct {
	Unit   court.UnitID
	Name   string
	People int
}

// OverseerUnit is a unit in whose scope a hearing lies.
type OverseerUnit struct {
	ID   court.UnitID
	Name string
}

// Followed says who follows a hearing now, in the order in which it is shown: to its
// presiding judge and clerk, and to the chief judges of its court and of the courts above
// it (LiveHearing). Of hearings
// that are not open here nothing is said. It does not block; list is not to be changed.
func (rs *Rooms) Followed(hearingID string, list []Follower) {
	if r := rs.at(hearingID); r != nil {
		r.sig.setFollowers(list)
	}
}

// heedFollowers tells who follows from now on, and tells those alone who may read it: of
// 800 seats the others have no news.
func (r *Room) heedFollowers(list []Follower) {
	r.followers = list
	if was := r.live.Load(); was != nil {
		l := *was
		l.Followers = r.following()
		r.live.Store(&l)
	}
	var views *hearing.Views
	for _, pl := range r.seats {
		if !r.allBefore(pl.seat, readsFollowers) {
			continue
		}
		if views == nil {
			views = hearing.NewViews(r.eff)
		}
		r.publishTo(pl, views, false)
	}
}

// following are the followers whom the court lets follow now: of others, who are being
// sent out, nothing is sent any more.
func (r *Room) following() []Follower {
	return keep(r.followers, func(f Follower) bool { return hearing.Monitored(r.eff, f.Unit) != "" })
}

// tellMonitoring adds to a view who follows from outside, where everybody before the
// device may read it, and for who decides it the units to which the hearing can be
// released by name.
func (r *Room) tellMonitoring(m *wire.MonitoringView, s *seat, acts []string) {
	if m == nil {
		return
	}
	if r.allBefore(s, readsFollowers) {
		for _, f := range r.following() {
			m.Followers = append(m.Followers, &wire.FollowerView{Id: string(f.Unit), Name: f.Name, People: bounded(f.People)})
		}
	}
	if r.capacity(s.person) != court.PresidingJudge || !slices.Contains(acts, "set_monitoring") {
		return
	}
	for _, u := range r.p.overseers {
		m.Overseers = append(m.Overseers, &wire.UnitView{Id: string(u.ID), Name: u.Name})
	}
}

// readsFollowers: J3.4, who follows is for presiding judge and clerk; everybody else reads
// that the hearing is followed.
func readsFollowers(c court.Capacity) bool { return c == court.PresidingJudge || c == court.Clerk }
