package sfu

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// section is a receiving m-line of a peer, bound to one source for the session.
// Sequence numbers and roll-over live as long as the peer: a repeated index under
// the same key would repeat a nonce. Under the room's lock.
type section struct {
	peer  *Peer
	src   *source
	mid   string
	bound bool // the transport has given SSRC and payload types
	dead  bool // the m-line was stopped

	ssrc, rtxSSRC    uint32
	pt, redPT, rtxPT uint8                   // of sound or VP8; 0: not negotiated
	h264PT, h264RTX  uint8                   // of H.264; 0: not negotiated
	stream           webrtc.TrackLocalWriter // SendPion only
	hdr              rtp.Header
	gate             gate
	grant            Grant
	hint             Hint
	hinted           bool
	current, target  int  // layers, -1: none
	withheld         bool // a viewer gets other sounds than this one
	waiting          bool
	keyHeld          bool   // the keyframe that is waited for stands in the pacer
	congested        bool   // a packet met a full buffer: see congest
	congestedTS      uint32 // RTP timestamp, as received, of its frame
	running          bool   // sendSeq maps the current stream
	lastLayer        *layer
	caught           uint64 // up to it catchUp has given what the burst brings again
	lastSSRC         uint32
	seq              sendSeq
	tsShift          uint32 // subtracted from the sender's timestamps
	pidShift         uint16
	tl0Shift         uint8
	lastTS           uint32
	changed          uint32 // lastTS when Choose last put another source behind it,
	changedSent      bool   // and sent
	lastAt           time.Time
	lastPID          uint16
	lastTL0          uint8
	sent             bool
	history          []sentPacket
	historyFrom      uint64 // older ones were purged
	born             time.Time
	rtxNext          uint64
	rtxBudget        bucket
	wide             uint8 // id of the extension with the transport-wide number, 0: none
	wish             int   // the layer that the size shown asks for, -1: none
	ideal            int   // the same of those that flow
	starved          bool  // the line carries not even the lowest layer
	still            still
	replayed         uint32 // age at which kept pictures were last looked at, 0: never
	packets, octets  uint32
}

// sentPacket remembers how a packet was rewritten, for its retransmission. There
// are hundreds for each section, so it holds no pointer and no more than it must.
type sentPacket struct {
	ext      uint64 // as received
	out      uint32 // low half of the index sent; 0: empty
	tsShift  uint32
	resent   uint32 // milliseconds of the section's life, 0: never
	pidShift uint16
	tl0Shift uint8
	layer    uint8
}

// is says that h stands for the packet sent with the index.
func (h *sentPacket) is(index uint64) bool { return uint64(h.out) == index&(1<<32-1) }

// age is the section's life in milliseconds, from 1 on.
func (s *section) age(now time.Time) uint32 { return uint32(now.Sub(s.born).Milliseconds()) + 1 }

func newSection(p *Peer, mid string, src *source, now time.Time) *section {
	s := &section{
		peer: p, src: src, mid: mid, born: now, current: -1, target: -1, wish: -1, ideal: -1,
		rtxBudget: newBucket(0, p.room.engine.p.Limits.RTXBurstBytes, now),
		rtxNext:   uint64(rand.Uint32N(1<<15)) + 1, //nolint:gosec // RFC 3550: unpredictable is enough
	}
	// The first number stays below 2^15 so that both sides agree on a roll-over
	// count of zero even when the first packets are lost (RFC 3711 section 3.3.1).
	s.seq.next = uint64(rand.Uint32N(1<<15-1)) + 1 //nolint:gosec // see above
	return s
}

// regrant applies what the routing says now; the caller closes before it opens.
func (s *section) regrant(g Grant, open bool, now time.Time) {
	s.grant = g
	if s.src.kind == Mic {
		defer s.peer.chooseSounds(now)
	}
	if open == s.gate.open {
		s.retarget(now)
		return
	}
	if open {
		s.src.open++
		s.gate.raise(s.src)
		s.retarget(now)
	} else {
		s.gate.open = false
		s.src.leaves()
		s.halt()
	}
	s.peer.dirty()
}

// remember makes the history at the first packet: most of the sections that a client
// offers never carry one, and 64 of them would take half a megabyte.
func (s *section) remember() {
	switch {
	case s.history != nil:
	case s.src.kind == Mic:
		s.history = make([]sentPacket, audioHistory)
	default:
		s.history = make([]sentPacket, videoHistory)
	}
}

