package hearing

import "time"

func (CancelBooking) command() string { return "cancel_booking" }

// may: the server gives it for an account, whose right to book it has checked.
func (CancelBooking) may(s *State, a Actor) *Refusal {
	if r := bySystem(a); r != nil {
		return r
	}
	if !s.ordered() {
		return refuseNoProcedure()
	}
	return refuseOver(s.Status)
}

// decide is that of Cancel, with the account that stands in the log.
func (c CancelBooking) decide(s *State, a Actor, now time.Time) ([]EventBody, *Refusal) {
	if !validID(c.By) || (c.MovedTo != "" && (!validID(string(c.MovedTo)) || c.MovedTo == s.Booking.Hearing)) {
		return nil, refuseUnknownPerson()
	}
	bodies, r := Cancel{Reason: c.Reason}.decide(s, a, now)
	for i, b := range bodies {
		if cancelled, ok := b.(HearingCancelled); ok {
			cancelled.By, cancelled.MovedTo = c.By, c.MovedTo
			bodies[i] = cancelled
		}
	}
	return bodies, r
}
