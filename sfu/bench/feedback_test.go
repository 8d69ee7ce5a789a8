package bench

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func someFeedback(transport uint8) (*feedback, time.Time) {
	now := time.Unix(1_700_000_000, 0)
	return newFeedback(1, remoteSide{transportID: transport, repairs: map[uint32]uint32{9: 7}}, now), now
}

func video(number uint16, key bool) (*rtp.Header, []byte) {
	payload := make([]byte, 100)
	putVP8(payload, 1, true, key)
	return &rtp.Header{Version: 2, PayloadType: vp8Type, SSRC: 7, SequenceNumber: number, Timestamp: uint32(number) * 3000}, payload
}

// kinds sorts what is said.
func kinds(say []rtcp.Packet) (nacked []uint16, plis int, blocks []rtcp.ReceptionReport, transport []*rtcp.TransportLayerCC) {
	for _, p := range say {
		switch p := p.(type) {
		case *rtcp.TransportLayerNack:
			for _, pair := range p.Nacks {
				nacked = append(nacked, pair.PacketList()...)
			}
		case *rtcp.PictureLossIndication:
			plis++
		case *rtcp.ReceiverReport:
			blocks = append(blocks, p.Reports...)
		case *rtcp.TransportLayerCC:
			transport = append(transport, p)
		}
	}
	return nacked, plis, blocks, transport
}

// Over any pattern of losses and any beginning of the counter, wraps too: each
// missing packet is asked for when a later one comes, and no other; the report
// has the numbers of RFC 3550 appendix A.3.
func TestLossesAreAskedForAndReported(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, now := someFeedback(0)
		first := rapid.Uint16().Draw(t, "first")
		gone := rapid.SliceOfN(rapid.Bool(), 1, 400).Draw(t, "gone")
		var want, asked []uint16
		var pending []uint16
		lost := 0
		number := first
		hear := func() {
			h, payload := video(number, true)
			nacked, _, _, _ := kinds(f.heard(h, payload, now))
			asked = append(asked, nacked...)
			want, pending = append(want, pending...), nil
		}
		hear()
		for _, g := range gone {
			number++
			if g {
				lost++
				pending = append(pending, number)
				continue
			}
			hear()
		}
		lost -= len(pending) // nobody knows of those at the end
		require.Equal(t, want, asked, "at once, and once while no time passes")
		_, _, blocks, _ := kinds(f.dueAt(now.Add(2 * videoReport)))
		require.Len(t, blocks, 1)
		require.EqualValues(t, lost, blocks[0].TotalLost)
		expected := len(gone) + 1 - len(pending)
		require.EqualValues(t, min(lost*256/expected, 255), blocks[0].FractionLost)
		require.Equal(t, number-uint16(len(pending)), uint16(blocks[0].LastSequenceNumber))
	})
}

// A request is repeated at its pace, a bounded number of times, and not after the
// packet has come, late or by the repair stream.
func TestRequestsEnd(t *testing.T) {
	f, now := someFeedback(0)
	for _, n := range []uint16{65533, 65534, 2} { // 65535, 0 and 1 are missing
		h, payload := video(n, true)
		f.heard(h, payload, now)
	}
	late, payload := video(0, false)
	require.Empty(t, f.heard(late, payload, now))
	f.heard(&rtp.Header{PayloadType: rtxType, SSRC: 9}, []byte{0, 1, 0x90}, now)
	f.heard(&rtp.Header{PayloadType: rtxType, SSRC: 10}, []byte{0xff, 0xff, 0x90}, now) // of another stream
	f.heard(&rtp.Header{PayloadType: rtxType, SSRC: 9}, []byte{0}, now)                 // malformed
	rounds := 0
	for i := range 10 * nackTries {
		nacked, _, _, _ := kinds(f.dueAt(now.Add(time.Duration(i) * nackPace / 4)))
		if len(nacked) > 0 {
			require.Equal(t, []uint16{65535}, nacked)
			rounds++
		}
	}
	require.Equal(t, nackTries-1, rounds, "the first was asked at once")
}

func TestAudioIsReportedAndNotAskedFor(t *testing.T) {
	f, now := someFeedback(0)
	for _, n := range []uint16{1, 5} {
		require.Empty(t, f.heard(&rtp.Header{PayloadType: opusType, SSRC: 3, SequenceNumber: n}, []byte{0xfc}, now))
	}
	nacked, plis, blocks, _ := kinds(f.dueAt(now.Add(2 * audioReport)))
	require.Empty(t, nacked)
	require.Zero(t, plis)
	require.Len(t, blocks, 1)
	require.EqualValues(t, 3, blocks[0].TotalLost)
}

