package bench

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"io"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/pion/dtls/v3/pkg/crypto/fingerprint"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"golang.org/x/sync/errgroup"
)

const (
	joinTimeout  = 20 * time.Second // one join
	mediaTimeout = 45 * time.Second // until every stream has reached every receiver
	drainTime    = 2 * time.Second  // after the window, for what is still under way
	drainCheck   = 10 * time.Millisecond
)

// errDrained ends the wait for packets under way; those that are missing are lost.
var errDrained = errors.New("bench: drain time is over")

// generator is the other half of a sample: all peers, their media, the counting.
type generator struct {
	config  sessionConfig
	scene   scene
	peers   []*peer      // those that stay, publishers first
	passing []peerPlan   // those that come and go
	spans   []*span      // by stream
	again   int          // number of the first stream of the second window, 0 when there is one only
	pubs    []*publisher // of those that stay
	readers []*reader
	server  *signaler
	id      peerIdentity
	media   mediaGroup
}

// mediaGroup runs the publishers.
type mediaGroup struct {
	group *errgroup.Group
	ctx   context.Context // ends with the first publisher that fails
	stop  context.CancelFunc
}

// generate runs one session against the server at the end of line.
func generate(ctx context.Context, config sessionConfig, line io.ReadWriteCloser) (Sample, error) {
	// The generator's own garbage would only delay its packets.
	debug.SetGCPercent(400)
	scene, err := sceneOf(config)
	if err != nil {
		return Sample{}, err
	}
	g := &generator{config: config, scene: scene}
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
	streams := 2 * publishers(g.scene.plan)
	if g.scene.twice {
		g.again = streams
	}
	for range streams + g.again {
		g.spans = append(g.spans, &span{})
	}
	for i, plan := range g.scene.plan {
		if i%peersPerSocket == 0 {
			sock, err := openPeerSocket(ctx)
			if err != nil {
				return err
			}
			g.readers = append(g.readers, &reader{
				g: g, sock: sock, first: i, audio: &histogram{}, pictures: &histogram{}, before: &histogram{}, after: &histogram{}, plain: make([]byte, packetBytes),
				random: rand.New(rand.NewPCG(uint64(i), 3)), //nolint:gosec // loses packets, protects nothing
			})
		}
		g.readers[i/peersPerSocket].inboxes = append(g.readers[i/peersPerSocket].inboxes, g.place(plan))
	}
	return nil
}

// place makes the inbox of a peer, and the peer if it stays.
func (g *generator) place(plan peerPlan) *inbox {
	in := &inbox{churns: plan.Churns, views: plan.Views}
	if plan.Churns {
		g.passing = append(g.passing, plan)
		return in
	}
	in.tallies = make([]*tally, len(g.spans))
	for _, f := range plan.gets() {
		for _, stream := range f.streams() {
			rate := f.VideoRate
			if stream%2 == audioStream {
				rate = audioRate
			}
			in.tallies[g.again+stream] = newTally(roomFor(rate, g.config.Window))
			if g.again > 0 && !plan.Views {
				in.tallies[stream] = newTally(roomFor(rate, g.config.Window))
			}
		}
	}
	sock := g.readers[plan.Index/peersPerSocket].sock
	p := newPeer(plan, newPeerConn(sock, peerAddr(plan.Index)))
	if plan.Sends != nil {
		p.publisher = newPublisher(p, g.spans, g.scene.spaced, g.again)
		g.pubs = append(g.pubs, p.publisher)
	}
	g.peers = append(g.peers, p)
	in.peer.Store(p)
	return in
}

func (g *generator) closeSockets() error {
	var errs []error
	for _, r := range g.readers {
		errs = append(errs, r.sock.conn.Close())
	}
	return errors.Join(errs...)
}

// count fills in what the readers have seen; they have ended by now.
func (g *generator) count(s *Sample) {
	if s.Window == 0 {
		return
	}
	var lag lagMeter
	for _, p := range g.pubs {
		s.Due += due(p.feed.VideoRate, s.Window)
		lag.due, lag.late, lag.max = lag.due+p.lag.due, lag.late+p.lag.late, max(lag.max, p.lag.max)
		for _, stream := range p.streams {
			s.Sent += stream.span.sent()
		}
	}
	if lag.due > 0 {
		s.LateShare, s.LagMax = float64(lag.late)/float64(lag.due), lag.max
	}
	all, pictures := &histogram{}, &histogram{}
	if g.again > 0 {
		g.countLegs(s)
	}
	for _, r := range g.readers {
		all.merge(r.audio)
		pictures.merge(r.pictures)
		r.addTo(s, g.spans)
	}
	s.PictureP50, s.PictureP99 = pictures.quantile(0.50), pictures.quantile(0.99)
	all.merge(pictures)
	s.P50, s.P95, s.P99, s.Max = all.quantile(0.50), all.quantile(0.95), all.quantile(0.99), all.max
}

func (r *reader) addTo(s *Sample, spans []*span) {
	s.Foreign += r.foreign
	s.Repeats += r.repeats
	s.Probes += r.probes
	s.UserClock += r.userClock
	for _, in := range r.inboxes {
		s.Expected += in.expected(spans, r.g.again)
		for _, t := range in.tallies[r.g.again:] {
			if t != nil {
				s.Delivered += t.unique
				s.Duplicates += t.duplicates
			}
		}
		if p := in.peer.Load(); p != nil {
			if session := p.session.Load(); session != nil {
				s.Feedback.add(session.voice.count)
			}
		}
	}
}

// countLegs fills in who got what in the two windows.
func (g *generator) countLegs(s *Sample) {
	s.Before, s.After, s.Viewers = &Legs{}, &Legs{}, &Legs{}
	before, after := &histogram{}, &histogram{}
	for _, r := range g.readers {
		before.merge(r.before)
		after.merge(r.after)
		for _, in := range r.inboxes {
			legs := s.After
			if in.views {
				legs = s.Viewers
			} else {
				s.Before.add(in.tallies[:g.again], g.spans)
			}
			legs.add(in.tallies[g.again:], g.spans[g.again:])
		}
	}
	s.Before.P50, s.Before.P99, s.Before.Max = before.quantile(0.50), before.quantile(0.99), before.max
	s.After.P50, s.After.P99, s.After.Max = after.quantile(0.50), after.quantile(0.99), after.max
}

func (l *Legs) add(tallies []*tally, spans []*span) {
	for i, t := range tallies {
		if t != nil {
			l.Expected += spans[i].sent()
			l.Delivered += t.unique
		}
	}
}
