package sfu

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var (
	testKey  = bytes.Repeat([]byte{7}, 16)
	testSalt = bytes.Repeat([]byte{9}, 12)
)

// Whatever is lost, late, repeated or forged, over any number of roll-overs: our
// opener takes what pion/srtp takes, once, and reads the same.
func TestOpenerAgreesWithPion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		profile, salt := srtp.ProtectionProfileAeadAes128Gcm, testSalt
		if rapid.Bool().Draw(t, "CM") {
			profile, salt = srtp.ProtectionProfileAes128CmHmacSha1_80, testSalt[:14-2]
			salt = append(slices.Clone(salt), 1, 2)
		}
		seal, err := srtp.CreateContext(testKey, salt, profile)
		require.NoError(t, err)
		theirs, err := srtp.CreateContext(testKey, salt, profile, srtp.SRTPReplayProtection(replayPackets))
		require.NoError(t, err)
		ours, err := newOpener(sessionKeys{profile: profile, clientKey: testKey, clientSalt: salt})
		require.NoError(t, err)
		var w replayWindow
		var kept [][]byte
		opened := map[string]bool{}
		// The first number stays below 2^15, as the sender's side of RFC 3711 wants it.
		next := uint64(rapid.Uint16Range(0, 1<<15-1).Draw(t, "first"))
		arrive := func(b []byte) {
			var h rtp.Header
			size, err := h.Unmarshal(b)
			require.NoError(t, err)
			want, wantErr := theirs.DecryptRTP(nil, b, nil)
			index, fresh := w.index(h.SequenceNumber)
			if !fresh {
				require.Error(t, wantErr, "refused only by us")
				return
			}
			c := slices.Clone(b)
			payload, err := ours.open(c, size, h.SSRC, index)
			require.Equal(t, wantErr == nil, err == nil)
			if err != nil {
				return
			}
			w.note(index)
			require.Equal(t, want, c[:size+len(payload)])
			require.False(t, opened[string(b)], "opened twice")
			opened[string(b)] = true
		}
		send := func() []byte {
			p := rtp.Packet{
				Header:  rtp.Header{Version: 2, PayloadType: 111, SSRC: 42, SequenceNumber: uint16(next), Timestamp: uint32(next)},
				Payload: fmt.Appendf(nil, "packet %d", next),
			}
			if next%3 == 0 {
				require.NoError(t, p.SetExtension(3, []byte{1, 2}))
			}
			plain, err := p.Marshal()
			require.NoError(t, err)
			b, err := seal.EncryptRTP(nil, plain, nil)
			require.NoError(t, err)
			next++
			kept = append(kept, b)
			return b
		}
		arrive(send())
		t.Repeat(map[string]func(*rapid.T){
			"speak": func(*rapid.T) { arrive(send()) },
			"lose": func(t *rapid.T) {
				for range rapid.SampledFrom([]int{1, 3, 900, 1100, 20000}).Draw(t, "n") {
					send()
				}
				arrive(send())
			},
			"late or repeated": func(t *rapid.T) {
				back := rapid.IntRange(1, min(len(kept), 2500)).Draw(t, "back")
				arrive(kept[len(kept)-back])
			},
			"forged": func(t *rapid.T) {
				b := slices.Clone(send())
				b[rapid.IntRange(4, len(b)-1).Draw(t, "where")] ^= 1
				h, before := rtp.Header{}, w
				if size, err := h.Unmarshal(b); err == nil {
					if index, fresh := w.index(h.SequenceNumber); fresh {
						_, err := ours.open(b, size, h.SSRC, index)
						if h.SSRC == 42 {
							require.Error(t, err)
						}
					}
				}
				require.Equal(t, before, w, "a forgery leaves no trace")
			},
		})
	})
}

// taking makes p a peer that sends one camera without simulcast and a microphone,
// sealed with the test keys.
func (f *fakeRoom) taking(p *Peer) {
	open, err := newGCMOpener(testKey, testSalt)
	if err != nil {
		panic(err)
	}
	p.in = newIntake(f.now)
	p.in.open = open
	f.publishes(p, Cam)
	f.publishes(p, Mic)
	plan := []publishPlan{{mid: "cam", kind: Cam, ssrc: 11, rtxSSRC: 12}, {mid: "mic", kind: Mic, ssrc: 21}}
	lines, exts, err := intakeLines(takenAnswer, plan)
	if err != nil {
		panic(err)
	}
	p.in.negotiated(lines, exts, plan)
}

