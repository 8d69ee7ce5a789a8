package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// A passing hearing lasts between dwellLeast and dwellMost once its media flows.
const (
	dwellLeast = 500 * time.Millisecond
	dwellMost  = 1500 * time.Millisecond
)

// passed counts the passing hearings.
type passed struct {
	mu         sync.Mutex
	ok, failed int
	why        error // of the first that failed
}

func (c *passed) add(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.ok++
		return
	}
	c.failed++
	if c.why == nil {
		c.why = err
	}
}

// churn opens and closes hearings beside the standing ones for a window, and
// writes down how the server is meanwhile.
func (g *generator) churn(ctx context.Context, s *Sample) error {
	ended := errors.New("bench: the window is over")
	over, cancel := context.WithTimeoutCause(ctx, g.config.Window, ended)
	defer cancel()
	var count passed
	group, within := errgroup.WithContext(over)
	per := len(g.passing) / churners
	for k := range churners {
		triple := g.passing[k*per : (k+1)*per]
		random := rand.New(rand.NewPCG(uint64(k), 2)) //nolint:gosec // spreads joins, protects nothing
		group.Go(func() error {
			for within.Err() == nil {
				err := g.passOne(within, triple, random)
				if within.Err() == nil {
					count.add(err)
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		var err error
		s.TimeSeries, err = g.watch(within)
		return err
	})
	err := group.Wait()
	s.Passed, s.Failed = count.ok, count.failed
	if count.why != nil {
		s.FailedWhy = count.why.Error()
	}
	if errors.Is(context.Cause(over), ended) {
		return err
	}
	return errors.Join(err, context.Cause(over))
}

// passOne opens the hearing of a triple, lets it hear and see, and closes it.
// The end of ctx ends it in the middle, as the end of a session does.
func (g *generator) passOne(ctx context.Context, triple []peerPlan, random *rand.Rand) (err error) {
	media, stop := context.WithCancel(ctx)
	defer stop()
	var speaking errgroup.Group
	var here []*peer
	defer func() {
		stop()
		err = errors.Join(err, speaking.Wait())
		for _, p := range here {
			err = errors.Join(err, g.part(ctx, p))
		}
	}()
	for _, plan := range triple {
		r := g.readers[plan.Index/peersPerSocket]
		p := newPeer(plan, newPeerConn(r.sock, peerAddr(plan.Index)))
		if plan.Sends != nil {
			p.publisher = newPublisher(p, g.spans, false, 0)
		}
		here = append(here, p)
		r.inboxes[plan.Index-r.first].peer.Store(p)
		joining, cancel := context.WithTimeout(ctx, joinTimeout)
		err := p.connect(joining, g.id, g.server.join)
		cancel()
		if err != nil {
			return err
		}
		if p.publisher != nil {
			speaking.Go(func() error { return p.publisher.run(media, time.Now()) })
		}
	}
	flowing, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	for _, p := range here {
		select {
		case <-p.flowing:
		case <-flowing.Done():
			return fmt.Errorf("bench: no full media at %s: %w", p.plan.ID, flowing.Err())
		}
	}
	return pause(ctx, dwellLeast+time.Duration(random.Int64N(int64(dwellMost-dwellLeast))))
}

// part takes a peer out of the server, then out of here.
func (g *generator) part(ctx context.Context, p *peer) error {
	err := g.server.leave(ctx, p.plan)
	r := g.readers[p.plan.Index/peersPerSocket]
	r.inboxes[p.plan.Index-r.first].peer.Store(nil)
	return errors.Join(err, p.close(), p.conn.Close())
}

// Samples of a server over time: about watchSamples, at most ten seconds apart.
const (
	watchSamples = 240
	watchMost    = 10 * time.Second
	watchLeast   = 100 * time.Millisecond
)

// watch writes down the state of the server until ctx ends.
func (g *generator) watch(ctx context.Context) ([]Vital, error) {
	every := min(max(g.config.Window/watchSamples, watchLeast), watchMost)
	start := time.Now()
	var out []Vital
	for {
		var v Vital
		err := pause(ctx, every)
		if err == nil {
			v, err = g.vital(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return out, nil //nolint:nilerr // the end of the window is none
		case err != nil:
			return out, err
		}
		v.At = time.Since(start)
		out = append(out, v)
	}
}

// vital is the state of the server now.
func (g *generator) vital(ctx context.Context) (Vital, error) {
	stats, err := g.server.stats(ctx)
	if err != nil {
		return Vital{}, err
	}
	u, err := processUsage(g.config.ServerPID)
	if err != nil {
		return Vital{}, err
	}
	fds, err := descriptors(g.config.ServerPID)
	return Vital{RSS: u.rss, Live: stats.Live, Goroutines: stats.Goroutines, Descriptors: fds}, err
}

// descriptors counts the open files of a process.
func descriptors(pid int) (int, error) {
	list, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/fd")
	return len(list), err
}
