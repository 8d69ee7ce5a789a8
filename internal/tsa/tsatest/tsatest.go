// Package tsatest is a timestamp authority that is not ours, for tests: openssl
// behind HTTP, with RSA PKCS #1 v1.5 and a root of its own.
package tsatest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Policy is that of its tokens.
const Policy = "1.2.3.4.1"

const conf = `[tsa]
default_tsa = t
[t]
dir = .
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
certs = ca.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = ` + Policy + `
digests = sha256
accuracy = secs:1, millisecs:500, microsecs:100
ess_cert_id_alg = sha256
[list]
database = index.txt
crlnumber = crlnumber
default_md = sha256
[ca]
basicConstraints = critical,CA:TRUE
[leaf]
extendedKeyUsage = critical,timeStamping
`

// Authority answers at url until the test ends, and at url/crl with its list of revoked
// certificates, which names none; ca is its root in PEM. change,
// when set, alters requests before they are answered. Without openssl the test
// is skipped.
func Authority(t testing.TB, change func(request []byte) []byte) (url string, ca []byte) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is missing")
	}
	a := &authority{dir: t.TempDir(), change: change}
	if err := a.setUp(); err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(filepath.Join(a.dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(a)
	t.Cleanup(s.Close)
	return s.URL, ca
}

type authority struct {
	dir    string
	change func([]byte) []byte
	mu     sync.Mutex // openssl keeps its serial number in a file
}

func (a *authority) setUp() error {
	for name, text := range map[string]string{"conf": conf, "serial": "01\n", "index.txt": "", "crlnumber": "01\n"} {
		if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Independent", "-days", "10"},
		{"req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Independent TSA"},
		{"x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "77", "-days", "9", "-extfile", "conf", "-extensions", "leaf", "-out", "tsa.pem"},
	} {
		if err := a.openssl(context.Background(), args...); err != nil {
			return err
		}
	}
	return nil
}

func (a *authority) openssl(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "openssl", args...)
	cmd.Dir = a.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("openssl %s: %w: %s", args[0], err, out)
	}
	return nil
}

// ServeHTTP answers one request (RFC 3161, 3.4).
func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/crl" {
		a.list(w, r)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	answer, err := a.answer(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	_, _ = io.Copy(w, bytes.NewReader(answer))
}

func (a *authority) answer(r *http.Request) ([]byte, error) {
	if got := r.Header.Get("Content-Type"); got != "application/timestamp-query" {
		return nil, fmt.Errorf("content type %q", got)
	}
	q, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if a.change != nil {
		q = a.change(q)
	}
	if err := os.WriteFile(filepath.Join(a.dir, "q"), q, 0o600); err != nil {
		return nil, err
	}
	if err := a.openssl(r.Context(), "ts", "-reply", "-config", "conf", "-queryfile", "q", "-out", "r"); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(a.dir, "r"))
}

func (a *authority) list(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.openssl(r.Context(), "ca", "-config", "conf", "-name", "list", "-gencrl", "-crldays", "7", "-cert", "ca.pem", "-keyfile", "ca.key", "-out", "list.pem"); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.ServeFile(w, r, filepath.Join(a.dir, "list.pem"))
}
