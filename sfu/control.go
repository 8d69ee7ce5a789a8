package sfu

import (
	"crypto/cipher"
	"encoding/binary"
	"slices"
	"time"

	"github.com/pion/srtp/v3"
)

// RTCP is read where it lies: receivers report twenty times a second each, and what
// they say is a few numbers.

// Packet types and formats that we obey (RFC 3550, RFC 4585, RFC 5104). What others
// say, receiver reports among them, transport-wide feedback says better.
const (
	typeSenderReport = 200
	typeTransport    = 205
	typePayload      = 206
	formatNack       = 1 // of typeTransport
	formatPLI        = 1 // of typePayload
	formatFIR        = 4

	formatWide = 15 // of typeTransport, see estimate.ParseFeedback

	feedbackHead = 12 // common header, sender, media source
)

// takeRTCP opens an SRTCP datagram and takes the reports and requests in it; true
// when it was authentic and Pion has not heard of the peer for a while.
func (p *Peer) takeRTCP(b []byte, now time.Time) (tell bool) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	defer p.rescueServed()
	plain, tell := p.openRTCP(b, now)
	p.control(plain, now)
	return tell
}

// openRTCP authenticates and bounds an SRTCP datagram; nothing of it is left when it
// is refused. Under the room's lock.
func (p *Peer) openRTCP(b []byte, now time.Time) (plain []byte, tell bool) {
	in, c := &p.in, &p.room.loop.count
	if p.ended || in.control == nil || len(b) < 8 {
		return nil, false
	}
	from := binary.BigEndian.Uint32(b[4:])
	i := slices.IndexFunc(in.reporters, func(r reporter) bool { return r.ssrc == from })
	if i < 0 && len(in.reporters) >= maxReporters {
		c.dropped[dropForeign].Add(1)
		return nil, false
	}
	r := &in.stranger
	if i >= 0 {
		r = &in.reporters[i]
	} else {
		*r = reporter{ssrc: from}
	}
	plain, err := in.control.openControl(b, r)
	if err != nil {
		c.dropped[dropForged].Add(1)
		return nil, false
	}
	if i < 0 {
		in.reporters = append(in.reporters, *r)
		p.lodge(from)
	}
	p.heard = now
	if !in.police.take(len(b), now) {
		c.dropped[dropPoliced].Add(1)
		return nil, in.silentFor(now)
	}
	return plain, in.silentFor(now)
}

// control takes a compound packet (RFC 3550 section 6.1) that the peer sent; under
// the room's lock.
func (p *Peer) control(b []byte, now time.Time) {
	p.room.at = now
	for len(b) > 0 {
		size := 4
		if len(b) >= size {
			size *= int(binary.BigEndian.Uint16(b[2:])) + 1
		}
		if size > len(b) || b[0]>>6 != 2 || !p.takeControl(b[:size], now) {
			p.room.loop.count.dropped[dropMalformed].Add(1)
			return
		}
		b = b[size:]
	}
}

// takeControl takes one packet of a compound one; false when it is malformed.
func (p *Peer) takeControl(b []byte, now time.Time) (ok bool) {
	switch kind, format := b[1], b[0]&0x1f; {
	case kind == typeSenderReport:
		var ssrc, ts uint32
		var ntp uint64
		if ssrc, ntp, ts, ok = parseSenderReport(b); ok {
			p.senderReported(ssrc, ntp, ts, now)
		}
	case kind == typeTransport && format == formatNack:
		var media uint32
		var pairs []byte
		if media, pairs, ok = parseNack(b); ok {
			p.repeat(media, pairs, now)
		}
	case kind == typePayload && format == formatPLI:
		if ok = len(b) >= feedbackHead; ok {
			p.wantKeyframe(binary.BigEndian.Uint32(b[8:]))
		}
	case kind == typePayload && format == formatFIR:
		var entries []byte
		if entries, ok = parseFIR(b); ok {
			for ; len(entries) > 0; entries = entries[8:] {
				p.wantKeyframe(binary.BigEndian.Uint32(entries))
			}
		}
	case kind == typeTransport && format == formatWide:
		ok = p.takeWide(b, now)
	default:
		ok = true
	}
	return ok
}

// repeat answers a request for lost packets: pairs of a number and a mask of the 16
// after it (RFC 4585 section 6.2.1).
func (p *Peer) repeat(media uint32, pairs []byte, now time.Time) {
	s := p.sectionBy(media)
	if s == nil {
		return
	}
	for ; len(pairs) > 0; pairs = pairs[4:] {
		seq := binary.BigEndian.Uint16(pairs)
		s.resend(seq, now)
		for mask := binary.BigEndian.Uint16(pairs[2:]); mask != 0; mask >>= 1 {
			if seq++; mask&1 != 0 {
				s.resend(seq, now)
			}
		}
	}
}

