package main

import (
	"context"
	"fmt"

	"phientoa/internal/edge"
	"phientoa/sfu/relay"
	"phientoa/signaling"
)

// openRelay opens the relay beside the media sockets, where one is set.
func (n *node) openRelay(context.Context) error {
	plain, overTLS := n.p.RelayAddrs()
	if len(plain) == 0 {
		return nil
	}
	p := relay.Params{
		Listen: plain, TLS: overTLS, Host: n.p.RelayHost, Media: n.engine.MediaAddrs(),
		Logger: n.logger, Registerer: n.registry,
	}
	cert := n.tls
	if n.p.RelayCert != "" {
		var err error
		n.relayTLS, err = edge.LoadTLS(edge.TLSParams{Cert: n.p.RelayCert, Key: n.p.RelayKey, Logger: n.logger})
		if err != nil {
			return fmt.Errorf("relay: %w", err)
		}
		cert = n.relayTLS
	}
	if cert != nil {
		p.Config = cert.CertificateOnly()
	}
	r, err := relay.New(p)
	if err != nil {
		return err
	}
	n.relay = r
	n.onClose(func() {
		if err := r.Close(); err != nil {
			n.logger.Warn("relay not closed in order", "err", err)
		}
	})
	return nil
}

// relayPasses gives seats their passes; nil: there is no relay.
func (n *node) relayPasses() func() (signaling.RelayPass, error) {
	if n.relay == nil {
		return nil
	}
	return func() (signaling.RelayPass, error) { return n.relay.Issue() }
}
