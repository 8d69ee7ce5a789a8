package main

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func seenRun(t require.TestingT, d delaysSeen) run {
	text, err := json.Marshal(d)
	require.NoError(t, err)
	return run{Seen: text}
}

// every gives n moments, two seconds apart.
func every(n int, from float64) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = from + float64(i)*signalEvery
	}
	return list
}

// What takes so long on the way is found to, whatever is lost of the signals, and what
// sound and picture are apart is the difference of their ways, however apart they left.
func TestDelaysAreThoseOfTheWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sound, picture := rapid.Float64Range(1, 900).Draw(t, "sound"), rapid.Float64Range(1, 900).Draw(t, "picture")
		phase := rapid.Float64Range(-999, 999).Draw(t, "phase")
		lost := rapid.IntRange(0, 14).Draw(t, "lost")
		d := delaysSeen{
			Sender:    heardSeen{Sounds: every(15, 1e6), Flashes: every(15, 1e6+phase)},
			Receivers: []heardSeen{{Sounds: every(15, 1e6+sound), Flashes: every(15, 1e6+phase+picture)}},
		}
		heard := d.Receivers[0].Sounds
		d.Receivers[0].Sounds = append(append([]float64{}, heard[:lost]...), heard[lost+1:]...)
		ear := mouthToEar(seenRun(t, d))
		require.InDelta(t, sound, float64(ear["mouth to ear"]), 1e-6)
		require.InDelta(t, 100*14./15, float64(ear["beeps heard"]), 1e-6)
		l := lips(seenRun(t, d))
		require.InDelta(t, picture-sound, float64(l["sound early worst"]), 1e-6)
		require.InDelta(t, sound-picture, float64(l["sound late worst"]), 1e-6)
	})
}

// Two points that hear with different delays are that far apart.
func TestSkewIsTheDifferenceOfTwoWays(t *testing.T) {
	d := delaysSeen{
		Sender:    heardSeen{Sounds: every(10, 0)},
		Receivers: []heardSeen{{Sounds: every(10, 80)}, {Sounds: every(10, 230)}},
	}
	require.InDelta(t, 150, float64(skew(seenRun(t, d))["skew p95"]), 1e-9)
}

// Nothing heard, or too little, is no delay at all.
func TestTooFewSignalsSayNothing(t *testing.T) {
	d := delaysSeen{Sender: heardSeen{Sounds: every(15, 0)}, Receivers: []heardSeen{{Sounds: every(4, 50)}}}
	require.True(t, math.IsInf(float64(mouthToEar(seenRun(t, d))["mouth to ear"]), 1))
	require.Empty(t, mouthToEar(run{}))
	require.Empty(t, skew(run{}))
	require.Empty(t, lips(run{}))
}

// The silence that is made up is no harm, and who was played nothing heard nothing.
func TestConcealedLeavesSilenceOut(t *testing.T) {
	var x received
	require.EqualValues(t, 100, x.concealed())
	x.Audio.Samples, x.Audio.Concealed, x.Audio.SilentConcealed = 1000, 30, 10
	require.EqualValues(t, 2, x.concealed())
}

// The last bad half second counts, and a bad end is never good.
func TestLastSlotIsTheEndOfTheLastBadOne(t *testing.T) {
	list := []slot{{Frames: 5}, {}, {Frames: 5}, {}, {Frames: 5}, {Frames: 5}}
	moving := func(s slot) bool { return s.Frames > 0 }
	require.EqualValues(t, 2, lastSlot(list, 0, 6*slotTime, moving))
	require.EqualValues(t, 1, lastSlot(list, 2*slotTime, 6*slotTime, moving))
	require.EqualValues(t, 0, lastSlot(list, 4*slotTime, 6*slotTime, moving))
	require.Equal(t, never(), lastSlot(list, 0, 4*slotTime, moving))
	require.Equal(t, never(), lastSlot(list, 6*slotTime, 8*slotTime, moving))
}
