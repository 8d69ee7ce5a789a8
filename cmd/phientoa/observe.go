package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sys/unix"

	"phientoa/internal/court"
	"phientoa/internal/disk"
	"phientoa/internal/edge"
	"phientoa/internal/ledger"
	"phientoa/internal/store"
	"phientoa/recording"
)

// metrics is the handler of /metrics.
func (n *node) metrics() http.Handler {
	return promhttp.HandlerFor(n.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// observe registers what the parts do not count themselves. Every name stands in
// docs/metrics.md; a test compares the two.
func (n *node) observe() {
	gauge := func(name, help string, f func() float64) {
		n.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "phientoa_" + name, Help: help}, f))
	}
	n.registry.MustRegister(n.rooms.Collector(), prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "phientoa_session_panics_total", Help: "Sessions that a defect has ended.",
	}, func() float64 { return float64(n.server.Panics()) }))
	gauge("evidence_free_bytes", "Bytes that the disk of the evidence still takes; -1 when it cannot be told.", func() float64 {
		free, err := recording.Free(n.evidenceDir())
		if err != nil {
			return -1
		}
		return float64(free)
	})
	if second := n.p.EvidenceSecond; second != "" {
		gauge("evidence_second_usable", "1 when the second disk of the evidence is there with its mark and a recording can begin on it, else 0.", func() float64 {
			if _, err := usable(second, true); err == nil {
				return 1
			}
			return 0
		})
	}
	gauge("clock_synchronised", "1 when the system says that its clock follows a time source, else 0.", func() float64 {
		if c, err := readClock(); err == nil && c.Synchronised {
			return 1
		}
		return 0
	})
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "phientoa_build_info", Help: "Always 1; the label tells the version.",
		ConstLabels: prometheus.Labels{"version": version()},
	})
	build.Set(1)
	n.registry.MustRegister(build)
	if n.tls != nil {
		gauge("tls_certificate_expiry_seconds", "End of validity of the web server's certificate, in seconds since 1970.", func() float64 {
			return float64(n.tls.NotAfter().Unix())
		})
	}
	n.registry.MustRegister(newPaperCollector(n.nodewatch.Papers))
	if alarms, ok := n.store.(alarmStore); ok {
		n.registry.MustRegister(newAlarmCollector(alarms))
	}
}

// evidenceWritten counts evidence as it is handed to the disk.
func (n *node) evidenceWritten() func(int) {
	c := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "phientoa_evidence_written_bytes_total", Help: "Bytes of evidence logs and track files written by this process.",
	})
	n.registry.MustRegister(c)
	return func(b int) { c.Add(float64(b)) }
}

// partFS opens the directory of a part and counts what is written into it.
func (r *recorder) partFS(dir string) (recording.PartFS, error) {
	fsys, err := ledger.DirFS(dir)
	if err != nil || r.written == nil {
		return fsys, err
	}
	return &countedFS{CloserFS: fsys, written: r.written}, nil
}

type countedFS struct {
	ledger.CloserFS
	written func(int)
}

// Create implements ledger.FS.
func (c *countedFS) Create(name string) (ledger.File, error) {
	f, err := c.CloserFS.Create(name)
	if err != nil {
		return nil, err
	}
	return countedFile{f, c.written}, nil
}

// Append implements ledger.FS.
func (c *countedFS) Append(name string) (ledger.File, error) {
	f, err := c.CloserFS.Append(name)
	if err != nil {
		return nil, err
	}
	return countedFile{f, c.written}, nil
}

type countedFile struct {
	ledger.File
	written func(int)
}

func (f countedFile) Write(b []byte) (int, error) {
	n, err := f.File.Write(b)
	f.written(n)
	return n, err
}

// checks are what /readyz looks at.
func (n *node) checks() []edge.Check {
	list := []edge.Check{
		{Name: "database", Do: func(ctx context.Context) (any, error) { return n.store.Kind(), n.store.Ping(ctx) }},
		{Name: "signer", Do: func(ctx context.Context) (any, error) { return nil, n.signer.Ping(ctx) }},
		{Name: "disk", Do: func(context.Context) (any, error) { return diskCheck(n.evidenceDir(), n.p.EvidenceSecond) }},
		{Name: "seals", Do: func(context.Context) (any, error) { return sealCheck(n.sealer) }},
		{Name: "clock", Do: func(context.Context) (any, error) { return clockCheck(time.Now()) }},
	}
	if n.mirror != nil {
		list = append(list, edge.Check{Name: "storage", Do: n.storageCheck})
	}
	return list
}

