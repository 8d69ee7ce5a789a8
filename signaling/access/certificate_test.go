package access_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/auth"
	"phientoa/internal/store"
	"phientoa/signaling/access"
)

// authority is a small certificate authority.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	now  time.Time
	n    int64
}

func newAuthority(t *testing.T, name string, now time.Time) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{cert: cert, key: key, now: now}
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// issue makes a certificate for a public key.
func (a *authority) issue(t *testing.T, pub crypto.PublicKey, name string, change ...func(*x509.Certificate)) []byte {
	t.Helper()
	a.n++
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(a.n + 1), Subject: pkix.Name{CommonName: name},
		NotBefore: a.now.Add(-time.Hour), NotAfter: a.now.AddDate(0, 1, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		DNSNames: []string{"tham.phan"}, EmailAddresses: []string{"tham.phan@court.example"},
	}
	for _, c := range change {
		c(tmpl)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, pub, a.key)
	require.NoError(t, err)
	return der
}

func inPEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// overTLS serves the handler and asks for a client certificate, as the court's
// server does: any, because the handler verifies it.
func overTLS(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS13}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// present signs in with a certificate and its key over a connection of its own.
func present(t *testing.T, s *httptest.Server, cert *tls.Certificate) (int, string, *http.Cookie) {
	t.Helper()
	tr := s.Client().Transport.(*http.Transport).Clone()
	defer tr.CloseIdleConnections()
	if cert != nil {
		tr.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert, nil }
	}
	res, err := (&http.Client{Transport: tr}).Post(s.URL+access.Prefix+"certificate", "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	var p struct{ Code string }
	if len(b) > 0 {
		require.NoError(t, json.Unmarshal(b, &p), string(b))
	}
	for _, c := range res.Cookies() {
		if c.Name == auth.OfficeCookieName {
			return res.StatusCode, p.Code, c
		}
	}
	return res.StatusCode, p.Code, nil
}

// withCA is a world that takes the certificates of an authority.
func withCA(t *testing.T) (*world, *authority) {
	t.Helper()
	ca := newAuthority(t, "CA", time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC))
	w := newWorld(t, func(p *auth.OfficialsParams) { p.ClientCAs = ca.pool })
	w.account("unit", "admin", store.RoleAdmin)
	return w, ca
}

func TestCertificateSignsIn(t *testing.T) {
	w, ca := withCA(t)
	acc := w.account("unit", "tham.phan", store.RoleJudge)
	admin := w.signIn("admin", true)
	s := overTLS(t, w.srv)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der := ca.issue(t, key.Public(), "whoever")
	mine := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}

	refuse := func(want string, cert *tls.Certificate, why string) {
		t.Helper()
		status, code, c := present(t, s, cert)
		require.Equal(t, []any{403, want}, []any{status, code}, why)
		require.Nil(t, c, why)
	}
	refuse("no_certificate", nil, "none")
	refuse("signin", mine, "good, and registered to nobody: its names open nothing")

	propose := func(cert []byte) answer {
		return w.do("POST", "proposals", map[string]string{
			"kind": "certificate", "account": acc.ID, "certificate": inPEM(cert), "label": "Thẻ",
		}, admin)
	}
	var made map[string]string
	w.get(propose(der), http.StatusCreated, &made)
	refuse("signin", mine, "proposed is not registered")
	w.account("unit", "second", store.RoleAdmin)
	second := w.signIn("second", true)
	var open struct {
		Proposals []struct{ ID, Label, Fingerprint string }
	}
	w.get(w.do("GET", "proposals", nil, second), http.StatusOK, &open)
	require.Equal(t, []any{made["id"], "Thẻ", fmt.Sprintf("%x", sha256.Sum256(der))},
		[]any{open.Proposals[0].ID, open.Proposals[0].Label, open.Proposals[0].Fingerprint}, "what the second compares")
	a := w.do("POST", "proposals/"+made["id"]+"/confirm", "{}", second)
	require.Equal(t, 204, a.status, a.body)
	status, _, c := present(t, s, mine)
	require.Equal(t, 204, status)
	var me map[string]any
	w.get(w.do("GET", "me", nil, c), 200, &me)
	require.Equal(t, []any{acc.ID, "certificate"}, []any{me["account"], me["method"]})

	renewed := ca.issue(t, key.Public(), "another name")
	status, _, _ = present(t, s, &tls.Certificate{Certificate: [][]byte{renewed}, PrivateKey: key})
	require.Equal(t, 204, status, "renewed for the same key")

	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	refuse("signin", &tls.Certificate{Certificate: [][]byte{ca.issue(t, other.Public(), "tham.phan")}, PrivateKey: other}, "the same names, another key")
	evil := newAuthority(t, "CA", w.now)
	for name, leaf := range map[string][]byte{
		"another authority of the same name": evil.issue(t, key.Public(), "x"),
		"expired":                            ca.issue(t, key.Public(), "x", func(c *x509.Certificate) { c.NotAfter = w.now.Add(-time.Minute) }),
		"not yet":                            ca.issue(t, key.Public(), "x", func(c *x509.Certificate) { c.NotBefore = w.now.Add(time.Minute) }),
		"for servers only": ca.issue(t, key.Public(), "x", func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}),
		"an authority itself": ca.issue(t, key.Public(), "x", func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }),
	} {
		refuse("no_certificate", &tls.Certificate{Certificate: [][]byte{leaf}, PrivateKey: key}, name)
		require.Equal(t, "no_certificate", propose(leaf).code(t), name)
	}
	require.Equal(t, 409, propose(renewed).status, "one key, one account")
	require.Equal(t, 400, w.do("POST", "proposals", map[string]string{"kind": "certificate", "account": acc.ID, "certificate": "x"}, admin).status)

	var list struct{ Credentials []struct{ ID string } }
	w.get(w.do("GET", "accounts/"+acc.ID+"/credentials", nil, admin), 200, &list)
	require.Len(t, list.Credentials, 1)
	require.Equal(t, 204, w.do("DELETE", "accounts/"+acc.ID+"/credentials/"+list.Credentials[0].ID, nil, admin).status)
	require.Equal(t, 401, w.do("GET", "me", nil, c).status, "revoking ends its sessions")
	refuse("signin", mine, "revoked")
}

