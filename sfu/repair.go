package sfu

import (
	"encoding/binary"
	"strings"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// repairs takes retransmissions (RFC 4588) of one publisher where they arrive.
// Pion would hand each over with the next packet of the primary stream, a frame
// later, and drop it when it holds fifty.
type repairs struct {
	interceptor.NoOp
	p *Peer
}

// repairFactory makes the interceptor of its peer.
type repairFactory struct{ p *Peer }

func (f repairFactory) NewInterceptor(string) (interceptor.Interceptor, error) {
	return &repairs{p: f.p}, nil
}

// BindRemoteStream wraps the readers of repair streams and leaves the others.
func (r *repairs) BindRemoteStream(info *interceptor.StreamInfo, reader interceptor.RTPReader) interceptor.RTPReader {
	if !strings.EqualFold(info.MimeType, webrtc.MimeTypeRTX) {
		return reader
	}
	ssrc := info.SSRC
	var pkt rtp.Packet
	return interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		n, a, err := reader.Read(b, a)
		if err == nil && r.p.repair(ssrc, &pkt, b[:n]) {
			n = 0 // Pion passes over an empty read
		}
		return n, a, err
	})
}

// received is a stream of the peer that is being read.
type received struct {
	track *webrtc.TrackRemote
	layer *layer
	ssrc  uint32
	types codecTypes
}

// repair takes the packet b of a repair stream; false when it belongs to no
// stream that is being read, or not yet.
func (p *Peer) repair(ssrc uint32, pkt *rtp.Packet, b []byte) bool {
	defer p.rescue()
	r, ok := p.repaired(ssrc)
	if !ok {
		return false
	}
	if !unwrapRTX(pkt, b, r.types.vp8) {
		return true // padding that probes the bandwidth
	}
	p.take(r.layer, r.ssrc, pkt, r.types, p.room.engine.p.Now())
	return true
}

func (p *Peer) repaired(ssrc uint32) (received, bool) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	for _, r := range p.receiving {
		if uint32(r.track.RtxSSRC()) == ssrc && ssrc != 0 {
			return r, true
		}
	}
	return received{}, false
}

// unwrapRTX reads the retransmission b into pkt as its original of payload type
// pt: the payload begins with the original's sequence number (RFC 4588 section
// 4). False for malformed and empty ones.
func unwrapRTX(pkt *rtp.Packet, b []byte, pt uint8) bool {
	pkt.Header = rtp.Header{Extensions: pkt.Extensions[:0], CSRC: pkt.CSRC[:0]}
	if err := pkt.Unmarshal(b); err != nil || len(pkt.Payload) <= 2 {
		return false
	}
	pkt.SequenceNumber = binary.BigEndian.Uint16(pkt.Payload)
	pkt.Payload, pkt.PayloadType = pkt.Payload[2:], pt
	return true
}
