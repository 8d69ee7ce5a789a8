package sfu

import (
	"time"

	"github.com/pion/rtp"
)

// layer is one received stream: the only one of a microphone, or one simulcast
// layer of a camera. Under the room's lock.
type layer struct {
	src     *source
	index   uint8
	ssrc    uint32
	seq     receiveSeq
	started bool
	arrival time.Time
	width   int
	height  int
	ring    []*packetRefs // by extended sequence number, serves retransmissions

	flow    flow
	bytes   int // since the source was measured, as a receiver gets them
	rate    int // bits per second of them, smoothed; 0: not yet measured
	missing gaps
	nack    bool // the publisher takes requests for lost packets
	// holes: the way from the publisher loses packets, or did so until redTime ago.
	holes time.Time
	// released is the highest number that sections were given (cameras).
	released uint64

	needKey bool // somebody waits for a keyframe
	wishKey bool // a viewer does, who can wait longer
	lastPLI time.Time
	lastKey time.Time
	keySeq  uint64 // extended number that the last keyframe began with, 0: none yet

	report    SenderReport // the last of the publisher
	hasReport bool

	blocks [maxRedBlocks]redBlock // scratch of the RED parser
}

func newLayer(src *source, index int, ringPackets int) *layer {
	if src.kind == Mic && ringPackets > audioHistory*2 {
		ringPackets = audioHistory * 2
	}
	return &layer{src: src, index: uint8(index), ring: make([]*packetRefs, ringPackets), missing: gaps{hasty: src.kind == Mic}}
}

// restart begins a stream of another SSRC in the same place.
func (l *layer) restart(ssrc uint32) {
	l.ssrc, l.started, l.hasReport = ssrc, false, false
	l.flow, l.missing.list = flow{}, l.missing.list[:0]
	l.bytes, l.rate, l.holes, l.keySeq = 0, 0, time.Time{}, 0
	l.seq.reset()
	l.drain()
}

// drain empties the retransmission history.
func (l *layer) drain() {
	for i, k := range l.ring {
		if k != nil {
			k.release()
			l.ring[i] = nil
		}
	}
}

func (l *layer) put(k *packetRefs) {
	at := &l.ring[k.pkt.Seq&uint64(len(l.ring)-1)]
	if *at != nil {
		(*at).release()
	}
	*at = k
}

// get returns the packet with the extended sequence number, or nil.
func (l *layer) get(ext uint64) *packetRefs {
	if k := l.ring[ext&uint64(len(l.ring)-1)]; k != nil && k.pkt.Seq == ext {
		return k
	}
	return nil
}

// codecTypes are the payload types of a publishing m-line.
type codecTypes struct {
	opus, red, vp8, h264, rtx uint8 // 0: not negotiated
	nack                      bool  // lost packets may be asked for
	level                     uint8 // number of the header extension with the audio level, 0: none
}

// video is the payload type of the pictures: an m-line has those of one codec.
func (t *codecTypes) video() uint8 {
	if t.vp8 != 0 {
		return t.vp8
	}
	return t.h264
}

// ingest takes one received packet and gives it to whom it is granted. The reader of
// the layer calls it under the room's lock; nothing of p is kept. again says that we
// had asked for the packet: it was lost once.
func (r *Room) ingest(l *layer, p *rtp.Packet, pt codecTypes, now time.Time) (again bool) {
	again = r.absorb(l, p, pt, now)
	r.deliver()
	return again
}

// absorb is ingest up to deliver.
func (r *Room) absorb(l *layer, p *rtp.Packet, pt codecTypes, now time.Time) (again bool) {
	r.at = now
	c := &r.loop.count
	c.packetsIn.Add(1)
	c.bytesIn.Add(uint64(len(p.Payload)))
	src := l.src
	if len(p.Payload) > maxPayload {
		c.dropped[dropMalformed].Add(1)
		return again
	}
	fresh, highest := l.seq.first == 0, l.seq.highest
	ext, ok := l.seq.accept(p.SequenceNumber)
	if !ok {
		c.dropped[dropRepeated].Add(1)
		return again
	}
	if l.flows(p.Timestamp, now) {
		r.deliver()
		if (l.needKey || l.wishKey) && src.publisher != nil {
			src.publisher.kick() // who asked meanwhile was not heard
		}
		src.retarget(now)
		r.touch(src)
	}
	if !fresh {
		if ext > highest+1 {
			l.holes = now.Add(redTime)
		}
		again = l.account(ext, highest, now)
	}
	if src.open == 0 {
		c.dropped[dropMuted].Add(1)
		return again
	}
	// As much as a receiver gets: else small packets would pass by the thousand.
	if !src.police.take(len(p.Payload)+packetOverhead, now) {
		c.dropped[dropPoliced].Add(1)
		return again
	}
	k := r.engine.pool.get(p.Payload)
	if k.padding = len(p.Payload) == 0; !k.padding && !l.describe(k, p, pt) {
		k.release()
		c.dropped[dropMalformed].Add(1)
		return again
	}
	if k.padding && src.kind == Cam {
		k.pkt.Codec = src.codec
	}
	if src.kind == Mic {
		src.listen(&p.Header, pt.level, now)
	}
	src.heard += len(p.Payload) + rtpHeaderSize
	l.bytes += len(p.Payload) + packetOverhead
	k.pkt.Source, k.pkt.Layer, k.pkt.SSRC = src.id, l.index, l.ssrc
	k.pkt.Seq, k.pkt.Timestamp, k.pkt.Marker, k.pkt.Arrival = ext, p.Timestamp, p.Marker, now
	l.put(k)
	if k.keyStart {
		r.deliver() // a keyframe ends what was waited for before it
		l.keyframe(k, now)
	}
	r.pass(l, k, now)
	for _, t := range src.taps {
		t.deliver(l, k, pt.opus)
	}
	return again
}

// describe parses the payload by its type into k.
func (l *layer) describe(k *packetRefs, p *rtp.Packet, pt codecTypes) bool {
	if l.src.kind == Cam {
		if p.PayloadType != pt.video() {
			return false
		}
		var ok bool
		if k.pkt.Codec = l.src.codec; k.pkt.Codec == H264 {
			k.vp8, ok = readH264(k.raw)
		} else {
			k.vp8, ok = parseVP8(k.raw)
		}
		k.keyStart = k.vp8.key
		return ok
	}
	k.pkt.Codec = Opus
	if p.PayloadType == pt.opus {
		return true
	}
	if p.PayloadType != pt.red || pt.red == 0 {
		return false
	}
	n, ok := parseRED(k.raw, pt.opus, &l.blocks)
	if !ok || len(l.blocks[n-1].payload) == 0 {
		return false
	}
	k.red = true
	k.pkt.Payload = l.blocks[n-1].payload
	return true
}

func (l *layer) keyframe(k *packetRefs, now time.Time) {
	l.resume(now) // whoever takes it asks, and needs no answer but k
	l.needKey, l.wishKey, l.lastKey = false, false, now
	l.keySeq = max(l.keySeq, k.pkt.Seq)
	if k.vp8.height == 0 {
		return
	}
	w, h := int(k.vp8.width), int(k.vp8.height)
	if w != l.width || h != l.height {
		l.width, l.height = w, h
		l.src.retarget(now)
	}
}

// requestKey asks the publisher for a keyframe; its worker sends the request and
// repeats it at most every KeyframeInterval until one comes.
func (l *layer) requestKey() {
	if l.needKey || l.src.publisher == nil {
		return
	}
	l.needKey = true
	l.src.publisher.kick()
}
