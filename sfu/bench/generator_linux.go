package bench

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3/pkg/crypto/fingerprint"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"golang.org/x/sync/errgroup"
)

const (
	joinTimeout  = 20 * time.Second // one join
	mediaTimeout = 15 * time.Second // until every stream has reached every receiver
	drainTime    = 2 * time.Second  // after the window, for what is still under way
	drainCheck   = 10 * time.Millisecond
)

// errDrained ends the wait for packets under way; those that are missing are lost.
var errDrained = errors.New("bench: drain time is over")

// generator is the other half of a sample: all peers, their media, the counting.
type generator struct {
	config  sessionConfig
	plan    []peerPlan
	peers   []*peer
	spans   []*span      // by stream
	pubs    []*publisher // by publisher
	readers []*reader
	server  *signaler
	id      peerIdentity

	// missing counts the streams that have not yet reached a receiver; flowing
	// is closed when none is left.
	missing atomic.Int64
	flowing chan struct{}
}

// generate runs one session against the server at the end of line.
func generate(ctx context.Context, config sessionConfig, line io.ReadWriteCloser) (Sample, error) {
	// The generator's own garbage would only delay its packets.
	debug.SetGCPercent(400)
	plan, err := planOf(config.Scenario, config.Receivers)
	if err != nil {
		return Sample{}, err
	}
	g := &generator{config: config, plan: plan, flowing: make(chan struct{})}
	g.missing.Store(int64(outputs(plan)))
	if err := g.open(ctx); err != nil {
		return Sample{}, errors.Join(err, g.closeSockets())
	}
	var reading sync.WaitGroup
	for _, r := range g.readers {
		reading.Go(r.run)
	}
	g.server = newSignaler(line)
	sample, err := g.session(ctx)
	// Nobody says goodbye: the server ends with us, and what it still hears is of
	// no sample.
	err = errors.Join(err, g.closeSockets())
	for _, p := range g.peers {
		_ = p.close() // fails, for it has no socket
	}
	err = errors.Join(err, line.Close())
	reading.Wait()
	g.server.wait()
	if err != nil {
		return Sample{}, err
	}
	g.count(&sample)
	return sample, nil
}

// open makes certificate, sockets and peers; nothing is sent yet.
func (g *generator) open(ctx context.Context) error {
	certificate, err := selfsign.GenerateSelfSigned()
	if err != nil {
		return err
	}
	leaf, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		return err
	}
	sum, err := fingerprint.Fingerprint(leaf, crypto.SHA256)
	if err != nil {
		return err
	}
	g.id = peerIdentity{certificate: certificate, fingerprint: sum}
	n := publishers(g.plan)
	for range 2 * n {
		g.spans = append(g.spans, &span{})
	}
	for i, plan := range g.plan {
		if i%peersPerSocket == 0 {
			sock, err := openPeerSocket(ctx)
			if err != nil {
				return err
			}
			g.readers = append(g.readers, &reader{g: g, sock: sock, first: i, latency: &histogram{}, plain: make([]byte, packetBytes)})
		}
		r := g.readers[len(g.readers)-1]
		p := &peer{plan: plan, conn: newPeerConn(r.sock, peerAddr(plan.Index))}
		g.peers = append(g.peers, p)
		inbox := inbox{peer: p, tallies: make([]*tally, 2*n), arrived: make([]bool, 2*n)}
		for _, publisher := range plan.Receives {
			inbox.tallies[2*publisher] = newTally(roomFor(audioRate, g.config.Window))
			inbox.tallies[2*publisher+1] = newTally(roomFor(g.config.VideoRate, g.config.Window))
		}
		if plan.Publisher >= 0 {
			inbox.publisher = newPublisher(p, g.spans)
			g.pubs = append(g.pubs, inbox.publisher)
		}
		r.inboxes = append(r.inboxes, inbox)
	}
	return nil
}

