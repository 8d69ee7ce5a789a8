package signaling

import (
	"slices"

	"phientoa/internal/court"
	"phientoa/internal/wire"
)

// Follower is a unit of the procuracy that follows a hearing, with how many people.
type Follower struct {
	Name   string
	People int
}

// OverseerUnit is a unit in whose scope a hearing lies.
type OverseerUnit struct {
	ID   court.UnitID
	Name string
}

// Followed says who follows a hearing now, in the order in which it is shown: to its
// presiding judge and clerk, and to its court's chief judge (LiveHearing). Of hearings
// that are not open here nothing is said. It does not block; list is not to be changed.
func (rs *Rooms) Followed(hearingID string, list []Follower) {
	if r := rs.at(hearingID); r != nil {
		r.sig.setFollowers(list)
	}
}

// tellMonitoring adds to a view who follows from outside, and to whom the hearing can be
// released by name, where everybody before the device may read it.
func (r *Room) tellMonitoring(m *wire.MonitoringView, s *seat, acts []string) {
	if m == nil || !r.allBefore(s, readsFollowers) {
		return
	}
	for _, f := range r.followers {
		m.Followers = append(m.Followers, &wire.FollowerView{Name: f.Name, People: bounded(f.People)})
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
