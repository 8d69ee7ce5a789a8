//go:build !verifier

package recording

import (
	"context"
	"fmt"
	"time"

	"phientoa/internal/ledger"
	"phientoa/sfu"
)

// loop owns every track and is the only writer of media: it wakes each Batch and
// writes what came. Making it durable runs beside it (cycle.go), so that a slow
// disk does not keep media out of the page cache, where a killed process leaves it.
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
			p.logFailed()
			p.closeFiles()
			return
		case d := <-p.done:
			p.landed(d)
			continue
		case <-tick.C:
		case <-p.queue.wake:
		}
		p.round()
	}
}

// round writes one batch and, when the last one is durable, has it made so.
func (p *Part) round() {
	now := p.p.Now()
	if p.unsynced() < p.p.Limits.QueueBytes { // else the queue fills, and says so
		p.take(now)
	}
	for _, t := range p.order {
		if t.asm == nil {
			continue
		}
		t.asm.expire(now)
		p.harvest(t, now)
	}
	if !p.flying {
		p.launch()
	}
	p.stand()
}

// finish writes everything that is left.
func (p *Part) finish(why string) {
	now := p.p.Now()
	p.take(now)
	p.finished = now
	for _, t := range p.order {
		if !t.away.IsZero() { // it never came back
			p.gap(t, CauseSilent, t.away, now, gapBody{})
			t.away = time.Time{}
		}
		if t.asm == nil {
			continue
		}
		t.asm.flush()
		p.harvest(t, now)
		p.flushDrops(t)
		p.flushStarved(t, now)
		if t.open {
			p.endSilence(t, now)
		}
	}
	p.settle()
	for _, t := range p.order {
		if t.open {
			p.out = append(p.out, record(ledger.KindTrackClose, trackCloseBody{Track: t.id, Why: why, AtNS: p.ns(now)}))
		}
	}
	p.settle()
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
		t.asm = newAssembler(info.Codec, info.ClockRate, p.p.Limits.Wait, p.p.Limits.Held)
	}
	if !t.away.IsZero() {
		p.gap(t, t.awayCause, t.away, at, gapBody{})
		t.away, t.awayCause = time.Time{}, ""
	}
	t.info, t.open, t.since, t.heard, t.silent = info, true, at, at, false
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
	p.settle()
	p.out = t.cut(p.out)
	if t.file != nil { // a fault may have ended it meanwhile
		_ = t.file.f.Close() // synced
		t.file = nil
	}
}

func (p *Part) closed(source sfu.SourceID, at, now time.Time) {
	t := p.tracks[source]
	if t == nil || !t.open {
		return
	}
	t.asm.reset()
	p.harvest(t, now)
	p.flushDrops(t)
	p.flushStarved(t, at)
	p.endSilence(t, at)
	p.blind(t, false)
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
	t.asm.pace.report(r)
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
	if len(pkt.payload) > 0 { // padding is no sign of a camera
		p.endSilence(t, at)
		t.heard = at
	}
	t.asm.push(pkt)
}

// harvest takes frames and losses from the assembler into file and log.
func (p *Part) harvest(t *track, now time.Time) {
	p.queue.recycle(t.asm.spent)
	t.asm.spent = t.asm.spent[:0]
	for _, l := range t.asm.losses {
		p.lose(t, l)
	}
	if len(t.asm.losses) > 0 {
		p.blind(t, true)
	}
	t.asm.losses = t.asm.losses[:0]
	p.pauses(t)
	p.keepLoose(t)
	if t.loss.n > 0 && now.Sub(t.loss.to) >= time.Second {
		p.flushLoss(t)
	}
	if len(t.asm.units) > 0 {
		p.feed(t, now)
	}
	p.silence(t, now)
}

// blind notes that a camera's pictures mean nothing before its next keyframe, so
// that the room asks for one: after a loss that nothing mended, and when a file
// ended. A keyframe that was written ends it.
func (p *Part) blind(t *track, blind bool) {
	if t.info.Codec != sfu.Opus && t.blind != blind {
		t.blind = blind
		p.queue.setBlind(t.info.Source, blind)
	}
}

// lose collects a loss. One that holds packets which the full queue threw away
// is the recorder's own, not the network's.
func (p *Part) lose(t *track, l loss) {
	for i, d := range t.drops {
		if d.ssrc == l.ssrc && d.first >= l.first && d.first <= l.last {
			p.gap(t, CauseQueue, l.from, l.to, gapBody{SSRC: l.ssrc, First: l.first, Last: l.last, Packets: int(l.last - l.first + 1)})
			t.drops = append(t.drops[:i:i], t.drops[i+1:]...)
			return
		}
	}
	if t.loss.n > 0 && (t.loss.ssrc != l.ssrc || l.from.Sub(t.loss.from) >= time.Second || len(t.loss.laid) >= maxRuns) {
		p.flushLoss(t)
	}
	if t.loss.n == 0 {
		t.loss = pendingLoss{ssrc: l.ssrc, first: l.first, from: l.from}
	}
	t.loss.laid = append(t.loss.laid, l)
	t.loss.n += int(l.last - l.first + 1)
	t.loss.last, t.loss.to = l.last, l.to
}

// pauses writes what a source left out of its media though no packet is missing.
// One that the silence already states is not stated twice.
func (p *Part) pauses(t *track) {
	for _, x := range t.asm.pace.found {
		if x.from.Before(t.silence.to) && t.silence.from.Before(x.to) {
			continue
		}
		p.gap(t, CauseStalled, x.from, x.to, gapBody{})
	}
	t.asm.pace.found = t.asm.pace.found[:0]
}

// keepLoose puts packets that stand in no frame into the log: what was received
// is kept.
func (p *Part) keepLoose(t *track) {
	all := t.asm.loose
	for len(all) > 0 {
		n := 1
		for n < len(all) && n < maxLoose && all[n].why == all[0].why && all[n].ssrc == all[0].ssrc {
			n++
		}
		b := looseBody{Track: t.id, Why: all[0].why, SSRC: all[0].ssrc}
		for i := range all[:n] {
			x := &all[i]
			b.Packets = append(b.Packets, looseItem{Seq: x.seq, TS: x.ts, AtNS: p.ns(x.arrival), Marker: x.marker, Data: x.payload})
		}
		p.out = append(p.out, record(ledger.KindLoose, b))
		all = all[n:]
	}
	for i := range t.asm.loose {
		p.queue.recycle([][]byte{t.asm.loose[i].payload})
	}
	t.asm.loose = t.asm.loose[:0]
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
	for i := range l.laid {
		t.asm.pace.relay(&l.laid[i])
	}
	g := gapBody{SSRC: l.ssrc, First: l.first, Last: l.last, Packets: l.n}
	if len(l.laid) > 1 {
		for _, x := range l.laid {
			g.Runs = append(g.Runs, runBody{int64(x.first), int64(x.last), x.from.UnixMicro(), x.to.UnixMicro()})
		}
	}
	p.gap(t, CauseLoss, l.laid[0].from, l.laid[len(l.laid)-1].to, g)
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
	t.silence = pause{t.heard, at}
	p.gap(t, CauseSilent, t.heard, at, gapBody{})
}
