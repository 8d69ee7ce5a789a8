// Package whip lets the encoders of courtrooms publish and viewing walls play over HTTP:
// WHIP, the WebRTC-HTTP Ingestion Protocol (RFC 9725), and WHEP, its counterpart
// (draft-ietf-wish-whep). The device shows the token that an operator made for it; the
// calendar says in which seat it sits. It sits there as any client: this package speaks
// for it in the protocol of the WebSocket, so that every rule of the court counts, and
// what it sends and gets is stopped where everybody's is, in the sfu.
package whip

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"phientoa/internal/auth"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/vietnam"
	"phientoa/signaling"
)

// Endpoints (RFC 9725, 3; draft-ietf-wish-whep, 3); sessions stand below them.
const (
	Publish = "/api/v1/whip"
	Play    = "/api/v1/whep"
)

// Bounds of one device.
const (
	maxOffer      = 64 << 10 // bytes
	offersEvery   = 2 * time.Second
	offersBurst   = 10
	changesPerSec = 10 // PATCH and DELETE
	changesBurst  = 40
	retryAfter    = "5"
	endTime       = 5 * time.Second // of a sign-out
	deniedToken   = "denied.signin"
)

// Devices is who encoders and walls are and where the calendar puts them;
// *auth.Officials.
type Devices interface {
	TokenDevice(r *http.Request, kind store.DeviceKind) (store.RoomDevice, error)
	SignInTokenDevice(ctx context.Context, d store.RoomDevice) (auth.Room, error)
	SignOutRoom(ctx context.Context, d auth.Room) error
	RoomSeats(ctx context.Context, d auth.Room, from, to time.Time) ([]auth.RoomSeat, error)
	EnterRoomSeat(ctx context.Context, d auth.Room, hearing, person, device string) (*http.Cookie, store.Session, error)
	Now() time.Time
}

// Seats serves a seat's session; *signaling.Server.
type Seats interface {
	Serve(ctx context.Context, who store.Session, conn signaling.Conn, seated func(silence func() (time.Duration, bool))) error
}

// Params of New. All are needed.
type Params struct {
	Devices Devices
	Seats   Seats
	// Alive tells whether the session of a seat still stands; auth.ErrNoSession: not.
	Alive  func(ctx context.Context, who store.Session) (time.Time, error)
	Note   func(unit court.UnitID, hearing, person, what string) // for the access log
	Logger *slog.Logger
}

// Server answers under Publish and Play. It is safe for concurrent use.
type Server struct {
	p    Params
	mux  *http.ServeMux
	ctx  context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu       sync.Mutex
	devices  map[string]*device  // by id
	sessions map[string]*session // by id
}

// way is one of the two protocols.
type way struct {
	path  string
	kind  store.DeviceKind // whose tokens it takes
	read  func(offer string) (plan, error)
	sends bool

	lines, codec *hearing.Refusal // of offers
	// none: by the calendar there is no hearing; early: the seat is not let in yet.
	none, early *hearing.Refusal
	tryAgain    int // status of those two
}

func ways() [2]way {
	return [2]way{
		{
			path: Publish, kind: store.Encoder, read: readPublish, sends: true, lines: refuseLines(), codec: refuseCodec(),
			none: refuseNoHearing(), early: refuseNotIn(), tryAgain: http.StatusServiceUnavailable,
		},
		{ // 409 is the draft's, 4.2
			path: Play, kind: store.Wall, read: readPlay, lines: refuseWallLines(), codec: refuseWallCodec(),
			none: refuseNothingToShow(), early: refuseNotOpen(), tryAgain: http.StatusConflict,
		},
	}
}

// device is what is kept of one device between its requests.
type device struct {
	offers, changes *rate.Limiter
	busy            chan struct{} // capacity 1: one offer at a time

	// of who holds busy
	room auth.Room
	seat store.Session
}

