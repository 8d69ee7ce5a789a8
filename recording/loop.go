package recording

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"phientoa/internal/ledger"
	"phientoa/sfu"
)

// loop owns every track and is the only writer of media: it wakes each Batch,
// takes what came, and makes it durable.
func (p *Part) loop(ctx context.Context) {
	defer close(p.loopDone)
	tick := time.NewTicker(p.p.Limits.Batch)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case why := <-p.stop:
			p.finish(why)
			return
		case <-p.log.Failed():
			p.status.failed("log-failed")
			p.closeFiles()
			return
		case <-tick.C:
		case <-p.queue.wake:
		}
		p.round()
	}
}

// round is one batch: media, then the lines that name it, both durable.
func (p *Part) round() {
	now := p.p.Now()
	p.take(now)
	for _, t := range p.order {
		if t.asm == nil {
			continue
		}
		t.asm.expire(now)
		p.harvest(t, now)
	}
	p.commit(now, false)
}

// finish writes everything that is left.
func (p *Part) finish(why string) {
	now := p.p.Now()
	p.take(now)
	for _, t := range p.order {
		if t.asm == nil {
			continue
		}
		t.asm.flush()
		p.harvest(t, now)
		p.flushDrops(t)
		if t.open {
			p.endSilence(t, now)
		}
	}
	p.commit(now, true)
	for _, t := range p.order {
		if t.open {
			p.out = append(p.out, record(ledger.KindTrackClose, trackCloseBody{Track: t.id, Why: why, AtNS: p.ns(now)}))
		}
	}
	p.commit(now, true)
	p.closeFiles()
}

func (p *Part) closeFiles() {
	for _, t := range p.order {
		if t.file != nil {
			_ = t.file.f.Close() // synced before, or given up
			t.file = nil
		}
	}
}

// take moves the queue into the tracks.
func (p *Part) take(now time.Time) {
	items, dropped, refused := p.queue.drain(p.items)
	for i := range items {
		it := &items[i]
		switch it.kind {
		case itemOpened:
			p.opened(it.info, it.at)
		case itemClosed:
			p.closed(it.info.Source, it.at, now)
		case itemReport:
			p.reported(it.report)
		case itemPacket:
			p.packet(it.pkt, it.at)
		}
		*it = item{}
	}
	p.items = items
	for src, d := range dropped {
		if t := p.tracks[src]; t != nil {
			// What follows shows it as a loss; the entry is written then, once.
			if len(t.drops) >= maxDrops {
				p.flushDrops(t)
			}
			t.drops = append(t.drops, d)
		}
	}
	if len(dropped) > 0 || refused {
		p.status.trouble(CauseQueue)
	}
}

func (p *Part) opened(info sfu.SourceInfo, at time.Time) {
	t := p.tracks[info.Source]
	if t == nil {
		if len(p.order) >= p.p.Limits.Tracks {
			p.status.trouble("track-limit")
			return
		}
		t = &track{id: fmt.Sprintf("t%03d", len(p.order)+1)}
		p.tracks[info.Source] = t
		p.order = append(p.order, t)
	}
	if t.asm == nil || t.info.Codec != info.Codec {
		p.newFile(t)
		t.asm = newAssembler(info.Codec, p.p.Limits.Wait, p.p.Limits.Held)
	}
	if !t.restarted.IsZero() {
		p.gap(t, CauseRestart, t.restarted, at, gapBody{})
		t.restarted = time.Time{}
	}
	t.info, t.open, t.heard, t.silent = info, true, at, false
	t.clock.set = false // a new run is anchored at its own arrival
	p.out = append(p.out, record(ledger.KindTrackOpen, trackOpenBody{
		Track: t.id, Source: sourceBody{info.Source.Peer, string(info.Source.Kind)}, Codec: codecName(info.Codec),
		ClockRate: info.ClockRate, Channels: info.Channels, AtNS: p.ns(at),
	}))
}

// newFile closes the current file so that the next frame begins another.
func (p *Part) newFile(t *track) {
	if t.file == nil {
		return
	}
	p.out = t.cut(p.out)
	_ = t.file.f.Close()
	t.file = nil
}

func (p *Part) closed(source sfu.SourceID, at, now time.Time) {
	t := p.tracks[source]
	if t == nil || !t.open {
		return
	}
	t.asm.reset()
	p.harvest(t, now)
	p.flushDrops(t)
	p.endSilence(t, at)
	t.open = false
	t.closing = true
	p.out = append(p.out, record(ledger.KindTrackClose, trackCloseBody{Track: t.id, Why: whyGrant, AtNS: p.ns(at)}))
}

func (p *Part) reported(r sfu.SenderReport) {
	t := p.tracks[r.Source]
	if t == nil || !t.open {
		return
	}
	t.report = r.Arrival
	if len(t.seg.sr) >= maxReports {
		return // pairs of a longer row say nothing new
	}
	t.seg.sr = append(t.seg.sr, reportBody{
		SSRC: r.SSRC, NTPSec: uint32(r.NTP >> 32), NTPFra: uint32(r.NTP), RTP: r.Timestamp, AtNS: p.ns(r.Arrival),
	})
}

