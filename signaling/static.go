package signaling

import (
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// static serves the built web application; unknown paths without an extension
// are its routes and get its page.
func (s *Server) static() http.Handler {
	files := http.FileServerFS(s.p.Static)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			problem(w, http.StatusMethodNotAllowed, refuseBadMessage())
			return
		}
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if strings.HasPrefix(name, "assets/") {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			if strings.HasPrefix(name, verifierScript) {
				w.Header().Set("Content-Security-Policy", verifierPolicy)
			}
			if s.packed(w, r, name) {
				return
			}
		} else {
			w.Header().Set("Cache-Control", "no-cache")
		}
		if name != "" && path.Ext(name) == "" {
			if _, err := fs.Stat(s.p.Static, name); err != nil {
				r = r.Clone(r.Context())
				r.URL.Path = pageOf(name)
			}
		}
		files.ServeHTTP(w, r)
	})
}

const (
	// verifierScript begins the names of the worker that checks a file in the browser
	// (web/vite.config.ts).
	verifierScript = "assets/verifier-"
	// verifierPolicy is that worker's own policy: the only script that may compile
	// WebAssembly, and it may ask nobody but this server, which has the program.
	verifierPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
)

// pageOf is the page of the application that an address belongs to: the room, the
// officials' pages and the check of a file, so that none waits for another's script.
// The names are those of web/src/office/where.ts.
func pageOf(name string) string {
	switch first, _, _ := strings.Cut(name, "/"); first {
	case "cong-viec", "thiet-bi":
		return "/office.html"
	case "kiem-tra":
		return "/verify.html"
	}
	return "/"
}

// packed answers with the file as the build has packed it, the smallest that the
// client takes (RFC 9110, 8.4 and 12.5.3); false: there is none. Nothing is packed
// while a client waits, and nothing secret shares a packed answer (BREACH).
func (s *Server) packed(w http.ResponseWriter, r *http.Request, name string) bool {
	for _, coding := range []struct{ name, ext string }{{"br", ".br"}, {"gzip", ".gz"}} {
		body, err := fs.ReadFile(s.p.Static, name+coding.ext)
		if err != nil {
			continue
		}
		w.Header().Set("Vary", "Accept-Encoding")
		if !accepts(r.Header.Values("Accept-Encoding"), coding.name) {
			continue
		}
		w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
		w.Header().Set("Content-Encoding", coding.name)
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method == http.MethodGet {
			_, _ = w.Write(body)
		}
		return true
	}
	return false
}

// accepts tells whether a client names a content coding, and not with weight 0.
// What "*" would add is left out: who wants a packed file names it.
func accepts(values []string, coding string) bool {
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		weight, given := strings.CutPrefix(strings.ToLower(strings.ReplaceAll(params, " ", "")), "q=")
		return !given || strings.Trim(weight, "0.") != ""
	}
	return false
}