func (g *generator) closeSockets() error {
	var errs []error
	for _, r := range g.readers {
		errs = append(errs, r.sock.conn.Close())
	}
	return errors.Join(errs...)
}

// session joins everyone and, but for the join storm, measures a window.
func (g *generator) session(ctx context.Context) (Sample, error) {
	s := Sample{Scenario: g.config.Scenario, Contestant: g.config.Hello.Contestant}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := g.server.start(g.config.Hello); err != nil {
		return s, err
	}
	if err := g.joinAll(ctx, &s); err != nil {
		return s, err
	}
	if g.config.Scenario == JoinStorm {
		return s, nil
	}
	return s, g.measure(ctx, &s)
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
	if n := publishers(g.plan); n < len(g.peers) {
		if err := g.join(ctx, g.peers[:n]); err != nil {
			return err
		}
		storm = g.peers[n:]
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
	return nil
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

// measure sends media, waits until all of it arrives everywhere, and measures
// one window.
func (g *generator) measure(ctx context.Context, s *Sample) error {
	sending, stop := context.WithCancel(ctx)
	defer stop()
	group, sending := errgroup.WithContext(sending)
	start := time.Now()
	for i, p := range g.pubs {
		// Spread over one picture, so that publishers do not speak as one.
		offset := time.Duration(i) * time.Second / frameRate / time.Duration(len(g.pubs))
		group.Go(func() error { return p.run(sending, start.Add(offset), g.config.VideoRate) })
	}
	err := g.window(sending, s)
	stop()
	return errors.Join(err, group.Wait())
}

func (g *generator) window(ctx context.Context, s *Sample) error {
	select {
	case <-g.flowing:
	case <-time.After(mediaTimeout):
		return fmt.Errorf("bench: %d of %d streams reached no receiver within %v", g.missing.Load(), outputs(g.plan), mediaTimeout)
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := pause(ctx, g.config.Warmup); err != nil {
		return err
	}
	before, err := processUsage(g.config.ServerPID)
	if err != nil {
		return err
	}
	overflow := g.overflow()
	for _, p := range g.pubs {
		p.measuring.Store(true)
	}
	start := time.Now()
	if err := pause(ctx, g.config.Window); err != nil {
		return err
	}
	for _, p := range g.pubs {
		p.stopped.Store(true)
	}
	s.Window = time.Since(start)
	after, err := processUsage(g.config.ServerPID)
	if err != nil {
		return err
	}
	used := after.since(before)
	s.CPU, s.User, s.System, s.Waited, s.RSS = used.cpu, used.user, used.system, used.waited, used.rss
	err = g.drain(ctx)
	s.Overflow = g.overflow() - overflow
	return err
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
				expected += in.expected(g.spans)
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

// count fills in what the readers have seen; they have ended by now.
func (g *generator) count(s *Sample) {
	if s.Window == 0 {
		return
	}
	s.Due = uint64(len(g.pubs)) * due(g.config.VideoRate, s.Window)
	var lag lagMeter
	for _, p := range g.pubs {
		lag.due, lag.late, lag.max = lag.due+p.lag.due, lag.late+p.lag.late, max(lag.max, p.lag.max)
	}
	if lag.due > 0 {
		s.LateShare, s.LagMax = float64(lag.late)/float64(lag.due), lag.max
	}
	for _, span := range g.spans {
		s.Sent += span.sent()
	}
	latency := &histogram{}
	for _, r := range g.readers {
		latency.merge(r.latency)
		s.Foreign += r.foreign
		s.UserClock += r.userClock
		for _, in := range r.inboxes {
			s.Expected += in.expected(g.spans)
			for _, t := range in.tallies {
				if t != nil {
					s.Delivered += t.unique
					s.Duplicates += t.duplicates
				}
			}
		}
	}
	s.P50, s.P95, s.P99, s.Max = latency.quantile(0.50), latency.quantile(0.95), latency.quantile(0.99), latency.max
}
