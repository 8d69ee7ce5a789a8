package edge

import (
	"bufio"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Requests counts HTTP requests by the pattern of their route, never by path: a
// path may carry the id of a hearing.
type Requests struct {
	total *prometheus.CounterVec
	time  *prometheus.HistogramVec
}

// NewRequests registers its metrics.
func NewRequests(reg prometheus.Registerer) *Requests {
	q := &Requests{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "phientoa_http_requests_total", Help: "HTTP requests answered, by pattern of the route and status.",
		}, []string{"method", "route", "code"}),
		time: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "phientoa_http_request_seconds", Help: "Time to answer an HTTP request; a WebSocket counts until its upgrade.",
			Buckets: []float64{.005, .02, .1, .5, 2, 10},
		}, []string{"route"}),
	}
	reg.MustRegister(q.total, q.time)
	return q
}

// Count wraps the handler of everything.
func (q *Requests) Count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		rec := &recorder{ResponseWriter: w}
		done := func() {
			route, method := route(r), method(r.Method)
			q.total.WithLabelValues(method, route, strconv.Itoa(rec.status())).Inc()
			q.time.WithLabelValues(route).Observe(time.Since(begin).Seconds())
		}
		rec.hijacked = done
		next.ServeHTTP(rec, r)
		if !rec.gone {
			done()
		}
	})
}

// route is the pattern that the mux wrote into the request, without its method.
func route(r *http.Request) string {
	if r.Pattern == "" {
		return "none"
	}
	_, path, ok := strings.Cut(r.Pattern, " ")
	if !ok {
		path = r.Pattern
	}
	return path
}

// method keeps to the names of RFC 9110: anything else is one label, because a
// client invents them freely.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// recorder remembers the status.
type recorder struct {
	http.ResponseWriter
	code     int
	gone     bool // taken over by a WebSocket
	hijacked func()
}

func (r *recorder) status() int {
	switch {
	case r.gone:
		return http.StatusSwitchingProtocols
	case r.code == 0:
		return http.StatusOK
	}
	return r.code
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(code int) {
	if r.code == 0 && code >= 200 {
		r.code = code
	}
	r.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Flush implements http.Flusher.
func (r *recorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

// Hijack implements http.Hijacker; the request counts from here on as answered.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(r.ResponseWriter).Hijack()
	if err == nil {
		r.gone = true
		r.hijacked()
	}
	return conn, rw, err
}
