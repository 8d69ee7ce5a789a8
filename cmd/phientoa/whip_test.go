package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"

	"phientoa/internal/court"
	"phientoa/internal/store"
	"phientoa/internal/wire"
)

// whipCourt is a court with an encoder whose hearing begins now: the judge sits before
// a console, the encoder sends picture and sound.
type whipCourt struct {
	*served
	operator, judge      *browser
	hearing, judgeID     string
	device, token, other string // the encoder's id, its token, that of another court's
}

func startWhip(t *testing.T) *whipCourt {
	s := startServe(t, nil)
	w := &whipCourt{served: s}
	for _, u := range []court.UnitID{"unit-hn", "unit-dn"} {
		require.NoError(t, s.store.PutUnit(t.Context(), court.SystemScope(), store.Unit{ID: u, Kind: "court.regional", Name: "Tòa án " + string(u), ValidFrom: 1},
			store.AdminEntry{At: time.Now(), Actor: "system", Unit: u, What: "unit.put", Object: string(u)}))
	}
	w.operator = s.official("unit-hn", "ky.thuat", store.RoleOperator)
	clerk := s.official("unit-hn", "thu.ky", store.RoleClerk)
	w.judge = s.official("unit-hn", "tham.phan", store.RoleJudge)
	var made, theirs struct{ Device, Token string }
	w.operator.get(http.StatusCreated, &made, "POST", "/api/v1/access/devices/encoders", map[string]string{"label": "Máy quay phòng số 1"})
	s.official("unit-dn", "ky.thuat.dn", store.RoleOperator).
		get(http.StatusCreated, &theirs, "POST", "/api/v1/access/devices/encoders", map[string]string{"label": "Máy quay"})
	w.device, w.token, w.other = made.Device, made.Token, theirs.Token
	var booked struct{ ID string }
	clerk.get(http.StatusCreated, &booked, "POST", "/api/v1/hearings", map[string]any{
		"case":      map[string]string{"docket_no": "45/2026/TLST-HS", "title": "Vụ án trộm cắp tài sản"},
		"procedure": "criminal", "instance": "first_instance", "form": "in_person",
		"exclusions": map[string]bool{"state_secret": false, "chapter_xiii": false, "chapter_xxvi": false},
		"points":     []map[string]any{{"kind": "central", "name": "Phòng xử án số 1"}},
		"people": []map[string]any{
			{"name": "Nguyễn Văn Sơn", "capacity": "presiding_judge", "account": "tham.phan", "device_kind": "console", "encoder": w.device},
			{"name": "Lê Văn Cường", "capacity": "clerk", "account": "thu.ky"},
			{"name": "Trần Thị Bình", "capacity": "lay_assessor"},
		},
		"starts_at": time.Now().UTC().Format(time.RFC3339), "minutes": 120,
	}, "Idempotency-Key", "whip-journey-1")
	w.hearing = booked.ID
	return w
}

