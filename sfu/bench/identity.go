package bench

import (
	"encoding/binary"
	"sync/atomic"
	"time"
)

// identity is what a packet of the generator says about itself, in the last
// bytes of its payload, where no server has reason to write.
type identity struct {
	stream  uint16 // index of the stream, two for each publisher
	counter uint64 // from 0, without gaps
	sent    int64  // nanoseconds of the wall clock, the one of SO_TIMESTAMPNS
}

const (
	identityBytes = 22
	identityMagic = 0x70686965
)

func (id identity) put(payload []byte) {
	t := payload[len(payload)-identityBytes:]
	binary.BigEndian.PutUint32(t, identityMagic)
	binary.BigEndian.PutUint16(t[4:], id.stream)
	binary.BigEndian.PutUint64(t[6:], id.counter)
	binary.BigEndian.PutUint64(t[14:], uint64(id.sent))
}

// identityOf reads the identity of a decrypted payload; false when it has none.
func identityOf(payload []byte) (identity, bool) {
	if len(payload) < identityBytes {
		return identity{}, false
	}
	t := payload[len(payload)-identityBytes:]
	if binary.BigEndian.Uint32(t) != identityMagic {
		return identity{}, false
	}
	return identity{
		stream:  binary.BigEndian.Uint16(t[4:]),
		counter: binary.BigEndian.Uint64(t[6:]),
		sent:    int64(binary.BigEndian.Uint64(t[14:])),
	}, true
}

// span is the part of a stream that a window counts: from the first counter
// sent in the window to the last one sent at all, for a publisher stops with
// its window. Written by the publisher, read by every reader.
type span struct {
	first atomic.Uint64 // counter+1, 0 before the window
	next  atomic.Uint64 // the counter to be sent next
}

// open starts the window at the next counter.
func (s *span) open() { s.first.Store(s.next.Load() + 1) }

// sent is the number of packets in the window so far.
func (s *span) sent() uint64 {
	first := s.first.Load()
	if first == 0 {
		return 0
	}
	return s.next.Load() - (first - 1)
}

// tally counts what one receiver got of one stream in the window. One writer.
type tally struct {
	seen       []uint64 // a bit for each counter of the window
	unique     uint64
	duplicates uint64
	beyond     uint64 // in the window, but after what seen has room for
}

// has says that the packet of the counter came already, or lies outside.
func (t *tally) has(counter, first uint64) bool {
	at := counter - first
	return counter < first || at/64 >= uint64(len(t.seen)) || t.seen[at/64]&(1<<(at%64)) != 0
}

// newTally has room for packets in a window.
func newTally(packets int) *tally { return &tally{seen: make([]uint64, packets/64+1)} }

// record counts one arrival and says whether it is a first one of the window,
// whose first counter is the given one.
func (t *tally) record(counter, first uint64) bool {
	if counter < first {
		return false
	}
	at := counter - first
	if at/64 >= uint64(len(t.seen)) {
		t.beyond++
		return false
	}
	bit := uint64(1) << (at % 64)
	if t.seen[at/64]&bit != 0 {
		t.duplicates++
		return false
	}
	t.seen[at/64] |= bit
	t.unique++
	return true
}

// roomFor is the size of a tally of a window with the given rate: a quarter and
// 256 packets more than due.
func roomFor(perSecond int, window time.Duration) int {
	return int(float64(perSecond)*window.Seconds()*1.25) + 256
}
