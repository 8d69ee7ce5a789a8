package signaling

import (
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"phientoa/internal/store"
)

// helpRunes bounds the text of a call for help.
const helpRunes = 200

// helpPhone tells the number to call when the screen is of no help. It is public,
// as on a summons, and is asked for before anybody has signed in: who lost the
// connection later must have it already (journey J5.3).
func (s *Server) helpPhone(w http.ResponseWriter, _ *http.Request) {
	answer(w, struct {
		Phone string `json:"phone"`
	}{s.p.HelpPhone})
}

// help takes a seat's call for help: an alarm for the operators.
func (s *Server) help(w http.ResponseWriter, r *http.Request) {
	who, err := s.p.Auth.Session(r)
	if err != nil {
		s.notSignedIn(w, err)
		return
	}
	var body struct {
		Text string `json:"text"`
	}
	if err := readJSON(w, r, &body); err != nil {
		problem(w, http.StatusBadRequest, refuseBadMessage())
		return
	}
	text := strings.Join(strings.Fields(body.Text), " ")
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > helpRunes || strings.ContainsFunc(text, unicode.IsControl) {
		problem(w, http.StatusBadRequest, refuseBadMessage())
		return
	}
	if !s.helped.allow(who, s.p.Now()) {
		problem(w, http.StatusTooManyRequests, refuseTooFast())
		return
	}
	switch err := s.p.Rooms.Help(r.Context(), who, text); {
	case err == nil:
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, store.ErrNotFound):
		problem(w, http.StatusNotFound, refuseNotFound())
	default:
		s.p.Logger.Warn("call for help not written", "hearing", who.Hearing, "err", err)
		problem(w, http.StatusServiceUnavailable, refuseDatabaseAway())
	}
}
