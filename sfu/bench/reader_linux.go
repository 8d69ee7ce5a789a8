package bench

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
)

// reader drains one socket and counts what arrives for its peers.
type reader struct {
	g       *generator
	sock    *peerSocket
	first   int // index of the first peer
	inboxes []inbox

	header    rtp.Header
	plain     []byte
	latency   *histogram
	foreign   uint64
	userClock uint64
	overflow  atomic.Uint32
	unique    atomic.Uint64 // packets of the window, for drain
}

// inbox is what one peer receives.
type inbox struct {
	peer      *peer
	publisher *publisher // nil when it sends nothing
	tallies   []*tally   // by stream, nil where none is due
	arrived   []bool
}

// expected is the number of packets that were sent for this peer in the window.
func (in *inbox) expected(spans []*span) uint64 {
	var n uint64
	for stream, t := range in.tallies {
		if t != nil {
			n += spans[stream].sent()
		}
	}
	return n
}

func (r *reader) run() { r.sock.read(r.packet) }

// packet sorts one datagram by its first byte (RFC 7983).
func (r *reader) packet(b []byte, from netip.AddrPort, a arrival) {
	if a.overflow != 0 {
		r.overflow.Store(a.overflow)
	}
	index, ok := peerIndex(a.to)
	if !ok || index < r.first || index-r.first >= len(r.inboxes) || len(b) < 2 {
		return
	}
	in := &r.inboxes[index-r.first]
	if b[0] < 128 || b[0] > 191 {
		in.peer.conn.push(b, from)
		return
	}
	session := in.peer.session.Load()
	if session == nil {
		return
	}
	if b[1] >= 192 && b[1] <= 223 { // RTCP (RFC 5761 section 4)
		if in.publisher != nil {
			in.publisher.heard(session.in, b)
		}
		return
	}
	plain, err := session.in.DecryptRTP(r.plain, b, &r.header)
	if err != nil {
		r.foreign++
		return
	}
	r.media(in, plain, a.at)
}

func (r *reader) media(in *inbox, plain []byte, at int64) {
	id, ok := identityOf(plain)
	if !ok || int(id.stream) >= len(in.tallies) || in.tallies[id.stream] == nil {
		r.foreign++
		return
	}
	if !in.arrived[id.stream] {
		in.arrived[id.stream] = true
		if r.g.missing.Add(-1) == 0 {
			close(r.g.flowing)
		}
	}
	first := r.g.spans[id.stream].first.Load()
	if first == 0 || !in.tallies[id.stream].record(id.counter, first-1) {
		return
	}
	r.unique.Add(1)
	if at == 0 {
		at = time.Now().UnixNano()
		r.userClock++
	}
	r.latency.add(time.Duration(at - id.sent))
}
