package edge_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"phientoa/internal/edge"
)

type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T, name string) *authority {
	a := &authority{t: t}
	a.cert, a.key, a.pem, _ = a.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotAfter: time.Now().Add(time.Hour),
	})
	return a
}

func (a *authority) issue(tmpl *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey, []byte, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	tmpl.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(a.t, err)
	tmpl.NotBefore = time.Now().Add(-time.Hour)
	parent, signer := tmpl, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), signer)
	require.NoError(a.t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(a.t, err)
	kder, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(a.t, err)
	return cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: kder})
}

func (a *authority) leaf(name string, end time.Time) (cert, key []byte) {
	_, _, cert, key = a.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{"court.example"}, NotAfter: end,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
	return cert, key
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// site is a TLS server over files.
type site struct {
	tls    *edge.TLS
	params edge.TLSParams
	addr   string
	ca     *authority
}

func newSite(t *testing.T, client *authority) *site {
	t.Helper()
	s := &site{ca: newAuthority(t, "root")}
	dir := t.TempDir()
	s.params = edge.TLSParams{
		Cert: filepath.Join(dir, "tls.crt"), Key: filepath.Join(dir, "tls.key"),
		Every: time.Hour, Logger: slog.New(slog.DiscardHandler),
	}
	if client != nil {
		s.params.ClientCA = filepath.Join(dir, "client.pem")
		require.NoError(t, os.WriteFile(s.params.ClientCA, client.pem, 0o600))
	}
	s.write(t, "first")
	var err error
	s.tls, err = edge.LoadTLS(s.params)
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.addr = ln.Addr().String()
	srv := &http.Server{TLSConfig: s.tls.Config(), ReadHeaderTimeout: time.Minute, Handler: edge.Proxies{}.Guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
		for _, c := range r.TLS.PeerCertificates {
			_, _ = io.WriteString(w, " "+c.Subject.CommonName)
		}
	})), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	go func() { _ = srv.ServeTLS(ln, "", "") }()
	t.Cleanup(func() { _ = srv.Close() })
	return s
}

func (s *site) write(t *testing.T, name string) {
	t.Helper()
	cert, key := s.ca.leaf(name, time.Now().Add(90*time.Minute))
	require.NoError(t, os.WriteFile(s.params.Key, key, 0o600))
	require.NoError(t, os.WriteFile(s.params.Cert, cert, 0o600))
}

func (s *site) dial(c *tls.Config) (*tls.ConnectionState, error) {
	c.RootCAs, c.ServerName = s.ca.pool(), "court.example"
	conn, err := tls.Dial("tcp", s.addr, c)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	// The server's verdict on a client certificate comes after the handshake (TLS 1.3).
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: court.example\r\nConnection: close\r\n\r\n"); err != nil {
		return nil, err
	}
	if _, err := io.ReadAll(conn); err != nil {
		return nil, err
	}
	st := conn.ConnectionState()
	return &st, nil
}

func TestTLSVersionsAndProtocols(t *testing.T) {
	s := newSite(t, nil)
	_, err := s.dial(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	require.ErrorContains(t, err, "protocol version")
	for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		st, err := s.dial(&tls.Config{MinVersion: v, MaxVersion: v})
		require.NoError(t, err)
		require.Equal(t, v, st.Version)
	}
	st, err := s.dial(&tls.Config{NextProtos: []string{"http/1.1"}})
	require.NoError(t, err)
	require.Equal(t, "http/1.1", st.NegotiatedProtocol)

	c := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: s.ca.pool(), ServerName: "court.example"}}}
	resp, err := c.Get("https://" + s.addr)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, 2, resp.ProtoMajor)
	require.Equal(t, "max-age=63072000", resp.Header.Get("Strict-Transport-Security"))

	plain, err := http.Get("http://" + s.addr)
	require.NoError(t, err)
	require.NoError(t, plain.Body.Close())
	require.Equal(t, http.StatusBadRequest, plain.StatusCode, "clear text on the TLS port is refused")
}

