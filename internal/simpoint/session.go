package simpoint

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/gorilla/websocket"
	"google.golang.org/protobuf/proto"

	"phientoa/internal/wire"
)

// Times of a session. The server gives up a silent client after 12 s.
const (
	pingEvery    = 5 * time.Second
	silence      = 15 * time.Second // of the server: the connection is dead
	answerWithin = 10 * time.Second // a media answer
	writeWithin  = 5 * time.Second  // one message
	maxMessage   = 1 << 20          // bytes from the server
)

// errOver: the hearing was closed.
var errOver = errors.New("simpoint: the hearing is over")

// session is one WebSocket from hello to the end. Only its loop writes.
type session struct {
	conn         *websocket.Conn
	room         string
	sound, sight clip
	logger       *slog.Logger

	ack     uint64
	ids     int
	joined  bool
	asked   bool // a check-in is on its way
	peer    *peer
	pending string // id of the offer without an answer
	late    *time.Timer
	renewed bool // a new peer was asked for and has no answer yet
	// generation of the server's side of peer; 0 before its first answer
	generation uint32
	need       sections // still to be offered
	flying     sections // offered, not answered yet
}

// sections counts receiving m-lines.
type sections struct{ audio, video uint32 }

// run serves the connection until it ends; it always returns a reason.
func (s *session) run(ctx context.Context) error {
	s.late = time.NewTimer(answerWithin)
	s.late.Stop()
	in := make(chan *wire.Envelope)
	broken := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		broken <- s.read(ctx, in)
	}()
	defer func() {
		cancel()
		_ = s.conn.Close() // ends the reader
		<-done
		s.dropPeer()
		s.late.Stop()
	}()
	if err := s.send(&wire.Envelope{Body: &wire.Envelope_Hello{Hello: &wire.Hello{Room: s.room, Language: "vi"}}}); err != nil {
		return err
	}
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		var failed chan struct{}
		if s.peer != nil {
			failed = s.peer.failed
		}
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err = <-broken:
		case <-failed:
			err = errors.New("simpoint: media connection failed")
		case <-s.late.C:
			err = errors.New("simpoint: no answer to the media offer")
		case <-ping.C:
			err = s.send(&wire.Envelope{Ack: s.ack, Body: &wire.Envelope_Ping{Ping: &wire.Ping{}}})
		case e := <-in:
			err = s.handle(ctx, e)
		}
		if err != nil {
			return err
		}
	}
}

