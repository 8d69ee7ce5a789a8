package sfu

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/sdp/v3"
	"github.com/pion/stun/v4"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// begun joins a peer that never finishes: it has an answer and nothing more.
func begun(t testing.TB, r *Room, id string, sections int) (*Peer, string) {
	t.Helper()
	p, err := r.Join(PeerParams{ID: id})
	require.NoError(t, err)
	var sources []SourceID
	for i := range sections {
		sources = append(sources, mic(fmt.Sprint("d", i)), cam(fmt.Sprint("d", i)))
	}
	p.Prepare(sources)
	a, err := p.Negotiate(t.Context(), Offer{SDP: receiverOffer(sections, sections)})
	require.NoError(t, err)
	return p, a.SDP
}

// checked goes one step further: the checks of ICE are answered, and no handshake
// follows but what the caller writes.
func checked(t testing.TB, answer string) *ice.Conn {
	t.Helper()
	var d sdp.SessionDescription
	require.NoError(t, d.UnmarshalString(answer))
	agent, err := ice.NewAgentWithOptions(
		ice.WithLocalCredentials("abcd", "abcdefghijklmnopqrstuvwx"), ice.WithIncludeLoopback(),
		ice.WithNetworkTypes([]ice.NetworkType{ice.NetworkTypeUDP4}), ice.WithCandidateTypes([]ice.CandidateType{ice.CandidateTypeHost}),
		ice.WithIPFilter(func(ip netIP) bool { return ip.IsLoopback() }),
		ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled), ice.WithLoggerFactory(quietLoggers()),
	)
	require.NoError(t, err)
	t.Cleanup(func() { _ = agent.Close() })
	require.NoError(t, agent.OnCandidate(func(ice.Candidate) {}))
	require.NoError(t, agent.GatherCandidates())
	m := d.MediaDescriptions[0]
	for _, x := range m.Attributes {
		if x.Key == "candidate" {
			c, err := ice.UnmarshalCandidate(x.Value)
			require.NoError(t, err)
			require.NoError(t, agent.AddRemoteCandidate(c))
		}
	}
	find := func(key string) string {
		if v, ok := m.Attribute(key); ok {
			return v
		}
		v, _ := d.Attribute(key)
		return v
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, err := agent.Dial(ctx, find("ice-ufrag"), find("ice-pwd"))
	require.NoError(t, err)
	return conn
}

// fragment is a record with a piece of a large ClientHello that never becomes whole,
// each with a number of its own so that nothing takes the place of anything.
func fragment(n int) []byte {
	const body = 1100
	b := make([]byte, 13+12+body)
	copy(b, []byte{22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0})
	binary.BigEndian.PutUint16(b[9:], uint16(n))
	binary.BigEndian.PutUint16(b[11:], 12+body)
	h := b[13:]
	h[0] = 11                                       // Certificate
	binary.BigEndian.PutUint32(h[0:], 11<<24|1<<20) // one MB
	binary.BigEndian.PutUint16(h[4:], 0)
	binary.BigEndian.PutUint32(h[5:], uint32(n*body)<<8)
	binary.BigEndian.PutUint32(h[8:], uint32(n*body&0xff)<<24|body)
	return b
}

// Peers that come with an offer alone, that are checked and never begin the handshake,
// and that send it for ever in pieces: an innocent pair beside them misses nothing,
// what they hold is small, and after the stated time all of it is given back.
func TestAFloodOfHalfOpenPeersIsBoundedAndGivenBack(t *testing.T) {
	var shift atomic.Int64
	r, judge, party := one(t, clientParams{}, func(p *Params) {
		p.Now = func() time.Time { return time.Now().Add(time.Duration(shift.Load())) }
	})
	s, words := newSpeaker(judge), 0
	say := func() {
		words++
		s.say(fmt.Sprint("word ", words))
	}
	every(t, "sound", func(int) { say() }, func() bool { return party.has(mic("judge"), fmt.Sprint("word ", words)) })
	from := words
	count := func() int64 { return r.engine.halfOpen.Load() }
	require.Zero(t, count())
	base, routines := inUse(), runtime.NumGoroutine()

	const alone, silent, talking, sections = 40, 10, 10, 8
	for i := range alone {
		begun(t, r, fmt.Sprint("alone", i), sections)
		say()
	}
	var held []*ice.Conn
	for i := range silent + talking {
		_, answer := begun(t, r, fmt.Sprint("checked", i), sections)
		held = append(held, checked(t, answer))
		say()
	}
	// On a slow machine the first ones' time is over before the last have come.
	waitFor(t, "each is counted", func() bool { return count()+int64(r.loop.count.unfinished.Load()) == alone+silent+talking })
	policed := r.loop.count.dropped[dropPoliced].Load()
	for n := range 500 {
		for _, c := range held[silent:] {
			_, err := c.Write(fragment(n))
			require.NoError(t, err)
		}
		if n%10 == 0 {
			say()
			runtime.Gosched()
		}
	}
	waitFor(t, "pieces beyond the bound are dropped", func() bool { return r.loop.count.dropped[dropPoliced].Load() > policed+1000 })
	if !raceEnabled {
		require.Less(t, int64(inUse())-int64(base), int64((alone+silent+talking)*600<<10), "what a half-open peer holds, with its client")
	}

	shift.Store(int64(halfOpenTime + time.Second))
	waitFor(t, "their time is over", func() bool { say(); return count() == 0 })
	waitFor(t, "they are gone", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.peers) == 2
	})
	require.EqualValues(t, alone+silent+talking, r.loop.count.unfinished.Load())
	for _, c := range held {
		require.NoError(t, c.Close())
	}
	waitFor(t, "goroutines are back", func() bool { return runtime.NumGoroutine() <= routines+10 })
	if !raceEnabled {
		waitFor(t, "memory is back", func() bool { return int64(inUse())-int64(base) < 4<<20 })
	}
	waitFor(t, "the last word", func() bool { return party.has(mic("judge"), fmt.Sprint("word ", words)) })
	for i := from; i <= words; i++ {
		require.True(t, party.has(mic("judge"), fmt.Sprint("word ", i)), "word %d of %d", i, words)
	}
	require.False(t, judge.obs.saw(PeerClosed) || party.obs.saw(PeerClosed))
}

