package office

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"time"

	"phientoa/internal/auth"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// requestTime bounds one request; each call to the database has a bound of its own.
const requestTime = 20 * time.Second

// call is one authorised request.
type call struct {
	auth.Official
	r    *http.Request
	w    http.ResponseWriter // for headers only
	body any                 // pointer to Route.In, nil without a body
	raw  []byte
	now  time.Time
	// replaces is the hearing in whose place the booking comes: it is in nobody's way.
	replaces string
}

// What the access log keeps.
const (
	deniedRole   = "denied.office.role"
	deniedObject = "denied.office.object"
	readNames    = "view.people"
	madeInvite   = "invitation"
	endedHearing = "cancel"
)

// guard does for every route what no handler may forget: who asks, whether the
// role may, where the page is from, and what the body is.
func (o *Office) guard(r Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		ctx, cancel := context.WithTimeout(req.Context(), requestTime)
		defer cancel()
		c := &call{r: req.WithContext(ctx), w: w, now: o.p.Now()}
		v, err := o.answer(r, c)
		if err != nil {
			p := o.explain(r, c, err)
			o.served(r, c, p.Status)
			p.write(w)
			return
		}
		o.served(r, c, r.Status)
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		if s, ok := v.(stream); ok {
			s(w, req)
			return
		}
		if raw, ok := v.(json.RawMessage); ok {
			h.Set("Content-Type", "application/openapi+json")
			_, _ = w.Write(raw)
			return
		}
		if v == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		h.Set("Content-Type", "application/json")
		w.WriteHeader(r.Status)
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		_ = e.Encode(v)
	})
}

func (o *Office) answer(r Route, c *call) (any, error) {
	if !r.Public {
		if err := o.cross.Check(c.r); err != nil {
			return nil, crossOrigin()
		}
		who, err := o.p.Officials.Who(c.r)
		if err != nil {
			return nil, err
		}
		c.Official = who
		if !r.allows(who) {
			o.note(c, "", deniedRole)
			return nil, notAllowed()
		}
		if r.Fresh && !who.Fresh(c.now) {
			return nil, stepUp()
		}
	}
	// What cannot be an id is looked up nowhere, and answered as what is not there.
	if strings.Contains(r.Path, "{id}") && c.object() == "" {
		return nil, store.ErrNotFound
	}
	if r.In != nil {
		if err := c.read(r); err != nil {
			return nil, err
		}
	}
	return r.handle(o, c)
}

// read takes the body. Its type keeps pages of other origins from sending one
// without asking first (Fetch standard, CORS-safelisted request headers).
func (c *call) read(r Route) error {
	if t, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return mediaType()
	}
	raw, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, MaxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge()
	case err != nil:
		return badBody("", "Không đọc được nội dung gửi lên.", "The body could not be read.")
	}
	c.raw, c.body = raw, reflect.New(reflect.TypeOf(r.In)).Interface()
	if err := decodeStrict(raw, c.body); err != nil {
		return badBody("", "Nội dung JSON sai: "+shown(err), "The JSON is wrong: "+shown(err))
	}
	return nil
}

// shown is what may be repeated of a parser's error: no values, which may be names.
func shown(err error) string {
	var typeErr *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &typeErr):
		return "field " + typeErr.Field + " wants " + typeErr.Type.String()
	case errors.As(err, &syntax), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "syntax"
	}
	text := []rune(err.Error())
	return string(text[:min(len(text), 100)])
}

// explain turns an error into the answer. The rest is logged without the body.
func (o *Office) explain(r Route, c *call, err error) *Problem {
	var p *Problem
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, auth.ErrNoSession):
		return notSignedIn()
	case errors.Is(err, auth.ErrThrottled):
		return tooFast()
	case errors.Is(err, store.ErrNotFound):
		o.note(c, c.object(), deniedObject)
		return notFound()
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return databaseAway()
	}
	o.p.Logger.Warn("request failed", "route", r.Method+" "+r.Path, "account", c.ID, "err", err)
	return internal()
}

// served logs every request of another system, by account and token: what people do
// has its entries where they do it.
func (o *Office) served(r Route, c *call, status int) {
	if c.Token == "" {
		return
	}
	o.p.Logger.Info("service request", "account", c.ID, "credential", c.Token, "route", r.Name, "status", status)
	o.note(c, "", "service."+r.Name)
}

func (o *Office) note(c *call, hearing, what string) {
	if o.p.Access != nil {
		o.p.Access.Note(c.Unit, hearing, c.ID, what)
	}
}

// object is the id in the path, if it could be one.
func (c *call) object() string {
	id := c.r.PathValue("id")
	if len(checkID("", id, hearing.MaxIDBytes)) > 0 {
		return ""
	}
	return id
}
