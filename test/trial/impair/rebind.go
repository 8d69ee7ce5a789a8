package impair

import "encoding/binary"

// otherPort maps the ports that Linux gives to sockets onto ones that it gives to none:
// 32768 to 49151 become 49152 to 65535 and back.
const otherPort = 0x4000

// rebind changes the port of the host behind the NAT in an IPv4 packet of UDP, and its
// checksum with it (RFC 1624): the source's on the way out, the destination's on the way in.
// What comes in for a port from before finds nobody.
func rebind(b []byte, inward bool) {
	const protoUDP = 17
	if len(b) < 20 || b[0]>>4 != 4 || b[9] != protoUDP {
		return
	}
	header := int(b[0]&0x0f) * 4
	if len(b) < header+8 {
		return
	}
	at := header
	if inward {
		at += 2
	}
	was := binary.BigEndian.Uint16(b[at:])
	now := was ^ otherPort
	binary.BigEndian.PutUint16(b[at:], now)
	if sum := binary.BigEndian.Uint16(b[header+6:]); sum != 0 {
		x := uint32(^sum) + uint32(^was) + uint32(now)
		x = x&0xffff + x>>16
		x = x&0xffff + x>>16
		binary.BigEndian.PutUint16(b[header+6:], ^uint16(x)) //nolint:gosec // folded to 16 bits
	}
}
