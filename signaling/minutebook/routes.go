package minutebook

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"phientoa/internal/archives"
	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/minutes"
	"phientoa/internal/store"
)

// Route is one operation; the mux and the sweep of rights are made from the same table.
type Route struct {
	Method string
	Path   string
	// Body is "", "application/json" or "application/pdf".
	Body   string
	Status int
	handle func(b *Book, c *call) (any, error)
}

// at is what every path begins with.
const at = "/api/v1/hearings/{id}/minutes"

// Routes is everything that this package answers.
func Routes() []Route {
	const pdf = "application/pdf"
	post := func(path, body string, status int, handle func(*Book, *call) (any, error)) Route {
		return Route{Method: http.MethodPost, Path: at + path, Body: body, Status: status, handle: handle}
	}
	return []Route{
		{Method: http.MethodGet, Path: at, Status: http.StatusOK, handle: (*Book).read},
		{Method: http.MethodGet, Path: at + "/preview", Status: http.StatusOK, handle: (*Book).preview},
		{Method: http.MethodGet, Path: at + "/documents/{sha256}", Status: http.StatusOK, handle: (*Book).document},
		post("/entries", "application/json", http.StatusNoContent, (*Book).note),
		post("/proposal", "application/json", http.StatusNoContent, (*Book).propose),
		post("/signed", pdf, http.StatusNoContent, (*Book).sign),
		post("/acknowledgement", "application/json", http.StatusNoContent, (*Book).acknowledge),
		post("/requests", "application/json", http.StatusNoContent, (*Book).ask),
		post("/requests/{request}/answer", "application/json", http.StatusNoContent, (*Book).answer),
	}
}

// call is one request of somebody who may know of the hearing's minutes.
type call struct {
	r  *http.Request
	w  http.ResponseWriter
	id string
	l  *live
	minutes.Writer
	unit court.UnitID
	// supervises: of the hearing's court, without a seat in the hearing.
	supervises bool
	raw        []byte
}

// file is an answer that is no JSON.
type file struct {
	body []byte
	name string
}

func (b *Book) serve(route Route, w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), requestTime)
	defer cancel()
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	v, err := b.admit(route, &call{r: r.WithContext(ctx), w: w, id: r.PathValue("id")})
	if err != nil {
		b.explain(route, err).write(w)
		return
	}
	switch v := v.(type) {
	case nil:
		w.WriteHeader(http.StatusNoContent)
	case file:
		h.Set("Content-Type", "application/pdf")
		h.Set("Content-Disposition", `inline; filename="`+v.name+`"`)
		_, _ = w.Write(v.body)
	default:
		h.Set("Content-Type", "application/json")
		w.WriteHeader(route.Status)
		_ = json.NewEncoder(w).Encode(v)
	}
}

// admit finds out who asks, and does what every route needs before its own work.
func (b *Book) admit(route Route, c *call) (any, error) {
	if err := b.cross.Check(c.r); err != nil {
		return nil, problem(http.StatusForbidden, "origin", "Trang này không được phép gửi yêu cầu tới hệ thống.", "This page is not allowed to send requests.")
	}
	official, seat, err := b.signedIn(c.r)
	if err != nil {
		return nil, err
	}
	if c.id == Mine {
		if seat.Hearing == "" {
			return nil, auth.ErrNoSession
		}
		c.id = seat.Hearing
	}
	if c.id == "" || len(c.id) > hearing.MaxIDBytes {
		return nil, store.ErrNotFound
	}
	if route.Body != "" {
		if err := c.take(route.Body); err != nil {
			return nil, err
		}
	}
	l, done, err := b.open(c.r.Context(), c.id)
	if err != nil {
		return nil, err
	}
	defer done()
	c.l = l
	known, err := b.identify(c, official, seat)
	if err != nil {
		return nil, err
	}
	if !known || l.maker.Hearing() == nil {
		b.p.Note(c.unit, c.id, c.who(), deniedMinutes)
		return nil, store.ErrNotFound
	}
	return route.handle(b, c)
}

func (c *call) who() string {
	if c.Account != "" {
		return c.Account
	}
	return string(c.Person)
}

