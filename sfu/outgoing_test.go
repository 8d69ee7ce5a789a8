package sfu

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// segmentWire is a fakeWire that takes several packets at once.
type segmentWire struct {
	*fakeWire
	broken bool // it cannot, after all
	writes []int
}

func (w *segmentWire) writeSegments(b []byte, size int, to *destination) error {
	if w.broken {
		return errNoSegments
	}
	if w.full != nil && w.full() {
		w.refused += (len(b) + size - 1) / size
		return unix.EAGAIN
	}
	full := w.full
	defer func() { w.full = full }()
	w.full = nil
	n := 0
	for c := range slices.Chunk(b, size) {
		if err := w.write(c, to); err != nil {
			return err
		}
		n++
	}
	w.writes = append(w.writes, n)
	return nil
}

// stage is a fake room with a speaker, whose datagrams need no keys, and two
// receivers of microphone and camera.
type stage struct {
	*fakeRoom
	speaker *Peer
	wires   []*segmentWire
	secs    []*section
}

func newStage(t require.TestingT) *stage {
	f := newFakeRoom()
	f.engine.p.Limits.VideoBitrate = 1 << 40
	s := &stage{fakeRoom: f}
	s.speaker, _ = f.peer("speaker")
	f.taking(s.speaker)
	s.speaker.in.open = plainOpener{}
	var rt Routing
	for i := range 2 {
		q, w := f.peer(fmt.Sprint("p", i))
		wire := &segmentWire{fakeWire: w}
		q.tx.out = wire
		for j, id := range []SourceID{cam("speaker"), mic("speaker")} {
			sec := f.binds(q, id, fmt.Sprint(j))
			sec.seq.next, sec.rtxNext = 65500, 65500
			s.secs = append(s.secs, sec)
			rt.Grants = append(rt.Grants, toPeer(id, q.id))
		}
		s.wires = append(s.wires, wire)
	}
	require.NoError(t, f.Apply(rt))
	return s
}

// filming draws what a speaker sends: pictures of packets that are of like length or
// not, sound between them, some packets out of order or twice.
func filming(t *rapid.T) (out [][]byte) {
	var seq, sound uint16
	for n := range uint32(rapid.IntRange(1, 30).Draw(t, "frames")) {
		key := n == 0 || rapid.IntRange(0, 5).Draw(t, "kind") == 0
		discardable := !key && rapid.Bool().Draw(t, "discardable")
		length := rapid.IntRange(0, 900).Draw(t, "length")
		for part := range rapid.IntRange(1, 20).Draw(t, "packets") {
			if rapid.IntRange(0, 4).Draw(t, "other") == 0 {
				length = rapid.IntRange(0, 900).Draw(t, "length")
			}
			b := filmed(n, part, key, discardable)
			b = slices.Insert(b, len(b)-5, make([]byte, length)...)
			out = append(out, rtpOf(96, 11, seq, n*3000, b))
			seq++
		}
		if rapid.Bool().Draw(t, "sound") {
			out = append(out, rtpOf(111, 21, sound, uint32(sound)*960, spoken(uint64(sound))))
			sound++
		}
	}
	for range rapid.IntRange(0, 5).Draw(t, "swaps") {
		i := rapid.IntRange(1, len(out)).Draw(t, "at")
		if i < len(out) {
			out[i-1], out[i] = out[i], out[i-1]
		}
	}
	return out
}

func rtpOf(pt uint8, ssrc uint32, seq uint16, ts uint32, payload []byte) []byte {
	k := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: pt, SSRC: ssrc, SequenceNumber: seq, Timestamp: ts}, Payload: payload}
	b, err := k.Marshal()
	if err != nil {
		panic(err)
	}
	return b
}

// byStream are the packets of a wire as text, by SSRC, sorted: what overtook another
// before the receivers were given it may be in its order again in a burst, and sound
// and pictures leave one after the other.
func byStream(w *segmentWire) map[uint32][]string {
	out := map[uint32][]string{}
	for _, k := range w.packets {
		out[k.SSRC] = append(out[k.SSRC], fmt.Sprintf("%d %d %d %x", k.PayloadType, k.SequenceNumber, k.Timestamp, k.Payload))
	}
	for _, list := range out {
		slices.Sort(list)
	}
	return out
}