// wantKeyframe passes a receiver's request on; the publisher's worker merges and
// throttles.
func (p *Peer) wantKeyframe(media uint32) {
	s := p.sectionBy(media)
	if s == nil {
		return
	}
	if s.still.on {
		return // the next one comes in its time
	}
	i := s.current
	if i < 0 {
		i = s.target
	}
	if s.gate.open && i >= 0 && s.src.layers[i] != nil {
		s.askKey(s.src.layers[i])
	}
}

func (p *Peer) sectionBy(ssrc uint32) *section {
	for _, s := range p.sections {
		if s.ssrc == ssrc {
			return s
		}
	}
	return nil
}

// senderReported takes a report about a stream that the peer sends.
func (p *Peer) senderReported(ssrc uint32, ntp uint64, ts uint32, now time.Time) {
	s := p.in.find(ssrc)
	if s == nil || s.repair {
		return
	}
	s.stats.reported(ntp, now)
	if l := s.layer; l != nil && l.ssrc == ssrc && l.src.publisher == p {
		l.reported(ntp, ts, now)
	}
}

func parseSenderReport(b []byte) (ssrc uint32, ntp uint64, ts uint32, ok bool) {
	if len(b) < 28+24*int(b[0]&0x1f) {
		return 0, 0, 0, false
	}
	return binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint32(b[16:]), true
}

func parseNack(b []byte) (media uint32, pairs []byte, ok bool) {
	if len(b) <= feedbackHead {
		return 0, nil, false
	}
	return binary.BigEndian.Uint32(b[8:]), b[feedbackHead:], true
}

// parseFIR returns entries of 8 bytes that begin with the SSRC (RFC 5104 section
// 4.3.1.1).
func parseFIR(b []byte) (entries []byte, ok bool) {
	if len(b) <= feedbackHead || len(b)%8 != feedbackHead%8 {
		return nil, false
	}
	return b[feedbackHead:], true
}

// controlOpener takes the protection off SRTCP of one peer, for its life; the caller
// holds the room's lock.
type controlOpener interface {
	// openControl authenticates the compound packet b of r's SSRC, at least 8 bytes,
	// refuses a repeat and decrypts in place.
	openControl(b []byte, r *reporter) (plain []byte, err error)
}

// reporter is one SSRC that a peer's authentic RTCP comes from, and the packets of it
// that came: a window of 64, the least that RFC 3711 section 3.3.2 allows.
type reporter struct {
	ssrc    uint32
	begun   bool
	highest uint32
	seen    uint64 // bit i: highest-i came
}

func (r *reporter) fresh(index uint32) bool {
	if !r.begun || index > r.highest {
		return true
	}
	back := r.highest - index
	return back < 64 && r.seen&(1<<back) == 0
}

func (r *reporter) note(index uint32) {
	switch {
	case !r.begun:
		r.begun, r.highest, r.seen = true, index, 1
	case index > r.highest:
		r.seen = r.seen<<(index-r.highest) | 1
		r.highest = index
	default:
		r.seen |= 1 << (r.highest - index)
	}
}

// gcmControl is AEAD_AES_128_GCM for SRTCP (RFC 7714 section 9). What is merely
// authenticated was never negotiated and counts as forged.
type gcmControl struct {
	aead  cipher.AEAD
	salt  [12]byte
	nonce [12]byte
	aad   [12]byte // header, then the E bit and the index
}

func (o *gcmControl) openControl(b []byte, r *reporter) ([]byte, error) {
	end := len(b) - 4
	if end < 8+gcmTagSize {
		return nil, errForged
	}
	word := binary.BigEndian.Uint32(b[end:])
	index := word &^ (1 << 31)
	if word == index || !r.fresh(index) {
		return nil, errForged
	}
	gcmNonce(&o.nonce, &o.salt, r.ssrc, uint64(index))
	copy(o.aad[:8], b)
	copy(o.aad[8:], b[end:])
	plain, err := o.aead.Open(b[8:8], o.nonce[:], b[8:end], o.aad[:])
	if err != nil {
		return nil, errForged
	}
	r.note(index)
	return b[:8+len(plain)], nil
}

// contextControl serves every other profile through pion/srtp, which refuses repeats
// itself.
type contextControl struct{ ctx *srtp.Context }

func (o contextControl) openControl(b []byte, _ *reporter) ([]byte, error) {
	return o.ctx.DecryptRTCP(b, b, nil) //nolint:wrapcheck // counted, not printed
}
