package relay

import (
	"bufio"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// unsentBytes may wait in the kernel behind a slow client (TCP_NOTSENT_LOWAT):
	// speech that lies there a second is of no use to anybody.
	unsentBytes = 32 << 10
	// unanswered data end the connection (TCP_USER_TIMEOUT, RFC 5482).
	unanswered = 15 * time.Second
)

// listener hands Pion connections that speak: limits are looked at and TLS is up.
type listener struct {
	net.Listener
	r     *Relay
	cfg   *tls.Config   // nil: in clear
	slots chan struct{} // handshakes under way
	ready chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (r *Relay) serve(ln net.Listener, cfg *tls.Config) *listener {
	l := &listener{
		Listener: ln, r: r, cfg: cfg, slots: make(chan struct{}, r.p.Limits.Handshakes),
		ready: make(chan net.Conn), done: make(chan struct{}),
	}
	r.wg.Go(l.take)
	return l
}

// Accept implements net.Listener for Pion.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close() //nolint:wrapcheck // ours
}

func (l *listener) take() {
	for {
		c, err := l.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// No descriptors, or the client has gone again: the next may fare better.
			select {
			case <-time.After(50 * time.Millisecond):
				continue
			case <-l.done:
				return
			}
		}
		s := l.r.admit(c)
		if s == nil {
			l.r.count.refused[refusedStreams].Add(1)
			_ = c.Close()
			continue
		}
		if l.cfg == nil {
			l.hand(s)
			continue
		}
		select {
		case l.slots <- struct{}{}:
			l.r.wg.Go(func() { l.handshake(s, tls.Server(c, l.cfg)) })
		default:
			l.r.count.refused[refusedStreams].Add(1)
			_ = s.Close()
		}
	}
}

// handshake brings TLS up; the stream's idle time ends one that takes too long.
func (l *listener) handshake(s *stream, c *tls.Conn) {
	defer l.r.rescue(func() { _ = s.Close() })
	if err := l.shake(c); err != nil {
		_ = s.Close()
		return
	}
	s.over(c)
	l.hand(s)
}

func (l *listener) shake(c *tls.Conn) error {
	defer func() { <-l.slots }()
	return c.Handshake() //nolint:noctx,wrapcheck // closing the connection ends it; told to nobody
}

func (l *listener) hand(s *stream) {
	select {
	case l.ready <- s:
	case <-l.done:
		_ = s.Close()
	}
}

// stream is one TCP or TLS connection of a client. Each Read gives one whole vetted
// message, so that Pion's own framing never sees anything that it could stumble
// over (v5.1.1 turns for ever on a header that says 65516 bytes).
type stream struct {
	net.Conn // TLS or TCP, whichever the client speaks
	tcp      net.Conn
	r        *Relay
	key      string
	from     netip.Addr
	in       *bufio.Reader
	idle     *time.Timer
	once     sync.Once
}

func streamKey(remote, local net.Addr) string { return remote.String() + " " + local.String() }

// admit counts a connection in, or refuses it by nil.
func (r *Relay) admit(c net.Conn) *stream {
	s := &stream{Conn: c, tcp: c, r: r, key: streamKey(c.RemoteAddr(), c.LocalAddr()), from: addrPort(c.RemoteAddr()).Addr()}
	s.in = bufio.NewReaderSize(c, 4096)
	if t, ok := c.(*net.TCPConn); ok {
		tune(t)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || len(r.streams) >= r.p.Limits.Streams || r.perAddr[s.from] >= r.p.Limits.AddressStreams {
		return nil
	}
	r.streams[s.key] = s
	r.perAddr[s.from]++
	s.idle = time.AfterFunc(r.p.Limits.Idle, func() {
		r.count.refused[refusedIdle].Add(1)
		_ = s.Close()
	})
	return s
}

// tune keeps queues short; a kernel that knows an option not goes without.
func tune(t *net.TCPConn) {
	raw, err := t.SyscallConn()
	if err != nil {
		return
	}
	control(raw, unix.TCP_NOTSENT_LOWAT, unsentBytes)
	control(raw, unix.TCP_USER_TIMEOUT, int(unanswered/time.Millisecond))
}

func control(raw syscall.RawConn, option, value int) {
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, option, value)
	})
}

// over goes on inside TLS.
func (s *stream) over(c *tls.Conn) {
	s.Conn = c
	s.in.Reset(c)
}

// Read gives the next message that is for Pion; b must take inboundMTU bytes.
func (s *stream) Read(b []byte) (int, error) {
	for {
		head, err := s.in.Peek(4)
		if err != nil {
			return 0, err //nolint:wrapcheck // Pion ends with it
		}
		size := frameSize(head)
		if size == 0 || size >= inboundMTU || size > len(b) {
			s.r.count.refused[refusedMalformed].Add(1)
			return 0, errForbidden
		}
		frame, err := s.in.Peek(size)
		if err != nil {
			return 0, err //nolint:wrapcheck // as above
		}
		n := copy(b, frame)
		if _, err := s.in.Discard(size); err != nil {
			return 0, err //nolint:wrapcheck // as above
		}
		// Pion waits for nine bytes before it looks at a message; ChannelData of four
		// bytes or fewer is nothing that a media socket takes.
		forPion, reply := s.r.vet(b[:n], netip.Addr{})
		if forPion && n > 8 {
			return n, nil
		}
		if reply != nil {
			if _, err := s.Write(reply); err != nil {
				return 0, err //nolint:wrapcheck // as above
			}
		}
	}
}

// Close ends the connection at once and gives its place back.
func (s *stream) Close() error {
	s.once.Do(func() {
		s.r.mu.Lock()
		s.idle.Stop()
		delete(s.r.streams, s.key)
		if s.r.perAddr[s.from]--; s.r.perAddr[s.from] <= 0 {
			delete(s.r.perAddr, s.from)
		}
		s.r.mu.Unlock()
	})
	// Below TLS: its parting word would wait behind a write that is stuck.
	return s.tcp.Close() //nolint:wrapcheck // ours
}

// allocated and released follow whether a connection serves for anything.
func (r *Relay) allocated(src, dst net.Addr, _, _, _ string, _ net.Addr, _ int) {
	if s := r.stream(src, dst); s != nil {
		s.idle.Stop()
	}
}

func (r *Relay) released(src, dst net.Addr, _, _, _ string) {
	if s := r.stream(src, dst); s != nil {
		s.idle.Reset(r.p.Limits.Idle)
	}
}

func (r *Relay) stream(src, dst net.Addr) *stream {
	if _, ok := src.(*net.TCPAddr); !ok {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.streams[streamKey(src, dst)]
}

// datagrams is the UDP side: each read gives one vetted message.
type datagrams struct {
	*net.UDPConn
	r *Relay
}

// ReadFrom implements net.PacketConn for Pion, whose loop would end with an error.
func (d *datagrams) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := d.ReadFromUDPAddrPort(b)
		if errors.Is(err, net.ErrClosed) {
			return 0, nil, err //nolint:wrapcheck // the end
		}
		if err != nil {
			continue
		}
		forPion, reply := d.r.vet(b[:n], from.Addr())
		if forPion {
			return n, net.UDPAddrFromAddrPort(netip.AddrPortFrom(from.Addr().Unmap(), from.Port())), nil
		}
		if reply != nil {
			_, _ = d.WriteToUDPAddrPort(reply, from)
		}
	}
}