// New makes a Server; Close ends its sessions.
func New(p Params) *Server {
	s := &Server{p: p, mux: http.NewServeMux(), devices: map[string]*device{}, sessions: map[string]*session{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	for _, at := range ways() {
		one := at.path + "/{session}"
		s.mux.HandleFunc("POST "+at.path, func(w http.ResponseWriter, r *http.Request) { s.post(w, r, &at) })
		s.mux.HandleFunc("PATCH "+one, func(w http.ResponseWriter, r *http.Request) { s.patch(w, r, &at) })
		s.mux.HandleFunc("DELETE "+one, func(w http.ResponseWriter, r *http.Request) { s.remove(w, r, &at) })
		s.mux.HandleFunc(at.path, others("POST, GET, HEAD, OPTIONS", "Accept-Post", "application/sdp"))
		s.mux.HandleFunc(one, others("PATCH, DELETE, GET, HEAD, OPTIONS", "Accept-Patch", "application/trickle-ice-sdpfrag"))
	}
	return s
}

// Close ends every session and waits.
func (s *Server) Close() {
	s.stop()
	s.mu.Lock()
	for _, x := range s.sessions {
		x.pipe.close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	s.mux.ServeHTTP(w, r)
}

// others answers OPTIONS, and GET with nothing (RFC 9725, 4.1: a 2xx without content),
// both without a word that depends on who asks or on what there is, and refuses every
// other method that has no handler.
func others(allow, accept, types string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodOptions:
			w.Header().Set("Allow", allow)
			w.Header().Set(accept, types)
			w.WriteHeader(http.StatusOK)
		case http.MethodGet, http.MethodHead:
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Allow", allow)
			problem(w, http.StatusMethodNotAllowed, refuseMethod())
		}
	}
}

// admit finds the device of a request; nil: refused and answered.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, at *way) (store.RoomDevice, *device) {
	d, err := s.p.Devices.TokenDevice(r, at.kind)
	switch {
	case errors.Is(err, auth.ErrNoSession):
		if d.ID != "" {
			s.p.Note(d.Unit, "", d.ID, deniedToken)
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+strings.TrimPrefix(at.path, "/api/v1/")+`"`)
		problem(w, http.StatusUnauthorized, refuseToken())
		return d, nil
	case errors.Is(err, auth.ErrThrottled):
		tooFast(w)
		return d, nil
	case err != nil:
		s.failed(w, "token", err)
		return d, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.devices[d.ID]
	if e == nil {
		e = &device{
			offers: rate.NewLimiter(rate.Every(offersEvery), offersBurst), changes: rate.NewLimiter(changesPerSec, changesBurst),
			busy: make(chan struct{}, 1),
		}
		s.devices[d.ID] = e
	}
	return d, e
}

// post opens a session (RFC 9725, 4.2).
func (s *Server) post(w http.ResponseWriter, r *http.Request, at *way) {
	d, e := s.admit(w, r, at)
	if e == nil {
		return
	}
	if !e.offers.Allow() {
		tooFast(w)
		return
	}
	offer, ok := body(w, r, "application/sdp", maxOffer)
	if !ok {
		return
	}
	p, err := at.read(offer)
	if err != nil {
		at.refuseOffer(w, err)
		return
	}
	select {
	case e.busy <- struct{}{}:
		defer func() { <-e.busy }()
	case <-r.Context().Done():
		return
	}
	if !s.sit(w, r, at, d, e) {
		return
	}
	x, answer, no := s.begin(r.Context(), at, d, e, p)
	if no != nil {
		at.refuse(w, no)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/sdp")
	h.Set("Location", at.path+"/"+x.id)
	h.Set("ETag", x.etag)
	linkRelay(h, x.relay)
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer)
}

// sit makes the device's seat the one that the calendar names now.
func (s *Server) sit(w http.ResponseWriter, r *http.Request, at *way, d store.RoomDevice, e *device) bool {
	ctx := r.Context()
	now := vietnam.Time(s.p.Devices.Now())
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	list, err := s.p.Devices.RoomSeats(ctx, auth.Room{Device: d}, today.AddDate(0, 0, -1), today.AddDate(0, 0, 1))
	if err != nil {
		s.failed(w, "calendar", err)
		return false
	}
	seat, ok := choose(list, now)
	if !ok {
		w.Header().Set("Retry-After", retryAfter)
		problem(w, at.tryAgain, at.none)
		return false
	}
	if e.seat.Hearing == seat.Hearing && e.seat.Person == seat.Person && e.seat.Device == seat.Device {
		// Nor does a database that is away end a sign-in.
		if _, err := s.p.Alive(ctx, e.seat); !errors.Is(err, auth.ErrNoSession) {
			return true
		}
	}
	s.signOut(e.room)
	e.room, e.seat = auth.Room{}, store.Session{}
	if e.room, err = s.p.Devices.SignInTokenDevice(ctx, d); err == nil {
		_, e.seat, err = s.p.Devices.EnterRoomSeat(ctx, e.room, seat.Hearing, seat.Person, seat.Device)
	}
	if err != nil {
		s.failed(w, "seat", err)
		return false
	}
	return true
}

// begin opens a session in the device's seat; one that it has there ends.
func (s *Server) begin(ctx context.Context, at *way, d store.RoomDevice, e *device, p plan) (*session, string, *refused) {
	x := &session{id: token(), etag: `"` + token() + `"`, ufrag: p.ufrag, device: d.ID, sends: at.sends, pipe: newPipe()}
	s.mu.Lock()
	if s.ctx.Err() != nil {
		s.mu.Unlock()
		return nil, "", &refused{later: true}
	}
	for _, old := range s.sessions {
		if old.device == d.ID {
			old.pipe.close()
			delete(s.sessions, old.id)
		}
	}
	s.wg.Add(1)
	s.mu.Unlock()
	who := e.seat
	go func() {
		defer s.wg.Done()
		defer x.pipe.close()
		if err := s.p.Seats.Serve(s.ctx, who, x.pipe, x.seated); err != nil {
			s.p.Logger.Warn("device not served", "device", d.ID, "err", err)
		}
	}()
	answer, no := x.open(ctx, p.offer)
	if no != nil {
		x.pipe.close()
		return nil, "", no
	}
	s.mu.Lock()
	s.sessions[x.id] = x
	s.wg.Add(1)
	s.mu.Unlock()
	go func() {
		defer s.wg.Done()
		if x.follow() {
			e.busy <- struct{}{} // whoever holds it ends within bounds
			s.end(e, x)
			<-e.busy
		}
		s.forget(x)
	}()
	return x, answer, nil
}

// forget ends a session; false: it had ended before. It is taken out first: who follows
// the pipe forgets it too.
func (s *Server) forget(x *session) bool {
	s.mu.Lock()
	known := s.sessions[x.id] == x
	delete(s.sessions, x.id)
	s.mu.Unlock()
	x.pipe.close()
	return known
}

// end ends a session with its seat and media, under e.busy; false: it had ended before,
// and the seat may be another's.
func (s *Server) end(e *device, x *session) bool {
	if !s.forget(x) {
		return false
	}
	s.signOut(e.room)
	e.room, e.seat = auth.Room{}, store.Session{}
	return true
}

// signOut ends a sign-in of a device, if it is one, with the media of its seat.
func (s *Server) signOut(room auth.Room) {
	if room.Device.ID == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), endTime)
	defer cancel()
	if err := s.p.Devices.SignOutRoom(ctx, room); err != nil {
		s.p.Logger.Warn("device not signed out", "device", room.Device.ID, "err", err)
	}
}