// However a speaker's datagrams are taken from the socket, one by one or many at
// once, and whether or not the way out takes several at once: the receivers get the
// same packets.
func TestABurstIsForwardedAsItsPacketsAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := filming(t)
		single, burst := newStage(t), newStage(t)
		burst.wires[1].broken = true
		clone := func(list [][]byte) (out [][]byte) {
			for _, b := range list {
				out = append(out, slices.Clone(b))
			}
			return out
		}
		for len(sent) > 0 {
			n := rapid.IntRange(1, min(readBatch, len(sent))).Draw(t, "taken")
			for _, b := range clone(sent[:n]) {
				single.speaker.datagrams([][]byte{b})
			}
			burst.speaker.datagrams(clone(sent[:n]))
			sent = sent[n:]
			single.now, burst.now = single.now.Add(time.Millisecond), burst.now.Add(time.Millisecond)
		}
		for i, w := range burst.wires {
			require.Equal(t, byStream(single.wires[i]), byStream(w))
			require.False(t, w.reused)
		}
		require.Empty(t, burst.wires[1].writes)
		require.Equal(t, single.loop.count.packetsOut.Load(), burst.loop.count.packetsOut.Load())
		require.Equal(t, single.loop.count.bytesOut.Load(), burst.loop.count.bytesOut.Load())
		require.Empty(t, burst.burst)
		require.Zero(t, burst.out.count)
	})
}

// A full buffer costs what was to leave together: nothing of a frame follows its lost
// packet, nothing is sent that refers to an incomplete frame, what is not sent is
// counted, and no number is sealed twice.
func TestFullBufferCostsWholeFramesOfABurst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStage(t)
		w := s.wires[0]
		w.broken = rapid.Bool().Draw(t, "one by one")
		full := rapid.SliceOfN(rapid.IntRange(0, 9), 300, 300).Draw(t, "full") // 0: it is
		w.full = func() bool {
			is := full[0] == 0
			full = full[1:]
			return is
		}
		var seq uint16
		parts := map[uint32]int{}
		frames := rapid.IntRange(1, 40).Draw(t, "frames")
		var list [][]byte
		for n := range uint32(frames) {
			key := n == 0 || rapid.IntRange(0, 5).Draw(t, "kind") == 0
			parts[n] = rapid.IntRange(1, 6).Draw(t, "packets")
			for part := range parts[n] {
				list = append(list, rtpOf(96, 11, seq, n*3000, filmed(n, part, key, false)))
				seq++
			}
			if rapid.Bool().Draw(t, "now") || n == uint32(frames)-1 {
				for c := range slices.Chunk(list, readBatch) {
					s.speaker.datagrams(c)
				}
				list = nil
			}
		}
		next := map[uint32]int{}
		whole, last := false, uint32(0)
		for _, k := range w.packets {
			n, part := frameOf(k)
			require.Equal(t, next[n], part, "packets of a frame leave in order and without a hole")
			if part == 0 && !isKey(k.Payload) {
				require.True(t, whole && n == last+1, "frame %d refers to one that is incomplete", n)
			}
			next[n]++
			whole, last = next[n] == parts[n], n
		}
		c := &s.loop.count
		require.EqualValues(t, 2*seq, c.packetsOut.Load()+c.dropped[dropFull].Load()+c.dropped[dropFrame].Load())
		require.Len(t, s.wires[1].packets, int(seq), "the other receiver has it all")
		require.False(t, w.reused)
	})
}

// panicWire falls at the first write.
type panicWire struct{}

func (panicWire) write([]byte, *destination) error { panic("broken") }

// Who cannot be given a burst ends alone, in the midst of it.
func TestAPanicInABurstEndsTheServed(t *testing.T) {
	s := newStage(t)
	served := s.secs[0].peer
	served.tx.out = panicWire{}
	var list [][]byte
	for n := range uint16(20) {
		list = append(list, rtpOf(96, 11, n, uint32(n/5)*3000, filmed(uint32(n/5), int(n%5), n < 5, false)))
	}
	s.speaker.datagrams(list)
	require.True(t, served.doomed.Load())
	require.False(t, served.tx.ready)
	require.False(t, s.speaker.doomed.Load())
	require.Len(t, s.wires[1].packets, 20)
	require.EqualValues(t, 1, s.loop.count.panics.Load())
	require.Zero(t, s.out.count, "nothing of the fallen one's goes to another")
}

