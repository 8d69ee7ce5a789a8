package avc

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Parameter sets as x264 writes them for 640x360.
func sets() (sps, pps []byte) {
	return []byte{0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x70, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x32, 0x0f, 0x16, 0x2e, 0x48},
		[]byte{0x68, 0xcb, 0x83, 0xcb, 0x20}
}

func TestASequenceParameterSetTellsTheSize(t *testing.T) {
	sps, _ := sets()
	s, ok := ParseSPS(sps)
	require.True(t, ok)
	require.Equal(t, SPS{Profile: 66, Constraints: 0xc0, Level: 30, Width: 640, Height: 360}, s)
	for n := range 8 {
		_, ok = ParseSPS(sps[:n])
		require.False(t, ok, n)
	}
}

// pack puts units into packets in any of the ways of packetization mode 1.
func pack(t *rapid.T, units [][]byte) (out [][]byte) {
	for i := 0; i < len(units); {
		u := units[i]
		switch way := rapid.IntRange(0, 2).Draw(t, "way"); {
		case way == 1:
			n := rapid.IntRange(1, len(units)-i).Draw(t, "together")
			b := []byte{typeSTAP | 0x60}
			for _, u := range units[i : i+n] {
				b = append(append(b, byte(len(u)>>8), byte(len(u))), u...)
			}
			out, i = append(out, b), i+n
			continue
		case way == 2 && len(u) > 3:
			cut := rapid.IntRange(2, len(u)-1).Draw(t, "cut")
			head, kind := typeFU|u[0]&0xe0, u[0]&0x1f
			out = append(out, append([]byte{head, 0x80 | kind}, u[1:cut]...), append([]byte{head, 0x40 | kind}, u[cut:]...))
		default:
			out = append(out, u)
		}
		i++
	}
	return out
}

// However a picture was packed, the same units come out, and only with a packet missing
// in the middle of a unit nothing does.
func TestAPictureIsWhatWasPacked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sps, pps := sets()
		units := [][]byte{sps, pps}
		for range rapid.IntRange(1, 4).Draw(t, "slices") {
			units = append(units, append([]byte{0x65, 0x88}, rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "slice")...))
		}
		payloads := pack(t, units)
		var want []byte
		for _, u := range units {
			want = append(append(want, 0, 0, 0, byte(len(u))), u...)
		}
		p, ok := Assemble(payloads)
		require.True(t, ok)
		require.Equal(t, want, p.Data)
		require.EqualValues(t, 640, p.Width)
		s, ok := ReadConfig(p.Config)
		require.True(t, ok)
		require.EqualValues(t, 360, s.Height)
		first, ok := ReadPacket(payloads[0])
		require.True(t, ok && first.Begins)
		i := rapid.IntRange(0, len(payloads)-1).Draw(t, "lost")
		if payloads[i][0]&0x1f == typeFU {
			_, ok = Assemble(append(append([][]byte{}, payloads[:i]...), payloads[i+1:]...))
			require.False(t, ok)
		}
	})
}

func FuzzAssemble(f *testing.F) {
	sps, pps := sets()
	f.Add(sps, pps)
	f.Add([]byte{24, 0, 2, 0x65, 0x88}, []byte{28, 0x85, 1, 2})
	f.Add([]byte{28, 0x85, 1, 2}, []byte{28, 0x45, 3})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		whole := bytes.Join([][]byte{a, b}, nil)
		p, ok := Assemble([][]byte{a, b})
		if ok {
			require.LessOrEqual(t, len(p.Data), 4*len(whole)+8)
		}
		if ok && p.Config != nil {
			s, known := ReadConfig(p.Config)
			require.True(t, known && s.Width == p.Width && s.Height == p.Height)
		}
		_, _ = ReadPacket(a)
		_, _ = ParseSPS(a)
		if s, known := ReadConfig(whole); known {
			require.NotZero(t, s.Width)
		}
	})
}
