package playback

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"phientoa/internal/asic"
	"phientoa/internal/permit"
	"phientoa/recording/archive"
)

func read(t testing.TB, path string) *Index {
	t.Helper()
	r, size, c, err := archive.OpenContainer(path)
	require.NoError(t, err)
	defer c.Close()
	x, err := Read(r, size)
	require.NoError(t, err)
	return x
}

func track(t testing.TB, x *Index, device, kind string) Track {
	t.Helper()
	i := slices.IndexFunc(x.Tracks, func(t Track) bool { return t.Device == device && t.Kind == kind })
	require.GreaterOrEqual(t, i, 0)
	return x.Tracks[i]
}

func TestTheIndexSaysWhatAPartHoldsAndWhen(t *testing.T) {
	path := example(t)
	x := read(t, path)
	require.Zero(t, x.Skipped)
	require.Equal(t, "h-1", x.Hearing)
	require.Equal(t, "12/2026/TLST-HS", x.Docket)
	require.Len(t, x.Tracks, 4)
	require.Equal(t, []Person{
		{"p-judge", "presiding_judge", "Chủ tọa", "Phòng xử án số 2"}, {"p-defendant", "defendant", "Bị cáo 1", "Trại tạm giam Hòa Sơn"},
	}, x.People)
	require.Equal(t, []string{"p-defendant"}, track(t, x, "device-2", "cam").People)
	var kinds []string
	for _, e := range x.Events {
		kinds = append(kinds, e.Kind)
	}
	require.Equal(t, []string{"hearing.opened", "phase.entered", "floor.given", "hearing.recessed"}, kinds)
	require.InDelta(t, 18e6, x.Events[2].At, 1e6)

	b, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, tr := range x.Tracks {
		require.Len(t, tr.Files, 1)
		f := tr.Files[0]
		require.True(t, f.Aligned)
		require.Equal(t, []byte{0x1A, 0x45, 0xDF, 0xA3}, b[f.Offset:f.Offset+4], "an entry begins as a WebM file")
		last := f.Init
		for _, s := range f.Segments {
			require.Equal(t, last, s.Offset, "stretches follow one another")
			at := f.Offset + s.Offset
			require.Equal(t, uint32(0x1F43B675), binary.BigEndian.Uint32(b[at:]), "a stretch begins with a cluster")
			last = s.Offset + s.Length
			if tr.Kind == "cam" {
				require.LessOrEqual(t, s.ToMS-s.FromMS, int64(3000))
			}
		}
		require.Equal(t, f.Length, last, "to the end of the entry")
	}
	var silent []Gap
	for _, g := range x.Gaps {
		if g.Cause == "silent" {
			silent = append(silent, g)
		}
	}
	require.Len(t, silent, 1)
	require.InDelta(t, gapFrom*1e6, silent[0].From, 2.2e6)
	require.InDelta(t, gapTo*1e6, silent[0].To, 0.2e6)
}

// What was captured together stands at the same time, though the pictures took
// 100 ms longer than the sound, and the devices' clocks are wrong by 3 s and an hour.
func TestTracksOfADeviceAreAlignedByTheSendersReports(t *testing.T) {
	x := read(t, example(t))
	for _, device := range []string{"device-1", "device-2"} {
		// The first block of each was captured at 0.
		v, a := track(t, x, device, "cam").Files[0].Segments[0], track(t, x, device, "mic").Files[0].Segments[0]
		require.InDelta(t, a.Shift+a.FromMS*1000, v.Shift+v.FromMS*1000, hold+2000)
		require.InDelta(t, 22e3, a.Shift, 5e3+hold, "and the fastest packets tell when")
	}
}

func TestTheSeedOfTheFuzzerIsAnIndex(t *testing.T) {
	x, err := readLog(t, smallLog())
	require.NoError(t, err)
	require.Zero(t, x.Skipped)
	require.Len(t, x.Tracks[0].Files[0].Segments, 1)
	require.Len(t, x.Gaps, 1)
	require.Len(t, x.Events, 1)
}