// The places of half-open peers are counted over all rooms, come back at the end of
// the handshake and of the peer, and a seat has one.
func TestPlacesOfHalfOpenPeers(t *testing.T) {
	e := newTestEngine(t, func(p *Params) { p.Limits.HalfOpen = 2 })
	a, err := e.Room("a")
	require.NoError(t, err)
	b, err := e.Room("b")
	require.NoError(t, err)
	join(t, a, clientParams{id: "here", mic: true})
	join(t, b, clientParams{id: "there", mic: true})
	require.Zero(t, e.halfOpen.Load(), "who has keys takes no place")
	first, err := a.Join(PeerParams{ID: "x"})
	require.NoError(t, err)
	for range 5 {
		_, err = a.Join(PeerParams{ID: "y"})
		require.NoError(t, err, "a seat that joins again takes its own place")
	}
	_, err = b.Join(PeerParams{ID: "z"})
	require.ErrorIs(t, err, ErrLimit)
	require.EqualValues(t, 2, e.halfOpen.Load(), "a refusal takes none")
	first.Close()
	_, err = b.Join(PeerParams{ID: "z"})
	require.NoError(t, err)
	b.Close()
	require.EqualValues(t, 1, e.halfOpen.Load())
	_, err = b.Join(PeerParams{ID: "z"})
	require.ErrorIs(t, err, ErrClosed)
	require.EqualValues(t, 1, e.halfOpen.Load())
}

// queuedConn is a mux's connection whose packets a test brings.
type queuedConn struct {
	net.PacketConn
	in      [][]byte
	from    []netip.AddrPort
	written int
}

func (q *queuedConn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	if len(q.in) == 0 {
		return 0, netip.AddrPort{}, io.EOF
	}
	n, from := copy(b, q.in[0]), q.from[0]
	q.in, q.from = q.in[1:], q.from[1:]
	return n, from, nil
}

func (q *queuedConn) WriteToAddrPort(b []byte, _ netip.AddrPort) (int, error) {
	q.written++
	return len(b), nil
}

// Whatever comes for one peer in whatever order: Pion gets no more of its handshake
// than the bound, answers no more addresses than the bound, never loses a check from an
// address that it has answered, and nobody who only knows the name takes a place.
func TestWhatOnePeerMakesPionKeep(t *testing.T) {
	check := stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1_700_000_000, 0)
		q, count := &queuedConn{}, &counters{}
		c := newPeerConn(q, count, func() time.Time { return now })
		begin, handshake, answered := now, 0, map[netip.AddrPort]bool{}
		buf := make([]byte, 2000)
		for range rapid.IntRange(1, 400).Draw(t, "packets") {
			now = now.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "ms")) * time.Millisecond)
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, 1}), uint16(rapid.IntRange(1, 60).Draw(t, "port")))
			b := check
			if rapid.Bool().Draw(t, "handshake") {
				b = make([]byte, rapid.IntRange(1, 1500).Draw(t, "size"))
				b[0] = 22
			}
			q.in, q.from = append(q.in, b), append(q.from, from)
			dropped := count.dropped[dropPoliced].Load()
			n, _, err := c.ReadFromAddrPort(buf)
			passed := err == nil
			require.Equal(t, passed, dropped == count.dropped[dropPoliced].Load(), "what is dropped is counted")
			switch {
			case b[0] == 22:
				if passed {
					handshake += n
				}
			case answered[from]:
				require.True(t, passed, "a check of a known address")
			case passed && rapid.Bool().Draw(t, "authentic"):
				was := q.written
				_, err := c.WriteToAddrPort(b, from)
				require.NoError(t, err)
				if q.written > was {
					answered[from] = true
				}
			}
			since := now.Sub(begin).Seconds()
			require.LessOrEqual(t, handshake, handshakeBurst+int(handshakeRate*since)+1)
			require.LessOrEqual(t, len(answered), maxAddresses+int(addressRate*since)+1)
			require.Len(t, c.answered, len(answered), "only who is answered takes a place")
		}
		q.in, q.from = append(q.in, []byte{signOfLife}), append(q.from, netip.AddrPort{})
		_, _, err := c.ReadFromAddrPort(buf)
		require.NoError(t, err, "a sign of life always passes")
	})
}
