// Package hostile is a guest of a hearing who has a seat by right and misuses it: it
// signs in and checks in as anybody does, then floods, forges and probes. Everything it
// sends is bounded in rate and time, and goes to the one server that it was given.
package hostile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"google.golang.org/protobuf/proto"

	"phientoa/internal/wire"
)

// answerWithin bounds every wait for the server.
const answerWithin = 15 * time.Second

// Seat is a signed-in connection.
type Seat struct {
	conn *websocket.Conn
	host string

	mu      sync.Mutex
	ids     int
	ack     uint64
	relay   *wire.MediaRelay
	view    *wire.View
	answers map[string]*wire.Envelope
	broken  error
	changed chan struct{} // closed and replaced with every message
	done    chan struct{}
}

// TakeSeat takes the demonstration's seat of this role at 127.0.0.1:port, and checks in.
func TakeSeat(ctx context.Context, port int, role string) (*Seat, error) {
	s := &Seat{
		host:    role + ".localhost:" + strconv.Itoa(port),
		answers: map[string]*wire.Envelope{}, changed: make(chan struct{}), done: make(chan struct{}),
	}
	local := "127.0.0.1:" + strconv.Itoa(port)
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	c := &http.Client{
		Jar: jar, Timeout: answerWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	call := func(method, host, path, kind string, body []byte) (location string, text []byte, err error) {
		req, err := http.NewRequestWithContext(ctx, method, "http://"+local+path, bytes.NewReader(body))
		if err != nil {
			return "", nil, err
		}
		req.Host = host
		req.Header.Set("Origin", "http://"+host)
		req.Header.Set("Content-Type", kind)
		res, err := c.Do(req)
		if err != nil {
			return "", nil, err
		}
		defer func() { _ = res.Body.Close() }()
		text, err = io.ReadAll(io.LimitReader(res.Body, 64<<10))
		if err == nil && res.StatusCode >= http.StatusBadRequest {
			err = fmt.Errorf("hostile: %s %s: status %d", method, path, res.StatusCode)
		}
		return res.Header.Get("Location"), text, err
	}
	location, _, err := call(http.MethodPost, "localhost:"+strconv.Itoa(port), "/demo/enter", "application/x-www-form-urlencoded",
		[]byte(url.Values{"role": {role}}.Encode()))
	if err != nil {
		return nil, err
	}
	_, token, _ := strings.Cut(location, "#i=")
	body, err := json.Marshal(map[string]string{"token": token})
	if err != nil {
		return nil, err
	}
	if _, _, err := call(http.MethodPost, s.host, "/api/invitations/consume", "application/json", body); err != nil {
		return nil, err
	}
	_, text, err := call(http.MethodGet, s.host, "/api/me", "application/json", nil)
	if err != nil {
		return nil, err
	}
	var me struct{ Room string }
	if err := json.Unmarshal(text, &me); err != nil {
		return nil, err
	}
	cookies := jar.Cookies(&url.URL{Scheme: "http", Host: s.host})
	return s, s.connect(ctx, local, me.Room, cookies)
}

func (s *Seat) connect(ctx context.Context, local, room string, cookies []*http.Cookie) error {
	head := http.Header{"Origin": {"http://" + s.host}, "Host": {s.host}}
	for _, c := range cookies {
		head.Add("Cookie", c.Name+"="+c.Value)
	}
	d := websocket.Dialer{HandshakeTimeout: answerWithin, Subprotocols: []string{"phientoa.v1"}}
	conn, res, err := d.DialContext(ctx, "ws://"+local+"/ws", head)
	if res != nil {
		defer func() { _ = res.Body.Close() }()
	}
	if err != nil {
		status := 0
		if res != nil {
			status = res.StatusCode
		}
		return fmt.Errorf("hostile: control connection: %w: status %d", err, status)
	}
	s.conn = conn
	go s.read()
	if err := s.send(&wire.Envelope{Body: &wire.Envelope_Hello{Hello: &wire.Hello{Room: room, Language: "vi"}}}); err != nil {
		return err
	}
	if err := s.until(ctx, func() bool { return s.view != nil }); err != nil {
		return err
	}
	_, err = s.Ask(ctx, &wire.Envelope{Body: &wire.Envelope_Command{Command: &wire.Command{
		Act: &wire.Command_CheckIn{CheckIn: &wire.CheckIn{RulesAccepted: true}},
	}}})
	return err
}

// Close ends the connection and its reader.
func (s *Seat) Close() {
	_ = s.conn.Close()
	<-s.done
}

func (s *Seat) read() {
	defer close(s.done)
	for {
		_, data, err := s.conn.ReadMessage()
		e := &wire.Envelope{}
		if err == nil {
			err = proto.Unmarshal(data, e)
		}
		s.mu.Lock()
		s.broken = err
		s.ack = max(s.ack, e.Seq)
		switch b := e.Body.(type) {
		case *wire.Envelope_View:
			s.view = b.View
		case *wire.Envelope_MediaRelay:
			s.relay = b.MediaRelay
		}
		if e.Id != "" {
			s.answers[e.Id] = e
		}
		close(s.changed)
		s.changed = make(chan struct{})
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (s *Seat) send(e *wire.Envelope) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	e.Ack = s.ack
	data, err := proto.Marshal(e)
	if err != nil {
		return err
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(answerWithin))
	return s.conn.WriteMessage(websocket.BinaryMessage, data)
}

// until waits for what messages bring; fits runs under the lock.
func (s *Seat) until(ctx context.Context, fits func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	for {
		s.mu.Lock()
		ok, err, changed := fits(), s.broken, s.changed
		s.mu.Unlock()
		if ok {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return errors.Join(errors.New("hostile: the server did not say what was waited for"), ctx.Err())
		}
	}
}

// Ask sends a request and gives its answer.
func (s *Seat) Ask(ctx context.Context, e *wire.Envelope) (*wire.Envelope, error) {
	s.mu.Lock()
	s.ids++
	e.Id = "h" + strconv.Itoa(s.ids)
	s.mu.Unlock()
	if err := s.send(e); err != nil {
		return nil, err
	}
	var answer *wire.Envelope
	err := s.until(ctx, func() bool { answer = s.answers[e.Id]; return answer != nil })
	return answer, err
}

// Keep sends pings until ctx ends, as every client does.
func (s *Seat) Keep(ctx context.Context) {
	tick := time.NewTicker(4 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = s.send(&wire.Envelope{Body: &wire.Envelope_Ping{Ping: &wire.Ping{}}})
		}
	}
}

// Relay waits for the relay's addresses and the pass of this seat.
func (s *Seat) Relay(ctx context.Context) (*wire.MediaRelay, error) {
	var r *wire.MediaRelay
	err := s.until(ctx, func() bool { r = s.relay; return r != nil })
	return r, err
}

// Admitted waits until the court let this seat into the courtroom.
func (s *Seat) Admitted(ctx context.Context) error {
	return s.until(ctx, func() bool {
		for _, p := range s.view.GetPeople() {
			if p.Person == s.view.Me && p.Status == wire.PersonStatus_PERSON_STATUS_IN_COURTROOM {
				return true
			}
		}
		return false
	})
}
