package sfu

import (
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// A NAT gives a client another port or address while it speaks, and neither of the two
// is told. Its media goes on to arrive, from an address that ICE knows nothing of: what
// is authentic is taken, and the address gets a connectivity check at once, long before
// the client's own next one. Only who answers it, and so holds the client's ICE password
// there, is sent to.

const (
	strayRate  = 1000                   // datagrams a second that are opened for a peer from unknown addresses
	checkPace  = 100 * time.Millisecond // between two checks of a peer
	checkValid = 3 * time.Second        // for an answer
)

// homes say whose stream an SSRC is, for media from an address where nobody is known,
// and whom a check was sent for. One that two peers use belongs to the first.
type homes struct {
	mu     sync.Mutex
	of     map[uint32]*Peer
	checks map[netip.AddrPort]*Peer
}

func (h *homes) lodge(ssrc uint32, p *Peer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.of == nil {
		h.of = map[uint32]*Peer{}
	}
	if h.of[ssrc] == nil {
		h.of[ssrc] = p
	}
}

func (h *homes) find(ssrc uint32) *Peer {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.of[ssrc]
}

// awaits notes that an answer of p is expected from the address to, and no longer
// from the address before.
func (h *homes) awaits(before, to netip.AddrPort, p *Peer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.checks[before] == p {
		delete(h.checks, before)
	}
	if to.IsValid() {
		if h.checks == nil {
			h.checks = map[netip.AddrPort]*Peer{}
		}
		h.checks[to] = p
	}
}

func (h *homes) checkedAt(from netip.AddrPort) *Peer {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.checks[from]
}

// roam is what a peer's changes of address need; under the room's lock.
type roam struct {
	ice    iceWords
	strays bucket
	to     netip.AddrPort // the last authentic stray came from there, and a check goes there
	at     *socket
	id     [stun.TransactionIDSize]byte
	sent   time.Time // the last check
	began  time.Time // the first to this address
	lodged []uint32  // SSRCs in the loop's homes
}

// iceWords are the names and passwords of both sides (RFC 8445 section 5.3).
type iceWords struct{ ownUfrag, ownPwd, ufrag, pwd string }

// wordsOf reads them out of an answer of ours and the offer. All m-lines of a bundle
// have the same, so the first is taken.
func wordsOf(answer, offer string) iceWords {
	return iceWords{
		firstAttribute(answer, "a=ice-ufrag:"), firstAttribute(answer, "a=ice-pwd:"),
		firstAttribute(offer, "a=ice-ufrag:"), firstAttribute(offer, "a=ice-pwd:"),
	}
}

func firstAttribute(sdp, name string) string {
	_, rest, found := strings.Cut(sdp, "\n"+name)
	if !found {
		return ""
	}
	value, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(value)
}

// lodge makes the SSRC known as the peer's; under the room's lock.
func (p *Peer) lodge(ssrc uint32) {
	p.in.roam.lodged = append(p.in.roam.lodged, ssrc)
	p.room.loop.homes.lodge(ssrc, p)
}

// unlodge ends what lodge and check began; under the room's lock.
func (p *Peer) unlodge() {
	h, r := &p.room.loop.homes, &p.in.roam
	h.awaits(r.to, netip.AddrPort{}, p)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, ssrc := range r.lodged {
		if h.of[ssrc] == p {
			delete(h.of, ssrc)
		}
	}
	r.lodged = nil
}

// stray takes a datagram of RTP or RTCP from an address that ICE has not selected.
func (s *socket) stray(b []byte, from netip.AddrPort) {
	var p *Peer
	switch {
	case len(b) < rtpHeaderSize:
	case isRTCP(b):
		p = s.homes.find(binary.BigEndian.Uint32(b[4:]))
	default:
		p = s.homes.find(binary.BigEndian.Uint32(b[8:]))
	}
	if p == nil {
		s.count.dropped[dropForeign].Add(1)
		return
	}
	if check := p.strayed(b, from, s); check != nil {
		// One that is lost is followed by the next, as long as media comes.
		_, _ = s.conn.WriteToUDPAddrPort(check, from)
	}
}

// strayed returns the check to send to where the datagram came from, nil for none.
func (p *Peer) strayed(b []byte, from netip.AddrPort, s *socket) (check []byte) {
	defer p.rescue()
	now := p.room.engine.p.Now()
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	defer p.room.deliver()
	defer p.rescueServed()
	if p.doomed.Load() || p.ended || !p.in.roam.strays.take(1, now) {
		s.count.dropped[dropPoliced].Add(1)
		return nil
	}
	if _, stream := p.tx.out.(*tcpStream); stream || !p.authentic(b, now) {
		return nil // who came by TCP changes over by its own checks alone
	}
	return p.check(from, s, now)
}

// authentic takes the datagram and says that the peer sent it just now: newer, where
// it is RTP, than all that came of its stream; under the room's lock.
func (p *Peer) authentic(b []byte, now time.Time) bool {
	if isRTCP(b) {
		plain, _ := p.openRTCP(b, now)
		p.control(plain, now)
		return plain != nil
	}
	s := p.in.find(binary.BigEndian.Uint32(b[8:]))
	if s == nil || p.in.open == nil {
		return false
	}
	before, begun := s.window.highest, s.window.begun
	return p.takeRTP(b, now) && (!begun || s.window.highest > before)
}

// check makes a connectivity check (RFC 8445 section 7.2.2) for the address, nil when
// the last is still young; under the room's lock.
func (p *Peer) check(to netip.AddrPort, s *socket, now time.Time) []byte {
	r := &p.in.roam
	if p.ended || r.ice.pwd == "" || now.Sub(r.sent) < checkPace {
		return nil
	}
	if r.to != to || r.at != s || now.Sub(r.began) > checkValid {
		if _, err := rand.Read(r.id[:]); err != nil {
			return nil
		}
		p.room.loop.homes.awaits(r.to, to, p)
		r.to, r.at, r.began = to, s, now
	}
	r.sent = now
	return bindingRequest(r.id, r.ice.ufrag+":"+r.ice.ownUfrag, r.ice.pwd, ice.AttrControlled(0))
}

// bindingRequest of one side to the other, whose password signs it.
func bindingRequest(id [stun.TransactionIDSize]byte, username, pwd string, more ...stun.Setter) []byte {
	set := append([]stun.Setter{
		stun.BindingRequest, stun.NewTransactionIDSetter(id), stun.NewUsername(username), ice.PriorityAttr(1),
	}, more...)
	m, err := stun.Build(append(set, stun.NewShortTermIntegrity(pwd), stun.Fingerprint)...)
	if err != nil {
		return nil // a name of the peer's that is too long for STUN
	}
	return m.Raw
}

// answered takes the answer to a check out of what comes for Pion. When the peer stands
// there, Pion is to be given the nomination that the peer's own next check will bring:
// from there on everything follows as after that one.
func (s *socket) answered(b []byte, from netip.AddrPort) (nomination []byte) {
	if len(b) < 2 || b[0] != 1 || b[1] != 1 { // success of a Binding (RFC 8489 section 5)
		return nil
	}
	p := s.homes.checkedAt(from)
	if p == nil {
		return nil
	}
	m := &stun.Message{Raw: append([]byte(nil), b...)}
	if m.Decode() != nil {
		return nil
	}
	p.lock(func() { nomination = p.stands(m, from, s) })
	return nomination
}

func (p *Peer) stands(m *stun.Message, from netip.AddrPort, s *socket) []byte {
	r, now := &p.in.roam, p.room.engine.p.Now()
	if p.ended || r.to != from || r.at != s || m.TransactionID != r.id || now.Sub(r.began) > checkValid ||
		stun.NewShortTermIntegrity(r.ice.pwd).Check(m) != nil {
		return nil
	}
	p.room.loop.homes.awaits(r.to, netip.AddrPort{}, p)
	r.to = netip.AddrPort{}
	p.room.loop.count.moves.Add(1)
	p.unreachable() // should it go back there, that is a change of address as well
	p.reachable(&s.router, from)
	return bindingRequest(stun.NewTransactionID(), r.ice.ownUfrag+":"+r.ice.ufrag, r.ice.ownPwd,
		ice.UseCandidate(), ice.AttrControlling(0))
}
