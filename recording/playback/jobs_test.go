package playback

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/permit"
	"phientoa/recording/archive"
)

func post(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, nil))
	return w
}

func stateOf(t *testing.T, w *httptest.ResponseRecorder) (a RenderAnswer) {
	t.Helper()
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &a), w.Body.String())
	return a
}

func TestRenderingsAreMadeInTheBackgroundOneAtATime(t *testing.T) {
	dir := t.TempDir()
	rest := filepath.Join(dir, ".render-left")
	require.NoError(t, os.Mkdir(rest, 0o700))
	r, err := NewRenders(dir, 0, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	g := &gate{path: filepath.Join(dir, "not-there.asice"), load: true}
	h := New(g, slog.New(slog.DiscardHandler))
	mux := http.NewServeMux()
	h.RegisterRenders(mux, r)

	require.Equal(t, RenderAnswer{State: RenderNone, Download: true}, stateOf(t, get(mux, base+"render")))
	require.Equal(t, http.StatusNotFound, get(mux, base+"render/file").Code)
	w := post(mux, base+"render")
	require.Equal(t, http.StatusAccepted, w.Code)
	require.Equal(t, RenderWaiting, stateOf(t, w).State)
	require.Equal(t, http.StatusAccepted, post(mux, base+"render").Code)
	require.Len(t, r.waiting, 1, "asked twice is made once")
	for i := range maxWaiting {
		g.key = strconv.Itoa(i)
		w = post(mux, base+"render")
	}
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	g.key = ""

	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { r.Run(ctx); close(over) }()
	require.Eventually(t, func() bool { return stateOf(t, get(mux, base+"render")).State == RenderFailed }, 10*time.Second, 10*time.Millisecond)
	require.NoDirExists(t, rest)
	cancel()
	<-over

	// What was made is given to whoever may take it away.
	require.NoError(t, os.WriteFile(r.path("k9"), []byte("mp4 bytes"), 0o600))
	g.key = "9"
	delete(r.failed, "k9")
	r.waiting = nil
	require.Equal(t, RenderReady, stateOf(t, post(mux, base+"render")).State)
	w = get(mux, base+"render/file", "Range", "bytes=4-8")
	require.Equal(t, "bytes", w.Body.String())
	require.Equal(t, []string{"render"}, g.saw)
	g.load = false
	require.Equal(t, http.StatusForbidden, get(mux, base+"render/file").Code)
	g.say = func(string) bool { return true }
	require.Equal(t, http.StatusForbidden, post(mux, base+"render").Code, "who may see some tracks only gets no picture of all")
}

func TestOldRenderingsGo(t *testing.T) {
	r, err := NewRenders(t.TempDir(), 0, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	for i := range maxRenders + 2 {
		name := r.path(strconv.Itoa(i))
		require.NoError(t, os.WriteFile(name, nil, 0o600))
		require.NoError(t, os.WriteFile(name+".json", nil, 0o600))
		old := time.Now().Add(time.Duration(i) * time.Hour)
		require.NoError(t, os.Chtimes(name, old, old))
	}
	r.tidy()
	left, err := os.ReadDir(r.dir)
	require.NoError(t, err)
	require.Len(t, left, 2*maxRenders)
	require.NoFileExists(t, r.path("0"))
	require.FileExists(t, r.path("2"))
}

// Of a disposed part no film stays, also not one of its file before the timestamp,
// nor one that is asked for or being made.
func TestFilmsOfADisposedPartAreForgotten(t *testing.T) {
	dir := t.TempDir()
	r, err := NewRenders(dir, 0, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	film := func(key, hearing string, part int) string {
		text, err := json.Marshal(Derivation{Hearing: hearing, Part: part})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(r.path(key)+".json", text, 0o600))
		require.NoError(t, os.WriteFile(r.path(key), []byte("film"), 0o600))
		return r.path(key)
	}
	before, now := film("before", "h", 1), film("now", "h", 1)
	other, beside := film("other", "h", 2), film("beside", "x", 1)
	begun, stopped := make(chan struct{}), make(chan struct{})
	require.True(t, r.ask(renderJob{key: "running", still: held(true), open: func() (io.ReaderAt, int64, io.Closer, error) {
		close(begun)
		<-stopped
		return nil, 0, nil, errors.New("gone")
	}}))
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { r.Run(ctx); close(over) }()
	<-begun
	require.True(t, r.ask(renderJob{key: "waits"}))
	require.NoError(t, r.Forget("h", 1, "now"))
	for _, name := range []string{before, now} {
		require.NoFileExists(t, name)
		require.NoFileExists(t, name+".json")
	}
	for _, name := range []string{other, beside} {
		require.FileExists(t, name)
		require.FileExists(t, name+".json")
	}
	require.NoError(t, r.Forget("h", 3, "waits"))
	require.Equal(t, RenderNone, r.state("waits").State)
	require.ErrorIs(t, r.Forget("h", 3, "running"), ErrRendering)
	close(stopped)
	require.Eventually(t, func() bool { return r.Forget("h", 3, "running") == nil }, 10*time.Second, time.Millisecond)
	cancel()
	<-over
}

// A film is made for as long as somebody who asked for it may see it, and reads at
// the pace it was given.
func TestARenderingEndsWithThePermissions(t *testing.T) {
	path := example(t)
	synctest.Test(t, func(t *testing.T) {
		r, err := NewRenders(t.TempDir(), 1<<10, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		r.reserve = 1
		var first, second atomic.Bool
		ask := func(holds *atomic.Bool) {
			holds.Store(true)
			require.True(t, r.ask(renderJob{
				key: "x", still: []permit.Still{func(context.Context) bool { return holds.Load() }},
				open: func() (io.ReaderAt, int64, io.Closer, error) { return archive.OpenContainer(path) },
			}))
		}
		ask(&first)
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() { r.Run(ctx); close(over) }()
		synctest.Wait()
		ask(&second)
		at := func() string {
			time.Sleep(permit.Every) //nolint:forbidigo // the clock of the bubble
			synctest.Wait()
			return r.state("x").State
		}
		first.Store(false)
		for range 100 {
			require.Equal(t, RenderRunning, at(), "a part of megabytes takes its time at a KiB a second")
		}
		second.Store(false)
		require.Equal(t, RenderNone, at(), "broken off, and no failure")
		left, err := os.ReadDir(r.dir)
		require.NoError(t, err)
		require.Empty(t, left)
		cancel()
		<-over
	})
}
