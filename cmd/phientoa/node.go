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
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sys/unix"

	"phientoa/internal/auth"
	"phientoa/internal/config"
	"phientoa/internal/signer"
	"phientoa/internal/store"
	"phientoa/internal/store/open"
	"phientoa/sfu"
	"phientoa/signaling"
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
	auth      *auth.Auth
	officials *auth.Officials
	engine    *sfu.Engine
	signer    *signer.Client
	child     *signerChild // nil when the signer is run by somebody else
	rooms     *signaling.Rooms
	server    *signaling.Server
	registry  *prometheus.Registry
	listener  net.Listener
	admin     net.Listener // nil: none
	undo      []func()
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
		n.lockDir, n.openStore, n.openSigner, n.openMedia, n.openListeners, n.wire,
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
	opts := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(w, opts))
	}
	return slog.New(slog.NewJSONHandler(w, opts))
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

func (n *node) openListeners(ctx context.Context) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", n.p.Listen)
	if err != nil {
		return fmt.Errorf("web server: %w", err)
	}
	n.listener = ln
	n.onClose(func() { _ = ln.Close() })
	if n.p.AdminListen == "" {
		return nil
	}
	if n.admin, err = lc.Listen(ctx, "tcp", n.p.AdminListen); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	n.onClose(func() { _ = n.admin.Close() })
	return nil
}

func (n *node) wire(context.Context) error {
	n.rooms = signaling.NewRooms(signaling.RoomsParams{
		Store: n.store, Media: signaling.FromEngine(n.engine),
		Recorder: &recorder{dir: n.evidenceDir(), node: n.p.Node, signer: n.signer, logger: n.logger},
		Node:     n.p.Node, Logger: n.logger, Version: version(),
	})
	n.auth = auth.New(auth.Params{Store: n.store, Demo: n.p.demo, Live: n.rooms.Hosts})
	if err := n.openAccess(""); err != nil {
		return err
	}
	var who signaling.Auth = n.auth
	if n.p.demo {
		who = demoAuth{n.auth}
	}
	n.server = signaling.NewServer(signaling.ServerParams{
		Rooms: n.rooms, Auth: who, Origins: n.p.Origins, OriginAllowed: n.p.originAllowed,
		Access: n.store, Static: web.Dist(), Logger: n.logger, Version: version(), Ready: n.store.Ping,
	})
	n.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "phientoa_session_panics_total", Help: "Sessions that a defect has ended.",
	}, func() float64 { return float64(n.server.Panics()) }))
	n.onClose(func() {
		n.rooms.Close() // clients have the reason before their sockets go
		n.server.Close()
	})
	return nil
}

func (n *node) evidenceDir() string { return filepath.Join(n.p.DataDir, "evidence") }

// metrics is the handler of the admin listener.
func (n *node) metrics() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(n.registry, promhttp.HandlerOpts{}))
	return mux
}

// serve runs until ctx ends, then stops in order. ready is called once requests
// are answered.
func (n *node) serve(ctx context.Context, h http.Handler, ready func()) error {
	defer n.close()
	failed := make(chan error, 2)
	start := func(ln net.Listener, h http.Handler) *http.Server {
		srv := &http.Server{
			Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
			IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
			ErrorLog: slog.NewLogLogger(n.logger.Handler(), slog.LevelDebug),
		}
		go func() { failed <- srv.Serve(ln) }()
		return srv
	}
	servers := []*http.Server{start(n.listener, h)}
	if n.admin != nil {
		servers = append(servers, start(n.admin, n.metrics()))
	}
	ready()
	resumeCtx, stopResume := context.WithCancel(ctx)
	resumed := make(chan struct{})
	go func() {
		defer close(resumed)
		n.rooms.Resume(resumeCtx)
	}()
	defer func() { stopResume(); <-resumed }()
	var err error
	left := len(servers)
	select {
	case <-ctx.Done():
		n.logger.Info("stopping")
	case err = <-failed:
		left--
	}
	stopCtx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, s := range servers {
		if e := s.Shutdown(stopCtx); e != nil {
			err = errors.Join(err, e)
		}
	}
	for range left {
		if e := <-failed; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}
