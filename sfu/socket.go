package sfu

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

const socketBuffer = 8 << 20 // bytes asked for in each direction; the kernel may give less

// socket is one UDP socket of a loop. Pion's mux reads it; RTP that we seal
// ourselves is written beside the mux by writers.
type socket struct {
	router
	conn  *net.UDPConn
	addr  netip.AddrPort
	count *counters
	now   func() time.Time
	spray spray
	homes *homes // of the loop
	in    *incoming

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
	if s.in, err = newIncoming(conn); err != nil {
		_ = conn.Close()
		return nil, err
	}
	if p.Receiver == ReceiveOwn {
		s.routes = &routes{}
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
	for in := m.s.in; ; {
		for in.next < in.n {
			d := &in.list[in.next]
			in.next++
			if m.s.admits(d) {
				return copy(b, d.b), d.from, nil
			}
		}
		if err := in.fill(); errors.Is(err, net.ErrClosed) {
			return 0, netip.AddrPort{}, err //nolint:wrapcheck // Pion knows it by its identity
		}
		if m.s.routes != nil {
			m.s.media()
		}
	}
}

func (m *muxConn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return m.UDPConn.WriteToUDPAddrPort(b, to)
}
