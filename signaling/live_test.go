package signaling

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/court"
	"phientoa/internal/wire"
)

func TestHearingFromCheckInToClose(t *testing.T) {
	w := newWorld(t, nil)
	j, p := w.session()
	p.must(cmdRaise)
	j.view("a hand", func(v *wire.View) bool { return len(v.Hands) == 1 && v.Hands[0] == party })
	j.must(cmdFloor(party))
	p.view("floor", func(v *wire.View) bool { return v.Floor == party && personIn(v, party).MicrophoneOpen })
	j.must(cmdLock(party))
	p.view("locked", func(v *wire.View) bool { return personIn(v, party).Locked && !personIn(v, party).MicrophoneOpen })
	require.Equal(t, "Tên "+party, personIn(j.view("name", func(*wire.View) bool { return true }), party).Name)
	r := p.do(cmdOpen)
	require.False(t, r.Accepted)
	require.NotEmpty(t, r.Refusal.Vi)
	j.must(cmdRecess)
	j.must(cmdResume)
	j.must(cmdClose)
	p.view("closed", func(v *wire.View) bool { return v.State == wire.HearingState_HEARING_STATE_CLOSED })
}

func TestOriginCookieAndProtocolAreCheckedBeforeTheUpgrade(t *testing.T) {
	w := newWorld(t, nil)
	for name, c := range map[string]struct {
		person, origin, proto string
		status                int
	}{
		"foreign origin":   {judge, "https://evil.example", ProtocolBinary, http.StatusForbidden},
		"null origin":      {judge, "null", ProtocolBinary, http.StatusForbidden},
		"missing origin":   {judge, "", ProtocolBinary, http.StatusForbidden},
		"another port":     {judge, w.http.URL + "0", ProtocolBinary, http.StatusForbidden},
		"a longer name":    {judge, w.http.URL + ".evil.example", ProtocolBinary, http.StatusForbidden},
		"another scheme":   {judge, "https" + strings.TrimPrefix(w.http.URL, "http"), ProtocolBinary, http.StatusForbidden},
		"with a path":      {judge, w.http.URL + "/", ProtocolBinary, http.StatusForbidden},
		"no cookie":        {"", w.http.URL, ProtocolBinary, http.StatusUnauthorized},
		"unknown protocol": {judge, w.http.URL, "chat", http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			_, resp, err := w.dialRaw(c.person, c.origin, c.proto)
			require.Error(t, err)
			require.Equal(t, c.status, resp.StatusCode)
			_ = resp.Body.Close()
		})
	}
}

func TestWrongRoomsGetOneAnswer(t *testing.T) {
	w := newWorld(t, nil)
	var answers []string
	for _, room := range []string{"", "ffffffffffffffffffffffffffffffff", testRoom[:31], strings.ToUpper(testRoom)} {
		c := w.dial(judge, ProtocolJSON)
		c.send(&wire.Envelope{Body: &wire.Envelope_Hello{Hello: &wire.Hello{Room: room}}})
		b := c.bye()
		require.Equal(t, "not_found", b.Reason.Code)
		answers = append(answers, b.Reason.Vi)
	}
	stranger := w.dial("p-nobody", ProtocolJSON)
	stranger.send(&wire.Envelope{Body: &wire.Envelope_Hello{Hello: &wire.Hello{Room: testRoom}}})
	require.Equal(t, answers[0], stranger.bye().Reason.Vi)
}

func TestRepeatedCommandIsAnsweredAgainAndNotDoneTwice(t *testing.T) {
	w := newWorld(t, nil)
	j, _ := w.session()
	tok, last := j.welcome().ResumeToken, j.lastSeq()
	j.command("same", cmdFloor(party))
	first := j.result("same")
	require.True(t, first.Accepted)
	n := len(logLines(t, w.st))
	j.hangUp()
	again := w.resume(judge, tok, last)
	require.True(t, again.welcome().Resumed)
	require.Equal(t, first.StateSeq, again.result("same").StateSeq) // from the ring
	again.command("same", cmdFloor(party))
	again.until("two answers", func(es []*wire.Envelope) bool {
		k := 0
		for _, e := range es {
			if r := e.GetCommandResult(); r != nil && e.Id == "same" {
				require.True(t, r.Accepted)
				require.Equal(t, first.StateSeq, r.StateSeq)
				k++
			}
		}
		return k == 2
	})
	require.Len(t, logLines(t, w.st), n)
}

func TestSecondSessionTakesOver(t *testing.T) {
	w := newWorld(t, nil)
	a := w.enter(judge)
	a.welcome()
	b := w.enter(judge)
	require.False(t, b.welcome().Resumed)
	bye := a.bye()
	require.Equal(t, "taken_over", bye.Reason.Code)
	require.False(t, bye.Retry)
	b.must(cmdCheckIn)
}

