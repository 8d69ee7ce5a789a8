package sfu

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/pion/rtp"
)

// intake is the receiving side of a peer: what it said it would send, the streams
// that it does send, and what they are opened with. Under the room's lock.
type intake struct {
	open    opener // nil until DTLS is connected
	control controlOpener
	lines   []sending
	streams []*stream
	last    *stream // the one of the packet before: packets come in bursts
	exts    extensions
	pkt     rtp.Packet // scratch
	// reporters are the SSRCs that its authentic RTCP came from.
	reporters []reporter
	stranger  reporter  // scratch: the SSRC of a packet that may be forged
	told      time.Time // Pion was given a sign of life
	routes    []route   // at most maxRoutes, the newest last
	feedback  feedback
	police    bucket // of authentic RTCP
	roam      roam
}

func newIntake(now time.Time) intake {
	return intake{
		feedback: newFeedback(now),
		police:   newBucket(controlRate, controlRate, now),
		roam:     roam{strays: newBucket(strayRate, strayRate, now)},
	}
}

const (
	maxStreams   = 64                     // streams that a peer may begin in its life, then it is closed
	maxReporters = 256                    // SSRCs that a peer's RTCP may come from; others are dropped
	controlRate  = 128 << 10              // bytes a second of RTCP that a peer may send, and at once
	lifePace     = 500 * time.Millisecond // between two signs of life for Pion
)

// sending is a publishing m-line as negotiated.
type sending struct {
	mid      string
	declared bool   // the offer names its SSRCs
	clock    uint32 // of its RTP timestamps, in Hz
	types    codecTypes
}

// extensions are the numbers of the header extensions in the peer's bundle, 0:
// not negotiated. A number means the same in all m-lines of a bundle (RFC 9143
// section 9.1).
type extensions struct{ mid, rid, repaired, congestion uint8 }

// stream is one SSRC of the peer. It is never forgotten: with it would go its
// roll-over count and what of it was received.
type stream struct {
	ssrc   uint32
	mid    string
	rid    string
	repair bool     // it repeats packets of the stream with the same mid and rid (RFC 4588)
	stale  bool     // another stream has taken its place
	line   *sending // nil while nothing of the sort is negotiated
	layer  *layer
	window replayWindow
	stats  streamStats
}

func (in *intake) find(ssrc uint32) *stream {
	if in.last != nil && in.last.ssrc == ssrc {
		return in.last
	}
	for _, s := range in.streams {
		if s.ssrc == ssrc {
			in.last = s
			return s
		}
	}
	return nil
}

func (in *intake) lineOf(mid string) *sending {
	for i := range in.lines {
		if in.lines[i].mid == mid {
			return &in.lines[i]
		}
	}
	return nil
}

// takes makes s the stream of its place.
func (in *intake) takes(s *stream) {
	for _, o := range in.streams {
		if o != s && o.mid == s.mid && o.rid == s.rid && o.repair == s.repair {
			o.stale = true
		}
	}
	s.stale, s.layer = false, nil
}

// negotiated replaces what the peer said it would send. SSRCs that an offer names
// are known from now on; false when there is no room for one.
func (in *intake) negotiated(lines []sending, exts extensions, plan []publishPlan) (ok bool) {
	in.lines, in.exts, ok = lines, exts, true
	for _, pub := range plan {
		ok = in.declare(pub.mid, pub.ssrc, false) && ok
		ok = in.declare(pub.mid, pub.rtxSSRC, true) && ok
	}
	for _, s := range in.streams {
		s.line = in.lineOf(s.mid)
	}
	return ok
}

func (in *intake) declare(mid string, ssrc uint32, repair bool) bool {
	if ssrc == 0 {
		return true
	}
	s := in.find(ssrc)
	if s == nil {
		if s = (&stream{ssrc: ssrc}); !in.add(s) {
			return false
		}
	}
	if s.mid != mid || s.rid != "" || s.repair != repair || s.stale {
		s.mid, s.rid, s.repair = mid, "", repair
		in.takes(s)
	}
	return true
}

// add makes room for a stream. One that an earlier offer named and that never brought
// an authentic packet has no replay window to be kept; without such a one the peer has
// had all its streams, and a new one would be silent without notice.
func (in *intake) add(s *stream) bool {
	if len(in.streams) >= maxStreams {
		i := slices.IndexFunc(in.streams, func(o *stream) bool { return o.stale && !o.window.begun })
		if i < 0 {
			return false
		}
		in.last = nil
		in.streams = slices.Delete(in.streams, i, i+1)
	}
	in.streams = append(in.streams, s)
	return true
}

// introduces says which stream a packet of an unknown SSRC begins, by what its
// header says (RFC 9143 section 9.2); nil when it belongs to nothing negotiated.
// The packet may still be forged.
func (p *Peer) introduces(h *rtp.Header) *stream {
	in := &p.in
	at := in.lineOf(string(h.GetExtension(in.exts.mid)))
	if in.exts.mid == 0 {
		at = in.onlyLineOf(h.PayloadType)
	}
	if at == nil {
		return nil
	}
	src := p.publish[at.mid]
	if src == nil || src.publisher != p {
		return nil
	}
	s := &stream{ssrc: h.SSRC, mid: at.mid, line: at, repair: at.types.rtx != 0 && h.PayloadType == at.types.rtx}
	name := h.GetExtension(in.exts.rid)
	if s.repair {
		name = h.GetExtension(in.exts.repaired)
	}
	switch i, ok := src.layerIndex(string(name)); {
	case !ok || i >= p.room.engine.p.Limits.LayersPerSource:
		return nil
	case len(name) == 0 && at.declared:
		return nil // the offer has named its streams
	}
	s.rid = string(name)
	return s
}

