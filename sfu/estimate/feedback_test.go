package estimate

import (
	"testing"

	"github.com/pion/rtcp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// told is what pion/rtcp reads out of the same packet.
func told(b []byte) ([]Arrival, bool) {
	var k rtcp.TransportLayerCC
	if k.Unmarshal(b) != nil {
		return nil, false
	}
	var out []Arrival
	at, d := k.ReferenceTime<<8, 0
	add := func(symbol uint16) {
		if len(out) == int(k.PacketStatusCount) {
			return
		}
		a := Arrival{Seq: k.BaseSequenceNumber + uint16(len(out)), Received: symbol != 0}
		if a.Received {
			at += uint32(k.RecvDeltas[d].Delta / rtcp.TypeTCCDeltaScaleFactor)
			d++
		}
		a.At = at
		out = append(out, a)
	}
	for _, c := range k.PacketChunks {
		switch c := c.(type) {
		case *rtcp.RunLengthChunk:
			for range c.RunLength {
				add(c.PacketStatusSymbol)
			}
		case *rtcp.StatusVectorChunk:
			for _, s := range c.SymbolList {
				add(s)
			}
		}
	}
	return out, len(out) == int(k.PacketStatusCount)
}

// Feedback as a receiver writes it is read as another implementation reads it.
func TestFeedbackIsReadAsOthersReadIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rtcp.TransportLayerCC{
			SenderSSRC: 1, MediaSSRC: 2,
			BaseSequenceNumber: rapid.Uint16().Draw(t, "base"),
			ReferenceTime:      rapid.Uint32Range(0, 1<<24-1).Draw(t, "reference"),
		}
		symbols := func(most uint16) []uint16 {
			return rapid.SliceOfN(rapid.Uint16Range(0, most), 14, 14).Draw(t, "symbols")
		}
		delta := func(symbol uint16) {
			switch symbol {
			case rtcp.TypeTCCPacketReceivedSmallDelta:
				k.RecvDeltas = append(k.RecvDeltas, &rtcp.RecvDelta{Type: symbol, Delta: 250 * rapid.Int64Range(0, 255).Draw(t, "small")})
			case rtcp.TypeTCCPacketReceivedLargeDelta:
				k.RecvDeltas = append(k.RecvDeltas, &rtcp.RecvDelta{Type: symbol, Delta: 250 * rapid.Int64Range(-32768, 32767).Draw(t, "large")})
			}
		}
		for range rapid.IntRange(1, 5).Draw(t, "chunks") {
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				c := &rtcp.RunLengthChunk{PacketStatusSymbol: rapid.Uint16Range(0, 2).Draw(t, "symbol"), RunLength: rapid.Uint16Range(1, 40).Draw(t, "run")}
				for range c.RunLength {
					delta(c.PacketStatusSymbol)
				}
				k.PacketStatusCount += c.RunLength
				k.PacketChunks = append(k.PacketChunks, c)
			case 1:
				c := &rtcp.StatusVectorChunk{Type: rtcp.TypeTCCStatusVectorChunk, SymbolList: symbols(1)}
				for _, s := range c.SymbolList {
					delta(s)
				}
				k.PacketStatusCount += 14
				k.PacketChunks = append(k.PacketChunks, c)
			default:
				c := &rtcp.StatusVectorChunk{Type: rtcp.TypeTCCStatusVectorChunk, SymbolSize: rtcp.TypeTCCSymbolSizeTwoBit, SymbolList: symbols(2)[:7]}
				for _, s := range c.SymbolList {
					delta(s)
				}
				k.PacketStatusCount += 7
				k.PacketChunks = append(k.PacketChunks, c)
			}
		}
		size := 20 + 2*len(k.PacketChunks)
		for _, d := range k.RecvDeltas {
			size += int(d.Type)
		}
		k.Header = rtcp.Header{Padding: size%4 != 0, Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: uint16((size+3)/4 - 1)}
		b, err := k.Marshal()
		require.NoError(t, err)
		want, ok := told(b)
		if !ok {
			t.Skip("the other refuses what it wrote")
		}
		got, ok := ParseFeedback(b, nil)
		require.True(t, ok)
		require.Equal(t, want, got)
	})
}

// FuzzFeedback: whatever comes, the parser and the estimator stand, and nothing
// out of bounds comes of it.
func FuzzFeedback(f *testing.F) {
	f.Add([]byte{0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 10, 0, 3, 0, 0, 1, 7, 0x20, 3, 4, 4, 4, 0, 0, 0})
	f.Add([]byte{0xaf, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff, 0, 7, 0xff, 0xff, 0xff, 0, 0xd5, 0x55, 1, 2, 3, 4, 5, 6})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := ParseFeedback(b, nil)
		if !ok {
			require.Empty(t, got)
			return
		}
		require.LessOrEqual(t, len(got), maxReported)
		s := newSimulation(1, steps(1_000_000))
		for range 300 {
			s.e.Sent(1200, s.start)
		}
		s.e.Feedback(got, s.start)
		require.GreaterOrEqual(t, s.e.Target(), s.e.p.Min)
		require.LessOrEqual(t, s.e.Target(), s.e.p.Max)
	})
}