// signedIn is the official and the seat that the request's cookies name; one may be
// nobody. A service is nobody here.
func (b *Book) signedIn(r *http.Request) (o auth.Official, s store.Session, err error) {
	o, errWho := b.p.Who(r)
	s, errSeat := b.p.Seat(r)
	for _, err := range []error{errWho, errSeat} {
		if err != nil && !errors.Is(err, auth.ErrNoSession) {
			return o, s, err
		}
	}
	if errWho == nil && o.Token != "" {
		o, errWho = auth.Official{}, auth.ErrNoSession
	}
	if errWho != nil && errSeat != nil {
		return o, s, auth.ErrNoSession
	}
	return o, s, nil
}

// identify says in which capacity the caller reads: that of their account's seat, that
// of the seat whose session they hold, or as one who supervises.
func (b *Book) identify(c *call, o auth.Official, s store.Session) (bool, error) {
	c.unit = o.Unit
	if c.unit == "" {
		c.unit = s.Unit
	}
	if o.ID != "" {
		c.Account = o.ID
		seats, err := b.p.Store.Seats(c.r.Context(), court.SystemScope(), c.id)
		if err != nil {
			return false, err
		}
		for _, x := range seats {
			if x.Account == o.ID && c.sits(x.Person) {
				return true, nil
			}
		}
	}
	if s.Hearing == c.id && c.sits(s.Person) {
		return true, nil
	}
	return b.supervises(c, o)
}

// supervises lets the court that holds the hearing's evidence read, which is another
// once the hearing's court was dissolved: the chief judge always, a clerk without a
// seat only what was held in public, or by a permission that names closed doors
// (BLTTHS art. 25: what was heard behind closed doors is for its people).
func (b *Book) supervises(c *call, o auth.Official) (bool, error) {
	if o.ID == "" || !o.Has(store.RoleChiefJudge, store.RoleClerk) {
		return false, nil
	}
	reach, err := b.p.Archives.Reach(c.r.Context(), o.Unit)
	if err != nil || !reach.Scope.Covers(c.l.hearing.Unit) {
		return false, err
	}
	if o.Has(store.RoleChiefJudge) {
		c.supervises = true
		return true, nil
	}
	closed, err := b.p.Archives.Closed(c.r.Context(), court.SystemScope(), c.id)
	if err != nil {
		return false, err
	}
	if closed {
		_, err = b.p.Archives.Grant(c.r.Context(), o, court.SystemScope(), c.id, false)
		var refused *archives.Refusal
		if errors.As(err, &refused) {
			return false, nil
		}
	}
	c.supervises = err == nil
	return c.supervises, err
}

func (c *call) sits(person string) bool {
	s := c.l.maker.Hearing()
	if s == nil {
		return false
	}
	i := slices.IndexFunc(s.Booking.People, func(p hearing.Person) bool { return string(p.ID) == person })
	if i < 0 {
		return false
	}
	c.Person, c.Capacity = s.Booking.People[i].ID, s.Booking.People[i].Capacity
	return true
}

// drafts tells whether the caller may read the draft: the court of this hearing.
func (c *call) drafts() bool { return c.Capacity.OfCourt() }

// reads tells whether the caller may read what was proposed.
func (c *call) reads() bool { return c.drafts() || c.supervises || minutes.Reads(c.Capacity) }

// take reads a body of the type that the route wants, which keeps pages of other
// origins from sending one without asking first.
func (c *call) take(want string) error {
	limit := int64(maxBody)
	if want != "application/json" {
		limit = store.MaxDocument
	}
	if t, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || t != want {
		return mediaType(want)
	}
	var err error
	c.raw, err = io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge()
	case err != nil:
		return badBody()
	}
	return nil
}

func (c *call) into(v any) error {
	d := json.NewDecoder(bytes.NewReader(c.raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return badBody()
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return badBody()
	}
	return nil
}

// digest is the SHA-256 in the path, 64 hex digits of one case.
func (c *call) digest() (sum [32]byte, ok bool) {
	text := c.r.PathValue("sha256")
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(sum) || strings.ToLower(text) != text {
		return sum, false
	}
	copy(sum[:], raw)
	return sum, true
}

// from is the first line that the caller wants, 1 when it says none.
func (c *call) from() int {
	n, err := strconv.Atoi(c.r.URL.Query().Get("from"))
	if err != nil || n < 1 {
		return 1
	}
	return n
}