// read passes messages on until the connection ends.
func (s *session) read(ctx context.Context, in chan<- *wire.Envelope) error {
	s.conn.SetReadLimit(maxMessage)
	alive := func() { _ = s.conn.SetReadDeadline(time.Now().Add(silence)) }
	answer := s.conn.PingHandler()
	s.conn.SetPingHandler(func(data string) error { alive(); return answer(data) })
	for {
		alive()
		_, data, err := s.conn.ReadMessage()
		if err != nil {
			return fmt.Errorf("simpoint: connection: %w", err)
		}
		e := &wire.Envelope{}
		if err := proto.Unmarshal(data, e); err != nil {
			return fmt.Errorf("simpoint: message: %w", err)
		}
		select {
		case in <- e:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *session) send(e *wire.Envelope) error {
	data, err := proto.Marshal(e)
	if err != nil {
		return fmt.Errorf("simpoint: message: %w", err)
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeWithin))
	if err := s.conn.WriteMessage(websocket.BinaryMessage, data); err != nil {
		return fmt.Errorf("simpoint: connection: %w", err)
	}
	return nil
}

func (s *session) handle(ctx context.Context, e *wire.Envelope) error {
	s.ack = max(s.ack, e.Seq)
	switch b := e.Body.(type) {
	case *wire.Envelope_Welcome:
		s.joined = true
	case *wire.Envelope_View:
		return s.view(ctx, b.View)
	case *wire.Envelope_CommandResult:
		s.asked = false
		if r := b.CommandResult.Refusal; r != nil {
			s.logger.Warn("check-in refused", "refusal", r.Code)
		}
	case *wire.Envelope_NeedSections:
		s.needed(b.NeedSections)
		return s.grow(ctx)
	case *wire.Envelope_MediaAnswer:
		if e.Id == s.pending && e.Id != "" {
			return s.answered(ctx, b.MediaAnswer)
		}
	case *wire.Envelope_Bye:
		err := fmt.Errorf("simpoint: server said goodbye: %s", b.Bye.GetReason().GetCode())
		if b.Bye.Retry {
			return err
		}
		return final{err}
	}
	return nil
}

// view does what somebody before the screen would: check in, and hold camera and
// microphone ready while waiting or in the courtroom.
func (s *session) view(ctx context.Context, v *wire.View) error {
	if v.State == wire.HearingState_HEARING_STATE_CLOSED {
		return errOver
	}
	if !s.asked && slices.Contains(v.Acts, "check_in") {
		s.asked = true
		act := &wire.Command{Act: &wire.Command_CheckIn{CheckIn: &wire.CheckIn{RulesAccepted: true}}}
		if err := s.send(&wire.Envelope{Id: s.id(), Ack: s.ack, Body: &wire.Envelope_Command{Command: act}}); err != nil {
			return err
		}
	}
	status := wire.PersonStatus_PERSON_STATUS_UNSPECIFIED
	for _, p := range v.People {
		if p.Person == v.Me {
			status = p.Status
		}
	}
	switch status {
	case wire.PersonStatus_PERSON_STATUS_WAITING, wire.PersonStatus_PERSON_STATUS_IN_COURTROOM:
		if s.peer == nil {
			return s.connect(ctx)
		}
	default:
		s.dropPeer()
	}
	return nil
}

func (s *session) id() string {
	s.ids++
	return strconv.Itoa(s.ids)
}

func (s *session) connect(ctx context.Context) error {
	p, err := newPeer(s.sound, s.sight)
	if err != nil {
		return err
	}
	s.peer = p
	return s.offer(ctx)
}

func (s *session) dropPeer() {
	if s.peer != nil {
		s.peer.close()
	}
	s.peer, s.pending, s.need, s.flying, s.generation = nil, "", sections{}, sections{}, 0
	s.late.Stop()
}

func (s *session) offer(ctx context.Context) error {
	o, err := s.peer.offer(ctx)
	if err != nil {
		return err
	}
	o.Generation = s.generation
	s.pending = s.id()
	s.late.Reset(answerWithin)
	return s.send(&wire.Envelope{Id: s.pending, Ack: s.ack, Body: &wire.Envelope_MediaOffer{MediaOffer: o}})
}

// needed notes what the server asks for. It may ask before it has seen the offer
// under way, so what that offer brings is not brought twice.
func (s *session) needed(n *wire.NeedSections) {
	s.need.audio = max(s.need.audio, n.Audio-min(n.Audio, s.flying.audio))
	s.need.video = max(s.need.video, n.Video-min(n.Video, s.flying.video))
}

// grow offers the sections that the server asked for, one offer at a time.
func (s *session) grow(ctx context.Context) error {
	if s.peer == nil || s.pending != "" || s.need.audio+s.need.video == 0 {
		return nil
	}
	before := s.peer.sections
	if err := s.peer.addSections(s.need.audio, s.need.video); err != nil {
		return err
	}
	s.flying, s.need = s.need, sections{}
	if s.peer.sections == before { // all that we are ready to add are there
		s.flying = sections{}
		return nil
	}
	return s.offer(ctx)
}

// answered ends an offer. A refused one ends the session: the next begins anew.
// Only the refusal because of a removal in between is waited out, and a peer
// that is gone on the server's side is replaced at once, but not twice in a row.
func (s *session) answered(ctx context.Context, a *wire.MediaAnswer) error {
	s.pending, s.flying = "", sections{}
	s.late.Stop()
	if r := a.Refusal; r != nil {
		if r.Code == "media_not_admitted" {
			s.dropPeer()
			return nil
		}
		if r.Code == "media_new" && !s.renewed {
			s.dropPeer()
			s.renewed = true
			return s.connect(ctx)
		}
		return fmt.Errorf("simpoint: media refused: %s", r.Code)
	}
	if err := s.peer.answered(a.Sdp); err != nil {
		return err
	}
	// The first answer of a new peer proves nothing; one to a later offer does.
	if s.generation != 0 {
		s.renewed = false
	}
	s.generation = a.Generation
	return s.grow(ctx)
}
