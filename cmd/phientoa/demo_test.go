package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"

	"phientoa/internal/wire"
)

// TestMain makes the test binary the product when a test asks for it: the signer
// is a child process, and kill -9 needs a process to kill.
func TestMain(m *testing.M) {
	if os.Getenv("PHIENTOA_TEST_BE_BINARY") != "" {
		main()
		return
	}
	m.Run() // the testing package exits with its code (Go 1.15)
}

// process is a running demonstration.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	port string
	log  *bytes.Buffer
}

func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, ln.Close()) }()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	require.NoError(t, err)
	return port
}

func startDemo(t *testing.T, dir, port string, more ...string) *process {
	t.Helper()
	args := append([]string{"demo", "--data-dir", dir, "--port", port, "--media-port", "0", "--relay-port", "0", "--media-loops", "1", "--case", "plain"}, more...)
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "PHIENTOA_TEST_BE_BINARY=1")
	p := &process{t: t, cmd: cmd, port: port, log: &bytes.Buffer{}}
	cmd.Stderr = p.log
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		if cmd.ProcessState == nil { // the test ended early
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "http://localhost:"+port {
			return p
		}
	}
	_ = cmd.Wait()
	t.Fatalf("the demonstration did not start: %s", p.log)
	return nil
}

func (p *process) signal(s os.Signal) error {
	require.NoError(p.t, p.cmd.Process.Signal(s))
	return p.cmd.Wait()
}

// person is somebody at a role's page.
type person struct {
	t    *testing.T
	base string
	room string
	http *http.Client
	ws   *websocket.Conn
	n    int
	view *wire.View
}

// arrive clicks a role on the page of roles and follows to the WebSocket.
func (p *process) arrive(role string) *person {
	p.t.Helper()
	x := &person{t: p.t}
	x.signIn(p.port, role)
	x.connect()
	return x
}

func (x *person) signIn(port, role string) {
	x.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(x.t, err)
	x.http = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := x.http.PostForm("http://127.0.0.1:"+port+"/demo/enter", url.Values{"role": {role}})
	require.NoError(x.t, err)
	require.NoError(x.t, resp.Body.Close())
	require.Equal(x.t, http.StatusSeeOther, resp.StatusCode)
	where, token, ok := strings.Cut(resp.Header.Get("Location"), "/#i=")
	require.True(x.t, ok)
	require.Equal(x.t, "http://"+role+".localhost:"+port, where)
	x.base = "http://127.0.0.1:" + port
	resp, err = x.http.Post(x.base+"/api/invitations/consume", "application/json", strings.NewReader(`{"token":"`+token+`"}`))
	require.NoError(x.t, err)
	require.NoError(x.t, resp.Body.Close())
	require.Equal(x.t, http.StatusNoContent, resp.StatusCode)
	again, err := http.Post(x.base+"/api/invitations/consume", "application/json", strings.NewReader(`{"token":"`+token+`"}`))
	require.NoError(x.t, err)
	require.NoError(x.t, again.Body.Close())
	require.Equal(x.t, http.StatusForbidden, again.StatusCode, "once")
	resp, err = x.http.Get(x.base + "/api/me")
	require.NoError(x.t, err)
	var me struct{ Room string }
	require.NoError(x.t, json.NewDecoder(resp.Body).Decode(&me))
	require.NoError(x.t, resp.Body.Close())
	x.room = me.Room
}

func (x *person) connect() {
	x.t.Helper()
	d := websocket.Dialer{Subprotocols: []string{"phientoa.v1+json"}, Jar: x.http.Jar}
	ws, resp, err := d.Dial("ws"+strings.TrimPrefix(x.base, "http")+"/ws", http.Header{"Origin": {x.base}})
	require.NoError(x.t, err)
	require.NoError(x.t, resp.Body.Close())
	x.ws = ws
	x.t.Cleanup(func() { _ = ws.Close() })
	x.send(&wire.Envelope{Body: &wire.Envelope_Hello{Hello: &wire.Hello{Room: x.room}}})
	x.until(func(e *wire.Envelope) bool { return e.GetView() != nil })
}

func (x *person) send(e *wire.Envelope) {
	x.t.Helper()
	b, err := protojson.Marshal(e)
	require.NoError(x.t, err)
	require.NoError(x.t, x.ws.WriteMessage(websocket.TextMessage, b))
}

func (x *person) until(f func(*wire.Envelope) bool) {
	x.t.Helper()
	require.NoError(x.t, x.ws.SetReadDeadline(time.Now().Add(20*time.Second)))
	for {
		_, b, err := x.ws.ReadMessage()
		require.NoError(x.t, err)
		e := &wire.Envelope{}
		require.NoError(x.t, protojson.Unmarshal(b, e))
		if v := e.GetView(); v != nil {
			x.view = v
		}
		if f(e) {
			return
		}
	}
}

func (x *person) sees(f func(*wire.View) bool) {
	x.t.Helper()
	if x.view != nil && f(x.view) {
		return
	}
	x.until(func(e *wire.Envelope) bool { return e.GetView() != nil && f(e.GetView()) })
}

