package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sys/unix"

	"phientoa/internal/accesslog"
	"phientoa/internal/archives"
	"phientoa/internal/auth"
	"phientoa/internal/backup"
	"phientoa/internal/config"
	"phientoa/internal/edge"
	"phientoa/internal/logline"
	"phientoa/internal/nodewatch"
	"phientoa/internal/signer"
	"phientoa/internal/store"
	"phientoa/internal/store/open"
	"phientoa/recording/archive"
	"phientoa/recording/excerpt"
	"phientoa/recording/playback"
	"phientoa/recording/register"
	"phientoa/recording/retrieval"
	"phientoa/recording/storage"
	"phientoa/recording/supplement"
	"phientoa/sfu"
	"phientoa/sfu/relay"
	"phientoa/signaling"
	"phientoa/signaling/minutebook"
	"phientoa/signaling/office"
	"phientoa/signaling/oversight"
	"phientoa/signaling/watchlog"
	"phientoa/signaling/whip"
	"phientoa/web"
)

// metaDemonstration marks a database for ever as one of a demonstration or not.
const metaDemonstration = "demonstration"

type nodeParams struct {
	config.Config
	demo   bool
	logOut io.Writer
	// originAllowed decides beside Config.Origins.
	originAllowed func(string) bool
}

// node is one running process: everything wired, nothing hidden.
type node struct {
	p         nodeParams
	logger    *slog.Logger
	lock      *os.File
	store     store.Store
	access    *accesslog.Log
	auth      *auth.Auth
	officials *auth.Officials
	office    *office.Office
	watchers  *oversight.Watchers
	units     *unitScopes
	watchlog  *watchlog.Log
	minutes   *minutebook.Book
	engine    *sfu.Engine
	relay     *relay.Relay // nil: none is set
	relayTLS  *edge.TLS    // nil: the relay has no certificate of its own
	signer    *signer.Client
	child     *signerChild       // nil when the signer is run by somebody else
	register  *register.Register // nil: it could not be opened
	sealer    *archive.Job
	vault     *retrieval.Vault
	archives  *archives.Archives
	mirror    *storage.Mirror // nil: no object store is set
	// supplements are made beside sealed parts.
	supplements *supplement.Job
	renders     *playback.Renders
	excerpts    *excerpt.Jobs
	playback    http.Handler
	rooms       *signaling.Rooms
	server      *signaling.Server
	whip        *whip.Server
	registry    *prometheus.Registry
	requests    *edge.Requests
	health      *edge.Health
	tls         *edge.TLS // nil: a proxy ends it, or nobody but this machine is served
	nodewatch   *nodewatch.Watch
	proxies     edge.Proxies
	listener    net.Listener
	admin       net.Listener // nil: none
	undo        []func()
}

