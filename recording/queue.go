//go:build !verifier

package recording

import (
	"sync"
	"time"

	"phientoa/sfu"
)

// packet is a copy of an sfu.Packet without its pool.
type packet struct {
	source    sfu.SourceID
	codec     sfu.Codec
	ssrc      uint32
	seq       uint64
	ts        uint32
	marker    bool
	arrival   time.Time
	recovered bool
	payload   []byte
}

type itemKind uint8

const (
	itemPacket itemKind = iota
	itemOpened
	itemClosed
	itemReport
)

type item struct {
	kind   itemKind
	pkt    packet
	info   sfu.SourceInfo // opened; Source also for closed
	at     time.Time
	report sfu.SenderReport
}

// queue stands between the packet path and the recorder. It implements sfu.Tap:
// its methods copy and return; they never wait for the disk. The copy goes into
// a buffer that is used again, so that a steady flow allocates nothing.
//
// Bounds: packets, bytes of payload, and control items in reserve. A full queue
// drops the packet and counts it for its source.
type queue struct {
	maxPackets, maxBytes, maxItems int
	wake                           chan struct{}

	mu      sync.Mutex
	items   []item
	packets int
	bytes   int
	spare   [][]byte
	dropped map[sfu.SourceID]drop
	blind   map[sfu.SourceID]bool // cameras whose pictures cannot be decoded before a keyframe
	refused bool                  // a control item found no room: the recorder's view is not complete
}

// drop is what a full queue threw away of one source.
type drop struct {
	n           int
	ssrc        uint32
	first, last uint64 // sequence numbers
	from, to    time.Time
}

const maxSources = 4096

func newQueue(maxPackets, maxBytes int) *queue {
	return &queue{
		maxPackets: maxPackets, maxBytes: maxBytes, maxItems: maxPackets + 4096,
		wake: make(chan struct{}, 1), dropped: map[sfu.SourceID]drop{}, blind: map[sfu.SourceID]bool{},
	}
}

// Opened implements sfu.Tap.
func (q *queue) Opened(info sfu.SourceInfo, at time.Time) {
	q.control(item{kind: itemOpened, info: info, at: at})
}

// Closed implements sfu.Tap.
func (q *queue) Closed(source sfu.SourceID, at time.Time) {
	q.control(item{kind: itemClosed, info: sfu.SourceInfo{Source: source}, at: at})
}

// SenderReport implements sfu.Tap.
func (q *queue) SenderReport(r sfu.SenderReport) {
	q.control(item{kind: itemReport, report: r, at: r.Arrival})
}

func (q *queue) control(it item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) >= q.maxItems {
		q.refused = true
		return
	}
	q.items = append(q.items, it)
}

// Packet implements sfu.Tap.
func (q *queue) Packet(p *sfu.Packet) {
	q.mu.Lock()
	if q.packets >= q.maxPackets || q.bytes+len(p.Payload) > q.maxBytes {
		d, known := q.dropped[p.Source]
		if known || len(q.dropped) < maxSources {
			if d.n == 0 {
				d = drop{ssrc: p.SSRC, first: p.Seq, from: p.Arrival}
			}
			d.n, d.last, d.to = d.n+1, p.Seq, p.Arrival
			q.dropped[p.Source] = d
		}
		q.mu.Unlock()
		return
	}
	var buf []byte
	if n := len(q.spare); n > 0 {
		buf, q.spare = q.spare[n-1], q.spare[:n-1]
	}
	q.items = append(q.items, item{kind: itemPacket, at: p.Arrival, pkt: packet{
		source: p.Source, codec: p.Codec, ssrc: p.SSRC, seq: p.Seq, ts: p.Timestamp, marker: p.Marker,
		arrival: p.Arrival, recovered: p.Recovered, payload: append(buf[:0], p.Payload...),
	}})
	q.packets++
	q.bytes += len(p.Payload)
	half := q.packets == q.maxPackets/2
	q.mu.Unlock()
	if half { // the next tick may be too late
		select {
		case q.wake <- struct{}{}:
		default:
		}
	}
}

// drain takes everything, in order. into is reused.
func (q *queue) drain(into []item) (items []item, dropped map[sfu.SourceID]drop, refused bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	items, q.items = q.items, into[:0]
	q.packets, q.bytes = 0, 0
	if len(q.dropped) > 0 {
		dropped, q.dropped = q.dropped, map[sfu.SourceID]drop{}
	}
	refused, q.refused = q.refused, false
	return items, dropped, refused
}

// needKey tells the room whether the recorder waits for a keyframe.
func (q *queue) needKey(source sfu.SourceID) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.blind[source]
}

// setBlind notes whether it does.
func (q *queue) setBlind(source sfu.SourceID, blind bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if blind {
		q.blind[source] = true
	} else {
		delete(q.blind, source)
	}
}

// recycle gives payload buffers back.
func (q *queue) recycle(bufs [][]byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, b := range bufs {
		if len(q.spare) >= q.maxPackets/4 {
			return
		}
		q.spare = append(q.spare, b)
	}
}
