package sfu

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

func withTCP(p *Params) { p.TCP = true }

// remoteProtocol is the protocol of the server's candidate that the client selected.
func remoteProtocol(c *client) string {
	pair, err := c.pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return ""
	}
	return pair.Remote.Protocol.String()
}

// Media flow both ways over TCP, a withdrawn grant ends them, and nothing stays open.
func TestMediaOverTCP(t *testing.T) {
	for _, mode := range []struct {
		name string
		p    func(*Params)
	}{
		{"own", withTCP},
		{"pion", func(p *Params) { p.TCP, p.Sender, p.Receiver = true, SendPion, ReceivePion }},
	} {
		t.Run(mode.name, func(t *testing.T) {
			r := newTestRoom(t, mode.p)
			a := join(t, r, clientParams{id: "a", mic: true, audio: 1, prepare: []SourceID{mic("b")}, tcp: true})
			b := join(t, r, clientParams{id: "b", mic: true, audio: 1, prepare: []SourceID{mic("a")}})
			require.Equal(t, "tcp", remoteProtocol(a))
			require.Equal(t, "udp", remoteProtocol(b))
			require.NoError(t, r.Apply(Routing{Epoch: 1, Grants: []Grant{toPeer(mic("a"), "b"), toPeer(mic("b"), "a")}}))
			sa, sb := newSpeaker(a), newSpeaker(b)
			every(t, "sound both ways", func(int) { sa.say("from a"); sb.say("from b") }, func() bool {
				return b.has(mic("a"), "from a") && a.has(mic("b"), "from b")
			})

			require.NoError(t, r.Apply(Routing{Epoch: 1, Grants: []Grant{toPeer(mic("a"), "b")}}))
			for range 20 {
				sb.say("after the grant")
			}
			every(t, "sound one way", func(int) { sb.say("after the grant"); sa.say("still") }, func() bool { return b.has(mic("a"), "still") })
			require.False(t, a.has(mic("b"), "after the grant"))

			require.NoError(t, a.pc.GracefulClose())
			waitFor(t, "the connection's end", func() bool { return r.engine.tcp.count() == 0 })
		})
	}
}

// The answer names TCP ports as passive candidates, below UDP and above any relay.
func TestAnswerNamesTCP(t *testing.T) {
	r := newTestRoom(t, withTCP)
	c := join(t, r, clientParams{id: "a", mic: true})
	var udp, tcp []webrtc.ICECandidateInit
	var priority [2]uint32
	for _, l := range strings.Split(c.pc.RemoteDescription().SDP, "\r\n") {
		line, ok := strings.CutPrefix(l, "a=candidate:")
		if !ok {
			continue
		}
		f := strings.Fields(line)
		var n uint32
		for _, d := range f[3] {
			n = 10*n + uint32(d-'0')
		}
		switch f[2] {
		case "tcp":
			require.Equal(t, []string{"typ", "host", "tcptype", "passive"}, f[6:10])
			require.Equal(t, r.loop.streams[0].addr, netip.MustParseAddrPort(f[4]+":"+f[5]))
			tcp, priority[1] = append(tcp, webrtc.ICECandidateInit{Candidate: line}), n
		default:
			require.Equal(t, r.loop.sockets[0].addr, netip.MustParseAddrPort(f[4]+":"+f[5]))
			udp, priority[0] = append(udp, webrtc.ICECandidateInit{Candidate: line}), n
		}
	}
	require.NotEmpty(t, udp)
	require.Len(t, tcp, len(udp))
	require.Less(t, priority[1]>>24, uint32(100)) // reflexive UDP
	require.Greater(t, priority[1]>>24, uint32(0))
	require.Less(t, priority[1], priority[0])
	require.Equal(t, "udp", remoteProtocol(c))
}

// dialStream is a bare connection to the loop's TCP port.
func dialStream(t *testing.T, r *Room) *net.TCPConn {
	t.Helper()
	c, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(r.loop.streams[0].addr))
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func ended(t *testing.T, c net.Conn) {
	t.Helper()
	_, err := c.Read(make([]byte, 1))
	require.Error(t, err)
}

