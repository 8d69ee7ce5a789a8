package hearing

import (
	"fmt"
	"slices"
	"time"

	"phientoa/internal/court"
)

// Bounds of private talks; beyond them a command is refused.
const (
	MaxConsults       = 8   // asked for or open at once
	MaxConsultWith    = 4   // people besides the counsel
	MaxConsultMinutes = 120 // of one talk
)

// Events of private talks of a counsel (BLTTHS art. 256.4: a detained accused
// talks to their defence counsel). What is said there is never recorded.
type (
	// ConsultRequested: By asks for a private talk with the others. Its id is "c"
	// and the event's sequence.
	ConsultRequested struct {
		By   PersonID   `json:"by"`
		With []PersonID `json:"with"`
	}
	// ConsultOpened: its people are in a room of their own. After Minutes their
	// screens say so; nothing is cut.
	ConsultOpened struct {
		Consult string `json:"consult"`
		Minutes int    `json:"minutes"`
	}
	// ConsultEnded: the talk is over, or its request withdrawn or declined.
	ConsultEnded struct {
		Consult string `json:"consult"`
	}
)

// Kind is the event's stable name.
func (ConsultRequested) Kind() string { return "consult.requested" }

// Kind is the event's stable name.
func (ConsultOpened) Kind() string { return "consult.opened" }

// Kind is the event's stable name.
func (ConsultEnded) Kind() string { return "consult.ended" }

// Restricts is false: somebody is asked for something.
func (ConsultRequested) Restricts() bool { return false }

// Restricts is false: media begins to flow.
func (ConsultOpened) Restricts() bool { return false }

// Restricts is true: the room's media ends.
func (ConsultEnded) Restricts() bool { return true }

func (b ConsultRequested) apply(s *State, e Event) error {
	if len(s.Consults) >= MaxConsults || len(b.With) == 0 || len(b.With) > MaxConsultWith {
		return fmt.Errorf("%w: private talk", ErrImpossible)
	}
	for _, id := range append([]PersonID{b.By}, b.With...) {
		if _, err := s.mustPerson(id); err != nil {
			return err
		}
	}
	s.Consults = append(slices.Clip(s.Consults), ConsultState{
		ID: fmt.Sprintf("c%d", e.Seq), By: b.By, With: slices.Clone(b.With),
	})
	return nil
}

func (b ConsultOpened) apply(s *State, e Event) error {
	i := s.consultIndex(b.Consult)
	if i < 0 || s.Consults[i].Since > 0 || s.Status == InSession {
		return fmt.Errorf("%w: opening of a private talk", ErrImpossible)
	}
	s.Consults = slices.Clone(s.Consults)
	c := &s.Consults[i]
	c.Since, c.Until = e.At, e.At+int64(b.Minutes)*time.Minute.Microseconds()
	return nil
}

func (b ConsultEnded) apply(s *State, _ Event) error {
	i := s.consultIndex(b.Consult)
	if i < 0 {
		return fmt.Errorf("%w: end of a private talk", ErrImpossible)
	}
	s.endConsults(func(c ConsultState) bool { return c.ID == b.Consult })
	return nil
}

// people are all of the talk.
func (c ConsultState) people() []PersonID { return append([]PersonID{c.By}, c.With...) }

func (c ConsultState) has(p PersonID) bool { return c.By == p || slices.Contains(c.With, p) }

// open: the people are in the room, which exists outside of the session only.
func (c ConsultState) open() bool { return c.Since > 0 }

func (s *State) consultIndex(id string) int {
	return slices.IndexFunc(s.Consults, func(c ConsultState) bool { return c.ID == id })
}

// openConsultOf is the open talk of the person, nil when there is none.
func (s *State) openConsultOf(id PersonID) *ConsultState {
	if s.Status == InSession || s.Status.Over() {
		return nil
	}
	for i := range s.Consults {
		if c := &s.Consults[i]; c.open() && c.has(id) {
			return c
		}
	}
	return nil
}

// endConsults drops the talks that match. nil stands for none: one form of empty,
// so that equal states look equal.
func (s *State) endConsults(match func(ConsultState) bool) {
	var left []ConsultState
	for _, c := range s.Consults {
		if !match(c) {
			left = append(left, c)
		}
	}
	s.Consults = left
}

// consultable tells who may be in a private talk: parties and who speaks for them
// or between them. Never bench, clerk, procurator, officers, people called in or
// watching.
func consultable(c court.Capacity) bool {
	return !c.OfCourt() && c != court.Procurator && !c.Called() && !c.Officers() && !c.Watches()
}

// helper tells who may sit in with the client whom they help: who speaks for them by
// law, and between them and counsel.
func helper(c court.Capacity) bool {
	switch c {
	case court.LegalRepresentative, court.AuthorisedRep, court.Interpreter, court.SignInterpreter:
		return true
	default:
		return false
	}
}