// What is written in segments arrives in packets, by both families.
func TestSegmentsArriveAsPackets(t *testing.T) {
	for _, at := range []string{"127.0.0.1:0", "[::1]:0"} {
		s, err := openSocket(netip.MustParseAddrPort(at), Params{Now: time.Now}, &counters{})
		if err != nil && at[0] == '[' {
			t.Skip("no IPv6 here")
		}
		require.NoError(t, err)
		t.Cleanup(s.close)
		w, err := s.newWriter()
		require.NoError(t, err)
		client, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(at)))
		require.NoError(t, err)
		t.Cleanup(func() { _ = client.Close() })
		require.NoError(t, client.SetReadDeadline(time.Now().Add(20*time.Second)))
		to := newDestination(client.LocalAddr().(*net.UDPAddr).AddrPort())
		tx := transport{out: w, to: to}
		sent := make([]byte, 7*1100+300)
		for i := range sent {
			sent[i] = byte(i / 1100)
		}
		for _, whole := range []bool{false, true} {
			w.whole = w.whole || whole
			n, err := tx.put(sent, 1100)
			require.NoError(t, err)
			require.Equal(t, 8, n)
			b := make([]byte, 3000)
			for c := range slices.Chunk(sent, 1100) {
				n, from, err := client.ReadFromUDPAddrPort(b)
				require.NoError(t, err)
				require.Equal(t, c, b[:n])
				require.Equal(t, s.addr, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
			}
		}
	}
}

// A destination that refuses does not end the segments of the others.
func TestARefusedAddressKeepsTheSegmentsOfOthers(t *testing.T) {
	s, err := openSocket(netip.MustParseAddrPort("127.0.0.1:0"), Params{Now: time.Now}, &counters{})
	require.NoError(t, err)
	t.Cleanup(s.close)
	w, err := s.newWriter()
	require.NoError(t, err)
	require.False(t, w.whole, "this kernel segments")
	for _, bad := range []string{"127.0.0.1:0", "[::1]:9"} {
		tx := transport{out: w, to: newDestination(netip.MustParseAddrPort(bad))}
		sent, err := tx.put(make([]byte, 2000), 1000)
		require.Error(t, err, bad)
		require.Zero(t, sent)
		require.False(t, bufferFull(err), bad)
	}
	require.False(t, w.whole)
}

// Many datagrams of many senders come in one call, each with its own address.
func TestABatchOfDatagramsKeepsItsSenders(t *testing.T) {
	s, err := openSocket(netip.MustParseAddrPort("127.0.0.1:0"), Params{Now: time.Now}, &counters{})
	require.NoError(t, err)
	t.Cleanup(s.close)
	m := &muxConn{UDPConn: s.conn, s: s}
	want, got := map[string]netip.AddrPort{}, map[string]netip.AddrPort{}
	for i := range 3 {
		c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(s.addr))
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		for j := range readBatch {
			text := fmt.Sprint("\x00", i, " ", j)
			_, err = c.Write([]byte(text))
			require.NoError(t, err)
			want[text] = c.LocalAddr().(*net.UDPAddr).AddrPort()
		}
	}
	b := make([]byte, 100)
	for range len(want) {
		n, from, err := m.ReadFromAddrPort(b)
		require.NoError(t, err)
		got[string(b[:n])] = from
	}
	require.Equal(t, want, got)
}

// What the kernel says of a sender's address is what it is written to, the interface of
// a link-local one included.
func TestADestinationIsWhereItCameFrom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: rapid.Uint16().Draw(t, "port")}
		copy(from.Addr[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "address"))
		from.Scope_id = rapid.Uint32().Draw(t, "interface")
		at := addrPortOf(&from)
		if at.Addr().Is4() {
			t.Skip("IPv4 within IPv6 has no interface")
		}
		require.Equal(t, from, newDestination(at).sa)
	})
}
