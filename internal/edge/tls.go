// Package edge is what stands between the network and the product's handlers:
// TLS with certificates that change while it runs, addresses as only a trusted
// proxy may tell them, counting of requests, and the answer to "can this process
// serve".
package edge

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// TLSParams names the files of a certificate.
type TLSParams struct {
	Cert string // PEM, the server's certificate first, then those between it and the root
	Key  string // PEM, its private key
	// ClientCA, when set, asks clients for a certificate: PEM of the authorities
	// that may issue them. A client without one is served; a wrong one is refused.
	ClientCA string
	Every    time.Duration // between looks at the files, default 30 s
	Logger   *slog.Logger
}

// TLS is the server's side of TLS with files that may be replaced while it
// runs. Connections in progress keep what they began with.
type TLS struct {
	p       TLSParams
	current atomic.Pointer[loaded]
	mu      sync.Mutex // of reloading
}

type loaded struct {
	config          *tls.Config
	cert, key, pool []byte // as read
	notAfter        time.Time
}

// LoadTLS reads the files; they must be there and fit each other.
func LoadTLS(p TLSParams) (*TLS, error) {
	if p.Every <= 0 {
		p.Every = 30 * time.Second
	}
	t := &TLS{p: p}
	if _, err := t.Reload(); err != nil {
		return nil, err
	}
	return t, nil
}

// Config is for http.Server: TLS 1.2 or newer (RFC 9325 3.1.1), HTTP/2 or
// HTTP/1.1 by ALPN, and always the certificate read last.
func (t *TLS) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		// One *tls.Config for each set of files, so that session tickets hold.
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return t.current.Load().config, nil },
	}
}

// CertificateOnly is for what speaks no HTTP: the certificate read last, no ALPN, and
// no client asked for a certificate, for a browser's media stack has none to show.
func (t *TLS) CertificateOnly() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return &t.current.Load().config.Certificates[0], nil
		},
	}
}

// NotAfter is the end of the certificate's validity.
func (t *TLS) NotAfter() time.Time { return t.current.Load().notAfter }

// ClientCAs are the authorities whose client certificates are taken, as read last;
// nil: clients are asked for none.
func (t *TLS) ClientCAs() *x509.CertPool { return t.current.Load().config.ClientCAs }

// Reload reads the files again and tells whether they differ. On an error the
// certificate in use stays.
func (t *TLS) Reload() (changed bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	next, err := t.read()
	if err != nil {
		return false, err
	}
	if old := t.current.Load(); old != nil && bytes.Equal(old.cert, next.cert) &&
		bytes.Equal(old.key, next.key) && bytes.Equal(old.pool, next.pool) {
		return false, nil
	}
	t.current.Store(next)
	return true, nil
}

func (t *TLS) read() (*loaded, error) {
	l := &loaded{config: &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}}
	var err error
	if l.cert, err = os.ReadFile(t.p.Cert); err != nil {
		return nil, fmt.Errorf("tls-cert: %w", err)
	}
	if l.key, err = os.ReadFile(t.p.Key); err != nil {
		return nil, fmt.Errorf("tls-key: %w", err)
	}
	pair, err := tls.X509KeyPair(l.cert, l.key)
	if err != nil {
		return nil, fmt.Errorf("tls-cert and tls-key: %w", err)
	}
	l.config.Certificates = []tls.Certificate{pair}
	l.notAfter = pair.Leaf.NotAfter // set by X509KeyPair since Go 1.23
	if t.p.ClientCA == "" {
		return l, nil
	}
	if l.pool, err = os.ReadFile(t.p.ClientCA); err != nil {
		return nil, fmt.Errorf("client-ca: %w", err)
	}
	l.config.ClientCAs = x509.NewCertPool()
	if !l.config.ClientCAs.AppendCertsFromPEM(l.pool) {
		return nil, errors.New("client-ca: no certificate in the file")
	}
	l.config.ClientAuth = tls.VerifyClientCertIfGiven
	return l, nil
}

// Watch reads the files again whenever they changed and on every value of
// reload (SIGHUP), until ctx ends.
func (t *TLS) Watch(ctx context.Context, reload <-chan os.Signal) {
	tick := time.NewTicker(t.p.Every)
	defer tick.Stop()
	for {
		asked := false
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-reload:
			asked = true
		}
		switch changed, err := t.Reload(); {
		case err != nil:
			t.p.Logger.Error("TLS files not usable, going on with the certificate read before", "err", err, "until", t.NotAfter())
		case changed:
			t.p.Logger.Info("TLS certificate replaced", "until", t.NotAfter())
		case asked:
			t.p.Logger.Info("TLS files unchanged")
		}
	}
}