// mayConsult tells whether the counsel by may ask for a private talk with somebody,
// and whether that is somebody of another side. In a criminal case a counsel meets
// whom they defend or protect, and nobody else but who helps them and another counsel
// of the same client (BLTTHS art. 73, 84, 256.4); in others the sides may talk of
// settling (BLTTDS art. 10). Who helps somebody else by name is of that side.
func (s *State) mayConsult(by, with *Person) (may, otherSide bool) {
	if by == nil || with == nil || by.ID == with.ID || !consultable(with.Capacity) {
		return false, false
	}
	own := by.Client
	switch {
	case own != "" && with.ID == own:
		return true, false
	case helper(with.Capacity) && (with.Client == "" || with.Client == own):
		return true, false
	case own != "" && with.Capacity.Counsels() && with.Client == own:
		return true, false
	case s.Booking.Procedure != court.Criminal:
		return true, own != ""
	case own != "":
		return false, false
	}
	if helper(with.Capacity) { // of somebody by name, who may be the client
		with = s.booked(with.Client)
	}
	return with != nil && mayBeClient(by.Capacity, with.Capacity), false
}

// mayBeClient tells whom a counsel of a criminal case may speak for whose client was
// not named when it was booked: the court knows, not the booking.
func mayBeClient(counsel, client court.Capacity) bool {
	switch {
	case client.Counsels():
		return false
	case counsel == court.DefenceCounsel:
		return client == court.Defendant
	case counsel == court.RightsProtector:
		return client != court.Defendant
	default:
		return true
	}
}

func (RequestConsult) command() string { return "request_consult" }

func (RequestConsult) may(s *State, a Actor) *Refusal {
	if r := inCourtroom(s, a); r != nil {
		return r
	}
	if !s.booked(a.Person).Capacity.Counsels() {
		return refuseOnlyCounsel()
	}
	return nil
}

// decide takes a request at any time; whether the talk can be had is asked when
// it is allowed.
func (c RequestConsult) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	if len(c.With) == 0 || len(c.With) > MaxConsultWith {
		return nil, refuseConsultSize()
	}
	by := s.booked(a.Person)
	for i, p := range c.With {
		if s.person(p) == nil {
			return nil, refuseUnknownPerson()
		}
		if p == a.Person || slices.Contains(c.With[:i], p) {
			return nil, refuseConsultSize()
		}
		if may, _ := s.mayConsult(by, s.booked(p)); !may {
			return nil, refuseNotForConsult()
		}
	}
	switch {
	case slices.ContainsFunc(s.Consults, func(o ConsultState) bool { return o.By == a.Person }):
		return nil, refuseConsultTwice()
	case len(s.Consults) >= MaxConsults:
		return nil, refuseTooManyConsults()
	}
	return []EventBody{ConsultRequested{By: a.Person, With: slices.Clone(c.With)}}, nil
}

func (AllowConsult) command() string { return "allow_consult" }

func (AllowConsult) may(s *State, a Actor) *Refusal { return byHolder(s, a) }

func (c AllowConsult) decide(s *State, _ Actor, _ time.Time) ([]EventBody, *Refusal) {
	i := s.consultIndex(c.Consult)
	switch {
	case i < 0:
		return nil, refuseUnknownConsult()
	case s.Consults[i].open():
		return nil, refuseConsultOpen()
	case s.Status == InSession:
		return nil, refuseConsultInSession()
	case c.Minutes < 0 || c.Minutes > MaxConsultMinutes:
		return nil, refuseConsultMinutes()
	}
	talk := s.Consults[i]
	for _, p := range talk.people() {
		switch {
		case s.person(p).Isolated:
			return nil, refuseIsolatedPerson()
		case s.home(p) != Courtroom:
			return nil, refuseNotInCourtroom()
		case s.openConsultOf(p) != nil:
			return nil, refuseInOtherConsult()
		}
		if r := s.notPrivate(p, talk); r != nil {
			return nil, r
		}
	}
	if c.Minutes == 0 {
		c.Minutes = s.consultMinutes()
	}
	return []EventBody{ConsultOpened(c)}, nil
}

// consultMinutes is the policy's usual length of a talk.
func (s *State) consultMinutes() int {
	if p := s.Booking.Policy; p != nil && p.ConsultMinutes > 0 {
		return min(p.ConsultMinutes, MaxConsultMinutes)
	}
	return court.DefaultPolicy(s.Booking.Procedure).ConsultMinutes
}

// privateDevice tells whether the device can carry the talk: with camera and
// microphone, marked private, and nobody else in front of it (domain 8b).
func (s *State) privateDevice(d *Device, talk ConsultState) bool {
	return d.Kind.sends() && d.Private && !slices.ContainsFunc(s.inFront(d), func(p PersonID) bool { return !talk.has(p) })
}

// notPrivate says why the person has no device for the talk; nil when they have one.
func (s *State) notPrivate(id PersonID, talk ConsultState) *Refusal {
	why := refuseNoConsultDevice
	for _, i := range s.seats.of[id] {
		d := &s.Booking.Devices[i]
		switch {
		case s.privateDevice(d, talk):
			return nil
		case d.Kind.sends() && d.Private:
			why = refuseConsultDeviceShared
		case d.Kind.sends():
			why = refuseConsultDeviceNotPrivate
		}
	}
	return why()
}

func (EndConsult) command() string { return "end_consult" }

func (EndConsult) may(s *State, a Actor) *Refusal { return inCourtroom(s, a) }

// decide tells nobody else that there is such a talk.
func (c EndConsult) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	i := s.consultIndex(c.Consult)
	if i < 0 || !(s.Consults[i].has(a.Person) || s.booked(a.Person).Capacity.HoldsRoom()) {
		return nil, refuseUnknownConsult()
	}
	return []EventBody{ConsultEnded(c)}, nil
}
