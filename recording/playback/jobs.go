package playback

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"phientoa/internal/permit"
)

// Bounds of renderings.
const (
	maxWaiting = 16 // jobs behind the one that runs
	maxRenders = 20 // files kept; the oldest goes
	maxFailed  = 64 // failures remembered
	maxAsked   = 16 // who asked for one file, remembered
)

// States of a rendering.
const (
	RenderNone    = "none"
	RenderWaiting = "waiting"
	RenderRunning = "running"
	RenderReady   = "ready"
	RenderFailed  = "failed"
	RenderNoRoom  = "no_room"
)

// Renders makes MP4s in the background, one at a time, and keeps the latest.
type Renders struct {
	dir    string
	limit  *rate.Limiter // bytes a second that are read
	logger *slog.Logger
	wake   chan struct{} // capacity 1

	reserve int64 // tests leave none

	mu      sync.Mutex
	waiting []renderJob
	running string             // key, empty: none
	stop    context.CancelFunc // of what runs
	asked   []permit.Still     // of who asked for what runs
	share   float64
	failed  map[string]string // key to state
}

// renderJob makes the film of a part. Equal ones are one, for everybody who asked.
type renderJob struct {
	key   string
	open  func() (io.ReaderAt, int64, io.Closer, error)
	still []permit.Still // of who asked
}

// permitted tells whether the permission of anybody who asked holds.
func (r *Renders) permitted(ctx context.Context) bool {
	r.mu.Lock()
	asked := r.asked
	r.mu.Unlock()
	return slices.ContainsFunc(asked, func(still permit.Still) bool { return still(ctx) })
}

// RenderAnswer says how far a rendering is.
type RenderAnswer struct {
	State string  `json:"state"`
	Share float64 `json:"share"` // done, 0 to 1
	// Download tells whether whoever asks may have the file.
	Download bool `json:"download"`
}

// NewRenders keeps files in dir, which is nobody else's, and reads at most so many
// bytes a second of sealed files (0: no limit): recordings come first. Nothing is
// rendered before Run.
func NewRenders(dir string, perSecond int, logger *slog.Logger) (*Renders, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("playback: %w", err)
	}
	limit := rate.NewLimiter(rate.Limit(perSecond), digestStep)
	if perSecond == 0 {
		limit.SetLimit(rate.Inf)
	}
	return &Renders{dir: dir, limit: limit, logger: logger, wake: make(chan struct{}, 1), failed: map[string]string{}}, nil
}

func (r *Renders) path(key string) string {
	return filepath.Join(r.dir, fmt.Sprintf("%x.mp4", sha256.Sum256([]byte(key))))
}

// Run renders what is asked for until ctx ends. What an earlier process left half done
// is taken away first.
func (r *Renders) Run(ctx context.Context) {
	half, err := filepath.Glob(filepath.Join(r.dir, ".render-*"))
	for _, dir := range half {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	if err != nil {
		r.logger.Warn("half rendered files stay", "err", err)
	}
	for {
		for ctx.Err() == nil {
			one, cancel := permit.Context(ctx, r.permitted)
			job, ok := r.next(cancel)
			if ok {
				r.render(one, job)
			}
			cancel()
			if !ok {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
	}
}

// Forget takes away what was rendered of a part, whichever of its files it was made
// of, and what is asked for under key. ErrRendering: it was being rendered and is
// stopped; it has to be asked again.
func (r *Renders) Forget(hearing string, part int, key string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = slices.DeleteFunc(r.waiting, func(w renderJob) bool { return w.key == key })
	if r.running == key {
		r.stop()
		return ErrRendering
	}
	names, err := filepath.Glob(filepath.Join(r.dir, "*.mp4.json"))
	if err != nil {
		return fmt.Errorf("playback: %w", err)
	}
	film := r.path(key)
	errs := []error{remove(film), remove(film + ".json")}
	for _, name := range names {
		var d Derivation
		text, err := os.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(text, &d)
		}
		if err == nil && d.Hearing == hearing && d.Part == part {
			// The film first: without its JSON nobody would find it.
			if err = remove(strings.TrimSuffix(name, ".json")); err == nil {
				err = remove(name)
			}
		}
		if !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("playback: forget: %w", err)
	}
	return nil
}

// ErrRendering: a part is being rendered.
var ErrRendering = errors.New("playback: being rendered, and told to stop")

func remove(name string) error {
	if err := os.Remove(name); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (r *Renders) next(stop context.CancelFunc) (job renderJob, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 {
		return job, false
	}
	job, r.waiting = r.waiting[0], r.waiting[1:]
	r.running, r.stop, r.asked, r.share = job.key, stop, job.still, 0
	return job, true
}

func (r *Renders) render(ctx context.Context, job renderJob) {
	begun := time.Now()
	err := r.one(ctx, job)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running, r.asked = "", nil
	switch {
	case err == nil:
		r.logger.Info("part rendered", "took", time.Since(begun).Round(time.Second).String())
		r.tidy()
	case errors.Is(context.Cause(ctx), permit.ErrEnded):
		r.logger.Info("part not rendered: nobody who asked for it may see it any more")
	case ctx.Err() != nil: // the next process may be asked again
	default:
		r.logger.Error("part not rendered", "err", err)
		if len(r.failed) >= maxFailed {
			clear(r.failed)
		}
		r.failed[job.key] = RenderFailed
		if errors.Is(err, ErrNoRoom) {
			r.failed[job.key] = RenderNoRoom
		}
	}
}

func (r *Renders) one(ctx context.Context, job renderJob) (err error) {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	at, size, c, err := job.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	_, err = Render(ctx, RenderParams{Container: at, Size: size, Out: r.path(job.key), Limit: r.limit, reserve: r.reserve, Progress: func(share float64) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.share = share
	}})
	return err
}

// tidy lets the oldest files go. They can be made again.
func (r *Renders) tidy() {
	names, err := filepath.Glob(filepath.Join(r.dir, "*.mp4"))
	if err != nil || len(names) <= maxRenders {
		return
	}
	age := func(name string) int64 {
		info, err := os.Stat(name)
		if err != nil {
			return 0
		}
		return info.ModTime().UnixNano()
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(age(a), age(b)) })
	for _, name := range names[:len(names)-maxRenders] {
		if err := errors.Join(os.Remove(name), os.Remove(name+".json")); err != nil {
			r.logger.Warn("old rendering stays", "err", err)
		}
	}
}

// ask puts a job in the line, unless it is there or done; false when the line is full.
func (r *Renders) ask(job renderJob) bool {
	if r.state(job.key).State == RenderReady {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.waiting, func(w renderJob) bool { return w.key == job.key })
	switch {
	case r.running == job.key:
		r.asked = join(r.asked, job.still)
		return true
	case i >= 0:
		r.waiting[i].still = join(r.waiting[i].still, job.still)
		return true
	case len(r.waiting) >= maxWaiting:
		return false
	}
	delete(r.failed, job.key)
	r.waiting = append(r.waiting, job)
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return true
}

// join adds who asks too; the earliest of very many are forgotten.
func join(asked, too []permit.Still) []permit.Still {
	all := slices.Concat(asked, too)
	return all[max(0, len(all)-maxAsked):]
}

func (r *Renders) state(key string) RenderAnswer {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.running == key:
		return RenderAnswer{State: RenderRunning, Share: r.share}
	case slices.ContainsFunc(r.waiting, func(w renderJob) bool { return w.key == key }):
		return RenderAnswer{State: RenderWaiting}
	case r.failed[key] != "":
		return RenderAnswer{State: r.failed[key]}
	}
	if _, err := os.Stat(r.path(key)); err == nil {
		return RenderAnswer{State: RenderReady, Share: 1}
	}
	return RenderAnswer{State: RenderNone}
}

