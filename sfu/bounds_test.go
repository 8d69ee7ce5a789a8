package sfu

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// An offer of as many sections and sources as are allowed is read, one more is refused.
func TestSectionsAndSourcesOfAnOfferAreBounded(t *testing.T) {
	lim, err := Limits{}.withDefaults()
	require.NoError(t, err)
	receiving := func(n int) Offer {
		var b strings.Builder
		b.WriteString(offerHead)
		for i := range n {
			b.WriteString(offered("audio", fmt.Sprint(i), "recvonly", "111", "a=rtpmap:111 opus/48000/2\r\n"))
		}
		return Offer{SDP: b.String()}
	}
	plan, err := parseOffer(receiving(lim.SectionsPerPeer), lim, true)
	require.NoError(t, err)
	require.Len(t, plan.receive, lim.SectionsPerPeer)
	_, err = parseOffer(receiving(lim.SectionsPerPeer+1), lim, true)
	require.ErrorIs(t, err, ErrLimit)

	o := receiving(lim.SourcesPerPeer + 1)
	for i := range lim.SourcesPerPeer + 1 {
		o.Publish = append(o.Publish, Publish{MID: fmt.Sprint(i), Kind: Mic})
	}
	_, err = parseOffer(o, lim, true)
	require.ErrorIs(t, err, ErrLimit)
}

// States that an observer is too slow for merge: the newest are told.
func TestStatesOfAPeerAreBounded(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("a")
	for i := range 5 * maxStates {
		p.note([]PeerState{PeerConnected, PeerLost}[i%2])
		require.LessOrEqual(t, len(p.states), maxStates)
	}
	p.note(PeerClosed)
	require.Len(t, p.states, maxStates)
	require.Equal(t, PeerClosed, p.states[maxStates-1])
	require.Equal(t, PeerLost, p.states[maxStates-2])
}

// Media is taken from the addresses that ICE selected last, and after the end from none.
func TestAddressesOfAPeerAreBounded(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("a")
	s := &socket{router: router{routes: &routes{}}}
	at := func(port uint16) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, 1}), port)
	}
	reached := func() (ports []uint16) {
		for port := range uint16(20) {
			if s.routes.peer(at(port)) == p {
				ports = append(ports, port)
			}
		}
		return ports
	}
	for port := range uint16(7) {
		p.reachable(&s.router, at(port))
	}
	require.Equal(t, []uint16{3, 4, 5, 6}, reached())
	p.reachable(&s.router, at(3)) // selected again: the newest
	p.reachable(&s.router, at(9))
	require.Equal(t, []uint16{3, 5, 6, 9}, reached())
	require.Len(t, p.in.routes, maxRoutes)

	other, _ := f.peer("b") // a device that comes back from the same address
	other.reachable(&s.router, at(9))
	p.unreachable()
	require.Empty(t, reached())
	require.Same(t, other, s.routes.peer(at(9)), "the newer peer stays reachable")
	p.ended = true
	p.reachable(&s.router, at(1))
	require.False(t, slices.Contains(reached(), 1), "who has ended is not heard again")
}
