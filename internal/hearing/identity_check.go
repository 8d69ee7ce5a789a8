package hearing

import (
	"fmt"
	"slices"
	"time"
)

// IdentityCheckMinutes is how long a comparison of papers lasts at most; then its
// picture and sound end by themselves.
const IdentityCheckMinutes = 10

// Events of comparing papers outside of the session (đối chiếu giấy tờ; TTLT 05/2021
// art. 13): the clerk and that one person see and hear each other. What came of it is
// IdentityNoted or IdentityMismatched. It is never recorded.
type (
	// IdentityCheckBegun: By, a clerk, sees and hears Person for at most Minutes. A
	// check that was on ends with it.
	IdentityCheckBegun struct {
		By      PersonID `json:"by"`
		Person  PersonID `json:"person"`
		Minutes int      `json:"minutes"`
	}
	// IdentityCheckEnded: the clerk ended the check, or its time is over.
	IdentityCheckEnded struct {
		Person PersonID `json:"person"`
	}
)

// IdentityCheckState is the one check that is on: whose it is and the two devices
// between which picture and sound flow.
type IdentityCheckState struct {
	By       PersonID `json:"by"`
	ByDevice DeviceID `json:"by_device"`
	Person   PersonID `json:"person"`
	Device   DeviceID `json:"device"`
	Since    int64    `json:"since"` // UTC unix microseconds, as Until
	Until    int64    `json:"until"`
}

// Kind is the event's stable name.
func (IdentityCheckBegun) Kind() string { return "identity_check.begun" }

// Kind is the event's stable name.
func (IdentityCheckEnded) Kind() string { return "identity_check.ended" }

// Restricts is false: media begins to flow.
func (IdentityCheckBegun) Restricts() bool { return false }

// Restricts is true: its media ends.
func (IdentityCheckEnded) Restricts() bool { return true }

func (b IdentityCheckBegun) apply(s *State, e Event) error {
	for _, id := range []PersonID{b.By, b.Person} {
		if _, err := s.mustPerson(id); err != nil {
			return err
		}
	}
	known := b.Minutes > 0 && b.Minutes <= IdentityCheckMinutes
	if err := s.mustOrder(known && s.checkBarred(b.By, b.Person) == nil); err != nil {
		return err
	}
	s.Check = &IdentityCheckState{
		By: b.By, ByDevice: s.ownDesk(b.By).ID, Person: b.Person, Device: s.microphone(b.Person).ID,
		Since: e.At, Until: e.At + int64(b.Minutes)*time.Minute.Microseconds(),
	}
	return nil
}

func (b IdentityCheckEnded) apply(s *State, _ Event) error {
	if s.Check == nil || s.Check.Person != b.Person {
		return fmt.Errorf("%w: end of an identity check", ErrImpossible)
	}
	s.Check = nil
	return nil
}

// ownDesk is the desk client that nobody but the person is in front of; nil: none.
func (s *State) ownDesk(id PersonID) *Device {
	d := s.microphone(id)
	if d == nil || d.Kind != DeskClient || !slices.Equal(s.inFront(d), []PersonID{id}) {
		return nil
	}
	return d
}

// checkBarred says why the clerk by cannot see and hear the person now; nil: they can.
// It is asked again after every event: what would bar a check ends it.
func (s *State) checkBarred(by, person PersonID) *Refusal {
	p, d := s.person(person), s.microphone(person)
	switch at := s.place(person); {
	case s.Status == InSession:
		return refuseCheckInSession()
	case by == person:
		return refuseOwnCheck()
	case p.Isolated:
		return refuseIsolatedPerson()
	case p.Status != Waiting && p.Status != InCourtroom:
		return refuseNotCheckedIn()
	case at == DeliberationR || at == ConsultRoom:
		return refuseCheckInPrivate()
	case d == nil:
		return refuseNoCheckDevice()
	case s.roomOf(d) != s.location(person):
		return refuseCheckDeviceShared()
	case s.place(by) != Courtroom || s.ownDesk(by) == nil:
		return refuseNoCheckDesk()
	default:
		return nil
	}
}