func TestCertificateIsReplacedWhileRunning(t *testing.T) {
	s := newSite(t, nil)
	name := func() string {
		st, err := s.dial(&tls.Config{})
		require.NoError(t, err)
		return st.PeerCertificates[0].Subject.CommonName
	}
	require.Equal(t, "first", name())
	ctx, cancel := context.WithCancel(t.Context())
	hup, done := make(chan os.Signal), make(chan struct{})
	go func() { defer close(done); s.tls.Watch(ctx, hup) }()
	s.write(t, "second")
	hup <- syscall.SIGHUP
	hup <- syscall.SIGHUP // the first is through
	require.Equal(t, "second", name())
	require.WithinDuration(t, time.Now().Add(90*time.Minute), s.tls.NotAfter(), time.Minute)

	require.NoError(t, os.WriteFile(s.params.Cert, []byte("garbage"), 0o600))
	hup <- syscall.SIGHUP
	hup <- syscall.SIGHUP
	require.Equal(t, "second", name(), "a file that cannot be read changes nothing")
	cancel()
	<-done

	s.params.Every, s.params.Cert = time.Millisecond, s.params.Cert+".2"
	s.write(t, "third")
	watched, err := edge.LoadTLS(s.params)
	require.NoError(t, err)
	before := watched.Config()
	ctx2, cancel2 := context.WithCancel(t.Context())
	defer cancel2()
	go watched.Watch(ctx2, nil)
	leaf := func() string {
		c, err := before.GetConfigForClient(nil)
		require.NoError(t, err)
		return c.Certificates[0].Leaf.Subject.CommonName
	}
	require.Equal(t, "third", leaf())
	s.write(t, "fourth")
	require.Eventually(t, func() bool { return leaf() == "fourth" }, 20*time.Second, time.Millisecond, "without a signal too")
}

func TestClientCertificateIsVerifiedIfGiven(t *testing.T) {
	court, stranger := newAuthority(t, "court"), newAuthority(t, "stranger")
	s := newSite(t, court)
	_, err := s.dial(&tls.Config{})
	require.NoError(t, err, "none is fine")
	with := func(a *authority) *tls.Config {
		cert, key := a.leaf("official", time.Now().Add(time.Hour))
		pair, err := tls.X509KeyPair(cert, key)
		require.NoError(t, err)
		// Sent even when the server names other authorities.
		return &tls.Config{GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }}
	}
	_, err = s.dial(with(court))
	require.NoError(t, err)
	_, err = s.dial(with(stranger))
	require.Error(t, err)
}

// What speaks no HTTP has the same certificate, also after it was replaced, and asks a
// browser's media stack for nothing that it has not.
func TestCertificateOnly(t *testing.T) {
	s := newSite(t, newAuthority(t, "court"))
	cfg := s.tls.CertificateOnly()
	require.Empty(t, cfg.NextProtos)
	require.Equal(t, tls.NoClientCert, cfg.ClientAuth)
	leaf := func() string {
		c, err := cfg.GetCertificate(nil)
		require.NoError(t, err)
		return c.Leaf.Subject.CommonName
	}
	require.Equal(t, "first", leaf())
	s.write(t, "second")
	_, err := s.tls.Reload()
	require.NoError(t, err)
	require.Equal(t, "second", leaf())
}

func TestLoadTLSNamesTheWrongFile(t *testing.T) {
	s := newSite(t, nil)
	for want, p := range map[string]edge.TLSParams{
		"tls-cert":  {Cert: "/nonexistent", Key: s.params.Key},
		"tls-key":   {Cert: s.params.Cert, Key: "/nonexistent"},
		"client-ca": {Cert: s.params.Cert, Key: s.params.Key, ClientCA: s.params.Key},
	} {
		_, err := edge.LoadTLS(p)
		require.ErrorContains(t, err, want)
	}
}

// R12: what a client writes into a header never becomes its address.
func TestOnlyATrustedProxyTellsTheAddress(t *testing.T) {
	p, err := edge.ParseProxies([]string{"10.1.0.0/16", "fd00::7"})
	require.NoError(t, err)
	for _, c := range []struct {
		name, peer, xff, proto string
		want                   string // "": refused with 421
	}{
		{"stranger in clear", "203.0.113.9:1", "198.51.100.1", "https", ""},
		{"this machine", "127.0.0.1:1", "198.51.100.1", "https", "127.0.0.1:1"},
		{"proxy", "10.1.2.3:1", "198.51.100.1", "https", "198.51.100.1:0"},
		{"proxy, client in clear", "10.1.2.3:1", "198.51.100.1", "http", ""},
		{"proxy says nothing of encryption", "10.1.2.3:1", "198.51.100.1", "", ""},
		{"client forged the first", "10.1.2.3:1", "1.1.1.1, 198.51.100.1", "https", "198.51.100.1:0"},
		{"two proxies", "10.1.2.3:1", "1.1.1.1, 198.51.100.1, 10.1.9.9", "https", "198.51.100.1:0"},
		{"client forged the protocol", "10.1.2.3:1", "198.51.100.1", "https, http", ""},
		{"garbage before", "10.1.2.3:1", "x, 198.51.100.1", "https", "198.51.100.1:0"},
		{"garbage behind", "10.1.2.3:1", "198.51.100.1, x", "https", "10.1.2.3:1"},
		{"nothing", "10.1.2.3:1", "", "https", "10.1.2.3:1"},
		{"IPv6", "[fd00::7]:1", "2001:db8::1", "https", "[2001:db8::1]:0"},
		{"mapped", "[::ffff:10.1.0.1]:1", "::ffff:198.51.100.1", "https", "198.51.100.1:0"},
		{"neighbour of a proxy", "10.2.0.1:1", "198.51.100.1", "https", ""},
	} {
		got := ""
		h := p.Guard(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got = r.RemoteAddr
			for name := range r.Header {
				require.NotContains(t, strings.ToLower(name), "forwarded", "%s: a header is left", c.name)
				require.NotContains(t, strings.ToLower(name), "real", c.name)
			}
		}))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		r.Header = http.Header{"X-Real-Ip": {"1.1.1.1"}, "Forwarded": {"for=1.1.1.1"}}
		if c.xff != "" {
			r.Header.Set("X-Forwarded-For", c.xff)
		}
		if c.proto != "" {
			r.Header.Set("X-Forwarded-Proto", c.proto)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, c.want, got, c.name)
		if c.want == "" {
			require.Equal(t, http.StatusMisdirectedRequest, w.Code, c.name)
		}
	}
}

