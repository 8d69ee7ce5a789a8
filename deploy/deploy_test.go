// Package deploy_test checks the files of this folder with the programs that will
// read them. What is not installed is skipped by name.
package deploy_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"phientoa/internal/config"
	"phientoa/internal/edge"
	"phientoa/signaling/office"
)

func tool(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range []string{"", "/usr/sbin"} {
		if p, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return p
		}
	}
	t.Skipf("%s is not installed", name)
	return ""
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(b)
}

// documented are the metrics of docs/metrics.md, which a test of cmd compares
// with what the program registers.
func documented(t *testing.T) map[string]bool {
	out := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (\\w+)").FindAllStringSubmatch(read(t, "../docs/metrics.md"), -1) {
		out[m[1]] = true
		if m[2] == "histogram" {
			out[m[1]+"_bucket"], out[m[1]+"_count"], out[m[1]+"_sum"] = true, true, true
		}
	}
	require.Greater(t, len(out), 30)
	return out
}

func requireKnownMetrics(t *testing.T, known map[string]bool, expr string) {
	t.Helper()
	names := regexp.MustCompile(`\b(phientoa|sfu)_[a-z_]+`).FindAllString(expr, -1)
	for _, n := range names {
		require.True(t, known[n], "%s in %s", n, expr)
	}
}

func TestAlertRules(t *testing.T) {
	known := documented(t)
	rules := read(t, "prometheus/alerts.yml")
	exprs := regexp.MustCompile(`(?m)^\s+expr: (.+)$`).FindAllStringSubmatch(rules, -1)
	alerts := regexp.MustCompile(`(?m)- alert: (\w+)$`).FindAllStringSubmatch(rules, -1)
	require.Len(t, exprs, len(alerts))
	tests := read(t, "prometheus/alerts_test.yml")
	for i, a := range alerts {
		requireKnownMetrics(t, known, exprs[i][1])
		require.Regexp(t, `(?s)alertname: `+a[1]+`\n\s+exp_alerts:\n\s+- exp_labels`, tests, "%s is never shown to fire", a[1])
		require.Contains(t, tests, "alertname: "+a[1]+", exp_alerts: []", "%s is never shown to be silent", a[1])
	}
	promtool := tool(t, "promtool")
	for _, args := range [][]string{{"check", "rules", "alerts.yml"}, {"test", "rules", "alerts_test.yml"}, {"check", "config", "prometheus.yml"}} {
		cmd := exec.Command(promtool, args...)
		cmd.Dir = "prometheus"
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "promtool %s: %s", strings.Join(args, " "), out)
	}
}

func TestDashboard(t *testing.T) {
	known := documented(t)
	var d struct {
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(read(t, "grafana/phientoa.json")), &d))
	require.NotEmpty(t, d.Panels)
	ids := map[int]bool{}
	for _, p := range d.Panels {
		require.False(t, ids[p.ID], p.Title)
		ids[p.ID] = true
		require.NotEmpty(t, p.Targets, p.Title)
		for _, q := range p.Targets {
			require.Regexp(t, `phientoa_|sfu_`, q.Expr)
			requireKnownMetrics(t, known, q.Expr)
		}
	}
}

// Every setting that a file here gives must be one that the program has.
func TestSettingsAreKnown(t *testing.T) {
	page := config.Page()
	for _, name := range []string{
		"systemd/phientoa.service", "systemd/phientoa-backup.service", "container/Containerfile",
		"kustomize/base/configmap.yaml", "kustomize/base/statefulset.yaml",
	} {
		for _, env := range regexp.MustCompile(`PHIENTOA_[A-Z_]+`).FindAllString(read(t, name), -1) {
			require.Contains(t, page, "`"+env+"`", "%s: %s", name, env)
		}
	}
}

func TestSystemdUnits(t *testing.T) {
	analyze := tool(t, "systemd-analyze")
	dir := t.TempDir()
	var units []string
	for _, name := range []string{"phientoa.service", "phientoa-signer.service", "phientoa-backup.service", "phientoa-backup.timer"} {
		// verify wants the program to be there.
		text := strings.ReplaceAll(read(t, "systemd/"+name), "/usr/local/bin/phientoa", "/bin/true")
		p := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(p, []byte(text), 0o600))
		units = append(units, p)
	}
	out, err := exec.Command(analyze, append([]string{"verify"}, units...)...).CombinedOutput()
	require.NoError(t, err, string(out))
	require.NotContains(t, string(out), dir, "a complaint about our units") // warnings exit with 0
	for unit, threshold := range map[string]string{"phientoa.service": "17", "phientoa-signer.service": "10"} {
		out, err := exec.Command(analyze, "security", "--offline=yes", "--threshold="+threshold, filepath.Join(dir, unit)).CombinedOutput()
		require.NoError(t, err, "%s is more exposed than %s (of 100):\n%s", unit, threshold, out)
	}
	server, signer := read(t, "systemd/phientoa.service"), read(t, "systemd/phientoa-signer.service")
	require.Contains(t, signer, "PrivateNetwork=yes")
	require.Contains(t, server, "SupplementaryGroups=phientoa-signer")
	require.NotRegexp(t, `(?m)^(DynamicUser|User=root)`, server+signer)
}

