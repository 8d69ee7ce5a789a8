package hearing

import "slices"

// location is a room: its place and, of private talks, which one.
type location struct {
	place   Place
	consult string
}

// home is where the person is by admission and isolation, whatever private room
// they are in for the moment: rights to act and to know follow from it.
func (s *State) home(id PersonID) Place {
	p := s.person(id)
	switch {
	case p == nil:
		return Nowhere
	case p.Status == Waiting && s.booked(id).Capacity.Called():
		return IsolationRoom // BLTTHS art. 304: who is called in hears nothing before
	case p.Status == Waiting:
		return WaitingRoom
	case p.Status != InCourtroom:
		return Nowhere
	case p.Isolated:
		return IsolationRoom
	default:
		return Courtroom
	}
}

// location is the room in which the person is: what reaches them follows from it.
func (s *State) location(id PersonID) location {
	at := location{place: s.home(id)}
	if at.place != Courtroom {
		return at
	}
	if s.deliberating() && s.booked(id).Capacity.OnPanel() {
		return location{place: DeliberationR}
	}
	if c := s.openConsultOf(id); c != nil {
		return location{place: ConsultRoom, consult: c.ID}
	}
	return at
}

// place is the kind of room in which the person is.
func (s *State) place(id PersonID) Place { return s.location(id).place }

// deliberating: the panel is in the deliberation room. It ends with the recess
// that it is.
func (s *State) deliberating() bool { return s.Deliberating && s.Status == InRecess }

// doorsClosed tells whether the public is excluded.
func (s *State) doorsClosed() bool { return s.visibility() == ClosedDoors }

// visibility is public or closed, before the opening as booked.
func (s *State) visibility() Visibility {
	switch {
	case s.Visibility != "":
		return s.Visibility
	case s.Booking.Visibility != "":
		return s.Booking.Visibility
	default:
		return Public
	}
}

// inFront are the people before the device: those booked without those who
// left its front.
func (s *State) inFront(d *Device) []PersonID {
	for i, p := range d.People {
		if !s.person(p).Left {
			continue
		}
		here := slices.Clone(d.People[:i])
		for _, q := range d.People[i+1:] {
			if !s.person(q).Left {
				here = append(here, q)
			}
		}
		return here
	}
	return d.People
}

// roomOf is the room in which everybody before the device is; nowhere when they
// are in different ones, when nobody is left, or when one of them only watches:
// a device's entitlement is the intersection of theirs (architecture, "Who is who").
func (s *State) roomOf(d *Device) location {
	var at location
	for i, p := range s.inFront(d) {
		l := s.location(p)
		if i > 0 && l != at || s.booked(p).Capacity.Watches() {
			return location{}
		}
		at = l
	}
	return at
}

// admitted tells whether everybody in front of the device may be in the courtroom,
// even if some of them are in a private room for the moment.
func (s *State) admitted(d *Device) bool {
	here := s.inFront(d)
	for _, p := range here {
		if s.home(p) != Courtroom || s.booked(p).Capacity.Watches() {
			return false
		}
	}
	return len(here) > 0
}

// forPublic tells whether the device is one of the public: it only receives, and
// everybody in front of it only watches. They need no admission (the doors are
// open to them or closed to all), but who was removed stays out.
func (s *State) forPublic(d *Device) bool {
	return d.watches(s) && !slices.ContainsFunc(d.People, func(p PersonID) bool { return s.person(p).Status == Removed })
}

// watches follows from the booking alone.
func (d *Device) watches(s *State) bool {
	return d.Kind == Viewer && !slices.ContainsFunc(d.People, func(p PersonID) bool { return !s.booked(p).Capacity.Watches() })
}

// Watches tells whether only people who watch (journalists, attendees) are booked in front
// of the device, and it only receives. It follows from the booking alone.
func Watches(s *State, id DeviceID) bool {
	if s == nil {
		return false
	}
	d := s.device(id)
	return d != nil && d.watches(s)
}

// officerAt is the point whose officers, and nobody else, are in front of the
// device, and the reader one of them; empty otherwise. What it shows is theirs to
// read also while they wait. Points are of hearings with a procedure.
func (s *State) officerAt(reader PersonID, d *Device) string {
	point := ""
	here := s.inFront(d)
	if s.Booking.Procedure == "" || !slices.Contains(here, reader) {
		return point
	}
	for _, p := range here {
		b := s.booked(p)
		if at := s.home(p); at != WaitingRoom && at != Courtroom {
			return ""
		}
		if !b.Capacity.Officers() || b.Point == "" || point != "" && b.Point != point {
			return ""
		}
		point = b.Point
	}
	return point
}

// silence takes floor and hand of the person, and nobody waits for them to stand.
func (s *State) silence(id PersonID) {
	s.lowerHand(id)
	if s.Standing == string(id) {
		s.Standing = ""
	}
	if s.Floor == id {
		s.Floor, s.FloorSince = "", 0
	}
}

// leaveRooms ends isolation, private talks and identity check of somebody who is
// taken to another room.
func (s *State) leaveRooms(p *PersonState) {
	p.Isolated, p.Left, p.Unbriefed = false, false, false
	s.endConsults(func(c ConsultState) bool { return c.has(p.ID) })
	s.endCheckOf(p.ID)
}

// tidyRooms ends what a change of status ends: deliberation is a recess of its
// own, and private talks are outside of the session. What is only asked for waits
// for the next break.
func (s *State) tidyRooms() {
	s.Deliberating = s.deliberating()
	switch {
	case len(s.Consults) == 0:
	case s.Status.Over():
		s.Consults = nil
	case s.Status == InSession:
		s.endConsults(ConsultState.open)
	}
}
