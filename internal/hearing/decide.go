package hearing

import (
	"reflect"
	"time"
)

// Decide answers a command: the events that it causes, in order, or a refusal.
// Neither means that there is nothing to note (a system report that changes
// nothing). It never waits, never changes s and never panics.
//
// The events of one answer are either all restrictions or none is
// (EventBody.Restricts), so that the caller has one order for the whole answer
// (architecture, Order).
//
// s is nil before Book. now becomes the events' time only through the caller.
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
	return ActRestricts(c.command())
}

// ActRestricts is Restricts by the name of the act: the field name of wire's
// Command, as in View.Acts, or that of a command of the system.
//
// recorder_report is not among them: whether it restricts is known only from
// what it says, and a report waits its turn without harm.
func ActRestricts(act string) bool {
	switch act {
	case MuteLock{}.command(), StopFloor{}.command(), LowerHand{}.command(), Remove{}.command(),
		Recess{}.command(), Close{}.command(), DeviceLost{}.command():
		return true
	case DismissWitness{}.command(), Isolate{}.command(), EndConsult{}.command():
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
	if a.System || !s.sitsAt(a.Person, a.Device) {
		return refuseNotSeated()
	}
	if s.device(a.Device).Kind == Viewer {
		return refuseViewer()
	}
	if s.Status == Closed {
		return refuseClosed()
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