func TestKustomize(t *testing.T) {
	kubectl := tool(t, "kubectl")
	cmd := exec.Command(kubectl, "kustomize", "kustomize/base")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	require.NoError(t, err, errs.String())
	require.Empty(t, errs.String(), "warnings")
	kinds := map[string]int{}
	for _, doc := range strings.Split(string(out), "\n---\n") {
		kind := regexp.MustCompile(`(?m)^kind: (\w+)$`).FindStringSubmatch(doc)
		require.NotNil(t, kind, doc)
		kinds[kind[1]]++
		require.Contains(t, doc, "app.kubernetes.io/name: phientoa", kind[1])
	}
	require.Equal(t, map[string]int{
		"ConfigMap": 1, "NetworkPolicy": 1, "PodDisruptionBudget": 1, "Service": 2, "ServiceAccount": 1, "StatefulSet": 1,
	}, kinds)
	for _, want := range []string{
		"runAsNonRoot: true", "readOnlyRootFilesystem: true", "allowPrivilegeEscalation: false", "- ALL",
		"automountServiceAccountToken: false", "path: /readyz", "hostNetwork: true",
	} {
		require.Contains(t, string(out), want)
	}
	require.NotContains(t, string(out), "privileged: true")
}

// No engine is here to build it: what can be seen from the text.
func TestContainerfile(t *testing.T) {
	text := read(t, "container/Containerfile")
	last := text[strings.LastIndex(text, "\nFROM "):]
	require.NotRegexp(t, `(?m)^(RUN|SHELL|ADD) `, last, "the image has no shell")
	require.Regexp(t, `(?m)^USER [1-9]\d*:[1-9]\d*$`, last)
	require.Regexp(t, `(?m)^ENTRYPOINT \["/`, last)
	require.NotRegexp(t, `(?m)^FROM \S+:latest|^FROM [^: ]+$`, text)
	for _, c := range regexp.MustCompile(`(?m)^COPY ([a-z.][^\n]*) \./$`).FindAllStringSubmatch(text, -1) {
		for _, f := range strings.Fields(c[1]) {
			require.FileExists(t, filepath.Join("..", f))
		}
	}
}

// nginxBefore runs a real nginx with our file before backend and returns the
// addresses of its two ports.
func nginxBefore(t *testing.T, backend string) (plain, secure string) {
	t.Helper()
	nginx := tool(t, "nginx")
	dir := t.TempDir()
	ports := make([]string, 2)
	for i := range ports {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		ports[i] = ln.Addr().String()
		require.NoError(t, ln.Close())
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"phientoa.example"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	require.NoError(t, err)
	kder, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	write := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(p, b, 0o600))
		return p
	}
	site := read(t, "nginx/phientoa.conf")
	site = regexp.MustCompile(`(?m)^\s+listen \[::\].*$`).ReplaceAllString(site, "")
	for old, now := range map[string]string{
		"listen 80;": "listen " + ports[0] + ";", "listen 443 ssl": "listen " + ports[1] + " ssl",
		"server 127.0.0.1:8080;":      "server " + backend + ";",
		"/etc/phientoa/tls.crt":       write("tls.crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		"/etc/phientoa/tls.key":       write("tls.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: kder})),
		"/var/log/nginx/phientoa.log": filepath.Join(dir, "access.log"),
	} {
		require.Contains(t, site, old)
		site = strings.ReplaceAll(site, old, now)
	}
	main := "daemon off; master_process off; worker_processes 1; pid " + dir + "/pid; error_log stderr;\nevents {}\nhttp {\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		main += kind + "_temp_path " + dir + "/" + kind + ";\n"
	}
	conf := write("nginx.conf", []byte(main+"include "+write("site.conf", []byte(site))+";\n}\n"))
	cmd := exec.Command(nginx, "-p", dir, "-e", "stderr", "-c", conf)
	var log bytes.Buffer
	cmd.Stderr = &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed: its error says that
	})
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", ports[1])
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}, 20*time.Second, 10*time.Millisecond)
	return ports[0], ports[1]
}

