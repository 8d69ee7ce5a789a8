//go:build !verifier

package recording

import (
	"time"

	"github.com/pion/rtp/codecs"

	"phientoa/avc"
	"phientoa/sfu"
)

// loss is a run of sequence numbers that never came. Its times are those of the
// packets around it by the sender's clock: one of them may have come late itself.
type loss struct {
	ssrc        uint32
	first, last uint64
	from, to    time.Time
	ts          [2]uint32 // timestamps of those packets, and
	epoch       int       // the clock that laid the times by them
}

// loose is a packet that came and stands in no frame.
type loose struct {
	packet
	why string
}

// Why a packet is loose.
const (
	looseLate       = "late"       // behind its turn
	looseIncomplete = "incomplete" // of a picture of which other packets are missing
)

// unit is one complete frame with the packets that it came in.
type unit struct {
	ssrc          uint32
	first, last   uint64
	ts            uint32
	packets       int
	from, to      time.Time // arrivals of the first and last packet
	key           bool
	width, height uint16
	config        []byte // of H.264 keyframes: what a decoder needs before them
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
	held    map[uint64]packet
	lowest  uint64

	build  unit
	open   bool // build has a sound beginning
	vp8    codecs.VP8Packet
	parts  []packet // those of build
	size   int      // bytes of them
	past   uint32   // timestamp of the last packet of a picture,
	passed bool     // once there was one
	spent  [][]byte // payload buffers to be used again
	units  []unit
	losses []loss
	loose  []loose
	pace   pacer

	late int // packets behind their turn
}

func newAssembler(codec sfu.Codec, rate uint32, wait time.Duration, maxHeld int) *assembler {
	return &assembler{codec: codec, wait: wait, max: maxHeld, held: map[uint64]packet{}, pace: pacer{clock: streamClock{rate: rate}}}
}

