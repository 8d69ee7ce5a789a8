package relay

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a relay beside one media socket that answers every packet with itself.
type site struct {
	*Relay
	media *net.UDPConn
	other *net.UDPConn // of the same address, and no media socket
}

func newSite(t *testing.T, lim Limits) *site {
	t.Helper()
	s := &site{media: udp(t), other: udp(t)}
	var err error
	local := netip.MustParseAddrPort("127.0.0.1:0")
	s.Relay, err = New(Params{
		Listen: []netip.AddrPort{local}, TLS: []netip.AddrPort{local}, Config: testTLS(t),
		Media: []netip.AddrPort{addrPort(s.media.LocalAddr())}, Limits: lim,
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.Zero(t, s.legs)
		require.Empty(t, s.streams)
	})
	go func() {
		b := make([]byte, 1600)
		for {
			n, from, err := s.media.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			_, _ = s.media.WriteToUDPAddrPort(b[:n], from)
		}
	}()
	return s
}

func udp(t *testing.T) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func testTLS(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &key.PublicKey, key)
	require.NoError(t, err)
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

func (s *site) issue(t *testing.T) *Pass {
	t.Helper()
	p, err := s.Issue()
	require.NoError(t, err)
	return p
}

// at is the address behind the n-th URL of clients, and how it is reached.
func (s *site) at(t *testing.T, transport string) string {
	t.Helper()
	for _, u := range s.urls {
		scheme, rest, _ := strings.Cut(u, ":")
		host, way, _ := strings.Cut(rest, "?transport=")
		if transport == "tls" && scheme == "turns" || scheme == "turn" && way == transport {
			return host
		}
	}
	t.Fatal("no address for " + transport)
	return ""
}

// client speaks TURN by hand, so that it may say what no client says.
type client struct {
	t      *testing.T
	c      net.Conn
	in     *bufio.Reader // nil: datagrams
	access Access
	nonce  stun.Nonce
	realm  string
}

func (s *site) dial(t *testing.T, transport string, p *Pass) *client {
	t.Helper()
	c := &client{t: t, access: p.Access(), realm: realm}
	var err error
	switch transport {
	case "udp":
		c.c, err = net.Dial("udp", s.at(t, "udp"))
	case "tcp":
		c.c, err = net.Dial("tcp", s.at(t, "tcp"))
	case "tls":
		c.c, err = tls.Dial("tcp", s.at(t, "tls"), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // our own
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.c.Close() })
	if transport != "udp" {
		c.in = bufio.NewReader(c.c)
	}
	return c
}

func (c *client) send(b []byte) {
	c.t.Helper()
	_, err := c.c.Write(b)
	require.NoError(c.t, err)
}

// read gives the next message; an error when nothing comes within the time.
func (c *client) read(within time.Duration) ([]byte, error) {
	_ = c.c.SetReadDeadline(time.Now().Add(within))
	b := make([]byte, 2000)
	if c.in == nil {
		n, err := c.c.Read(b)
		return b[:n], err
	}
	head, err := c.in.Peek(4)
	if err != nil {
		return nil, err
	}
	b = b[:frameSize(head)]
	_, err = io.ReadFull(c.in, b)
	return b, err
}

const soon = 5 * time.Second

// ask sends a request with credentials, taking a nonce first, and gives the answer.
func (c *client) ask(method stun.Method, set ...stun.Setter) *stun.Message {
	c.t.Helper()
	for {
		all := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, set...)
		if len(c.nonce) > 0 {
			key := stun.NewLongTermIntegrity(c.access.Username, realm, c.access.Password)
			all = append(all, stun.NewUsername(c.access.Username), stun.NewRealm(c.realm), c.nonce, key)
		}
		m := stun.MustBuild(all...)
		c.send(m.Raw)
		b, err := c.read(soon)
		require.NoError(c.t, err)
		answer := &stun.Message{Raw: b}
		require.NoError(c.t, answer.Decode())
		require.Equal(c.t, m.TransactionID, answer.TransactionID)
		if len(c.nonce) > 0 || codeOf(answer) != 401 {
			return answer
		}
		require.NoError(c.t, c.nonce.GetFrom(answer))
	}
}

// codeOf is the error code of an answer, 0 for success.
func codeOf(m *stun.Message) int {
	var e stun.ErrorCodeAttribute
	if m.Type.Class != stun.ClassErrorResponse || e.GetFrom(m) != nil {
		return 0
	}
	return int(e.Code)
}

