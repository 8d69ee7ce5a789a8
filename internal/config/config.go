// Package config is the one place where a setting of the server stands with its
// name, its default and its meaning. docs/configuration.md is generated from it.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"phientoa/internal/edge"
	"phientoa/internal/revocation"
)

// Config is everything that an operator may set. Each field is a flag (the name
// in kebab case) and an environment variable. Tags are read by kong and by Page.
type Config struct {
	Listen          string        `name:"listen" env:"PHIENTOA_LISTEN" default:"127.0.0.1:8080" help:"Address of the web server. Without tls-cert it serves this machine and trusted proxies only."`
	TLSCert         string        `name:"tls-cert" env:"PHIENTOA_TLS_CERT" default:"" help:"PEM file of the web server's certificate, with those between it and the root. Read again when it changes and on SIGHUP."`
	TLSKey          string        `name:"tls-key" env:"PHIENTOA_TLS_KEY" default:"" help:"PEM file of its private key."`
	ClientCA        string        `name:"client-ca" env:"PHIENTOA_CLIENT_CA" default:"" help:"PEM file of the authorities whose client certificates are taken; asks clients for one, and serves those without. Needs tls-cert."`
	TrustedProxy    []string      `name:"trusted-proxy" env:"PHIENTOA_TRUSTED_PROXIES" help:"Addresses or prefixes of the reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. Comma separated."`
	AdminListen     string        `name:"admin-listen" env:"PHIENTOA_ADMIN_LISTEN" default:"127.0.0.1:9090" help:"Address of /metrics, /healthz and /readyz. Never reachable from outside; empty: none."`
	DataDir         string        `name:"data-dir" env:"PHIENTOA_DATA_DIR" default:"data" help:"Directory of the embedded database, the evidence and the local certificate authority. One process uses it at a time."`
	EvidenceReplica string        `name:"evidence-replica" env:"PHIENTOA_EVIDENCE_REPLICA" default:"" help:"Directory of whole copies of sealed files (HEARING/part-NNNN.asice, or as they lie in the object store, decrypted: HEARING/part-NNNN/SHA256.asice), from which a damaged one is repaired at an official's word. Only read. Empty: replica in the data directory."`
	EvidenceSecond  string        `name:"evidence-second" env:"PHIENTOA_EVIDENCE_SECOND" default:"" help:"Directory on another disk in which a recording goes on when the disk of data-dir is full or fails; empty: none. backup takes it along when it is named there too."`
	EvidenceMirror  bool          `name:"evidence-mirror" env:"PHIENTOA_EVIDENCE_MIRROR" default:"false" help:"Every part is written to data-dir and evidence-second at once; when the one fails the other goes on without a gap. Takes the space on both, and needs evidence-second."`
	Database        string        `name:"database" env:"PHIENTOA_DATABASE" default:"" help:"sqlite:/path/file.db or postgres://… ; empty: phientoa.db in the data directory."`
	Node            string        `name:"node" env:"PHIENTOA_NODE" default:"node1" help:"Name of this process among the nodes of the installation: 1 to 64 of a-z, 0-9, '-', '.'. Two processes never share one."`
	Origins         []string      `name:"origin" env:"PHIENTOA_ORIGINS" help:"Origins of the pages that may open a WebSocket, for instance https://phientoa.example; the first stands in invitations. Exact, comma separated. Needed."`
	MediaAddress    []string      `name:"media-address" env:"PHIENTOA_MEDIA_ADDRESS" default:"127.0.0.1" help:"IP addresses that clients send media to."`
	MediaPort       uint16        `name:"media-port" env:"PHIENTOA_MEDIA_PORT" default:"7000" help:"UDP port of the first media loop; loop i uses the i-th port behind it."`
	MediaTCPPort    uint16        `name:"media-tcp-port" env:"PHIENTOA_MEDIA_TCP_PORT" default:"0" help:"TCP port of the first media loop, for networks that let no UDP through (ICE-TCP); loop i uses the i-th port behind it. Not the same as media-port. 0: none."`
	MediaLoops      int           `name:"media-loops" env:"PHIENTOA_MEDIA_LOOPS" default:"0" help:"Number of media loops; 0: one per processor."`
	RelayPort       uint16        `name:"relay-port" env:"PHIENTOA_RELAY_PORT" default:"0" help:"UDP and TCP port, on every media address, of the relay (TURN) for networks that let no UDP through to the media ports; 3478 is usual. 0: none."`
	RelayTLS        []string      `name:"relay-tls" env:"PHIENTOA_RELAY_TLS" help:"IP addresses with port of the relay over TLS; with port 443 the strictest networks let it through. None of them is an address of the web server. Comma separated; needs relay-port and a certificate."`
	RelayHost       string        `name:"relay-host" env:"PHIENTOA_RELAY_HOST" default:"" help:"Name of the relay that browsers are given, for relay-tls one that stands in the certificate; empty: its addresses."`
	RelayCert       string        `name:"relay-cert" env:"PHIENTOA_RELAY_CERT" default:"" help:"PEM file of the certificate for relay-tls, read again when it changes; empty: tls-cert."`
	RelayKey        string        `name:"relay-key" env:"PHIENTOA_RELAY_KEY" default:"" help:"PEM file of its private key."`
	SignerSocket    string        `name:"signer-socket" env:"PHIENTOA_SIGNER_SOCKET" default:"" help:"Unix socket of the signer process; empty: the server starts one as its child."`
	TimestampURL    string        `name:"timestamp-url" env:"PHIENTOA_TIMESTAMP_URL" default:"" help:"http or https address of the RFC 3161 authority that stamps sealed parts; it sees a hash alone. Empty: the signer's own authority, which is not independent."`
	RevocationList  []string      `name:"revocation-list" env:"PHIENTOA_REVOCATION_LISTS" help:"Files and http(s) addresses of the revocation lists (CRL) of the authorities of the court's seal and of timestamps, put into every sealed part. The list of the node's own authority is always there. Comma separated."`
	PersonalCA      string        `name:"personal-ca" env:"PHIENTOA_PERSONAL_CA" default:"" help:"PEM file of the authorities whose certificates sign for a person (the presiding judge and the clerk under the minutes). Empty: signed minutes are not taken."`
	CourtCA         string        `name:"court-ca" env:"PHIENTOA_COURT_CA" default:"" help:"PEM file of the authorities of the court's own seal (court.pem), beside this installation's: verification on demand then knows who signed. Empty: the court's seal counts as of an unknown signer, unless this installation's authority made its certificate."`
	UnitTree        string        `name:"unit-tree" env:"PHIENTOA_UNIT_TREE" default:"" help:"CSV or JSON file of the courts and procuracies, with dates, successors and which procuracy practises at which court: whose hearings a procuracy may follow. Read at the start. Empty: nobody follows anything."`
	S3Endpoint      string        `name:"s3-endpoint" env:"PHIENTOA_S3_ENDPOINT" default:"" help:"https address of an S3 server that takes a locked, encrypted copy of every sealed part; http on this machine alone. Empty: the files in the data directory are the only ones."`
	S3Bucket        string        `name:"s3-bucket" env:"PHIENTOA_S3_BUCKET" default:"" help:"Its bucket, made with object lock. At the start and every day a locked probe is put there and tried to be deleted; only where that fails is it called write-once."`
	S3Region        string        `name:"s3-region" env:"PHIENTOA_S3_REGION" default:"" help:"Its region; empty: asked of the server."`
	S3KeyFile       string        `name:"s3-key-file" env:"PHIENTOA_S3_KEY_FILE" default:"" help:"File with the access key on its first line and the secret key on its second."`
	S3CA            string        `name:"s3-ca" env:"PHIENTOA_S3_CA" default:"" help:"PEM file of the authorities of its certificate; empty: those of the system."`
	S3RetainDays    int           `name:"s3-retain-days" env:"PHIENTOA_S3_RETAIN_DAYS" default:"0" help:"Days that a copy is locked from its storing on, 1 to 36500. Nobody can shorten it afterwards, whatever it costs; it has no default."`
	S3Recipient     []string      `name:"s3-recipient" env:"PHIENTOA_S3_RECIPIENTS" help:"Public keys (age1…) whose secret keys open the copies: the court's and the one in escrow, at least two. Comma separated."`
	LGSPURL         string        `name:"lgsp-url" env:"PHIENTOA_LGSP_URL" default:"" help:"https address at which the state's data-sharing platform (LGSP) takes reports of a procuracy's oversight; http on this machine alone. Empty: the platform is not connected, and the screens say so."`
	LGSPTokenFile   string        `name:"lgsp-token-file" env:"PHIENTOA_LGSP_TOKEN_FILE" default:"" help:"File with the bearer token for it. With lgsp-url, this or lgsp-cert is needed."`
	LGSPCert        string        `name:"lgsp-cert" env:"PHIENTOA_LGSP_CERT" default:"" help:"PEM file of the certificate by which this server shows itself to it (mutual TLS)."`
	LGSPKey         string        `name:"lgsp-key" env:"PHIENTOA_LGSP_KEY" default:"" help:"PEM file of its private key."`
	LGSPCA          string        `name:"lgsp-ca" env:"PHIENTOA_LGSP_CA" default:"" help:"PEM file of the authorities of the platform's certificate; empty: those of the system."`
	RenderRate      int           `name:"render-rate" env:"PHIENTOA_RENDER_RATE" default:"32" help:"MiB a second that the making of MP4s, and that of excerpts, reads of sealed files at most, 1 to 4096, so that recordings on the same disk do not feel it; 0: no limit. One is made at a time, behind everything else on the processor."`
	DiskAlarm       int           `name:"disk-alarm" env:"PHIENTOA_DISK_ALARM" default:"20" help:"GiB: the operators get an alarm when a disk of recordings or of the data directory takes less than that, 0 to 1048576; again once it had a quarter more. 0: no alarm."`
	DrainDelay      time.Duration `name:"drain-delay" env:"PHIENTOA_DRAIN_DELAY" default:"0s" help:"Between saying not ready and stopping, so that a load balancer sees it: 0 to 5m."`
	StopTimeout     time.Duration `name:"stop-timeout" env:"PHIENTOA_STOP_TIMEOUT" default:"30s" help:"The longest an orderly stop takes after drain-delay: 1s to 10m. Hearings are suspended, not ended."`
	HelpPhone       string        `name:"help-phone" env:"PHIENTOA_HELP_PHONE" default:"" help:"Telephone number for technical help, shown to everybody on the screens that a lost connection leaves: 3 to 30 of digits, spaces and + - . ( ). Empty: none is shown."`
	LogLevel        string        `name:"log-level" env:"PHIENTOA_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"Least level of log lines: debug, info, warn or error."`
	LogFormat       string        `name:"log-format" env:"PHIENTOA_LOG_FORMAT" default:"json" enum:"json,text" help:"Form of log lines on standard error: json or text."`
}

