package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// session joins everyone and, but for the join storm, measures a window.
func (g *generator) session(ctx context.Context) (s Sample, err error) {
	s = Sample{Scenario: g.config.Scenario, Contestant: g.config.Hello.Contestant}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := g.server.start(g.config.Hello); err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, g.endMedia()) }()
	if err = g.joinAll(ctx, &s); err != nil || g.scene.silent {
		return s, err
	}
	if !g.scene.mediaFirst {
		g.startMedia(ctx)
	}
	err = g.window(&s)
	return s, err
}

// startMedia lets all publishers speak.
func (g *generator) startMedia(ctx context.Context) {
	ctx, g.media.stop = context.WithCancel(ctx)
	g.media.group, g.media.ctx = errgroup.WithContext(ctx)
	start := time.Now()
	for i, p := range g.pubs {
		// Spread over one picture, so that publishers do not speak as one.
		offset := time.Duration(i) * time.Second / frameRate / time.Duration(len(g.pubs))
		g.media.group.Go(func() error { return p.run(g.media.ctx, start.Add(offset)) })
	}
}

func (g *generator) endMedia() error {
	if g.media.group == nil {
		return nil
	}
	g.media.stop()
	return g.media.group.Wait()
}

// joinAll connects publishers first, then the others, and times the others; a
// hearing has publishers only and is timed as a whole.
func (g *generator) joinAll(ctx context.Context, s *Sample) error {
	empty, err := processUsage(g.config.ServerPID)
	if err != nil {
		return err
	}
	s.RSSEmpty = empty.rss
	storm := g.peers
	if n := len(g.pubs); n < len(g.peers) {
		if err := g.join(ctx, g.peers[:n]); err != nil {
			return err
		}
		storm = g.peers[n:]
	}
	if g.scene.mediaFirst {
		g.startMedia(ctx)
	}
	if g.again > 0 {
		if err := g.firstWindow(s); err != nil {
			return err
		}
	}
	before, err := processUsage(g.config.ServerPID)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := g.join(ctx, storm); err != nil {
		return err
	}
	s.JoinTime = time.Since(start)
	after, err := processUsage(g.config.ServerPID)
	if err != nil {
		return err
	}
	s.Joins, s.JoinCPU, s.RSS = len(storm), after.cpu-before.cpu, after.rss
	s.Waited = after.waited - before.waited
	if g.scene.mediaFirst {
		err = g.flow(g.media.ctx, g.peers)
		s.MediaTime = time.Since(start)
	}
	return err
}

func (g *generator) join(ctx context.Context, peers []*peer) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(g.config.Concurrency)
	for _, p := range peers {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, joinTimeout)
			defer cancel()
			return p.connect(ctx, g.id, g.server.join)
		})
	}
	return group.Wait()
}

// flow waits until every stream has reached every receiver among the peers.
func (g *generator) flow(ctx context.Context, peers []*peer) error {
	timeout := time.NewTimer(mediaTimeout)
	defer timeout.Stop()
	for i, p := range peers {
		select {
		case <-p.flowing:
		case <-timeout.C:
			return fmt.Errorf("bench: after %v no full media at %s, %d of %d peers looked at", mediaTimeout, p.plan.ID, i+1, len(peers))
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// window waits until all media arrives everywhere and measures.
func (g *generator) window(s *Sample) error {
	ctx := g.media.ctx
	if err := g.flow(ctx, g.peers); err != nil {
		return err
	}
	if err := pause(ctx, g.config.Warmup); err != nil {
		return err
	}
	before, err := g.serverUsage(ctx)
	if err != nil {
		return err
	}
	overflow := g.overflow() - s.Overflow
	for _, p := range g.pubs {
		p.measuring.Store(true)
	}
	start := time.Now()
	if err := g.pass(ctx, s); err != nil {
		return err
	}
	for _, p := range g.pubs {
		p.stopped.Store(true)
	}
	s.Window = time.Since(start)
	after, err := g.serverUsage(ctx)
	if err != nil {
		return err
	}
	used := after.since(before.usage)
	s.CPU, s.User, s.System, s.Waited, s.RSS = used.cpu, used.user, used.system, used.waited, used.rss
	s.Allocs = after.allocs - before.allocs
	err = g.drain(ctx)
	s.Overflow = g.overflow() - overflow
	return err
}

// firstWindow measures the publishers among themselves.
func (g *generator) firstWindow(s *Sample) error {
	ctx := g.media.ctx
	if err := g.flow(ctx, g.peers[:len(g.pubs)]); err != nil {
		return err
	}
	if err := pause(ctx, g.config.Warmup); err != nil {
		return err
	}
	overflow := g.overflow()
	for _, p := range g.pubs {
		p.measuring.Store(true)
	}
	err := pause(ctx, g.config.Window)
	for _, p := range g.pubs {
		p.measuring.Store(false)
		p.over.Store(true)
	}
	s.Overflow = g.overflow() - overflow
	return err
}

// pass lets the window go by.
func (g *generator) pass(ctx context.Context, s *Sample) error {
	if len(g.passing) > 0 {
		return g.churn(ctx, s)
	}
	return pause(ctx, g.config.Window)
}

// serverUsage is the usage of the server's process with what only it knows.
type serverUsage struct {
	usage
	allocs uint64
}

func (g *generator) serverUsage(ctx context.Context) (serverUsage, error) {
	stats, err := g.server.stats(ctx)
	if err != nil {
		return serverUsage{}, err
	}
	u, err := processUsage(g.config.ServerPID)
	return serverUsage{usage: u, allocs: stats.Allocs}, err
}

// drain returns when everything that was sent has arrived, or after drainTime.
func (g *generator) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, drainTime, errDrained)
	defer cancel()
	for {
		if err := pause(ctx, drainCheck); errors.Is(err, errDrained) {
			return nil
		} else if err != nil {
			return err
		}
		var expected, arrived uint64
		for _, r := range g.readers {
			arrived += r.unique.Load()
			for _, in := range r.inboxes {
				expected += in.expected(g.spans, 0)
			}
		}
		if arrived >= expected {
			return nil
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (g *generator) overflow() uint64 {
	var n uint64
	for _, r := range g.readers {
		n += uint64(r.overflow.Load())
	}
	return n
}
