package access

import "net/http"

func (s *Server) sessions(c call) error {
	list, err := s.p.Officials.OwnSessions(c.r.Context(), c.who)
	if err != nil {
		return err
	}
	rows := []SessionItem{}
	for _, x := range list {
		rows = append(rows, SessionItem{
			ID: x.ID, Method: x.Method, Address: x.Address, Agent: x.Agent,
			Created: x.Created, Seen: x.LastSeen, Expires: x.Expires, Current: x.Current,
		})
	}
	return c.json(http.StatusOK, SessionsAnswer{rows})
}

func (s *Server) endSession(c call) error {
	if err := s.p.Officials.EndOwnSession(c.r.Context(), c.who, c.r.PathValue("session")); err != nil {
		return err
	}
	return c.done()
}

// endOthers ends every sign-in of the account but the one that asks.
func (s *Server) endOthers(c call) error {
	if err := s.p.Officials.EndOtherSessions(c.r.Context(), c.who); err != nil {
		return err
	}
	return c.done()
}

// maxPerson bounds the id of a person of a hearing (hearing.MaxIDBytes).
const maxPerson = 64

// revokeInvitation voids a person's invitations to a hearing of the clerk's unit,
// and ends what they have opened.
func (s *Server) revokeInvitation(c call) error {
	hearing, person := c.r.PathValue("hearing"), c.r.PathValue("person")
	if err := s.p.Officials.RevokeInvitation(c.r.Context(), c.by(), hearing, person); err != nil {
		return err
	}
	if len(person) <= maxPerson { // a longer one is nobody's
		s.p.Note(c.by().Unit, hearing, person, wasRevoked) // the hearing is of that unit
	}
	s.p.Note(c.by().Unit, hearing, c.by().ID, revoked)
	return c.done()
}