func (x *person) do(act string) {
	x.t.Helper()
	x.n++
	id := fmt.Sprint(x.n)
	e := &wire.Envelope{}
	require.NoError(x.t, protojson.Unmarshal([]byte(`{"id":"`+id+`","command":`+act+`}`), e))
	x.send(e)
	x.until(func(e *wire.Envelope) bool {
		if e.GetCommandResult() == nil || e.Id != id {
			return false
		}
		require.True(x.t, e.GetCommandResult().Accepted, "%s: %v", act, e.GetCommandResult().Refusal)
		return true
	})
}

func status(v *wire.View, suffix string) *wire.PersonView {
	for _, p := range v.People {
		if strings.HasSuffix(p.Person, suffix) {
			return p
		}
	}
	return &wire.PersonView{}
}

func (x *person) id(suffix string) string {
	x.t.Helper()
	x.sees(func(v *wire.View) bool { return status(v, suffix).Person != "" })
	return status(x.view, suffix).Person
}

// The whole story of the binary: sign in by a click, hold a hearing, be killed
// in the midst of it, go on with everything in force, close, verify.
func TestDemonstrationSurvivesKillAndVerifies(t *testing.T) {
	dir, port := t.TempDir(), freePort(t)
	p := startDemo(t, dir, port)
	j, party := p.arrive("judge"), p.arrive("party")
	j.do(`{"checkIn":{"rulesAccepted":true}}`)
	party.do(`{"checkIn":{"rulesAccepted":true}}`)
	who := j.id("-party")
	j.do(`{"admit":{"person":"` + who + `"}}`)
	j.sees(func(v *wire.View) bool { return len(v.Alerts) == 0 }) // the recorder runs
	j.do(`{"open":{}}`)
	j.sees(func(v *wire.View) bool { return v.Recording })
	j.do(`{"giveFloor":{"person":"` + who + `"}}`)
	j.do(`{"muteLock":{"person":"` + who + `"}}`)
	require.Error(t, p.signal(syscall.SIGKILL))

	p = startDemo(t, dir, port)
	j.connect() // the cookie still holds
	j.sees(func(v *wire.View) bool {
		x := status(v, "-party")
		return v.State == wire.HearingState_HEARING_STATE_IN_SESSION && v.Floor == who && x.Locked && !x.MicrophoneOpen
	})
	j.sees(func(v *wire.View) bool { return v.Recording })
	j.do(`{"close":{}}`)
	require.NoError(t, p.signal(syscall.SIGTERM), p.log.String())

	parts, err := filepath.Glob(filepath.Join(dir, "evidence", "*"))
	require.NoError(t, err)
	require.Len(t, parts, 1)
	var out, errs bytes.Buffer
	code := run(context.Background(), []string{"verify", parts[0], "--root", filepath.Join(dir, "pki", "ca.pem"), "--lang", "en"}, streams{&out, &errs, strings.NewReader("")})
	require.Equal(t, 0, code, "%s%s", out.String(), errs.String())
	out.Reset()
	require.Equal(t, 3, run(context.Background(), []string{"verify", parts[0]}, streams{&out, &errs, strings.NewReader("")}), out.String())
	require.Equal(t, 2, run(context.Background(), []string{"verify", filepath.Join(dir, "none")}, streams{&out, &errs, strings.NewReader("")}))

	serve := []string{"serve", "--data-dir", dir, "--listen", "127.0.0.1:0", "--admin-listen", "", "--media-port", "0", "--origin", "http://127.0.0.1"}
	errs.Reset()
	require.Equal(t, 1, run(context.Background(), serve, streams{io.Discard, &errs, strings.NewReader("")}))
	require.Contains(t, errs.String(), "demonstration")
}

func TestPageOfRolesKnowsOnlyItsNames(t *testing.T) {
	dir, port := t.TempDir(), freePort(t)
	p := startDemo(t, dir, port, "--points", "2")
	get := func(host, path string) (*http.Response, string) {
		req, err := http.NewRequest(http.MethodGet, "http://127.0.0.1:"+port+path, nil)
		require.NoError(t, err)
		req.Host = host
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp, string(b)
	}
	resp, body := get("localhost:"+port, "/")
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Contains(t, body, "Chủ tọa phiên tòa")
	require.Contains(t, resp.Header.Get("Content-Security-Policy"), landingStyleHash())
	resp, body = get("localhost:"+port, "/metrics")
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Contains(t, body, "go_goroutines")
	resp, _ = get("judge.localhost:"+port, "/metrics")
	require.NotContains(t, resp.Header.Get("Content-Type"), "version=")
	resp, _ = get("evil.example:"+port, "/")
	require.Equal(t, http.StatusMisdirectedRequest, resp.StatusCode)

	j := p.arrive("judge")
	j.do(`{"checkIn":{"rulesAccepted":true}}`)
	for _, point := range []string{"-point-01", "-point-02"} {
		j.sees(func(v *wire.View) bool { return status(v, point).Status == wire.PersonStatus_PERSON_STATUS_WAITING })
		j.do(`{"admit":{"person":"` + j.id(point) + `"}}`)
	}
	foreign, err := http.NewRequest(http.MethodPost, "http://127.0.0.1:"+port+"/demo/new", nil)
	require.NoError(t, err)
	foreign.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err = http.DefaultClient.Do(foreign)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
	require.NoError(t, p.signal(syscall.SIGTERM), p.log.String())
}
