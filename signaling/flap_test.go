package signaling

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

// told lists when the rules were told something of the party's device.
func (b *bench) told(kind string) (at []int64) {
	b.t.Helper()
	for _, line := range b.st.log() {
		e, err := hearing.ParseEvent(line)
		require.NoError(b.t, err)
		if e.Body.Kind() == kind && strings.Contains(string(line), `"`+device(party)+`"`) {
			at = append(at, e.At)
		}
	}
	return at
}

// most is the greatest number of times in any minute.
func most(at []int64) (n int) {
	for i := range at {
		k := i
		for k < len(at) && at[k]-at[i] < time.Minute.Microseconds() {
			k++
		}
		n = max(n, k-i)
	}
	return n
}

// However a device comes and goes, the log of a minute has room for little of it;
// and whoever stays is back.
func TestAFlappingDeviceFillsNoLog(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		here := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 2000), rapid.IntRange(0, 12_000)), 1, 60).Draw(rt, "here for ms")
		away := rapid.SliceOfN(rapid.IntRange(1500, 4_000), len(here), len(here)).Draw(rt, "away for ms")
		signsOut := rapid.SliceOfN(rapid.Bool(), len(here), len(here)).Draw(rt, "signs out")
		var lost, back []int64
		connected := false
		in(t, Limits{}, func(b *bench) {
			b.inSession()
			for i := range here {
				j := b.sit(party)
				pass(time.Duration(here[i]) * time.Millisecond)
				b.room.leave(j.place, j.link)
				if signsOut[i] {
					require.NoError(t, b.room.post(context.Background(), func() { b.room.endSeat(store.Session{Device: device(party)}, refuseRevoked()) }))
				}
				pass(time.Duration(away[i]) * time.Millisecond)
			}
			b.sit(party)
			pass(11 * time.Second)
			lost, back = b.told(eventLost), b.told(eventBack)
			seen := make(chan bool, 1)
			require.NoError(t, b.room.post(context.Background(), func() { seen <- b.room.connected(hearing.DeviceID(device(party))) }))
			connected = <-seen
		})
		require.LessOrEqual(rt, most(lost), 5+6)
		require.LessOrEqual(rt, most(back), 5+6+1)
		require.True(rt, connected)
	})
}

// A device on a loose plug, second by second: the first losses are told as ever.
func TestALoosePlug(t *testing.T) {
	in(t, Limits{}, func(b *bench) {
		b.inSession()
		for range 21 { // 3 s away of every 4, for 84 s
			j := b.sit(party)
			pass(time.Second)
			b.room.leave(j.place, j.link)
			pass(3 * time.Second)
		}
		lost := b.told(eventLost)
		require.GreaterOrEqual(t, len(lost), 5)
		require.Less(t, len(lost), 12, "of 21")
		b.sit(party)
		pass(9 * time.Second)
		back := len(b.told(eventBack))
		pass(2 * time.Second)
		require.Len(t, b.told(eventBack), back+1, "steady for 10 s")
	})
}
