package main

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"time"

	"phientoa/internal/auth"
	"phientoa/signaling"
	"phientoa/signaling/access"
)

// openAccess wires who officials and room devices are. clientCA is a PEM file of
// the authorities whose certificates officials sign in with; empty: none.
func (n *node) openAccess(clientCA string) error {
	p := auth.OfficialsParams{Store: n.store, Auth: n.auth, Demo: n.p.demo, Ender: n.ender(), Origins: n.p.Origins}
	p.Host = passkeyHost(n.p.Origins)
	if clientCA != "" {
		text, err := os.ReadFile(clientCA)
		if err != nil {
			return fmt.Errorf("client-ca: %w", err)
		}
		p.ClientCAs = x509.NewCertPool()
		if !p.ClientCAs.AppendCertsFromPEM(text) {
			return fmt.Errorf("client-ca: no certificate in %s", clientCA)
		}
	}
	if seats, ok := n.store.(auth.SeatLister); ok {
		p.Seats = seats
	}
	if calendar, ok := n.store.(auth.SeatCalendar); ok {
		p.Live = auth.SeatsLive(calendar, n.rooms.Hosts, time.Now)
	}
	var err error
	n.officials, err = auth.NewOfficials(p)
	return err
}

// ender ends the media of seats whose sessions ended.
func (n *node) ender() auth.SeatEnder {
	e, _ := any(n.rooms).(auth.SeatEnder)
	return e
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
	mux.Handle("/", n.server.Handler())
	return mux
}
