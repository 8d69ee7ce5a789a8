package playback

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"phientoa/internal/permit"
)

// Source decides who may see what, and opens it.
type Source interface {
	// Part opens a part for whoever asks. A *Refusal says why not.
	Part(r *http.Request, hearing string, part int) (Opened, error)
}

// Opened is a part that this request may see.
type Opened struct {
	// Key names the bytes of the file, for instance by their SHA-256: another file
	// has another key.
	Key string
	// Open opens the container; see archive.OpenContainer.
	Open func() (io.ReaderAt, int64, io.Closer, error)
	// Watermark stands over every picture: who looks.
	Watermark string
	// Allowed tells of a track whether it may be seen; nil: all.
	Allowed func(track string) bool
	// Download tells whether a rendering may be taken away.
	Download bool
	// Log notes an access before its first byte goes out ("index", a file's name or
	// Film); when it fails nothing goes out. nil: nothing is noted.
	Log func(ctx context.Context, what string) error
	// Still tells whether the permission holds at this moment, for what goes out (as
	// Log is told) or for Rendering; nil: it does.
	Still func(ctx context.Context, what string) bool
}

// What a permission is asked about beside an index and a file of a track.
const (
	Film      = "render"    // a derived film goes out
	Rendering = "rendering" // one is being made, for who asked and may be away meanwhile
)

// still is Still about one thing.
func (o Opened) still(what string) permit.Still {
	return func(ctx context.Context) bool { return o.Still == nil || o.Still(ctx, what) }
}

// Refusal is why a part may not be seen, as an answer of HTTP.
type Refusal struct {
	Status       int
	Code, Vi, En string
}

// Error makes a Refusal an error.
func (r *Refusal) Error() string { return "playback: " + r.Code + ": " + r.En }

// Handler serves indexes and tracks. It is safe for concurrent use.
type Handler struct {
	source  Source
	logger  *slog.Logger
	reading chan struct{} // capacity 1: an index is being read

	mu     sync.Mutex
	latest []kept // the latest first
}

type kept struct {
	key   string
	index *Index
}

// maxKept bounds the indexes kept in memory; one of four hours is about 10 MB.
const maxKept = 4

// New makes a Handler.
func New(s Source, logger *slog.Logger) *Handler {
	return &Handler{source: s, logger: logger, reading: make(chan struct{}, 1)}
}

// Register puts the addresses onto a mux.
func (h *Handler) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/v1/archives/{hearing}/parts/{part}/index", h.Index)
	mux.HandleFunc("GET /api/v1/archives/{hearing}/parts/{part}/tracks/{track}", h.Track)
}

// IndexAnswer is the answer of Index.
type IndexAnswer struct {
	*Index
	Watermark string `json:"watermark"`
}

// Index answers with the part's Index as JSON, without tracks that may not be seen.
// It takes the path values hearing and part.
func (h *Handler) Index(w http.ResponseWriter, r *http.Request) {
	o, x, ok := h.opened(w, r, "index")
	if !ok {
		return
	}
	shown := *x
	if o.Allowed != nil {
		shown.Tracks, shown.Gaps = []Track{}, []Gap{}
		for _, t := range x.Tracks {
			if o.Allowed(t.ID) {
				shown.Tracks = append(shown.Tracks, t)
			}
		}
		for _, g := range x.Gaps {
			if o.Allowed(g.Track) {
				shown.Gaps = append(shown.Gaps, g)
			}
		}
	}
	head := w.Header()
	head.Set("Content-Type", "application/json")
	head.Set("Cache-Control", "private, no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	var out io.Writer = w
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		head.Set("Content-Encoding", "gzip")
		head.Add("Vary", "Accept-Encoding")
		z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // a level that exists
		defer func() { _ = z.Close() }()               // to somebody who went away
		out = z
	}
	if err := json.NewEncoder(out).Encode(IndexAnswer{&shown, o.Watermark}); err != nil {
		h.logger.Debug("index not sent", "err", err)
	}
}

