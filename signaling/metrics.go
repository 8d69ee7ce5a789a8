package signaling

import (
	"errors"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"phientoa/internal/hearing"
	"phientoa/internal/store"
	"phientoa/internal/wire"
)

// Metrics counts what operators watch. Its labels are words of this program:
// never a hearing, person, device or track. A nil *Metrics counts nothing.
type Metrics struct {
	seats    prometheus.Gauge
	messages *prometheus.CounterVec
	denials  *prometheus.CounterVec
	commands *prometheus.HistogramVec
	appends  *prometheus.HistogramVec
	held     prometheus.Counter
	leases   *prometheus.CounterVec
	troubles *prometheus.CounterVec
}

// NewMetrics registers what Rooms and Server count with one another.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		seats: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "phientoa_seats_connected", Help: "Seats with a live connection to this node.",
		}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "phientoa_ws_messages_total", Help: "Messages over WebSockets, by direction (in, out) and kind.",
		}, []string{"direction", "kind"}),
		denials: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "phientoa_denials_total", Help: "Denials of access that the court's access log counts, by kind.",
		}, []string{"kind"}),
		commands: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "phientoa_command_seconds", Help: "From a person's command to its answer, by result (accepted, refused).",
			Buckets: []float64{.001, .005, .02, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"result"}),
		appends: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "phientoa_log_append_seconds", Help: "One append to the state log in the database, by result (ok, failed, fenced).",
			Buckets: []float64{.001, .002, .005, .01, .025, .05, .1, .25, 1, 2.5},
		}, []string{"result"}),
		held: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "phientoa_log_batches_held_total", Help: "Batches of events that only the evidence log could take, because the database was away.",
		}),
		leases: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "phientoa_leases_lost_total", Help: "Hearings that ended on this node because their lease was lost, by reason (fenced, expired).",
		}, []string{"reason"}),
		troubles: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "phientoa_recorder_troubles_total", Help: "Troubles that a recorder reported, by kind of trouble.",
		}, []string{"trouble"}),
	}
	reg.MustRegister(m.seats, m.messages, m.denials, m.commands, m.appends, m.held, m.leases, m.troubles)
	// Known labels stand from the start, so that an alert on growth sees the first one.
	for _, r := range []string{"fenced", "expired"} {
		m.leases.WithLabelValues(r)
	}
	for _, k := range []string{deniedRoom, deniedMedia, deniedInvitation} {
		m.denials.WithLabelValues(k)
	}
	return m
}

func (m *Metrics) seat(d float64) {
	if m != nil {
		m.seats.Add(d)
	}
}

// Noted counts an entry of the access log, if it is a denial.
func (m *Metrics) Noted(kind string) {
	if m != nil && strings.HasPrefix(kind, "denied.") {
		m.denials.WithLabelValues(kind).Inc()
	}
}

func (m *Metrics) received(e *wire.Envelope) {
	if m == nil {
		return
	}
	kind := "other"
	switch e.Body.(type) {
	case *wire.Envelope_Hello:
		kind = "hello"
	case *wire.Envelope_Command:
		kind = "command"
	case *wire.Envelope_MediaOffer:
		kind = "media_offer"
	case *wire.Envelope_LayerHints:
		kind = "layer_hints"
	case *wire.Envelope_Ping:
		kind = "ping"
	}
	m.messages.WithLabelValues("in", kind).Inc()
}

func (m *Metrics) sent(e *wire.Envelope) {
	if m == nil {
		return
	}
	kind := "other"
	switch e.Body.(type) {
	case *wire.Envelope_View:
		kind = "view"
	case *wire.Envelope_CommandResult:
		kind = "command_result"
	case *wire.Envelope_MediaAnswer:
		kind = "media_answer"
	case *wire.Envelope_Pong:
		kind = "pong"
	case *wire.Envelope_Bye:
		kind = "bye"
	}
	m.messages.WithLabelValues("out", kind).Inc()
}

