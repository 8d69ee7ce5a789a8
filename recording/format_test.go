package recording

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/sfu"
)

func TestClustersSpanAtMostAQuarterSecondAndReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "n")
		frames := make([]frame, n)
		ms := rapid.Int64Range(0, 1<<40).Draw(t, "start")
		for i := range frames {
			frames[i] = frame{ms: ms, key: i == 0, data: bytes.Repeat([]byte{1}, rapid.IntRange(1, 300).Draw(t, "len"))}
			ms += rapid.Int64Range(0, 400).Draw(t, "step")
		}
		last := frames[n-1].ms
		var all []byte
		for rest := frames; len(rest) > 0; {
			var k int
			all, k = appendCluster(all, rest)
			require.Positive(t, k)
			require.Less(t, rest[k-1].ms-rest[0].ms, int64(clusterSpan))
			rest = rest[k:]
		}
		got, ok := lastBlock(bytes.NewReader(all))
		require.True(t, ok)
		require.Equal(t, last, got)
	})
}

// A stretch that is cut anywhere is read up to its last whole cluster.
func TestACutStretchIsReadUpToItsLastWholeCluster(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := initBytes(opusName, 2, 0, 0, nil)
		want := []Stretch{{}}
		init, ms, keys := int64(len(all)), int64(0), int64(0)
		for range rapid.IntRange(1, 8).Draw(t, "clusters") {
			var frames []frame
			for range rapid.IntRange(1, 4).Draw(t, "frames") {
				ms += rapid.Int64Range(0, 60).Draw(t, "step")
				frames = append(frames, frame{ms: ms, key: rapid.Bool().Draw(t, "key"), data: make([]byte, rapid.IntRange(1, 300).Draw(t, "len"))})
			}
			var n int
			all, n = appendCluster(all, frames)
			ms = frames[n-1].ms // what did not fit is not written
			for _, f := range frames[:n] {
				if f.key {
					keys++
				}
			}
			s := Stretch{init, int64(len(all)), frames[0].ms, ms, keys}
			if len(want) > 1 {
				s.FromMS = want[1].FromMS
			}
			want = append(want, s)
		}
		cut := rapid.IntRange(0, len(all)).Draw(t, "cut")
		i := 0
		for i+1 < len(want) && want[i+1].Length <= int64(cut) {
			i++
		}
		got, ok := ReadStretch(bytes.NewReader(all[:cut]))
		require.Equal(t, i > 0, ok)
		require.Equal(t, want[i], got)
	})
}

// Whatever order and subset of packets arrives, every packet is in a frame, held
// to be lost, late or twice there, and frames come out in order.
func TestAssemblerAccountsForEveryPacket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 80).Draw(t, "n")
		order := rapid.Permutation(makeSeqs(n)).Draw(t, "order")
		keep := rapid.IntRange(1, n).Draw(t, "keep")
		a := newAssembler(sfu.Opus, 48000, 500*time.Millisecond, rapid.IntRange(1, 20).Draw(t, "held"))
		start := time.Unix(1000, 0)
		for i, s := range order[:keep] {
			at := start.Add(time.Duration(i) * time.Millisecond * time.Duration(rapid.IntRange(1, 100).Draw(t, "pace")))
			a.push(packet{ssrc: 1, seq: s, ts: uint32(s) * 960, arrival: at, payload: []byte{byte(s)}})
			a.expire(at)
		}
		a.flush()
		lost := 0
		for _, l := range a.losses {
			lost += int(l.last - l.first + 1)
		}
		require.Equal(t, keep, len(a.units)+a.late)
		for i := 1; i < len(a.units); i++ {
			require.Greater(t, a.units[i].first, a.units[i-1].first)
		}
		if len(a.units) > 0 {
			span := int(a.units[len(a.units)-1].last-a.units[0].first) + 1
			require.Equal(t, span, len(a.units)+lost, "units and losses fill the range")
		}
	})
}

func makeSeqs(n int) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		out[i] = uint64(i + 100)
	}
	return out
}

func FuzzLastBlock(f *testing.F) {
	c, _ := appendCluster(nil, []frame{{0, true, []byte{1, 2, 3}}, {20, true, []byte{4}}})
	f.Add(c)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, _ := ReadStretch(bytes.NewReader(b))
		require.LessOrEqual(t, s.Length, int64(len(b)))
		require.LessOrEqual(t, s.Init, s.Length)
		lastBlock(bytes.NewReader(b))
	})
}

func FuzzVP8(f *testing.F) {
	f.Add([]byte{0x10, 0, 0, 0, 0x9d, 1, 0x2a, 64, 1, 180, 0}, true)
	f.Fuzz(func(t *testing.T, b []byte, marker bool) {
		a := newAssembler(sfu.VP8, 90000, time.Second, 8)
		for s := range uint64(3) {
			a.push(packet{ssrc: 1, seq: s, ts: uint32(s / 2), marker: marker, payload: b, arrival: time.Unix(1, 0)})
		}
		a.flush()
		for _, u := range a.units {
			if len(u.data) > 3*len(b) {
				t.Fatal("more out than in")
			}
		}
	})
}

// A picture has no more than maxFramePackets packets, however small they are. None
// of a longer one is lost from the account: they are loose.
func TestAPictureOfManySmallPacketsIsBounded(t *testing.T) {
	a := newAssembler(sfu.VP8, 90000, time.Second, 8)
	const sent = maxFramePackets + 100
	most := 0
	for seq := range uint64(sent) {
		payload := []byte{0, 1} // VP8 descriptor, one byte of a picture
		if seq == 0 {
			payload[0] = 0x10 // S=1: the picture begins
		}
		a.push(packet{seq: seq, ts: 7, marker: seq == sent-1, payload: payload})
		most = max(most, len(a.parts))
	}
	require.LessOrEqual(t, most, maxFramePackets)
	require.Empty(t, a.units, "an incomplete picture is no frame")
	require.Len(t, a.loose, sent)
	a.push(packet{seq: sent, ts: 8, marker: true, payload: []byte{0x10, 1}})
	require.Len(t, a.units, 1, "the next picture is taken")
}
