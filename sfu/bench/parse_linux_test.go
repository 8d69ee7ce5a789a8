package bench

import (
	"encoding/binary"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/sdp/v3"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

func control(level, kind int32, data []byte) []byte {
	b := binary.NativeEndian.AppendUint64(nil, uint64(cmsgHeadSize+len(data)))
	b = binary.NativeEndian.AppendUint32(b, uint32(level))
	b = binary.NativeEndian.AppendUint32(b, uint32(kind))
	b = append(b, data...)
	for len(b)%controlWord != 0 {
		b = append(b, 0)
	}
	return b
}

// The length of a header is what Pion's parser says, and never reads beyond.
func FuzzHeaderSize(f *testing.F) {
	h := rtp.Header{Version: 2, CSRC: []uint32{1, 2}, Extension: true, ExtensionProfile: rtp.ExtensionProfileOneByte}
	require.NoError(f, h.SetExtension(3, []byte{1, 2}))
	raw, err := h.Marshal()
	require.NoError(f, err)
	f.Add(raw)
	f.Add([]byte{0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		size := headerSize(b)
		var h rtp.Header
		if n, err := h.Unmarshal(b); err == nil {
			require.Equal(t, n, size)
		}
	})
}

func FuzzControl(f *testing.F) {
	f.Add([]byte{})
	f.Add(control(unix.IPPROTO_IP, unix.IP_PKTINFO, make([]byte, unix.SizeofInet4Pktinfo)))
	f.Add(control(unix.SOL_SOCKET, timestampNS, make([]byte, 16)))
	f.Fuzz(func(t *testing.T, b []byte) {
		a := parseControl(b)
		require.False(t, a.to.IsValid() && !a.to.Is4(), "PKTINFO gives IPv4 addresses only")
	})
}

func TestControlMessagesAreReadInAnyOrder(t *testing.T) {
	info := make([]byte, unix.SizeofInet4Pktinfo)
	copy(info[8:], []byte{127, 64, 1, 2})
	stamp := binary.NativeEndian.AppendUint64(nil, 1_700_000_000)
	stamp = binary.NativeEndian.AppendUint64(stamp, 123)
	parts := [][]byte{
		control(unix.IPPROTO_IP, unix.IP_PKTINFO, info),
		control(unix.SOL_SOCKET, timestampNS, stamp),
		control(unix.SOL_SOCKET, unix.SO_RXQ_OVFL, binary.NativeEndian.AppendUint32(nil, 7)),
		control(99, 99, []byte{1, 2, 3}),
	}
	want := arrival{to: netip.MustParseAddr("127.64.1.2"), at: 1_700_000_000*int64(time.Second) + 123, overflow: 7}
	rapid.Check(t, func(t *rapid.T) {
		var b []byte
		for _, p := range rapid.Permutation(parts).Draw(t, "order") {
			b = append(b, p...)
		}
		require.Equal(t, want, parseControl(b))
	})
}

func TestPeerAddressesAreReversibleAndLoopback(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(0, maxReceivers+8).Draw(t, "index")
		a := peerAddr(i)
		require.True(t, a.IsLoopback())
		got, ok := peerIndex(a)
		require.True(t, ok)
		require.Equal(t, i, got)
	})
	for _, a := range []netip.Addr{{}, netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1"), netip.MustParseAddr("10.64.0.1")} {
		_, ok := peerIndex(a)
		require.False(t, ok, a)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(offer(offerParams{candidate: netip.MustParseAddrPort("127.0.0.1:9"), ufrag: "u", pwd: "p", sections: []offerSection{{mid: "0", kind: "audio"}}}))
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseAnswer(text)
		if err == nil {
			require.NotEmpty(t, r.ufrag)
			require.NotEmpty(t, r.pwd)
			require.NotEmpty(t, r.candidates)
		}
	})
}

func TestAnswerIsTakenOnlyWhole(t *testing.T) {
	text := offer(offerParams{
		candidate: netip.MustParseAddrPort("127.0.0.1:9"), ufrag: "u", pwd: "p",
		sections: []offerSection{{mid: "0", kind: "audio"}, {mid: "1", kind: "video"}},
	})
	answer := strings.NewReplacer("setup:actpass", "setup:passive", "recvonly", "sendonly").Replace(text)
	r, err := parseAnswer(answer)
	require.NoError(t, err)
	require.Equal(t, remoteSide{
		ufrag: "u", pwd: "p", candidates: r.candidates, transportID: twccExtension, repairs: map[uint32]uint32{},
	}, r)
	require.Len(t, r.candidates, 1)
	for name, bad := range map[string]string{
		"a refused m-line":    strings.Replace(answer, "m=video 9", "m=video 0", 1),
		"the wrong DTLS role": strings.ReplaceAll(answer, "setup:passive", "setup:active"),
		"no candidate":        strings.ReplaceAll(answer, "a=candidate", "a=other"),
		"no SDP":              "hello",
	} {
		_, err := parseAnswer(bad)
		require.ErrorIs(t, err, errAnswer, name)
	}
}

