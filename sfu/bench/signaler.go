package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// signaler is the generator's end of the line to the server.
type signaler struct {
	in  *json.Decoder
	out *jsonLines

	running sync.WaitGroup

	mu      sync.Mutex
	next    int
	waiting map[int]chan joinReply
	failed  error
}

func newSignaler(line io.ReadWriter) *signaler {
	return &signaler{in: json.NewDecoder(line), out: newJSONLines(line), waiting: map[int]chan joinReply{}}
}

// start says hello, waits until the server is ready and reads its replies from
// then on.
func (s *signaler) start(h hello) error {
	if err := s.out.write(h); err != nil {
		return err
	}
	var ready joinReply
	if err := s.in.Decode(&ready); err != nil {
		return fmt.Errorf("bench: the server did not start: %w", err)
	}
	s.running.Go(s.run)
	return nil
}

// wait returns when the line has ended and nothing reads it.
func (s *signaler) wait() { s.running.Wait() }

// run hands replies to those who wait, until the line ends.
func (s *signaler) run() {
	for {
		var reply joinReply
		err := s.in.Decode(&reply)
		s.mu.Lock()
		if err != nil {
			s.failed = fmt.Errorf("bench: the server hung up: %w", err)
			for _, c := range s.waiting {
				close(c)
			}
			clear(s.waiting)
			s.mu.Unlock()
			return
		}
		c := s.waiting[reply.Seq]
		delete(s.waiting, reply.Seq)
		s.mu.Unlock()
		if c != nil {
			c <- reply
		}
	}
}

// join is a negotiate.
func (s *signaler) join(ctx context.Context, p peerPlan, sdp string, sections []offerSection) (string, error) {
	r := joinRequest{ID: p.ID, Publisher: p.Publisher, Receives: p.Receives, SDP: sdp}
	if p.Publisher >= 0 {
		r.AudioMID, r.VideoMID = sections[0].mid, sections[1].mid
	}
	answer := make(chan joinReply, 1)
	s.mu.Lock()
	if s.failed != nil {
		s.mu.Unlock()
		return "", s.failed
	}
	s.next++
	r.Seq = s.next
	s.waiting[r.Seq] = answer
	s.mu.Unlock()
	if err := s.out.write(r); err != nil {
		return "", err
	}
	select {
	case reply, ok := <-answer:
		switch {
		case !ok:
			return "", errors.New("bench: the server hung up")
		case reply.Error != "":
			return "", errors.New(reply.Error)
		default:
			return reply.SDP, nil
		}
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
