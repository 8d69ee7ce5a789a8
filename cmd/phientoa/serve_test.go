package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/gorilla/websocket"
	"github.com/pion/stun/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"

	"phientoa/internal/config"
	"phientoa/internal/court"
	"phientoa/internal/disk"
	"phientoa/internal/edge"
	"phientoa/internal/store"
	"phientoa/internal/store/sqlite"
	"phientoa/internal/wire"
	"phientoa/signaling"
)

// syncBuffer is a log that a test reads while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// certificate writes a self-signed certificate of 127.0.0.1.
func certificate(t *testing.T, dir string) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"court.example"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, priv.Public(), priv)
	require.NoError(t, err)
	kder, err := x509.MarshalPKCS8PrivateKey(priv)
	require.NoError(t, err)
	cert, key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: kder}), 0o600))
	c, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool = x509.NewCertPool()
	pool.AddCert(c)
	return cert, key, pool
}

// served is a node of a court, in this process but for its signer.
type served struct {
	*node
	t    *testing.T
	log  *syncBuffer
	tls  *tls.Config
	stop func() error // ends it in order and returns what serve returned
	note func([]byte) // gets every message that until reads, where it is set
}

func startServe(t *testing.T, change func(*config.Config)) *served {
	t.Helper()
	t.Setenv("PHIENTOA_TEST_BE_BINARY", "1") // the signer is this binary
	dir := t.TempDir()
	cert, key, pool := certificate(t, dir)
	c := config.Config{
		Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", DataDir: filepath.Join(dir, "data"), Node: "n1",
		Origins: []string{"https://court.example"}, MediaAddress: []string{"127.0.0.1"}, MediaLoops: 1,
		TLSCert: cert, TLSKey: key, LogLevel: "debug", LogFormat: "json", StopTimeout: 20 * time.Second,
	}
	if change != nil {
		change(&c)
	}
	s := &served{t: t, log: &syncBuffer{}, tls: &tls.Config{RootCAs: pool, ServerName: "court.example"}}
	var err error
	s.node, err = openNode(t.Context(), nodeParams{Config: c, logOut: s.log})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- s.node.serve(ctx, s.proxies.Guard(s.handler()), func() { close(ready) })
	}()
	<-ready
	s.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = s.stop() })
	return s
}

func (s *served) admin(path string) (int, string) {
	s.t.Helper()
	resp, err := http.Get("http://" + s.node.admin.Addr().String() + path)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	return resp.StatusCode, string(b)
}

func (s *served) client() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: s.tls.Clone(), DisableKeepAlives: true}}
}

// arrive books a hearing and signs its clerk in over TLS.
func (s *served) arrive() *websocket.Conn {
	s.t.Helper()
	ctx := s.t.Context()
	h, names, b, err := demoHearing("plain", time.Now(), 0)
	require.NoError(s.t, err)
	h.Demo, b.Demo = false, false
	require.NoError(s.t, signaling.BookHearing(ctx, s.store, "n1", h, names, b, time.Now()))
	person := string(b.People[1].ID)
	token, err := s.auth.Invite(ctx, court.SystemScope(), h.ID, person, "d-"+person, time.Minute)
	require.NoError(s.t, err)
	resp, err := s.client().Post("https://"+s.listener.Addr().String()+"/api/invitations/consume", "application/json", strings.NewReader(`{"token":"`+token+`"}`))
	require.NoError(s.t, err)
	require.NoError(s.t, resp.Body.Close())
	require.Equal(s.t, http.StatusNoContent, resp.StatusCode)
	require.NotEmpty(s.t, resp.Header.Get("Strict-Transport-Security"))
	cookie := resp.Cookies()[0]
	require.True(s.t, cookie.Secure)
	d := websocket.Dialer{Subprotocols: []string{"phientoa.v1+json"}, TLSClientConfig: s.tls.Clone()}
	ws, wresp, err := d.Dial("wss://"+s.listener.Addr().String()+"/ws", http.Header{
		"Origin": {"https://court.example"}, "Cookie": {cookie.Name + "=" + cookie.Value},
	})
	require.NoError(s.t, err)
	require.NoError(s.t, wresp.Body.Close())
	s.t.Cleanup(func() { _ = ws.Close() })
	hello, err := protojson.Marshal(&wire.Envelope{Body: &wire.Envelope_Hello{Hello: &wire.Hello{Room: h.Room}}})
	require.NoError(s.t, err)
	require.NoError(s.t, ws.WriteMessage(websocket.TextMessage, hello))
	s.until(ws, func(e *wire.Envelope) bool { return e.GetView() != nil })
	require.NotContains(s.t, s.log.String(), token)
	require.NotContains(s.t, s.log.String(), cookie.Value)
	return ws
}

