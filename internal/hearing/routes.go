package hearing

import (
	"cmp"
	"slices"

	"phientoa/internal/court"
)

// Priorities of grants: what is shed last has the highest.
const (
	priorityFloorMic       = 255
	priorityMic            = 254
	priorityFloorCam       = 200
	priorityBenchCam       = 150
	priorityInterpreterCam = 120
	priorityCam            = 100
	unboundedLayer         = 255
)

// Routes is the whole answer to "who sees and hears whom". In session the cameras
// of all devices admitted to the courtroom and the open microphones reach
// everybody admitted, the recorder, the public unless the doors are closed, and who
// follows from outside as the court decided.
// Outside of the session only private rooms have media, the deliberation room and
// private talks, each among its own people, and the clerk and the person whose papers
// they compare; never the recorder. It does not
// depend on who is connected at the moment: a seat keeps its rights while its
// client is away, and media outlives a lost control connection (J5.8).
func Routes(s *State) Routing {
	var r Routing
	switch {
	case s == nil || s.Status.Over():
		return r
	case s.Status == InSession:
		s.courtroomRoutes(&r)
	default:
		s.privateRoutes(&r)
		s.identityRoutes(&r)
	}
	slices.SortFunc(r.Grants, func(a, b Grant) int {
		return cmp.Or(compareSources(a.Source, b.Source),
			cmp.Compare(a.Audience.Device, b.Audience.Device),
			cmp.Compare(a.Audience.Class, b.Audience.Class))
	})
	slices.SortFunc(r.Members, func(a, b Membership) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Device, b.Device))
	})
	return r
}

func (s *State) courtroomRoutes(r *Routing) {
	audiences := []Class{ClassCourtroom, ClassRecorder}
	if s.watched() {
		audiences = append(audiences, ClassPublic)
	}
	audiences = append(audiences, s.monitorClasses()...)
	for i := range s.Booking.Devices {
		d := &s.Booking.Devices[i]
		if s.forPublic(d) && !s.doorsClosed() {
			r.Members = append(r.Members, Membership{Device: d.ID, Class: ClassPublic})
		}
		if s.roomOf(d).place != Courtroom {
			continue
		}
		r.Members = append(r.Members, Membership{Device: d.ID, Class: ClassCourtroom})
		if !d.Kind.sends() {
			continue
		}
		r.Grants = append(r.Grants, s.yielding(d, spread(Source{d.ID, Cam}, s.camPriority(d), !s.signs(d), audiences...))...)
		if s.microphoneOpen(d) {
			priority := uint8(priorityMic)
			if s.camPriority(d) == priorityFloorCam { // of one sound, a wall gets this one
				priority = priorityFloorMic
			}
			r.Grants = append(r.Grants, heard(spread(Source{d.ID, Mic}, priority, false, audiences...))...)
		}
	}
}

// watched: a device of the public is booked and the doors are open to it.
func (s *State) watched() bool {
	if s.doorsClosed() {
		return false
	}
	for i := range s.Booking.Devices {
		if s.forPublic(&s.Booking.Devices[i]) {
			return true
		}
	}
	return false
}

func (s *State) privateRoutes(r *Routing) {
	for i := range s.Booking.Devices {
		d := &s.Booking.Devices[i]
		class := s.privateClass(d)
		if class == "" {
			continue
		}
		r.Members = append(r.Members, Membership{Device: d.ID, Class: class})
		r.Grants = append(r.Grants, spread(Source{d.ID, Cam}, priorityCam, !s.signs(d), class)...)
		r.Grants = append(r.Grants, spread(Source{d.ID, Mic}, priorityMic, false, class)...)
	}
}

