package sfu

import (
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/rtcp"
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

// media takes a datagram of RTP or RTCP, which goes nowhere else. It returns true
// when Pion is to be given a sign of life in its place.
func (s *socket) media(b []byte, from netip.AddrPort, t routes) bool {
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	p := t[from]
	if p == nil {
		s.stray(b, from)
		return false
	}
	return p.datagram(b)
}

// datagram takes what came from one of the peer's addresses; true when it was
// authentic and Pion has not heard of the peer for a while. A panic ends the peer.
func (p *Peer) datagram(b []byte) (tell bool) {
	defer p.rescue()
	if p.doomed.Load() {
		return false
	}
	now := p.room.engine.p.Now()
	if isRTCP(b) {
		return p.takeRTCP(b, now)
	}
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	defer p.rescueServed()
	return !p.ended && p.in.open != nil && p.takeRTP(b, now) && p.in.silentFor(now)
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

// takeRTCP opens an SRTCP datagram and takes the reports and requests in it.
func (p *Peer) takeRTCP(b []byte, now time.Time) (tell bool) {
	plain, tell := p.openRTCP(b, now)
	p.takeControls(plain, now)
	return tell
}

// takeControls takes the packets of a compound one.
func (p *Peer) takeControls(plain []byte, now time.Time) {
	for len(plain) > 0 {
		size := 4
		if len(plain) >= size {
			size *= int(binary.BigEndian.Uint16(plain[2:])) + 1
		}
		if size > len(plain) {
			p.room.loop.count.dropped[dropMalformed].Add(1)
			return
		}
		p.takeControl(plain[:size], now)
		plain = plain[size:]
	}
}

// takeControl takes one packet of a compound one (RFC 3550 section 6.1).
func (p *Peer) takeControl(b []byte, now time.Time) {
	if p.takeWide(b) {
		return
	}
	pkts, err := rtcp.Unmarshal(b)
	if err != nil {
		p.room.loop.count.dropped[dropMalformed].Add(1)
		return
	}
	if sr, ok := pkts[0].(*rtcp.SenderReport); ok {
		p.senderReported(sr, now)
	}
	p.aboutSections(pkts)
}

func (p *Peer) openRTCP(b []byte, now time.Time) (plain []byte, tell bool) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	in, c := &p.in, &p.room.loop.count
	if p.ended || in.control == nil || len(b) < 8 {
		return nil, false
	}
	from := binary.BigEndian.Uint32(b[4:])
	_, known := in.reporters[from]
	if !known && len(in.reporters) >= maxReporters {
		c.dropped[dropForeign].Add(1)
		return nil, false
	}
	plain, err := in.control.DecryptRTCP(b, b, nil)
	if err != nil {
		c.dropped[dropForged].Add(1)
		return nil, false
	}
	if !known {
		in.reporters[from] = struct{}{}
		p.settle(from)
	}
	p.heard = now
	if !in.police.take(len(b), now) {
		c.dropped[dropPoliced].Add(1)
		return nil, in.silentFor(now)
	}
	return plain, in.silentFor(now)
}

// senderReported takes a report about a stream that the peer sends.
func (p *Peer) senderReported(sr *rtcp.SenderReport, now time.Time) {
	var l *layer
	p.lock(func() {
		s := p.in.find(sr.SSRC)
		if p.ended || s == nil || s.repair {
			return
		}
		s.stats.reported(sr.NTPTime, now)
		if s.layer != nil && s.layer.ssrc == s.ssrc {
			l = s.layer
		}
	})
	if l != nil {
		p.takeReport(l, sr)
	}
}

// aboutSections gives a packet to the sections that it is about.
func (p *Peer) aboutSections(k []rtcp.Packet) {
	about := k[0].DestinationSSRC()
	var found []*section
	p.lock(func() {
		for _, s := range p.sections {
			if slices.Contains(about, s.ssrc) {
				found = append(found, s)
			}
		}
	})
	for _, s := range found {
		p.feedback(s, k)
	}
}
