//go:build !verifier

package recording

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"phientoa/internal/ledger"
)

// A disk that hangs gives no error: a write or sync does not return, and with it no
// goroutine that waits for one. Where there is another directory its part is left as
// it stands, and whatever waits there is left waiting.

const (
	// hungAfter is how long nothing becomes durable until a disk counts as hung. The
	// queue of a full courtroom holds about as long.
	hungAfter = 2500 * time.Millisecond
	// answerTime is what a part that is left has to write its end, before the next one
	// begins without that.
	answerTime = 300 * time.Millisecond
)

// errHung: a disk does not answer.
var errHung = errors.New("recording: the disk does not answer")

// stand notes what the next part would have to account for if this one stopped now:
// when the disk hangs, the loop can no longer be asked.
func (p *Part) stand() {
	if p.elsewhere {
		list := p.carried(false)
		p.standing.Store(&list)
	}
}

// stood is what stand noted last, with what opened and closed since.
func (p *Part) stood() []carry {
	var out []carry
	if list := p.standing.Load(); list != nil {
		out = slices.Clone(*list)
	}
	for _, it := range p.queue.changes() {
		out = slices.DeleteFunc(out, func(c carry) bool { return it.kind == itemClosed && c.info.Source == it.info.Source })
		known := slices.ContainsFunc(out, func(c carry) bool { return c.info.Source == it.info.Source })
		if it.kind == itemOpened && !known {
			out = append(out, carry{info: it.info, from: it.at})
		}
	}
	return out
}

// because names why the sources of a part that was left are not recorded.
func (p *Part) because(list []carry) []carry {
	for i := range list {
		list[i].cause = p.leaveCause
	}
	return list
}

// changes are the openings and closings that wait for the loop.
func (q *queue) changes() (out []item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, it := range q.items {
		if it.kind == itemOpened || it.kind == itemClosed {
			out = append(out, item{kind: it.kind, info: it.info, at: it.at})
		}
	}
	return out
}

// note is the part as the next one names it, without asking the disk.
func (p *Part) note() *previousPart {
	out := &previousPart{Part: p.number}
	if cp := p.signed.Load(); cp != nil {
		out.Size, out.Root, out.Note = cp.Size, hex.EncodeToString(cp.Root[:]), string(cp.Note)
	}
	return out
}

// leave ends a part as well as that can be done, and returns what the next one has to
// say of it.
func (s *Sitting) leave(old *Part, logger *slog.Logger) ([]carry, *previousPart) {
	ended := make(chan error, 1)
	go func() { ended <- old.end(context.Background(), whyMoved) }()
	var late <-chan time.Time
	if old.elsewhere {
		timer := time.NewTimer(answerTime)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case err := <-ended:
		carried := old.because(old.carried(err == nil))
		at := old.at()
		s.noteLeft(at, err, logger)
		return carried, s.p.lastNote(at.root, at.number)
	case <-late:
	}
	logger.Error("the disk of the part does not answer; it is left as it stands")
	at := old.at()
	s.mu.Lock()
	s.hung = at.root
	s.mu.Unlock()
	old.status.failed(troubleMoved) // whatever it finds out later is not told any more
	go func() {                     // ends with the disk's answer, if ever
		err := <-ended
		s.mu.Lock()
		if s.hung == at.root {
			s.hung = ""
		}
		s.mu.Unlock()
		now := s.latest() // of which the disk was not told
		s.params().announce(now.at())
		s.noteLeft(at, err, logger)
	}()
	return old.because(old.stood()), old.note()
}

// noteLeft takes the end of a part that was left, or that it has none.
func (s *Sitting) noteLeft(at place, err error, logger *slog.Logger) {
	if err == nil {
		s.ended(at.dir())
		return
	}
	logger.Error("part left without its end", "error", err)
	s.mu.Lock()
	s.left = append(s.left, at)
	s.mu.Unlock()
}

// params are those of the next part.
func (s *Sitting) params() Params {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.p
	p.hung = s.hung
	return p
}

// tellEvent is Event, which waits no longer for a part that is left.
func (p *Part) tellEvent(ctx context.Context, seq uint64, line []byte, committed, durable bool) error {
	waits, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-p.leaving:
			cancel()
		case <-waits.Done():
		}
	}()
	err := p.Event(waits, seq, line, committed, durable)
	if err != nil && ctx.Err() == nil && waits.Err() != nil {
		return fmt.Errorf("%w: %w", ledger.ErrFailed, errHung)
	}
	return err
}
