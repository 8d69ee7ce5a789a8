package signaling

import (
	"phientoa/internal/court"
	"phientoa/internal/hearing"
)

// Denials that the court's access log keeps.
const (
	deniedRoom       = "denied.room"       // of a signed-in device at a hearing's door
	deniedMedia      = "denied.media"      // of a person who is not let into the media
	deniedExhibit    = "denied.exhibit"    // of a document that the person's view does not have
	readExhibit      = "read.exhibit"      // no denial: a document was given out
	deniedInvitation = "denied.invitation" // of an unknown, used or expired link; nobody is known then
)

// AccessLog takes entries of the court's access log, without waiting. An empty
// unit is that of the hearing. accesslog.Log is one.
type AccessLog interface {
	Note(unit court.UnitID, hearing, person, what string)
}

// noAccessLog keeps nothing.
type noAccessLog struct{}

// Note implements AccessLog.
func (noAccessLog) Note(court.UnitID, string, string, string) {}

// denied notes that the session's person was refused, under the unit whose people
// they belong to.
func (s *session) denied(what string) { s.access.Note(s.who.Unit, s.who.Hearing, s.who.Person, what) }

// deniedEntry notes a refusal at the door, if it is not of another kind (busy,
// database away).
func (s *session) deniedEntry(ref *hearing.Refusal) {
	if ref != nil && ref.Code == refuseNotFound().Code {
		s.denied(deniedRoom)
	}
}