func (m *Metrics) command(began, now time.Time, refused bool) {
	if m == nil {
		return
	}
	result := "accepted"
	if refused {
		result = "refused"
	}
	m.commands.WithLabelValues(result).Observe(now.Sub(began).Seconds())
}

func (m *Metrics) appended(began time.Time, err error) {
	if m == nil {
		return
	}
	result := "ok"
	switch {
	case final(err):
		result = "fenced"
	case err != nil:
		result = "failed"
	}
	m.appends.WithLabelValues(result).Observe(time.Since(began).Seconds())
}

func (m *Metrics) batchHeld() {
	if m != nil {
		m.held.Inc()
	}
}

// ended looks at why a room ended.
func (m *Metrics) ended(err error) {
	switch {
	case m == nil:
	case errors.Is(err, store.ErrFenced):
		m.leases.WithLabelValues("fenced").Inc()
	case errors.Is(err, errLeaseLost):
		m.leases.WithLabelValues("expired").Inc()
	}
}

func (m *Metrics) trouble(t string) {
	if m == nil || t == "" || t == "ended" {
		return
	}
	// The words of package recording, and of this one when no log could be opened.
	switch t {
	case "not_opened", "log-failed", "slow-disk", "io-error", "disk-full", "queue-full", "signer", "track-silent", "track-limit", "second-disk", "no-mirror":
	default:
		t = "other"
	}
	m.troubles.WithLabelValues(t).Inc()
}

// roomsCollector asks the open rooms when it is scraped.
type roomsCollector struct {
	rs                           *Rooms
	open, status, away, recorder *prometheus.Desc
}

// Collector describes the hearings on this node at the moment of a scrape.
func (rs *Rooms) Collector() prometheus.Collector {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("phientoa_"+name, help, labels, nil)
	}
	return &roomsCollector{
		rs:       rs,
		open:     d("rooms_open", "Hearings that this node holds open."),
		status:   d("hearings", "Hearings that this node holds open, by status.", "status"),
		away:     d("hearings_database_away", "Hearings on this node that go on without the database."),
		recorder: d("hearings_recorder_trouble", "Hearings in session on this node whose recorder is off or reports trouble."),
	}
}

// Describe implements prometheus.Collector.
func (c *roomsCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.open, c.status, c.away, c.recorder} {
		ch <- d
	}
}

// Collect implements prometheus.Collector. It waits for no actor.
func (c *roomsCollector) Collect(ch chan<- prometheus.Metric) {
	byStatus := map[hearing.Status]int{}
	for _, s := range []hearing.Status{
		hearing.Scheduled, hearing.Preparing, hearing.ReadyToOpen, hearing.InSession, hearing.InRecess,
		hearing.TechnicalHold, hearing.Suspended, hearing.Adjourned, hearing.Cancelled, hearing.Closed,
	} {
		byStatus[s] = 0
	}
	var away, unwell int
	c.rs.mu.Lock()
	open := len(c.rs.rooms)
	for _, r := range c.rs.rooms {
		s := r.Status()
		byStatus[s]++
		w := r.wellness.Load()
		if w&wellAway != 0 {
			away++
		}
		if w&wellRecorded == 0 && s == hearing.InSession {
			unwell++
		}
	}
	c.rs.mu.Unlock()
	gauge := func(d *prometheus.Desc, v int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	gauge(c.open, open)
	for s, n := range byStatus {
		gauge(c.status, n, string(s))
	}
	gauge(c.away, away)
	gauge(c.recorder, unwell)
}

// What a room tells about itself besides its status.
const (
	wellAway     uint32 = 1 << iota // the database is away
	wellRecorded                    // the recorder is on and without trouble
)

// tellWellness keeps what the collector may read; the actor calls it.
func (r *Room) tellWellness() {
	var w uint32
	if r.away {
		w |= wellAway
	}
	if r.recording.on && r.recording.trouble == "" {
		w |= wellRecorded
	}
	r.wellness.Store(w)
}