// Each line by itself would be a stretch outside its file, its time or its track.
func TestAStretchThatCannotBeIsLeftOutAndCounted(t *testing.T) {
	for _, change := range [][2]string{
		{`"length":30`, `"length":41`},
		{`"length":30`, `"length":9223372036854775807`},
		{`"length":30`, `"length":-1`},
		{`"offset":0`, `"offset":-1`},
		{`"offset":0`, `"offset":20`},
		{`"init":10`, `"init":30`},
		{`"init":10`, `"init":-5`},
		{`"init":10`, `"init":0`},
		{`"to_ms":2000`, `"to_ms":-1`},
		{`"to_ms":2000`, `"to_ms":99999999999999`},
		{`"from_t":1000000`, `"from_t":9223372036854775807`},
		{`media/t001-1.webm`, `media/t002-1.webm`},
		{`media/t001-1.webm`, `log.jsonl`},
		{`"track":"t001","file"`, `"track":"t002","file"`},
	} {
		require.Contains(t, smallLog(), change[0])
		log := strings.Replace(smallLog(), change[0], change[1], 1)
		if strings.HasPrefix(change[0], `"from_t"`) { // the segment's, not the gap's
			log = strings.Replace(smallLog(), `"to_ms":2000,`+change[0], `"to_ms":2000,`+change[1], 1)
		}
		x, err := readLog(t, log)
		require.NoError(t, err, change)
		require.Equal(t, 1, x.Skipped, change)
		require.Empty(t, x.Tracks, change)
	}
}

// Neither is one that a line says was found behind a crash and that holds nothing.
func TestARecoveredStretchThatCannotBeIsLeftOut(t *testing.T) {
	for line, skipped := range map[string]int{
		`"file":"media/t001-1.webm","offset":30,"length":10`:                  0, // no cluster
		`"file":"media/t001-1.webm","offset":30,"length":11`:                  1,
		`"file":"media/t001-1.webm","offset":29,"length":1`:                   1,
		`"file":"media/t001-1.webm","offset":30,"length":9223372036854775807`: 1,
		`"file":"media/t001-1.webm","offset":-1,"length":10`:                  1,
		`"file":"media/t002-1.webm","offset":0,"length":10`:                   1,
		`"epoch":1,"files":0`: 0,
	} {
		log := smallLog() + `{"i":5,"t":1000000,"mono_ns":0,"k":"recovered","track":"t001",` + line +
			`,"salt":"00000000000000000000000000000000","prev":"0000000000000000000000000000000000000000000000000000000000000000"}` + "\n"
		x, err := readLog(t, log)
		require.NoError(t, err)
		require.Equal(t, skipped, x.Skipped, line)
		require.Len(t, x.Tracks, 1, line)
		require.Len(t, x.Tracks[0].Files[0].Segments, 1, line)
	}
}

func readLog(t *testing.T, log string) (*Index, error) {
	t.Helper()
	var m memory
	w, err := asic.NewWriter(&m)
	require.NoError(t, err)
	for _, f := range [][2]string{{"log.jsonl", log}, {"media/t001-1.webm", smallTrack}, {"media/t002-1.webm", smallTrack}} {
		_, err := w.Add(f[0], int64(len(f[1])), strings.NewReader(f[1]))
		require.NoError(t, err)
	}
	_, err = w.Close()
	require.NoError(t, err)
	within(t, m.b)
	return Read(bytes.NewReader(m.b), int64(len(m.b)))
}

const smallTrack = "0123456789012345678901234567890123456789"

func smallLog() string {
	line := func(i int, rest string) string {
		return `{"i":` + string(rune('0'+i)) + `,"t":1000000,"mono_ns":0,` + rest + `,"salt":"00000000000000000000000000000000","prev":"0000000000000000000000000000000000000000000000000000000000000000"}` + "\n"
	}
	return line(0, `"k":"genesis","hearing":"h","part":1,"session":{"booking":{"people":[{"id":"p"}],"devices":[{"id":"d","people":["p"]}],"points":[{"id":"q"}]}}`) +
		line(1, `"k":"track-open","track":"t001","source":{"device":"d","kind":"cam"},"codec":"vp8","clock_rate":90000`) +
		line(2, `"k":"seg","track":"t001","file":"media/t001-1.webm","offset":0,"length":30,"init":10,"from_ms":0,"to_ms":2000,"from_t":1000000,"ssrcs":[{"ssrc":1,"first_ts":5}],"sr":[{"ssrc":1,"ntp_s":3000000000,"rtp":6}]`) +
		line(3, `"k":"gap","track":"t001","cause":"loss","from_t":1000000,"to_t":1000001`) +
		line(4, `"k":"event","seq":1,"committed":true,"line":"{\"at\":1000000,\"kind\":\"hearing.opened\"}"`)
}

func TestWithoutReportsArrivalsPlaceATrack(t *testing.T) {
	all := feeds(t, t.TempDir())
	for _, f := range all {
		f.silent = true
	}
	x := read(t, sealed(t, all))
	for i, want := range []float64{120e3, 20e3} {
		f := track(t, x, "device-1", []string{"cam", "mic"}[i]).Files[0]
		require.False(t, f.Aligned)
		for _, s := range f.Segments {
			require.InDelta(t, want, s.Shift, hold+2000)
		}
	}
}

