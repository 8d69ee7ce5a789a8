package sfu

import (
	"encoding/binary"
	"testing"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// filmed makes packet part of frame n: keyframes begin a chain, others refer to
// the frame before, discardable ones are referred to by nobody.
func filmed(n uint32, part int, key, discardable bool) []byte {
	b := vp8Frame(key, uint16(n)&0x7fff, uint8(n), 640, 360, "")
	if discardable {
		b[0] |= 0x20
	}
	if part > 0 {
		b[0] &^= 0x10 // S: not the beginning of a partition
		b = b[:6]
		b = append(b, 0xff)
	}
	b = binary.BigEndian.AppendUint32(b, n)
	return append(b, byte(part))
}

func frameOf(p *rtp.Packet) (n uint32, part int) {
	b := p.Payload[len(p.Payload)-5:]
	return binary.BigEndian.Uint32(b), int(b[4])
}

// Wherever the kernel's buffer is full: nothing of a frame follows its lost
// packet, nothing is sent that refers to an incomplete frame, the picture comes
// back at the next keyframe, no number is sealed twice, and each packet that is
// not sent is counted.
func TestFullBufferCostsWholeFrames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFakeRoom()
		p, _ := f.peer("judge")
		src := f.publishes(p, Cam)
		q, w := f.peer("party")
		s := f.binds(q, src.id, "0")
		require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "party")}}))
		refuse := false
		w.full = func() bool { return refuse }

		var seq uint16
		complete := false // the last frame that others refer to arrived whole
		frames := rapid.IntRange(1, 60).Draw(t, "frames")
		for n := range uint32(frames) {
			key := n == 0 || rapid.IntRange(0, 7).Draw(t, "kind") == 0
			discardable := !key && rapid.Bool().Draw(t, "discardable")
			parts := rapid.IntRange(1, 5).Draw(t, "packets")
			lost := -1
			if rapid.IntRange(0, 3).Draw(t, "trouble") == 0 {
				lost = rapid.IntRange(0, parts-1).Draw(t, "lost")
			}
			// A keyframe replaces an incomplete picture, whatever was before.
			possible := key || complete
			for part := range parts {
				seq++
				before, refused := len(w.packets), w.refused
				c := &f.loop.count
				dropped := c.dropped[dropFull].Load() + c.dropped[dropFrame].Load()
				refuse = part == lost
				f.receives(src.layers[0], 96, seq, n*3000, filmed(n, part, key, discardable))
				sent := len(w.packets) - before
				expected := possible && (lost < 0 || part < lost)
				require.Equal(t, expected, sent == 1, "frame %d packet %d", n, part)
				if expected {
					gotFrame, gotPart := frameOf(w.packets[before])
					require.Equal(t, [2]int{int(n), part}, [2]int{int(gotFrame), gotPart})
				} else {
					require.Equal(t, dropped+1, c.dropped[dropFull].Load()+c.dropped[dropFrame].Load())
				}
				require.LessOrEqual(t, w.refused-refused, 1, "video is not tried again")
			}
			if !discardable {
				complete = possible && lost < 0
			}
			if !complete {
				st := s.state(f.now)
				require.True(t, st.WaitingKeyframe)
				require.Equal(t, PausedByBandwidth, st.PausedBy)
				require.True(t, src.layers[0].needKey, "the publisher is asked")
			} else {
				require.False(t, s.state(f.now).WaitingKeyframe)
			}
			f.now = f.now.Add(1)
		}
		require.False(t, w.reused)
		// A hole stands for each refused packet and for nothing else.
		holes := 0
		for i := 1; i < len(w.packets); i++ {
			holes += int(w.packets[i].SequenceNumber-w.packets[i-1].SequenceNumber) - 1
		}
		require.LessOrEqual(t, holes, w.refused)
	})
}

func TestSoundIsTriedOnceMoreAndGoesOn(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("judge")
	src := f.publishes(p, Mic)
	q, w := f.peer("party")
	f.binds(q, src.id, "0")
	require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "party")}}))
	say := func(n uint16) { f.receives(src.layers[0], 111, n, uint32(n)*960, spoken(uint64(n))) }
	say(1)
	say(2)
	require.Len(t, w.packets, 1, "the first after an opening is left out")

	tries := 0
	w.full = func() bool { tries++; return tries == 1 }
	say(3)
	require.Len(t, w.packets, 2, "the second try got through")

	w.full = func() bool { return true }
	say(4)
	require.EqualValues(t, 1, f.loop.count.dropped[dropFull].Load())
	require.Equal(t, 3, w.refused)

	w.full = nil
	say(5)
	require.Len(t, w.packets, 3)
	require.Equal(t, w.packets[1].SequenceNumber+2, w.packets[2].SequenceNumber, "the lost packet is a loss like any other")
	require.False(t, w.reused)
}
