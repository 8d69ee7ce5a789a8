package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"phientoa/internal/config"
	"phientoa/sfu"
)

type serveCmd struct {
	config.Config
}

func (c *serveCmd) Run(ctx context.Context, s streams) error {
	if err := c.CheckServe(); err != nil {
		return err
	}
	sfu.TuneRuntime()
	n, err := openNode(ctx, nodeParams{Config: c.Config, demo: false, logOut: s.err})
	if err != nil {
		return err
	}
	scheme := "http://"
	if n.tls != nil {
		scheme = "https://"
	}
	h := n.proxies.Guard(n.handler())
	return n.serve(ctx, h, func() { fmt.Fprintln(s.out, scheme+n.listener.Addr().String()) })
}

// adminRoutes are metrics and health, for the admin listener and the page of a
// demonstration on this machine.
func (n *node) adminRoutes(mux *http.ServeMux) {
	mux.Handle("GET /metrics", n.metrics())
	n.health.Register(mux)
}

func (n *node) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(n.logger.Handler(), slog.LevelDebug),
	}
}

// serve runs until ctx ends, then stops in order. ready is called once requests
// are answered.
func (n *node) serve(ctx context.Context, h http.Handler, ready func()) error {
	defer n.close()
	hup := make(chan os.Signal, 1)
	if !n.p.demo { // a demonstration ends with its terminal
		// Before anything answers: a reload asked for in the first moment ends nothing.
		signal.Notify(hup, syscall.SIGHUP)
		defer signal.Stop(hup)
	}
	failed := make(chan error, 2) // each server ends once
	public := n.httpServer(n.requests.Count(h))
	servers := []*http.Server{public}
	if n.tls != nil {
		public.TLSConfig = n.tls.Config()
		go func() { failed <- public.ServeTLS(n.listener, "", "") }()
	} else {
		go func() { failed <- public.Serve(n.listener) }()
	}
	if n.admin != nil {
		mux := http.NewServeMux()
		n.adminRoutes(mux)
		admin := n.httpServer(mux)
		servers = append(servers, admin)
		go func() { failed <- admin.Serve(n.admin) }()
	}
	ready()
	besideCtx, stopBeside := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { n.rooms.Resume(besideCtx) })
	beside.Go(func() { n.sealer.Run(besideCtx) })
	beside.Go(func() { n.vault.Run(besideCtx) })
	beside.Go(func() { n.supplements.Run(besideCtx) })
	beside.Go(func() { n.runStorage(besideCtx) })
	beside.Go(func() { n.renders.Run(besideCtx) })
	beside.Go(func() { n.excerpts.Run(besideCtx) })
	beside.Go(func() {
		// The log outlives the watchers, whose ends it has to write.
		logCtx, stopLog := context.WithCancel(context.WithoutCancel(besideCtx))
		logged := make(chan struct{})
		go func() { defer close(logged); n.watchlog.Run(logCtx) }()
		n.watchers.Run(besideCtx)
		stopLog()
		<-logged
	})
	beside.Go(func() { n.nodewatch.Run(besideCtx) })
	if n.tls != nil && !n.p.demo {
		beside.Go(func() { n.tls.Watch(besideCtx, hup) })
	}
	if n.relayTLS != nil {
		beside.Go(func() { n.relayTLS.Watch(besideCtx, nil) })
	}
	var err error
	drain := n.p.DrainDelay
	select {
	case <-ctx.Done():
	case err = <-failed:
		n.logger.Error("a server ended by itself", "err", err)
		drain = 0 // nobody can come any more
	}
	stopBeside()
	beside.Wait()
	return errors.Join(err, n.stopInOrder(servers, drain))
}

// stopInOrder says not ready, gives a load balancer time to see it, tells every
// session and suspends every hearing, then ends the servers. It takes no longer
// than the drain delay and the stop timeout together.
func (n *node) stopInOrder(servers []*http.Server, drain time.Duration) error {
	n.health.Stopping()
	n.logger.Info("stopping", "drain", drain.String())
	<-time.After(drain)
	limit := n.p.StopTimeout
	if limit <= 0 {
		limit = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		n.endSessions()
	}()
	select {
	case <-ended:
		n.logger.Info("sessions told, hearings suspended")
	case <-ctx.Done():
		// The evidence is durable up to the last batch, and the next process goes on
		// from there as after a kill. What would wait on is left to the process's end.
		n.undo = nil
		return fmt.Errorf("stop: hearings not suspended within %s", limit)
	}
	var err error
	for _, s := range servers {
		if e := s.Shutdown(ctx); e != nil {
			err = errors.Join(err, fmt.Errorf("stop: %w", e), s.Close())
		}
	}
	return err
}

// endSessions gives clients the reason before their sockets go. Calling it again
// does nothing.
func (n *node) endSessions() {
	n.rooms.Close()
	n.server.Close()
	n.whip.Close()
}

// listen opens a TCP listener. What signaling has to say is a few packets at a time: on
// a line that loses a third of them the kernel's doubled waits would grow to minutes, so
// the accepted connections wait linearly while they are thin (tcp(7)).
func listen(ctx context.Context, what, addr string) (net.Listener, error) {
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) {
			// A kernel without it serves all the same.
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_THIN_LINEAR_TIMEOUTS, 1)
		})
	}}
	lc.SetMultipathTCP(false) // such a socket takes the option and forgets it; no browser speaks it
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return ln, nil
}