// Check names the first setting that cannot be.
func (c Config) Check() error {
	if len(c.MediaAddress) == 0 {
		return errors.New("media-address: at least one address")
	}
	if c.EvidenceMirror && c.EvidenceSecond == "" {
		return errors.New("evidence-mirror: needs evidence-second")
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
	if !phone(c.HelpPhone) {
		return fmt.Errorf("help-phone %q: 3 to 30 of digits, spaces and + - . ( )", c.HelpPhone)
	}
	if c.TimestampURL != "" {
		u, err := url.Parse(c.TimestampURL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
			return errors.New("timestamp-url: want http://… or https://… without a password")
		}
	}
	for _, place := range c.RevocationList {
		if u, err := url.Parse(place); revocation.Address(place) && (err != nil || u.Host == "" || u.User != nil) {
			return errors.New("revocation-list: want a file, or http://… or https://… without a password")
		}
	}
	if c.RenderRate < 0 || c.RenderRate > 4096 {
		return errors.New("render-rate: 0 to 4096 MiB a second")
	}
	return errors.Join(c.checkS3(), c.checkLGSP(), c.checkEdge(), c.checkRelay())
}

// checkS3 looks at what copies in an object store need.
func (c Config) checkS3() error {
	if c.S3Endpoint == "" {
		if c.S3Bucket != "" || c.S3KeyFile != "" || len(c.S3Recipient) > 0 {
			return errors.New("s3-endpoint: missing beside the other s3 settings")
		}
		return nil
	}
	u, err := url.Parse(c.S3Endpoint)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		return errors.New("s3-endpoint: want https://name or https://name:port")
	case u.Scheme == "http" && !local(u.Hostname()):
		return errors.New("s3-endpoint: http on this machine alone")
	case c.S3Bucket == "" || c.S3KeyFile == "":
		return errors.New("s3-endpoint: needs s3-bucket and s3-key-file")
	case c.S3RetainDays < 1 || c.S3RetainDays > 36500:
		return errors.New("s3-retain-days: 1 to 36500; a lock cannot be shortened, so it has no default")
	case distinct(c.S3Recipient) < 2:
		return errors.New("s3-recipient: two different keys or more, the court's and the one in escrow: with one, its loss would be the loss of every copy")
	}
	return nil
}

