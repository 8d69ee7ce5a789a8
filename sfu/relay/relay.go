// Package relay reaches who cannot send UDP to the media sockets: a TURN server
// (RFC 8656) over UDP, TCP and TLS whose only peers are our own media sockets. It
// knows neither hearings nor people; a Pass is what a seat holds, and nothing of a
// relayed peer's media path differs from that of any other.
package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"
	"github.com/prometheus/client_golang/prometheus"
)

// realm of the long-term credentials (RFC 8489 section 9.2).
const realm = "phientoa"

// Params makes a Relay.
type Params struct {
	// Listen are the addresses that answer over UDP and TCP alike; port 0 lets the
	// system choose, one port for both.
	Listen []netip.AddrPort
	// TLS are the TCP addresses that answer over TLS with Config.
	TLS    []netip.AddrPort
	Config *tls.Config
	// Host stands in the addresses that clients get, for TLS the name in the
	// certificate. Empty: the addresses themselves.
	Host string
	// Media are the sockets that may be reached through the relay, and nothing else.
	// Relayed packets come from a port of the same address.
	Media  []netip.AddrPort
	Limits Limits
	Logger *slog.Logger
	// Registerer takes the metrics; nil registers none.
	Registerer prometheus.Registerer
}

// Limits bound what clients can make the relay hold. Zero fields take the default
// given here.
type Limits struct {
	PassAllocations int           // of one pass at a time, default 12; the next is answered 486
	Allocations     int           // of all passes, default 4000; the next is answered 508
	UplinkBitrate   int           // bits per second of one allocation towards the media sockets, default 12 000 000
	Streams         int           // TCP and TLS connections, default 4096; the next is closed
	AddressStreams  int           // of one address, default 256 (one address may be a whole building)
	Handshakes      int           // TLS handshakes under way, default 128
	Idle            time.Duration // a connection may be without an allocation, TLS handshake included, default 10 s
	UnknownRate     int           // answers a second to UDP requests without a valid pass, of one network (/24, /56) and at once; default 200
}

func (l Limits) withDefaults() Limits {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&l.PassAllocations, 12)
	def(&l.Allocations, 4000)
	def(&l.UplinkBitrate, 12_000_000)
	def(&l.Streams, 4096)
	def(&l.AddressStreams, 256)
	def(&l.Handshakes, 128)
	def(&l.UnknownRate, 200)
	if l.Idle == 0 {
		l.Idle = 10 * time.Second
	}
	return l
}

// allocationLife is the lifetime of an allocation without a refresh; RFC 8656
// section 3.2 names 10 minutes as the default. A pass that ends does not wait for it.
const allocationLife = 10 * time.Minute

// Relay is a running TURN server.
type Relay struct {
	p       Params
	log     *slog.Logger
	media   map[netip.AddrPort]*net.UDPAddr
	own     map[bool]netip.Addr // by "is IPv4": the address of relay sockets
	urls    []string
	count   *counters
	server  *turn.Server
	unknown *strangers
	wg      sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	passes  map[string]*Pass
	legs    int
	streams map[string]*stream // by remote and local address
	perAddr map[netip.Addr]int
}

// New opens the sockets and answers until Close.
func New(p Params) (_ *Relay, err error) {
	p.Limits = p.Limits.withDefaults()
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	r := &Relay{
		p: p, log: p.Logger, media: map[netip.AddrPort]*net.UDPAddr{}, own: map[bool]netip.Addr{}, count: &counters{},
		unknown: newStrangers(p.Limits.UnknownRate),
		passes:  map[string]*Pass{}, streams: map[string]*stream{}, perAddr: map[netip.Addr]int{},
	}
	for _, m := range p.Media {
		if !m.IsValid() || m.Addr().IsUnspecified() || m.Addr().IsMulticast() || m.Addr().Is4In6() {
			return nil, fmt.Errorf("relay: %s is no media socket", m)
		}
		r.media[m] = net.UDPAddrFromAddrPort(m)
		if _, ok := r.own[m.Addr().Is4()]; !ok {
			r.own[m.Addr().Is4()] = m.Addr()
		}
	}
	if len(r.media) == 0 {
		return nil, errors.New("relay: no media sockets")
	}
	if len(p.TLS) > 0 && p.Config == nil {
		return nil, errors.New("relay: TLS without a certificate")
	}
	cfg := turn.ServerConfig{
		Realm: realm, AuthHandler: r.authenticate, QuotaHandler: r.quota, LoggerFactory: quiet(),
		AllocationLifetime: allocationLife, InboundMTU: inboundMTU,
		EventHandler: turn.EventHandler{OnAllocationCreated: r.allocated, OnAllocationDeleted: r.released},
	}
	if err := r.listen(&cfg); err != nil {
		return nil, errors.Join(err, closeAll(cfg))
	}
	if r.server, err = turn.NewServer(cfg); err != nil {
		return nil, errors.Join(fmt.Errorf("relay: %w", err), closeAll(cfg))
	}
	if p.Registerer != nil {
		if err := p.Registerer.Register(&collector{r: r}); err != nil {
			return nil, errors.Join(fmt.Errorf("relay: metrics: %w", err), r.Close())
		}
	}
	return r, nil
}

