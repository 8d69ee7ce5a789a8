package hearing

// Needed tells whether the hearing cannot go on without the person: they are
// booked as Required or, when nobody is, of a capacity that the procedure asks
// for (NQ 33/2021/QH15 art. 1.2). False for somebody who is not of the hearing.
func Needed(s *State, p PersonID) bool {
	if s == nil {
		return false
	}
	i, ok := s.seats.people[p]
	return ok && s.needed(i)
}
