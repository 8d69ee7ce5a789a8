package hearing

import (
	"slices"

	"phientoa/internal/court"
)

// TroubleNotRecording is View.Trouble when the recorder does not run and gave
// no code of its own.
const TroubleNotRecording = "not_recording"

// standing is how much a reader may know.
type standing int

const (
	stranger    standing = iota // not of this hearing, or not at this device
	outsider                    // of the hearing, not in the courtroom: knows of themselves
	watcher                     // of the public, while it may follow: what everybody in the room sees
	participant                 // in the courtroom: knows who is in it
	ofCourt                     // bench: also who is expected, waits, was removed
	holder                      // presiding judge, clerk, the system: also the recorder's trouble
)

// standingOf follows the device: what is shown there all in front of it read, so the
// least of their standings counts (architecture, "Who is who"). Whoever is not admitted
// and sits before the same screen must not read on it, and who left its front does not
// read there.
func standingOf(s *State, r Reader) standing {
	if r.System {
		return holder
	}
	if !s.sitsAt(r.Person, r.Device) {
		return stranger
	}
	d := s.device(r.Device)
	switch {
	case s.forPublic(d) && s.galleryOpen():
		return watcher
	case !s.admitted(d) || s.home(r.Person) != Courtroom:
		return outsider
	}
	least := inside(s.booked(r.Person).Capacity)
	for _, p := range s.inFront(d) {
		least = min(least, inside(s.booked(p).Capacity))
	}
	return least
}

// inside is the standing of somebody in the courtroom, before a screen of their own.
func inside(c court.Capacity) standing {
	switch {
	case c.HoldsRoom():
		return holder
	case c.OfCourt():
		return ofCourt
	default:
		return participant
	}
}

// together tells whether f is true of the reader and of everybody before the device.
func (s *State) together(r Reader, f func(PersonID) bool) bool {
	return f(r.Person) && !slices.ContainsFunc(s.inFront(s.device(r.Device)), func(p PersonID) bool { return !f(p) })
}

// knowsReasons tells whether the reader may read why the panel decided. A reason may
// name what is protected: everybody before the screen has to be of the court or the
// procurator, who is served with the decision (BLTTHS art. 297). Others, and the
// officer who reads the announcement aloud (TTLT 05/2021 art. 14), read that it was
// decided and when the hearing goes on.
func (s *State) knowsReasons(r Reader, rank standing) bool {
	if r.System || rank < participant {
		return r.System
	}
	return s.together(r, func(p PersonID) bool { return s.booked(p).Capacity.OfTrial() })
}

// galleryOpen: the public may follow from the opening to the end, with open doors.
func (s *State) galleryOpen() bool {
	return !s.doorsClosed() && (s.Status == InSession || s.Status == InRecess || s.Status == TechnicalHold)
}

// ViewFor is what one reader may know. Somebody outside the courtroom learns the
// hearing's docket number, court, status and doors and their own status, and their
// view does not change when something hidden from them happens; an officer also
// learns of the people of their point. A stranger learns nothing.
func ViewFor(s *State, r Reader) View {
	if s == nil {
		return View{}
	}
	return s.view(r, standingOf(s, r))
}

// Views are the views of many readers of one state: what all of the public read alike
// is worked out once. Not for concurrent use; what For returns is not to be changed.
type Views struct {
	s       *State
	gallery *View // the public's, without who reads it
}

// NewViews makes the views of s, which may be nil.
func NewViews(s *State) *Views { return &Views{s: s} }

// For is ViewFor of the state.
func (vs *Views) For(r Reader) View {
	shared, own, at, public := vs.Public(r)
	if !public {
		return ViewFor(vs.s, r)
	}
	v := *shared
	v.Me = r.Person
	v.People = slices.Insert(slices.Clip(v.People), at, own)
	return v
}

// Public tells whether the reader is of the public and may follow now. shared is then
// what all of these read alike, one value for all: View without Me and without the
// reader's own PersonView, which belongs into People at the index at.
func (vs *Views) Public(r Reader) (shared *View, own PersonView, at int, public bool) {
	s := vs.s
	if s == nil {
		return nil, own, 0, false
	}
	rank := standingOf(s, r)
	if rank != watcher {
		return nil, own, 0, false
	}
	if vs.gallery == nil {
		v := s.view(r, rank)
		v.Me = ""
		v.People = slices.DeleteFunc(v.People, func(p PersonView) bool { return p.Person == r.Person })
		vs.gallery = &v
	}
	self := s.seats.people[r.Person]
	at, _ = slices.BinarySearchFunc(vs.gallery.People, self, func(p PersonView, i int) int {
		return s.seats.people[p.Person] - i
	})
	return vs.gallery, s.selfView(&s.People[self]), at, true
}

