package signaling

import (
	"context"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sync/semaphore"

	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// Auth tells who a request is from. Package internal/auth implements it.
type Auth interface {
	// Consume turns an invitation's token, with the code of a second channel if it
	// asks for one, into a session and its cookie. Unknown, used, expired and foreign
	// tokens give one and the same error; auth.ErrCodeNeeded and auth.ErrCodeWrong
	// concern a good token; auth.ErrThrottled says that this address tries too often.
	Consume(ctx context.Context, token, code, addr string) (*http.Cookie, store.Session, error)
	// Session is the signed-in device of a request. auth.ErrNoSession: there is
	// none; any other error passes.
	Session(r *http.Request) (store.Session, error)
	// Alive tells whether the session of a live connection still stands, and counts as
	// its use. The answer is when it ends unless it is used again, zero when that is
	// not known. Errors as of Session.
	Alive(ctx context.Context, who store.Session) (until time.Time, err error)
	// SignOut ends the request's session and returns the cookie that clears it.
	SignOut(r *http.Request) (*http.Cookie, error)
}

// ServerParams makes a Server.
type ServerParams struct {
	Rooms *Rooms
	Auth  Auth
	// Origins are the exact origins that may open a WebSocket (scheme, name,
	// port); OriginAllowed, if set, decides beside them.
	Origins       []string
	OriginAllowed func(origin string) bool
	// Static is the built web application; nil serves none.
	Static fs.FS
	// Access takes denials; nil keeps none.
	Access  AccessLog
	Limits  Limits
	Logger  *slog.Logger
	Now     func() time.Time
	Version string
	Metrics *Metrics // may be nil
	// HelpPhone is the number that the screens show to who needs help; empty: none.
	HelpPhone string
}

// Server is the HTTP side: signing in, the WebSocket, the web application.
type Server struct {
	p        ServerParams
	limits   Limits
	upgrader websocket.Upgrader

	ctx  context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup

	panics atomic.Uint64
	helped *throttle
	tested *throttle
	offers *throttle
	files  *semaphore.Weighted // documents in memory

	transfers transfers

	mu    sync.Mutex
	conns map[*websocket.Conn]struct{}
}

// NewServer makes a Server; Handler serves it, Close ends its sessions.
func NewServer(p ServerParams) *Server {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Access == nil {
		p.Access = noAccessLog{}
	}
	s := &Server{p: p, limits: p.Limits.withDefaults(), conns: map[*websocket.Conn]struct{}{}}
	s.helped, s.tested, s.offers = newThrottle(), newThrottle(), newThrottle()
	s.files = semaphore.NewWeighted(filesInMemory)
	s.transfers.on = map[transfer]int{}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.upgrader = websocket.Upgrader{
		HandshakeTimeout: s.limits.Handshake,
		ReadBufferSize:   4 << 10, WriteBufferSize: 4 << 10,
		Subprotocols: []string{ProtocolBinary, ProtocolJSON},
		CheckOrigin:  func(*http.Request) bool { return true }, // checked before, in serveWS
		Error: func(w http.ResponseWriter, _ *http.Request, status int, _ error) {
			problem(w, status, refuseBadMessage())
		},
	}
	return s
}

// Close ends every session and waits. Rooms are closed before, so that clients
// have had their word.
func (s *Server) Close() {
	s.stop()
	s.mu.Lock()
	for ws := range s.conns {
		_ = ws.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// Handler is everything that clients reach.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/invitations/consume", s.consume)
	mux.HandleFunc("GET /api/me", s.me)
	mux.HandleFunc("POST /api/signout", s.signOut)
	if s.p.Rooms != nil && s.p.Rooms.p.Alarms != nil {
		mux.HandleFunc("POST /api/help", s.help)
	}
	mux.HandleFunc("GET /api/help", s.helpPhone)
	mux.HandleFunc("POST /api/exhibits", s.offerExhibit)
	mux.HandleFunc("GET /api/exhibits/{no}", s.readExhibit)
	mux.HandleFunc("GET /ws", s.serveWS)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) { problem(w, http.StatusNotFound, refuseNotFound()) })
	if s.p.Static != nil {
		mux.Handle("/", s.static())
	}
	return Secured(http.NewCrossOriginProtection().Handler(mux))
}

