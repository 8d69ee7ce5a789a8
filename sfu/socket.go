package sfu

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const socketBuffer = 8 << 20 // bytes asked for in each direction; the kernel may give less

// socket is one UDP socket of a loop. Pion's mux reads it; RTP that we seal
// ourselves is written beside the mux by writers.
type socket struct {
	conn  *net.UDPConn
	addr  netip.AddrPort
	count *counters
	now   func() time.Time
	spray spray
	homes *homes // of the loop

	// routes are nil while media goes to Pion (ReceivePion).
	routes   atomic.Pointer[routes]
	changing sync.Mutex // held by who makes a new table

	// mu guards what close waits for. The mux may end after a packet without
	// reading again, so its end cannot be told from a failed read alone.
	mu      sync.Mutex
	idle    sync.Cond // signalled when reading ends
	reading bool      // the mux stands in a read of conn
	closed  bool      // no further read begins
}

func openSocket(addr netip.AddrPort, p Params, count *counters) (*socket, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, fmt.Errorf("sfu: listen on %s: %w", addr, err)
	}
	// Overflow of the input socket is where loss begins under load; a refusal of
	// the size is no error, the kernel then keeps its own maximum.
	_ = conn.SetReadBuffer(socketBuffer)
	_ = conn.SetWriteBuffer(socketBuffer)
	local, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok {
		_ = conn.Close()
		return nil, fmt.Errorf("sfu: listen on %s: no UDP address", addr)
	}
	ap := local.AddrPort()
	s := &socket{conn: conn, addr: netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), count: count, now: p.Now, spray: newSpray(p.Now())}
	if p.Receiver == ReceiveOwn {
		s.routes.Store(&routes{})
	}
	s.idle.L = &s.mu
	return s, nil
}

// close closes the socket and waits until nobody reads it.
func (s *socket) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	_ = s.conn.Close() // wakes the reader
	for s.reading {
		s.idle.Wait()
	}
}

// enter begins a read; it refuses after close.
func (s *socket) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading = !s.closed
	return s.reading
}

func (s *socket) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading = false
	s.idle.Broadcast()
}

// muxConn gives the socket to Pion's mux, whose goroutine takes the media on its
// way: it never gets to see any. A read error other than the close is retried,
// since the mux would end with all its peers.
type muxConn struct {
	*net.UDPConn
	s *socket
}

func (m *muxConn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	if !m.s.enter() {
		return 0, netip.AddrPort{}, net.ErrClosed
	}
	defer m.s.leave()
	for {
		n, from, err := m.UDPConn.ReadFromUDPAddrPort(b)
		switch {
		case errors.Is(err, net.ErrClosed):
			return n, from, err
		case err != nil:
		case !isMedia(b[:n]):
			if !m.s.spray.admit(from, m.s.now()) {
				m.s.count.dropped[dropPoliced].Add(1)
				continue
			}
			if nomination := m.s.answered(b[:n], from); nomination != nil {
				n = copy(b, nomination)
			}
			return n, from, nil
		default:
			t := m.s.routes.Load()
			if t == nil {
				return n, from, nil
			}
			if m.s.media(b[:n], from, *t) {
				b[0] = signOfLife
				return 1, from, nil
			}
		}
	}
}

func (m *muxConn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return m.UDPConn.WriteToUDPAddrPort(b, to)
}

// destination is where a peer's media goes: the selected pair's remote address.
type destination struct {
	sa unix.Sockaddr
}

func newDestination(to netip.AddrPort) destination {
	a := to.Addr().Unmap()
	if a.Is4() {
		return destination{sa: &unix.SockaddrInet4{Port: int(to.Port()), Addr: a.As4()}}
	}
	return destination{sa: &unix.SockaddrInet6{Port: int(to.Port()), Addr: a.As16()}}
}

// packetWriter writes one datagram without waiting: when the kernel's send
// buffer is full the packet is refused, which the receiver's NACK repairs.
type packetWriter interface {
	write(b []byte, to *destination) error
}

// writer writes to a socket; each belongs to one room, whose lock its caller holds.
type writer struct {
	raw syscall.RawConn
	fn  func(fd uintptr) bool // made once: a closure per packet would allocate
	b   []byte
	to  unix.Sockaddr
	err error
}

func (s *socket) newWriter() (*writer, error) {
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("sfu: raw socket: %w", err)
	}
	w := &writer{raw: raw}
	w.fn = func(fd uintptr) bool {
		for {
			if w.err = unix.Sendto(int(fd), w.b, unix.MSG_DONTWAIT, w.to); !errors.Is(w.err, unix.EINTR) {
				return true
			}
		}
	}
	return w, nil
}

func (w *writer) write(b []byte, to *destination) error {
	w.b, w.to = b, to.sa
	if err := w.raw.Write(w.fn); err != nil {
		return err //nolint:wrapcheck // the packet path counts errors and does not print them
	}
	return w.err
}
