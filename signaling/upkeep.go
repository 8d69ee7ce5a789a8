package signaling

import (
	"context"
	"time"

	"phientoa/internal/court"
	"phientoa/internal/hearing"
)

// onTime does what follows from levels and the clock: who is connected, what
// the recorder reports, checkpoints, the rules' deadline, seats out of their
// window. Each is compared and tried again until the rules have taken it, so
// that an outage or a full queue loses nothing.
func (r *Room) onTime() {
	now := r.p.now()
	r.reconcilePresence(now)
	r.reconcileRecorder()
	r.reconcileLeft()
	r.anchor(now)
	r.sendNote(now)
	r.alarmLost(now)
	r.alarmMedia(now)
	if dropped, _ := r.points.forget(now, r.limits.PointBack); dropped {
		r.publish()
	}
	if at, ok := hearing.NextDeadline(r.tip); ok && !at.After(now) {
		r.command(hearing.Tick{})
	}
}

// untilNext is how long the actor may sleep. What is due already but was not
// taken waits for the log writer, whose results wake the actor.
func (r *Room) untilNext() time.Duration {
	now := r.p.now()
	next := now.Add(time.Minute)
	earlier := func(t time.Time) {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	if len(r.seats) > 0 {
		look := r.watch.next(r.limits.SilentAfter)
		if !look.After(now) {
			return 0
		}
		earlier(look)
	}
	for _, pl := range r.seats {
		if at := pl.presence.detachedAt; !at.IsZero() {
			if pl.presence.told {
				earlier(at.Add(r.limits.LostAfter))
			}
			earlier(at.Add(r.limits.ResumeWindow))
		}
	}
	if r.noteNew != nil {
		earlier(r.noteSent.Add(r.limits.CheckpointEvery))
	}
	if r.anchorNew != nil {
		earlier(r.anchored.Add(r.limits.AnchorEvery))
	}
	if at, ok := hearing.NextDeadline(r.tip); ok {
		earlier(at)
	}
	if at := r.alarmLost(now); !at.IsZero() {
		earlier(at)
	}
	if at := r.alarmMedia(now); !at.IsZero() {
		earlier(at)
	}
	if _, at := r.points.forget(now, r.limits.PointBack); !at.IsZero() {
		earlier(at)
	}
	if !r.quiet.IsZero() {
		earlier(r.quiet.Add(r.limits.RoomIdle))
	}
	if !r.closedAt.IsZero() {
		earlier(r.closedAt.Add(r.limits.ClosedStay))
	}
	return next.Sub(now)
}

// reconcilePresence turns connections, and silence on them, into DeviceConnected
// and DeviceLost. A device that comes back within LostAfter was never lost.
func (r *Room) reconcilePresence(now time.Time) {
	r.watch.begin(now, r.limits.SilentAfter)
	for d, pl := range r.seats {
		p := &pl.presence
		if p.detachedAt.IsZero() {
			if !r.heard(pl, now) {
				p.since = time.Time{}
				r.tell(d, p, false)
				continue
			}
			if p.since.IsZero() {
				p.since = now
			}
			r.tell(d, p, r.steady(d, p, now))
			continue
		}
		p.since = time.Time{}
		if now.Sub(p.detachedAt) >= r.limits.LostAfter {
			r.tell(d, p, false)
		}
		// Not before the rules know that the device is lost.
		if !p.told && now.Sub(p.detachedAt) >= r.limits.ResumeWindow {
			pl.media.close()
			delete(r.seats, d)
		}
	}
}

// tell says to the rules whether a device is here, if that is news.
func (r *Room) tell(d hearing.DeviceID, p *presence, here bool) {
	if p.told == here {
		return
	}
	var c hearing.Command = hearing.DeviceLost{Device: d}
	if here {
		c = hearing.DeviceConnected{Device: d}
	}
	if r.tipClosed() || r.command(c) {
		p.told = here
		if !here {
			r.flaps.note(d, r.p.now())
		}
	}
}

// tipClosed tells whether nothing can happen in the hearing any more: closed,
// adjourned (a new hearing follows) or cancelled.
func (r *Room) tipClosed() bool { return r.tip.Status.Over() }

// reconcileRecorder tells the rules what the recorder reports.
func (r *Room) reconcileRecorder() {
	if r.recording == r.reported {
		return
	}
	if r.tipClosed() {
		r.reported = r.recording
		return
	}
	rep := r.recording
	if r.command(hearing.RecorderReport{Recording: rep.on, Trouble: rep.trouble}) {
		r.reported = rep
		r.publish()
	}
}

// watchLeft measures how much recording the disks still take, at once and then
// every LeftEvery, sooner when the disks did not answer.
func (r *Room) watchLeft(ctx context.Context) {
	for {
		wait := r.limits.LeftEvery
		if minutes, ok := r.p.left(ctx, r.p.booking); ok {
			r.sig.setLeft(minutes)
		} else {
			wait = r.limits.LeftEvery / 12
		}
		if !pause(ctx, wait) {
			return
		}
	}
}

// reconcileLeft tells the rules the latest measurement.
func (r *Room) reconcileLeft() {
	if r.leftNew == nil {
		return
	}
	if r.tipClosed() || r.command(hearing.ReportRecordingLeft{Minutes: *r.leftNew}) {
		r.leftNew = nil
	}
}

// anchor puts the latest checkpoint of the evidence log into the state log. The
// anchor itself grows the evidence log, so it is done only while the hearing is
// in session, and once more for the end.
func (r *Room) anchor(now time.Time) {
	if r.anchorNew == nil || now.Sub(r.anchored) < r.limits.AnchorEvery {
		return
	}
	cp := r.anchorNew
	if r.tip.Status != hearing.InSession && !r.tipClosed() || cp.size <= r.tip.Anchor.Size {
		r.anchorNew = nil
		return
	}
	if r.command(hearing.AnchorEvidence{Size: cp.size, Root: cp.root}) {
		r.anchored, r.anchorNew = now, nil
	}
}

// endHearing lets the writer end the evidence log behind the closing event.
func (r *Room) endHearing() {
	if r.closing {
		return
	}
	r.closing = true
	r.log.put(&batch{})
}

// toDatabase hands a checkpoint to its publisher; a newer one replaces one that
// still waits.
func (r *Room) toDatabase(cp checkpointReport) {
	for {
		select {
		case r.publishDB <- cp:
			return
		default:
		}
		select {
		case <-r.publishDB:
		default:
		}
	}
}

// publishCheckpoints writes checkpoints into the database, one at a time; while
// it is away the latest waits.
func (r *Room) publishCheckpoints(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case cp := <-r.publishDB:
			dctx, cancel := context.WithTimeout(ctx, r.limits.AppendTimeout)
			err := r.p.store.PutCheckpoint(dctx, court.SystemScope(), r.p.row.ID, cp.size, cp.note)
			cancel()
			if err != nil && ctx.Err() == nil {
				r.logger.Warn("checkpoint not published to the database", "size", cp.size, "err", err)
			}
		}
	}
}
