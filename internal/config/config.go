// Package config is the one place where a setting of the server stands with its
// name, its default and its meaning. docs/configuration.md is generated from it.
package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// Config is everything that an operator may set. Each field is a flag (the name
// in kebab case) and an environment variable. Tags are read by kong and by Page.
type Config struct {
	Listen       string   `name:"listen" env:"PHIENTOA_LISTEN" default:"127.0.0.1:8080" help:"Address of the web server. TLS is ended by a reverse proxy before it."`
	AdminListen  string   `name:"admin-listen" env:"PHIENTOA_ADMIN_LISTEN" default:"127.0.0.1:9090" help:"Address of /metrics. Never reachable from outside; empty: none."`
	DataDir      string   `name:"data-dir" env:"PHIENTOA_DATA_DIR" default:"data" help:"Directory of the embedded database, the evidence and the local certificate authority. One process uses it at a time."`
	Database     string   `name:"database" env:"PHIENTOA_DATABASE" default:"" help:"sqlite:/path/file.db or postgres://… ; empty: phientoa.db in the data directory."`
	Node         string   `name:"node" env:"PHIENTOA_NODE" default:"node1" help:"Name of this process among the nodes of the installation: 1 to 64 of a-z, 0-9, '-', '.'. Two processes never share one."`
	Origins      []string `name:"origin" env:"PHIENTOA_ORIGINS" help:"Origins of the pages that may open a WebSocket, for instance https://phientoa.example. Exact, comma separated."`
	MediaAddress []string `name:"media-address" env:"PHIENTOA_MEDIA_ADDRESS" default:"127.0.0.1" help:"IP addresses that clients send media to."`
	MediaPort    uint16   `name:"media-port" env:"PHIENTOA_MEDIA_PORT" default:"7000" help:"UDP port of the first media loop; loop i uses the i-th port behind it."`
	MediaLoops   int      `name:"media-loops" env:"PHIENTOA_MEDIA_LOOPS" default:"0" help:"Number of media loops; 0: one per processor."`
	SignerSocket string   `name:"signer-socket" env:"PHIENTOA_SIGNER_SOCKET" default:"" help:"Unix socket of the signer process; empty: the server starts one as its child."`
	LogLevel     string   `name:"log-level" env:"PHIENTOA_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"Least level of log lines: debug, info, warn or error."`
	LogFormat    string   `name:"log-format" env:"PHIENTOA_LOG_FORMAT" default:"json" enum:"json,text" help:"Form of log lines on standard error: json or text."`
}

// Check names the first setting that cannot be.
func (c Config) Check() error {
	if len(c.MediaAddress) == 0 {
		return errors.New("media-address: at least one address")
	}
	for _, a := range c.MediaAddress {
		if _, err := netip.ParseAddr(a); err != nil {
			return fmt.Errorf("media-address: %w", err)
		}
	}
	for _, o := range c.Origins {
		u, err := url.Parse(o)
		if err != nil || u.Scheme == "" || u.Host == "" || strings.TrimSuffix(o, "/") != u.Scheme+"://"+u.Host || strings.HasSuffix(o, "/") {
			return fmt.Errorf("origin %q: want scheme://name or scheme://name:port", o)
		}
	}
	return nil
}

// Addrs are the parsed media addresses of a checked Config.
func (c Config) Addrs() []netip.Addr {
	var out []netip.Addr
	for _, a := range c.MediaAddress {
		if ip, err := netip.ParseAddr(a); err == nil {
			out = append(out, ip)
		}
	}
	return out
}
