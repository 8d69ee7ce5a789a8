package estimate

import "encoding/binary"

// Arrival is one packet in a feedback.
type Arrival struct {
	Seq uint16
	// Received is false when the receiver had not seen the packet when it reported.
	Received bool
	// At is the receiver's clock in units of 250 microseconds, modulo 2^32; it means
	// nothing but in differences. Only of received packets.
	At uint32
}

// maxReported bounds the packets of one feedback that are looked at: a second of
// the fastest receiver. What a feedback tells beyond is ignored.
const maxReported = 2048

const feedbackHeader = 20

// ParseFeedback reads one RTCP packet of transport-wide congestion control feedback
// (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1), from its common
// header on, and appends what it reports to dst, at most 2048 packets. ok is false,
// and dst unchanged, when the packet is another one or malformed.
func ParseFeedback(b []byte, dst []Arrival) (out []Arrival, ok bool) {
	if len(b) < feedbackHeader || b[0]>>6 != 2 || b[0]&0x1f != 15 || b[1] != 205 {
		return dst, false
	}
	size := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
	if size < feedbackHeader || size > len(b) {
		return dst, false
	}
	b = b[:size]
	seq, left := binary.BigEndian.Uint16(b[12:]), int(binary.BigEndian.Uint16(b[14:]))
	// The reference time counts 64 ms, which are 256 units; its upper bits fall out.
	at := binary.BigEndian.Uint32(b[16:]) >> 8 << 8
	from, n := len(dst), min(left, maxReported)
	out, rest, ok := statuses(dst, b[feedbackHeader:], seq, left, n)
	if !ok {
		return dst[:from], false
	}
	if !deltas(out[from:], rest, at) {
		return dst[:from], false
	}
	return out, true
}

// Symbols of a status chunk. They stand in Arrival.At until the deltas are read.
const (
	notReceived = iota
	smallDelta
	largeDelta
)

// statuses reads the chunks of left packets and appends the first keep of them.
func statuses(dst []Arrival, b []byte, seq uint16, left, keep int) (out []Arrival, rest []byte, ok bool) {
	add := func(symbol uint16, n int) {
		n = min(n, left)
		left -= n
		for ; n > 0 && keep > 0; n-- {
			dst = append(dst, Arrival{Seq: seq, Received: symbol != notReceived, At: uint32(symbol)})
			seq++
			keep--
		}
	}
	for left > 0 {
		if len(b) < 2 {
			return dst, nil, false
		}
		chunk := binary.BigEndian.Uint16(b)
		b = b[2:]
		switch {
		case chunk&0x8000 == 0: // run length
			if symbol := chunk >> 13 & 3; symbol > largeDelta {
				return dst, nil, false
			}
			add(chunk>>13&3, int(chunk&0x1fff))
			if chunk&0x1fff == 0 {
				return dst, nil, false // it would say nothing for ever
			}
		case chunk&0x4000 == 0: // one bit each
			for i := 13; i >= 0; i-- {
				add(chunk>>i&1, 1)
			}
		default: // two bits each
			for i := 12; i >= 0; i -= 2 {
				symbol := chunk >> i & 3
				if symbol > largeDelta {
					return dst, nil, false
				}
				add(symbol, 1)
			}
		}
	}
	return dst, b, true
}

func deltas(list []Arrival, b []byte, at uint32) bool {
	for i := range list {
		switch list[i].At {
		case smallDelta:
			if len(b) < 1 {
				return false
			}
			at += uint32(b[0])
			b = b[1:]
		case largeDelta:
			if len(b) < 2 {
				return false
			}
			at += uint32(int32(int16(binary.BigEndian.Uint16(b))))
			b = b[2:]
		}
		list[i].At = at
	}
	return true
}