// enter seats the judge at the console and checks in.
func (w *whipCourt) enter() *websocket.Conn {
	t := w.t
	seats, err := w.store.Seats(t.Context(), court.SystemScope(), w.hearing)
	require.NoError(t, err)
	var mine store.Seat
	acc, err := w.store.AccountByLogin(t.Context(), "tham.phan")
	require.NoError(t, err)
	for _, x := range seats {
		if x.Account == acc.ID {
			mine = x
		}
	}
	w.judgeID = mine.Person
	w.judge.get(http.StatusOK, nil, "POST", "/api/v1/hearings/"+w.hearing+"/enter", map[string]string{"person": mine.Person, "device": mine.Device})
	var me struct{ Room string }
	w.judge.get(http.StatusOK, &me, "GET", "/api/me", nil)
	var cookies []string
	for _, c := range w.judge.cookies {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	d := websocket.Dialer{Subprotocols: []string{"phientoa.v1+json"}, TLSClientConfig: w.tls.Clone()}
	ws, resp, err := d.Dial("wss://"+w.listener.Addr().String()+"/ws", http.Header{
		"Origin": {"https://court.example"}, "Cookie": {strings.Join(cookies, "; ")},
	})
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	t.Cleanup(func() { _ = ws.Close() })
	w.send(ws, &wire.Envelope{Body: &wire.Envelope_Hello{Hello: &wire.Hello{Room: me.Room}}})
	w.until(ws, func(e *wire.Envelope) bool { return e.GetWelcome() != nil })
	w.send(ws, &wire.Envelope{Id: "in", Body: &wire.Envelope_Command{Command: &wire.Command{Act: &wire.Command_CheckIn{CheckIn: &wire.CheckIn{RulesAccepted: true}}}}})
	res := w.until(ws, func(e *wire.Envelope) bool { return e.GetCommandResult() != nil }).GetCommandResult()
	require.True(t, res.Accepted, "%v", res.Refusal)
	return ws
}

func (w *whipCourt) send(ws *websocket.Conn, e *wire.Envelope) {
	b, err := protojson.Marshal(e)
	require.NoError(w.t, err)
	require.NoError(w.t, ws.WriteMessage(websocket.TextMessage, b))
}

// ask sends an encoder's request.
func (w *whipCourt) ask(method, path, token, kind, body string, header ...string) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "https://"+w.listener.Addr().String()+path, strings.NewReader(body))
	require.NoError(w.t, err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := w.client().Do(r)
	require.NoError(w.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(w.t, err)
	return resp, string(b)
}

// encoderPeer is Pion as a WHIP client.
type encoderPeer struct {
	pc    *webrtc.PeerConnection
	audio *webrtc.TrackLocalStaticRTP
	offer string
	up    chan struct{}
	down  chan struct{}
}

func newEncoderPeer(t *testing.T) *encoderPeer {
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = pc.Close() })
	p := &encoderPeer{pc: pc, up: make(chan struct{}), down: make(chan struct{})}
	p.audio, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "a", "s")
	require.NoError(t, err)
	video, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, "v", "s")
	require.NoError(t, err)
	for _, track := range []webrtc.TrackLocal{p.audio, video} {
		_, err := pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		require.NoError(t, err)
	}
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			close(p.up)
		case webrtc.PeerConnectionStateClosed, webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateDisconnected:
			select {
			case <-p.down:
			default:
				close(p.down)
			}
		}
	})
	offer, err := pc.CreateOffer(nil)
	require.NoError(t, err)
	done := webrtc.GatheringCompletePromise(pc)
	require.NoError(t, pc.SetLocalDescription(offer))
	<-done
	p.offer = pc.LocalDescription().SDP
	return p
}

func (p *encoderPeer) talk(ctx context.Context) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := uint16(1); ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = p.audio.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: n, Timestamp: uint32(n) * 960}, Payload: []byte{0xf8, 0xff, 0xfe}})
		}
	}
}

const sdpType = "application/sdp"

