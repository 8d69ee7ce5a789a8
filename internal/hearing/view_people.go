package hearing

import (
	"slices"

	"phientoa/internal/court"
)

// peopleViews are the people of whom the reader may know: in the courtroom for
// those in it, everybody for the court, those of their point for its officers, and
// always the reader.
func (s *State) peopleViews(r Reader, rank standing, point string) []PersonView {
	if rank == outsider && point == "" {
		v := s.selfView(s.person(r.Person))
		v.MayName = s.namedBeside(r.Person, r.Device)
		return []PersonView{v}
	}
	var list []PersonView
	for i := range s.People {
		p, b := &s.People[i], &s.Booking.People[i]
		self := p.ID == r.Person && !r.System
		local := point != "" && b.Point == point
		switch {
		case rank >= ofCourt:
			v := s.personView(p, r)
			s.addOfficial(&v, p)
			v.Place, v.Waited = s.place(p.ID), s.waitsFor(i)
			list = append(list, v)
		case local:
			v := s.selfView(p)
			if rank >= participant {
				v = s.personView(p, r)
			}
			s.addOfficial(&v, p)
			v.Place = s.home(p.ID) // of private rooms they need to know nothing
			list = append(list, v)
		case rank >= participant && (p.Status == InCourtroom || self):
			list = append(list, s.personView(p, r))
		case rank == watcher && p.Status == InCourtroom && !b.Capacity.Watches():
			list = append(list, s.publicView(p))
		case self:
			list = append(list, s.selfView(p))
		}
		if self && !s.namedBeside(p.ID, r.Device) {
			list[len(list)-1].MayName = false
		}
	}
	return list
}

// namedBeside tells whether somebody's own name may stand on the device: who is
// protected is named to nobody beside them either.
func (s *State) namedBeside(id PersonID, d DeviceID) bool {
	return s.booked(id).Capacity != court.ProtectedWitness || len(s.device(d).People) == 1
}

// selfView is what an outsider knows of themselves. Private rooms are nothing that
// a screen shared with somebody not admitted tells.
func (s *State) selfView(p *PersonState) PersonView {
	b := s.booked(p.ID)
	return PersonView{
		Person: p.ID, MayName: true, Alias: b.Alias, Capacity: b.Capacity, Point: s.pointName(b.Point),
		PointID: s.pointID(b.Point), Status: p.Status, Connected: s.connected(p.ID), Device: s.mainDevice(p.ID),
		Place: s.home(p.ID), Test: slices.Clone(p.Test), TestedAt: p.TestedAt, Private: s.hasPrivateDevice(p.ID),
	}
}

// personView is somebody as people in the courtroom know them. Where they are is
// for the court; who is protected is named to nobody else.
func (s *State) personView(p *PersonState, r Reader) PersonView {
	v := s.selfView(p)
	b := s.booked(p.ID)
	v.Client = b.Client
	v.Locked = p.LockedBy != ""
	v.Hand = s.hasHand(p.ID)
	v.MicrophoneOpen = s.heardBy(p, r)
	if p.ID == r.Person && !r.System {
		v.Place = s.placeShown(r, participant)
		return v
	}
	v.Place, v.Test, v.TestedAt = Nowhere, nil, 0
	v.MayName = b.Capacity != court.ProtectedWitness
	return v
}

// addOfficial adds what the court knows, and officers of the people of their point.
func (s *State) addOfficial(v *PersonView, p *PersonState) {
	b := s.booked(p.ID)
	v.MayName = true
	v.Required, v.Minor, v.Client = b.Required, b.Minor, b.Client
	v.Present, v.AbsentWhy, v.Identity, v.Mismatch = p.Present, p.AbsentWhy, p.Identity, p.Mismatch
	v.Away = p.Away || p.Left // either way they are not in front of their device
	v.Warnings, v.LostSince = p.Warnings, p.LostSince
	v.Test, v.TestedAt = slices.Clone(p.Test), p.TestedAt
}

// publicView is somebody as the public knows them: by capacity and alias, and by
// name unless a minor (BLTTHS art. 423) or protected.
func (s *State) publicView(p *PersonState) PersonView {
	b := s.booked(p.ID)
	v := PersonView{
		Person: p.ID, MayName: !b.Minor && b.Capacity != court.ProtectedWitness, Alias: b.Alias, Capacity: b.Capacity,
		Point: s.pointName(b.Point), PointID: s.pointID(b.Point), Status: p.Status, Device: s.mainDevice(p.ID),
	}
	if d := s.microphone(p.ID); d != nil && !p.Left {
		v.MicrophoneOpen = s.microphoneOpen(d)
	}
	return v
}

// heardBy tells whether the person's microphone reaches the courtroom now, the
// private room in which the reader is with them, or the other side of the reader's
// identity check.
func (s *State) heardBy(p *PersonState, r Reader) bool {
	d := s.microphone(p.ID)
	if d == nil || p.Left {
		return false
	}
	if s.microphoneOpen(d) {
		return true
	}
	if c := s.checkView(r); c != nil && (d.ID == c.Device || d.ID == c.ByDevice) {
		return true
	}
	if s.Status == InSession || r.System || s.privateClass(d) == "" {
		return false
	}
	at := s.location(p.ID)
	return s.together(r, func(q PersonID) bool { return s.location(q) == at })
}

func (s *State) hasPrivateDevice(id PersonID) bool {
	return slices.ContainsFunc(s.seats.of[id], func(i int) bool {
		d := &s.Booking.Devices[i]
		return d.Private && d.Kind.sends()
	})
}

// pointName is what a person's point is called: of a booked point its name, else
// the text as it was booked.
func (s *State) pointName(point string) string {
	if b := s.bookedPoint(point); b != nil {
		return b.Name
	}
	return point
}

func (s *State) pointID(point string) string {
	if b := s.bookedPoint(point); b != nil {
		return b.ID
	}
	return ""
}

func (s *State) bookedPoint(id string) *Point {
	for i := range s.Booking.Points {
		if s.Booking.Points[i].ID == id {
			return &s.Booking.Points[i]
		}
	}
	return nil
}
