package whip

import (
	"context"
	"sync"
	"time"

	"phientoa/internal/wire"
)

const (
	// admitWait is how long a POST waits for its seat to be let in, that is for the
	// check-in of the people before it.
	admitWait = 10 * time.Second
	// offerTime bounds the negotiation itself.
	offerTime = 10 * time.Second
	// silentFor is how long no media have come before the session is given up, as
	// after a failed consent check (RFC 7675).
	silentFor = 30 * time.Second
	lookEvery = 5 * time.Second
	ackEvery  = 32 // messages
)

// session is one WHIP session: an encoder that sits in a seat by way of the pipe.
type session struct {
	id, etag, ufrag string
	device          string
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

// silent tells whether the encoder's media have ended without a farewell.
func (s *session) silent() bool {
	s.mu.Lock()
	silence := s.silence
	s.mu.Unlock()
	if silence == nil {
		return false
	}
	quiet, peer := silence()
	return !peer || quiet > silentFor
}

// refused says why a POST has no answer. later: the same may be granted soon.
type refused struct {
	why   *wire.Refusal // nil: not let in yet
	media bool          // the offer was refused, not the seat
	later bool
}

// open takes the seat, waits until it is let in, and has the offer answered.
func (s *session) open(ctx context.Context, offer string, p plan) (string, *refused) {
	ctx, cancel := context.WithTimeout(ctx, admitWait)
	defer cancel()
	s.pipe.say(&wire.Envelope{Body: &wire.Envelope_Hello{Hello: &wire.Hello{TakeOver: true}}})
	for {
		e := s.pipe.hear(ctx.Done())
		if e == nil {
			return "", &refused{later: true}
		}
		switch b := e.Body.(type) {
		case *wire.Envelope_Bye:
			return "", &refused{why: b.Bye.GetReason(), later: b.Bye.GetRetry()}
		case *wire.Envelope_MediaRelay:
			s.relay = b.MediaRelay
		case *wire.Envelope_View:
			if b.View.GetConnects() {
				return s.negotiate(offer, p)
			}
		}
	}
}

func (s *session) negotiate(offer string, p plan) (string, *refused) {
	ctx, cancel := context.WithTimeout(context.Background(), offerTime)
	defer cancel()
	defer s.pipe.hears()
	const ask = "offer"
	s.pipe.say(&wire.Envelope{Id: ask, Body: &wire.Envelope_MediaOffer{MediaOffer: &wire.MediaOffer{Sdp: offer, Publish: p.publish}}})
	for {
		e := s.pipe.hear(ctx.Done())
		if e == nil {
			return "", &refused{later: true}
		}
		switch b := e.Body.(type) {
		case *wire.Envelope_Bye:
			return "", &refused{why: b.Bye.GetReason(), later: b.Bye.GetRetry()}
		case *wire.Envelope_MediaAnswer:
			if e.Id != ask {
				continue
			}
			if r := b.MediaAnswer.GetRefusal(); r != nil {
				return "", &refused{why: r, media: true}
			}
			return b.MediaAnswer.GetSdp(), nil
		}
	}
}

// ending is why a session ended.
type ending int

const (
	endedHere   ending = iota // closed by this side
	endedThere                // signaling said goodbye
	endedOut                  // the seat may have no media now
	endedSilent               // the encoder is gone
)

// follow serves the session until it ends.
func (s *session) follow() ending {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	stop := make(chan struct{})
	defer close(stop)
	in := make(chan *wire.Envelope)
	go func() {
		defer close(in)
		for e := s.pipe.hear(stop); e != nil; e = s.pipe.hear(stop) {
			select {
			case in <- e:
			case <-stop:
				return
			}
		}
	}()
	for n := 1; ; n++ {
		select {
		case <-look.C:
			if s.silent() {
				return endedSilent
			}
		case e, ok := <-in:
			switch {
			case !ok:
				return endedHere
			case e.GetBye() != nil:
				return endedThere
			case e.GetView() != nil && !e.GetView().GetConnects():
				return endedOut
			case n%ackEvery == 0 && e.Seq > 0:
				s.pipe.say(&wire.Envelope{Ack: e.Seq})
			}
		}
	}
}