// onlyLineOf finds the m-line of a packet that names none, for senders without the
// MID extension: the only one with the payload type.
func (in *intake) onlyLineOf(pt uint8) (found *sending) {
	for i := range in.lines {
		if !in.lines[i].types.has(pt) {
			continue
		}
		if found != nil {
			return nil
		}
		found = &in.lines[i]
	}
	return found
}

func (t *codecTypes) has(pt uint8) bool {
	return pt != 0 && (pt == t.opus || pt == t.red || pt == t.vp8 || pt == t.h264 || pt == t.rtx)
}

// layerOf is where packets of s go: by MID and RID, never by what the packets
// claim to be. nil: nowhere (any more).
func (p *Peer) layerOf(s *stream) (*layer, *codecTypes) {
	at := s.line
	if at == nil || s.stale {
		return nil, nil
	}
	if l := s.layer; l != nil && l.ssrc == s.ssrc && l.src.publisher == p {
		return l, &at.types
	}
	src := p.publish[s.mid]
	if src == nil || src.publisher != p {
		return nil, nil
	}
	i, ok := src.layerIndex(s.rid)
	if !ok || i >= p.room.engine.p.Limits.LayersPerSource {
		return nil, nil
	}
	l := src.layers[i]
	switch {
	case l == nil:
		l = newLayer(src, i, p.room.engine.p.Limits.RingPackets)
		l.ssrc = s.ssrc
		src.layers[i] = l
	case l.ssrc != s.ssrc:
		p.room.deliver()
		l.restart(s.ssrc)
	}
	l.nack, s.layer = at.types.nack, l
	return l, &at.types
}

// repairedBy is the stream whose packets s repeats.
func (in *intake) repairedBy(s *stream) *stream {
	for _, o := range in.streams {
		if !o.repair && !o.stale && o.mid == s.mid && o.rid == s.rid {
			return o
		}
	}
	return nil
}

// takeRTP takes a datagram that came from one of the peer's addresses; false when
// it is not authentic. Under the room's lock.
func (p *Peer) takeRTP(b []byte, now time.Time) bool {
	in, c := &p.in, &p.room.loop.count
	h := &in.pkt.Header
	*h = rtp.Header{Extensions: h.Extensions[:0], CSRC: h.CSRC[:0]}
	size, err := h.Unmarshal(b)
	if err != nil {
		c.dropped[dropMalformed].Add(1)
		return false
	}
	s := in.find(h.SSRC)
	begins := s == nil
	if begins {
		if s = p.introduces(h); s == nil {
			c.dropped[dropForeign].Add(1)
			return false
		}
	}
	index, fresh := s.window.index(h.SequenceNumber)
	if !fresh {
		c.dropped[dropRepeated].Add(1)
		return false
	}
	payload, err := in.open.open(b, size, h.SSRC, index)
	if err != nil {
		c.dropped[dropForged].Add(1)
		return false
	}
	if !s.window.begun {
		p.lodge(h.SSRC)
	}
	s.window.note(index)
	p.heard = now
	if begins {
		if !in.add(s) {
			p.tooManyStreams()
			return true
		}
		in.takes(s)
	}
	in.feedback.note(p, s, index, now)
	p.passOn(s, payload, now)
	return true
}

func (p *Peer) tooManyStreams() {
	p.room.engine.log.Warn("sfu: a peer begins stream after stream and is closed", "peer", p.id)
	p.closeLater()
}

// passOn gives an authentic packet of s, whose header stands in the scratch
// packet, to the room.
func (p *Peer) passOn(s *stream, payload []byte, now time.Time) {
	in, c := &p.in, &p.room.loop.count
	pkt := &in.pkt
	if pkt.Padding {
		n := 0
		if len(payload) > 0 {
			n = int(payload[len(payload)-1])
		}
		if n == 0 || n > len(payload) {
			c.dropped[dropMalformed].Add(1)
			return
		}
		payload = payload[:len(payload)-n]
	}
	pkt.Payload = payload
	came := s
	if s.repair {
		at := s.line
		if s = in.repairedBy(s); s == nil || at == nil || pkt.PayloadType != at.types.rtx {
			c.dropped[dropForeign].Add(1)
			return
		}
		if !originalOf(pkt, at.types.video()) {
			return // padding that probes the bandwidth
		}
	}
	l, types := p.layerOf(s)
	if l == nil {
		c.dropped[dropForeign].Add(1)
		return
	}
	if p.room.absorb(l, pkt, *types, now) && !came.repair {
		came.stats.received-- // what is reported is the way's loss, by which senders protect sound
	}
}

// originalOf makes a retransmission the packet that it repeats, of payload type
// pt: its payload begins with that one's sequence number (RFC 4588 section 4).
// False for empty ones.
func originalOf(pkt *rtp.Packet, pt uint8) bool {
	if len(pkt.Payload) <= 2 {
		return false
	}
	pkt.SequenceNumber = binary.BigEndian.Uint16(pkt.Payload)
	pkt.Payload, pkt.PayloadType = pkt.Payload[2:], pt
	return true
}
