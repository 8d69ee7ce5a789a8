package sfu

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// dropReason says why a received packet went no further, or a packet was not sent.
type dropReason int

const (
	dropMuted     dropReason = iota // no grant is open for the source
	dropPoliced                     // above a rate: of its kind, of one address, of RTCP, of a handshake; a queue of TCP was full
	dropRepeated                    // already received, or too old
	dropMalformed                   // not parseable, or too large
	dropForeign                     // unknown payload type, stream or address
	dropForged                      // not authentic
	dropFull                        // the kernel's send buffer is full
	dropFrame                       // video withheld because an earlier packet met a full buffer, or by the pacer
	dropError                       // sealing or writing failed
	dropReasons
)

func (d dropReason) String() string {
	return [...]string{"muted", "policed", "repeated", "malformed", "foreign", "forged", "full", "frame", "error"}[d]
}

// counters of one loop: rooms of other loops never touch their cache lines.
type counters struct {
	_                         [64]byte
	packetsIn, bytesIn        atomic.Uint64
	packetsOut, bytesOut      atomic.Uint64
	resent, keyframes, panics atomic.Uint64
	nacks, givenUp, padding   atomic.Uint64
	unfinished, replays       atomic.Uint64
	unwelcome                 atomic.Uint64
	dropped                   [dropReasons]atomic.Uint64
	moves                     atomic.Uint64
	peers, rooms              atomic.Int64
	_                         [64]byte
}

// collector sums the loops when asked.
type collector struct {
	loops  []*loop
	half   *atomic.Int64
	stages *atomic.Uint32
	tcp    *streams
	descs  map[string]*prometheus.Desc
}

func newCollector(loops []*loop, half *atomic.Int64, stages *atomic.Uint32, tcp *streams) *collector {
	c := &collector{loops: loops, half: half, stages: stages, tcp: tcp, descs: map[string]*prometheus.Desc{}}
	add := func(name, help string, labels ...string) {
		c.descs[name] = prometheus.NewDesc("sfu_"+name, help, labels, nil)
	}
	add("packets_received_total", "Media packets received.")
	add("received_bytes_total", "RTP payload bytes received.")
	add("packets_sent_total", "Media packets sent, retransmissions included.")
	add("sent_bytes_total", "Sealed RTP bytes sent.")
	add("packets_resent_total", "Retransmissions sent.")
	add("keyframe_requests_total", "Keyframe requests sent to publishers.")
	add("packets_padding_total", "Packets of padding alone, which probe a line.")
	add("replays_total", "Viewers' pictures that began with what was kept since the last keyframe.")
	add("nacks_sent_total", "Requests for lost packets sent to publishers.")
	add("packets_given_up_total", "Lost packets that no publisher's answer brought in time.")
	add("panics_total", "Panics that ended one peer.")
	add("peer_moves_total", "Peers that were found at a new address by their media.")
	add("packets_dropped_total", "Packets that went no further.", "reason")
	add("peers_unfinished_total", "Peers closed because their handshake did not end in time.")
	add("joins_refused_total", "Joins of viewers refused because the process is overloaded.")
	add("stages_given_up", "Whose pictures are given up under load: 0 nobody's, 1 monitors', 2 also the public's, 3 also small ones.")
	add("streams", "TCP connections of media that are open.")
	add("streams_refused_total", "TCP connections of media not taken, or ended by a bound.", "reason")
	add("peers", "Peers that are joined.")
	add("peers_joining", "Peers that have joined and not finished their handshake.")
	add("rooms", "Rooms that are open.")
	return c
}

func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

func (c *collector) Collect(ch chan<- prometheus.Metric) {
	sum := func(f func(*counters) uint64) float64 {
		var n uint64
		for _, l := range c.loops {
			n += f(&l.count)
		}
		return float64(n)
	}
	counter := func(name string, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(c.descs[name], prometheus.CounterValue, v, labels...)
	}
	counter("packets_received_total", sum(func(c *counters) uint64 { return c.packetsIn.Load() }))
	counter("received_bytes_total", sum(func(c *counters) uint64 { return c.bytesIn.Load() }))
	counter("packets_sent_total", sum(func(c *counters) uint64 { return c.packetsOut.Load() }))
	counter("sent_bytes_total", sum(func(c *counters) uint64 { return c.bytesOut.Load() }))
	counter("packets_resent_total", sum(func(c *counters) uint64 { return c.resent.Load() }))
	counter("keyframe_requests_total", sum(func(c *counters) uint64 { return c.keyframes.Load() }))
	counter("packets_padding_total", sum(func(c *counters) uint64 { return c.padding.Load() }))
	counter("replays_total", sum(func(c *counters) uint64 { return c.replays.Load() }))
	counter("nacks_sent_total", sum(func(c *counters) uint64 { return c.nacks.Load() }))
	counter("packets_given_up_total", sum(func(c *counters) uint64 { return c.givenUp.Load() }))
	counter("panics_total", sum(func(c *counters) uint64 { return c.panics.Load() }))
	counter("peer_moves_total", sum(func(c *counters) uint64 { return c.moves.Load() }))
	counter("peers_unfinished_total", sum(func(c *counters) uint64 { return c.unfinished.Load() }))
	for r := range dropReasons {
		counter("packets_dropped_total", sum(func(c *counters) uint64 { return c.dropped[r].Load() }), r.String())
	}
	counter("joins_refused_total", sum(func(c *counters) uint64 { return c.unwelcome.Load() }))
	ch <- prometheus.MustNewConstMetric(c.descs["stages_given_up"], prometheus.GaugeValue, float64(c.stages.Load()))
	ch <- prometheus.MustNewConstMetric(c.descs["streams"], prometheus.GaugeValue, float64(c.tcp.count()))
	for r := range refusals {
		counter("streams_refused_total", float64(c.tcp.refused[r].Load()), r.String())
	}
	var peers, rooms int64
	for _, l := range c.loops {
		peers += l.count.peers.Load()
		rooms += l.count.rooms.Load()
	}
	ch <- prometheus.MustNewConstMetric(c.descs["peers"], prometheus.GaugeValue, float64(peers))
	ch <- prometheus.MustNewConstMetric(c.descs["peers_joining"], prometheus.GaugeValue, float64(c.half.Load()))
	ch <- prometheus.MustNewConstMetric(c.descs["rooms"], prometheus.GaugeValue, float64(rooms))
}
