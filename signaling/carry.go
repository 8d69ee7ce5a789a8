package signaling

import (
	"context"
	"errors"
	"fmt"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
)

// errHeld: what an outage left in the evidence log cannot be read or does not
// fit the state log. Nobody is let in: a restriction that was acknowledged would
// be lifted without anybody's act.
var errHeld = errors.New("signaling: events of an outage cannot be carried over")

// holder is a Recorder that can read the lines of an outage without opening the
// evidence log: without the signer, and without writing.
type holder interface {
	// Held returns the lines noted with committed false and never confirmed, in
	// order, over all parts of the hearing.
	Held(ctx context.Context, id hearing.ID) ([][]byte, error)
}

// readHeld reads the lines of an outage, whether or not the evidence log opens.
func (o *opening) readHeld(ctx context.Context) (err error) {
	h, ok := o.rs.p.Recorder.(holder)
	if !ok {
		return nil
	}
	if o.held, err = h.Held(ctx, hearing.ID(o.id)); err != nil {
		return fmt.Errorf("%w: %w", errHeld, err)
	}
	return nil
}

// copied is what an evidence log that knows its place tells: the highest state
// sequence that it has a copy of.
type copied interface{ LastEventSeq() uint64 }

// carryOver brings restrictions of an outage into the database, also when the
// evidence log did not open, and missing copies into the evidence log. It comes
// before anything else is appended: the places behind the log are theirs.
func (o *opening) carryOver(ctx context.Context) error {
	if o.over {
		return nil // ended in order: nothing is held
	}
	if _, ok := o.rs.p.Recorder.(holder); !ok && o.evidence != nil {
		var err error
		if o.held, err = o.evidence.Uncommitted(ctx); err != nil {
			return fmt.Errorf("%w: %w", errHeld, err)
		}
	}
	known := uint64(len(o.lines))
	for _, line := range o.held {
		if err := o.carry(ctx, line); err != nil {
			return err
		}
	}
	if c, ok := o.evidence.(copied); ok {
		for seq := c.LastEventSeq() + 1; seq <= known; seq++ {
			o.copy(ctx, seq)
		}
	}
	return nil
}

// carry brings one line of the outage to its place. A line whose place another
// node has filled meanwhile cannot be carried, nor can those behind it, which
// were decided on top of it: they stay in the evidence, and judge and clerk see
// that this happened.
func (o *opening) carry(ctx context.Context, line []byte) error {
	e, err := hearing.ParseEvent(line)
	if err != nil {
		return fmt.Errorf("%w: %w", errHeld, err)
	}
	last := uint64(len(o.lines))
	switch {
	case o.overtaken:
		o.logger.Error("an event behind an overtaken one is not carried over", "seq", e.Seq)
	case e.Seq == 0 || e.Seq > last+1:
		return fmt.Errorf("%w: event %d does not follow %d", errHeld, e.Seq, last)
	case e.Seq <= last && string(o.lines[e.Seq-1]) != string(line):
		o.overtaken = true
		o.logger.Error("an event accepted during an outage was overtaken by another node", "seq", e.Seq)
	case e.Seq == last+1:
		if err := o.appendLine(ctx, line); err != nil {
			if errors.Is(err, errUnapplicable) {
				return fmt.Errorf("%w: %w", errHeld, err)
			}
			return err
		}
	}
	if e.Seq <= uint64(len(o.lines)) {
		o.copy(ctx, e.Seq)
	}
	return nil
}

// copy puts the database's line of this sequence into the evidence log, which
// also settles what was held at that place. A failure is the recorder's trouble.
func (o *opening) copy(ctx context.Context, seq uint64) {
	if o.evidence == nil {
		return
	}
	if err := o.evidence.Event(ctx, seq, o.lines[seq-1], true, false); err != nil {
		o.logger.Error("event not copied into the evidence log", "seq", seq, "err", err)
	}
}

// errUnapplicable: a line does not apply to the state before it.
var errUnapplicable = errors.New("signaling: line does not apply")

// appendLine makes a line durable that applies; any other never is.
func (o *opening) appendLine(ctx context.Context, line []byte) error {
	next, err := o.applied(line)
	if err != nil {
		return err
	}
	err = o.rs.p.Store.Append(ctx, court.SystemScope(), o.keeper.current(), uint64(len(o.lines)), [][]byte{line})
	if err != nil {
		return err
	}
	o.state, o.lines = next, append(o.lines, line)
	return nil
}
