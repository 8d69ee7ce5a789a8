package signaling

import "phientoa/internal/hearing"

// process takes a command from the mailbox. Restrictions are decided at once;
// everything else one after the other, each when the one before is durable.
func (r *Room) process(o *order) {
	if !hearing.Restricts(o.cmd) && (r.inflight != nil || len(r.waiting) > 0) {
		if len(r.waiting) >= r.limits.Enlargements && !o.actor.System {
			o.answer(reply{refusal: refuseBusy(), seq: r.eff.Seq})
			return
		}
		r.waiting = append(r.waiting, o)
		return
	}
	r.decide(o)
}

// next decides waiting commands until one of them is under way.
func (r *Room) next() {
	for r.inflight == nil && len(r.waiting) > 0 {
		o := r.waiting[0]
		r.waiting[0] = nil
		r.waiting = r.waiting[1:]
		r.decide(o)
	}
}

// decide asks the rules on the newest state in log order and sets the answer in
// motion.
func (r *Room) decide(o *order) bool {
	if r.away && !o.actor.System && !hearing.Restricts(o.cmd) {
		o.answer(reply{refusal: refuseDatabaseAway(), seq: r.eff.Seq})
		return false
	}
	reserve := r.limits.MailboxReserve
	if hearing.Restricts(o.cmd) {
		reserve = 0
	}
	if !r.log.room(reserve) {
		o.answer(reply{refusal: refuseBusy(), seq: r.eff.Seq})
		return false
	}
	now := r.p.now()
	bodies, ref := hearing.Decide(r.tip, o.cmd, o.actor, now)
	if ref != nil || len(bodies) == 0 {
		o.answer(reply{refusal: ref, seq: r.eff.Seq})
		return ref == nil
	}
	b, tip, err := number(r.tip, bodies, o.actor, now.UnixMicro())
	if err != nil {
		r.logger.Error("the rules' own events do not apply", "err", err)
		o.answer(reply{refusal: refuseInternal(), seq: r.eff.Seq})
		return false
	}
	b.order, b.fact = o, o.actor.System
	if !b.restricts && r.inflight != nil {
		// A command taken for a restriction turned out otherwise: it waits.
		r.waiting = append([]*order{o}, r.waiting...)
		return true
	}
	r.tip = tip
	if b.restricts {
		r.effect(b)
	} else {
		r.inflight = b
		r.applyRouting() // an enlargement may also take away: that part at once
	}
	r.log.put(b)
	if hearing.RecordComplete(r.tip) {
		r.endHearing()
	}
	return true
}

// numbered is an event of a batch.
type numbered = hearing.Event

// number gives events their places after s and returns the state behind them.
func number(s *hearing.State, bodies []hearing.EventBody, a hearing.Actor, at int64) (*batch, *hearing.State, error) {
	b := &batch{restricts: true}
	var seq uint64
	if s != nil {
		seq = s.Seq
	}
	b.after = seq
	for _, body := range bodies {
		seq++
		e := hearing.Event{Seq: seq, At: at, Actor: a, Body: body}
		line, err := hearing.MarshalEvent(e)
		if err != nil {
			return nil, nil, err
		}
		if s, err = hearing.Apply(s, e); err != nil {
			return nil, nil, err
		}
		b.lines = append(b.lines, line)
		b.bodies = append(b.bodies, e)
		b.restricts = b.restricts && body.Restricts()
	}
	return b, s, nil
}

// effect brings a batch into the state that routes and views are made of, and
// into both: closings are in force when it returns.
func (r *Room) effect(b *batch) {
	b.effective = true
	if r.inflight == nil && r.limbo == nil {
		r.eff = r.tip
	} else {
		r.eff = shadow(r.eff, b.bodies)
	}
	r.applyRouting()
	r.publish()
}

// shadow applies events out of their order, to a state that lacks an
// enlargement which is not durable yet. What does not apply without it is left
// out: the intersection of routings holds it back anyway.
func shadow(s *hearing.State, events []hearing.Event) *hearing.State {
	for _, e := range events {
		e.Seq = s.Seq + 1
		n, err := hearing.Apply(s, e)
		if err != nil {
			return s
		}
		s = n
	}
	return s
}

// onResult hears from the log writer, in log order.
func (r *Room) onResult(res result) {
	b := res.b
	switch res.out {
	case outDurable, outCarried:
		r.settle(b)
		r.releases.durable(b.bodies, r.tip)
		r.alarmTest(b.order)
		b.order.answer(reply{seq: b.last()})
	case outHeld, outUnlogged:
		switch {
		case b.restricts, b.fact:
			r.settle(b)
		case r.inflight == b:
			r.inflight, r.limbo = nil, b
		}
		b.order.answer(heldReply(b, res.out))
		b.order = nil // answered once
	}
}

func heldReply(b *batch, out outcome) reply {
	switch {
	case out == outUnlogged:
		return reply{refusal: refuseUnlogged(), seq: b.last()}
	case b.restricts || b.fact:
		return reply{seq: b.last()}
	default:
		return reply{refusal: refuseUncertain(), seq: b.last()}
	}
}

func (b *batch) last() uint64 { return b.after + uint64(len(b.lines)) }

// settle gives a durable batch its effect, if it has none yet.
func (r *Room) settle(b *batch) {
	if r.inflight == b {
		r.inflight = nil
	}
	if r.limbo == b {
		r.limbo = nil
	}
	if b.effective {
		return
	}
	r.effect(b)
}

// applyRouting tells the sfu what may flow now.
func (r *Room) applyRouting() {
	if r.p.media == nil {
		return
	}
	rt := hearing.Routes(r.tip)
	if r.inflight != nil || r.limbo != nil {
		rt = intersect(hearing.Routes(r.eff), rt)
	}
	if err := r.p.media.Apply(routingFor(rt, r.p.epoch)); err != nil {
		r.sig.fail(err)
	}
}

// command gives the server's own command; it tells whether it was taken.
func (r *Room) command(c hearing.Command) bool {
	o := &order{cmd: c, actor: hearing.Actor{System: true}}
	if !hearing.Restricts(c) && (r.inflight != nil || len(r.waiting) > 0) {
		return false // levels: tried again when this is through
	}
	return r.decide(o)
}
