package sfu

import (
	"time"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"phientoa/sfu/estimate"
)

const (
	udpOverhead = 28 // bytes of IPv4 and UDP headers, which the line carries too
	// packetOverhead is what a packet of a source takes on a receiver's line beside
	// its payload.
	packetOverhead = rtpHeaderSize + wideSize + sealOverhead + udpOverhead
	// A receiver that negotiated feedback and sends none is not bounded for ever.
	reportGrace = 3 * time.Second
	// startRate is what a line is held to carry before it was proved: sound and the
	// lowest layer of a picture or two. Probes then double it five times a second.
	startRate = 300_000
	// Redundancy of sound is for legs that lose: over this share, and for so long.
	redLoss = 0.02
	redTime = 10 * time.Second
	// paddingBytes is what RFC 3550 section 5.1 can count in the last of them.
	paddingBytes = 255
)

// line is what is known of the way to a peer that reports by transport-wide
// feedback. Under the room's lock.
type line struct {
	est *estimate.Estimator // nil: no section negotiated it
	// arrivals is what the last feedback told, kept for its room.
	arrivals []estimate.Arrival
	began    time.Time
	// red is how many frames before its own a packet of sound carries on this leg, and
	// lossy until when at least. Where nobody knows what the leg loses, a packet goes
	// out as it came.
	red   int
	lossy time.Time
	share shareState
	pace  pacer
	// wanted is the rate that would carry every picture as it is shown, 0 when they
	// all are.
	wanted int
}

// bounds says that the estimate bounds what is sent.
func (l *line) bounds(now time.Time) bool {
	return l.est != nil && (l.est.Known() || now.Sub(l.began) < reportGrace)
}

// loses follows the share that the leg loses: redundancy rises at once and falls when
// less was enough for redTime. It is bounded by what the line carries beside sound as
// it comes, at sound bits per second: a frame more in each packet costs half of that.
func (l *line) loses(share float64, sound int, now time.Time) {
	depth := depthFor(share)
	if depth > 1 && sound > 0 {
		depth = max(1, min(depth, l.est.Target()/(2*sound)))
	}
	if depth > 0 && depth >= l.red || !now.Before(l.lossy) {
		l.red, l.lossy = depth, now.Add(redTime)
	}
}

// numberWide takes the negotiated id of the transport-wide number.
func (s *section) numberWide(list []webrtc.RTPHeaderExtensionParameter) {
	p := s.peer
	if p.tx.mode != SendOwn {
		return
	}
	for _, x := range list {
		if x.URI != sdp.TransportCCURI || x.ID < 1 || x.ID > 14 {
			continue
		}
		s.wide = uint8(x.ID)
		if now := p.room.engine.p.Now(); p.tx.line.est == nil {
			p.tx.line.est, p.tx.line.began = estimate.New(estimate.Params{Start: startRate}, now), now
			p.tx.line.red, p.tx.line.lossy = 1, now.Add(reportGrace)
		}
		return
	}
}

// takeWide takes b when it is one packet of transport-wide feedback: what a receiver
// says of the packets that it got. Under the room's lock.
func (p *Peer) takeWide(b []byte, now time.Time) bool {
	l := &p.tx.line
	list, ok := estimate.ParseFeedback(b, l.arrivals[:0])
	if !ok {
		return false
	}
	l.arrivals = list
	p.report(list, now)
	return true
}

// report takes what a receiver says of the packets that it got; under the room's
// lock.
func (p *Peer) report(list []estimate.Arrival, now time.Time) {
	l := &p.tx.line
	if p.ended || l.est == nil {
		return
	}
	p.heard = now
	l.est.Feedback(list, now)
	l.loses(l.est.Loss(), p.sound(now), now)
	p.allocate(now)
	if l.wanted > l.est.Target() {
		p.kick()
	}
}

// probe sends the padding of a probe that is due or runs, on the repair stream of a
// picture, of one that flows before one that is to: a camera that sends one large layer
// would else never begin. Padding carries nothing and needs no answer.
func (p *Peer) probe(e *errands, now time.Time) {
	l := &p.tx.line
	if l.est == nil || !p.tx.ready {
		return
	}
	var by *section
	for _, s := range p.sections {
		if s.rtxPT != 0 && s.wide != 0 && s.bound && s.gate.open && (by == nil || s.probes() > by.probes()) {
			by = s
		}
	}
	if by == nil {
		return
	}
	bytes, again := l.est.Padding(l.wanted, now)
	p.room.at = now
	for ; bytes > 0; bytes -= paddingBytes + packetOverhead {
		if by.pad() {
			break
		}
	}
	if again > 0 {
		e.next = min(e.next, again)
	}
}

// probes ranks who lends its stream to a probe.
func (s *section) probes() int {
	switch {
	case s.running:
		return 2
	case s.sent:
		return 1
	}
	return 0
}

// pad sends one packet of padding alone; it reports a full buffer.
func (s *section) pad() (full bool) {
	b := s.peer.room.out.space(s.headerSize() + paddingBytes)
	body := b[s.header(b, s.rtxPT, false, uint16(s.rtxNext), s.lastTS, s.rtxSSRC):]
	b[0] |= 0x20
	clear(body)
	body[paddingBytes-1] = paddingBytes
	s.peer.room.loop.count.padding.Add(1)
	s.add(b, s.rtxSSRC, s.rtxNext)
	s.rtxNext++
	return s.write()
}

// measure follows the rate of the layer over the span since the last look.
func (l *layer) measure(span time.Duration) {
	rate := int(float64(8*l.bytes) / span.Seconds())
	if l.rate > 0 && rate < l.rate {
		rate = (3*l.rate + rate) / 4
	}
	l.rate, l.bytes = rate, 0
}
