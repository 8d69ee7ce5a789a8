//go:build !verifier

package recording

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"

	"phientoa/internal/ledger"
)

// events keeps which state events stand in this log.
type events struct {
	mu      sync.Mutex
	last    uint64
	pending []pendingEvent // noted with committed false, not confirmed, in order
}

type pendingEvent struct {
	seq  uint64
	line []byte
	hash string
}

// maxPending bounds the events that wait for the database. More are refused: by
// then the node has lost its lease long ago.
const maxPending = 4096

// ErrPending: too many events wait for the database.
var ErrPending = errors.New("recording: too many uncommitted events")

// Event copies a line of the state log into the evidence log. durable waits for
// the disk. committed false notes a restriction that the database does not have
// yet; a later call with the same line and committed true confirms it. A
// committed line that stands here already is not written twice.
func (p *Part) Event(ctx context.Context, seq uint64, line []byte, committed, durable bool) error {
	if !utf8.Valid(line) {
		return errors.New("recording: event line is not UTF-8")
	}
	sum := sha256.Sum256(line)
	hash := hex.EncodeToString(sum[:])
	e := &p.ev
	e.mu.Lock()
	defer e.mu.Unlock() // held over Append: lines stand in the order of the calls
	at := slices.IndexFunc(e.pending, func(x pendingEvent) bool { return x.hash == hash })
	body := eventBody{Seq: seq, Committed: committed, Line: string(line)}
	switch {
	case committed && at >= 0:
		body.Line, body.Confirms = "", hash
	case committed && seq <= e.last && !e.pendingSeq(seq):
		return nil
	case !committed && at >= 0:
		return nil
	case !committed && len(e.pending) >= maxPending:
		return ErrPending
	}
	rec := record(ledger.KindEvent, body)
	var err error
	if durable {
		_, err = p.log.Append(ctx, rec)
	} else {
		err = p.log.Enqueue(ctx, rec)
	}
	if err != nil {
		return fmt.Errorf("recording: event %d: %w", seq, err)
	}
	p.signable.Store(true)
	e.note(body, hash)
	return nil
}

func (e *events) pendingSeq(seq uint64) bool {
	return slices.ContainsFunc(e.pending, func(x pendingEvent) bool { return x.seq == seq })
}

// note follows one event line, written now or read back.
func (e *events) note(b eventBody, hash string) {
	if b.Committed {
		e.pending = slices.DeleteFunc(e.pending, func(x pendingEvent) bool {
			return x.hash == b.Confirms || x.hash == hash || x.seq == b.Seq
		})
	} else {
		e.pending = append(e.pending, pendingEvent{b.Seq, []byte(b.Line), hash})
	}
	e.last = max(e.last, b.Seq)
}

// replay takes an event line of an earlier process.
func (e *events) replay(members json.RawMessage) error {
	var b eventBody
	if err := json.Unmarshal(members, &b); err != nil {
		return fmt.Errorf("recording: event line: %w", err)
	}
	hash := b.Confirms
	if hash == "" {
		sum := sha256.Sum256([]byte(b.Line))
		hash = hex.EncodeToString(sum[:])
	}
	e.note(b, hash)
	return nil
}

// Uncommitted returns the event lines noted with committed false and never
// confirmed, in order.
func (p *Part) Uncommitted(context.Context) ([][]byte, error) {
	p.ev.mu.Lock()
	defer p.ev.mu.Unlock()
	out := make([][]byte, len(p.ev.pending))
	for i, e := range p.ev.pending {
		out[i] = slices.Clone(e.line)
	}
	return out, nil
}

// LastEventSeq is the highest sequence of a state event in this part, 0 when
// there is none.
func (p *Part) LastEventSeq() uint64 {
	p.ev.mu.Lock()
	defer p.ev.mu.Unlock()
	return p.ev.last
}