// endCheckOf ends the check that the person is of.
func (s *State) endCheckOf(id PersonID) {
	if s.Check != nil && (s.Check.By == id || s.Check.Person == id) {
		s.Check = nil
	}
}

// tidyCheck ends a check that could not begin now. Whoever was told of a check that
// began or ended since before may notice that it did.
func (s *State) tidyCheck(before *IdentityCheckState) {
	if c := s.Check; c != nil && (s.Status.Over() || s.checkBarred(c.By, c.Person) != nil) {
		s.Check = nil
	}
	if s.Check == before {
		return
	}
	for _, c := range []*IdentityCheckState{before, s.Check} {
		if c == nil {
			continue
		}
		for _, id := range append([]PersonID{c.By}, s.device(c.Device).People...) {
			s.person(id).CheckSeq = s.Seq
		}
	}
}

// ofCheck tells whether the person is of the check: the clerk, or somebody before the
// device whose camera and microphone the clerk gets.
func (s *State) ofCheck(id PersonID) bool {
	return s.Check != nil && (s.Check.By == id || slices.Contains(s.inFront(s.device(s.Check.Device)), id))
}

// checkView is the check for its own people, before screens that nobody else reads.
func (s *State) checkView(r Reader) *IdentityCheckView {
	if s.Check == nil || r.System || !s.together(r, s.ofCheck) {
		return nil
	}
	v := IdentityCheckView(*s.Check)
	return &v
}

// identityRoutes lets the clerk and the person who shows their papers see and hear
// each other. Floor and locks are the courtroom's and do not reach here. The person's
// picture is the last that is shed, and rests for nothing: papers are read from it.
func (s *State) identityRoutes(r *Routing) {
	c := s.Check
	if c == nil {
		return
	}
	class := ClassIdentity + Class(c.Person)
	for _, d := range []DeviceID{c.ByDevice, c.Device} {
		r.Members = append(r.Members, Membership{Device: d, Class: class})
		r.Grants = append(r.Grants, spread(Source{d, Cam}, priorityFloorCam, d != c.Device, class)...)
		r.Grants = append(r.Grants, spread(Source{d, Mic}, priorityMic, false, class)...)
	}
}

// endIdentityCheck is what happens at the end of its time.
func endIdentityCheck(s *State, _ int64) EventBody {
	return IdentityCheckEnded{Person: s.Check.Person}
}

func (BeginIdentityCheck) command() string { return "begin_identity_check" }
func (EndIdentityCheck) command() string   { return "end_identity_check" }

func (BeginIdentityCheck) may(s *State, a Actor) *Refusal { return inOrder(s, a, byClerk) }
func (EndIdentityCheck) may(s *State, a Actor) *Refusal   { return inOrder(s, a, byClerk) }

// decide takes the check of another person as the end of the one that is on. That it is
// on already is told where it may be read; before a screen that others read too, the
// same check begins anew, so that nothing refused and nothing not offered betrays it.
func (c BeginIdentityCheck) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	if s.person(c.Person) == nil {
		return nil, refuseUnknownPerson()
	}
	if r := s.checkBarred(a.Person, c.Person); r != nil {
		return nil, r
	}
	if on := s.checkView(Reader{Person: a.Person, Device: a.Device}); on != nil && on.By == a.Person && on.Person == c.Person {
		return nil, refuseInCheck()
	}
	return []EventBody{IdentityCheckBegun{By: a.Person, Person: c.Person, Minutes: IdentityCheckMinutes}}, nil
}

// decide tells nobody else that there is a check.
func (EndIdentityCheck) decide(s *State, a Actor, _ time.Time) ([]EventBody, *Refusal) {
	if s.Check == nil || s.Check.By != a.Person || s.checkView(Reader{Person: a.Person, Device: a.Device}) == nil {
		return nil, refuseNoCheck()
	}
	return []EventBody{IdentityCheckEnded{Person: s.Check.Person}}, nil
}