// Track answers with bytes of one file of a track out of the untouched container,
// by Range. It takes the path values hearing, part and track (File.Name).
func (h *Handler) Track(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("track")
	o, x, ok := h.opened(w, r, name)
	if !ok {
		return
	}
	t, f := x.file(name)
	if f == nil || (o.Allowed != nil && !o.Allowed(t.ID)) {
		refuse(w, notThere())
		return
	}
	at, size, c, err := o.Open()
	if err != nil {
		h.fail(w, err)
		return
	}
	defer c.Close()
	if f.Offset+f.Length > size { // another file under the same key
		h.fail(w, fmt.Errorf("playback: %s is shorter than its index", name))
		return
	}
	head := w.Header()
	kind := strings.SplitN(t.Mime, ";", 2)[0]
	if t.Codec == h264 {
		kind = "video/matroska" // the file itself (RFC 9559 section 27.3)
	}
	head.Set("Content-Type", kind)
	head.Set("ETag", strconv.Quote(o.Key+"/"+name))
	head.Set("Cache-Control", "private, no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, permit.Reader(r.Context(), io.NewSectionReader(at, f.Offset, f.Length), o.still(name)))
}

// opened asks the source, reads the index and notes the access. Where it is not ok
// the answer is out.
func (h *Handler) opened(w http.ResponseWriter, r *http.Request, what string) (o Opened, x *Index, ok bool) {
	part, err := strconv.Atoi(r.PathValue("part"))
	if err != nil || part < 1 || !named(r.PathValue("track")) {
		refuse(w, notThere())
		return o, nil, false
	}
	o, err = h.source.Part(r, r.PathValue("hearing"), part)
	if err == nil {
		x, err = h.index(r.Context(), o)
	}
	if err == nil && o.Log != nil {
		err = o.Log(r.Context(), what)
	}
	if err != nil {
		h.fail(w, err)
		return o, nil, false
	}
	return o, x, true
}

// named tells whether a text can be the name of a file; the index has none.
func named(s string) bool {
	return len(s) <= 64 && strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
	}) < 0
}

// index is kept for the few parts that were looked at last. One is read at a time;
// who asks for one that is known does not wait for that.
func (h *Handler) index(ctx context.Context, o Opened) (*Index, error) {
	if x := h.known(o.Key); x != nil {
		return x, nil
	}
	select {
	case h.reading <- struct{}{}:
		defer func() { <-h.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if x := h.known(o.Key); x != nil { // read by who was before
		return x, nil
	}
	r, size, c, err := o.Open()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	x, err := Read(r, size)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.latest = slices.Insert(h.latest, 0, kept{o.Key, x})
	h.latest = h.latest[:min(len(h.latest), maxKept)]
	return x, nil
}

// known is the index under a key if it is kept, and makes it the latest.
func (h *Handler) known(key string) *Index {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.latest, func(k kept) bool { return k.key == key })
	if i < 0 {
		return nil
	}
	k := h.latest[i]
	h.latest = slices.Insert(slices.Delete(h.latest, i, i+1), 0, k)
	return k.index
}

func (h *Handler) fail(w http.ResponseWriter, err error) {
	var no *Refusal
	if errors.As(err, &no) {
		refuse(w, no)
		return
	}
	h.logger.Error("sealed part not played", "err", err)
	refuse(w, &Refusal{
		http.StatusInternalServerError, "unreadable",
		"Không đọc được gói lưu trữ. Hãy kiểm tra tính toàn vẹn của gói.", "The sealed file cannot be read. Please have it verified.",
	})
}

func notThere() *Refusal {
	return &Refusal{http.StatusNotFound, "not_found", "Không có phần ghi này.", "There is no such recording."}
}

// refuse writes problem details (RFC 9457).
func refuse(w http.ResponseWriter, r *Refusal) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(r.Status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // to somebody who went away
		"title": r.En, "status": r.Status, "code": r.Code, "vi": r.Vi, "en": r.En,
	})
}
