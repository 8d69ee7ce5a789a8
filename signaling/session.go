package signaling

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"phientoa/internal/auth"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/wire"
)

// Close codes of RFC 6455 7.4.1 that sessions use.
const (
	closeNormal  = 1000
	closeProblem = 1008
)

// session is one WebSocket: a reader (the caller of run), a writer and a worker
// for negotiations. Who speaks is known from who alone, which the HTTP side
// took from the cookie.
type session struct {
	conn    Conn
	codec   codec
	who     store.Session
	limits  Limits
	now     func() time.Time
	logger  *slog.Logger
	version string
	// open finds the hearing's room actor for the public room id.
	open func(ctx context.Context, room string) (*Room, *hearing.Refusal)
	// alive tells whether and until when the sign-in stands, and renews it.
	alive  func(ctx context.Context) (until time.Time, err error)
	panics *atomic.Uint64
	// seated hears of the seat's media, see Server.Serve; nil: nobody asks.
	seated func(silence func() (time.Duration, bool))

	access  AccessLog
	metrics *Metrics  // may be nil
	tested  *throttle // of reported tests

	room   *Room
	place  *place
	link   *link
	until  time.Time // when the sign-in ends unless it is used again; zero: not known
	offers chan *wire.Envelope
}

// run serves the connection until it ends.
func (s *session) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	hello, ref := s.hello()
	if ref == nil {
		ref = s.sit(ctx, hello)
		s.deniedEntry(ref)
	}
	if ref != nil {
		s.refuse(ref, retryable(ref.Code))
		return
	}
	s.metrics.seat(1)
	defer s.metrics.seat(-1)
	if s.seated != nil {
		s.seated(s.place.media.silence)
	}
	s.offers = make(chan *wire.Envelope, 4)
	var wg sync.WaitGroup
	wg.Go(func() { s.guard("writer", func() { s.write(ctx, cancel) }) })
	wg.Go(func() { s.guard("negotiation", func() { s.negotiate(ctx) }) })
	wg.Go(func() { s.guard("sign-in", func() { s.stayAlive(ctx) }) })
	s.guard("reader", func() { s.read(ctx) })
	cancel()
	s.link.poke()
	wg.Wait()
	s.room.leave(s.place, s.link)
}

// retryable tells which refusals mend themselves.
func retryable(code string) bool {
	switch code {
	case "busy", "database_away", "hosted_elsewhere", "server_stopping", "internal", "too_slow", "held_unreadable":
		return true
	}
	return false
}

func byeRetry(ref *hearing.Refusal) *wire.Bye {
	return &wire.Bye{Reason: wireRefusal(ref), Retry: retryable(ref.Code)}
}

func (s *session) refuse(ref *hearing.Refusal, retry bool) {
	b := &wire.Envelope{Body: &wire.Envelope_Bye{Bye: &wire.Bye{Reason: wireRefusal(ref), Retry: retry}}}
	if data, err := s.codec.encode(b); err == nil {
		_ = s.conn.Write(s.codec.text(), data)
	}
	_ = s.conn.Close(closeProblem)
}

// hello waits for the first message.
func (s *session) hello() (*wire.Hello, *hearing.Refusal) {
	e, err := s.receive()
	if err != nil {
		return nil, refuseBadMessage()
	}
	h := e.GetHello()
	if h == nil {
		return nil, refuseBadMessage()
	}
	return h, nil
}

// receive reads one envelope within the bounds.
func (s *session) receive() (*wire.Envelope, error) {
	text, data, err := s.conn.Read()
	if err != nil {
		return nil, err
	}
	if text != s.codec.text() {
		return nil, errBadMessage
	}
	e, err := s.codec.decode(data)
	if err != nil {
		return nil, err
	}
	if len(data) > s.limits.SmallBytes && e.GetMediaOffer() == nil {
		return nil, errBadMessage
	}
	s.metrics.received(e)
	return e, nil
}

