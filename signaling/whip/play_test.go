package whip

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/wire"
	"phientoa/signaling"
)

func TestOffersOfWalls(t *testing.T) {
	const bundle = "a=group:BUNDLE 0 1\r\n"
	receives := strings.NewReplacer("sendonly", "recvonly")
	sound := receives.Replace(mline("audio", "0", "opus/48000/2"))
	picture := receives.Replace(mline("video", "1", "VP8/90000"))
	third := strings.Replace(sound, "mid:0", "mid:2", 1)
	for name, c := range map[string]struct {
		offer string
		want  error
	}{
		"both":           {offerOf(bundle, sound, picture), nil},
		"sound only":     {offerOf("", sound), nil},
		"picture only":   {offerOf("", picture), nil},
		"two sounds":     {offerOf("a=group:BUNDLE 0 1 2\r\n", sound, picture, third), nil},
		"sendrecv":       {offerOf(bundle, sound, strings.Replace(picture, "recvonly", "sendrecv", 1)), nil},
		"no direction":   {offerOf(bundle, sound, strings.Replace(picture, "a=recvonly\r\n", "", 1)), nil},
		"three sounds":   {offerOf("a=group:BUNDLE 0 2 3\r\n", sound, third, strings.Replace(sound, "mid:0", "mid:3", 1)), errLines},
		"two pictures":   {offerOf("a=group:BUNDLE 1 2\r\n", picture, strings.Replace(picture, "mid:1", "mid:2", 1)), errLines},
		"sendonly":       {offerOf(bundle, sound, strings.Replace(picture, "recvonly", "sendonly", 1)), errLines},
		"inactive":       {offerOf(bundle, sound, strings.Replace(picture, "recvonly", "inactive", 1)), errLines},
		"data channel":   {offerOf(bundle, sound, mline("application", "1", "x")), errLines},
		"no bundle":      {offerOf("", sound, picture), errLines},
		"H.264":          {offerOf(bundle, sound, receives.Replace(mline("video", "1", "H264/90000"))), errCodec},
		"no mid":         {offerOf("", strings.Replace(sound, "a=mid:0\r\n", "", 1)), errSDP},
		"nothing at all": {"", errSDP},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := readPlay(c.offer)
			require.ErrorIs(t, err, c.want)
			if err != nil {
				return
			}
			require.Empty(t, p.offer.Publish, "a wall publishes nothing")
			require.True(t, p.offer.Follow)
			lines := strings.Count(p.offer.Sdp, "m=audio") + strings.Count(p.offer.Sdp, "m=video")
			require.Equal(t, lines, strings.Count(p.offer.Sdp, "a=recvonly"))
			require.NotContains(t, p.offer.Sdp, "a=sendrecv")
		})
	}
}

// A wall is told to wait with the draft's status, and hangs on while nothing comes; no
// token opens the paths of the other kind's sessions.
func TestAWallWaits(t *testing.T) {
	offer := strings.ReplaceAll(goodOffer(), "sendonly", "recvonly")
	early := (&bench{script: func(c signaling.Conn) { _ = c.Close(1000) }}).server(t)
	w := ask(early, "POST", Play, "one", "application/sdp", offer)
	require.Equal(t, http.StatusConflict, w.Code)
	require.Equal(t, retryAfter, w.Header().Get("Retry-After"))
	require.Contains(t, w.Body.String(), "not_open_yet")

	asked := make(chan *wire.MediaOffer, 1)
	s := (&bench{script: func(c signaling.Conn) { answers(spied{c, asked}) }}).server(t)
	w = ask(s, "POST", Play, "one", "application/sdp", offer)
	require.Equal(t, http.StatusCreated, w.Code, w.Body)
	require.True(t, strings.HasPrefix(w.Header().Get("Location"), Play+"/"))
	require.Contains(t, w.Header().Get("Link"), "turn:t")
	require.True(t, (<-asked).GetFollow())
	require.Equal(t, http.StatusUnprocessableEntity, ask(s, "POST", Play, "two", "application/sdp", goodOffer()).Code, "it sends nothing")
}

// spied tells of the media offer that passes.
type spied struct {
	signaling.Conn
	asked chan<- *wire.MediaOffer
}

func (s spied) Read() (bool, []byte, error) {
	text, data, err := s.Conn.Read()
	if e := parse(data); err == nil && e.GetMediaOffer() != nil {
		s.asked <- e.GetMediaOffer()
	}
	return text, data, err
}

// Whatever comes: at most one picture and two sounds, nothing that sends, and never a
// panic.
func FuzzPlayOffer(f *testing.F) {
	f.Add(strings.ReplaceAll(offerOf("a=group:BUNDLE 0 1\r\n", mline("audio", "0", "opus/48000/2"), mline("video", "1", "VP8/90000")), "sendonly", "recvonly"))
	f.Add("v=0\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := readPlay(text)
		if err != nil {
			return
		}
		if len(p.offer.Publish) > 0 || p.ufrag == "" || strings.Count(p.offer.Sdp, "\nm=video") > wallPictures || strings.Count(p.offer.Sdp, "\nm=audio") > wallSounds {
			t.Fatalf("%v", p)
		}
	})
}
