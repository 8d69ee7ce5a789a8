package hearing

import (
	"cmp"
	"slices"
)

// Priorities of grants: what is shed last has the highest.
const (
	priorityMic      = 255
	priorityFloorCam = 200
	priorityBenchCam = 150
	priorityCam      = 100
	unboundedLayer   = 255
)

// Routes is the whole answer to "who sees and hears whom". Something flows in
// session only: cameras of all devices admitted to the courtroom, and the open
// microphones, to everybody admitted and to the recorder. It does not depend on
// who is connected at the moment: a seat keeps its rights while its client is
// away, and media outlives a lost control connection (J5.8).
func Routes(s *State) Routing {
	var r Routing
	if s == nil || s.Status != InSession {
		return r
	}
	for i := range s.Booking.Devices {
		d := &s.Booking.Devices[i]
		if !s.admitted(d) {
			continue
		}
		r.Members = append(r.Members, Membership{Device: d.ID, Class: ClassCourtroom})
		if !d.Kind.sends() {
			continue
		}
		r.Grants = append(r.Grants, spread(Source{d.ID, Cam}, s.camPriority(d), true)...)
		if s.microphoneOpen(d) {
			r.Grants = append(r.Grants, spread(Source{d.ID, Mic}, priorityMic, false)...)
		}
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

// spread grants a source to the courtroom and, since the recorder is a receiver
// like any other, to the recorder. The recorder's copy is never paused to save
// bandwidth: it needs none.
func spread(src Source, priority uint8, mayPause bool) []Grant {
	g := Grant{
		Source: src, Audience: Audience{Class: ClassCourtroom},
		Priority: priority, MaxLayer: unboundedLayer, MayPause: mayPause,
	}
	rec := g
	rec.Audience, rec.MayPause = Audience{Class: ClassRecorder}, false
	return []Grant{g, rec}
}

// camPriority keeps the speaker's picture longest, the bench's next.
func (s *State) camPriority(d *Device) uint8 {
	switch {
	case s.Floor != "" && slices.Contains(d.People, s.Floor):
		return priorityFloorCam
	case slices.Contains(d.People, s.presiding()):
		return priorityBenchCam
	default:
		return priorityCam
	}
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
