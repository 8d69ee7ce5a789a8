package sfu

import "encoding/binary"

// vp8Descriptor is what forwarding needs of a VP8 payload descriptor (RFC 7741
// section 4.2): where picture id and TL0PICIDX stand, so that both can be
// rewritten in place, and whether a keyframe begins.
type vp8Descriptor struct {
	size          uint8 // bytes of the descriptor
	pidAt, tl0At  uint8 // offsets, 0 when absent
	pidLong       bool  // 15 bits
	pid           uint16
	tl0           uint8
	key           bool // this packet begins a keyframe
	discardable   bool // no other frame refers to this one (N)
	width, height uint16
}

func parseVP8(b []byte) (d vp8Descriptor, ok bool) {
	if len(b) < 2 {
		return d, false
	}
	first, at := b[0], 1
	d.discardable = first&0x20 != 0
	if first&0x80 != 0 { // X
		x := b[1]
		at = 2
		if x&0x80 != 0 { // I
			if len(b) <= at {
				return d, false
			}
			d.pidAt = uint8(at)
			d.pid = uint16(b[at] & 0x7f)
			if b[at]&0x80 != 0 { // M
				if len(b) <= at+1 {
					return d, false
				}
				d.pidLong = true
				d.pid = d.pid<<8 | uint16(b[at+1])
				at++
			}
			at++
		}
		if x&0x40 != 0 { // L
			if len(b) <= at {
				return d, false
			}
			d.tl0At, d.tl0 = uint8(at), b[at]
			at++
		}
		if x&0x30 != 0 { // T or K
			at++
		}
	}
	if len(b) <= at {
		return d, false
	}
	d.size = uint8(at)
	// S=1 and PID=0 begin the first partition; the inverse key frame flag P is
	// the lowest bit of the frame tag (RFC 6386 section 9.1).
	if first&0x10 != 0 && first&0x07 == 0 && b[at]&1 == 0 {
		d.key = true
		if h := b[at:]; len(h) >= 10 && h[3] == 0x9d && h[4] == 0x01 && h[5] == 0x2a {
			d.width = binary.LittleEndian.Uint16(h[6:]) & 0x3fff
			d.height = binary.LittleEndian.Uint16(h[8:]) & 0x3fff
		}
	}
	return d, true
}

// rewrite shifts picture id and TL0PICIDX of the payload b, which has the
// descriptor d.
func (d *vp8Descriptor) rewrite(b []byte, pidShift uint16, tl0Shift uint8) {
	if d.pidAt != 0 {
		pid := d.pid - pidShift
		if d.pidLong {
			b[d.pidAt] = 0x80 | byte(pid>>8)&0x7f
			b[d.pidAt+1] = byte(pid)
		} else {
			b[d.pidAt] = byte(pid) & 0x7f
		}
	}
	if d.tl0At != 0 {
		b[d.tl0At] = d.tl0 - tl0Shift
	}
}