// checkLGSP looks at what sending reports to the data-sharing platform needs.
func (c Config) checkLGSP() error {
	if c.LGSPURL == "" {
		if c.LGSPTokenFile != "" || c.LGSPCert != "" || c.LGSPKey != "" || c.LGSPCA != "" {
			return errors.New("lgsp-url: missing beside the other lgsp settings")
		}
		return nil
	}
	u, err := url.Parse(c.LGSPURL)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil:
		return errors.New("lgsp-url: want https://… without a password")
	case u.Scheme == "http" && !local(u.Hostname()):
		return errors.New("lgsp-url: http on this machine alone")
	case (c.LGSPCert == "") != (c.LGSPKey == ""):
		return errors.New("lgsp-cert and lgsp-key: both or none")
	case c.LGSPCert == "" && c.LGSPTokenFile == "":
		return errors.New("lgsp-url: needs lgsp-token-file or lgsp-cert")
	}
	return nil
}

func distinct(list []string) int {
	seen := map[string]bool{}
	for _, s := range list {
		seen[strings.TrimSpace(s)] = true
	}
	return len(seen)
}

// CheckServe is Check of a court's server, whose pages have an address: without one
// no page may open a WebSocket, and invitations would name none, so that nobody
// could join a hearing.
func (c Config) CheckServe() error {
	if len(c.Origins) == 0 {
		return errors.New("origin: give the address at which browsers open the pages, for instance --origin https://phientoa.example (or PHIENTOA_ORIGINS); without it nobody can join a hearing")
	}
	return c.Check()
}