// Feedback is for those who ask for it and number what they send.
func TestTransportFeedbackIsGivenWhereTheAnswerWantsIt(t *testing.T) {
	answer := func(lines ...string) remoteSide {
		r, err := parseAnswer(strings.Join(append([]string{
			"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "m=video 9 UDP/TLS/RTP/SAVPF 96 97", "c=IN IP4 0.0.0.0",
			"a=ice-ufrag:u", "a=ice-pwd:p", "a=candidate:1 1 udp 1 127.0.0.1 9 typ host", "a=setup:passive",
		}, lines...), "\r\n") + "\r\n")
		require.NoError(t, err)
		return r
	}
	const extension, wanted = "a=extmap:5 " + twccURI, "a=rtcp-fb:96 transport-cc"
	require.EqualValues(t, 5, answer(extension, wanted, "a=sendonly").transportID)
	require.EqualValues(t, 5, answer("a=extmap:5/sendrecv "+twccURI, wanted).transportID)
	require.Zero(t, answer(extension, "a=sendonly").transportID, "no feedback wanted")
	require.Zero(t, answer(wanted, "a=sendonly").transportID, "no numbers")
	require.Zero(t, answer(extension, wanted, "a=recvonly").transportID, "what we send, not what we get")
	require.Zero(t, answer("a=extmap:5/recvonly "+twccURI, wanted).transportID)
	require.Zero(t, answer("a=extmap:15 "+twccURI, wanted).transportID, "no identifier of a one-byte header (RFC 8285)")
	require.Equal(t, map[uint32]uint32{7: 6}, answer("a=ssrc-group:FID 6 7", "a=ssrc-group:FID x 7", "a=ssrc-group:FEC-FR 1 2").repairs)
}

func TestOfferIsValidAndOrdered(t *testing.T) {
	for _, scenario := range []string{Fanout, Spaced, Hearing8, Hearings, Receivers800, Viewers800, JoinStorm, Churn, Soak} {
		scene, err := sceneOf(sessionConfig{Scenario: scenario, Receivers: 3, Hearings: 2, VideoRate: 52})
		require.NoError(t, err)
		for _, p := range scene.plan {
			sections := p.sections()
			var d sdp.SessionDescription
			require.NoError(t, d.UnmarshalString(offer(offerParams{candidate: netip.MustParseAddrPort("127.0.0.1:9"), sections: sections})))
			require.Len(t, d.MediaDescriptions, len(sections))
			sending := 0
			for i, m := range d.MediaDescriptions {
				mid, _ := m.Attribute("mid")
				require.Equal(t, strconv.Itoa(i), mid)
				require.Equal(t, sections[i].kind, m.MediaName.Media)
				if _, sends := m.Attribute("sendonly"); sends {
					sending++
				}
			}
			want := 0
			if p.Sends != nil {
				want = len(p.Sends.streams())
			}
			require.Equal(t, want, sending)
			for _, f := range p.Receives {
				want += len(f.streams())
			}
			require.Len(t, sections, want)
		}
	}
	_, err := sceneOf(sessionConfig{Scenario: "nothing"})
	require.ErrorIs(t, err, ErrOptions)
}

