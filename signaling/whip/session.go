package whip

import (
	"context"
	"sync"
	"time"

	"phientoa/internal/wire"
)

const (
	// admitWait is how long a POST waits for its seat to be let in: an encoder's by the
	// check-in of the people before it, a wall's by the opening.
	admitWait = 10 * time.Second
	// offerTime bounds the negotiation itself.
	offerTime = 10 * time.Second
	// silentFor is how long no media have come of an encoder before the session is given
	// up, as after a failed consent check (RFC 7675).
	silentFor = 30 * time.Second
	lookEvery = 5 * time.Second
	ackEvery  = 32 // messages
)

// session is one WHIP or WHEP session: a device that sits in a seat by way of the pipe.
type session struct {
	id, etag, ufrag string
	device          string
	sends           bool // it is an encoder's
	pipe            *pipe
	relay           *wire.MediaRelay // nil: there is none

	mu      sync.Mutex
	silence func() (time.Duration, bool)
}

// seated implements the callback of signaling.Server.Serve.
func (s *session) seated(silence func() (time.Duration, bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silence = silence
}

// silent tells whether the device is gone without a farewell. Who only receives says
// nothing while nothing comes; ICE tells that it is gone.
func (s *session) silent() bool {
	s.mu.Lock()
	silence := s.silence
	s.mu.Unlock()
	if silence == nil {
		return false
	}
	quiet, peer := silence()
	return !peer || s.sends && quiet > silentFor
}

// refused says why a POST has no answer. later: the same may be granted soon.
type refused struct {
	why   *wire.Refusal // nil: not let in yet
	media bool          // the offer was refused, not the seat
	later bool
}

// open takes the seat, waits until it is let in, and has the offer answered.
func (s *session) open(ctx context.Context, offer *wire.MediaOffer) (string, *refused) {
	s.pipe.say(&wire.Envelope{Body: &wire.Envelope_Hello{Hello: &wire.Hello{TakeOver: true}}})
	_, no := s.await(ctx, admitWait, func(e *wire.Envelope) bool {
		if r := e.GetMediaRelay(); r != nil {
			s.relay = r
		}
		return e.GetView().GetConnects()
	})
	if no != nil {
		return "", no
	}
	const ask = "offer"
	s.pipe.say(&wire.Envelope{Id: ask, Body: &wire.Envelope_MediaOffer{MediaOffer: offer}})
	e, no := s.await(ctx, offerTime, func(e *wire.Envelope) bool { return e.GetMediaAnswer() != nil && e.Id == ask })
	if no != nil {
		return "", no
	}
	if r := e.GetMediaAnswer().GetRefusal(); r != nil {
		return "", &refused{why: r, media: true}
	}
	if s.sends {
		s.pipe.hears()
	}
	return e.GetMediaAnswer().GetSdp(), nil
}

// await is the message that is it, unless signaling hangs up before or it takes longer.
func (s *session) await(ctx context.Context, limit time.Duration, is func(*wire.Envelope) bool) (*wire.Envelope, *refused) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		e := s.pipe.hear(ctx.Done())
		switch bye := e.GetBye(); {
		case e == nil:
			return nil, &refused{later: true}
		case bye != nil:
			return nil, &refused{why: bye.GetReason(), later: bye.GetRetry()}
		case is(e):
			return e, nil
		}
	}
}

// follow serves the session until it ends; silent: because the device is gone.
func (s *session) follow() (silent bool) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for n := 1; ; n++ {
		select {
		case <-look.C:
			if s.silent() {
				return true
			}
		case <-s.pipe.done:
			return false
		case b := <-s.pipe.down:
			e := parse(b)
			switch {
			case e.GetBye() != nil, e.GetView() != nil && !e.GetView().GetConnects():
				return false
			case n%ackEvery == 0 && e.GetSeq() > 0:
				s.pipe.say(&wire.Envelope{Ack: e.GetSeq()})
			}
		}
	}
}