// halt stops the flow and makes everything sent so far unreachable for
// retransmission.
func (s *section) halt() {
	s.running, s.current, s.target, s.waiting, s.congested = false, -1, -1, false, false
	s.wish, s.ideal, s.starved = -1, -1, false
	s.still = still{}
	s.historyFrom = s.seq.next
}

// retarget chooses the layer that should flow.
func (s *section) retarget(now time.Time) {
	if !s.gate.open || s.src.kind != Cam {
		return
	}
	s.wish, s.ideal = -1, -1
	if !s.rests() && s.takes(s.src.codec) {
		width, height := 1<<30, 1<<30
		if s.hinted && s.hint.Height > 0 {
			width, height = s.hint.Width, s.hint.Height
		}
		lo, hi := int(s.grant.MinLayer), int(s.grant.MaxLayer)
		s.wish = s.src.smallestFor(s.src.offered(), width, height, lo, hi)
		s.ideal = s.src.smallestFor(s.src.choosable(now, lo, hi), width, height, lo, hi)
	}
	if s.peer.tx.line.bounds(now) {
		s.peer.allocate(now)
		return
	}
	if s.starved = s.peer.stills.only; s.starved {
		s.settle(-1, true)
	} else {
		s.settle(s.ideal, s.rests())
	}
	s.src.want(s.reach(now), now)
}

// takes tells whether the receiver of a picture has negotiated the codec, so far as is
// known yet.
func (s *section) takes(c Codec) bool {
	switch {
	case !s.bound:
		return true
	case c == H264:
		return s.h264PT != 0
	default:
		return s.pt != 0
	}
}

// typeOf is the payload type of packet k, and that of its retransmission, 0 for none.
func (s *section) typeOf(k *packetRefs) (plain, again uint8) {
	if k.pkt.Codec == H264 {
		return s.h264PT, s.h264RTX
	}
	return s.pt, s.rtxPT
}

// aim makes layer i the target, -1 for none; at once ends what flows now instead
// of letting it go on until the keyframe.
func (s *section) aim(i int, atOnce bool) {
	was := s.target
	s.target = i
	if atOnce && s.current != i {
		if s.running {
			s.historyFrom = s.seq.next // of no use to the picture that comes
		}
		s.current, s.running = -1, false
	}
	s.waiting = i >= 0 && i != s.current
	if s.waiting && !s.views() { // a viewer first looks at what is kept
		s.src.layers[i].requestKey()
	}
	if was != i {
		s.peer.dirty()
	}
}

// wanted is false when the client shows the section nowhere and the grant lets it rest.
func (s *section) wanted() bool {
	return !s.hinted || !s.grant.MayPause || s.hint.Width > 0 && s.hint.Height > 0
}

// leaveOut notes a packet of the present stream that is not forwarded.
func (s *section) leaveOut(l *layer, ext uint64) {
	if s.running && s.lastLayer == l {
		s.seq.skip(ext)
	}
}

// forward sends one packet of the source, if it is granted and of the right
// layer. It runs once for each receiver of each packet: no allocation here.
func (s *section) forward(l *layer, k *packetRefs) {
	if !s.bound || !s.peer.tx.ready || s.withheld {
		return
	}
	if s.src.kind == Cam && s.holdBack(l, k) {
		return
	}
	if !s.gate.admit(k, l.index) {
		return
	}
	if s.src.kind == Cam && (!s.choose(l, k) || s.restOfFrame(l, k)) {
		return
	}
	ext, begun := k.pkt.Seq, false
	if !s.running || s.lastLayer != l || s.lastSSRC != l.ssrc || ext > s.seq.high+seqJump {
		if s.running && s.src.kind == Cam && !k.keyStart {
			s.running, s.current, s.waiting = false, -1, true
			s.askKey(l)
			return
		}
		s.begin(l, k)
		begun = true
	}
	if !s.emit(l, k) {
		return
	}
	if begun && ext < l.released && s.src.kind == Cam && !s.peer.tx.line.pace.draining { // what was held back has what follows behind it
		s.catchUp(l, ext+1)
	}
}

// emit sends the packet of the present stream under its number; false when it has
// none, or has been sent.
func (s *section) emit(l *layer, k *packetRefs) bool {
	s.remember()
	ext := k.pkt.Seq
	out, ok := s.seq.take(ext)
	if !ok || out < s.historyFrom || out+uint64(len(s.history)) <= s.seq.next {
		return false // belongs to a stream before the present one
	}
	h := &s.history[out%uint64(len(s.history))]
	if h.is(out) {
		return false // an index is sealed once
	}
	*h = sentPacket{out: uint32(out), ext: ext, layer: l.index, tsShift: s.tsShift, pidShift: s.pidShift, tl0Shift: s.tl0Shift}
	s.send(k, h, out)
	return true
}

