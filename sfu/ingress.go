package sfu

import (
	"maps"
	"net/netip"
	"slices"
	"time"
)

// routes say which peer sends from which address, as ICE has authenticated it. The
// reader of the socket looks without a lock; changes are rare and make a new table.
type routes = map[netip.AddrPort]*Peer

// route is one of the addresses that a peer may send from.
type route struct {
	socket *socket
	from   netip.AddrPort
}

// maxRoutes bounds the addresses of a peer. ICE may select one pair and then
// another while packets of the first are on their way.
const maxRoutes = 4

func (s *socket) change(f func(routes)) {
	s.changing.Lock()
	defer s.changing.Unlock()
	next := maps.Clone(*s.routes.Load())
	f(next)
	s.routes.Store(&next)
}

// reachable lets the peer's packets in from the address; under the room's lock.
func (p *Peer) reachable(s *socket, from netip.AddrPort) {
	if p.ended || s == nil {
		return
	}
	in, r := &p.in, route{s, from}
	if i := slices.Index(in.routes, r); i >= 0 {
		in.routes = slices.Delete(in.routes, i, i+1)
	} else if len(in.routes) == maxRoutes {
		p.forget(in.routes[0])
		in.routes = slices.Delete(in.routes, 0, 1)
	}
	in.routes = append(in.routes, r)
	s.change(func(t routes) { t[from] = p })
}

// unreachable ends what reachable began; under the room's lock.
func (p *Peer) unreachable() {
	for _, r := range p.in.routes {
		p.forget(r)
	}
	p.in.routes = nil
}

func (p *Peer) forget(r route) {
	r.socket.change(func(t routes) {
		if t[r.from] == p {
			delete(t, r.from)
		}
	})
}

// isMedia tells RTP and RTCP from STUN, DTLS and TURN (RFC 7983 section 7).
func isMedia(b []byte) bool { return len(b) > 0 && b[0]>>6 == 2 }

// isRTCP tells RTCP from RTP (RFC 5761 section 4).
func isRTCP(b []byte) bool { return len(b) > 1 && b[1] >= 192 && b[1] <= 223 }

// datagrams takes what came from one of the peer's addresses, in its order; true when
// it was authentic and Pion has not heard of the peer for a while. A panic ends the
// peer.
func (p *Peer) datagrams(list [][]byte) (tell bool) {
	defer p.rescue()
	if p.doomed.Load() {
		return false
	}
	now := p.room.engine.p.Now()
	for len(list) > 0 {
		n := 0
		for n < len(list) && !isRTCP(list[n]) {
			n++
		}
		if n == 0 {
			tell, n = p.takeRTCP(list[0], now) || tell, 1
		} else {
			tell = p.takeMedia(list[:n], now) || tell
		}
		list = list[n:]
	}
	return tell
}

// takeMedia takes RTP that came together and lets it leave together.
func (p *Peer) takeMedia(list [][]byte, now time.Time) (tell bool) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	defer p.room.deliver()
	for _, b := range list {
		if p.ended || p.in.open == nil {
			return tell
		}
		if p.takeRTP(b, now) {
			tell = p.in.silentFor(now) || tell
		}
	}
	return tell
}

// silentFor says that Pion's ICE agent, which sees no media, has not been told for
// a while that the peer lives. Browsers check as seldom as it gives up.
func (in *intake) silentFor(now time.Time) bool {
	if now.Sub(in.told) < lifePace {
		return false
	}
	in.told = now
	return true
}

// signOfLife is a datagram that Pion's agent counts and its mux then drops: no
// protocol of RFC 7983 begins with it.
const signOfLife = 0xff
