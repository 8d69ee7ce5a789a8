package sfu

import (
	"testing"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
)

// h264Sets is a STAP-A with the parameter sets of a picture of 640x360.
func h264Sets() []byte {
	sps := []byte{0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x70, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x32, 0x0f, 0x16, 0x2e, 0x48}
	pps := []byte{0x68, 0xcb, 0x83, 0xcb, 0x20}
	b := append([]byte{24, 0, byte(len(sps))}, sps...)
	return append(append(b, 0, byte(len(pps))), pps...)
}

// sendsH264 writes pictures of one slice, the key ones behind their parameter sets.
func sendsH264(c *client) func(key bool, text string) {
	seq, ts := uint16(65530), uint32(1<<32-9000)
	return func(key bool, text string) {
		ts += 3000
		packet := func(marker bool, payload []byte) {
			seq++
			_ = c.cams[0].WriteRTP(&rtp.Packet{
				Header: rtp.Header{Version: 2, PayloadType: 108, Marker: marker, SequenceNumber: seq, Timestamp: ts}, Payload: payload,
			})
		}
		if key {
			packet(false, h264Sets())
			packet(true, append([]byte{0x65, 0x88}, text...))
			return
		}
		packet(true, append([]byte{0x41, 0x9a}, text...))
	}
}

// A camera that has H.264 alone reaches whoever takes it, from its parameter sets on,
// with payload type and numbers of the receiver, and the tap.
func TestH264IsForwardedFromItsParameterSetsOn(t *testing.T) {
	for name, mode := range map[string]ReceiverMode{"own": ReceiveOwn, "Pion": ReceivePion} {
		t.Run(name, func(t *testing.T) {
			r := newTestRoom(t, func(p *Params) { p.Receiver = mode })
			tap := &lockedTap{tapLog: newTapLog()}
			remove, err := r.Tap(TapParams{Class: "recorder", Tap: tap})
			require.NoError(t, err)
			defer remove()
			require.NoError(t, r.Apply(Routing{Grants: []Grant{
				toPeer(cam("encoder"), "party"), {Source: cam("encoder"), Audience: Audience{Class: "recorder"}, MaxLayer: 255},
			}}))
			encoder := join(t, r, clientParams{id: "encoder", rids: []string{""}, h264: true, video: 1})
			party := join(t, r, clientParams{id: "party", video: 1, prepare: []SourceID{cam("encoder")}})
			send := sendsH264(encoder)
			every(t, "pictures", func(i int) { send(i%10 == 5, "picture") }, func() bool { return len(party.packets(cam("encoder"))) > 20 })
			got := party.packets(cam("encoder"))
			require.Equal(t, h264Sets(), got[0].Payload, "nothing before them can be decoded")
			for i, k := range got {
				require.EqualValues(t, 108, k.PayloadType)
				if i > 0 {
					require.Equal(t, got[i-1].SequenceNumber+1, k.SequenceNumber)
				}
			}
			tap.mu.Lock()
			defer tap.mu.Unlock()
			require.NotEmpty(t, tap.packets)
			require.Equal(t, H264, tap.packets[0].Codec)
			require.Equal(t, h264Sets(), tap.packets[0].Payload)
			require.Equal(t, 360, r.sources[cam("encoder")].layers[0].height)
		})
	}
}

// Nobody gets what he cannot decode: who comes later is told so, who is there already
// keeps such a camera out, and an onlooker keeps nothing out.
func TestWhatAReceiverCannotDecode(t *testing.T) {
	r := newTestRoom(t, nil)
	require.NoError(t, r.Apply(Routing{Grants: []Grant{toPeer(cam("encoder"), "party"), toViewer(cam("encoder"), "public")}}))
	public := join(t, r, clientParams{id: "public", video: 1, prepare: []SourceID{cam("encoder")}, noH264: true, onlooker: true})
	encoder := join(t, r, clientParams{id: "encoder", rids: []string{""}, h264: true})
	party := join(t, r, clientParams{id: "party", video: 1, prepare: []SourceID{cam("encoder")}, noH264: true})
	join(t, r, clientParams{id: "waiting", video: 1, prepare: []SourceID{cam("encoder")}, noH264: true}) // granted nothing
	send := sendsH264(encoder)
	for _, c := range []*client{public, party} {
		every(t, "the reason", func(int) { send(true, "picture") }, func() bool {
			s := c.peer.States()
			return len(s) == 1 && s[0].PausedBy == PausedByCodec && s[0].Granted && s[0].TargetLayer == -1 && !s[0].WaitingKeyframe
		})
		require.Empty(t, c.packets(cam("encoder")))
	}
	sdp := encoder.pc.LocalDescription().SDP
	for _, again := range []bool{true, false} {
		p, err := r.Join(PeerParams{ID: "encoder", MayPublish: []SourceKind{Cam}})
		require.NoError(t, err)
		_, err = p.Negotiate(t.Context(), Offer{SDP: sdp, Publish: encoder.pub})
		if again {
			require.ErrorIs(t, err, ErrCodec)
			var of *CodecError
			require.ErrorAs(t, err, &of)
			require.Equal(t, "party", of.Peer)
			party.peer.Close()
			continue
		}
		require.NoError(t, err, "an onlooker, and who may not see it, hinder nobody")
	}
}