// privateClass is the class of the private room that the device carries; empty
// when it carries none. The panel deliberates before desk clients of its own: a
// console has no microphone, and what stands in the courtroom (room clients) may
// be heard by others. A private talk needs devices marked for it. Floor and locks
// are the courtroom's and do not reach here.
func (s *State) privateClass(d *Device) Class {
	switch at := s.roomOf(d); {
	case at.place == DeliberationR && d.Kind == DeskClient:
		return ClassPanel
	case at.place == ConsultRoom && d.Kind.sends() && d.Private:
		return ClassConsult + Class(at.consult)
	default:
		return ""
	}
}

// spread grants a source to classes. The recorder is a receiver like any other,
// but its copy is never paused to save bandwidth: it needs none.
func spread(src Source, priority uint8, mayPause bool, classes ...Class) []Grant {
	grants := make([]Grant, 0, len(classes))
	for _, class := range classes {
		grants = append(grants, Grant{
			Source: src, Audience: Audience{Class: class},
			Priority: priority, MaxLayer: unboundedLayer, MayPause: mayPause && class != ClassRecorder,
		})
	}
	return grants
}

// camPriority keeps the speaker's picture longest, then the bench's, then that of
// who interprets by signs or lips.
func (s *State) camPriority(d *Device) uint8 {
	priority := uint8(priorityCam)
	for _, p := range s.inFront(d) {
		switch c := s.booked(p).Capacity; {
		case p == s.Floor:
			return priorityFloorCam
		case p == s.presiding():
			priority = priorityBenchCam
		case c == court.Interpreter || c == court.SignInterpreter:
			priority = max(priority, priorityInterpreterCam)
		}
	}
	return priority
}

// yielding says which copies of a courtroom camera an overloaded server gives up:
// those of who follows from outside, those of the public, and those of whom nobody has to see now. Signs are speech and
// stay for everybody in the hearing and for the public; the record stays whole.
func (s *State) yielding(d *Device, grants []Grant) []Grant {
	for i := range grants {
		switch g := &grants[i]; {
		case g.Audience.Class.forMonitors():
			g.Yield = YieldMonitor
		case s.signs(d) || g.Audience.Class == ClassRecorder:
		case g.Audience.Class == ClassPublic:
			g.Yield = YieldPublic
		case !s.mustBeSeen(d):
			g.Yield = YieldThumbnail
		}
	}
	return grants
}

// heard says that the public and who follows from outside are viewers of sound too: of
// many microphones at once they get the most important and the loudest.
func heard(grants []Grant) []Grant {
	for i := range grants {
		switch c := grants[i].Audience.Class; {
		case c == ClassPublic:
			grants[i].Yield = YieldPublic
		case c.forMonitors():
			grants[i].Yield = YieldMonitor
		}
	}
	return grants
}

// mustBeSeen: a judge or assessor is in front of the device, who has the floor, an
// interpreter, or whoever is called in to testify.
func (s *State) mustBeSeen(d *Device) bool {
	return slices.ContainsFunc(s.inFront(d), func(p PersonID) bool {
		c := s.booked(p).Capacity
		return p == s.Floor || c.OnPanel() || c == court.Interpreter || c.Called()
	})
}

// signs: who interprets by signs is in front of the device. That picture is speech to
// whom it is for, so its lowest layer flows however little the line carries; a higher
// one is not forced, since it would drown the sound of everybody else on that line.
func (s *State) signs(d *Device) bool {
	return slices.ContainsFunc(s.inFront(d), func(p PersonID) bool {
		return s.booked(p).Capacity == court.SignInterpreter
	})
}

// Sources is every source that Routes may ever grant in this hearing, sorted:
// the receivers' sections are prepared from it, so that the floor never
// renegotiates. It follows from the booking alone.
func Sources(s *State) []Source {
	if s == nil {
		return nil
	}
	var list []Source
	for _, d := range s.Booking.Devices {
		if d.Kind.sends() {
			list = append(list, Source{d.ID, Cam}, Source{d.ID, Mic})
		}
	}
	slices.SortFunc(list, compareSources)
	return list
}

func compareSources(a, b Source) int {
	return cmp.Or(cmp.Compare(a.Device, b.Device), cmp.Compare(a.Kind, b.Kind))
}