// What a crash left behind the last line of its file is played too, in its place.
func TestWhatACrashLeftBehindTheLastLineIsPlayed(t *testing.T) {
	const crash = 8300 * time.Millisecond
	x := read(t, record(t, feeds(t, t.TempDir()), crash))
	require.Zero(t, x.Skipped)
	whole := example(t)
	for _, device := range []string{"device-1", "device-2"} {
		for _, kind := range []string{"cam", "mic"} {
			f, want := track(t, x, device, kind).Files[0], track(t, read(t, whole), device, kind).Files[0]
			last := f.Segments[len(f.Segments)-1]
			require.Equal(t, f.Length, last.Offset+last.Length, "to the end of the file")
			end := last.ToMS*1000 + last.Shift
			require.Greater(t, end, (crash - 600*time.Millisecond).Microseconds(), "%s %s", device, kind)
			require.LessOrEqual(t, end, crash.Microseconds())
			require.InDelta(t, want.Segments[0].Shift, last.Shift, hold, "in step with what stands before")
		}
	}
}

type gate struct {
	path  string
	err   error
	say   func(track string) bool
	still func(context.Context, string) bool
	saw   []string
	deny  error
	key   string
	load  bool
}

func (g *gate) Part(_ *http.Request, hearing string, part int) (Opened, error) {
	if hearing != "h-1" || part != 1 {
		return Opened{}, notThere()
	}
	return Opened{
		Key: "k" + g.key, Download: g.load, Watermark: "Phạm Quỳnh Như", Allowed: g.say, Still: g.still,
		Open: func() (io.ReaderAt, int64, io.Closer, error) { return archive.OpenContainer(g.path) },
		Log: func(_ context.Context, what string) error {
			g.saw = append(g.saw, what)
			return g.deny
		},
	}, g.err
}

func serve(g *gate) *http.ServeMux {
	mux := http.NewServeMux()
	New(g, slog.New(slog.DiscardHandler)).Register(mux)
	return mux
}

func get(h http.Handler, path string, head ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const base = "/api/v1/archives/h-1/parts/1/"

func TestTracksAreServedOutOfTheUntouchedContainer(t *testing.T) {
	g := &gate{path: example(t)}
	mux := serve(g)
	w := get(mux, base+"index")
	require.Equal(t, http.StatusOK, w.Code)
	var x IndexAnswer
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &x))
	require.Equal(t, "Phạm Quỳnh Như", x.Watermark)
	require.Equal(t, read(t, g.path), x.Index, "JSON loses nothing")

	whole, err := os.ReadFile(g.path)
	require.NoError(t, err)
	f := x.Tracks[0].Files[0]
	w = get(mux, base+"tracks/"+f.Name, "Range", "bytes=100-299")
	require.Equal(t, http.StatusPartialContent, w.Code)
	require.Equal(t, whole[f.Offset+100:f.Offset+300], w.Body.Bytes())
	require.Equal(t, "video/webm", w.Header().Get("Content-Type"))
	require.Equal(t, "private, no-store", w.Header().Get("Cache-Control"))
	require.Equal(t, []string{"index", f.Name}, g.saw)
	require.Equal(t, http.StatusRequestedRangeNotSatisfiable, get(mux, base+"tracks/"+f.Name, "Range", "bytes=99999999-").Code)

	for _, path := range []string{"tracks/t999-1", "tracks/..", "tracks/log.jsonl", "tracks/%2e%2e%2fx"} {
		require.Contains(t, []int{http.StatusNotFound, http.StatusTemporaryRedirect, http.StatusMovedPermanently}, get(mux, base+path).Code, path)
	}
	require.Equal(t, http.StatusNotFound, get(mux, "/api/v1/archives/h-1/parts/0/index").Code)
	require.Equal(t, http.StatusNotFound, get(mux, "/api/v1/archives/h-2/parts/1/index").Code)
}

func TestNothingGoesOutThatTheSourceForbids(t *testing.T) {
	g := &gate{path: example(t)}
	mux := serve(g)
	x := read(t, g.path)
	hidden := track(t, x, "device-2", "cam")
	g.say = func(track string) bool { return track != hidden.ID }
	w := get(mux, base+"index")
	require.NotContains(t, w.Body.String(), hidden.Files[0].Name)
	require.NotContains(t, w.Body.String(), `"track":"`+hidden.ID+`"`, "no gap of it either")
	require.Equal(t, http.StatusNotFound, get(mux, base+"tracks/"+hidden.Files[0].Name).Code)

	g.deny = errors.New("the access log is away")
	w = get(mux, base+"tracks/"+x.Tracks[0].Files[0].Name)
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.NotContains(t, w.Body.String(), "access log")
	g.deny, g.err = nil, &Refusal{http.StatusForbidden, "not_granted", "Chưa được phép.", "Not allowed."}
	w = get(mux, base+"index")
	require.Equal(t, http.StatusForbidden, w.Code)
	require.JSONEq(t, `{"title":"Not allowed.","status":403,"code":"not_granted","vi":"Chưa được phép.","en":"Not allowed."}`, w.Body.String())
}

