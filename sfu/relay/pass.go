package relay

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/pion/turn/v5"
	"golang.org/x/time/rate"
)

// Pass lets one seat use the relay until Revoke. Its name and password are random
// and kept in memory alone: they say nothing of whom they were given to.
type Pass struct {
	r              *Relay
	name, password string
	key            []byte
	// Under the relay's lock:
	legs map[*leg]struct{}
	dead bool
}

// Access is what a client needs to use the relay (RFC 8656; RTCIceServer of WebRTC).
type Access struct {
	URLs               []string
	Username, Password string
}

// Issue makes a pass; it fails when the relay is closed or the system has no
// random bits.
func (r *Relay) Issue() (*Pass, error) {
	var b [36]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, fmt.Errorf("relay: pass: %w", err)
	}
	p := &Pass{
		r: r, name: base64.RawURLEncoding.EncodeToString(b[:12]), password: base64.RawURLEncoding.EncodeToString(b[12:]),
		legs: map[*leg]struct{}{},
	}
	p.key = turn.GenerateAuthKey(p.name, realm, p.password)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errors.New("relay: closed")
	}
	r.passes[p.name] = p
	return p, nil
}

// Access tells what the holder gets; never to be logged.
func (p *Pass) Access() Access {
	return Access{URLs: p.r.urls, Username: p.name, Password: p.password}
}

// Revoke ends the pass and everything that was allocated with it; when it returns
// not a byte is relayed for it any more. Requests with it are answered 401 from then
// on, refreshes included. A second time does nothing.
func (p *Pass) Revoke() {
	p.r.mu.Lock()
	p.dead = true
	delete(p.r.passes, p.name)
	legs := make([]*leg, 0, len(p.legs))
	for l := range p.legs {
		legs = append(legs, l)
	}
	p.r.mu.Unlock()
	for _, l := range legs {
		_ = l.Close()
	}
}

func (r *Relay) pass(name string) *Pass {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.passes[name]
}

// authenticate gives Pion the key; the guard has looked at it already.
func (r *Relay) authenticate(a *turn.RequestAttributes) (string, []byte, bool) {
	p := r.pass(a.Username)
	if p == nil {
		return "", nil, false
	}
	return p.name, p.key, true
}

// quota answers 486 before an allocation is tried.
func (r *Relay) quota(name, _ string, _ net.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.passes[name]
	if p != nil && len(p.legs) < r.p.Limits.PassAllocations {
		return true
	}
	r.count.refused[refusedQuota].Add(1)
	return false
}

// leg is the relay's socket of one allocation: an ordinary client of the media
// sockets. What comes from or goes to anything else is dropped here too, whatever
// Pion believes to be permitted.
type leg struct {
	*net.UDPConn
	r    *Relay
	pass *Pass
	up   *rate.Limiter
}

// legBuffer bounds how old a packet can get while a client's TCP connection is
// slow: what does not fit is lost, and asked for again where that still helps.
const legBuffer = 128 << 10

var (
	errNoCapacity = errors.New("relay: no capacity")
	errForbidden  = errors.New("relay: not a media socket")
)

// generator implements turn.RelayAddressGenerator.
type generator struct{ r *Relay }

// Validate implements turn.RelayAddressGenerator.
func (generator) Validate() error { return nil }

// AllocateListener refuses RFC 6062.
func (generator) AllocateListener(turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errForbidden
}

// AllocateConn refuses RFC 6062.
func (generator) AllocateConn(turn.AllocateConnConfig) (net.Conn, error) { return nil, errForbidden }

// AllocatePacketConn opens the socket of an allocation of a living pass.
func (g generator) AllocatePacketConn(c turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	r := g.r
	own, ok := r.own[c.Network == "udp4"]
	if !ok || c.RequestedPort != 0 {
		return nil, nil, errNoCapacity
	}
	conn, err := net.ListenUDP(c.Network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(own, 0)))
	if err != nil {
		return nil, nil, fmt.Errorf("relay: socket: %w", err)
	}
	_ = conn.SetReadBuffer(legBuffer)
	bytes := r.p.Limits.UplinkBitrate / 8
	l := &leg{UDPConn: conn, r: r, up: rate.NewLimiter(rate.Limit(bytes), max(bytes/4, inboundMTU))}
	r.mu.Lock()
	p := r.passes[c.UserID]
	if p == nil || r.legs >= r.p.Limits.Allocations || len(p.legs) >= r.p.Limits.PassAllocations {
		r.mu.Unlock()
		r.count.refused[refusedQuota].Add(1)
		return nil, nil, errors.Join(errNoCapacity, conn.Close())
	}
	l.pass = p
	p.legs[l] = struct{}{}
	r.legs++
	r.mu.Unlock()
	return l, conn.LocalAddr(), nil
}

// ReadFrom gives what our media sockets sent, and nothing else.
func (l *leg) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := l.ReadFromUDPAddrPort(b)
		if err != nil {
			return 0, nil, err //nolint:wrapcheck // Pion ends the allocation
		}
		if a := l.r.media[netip.AddrPortFrom(from.Addr().Unmap(), from.Port())]; a != nil {
			l.r.count.bytesDown.Add(uint64(n)) //nolint:gosec // a length
			return n, a, nil
		}
		l.r.count.refused[refusedPeer].Add(1)
	}
}

// WriteTo sends to a media socket within the allocation's rate.
func (l *leg) WriteTo(b []byte, to net.Addr) (int, error) {
	at := addrPort(to)
	if l.r.media[at] == nil {
		l.r.count.refused[refusedPeer].Add(1)
		return 0, errForbidden
	}
	if !l.up.AllowN(time.Now(), len(b)) {
		l.r.count.refused[refusedRate].Add(1)
		return len(b), nil
	}
	l.r.count.bytesUp.Add(uint64(len(b)))
	return l.WriteToUDPAddrPort(b, at) //nolint:wrapcheck // Pion counts nothing of it
}

// Close gives the allocation's place back.
func (l *leg) Close() error {
	l.r.mu.Lock()
	if _, ok := l.pass.legs[l]; ok {
		delete(l.pass.legs, l)
		l.r.legs--
	}
	l.r.mu.Unlock()
	return l.UDPConn.Close() //nolint:wrapcheck // closed twice: told, of no interest
}
