package playback

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/sfu"
)

// TestForABrowser is the server of web/e2e/playback.spec.ts, which starts it: the built
// application, an official who is signed in, and the example. It ends with its input.
func TestForABrowser(t *testing.T) {
	dist := os.Getenv("PHIENTOA_PLAYBACK_DIST")
	if dist == "" {
		t.Skip("started by web/e2e/playback.spec.ts")
	}
	second := sfu.VP8
	if os.Getenv("PHIENTOA_PLAYBACK_CODEC") == "h264" {
		second = sfu.H264
	}
	g := &gate{path: exampleOf(t, second), load: true}
	h := New(g, slog.New(slog.DiscardHandler))
	mux := http.NewServeMux()
	h.Register(mux)
	renders, err := NewRenders(t.TempDir(), 0, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	h.RegisterRenders(mux, renders)
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		renders.Run(ctx)
	}()
	mux.HandleFunc("GET /api/v1/access/me", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"account": "acc-1", "name": "Phạm Quỳnh Như", "login": "nhu.pq", "unit": "unit-1", "unit_name": "Tòa án nhân dân khu vực 3 – Đà Nẵng",
			"roles": []string{"clerk"}, "method": "password", "stepped_up": false, "must_change": false,
		})
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		// As signaling/api.go sends it.
		w.Header().Set("Content-Security-Policy", "default-src 'self'; media-src 'self' blob:; img-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'")
		name := filepath.Join(dist, filepath.FromSlash(filepath.Clean("/"+r.URL.Path)))
		if !strings.Contains(filepath.Base(name), ".") {
			name = filepath.Join(dist, "office.html")
		}
		http.ServeFile(w, r, name)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Logf("LISTENS http://localhost:%d", l.Addr().(*net.TCPAddr).Port)
	_, err = io.Copy(io.Discard, os.Stdin)
	require.NoError(t, err)
	require.NoError(t, server.Close())
	require.ErrorIs(t, <-served, http.ErrServerClosed)
	cancel()
	<-over
}