// Whoever joins in the middle of a picture asks for a keyframe until one begins.
func TestKeyframeIsAskedForUntilItComes(t *testing.T) {
	f, now := someFeedback(0)
	asked := 0
	say := func(p []rtcp.Packet) { _, n, _, _ := kinds(p); asked += n }
	h, payload := video(1, false)
	say(f.heard(h, payload, now))
	require.Equal(t, 1, asked)
	h, payload = video(2, false)
	say(f.heard(h, payload, now.Add(keyPace/2)))
	say(f.dueAt(now.Add(keyPace / 2)))
	require.Equal(t, 1, asked, "not sooner than its pace")
	say(f.dueAt(now.Add(keyPace)))
	require.Equal(t, 2, asked)
	h, payload = video(3, true)
	say(f.heard(h, payload, now.Add(keyPace)))
	say(f.dueAt(now.Add(10 * keyPace)))
	require.Equal(t, 2, asked)

	f, now = someFeedback(0)
	h, payload = video(1, true)
	_, plis, _, _ := kinds(f.heard(h, payload, now))
	require.Zero(t, plis, "who begins with a keyframe needs none")
}

// Every packet that carries a number is in exactly the feedback of its interval,
// with its own arrival, audio and repairs too; without numbers there is none.
func TestTransportFeedbackNamesEveryPacket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, now := someFeedback(5)
		number := rapid.Uint16().Draw(t, "first")
		got, want := map[uint16]bool{}, map[uint16]bool{}
		for i := range rapid.IntRange(1, 200).Draw(t, "packets") {
			number++
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "ms")) * time.Millisecond)
			if rapid.IntRange(0, 9).Draw(t, "lost") > 0 {
				h := &rtp.Header{Version: 2, PayloadType: []uint8{opusType, rtxType}[i%2], SSRC: uint32(i % 2), SequenceNumber: uint16(i)}
				h.Extension, h.ExtensionProfile = true, rtp.ExtensionProfileOneByte
				require.NoError(t, h.SetExtension(5, []byte{byte(number >> 8), byte(number)}))
				f.heard(h, []byte{0, 0, 0}, now)
				want[number] = true
			}
			collect(t, f.dueAt(now), got)
		}
		collect(t, f.dueAt(now.Add(time.Second)), got)
		require.Equal(t, want, got)
	})
	f, now := someFeedback(0)
	h, payload := video(1, true)
	f.heard(h, payload, now)
	_, _, _, transport := kinds(f.dueAt(now.Add(time.Second)))
	require.Empty(t, transport)
}

func collect(t *rapid.T, say []rtcp.Packet, got map[uint16]bool) {
	_, _, _, transport := kinds(say)
	for _, p := range transport {
		raw, err := p.Marshal()
		require.NoError(t, err)
		var back rtcp.TransportLayerCC
		require.NoError(t, back.Unmarshal(raw), "a server can read it")
		n := back.BaseSequenceNumber
		left := int(back.PacketStatusCount)
		for _, chunk := range back.PacketChunks {
			var symbols []uint16
			switch c := chunk.(type) {
			case *rtcp.RunLengthChunk:
				for range c.RunLength {
					symbols = append(symbols, c.PacketStatusSymbol)
				}
			case *rtcp.StatusVectorChunk:
				symbols = c.SymbolList
			}
			for _, s := range symbols[:min(left, len(symbols))] {
				if s != rtcp.TypeTCCPacketNotReceived {
					got[n] = true
				}
				n++
				left--
			}
		}
	}
}

// The round trip time is measurable from the report (RFC 3550 section 6.4.1).
func TestReportAnswersTheSendersReport(t *testing.T) {
	f, now := someFeedback(0)
	h, payload := video(1, true)
	f.heard(h, payload, now)
	f.senderReport(&rtcp.SenderReport{SSRC: 7, NTPTime: 0x1122334455667788}, now)
	f.senderReport(&rtcp.SenderReport{SSRC: 8, NTPTime: 1}, now)
	_, _, blocks, _ := kinds(f.dueAt(now.Add(2 * time.Second)))
	require.Len(t, blocks, 1)
	require.EqualValues(t, 0x33445566, blocks[0].LastSenderReport)
	require.EqualValues(t, 2<<16, blocks[0].Delay)
}

func TestJitterOfAnEvenStreamIsNone(t *testing.T) {
	f, now := someFeedback(0)
	for i := range 100 {
		h, payload := video(uint16(i), true)
		f.heard(h, payload, now.Add(time.Duration(i)*time.Second/30))
	}
	_, _, blocks, _ := kinds(f.dueAt(now.Add(10 * time.Second)))
	require.LessOrEqual(t, blocks[0].Jitter, uint32(1))
}
