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
	waiting map[int]chan reply
	failed  error
}

func newSignaler(line io.ReadWriter) *signaler {
	return &signaler{in: json.NewDecoder(line), out: newJSONLines(line), waiting: map[int]chan reply{}}
}

// start says hello, waits until the server is ready and reads its replies from
// then on.
func (s *signaler) start(h hello) error {
	if err := s.out.write(h); err != nil {
		return err
	}
	var ready reply
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
		var r reply
		err := s.in.Decode(&r)
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
		c := s.waiting[r.Seq]
		delete(s.waiting, r.Seq)
		s.mu.Unlock()
		if c != nil {
			c <- r
		}
	}
}

// join is a negotiate.
func (s *signaler) join(ctx context.Context, p peerPlan, sdp string, sections []offerSection) (string, error) {
	r := request{Op: opJoin, ID: p.ID, Room: p.Room, Sends: p.Sends, Receives: p.Receives, Views: p.Views, SDP: sdp}
	for _, section := range sections {
		if section.sends {
			r.MIDs = append(r.MIDs, section.mid)
		}
	}
	answer, err := s.ask(ctx, r)
	return answer.SDP, err
}

// leave takes a peer out of the server.
func (s *signaler) leave(ctx context.Context, p peerPlan) error {
	_, err := s.ask(ctx, request{Op: opLeave, ID: p.ID, Room: p.Room, Sends: p.Sends})
	return err
}

// stats asks the server how it is.
func (s *signaler) stats(ctx context.Context) (serverStats, error) {
	answer, err := s.ask(ctx, request{Op: opStats})
	return answer.Stats, err
}

func (s *signaler) ask(ctx context.Context, r request) (reply, error) {
	answer := make(chan reply, 1)
	s.mu.Lock()
	if s.failed != nil {
		s.mu.Unlock()
		return reply{}, s.failed
	}
	s.next++
	r.Seq = s.next
	s.waiting[r.Seq] = answer
	s.mu.Unlock()
	if err := s.out.write(r); err != nil {
		return reply{}, err
	}
	select {
	case got, ok := <-answer:
		switch {
		case !ok:
			return reply{}, errors.New("bench: the server hung up")
		case got.Error != "":
			return reply{}, errors.New(got.Error)
		default:
			return got, nil
		}
	case <-ctx.Done():
		return reply{}, context.Cause(ctx)
	}
}
