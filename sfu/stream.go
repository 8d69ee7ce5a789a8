package sfu

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	streamWaiting    = 256              // datagrams of all connections that wait for Pion's mux
	streamUnsent     = 128 << 10        // bytes that the kernel takes and has not sent (TCP_NOTSENT_LOWAT)
	streamBuffer     = 256 << 10        // bytes asked for the kernel's send buffer of a connection
	streamUnanswered = 15 * time.Second // sent and not acknowledged ends a connection (TCP_USER_TIMEOUT, RFC 5482)
	streamIdle       = 30 * time.Second // without a whole frame; clients check consent every 5 s (RFC 7675)
	streamNewcomers  = 64               // of Limits.StreamsUnproved, that one prefix may hold
	streamTells      = 100              // frames a second of one connection that are no media: checks, a handshake
	streamTellBurst  = 64               // and at once
)

// refusal says why a connection was not taken or was ended.
type refusal int

const (
	refusedFull      refusal = iota // Limits.Streams
	refusedPrefix                   // Limits.StreamsPerPrefix
	refusedUnproved                 // Limits.StreamsUnproved, or streamNewcomers of them of one prefix
	refusedLate                     // no authentic check within Limits.StreamTime
	refusedIdle                     // streamIdle
	refusedMalformed                // a frame of no bytes or of more than receiveMTU
	refusals
)

func (r refusal) String() string {
	return [...]string{"full", "prefix", "unproved", "late", "idle", "malformed"}[r]
}

// streams counts the TCP connections of an engine against its limits.
type streams struct {
	limits  Limits
	refused [refusals]atomic.Uint64

	mu       sync.Mutex
	open     int
	unproved int
	prefixes map[netip.Prefix]held
}

// held is what connections one prefix has.
type held struct{ open, unproved int }

func newStreams(l Limits) *streams { return &streams{limits: l, prefixes: map[netip.Prefix]held{}} }

// prefixOf is what one client or one house has: an IPv4 address, a /64 of IPv6.
func prefixOf(a netip.Addr) netip.Prefix {
	bits := 64
	if a = a.Unmap().WithZone(""); a.Is4() {
		bits = 32
	}
	p, _ := a.Prefix(bits) // fails for no address of a connection
	return p
}

// admit counts a connection in, not proved yet.
func (s *streams) admit(prefix netip.Prefix) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	has := s.prefixes[prefix]
	switch l := s.limits; {
	case s.open >= l.Streams:
		s.refused[refusedFull].Add(1)
	case s.unproved >= l.StreamsUnproved, has.unproved >= streamNewcomers:
		s.refused[refusedUnproved].Add(1)
	case has.open >= l.StreamsPerPrefix:
		s.refused[refusedPrefix].Add(1)
	default:
		s.open++
		s.unproved++
		s.prefixes[prefix] = held{has.open + 1, has.unproved + 1}
		return true
	}
	return false
}

func (s *streams) prove(prefix netip.Prefix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unproved--
	has := s.prefixes[prefix]
	has.unproved--
	s.prefixes[prefix] = has
}

func (s *streams) release(prefix netip.Prefix, proved bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	has := s.prefixes[prefix]
	s.open--
	has.open--
	if !proved {
		s.unproved--
		has.unproved--
	}
	if s.prefixes[prefix] = has; has.open == 0 {
		delete(s.prefixes, prefix)
	}
}

func (s *streams) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// streamSocket is a listening TCP socket of a loop (RFC 6544, passive candidates).
// Pion's mux reads and writes it as if it were a UDP socket: what a datagram is there
// is a frame of a connection here (RFC 4571). Pion's own mux of TCP waits in writes
// and bounds no connection that has not proved who it is.
type streamSocket struct {
	router
	listener *net.TCPListener
	addr     netip.AddrPort
	all      *streams
	count    *counters
	now      func() time.Time
	spray    spray // used by the mux's reader alone
	pion     chan datagram
	done     chan struct{}
	once     sync.Once
	wg       sync.WaitGroup

	mu     sync.Mutex
	closed bool
	conns  map[netip.AddrPort]*tcpStream
}

func openStreamSocket(addr netip.AddrPort, p Params, all *streams, count *counters) (*streamSocket, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(context.Background(), "tcp", addr.String())
	if err != nil {
		return nil, fmt.Errorf("sfu: listen on %s: %w", addr, err)
	}
	tcp, ok := ln.(*net.TCPListener)
	if !ok {
		_ = ln.Close()
		return nil, fmt.Errorf("sfu: listen on %s: a %T", addr, ln)
	}
	s := &streamSocket{
		listener: tcp, addr: tcpAddrPort(tcp.Addr()), all: all, count: count, now: p.Now, spray: newSpray(p.Now()),
		pion: make(chan datagram, streamWaiting), done: make(chan struct{}), conns: map[netip.AddrPort]*tcpStream{},
	}
	if p.Receiver == ReceiveOwn {
		s.routes = &routes{}
	}
	s.wg.Go(s.accept)
	return s, nil
}

