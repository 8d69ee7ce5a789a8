package sfu

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/stretchr/testify/require"
)

func FuzzRED(f *testing.F) {
	f.Add(redPayload([]byte("now"), []uint16{960, 480}, [][]byte{[]byte("old"), []byte("older")}), uint8(111))
	f.Add([]byte{0xef, 0xff, 0xff, 0xff, 111}, uint8(111))
	f.Fuzz(func(t *testing.T, b []byte, pt uint8) {
		var blocks [maxRedBlocks]redBlock
		n, ok := parseRED(b, pt&0x7f, &blocks)
		if !ok {
			return
		}
		size := 1
		for _, k := range blocks[:n-1] {
			size += 4 + len(k.payload)
		}
		require.Equal(t, len(b), size+len(blocks[n-1].payload), "every byte belongs to one block")
		require.Zero(t, blocks[n-1].offset)
	})
}

func FuzzVP8(f *testing.F) {
	f.Add(vp8Frame(true, 300, 7, 640, 360, "x"), uint16(5), uint8(3))
	f.Add([]byte{0x80, 0x80, 0x05, 0x10}, uint16(1), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, pid uint16, tl0 uint8) {
		d, ok := parseVP8(b)
		if !ok {
			return
		}
		out := append([]byte(nil), b...)
		d.rewrite(out, pid, tl0)
		e, ok := parseVP8(out)
		require.True(t, ok)
		mask := uint16(0x7f)
		if d.pidLong {
			mask = 0x7fff
		}
		if d.pidAt != 0 {
			require.Equal(t, (d.pid-pid)&mask, e.pid)
		}
		if d.tl0At != 0 {
			require.Equal(t, d.tl0-tl0, e.tl0)
		}
		require.Equal(t, d.key, e.key)
		require.Equal(t, b[d.size:], out[d.size:], "the frame itself is untouched")
	})
}

const sampleOffer = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=setup:actpass\r\na=sendrecv\r\n" +
	"a=candidate:1 1 udp 1 10.0.0.1 1 typ host\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:63 red/48000/2\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=setup:actpass\r\na=sendonly\r\n" +
	"a=rid:f send\r\na=rid:q send\r\na=simulcast:send f;~q\r\na=rtpmap:96 VP8/90000\r\n"

func FuzzOffer(f *testing.F) {
	f.Add(sampleOffer)
	lim, err := Limits{}.withDefaults()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		plan, err := parseOffer(Offer{SDP: text, Publish: []Publish{{MID: "0", Kind: Mic}}}, lim)
		if err != nil {
			return
		}
		require.NotContains(t, plan.sdp, "\na=candidate:")
		require.NotContains(t, plan.sdp, "\na=sendrecv\r\n")
		require.LessOrEqual(t, len(plan.publish), 1)
		var d sdp.SessionDescription
		require.NoError(t, d.UnmarshalString((&loop{}).answerText(plan.sdp)))
	})
}

func TestOfferRules(t *testing.T) {
	lim, err := Limits{}.withDefaults()
	require.NoError(t, err)
	pub := []Publish{{MID: "0", Kind: Mic}, {MID: "1", Kind: Cam}}
	plan, err := parseOffer(Offer{SDP: sampleOffer, Publish: pub}, lim)
	require.NoError(t, err)
	require.Equal(t, []string{"q", "f"}, plan.publish[1].rids)
	require.NotContains(t, plan.sdp, "10.0.0.1")

	change := func(old, new string) string { return strings.Replace(sampleOffer, old, new, 1) }
	many := change("a=candidate:1 1 udp 1 10.0.0.1 1 typ host\r\n", strings.Repeat("a=candidate:1 1 udp 1 10.0.0.1 1 typ host\r\n", 33))
	for name, c := range map[string]struct {
		offer Offer
		want  error
	}{
		"passive":      {Offer{SDP: change("setup:actpass", "setup:passive")}, ErrBadOffer},
		"data channel": {Offer{SDP: sampleOffer + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\na=setup:actpass\r\n"}, ErrBadOffer},
		"doubled mid":  {Offer{SDP: change("a=mid:1", "a=mid:0")}, ErrBadOffer},
		"no mid":       {Offer{SDP: change("a=mid:1\r\n", "")}, ErrBadOffer},
		"unknown mid":  {Offer{SDP: sampleOffer, Publish: []Publish{{MID: "7", Kind: Mic}}}, ErrBadOffer},
		"wrong kind":   {Offer{SDP: sampleOffer, Publish: []Publish{{MID: "0", Kind: Cam}}}, ErrBadOffer},
		"two mics":     {Offer{SDP: sampleOffer, Publish: []Publish{{MID: "0", Kind: Mic}, {MID: "1", Kind: Mic}}}, ErrBadOffer},
		"layers":       {Offer{SDP: change("send f;~q", "send a;b;c;d"), Publish: pub}, ErrLimit},
		"candidates":   {Offer{SDP: many}, ErrLimit},
		"size":         {Offer{SDP: strings.Repeat("x", lim.OfferBytes+1)}, ErrLimit},
		"m-lines":      {Offer{SDP: sampleOffer + strings.Repeat("m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n", 70)}, ErrLimit},
	} {
		_, err := parseOffer(c.offer, lim)
		require.ErrorIs(t, err, c.want, name)
	}
}

// Of Pion's answer nothing changes but the parameters of Opus, once for each m-line that
// has it; what the other side has said of them stands.
func TestAnswerText(t *testing.T) {
	const head, video = "v=0\r\ns=-\r\n", "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
	audio := func(fmtp string) string {
		return "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=rtpmap:111 opus/48000/2\r\n" + fmtp + "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=mid:0\r\n"
	}
	for said, want := range map[string]string{
		"a=fmtp:111 minptime=10;useinbandfec=1\r\n": "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n",
		"a=fmtp:111 useinbandfec=0\r\n":             "a=fmtp:111 useinbandfec=0;usedtx=1\r\n",
	} {
		require.Equal(t, head+audio(want)+video+audio(want), (&loop{}).answerText(head+audio(said)+video+audio(said)))
	}
	wishes := "a=fmtp:111 useinbandfec=1;usedtx=1\r\n"
	require.Equal(t, head+audio("")+wishes+video+audio("")+wishes, (&loop{}).answerText(head+audio("")+video+audio("")))
	require.Equal(t, head+video, (&loop{}).answerText(head+video))
}

// A retransmission is read within its bytes, and what is wrapped comes out.
func FuzzUnwrapRTX(f *testing.F) {
	f.Add([]byte{0x80, 97, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0x12, 0x34, 0x90})
	f.Add([]byte{0xa0, 97, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4})
	f.Fuzz(func(t *testing.T, b []byte) {
		var p, outer rtp.Packet
		if !unwrapRTX(&p, b, 96) {
			return
		}
		require.NoError(t, outer.Unmarshal(b))
		require.Equal(t, outer.Payload, append(binary.BigEndian.AppendUint16(nil, p.SequenceNumber), p.Payload...))
		require.EqualValues(t, 96, p.PayloadType)
		require.Equal(t, outer.Timestamp, p.Timestamp)
	})
}
