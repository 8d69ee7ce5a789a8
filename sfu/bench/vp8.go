package bench

import "encoding/binary"

// putVP8 writes a payload descriptor with a 15-bit picture id (RFC 7741 section
// 4.2) and at the start of a picture the frame tag (RFC 6386 section 9.1).
func putVP8(payload []byte, picture uint16, start, key bool) {
	payload[0] = 0x80 // X
	payload[1] = 0x80 // I
	binary.BigEndian.PutUint16(payload[2:], 0x8000|picture)
	if !start {
		return
	}
	payload[0] |= 0x10 // S, partition 0
	frame := payload[4:]
	frame[0] = 0x10 | 0x01 // show_frame, not a keyframe
	frame[1], frame[2] = 0x04, 0
	if key {
		frame[0] &^= 0x01
		copy(frame[3:], []byte{0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01}) // 640 x 360
	}
}

// vp8Start is the offset of the frame tag behind putVP8's descriptor.
const vp8Start = 4

// keyStart says that a payload of putVP8 begins a keyframe. A server may change
// the number of the picture and nothing else.
func keyStart(payload []byte) bool {
	return len(payload) > vp8Start && payload[0]&0x10 != 0 && payload[vp8Start]&0x01 == 0
}
