package signaling

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// An address without a file is a page of the application, the officials' or the room's.
func TestAnAddressGetsItsPage(t *testing.T) {
	s := &Server{p: ServerParams{Static: fstest.MapFS{
		"index.html": {Data: []byte("room")}, "office.html": {Data: []byte("office")}, "verify.html": {Data: []byte("verify")}, "seal.svg": {Data: []byte("<svg/>")},
	}}}
	for path, want := range map[string]string{
		"/": "room", "/phong": "room", "/cong-viecx": "room", "/a/cong-viec": "room",
		"/cong-viec": "office", "/cong-viec/": "office", "/cong-viec/lich/2026-11-22": "office", "/thiet-bi": "office",
		"/kiem-tra": "verify", "/kiem-tra-tep": "room",
		"/seal.svg": "<svg/>",
	} {
		w := httptest.NewRecorder()
		s.static().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		require.Equal(t, http.StatusOK, w.Code, path)
		require.Equal(t, want, w.Body.String(), path)
		require.Equal(t, "no-cache", w.Header().Get("Cache-Control"), path)
	}
	w := httptest.NewRecorder()
	s.static().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/nothing.js", nil))
	require.Equal(t, http.StatusNotFound, w.Code)
}

// A script goes out as the build has packed it, to whoever can unpack it; what is
// unpacked is the script itself.
func TestAssetsGoOutAsTheyArePacked(t *testing.T) {
	const script = "console.log('phiên tòa')"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(script))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	s := &Server{p: ServerParams{Static: fstest.MapFS{
		"index.html":      {Data: []byte("<!doctype html>")},
		"assets/a.js":     {Data: []byte(script)},
		"assets/a.js.br":  {Data: []byte("brotli")},
		"assets/a.js.gz":  {Data: packed.Bytes()},
		"assets/b.woff2":  {Data: []byte("font")},
		"assets/c.css":    {Data: []byte("a{}")},
		"assets/c.css.gz": {Data: []byte("gz")},
	}}}
	get := func(path, accept string) *http.Response {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		if accept != "" {
			r.Header.Set("Accept-Encoding", accept)
		}
		s.static().ServeHTTP(w, r)
		return w.Result()
	}
	for _, c := range []struct{ path, accept, coding string }{
		{"/assets/a.js", "gzip, deflate, br, zstd", "br"},
		{"/assets/a.js", "GZIP", "gzip"},
		{"/assets/a.js", "br;q=0, gzip;q=0.5", "gzip"},
		{"/assets/a.js", "br; q=0.000, gzip;q=0", ""},
		{"/assets/a.js", "broken", ""},
		{"/assets/a.js", "", ""},
		{"/assets/c.css", "br, gzip", "gzip"},
		{"/assets/c.css", "br", ""},
		{"/assets/b.woff2", "br, gzip", ""},
		{"/", "br, gzip", ""},
	} {
		r := get(c.path, c.accept)
		require.Equal(t, http.StatusOK, r.StatusCode, c)
		require.Equal(t, c.coding, r.Header.Get("Content-Encoding"), c)
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		switch {
		case c.path != "/assets/a.js":
		case c.coding == "":
			require.Equal(t, script, string(body))
		case c.coding == "gzip":
			z, err := gzip.NewReader(bytes.NewReader(body))
			require.NoError(t, err)
			plain, err := io.ReadAll(z)
			require.NoError(t, err)
			require.Equal(t, script, string(plain))
		}
	}
	r := get("/assets/a.js", "br")
	require.Equal(t, "Accept-Encoding", r.Header.Get("Vary"))
	require.Equal(t, "text/javascript; charset=utf-8", r.Header.Get("Content-Type"))
	require.Equal(t, "public, max-age=31536000, immutable", r.Header.Get("Cache-Control"))
	require.Equal(t, "Accept-Encoding", get("/assets/a.js", "").Header.Get("Vary"), "a cache keeps the two apart")
}

// WebAssembly is compiled by the worker that checks a file and by no other script.
func TestOnlyTheVerifierMayCompile(t *testing.T) {
	s := &Server{p: ServerParams{Static: fstest.MapFS{
		"assets/verifier-1a.js": {Data: []byte("worker")}, "assets/a.js": {Data: []byte("page")}, "verify.html": {Data: []byte("page")},
	}}}
	for path, may := range map[string]bool{"/assets/verifier-1a.js": true, "/assets/a.js": false, "/kiem-tra": false} {
		w := httptest.NewRecorder()
		Secured(s.static()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		require.Equal(t, http.StatusOK, w.Code, path)
		policies := w.Header().Values("Content-Security-Policy")
		require.Len(t, policies, 1, path)
		require.Equal(t, may, bytes.Contains([]byte(policies[0]), []byte("wasm-unsafe-eval")), path)
	}
}