// push takes a packet.
func (a *assembler) push(p packet) {
	if a.started && p.ssrc != a.ssrc {
		a.flush()
		a.started = false
	}
	if !a.started {
		a.started, a.ssrc, a.next = true, p.ssrc, p.seq
	}
	switch _, twice := a.held[p.seq]; {
	case twice:
		a.spent = append(a.spent, p.payload)
	case p.seq < a.next:
		a.late++
		a.loose = append(a.loose, loose{p, looseLate})
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
	a.pace.judge(a.pace.last, a.pace.lastAt, true)
	a.abandon()
}

// reset is flush before a pause: the next packet begins anew, what was not sent
// in between is no loss.
func (a *assembler) reset() {
	a.flush()
	a.started, a.pace.begun = false, false
}

// skip declares everything in front of the lowest held packet lost.
func (a *assembler) skip() {
	p := a.held[a.lowest]
	delete(a.held, a.lowest)
	l := loss{ssrc: a.ssrc, first: a.next, last: p.seq - 1, epoch: a.pace.epoch}
	l.ts[0] = a.pace.last
	l.from, l.to = a.take(p, false)
	l.ts[1] = a.pace.last
	a.losses = append(a.losses, l)
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

// take adds the next packet in order; whole tells that nothing is missing before
// it. It returns when the packets before and at p were sent, by their own clock.
func (a *assembler) take(p packet, whole bool) (from, to time.Time) {
	a.next = p.seq + 1
	if !whole {
		a.abandon()
	}
	if len(p.payload) == 0 { // padding of a probe: it only takes a number
		a.spent = append(a.spent, p.payload)
		at := a.pace.clock.at(a.pace.last)
		return at, at
	}
	from, to = a.pace.next(&p, whole)
	if a.codec == sfu.Opus {
		a.units = append(a.units, unit{
			ssrc: p.ssrc, first: p.seq, last: p.seq, ts: p.ts, packets: 1,
			from: p.arrival, to: p.arrival, key: true, data: append([]byte(nil), p.payload...),
		})
		a.spent = append(a.spent, p.payload)
	} else {
		a.takePicture(p, whole)
	}
	return from, to
}

// maxFrame bounds one coded picture in bytes and maxFramePackets in packets: a
// sender of one byte a packet holds no more of them in memory than an honest one.
const (
	maxFrame        = 4 << 20
	maxFramePackets = 8192
)

// takePicture: a picture begins as its codec says and ends with the marker; a new
// timestamp without one ends it too.
func (a *assembler) takePicture(p packet, whole bool) {
	data, begins, ok := a.read(&p, whole)
	a.past, a.passed = p.ts, true
	if !ok {
		a.abandon()
		a.loose = append(a.loose, loose{p, looseIncomplete})
		return
	}
	if a.open && p.ts != a.build.ts {
		a.finish()
	}
	switch {
	case !a.open && !begins, a.open && (a.size+len(p.payload) > maxFrame || len(a.parts) >= maxFramePackets):
		a.abandon()
		a.loose = append(a.loose, loose{p, looseIncomplete})
		return
	case !a.open:
		a.open = true
		a.build = unit{ssrc: p.ssrc, first: p.seq, ts: p.ts, from: p.arrival}
	}
	a.build.last, a.build.to = p.seq, p.arrival
	a.build.packets++
	a.size += len(p.payload)
	a.parts = append(a.parts, p)
	a.build.data = append(a.build.data, data...)
	if p.marker {
		a.finish()
	}
}

// read tells whether a picture may begin with the packet, and what of the picture lies
// in it; ok is false when it is malformed. VP8 says it (RFC 7741): S=1 and partition 0.
// H.264 (RFC 6184) does not: there it begins with another timestamp when nothing is
// missing before, else where the packet's content says so. Its data are put together
// when all of it is there.
func (a *assembler) read(p *packet, whole bool) (data []byte, begins, ok bool) {
	if a.codec == sfu.H264 {
		k, ok := avc.ReadPacket(p.payload)
		return nil, k.Begins || whole && a.passed && p.ts != a.past, ok
	}
	a.vp8 = codecs.VP8Packet{}
	data, err := a.vp8.Unmarshal(p.payload)
	return data, a.vp8.S == 1 && a.vp8.PID == 0, err == nil && len(data) > 0
}

// finish puts the picture together of its packets.
func (a *assembler) finish() {
	u, ok := a.build, true
	if a.codec == sfu.H264 {
		ok = a.joinH264(&u)
	} else {
		u.key, u.width, u.height = vp8Header(u.data)
	}
	if !ok {
		a.abandon()
		return
	}
	a.units = append(a.units, u)
	for i := range a.parts {
		a.spent = append(a.spent, a.parts[i].payload)
	}
	a.clear()
}

func (a *assembler) joinH264(u *unit) bool {
	payloads := make([][]byte, len(a.parts))
	for i := range a.parts {
		payloads[i] = a.parts[i].payload
	}
	pic, ok := avc.Assemble(payloads)
	u.data, u.config, u.width, u.height = pic.Data, pic.Config, pic.Width, pic.Height
	u.key = pic.Config != nil
	return ok
}

func (a *assembler) abandon() {
	for _, p := range a.parts {
		a.loose = append(a.loose, loose{p, looseIncomplete})
	}
	a.clear()
}

func (a *assembler) clear() { a.parts, a.build, a.size, a.open = a.parts[:0], unit{}, 0, false }

// vp8Header reads key flag and size of a frame (RFC 6386 9.1).
func vp8Header(b []byte) (key bool, width, height uint16) {
	if len(b) < 10 || b[0]&1 != 0 || b[3] != 0x9d || b[4] != 0x01 || b[5] != 0x2a {
		return false, 0, 0
	}
	return true, (uint16(b[6]) | uint16(b[7])<<8) & 0x3fff, (uint16(b[8]) | uint16(b[9])<<8) & 0x3fff
}
