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
// at once, on whatever nodes, the other learns where it went. did tells that this
// call cancelled it, also when the calendar's row could not be written then.
func (rs *Rooms) CancelHearing(ctx context.Context, id, by, reason, to string) (went string, did bool, err error) {
	for {
		room, ref := rs.Open(ctx, id)
		if ref != nil {
			return "", false, ref
		}
		after, did, err := room.cancelFor(ctx, hearing.CancelBooking{By: by, Reason: reason, MovedTo: hearing.ID(to)})
		if errors.Is(err, errRoomEnded) && ctx.Err() == nil {
			continue // it was just let go; the next look finds it as it is now
		}
		if err != nil {
			return "", false, err
		}
		if d := after.Decision; d != nil {
			went = string(d.MovedTo)
		}
		if rs.p.Info == nil {
			return went, did, nil
		}
		// The room writes its row behind its back; the caller looks at it next.
		return went, did, rs.p.Info.PutHearingInfo(ctx, court.SystemScope(), infoOf(after, rs.p.Now()))
	}
}

// cancelFor gives the command and returns the state behind it, and whether it was
// not so before.
func (r *Room) cancelFor(ctx context.Context, cmd hearing.CancelBooking) (after *hearing.State, did bool, err error) {
	type answer struct {
		refusal *hearing.Refusal
		after   *hearing.State
		did     bool
	}
	got := make(chan answer, 1)
	stood := false // these run on the actor
	o := &order{
		cmd: cmd, actor: hearing.Actor{System: true},
		reply: func(a reply) { got <- answer{a.refusal, r.tip, !stood} },
	}
	err = r.post(ctx, func() {
		if stood = r.tip.Status == hearing.Cancelled; stood {
			o.answer(reply{})
			return
		}
		r.process(o)
	})
	if err != nil {
		return nil, false, err
	}
	select {
	case a := <-got:
		if a.refusal != nil {
			return nil, false, a.refusal
		}
		return a.after, a.did, nil
	case <-r.done:
		return nil, false, errRoomEnded
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
}