// What the server takes passes the proxy, and not much more.
func TestNginxLetsOurBodiesThrough(t *testing.T) {
	m := regexp.MustCompile(`(?m)^\s*client_max_body_size (\d+)m;$`).FindStringSubmatch(read(t, "nginx/phientoa.conf"))
	require.NotNil(t, m)
	mib, err := strconv.Atoi(m[1])
	require.NoError(t, err)
	require.Greater(t, mib<<20, office.MaxBody)
	require.LessOrEqual(t, mib<<20, 4*office.MaxBody)
}

// A real nginx with our file: pages, the WebSocket's upgrade, the client's own
// address whatever the client claims, and no clear text.
func TestNginxBeforeTheServer(t *testing.T) {
	proxies, err := edge.ParseProxies([]string{"127.0.0.1"})
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/x", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RemoteAddr, " ", r.Host) })
	mux.HandleFunc("GET /ws", func(w http.ResponseWriter, r *http.Request) {
		ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		_ = ws.WriteMessage(websocket.TextMessage, []byte(r.RemoteAddr))
		_, b, err := ws.ReadMessage()
		if err == nil {
			_ = ws.WriteMessage(websocket.TextMessage, b)
		}
		_ = ws.Close()
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &http.Server{Handler: proxies.Guard(mux), ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close() })
	plain, secure := nginxBefore(t, ln.Addr().String())

	// The client is another address of this machine, so that it can be told from nginx.
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return from.DialContext(ctx, network, secure)
	}
	trust := &tls.Config{InsecureSkipVerify: true}
	c := &http.Client{
		Transport:     &http.Transport{DialContext: dial, TLSClientConfig: trust, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequest(http.MethodGet, "https://phientoa.example/api/x", nil)
	require.NoError(t, err)
	req.Header = http.Header{"X-Forwarded-For": {"9.9.9.9"}, "X-Real-Ip": {"9.9.9.9"}, "Forwarded": {"for=9.9.9.9"}, "X-Forwarded-Proto": {"http"}}
	resp, err := c.Do(req)
	require.NoError(t, err)
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "127.0.0.2:0 phientoa.example", string(b))
	require.Equal(t, 2, resp.ProtoMajor)
	require.NotEmpty(t, resp.Header.Get("Strict-Transport-Security"))

	d := websocket.Dialer{NetDialContext: dial, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	ws, wresp, err := d.Dial("wss://phientoa.example/ws", http.Header{"X-Forwarded-For": {"9.9.9.9"}})
	require.NoError(t, err)
	require.NoError(t, wresp.Body.Close())
	_, b, err = ws.ReadMessage()
	require.NoError(t, err)
	require.Equal(t, "127.0.0.2:0", string(b))
	require.NoError(t, ws.WriteMessage(websocket.BinaryMessage, []byte("echo")))
	_, b, err = ws.ReadMessage()
	require.NoError(t, err)
	require.Equal(t, "echo", string(b))
	require.NoError(t, ws.Close())

	clear := &http.Client{CheckRedirect: c.CheckRedirect}
	resp, err = clear.Get("http://" + plain + "/x")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusPermanentRedirect, resp.StatusCode)
	require.Equal(t, "https://phientoa.example/x", resp.Header.Get("Location"))
}

// A page that names a test as its proof names one that exists.
func TestTestsThatPagesNameExist(t *testing.T) {
	named := regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9]*)`")
	var all strings.Builder
	require.NoError(t, filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2) {
			return filepath.SkipDir
		}
		if err == nil && strings.HasSuffix(path, "_test.go") {
			all.WriteString(read(t, path))
		}
		return err
	}))
	pages, err := filepath.Glob("../docs/*.md")
	require.NoError(t, err)
	n := 0
	for _, page := range append(pages, "../README.md") {
		for _, m := range named.FindAllStringSubmatch(read(t, page), -1) {
			n++
			require.Contains(t, all.String(), "func "+m[1], page)
		}
	}
	require.Positive(t, n)
}

// The policy names only what a browser of a court needs, and one court.
func TestBrowserPolicy(t *testing.T) {
	var policy struct {
		WebRtcIPHandling                                                    string
		AudioCaptureAllowedUrls, VideoCaptureAllowedUrls, AutoplayAllowlist []string
	}
	d := json.NewDecoder(strings.NewReader(read(t, "browser/phientoa.json")))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&policy))
	require.Equal(t, "default_public_interface_only", policy.WebRtcIPHandling)
	for _, list := range [][]string{policy.AudioCaptureAllowedUrls, policy.VideoCaptureAllowedUrls, policy.AutoplayAllowlist} {
		require.Len(t, list, 1)
		require.Regexp(t, "^https://", list[0])
	}
}