func tcpAddrPort(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := t.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

func (s *streamSocket) accept() {
	for {
		c, err := s.listener.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// No descriptors, or the client has gone again: the next may fare better.
			select {
			case <-time.After(50 * time.Millisecond):
				continue
			case <-s.done:
				return
			}
		}
		s.take(c)
	}
}

// take begins a connection or ends it at once.
func (s *streamSocket) take(c *net.TCPConn) {
	from := tcpAddrPort(c.RemoteAddr())
	prefix := prefixOf(from.Addr())
	if !s.all.admit(prefix) {
		_ = c.SetLinger(0)
		_ = c.Close()
		return
	}
	st, err := newStream(s, c, from)
	if err == nil && s.enter(st) {
		return
	}
	_ = c.Close()
	s.all.release(prefix, false)
}

func (s *streamSocket) enter(st *tcpStream) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.conns[st.from] = st
	s.wg.Go(st.read)
	return true
}

func (s *streamSocket) leave(st *tcpStream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns[st.from] == st {
		delete(s.conns, st.from)
	}
}

// stream is the connection from the address, nil when there is none.
func (s *streamSocket) stream(from netip.AddrPort) *tcpStream {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[from]
}

// close ends the listener and all connections and waits for their readers.
func (s *streamSocket) close() {
	s.once.Do(func() { close(s.done) })
	_ = s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for _, c := range s.conns {
		_ = c.conn.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// streamMux gives the connections to Pion's mux as one socket.
type streamMux struct{ s *streamSocket }

// ReadFromAddrPort gives the next frame that is no media.
func (m streamMux) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		select {
		case d := <-m.s.pion:
			if d.life || isMedia(d.b) || m.s.spray.admit(d.from, m.s.now()) {
				return copy(b, d.b), d.from, nil
			}
			m.s.count.dropped[dropPoliced].Add(1)
		case <-m.s.done:
			return 0, netip.AddrPort{}, net.ErrClosed
		}
	}
}

// WriteToAddrPort writes a frame to who is connected from the address, and loses it
// otherwise as UDP does. Pion writes to nobody whose check was not authentic: who is
// written to has proved who it is.
func (m streamMux) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	st := m.s.stream(netip.AddrPortFrom(to.Addr().Unmap(), to.Port()))
	if st == nil {
		m.s.count.dropped[dropError].Add(1)
		return len(b), nil
	}
	st.prove()
	switch err := st.write(b, nil); {
	case err == nil:
	case bufferFull(err):
		m.s.count.dropped[dropFull].Add(1)
	default:
		m.s.count.dropped[dropError].Add(1)
	}
	return len(b), nil
}

// ReadFrom is ReadFromAddrPort for who knows no netip.
func (m streamMux) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := m.ReadFromAddrPort(b)
	return n, net.UDPAddrFromAddrPort(from), err
}

// WriteTo is WriteToAddrPort for who knows no netip.
func (m streamMux) WriteTo(b []byte, to net.Addr) (int, error) {
	a, err := netip.ParseAddrPort(to.String())
	if err != nil {
		return 0, fmt.Errorf("sfu: write to a connection: %w", err)
	}
	return m.WriteToAddrPort(b, a)
}

// Close ends the reads; the connections end with the loop.
func (m streamMux) Close() error {
	m.s.once.Do(func() { close(m.s.done) })
	return nil
}

// LocalAddr is what Pion knows the candidate by; it has the port of no UDP socket.
func (m streamMux) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(m.s.addr) }

// SetDeadline does nothing: nobody waits in a write, and reads end with Close.
func (m streamMux) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing, see SetDeadline.
func (m streamMux) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing, see SetDeadline.
func (m streamMux) SetWriteDeadline(time.Time) error { return nil }

// tuneStream keeps queues short; a kernel that knows an option not goes without.
func tuneStream(c *net.TCPConn, raw syscall.RawConn) {
	_ = c.SetWriteBuffer(streamBuffer)
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, streamUnsent)
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(streamUnanswered/time.Millisecond))
	})
}

// streamLine is the candidate line of an answer for the TCP port that Pion takes for
// UDP (RFC 6544 sections 4.2 and 4.5): type preference below that of UDP's host and
// reflexive candidates and above that of relayed ones, direction "passive". Lines of
// other ports stay.
func (l *loop) streamLine(value string) string {
	f := strings.Fields(value)
	if len(f) < 8 || f[6] != "typ" || f[7] != "host" {
		return value
	}
	at, err := netip.ParseAddrPort(net.JoinHostPort(f[4], f[5]))
	if err != nil {
		return value
	}
	for i, s := range l.streams {
		if s.addr != at {
			continue
		}
		component, _ := strconv.Atoi(f[1])
		const typePreference, passive = 90, 4
		local := passive<<13 | (8191 - i)
		f[0], f[2] = "tcp"+f[0], "tcp"
		f[3] = strconv.Itoa(typePreference<<24 | local<<8 | (256 - component))
		f = append(f[:8:8], append([]string{"tcptype", "passive"}, f[8:]...)...)
		return strings.Join(f, " ")
	}
	return value
}
