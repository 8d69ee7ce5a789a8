package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"

	"phientoa/internal/config"
	"phientoa/internal/court"
	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/wire"
	"phientoa/signaling"
)

// whipCourt is a court with an encoder whose hearing begins now: the judge sits before
// a console, the encoder sends picture and sound.
type whipCourt struct {
	*served
	operator, judge      *browser
	clerk, accused       *browser
	hearing              string
	acts                 int
	device, token, other string // the encoder's id, its token, that of another court's
	wall, wallToken      string // the same of the viewing wall
	otherWall            string
	from                 net.Addr // of the connections that sit opens, nil for any
}

func startWhip(t *testing.T) *whipCourt { return startWhipWith(t, nil) }

func startWhipWith(t *testing.T, change func(*config.Config)) *whipCourt {
	s := startServe(t, change)
	w := &whipCourt{served: s}
	for _, u := range []court.UnitID{"unit-hn", "unit-dn"} {
		require.NoError(t, s.store.PutUnit(t.Context(), court.SystemScope(), store.Unit{ID: u, Kind: "court.regional", Name: "Tòa án " + string(u), ValidFrom: 1},
			store.AdminEntry{At: time.Now(), Actor: "system", Unit: u, What: "unit.put", Object: string(u)}))
	}
	w.operator = s.official("unit-hn", "ky.thuat", store.RoleOperator)
	w.clerk = s.official("unit-hn", "thu.ky", store.RoleClerk)
	w.judge = s.official("unit-hn", "tham.phan", store.RoleJudge)
	w.accused = s.official("unit-hn", "bi.cao", store.RoleAuditor) // a role opens no seat, and bars none
	var made, theirs struct{ Device, Token string }
	w.operator.get(http.StatusCreated, &made, "POST", "/api/v1/access/devices/encoders", map[string]string{"label": "Máy quay phòng số 1"})
	elsewhere := s.official("unit-dn", "ky.thuat.dn", store.RoleOperator)
	elsewhere.get(http.StatusCreated, &theirs, "POST", "/api/v1/access/devices/encoders", map[string]string{"label": "Máy quay"})
	w.device, w.token, w.other = made.Device, made.Token, theirs.Token
	w.operator.get(http.StatusCreated, &made, "POST", "/api/v1/access/devices/walls", map[string]string{"label": "Màn hình sảnh"})
	w.wall, w.wallToken = made.Device, made.Token
	elsewhere.get(http.StatusCreated, &theirs, "POST", "/api/v1/access/devices/walls", map[string]string{"label": "Màn hình"})
	w.otherWall = theirs.Token
	return w
}

// book books by the API: a camera beside the judge's console, a wall for the public.
func (w *whipCourt) book() {
	var booked struct{ ID string }
	w.clerk.get(http.StatusCreated, &booked, "POST", "/api/v1/hearings", map[string]any{
		"case":      map[string]string{"docket_no": "45/2026/TLST-HS", "title": "Vụ án trộm cắp tài sản"},
		"procedure": "criminal", "instance": "first_instance", "form": "in_person",
		"exclusions": map[string]bool{"state_secret": false, "chapter_xiii": false, "chapter_xxvi": false},
		"points":     []map[string]any{{"kind": "central", "name": "Phòng xử án số 1"}},
		"people": []map[string]any{
			{"name": "Nguyễn Văn Sơn", "capacity": "presiding_judge", "account": "tham.phan", "device_kind": "console", "encoder": w.device},
			{"name": "Lê Văn Cường", "capacity": "clerk", "account": "thu.ky"},
			{"name": "Trần Thị Bình", "capacity": "lay_assessor"},
			{"name": "Người dự khán ở sảnh", "capacity": "attendee", "room_device": w.wall},
		},
		"starts_at": time.Now().UTC().Format(time.RFC3339), "minutes": 120,
	}, "Idempotency-Key", "whip-journey-1")
	w.hearing = booked.ID
}