// held is a permission that stands, or not.
func held(holds bool) []permit.Still {
	return []permit.Still{func(context.Context) bool { return holds }}
}

// slow is who reads a piece in as long as a permission is believed.
type slow struct {
	*httptest.ResponseRecorder
	wrote func()
}

func (s slow) Write(b []byte) (int, error) {
	s.wrote()
	time.Sleep(permit.Every) //nolint:forbidigo // the clock of the bubble
	return s.ResponseRecorder.Write(b)
}

func TestAnAnswerBreaksOffWhenThePermissionEnds(t *testing.T) {
	g := &gate{path: example(t), load: true}
	f := read(t, g.path).Tracks[0].Files[0]
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r, err := NewRenders(dir, 0, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(r.path("k"), make([]byte, f.Length), 0o600))
		h := New(g, slog.New(slog.DiscardHandler))
		mux := http.NewServeMux()
		h.Register(mux)
		h.RegisterRenders(mux, r)
		for path, what := range map[string]string{"tracks/" + f.Name: f.Name, "render/file": Film} {
			var asked []string
			pieces, last := 0, 3
			g.still = func(_ context.Context, what string) bool {
				asked = append(asked, what)
				return pieces < last
			}
			w := slow{httptest.NewRecorder(), func() { pieces++ }}
			mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, base+path, nil))
			require.Equal(t, http.StatusOK, w.Code)
			require.Equal(t, []string{what, what, what}, asked)
			require.Equal(t, last, pieces, "nothing goes out after it ended")
			require.Less(t, int64(w.Body.Len()), f.Length)
		}
	})
}

// Who asks for an index that is known does not wait for one that is being read.
func TestAKnownIndexIsThereWhileAnotherIsRead(t *testing.T) {
	g := &gate{path: example(t)}
	h := New(g, slog.New(slog.DiscardHandler))
	open := func() (io.ReaderAt, int64, io.Closer, error) { return archive.OpenContainer(g.path) }
	known, err := h.index(t.Context(), Opened{Key: "known", Open: open})
	require.NoError(t, err)
	begun, goOn, over := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		_, err := h.index(t.Context(), Opened{Key: "large", Open: func() (io.ReaderAt, int64, io.Closer, error) {
			close(begun)
			<-goOn
			return open()
		}})
		over <- err
	}()
	<-begun
	again, err := h.index(t.Context(), Opened{Key: "known"})
	require.NoError(t, err)
	require.Same(t, known, again)
	left, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = h.index(left, Opened{Key: "third"})
	require.ErrorIs(t, err, context.Canceled, "who went away waits for nothing")
	close(goOn)
	require.NoError(t, <-over)
}

// A file that was changed gives an index within its own bytes, or none.
func TestAHostileFileGivesNothingOutsideItself(t *testing.T) {
	path := example(t)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	c, err := asic.Open(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	log, ok := c.Entry("log.jsonl")
	require.True(t, ok)
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		bad := bytes.Clone(b)
		for range 1 + r.IntN(30) {
			bad[log.Offset()+r.Int64N(log.Size)] = "0123456789-,}\"x"[r.IntN(15)]
		}
		within(t, bad)
	}
}

func within(t testing.TB, b []byte) {
	x, err := Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		require.Nil(t, x)
		return
	}
	for _, tr := range x.Tracks {
		for _, f := range tr.Files {
			require.True(t, f.Offset > 0 && f.Length >= 0 && f.Offset+f.Length <= int64(len(b)))
			last := f.Init
			for _, s := range f.Segments {
				require.True(t, s.Offset >= last && s.Length > 0 && s.Offset+s.Length <= f.Length && s.FromMS <= s.ToMS)
				last = s.Offset + s.Length
			}
		}
	}
	_, err = json.Marshal(x)
	require.NoError(t, err)
}

func FuzzRead(f *testing.F) {
	f.Add(smallLog())
	f.Fuzz(func(t *testing.T, log string) {
		_, _ = readLog(t, log) // within looks at what it gives
	})
}

type memory struct{ b []byte }

func (m *memory) Write(p []byte) (int, error) {
	m.b = append(m.b, p...)
	return len(p), nil
}

func (m *memory) WriteAt(p []byte, at int64) (int, error) { return copy(m.b[at:], p), nil }