// RegisterRenders adds the addresses of renderings to a mux.
func (h *Handler) RegisterRenders(mux *http.ServeMux, r *Renders) {
	const path = "/api/v1/archives/{hearing}/parts/{part}/render"
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, q *http.Request) { h.Render(w, q, r) })
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, q *http.Request) { h.Render(w, q, r) })
	mux.HandleFunc("GET "+path+"/file", func(w http.ResponseWriter, q *http.Request) { h.Rendered(w, q, r) })
}

// whole opens a part for a rendering, which shows every track.
func (h *Handler) whole(w http.ResponseWriter, q *http.Request) (o Opened, ok bool) {
	part, err := strconv.Atoi(q.PathValue("part"))
	if err != nil || part < 1 {
		refuse(w, notThere())
		return o, false
	}
	o, err = h.source.Part(q, q.PathValue("hearing"), part)
	if err == nil && o.Allowed != nil {
		err = &Refusal{
			http.StatusForbidden, "not_whole",
			"Bản MP4 gồm mọi nguồn; ông/bà chỉ được xem một số nguồn.", "An MP4 shows every source; you may see some of them.",
		}
	}
	if err != nil {
		h.fail(w, err)
		return o, false
	}
	return o, true
}

// Render tells how far the part's MP4 is; by POST it asks for one.
func (h *Handler) Render(w http.ResponseWriter, q *http.Request, r *Renders) {
	o, ok := h.whole(w, q)
	if !ok {
		return
	}
	status := http.StatusOK
	if q.Method == http.MethodPost {
		if !r.ask(renderJob{o.Key, o.Open, []permit.Still{o.still(Rendering)}}) {
			refuse(w, &Refusal{
				http.StatusTooManyRequests, "render_queue",
				"Đang có quá nhiều bản MP4 chờ tạo. Vui lòng thử lại sau.", "Too many MP4s wait to be made. Please try again later.",
			})
			return
		}
		status = http.StatusAccepted
	}
	a := r.state(o.Key)
	a.Download = o.Download
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "private, no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(a) // to somebody who went away
}

// Rendered answers with the MP4, by Range, where the permission names downloading.
func (h *Handler) Rendered(w http.ResponseWriter, q *http.Request, r *Renders) {
	o, ok := h.whole(w, q)
	if !ok {
		return
	}
	if !o.Download {
		refuse(w, &Refusal{
			http.StatusForbidden, "view_only",
			"Ông/bà được phép xem, không được phép tải tệp về.", "You may view this archive, not download it.",
		})
		return
	}
	f, err := os.Open(r.path(o.Key))
	if errors.Is(err, os.ErrNotExist) {
		refuse(w, notThere())
		return
	}
	if err == nil && o.Log != nil {
		err = o.Log(q.Context(), Film)
	}
	if err != nil {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
		h.fail(w, err)
		return
	}
	defer f.Close()
	head := w.Header()
	head.Set("Content-Type", "video/mp4")
	head.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="ban-dan-xuat-phan-%s.mp4"`, strings.TrimLeft(q.PathValue("part"), "+0")))
	head.Set("ETag", strconv.Quote(o.Key+"/mp4"))
	head.Set("Cache-Control", "private, no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, q, "", time.Time{}, permit.Reader(q.Context(), f, o.still(Film)))
}