// serveWS checks who asks and from where before it upgrades: a foreign page
// with a valid cookie gets 403 (cross-site WebSocket hijacking).
func (s *Server) serveWS(w http.ResponseWriter, r *http.Request) {
	if !s.originAllowed(r) {
		problem(w, http.StatusForbidden, refuseOrigin())
		return
	}
	who, err := s.p.Auth.Session(r)
	if err != nil {
		s.notSignedIn(w, err)
		return
	}
	offered := websocket.Subprotocols(r)
	if !slices.Contains(offered, ProtocolBinary) && !slices.Contains(offered, ProtocolJSON) {
		problem(w, http.StatusBadRequest, refuseBadMessage())
		return
	}
	ws, err := s.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // answered by the upgrader
	}
	if !s.enter(ws) {
		_ = ws.Close()
		return
	}
	defer s.leave(ws)
	conn := newGorillaConn(ws, s.limits)
	c, ok := codecFor(conn.Subprotocol())
	if !ok {
		_ = conn.Close(closeProblem)
		return
	}
	defer func() { _ = ws.Close() }()
	s.run(s.ctx, &session{
		conn: conn, codec: c, who: who,
		open: func(ctx context.Context, room string) (*Room, *hearing.Refusal) {
			return s.p.Rooms.Enter(ctx, who.Hearing, room)
		},
	})
}

// Serve runs the session of a seat over a connection of this process until either
// ends: a client in another protocol's clothes (package whip), under every rule of a
// WebSocket's. It names no room: who is the session of a seat, which has one. seated
// is called once, when the device has its seat, with how long no media have come from
// it (false: there is no peer); ErrServerClosed if the server is closing.
func (s *Server) Serve(ctx context.Context, who store.Session, conn Conn, seated func(silence func() (time.Duration, bool))) error {
	c, ok := codecFor(conn.Subprotocol())
	if !ok {
		return errBadMessage
	}
	s.mu.Lock()
	if s.ctx.Err() != nil {
		s.mu.Unlock()
		return http.ErrServerClosed
	}
	s.wg.Add(1)
	s.mu.Unlock()
	defer s.wg.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, func() { cancel(); _ = conn.Close(closeNormal) })()
	s.run(ctx, &session{
		conn: conn, codec: c, who: who, seated: seated,
		open: func(ctx context.Context, _ string) (*Room, *hearing.Refusal) {
			return s.p.Rooms.Open(ctx, who.Hearing)
		},
	})
	return nil
}

// run gives a session what all have in common and serves it.
func (s *Server) run(ctx context.Context, sess *session) {
	who := sess.who
	sess.limits, sess.now, sess.version = s.limits, s.p.Now, s.p.Version
	sess.logger = s.p.Logger.With("person", who.Person, "device", who.Device)
	sess.access, sess.tested = s.p.Access, s.tested
	sess.alive = func(ctx context.Context) (time.Time, error) { return s.p.Auth.Alive(ctx, who) }
	sess.panics, sess.metrics = &s.panics, s.p.Metrics
	sess.guard("session", func() { sess.run(ctx) })
}

// Panics counts the sessions that a defect of ours has ended.
func (s *Server) Panics() uint64 { return s.panics.Load() }

func (s *Server) enter(ws *websocket.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return false
	}
	s.conns[ws] = struct{}{}
	s.wg.Add(1)
	return true
}

func (s *Server) leave(ws *websocket.Conn) {
	s.mu.Lock()
	delete(s.conns, ws)
	s.mu.Unlock()
	s.wg.Done()
}

func (s *Server) originAllowed(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	if len(origins) != 1 {
		return false
	}
	return slices.Contains(s.p.Origins, origins[0]) || s.p.OriginAllowed != nil && s.p.OriginAllowed(origins[0])
}

// remoteAddr is the address of the connection itself: headers that a client can
// write are not believed.
func remoteAddr(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