func (p *Part) packet(pkt packet, at time.Time) {
	t := p.tracks[pkt.source]
	if t == nil || !t.open {
		return // outside a grant nothing is recorded, whatever arrives
	}
	p.endSilence(t, at)
	t.heard = at
	t.asm.push(pkt)
}

// harvest takes frames and losses from the assembler into file and log.
func (p *Part) harvest(t *track, now time.Time) {
	p.queue.recycle(t.asm.spent)
	t.asm.spent = t.asm.spent[:0]
	for _, l := range t.asm.losses {
		p.lose(t, l)
	}
	t.asm.losses = t.asm.losses[:0]
	if t.loss.n > 0 && now.Sub(t.loss.to) >= time.Second {
		p.flushLoss(t)
	}
	if len(t.asm.units) > 0 {
		p.feed(t, now)
	}
	p.silence(t, now)
}

// lose collects a loss. One that holds packets which the full queue threw away
// is the recorder's own, not the network's.
func (p *Part) lose(t *track, l loss) {
	for i, d := range t.drops {
		if d.ssrc == l.ssrc && d.first >= l.first && d.first <= l.last {
			p.gap(t, CauseQueue, l.after, l.before, gapBody{SSRC: l.ssrc, First: l.first, Last: l.last, Packets: int(l.last - l.first + 1)})
			t.drops = append(t.drops[:i:i], t.drops[i+1:]...)
			return
		}
	}
	if t.loss.n == 0 {
		t.loss = pendingLoss{ssrc: l.ssrc, first: l.first, from: l.after}
	}
	t.loss.n += int(l.last - l.first + 1)
	t.loss.last, t.loss.to = l.last, l.before
}

// flushDrops writes what the queue threw away and nothing followed.
func (p *Part) flushDrops(t *track) {
	for _, d := range t.drops {
		p.gap(t, CauseQueue, d.from, d.to, gapBody{SSRC: d.ssrc, First: d.first, Last: d.last, Packets: d.n})
	}
	t.drops = nil
}

// flushLoss writes the gap entry of the losses collected.
func (p *Part) flushLoss(t *track) {
	if t.loss.n == 0 {
		return
	}
	l := t.loss
	t.loss = pendingLoss{}
	t.seg.body.Lost += l.n
	p.gap(t, CauseLoss, l.from, l.to, gapBody{SSRC: l.ssrc, First: l.first, Last: l.last, Packets: l.n})
}

// silence notices a granted source from which nothing comes. A microphone in
// discontinuous transmission still sends a packet every 400 ms (RFC 7587 3.1.3),
// so that its bound is of another kind: the sender is gone.
func (p *Part) silence(t *track, now time.Time) {
	if !t.open || t.silent {
		return
	}
	bound, last := p.p.Limits.SilentCamera, t.heard
	if t.info.Codec == sfu.Opus {
		bound = p.p.Limits.SilentMic
		if t.report.After(last) {
			last = t.report
		}
	}
	if now.Sub(last) >= bound {
		t.silent = true
		p.status.silent(1)
	}
}

func (p *Part) endSilence(t *track, at time.Time) {
	if !t.silent {
		return
	}
	t.silent = false
	p.status.silent(-1)
	p.gap(t, CauseSilent, t.heard, at, gapBody{})
}

// commit makes media durable, then the lines that name it.
func (p *Part) commit(now time.Time, all bool) {
	p.sync(now)
	for _, t := range p.order {
		old := t.seg.started && now.Sub(t.seg.since) >= p.p.Limits.Segment
		if old || all || t.closing {
			p.flushLoss(t)
			p.out = t.cut(p.out)
			t.closing = false
		}
	}
	if len(p.out) > 0 {
		// Without a deadline: a slow disk shows by the watchdog, a failed one by an error.
		if _, err := p.log.Append(context.Background(), p.out...); err != nil {
			p.p.Logger.Error("evidence lines not written", "hearing", p.p.Hearing, "error", err)
			return
		}
		clear(p.out)
		p.out = p.out[:0]
		p.lines.Store(true)
	}
	p.status.good(p.p.Now())
}

// sync makes the batches of all files durable, some at a time: one slow file
// does not add its wait to every other.
func (p *Part) sync(now time.Time) {
	var g errgroup.Group
	g.SetLimit(8)
	errs := make([]error, len(p.order))
	for i, t := range p.order {
		if t.file != nil && t.file.dirty {
			g.Go(func() error { errs[i] = t.file.f.Sync(); return nil })
		}
	}
	_ = g.Wait()
	for i, t := range p.order {
		switch {
		case t.file == nil || !t.file.dirty:
		case errs[i] != nil:
			p.endFile(t, errs[i], now)
		default:
			p.synced(t, now)
		}
	}
}
