package hearing

import (
	"reflect"
	"time"

	"phientoa/internal/court"
)

// Decide answers a command: the events that it causes, in order, or a refusal.
// Neither means that there is nothing to note (a system report that changes
// nothing). It never waits, never changes s and never panics.
//
// The events of one answer are either all restrictions or none is
// (EventBody.Restricts), so that the caller has one order for the whole answer
// (architecture, Order).
//
// s is nil before Book. now becomes the events' time only through the caller. The
// zero time asks without a clock whether an act is open to the actor (View.Acts):
// dates that the command names are not judged then.
func Decide(s *State, c Command, a Actor, now time.Time) ([]EventBody, *Refusal) {
	// A pointer would also satisfy the interface, and a nil one would panic.
	if c == nil || reflect.TypeOf(c).Kind() == reflect.Pointer {
		return nil, refuseUnknownCommand()
	}
	if _, books := c.(Book); s == nil && !books {
		return nil, refuseNotBooked()
	}
	if r := c.may(s, a); r != nil {
		return nil, r
	}
	return c.decide(s, a, now)
}

// Restricts tells whether c can only cause events that restrict
// (EventBody.Restricts): it is then served while an enlargement waits for the
// database, and while the database is away.
func Restricts(c Command) bool {
	if c == nil || reflect.TypeOf(c).Kind() == reflect.Pointer {
		return false
	}
	if v, sets := c.(SetVisibility); sets {
		return v.To == ClosedDoors
	}
	if m, sets := c.(SetMonitoring); sets {
		return m.To == MonitorsNone
	}
	return ActRestricts(c.command())
}

// ActRestricts is Restricts by the name of the act: the field name of wire's
// Command, as in View.Acts, or that of a command of the system.
//
// recorder_report and tick are not among them: whether they restrict is known only
// from what they say or find, and they wait their turn without harm.
// set_visibility and set_monitoring are: they can restrict, and Restricts looks at the direction.
func ActRestricts(act string) bool {
	switch act {
	case MuteLock{}.command(), StopFloor{}.command(), LowerHand{}.command(), Remove{}.command(),
		Recess{}.command(), Close{}.command(), DeviceLost{}.command(),
		HoldTechnical{}.command(), Suspend{}.command(), Adjourn{}.command(), Cancel{}.command(),
		CancelBooking{}.command(), SetVisibility{}.command(), SetMonitoring{}.command():
		return true
	case DismissWitness{}.command(), Isolate{}.command(), EndConsult{}.command(), EndIdentityCheck{}.command(),
		StopExhibit{}.command():
		return true
	}
	return false
}

// bySystem is the gate of all commands that only the server itself gives.
func bySystem(a Actor) *Refusal {
	if !a.System {
		return refuseSystemOnly()
	}
	return nil
}

// seated is the gate of every person's command: the actor sits at this device of
// this hearing, the device gives commands at all, and the hearing is not over.
// It says nothing about the hearing to somebody who does not belong to it.
func seated(s *State, a Actor) *Refusal {
	if r := atDevice(s, a); r != nil {
		return r
	}
	return refuseOver(s.Status)
}

// atDevice is seated without a word about the hearing's course: an adjournment
// is announced at the points after it ended the hearing.
func atDevice(s *State, a Actor) *Refusal {
	if a.System || !s.sitsAt(a.Person, a.Device) {
		return refuseNotSeated()
	}
	if s.device(a.Device).Kind == Viewer {
		return refuseViewer()
	}
	return nil
}

// inCourtroom is the gate of every act in the courtroom. What a device may do is
// the intersection of what the people in front of it may (architecture, "Who is
// who"), so one person who is not admitted silences the device's commands too.
func inCourtroom(s *State, a Actor) *Refusal {
	if r := seated(s, a); r != nil {
		return r
	}
	switch p := s.person(a.Person); p.Status {
	case InCourtroom:
		if p.Isolated {
			return refuseIsolated()
		}
	case Removed:
		return refuseRemoved()
	case Waiting:
		return refuseNotAdmitted()
	default:
		return refuseCheckInFirst()
	}
	if !s.admitted(s.device(a.Device)) {
		return refuseDeviceBlocked()
	}
	return nil
}

// byPresiding is the gate of the presiding judge's own acts.
func byPresiding(s *State, a Actor) *Refusal {
	if r := inCourtroom(s, a); r != nil {
		return r
	}
	if a.Person != s.presiding() {
		return refuseOnlyPresiding()
	}
	return nil
}

// byHolder is the gate of acts of the presiding judge and the clerk.
func byHolder(s *State, a Actor) *Refusal {
	if r := inCourtroom(s, a); r != nil {
		return r
	}
	if !s.booked(a.Person).Capacity.HoldsRoom() {
		return refuseOnlyHolders()
	}
	return nil
}

// byClerk is the gate of the clerk's own acts.
func byClerk(s *State, a Actor) *Refusal {
	if r := inCourtroom(s, a); r != nil {
		return r
	}
	if s.booked(a.Person).Capacity != court.Clerk {
		return refuseOnlyClerk()
	}
	return nil
}

// bySupport is the gate of the officers who support a point, and of the clerk.
// An officer acts as soon as they checked in: before the opening they sit in the
// waiting room. Which point an officer speaks for, the command decides.
func bySupport(s *State, a Actor) *Refusal {
	if r := seated(s, a); r != nil {
		return r
	}
	return supports(s, a)
}

func supports(s *State, a Actor) *Refusal {
	switch s.person(a.Person).Status {
	case InCourtroom, Waiting:
	case Removed:
		return refuseRemoved()
	default:
		return refuseCheckInFirst()
	}
	d := s.device(a.Device)
	switch c := s.booked(a.Person).Capacity; {
	case c.Officers() && !s.officersOnly(d):
		return refuseOfficersDevice()
	case c.Officers():
		return nil
	case c != court.Clerk:
		return refuseOnlySupport()
	case !s.admitted(d):
		return refuseDeviceBlocked()
	}
	return nil
}

// officersOnly tells whether all in front of the device support the same point and
// have checked in. Beside the accused an officer gives no command: a device may do
// what all in front of it may.
func (s *State) officersOnly(d *Device) bool {
	for _, p := range d.People {
		b, at := s.booked(p), s.person(p)
		here := (at.Status == Waiting || at.Status == InCourtroom) && !at.Isolated
		if !here || !b.Capacity.Officers() || b.Point != s.booked(d.People[0]).Point {
			return false
		}
	}
	return true
}

// ofPoint tells whether the clerk, or an officer of this very point, acts.
func (s *State) ofPoint(a Actor, point string) bool {
	b := s.booked(a.Person)
	return b.Capacity == court.Clerk || b.Capacity.Officers() && b.Point == point
}

// inOrder is the gate of acts that exist only in hearings with an order of
// business, behind the gate of who may give them.
func inOrder(s *State, a Actor, gate func(*State, Actor) *Refusal) *Refusal {
	if r := gate(s, a); r != nil {
		return r
	}
	if !s.ordered() {
		return refuseNoProcedure()
	}
	return nil
}
