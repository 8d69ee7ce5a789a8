package simpoint

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheClipsPlay(t *testing.T) {
	s, err := speech()
	require.NoError(t, err)
	require.Equal(t, 20*time.Millisecond, s.period)
	require.Greater(t, len(s.frames), 5*50, "more than 5 s of speech")
	for _, f := range s.frames {
		// RFC 6716 section 3.1: code 0, one Opus frame a packet, so that 20 ms is
		// the length of each; configurations of 20 ms are 1 mod 4 (SILK), 1 mod 2
		// (hybrid) and 3 mod 4 (CELT).
		config := f[0] >> 3
		require.Zero(t, f[0]&3)
		require.True(t, config < 12 && config%4 == 1 || config >= 12 && config < 16 && config%2 == 1 || config >= 16 && config%4 == 3)
	}
	seen := map[string]bool{}
	for variant := -1; variant < 5; variant++ {
		p, err := picture(variant)
		require.NoError(t, err)
		require.InDelta(t, float64(time.Second)/15, float64(p.period), 1)
		require.Len(t, p.frames, 8*15)
		require.True(t, keyframe(p.frames[0]))
		for i := range p.frames {
			require.Less(t, p.nextKeyframe(i)-i, 16, "a keyframe a second")
		}
		seen[string(p.frames[0])] = true
	}
	require.Len(t, seen, 3)
}

func TestTheMediaAreSmall(t *testing.T) {
	require.Less(t, len(speechFile)+len(picture0)+len(picture1)+len(picture2), 1<<20)
}
