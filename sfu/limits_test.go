package sfu

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pion/rtcp"
	"github.com/pion/srtp/v3"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const offerHead = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n" +
	"a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:" +
	"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"

// offered writes an m-line as a client would offer it.
func offered(kind, mid, direction, formats, attributes string) string {
	return "m=" + kind + " 9 UDP/TLS/RTP/SAVPF " + formats + "\r\nc=IN IP4 0.0.0.0\r\na=mid:" + mid +
		"\r\na=setup:actpass\r\na=rtcp-mux\r\na=" + direction + "\r\n" + attributes
}

// What one peer may ask for is refused at its bound, whatever the form, and the
// next offer is taken; nothing of it stays.
func TestOffersBeyondTheLimitsAreRefused(t *testing.T) {
	r := newTestRoom(t, nil)
	p, err := r.Join(PeerParams{ID: "a", MayPublish: []SourceKind{Mic, Cam}})
	require.NoError(t, err)
	opus, vp8 := "a=rtpmap:111 opus/48000/2\r\n", "a=rtpmap:96 VP8/90000\r\n"
	var lines, ssrcs, rids, names, formats strings.Builder
	for i := range 1000 {
		lines.WriteString(offered("audio", fmt.Sprint(i), "recvonly", "111", opus))
		fmt.Fprintf(&ssrcs, "a=ssrc:%d cname:x\r\n", i+1)
	}
	for i := range 200 {
		fmt.Fprintf(&rids, "a=rid:r%d send\r\n", i)
		fmt.Fprintf(&names, ";r%d", i)
		if i < 28 {
			fmt.Fprintf(&formats, "a=rtpmap:%d VP8/90000\r\n", 100+i)
		}
	}
	candidate := "a=candidate:1 1 udp 1 10.0.0.1 1 typ host\r\n"
	numbers := "100 101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116"
	for name, c := range map[string]struct {
		text string
		kind SourceKind
		want error
	}{
		"1000 m-lines":               {offerHead + lines.String(), "", ErrLimit},
		"10 000 candidates":          {offerHead + offered("audio", "0", "sendonly", "111", opus+strings.Repeat(candidate, 10_000)), Mic, ErrLimit},
		"candidates of the session":  {offerHead + strings.Repeat(candidate, 33) + offered("audio", "0", "sendonly", "111", opus), Mic, ErrLimit},
		"200 layers":                 {offerHead + offered("video", "0", "sendonly", "96", vp8+rids.String()+"a=simulcast:send r"+names.String()+"\r\n"), Cam, ErrLimit},
		"200 layers without a group": {offerHead + offered("video", "0", "sendonly", "96", vp8+rids.String()+rids.String()), Cam, ErrLimit},
		"1000 SSRCs":                 {offerHead + offered("audio", "0", "sendonly", "111", opus+ssrcs.String()), Mic, ErrLimit},
		"17 numbers of one codec":    {offerHead + offered("video", "0", "sendonly", numbers, formats.String()), Cam, ErrLimit},
		"5000 notes on a codec":      {offerHead + offered("audio", "0", "sendonly", "111", opus+strings.Repeat("a=fmtp:111 x=1\r\n", 5000)), Mic, ErrLimit},
		"a data channel":             {offerHead + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=setup:actpass\r\na=sctp-port:5000\r\n", "", ErrBadOffer},
	} {
		o := Offer{SDP: c.text}
		if c.kind != "" {
			o.Publish = []Publish{{MID: "0", Kind: c.kind}}
		}
		_, err := p.Negotiate(t.Context(), o)
		require.ErrorIs(t, err, c.want, name)
	}
	_, err = p.Negotiate(t.Context(), Offer{SDP: offerHead + offered("audio", "0", "sendonly", "111", opus), Publish: []Publish{{MID: "0", Kind: Mic}}})
	require.NoError(t, err, "a modest offer is taken")
	require.False(t, p.doomed.Load())
}

// Pion reads the attributes of an m-line again for each format in it: it gets to
// see each of ours once, and no other.
func TestPionSeesOurFormatsOnce(t *testing.T) {
	lim, err := Limits{}.withDefaults()
	require.NoError(t, err)
	text := offerHead + offered("video", "0", "sendonly", strings.Repeat("96 98 97 99 0 ", 4000)+"96",
		"a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=rtpmap:98 H264/90000\r\na=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=98\r\n"+
			strings.Repeat("a=rtcp-fb:98 nack\r\n", 4000)+"a=rtcp-fb:* nack\r\n")
	plan, err := parseOffer(Offer{SDP: text, Publish: []Publish{{MID: "0", Kind: Cam}}}, lim, true)
	require.NoError(t, err)
	require.Contains(t, plan.sdp, "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n")
	require.Contains(t, plan.sdp, "a=rtcp-fb:* nack\r\n")
	require.NotContains(t, plan.sdp, "H264")
	require.NotContains(t, plan.sdp, ":98 ")
	require.NotContains(t, plan.sdp, ":99 ")

	plan, err = parseOffer(Offer{SDP: offerHead + offered("audio", "0", "recvonly", strings.Repeat("0 ", 4000)+"0", "a=rtpmap:0 PCMU/8000\r\n")}, lim, true)
	require.NoError(t, err)
	require.Contains(t, plan.sdp, "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n")
}

// Pion parses every header extension of every m-line, and browsers offer a dozen: it
// gets to see those that it may answer, with the numbers of the offer.
func TestPionSeesOurExtensionsAlone(t *testing.T) {
	lim, err := Limits{}.withDefaults()
	require.NoError(t, err)
	ours := "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:3/recvonly http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
	plan, err := parseOffer(Offer{SDP: offerHead + offered("video", "0", "recvonly", "96",
		"a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 goog-remb\r\na=rtcp-fb:96 nack\r\n"+ours+"a=extmap:14 urn:ietf:params:rtp-hdrext:toffset\r\n"+
			"a=extmap:13 urn:3gpp:video-orientation\r\na=extmap:9\r\na=extmap:8 \r\n")}, lim, true)
	require.NoError(t, err)
	require.Contains(t, plan.sdp, ours)
	require.Equal(t, 2, strings.Count(plan.sdp, "a=extmap:"))
	require.Contains(t, plan.sdp, "a=rtcp-fb:96 nack\r\n")
	require.NotContains(t, plan.sdp, "remb")
}

// A source sends its kind's bitrate and a second of it at once, counted as
// receivers get it: neither large packets nor many small ones pass beyond.
func TestAFloodIsPolicedToTheBitrateOfItsKind(t *testing.T) {
	for _, kind := range []SourceKind{Mic, Cam} {
		for _, size := range []int{1, 60, 1300} {
			t.Run(fmt.Sprintf("%s of %d bytes", kind, size), func(t *testing.T) {
				f := newFakeRoom()
				p, _ := f.peer("speaker")
				src := f.publishes(p, kind)
				q, w := f.peer("a")
				f.binds(q, src.id, "0")
				require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "a")}}))
				pt, bits, text := uint8(111), f.engine.p.Limits.AudioBitrate, strings.Repeat("x", size)
				payload := []byte(text)
				if kind == Cam {
					pt, bits = 96, f.engine.p.Limits.VideoBitrate
				}
				const seconds = 5
				start, seq := f.now, uint16(0)
				step := start.Add(seconds*1e9).Sub(start) / (20_000 * seconds) // 20 000 packets a second
				for range 20_000 * seconds {
					f.now = f.now.Add(step)
					seq++
					if kind == Cam {
						payload = vp8Frame(true, seq, uint8(seq), 640, 360, text)
					}
					f.receives(src.layers[0], pt, seq, uint32(seq)*960, payload)
				}
				took := 0
				for _, k := range w.packets {
					took += len(k.Payload) + packetOverhead
				}
				require.LessOrEqual(t, took, (seconds+1)*bits/8)
				require.Greater(t, took, seconds*bits/8*9/10, "and its own share flows")
				require.Positive(t, f.loop.count.dropped[dropPoliced].Load())
			})
		}
	}
}

