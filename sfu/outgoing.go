package sfu

import "errors"

const (
	// maxSegments of one write; the kernel takes 64 and 64 KB.
	maxSegments = 16
	packetRoom  = rtpHeaderSize + wideSize + 2 + maxPayload + sealOverhead
	// maxBurst is how many packets of a room wait for its receivers while what has
	// come with them is still being opened.
	maxBurst = 64
)

// passing is a packet on its way from its layer to the sections of its source.
type passing struct {
	l *layer
	k *packetRefs
}

// queue takes a packet for deliver; under the room's lock.
func (r *Room) queue(l *layer, k *packetRefs) {
	if len(r.burst) == maxBurst {
		r.deliver()
	}
	k.retain()
	r.burst = append(r.burst, passing{l, k})
}

// deliver gives what was queued to the sections, each source's packets together and
// one receiver after the other: what a receiver gets of a burst lies warm in one
// place and leaves in few writes. Whoever holds the room's lock and has queued calls
// it before the lock is left; what changes the choice of layers calls it before.
func (r *Room) deliver() {
	for list := r.burst; len(list) > 0; {
		n, src := 1, list[0].l.src
		for n < len(list) && list[n].l.src == src {
			n++
		}
		for _, s := range src.sections {
			s.take(list[:n])
		}
		if r.gallery != nil {
			r.gallery.hand(src, list[:n])
		}
		list = list[n:]
	}
	for i := range r.burst {
		r.burst[i].k.release()
		r.burst[i] = passing{}
	}
	r.burst = r.burst[:0]
}

// take gets packets of the source in the order of their delivery. A panic ends the
// receiver and nobody else.
func (s *section) take(list []passing) {
	defer s.spare()
	s.caught = 0
	for i := range list {
		s.give(list[i].l, list[i].k)
	}
	s.flush()
}

func (s *section) spare() {
	if v := recover(); v != nil {
		s.peer.tx.ready = false
		s.peer.room.out.clear()
		s.peer.fell(v)
	}
}

// give takes one packet; flush sends what it became.
func (s *section) give(l *layer, k *packetRefs) {
	if k.pkt.Seq <= s.caught && s.lastLayer == l {
		return
	}
	if !s.peer.room.out.joins(s, k) {
		s.flush()
	}
	if k.padding { // leave no hole in what is sent
		s.leaveOut(l, k.pkt.Seq)
	} else {
		s.forward(l, k)
	}
}

// outgoing are sealed packets of one section, one directly behind the other, that
// leave in one write: all as long as the first but the last, which may be shorter.
// The room has one, empty whenever its lock is free.
type outgoing struct {
	n, count int // bytes, packets
	size     int // of the first packet
	last     int // size of the last one
	payload  int // of the first packet, before sealing
	// of the pictures that the packets belong to:
	ts       uint32
	referred bool // other frames may refer to them
	buf      [maxSegments * packetRoom]byte
}

func (o *outgoing) clear() { o.n, o.count = 0, 0 }

// space for building a packet of n bytes; sealing may lengthen it.
func (o *outgoing) space(n int) []byte { return o.buf[o.n : o.n+n] }

// joins says that k, of which s has sent nothing yet, may leave with what is here.
func (o *outgoing) joins(s *section, k *packetRefs) bool {
	if o.count == 0 {
		return true
	}
	return s.src.kind == Cam && o.count < maxSegments && o.last == o.size && len(k.pkt.Payload) <= o.payload
}

// add takes a sealed packet that was built in space.
func (o *outgoing) add(sealed []byte) {
	copy(o.buf[o.n:], sealed) // onto itself, unless the sealer has a place of its own
	if o.count == 0 {
		o.size = len(sealed)
	}
	o.last = len(sealed)
	o.n += o.last
	o.count++
}

// of notes the packet that was added.
func (o *outgoing) of(k *packetRefs) {
	if o.count == 1 {
		o.payload, o.referred = len(k.pkt.Payload), false
	}
	o.ts, o.referred = k.pkt.Timestamp, o.referred || !k.vp8.discardable
}

// add seals the packet b, which was built in the room's outgoing space, for the next
// flush; under the room's lock.
func (s *section) add(b []byte, ssrc uint32, index uint64) {
	p, c := s.peer, &s.peer.room.loop.count
	if p.tx.mode == SendPion {
		n, err := s.writePion(b)
		if err != nil {
			c.dropped[dropError].Add(1)
			return
		}
		c.packetsOut.Add(1)
		c.bytesOut.Add(uint64(n))
		return
	}
	sealed, err := p.tx.seal.seal(b, ssrc, index)
	if err != nil {
		c.dropped[dropError].Add(1)
		return
	}
	p.room.out.add(sealed)
	if s.wide != 0 && s.src.kind == Cam {
		p.tx.line.pace.spend(len(sealed) + udpOverhead)
	}
}

// flush sends what was added. When the kernel's buffer is full, what did not fit is
// lost and the section spares its line the rest of the frame.
func (s *section) flush() {
	o := &s.peer.room.out
	if o.count > 0 && s.write() && s.src.kind == Cam {
		s.congest(o.ts, o.referred)
	}
}

// write sends what was added; it reports true when the kernel's buffer is full:
// packets are lost then.
func (s *section) write() (full bool) {
	p, o, c := s.peer, &s.peer.room.out, &s.peer.room.loop.count
	defer o.clear()
	sent, err := p.tx.put(o.buf[:o.n], o.size)
	if s.src.kind == Mic && bufferFull(err) {
		var more int
		more, err = p.tx.put(o.buf[sent*o.size:o.n], o.size) // the same bytes: no nonce is used twice
		sent += more
	}
	bytes := min(sent*o.size, o.n)
	c.packetsOut.Add(uint64(sent))
	c.bytesOut.Add(uint64(bytes))
	if s.wide != 0 {
		for left := bytes; left > 0; left -= o.size {
			p.tx.line.est.Sent(min(left, o.size)+udpOverhead, p.room.at)
		}
	}
	if err == nil {
		return false
	}
	if full = bufferFull(err); full {
		c.dropped[dropFull].Add(uint64(o.count - sent))
	} else {
		c.dropped[dropError].Add(uint64(o.count - sent))
	}
	return full
}

// put writes packets of size bytes, the last of which may be shorter, and returns
// how many went out before the first that did not.
func (t *transport) put(b []byte, size int) (sent int, err error) {
	if w, ok := t.out.(segmentWriter); ok && len(b) > size {
		if err = w.writeSegments(b, size, &t.to); err == nil {
			return (len(b) + size - 1) / size, nil
		}
		if !errors.Is(err, errNoSegments) {
			return 0, err
		}
	}
	for ; len(b) > 0; sent++ {
		n := min(size, len(b))
		if err = t.out.write(b[:n], &t.to); err != nil {
			return sent, err
		}
		b = b[n:]
	}
	return sent, nil
}