// Place is View.Place of For, without the rest.
func (vs *Views) Place(r Reader) Place {
	if vs.s == nil {
		return Nowhere
	}
	return vs.s.placeShown(r, standingOf(vs.s, r))
}

// placeShown is where the reader is, as far as the screen tells.
func (s *State) placeShown(r Reader, rank standing) Place {
	switch {
	case rank == stranger || r.System:
		return Nowhere
	case rank == outsider:
		return s.home(r.Person)
	case rank == watcher:
		return Courtroom // the public's seats are in it
	}
	at := s.location(r.Person)
	if !s.together(r, func(p PersonID) bool { return s.location(p) == at }) {
		return s.home(r.Person) // a private room is nothing that a shared screen tells
	}
	return at.place
}

func (s *State) view(r Reader, rank standing) View {
	if rank == stranger {
		return View{}
	}
	v := View{
		Hearing: s.Booking.Hearing, DocketNo: s.Booking.DocketNo, Court: s.Booking.Court,
		Status: s.Status, Since: s.Since, Late: s.Late,
		Procedure: s.Booking.Procedure, Instance: s.Booking.Instance, Form: s.Booking.Form,
		Visibility: s.visibility(), Decision: s.decisionView(s.knowsReasons(r, rank)),
	}
	if s.deliberating() {
		v.Visibility = Deliberating
	}
	point := ""
	if !r.System {
		v.Me, v.Place = r.Person, s.placeShown(r, rank)
		point = s.officerAt(r.Person, s.device(r.Device))
	}
	if rank == outsider {
		v.Seq = s.noticed(r.Device, point)
	} else {
		v.Seq = s.Seq
		s.viewCourtroom(&v, rank)
	}
	s.viewRooms(&v, r, rank)
	v.IdentityCheck = s.checkView(r)
	s.exhibitViews(&v, r, rank)
	v.Points = s.pointViews(rank, point)
	v.Hold = s.holdView(rank, point)
	v.People = s.peopleViews(r, rank, point)
	if !r.System {
		v.Acts = acts(s, r, &v)
		s.viewChoices(&v)
	}
	return v
}

// viewCourtroom adds what everybody in the courtroom sees and hears.
func (s *State) viewCourtroom(v *View, rank standing) {
	v.Title, v.OpenedAt = s.Booking.Title, s.OpenedAt
	v.Recording = s.Recorder.On && s.Status == InSession
	v.RecordingHeld = s.Recorder.On && s.Status == TechnicalHold
	v.Floor, v.FloorSince = s.Floor, s.FloorSince
	v.Phase, v.Standing = s.Phase, s.Standing
	v.Phases = s.phaseViews(rank >= participant)
	v.Monitoring = s.monitoringView(rank)
	if rank >= participant {
		v.RecessReason, v.Hands = s.RecessReason, slices.Clone(s.Hands)
	}
	if rank >= ofCourt {
		v.Checks, v.Unbriefed = s.checks(), s.unbriefed()
	}
	if rank >= holder {
		v.Trouble = s.trouble()
		if barred := s.openBarred(); barred != nil && s.Status.BeforeOpening() {
			v.OpenBarred = barred.Code
		}
	}
}

// noticed is the sequence of the last event that an outsider in front of the
// device may notice: about the hearing's status, or about somebody who sits there
// or, for the officers of a point, who is of it.
func (s *State) noticed(id DeviceID, point string) uint64 {
	seq := s.StatusSeq
	for _, p := range s.device(id).People {
		seq = max(seq, s.person(p).Seq, s.person(p).CheckSeq)
	}
	if point == "" {
		return seq
	}
	for i := range s.People {
		if s.Booking.People[i].Point == point {
			seq = max(seq, s.People[i].Seq)
		}
	}
	return seq
}

// trouble is what keeps the hearing from being recorded.
func (s *State) trouble() string {
	if s.Recorder == (RecorderState{On: true}) && s.Left.Known && s.Left.Minutes < diskLowMinutes {
		return TroubleDiskLow
	}
	if s.Recorder.On || s.Recorder.Trouble != "" || s.Status.Over() {
		return s.Recorder.Trouble
	}
	return TroubleNotRecording
}

func (s *State) unbriefed() []PersonID {
	var list []PersonID
	for i := range s.People {
		if s.People[i].Unbriefed {
			list = append(list, s.People[i].ID)
		}
	}
	return list
}

// mainDevice is the device whose sources show the person, or else the first;
// none of somebody who left its front.
func (s *State) mainDevice(p PersonID) DeviceID {
	if s.person(p).Left {
		return ""
	}
	if d := s.microphone(p); d != nil {
		return d.ID
	}
	if of := s.seats.of[p]; len(of) > 0 {
		return s.Booking.Devices[of[0]].ID
	}
	return ""
}
