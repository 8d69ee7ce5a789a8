package sfu

import (
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The table of addresses in parts is one table, whichever part an address falls into.
func TestRoutesAreOneTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var table routes
		want := map[netip.AddrPort]*Peer{}
		address := rapid.Custom(func(t *rapid.T) netip.AddrPort {
			a := netip.AddrFrom4([4]byte{10, 0, 0, rapid.Byte().Draw(t, "host")})
			if rapid.Bool().Draw(t, "six") {
				a = netip.AddrFrom16([16]byte{0: 0xfd, 15: rapid.Byte().Draw(t, "host")})
			}
			return netip.AddrPortFrom(a, rapid.Uint16Range(1, 600).Draw(t, "port"))
		})
		for range rapid.IntRange(1, 60).Draw(t, "changes") {
			at := address.Draw(t, "at")
			if rapid.IntRange(0, 3).Draw(t, "leaves") == 0 {
				for at = range want {
					break
				}
				table.change(at, func(m routePart) { delete(m, at) })
				delete(want, at)
			} else {
				p := &Peer{}
				table.change(at, func(m routePart) { m[at] = p })
				want[at] = p
			}
			require.Equal(t, want[at] != nil, table.peer(at) != nil)
		}
		for at, p := range want {
			require.Same(t, p, table.peer(at))
		}
		n := 0
		for i := range table.parts {
			if m := table.parts[i].Load(); m != nil {
				n += len(*m)
			}
		}
		require.Len(t, want, n, "nobody who left is kept")
	})
}

// Who joins behind one address and who joins behind many makes a small part anew.
func TestARouteCostsTheSameInAFullProcess(t *testing.T) {
	for name, at := range map[string]func(i int) netip.AddrPort{
		"one building": func(i int) netip.AddrPort {
			return netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, 9}), uint16(20000+i))
		},
		"one port": func(i int) netip.AddrPort {
			return netip.AddrPortFrom(netip.AddrFrom4([4]byte{100, 64, byte(i >> 8), byte(i)}), 50000)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var table routes
			for i := range 1000 {
				table.change(at(i), func(m routePart) { m[at(i)] = &Peer{} })
			}
			for i := range table.parts {
				if m := table.parts[i].Load(); m != nil {
					require.LessOrEqual(t, len(*m), 8)
				}
			}
		})
	}
}

// The reader of the socket looks while peers come and go.
func TestRoutesAreReadWithoutALock(t *testing.T) {
	var table routes
	at := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(1+i))
	}
	stays := &Peer{}
	table.change(at(0), func(m routePart) { m[at(0)] = stays })
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 500 {
				a := at(256 * (i%3 + 1)) // beside the first in no part, and some in one
				table.change(a, func(m routePart) { m[a] = &Peer{} })
				table.change(a, func(m routePart) { delete(m, a) })
			}
		})
	}
	for range 2000 {
		if table.peer(at(0)) != stays {
			t.Error("who stays is lost")
			break
		}
	}
	wg.Wait()
}
