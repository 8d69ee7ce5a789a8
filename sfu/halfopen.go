package sfu

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// Bounds of a peer that has joined and not yet proved who it is by DTLS: anybody with
// a seat can begin one and leave it there.
const (
	halfOpenTime   = 30 * time.Second // from joining to keys, then the peer is closed
	handshakeBurst = 64 << 10         // bytes of DTLS that a peer may send at once: a handshake takes some 4 KB
	handshakeRate  = 4 << 10          // and a second; Pion would keep 2 MB of fragments
	maxAddresses   = 32               // of a peer and ICE generation, that its checks are answered to,
	addressRate    = 1.0 / 60         // and one more a minute, for who travels
)

// reserve takes one of the places of peers that have no keys yet.
func (e *Engine) reserve() error {
	if n := e.halfOpen.Add(1); n > int64(e.p.Limits.HalfOpen) {
		e.halfOpen.Add(-1)
		return fmt.Errorf("%w: %d peers are still joining", ErrLimit, n-1)
	}
	return nil
}

// settle gives the place back when the peer has keys or ends; under the room's lock.
func (p *Peer) settle() {
	if p.half {
		p.half = false
		p.room.engine.halfOpen.Add(-1)
	}
}

// overdue closes a peer that has been joining for too long; under the room's lock.
func (p *Peer) overdue(now time.Time) {
	if p.half && now.Sub(p.born) > halfOpenTime {
		p.room.loop.count.unfinished.Add(1)
		p.closeLater()
	}
}

// peerMux is the mux of a loop as one peer's ICE agent sees it: what comes for the
// peer beside media passes its bounds.
type peerMux struct {
	ice.UDPMux
	count *counters
	now   func() time.Time
}

// GetConn gives the packets of one ICE generation of the peer.
func (m *peerMux) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	conn, err := m.UDPMux.GetConn(ufrag, addr)
	if err != nil {
		return nil, err //nolint:wrapcheck // Pion's own, back to Pion
	}
	inner, ok := conn.(addrPortConn)
	if !ok {
		_ = conn.Close()
		return nil, fmt.Errorf("sfu: mux gave a %T", conn)
	}
	return newPeerConn(inner, m.count, m.now), nil
}

type addrPortConn interface {
	net.PacketConn
	ice.AddrPortReaderWriter
}

// peerConn bounds what one peer makes Pion keep: the bytes of its handshake, and the
// addresses that it sends checks from.
type peerConn struct {
	addrPortConn
	count *counters
	now   func() time.Time

	mu        sync.Mutex
	handshake bucket
	addresses bucket
	// answered are the addresses whose checks were authentic: only those are answered.
	answered map[netip.AddrPort]struct{}
}

func newPeerConn(inner addrPortConn, count *counters, now func() time.Time) *peerConn {
	c := &peerConn{addrPortConn: inner, count: count, now: now, answered: map[netip.AddrPort]struct{}{}}
	c.handshake = newBucket(handshakeRate, handshakeBurst, now())
	c.addresses = newBucket(0, maxAddresses, now())
	c.addresses.rate = addressRate
	return c
}

// ReadFromAddrPort gives the next packet that is within the bounds.
func (c *peerConn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		n, from, err := c.addrPortConn.ReadFromAddrPort(b)
		if err != nil || c.admit(b[:n], from) {
			return n, from, err //nolint:wrapcheck // Pion's own, back to Pion
		}
		c.count.dropped[dropPoliced].Add(1)
	}
}

func (c *peerConn) admit(b []byte, from netip.AddrPort) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !stun.IsMessage(b) {
		return len(b) == 1 && b[0] == signOfLife || c.handshake.take(len(b), c.now())
	}
	if _, ok := c.answered[from]; ok {
		return true
	}
	return c.addresses.has(1, c.now())
}

// WriteToAddrPort answers a check, or carries our part of the handshake.
func (c *peerConn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if !c.answers(to) {
		c.count.dropped[dropPoliced].Add(1)
		return len(b), nil
	}
	return c.addrPortConn.WriteToAddrPort(b, to) //nolint:wrapcheck // Pion's own, back to Pion
}

func (c *peerConn) answers(to netip.AddrPort) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.answered[to]; ok {
		return true
	}
	if !c.addresses.take(1, c.now()) {
		return false
	}
	c.answered[to] = struct{}{}
	return true
}
