package sfu

import "encoding/binary"

// redBlock is one block of RFC 2198: offset is how much older than the packet's
// timestamp; the primary has offset 0 and stands last.
type redBlock struct {
	offset  uint16
	payload []byte
}

const maxRedBlocks = 9

// parseRED splits an RFC 2198 payload into blocks (oldest first as sent, primary
// last) within dst; ok is false when the payload is malformed, has more than
// maxRedBlocks blocks or any block of another payload type than pt.
func parseRED(b []byte, pt uint8, dst *[maxRedBlocks]redBlock) (n int, ok bool) {
	var sizes [maxRedBlocks]int
	at := 0
	for {
		if at >= len(b) || n == maxRedBlocks || b[at]&0x7f != pt {
			return 0, false
		}
		if b[at]&0x80 == 0 {
			at++
			break
		}
		if at+4 > len(b) {
			return 0, false
		}
		h := binary.BigEndian.Uint32(b[at:])
		dst[n].offset = uint16(h >> 10 & 0x3fff)
		sizes[n] = int(h & 0x3ff)
		n++
		at += 4
	}
	if n == maxRedBlocks {
		return 0, false
	}
	for i := range n {
		if at+sizes[i] > len(b) {
			return 0, false
		}
		dst[i].payload = b[at : at+sizes[i]]
		at += sizes[i]
	}
	dst[n] = redBlock{payload: b[at:]}
	return n + 1, true
}

// maxDepth is the most frames of sound before its own that a packet carries.
const maxDepth = 4

// depthFor is how many frames before its own a packet of sound carries on a leg that
// loses the share: so many that a third of a per cent of the frames, or less, come in
// none of their packets while losses are independent and at most a fifth.
func depthFor(share float64) int {
	switch {
	case share <= redLoss:
		return 0
	case share <= 0.05:
		return 1
	case share <= 0.13:
		return 2
	case share <= 0.22:
		return 3
	default:
		return maxDepth
	}
}

// payload is what the section sends of k: plain, or with redundancy for receivers that
// negotiated it, where packets are lost on the way to them or on the way to us.
func (s *section) payload(k *packetRefs) ([]byte, uint8) {
	if s.redPT == 0 {
		pt, _ := s.typeOf(k)
		return k.pkt.Payload, pt
	}
	l, line := s.src.layers[k.pkt.Layer], &s.peer.tx.line
	depth := line.red
	if k.red && (line.est == nil || k.pkt.Arrival.Before(l.holes)) {
		depth = max(depth, 1)
	}
	if depth == 0 {
		return k.pkt.Payload, s.pt
	}
	out := s.redundant(l, k, depth)
	if out == nil {
		return k.pkt.Payload, s.pt
	}
	return out, s.redPT
}

// redundant packs k with the frames of the depth packets before it (RFC 2198), those
// that came to us at all and after the opening; nil when there are none. The result
// is valid until the next call for any section of the room.
func (s *section) redundant(l *layer, k *packetRefs, depth int) []byte {
	own, n := &l.blocks, 0
	if k.red {
		n, _ = parseRED(k.raw, k.raw[0]&0x7f, own)
	}
	var blocks [maxDepth]redBlock // the youngest first
	count, size := 0, 1+len(k.pkt.Payload)
	for back := 1; back <= depth; back++ {
		b, ok := s.frameBefore(l, k, back)
		if !ok && n > back { // what did not reach us may be in the packet itself
			b = own[n-1-back]
			ok = s.gate.admitOld(k.pkt.Seq, k.pkt.Timestamp-uint32(b.offset))
		}
		if !ok || b.offset == 0 || len(b.payload) == 0 || len(b.payload) >= 1<<10 || size+4+len(b.payload) > maxPayload {
			continue
		}
		blocks[count] = b
		count++
		size += 4 + len(b.payload)
	}
	if count == 0 {
		return nil
	}
	out := s.peer.room.sound[:0]
	for i := count - 1; i >= 0; i-- {
		b := &blocks[i]
		out = binary.BigEndian.AppendUint32(out, uint32(0x80|s.pt)<<24|uint32(b.offset)<<10|uint32(len(b.payload)))
	}
	out = append(out, s.pt)
	for i := count - 1; i >= 0; i-- {
		out = append(out, blocks[i].payload...)
	}
	return append(out, k.pkt.Payload...)
}

// frameBefore is the frame of the packet that came back numbers before k, when we have
// it, it is near enough in time for a block, and the receiver may have it.
func (s *section) frameBefore(l *layer, k *packetRefs, back int) (b redBlock, ok bool) {
	q := l.get(k.pkt.Seq - uint64(back))
	if q == nil || q.padding || q.pkt.Seq <= s.gate.floor[l.index] {
		return b, false
	}
	offset := k.pkt.Timestamp - q.pkt.Timestamp
	if offset >= 1<<14 || !s.gate.admitOld(k.pkt.Seq, q.pkt.Timestamp) {
		return b, false
	}
	return redBlock{offset: uint16(offset), payload: q.pkt.Payload}, true
}

// after says that timestamp a is later than b, modulo 2^32.
func after(a, b uint32) bool { return int32(a-b) > 0 }
