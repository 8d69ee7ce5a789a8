package relay

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var somebody = netip.MustParseAddr("198.51.100.7")

// A network gets its rate whatever addresses of its own ask, and however many others ask
// or forge theirs; a second later it may ask again.
func TestANetworkTakesTheAnswersOfNoOther(t *testing.T) {
	const perSecond = 5
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1e9, 0)
		s := newStrangers(perSecond)
		v6 := rapid.Bool().Draw(t, "v6")
		draw := func(first byte, name string) netip.Addr {
			low := rapid.SliceOfN(rapid.Byte(), 9, 9).Draw(t, name)
			if v6 {
				return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, 0, first, low[0], low[1], low[2], low[3], low[4], low[5], low[6], low[7], low[8]})
			}
			return netip.AddrFrom4([4]byte{10, 0, first, low[0]})
		}
		require.Equal(t, networkOf(draw(1, "a")), networkOf(draw(1, "b")))
		require.NotEqual(t, networkOf(draw(1, "a")), networkOf(draw(2, "b")))
		granted := 0
		for range 3 * perSecond {
			if s.allowAt(draw(1, "flood"), now) {
				granted++
			}
		}
		require.Equal(t, perSecond, granted)
		// Of 64 other networks at most a few share the cell.
		served := 0
		for i := range byte(64) {
			if s.allowAt(draw(100+i, "other"), now) {
				served++
			}
		}
		require.Greater(t, served, 48)
		require.True(t, s.allowAt(draw(1, "later"), now.Add(time.Second)))
	})
}

func TestAnAddressInTheDressOfIPv6IsItsNetworks(t *testing.T) {
	require.Equal(t, networkOf(somebody), networkOf(netip.AddrFrom16(somebody.As16())))
}