func attribute(t stun.AttrType, v ...byte) stun.Setter { return stun.RawAttribute{Type: t, Value: v} }

func (c *client) allocate() int {
	c.t.Helper()
	return codeOf(c.ask(stun.MethodAllocate, attribute(stun.AttrRequestedTransport, protoUDP, 0, 0, 0)))
}

// peer is XOR-PEER-ADDRESS in exactly the family in which the address is written.
type peer netip.AddrPort

func (p peer) AddTo(m *stun.Message) error {
	a := netip.AddrPort(p)
	family, ip := byte(2), a.Addr().AsSlice()
	if a.Addr().Is4() {
		family = 1
	}
	mask := append([]byte{0x21, 0x12, 0xa4, 0x42}, m.TransactionID[:]...)
	v := []byte{0, family, byte(a.Port()>>8) ^ mask[0], byte(a.Port()) ^ mask[1]}
	for i, b := range ip {
		v = append(v, b^mask[i])
	}
	m.Add(stun.AttrXORPeerAddress, v)
	return nil
}

func (c *client) bind(channel uint16, to netip.AddrPort) int {
	c.t.Helper()
	return codeOf(c.ask(stun.MethodChannelBind, attribute(stun.AttrChannelNumber, byte(channel>>8), byte(channel), 0, 0), peer(to)))
}

func channelData(channel uint16, payload string) []byte {
	b := append([]byte{byte(channel >> 8), byte(channel), byte(len(payload) >> 8), byte(len(payload))}, payload...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// TestEachTransportReachesMedia: what a client says by each of the three ways comes
// to the media socket and back.
func TestEachTransportReachesMedia(t *testing.T) {
	s := newSite(t, Limits{})
	media := addrPort(s.media.LocalAddr())
	for _, transport := range []string{"udp", "tcp", "tls"} {
		c := s.dial(t, transport, s.issue(t))
		require.Zero(t, c.allocate(), transport)
		require.Zero(t, c.bind(0x4000, media), transport)
		c.send(channelData(0x4000, "kính thưa"))
		b, err := c.read(soon)
		require.NoError(t, err, transport)
		require.Equal(t, channelData(0x4000, "kính thưa"), b, transport)
	}
}

// TestAForeignClientIsServed: Pion's own client, which we have not written, works.
func TestAForeignClientIsServed(t *testing.T) {
	s := newSite(t, Limits{})
	access := s.issue(t).Access()
	conn, err := net.Dial("tcp", s.at(t, "tcp"))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	tc, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: s.at(t, "tcp"), TURNServerAddr: s.at(t, "tcp"), Conn: turn.NewSTUNConn(conn),
		Username: access.Username, Password: access.Password, LoggerFactory: quiet(),
	})
	require.NoError(t, err)
	defer tc.Close()
	require.NoError(t, tc.Listen())
	relayed, err := tc.Allocate()
	require.NoError(t, err)
	_, err = relayed.WriteTo([]byte("xin chào, đây là một gói tin"), s.media.LocalAddr())
	require.NoError(t, err)
	b := make([]byte, 100)
	require.NoError(t, relayed.SetReadDeadline(time.Now().Add(soon)))
	n, from, err := relayed.ReadFrom(b)
	require.NoError(t, err)
	require.Equal(t, "xin chào, đây là một gói tin", string(b[:n]))
	require.Equal(t, s.media.LocalAddr().String(), from.String())
	require.NoError(t, relayed.Close())
}

// TestARevokedPassIsAtOnceWorthNothing: refreshing answers 401, the socket is gone,
// nothing is relayed, and a connection is closed soon after.
func TestARevokedPassIsAtOnceWorthNothing(t *testing.T) {
	for _, transport := range []string{"udp", "tcp", "tls"} {
		s := newSite(t, Limits{Idle: 200 * time.Millisecond})
		p := s.issue(t)
		c := s.dial(t, transport, p)
		require.Zero(t, c.allocate())
		require.Zero(t, c.bind(0x4000, addrPort(s.media.LocalAddr())))
		require.Zero(t, codeOf(c.ask(stun.MethodRefresh)), "refreshed while it lives")
		p.Revoke()
		s.mu.Lock()
		require.Zero(t, s.legs, "closed when Revoke returns")
		s.mu.Unlock()
		require.Equal(t, 401, codeOf(c.ask(stun.MethodRefresh)))
		require.Equal(t, 401, c.allocate())
		require.Equal(t, 401, c.bind(0x4000, addrPort(s.media.LocalAddr())))
		c.send(channelData(0x4000, "sau khi bị mời ra"))
		_, err := c.read(500 * time.Millisecond)
		require.Error(t, err, "nothing comes back")
		if transport == "udp" {
			continue
		}
		_, err = c.read(soon)
		require.ErrorIs(t, err, io.EOF, "the connection does not stay")
	}
}

