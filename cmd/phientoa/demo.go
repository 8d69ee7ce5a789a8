package main

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"phientoa/internal/config"
	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/sfu"
	"phientoa/signaling"
)

// demoCmd shows the product on one machine. It binds to loopback alone.
type demoCmd struct {
	DataDir      string   `name:"data-dir" default:"data/demo" help:"Directory of the demonstration."`
	Port         uint16   `default:"8080" help:"Port of the web server on 127.0.0.1."`
	MediaPort    uint16   `name:"media-port" default:"7000" help:"First UDP port of media."`
	MediaAddress string   `name:"media-address" default:"127.0.0.1" help:"Address that media is sent to."`
	MediaLoops   int      `name:"media-loops" default:"0" help:"Media loops; 0: one per processor."`
	RelayPort    uint16   `name:"relay-port" default:"7100" help:"UDP and TCP port of the relay for networks that let no UDP through; 0: none."`
	RelayTLS     []string `name:"relay-tls" hidden:"" help:"Addresses of the relay over TLS, for trials."`
	RelayCert    string   `name:"relay-cert" hidden:"" help:"Its certificate."`
	RelayKey     string   `name:"relay-key" hidden:"" help:"Its private key."`
	Database     string   `default:"" help:"Address of a database instead of SQLite in the data directory."`
	Points       int      `default:"0" help:"Simulated connection points that join by themselves, at most 12."`
	Fresh        bool     `help:"Begin with a new hearing."`
	Case         string   `default:"criminal" enum:"criminal,civil,plain" help:"Kind of a new hearing: criminal or civil with its order of business, or plain without one."`
	HelpPhone    string   `name:"help-phone" default:"" help:"Telephone number for technical help on the screens; empty: none is shown."`
	PersonalCA   string   `name:"personal-ca" default:"" help:"PEM file of the authorities of personal certificates, to try signed minutes; empty: they are not taken."`
	LGSPURL      string   `name:"lgsp-url" hidden:"" help:"Address of a data-sharing platform on this machine, for trials."`
	LGSPToken    string   `name:"lgsp-token-file" hidden:"" help:"File with its token."`
	LogLevel     string   `name:"log-level" default:"warn" enum:"debug,info,warn,error" help:"Least level of log lines."`
}

// maxPoints bounds simulated points: each costs an encoder's worth of packets.
const maxPoints = 12

func (c *demoCmd) Run(ctx context.Context, s streams) error {
	if c.Points < 0 || c.Points > maxPoints {
		return fmt.Errorf("--points: 0 to %d", maxPoints)
	}
	if a, err := netip.ParseAddr(c.MediaAddress); err != nil || a.IsUnspecified() {
		return fmt.Errorf("--media-address: want one IP address")
	}
	port := strconv.Itoa(int(c.Port))
	d := &demo{port: port, points: c.Points, kind: c.Case, wake: make(chan struct{}, 1)}
	cfg := config.Config{
		Listen: "127.0.0.1:" + port, DataDir: c.DataDir, Database: c.Database, Node: "demo",
		MediaAddress: []string{c.MediaAddress}, MediaPort: c.MediaPort, MediaLoops: c.MediaLoops,
		RelayPort: c.RelayPort, RelayTLS: c.RelayTLS, RelayCert: c.RelayCert, RelayKey: c.RelayKey,
		HelpPhone: c.HelpPhone, PersonalCA: c.PersonalCA, LGSPURL: c.LGSPURL, LGSPTokenFile: c.LGSPToken, LogLevel: c.LogLevel, LogFormat: "text",
	}
	sfu.TuneRuntime()
	n, err := openNode(ctx, nodeParams{Config: cfg, demo: true, logOut: s.err, originAllowed: d.originAllowed})
	if err != nil {
		return err
	}
	d.node = n
	err = d.openOffice(ctx)
	if err == nil {
		err = d.choose(ctx, c.Fresh)
	}
	if err != nil {
		n.close()
		return err
	}
	pointsCtx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	err = n.serve(ctx, d.handler(), func() {
		wg.Go(func() { d.runPoints(pointsCtx) })
		fmt.Fprintf(s.out, "Phiên tòa trình diễn: mở địa chỉ dưới đây trong trình duyệt.\nhttp://localhost:%s\n", port)
	})
	stop()
	wg.Wait()
	return err
}

// demo is the demonstration around a node: which hearing is shown.
type demo struct {
	node   *node
	port   string
	points int
	kind   string        // of the next hearing
	wake   chan struct{} // a new hearing was made

	keys demoKeys

	mu      sync.Mutex
	current store.Hearing
}

func (d *demo) hearing() store.Hearing {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.current
}

// choose goes on with the latest hearing of the database or makes the first.
func (d *demo) choose(ctx context.Context, fresh bool) error {
	all, err := d.node.store.Hearings(ctx, court.SystemScope(), 0, math.MaxInt64)
	if err != nil {
		return err
	}
	if fresh || len(all) == 0 {
		return d.create(ctx, d.kind)
	}
	d.mu.Lock()
	d.current = all[len(all)-1]
	d.mu.Unlock()
	// Recovery now, not with the first click: after a crash everything in force
	// is in force again before anybody is let in.
	if _, ref := d.node.rooms.Open(ctx, d.hearing().ID); ref != nil {
		return ref
	}
	return nil
}

// create books a new demonstration hearing and shows it from now on.
func (d *demo) create(ctx context.Context, kind string) error {
	h, names, b, err := demoHearing(kind, time.Now(), d.points)
	if err != nil {
		return err
	}
	if err := signaling.BookHearing(ctx, d.node.store, d.node.p.Node, h, names, b, time.Now()); err != nil {
		return err
	}
	if err := d.seatOfficials(ctx, h); err != nil {
		return err
	}
	d.mu.Lock()
	d.current = h
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
	return nil
}

// invite makes a single-use token for a role or a simulated point.
func (d *demo) invite(ctx context.Context, key string) (string, error) {
	h := d.hearing()
	person := seatID(h.ID, key)
	return d.node.auth.Invite(ctx, court.SystemScope(), h.ID, person, "d-"+person, 5*time.Minute)
}

// originAllowed knows the pages of the demonstration.
func (d *demo) originAllowed(origin string) bool {
	host, ok := strings.CutPrefix(origin, "http://")
	return ok && (d.baseHost(host) || d.roleHost(host))
}

func (d *demo) baseHost(host string) bool {
	return host == "localhost:"+d.port || host == "127.0.0.1:"+d.port
}

func (d *demo) roleHost(host string) bool {
	key, ok := strings.CutSuffix(host, ".localhost:"+d.port)
	return ok && (slices.ContainsFunc(allRoles(), func(r role) bool { return r.key == key }) ||
		slices.ContainsFunc(demoOfficials(), func(o demoOfficial) bool { return o.host == key }))
}
