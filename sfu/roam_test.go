package sfu

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
)

// natConn is a client's socket behind a NAT that gives it another port whenever hop is
// called: what comes for an old port is lost. While deaf, the client itself makes no
// connectivity checks.
type natConn struct {
	net.PacketConn // the first socket, whose address the client takes for its own
	mu             sync.Mutex
	now            *net.UDPConn
	all            []*net.UDPConn
	deaf           bool
	mute           bool // it answers none either
	hold           bool // media is kept back
	held           [][]byte
	in             chan natPacket
	aside          chan natPacket // takes what comes, in place of the client
	done           chan struct{}
	once           sync.Once
}

type natPacket struct {
	b    []byte
	from net.Addr
}

func newNAT(t testing.TB) *natConn {
	n := &natConn{in: make(chan natPacket, 1024), done: make(chan struct{})}
	n.hop(t)
	n.PacketConn = n.all[0]
	return n
}

func (n *natConn) hop(t testing.TB) netip.AddrPort {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.now = conn
	n.all = append(n.all, conn)
	go func() {
		b := make([]byte, 2048)
		for {
			k, from, err := conn.ReadFromUDP(b)
			if err != nil {
				return
			}
			n.mu.Lock()
			open, in := n.now == conn, n.in
			if n.aside != nil {
				in = n.aside
			}
			n.mu.Unlock()
			if !open {
				continue
			}
			select {
			case in <- natPacket{slices.Clone(b[:k]), from}:
			case <-n.done:
			}
		}
	}()
	return n.at(len(n.all) - 1)
}

// back gives the client its i-th port again.
func (n *natConn) back(i int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.now = n.all[i]
}

func (n *natConn) at(i int) netip.AddrPort { return n.all[i].LocalAddr().(*net.UDPAddr).AddrPort() }

func (n *natConn) hears(deaf, mute bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.deaf, n.mute = deaf, mute
}

func (n *natConn) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case k := <-n.in:
		return copy(b, k.b), k.from, nil
	case <-n.done:
		return 0, nil, net.ErrClosed
	}
}

func (n *natConn) WriteTo(b []byte, to net.Addr) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.deaf && b[0] == 0 && b[1] == 1 || n.mute && b[0] < 4 {
		return len(b), nil
	}
	if n.hold && isMedia(b) && !isRTCP(b) {
		n.held = append(n.held, slices.Clone(b))
		return len(b), nil
	}
	return n.now.WriteTo(b, to)
}

func (n *natConn) holds(hold bool) [][]byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hold = hold
	return n.held
}

func (n *natConn) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.once.Do(func() { close(n.done) })
	for _, c := range n.all {
		_ = c.Close()
	}
	return nil
}

// A judge behind a NAT and a party hear each other.
func roamers(t *testing.T) (n *natConn, judge, party *client, r *Room) {
	r = newTestRoom(t, nil)
	require.NoError(t, r.Apply(Routing{Grants: []Grant{toPeer(mic("judge"), "party"), toPeer(mic("party"), "judge")}}))
	n = newNAT(t)
	judge = join(t, r, clientParams{id: "judge", mic: true, audio: 1, prepare: []SourceID{mic("party")}, conn: &wiredConn{PacketConn: n}})
	party = join(t, r, clientParams{id: "party", mic: true, audio: 1, prepare: []SourceID{mic("judge")}})
	return n, judge, party, r
}

func (c *client) sentTo() netip.AddrPort {
	c.peer.room.mu.Lock()
	defer c.peer.room.mu.Unlock()
	return addrPortOf(&c.peer.tx.to.sa)
}

// hear speaks until each has heard the other say it.
func hear(t *testing.T, judge, party *client, a, b *speaker, text string) {
	t.Helper()
	every(t, text, func(int) { a.say(text); b.say(text) }, func() bool {
		return party.has(mic("judge"), text) && judge.has(mic("party"), text)
	})
}

// R2: another port, and back to the one before; the client's own checks play no part.
// What is said on the way is heard without a gap, and the seat and its keys stay.
func TestAPeerIsFoundAtANewAddressByItsMedia(t *testing.T) {
	n, judge, party, r := roamers(t)
	a, b := newSpeaker(judge), newSpeaker(party)
	hear(t, judge, party, a, b, "before")
	n.hears(true, false)
	first := judge.sentTo()
	require.Equal(t, n.at(0), first)
	moved := n.hop(t)
	hear(t, judge, party, a, b, "elsewhere")
	require.Equal(t, moved, judge.sentTo())
	n.back(0)
	hear(t, judge, party, a, b, "back")
	require.Equal(t, first, judge.sentTo())
	n.back(1)
	hear(t, judge, party, a, b, "again")
	require.Equal(t, moved, judge.sentTo())
	require.False(t, judge.obs.saw(PeerLost))
	require.Equal(t, uint64(3), r.loop.count.moves.Load())
	require.Equal(t, webrtc.PeerConnectionStateConnected, judge.pc.ConnectionState())
	n.hears(false, false)
}

