package sfu

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/pion/rtcp"
	"github.com/pion/srtp/v3"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func controlOf(k ...rtcp.Packet) []byte {
	b, err := rtcp.Marshal(k)
	if err != nil {
		panic(err)
	}
	return b
}

// numbersOf are the numbers that pairs of a NACK ask for.
func numbersOf(pairs []byte) (out []uint16) {
	for ; len(pairs) > 0; pairs = pairs[4:] {
		k := rtcp.NackPair{PacketID: binary.BigEndian.Uint16(pairs), LostPackets: rtcp.PacketBitmap(binary.BigEndian.Uint16(pairs[2:]))}
		out = append(out, k.PacketList()...)
	}
	return out
}

// What we read of a packet is what Pion reads of it, and we read what Pion reads.
func FuzzControl(f *testing.F) {
	for _, k := range []rtcp.Packet{
		&rtcp.SenderReport{SSRC: 11, NTPTime: 1 << 40, RTPTime: 5, Reports: []rtcp.ReceptionReport{{SSRC: 11}}},
		&rtcp.TransportLayerNack{MediaSSRC: 11, Nacks: []rtcp.NackPair{{PacketID: 1, LostPackets: 0xa5a5}, {PacketID: 65535, LostPackets: 1}}},
		&rtcp.PictureLossIndication{MediaSSRC: 11},
		&rtcp.FullIntraRequest{MediaSSRC: 11, FIR: []rtcp.FIREntry{{SSRC: 11}, {SSRC: 12}}},
	} {
		f.Add(controlOf(k))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 4 || b[0]>>6 != 2 || len(b) != 4*(int(binary.BigEndian.Uint16(b[2:]))+1) {
			return
		}
		switch kind, format := b[1], b[0]&0x1f; {
		case kind == typeSenderReport:
			var want rtcp.SenderReport
			err := want.Unmarshal(b)
			ssrc, ntp, ts, ok := parseSenderReport(b)
			require.Equal(t, err == nil, ok)
			if ok {
				require.Equal(t, []any{want.SSRC, want.NTPTime, want.RTPTime}, []any{ssrc, ntp, ts})
			}
		case kind == typeTransport && format == formatNack:
			var want rtcp.TransportLayerNack
			err := want.Unmarshal(b)
			media, pairs, ok := parseNack(b)
			require.Equal(t, err == nil, ok)
			require.Equal(t, want.MediaSSRC, media)
			var numbers []uint16
			for _, k := range want.Nacks {
				numbers = append(numbers, k.PacketList()...)
			}
			require.Equal(t, numbers, numbersOf(pairs))
		case kind == typePayload && format == formatFIR:
			var want rtcp.FullIntraRequest
			err := want.Unmarshal(b)
			entries, ok := parseFIR(b)
			require.Equal(t, err == nil, ok)
			for i, e := range want.FIR {
				require.Equal(t, e.SSRC, binary.BigEndian.Uint32(entries[8*i:]))
			}
			require.Len(t, entries, 8*len(want.FIR))
		}
	})
}

// Pion seals, we open: each packet once, in any order within the window, and nothing
// that was altered.
func TestControlOpenerAgreesWithPion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := sessionKeys{profile: srtp.ProtectionProfileAeadAes128Gcm, clientKey: testKey, clientSalt: testSalt}
		seal, err := srtp.CreateContext(testKey, testSalt, keys.profile)
		require.NoError(t, err)
		seal.SetIndex(11, rapid.Uint32Range(0, 1<<31-200).Draw(t, "index"))
		open, err := newControlOpener(keys)
		require.NoError(t, err)
		var sealed, plain [][]byte
		for range rapid.IntRange(1, 60).Draw(t, "packets") {
			k := controlOf(&rtcp.PictureLossIndication{SenderSSRC: 11, MediaSSRC: rapid.Uint32().Draw(t, "media")})
			b, err := seal.EncryptRTCP(nil, k, nil)
			require.NoError(t, err)
			sealed, plain = append(sealed, b), append(plain, k)
		}
		r := reporter{ssrc: 11}
		for _, i := range rapid.Permutation(order(len(sealed))).Draw(t, "order") {
			forged := slices.Clone(sealed[i])
			forged[rapid.IntRange(8, len(forged)-1).Draw(t, "where")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			before := r
			_, err := open.openControl(forged, &r)
			require.ErrorIs(t, err, errForged)
			require.Equal(t, before, r, "a forgery leaves no trace")
			got, err := open.openControl(slices.Clone(sealed[i]), &r)
			require.NoError(t, err)
			require.Equal(t, plain[i], got)
			_, err = open.openControl(slices.Clone(sealed[i]), &r)
			require.ErrorIs(t, err, errForged, "a repeat")
		}
	})
}

func order(n int) (out []int) {
	for i := range n {
		out = append(out, i)
	}
	return out
}

// What a hundred receivers say twenty times a second is taken without an allocation.
func TestTakingFeedbackAllocatesNothing(t *testing.T) {
	f := newFakeRoom()
	p, _ := f.peer("speaker")
	f.taking(p)
	keys := sessionKeys{profile: srtp.ProtectionProfileAeadAes128Gcm, clientKey: testKey, clientSalt: testSalt}
	var err error
	p.in.control, err = newControlOpener(keys)
	require.NoError(t, err)
	seal, err := srtp.CreateContext(testKey, testSalt, keys.profile)
	require.NoError(t, err)
	plain := controlOf(
		&rtcp.ReceiverReport{SSRC: 5, Reports: []rtcp.ReceptionReport{{SSRC: 1}, {SSRC: 2}}},
		&rtcp.SenderReport{SSRC: 11, NTPTime: 1 << 40},
		&rtcp.TransportLayerNack{SenderSSRC: 5, MediaSSRC: 1, Nacks: []rtcp.NackPair{{PacketID: 7, LostPackets: 0xff}}},
		&rtcp.TransportLayerCC{
			Header:     rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: 5},
			SenderSSRC: 5, PacketStatusCount: 2, PacketChunks: []rtcp.PacketStatusChunk{
				&rtcp.RunLengthChunk{PacketStatusSymbol: rtcp.TypeTCCPacketReceivedSmallDelta, RunLength: 2},
			},
			RecvDeltas: []*rtcp.RecvDelta{{Type: rtcp.TypeTCCPacketReceivedSmallDelta, Delta: 250}, {Type: rtcp.TypeTCCPacketReceivedSmallDelta, Delta: 250}},
		},
		&rtcp.PictureLossIndication{SenderSSRC: 5, MediaSSRC: 1},
	)
	const n = 600
	list := make([][][]byte, n)
	for i := range list {
		b, err := seal.EncryptRTCP(nil, plain, nil)
		require.NoError(t, err)
		list[i] = [][]byte{b}
	}
	next := 0
	take := func() {
		f.now = f.now.Add(5e7)
		p.datagrams(list[next])
		next++
	}
	for range 50 {
		take()
	}
	require.Zero(t, int(testing.AllocsPerRun(500, take)))
	for r := range dropReasons {
		require.Zero(t, f.loop.count.dropped[r].Load(), r)
	}
}
