package signaling

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"phientoa/internal/auth"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// maxBody bounds a request's body in bytes.
const maxBody = 4 << 10

// problem answers with application/problem+json (RFC 9457): a stable code and a
// sentence in both languages.
func problem(w http.ResponseWriter, status int, r *hearing.Refusal) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "60")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		*hearing.Refusal
	}{r.En, status, r})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v)
}

// readJSON reads a small JSON object strictly: no unknown and no repeated fields.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	if ct, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(ct) != "application/json" {
		return errBadMessage
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return err
	}
	if repeatsKey(data) {
		return errBadMessage
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errBadMessage
	}
	return nil
}

// consume signs a device in by its invitation.
func (s *Server) consume(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Token string `json:"token"`
		Code  string `json:"code"` // of the second channel; empty: none
	}
	if err := readJSON(w, r, &body); err != nil || body.Token == "" || len(body.Token) > 256 || len(body.Code) > 64 {
		problem(w, http.StatusBadRequest, refuseBadMessage())
		return
	}
	cookie, who, err := s.p.Auth.Consume(r.Context(), body.Token, body.Code, remoteAddr(r))
	switch {
	case err == nil:
		s.replaceSignIn(r, who)
		http.SetCookie(w, cookie)
		w.Header().Set("Cache-Control", "no-store")
		s.p.Logger.Info("signed in", "person", who.Person, "device", who.Device, "hearing", who.Hearing)
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, auth.ErrThrottled):
		s.p.Access.Note("", "", "", deniedInvitation)
		problem(w, http.StatusTooManyRequests, refuseTooFast())
	case errors.Is(err, store.ErrUnavailable):
		problem(w, http.StatusServiceUnavailable, refuseDatabaseAway())
	case errors.Is(err, auth.ErrCodeNeeded):
		problem(w, http.StatusForbidden, refuseCodeNeeded())
	case errors.Is(err, auth.ErrCodeWrong):
		s.p.Access.Note(who.Unit, who.Hearing, who.Person, deniedInvitation) // whose invitation it is
		problem(w, http.StatusForbidden, refuseCodeWrong())
	default:
		s.p.Access.Note("", "", "", deniedInvitation)
		problem(w, http.StatusForbidden, refuseInvitation())
	}
}

// replaceSignIn ends the sign-in that this browser had before, whose cookie it
// loses now: it must not hold a seat against its own successor.
func (s *Server) replaceSignIn(r *http.Request, by store.Session) {
	old, err := s.p.Auth.Session(r)
	if err != nil || old.TokenHash == by.TokenHash {
		return
	}
	if _, err := s.p.Auth.SignOut(r); err != nil {
		s.p.Logger.Warn("earlier sign-in not ended, it runs out by itself", "err", err)
	}
	if room := s.p.Rooms.at(old.Hearing); room != nil {
		room.signOut(r.Context(), old, refuseTakenOver())
	}
}

// notSignedIn answers 401, which is final for a client, only when there is no
// session; when that cannot be told now, the client shall ask again.
func (s *Server) notSignedIn(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, auth.ErrNoSession):
		problem(w, http.StatusUnauthorized, refuseSignIn())
	case errors.Is(err, store.ErrUnavailable):
		problem(w, http.StatusServiceUnavailable, refuseDatabaseAway())
	default:
		s.p.Logger.Warn("session not looked up", "err", err)
		problem(w, http.StatusServiceUnavailable, refuseInternal())
	}
}

// meAnswer is who one is and which hearing one may enter.
type meAnswer struct {
	Room     string `json:"room"`
	Person   string `json:"person"`
	Device   string `json:"device"`
	Name     string `json:"name"`
	Capacity string `json:"capacity"`
	DocketNo string `json:"docket_no"`
	Court    string `json:"court"`
	Title    string `json:"title,omitempty"` // in the courtroom only, as in the View
	StartsAt int64  `json:"starts_at"`
	Demo     bool   `json:"demo"`
	// Kind is the device's kind: what the page may expect of this machine.
	Kind string `json:"kind"`
}

func (s *Server) me(w http.ResponseWriter, r *http.Request) {
	who, err := s.p.Auth.Session(r)
	if err != nil {
		s.notSignedIn(w, err)
		return
	}
	room, ref := s.p.Rooms.Open(r.Context(), who.Hearing)
	if ref != nil {
		status := http.StatusServiceUnavailable
		if ref.Code == refuseNotFound().Code {
			status = http.StatusNotFound
		}
		problem(w, status, ref)
		return
	}
	a := meAnswer{
		Room: room.p.row.Room, Person: who.Person, Device: who.Device,
		Name:     room.p.names[hearing.PersonID(who.Person)],
		DocketNo: room.p.booking.DocketNo, Court: room.p.booking.Court,
		Title:    room.titleFor(r.Context(), hearing.Reader{Person: hearing.PersonID(who.Person), Device: hearing.DeviceID(who.Device)}),
		StartsAt: room.p.booking.StartsAt, Demo: room.p.booking.Demo,
	}
	for _, p := range room.p.booking.People {
		if string(p.ID) == who.Person {
			a.Capacity = string(p.Capacity)
		}
	}
	for _, d := range room.p.booking.Devices {
		if string(d.ID) == who.Device {
			a.Kind = string(d.Kind)
		}
	}
	answer(w, a)
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) {
	who, err := s.p.Auth.Session(r)
	if err != nil {
		s.notSignedIn(w, err)
		return
	}
	cookie, err := s.p.Auth.SignOut(r)
	if err != nil {
		s.p.Logger.Warn("sign-out not written", "err", err)
		problem(w, http.StatusServiceUnavailable, refuseDatabaseAway())
		return
	}
	if room := s.p.Rooms.at(who.Hearing); room != nil {
		room.signOut(r.Context(), who, refuseSignedOut())
	}
	http.SetCookie(w, cookie)
	w.WriteHeader(http.StatusNoContent)
}

// Secured sets what every answer carries. The page loads from here alone, runs
// no inline script, and may use camera and microphone; nothing may frame it.
func Secured(next http.Handler) http.Handler {
	const csp = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
		"media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), geolocation=(), usb=(), payment=()")
		h.Set("X-Frame-Options", "DENY")
		next.ServeHTTP(w, r)
	})
}
