package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func FuzzIdentity(f *testing.F) {
	payload := make([]byte, 120)
	identity{stream: 3, counter: 9, sent: 77}.put(payload)
	f.Add(payload)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, payload []byte) {
		id, ok := identityOf(payload)
		if !ok {
			return
		}
		again := make([]byte, len(payload))
		copy(again, payload)
		id.put(again)
		require.Equal(t, payload, again, "an identity that is read is the one written")
	})
}

func TestIdentitySurvivesWhateverTheServerPutsBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := identity{
			stream:  rapid.Uint16().Draw(t, "stream"),
			counter: rapid.Uint64().Draw(t, "counter"), sent: rapid.Int64().Draw(t, "sent"),
		}
		payload := make([]byte, rapid.IntRange(identityBytes, packetBytes).Draw(t, "size"))
		want.put(payload)
		head := rapid.SliceOf(rapid.Byte()).Draw(t, "head")
		got, ok := identityOf(append(head, payload...))
		require.True(t, ok)
		require.Equal(t, want, got)
	})
}

// Against a map as the model: each counter of the window is unique once and a
// duplicate ever after, whatever the order; what lies outside counts as neither.
func TestTallyCountsByIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Uint64Range(0, 1<<40).Draw(t, "first")
		tally := newTally(500)
		room := uint64(len(tally.seen)) * 64
		seen := map[uint64]bool{}
		var unique, duplicates, beyond uint64
		for _, offset := range rapid.SliceOf(rapid.Int64Range(-50, 700)).Draw(t, "offsets") {
			counter := uint64(max(int64(first)+offset, 0))
			fresh := false
			switch {
			case counter < first:
			case counter-first >= room:
				beyond++
			case seen[counter]:
				duplicates++
			default:
				seen[counter], fresh = true, true
				unique++
			}
			require.Equal(t, fresh, tally.record(counter, first))
		}
		require.Equal(t, []uint64{unique, duplicates, beyond}, []uint64{tally.unique, tally.duplicates, tally.beyond})
	})
}

func TestSpanCountsFromItsOpening(t *testing.T) {
	var s span
	s.next.Store(41)
	require.Zero(t, s.sent(), "nothing is counted before the window")
	s.open()
	require.Zero(t, s.sent())
	s.next.Add(3)
	require.EqualValues(t, 3, s.sent())
	require.EqualValues(t, 42, s.first.Load(), "one more than the first counter of the window")
}

func TestTallyHasRoomForTheWholeWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(1, maxVideoRate).Draw(t, "rate")
		window := time.Duration(rapid.IntRange(100, int(maxWindow/time.Millisecond)).Draw(t, "ms")) * time.Millisecond
		require.Greater(t, roomFor(rate, window), int(float64(rate)*window.Seconds()))
	})
}