func TestAnUntrustedPeerIsAlwaysItself(t *testing.T) {
	p, err := edge.ParseProxies([]string{"10.0.0.0/8"})
	require.NoError(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.TLS = &tls.ConnectionState{}
		a := netip.AddrFrom4([4]byte{byte(rapid.IntRange(11, 223).Draw(rt, "a")), 1, 2, 3})
		r.RemoteAddr = netip.AddrPortFrom(a, 7).String()
		r.Header["X-Forwarded-For"] = rapid.SliceOf(rapid.SampledFrom([]string{"10.0.0.1", "1.2.3.4", "", ",", "::1", "x"})).Draw(rt, "xff")
		before := r.RemoteAddr
		p.Guard(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { require.Equal(rt, before, r.RemoteAddr) })).ServeHTTP(httptest.NewRecorder(), r)
	})
}

func TestParseProxies(t *testing.T) {
	for _, s := range []string{"", "nginx", "10.0.0.0/33", "0.0.0.0/0", "::/0"} {
		_, err := edge.ParseProxies([]string{s})
		require.Error(t, err, s)
	}
}

func TestReadiness(t *testing.T) {
	var away error
	h := edge.NewHealth("v1",
		edge.Check{Name: "database", Do: func(context.Context) (any, error) { return "sqlite", away }},
		edge.Check{Name: "clock", Do: func(context.Context) (any, error) {
			return nil, errors.Join(edge.ErrWarning, errors.New("no source"))
		}},
		edge.Check{Name: "slow", Do: func(ctx context.Context) (any, error) {
			_, bounded := ctx.Deadline()
			require.True(t, bounded)
			return nil, nil
		}})
	mux := http.NewServeMux()
	h.Register(mux)
	get := func(path string) (int, edge.Report) {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		var rep edge.Report
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &rep))
		return w.Code, rep
	}
	code, rep := get("/readyz")
	require.Equal(t, http.StatusOK, code)
	require.True(t, rep.Ready && rep.Checks["clock"].OK && rep.Checks["clock"].Warning)
	away = errors.New("connection refused")
	code, rep = get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, edge.Result{Reason: "connection refused", Detail: "sqlite"}, rep.Checks["database"])
	code, _ = get("/healthz")
	require.Equal(t, http.StatusOK, code, "alive though not ready")
	away = nil
	h.Stopping()
	code, rep = get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.True(t, rep.Stopping)
}

func TestRequestsAreCountedByRoute(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	q := edge.NewRequests(reg)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hearings/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	mux.HandleFunc("GET /ws", func(w http.ResponseWriter, r *http.Request) {
		up := websocket.Upgrader{}
		ws, err := up.Upgrade(w, r, nil)
		if err == nil {
			_ = ws.WriteMessage(websocket.TextMessage, []byte("hi"))
			_ = ws.Close()
		}
	})
	srv := httptest.NewServer(q.Count(mux))
	defer srv.Close()
	for _, path := range []string{"/hearings/0192-secret", "/hearings/0193-secret", "/elsewhere"} {
		resp, err := http.Get(srv.URL + path)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}
	req, err := http.NewRequest("BREW", srv.URL+"/", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	ws, wresp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(srv.URL, "http")+"/ws", nil)
	require.NoError(t, err)
	require.NoError(t, wresp.Body.Close())
	_, _, err = ws.ReadMessage()
	require.NoError(t, err)
	require.NoError(t, ws.Close())
	w := httptest.NewRecorder()
	promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	var got []string
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, "phientoa_http_requests_total{") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	require.Equal(t, []string{
		`phientoa_http_requests_total{code="101",method="GET",route="/ws"} 1`,
		`phientoa_http_requests_total{code="404",method="GET",route="none"} 1`,
		`phientoa_http_requests_total{code="404",method="other",route="none"} 1`,
		`phientoa_http_requests_total{code="418",method="GET",route="/hearings/{id}"} 2`,
	}, got)
}