// sit finds the room and takes the device's seat in it.
func (s *session) sit(ctx context.Context, h *wire.Hello) *hearing.Refusal {
	room, ref := s.open(ctx, h.Room)
	if ref != nil {
		return ref
	}
	// Signed out since the upgrade; a database that is away does not tell.
	if _, err := s.alive(ctx); errors.Is(err, auth.ErrNoSession) {
		return refuseSignIn()
	}
	lang := "vi"
	if h.Language == "en" {
		lang = "en"
	}
	j, ref := room.join(ctx, joining{
		person: hearing.PersonID(s.who.Person), device: hearing.DeviceID(s.who.Device),
		token: h.ResumeToken, lastSeq: h.LastSeq, language: lang,
		owner: s.who.TokenHash, takeOver: h.TakeOver, silence: s.conn.Silence, free: s.conn.Free,
	})
	if ref != nil {
		return ref
	}
	s.room, s.place, s.link = room, j.place, j.link
	// Once more, now that the seat can be found and ended: a sign-in that was
	// revoked between the first look and the seat must not keep it.
	var err error
	if s.until, err = s.alive(ctx); errors.Is(err, auth.ErrNoSession) {
		s.room.signOut(ctx, s.who, refuseSignIn())
		room.leave(j.place, j.link)
		return refuseSignIn()
	}
	welcome := &wire.Envelope{Body: &wire.Envelope_Welcome{Welcome: &wire.Welcome{
		ResumeToken: j.place.seat.token, Resumed: j.resumed,
		ServerTime: s.now().UnixMicro(), ResumeWindow: uint32(s.limits.ResumeWindow / time.Second),
		Device: s.who.Device, Person: s.who.Person, Version: s.version,
	}}}
	if err := s.put(welcome); err != nil {
		room.leave(j.place, j.link)
		return refuseInternal()
	}
	return nil
}

// stayAlive renews the sign-in while the connection lives, off the room's actor
// and one attempt at a time, and looks again in the moment in which it ends. A
// sign-out, also on another node, and the sign-in's end close the seat: connection
// and media. A live hearing keeps a sign-in from ending (auth.SessionMax).
func (s *session) stayAlive(ctx context.Context) {
	for {
		wait := s.limits.TouchEvery
		if !s.until.IsZero() {
			wait = min(wait, max(s.until.Sub(s.now()), minLook))
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
		var err error
		if s.until, err = s.alive(ctx); errors.Is(err, auth.ErrNoSession) {
			s.room.signOut(ctx, s.who, refuseSignIn())
			return
		}
	}
}

// minLook is the least time between two looks at a sign-in that ends just now.
const minLook = 200 * time.Millisecond

// guard keeps a defect in one session from ending the process: the session ends,
// the client may come back, everybody else stays.
func (s *session) guard(what string, do func()) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		s.panics.Add(1)
		s.logger.Error("session failed", "in", what, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		if s.place != nil {
			s.place.media.reset()
			s.place.seat.endLink(s.link, byeRetry(refuseInternal()))
		}
	}()
	do()
}

func (s *session) put(e *wire.Envelope) error {
	data, err := s.codec.encode(e)
	if err != nil {
		return err
	}
	s.metrics.sent(e)
	return s.conn.Write(s.codec.text(), data)
}

// write is the only goroutine that writes after the welcome.
func (s *session) write(ctx context.Context, cancel context.CancelFunc) {
	defer cancel()
	ping := time.NewTicker(s.limits.PingEvery)
	defer ping.Stop()
	code := closeNormal
	defer func() { _ = s.conn.Close(code) }()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ping.C:
			// Who answers is pinged every other tick. Who does not is pinged at the next
			// one again: what follows a lost segment makes TCP repeat it sooner.
			if s.conn.Silence() < s.limits.PingEvery {
				continue
			}
			if s.conn.Ping() != nil {
				return
			}
		case <-s.link.wake:
			envs, bye, closed := s.place.seat.next(s.link)
			for _, e := range envs {
				if err := s.put(e); err != nil {
					return
				}
			}
			if bye != nil {
				_ = s.put(&wire.Envelope{Body: &wire.Envelope_Bye{Bye: bye}})
			}
			if closed {
				return
			}
		}
	}
}

