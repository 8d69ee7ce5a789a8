package sfu

import (
	"sync"
	"sync/atomic"
)

// packetRefs is the pooled body of a Packet: the received RTP payload, what was
// parsed of it, and the count of those who keep it.
type packetRefs struct {
	pkt   Packet
	n     atomic.Int32
	pool  *sync.Pool
	store []byte // capacity of the pool's class
	raw   []byte // the RTP payload as received; pkt.Payload lies inside

	padding  bool          // no payload: it only takes a number
	red      bool          // raw is RFC 2198 redundancy around pkt.Payload
	vp8      vp8Descriptor // of H.264 what stands in its place: see readH264
	keyStart bool          // first packet of a keyframe
}

// packetPool hands out packets of two sizes; it belongs to an Engine.
type packetPool struct {
	small, full sync.Pool
}

func newPacketPool() *packetPool {
	p := &packetPool{}
	p.small.New = func() any { return &packetRefs{pool: &p.small, store: make([]byte, smallPayload)} }
	p.full.New = func() any { return &packetRefs{pool: &p.full, store: make([]byte, maxPayload)} }
	return p
}

// get returns a packet with one reference that holds a copy of payload, at most
// maxPayload bytes.
func (p *packetPool) get(payload []byte) *packetRefs {
	pool := &p.full
	if len(payload) <= smallPayload {
		pool = &p.small
	}
	k := pool.Get().(*packetRefs) //nolint:forcetypeassert // the pool's New makes nothing else
	k.raw = k.store[:copy(k.store, payload)]
	k.n.Store(1)
	k.pkt = Packet{Payload: k.raw, refs: k}
	k.padding, k.red = false, false
	k.vp8, k.keyStart = vp8Descriptor{}, false
	return k
}

func (k *packetRefs) retain() { k.n.Add(1) }

func (k *packetRefs) release() {
	switch n := k.n.Add(-1); {
	case n == 0:
		k.pkt.Payload = nil
		k.pool.Put(k)
	case n < 0:
		panic("sfu: packet released more often than retained")
	}
}

// Retain keeps the packet after Tap.Packet returns; each Retain needs one
// Release. Safe from any goroutine that holds a reference.
func (p *Packet) Retain() {
	if p.refs != nil {
		p.refs.retain()
	}
}

// Release gives the packet back; it must not be read afterwards.
func (p *Packet) Release() {
	if p.refs != nil {
		p.refs.release()
	}
}