// Every bound ends or refuses a connection, and is counted.
func TestStreamBounds(t *testing.T) {
	refused := func(r *Room, why refusal) uint64 { return r.engine.tcp.refused[why].Load() }
	for why, limit := range map[refusal]func(*Limits){
		refusedFull:     func(l *Limits) { l.Streams = 2 },
		refusedPrefix:   func(l *Limits) { l.StreamsPerPrefix = 2 },
		refusedUnproved: func(l *Limits) { l.StreamsUnproved = 2 },
	} {
		t.Run(why.String(), func(t *testing.T) {
			r := newTestRoom(t, func(p *Params) { p.TCP, p.Limits.StreamTime = true, time.Hour; limit(&p.Limits) })
			first, _ := dialStream(t, r), dialStream(t, r)
			if c, err := net.Dial("tcp", r.loop.streams[0].addr.String()); err == nil { // else it was reset at once
				ended(t, c)
				require.NoError(t, c.Close())
			}
			waitFor(t, "the count", func() bool { return refused(r, why) == 1 })
			require.Equal(t, 2, r.engine.tcp.count())
			require.NoError(t, first.Close())
			waitFor(t, "a free place", func() bool { return r.engine.tcp.count() == 1 })
		})
	}
	t.Run("late", func(t *testing.T) {
		r := newTestRoom(t, func(p *Params) { p.TCP, p.Limits.StreamTime = true, time.Millisecond })
		ended(t, dialStream(t, r))
		waitFor(t, "the count", func() bool { return refused(r, refusedLate) == 1 && r.engine.tcp.count() == 0 })
	})
	for name, size := range map[string]uint16{"empty": 0, "long": receiveMTU + 1} {
		t.Run(name, func(t *testing.T) {
			r := newTestRoom(t, withTCP)
			c := dialStream(t, r)
			_, err := c.Write(binary.BigEndian.AppendUint16(nil, size))
			require.NoError(t, err)
			ended(t, c)
			waitFor(t, "the count", func() bool { return refused(r, refusedMalformed) == 1 })
		})
	}
	t.Run("foreign", func(t *testing.T) { // media of who has proved nothing
		r := newTestRoom(t, withTCP)
		_, err := dialStream(t, r).Write([]byte{0, 12, 0x80, 111, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
		require.NoError(t, err)
		waitFor(t, "the count", func() bool { return r.loop.count.dropped[dropForeign].Load() == 1 })
	})
}

// Whatever connections come, prove themselves and go, from three prefixes: no bound is
// passed, none of the strangers' prefixes keeps out who comes from elsewhere, and what is
// counted is what is there.
func TestConnectionsAreCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStreams(Limits{Streams: 200, StreamsPerPrefix: 90, StreamsUnproved: 150})
		type conn struct {
			prefix netip.Prefix
			proved bool
		}
		var open []conn
		count := func(of func(conn) bool) (n int) {
			for _, c := range open {
				if of(c) {
					n++
				}
			}
			return n
		}
		stranger := func(c conn) bool { return !c.proved }
		for range rapid.IntRange(1, 400).Draw(t, "acts") {
			switch rapid.IntRange(0, 9).Draw(t, "act") {
			default:
				p := prefixOf(netip.AddrFrom4([4]byte{10, 0, 0, byte(rapid.IntRange(1, 3).Draw(t, "prefix"))}))
				same := func(c conn) bool { return c.prefix == p }
				room := len(open) < 200 && count(stranger) < 150 && count(same) < 90 &&
					count(func(c conn) bool { return same(c) && stranger(c) }) < streamNewcomers
				require.Equal(t, room, s.admit(p))
				if room {
					open = append(open, conn{prefix: p})
				}
			case 0:
				if i := rapid.IntRange(0, len(open)).Draw(t, "which"); i < len(open) && !open[i].proved {
					open[i].proved = true
					s.prove(open[i].prefix)
				}
			case 1:
				if i := rapid.IntRange(0, len(open)).Draw(t, "which"); i < len(open) {
					s.release(open[i].prefix, open[i].proved)
					open = append(open[:i], open[i+1:]...)
				}
			}
		}
		require.Equal(t, len(open), s.count())
		for _, c := range open {
			s.release(c.prefix, c.proved)
		}
		require.Zero(t, s.count())
		require.Zero(t, s.unproved)
		require.Empty(t, s.prefixes)
	})
}

// A connection that sprays checks has no more of the queue of all than its own share.
func TestASprayingConnectionFillsNoQueue(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	s := &streamSocket{count: &counters{}, pion: make(chan datagram, streamWaiting), now: func() time.Time { return now }}
	st := &tcpStream{s: s, tells: newBucket(streamTells, streamTellBurst, now)}
	check := []byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}
	for range 10 * streamWaiting {
		st.tell(check, false)
	}
	require.Len(t, s.pion, streamTellBurst)
	st.tell([]byte{signOfLife}, true)
	require.Len(t, s.pion, streamTellBurst+1, "that media flow is said all the same")
	now = now.Add(100 * time.Millisecond)
	for range streamWaiting {
		st.tell(check, false)
	}
	require.Len(t, s.pion, streamTellBurst+1+streamTells/10)
}