func (s *served) until(ws *websocket.Conn, f func(*wire.Envelope) bool) *wire.Envelope {
	s.t.Helper()
	require.NoError(s.t, ws.SetReadDeadline(time.Now().Add(20*time.Second)))
	for {
		_, b, err := ws.ReadMessage()
		require.NoError(s.t, err)
		if s.note != nil {
			s.note(b)
		}
		e := &wire.Envelope{}
		require.NoError(s.t, protojson.Unmarshal(b, e))
		if f(e) {
			return e
		}
	}
}

// A court's server from start to end: TLS by itself, readiness with reasons on
// the admin listener alone, metrics, and a stop that tells everybody.
func TestServeHoldsAndStopsInOrder(t *testing.T) {
	s := startServe(t, func(c *config.Config) { c.DrainDelay = time.Second })
	code, body := s.admin("/readyz")
	require.Equal(t, http.StatusOK, code, body)
	var rep edge.Report
	require.NoError(t, json.Unmarshal([]byte(body), &rep))
	for _, name := range []string{"database", "signer", "disk", "clock"} {
		require.True(t, rep.Checks[name].OK, "%s: %s", name, body)
	}
	for _, path := range []string{"/readyz", "/healthz", "/metrics"} {
		resp, err := s.client().Get("https://" + s.listener.Addr().String() + path)
		require.NoError(t, err)
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.NotContains(t, string(b), "database", path)
		require.NotContains(t, string(b), "go_goroutines", path)
	}

	ws := s.arrive()
	_, metrics := s.admin("/metrics")
	for _, want := range []string{
		"phientoa_seats_connected 1", "phientoa_rooms_open 1", `phientoa_hearings{status="in_session"} 0`,
		`phientoa_http_requests_total{code="101",method="GET",route="/ws"} 1`,
		`phientoa_http_requests_total{code="204",method="POST",route="/api/invitations/consume"} 1`,
		`phientoa_ws_messages_total{direction="in",kind="hello"} 1`,
		"phientoa_tls_certificate_expiry_seconds ", `phientoa_certificate_days{certificate="web"} `, `phientoa_certificate_days{certificate="signer"} `, "phientoa_evidence_free_bytes ",
	} {
		require.Contains(t, metrics, want)
	}
	require.Regexp(t, `phientoa_evidence_written_bytes_total [1-9]`, metrics)
	require.Eventually(t, func() bool { // the clerk's arrival is on its way into the log
		_, metrics := s.admin("/metrics")
		return strings.Contains(metrics, `phientoa_log_append_seconds_count{result="ok"}`)
	}, 10*time.Second, 5*time.Millisecond)

	ended := make(chan error, 1)
	go func() { ended <- s.stop() }()
	require.Eventually(t, func() bool {
		code, body := s.admin("/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(body, `"stopping":true`)
	}, 10*time.Second, time.Millisecond, "not ready while sessions still go on")
	bye := s.until(ws, func(e *wire.Envelope) bool { return e.GetBye() != nil }).GetBye()
	require.Equal(t, "server_stopping", bye.Reason.Code)
	require.True(t, bye.Retry)
	require.NoError(t, <-ended)
	for line := range strings.Lines(s.log.String()) {
		require.True(t, json.Valid([]byte(line)), line)
	}
}

func TestReadyzNamesWhatIsMissing(t *testing.T) {
	s := startServe(t, nil)
	s.child.stop()
	code, body := s.admin("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	var rep edge.Report
	require.NoError(t, json.Unmarshal([]byte(body), &rep))
	require.False(t, rep.Checks["signer"].OK)
	require.True(t, rep.Checks["database"].OK)
	code, _ = s.admin("/healthz")
	require.Equal(t, http.StatusOK, code)

	detail, err := diskCheck("/proc") // a file system that takes nothing
	require.Error(t, err, "%v", detail)
	require.NotErrorIs(t, err, edge.ErrWarning)
	_, err = diskCheck("/proc", "/proc")
	require.NotErrorIs(t, err, edge.ErrWarning)
	second := t.TempDir()
	detail, err = diskCheck(t.TempDir(), second)
	require.ErrorIs(t, err, edge.ErrWarning, "%v: a bare mount point is no disk", detail)
	require.ErrorIs(t, err, disk.ErrAway)
	require.NoError(t, disk.Mark(second))
	_, err = diskCheck(t.TempDir(), second)
	require.NoError(t, err)
	for _, dirs := range [][]string{{t.TempDir(), "/proc"}, {"/proc", second}} {
		detail, err = diskCheck(dirs...)
		require.ErrorIs(t, err, edge.ErrWarning, "%v: one of the two takes recordings", detail)
	}
	_, err = diskCheck(t.TempDir(), "")
	require.NoError(t, err)
	_, err = clockCheck(time.Unix(0, 0).Add(-time.Hour))
	require.Error(t, err)
}

// A database that hangs does not hold the stop up for longer than its bound.
func TestStopIsBounded(t *testing.T) {
	s := startServe(t, func(c *config.Config) { c.StopTimeout = 200 * time.Millisecond })
	s.arrive()
	raw, err := sqlite.Raw(filepath.Join(s.p.DataDir, "phientoa.db"), time.Second, false)
	require.NoError(t, err)
	tx, err := raw.BeginTx(t.Context(), nil) // takes the one place of a writer
	require.NoError(t, err)
	undo := slices.Clone(s.undo) // what is left to the end of the process, which does not end here
	err = s.stop()
	require.ErrorContains(t, err, "not suspended within 200ms")
	require.NoError(t, errors.Join(tx.Rollback(), raw.Close()))
	s.node.undo = undo
	s.node.close()
}

// Without files to read again a SIGHUP means nothing, and ends nothing.
func TestHangUpIsNoStop(t *testing.T) {
	s := startServe(t, func(c *config.Config) { c.TLSCert, c.TLSKey = "", "" })
	code, body := s.admin("/readyz") // it answers: from here on nothing may end it
	require.Equal(t, http.StatusOK, code, body)
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
	// Until a thread has taken it; behind the stop it would end this process.
	require.Eventually(t, func() bool {
		status, err := os.ReadFile("/proc/self/status")
		require.NoError(t, err)
		_, pending, found := strings.Cut(string(status), "ShdPnd:")
		require.True(t, found)
		mask, err := strconv.ParseUint(strings.Fields(pending)[0], 16, 64)
		require.NoError(t, err)
		return mask&(1<<(syscall.SIGHUP-1)) == 0
	}, 20*time.Second, time.Millisecond)
	code, body = s.admin("/readyz")
	require.Equal(t, http.StatusOK, code, body)
	require.NoError(t, s.stop())
}

func TestServeRefusesAHalfRestoredDirectory(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, ".restore"), 0o700))
	_, err := openNode(t.Context(), nodeParams{Config: config.Config{
		Listen: "127.0.0.1:0", DataDir: dir, Node: "n1", MediaAddress: []string{"127.0.0.1"}, LogLevel: "info",
	}, logOut: io.Discard})
	require.ErrorContains(t, err, "restore")
}

