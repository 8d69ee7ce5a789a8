package impair

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// sum is the one's complement sum of RFC 1071 over UDP and its pseudo header.
func sum(b []byte) uint16 {
	var x uint32
	add := func(p []byte) {
		for i := 0; i < len(p); i += 2 {
			x += uint32(p[i]) << 8
			if i+1 < len(p) {
				x += uint32(p[i+1])
			}
		}
	}
	add(b[12:20])
	x += 17 + uint32(len(b)-20)
	add(b[20:])
	for x > 0xffff {
		x = x&0xffff + x>>16
	}
	return uint16(x)
}

// A packet stays valid whatever it carries, comes back to its port on the way in, and
// no port stays what it was.
func TestAReboundPacketIsValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.SliceOfN(rapid.Byte(), 0, 64).Draw(t, "payload")
		b := make([]byte, 28, 100)
		b[0], b[9] = 0x45, 17
		copy(b[12:], rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "addresses"))
		binary.BigEndian.PutUint16(b[20:], rapid.Uint16().Draw(t, "source"))
		binary.BigEndian.PutUint16(b[22:], rapid.Uint16().Draw(t, "destination"))
		b = append(b, payload...)
		binary.BigEndian.PutUint16(b[24:], uint16(len(b)-20))
		s := ^sum(b)
		if s == 0 {
			s = 0xffff
		}
		binary.BigEndian.PutUint16(b[26:], s)
		require.Equal(t, uint16(0xffff), sum(b))
		for _, inward := range []bool{false, true} {
			was := append([]byte(nil), b...)
			rebind(b, inward)
			require.Equal(t, uint16(0xffff), sum(b))
			at := 20
			if inward {
				at = 22
			}
			require.Equal(t, uint16(otherPort), binary.BigEndian.Uint16(b[at:])^binary.BigEndian.Uint16(was[at:]))
			rebind(b, inward)
			require.Equal(t, was[20:24], b[20:24])
			rebind(b, inward)
		}
	})
}
