package whip

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/auth"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
)

var statuses = []hearing.Status{
	"", hearing.Scheduled, hearing.Preparing, hearing.ReadyToOpen, hearing.InSession, hearing.InRecess, hearing.TechnicalHold,
	hearing.Suspended, hearing.Adjourned, hearing.Cancelled, hearing.Closed,
}

// The law of the calendar: never a hearing that is over or suspended, never one that
// begins later than in half an hour and was not opened; what is heard comes before what
// rests, that before what did not begin; else the latest.
func TestTheCalendarChoosesTheSeat(t *testing.T) {
	now := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		var seats []auth.RoomSeat
		for range rapid.IntRange(0, 6).Draw(t, "n") {
			seats = append(seats, auth.RoomSeat{
				Seat:     store.Seat{Hearing: rapid.StringMatching(`[a-f]{4}`).Draw(t, "id")},
				StartsAt: now.Add(time.Duration(rapid.IntRange(-600, 600).Draw(t, "minutes")) * time.Minute).UnixMicro(),
				Status:   string(rapid.SampledFrom(statuses).Draw(t, "status")),
			})
		}
		got, ok := choose(seats, now)
		may := func(s auth.RoomSeat) bool {
			st := hearing.Status(s.Status)
			opened := st == hearing.InSession || st == hearing.InRecess || st == hearing.TechnicalHold
			booked := st == "" || st == hearing.Scheduled || st == hearing.Preparing || st == hearing.ReadyToOpen
			return opened || booked && s.StartsAt <= now.Add(30*time.Minute).UnixMicro()
		}
		any := false
		for _, s := range seats {
			if !may(s) {
				continue
			}
			any = true
			if s.Status == string(hearing.InSession) && got.Status != s.Status {
				t.Fatalf("%v is heard, %v was chosen", s, got)
			}
			if s.Status == got.Status && s.StartsAt > got.StartsAt {
				t.Fatalf("%v is later than %v", s, got)
			}
		}
		if ok != any || ok && !may(got) {
			t.Fatalf("chose %v (%v) of %v", got, ok, seats)
		}
	})
}

const line = "m=%s 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=mid:%d\r\na=sendonly\r\na=rtpmap:96 %s\r\n"

func offerOf(bundle string, lines ...string) string {
	return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" + bundle + strings.Join(lines, "")
}

func mline(kind, mid, codec string) string {
	return strings.NewReplacer("%s 9", kind+" 9", "mid:%d", "mid:"+mid, "96 %s", "96 "+codec).Replace(line)
}

func TestOffers(t *testing.T) {
	const bundle = "a=group:BUNDLE 0 1\r\n"
	mic, cam := mline("audio", "0", "opus/48000/2"), mline("video", "1", "VP8/90000")
	for name, c := range map[string]struct {
		offer string
		want  error
	}{
		"both":               {offerOf(bundle, mic, cam), nil},
		"sound only":         {offerOf("", mic), nil},
		"picture only":       {offerOf("", cam), nil},
		"codec in capitals":  {offerOf(bundle, mline("audio", "0", "OPUS/48000/2"), cam), nil},
		"sendrecv":           {offerOf(bundle, mic, strings.Replace(cam, "sendonly", "sendrecv", 1)), nil},
		"two cameras":        {offerOf("a=group:BUNDLE 0 1 2\r\n", mic, cam, mline("video", "2", "VP8/90000")), errLines},
		"recvonly":           {offerOf(bundle, mic, strings.Replace(cam, "sendonly", "recvonly", 1)), errLines},
		"inactive":           {offerOf(bundle, mic, strings.Replace(cam, "sendonly", "inactive", 1)), errLines},
		"rejected line":      {offerOf(bundle, mic, strings.Replace(cam, "video 9", "video 0", 1)), errLines},
		"data channel":       {offerOf(bundle, mic, mline("application", "1", "x")), errLines},
		"no bundle":          {offerOf("", mic, cam), errLines},
		"half a bundle":      {offerOf("a=group:BUNDLE 0\r\n", mic, cam), errLines},
		"another group":      {offerOf("a=group:LS 0 1\r\n", mic, cam), errLines},
		"H.264":              {offerOf(bundle, mic, mline("video", "1", "H264/90000")), nil},
		"neither":            {offerOf(bundle, mic, mline("video", "1", "AV1/90000")), errCodec},
		"no mid":             {offerOf(bundle, mic, strings.Replace(cam, "a=mid:1\r\n", "", 1)), errSDP},
		"no ICE credentials": {offerOf("", strings.Replace(mic, "a=ice-ufrag:abcd\r\n", "", 1)), errSDP},
		"nothing":            {"", errSDP},
		"no lines":           {offerOf(bundle), errSDP},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := readPublish(c.offer)
			require.ErrorIs(t, err, c.want)
			if err == nil {
				require.NotEmpty(t, p.offer.Publish)
				require.Equal(t, "abcd", p.ufrag)
			}
		})
	}
}

// Whatever comes: at most one microphone and one camera, and never a panic.
func FuzzOffer(f *testing.F) {
	f.Add(offerOf("a=group:BUNDLE 0 1\r\n", mline("audio", "0", "opus/48000/2"), mline("video", "1", "VP8/90000")))
	f.Add(offerOf("a=group:\r\n", mline("audio", "0", "opus/48000/2"), mline("video", "1", "VP8/90000")))
	f.Add("v=0\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := readPublish(text)
		if err != nil {
			return
		}
		kinds := map[string]bool{}
		for _, x := range p.offer.Publish {
			if kinds[x.Kind] || x.Mid == "" {
				t.Fatalf("%v", p.offer.Publish)
			}
			kinds[x.Kind] = true
		}
		if len(kinds) == 0 || p.ufrag == "" {
			t.Fatal("an offer of nothing")
		}
	})
}

func FuzzFragment(f *testing.F) {
	f.Add("a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\na=end-of-candidates\r\n")
	f.Add("a=")
	f.Fuzz(func(t *testing.T, text string) {
		ufrags, err := readFragment(text)
		if err != nil {
			return
		}
		candidates := 0
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "a=candidate:") {
				candidates++
			}
		}
		if candidates > maxCandidates || len(ufrags) > maxCandidates {
			t.Fatalf("%d candidates, %d fragments", candidates, len(ufrags))
		}
	})
}
