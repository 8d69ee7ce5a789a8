package main

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"

	"phientoa/internal/auth"
	"phientoa/signaling"
	"phientoa/signaling/access"
	"phientoa/signaling/minutebook"
	"phientoa/signaling/whip"
)

// openAccess wires who officials and room devices are.
func (n *node) openAccess() error {
	p := auth.OfficialsParams{
		Store: n.store, Auth: n.auth, Demo: n.p.demo, Ender: n.rooms, Seats: n.store, Calendar: n.store,
		Origins: n.p.Origins, Host: passkeyHost(n.p.Origins),
	}
	if n.tls != nil {
		p.ClientCAs = n.tls.ClientCAs
	}
	var err error
	if n.officials, err = auth.NewOfficials(p); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		auth.WatchRevoked(ctx, auth.WatchParams{Store: n.store, Hearings: n.rooms.Hosted, Ender: n.rooms, Auth: n.auth, Logger: n.logger})
	}()
	n.onClose(func() { stop(); <-done })
	return nil
}

// passkeyHost is the name that passkeys are bound to: that of the first origin. An
// address is none (WebAuthn 5.1.2: a domain).
func passkeyHost(origins []string) string {
	if len(origins) == 0 {
		return ""
	}
	u, err := url.Parse(origins[0])
	if err != nil {
		return ""
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return ""
	}
	return u.Hostname()
}

// handler is everything that clients reach.
func (n *node) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(access.Prefix, access.New(access.Params{
		Officials: n.officials, Logger: n.logger, Note: n.access.Note, Demo: n.p.demo,
	}))
	mux.Handle("/api/v1/", signaling.Secured(n.office.Handler()))
	devices := signaling.Secured(http.NewCrossOriginProtection().Handler(n.whip))
	for _, path := range [...]string{whip.Publish, whip.Play} {
		mux.Handle(path, devices)
		mux.Handle(path+"/", devices)
	}
	for _, pattern := range minutebook.Patterns() {
		mux.Handle(pattern, signaling.Secured(n.minutes))
	}
	for _, pattern := range playbackPatterns() {
		mux.Handle(pattern, n.playback)
	}
	mux.Handle("/", n.server.Handler())
	return mux
}