func TestScenesDeliverWhatTheirNamesSay(t *testing.T) {
	for scenario, want := range map[string][5]int{ // peers that stay, publishers, streams, packets a second, comers and goers
		Fanout: {101, 1, 200, 100 * 206, 0}, Spaced: {101, 1, 200, 100 * 206, 0}, JoinStorm: {101, 1, 200, 100 * 206, 0},
		Hearing8: {8, 8, 112, 56 * 206, 0}, Hearings: {160, 160, 960, 480 * 206, 0},
		Receivers800: {103, 3, 400, 100 * (206 + 50 + 50), 0}, Churn: {101, 1, 200, 100 * 206, 3 * churners},
		// Eleven get ten sounds each, all but one a picture; viewers a picture and three sounds.
		Viewers800: {111, 11, 110 + 10 + 400, (110+3*100)*50 + (10+100)*156, 0},
	} {
		scene, err := sceneOf(sessionConfig{Scenario: scenario, Receivers: 100, Hearings: 40, VideoRate: 156})
		require.NoError(t, err)
		peers, publishers := standing(scene.plan)
		streams, packets := outputs(scene.plan)
		require.Equal(t, want, [5]int{peers, publishers, streams, packets, len(scene.plan) - peers}, scenario)
		senders := true
		for i, p := range scene.plan {
			require.Equal(t, i, p.Index, "the index is the address")
			if p.Churns {
				continue
			}
			require.True(t, senders || p.Sends == nil, "publishers first")
			senders = p.Sends != nil
			for _, f := range p.Receives {
				require.False(t, p.Sends != nil && *p.Sends == f, "nobody gets itself back")
			}
		}
	}
}

// However a camera spreads its packets, each belongs to one picture, none is
// missing and none comes before its time.
func TestBurstsAreThePicturesInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(frameRate, maxVideoRate).Draw(t, "rate")
		spaced := rapid.Bool().Draw(t, "spaced")
		next, picture, starts, ends := 0, -1, 0, 0
		var last time.Duration
		for n := range 300 {
			b := burstOf(n, rate, spaced)
			require.Equal(t, next, b.from)
			require.Greater(t, b.to, b.from)
			require.LessOrEqual(t, b.first, b.from)
			require.GreaterOrEqual(t, b.pastEnd, b.to)
			require.Contains(t, []int{picture, picture + 1}, b.picture)
			require.Equal(t, b.picture == picture+1, b.from == b.first, "a picture begins with its first packet")
			require.Greater(t, b.due, last)
			if spaced {
				require.Equal(t, 1, b.to-b.from)
			}
			if b.from == b.first {
				starts++
			}
			if b.to == b.pastEnd {
				ends++
			}
			require.LessOrEqual(t, ends, starts)
			next, picture, last = b.to, b.picture, b.due
		}
	})
}

// The pictures are such that Pion's own VP8 parser finds start, picture id and keyframe.
func TestVideoIsVP8(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		picture := uint16(rapid.IntRange(0, 0x7fff).Draw(t, "picture"))
		start, key := rapid.Bool().Draw(t, "start"), rapid.Bool().Draw(t, "key")
		payload := make([]byte, videoBytes)
		putVP8(payload, picture, start, key)
		var p codecs.VP8Packet
		frame, err := p.Unmarshal(payload)
		require.NoError(t, err)
		require.Equal(t, picture, p.PictureID)
		require.Equal(t, start, p.S == 1)
		require.Zero(t, p.PID)
		if start {
			require.Equal(t, key, frame[0]&1 == 0, "the inverse key frame flag (RFC 6386 section 9.1)")
		}
		require.Equal(t, start && key, keyStart(payload))
	})
}

func TestNTPTimeIsRFC5905(t *testing.T) {
	require.Equal(t, uint64(2208988800)<<32, ntpTime(time.Unix(0, 0)))
	require.Equal(t, uint64(2208988801)<<32|1<<31, ntpTime(time.Unix(1, 500_000_000)))
}

func FuzzStat(f *testing.F) {
	own, err := os.ReadFile("/proc/self/stat")
	require.NoError(f, err)
	f.Add(string(own))
	f.Add("1 (a) b) S")
	f.Fuzz(func(_ *testing.T, stat string) { _, _, _, _ = parseStat(stat) })
}

func TestStatFieldsCountFromAfterTheName(t *testing.T) {
	line := "7 (a ) 9 (b) S 1 1 1 0 -1 0 0 0 0 0 150 25 0 0 20 0 1 0 5 1000 300 0"
	user, system, rss, err := parseStat(line)
	require.NoError(t, err)
	require.Equal(t, 1500*time.Millisecond, user)
	require.Equal(t, 250*time.Millisecond, system)
	require.Equal(t, int64(300*os.Getpagesize()), rss)
}

func TestOwnUsageIsReadable(t *testing.T) {
	before, err := processUsage(os.Getpid())
	require.NoError(t, err)
	require.Positive(t, before.cpu)
	require.Positive(t, before.rss)
	after, err := processUsage(os.Getpid())
	require.NoError(t, err)
	require.Greater(t, after.since(before).cpu, time.Duration(0), "reading takes time of its own")
}