// TestQuotas: a pass has so many allocations and no more, all passes have so many,
// and what is given back may be taken again.
func TestQuotas(t *testing.T) {
	s := newSite(t, Limits{Allocations: 14})
	p := s.issue(t)
	var held []*client
	for range 12 {
		c := s.dial(t, "tcp", p)
		require.Zero(t, c.allocate())
		held = append(held, c)
	}
	require.Equal(t, 486, s.dial(t, "udp", p).allocate(), "the thirteenth")
	other := s.issue(t)
	for range 2 {
		require.Zero(t, s.dial(t, "udp", other).allocate())
	}
	require.Equal(t, 508, s.dial(t, "udp", other).allocate(), "the fifteenth of all")
	require.NoError(t, held[0].c.Close())
	require.Eventually(t, func() bool { return s.dial(t, "udp", p).allocate() == 0 }, soon, 20*time.Millisecond)
}

// TestWrongCredentials: an unknown name, a wrong password and another realm are 401,
// so that a client knows that asking again is of no use.
func TestWrongCredentials(t *testing.T) {
	s := newSite(t, Limits{})
	for name, change := range map[string]func(*client){
		"name":     func(c *client) { c.access.Username = "ai-do" },
		"password": func(c *client) { c.access.Password += "x" },
	} {
		c := s.dial(t, "tcp", s.issue(t))
		change(c)
		require.Equal(t, 401, c.allocate(), name)
	}
}

// TestAFramePionStumblesOver: a header that says 65516 bytes, at which Pion's own
// reader of v5.1.1 turns for ever, ends the connection; so does what is no message.
func TestAFramePionStumblesOver(t *testing.T) {
	s := newSite(t, Limits{})
	for _, head := range []string{
		"\x00\x01\xff\xec\x21\x12\xa4\x42............", "GET / HTTP/1.1\r\n\r\n      ", "\x00\x01\x00\x03\x21\x12\xa4\x42............",
		"\x40\x00\xff\xff................",
	} {
		c := s.dial(t, "tcp", s.issue(t))
		c.send([]byte(head))
		_, err := c.read(soon)
		require.ErrorIs(t, err, io.EOF, "%q", head)
	}
}

// TestConnectionsAreBounded: who says nothing is closed, who opens too many too.
func TestConnectionsAreBounded(t *testing.T) {
	s := newSite(t, Limits{Idle: 300 * time.Millisecond, AddressStreams: 5, Handshakes: 2})
	p := s.issue(t)
	var open []*client
	for range 5 {
		open = append(open, s.dial(t, "tcp", p))
	}
	require.Zero(t, open[0].allocate(), "who has an allocation stays")
	sixth := s.dial(t, "tcp", p)
	_, err := sixth.read(soon)
	require.Error(t, err)
	for _, c := range open[1:] {
		_, err := c.read(soon)
		require.ErrorIs(t, err, io.EOF)
	}
	require.Zero(t, codeOf(open[0].ask(stun.MethodRefresh)), "and goes on")
	// A TLS handshake that never ends is an idle connection too.
	silent, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", s.at(t, "tls"))
	require.NoError(t, err)
	defer func() { _ = silent.Close() }()
	require.NoError(t, silent.SetReadDeadline(time.Now().Add(soon)))
	_, err = silent.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}

// TestTheUplinkIsPoliced: an allocation cannot send more than its rate.
func TestTheUplinkIsPoliced(t *testing.T) {
	s := newSite(t, Limits{UplinkBitrate: 80_000})
	c := s.dial(t, "tcp", s.issue(t))
	require.Zero(t, c.allocate())
	require.Zero(t, c.bind(0x4000, addrPort(s.media.LocalAddr())))
	for range 100 {
		c.send(channelData(0x4000, strings.Repeat("x", 1000)))
	}
	require.Eventually(t, func() bool { return s.count.refused[refusedRate].Load() > 80 }, soon, 10*time.Millisecond)
	require.Less(t, s.count.bytesUp.Load(), uint64(20_000))
}

func turnConfig(p *Pass) turn.AllocateListenerConfig {
	return turn.AllocateListenerConfig{Network: "udp4", UserID: p.name, Realm: realm}
}
