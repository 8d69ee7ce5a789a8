package bench

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// setupQueue bounds the STUN and DTLS packets of one peer that wait to be read;
// more are dropped, which both protocols repeat.
const setupQueue = 64

// peerConn is the part of a peerSocket that carries one peer's STUN and DTLS. It
// is the net.PacketConn and, with itself as the only connection, the ice.UDPMux
// of the peer's ICE agent.
type peerConn struct {
	sock    *peerSocket
	local   netip.AddrPort
	control []byte
	in      chan setupPacket

	closeOnce sync.Once
	closed    chan struct{}
}

type setupPacket struct {
	data []byte
	from *net.UDPAddr
}

func newPeerConn(sock *peerSocket, addr netip.Addr) *peerConn {
	return &peerConn{
		sock: sock, local: netip.AddrPortFrom(addr, sock.port), control: sourceControl(addr),
		in: make(chan setupPacket, setupQueue), closed: make(chan struct{}),
	}
}

// push queues a packet that was read for this peer.
func (c *peerConn) push(packet []byte, from netip.AddrPort) {
	select {
	case c.in <- setupPacket{data: append([]byte(nil), packet...), from: net.UDPAddrFromAddrPort(from)}:
	default:
	}
}

// send writes one packet from the peer's own address.
func (c *peerConn) send(packet []byte, to netip.AddrPort) (int, error) {
	n, _, err := c.sock.conn.WriteMsgUDPAddrPort(packet, c.control, to)
	return n, err
}

func (c *peerConn) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case p := <-c.in:
		return copy(b, p.data), p.from, nil
	case <-c.closed:
		return 0, nil, net.ErrClosed
	}
}

func (c *peerConn) WriteTo(b []byte, to net.Addr) (int, error) {
	udp, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, os.ErrInvalid
	}
	return c.send(b, unmapped(udp.AddrPort()))
}

func (c *peerConn) Close() error {
	c.closeOnce.Do(func() { close(c.closed) })
	return nil
}

func (c *peerConn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(c.local) }

// Deadlines are set by the agent only to abort before Close; Close is enough.

func (c *peerConn) SetDeadline(time.Time) error      { return nil }
func (c *peerConn) SetReadDeadline(time.Time) error  { return nil }
func (c *peerConn) SetWriteDeadline(time.Time) error { return nil }

// The ice.UDPMux of one agent. The agent removes its first credentials before it
// uses any, so that removing closes nothing: candidates close their connection.

func (c *peerConn) GetConn(string, net.Addr) (net.PacketConn, error) { return c, nil }
func (c *peerConn) RemoveConnByUfrag(string)                         {}
func (c *peerConn) GetListenAddresses() []net.Addr                   { return []net.Addr{c.LocalAddr()} }