// catchUp forwards what came before the beginning of its keyframe, which was
// mended late.
func (s *section) catchUp(l *layer, from uint64) {
	for ext := from; ext <= l.released; ext++ {
		if k := l.get(ext); k != nil {
			s.give(l, k)
		}
	}
	s.caught = l.released
}

// choose follows the target layer: it is entered at a keyframe only.
func (s *section) choose(l *layer, k *packetRefs) bool {
	i := int(l.index)
	if s.still.on {
		return s.takesStill(l, k)
	}
	if s.waiting && s.current < 0 && s.views() && s.replay(l, k) {
		return i == s.current
	}
	if i == s.target && s.waiting {
		if !k.keyStart {
			s.askKey(l)
			if s.congested && s.current < 0 {
				s.peer.room.loop.count.dropped[dropFrame].Add(1)
			}
			return i == s.current && s.running
		}
		s.current, s.waiting, s.running, s.congested, s.keyHeld = i, false, false, false, false
		s.peer.dirty()
	}
	return i == s.current
}

// congest follows packets that met a full buffer, the last of the timestamp ts. The
// rest of its frame would decode to nothing, so it is not sent; and when other frames
// refer to what was lost, neither are those, up to the next keyframe.
func (s *section) congest(ts uint32, referred bool) {
	s.congestedTS = ts
	if s.congested = true; !referred {
		return
	}
	s.abandon()
}

// abandon ends the stream until the next keyframe, which is asked for.
func (s *section) abandon() {
	s.still.frame = false
	s.congested, s.keyHeld = true, false
	s.running, s.current, s.waiting = false, -1, s.target >= 0
	if s.waiting {
		s.askKey(s.src.layers[s.target])
	}
	s.peer.dirty()
}

// restOfFrame withholds what follows in a frame that nothing refers to and that
// lost a packet to a full buffer; no gap in the numbers tells of it.
func (s *section) restOfFrame(l *layer, k *packetRefs) bool {
	if !s.congested {
		return false
	}
	if k.pkt.Timestamp != s.congestedTS {
		s.congested = false
		return false
	}
	s.leaveOut(l, k.pkt.Seq)
	s.peer.room.loop.count.dropped[dropFrame].Add(1)
	return true
}

// begin starts a stream after what was sent before: the next sequence number, a
// continuous timestamp and the next picture id.
func (s *section) begin(l *layer, k *packetRefs) {
	if s.sent && (s.lastLayer != l || s.lastSSRC != l.ssrc) {
		s.tsShift = k.pkt.Timestamp - s.nextTimestamp(l, k)
	}
	if s.sent {
		s.pidShift = k.vp8.pid - (s.lastPID + 1)
		s.tl0Shift = k.vp8.tl0 - (s.lastTL0 + 1)
	}
	s.seq.start(k.pkt.Seq)
	s.lastLayer, s.lastSSRC, s.running = l, l.ssrc, true
	s.caught = 0 // a number of the layer before
}

// nextTimestamp places the first packet of l on the section's timeline: by the
// sender reports of both layers if there are any, else by arrival.
func (s *section) nextTimestamp(l *layer, k *packetRefs) uint32 {
	rate := float64(s.src.clockRate())
	next := s.lastTS + uint32(int64(k.pkt.Arrival.Sub(s.lastAt).Seconds()*rate))
	if old := s.lastLayer; old != nil && old != l && old.src == l.src && old.hasReport && l.hasReport && s.lastSSRC == old.ssrc {
		wall := float64(int64(l.report.NTP-old.report.NTP)) / (1 << 32)
		onOld := old.report.Timestamp + uint32(int64(wall*rate)) + (k.pkt.Timestamp - l.report.Timestamp)
		byReport := onOld - s.tsShift
		if d := int32(byReport - next); d > -int32(rate) && d < int32(rate) {
			next = byReport
		}
	}
	if !after(next, s.lastTS) {
		next = s.lastTS + 1
	}
	return next
}