func TestForeignResumeTokenOpensNothing(t *testing.T) {
	w := newWorld(t, nil)
	j, _ := w.session()
	tok := j.welcome().ResumeToken
	p := w.resume(party, tok, 0)
	require.False(t, p.welcome().Resumed)
	require.Equal(t, party, p.view("own", func(*wire.View) bool { return true }).Me)
}

func TestRemovedPersonSeesOnlyTheirStatus(t *testing.T) {
	w := newWorld(t, nil)
	j, p := w.session()
	tok := p.welcome().ResumeToken
	j.must(cmdRemove(party))
	v := p.view("removed", func(v *wire.View) bool { return statusIn(v, party) == wire.PersonStatus_PERSON_STATUS_REMOVED })
	require.Len(t, v.People, 1)
	require.Empty(t, v.Floor)
	p.send(&wire.Envelope{Id: "m", Body: &wire.Envelope_MediaOffer{MediaOffer: &wire.MediaOffer{Sdp: "v=0"}}})
	p.until("media refused", func(es []*wire.Envelope) bool {
		for _, e := range es {
			if a := e.GetMediaAnswer(); a != nil && e.Id == "m" {
				return a.Refusal.GetCode() == "media_not_admitted"
			}
		}
		return false
	})
	p.hangUp()
	back := w.resume(party, tok, 0)
	v = back.view("still removed", func(*wire.View) bool { return true })
	require.Equal(t, wire.PersonStatus_PERSON_STATUS_REMOVED, statusIn(v, party))
	for _, e := range back.heard() {
		if x := e.GetView(); x != nil {
			require.Len(t, x.People, 1, "nothing of the courtroom is repeated")
		}
	}
	j.must(cmdAdmit(party))
	back.view("admitted again", func(v *wire.View) bool { return statusIn(v, party) == wire.PersonStatus_PERSON_STATUS_IN_COURTROOM })
}

func TestRestartKeepsEverything(t *testing.T) {
	st := openStore(t)
	bookTest(t, st)
	w := startWorld(t, st, nil)
	j, p := w.session()
	j.must(cmdFloor(party))
	j.must(cmdLock(party))
	a := w.enter(accused)
	a.must(cmdCheckIn)
	j.must(cmdAdmit(accused))
	j.must(cmdRemove(accused))
	require.True(t, j.view("any", func(*wire.View) bool { return true }).State == wire.HearingState_HEARING_STATE_IN_SESSION)
	w.close()
	require.True(t, p.bye().Retry)

	w2 := startWorld(t, st, nil)
	j2 := w2.enter(judge)
	require.False(t, j2.welcome().Resumed)
	v := j2.view("first", func(*wire.View) bool { return true })
	require.Equal(t, party, v.Floor)
	require.True(t, personIn(v, party).Locked)
	require.Equal(t, wire.PersonStatus_PERSON_STATUS_REMOVED, statusIn(v, accused))
}

