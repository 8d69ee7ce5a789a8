//go:build !verifier

package recording

import (
	"context"

	"golang.org/x/sync/errgroup"

	"phientoa/internal/ledger"
)

// A cycle makes what was written durable, then the lines that name it. One runs
// at a time; its waiting is done beside the loop, everything else in the loop.

// landing is the end of one of the two waits of a cycle.
type landing struct {
	errs []error // of the files' syncs, in the order of flights; nil for the lines
	err  error   // of the lines
}

// flight is a batch whose sync is under way.
type flight struct {
	t *track
	m *mediaFile
	batch
}

// launch begins a cycle with everything that is written by now.
func (p *Part) launch() {
	p.flights = p.flights[:0]
	for _, t := range p.order {
		if m := t.file; m != nil && (m.dirty || m.broken != nil) {
			p.flights = append(p.flights, flight{t, m, m.batch})
			m.batch, m.dirty = batch{}, false
		}
	}
	p.flying = true
	if len(p.flights) == 0 {
		p.lines()
		return
	}
	flights := p.flights
	p.wg.Go(func() {
		// Some at a time: one slow file does not add its wait to every other.
		var g errgroup.Group
		g.SetLimit(8)
		errs := make([]error, len(flights))
		for i, f := range flights {
			g.Go(func() error { errs[i] = p.syncFile(f.m); return nil })
		}
		_ = g.Wait() // errors are in errs
		p.done <- landing{errs: errs}
	})
}

// syncFile makes a file durable, with its name when it is new.
func (p *Part) syncFile(m *mediaFile) error {
	if m.fresh {
		if err := p.fs.SyncDir(mediaDir); err != nil {
			return err
		}
	}
	return m.f.Sync()
}

// landed takes the end of a wait.
func (p *Part) landed(d landing) {
	if d.errs == nil {
		p.flying = false
		if d.err == nil {
			for _, t := range p.order {
				t.named = t.cutTo
			}
			p.signable.Store(true)
			p.status.good(p.p.Now())
		}
		return
	}
	for i, f := range p.flights {
		switch err := d.errs[i]; {
		case err != nil:
			p.endFile(f.t, f.m, err, f.units)
		case len(f.units) > 0:
			p.synced(f.t, f.m, f.batch)
			fallthrough
		default:
			f.m.fresh = false
			if f.m.broken != nil {
				p.endFile(f.t, f.m, f.m.broken, nil)
			}
		}
	}
	p.lines()
}

// lines cuts the segments that are due and hands what there is to the log.
func (p *Part) lines() {
	now := p.p.Now()
	for _, t := range p.order {
		if t.starving > 0 && now.Sub(t.starved) >= 5*hold {
			p.flushStarved(t, now) // named in time, though it goes on
		}
		due := t.seg.started && now.Sub(t.seg.since) >= p.p.Limits.Segment
		// A closing track is cut once all of it is durable.
		if closing := t.closing && (t.file == nil || !t.file.dirty); due || closing || p.settling {
			p.flushLoss(t)
			p.out = t.cut(p.out)
			t.closing = t.closing && !closing
		}
	}
	if len(p.out) == 0 {
		p.flying = false
		p.status.good(now)
		return
	}
	recs := p.out
	p.out = nil
	p.wg.Go(func() { p.done <- landing{err: p.append(recs)} })
}

// append waits without a deadline: a slow disk shows by the watchdog, a failed
// one by the error, after which the log is dead.
func (p *Part) append(recs []ledger.Record) error {
	_, err := p.log.Append(context.Background(), recs...)
	if err != nil {
		p.p.Logger.Error("evidence lines not written", "hearing", p.p.Hearing, "error", err)
	}
	return err
}

// settle makes everything written so far durable and named before it returns.
func (p *Part) settle() {
	for p.flying {
		p.landed(<-p.done)
	}
	p.settling = true
	p.launch()
	for p.flying {
		p.landed(<-p.done)
	}
	p.settling = false
}

// unsynced is the media held in memory until it is durable, in bytes.
func (p *Part) unsynced() (n int) {
	for _, t := range p.order {
		if t.file != nil {
			n += len(t.file.bytes)
		}
	}
	if p.flying {
		for _, f := range p.flights {
			n += len(f.bytes)
		}
	}
	return n
}