type alarmList []store.Alarm

func (a alarmList) Alarms(context.Context, court.Scope, time.Time) ([]store.Alarm, error) {
	return a, nil
}

// Page and program name the same metrics, and no label can name a hearing.
func TestMetricsPageIsUpToDate(t *testing.T) {
	change, _ := stored(t, "http://127.0.0.1:1")
	second := t.TempDir()
	s := startServe(t, func(c *config.Config) { change(c); c.EvidenceSecond = second; c.RelayPort = relayPort(t) })
	_, body := s.admin("/metrics")
	require.Contains(t, body, "\nphientoa_evidence_second_usable 0\n", "a bare mount point is no disk")
	require.NoError(t, disk.Mark(second))
	_, body = s.admin("/metrics")
	require.Contains(t, body, "\nphientoa_evidence_second_usable 1\n")
	if _, ok := s.store.(alarmStore); !ok {
		s.registry.MustRegister(newAlarmCollector(alarmList{{Kind: "help"}, {Kind: "0192-hearing"}}))
	}
	descs := make(chan *prometheus.Desc)
	go func() { s.registry.Describe(descs); close(descs) }()
	form := regexp.MustCompile(`^Desc\{fqName: "([^"]+)", help: "(.*)", unit: "[^"]*", constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`)
	registered := map[string]string{}
	for d := range descs {
		m := form.FindStringSubmatch(d.String())
		require.NotNil(t, m, d.String())
		if strings.HasPrefix(m[1], "go_") || strings.HasPrefix(m[1], "process_") {
			continue
		}
		labels := strings.FieldsFunc(m[4], func(r rune) bool { return r == ',' })
		for c := range strings.SplitSeq(m[3], ",") {
			if name, _, ok := strings.Cut(c, "="); ok {
				labels = append(labels, name)
			}
		}
		for i, l := range labels {
			require.NotContains(t, []string{"hearing", "person", "point", "track", "device", "docket", "unit"}, l, m[1])
			labels[i] = "`" + l + "`"
		}
		slices.Sort(labels)
		registered[m[1]] = strings.TrimSpace(m[2] + " | " + strings.Join(labels, ", "))
	}
	page, err := os.ReadFile("../../docs/metrics.md")
	require.NoError(t, err)
	documented, types := map[string]string{}, map[string]string{}
	for line := range strings.Lines(string(page)) {
		f := strings.Split(strings.TrimSpace(line), "|")
		if len(f) != 7 || !strings.HasPrefix(strings.TrimSpace(f[1]), "`") {
			continue
		}
		name := strings.Trim(strings.TrimSpace(f[1]), "`")
		documented[name] = strings.TrimSpace(strings.TrimSpace(f[4]) + " | " + strings.TrimSpace(f[5]))
		types[name] = strings.TrimSpace(f[2])
		require.Regexp(t, `^0\.\d+$`, strings.TrimSpace(f[3]), name)
	}
	require.Equal(t, registered, documented)

	families, err := s.registry.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if want, ok := types[f.GetName()]; ok {
			require.Equal(t, want, strings.ToLower(f.GetType().String()), f.GetName())
		}
	}
	for name, kind := range types {
		require.Equal(t, kind == "counter", strings.HasSuffix(name, "_total"), name)
	}
	require.NotContains(t, fmt.Sprint(families), "0192-hearing")
}