// phone tells whether a text is a telephone number that can be read aloud and
// dialled; empty: there is none.
func phone(s string) bool {
	if s == "" {
		return true
	}
	digits := 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune(" +-.()", r):
			return false
		}
	}
	return digits >= 3 && len(s) <= 30 && strings.TrimSpace(s) == s
}

// checkEdge looks at what the web server needs towards the network.
func (c Config) checkEdge() error {
	switch {
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errors.New("tls-cert and tls-key: both or none")
	case c.ClientCA != "" && c.TLSCert == "":
		return errors.New("client-ca: needs tls-cert; behind a proxy the proxy asks for certificates")
	case c.DiskAlarm < 0 || c.DiskAlarm > 1<<20:
		return errors.New("disk-alarm: 0 to 1048576 (GiB)")
	case c.DrainDelay < 0 || c.DrainDelay > 5*time.Minute:
		return errors.New("drain-delay: 0 to 5m")
	case c.StopTimeout < 0 || c.StopTimeout > 10*time.Minute:
		return errors.New("stop-timeout: 1s to 10m")
	}
	if _, err := edge.ParseProxies(c.TrustedProxy); err != nil {
		return err
	}
	// Cookies and invitations in clear over a network: never by mistake.
	if c.TLSCert == "" && len(c.TrustedProxy) == 0 && !c.loopback() {
		return fmt.Errorf("listen %s: in clear only on this machine; give tls-cert and tls-key, or trusted-proxy", c.Listen)
	}
	return nil
}

// checkRelay looks at what the ways beside UDP need.
func (c Config) checkRelay() error {
	for _, a := range c.RelayTLS {
		if at, err := netip.ParseAddrPort(a); err != nil || at.Addr().IsUnspecified() {
			return fmt.Errorf("relay-tls %q: want address:port of this machine", a)
		}
	}
	switch {
	case c.MediaTCPPort != 0 && c.MediaTCPPort == c.MediaPort:
		return errors.New("media-tcp-port: want another number than media-port")
	case c.MediaTCPPort != 0 && c.MediaTCPPort == c.RelayPort:
		return errors.New("media-tcp-port: want another number than relay-port")
	case len(c.RelayTLS) > 0 && c.RelayPort == 0:
		return errors.New("relay-tls: needs relay-port")
	case len(c.RelayTLS) > 0 && c.RelayCert == "" && c.TLSCert == "":
		return errors.New("relay-tls: needs relay-cert or tls-cert")
	case (c.RelayCert == "") != (c.RelayKey == ""):
		return errors.New("relay-cert and relay-key: both or none")
	case strings.ContainsAny(c.RelayHost, "/:? @#") || len(c.RelayHost) > 253:
		return fmt.Errorf("relay-host %q: want a name alone", c.RelayHost)
	}
	return nil
}

// RelayAddrs are where the relay of a checked Config answers: in clear, and over TLS.
func (c Config) RelayAddrs() (plain, overTLS []netip.AddrPort) {
	if c.RelayPort == 0 {
		return nil, nil
	}
	for _, a := range c.Addrs() {
		plain = append(plain, netip.AddrPortFrom(a, c.RelayPort))
	}
	for _, a := range c.RelayTLS {
		if at, err := netip.ParseAddrPort(a); err == nil {
			overTLS = append(overTLS, at)
		}
	}
	return plain, overTLS
}

// loopback tells whether the web server can be reached from this machine alone.
func (c Config) loopback() bool {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return false
	}
	return local(host)
}

// local tells whether a host is this machine, by its name alone.
func local(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
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