// openNode opens a node down to its listening socket. It fails as a whole.
func openNode(ctx context.Context, p nodeParams) (_ *node, err error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	n := &node{p: p, logger: newLogger(p.Config, p.logOut), registry: prometheus.NewRegistry()}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	n.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, step := range []func(context.Context) error{
		n.openEdge, n.lockDir, n.openStore, n.openSigner, n.openRegister, n.openMedia, n.openRelay, n.openListeners, n.wire,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func newLogger(c config.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // the flag's enum was checked
	return logline.New(w, logline.Options{Level: level, Text: c.LogFormat == "text"})
}

// onClose remembers how to take a step back.
func (n *node) onClose(f func()) { n.undo = append(n.undo, f) }

func (n *node) close() {
	for i := len(n.undo) - 1; i >= 0; i-- {
		n.undo[i]()
	}
	n.undo = nil
}

// lockDir keeps a second process away from the data directory; the system gives
// the lock back however this one ends.
func (n *node) lockDir(context.Context) error {
	if err := os.MkdirAll(n.p.DataDir, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(n.p.DataDir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return errors.Join(fmt.Errorf("data directory %s is used by another process", n.p.DataDir), f.Close())
	}
	n.lock = f
	n.onClose(func() { _ = f.Close() })
	if _, err := os.Lstat(filepath.Join(n.p.DataDir, backup.Marker)); err == nil {
		return fmt.Errorf("data directory %s was restored only half: run phientoa restore again", n.p.DataDir)
	}
	return nil
}

func (n *node) openStore(ctx context.Context) error {
	dsn := n.p.Database
	if dsn == "" {
		dsn = "sqlite:" + filepath.Join(n.p.DataDir, "phientoa.db")
	}
	st, err := open.Open(ctx, dsn)
	if err != nil {
		return err
	}
	n.store = st
	n.onClose(func() {
		if err := st.Close(); err != nil {
			n.logger.Warn("database not closed in order", "err", err)
		}
	})
	return n.markDatabase(ctx)
}

// markDatabase refuses to serve demonstrations as real hearings and real ones as
// a demonstration. A database without a mark gets one now, for ever.
func (n *node) markDatabase(ctx context.Context) error {
	mark := map[bool]string{true: "yes", false: "no"}[n.p.demo]
	err := n.store.SetMetaOnce(ctx, metaDemonstration, mark)
	if !errors.Is(err, store.ErrConflict) {
		return err
	}
	if n.p.demo {
		return errors.New("this database holds real hearings; a demonstration needs a directory of its own")
	}
	return errors.New("this database belongs to a demonstration and is never served as a real one")
}

func (n *node) openSigner(ctx context.Context) error {
	socket := n.p.SignerSocket
	if socket == "" {
		child, err := startSigner(ctx, n.p.DataDir, n.p.Node, n.logger)
		if err != nil {
			return err
		}
		n.child, socket = child, child.socket
		n.onClose(child.stop)
	}
	n.signer = signer.NewClient(socket, 0)
	n.onClose(func() { _ = n.signer.Close() })
	return nil
}

func (n *node) openMedia(context.Context) error {
	e, err := sfu.New(sfu.Params{
		Addrs: n.p.Addrs(), Port: n.p.MediaPort, Loops: n.p.MediaLoops,
		TCP: n.p.MediaTCPPort != 0, TCPPort: n.p.MediaTCPPort,
		Logger: n.logger, Registerer: n.registry,
	})
	if err != nil {
		return fmt.Errorf("media: %w", err)
	}
	n.engine = e
	n.onClose(func() {
		if err := e.Close(); err != nil {
			n.logger.Warn("media not closed in order", "err", err)
		}
	})
	return nil
}

// openEdge reads what faces the network, first: a wrong certificate is told
// before anything is opened.
func (n *node) openEdge(context.Context) error {
	var err error
	if n.proxies, err = edge.ParseProxies(n.p.TrustedProxy); err != nil {
		return err
	}
	n.requests = edge.NewRequests(n.registry)
	if n.p.TLSCert == "" {
		return nil
	}
	n.tls, err = edge.LoadTLS(edge.TLSParams{Cert: n.p.TLSCert, Key: n.p.TLSKey, ClientCA: n.p.ClientCA, Logger: n.logger})
	return err
}

func (n *node) openListeners(ctx context.Context) error {
	ln, err := listen(ctx, "web server", n.p.Listen)
	if err != nil {
		return err
	}
	n.listener = ln
	n.onClose(func() { _ = ln.Close() })
	if n.p.AdminListen == "" {
		return nil
	}
	admin, err := listen(ctx, "admin server", n.p.AdminListen)
	if err != nil {
		return err
	}
	n.admin = admin
	n.onClose(func() { _ = admin.Close() })
	return nil
}

func (n *node) wire(context.Context) error {
	n.sealer = n.newSealer()
	if err := errors.Join(n.openArchives(), n.openStorage()); err != nil {
		return err
	}
	n.openSupplements()
	counts := signaling.NewMetrics(n.registry)
	n.openAccessLog(counts.Noted)
	units, err := openUnits(n.p)
	if err != nil {
		return err
	}
	n.units = units
	n.rooms = signaling.NewRooms(signaling.RoomsParams{
		Store: n.store, Media: signaling.FromEngine(n.engine), Relay: n.relayPasses(),
		Recorder: n.recorder(),
		Node:     n.p.Node, Logger: n.logger, Version: version(), Metrics: counts,
		Info: n.store, Alarms: n.store, Overseers: n.units.overseers,
	})
	n.auth = auth.New(auth.Params{Store: n.store, Demo: n.p.demo, Live: n.rooms.Hosts})
	if err := n.openAccess(); err != nil {
		return err
	}
	var who signaling.Auth = n.auth
	if n.p.demo {
		who = demoAuth{n.auth}
	}
	n.server = signaling.NewServer(signaling.ServerParams{
		Rooms: n.rooms, Auth: who, Origins: n.p.Origins, OriginAllowed: n.p.originAllowed,
		Access: n.access, Static: web.Dist(), Logger: n.logger, Version: version(), Metrics: counts,
		HelpPhone: n.p.HelpPhone,
	})
	n.whip = whip.New(whip.Params{
		Devices: n.officials, Seats: n.server, Alive: n.auth.Alive, Note: n.access.Note, Logger: n.logger,
	})
	if err := errors.Join(n.openExcerpts(), n.openOffice()); err != nil {
		return err
	}
	if err := errors.Join(n.openMinutes(), n.openPlayback()); err != nil {
		return err
	}
	n.nodewatch = n.newNodewatch()
	n.observe()
	n.health = edge.NewHealth(version(), n.checks()...)
	n.onClose(n.endSessions)
	return nil
}

// openAccessLog starts the one writer of the court's access log; it ends after all
// who note something.
func (n *node) openAccessLog(noted func(string)) {
	n.access = accesslog.New(accesslog.Params{Store: n.store, Logger: n.logger, Noted: noted})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.access.Run(ctx)
	}()
	n.onClose(func() { stop(); <-done })
}

func (n *node) evidenceDir() string { return filepath.Join(n.p.DataDir, "evidence") }