// Media alone moves nobody: who does not answer the check is sent nothing but checks,
// and few of them, while what it sends is taken.
func TestOnlyWhoAnswersACheckIsSentTo(t *testing.T) {
	n, judge, party, r := roamers(t)
	a, b := newSpeaker(judge), newSpeaker(party)
	hear(t, judge, party, a, b, "before")
	n.hears(true, true)
	before := judge.sentTo()
	thief := n.hop(t)
	require.NotEqual(t, before, thief)
	got := make(chan natPacket, 1024)
	n.mu.Lock()
	n.aside = got
	n.mu.Unlock()
	said := 0
	every(t, "what it says is heard", func(int) { a.say("elsewhere"); b.say("secret"); said++ }, func() bool {
		return party.has(mic("judge"), "elsewhere") && said > 200
	})
	require.Equal(t, before, judge.sentTo())
	require.Zero(t, r.loop.count.moves.Load())
	checks := 0
	for len(got) > 0 {
		k := <-got
		require.False(t, isMedia(k.b), "media to who has answered nothing")
		if k.b[0] == 0 && k.b[1] == 1 {
			checks++
		}
	}
	require.Positive(t, checks)
	require.Less(t, checks, said/4)
}

// Repeats, forgeries and packets that were overtaken, from an address that could well
// answer: none says where their sender stands now.
func TestWhatIsNotFreshMovesNobody(t *testing.T) {
	n, judge, party, r := roamers(t)
	a, b := newSpeaker(judge), newSpeaker(party)
	hear(t, judge, party, a, b, "before")
	n.holds(true)
	a.say("late")
	held := n.holds(false)
	require.NotEmpty(t, held)
	hear(t, judge, party, a, b, "newer")
	other := newWiredConn(t)
	defer other.Close()
	s, c := r.loop.sockets[0], &r.loop.count
	send := func(b []byte) {
		_, err := other.PacketConn.WriteTo(b, net.UDPAddrFromAddrPort(s.addr))
		require.NoError(t, err)
	}
	forged, repeated := c.dropped[dropForged].Load(), c.dropped[dropRepeated].Load()
	send(held[0])
	waitFor(t, "the overtaken packet is heard", func() bool { return party.has(mic("judge"), "late") })
	send(held[0])
	waitFor(t, "a repeat", func() bool { return c.dropped[dropRepeated].Load() > repeated })
	fresh := slices.Clone(held[0])
	fresh[2] += 64 // far ahead
	send(fresh)
	waitFor(t, "a forgery", func() bool { return c.dropped[dropForged].Load() > forged })
	require.Nil(t, s.homes.checkedAt(other.LocalAddr().(*net.UDPAddr).AddrPort()))
	require.Equal(t, n.at(0), judge.sentTo())
	require.Zero(t, c.moves.Load())
}

// What a peer has in the loop's tables goes with it.
func TestAPeerThatLeftIsSoughtNoMore(t *testing.T) {
	n, judge, party, r := roamers(t)
	a, b := newSpeaker(judge), newSpeaker(party)
	hear(t, judge, party, a, b, "before")
	n.hears(true, true)
	at := n.hop(t)
	h := &r.loop.homes
	every(t, "a check", func(int) { a.say("elsewhere") }, func() bool { return h.checkedAt(at) == judge.peer })
	judge.peer.Close()
	party.peer.Close()
	h.mu.Lock()
	defer h.mu.Unlock()
	require.Empty(t, h.of)
	require.Empty(t, h.checks)
}

// T3: what a peer is answered names our sockets alone, neither its own addresses nor
// another's, before the connection stands and after.
func TestAnAnswerNamesOurSocketsAlone(t *testing.T) {
	_, judge, party, r := roamers(t)
	ours := r.engine.MediaAddrs()
	for _, c := range []*client{judge, party} {
		for _, opts := range []*webrtc.OfferOptions{nil, {ICERestart: true}} {
			candidates := 0
			for line := range strings.Lines(c.negotiateWith(opts).SDP) {
				if !strings.HasPrefix(line, "a=candidate:") {
					continue
				}
				candidates++
				f := strings.Fields(line)
				require.Equal(t, []string{"typ", "host"}, f[6:8])
				at, err := netip.ParseAddrPort(net.JoinHostPort(f[4], f[5]))
				require.NoError(t, err)
				require.Contains(t, ours, at)
				require.False(t, at.Addr().IsLinkLocalUnicast())
			}
			require.Positive(t, candidates)
		}
	}
}