// diskCheck wants room for a recording on one of the disks of the evidence; that
// another lacks it or does not answer is a warning. second is empty where there is
// none.
func diskCheck(dirs ...string) (any, error) {
	type state struct {
		Free  int64  `json:"free_bytes"`
		Least int64  `json:"least_bytes"`
		Error string `json:"error,omitempty"`
	}
	var detail []state
	var errs []error
	for i, dir := range dirs {
		if dir == "" {
			continue
		}
		free, err := usable(dir, i > 0)
		d := state{Free: free, Least: leastFree}
		if err != nil {
			d.Error = err.Error()
			errs = append(errs, fmt.Errorf("disk %d of the evidence: %w", i+1, err))
		}
		detail = append(detail, d)
	}
	err := errors.Join(errs...)
	if err != nil && len(errs) < len(detail) {
		err = fmt.Errorf("%w: %w", edge.ErrWarning, err)
	}
	return detail, err
}

// usable tells how many bytes a disk of evidence takes, and why no recording can begin
// on it; a second one has to bear its mark.
func usable(dir string, marked bool) (free int64, err error) {
	free, err = recording.Free(dir)
	if err == nil && marked {
		err = disk.Marked(dir)
	}
	if err == nil && free < leastFree {
		err = fmt.Errorf("%d bytes free on the disk of the evidence, recording needs %d to begin", free, int64(leastFree))
	}
	return free, err
}

// clock is what the kernel says of its clock (adjtimex(2)).
type clock struct {
	Synchronised bool  `json:"synchronised"`
	MaxErrorUS   int64 `json:"max_error_us"`
}

func readClock() (clock, error) {
	var tx unix.Timex
	state, err := unix.Adjtimex(&tx)
	if err != nil {
		return clock{}, fmt.Errorf("adjtimex: %w", err)
	}
	const timeError, staUnsync = 5, 0x40 // linux/timex.h
	return clock{Synchronised: state != timeError && tx.Status&staUnsync == 0, MaxErrorUS: tx.Maxerror}, nil
}

// clockCheck refuses a clock that is certainly wrong and warns of one that
// follows nothing: times of the record are this clock's.
func clockCheck(now time.Time) (any, error) {
	if built := buildTime(); now.Before(built) {
		return nil, fmt.Errorf("the clock says %s, before this program was made", now.UTC().Format(time.RFC3339))
	}
	c, err := readClock()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", edge.ErrWarning, err)
	}
	if !c.Synchronised {
		return c, fmt.Errorf("%w: the system's clock follows no time source", edge.ErrWarning)
	}
	return c, nil
}

// alarmStore is the part of store.Office that counts alarms.
type alarmStore interface {
	Alarms(ctx context.Context, sc court.Scope, doneSince time.Time) ([]store.Alarm, error)
}

// alarmCollector asks the database when it is scraped, at most every 10 s.
type alarmCollector struct {
	st   alarmStore
	desc *prometheus.Desc
	busy atomic.Bool
	last atomic.Pointer[alarmCount]
}

type alarmCount struct {
	at    time.Time
	kinds map[string]int
}

func newAlarmCollector(st alarmStore) *alarmCollector {
	return &alarmCollector{st: st, desc: prometheus.NewDesc("phientoa_alarms_open",
		"Alarms of the operators that nobody has marked as done, by kind, in the whole installation.", []string{"kind"}, nil)}
}

// Describe implements prometheus.Collector.
func (c *alarmCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.desc }

// Collect implements prometheus.Collector.
func (c *alarmCollector) Collect(ch chan<- prometheus.Metric) {
	got := c.last.Load()
	if (got == nil || time.Since(got.at) > 10*time.Second) && c.busy.CompareAndSwap(false, true) {
		if fresh, err := c.count(); err == nil {
			c.last.Store(fresh)
			got = fresh
		}
		c.busy.Store(false)
	}
	if got == nil {
		return // never asked with success: nothing is told rather than zero
	}
	for kind, n := range got.kinds {
		ch <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(n), kind)
	}
}

func (c *alarmCollector) count() (*alarmCount, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	list, err := c.st.Alarms(ctx, court.SystemScope(), time.Now())
	if err != nil {
		return nil, errors.Join(errors.New("alarms not counted"), err)
	}
	kinds := map[string]int{"help": 0, "test_failed": 0, "point_lost": 0, "recorder": 0, "picture": 0, "media_blocked": 0, "disk": 0, "certificate": 0}
	for _, a := range list {
		if !a.DoneAt.IsZero() {
			continue
		}
		kind := a.Kind
		if _, known := kinds[kind]; !known {
			kind = "other"
		}
		kinds[kind]++
	}
	return &alarmCount{at: time.Now(), kinds: kinds}, nil
}