// A courtroom's encoder: refused before anybody has checked in, let in afterwards,
// connected, gone with DELETE, and for good with the revocation of its token.
func TestAnEncoderPublishes(t *testing.T) {
	w := startWhip(t)
	p := newEncoderPeer(t)
	resp, text := w.ask("POST", "/api/v1/whip", w.other, sdpType, p.offer)
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode, text)
	require.Contains(t, text, "no_hearing_now", "the calendar does not name it")
	resp, text = w.ask("POST", "/api/v1/whip", w.token, sdpType, p.offer)
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode, text)
	require.Contains(t, text, "not_in_yet", "the judge has not checked in")
	require.NotEmpty(t, resp.Header.Get("Retry-After"))

	w.enter()
	resp, text = w.ask("POST", "/api/v1/whip", w.token, sdpType, p.offer)
	require.Equal(t, http.StatusCreated, resp.StatusCode, text)
	require.Equal(t, sdpType, resp.Header.Get("Content-Type"))
	require.Contains(t, text, "a=ice-lite")
	require.Contains(t, text, "a=candidate")
	require.Equal(t, 2, strings.Count(text, "a=recvonly"))
	require.NotContains(t, text, "a=sendonly")
	require.NotContains(t, text, "a=sendrecv")
	require.NoError(t, p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text}))
	within(t, p.up)
	go p.talk(t.Context())
	at := resp.Header.Get("Location")
	require.Regexp(t, `^/api/v1/whip/[A-Za-z0-9_-]{22}$`, at)

	fragment := "a=ice-ufrag:" + ufragOf(p.offer) + "\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=end-of-candidates\r\n"
	const trickle = "application/trickle-ice-sdpfrag"
	etag := resp.Header.Get("ETag")
	for name, c := range map[string]struct {
		method, path, token, kind, body string
		header                          []string
		want                            int
	}{
		"GET of the endpoint":            {"GET", "/api/v1/whip", w.token, "", "", nil, 405},
		"HEAD of the endpoint":           {"HEAD", "/api/v1/whip", w.token, "", "", nil, 405},
		"PUT of the endpoint":            {"PUT", "/api/v1/whip", w.token, sdpType, p.offer, nil, 405},
		"GET of a session":               {"GET", at, w.token, "", "", nil, 405},
		"POST to a session":              {"POST", at, w.token, sdpType, p.offer, nil, 405},
		"PUT to a session":               {"PUT", at, w.token, sdpType, p.offer, nil, 405},
		"OPTIONS":                        {"OPTIONS", "/api/v1/whip", "", "", "", nil, 200},
		"no token":                       {"POST", "/api/v1/whip", "", sdpType, p.offer, nil, 401},
		"wrong token":                    {"POST", "/api/v1/whip", w.device + ".no", sdpType, p.offer, nil, 401},
		"PATCH without token":            {"PATCH", at, "", trickle, fragment, []string{"If-Match", etag}, 401},
		"DELETE without token":           {"DELETE", at, "", "", "", nil, 401},
		"PATCH by another":               {"PATCH", at, w.other, trickle, fragment, []string{"If-Match", etag}, 404},
		"DELETE by another":              {"DELETE", at, w.other, "", "", nil, 404},
		"DELETE of nothing":              {"DELETE", "/api/v1/whip/AAAAAAAAAAAAAAAAAAAAAA", w.token, "", "", nil, 404},
		"another media type":             {"POST", "/api/v1/whip", w.token, "application/json", "{}", nil, 415},
		"no SDP":                         {"POST", "/api/v1/whip", w.token, sdpType, "v=1", nil, 400},
		"too much":                       {"POST", "/api/v1/whip", w.token, sdpType, strings.Repeat("a", 65<<10), nil, 413},
		"an offer that receives":         {"POST", "/api/v1/whip", w.token, sdpType, strings.ReplaceAll(p.offer, "a=sendonly", "a=recvonly"), nil, 422},
		"no codec of ours":               {"POST", "/api/v1/whip", w.token, sdpType, strings.ReplaceAll(p.offer, "VP8/90000", "H264/90000"), nil, 422},
		"trickle":                        {"PATCH", at, w.token, trickle, fragment, []string{"If-Match", etag}, 204},
		"trickle without If-Match":       {"PATCH", at, w.token, trickle, fragment, nil, 428},
		"trickle of another ICE session": {"PATCH", at, w.token, trickle, fragment, []string{"If-Match", `"x"`}, 412},
		"an ICE restart":                 {"PATCH", at, w.token, trickle, "a=ice-ufrag:new\r\na=ice-pwd:newnewnewnewnewnewnewnew\r\n", []string{"If-Match", "*"}, 422},
		"PATCH of another media type":    {"PATCH", at, w.token, sdpType, fragment, []string{"If-Match", etag}, 415},
		"PATCH of nonsense":              {"PATCH", at, w.token, trickle, "hello", []string{"If-Match", etag}, 400},
		"a foreign page":                 {"POST", "/api/v1/whip", w.token, sdpType, p.offer, []string{"Sec-Fetch-Site", "cross-site"}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			resp, text := w.ask(c.method, c.path, c.token, c.kind, c.body, c.header...)
			require.Equal(t, c.want, resp.StatusCode, text)
			require.Empty(t, resp.Header.Get("Access-Control-Allow-Origin"))
			switch c.want {
			case 200:
				require.Equal(t, sdpType, resp.Header.Get("Accept-Post"))
			case 401:
				require.Contains(t, resp.Header.Get("WWW-Authenticate"), "Bearer")
			case 405:
				require.NotEmpty(t, resp.Header.Get("Allow"))
			}
		})
	}
	select {
	case <-p.down:
		t.Fatal("one of those ended the session")
	default:
	}

	resp, _ = w.ask("DELETE", at, w.token, "", "")
	require.Equal(t, http.StatusOK, resp.StatusCode)
	within(t, p.down)
	resp, _ = w.ask("DELETE", at, w.token, "", "")
	require.Equal(t, http.StatusNotFound, resp.StatusCode)

	// Once more; then the operator takes the token back.
	q := newEncoderPeer(t)
	resp, text = w.ask("POST", "/api/v1/whip", w.token, sdpType, q.offer)
	require.Equal(t, http.StatusCreated, resp.StatusCode, text)
	require.NoError(t, q.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text}))
	within(t, q.up)
	w.operator.get(http.StatusNoContent, nil, "DELETE", "/api/v1/access/devices/"+w.device, nil)
	within(t, q.down)
	resp, _ = w.ask("POST", "/api/v1/whip", w.token, sdpType, q.offer)
	require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	require.NotContains(t, w.log.String(), strings.Split(w.token, ".")[1], "the token is in no log")
}

func ufragOf(sdp string) string {
	_, rest, _ := strings.Cut(sdp, "a=ice-ufrag:")
	ufrag, _, _ := strings.Cut(rest, "\r\n")
	return ufrag
}

func within(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(30 * time.Second):
		t.Fatal("not within 30 s")
	}
}
