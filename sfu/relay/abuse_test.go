package relay

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	"github.com/stretchr/testify/require"
)

// forbidden are the kinds of addresses that a relay was ever talked into reaching
// (RFC 6890; CVE-2020-26262, CVE-2026-27624), each with the port of the media socket,
// so that the address alone decides; then the media address with other ports.
func forbidden(s *site) map[string]netip.AddrPort {
	port := addrPort(s.media.LocalAddr()).Port()
	all := map[string]netip.AddrPort{}
	for _, a := range []string{
		"0.0.0.0", "0.0.0.1", "10.0.0.1", "100.64.0.1", "127.0.0.2", "127.255.255.254", "169.254.169.254", "169.254.0.1",
		"172.16.0.1", "192.0.0.8", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1",
		"203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "8.8.8.8",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
		"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1",
		"2002:a9fe:a9fe::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "2606:4700::1111",
	} {
		all[a] = netip.AddrPortFrom(netip.MustParseAddr(a), port)
	}
	own := netip.MustParseAddr("127.0.0.1")
	for _, p := range []uint16{1, 22, 53, 80, 443, 5432, 8080, 9090, addrPort(s.other.LocalAddr()).Port()} {
		all["media address, port "+netip.AddrPortFrom(own, p).String()] = netip.AddrPortFrom(own, p)
	}
	return all
}

// TestNothingButMediaIsReached is T1: each forbidden address by each method that
// names a peer is refused with 403, and not a packet goes out.
func TestNothingButMediaIsReached(t *testing.T) {
	s := newSite(t, Limits{})
	all := forbidden(s)
	require.GreaterOrEqual(t, len(all), 40)
	for _, transport := range []string{"udp", "tcp"} {
		c := s.dial(t, transport, s.issue(t))
		require.Zero(t, c.allocate())
		for name, to := range all {
			require.Equal(t, 403, codeOf(c.ask(stun.MethodCreatePermission, peer(to))), "CreatePermission %s", name)
			require.Equal(t, 403, c.bind(0x4001, to), "ChannelBind %s", name)
			require.Equal(t, 403, codeOf(c.ask(stun.MethodConnect, peer(to))), "Connect %s", name)
			c.send(stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
				peer(to), attribute(stun.AttrData, []byte("không được tới đây")...)).Raw)
		}
		// A forbidden address behind an allowed one is found too.
		media := addrPort(s.media.LocalAddr())
		require.Equal(t, 403, codeOf(c.ask(stun.MethodCreatePermission, peer(media), peer(all["169.254.169.254"]))))
		// With the permission for the address, another port of it is still out of reach.
		require.Zero(t, codeOf(c.ask(stun.MethodCreatePermission, peer(media))))
		c.send(stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
			peer(addrPort(s.other.LocalAddr())), attribute(stun.AttrData, []byte("cổng khác")...)).Raw)
		require.Zero(t, codeOf(c.ask(stun.MethodRefresh)), "everything before this was worked through")
	}
	require.NoError(t, s.other.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	_, _, err := s.other.ReadFrom(make([]byte, 10))
	require.Error(t, err, "the neighbour of the media socket hears nothing")
	require.Zero(t, s.count.bytesUp.Load())
}

// TestTheRelaySocketItselfRefuses: what Pion believes to be permitted is looked at
// once more where the packet leaves, and where one comes in.
func TestTheRelaySocketItselfRefuses(t *testing.T) {
	s := newSite(t, Limits{})
	p := s.issue(t)
	conn, addr, err := generator{s.Relay}.AllocatePacketConn(turnConfig(p))
	require.NoError(t, err)
	for name, to := range forbidden(s) {
		if name == "::ffff:127.0.0.1" {
			continue // net.UDPAddr cannot tell it from the media socket; the guard can
		}
		_, err := conn.WriteTo([]byte("x"), net.UDPAddrFromAddrPort(to))
		require.ErrorIs(t, err, errForbidden, name)
	}
	_, err = s.other.WriteTo([]byte("from a stranger"), addr)
	require.NoError(t, err)
	_, err = conn.WriteTo([]byte("to media"), s.media.LocalAddr())
	require.NoError(t, err)
	b := make([]byte, 100)
	n, from, err := conn.ReadFrom(b)
	require.NoError(t, err)
	require.Equal(t, "to media", string(b[:n]), "the stranger's packet is passed over")
	require.Equal(t, s.media.LocalAddr().String(), from.String())
	require.NoError(t, conn.Close())
}