// bookShort books a hearing that may be opened at once: without the notice of seven days
// and the conditions of an online one, which no API waives.
func (w *whipCourt) bookShort() { w.bookBeside("judge", "camera") }

// bookBeside books it with the encoder beside the person.
func (w *whipCourt) bookBeside(person, encoder string) {
	t := w.t
	policy := court.DefaultPolicy(court.Criminal)
	policy.NoticeDays, policy.RequireReady = 0, false
	at := time.Now().UnixMicro()
	w.hearing = "whip-short"
	b := hearing.Booking{
		Hearing: "whip-short", Unit: "unit-hn", Court: "Tòa án nhân dân khu vực 1", DocketNo: "45/2026/TLST-HS", StartsAt: at, Minutes: 120,
		Procedure: court.Criminal, Instance: "first_instance", Form: hearing.InPerson, Visibility: hearing.Public, Policy: &policy,
		Points: []hearing.Point{{ID: "p0", Kind: hearing.CentralPoint, Name: "Phòng xử án số 1"}},
		People: []hearing.Person{
			{ID: "judge", Capacity: court.PresidingJudge, Alias: "Chủ tọa", Point: "p0"},
			{ID: "accused", Capacity: court.Defendant, Alias: "Bị cáo", Point: "p0"},
			{ID: "public", Capacity: court.Attendee, Alias: "Người tham dự", Point: "p0"},
		},
		Devices: []hearing.Device{
			{ID: "console", Kind: hearing.Console, People: []hearing.PersonID{"judge"}},
			{ID: "camera", Kind: hearing.RoomClient, People: []hearing.PersonID{"judge"}},
			{ID: "stand", Kind: hearing.Console, People: []hearing.PersonID{"accused"}},
			{ID: "dock", Kind: hearing.RoomClient, People: []hearing.PersonID{"accused"}},
			{ID: "wall", Kind: hearing.Viewer, People: []hearing.PersonID{"public"}},
		},
	}
	row := store.Hearing{ID: w.hearing, Room: strings.Repeat("5", 32), Unit: "unit-hn", DocketNo: b.DocketNo, StartsAt: at}
	require.NoError(t, signaling.BookHearing(t.Context(), w.store, w.p.Node, row, nil, b, time.Now()))
	require.NoError(t, w.store.PutSeats(t.Context(), court.SystemScope(), []store.Seat{
		{Hearing: w.hearing, Person: "judge", Device: "console", Account: w.account("tham.phan")},
		{Hearing: w.hearing, Person: "accused", Device: "stand", Account: w.account("bi.cao")},
		{Hearing: w.hearing, Person: person, Device: encoder, RoomDevice: w.device},
		{Hearing: w.hearing, Person: "public", Device: "wall", RoomDevice: w.wall},
	}))
}

func (w *whipCourt) account(login string) string {
	a, err := w.store.AccountByLogin(w.t.Context(), login)
	require.NoError(w.t, err)
	return a.ID
}

// enter seats the judge at the console and checks in.
func (w *whipCourt) enter() *websocket.Conn { return w.sit(w.judge, "tham.phan") }

