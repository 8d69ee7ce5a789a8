package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"phientoa/cmd/verifycli"
	"phientoa/internal/lgsp"
)

// maxLGSPToken bounds the bearer token in bytes.
const maxLGSPToken = 4096

// openLGSP starts what sends reports to the data-sharing platform; wake has it look at
// once, and is nil where no platform is set.
func (n *node) openLGSP() (wake func(), err error) {
	if n.p.LGSPURL == "" {
		return nil, nil
	}
	p := lgsp.HTTPParams{URL: n.p.LGSPURL}
	if p.Roots, err = verifycli.Roots(n.p.LGSPCA); err != nil {
		return nil, fmt.Errorf("lgsp-ca: %w", err)
	}
	if n.p.LGSPTokenFile != "" {
		text, err := os.ReadFile(n.p.LGSPTokenFile)
		if err != nil {
			return nil, fmt.Errorf("lgsp-token-file: %w", err)
		}
		p.Token = strings.TrimSpace(string(text))
		if p.Token == "" || len(p.Token) > maxLGSPToken || strings.ContainsAny(p.Token, " \t\r\n") {
			return nil, errors.New("lgsp-token-file: want one token")
		}
	}
	if n.p.LGSPCert != "" {
		pair, err := tls.LoadX509KeyPair(n.p.LGSPCert, n.p.LGSPKey)
		if err != nil {
			return nil, fmt.Errorf("lgsp-cert: %w", err)
		}
		p.Certificate = &pair
	}
	sender, err := lgsp.NewHTTP(p)
	if err != nil {
		return nil, err
	}
	o := lgsp.NewOutbox(lgsp.OutboxParams{Store: n.store, Sender: sender, Note: n.access.Note, Now: time.Now, Logger: n.logger})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		o.Run(ctx)
	}()
	n.onClose(func() { stop(); <-done })
	return o.Wake, nil
}
