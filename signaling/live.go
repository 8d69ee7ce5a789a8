package signaling

import (
	"cmp"
	"maps"
	"slices"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
)

// LiveHearing is what operators may know of a hearing that this node hosts: no
// names, no media, nothing that was said.
type LiveHearing struct {
	ID       string
	Unit     court.UnitID
	DocketNo string
	Status   hearing.Status
	// Phase and Visibility as the court sees them.
	Phase      court.Phase
	Visibility hearing.Visibility
	Since      int64 // of Status, UTC unix microseconds
	Points     []LivePoint
	Connected  int // people with a connected device
	Expected   int // people booked
	Recording  bool
	Trouble    string // the recorder's code, empty when none

	Followers []Follower // who follows it from outside

	// Procurators by name, and the cameras that a unit's monitors may see now, those of the
	// highest priority first; nil: none.
	Procurators []string
	Cameras     func(court.UnitID) []LiveCamera

	// Monitors is the class in which monitors of a unit, in whose scope the hearing lies,
	// may follow it by the court's decision, "" for none; nil: nobody may.
	Monitors func(court.UnitID) hearing.Class
}

// Monitored tells whether monitors of the unit, in whose scope the hearing lies, may
// follow it by the court's decision. Whether there is anything to see depends on Status.
func (l *LiveHearing) Monitored(u court.UnitID) bool { return l.MonitoredAs(u) != "" }

// MonitoredAs is Monitors, "" where that is nil.
func (l *LiveHearing) MonitoredAs(u court.UnitID) hearing.Class {
	if l.Monitors == nil {
		return ""
	}
	return l.Monitors(u)
}

// LiveCamera is one that monitors may see.
type LiveCamera struct {
	Device string
	Point  string         // name, "" when nobody is booked before it
	Who    court.Capacity // of the first person before it
}

// LivePoint is a point's light ("ok", "partial", "lost", "waiting").
type LivePoint struct {
	ID    string
	Name  string
	Kind  hearing.PointKind
	Light string
}

// Hosts tells whether this node hosts the hearing and it is not over. It does
// not block.
func (rs *Rooms) Hosts(hearingID string) bool {
	r := rs.at(hearingID)
	return r != nil && !r.Status().Over()
}

// Hosted lists the ids of all hearings that are open here, also of those that are
// over: whoever still sits there can be sent out. It does not block.
func (rs *Rooms) Hosted() []string {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return slices.Sorted(maps.Keys(rs.rooms))
}

// Live lists the hearings that this node hosts and that are not over, by start
// of their state, then id. It asks no actor: each has left its latest word.
func (rs *Rooms) Live() []LiveHearing {
	rs.mu.Lock()
	rooms := make([]*Room, 0, len(rs.rooms))
	for _, r := range rs.rooms {
		rooms = append(rooms, r)
	}
	rs.mu.Unlock()
	list := make([]LiveHearing, 0, len(rooms))
	for _, r := range rooms {
		if l := r.live.Load(); l != nil && !l.Status.Over() {
			list = append(list, *l)
		}
	}
	slices.SortFunc(list, func(a, b LiveHearing) int {
		return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// procurators are the names of those who are booked.
func (r *Room) procurators() (names []string) {
	for _, p := range r.p.booking.People {
		if n := r.p.names[p.ID]; p.Capacity == court.Procurator && n != "" {
			names = append(names, n)
		}
	}
	return names
}

// camerasFor are those that the routes grant to the class.
func camerasFor(s *hearing.State, class hearing.Class) []LiveCamera {
	if class == "" {
		return nil
	}
	grants := keep(hearing.Routes(s).Grants, func(g hearing.Grant) bool {
		return g.Audience.Class == class && g.Source.Kind == hearing.Cam
	})
	slices.SortStableFunc(grants, func(a, b hearing.Grant) int { return cmp.Compare(b.Priority, a.Priority) })
	list := make([]LiveCamera, 0, len(grants))
	for _, g := range grants {
		list = append(list, cameraOf(&s.Booking, g.Source.Device))
	}
	return list
}

func cameraOf(b *hearing.Booking, d hearing.DeviceID) LiveCamera {
	c := LiveCamera{Device: string(d)}
	i := slices.IndexFunc(b.Devices, func(x hearing.Device) bool { return x.ID == d })
	if i < 0 || len(b.Devices[i].People) == 0 {
		return c
	}
	j := slices.IndexFunc(b.People, func(p hearing.Person) bool { return p.ID == b.Devices[i].People[0] })
	if j < 0 {
		return c
	}
	c.Who, c.Point = b.People[j].Capacity, b.People[j].Point
	if k := slices.IndexFunc(b.Points, func(p hearing.Point) bool { return p.ID == c.Point }); k >= 0 {
		c.Point = b.Points[k].Name
	}
	return c
}

// noteLive leaves the latest word for Live. On the actor; v is the system's view
// of eff.
func (r *Room) noteLive(v hearing.View) {
	state := r.eff
	l := &LiveHearing{
		ID: r.p.row.ID, Unit: r.p.row.Unit, DocketNo: v.DocketNo, Status: v.Status,
		Phase: v.Phase, Visibility: v.Visibility, Since: v.Since,
		Expected: len(r.p.booking.People), Recording: v.Recording && r.recording.on, Trouble: v.Trouble,
		Followers: r.following(), Procurators: r.procurators(),
		Cameras:  func(u court.UnitID) []LiveCamera { return camerasFor(state, hearing.Monitored(state, u)) },
		Monitors: func(u court.UnitID) hearing.Class { return hearing.Monitored(state, u) },
	}
	for _, p := range v.People {
		if p.Connected {
			l.Connected++
		}
	}
	for _, p := range v.Points {
		l.Points = append(l.Points, LivePoint{ID: p.ID, Name: p.Name, Kind: p.Kind, Light: p.Light})
	}
	r.live.Store(l)
}