// A wall that cannot decode the picture of who speaks shows the next one instead of
// nothing, and goes to who speaks as soon as that can be decoded.
func TestAFollowerShowsWhatItCanDecode(t *testing.T) {
	r := newTestRoom(t, nil)
	speaker, other := toViewer(cam("encoder"), "wall"), toViewer(cam("other"), "wall")
	speaker.Priority, other.Priority = 200, 100
	require.NoError(t, r.Apply(Routing{Grants: []Grant{speaker, other}}))
	encoder := join(t, r, clientParams{id: "encoder", rids: []string{""}, h264: true})
	join(t, r, clientParams{id: "other", rids: []string{""}})
	wall := join(t, r, clientParams{id: "wall", follows: true, video: 1, noH264: true, onlooker: true})
	shown := func(c *client) string { return c.peer.States()[0].Source.Peer }
	every(t, "the other's picture", func(int) {}, func() bool { return shown(wall) == "other" })
	able := join(t, r, clientParams{id: "wall", follows: true, video: 1, onlooker: true})
	every(t, "the speaker's picture", func(int) {}, func() bool { return shown(able) == "encoder" })
	encoder.peer.Close()
	every(t, "the other's picture", func(int) {}, func() bool { return shown(able) == "other" })
}

// What a camera offers: VP8 wherever it can; of H.264 only the form that browsers share.
func TestOfferedPictures(t *testing.T) {
	lim, err := Limits{}.withDefaults()
	require.NoError(t, err)
	head := "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
	line := func(formats, rest string) string {
		return head + "m=video 9 UDP/TLS/RTP/SAVPF " + formats + "\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=setup:actpass\r\na=sendonly\r\n" + rest
	}
	const h264 = "a=rtpmap:102 H264/90000\r\na=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\na=fmtp:102 "
	const ours = h264 + "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42E01F\r\n"
	for name, c := range map[string]struct {
		text  string
		codec Codec
		keeps string
	}{
		"H.264 alone":             {line("102 103", ours), H264, "102 103"},
		"another spelling":        {line("102 103", h264+"packetization-mode=1; profile-level-id=42C01f\r\n"), H264, "fmtp:102 packetization-mode=1;profile-level-id=42e01f"},
		"baseline":                {line("102 103", h264+"packetization-mode=1;profile-level-id=42001f\r\n"), Opus, ""},
		"main":                    {line("102 103", h264+"packetization-mode=1;profile-level-id=4de01f\r\n"), Opus, ""},
		"VP8 behind H.264":        {line("102 103 96", ours+"a=rtpmap:96 VP8/90000\r\n"), VP8, "SAVPF 96\r\n"},
		"another profile":         {line("102 103", h264+"packetization-mode=1;profile-level-id=640032\r\n"), Opus, ""},
		"no packetization mode":   {line("102 103", h264+"profile-level-id=42e01f\r\n"), Opus, ""},
		"another mode":            {line("102 103", h264+"packetization-mode=0;profile-level-id=42e01f\r\n"), Opus, ""},
		"neither":                 {line("98", "a=rtpmap:98 AV1/90000\r\n"), Opus, ""},
		"H.264 without an fmtp":   {line("102", "a=rtpmap:102 H264/90000\r\n"), Opus, ""},
		"ours behind a foreign":   {line("104 102", ours+"a=rtpmap:104 H264/90000\r\na=fmtp:104 packetization-mode=1;profile-level-id=640032\r\n"), H264, "SAVPF 102\r\n"},
		"one of two that we take": {line("102 104", ours+"a=rtpmap:104 H264/90000\r\na=fmtp:104 packetization-mode=1;profile-level-id=42e034\r\n"), H264, "SAVPF 102\r\n"},
	} {
		plan, err := parseOffer(Offer{SDP: c.text, Publish: []Publish{{MID: "0", Kind: Cam}}}, lim)
		if c.codec == Opus {
			require.ErrorIs(t, err, ErrCodec, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, c.codec, plan.publish[0].codec, name)
		require.Contains(t, plan.sdp, c.keeps, name)
	}
}

// What a receiving m-line offers of VP8 and H.264 stays: which of them comes is its
// source's affair.
func TestReceiversKeepBothPictures(t *testing.T) {
	lim, err := Limits{}.withDefaults()
	require.NoError(t, err)
	line := func(formats string) Offer {
		return Offer{SDP: "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF " + formats +
			"\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=setup:actpass\r\na=recvonly\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:102 H264/90000\r\n" +
			"a=fmtp:102 packetization-mode=1;profile-level-id=42e01f\r\na=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\n"}
	}
	for _, c := range []struct {
		formats string
		keeps   []string
	}{
		{"96 102 103", []string{"96", "102", "103"}},
		{"102 103", []string{"102", "103"}},
	} {
		plan, err := parseOffer(line(c.formats), lim)
		require.NoError(t, err)
		require.Equal(t, c.keeps, plan.receive[0].formats)
	}
}
