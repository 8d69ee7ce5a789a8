package sfu

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// receiverOffer is what a browser offers that receives so many microphones and
// cameras.
func receiverOffer(audio, video int) string {
	var b strings.Builder
	b.WriteString(strings.Replace(offerHead, "BUNDLE 0", "BUNDLE", 1))
	common := "a=rtcp:9 IN IP4 0.0.0.0\r\na=ice-options:trickle\r\na=rtcp-rsize\r\n" +
		"a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n" +
		"a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n"
	opus := common + "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n" +
		"a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\na=rtpmap:110 telephone-event/48000\r\n"
	vp8, formats := common, ""
	for i, codec := range []string{"VP8", "H264", "H264", "H264", "H264", "H264", "H264", "VP9", "VP9", "AV1", "H265"} {
		n := 96 + 2*i
		vp8 += fmt.Sprintf("a=rtpmap:%d %s/90000\r\na=rtcp-fb:%[1]d goog-remb\r\na=rtcp-fb:%[1]d transport-cc\r\na=rtcp-fb:%[1]d ccm fir\r\na=rtcp-fb:%[1]d nack\r\na=rtcp-fb:%[1]d nack pli\r\n"+
			"a=rtpmap:%[3]d rtx/90000\r\na=fmtp:%[3]d apt=%[1]d\r\n", n, codec, n+1)
		formats += fmt.Sprintf("%d %d ", n, n+1)
	}
	for i := range audio + video {
		if i < audio {
			b.WriteString(offered("audio", fmt.Sprint(i), "recvonly", "111 63 9 0 8 13 110", opus))
		} else {
			b.WriteString(offered("video", fmt.Sprint(i), "recvonly", strings.TrimSpace(formats), vp8))
		}
	}
	mids := ""
	for i := range audio + video {
		mids += fmt.Sprint(" ", i)
	}
	return strings.Replace(b.String(), "BUNDLE", "BUNDLE"+mids, 1)
}

// BenchmarkJoin is what a receiver costs that joins, without its DTLS handshake.
func BenchmarkJoin(b *testing.B) {
	for _, n := range []int{1, 32} {
		b.Run(fmt.Sprint(2*n), func(b *testing.B) {
			r := newTestRoom(b, nil)
			var sources []SourceID
			for i := range n {
				sources = append(sources, mic(fmt.Sprint("d", i)), cam(fmt.Sprint("d", i)))
			}
			text := receiverOffer(n, n)
			b.ReportAllocs()
			for b.Loop() {
				p, err := r.Join(PeerParams{ID: "a"})
				require.NoError(b, err)
				p.Prepare(sources)
				answer, err := p.Negotiate(context.Background(), Offer{SDP: text})
				require.NoError(b, err)
				require.Zero(b, answer.NeedAudio+answer.NeedVideo)
				p.Close()
			}
		})
	}
}
