package sfu

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever a peer offers: the engine answers or refuses, and nothing panics, Pion
// included. Each input goes through a whole PeerConnection.
func FuzzNegotiate(f *testing.F) {
	opus := "a=rtpmap:111 opus/48000/2\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
	vp8 := "a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=rtcp-fb:96 nack pli\r\na=ssrc-group:FID 1 2\r\na=ssrc:1 cname:x\r\n"
	f.Add(offerHead + offered("audio", "0", "sendonly", "111 63", opus) + offered("video", "1", "recvonly", "96 97", vp8))
	f.Add(offerHead + offered("audio", "0", "sendrecv", "111", opus+"a=ssrc:1 msid:a b\r\n") +
		offered("video", "1", "sendonly", "96", vp8+"a=rid:q send\r\na=rid:h send pt=96\r\na=simulcast:send q;~h\r\n"))
	f.Add(sampleOffer)
	e, err := New(Params{Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Loops: 1, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(f, err)
	f.Cleanup(func() { _ = e.Close() })
	r, err := e.Room("hearing")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := r.Join(PeerParams{ID: "a", MayPublish: []SourceKind{Mic, Cam}})
		require.NoError(t, err)
		defer p.Close()
		p.Prepare([]SourceID{mic("b"), cam("b")})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		for range 2 { // the second is a renegotiation
			a, err := p.Negotiate(ctx, Offer{SDP: text, Publish: []Publish{{MID: "0", Kind: Mic}}})
			require.Zero(t, r.loop.count.panics.Load())
			if err != nil {
				require.NotErrorIs(t, err, context.DeadlineExceeded)
				return
			}
			require.True(t, strings.HasPrefix(a.SDP, "v=0"))
			require.NotContains(t, a.SDP, "typ relay")
		}
	})
}

// Of what comes to the socket, Pion sees neither media nor anything altered.
func FuzzDemux(f *testing.F) {
	f.Add(nullHello)
	f.Add([]byte("\x00\x01\x00\x00\x21\x12\xa4\x42............"))
	f.Add([]byte{0x80, 111, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3})
	f.Add([]byte{0x81, 201, 0, 1, 0, 0, 0, 2})
	f.Add([]byte{})
	var count counters
	s, err := openSocket(netip.MustParseAddrPort("127.0.0.1:0"), Params{Now: time.Now}, &count)
	require.NoError(f, err)
	s.homes = &homes{}
	f.Cleanup(s.close)
	client, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(s.addr))
	require.NoError(f, err)
	f.Cleanup(func() { _ = client.Close() })
	m := &muxConn{UDPConn: s.conn, s: s}
	const end = "\x00end"
	got := make([]byte, 1<<16)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > receiveMTU || string(b) == end {
			return
		}
		s.spray = newSpray(time.Now())
		foreign := count.dropped[dropForeign].Load()
		_, err := client.Write(b)
		require.NoError(t, err)
		_, err = client.Write([]byte(end))
		require.NoError(t, err)
		n, _, err := m.ReadFromAddrPort(got)
		require.NoError(t, err)
		if len(b) > 0 && b[0] >= 128 && b[0] <= 191 { // RFC 7983 section 7
			require.Equal(t, end, string(got[:n]), "media of a stranger goes nowhere")
			require.Equal(t, foreign+1, count.dropped[dropForeign].Load())
			return
		}
		require.Equal(t, fmt.Sprintf("%x", b), fmt.Sprintf("%x", got[:n]))
		_, _, err = m.ReadFromAddrPort(got)
		require.NoError(t, err)
	})
}

// An address gets its share of the socket and no more; another's is its own.
func TestASprayIsBoundedByAddress(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	s := newSpray(now)
	admitted := func(from string, seconds, rate int) (n int) {
		at := now
		for range seconds * rate {
			at = at.Add(time.Second / time.Duration(rate))
			if s.admit(netip.MustParseAddrPort(from), at) {
				n++
			}
		}
		return n
	}
	require.InDelta(t, sprayBurst+3*sprayRate, admitted("10.0.0.1:4000", 3, 50_000), 2)
	shared := 0
	for i := range 500 {
		if admitted(fmt.Sprintf("10.0.1.%d:%d", i%250, 5000+i), 1, 30) < 30 {
			shared++
		}
	}
	require.LessOrEqual(t, shared, 4, "addresses that the spray's cell took with it, of 500")
}
