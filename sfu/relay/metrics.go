package relay

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// refusedFor says why something was not relayed or not admitted.
type refusedFor int

const (
	refusedPeer      refusedFor = iota // not a media socket, or a kind of request that is not served
	refusedPass                        // no living pass
	refusedQuota                       // allocations of a pass or of all
	refusedRate                        // above a rate
	refusedStreams                     // connections or handshakes
	refusedIdle                        // a connection without an allocation
	refusedMalformed                   // not TURN
	refusedPanic                       // a defect of ours met it
	refusedReasons
)

func (f refusedFor) String() string {
	return [...]string{"peer", "pass", "quota", "rate", "connections", "idle", "malformed", "panic"}[f]
}

type counters struct {
	bytesUp, bytesDown atomic.Uint64
	refused            [refusedReasons]atomic.Uint64
}

// collector tells the figures when asked.
type collector struct{ r *Relay }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("phientoa_relay_"+name, help, labels, nil)
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	r := c.r
	r.mu.Lock()
	legs, passes, streams := r.legs, len(r.passes), len(r.streams)
	r.mu.Unlock()
	gauge := func(name, help string, v int) {
		ch <- prometheus.MustNewConstMetric(desc(name, help), prometheus.GaugeValue, float64(v))
	}
	gauge("allocations", "Allocations of clients that reach the media sockets through the relay.", legs)
	gauge("passes", "Seats that may use the relay now.", passes)
	gauge("connections", "TCP and TLS connections to the relay.", streams)
	for i, way := range []string{"up", "down"} {
		n := []*atomic.Uint64{&r.count.bytesUp, &r.count.bytesDown}[i].Load()
		ch <- prometheus.MustNewConstMetric(desc("bytes_total", "Bytes relayed, by direction as the client sees it.", "direction"),
			prometheus.CounterValue, float64(n), way)
	}
	for f := range refusedReasons {
		ch <- prometheus.MustNewConstMetric(desc("refused_total", "What the relay refused or dropped, by reason.", "reason"),
			prometheus.CounterValue, float64(r.count.refused[f].Load()), f.String())
	}
}