// read serves the client's messages.
func (s *session) read(ctx context.Context) {
	limiter := rate.NewLimiter(rate.Limit(s.limits.MessagesPerSec), s.limits.MessageBurst)
	for ctx.Err() == nil {
		e, err := s.receive()
		if err != nil {
			if errors.Is(err, errBadMessage) {
				s.place.seat.endLink(s.link, &wire.Bye{Reason: wireRefusal(refuseBadMessage())})
				s.drainUntilClosed(ctx)
			}
			return
		}
		if !limiter.AllowN(time.Now(), 1) {
			s.place.seat.endLink(s.link, &wire.Bye{Reason: wireRefusal(refuseTooFast())})
			s.drainUntilClosed(ctx)
			return
		}
		if e.Ack > 0 {
			s.place.seat.ack(e.Ack)
		}
		s.serve(e)
	}
}

// drainUntilClosed lets the writer say its last word.
func (s *session) drainUntilClosed(ctx context.Context) { <-ctx.Done() }

func (s *session) serve(e *wire.Envelope) {
	switch b := e.Body.(type) {
	case *wire.Envelope_Command:
		s.command(e.Id, b.Command)
	case *wire.Envelope_MediaOffer:
		s.place.media.supersede(b.MediaOffer)
		select {
		case s.offers <- e:
		default:
			s.place.seat.send(&wire.Envelope{Id: e.Id, Body: &wire.Envelope_MediaAnswer{
				MediaAnswer: &wire.MediaAnswer{Refusal: wireRefusal(refuseBusy())},
			}})
		}
	case *wire.Envelope_LayerHints:
		s.place.media.hint(b.LayerHints)
	case *wire.Envelope_Ping:
		s.place.seat.post(&wire.Envelope{Id: e.Id, Body: &wire.Envelope_Pong{Pong: &wire.Pong{
			ClientTime: b.Ping.ClientTime, ServerTime: s.now().UnixMicro(),
		}}})
	}
}

func (s *session) command(id string, c *wire.Command) {
	seat := s.place.seat
	if !seat.begin(id) {
		return
	}
	cmd, ok := commandFrom(c)
	if !ok {
		seat.answer(id, &wire.CommandResult{Refusal: wireRefusal(refuseBadMessage())})
		return
	}
	began := s.now()
	// A report waits in the queue of enlargements, goes to the log, and a failed one
	// to the operators: no seat may fill those.
	if _, report := cmd.(hearing.ReportTest); report && !s.tested.allow(s.who, began) {
		s.metrics.command(began, began, true)
		seat.answer(id, &wire.CommandResult{Refusal: wireRefusal(refuseTooFast())})
		return
	}
	s.room.submit(&order{
		cmd:   cmd,
		actor: hearing.Actor{Person: seat.person, Device: seat.device},
		reply: func(r reply) {
			s.metrics.command(began, s.now(), r.refusal != nil)
			res := &wire.CommandResult{Accepted: r.refusal == nil, Refusal: wireRefusal(r.refusal)}
			if res.Accepted { // a refusal tells nothing of what others did
				res.StateSeq = r.seq
			}
			seat.answer(id, res)
		},
	})
}

// negotiate works through offers, one after the other.
func (s *session) negotiate(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-s.offers:
			ans, need := s.place.media.offer(ctx, e.GetMediaOffer())
			if ans.Refusal.GetCode() == refuseMedia().Code {
				s.denied(deniedMedia)
			}
			s.place.seat.send(&wire.Envelope{Id: e.Id, Body: &wire.Envelope_MediaAnswer{MediaAnswer: ans}})
			if need != nil {
				s.place.seat.send(&wire.Envelope{Body: &wire.Envelope_NeedSections{NeedSections: need}})
			}
		}
	}
}