// send builds and seals the packet as h says, under the index, for the next flush.
func (s *section) send(k *packetRefs, h *sentPacket, index uint64) {
	payload, pt := s.payload(k)
	ts := k.pkt.Timestamp - h.tsShift
	b := s.peer.room.out.space(s.headerSize() + len(payload))
	body := b[s.header(b, pt, k.pkt.Marker, uint16(index), ts, s.ssrc):]
	copy(body, payload)
	if s.src.kind == Cam {
		k.vp8.rewrite(body, h.pidShift, h.tl0Shift)
	}
	if !s.sent || after(ts, s.lastTS) {
		s.lastTS, s.lastAt = ts, k.pkt.Arrival
		s.lastPID, s.lastTL0 = k.vp8.pid-h.pidShift, k.vp8.tl0-h.tl0Shift
	}
	if s.sent = true; s.still.on {
		s.spendStill(len(payload) + packetOverhead)
	}
	s.packets++
	s.octets += uint32(len(payload))
	s.rtxBudget.credit(float64(len(payload)) / 5)
	s.add(b, s.ssrc, index)
	s.peer.room.out.of(k)
}

// headerSize of what the section sends.
func (s *section) headerSize() int {
	if s.wide != 0 {
		return rtpHeaderSize + wideSize
	}
	return rtpHeaderSize
}

// header writes the header into b and returns its size.
func (s *section) header(b []byte, pt uint8, marker bool, seq uint16, ts, ssrc uint32) int {
	b[0], b[1] = 0x80, pt
	if marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], ts)
	binary.BigEndian.PutUint32(b[8:], ssrc)
	if s.wide == 0 {
		return rtpHeaderSize
	}
	// One extension with a one-byte header (RFC 8285 section 4.2), two bytes long.
	b[0] |= 0x10
	binary.BigEndian.PutUint32(b[rtpHeaderSize:], 0xbede0001)
	b[16] = s.wide<<4 | 1
	binary.BigEndian.PutUint16(b[17:], s.peer.tx.line.est.Next()+uint16(s.peer.room.out.count))
	b[19] = 0
	return rtpHeaderSize + wideSize
}

// resend answers one lost sequence number on the RTX stream (RFC 4588), within
// the budget of the section; without RTX nothing is repeated.
func (s *section) resend(seq uint16, now time.Time) {
	if !s.gate.open || !s.bound || !s.peer.tx.ready || !s.sent {
		return
	}
	out := s.seq.next - 1
	out += uint64(int64(int16(seq - uint16(out))))
	h := &s.history[out%uint64(len(s.history))]
	age := s.age(now)
	if !h.is(out) || out < s.historyFrom || h.resent != 0 && age-h.resent < resendInterval {
		return
	}
	l := s.src.layers[h.layer]
	if l == nil || h.ext <= s.gate.floor[h.layer] {
		return
	}
	k := l.get(h.ext)
	if k == nil {
		return
	}
	_, pt := s.typeOf(k)
	if pt == 0 {
		return
	}
	if !s.rtxBudget.take(len(k.raw)+2+rtpHeaderSize, now) {
		return
	}
	h.resent = age
	b := s.peer.room.out.space(s.headerSize() + 2 + len(k.raw))
	body := b[s.header(b, pt, k.pkt.Marker, uint16(s.rtxNext), k.pkt.Timestamp-h.tsShift, s.rtxSSRC):]
	binary.BigEndian.PutUint16(body, seq)
	copy(body[2:], k.raw)
	k.vp8.rewrite(body[2:], h.pidShift, h.tl0Shift)
	s.peer.room.loop.count.resent.Add(1)
	s.add(b, s.rtxSSRC, s.rtxNext)
	s.rtxNext++
	s.write()
}

// state tells what the client shows about the section.
func (s *section) state(now time.Time) ReceiverState {
	st := ReceiverState{
		MID: s.mid, Source: s.src.id, Granted: s.gate.open, Wanted: s.wanted(),
		CurrentLayer: s.current, TargetLayer: s.target, WaitingKeyframe: s.waiting,
	}
	if s.src.kind == Mic && s.gate.open && !s.withheld && !s.src.lost() {
		st.CurrentLayer, st.TargetLayer = 0, 0
	}
	switch {
	case !s.gate.open:
		st.PausedBy = PausedByGrant
	case s.src.publisher == nil && s.peer.room.connected(s.src.id.Peer):
		st.PausedBy = PausedByUnused
	case s.src.lost():
		st.PausedBy = PausedByLost
	case s.src.kind == Cam && !s.takes(s.src.codec):
		st.PausedBy = PausedByCodec
	case s.src.kind == Cam && s.src.silent(now):
		st.PausedBy = PausedBySender
	case s.shed():
		st.PausedBy = PausedByOverload
	case s.starved || s.congested && s.waiting:
		st.PausedBy = PausedByBandwidth
	case s.withheld || !s.wanted():
		st.PausedBy = PausedByPolicy
	}
	return st
}