// What an authentic peer may make us do by RTCP is bounded, and it counts as alive
// all the while.
func TestRTCPOfAPeerIsPoliced(t *testing.T) {
	keys := sessionKeys{profile: srtp.ProtectionProfileAeadAes128Gcm, clientKey: testKey, clientSalt: testSalt}
	seal, err := srtp.CreateContext(testKey, testSalt, keys.profile)
	require.NoError(t, err)
	f := newFakeRoom()
	p, _ := f.peer("speaker")
	f.taking(p)
	p.in.control, err = newControlOpener(keys)
	require.NoError(t, err)
	nack := &rtcp.TransportLayerNack{MediaSSRC: 11}
	for range 250 {
		nack.Nacks = append(nack.Nacks, rtcp.NackPair{LostPackets: 0xffff})
	}
	plain, err := nack.Marshal()
	require.NoError(t, err)
	sent, bytes := 0, 0
	for range 2 * 1000 { // of two seconds
		b, err := seal.EncryptRTCP(nil, plain, nil)
		require.NoError(t, err)
		f.now = f.now.Add(1e6)
		bytes = len(b)
		p.datagrams([][]byte{b})
		sent++
	}
	taken := (sent - int(f.loop.count.dropped[dropPoliced].Load())) * bytes
	require.LessOrEqual(t, taken, 3*controlRate)
	require.Greater(t, taken, 2*controlRate)
	require.Equal(t, f.now, p.heard)
	require.Zero(t, f.loop.count.dropped[dropForged].Load())
}

