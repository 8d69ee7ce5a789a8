// Package access is the HTTP API by which officials and room devices prove who
// they are, and by which administrators say who may (/api/v1/access/). It decides
// nothing about hearings: a seat is taken because a row of the calendar names the
// account, and in the hearing only the capacity counts.
package access

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/store"
)

// Bounds of a request's body in bytes.
const (
	maxBody   = 4 << 10
	maxAnswer = 64 << 10 // of an authenticator or a certificate
)

// Kinds of entries of the access log.
const (
	deniedSignIn = "denied.signin"        // of the account or device that was tried, if there is such a one
	deniedRoute  = "denied.office"        // of an account without the role, or by a rule between two people
	deniedObject = "denied.office.object" // of an account: what is elsewhere or nowhere
	deniedSeat   = "denied.seat"
	revoked      = "invitation.revoked" // by a clerk
	wasRevoked   = "invitation.void"    // whose it was, of the hearing's people
)

// Params of New.
type Params struct {
	Officials *auth.Officials
	Logger    *slog.Logger
	// Note takes an entry for the court's access log, with the unit of the account or
	// device (empty: nobody is known); it must not block. Nil: none is kept.
	Note func(unit court.UnitID, hearing, person, what string)
	// Demo: cookies for http://, which cannot be Secure.
	Demo bool
}

// Server answers the routes of the table. It is safe for concurrent use.
type Server struct {
	p        Params
	handler  http.Handler
	document func() ([]byte, error) // of the API, made once
}

// New builds the handler from Routes.
func New(p Params) *Server {
	if p.Note == nil {
		p.Note = func(court.UnitID, string, string, string) {}
	}
	s := &Server{p: p, document: sync.OnceValues(Document)}
	mux := http.NewServeMux()
	for _, r := range Routes() {
		mux.HandleFunc(r.Method+" "+r.Path, func(w http.ResponseWriter, q *http.Request) { s.answer(r, w, q) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { s.problem(w, store.ErrNotFound) })
	// Strict cookies do not come with requests of other sites; this refuses those
	// of browsers that would send them all the same.
	s.handler = http.NewCrossOriginProtection().Handler(mux)
	return s
}

// ServeHTTP implements http.Handler for every path under Prefix.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	s.handler.ServeHTTP(w, r)
}

// call is one request and who made it.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	who  auth.Who  // of an Official's route
	room auth.Room // of a Device's route
	// tried is whom somebody not signed in said to be, for the access log only.
	tried *tried
}

type tried struct{ login, device string }

// answer lets in whom the route names, and turns an error into a problem.
func (s *Server) answer(route Route, w http.ResponseWriter, r *http.Request) {
	c := call{w: w, tried: &tried{}}
	c.r = r.WithContext(auth.WithClient(r.Context(), remote(r), r.UserAgent()))
	err := s.admit(route, &c)
	if err == nil {
		err = route.serve(s, c)
	}
	if err == nil {
		return
	}
	s.note(c, err)
	s.problem(w, err)
}

// note keeps a denial in the access log, with the unit of whom it concerns.
func (s *Server) note(c call, err error) {
	acc := c.who.Account
	unit, id := acc.Unit, acc.ID
	if id == "" {
		unit, id = c.room.Device.Unit, c.room.Device.ID
	}
	switch {
	case errors.Is(err, auth.ErrSignIn):
		if id == "" {
			unit, id = s.p.Officials.Tried(c.r.Context(), c.tried.login, c.tried.device)
		}
		s.p.Note(unit, "", id, deniedSignIn)
	case id == "": // nobody is known, and nothing was tried
	case errors.Is(err, auth.ErrForbidden) && acc.ID == "":
		s.p.Note(unit, "", id, deniedSeat)
	case errors.Is(err, auth.ErrForbidden), errors.Is(err, auth.ErrOwnAccount),
		errors.Is(err, auth.ErrTwoNeeded), errors.Is(err, auth.ErrOwnProposal):
		s.p.Note(unit, "", id, deniedRoute)
	case errors.Is(err, store.ErrNotFound):
		s.p.Note(unit, "", id, deniedObject)
	}
}

// admit checks audience, password, role and fresh proof, in this order.
func (s *Server) admit(route Route, c *call) (err error) {
	switch route.Audience {
	case Anyone:
		return nil
	case Device:
		c.room, err = s.p.Officials.Room(c.r)
		return err
	}
	if c.who, err = s.p.Officials.Account(c.r); err != nil {
		return err
	}
	by := c.who.Official()
	switch {
	case c.who.Account.MustChange && !route.Unchanged:
		return auth.ErrMustChange
	case route.Roles != nil && !by.Has(route.Roles...):
		return auth.ErrForbidden
	case route.StepUp && !by.Fresh(s.p.Officials.Now()):
		return auth.ErrStepUp
	}
	return nil
}

// by is the official of the request.
func (c call) by() auth.Official { return c.who.Official() }

// addr is the address that the request came from.
func (c call) addr() string { return remote(c.r) }

func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// done answers that there is nothing to say.
func (c call) done() error {
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// json answers with a document.
func (c call) json(status int, v any) error {
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(status)
	_ = json.NewEncoder(c.w).Encode(v) // the client may have gone
	return nil
}

// raw reads a body of JSON within the bound.
func (c call) raw(limit int64) ([]byte, error) {
	if ct, _, _ := strings.Cut(c.r.Header.Get("Content-Type"), ";"); strings.TrimSpace(ct) != "application/json" {
		return nil, store.ErrInvalid
	}
	b, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, limit))
	if err != nil {
		return nil, errors.Join(store.ErrInvalid, err)
	}
	return b, nil
}

// read reads a small JSON object strictly.
func (c call) read(v any) error { return c.readUpTo(maxBody, v) }

func (c call) readUpTo(limit int64, v any) error {
	b, err := c.raw(limit)
	if err != nil {
		return err
	}
	return decode(b, v)
}

// decode takes one JSON object with no field that v does not have.
func decode(b []byte, v any) error {
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errors.Join(store.ErrInvalid, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return store.ErrInvalid
	}
	return nil
}

// problem answers with application/problem+json (RFC 9457): a stable code and a
// sentence in both languages. What is not an answer is logged and stays unsaid.
func (s *Server) problem(w http.ResponseWriter, err error) {
	status, ref := explain(err)
	if ref == nil {
		s.p.Logger.Error("access", "err", err)
		status, ref = http.StatusInternalServerError, refuseInternal()
	}
	w.Header().Set("Content-Type", "application/problem+json")
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "60")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(Problem{ref.En, status, ref})
}