// A client that reads nothing is refused whole frames without anybody's waiting, and
// reads whole frames when it reads again.
func TestStuckStream(t *testing.T) {
	r := newTestRoom(t, func(p *Params) { p.TCP, p.Limits.StreamTime = true, time.Hour })
	c := dialStream(t, r)
	require.NoError(t, c.SetReadBuffer(4096))
	var st *tcpStream
	waitFor(t, "the connection", func() bool { st = r.loop.streams[0].stream(tcpAddrPort(c.LocalAddr())); return st != nil })
	var sent [][]byte
	for i := 0; ; i++ { // ends since the kernel's buffers do
		b := binary.BigEndian.AppendUint32(make([]byte, 0, 1200), uint32(i))[:4+i%1196]
		if err := st.write(b, nil); err != nil {
			require.ErrorIs(t, err, unix.EAGAIN)
			break
		}
		sent = append(sent, b)
		require.Less(t, len(sent), 1<<16)
	}
	last := []byte("the last")
	got := make(chan []byte)
	go func() {
		defer close(got)
		for {
			var head [2]byte
			if _, err := io.ReadFull(c, head[:]); err != nil {
				return
			}
			b := make([]byte, binary.BigEndian.Uint16(head[:]))
			if _, err := io.ReadFull(c, b); err != nil {
				return
			}
			got <- b
		}
	}()
	for i, want := range sent[:len(sent)-1] {
		require.Equal(t, want, <-got, i)
	}
	waitFor(t, "room for one more", func() bool { return st.write(last, nil) == nil })
	require.Equal(t, sent[len(sent)-1], <-got)
	require.Equal(t, last, <-got)
}

// Whatever pieces frames come in, each arrives whole and in order.
func TestFramesInAnyPieces(t *testing.T) {
	r := newTestRoom(t, func(p *Params) { p.TCP, p.Limits.StreamTime = true, time.Hour; p.Receiver = ReceivePion })
	s := &streamSocket{
		all: r.engine.tcp, count: &r.loop.count, pion: make(chan datagram, streamWaiting), done: make(chan struct{}),
		conns: map[netip.AddrPort]*tcpStream{}, now: time.Now,
	}
	ln, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer func() { _ = ln.Close() }()
	s.listener = ln
	rapid.Check(t, func(t *rapid.T) {
		frames := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, receiveMTU), 1, 40).Draw(t, "frames")
		var wire []byte
		for _, f := range frames {
			wire = append(binary.BigEndian.AppendUint16(wire, uint16(len(f))), f...)
		}
		c, err := net.DialTCP("tcp4", nil, ln.Addr().(*net.TCPAddr))
		require.NoError(t, err)
		in, err := ln.AcceptTCP()
		require.NoError(t, err)
		s.take(in)
		go func() {
			for len(wire) > 0 {
				n := min(len(wire), rapid.IntRange(1, 3000).Example(len(wire)))
				_, _ = c.Write(wire[:n])
				wire = wire[n:]
			}
			_ = c.Close()
		}()
		for i, f := range frames {
			require.Equal(t, f, (<-s.pion).b, i)
		}
		s.wg.Wait()
	})
}

// A client that stops reading takes nothing from the others.
func TestStuckClientHarmsNobody(t *testing.T) {
	r := newTestRoom(t, withTCP)
	a := join(t, r, clientParams{id: "a", mic: true, tcp: true})
	b := join(t, r, clientParams{id: "b", audio: 1, prepare: []SourceID{mic("a")}, tcp: true})
	c := join(t, r, clientParams{id: "c", audio: 1, prepare: []SourceID{mic("a")}})
	require.NoError(t, r.Apply(Routing{Epoch: 1, Grants: []Grant{toPeer(mic("a"), "b"), toPeer(mic("a"), "c")}}))
	s := newSpeaker(a)
	every(t, "sound", func(int) { s.say("first") }, func() bool { return b.has(mic("a"), "first") && c.has(mic("a"), "first") })
	stuck := stopReading(t, r, b)
	full := &r.loop.count.dropped[dropFull]
	before := full.Load()
	require.ErrorIs(t, stuck.write([]byte("x"), nil), unix.EAGAIN)
	every(t, "sound for who reads", func(int) { s.say("second") }, func() bool {
		return c.has(mic("a"), "second") && full.Load() > before
	})
}

// stopReading puts in the client's place a connection whose other end never reads,
// and fills it.
func stopReading(t *testing.T, r *Room, c *client) *tcpStream {
	t.Helper()
	far := dialStream(t, r)
	require.NoError(t, far.SetReadBuffer(4096))
	var st *tcpStream
	waitFor(t, "the connection", func() bool { st = r.loop.streams[0].stream(tcpAddrPort(far.LocalAddr())); return st != nil })
	st.prove()
	for n := 0; st.write(make([]byte, 1200), nil) == nil; n++ {
		require.Less(t, n, 1<<16)
	}
	c.peer.lock(func() { c.peer.tx.out = st })
	return st
}