// Who cannot be given a packet any more ends alone: neither who sent it nor the
// other receivers do.
func TestAPanicWhileServingEndsTheServed(t *testing.T) {
	r, judge, party := one(t, clientParams{}, nil)
	clerk := join(t, r, clientParams{id: "clerk", audio: 1, prepare: []SourceID{mic("judge")}})
	require.NoError(t, r.Apply(Routing{Grants: []Grant{toPeer(mic("judge"), "clerk"), toPeer(mic("judge"), "party")}}))
	s := newSpeaker(judge)
	every(t, "words", func(int) { s.say("x") }, func() bool {
		return party.has(mic("judge"), "x") && clerk.has(mic("judge"), "x")
	})
	clerk.peer.lock(func() { clerk.peer.tx.seal = nil })
	every(t, "the clerk falls", func(int) { s.say("on") }, func() bool { return clerk.obs.saw(PeerClosed) })
	every(t, "the others go on", func(int) { s.say("still") }, func() bool { return party.has(mic("judge"), "still") })
	require.EqualValues(t, 1, r.loop.count.panics.Load())
	require.False(t, judge.obs.saw(PeerClosed))
	require.False(t, party.obs.saw(PeerClosed))
}

func TestAPanicOverAnOfferEndsWhoMadeIt(t *testing.T) {
	r, judge, party := one(t, clientParams{}, nil)
	s := newSpeaker(judge)
	clerk := join(t, r, clientParams{id: "clerk", mic: true})
	clerk.peer.Prepare([]SourceID{mic("judge")})
	clerk.peer.lock(func() { clerk.peer.byMID = nil })
	clerk.addSections(1, 0)
	offer, err := clerk.pc.CreateOffer(nil)
	require.NoError(t, err)
	_, err = clerk.peer.Negotiate(t.Context(), Offer{SDP: offer.SDP, Publish: clerk.pub})
	require.ErrorIs(t, err, ErrBadOffer)
	clerk.waitState(PeerClosed)
	require.EqualValues(t, 1, r.loop.count.panics.Load())
	every(t, "the others go on", func(int) { s.say("still") }, func() bool { return party.has(mic("judge"), "still") })
}

// brokenWire fails at every write.
type brokenWire struct{ err error }

func (b brokenWire) write([]byte, *destination) error { return b.err }

// An address that cannot be written to harms nobody else.
func TestAWriteErrorHarmsNobodyElse(t *testing.T) {
	for _, failed := range []error{unix.EPERM, unix.ENETUNREACH, unix.EINVAL, unix.EAGAIN} {
		f := newFakeRoom()
		p, _ := f.peer("speaker")
		src := f.publishes(p, Cam)
		broken, _ := f.peer("a")
		broken.tx.out = brokenWire{failed}
		f.binds(broken, src.id, "0")
		q, w := f.peer("b")
		f.binds(q, src.id, "0")
		require.NoError(t, f.Apply(Routing{Grants: []Grant{toPeer(src.id, "a"), toPeer(src.id, "b")}}))
		for n := range uint16(50) {
			f.receives(src.layers[0], 96, n, uint32(n)*3000, vp8Frame(true, n, uint8(n), 640, 360, "x"))
		}
		require.Len(t, w.packets, 50, failed)
		require.False(t, broken.doomed.Load())
	}
}
