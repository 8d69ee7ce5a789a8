package signaling

import (
	"context"
	"errors"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
)

// CancelHearing takes a hearing that was not opened out of the calendar for the
// account `by`, whose right to do so the caller has checked. The hearing is opened
// on this node for it, so that whoever waits there is told. It returns when the
// log has it and the calendar's row says so; a hearing that was cancelled before
// is left as it is. A refusal, of the rules or of this node, is a *hearing.Refusal.
//
// to is the hearing that is to be booked in its place, empty for none. The log
// takes the first: went is what stands there, so that of two who move a hearing
// at once, on whatever nodes, the other learns where it went.
func (rs *Rooms) CancelHearing(ctx context.Context, id, by, reason, to string) (went string, err error) {
	for {
		room, ref := rs.Open(ctx, id)
		if ref != nil {
			return "", ref
		}
		after, err := room.cancelFor(ctx, hearing.CancelBooking{By: by, Reason: reason, MovedTo: hearing.ID(to)})
		if errors.Is(err, errRoomEnded) && ctx.Err() == nil {
			continue // it was just let go; the next look finds it as it is now
		}
		if err != nil {
			return "", err
		}
		if d := after.Decision; d != nil {
			went = string(d.MovedTo)
		}
		if rs.p.Info == nil {
			return went, nil
		}
		// The room writes its row behind its back; the caller looks at it next.
		return went, rs.p.Info.PutHearingInfo(ctx, court.SystemScope(), infoOf(after, rs.p.Now()))
	}
}

// cancelFor gives the command and returns the state behind it.
func (r *Room) cancelFor(ctx context.Context, cmd hearing.CancelBooking) (*hearing.State, error) {
	type answer struct {
		refusal *hearing.Refusal
		after   *hearing.State
	}
	got := make(chan answer, 1)
	o := &order{
		cmd: cmd, actor: hearing.Actor{System: true},
		reply: func(a reply) { got <- answer{a.refusal, r.tip} }, // on the actor
	}
	err := r.post(ctx, func() {
		if r.tip.Status == hearing.Cancelled {
			o.answer(reply{})
			return
		}
		r.process(o)
	})
	if err != nil {
		return nil, err
	}
	select {
	case a := <-got:
		if a.refusal != nil {
			return nil, a.refusal
		}
		return a.after, nil
	case <-r.done:
		return nil, errRoomEnded
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