// TestNoSTUNInTheDressOfChannelData: Pion reads what begins like ChannelData and is
// shorter than it says as STUN; nothing of that kind gets past the guard.
func TestNoSTUNInTheDressOfChannelData(t *testing.T) {
	s := newSite(t, Limits{})
	m := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
		peer(netip.MustParseAddrPort("169.254.169.254:80")), attribute(stun.AttrData, 1, 2, 3, 4))
	for _, high := range []byte{0x40, 0x80, 0xc0} {
		b := append([]byte(nil), m.Raw...)
		b[0] |= high
		forPion, _ := s.vet(b, somebody)
		// As long as it says and no longer it is data of a channel that nobody bound.
		require.Equal(t, high == 0x40, forPion)
		forPion, _ = s.vet(append(b[:2:2], append([]byte{0xff, 0xff}, b[4:]...)...), somebody)
		require.False(t, forPion)
	}
}

// TestNoTCPThroughTheRelay: RFC 6062 in each of its steps, and ports in pairs.
func TestNoTCPThroughTheRelay(t *testing.T) {
	s := newSite(t, Limits{})
	c := s.dial(t, "tcp", s.issue(t))
	require.Equal(t, 442, codeOf(c.ask(stun.MethodAllocate, attribute(stun.AttrRequestedTransport, 6, 0, 0, 0))))
	transport := attribute(stun.AttrRequestedTransport, protoUDP, 0, 0, 0)
	require.Equal(t, 508, codeOf(c.ask(stun.MethodAllocate, transport, attribute(stun.AttrEvenPort, 0x80))))
	require.Equal(t, 508, codeOf(c.ask(stun.MethodAllocate, transport, attribute(stun.AttrReservationToken, 1, 2, 3, 4, 5, 6, 7, 8))))
	require.Zero(t, c.allocate())
	require.Equal(t, 403, codeOf(c.ask(stun.MethodConnect, peer(addrPort(s.media.LocalAddr())))))
	require.Equal(t, 403, codeOf(c.ask(stun.MethodConnectionBind, attribute(0x002a, 1, 2, 3, 4))))
}

// TestASprayOfDatagramsIsAnsweredSparingly: who shows no pass gets a bounded number
// of answers, so that the relay is no use for flooding somebody else; who has one is
// served all the same.
func TestASprayOfDatagramsIsAnsweredSparingly(t *testing.T) {
	s := newSite(t, Limits{UnknownRate: 10})
	inside := s.dial(t, "udp", s.issue(t))
	require.Zero(t, inside.allocate())
	c := s.dial(t, "udp", s.issue(t))
	for range 500 {
		c.send(stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw)
	}
	require.Eventually(t, func() bool { return s.count.refused[refusedRate].Load() > 400 }, soon, 10*time.Millisecond)
	require.Zero(t, codeOf(inside.ask(stun.MethodRefresh)))
}

// FuzzFrames: no bytes of a client end the process or reach anything but media.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x00\x01\xff\xec\x21\x12\xa4\x42............"))
	f.Add([]byte("\x40\x00\x00\x05hello..."))
	f.Add(stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw)
	media := netip.MustParseAddrPort("127.0.0.1:7000")
	r := &Relay{media: map[netip.AddrPort]*net.UDPAddr{media: net.UDPAddrFromAddrPort(media)}, count: &counters{}, passes: map[string]*Pass{}}
	p := &Pass{r: r, name: "n", key: []byte("k")}
	r.passes[p.name] = p
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= 4 {
			if n := frameSize(b); n < 0 || n > 1<<16+stunHeader {
				t.Fatal(n)
			}
		}
		forPion, reply := r.vet(b, netip.Addr{})
		if forPion && reply != nil {
			t.Fatal("both")
		}
		m := &stun.Message{Raw: append([]byte(nil), b...)}
		channelData := len(b) > 4 && b[0]&0xc0 == 0x40 && int(b[2])<<8+int(b[3]) <= len(b)-4 // and Pion reads it so
		if !stun.IsMessage(b) || m.Decode() != nil || !forPion || channelData {
			return
		}
		// What is let through names no peer but media, unless it is unsigned and will be
		// answered with 401.
		if m.Type.Class == stun.ClassIndication && !r.peersAllowed(m) {
			t.Fatal("indication let through")
		}
	})
}