// own finds the session of a request; another device's is like none at all. nil:
// refused and answered.
func (s *Server) own(w http.ResponseWriter, r *http.Request, at *way) (*session, *device) {
	d, e := s.admit(w, r, at)
	if e == nil {
		return nil, nil
	}
	if !e.changes.Allow() {
		tooFast(w)
		return nil, nil
	}
	s.mu.Lock()
	x := s.sessions[r.PathValue("session")]
	s.mu.Unlock()
	if x == nil || x.device != d.ID {
		problem(w, http.StatusNotFound, refuseNotFound())
		return nil, nil
	}
	return x, e
}

// patch takes candidates and does nothing with them: we are ICE-lite. ICE is not
// restarted (RFC 9725, 4.3: 422 when only the one of the two is supported).
func (s *Server) patch(w http.ResponseWriter, r *http.Request, at *way) {
	x, e := s.own(w, r, at)
	if e == nil {
		return
	}
	text, ok := body(w, r, "application/trickle-ice-sdpfrag", maxFragment)
	if !ok {
		return
	}
	ufrags, err := readFragment(text)
	match := r.Header.Values("If-Match")
	switch {
	case err != nil:
		problem(w, http.StatusBadRequest, refuseSDP())
		return
	case len(match) == 0:
		problem(w, http.StatusPreconditionRequired, refuseIfMatch())
		return
	case len(match) == 1 && match[0] == "*":
		problem(w, http.StatusUnprocessableEntity, refuseRestart())
		return
	case len(match) > 1 || match[0] != x.etag:
		problem(w, http.StatusPreconditionFailed, refuseETag())
		return
	}
	for _, u := range ufrags {
		if u != x.ufrag {
			problem(w, http.StatusUnprocessableEntity, refuseRestart())
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// remove ends the session with its media before it answers (RFC 9725, 4.2: 200).
func (s *Server) remove(w http.ResponseWriter, r *http.Request, at *way) {
	x, e := s.own(w, r, at)
	if e == nil {
		return
	}
	select {
	case e.busy <- struct{}{}:
		defer func() { <-e.busy }()
	case <-r.Context().Done():
		return
	}
	if !s.end(e, x) {
		problem(w, http.StatusNotFound, refuseNotFound())
		return
	}
	w.WriteHeader(http.StatusOK)
}

// token is 128 random bits as text.
func token() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b[:])
}
