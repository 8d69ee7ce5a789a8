package recording

import (
	"time"

	"github.com/pion/rtp/codecs"

	"phientoa/sfu"
)

// loss is a run of sequence numbers that never came.
type loss struct {
	ssrc        uint32
	first, last uint64
	after       time.Time // arrival of the packet before
	before      time.Time // arrival of the packet behind
}

// unit is one complete frame with the packets that it came in.
type unit struct {
	ssrc          uint32
	first, last   uint64
	ts            uint32
	packets       int
	from, to      time.Time // arrivals of the first and last packet
	key           bool
	width, height uint16
	data          []byte
}

// assembler puts the packets of one source into order and frames together. A
// missing packet is waited for until something behind it is Wait old.
type assembler struct {
	codec sfu.Codec
	wait  time.Duration
	max   int // packets held at most; more and the wait ends early

	ssrc    uint32
	started bool
	next    uint64
	last    time.Time // arrival of the packet before next
	held    map[uint64]packet
	lowest  uint64

	build  unit
	open   bool // build has a sound beginning
	vp8    codecs.VP8Packet
	spent  [][]byte // payload buffers to be used again
	units  []unit
	losses []loss

	late      int // packets behind their turn
	discarded int // packets of frames that could not be completed
}

func newAssembler(codec sfu.Codec, wait time.Duration, maxHeld int) *assembler {
	return &assembler{codec: codec, wait: wait, max: maxHeld, held: map[uint64]packet{}}
}

// push takes a packet.
func (a *assembler) push(p packet) {
	if a.started && p.ssrc != a.ssrc {
		a.flush()
		a.started = false
	}
	if !a.started {
		a.started, a.ssrc, a.next, a.last = true, p.ssrc, p.seq, p.arrival
	}
	switch _, twice := a.held[p.seq]; {
	case twice:
		a.spent = append(a.spent, p.payload)
	case p.seq < a.next:
		a.late++
		a.spent = append(a.spent, p.payload)
	case p.seq == a.next:
		a.take(p, true)
		a.follow()
	default:
		if len(a.held) == 0 || p.seq < a.lowest {
			a.lowest = p.seq
		}
		a.held[p.seq] = p
		for len(a.held) > a.max {
			a.skip()
		}
	}
}

// expire gives up waiting for what should have come before something that is
// older than the wait.
func (a *assembler) expire(now time.Time) {
	for len(a.held) > 0 && now.Sub(a.held[a.lowest].arrival) >= a.wait {
		a.skip()
	}
}

// flush ends all waiting and drops an unfinished frame.
func (a *assembler) flush() {
	for len(a.held) > 0 {
		a.skip()
	}
	a.abandon()
}

// reset is flush before a pause: the next packet begins anew, what was not sent
// in between is no loss.
func (a *assembler) reset() {
	a.flush()
	a.started = false
}

// skip declares everything in front of the lowest held packet lost.
func (a *assembler) skip() {
	p := a.held[a.lowest]
	delete(a.held, a.lowest)
	a.losses = append(a.losses, loss{a.ssrc, a.next, p.seq - 1, a.last, p.arrival})
	a.take(p, false)
	a.follow()
}

func (a *assembler) follow() {
	for {
		p, ok := a.held[a.next]
		if !ok {
			break
		}
		delete(a.held, a.next)
		a.take(p, true)
	}
	if len(a.held) == 0 {
		return
	}
	first := true
	for s := range a.held {
		if first || s < a.lowest {
			a.lowest, first = s, false
		}
	}
}

// take adds the next packet in order; whole tells that nothing is missing before it.
func (a *assembler) take(p packet, whole bool) {
	a.next, a.last = p.seq+1, p.arrival
	if !whole {
		a.abandon()
	}
	if a.codec == sfu.Opus {
		if len(p.payload) > 0 { // an empty packet is padding of a probe
			a.units = append(a.units, unit{
				ssrc: p.ssrc, first: p.seq, last: p.seq, ts: p.ts, packets: 1,
				from: p.arrival, to: p.arrival, key: true, data: append([]byte(nil), p.payload...),
			})
		}
	} else {
		a.takeVP8(p)
	}
	a.spent = append(a.spent, p.payload)
}

// maxFrame bounds one coded picture in bytes.
const maxFrame = 4 << 20

// takeVP8 follows RFC 7741: a frame begins with S=1 and partition 0 and ends
// with the marker; a new timestamp without one ends it too.
func (a *assembler) takeVP8(p packet) {
	if len(p.payload) == 0 {
		return
	}
	a.vp8 = codecs.VP8Packet{}
	data, err := a.vp8.Unmarshal(p.payload)
	if err != nil || len(data) == 0 {
		a.abandon()
		a.discarded++
		return
	}
	if a.open && p.ts != a.build.ts {
		a.finish()
	}
	switch begins := a.vp8.S == 1 && a.vp8.PID == 0; {
	case !a.open && !begins, a.open && len(a.build.data)+len(data) > maxFrame:
		a.abandon()
		a.discarded++
		return
	case !a.open:
		a.open = true
		a.build = unit{ssrc: p.ssrc, first: p.seq, ts: p.ts, from: p.arrival}
	}
	a.build.last, a.build.to = p.seq, p.arrival
	a.build.packets++
	a.build.data = append(a.build.data, data...)
	if p.marker {
		a.finish()
	}
}

func (a *assembler) finish() {
	u := a.build
	u.key, u.width, u.height = vp8Header(u.data)
	a.units = append(a.units, u)
	a.build, a.open = unit{}, false
}

func (a *assembler) abandon() {
	if a.open {
		a.discarded += a.build.packets
	}
	a.build, a.open = unit{}, false
}

// vp8Header reads key flag and size of a frame (RFC 6386 9.1).
func vp8Header(b []byte) (key bool, width, height uint16) {
	if len(b) < 10 || b[0]&1 != 0 || b[3] != 0x9d || b[4] != 0x01 || b[5] != 0x2a {
		return false, 0, 0
	}
	return true, (uint16(b[6]) | uint16(b[7])<<8) & 0x3fff, (uint16(b[8]) | uint16(b[9])<<8) & 0x3fff
}
