package bench

import (
	"encoding/binary"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

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
	answer := strings.ReplaceAll(text, "setup:actpass", "setup:passive")
	r, err := parseAnswer(answer)
	require.NoError(t, err)
	require.Equal(t, remoteSide{ufrag: "u", pwd: "p", candidates: r.candidates}, r)
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

func TestOfferIsValidAndOrdered(t *testing.T) {
	for _, scenario := range []string{Fanout, Hearing8, JoinStorm} {
		plan, err := planOf(scenario, 3)
		require.NoError(t, err)
		for _, p := range plan {
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
			require.Equal(t, p.Publisher >= 0, sending == 2)
			require.Len(t, sections, sending+2*len(p.Receives))
		}
	}
	_, err := planOf("nothing", 3)
	require.ErrorIs(t, err, ErrOptions)
}

func TestPlansDeliverWhatTheirNamesSay(t *testing.T) {
	for scenario, want := range map[string][3]int{Fanout: {101, 1, 200}, Hearing8: {8, 8, 112}, JoinStorm: {101, 1, 200}} {
		plan, err := planOf(scenario, 100)
		require.NoError(t, err)
		require.Equal(t, want, [3]int{len(plan), publishers(plan), outputs(plan)}, scenario)
		for _, p := range plan {
			require.NotContains(t, p.Receives, p.Publisher, "nobody gets itself back")
		}
	}
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