// listen opens what is listened on and notes the addresses for clients, the one
// that a client fares best with first.
func (r *Relay) listen(cfg *turn.ServerConfig) error {
	var udp, tcp, overTLS []string
	for _, at := range r.p.Listen {
		if at.Addr().IsUnspecified() || at.Addr().IsMulticast() {
			return fmt.Errorf("relay: %s names no address of this machine", at)
		}
		ln, err := listenTCP(at)
		if err != nil {
			return err
		}
		cfg.ListenerConfigs = append(cfg.ListenerConfigs, turn.ListenerConfig{
			Listener: r.serve(ln, nil), RelayAddressGenerator: generator{r}, PermissionHandler: r.mayReach,
		})
		at = addrPort(ln.Addr())
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
		if err != nil {
			return fmt.Errorf("relay: listen on %s: %w", at, err)
		}
		_ = conn.SetReadBuffer(datagramBuffer) // the kernel may give less
		_ = conn.SetWriteBuffer(datagramBuffer)
		cfg.PacketConnConfigs = append(cfg.PacketConnConfigs, turn.PacketConnConfig{
			PacketConn: &datagrams{UDPConn: conn, r: r}, RelayAddressGenerator: generator{r}, PermissionHandler: r.mayReach,
		})
		udp = append(udp, "turn:"+r.hostPort(at)+"?transport=udp")
		tcp = append(tcp, "turn:"+r.hostPort(at)+"?transport=tcp")
	}
	for _, at := range r.p.TLS {
		ln, err := listenTCP(at)
		if err != nil {
			return err
		}
		cfg.ListenerConfigs = append(cfg.ListenerConfigs, turn.ListenerConfig{
			Listener: r.serve(ln, r.p.Config), RelayAddressGenerator: generator{r}, PermissionHandler: r.mayReach,
		})
		overTLS = append(overTLS, "turns:"+r.hostPort(addrPort(ln.Addr()))+"?transport=tcp")
	}
	r.urls = append(append(udp, overTLS...), tcp...)
	return nil
}

func listenTCP(at netip.AddrPort) (net.Listener, error) {
	lc := net.ListenConfig{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}}
	ln, err := lc.Listen(context.Background(), "tcp", at.String())
	if err != nil {
		return nil, fmt.Errorf("relay: listen on %s: %w", at, err)
	}
	return ln, nil
}

func (r *Relay) hostPort(at netip.AddrPort) string {
	if r.p.Host == "" {
		return at.String()
	}
	return net.JoinHostPort(r.p.Host, fmt.Sprint(at.Port()))
}

func addrPort(a net.Addr) netip.AddrPort {
	var ap netip.AddrPort
	switch a := a.(type) {
	case *net.TCPAddr:
		ap = a.AddrPort()
	case *net.UDPAddr:
		ap = a.AddrPort()
	}
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

func closeAll(cfg turn.ServerConfig) error {
	var errs []error
	for _, l := range cfg.ListenerConfigs {
		errs = append(errs, l.Listener.Close())
	}
	for _, c := range cfg.PacketConnConfigs {
		errs = append(errs, c.PacketConn.Close())
	}
	return errors.Join(errs...)
}

// quiet silences Pion: its lines name addresses and credentials.
func quiet() *logging.DefaultLoggerFactory {
	return &logging.DefaultLoggerFactory{
		Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled, ScopeLevels: map[string]logging.LogLevel{},
	}
}

// mayReach is asked about the address of a peer, whose port the guard and the
// relay socket look at.
func (r *Relay) mayReach(_ net.Addr, ip net.IP) bool {
	addr, _ := netip.AddrFromSlice(ip)
	for m := range r.media {
		if m.Addr() == addr {
			return true
		}
	}
	return false
}

// Close ends all allocations and connections and waits for our goroutines; passes
// are of no use any more.
func (r *Relay) Close() error {
	r.mu.Lock()
	r.closed = true
	passes := make([]*Pass, 0, len(r.passes))
	for _, p := range r.passes {
		passes = append(passes, p)
	}
	streams := make([]*stream, 0, len(r.streams))
	for _, s := range r.streams {
		streams = append(streams, s)
	}
	r.mu.Unlock()
	err := r.server.Close()
	for _, p := range passes {
		p.Revoke()
	}
	for _, s := range streams {
		_ = s.Close()
	}
	r.wg.Wait()
	return err //nolint:wrapcheck // of sockets of ours
}
