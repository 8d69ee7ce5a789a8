package edge

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Check looks at one thing that serving needs.
type Check struct {
	Name string // a word of the JSON answer
	// Do returns what it found, for instance free bytes, and why this process
	// cannot serve. An error that wraps ErrWarning is told and does not count.
	Do func(ctx context.Context) (detail any, err error)
}

// ErrWarning marks an error of a Check that operators should know of.
var ErrWarning = errors.New("warning")

// checkTime bounds all checks of one answer together.
const checkTime = 3 * time.Second

// Health answers /healthz and /readyz. It belongs on the admin listener: the
// reasons name parts of the installation.
type Health struct {
	Version  string
	checks   []Check
	stopping atomic.Bool
}

// NewHealth makes a Health.
func NewHealth(version string, checks ...Check) *Health {
	return &Health{Version: version, checks: checks}
}

// Stopping makes /readyz say no from now on: the load balancer sends nobody here.
func (h *Health) Stopping() { h.stopping.Store(true) }

// Result is what one check found.
type Result struct {
	OK      bool   `json:"ok"`
	Warning bool   `json:"warning,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Detail  any    `json:"detail,omitempty"`
}

// Report is the answer of /readyz.
type Report struct {
	Ready    bool              `json:"ready"`
	Stopping bool              `json:"stopping,omitempty"`
	Version  string            `json:"version"`
	Checks   map[string]Result `json:"checks"`
}

// Look makes every check, at the same time.
func (h *Health) Look(ctx context.Context) Report {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	results := make([]Result, len(h.checks))
	var wg sync.WaitGroup
	for i, c := range h.checks {
		wg.Go(func() {
			detail, err := c.Do(ctx)
			results[i] = Result{OK: err == nil || errors.Is(err, ErrWarning), Detail: detail}
			if err != nil {
				results[i].Reason, results[i].Warning = err.Error(), errors.Is(err, ErrWarning)
			}
		})
	}
	wg.Wait()
	r := Report{Ready: true, Stopping: h.stopping.Load(), Version: h.Version, Checks: map[string]Result{}}
	r.Ready = !r.Stopping && !slices.ContainsFunc(results, func(x Result) bool { return !x.OK })
	for i, c := range h.checks {
		r.Checks[c.Name] = results[i]
	}
	return r
}

// Register puts the two paths into mux. /healthz says only that the process
// answers: a manager that restarts it for a database that is away would end
// hearings that go on without one.
func (h *Health) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, map[string]any{"alive": true, "version": h.Version})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		rep := h.Look(r.Context())
		status := http.StatusOK
		if !rep.Ready {
			status = http.StatusServiceUnavailable
		}
		write(w, status, rep)
	})
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