const takenAnswer = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:cam\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n" +
	"a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:2 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n" +
	"a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n" +
	"a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=mid:mic\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:63 red/48000/2\r\n"

// A datagram goes from the socket to a hundred sealed copies without an allocation.
func TestTakingADatagramAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops at random under the race detector")
	}
	f := newFakeRoom()
	f.engine.p.Limits.VideoBitrate = 1 << 40
	p, _ := f.peer("speaker")
	f.taking(p)
	src := p.publish["cam"]
	wire := &nullWire{}
	var rt Routing
	for i := range 100 {
		q, _ := f.peer(fmt.Sprintf("p%d", i))
		seal, err := newGCMSealer(testKey, testSalt)
		require.NoError(t, err)
		q.tx.seal, q.tx.out = seal, wire
		f.binds(q, src.id, "0")
		rt.Grants = append(rt.Grants, toPeer(src.id, q.id))
	}
	require.NoError(t, f.Apply(rt))
	const n = 3000
	seal, err := srtp.CreateContext(testKey, testSalt, srtp.ProtectionProfileAeadAes128Gcm)
	require.NoError(t, err)
	datagrams := make([][]byte, n)
	for i := range datagrams {
		pkt := rtp.Packet{
			Header:  rtp.Header{Version: 2, PayloadType: 96, SSRC: 11, SequenceNumber: uint16(i), Timestamp: uint32(i) * 3000},
			Payload: vp8Frame(true, uint16(i), uint8(i), 640, 360, string(make([]byte, 1000))),
		}
		require.NoError(t, pkt.SetExtension(4, []byte{byte(i >> 8), byte(i)}))
		plain, err := pkt.Marshal()
		require.NoError(t, err)
		datagrams[i], err = seal.EncryptRTP(nil, plain, nil)
		require.NoError(t, err)
	}
	next := 0
	send := func() {
		p.datagrams(datagrams[next : next+1])
		f.now = f.now.Add(10 * time.Millisecond)
		next++
	}
	for range 2000 {
		send() // fills ring and pool
	}
	require.Zero(t, int(testing.AllocsPerRun(500, send)))
	require.Greater(t, wire.n, 240_000)
}

// Whatever bytes come from a peer's address, authentic or not: nothing panics, and
// what reaches a receiver stands in a packet of the granted source.
func FuzzDatagram(f *testing.F) {
	plain := func(p rtp.Packet) []byte {
		p.Version = 2
		b, err := p.Marshal()
		require.NoError(f, err)
		return b
	}
	f.Add(plain(rtp.Packet{Header: rtp.Header{PayloadType: 96, SSRC: 11}, Payload: vp8Frame(true, 1, 1, 640, 360, "x")}))
	f.Add(plain(rtp.Packet{Header: rtp.Header{PayloadType: 97, SSRC: 12}, Payload: append([]byte{0, 1}, vp8Frame(true, 1, 1, 640, 360, "x")...)}))
	f.Add(plain(rtp.Packet{Header: rtp.Header{PayloadType: 111, SSRC: 21}, Payload: []byte("sound")}))
	f.Add(plain(rtp.Packet{Header: rtp.Header{PayloadType: 63, SSRC: 21}, Payload: redPayload([]byte("sound"), nil, nil)}))
	named := rtp.Packet{Header: rtp.Header{PayloadType: 96, SSRC: 99}, Payload: []byte{0x90}}
	require.NoError(f, named.SetExtension(1, []byte("cam")))
	require.NoError(f, named.SetExtension(2, []byte("q")))
	f.Add(plain(named))
	f.Add([]byte{0xb0, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 11, 0xbe, 0xde, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		room := newFakeRoom()
		p, _ := room.peer("speaker")
		room.taking(p)
		p.in.open = plainOpener{}
		q, w := room.peer("a")
		room.binds(q, SourceID{Peer: "speaker", Kind: Cam}, "0")
		require.NoError(t, room.Apply(Routing{Grants: []Grant{toPeer(cam("speaker"), "a")}}))
		for range 3 {
			p.datagrams([][]byte{slices.Clone(b)})
			if len(b) > 3 {
				b[3]++
			}
		}
		require.Zero(t, room.loop.count.panics.Load())
		require.LessOrEqual(t, len(p.in.streams), 4)
		for _, k := range w.packets {
			require.Contains(t, []uint8{96, 97}, k.PayloadType)
		}
	})
}