func TestMessagesOutsideTheProtocolEndTheConnection(t *testing.T) {
	w := newWorld(t, nil)
	for name, frame := range map[string]string{
		"duplicate key":    `{"id":"1","id":"2","command":{"raiseHand":{}}}`,
		"two bodies":       `{"id":"1","command":{"raiseHand":{}},"ping":{}}`,
		"unknown field":    `{"id":"1","participantId":"p-judge","command":{"raiseHand":{}}}`,
		"prototype":        `{"__proto__":{"a":1},"id":"1","command":{"raiseHand":{}}}`,
		"case variant":     `{"ID":"1","command":{"raiseHand":{}}}`,
		"both names":       `{"id":"1","command":{"raiseHand":{},"raise_hand":{}}}`,
		"deep":             strings.Repeat(`{"command":`, 20000),
		"server's message": `{"welcome":{}}`,
		"no id":            `{"command":{"raiseHand":{}}}`,
		"nested duplicate": `{"id":"1","command":{"isolate":{"person":"a","reason":"x","person":"p-party"}}}`,
		"escaped twin":     `{"id":"1","command":{"isolate":{"person":"a","p\u0065rson":"p-party"}}}`,
		"nested prototype": `{"id":"1","command":{"raiseHand":{"__proto__":{"person":"p-judge"}}}}`,
		"constructor":      `{"id":"1","command":{"raiseHand":{"constructor":{"prototype":{}}}}}`,
		"two acts":         `{"id":"1","command":{"deliberate":{},"recess":{}}}`,
		"unknown act":      `{"id":"1","command":{"dropTables":{}}}`,
		"unknown enum":     `{"receiverStates":{"states":[{"pausedBy":"PAUSED_BY_MAGIC"}]}}`,
		"another type":     `{"id":"1","command":{"allowConsult":{"consult":"c1","minutes":-1}}}`,
		"another number":   `{"id":"1","command":{"suspend":{"reason":"x","reopenAt":"1e400"}}}`,
		"no number":        `{"id":"1","command":{"allowConsult":{"consult":"c1","minutes":NaN}}}`,
		"two texts":        `{"id":"1","command":{"raiseHand":{}}}{"id":"2","command":{"raiseHand":{}}}`,
		"no UTF-8":         "{\"id\":\"1\",\"command\":{\"isolate\":{\"person\":\"\xff\"}}}",
		"a list":           `[{"id":"1","command":{"raiseHand":{}}}]`,
		"long id":          `{"id":"` + strings.Repeat("x", 65) + `","command":{"raiseHand":{}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			c := w.resume(judge, "", 0)
			c.t = t
			c.welcome()
			require.NoError(t, c.ws.WriteMessage(1, []byte(frame)))
			b := c.bye()
			require.Equal(t, "bad_message", b.Reason.Code)
		})
	}
	require.Empty(t, handsOf(w))
}

func handsOf(w *world) []string {
	return w.enter(judge).view("any", func(*wire.View) bool { return true }).Hands
}

func TestFloodIsCutOff(t *testing.T) {
	w := newWorld(t, func(p *RoomsParams) { p.Limits.MessageBurst = 20; p.Limits.MessagesPerSec = 1 })
	c := w.enter(judge)
	c.welcome()
	for range 21 {
		c.send(&wire.Envelope{Body: &wire.Envelope_Ping{Ping: &wire.Ping{}}})
	}
	require.Equal(t, "too_fast", c.bye().Reason.Code)
}

func TestHTTPSurface(t *testing.T) {
	w := newWorld(t, nil)
	post := func(path, body string, h map[string]string) *http.Response {
		req, err := http.NewRequest(http.MethodPost, w.http.URL+path, strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		for k, v := range h {
			req.Header.Set(k, v)
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		t.Cleanup(func() { _ = resp.Body.Close() })
		return resp
	}
	ok := post("/api/invitations/consume", `{"token":"p-judge"}`, nil)
	require.Equal(t, http.StatusNoContent, ok.StatusCode)
	require.NotEmpty(t, ok.Cookies())
	require.Contains(t, ok.Header.Get("Content-Security-Policy"), "default-src 'self'")
	require.Equal(t, http.StatusForbidden, post("/api/invitations/consume", `{"token":"x"}`, nil).StatusCode)
	require.Equal(t, http.StatusTooManyRequests, post("/api/invitations/consume", `{"token":"slow down"}`, nil).StatusCode)
	require.Equal(t, http.StatusBadRequest, post("/api/invitations/consume", `{"token":"x","who":1}`, nil).StatusCode)
	require.Equal(t, http.StatusBadRequest, post("/api/invitations/consume", `{"token":"`+strings.Repeat("x", 8192)+`"}`, nil).StatusCode)
	require.Equal(t, http.StatusForbidden, post("/api/signout", `{}`, map[string]string{"Cookie": "s=p-judge", "Sec-Fetch-Site": "cross-site"}).StatusCode)
	require.Equal(t, http.StatusUnauthorized, post("/api/signout", `{}`, nil).StatusCode)

	get := func(path, cookie string) (int, []byte) {
		req, err := http.NewRequest(http.MethodGet, w.http.URL+path, nil)
		require.NoError(t, err)
		req.Header.Set("Cookie", cookie)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, b
	}
	code, body := get("/api/me", "s=p-judge")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, string(body), testRoom)
	require.Contains(t, string(body), "presiding_judge")
	code, body = get("/api/me", "")
	require.Equal(t, http.StatusUnauthorized, code)
	require.True(t, bytes.Contains(body, []byte(`"vi"`)))
	code, _ = get("/api/else", "s=p-judge")
	require.Equal(t, http.StatusNotFound, code)
}

// Of whom monitors may see a camera is what the routes say in that moment.
func TestLiveCamerasAreThoseOfTheRoutes(t *testing.T) {
	w := newWorld(t, nil)
	cameras := func() (list []LiveCamera) { return w.rooms.Live()[0].Cameras("vks-1") }
	w.enter(clerk).must(cmdCheckIn)
	require.Empty(t, cameras(), "before the hearing")
	j, _ := w.session()
	list := cameras()
	require.NotEmpty(t, list)
	require.Equal(t, court.PresidingJudge, list[0].Who)
	for _, c := range list {
		require.NotEmpty(t, c.Device)
		require.NotEmpty(t, c.Point)
		require.NotEmpty(t, c.Who)
	}
	j.must(cmdMonitoring("closed"))
	j.view("closed", func(v *wire.View) bool { return v.Monitoring.GetTo() == "closed" })
	require.Empty(t, cameras())
}