// sit seats the account where the calendar names it and checks in.
func (w *whipCourt) sit(who *browser, login string) *websocket.Conn {
	t := w.t
	seats, err := w.store.Seats(t.Context(), court.SystemScope(), w.hearing)
	require.NoError(t, err)
	var mine store.Seat
	account := w.account(login)
	for _, x := range seats {
		if x.Account == account {
			mine = x
		}
	}
	who.get(http.StatusOK, nil, "POST", "/api/v1/hearings/"+w.hearing+"/enter", map[string]string{"person": mine.Person, "device": mine.Device})
	var me struct{ Room string }
	who.get(http.StatusOK, &me, "GET", "/api/me", nil)
	var cookies []string
	for _, c := range who.cookies {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	d := websocket.Dialer{
		Subprotocols: []string{"phientoa.v1+json"}, TLSClientConfig: w.tls.Clone(),
		NetDialContext: (&net.Dialer{LocalAddr: w.from}).DialContext,
	}
	ws, resp, err := d.Dial("wss://"+w.listener.Addr().String()+"/ws", http.Header{
		"Origin": {"https://court.example"}, "Cookie": {strings.Join(cookies, "; ")},
	})
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	t.Cleanup(func() { _ = ws.Close() })
	w.send(ws, &wire.Envelope{Body: &wire.Envelope_Hello{Hello: &wire.Hello{Room: me.Room}}})
	w.until(ws, func(e *wire.Envelope) bool { return e.GetWelcome() != nil })
	w.act(ws, &wire.Command{Act: &wire.Command_CheckIn{CheckIn: &wire.CheckIn{RulesAccepted: true}}})
	return ws
}

// act gives a command that has to be accepted.
func (w *whipCourt) act(ws *websocket.Conn, c *wire.Command) {
	w.t.Helper()
	w.acts++
	id := strconv.Itoa(w.acts)
	w.send(ws, &wire.Envelope{Id: id, Body: &wire.Envelope_Command{Command: c}})
	res := w.until(ws, func(e *wire.Envelope) bool { return e.GetCommandResult() != nil && e.Id == id }).GetCommandResult()
	require.True(w.t, res.Accepted, "%v", res.Refusal)
}

// openHearing has the judge open it.
func (w *whipCourt) openHearing(ws *websocket.Conn) {
	w.act(ws, &wire.Command{Act: &wire.Command_Open{Open: &wire.Open{OverrideReason: "thử"}}})
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
	// Without "Connection: close" a server that refuses a request reads its body first.
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: w.tls.Clone()}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(r)
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
	video *webrtc.TrackLocalStaticRTP
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
	p.video, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, "v", "s")
	require.NoError(t, err)
	for _, track := range []webrtc.TrackLocal{p.audio, p.video} {
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

// keyframe is the beginning of one of 16 x 16 points, after a descriptor without
// extensions (RFC 7741, 4.2; RFC 6386, 9.1).
var keyframe = []byte{0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 16, 0, 16, 0, 0, 0}

// talk sends sound and pictures until ctx ends.
func (p *encoderPeer) talk(ctx context.Context) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := uint16(1); ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = p.audio.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: n, Timestamp: uint32(n) * 960}, Payload: []byte{0xf8, 0xff, 0xfe}})
			_ = p.video.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, SequenceNumber: n, Timestamp: uint32(n) * 1800}, Payload: keyframe})
		}
	}
}

const sdpType = "application/sdp"

// A courtroom's encoder: refused before anybody has checked in, let in afterwards,
// connected, gone with DELETE, and for good with the revocation of its token.
func TestAnEncoderPublishes(t *testing.T) {
	w := startWhip(t)
	w.book()
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
	at := w.answered(resp, text, "/api/v1/whip", "recvonly", 2)
	require.NoError(t, p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text}))
	within(t, p.up)
	go p.talk(t.Context())
	w.conforms(endpoint{
		path: "/api/v1/whip", token: w.token, other: w.other, wrongKind: w.wallToken, offer: p.offer, at: at, etag: resp.Header.Get("ETag"),
		backwards: strings.ReplaceAll(p.offer, "a=sendonly", "a=recvonly"),
	})
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

	// H.264 of another profile is refused with a reason of its own.
	q := newEncoderPeer(t)
	resp, text = w.ask("POST", "/api/v1/whip", w.token, sdpType, strings.NewReplacer("VP8/90000", "AV1/90000", "=42e01f", "=640032").Replace(q.offer))
	require.Equal(t, http.StatusUnprocessableEntity, resp.StatusCode, text)
	require.Contains(t, text, "media_format")

	// Once more; then the operator takes the token back.
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