// Whatever RTCP an authentic peer sends: nothing panics, and nothing is resent that
// was not sent.
func FuzzCompound(f *testing.F) {
	for _, k := range []rtcp.Packet{
		&rtcp.SenderReport{SSRC: 11, NTPTime: 1 << 40, Reports: []rtcp.ReceptionReport{{SSRC: 11}}},
		&rtcp.TransportLayerNack{MediaSSRC: 11, Nacks: []rtcp.NackPair{{PacketID: 1, LostPackets: 0xffff}}},
		&rtcp.FullIntraRequest{MediaSSRC: 11, FIR: []rtcp.FIREntry{{SSRC: 11}}},
		&rtcp.ReceiverEstimatedMaximumBitrate{SSRCs: []uint32{11}, Bitrate: 1e5},
	} {
		b, err := k.Marshal()
		require.NoError(f, err)
		f.Add(append(b, b...))
	}
	keys := sessionKeys{profile: srtp.ProtectionProfileAeadAes128Gcm, clientKey: testKey, clientSalt: testSalt}
	f.Fuzz(func(t *testing.T, b []byte) {
		seal, err := srtp.CreateContext(testKey, testSalt, keys.profile)
		require.NoError(t, err)
		if b, err = seal.EncryptRTCP(nil, b, nil); err != nil || !isRTCP(b) {
			return
		}
		room := newFakeRoom()
		p, w := room.peer("speaker")
		room.taking(p)
		q, _ := room.peer("other")
		room.publishes(q, Cam)
		room.binds(p, cam("other"), "0")
		require.NoError(t, room.Apply(Routing{Grants: []Grant{toPeer(cam("other"), "speaker")}}))
		p.in.control, err = newControlOpener(keys)
		require.NoError(t, err)
		p.datagrams([][]byte{b})
		require.Len(t, p.in.reporters, 1, "it was opened")
		require.Zero(t, room.loop.count.panics.Load())
		require.Empty(t, w.packets)
	})
}

// plainOpener takes everything as authentic.
type plainOpener struct{}

func (plainOpener) open(b []byte, header int, _ uint32, _ uint64) ([]byte, error) {
	return b[header:], nil
}

// What a peer is told about a stream adds up: losses of all reports together are
// those of the line, whatever came late.
func TestReceiverReportsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s streamStats
		var w replayWindow
		now := time.Unix(1_700_000_000, 0)
		first := uint64(rapid.Uint16().Draw(t, "first"))
		next, came := first, map[uint64]bool{}
		take := func(i uint64) {
			index, fresh := w.index(uint16(i))
			require.Equal(t, !came[i], fresh)
			if fresh {
				require.Equal(t, i, index)
				w.note(index)
				s.note(index, uint32(i))
				came[i] = true
			}
		}
		take(next)
		next++
		t.Repeat(map[string]func(*rapid.T){
			"come": func(*rapid.T) { take(next); next++ },
			"lose": func(t *rapid.T) {
				next += uint64(rapid.IntRange(1, 700).Draw(t, "n"))
				take(next)
				next++
			},
			"late": func(t *rapid.T) {
				back := uint64(rapid.IntRange(1, 900).Draw(t, "back"))
				if next-first <= back {
					t.Skip("there is none")
				}
				take(next - back)
			},
			"report": func(t *rapid.T) {
				b, ok := s.block(7, w.highest, now)
				if !ok {
					return
				}
				require.Equal(t, uint32(next-1), b.LastSequenceNumber)
				require.EqualValues(t, next-first-uint64(len(came)), b.TotalLost)
				_, again := s.block(7, w.highest, now)
				require.False(t, again, "nothing has come since")
			},
		})
	})
}
