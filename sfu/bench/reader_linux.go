package bench

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// reader drains one socket, counts what arrives for its peers and speaks for
// them.
type reader struct {
	g       *generator
	sock    *peerSocket
	first   int // index of the first peer
	inboxes []*inbox

	random    *rand.Rand // of losses
	header    rtp.Header
	plain     []byte
	audio     *histogram
	pictures  *histogram
	before    *histogram // of the participants in the first of two windows
	after     *histogram // and in the second
	foreign   uint64
	repeats   uint64
	probes    uint64
	userClock uint64
	overflow  atomic.Uint32
	unique    atomic.Uint64 // packets of the window, for drain
}

// inbox is the place of one peer; of those that come and go, of one after the
// other.
type inbox struct {
	peer    atomic.Pointer[peer]
	churns  bool
	views   bool
	tallies []*tally // by stream, nil where none is due
}

// expected is the number of packets that were sent for this peer in the window whose
// streams begin with number from.
func (in *inbox) expected(spans []*span, from int) uint64 {
	if in.churns {
		return 0
	}
	var n uint64
	for i, t := range in.tallies[from:] {
		if t != nil {
			n += spans[from+i].sent()
		}
	}
	return n
}

func (r *reader) run() { r.sock.read(r.packet, r.tick) }

// packet sorts one datagram by its first byte (RFC 7983).
func (r *reader) packet(b []byte, from netip.AddrPort, a arrival) {
	if a.overflow != 0 {
		r.overflow.Store(a.overflow)
	}
	index, ok := peerIndex(a.to)
	if !ok || index < r.first || index-r.first >= len(r.inboxes) || len(b) < 2 {
		return
	}
	in := r.inboxes[index-r.first]
	p := in.peer.Load()
	if p == nil {
		return
	}
	if b[0] < 128 || b[0] > 191 {
		p.conn.push(b, from)
		return
	}
	session := p.session.Load()
	if session == nil {
		return
	}
	if b[1] >= 192 && b[1] <= 223 { // RTCP (RFC 5761 section 4)
		r.control(p, session, b)
		return
	}
	if r.g.config.Loss > 0 && 100*r.random.Float64() < r.g.config.Loss {
		return
	}
	plain, err := session.in.DecryptRTP(r.plain, b, &r.header)
	if err != nil {
		r.strange(in)
		return
	}
	at := time.Unix(0, a.at)
	if a.at == 0 {
		at = time.Now()
	}
	payload := plain[min(headerSize(plain), len(plain)):]
	if !r.g.config.NoFeedback {
		r.say(p, session, session.voice.heard(&r.header, payload, at))
	}
	r.media(in, p, payload, at, a.at == 0)
}

// headerSize is the length of an RTP header (RFC 3550 section 5.1 and 5.3.1).
func headerSize(b []byte) int {
	if len(b) < 12 {
		return len(b)
	}
	n := 12 + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 && len(b) >= n+4 {
		n += 4 + 4*int(binary.BigEndian.Uint16(b[n+2:]))
	}
	return n
}

// strange counts what could not be opened or identified. Those who come and go
// get packets that were meant for the one before.
func (r *reader) strange(in *inbox) {
	if !in.churns {
		r.foreign++
	}
}

func (r *reader) media(in *inbox, p *peer, payload []byte, at time.Time, userClock bool) {
	repair := r.header.PayloadType == rtxType
	if r.header.Padding && onlyPadding(payload, repair) {
		r.probes++
		return
	}
	id, ok := identityOf(payload)
	if !ok || int(id.stream) >= len(r.g.spans) || !in.churns && in.tallies[id.stream] == nil {
		r.strange(in)
		return
	}
	if r.g.again == 0 {
		p.came(int(id.stream))
	} else {
		p.came(int(id.stream) % r.g.again)
	}
	first := r.g.spans[id.stream].first.Load()
	if in.churns || first == 0 {
		return
	}
	if repair && in.tallies[id.stream].has(id.counter, first-1) {
		r.repeats++
		return
	}
	if !in.tallies[id.stream].record(id.counter, first-1) {
		return
	}
	r.unique.Add(1)
	if userClock {
		r.userClock++
	}
	r.latency(in, int(id.stream), time.Duration(at.UnixNano()-id.sent))
}

func (r *reader) latency(in *inbox, stream int, d time.Duration) {
	if stream < r.g.again { // of the first of two windows, in which nobody views
		r.before.add(d)
		return
	}
	if r.g.again > 0 && !in.views {
		r.after.add(d)
	}
	if stream%2 == videoStream {
		r.pictures.add(d)
	} else {
		r.audio.add(d)
	}
}

// onlyPadding says that nothing is left of the payload without its padding (RFC
// 3550 section 5.1), the number of the original left aside in a repair stream.
func onlyPadding(payload []byte, repair bool) bool {
	if len(payload) == 0 {
		return true
	}
	left := len(payload) - int(payload[len(payload)-1])
	return left <= 0 || repair && left <= 2
}

// control takes an RTCP packet of the server.
func (r *reader) control(p *peer, session *peerSession, sealed []byte) {
	raw, err := session.in.DecryptRTCP(nil, sealed, nil)
	if err != nil {
		return
	}
	packets, err := rtcp.Unmarshal(raw)
	if err != nil {
		return
	}
	now := time.Now()
	for _, packet := range packets {
		switch packet := packet.(type) {
		case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
			if p.publisher != nil {
				p.publisher.keyframe.Store(true)
			}
		case *rtcp.SenderReport:
			session.voice.senderReport(packet, now)
		}
	}
}

// tick sends what is due of every peer's feedback.
func (r *reader) tick(now time.Time) {
	if r.g.config.NoFeedback {
		return
	}
	for _, in := range r.inboxes {
		p := in.peer.Load()
		if p == nil {
			continue
		}
		if session := p.session.Load(); session != nil {
			r.say(p, session, session.voice.dueAt(now))
		}
	}
}

// say sends feedback. What the socket does not take is as lost as on any line.
func (r *reader) say(p *peer, session *peerSession, packets []rtcp.Packet) {
	for _, packet := range packets {
		_ = p.report(session, packet)
	}
}
