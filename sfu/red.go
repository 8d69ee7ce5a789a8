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

// after says that timestamp a is later than b, modulo 2^32.
func after(a, b uint32) bool { return int32(a-b) > 0 }