// Whatever the database holds becomes one of a few words.
func TestAlarmsAreCountedByKnownKinds(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(newAlarmCollector(alarmList{{Kind: "help"}, {Kind: "help"}, {Kind: "x"}, {Kind: "recorder", DoneAt: time.Now()}}))
	families, err := reg.Gather()
	require.NoError(t, err)
	got := map[string]float64{}
	for _, m := range families[0].Metric {
		got[m.Label[0].GetValue()] = m.Gauge.GetValue()
	}
	require.Equal(t, map[string]float64{"help": 2, "other": 1, "recorder": 0, "test_failed": 0, "point_lost": 0, "picture": 0, "media_blocked": 0, "disk": 0, "certificate": 0}, got)
}

// What a demonstration has recorded goes through backup, check and restore, and
// its record verifies from the restored directory with the old authority.
func TestBackupAndRestoreByCommand(t *testing.T) {
	s := startServe(t, nil)
	s.arrive()
	dir := s.p.DataDir
	var out, errs bytes.Buffer
	call := func(in io.Reader, args ...string) int {
		out.Reset()
		errs.Reset()
		return run(t.Context(), args, streams{&out, &errs, in})
	}
	to := t.TempDir()
	key, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	identity, recipients := filepath.Join(to, "key.txt"), filepath.Join(to, "recipients.txt")
	require.NoError(t, os.WriteFile(identity, []byte("# kept elsewhere\n"+key.String()+"\n"), 0o600))
	require.NoError(t, os.WriteFile(recipients, []byte("# the court's\n"+key.Recipient().String()+"\n"), 0o600))
	for _, args := range [][]string{{}, {"--plain", "--recipient", key.Recipient().String()}, {"--recipient", "age1"}, {"--recipients-file", identity + "x"}} {
		require.Equal(t, 1, call(nil, append([]string{"backup", "--data-dir", dir, "--to", to}, args...)...), args)
		require.Contains(t, errs.String(), "recipient", "which is to be given")
	}
	require.Equal(t, 0, call(nil, "backup", "--data-dir", dir, "--to", to, "--recipients-file", recipients), errs.String())
	name := strings.TrimSpace(out.String())
	require.FileExists(t, name)
	require.True(t, strings.HasSuffix(name, ".tar.gz.age"), name)
	require.Contains(t, errs.String(), "1 hearings")
	require.Equal(t, 1, call(nil, "restore", name, "--check"))
	require.Contains(t, errs.String(), "--identity")
	require.Equal(t, 0, call(nil, "restore", name, "--check", "--identity", identity), errs.String())
	require.Contains(t, out.String(), "ok:")
	fresh := filepath.Join(t.TempDir(), "data")
	require.Equal(t, 0, call(nil, "restore", name, "--data-dir", fresh, "--identity", identity), errs.String())
	require.Contains(t, out.String(), "void")
	require.Equal(t, 1, call(nil, "restore", name, "--data-dir", fresh, "--identity", identity))
	require.Contains(t, errs.String(), "not empty")
	require.FileExists(t, filepath.Join(fresh, "pki-of-backup", "ca.pem"))
	require.Equal(t, 0, call(nil, "backup", "--data-dir", dir, "--to", "-", "--with-keys", "--plain"), errs.String())
	piped := bufio.NewReader(bytes.NewReader(slices.Clone(out.Bytes())))
	second := filepath.Join(t.TempDir(), "data")
	require.Equal(t, 0, call(piped, "restore", "-", "--data-dir", second), errs.String())
	require.FileExists(t, filepath.Join(second, "pki", "ca.key"))
	require.NoError(t, s.stop())

	n, err := openNode(t.Context(), nodeParams{Config: config.Config{
		Listen: "127.0.0.1:0", DataDir: fresh, Node: "n1", MediaAddress: []string{"127.0.0.1"}, MediaLoops: 1, LogLevel: "info",
	}, logOut: io.Discard})
	require.NoError(t, err, "a server starts on what was restored")
	n.close()
}