func TestNobodyRegistersTheOwnCertificate(t *testing.T) {
	w, ca := withCA(t)
	acc, err := w.st.AccountByLogin(context.Background(), "admin")
	require.NoError(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a := w.do("POST", "proposals", map[string]string{
		"kind": "certificate", "account": acc.ID, "certificate": inPEM(ca.issue(t, key.Public(), "x")),
	}, w.signIn("admin", true))
	require.Equal(t, "own_account", a.code(t))
}

func TestNoCertificatesWithoutAnAuthority(t *testing.T) {
	w := newWorld(t)
	_, code, _ := present(t, overTLS(t, w.srv), nil)
	require.Equal(t, "not_offered", code)
}

// token is a key in SoftHSM, reached through pkcs11-tool: the key itself never
// leaves the token.
type token struct {
	t    *testing.T
	tool string
	lib  string
	conf string
	pub  *ecdsa.PublicKey
}

const pin = "1234"

func newSoftHSM(t *testing.T) *token {
	t.Helper()
	tool, err := exec.LookPath("pkcs11-tool")
	if err != nil {
		t.Skip("SoftHSM skipped, because pkcs11-tool is not installed")
	}
	util, err := exec.LookPath("softhsm2-util")
	if err != nil {
		t.Skip("SoftHSM skipped, because softhsm2-util is not installed")
	}
	k := &token{t: t, tool: tool}
	for _, p := range []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"} {
		if _, err := os.Stat(p); err == nil {
			k.lib = p
		}
	}
	if k.lib == "" {
		t.Skip("SoftHSM skipped, because its library was not found")
	}
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "tokens"), 0o700))
	k.conf = filepath.Join(dir, "softhsm2.conf")
	require.NoError(t, os.WriteFile(k.conf, []byte("directories.tokendir = "+filepath.Join(dir, "tokens")+"\n"), 0o600))
	k.run(util, nil, "--init-token", "--free", "--label", "court", "--pin", pin, "--so-pin", pin)
	k.run(tool, nil, "--module", k.lib, "--login", "--pin", pin, "--keypairgen", "--key-type", "EC:prime256v1", "--id", "01", "--label", "judge")
	der := k.run(tool, nil, "--module", k.lib, "--read-object", "--type", "pubkey", "--id", "01")
	pub, err := x509.ParsePKIXPublicKey(der)
	require.NoError(t, err)
	k.pub = pub.(*ecdsa.PublicKey)
	return k
}

func (k *token) run(name string, in []byte, args ...string) []byte {
	k.t.Helper()
	cmd := exec.CommandContext(k.t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "SOFTHSM2_CONF="+k.conf)
	cmd.Stdin = bytes.NewReader(in)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	require.NoError(k.t, cmd.Run(), "%v: %s", args, problems.String())
	return out.Bytes()
}

// Public implements crypto.Signer.
func (k *token) Public() crypto.PublicKey { return k.pub }

// Sign implements crypto.Signer; CKM_ECDSA gives r || s.
func (k *token) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	in, out := filepath.Join(k.t.TempDir(), "in"), filepath.Join(k.t.TempDir(), "out")
	if err := os.WriteFile(in, digest, 0o600); err != nil {
		return nil, err
	}
	k.run(k.tool, nil, "--module", k.lib, "--login", "--pin", pin, "--sign", "--mechanism", "ECDSA", "--id", "01",
		"--input-file", in, "--output-file", out)
	raw, err := os.ReadFile(out)
	if err != nil || len(raw) != 64 {
		return nil, errShort
	}
	return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])})
}

var errShort = io.ErrShortBuffer

// A key in a PKCS#11 token (SoftHSM) signs the certificate request and then the
// CertificateVerify of the TLS handshake by which its owner signs in.
func TestTokenSignsIn(t *testing.T) {
	k := newSoftHSM(t)
	w, ca := withCA(t)
	acc := w.account("unit", "kiem.sat", store.RoleProcurator)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "x"}}, k)
	require.NoError(t, err)
	request, err := x509.ParseCertificateRequest(csr)
	require.NoError(t, err)
	require.NoError(t, request.CheckSignature())
	der := ca.issue(t, request.PublicKey, "x")
	a := w.two(map[string]string{"kind": "certificate", "account": acc.ID, "certificate": inPEM(der)})
	require.Equal(t, 204, a.status, a.body)
	s := overTLS(t, w.srv)
	status, code, c := present(t, s, &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k})
	require.Equal(t, 204, status, code)
	var me map[string]any
	w.get(w.do("GET", "me", nil, c), 200, &me)
	require.Equal(t, acc.ID, me["account"])
}
