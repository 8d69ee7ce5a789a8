// Package simpoint is a simulated connection point for demonstrations: a client
// that signs in with an invitation, checks in, and then sends a moving picture
// and a spoken Vietnamese sentence for ever. Whether anybody sees or hears them
// is the server's business, as with any client.
package simpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// protocol is the WebSocket subprotocol that this client speaks.
const protocol = "phientoa.v1"

// Params starts a point.
type Params struct {
	// BaseURL is the origin of the server, for instance http://party.localhost:8080.
	BaseURL string
	// Token of an invitation that was not used yet.
	Token  string
	Logger *slog.Logger
	// Variant chooses among the pictures; every number is some picture.
	Variant int
	// Jitter spreads reconnections: in [0,1); nil is math/rand.
	Jitter func() float64
}

// final marks an error that trying again does not mend.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// Run plays the point until the hearing is closed (nil), ctx ends (its error) or
// the server refuses for good. Everything else is tried again after 0.2, 0.5, 1,
// 2 and then every 3 s, with up to half as much added by chance.
func Run(ctx context.Context, p Params) error {
	c, err := newClient(p)
	if err != nil {
		return err
	}
	defer c.http.CloseIdleConnections()
	delays := []time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 3 * time.Second}
	for try := 0; ; try++ {
		joined, err := c.attend(ctx)
		var end final
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errOver):
			return nil
		case errors.As(err, &end):
			return end.error
		}
		if joined {
			try = 0
		}
		c.p.Logger.Info("point connects again", "try", try+1, "err", err)
		delay := delays[min(try, len(delays)-1)]
		wait := time.NewTimer(delay + time.Duration(c.p.Jitter()*float64(delay)/2))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		}
	}
}

// client is what lasts over connections: the session's cookie and the clips.
type client struct {
	p            Params
	base         *url.URL
	http         *http.Client
	signedIn     bool
	sound, sight clip
}

func newClient(p Params) (*client, error) {
	base, err := url.Parse(p.BaseURL)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, fmt.Errorf("simpoint: base address %q is not http or https", p.BaseURL)
	}
	if p.Jitter == nil {
		p.Jitter = rand.Float64
	}
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("simpoint: cookies: %w", err)
	}
	c := &client{p: p, base: &url.URL{Scheme: base.Scheme, Host: base.Host}}
	c.http = &http.Client{Jar: jar, Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: dial}}
	if c.sound, err = speech(); err != nil {
		return nil, err
	}
	c.sight, err = picture(p.Variant)
	return c, err
}

// dial finds names below .localhost itself: RFC 6761 section 6.3 makes them
// loopback, but not every resolver knows.
func dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		addr = net.JoinHostPort("127.0.0.1", port)
	}
	d := net.Dialer{Timeout: 5 * time.Second}
	return d.DialContext(ctx, network, addr)
}

// attend is one stay: sign in if need be, find the room, speak.
func (c *client) attend(ctx context.Context) (joined bool, err error) {
	if !c.signedIn {
		body, err := json.Marshal(map[string]string{"token": c.p.Token})
		if err != nil {
			return false, fmt.Errorf("simpoint: sign-in: %w", err)
		}
		if _, err := c.call(ctx, http.MethodPost, "/api/invitations/consume", body); err != nil {
			return false, fmt.Errorf("simpoint: sign-in: %w", err)
		}
		c.signedIn = true
	}
	text, err := c.call(ctx, http.MethodGet, "/api/me", nil)
	if err != nil {
		return false, fmt.Errorf("simpoint: who am I: %w", err)
	}
	var me struct {
		Room string `json:"room"`
	}
	if err := json.Unmarshal(text, &me); err != nil {
		return false, fmt.Errorf("simpoint: who am I: %w", err)
	}
	conn, err := c.open(ctx)
	if err != nil {
		return false, err
	}
	s := &session{conn: conn, room: me.Room, sound: c.sound, sight: c.sight, logger: c.p.Logger}
	err = s.run(ctx)
	return s.joined, err
}

// call makes an HTTP call; an answer of the client's own fault is final.
func (c *client) call(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Origin", c.base.String())
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return nil, err
	}
	return text, statusError(res.StatusCode)
}

func statusError(code int) error {
	switch {
	case code < 300:
		return nil
	case code == http.StatusTooManyRequests || code >= 500:
		return fmt.Errorf("status %d", code)
	default:
		return final{fmt.Errorf("status %d", code)}
	}
}

func (c *client) open(ctx context.Context) (*websocket.Conn, error) {
	address := c.base.JoinPath("/ws")
	address.Scheme = strings.Replace(address.Scheme, "http", "ws", 1)
	d := websocket.Dialer{
		NetDialContext: dial, HandshakeTimeout: 10 * time.Second,
		Subprotocols: []string{protocol}, Jar: c.http.Jar,
	}
	conn, res, err := d.DialContext(ctx, address.String(), http.Header{"Origin": {c.base.String()}})
	if res != nil {
		defer func() { _ = res.Body.Close() }()
	}
	if err != nil {
		if res != nil {
			if bad := statusError(res.StatusCode); bad != nil {
				return nil, fmt.Errorf("simpoint: WebSocket: %w", bad)
			}
		}
		return nil, fmt.Errorf("simpoint: WebSocket: %w", err)
	}
	if conn.Subprotocol() != protocol {
		_ = conn.Close()
		return nil, final{errors.New("simpoint: the server does not speak " + protocol)}
	}
	return conn, nil
}