// relayPort is a port that is free for TCP and UDP at this moment.
func relayPort(t *testing.T) uint16 {
	t.Helper()
	for range 20 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		at := l.Addr().String()
		u, err := net.ListenPacket("udp", at)
		require.NoError(t, l.Close())
		if err == nil {
			require.NoError(t, u.Close())
			ap, err := netip.ParseAddrPort(at)
			require.NoError(t, err)
			return ap.Port()
		}
	}
	t.Fatal("no free port")
	return 0
}

// The relay answers over TLS by the web server's certificate and asks for none, even
// where the web server does; who shows no pass is asked for one, and the log says
// nothing of anybody's.
func TestServeHasARelay(t *testing.T) {
	over := relayPort(t)
	s := startServe(t, func(c *config.Config) {
		c.RelayPort, c.RelayTLS, c.RelayHost = relayPort(t), []string{fmt.Sprintf("127.0.0.1:%d", over)}, "court.example"
		c.ClientCA = c.TLSCert
	})
	pass, err := s.relayPasses()()
	require.NoError(t, err)
	require.Contains(t, pass.Access().URLs, fmt.Sprintf("turns:court.example:%d?transport=tcp", over))
	conn, err := (&tls.Dialer{Config: s.tls}).DialContext(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", over))
	require.NoError(t, err)
	defer conn.Close()
	transport := stun.RawAttribute{Type: stun.AttrRequestedTransport, Value: []byte{17, 0, 0, 0}}
	request := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), transport)
	_, err = conn.Write(request.Raw)
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	b := make([]byte, 1500)
	n, err := conn.Read(b)
	require.NoError(t, err)
	answer := &stun.Message{Raw: b[:n]}
	require.NoError(t, answer.Decode())
	var code stun.ErrorCodeAttribute
	require.NoError(t, code.GetFrom(answer))
	require.Equal(t, stun.CodeUnauthorized, code.Code)
	require.NotContains(t, s.log.String(), pass.Access().Username)
	require.NotContains(t, s.log.String(), pass.Access().Password)
	pass.Revoke()
}
