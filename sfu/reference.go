package sfu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// This file is the reference of receiving (ReceivePion): Pion's tracks, streams
// and interceptors. Everything that comes goes into the room by Room.ingest, as it
// does from the socket.

func (p *Peer) receivesByPion() bool { return p.room.engine.p.Receiver == ReceivePion }

// receiveInterceptors are Pion's feedback to publishers; nothing of it runs on
// the sending side. Its NACK generator is not among them: it never learns of
// packets that came by RTX and asks for them again and again (see mend).
func receiveInterceptors(r *interceptor.Registry, p *Peer) error {
	rr, err := report.NewReceiverInterceptor(report.WithReceiverLoggerFactory(quietLoggers()))
	if err != nil {
		return fmt.Errorf("sfu: receiver reports: %w", err)
	}
	cc, err := twcc.NewSenderInterceptor(twcc.WithLoggerFactory(quietLoggers()))
	if err != nil {
		return fmt.Errorf("sfu: transport feedback: %w", err)
	}
	r.Add(rr)
	r.Add(cc)
	r.Add(repairFactory{p}) // last: it reads what the others have seen
	return nil
}

// track starts the readers of a received stream; Pion calls it in a goroutine of
// its own.
func (p *Peer) track(t *webrtc.TrackRemote, rx *webrtc.RTPReceiver) {
	defer p.rescue()
	tr := rx.RTPTransceiver()
	if tr == nil {
		return
	}
	if p.started.Add(1) > maxStreams {
		p.tooManyStreams()
		return
	}
	l, ssrc := p.layerFor(tr.Mid(), t)
	if l == nil {
		p.room.loop.count.dropped[dropForeign].Add(1)
		return
	}
	types := negotiatedTypes(rx)
	p.lock(func() {
		l.nack = types.nack
		p.receiving = append(p.receiving, received{track: t, layer: l, ssrc: ssrc, types: types})
	})
	p.guarded(func() { p.readMedia(t, l, ssrc, types) })
	p.guarded(func() { p.readReports(t, rx, l, ssrc) })
}

// layerFor finds the place of a received stream: by MID and RID, never by what
// the packets claim to be.
func (p *Peer) layerFor(mid string, t *webrtc.TrackRemote) (*layer, uint32) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	src := p.publish[mid]
	if src == nil || src.publisher != p {
		return nil, 0
	}
	i, ok := src.layerIndex(t.RID())
	if !ok || i >= p.room.engine.p.Limits.LayersPerSource {
		return nil, 0
	}
	ssrc := uint32(t.SSRC())
	l := src.layers[i]
	if l == nil {
		l = newLayer(src, i, p.room.engine.p.Limits.RingPackets)
		l.ssrc = ssrc
		src.layers[i] = l
	} else {
		l.restart(ssrc)
	}
	return l, ssrc
}

func negotiatedTypes(rx *webrtc.RTPReceiver) codecTypes {
	var t codecTypes
	all := rx.GetParameters()
	for _, e := range all.HeaderExtensions {
		if e.URI == sdp.AudioLevelURI {
			t.level = uint8(e.ID) //nolint:gosec // at most 255 (RFC 8285)
		}
	}
	for _, c := range all.Codecs {
		t.nack = t.nack || slices.Contains(c.RTCPFeedback, webrtc.RTCPFeedback{Type: "nack"})
		switch pt := uint8(c.PayloadType); {
		case strings.EqualFold(c.MimeType, webrtc.MimeTypeOpus):
			t.opus = pt
		case strings.EqualFold(c.MimeType, mimeRED):
			t.red = pt
		case strings.EqualFold(c.MimeType, webrtc.MimeTypeVP8):
			t.vp8 = pt
		case strings.EqualFold(c.MimeType, webrtc.MimeTypeH264):
			t.h264 = pt
		}
	}
	return t
}

// readMedia moves packets from Pion into the room until the stream ends.
func (p *Peer) readMedia(t *webrtc.TrackRemote, l *layer, ssrc uint32, types codecTypes) {
	defer p.lock(func() {
		p.receiving = slices.DeleteFunc(p.receiving, func(r received) bool { return r.track == t })
	})
	buf := make([]byte, receiveMTU)
	var pkt rtp.Packet
	for failures := 0; failures < readErrors; {
		n, _, err := t.Read(buf)
		if err == nil {
			pkt.Header = rtp.Header{Extensions: pkt.Extensions[:0], CSRC: pkt.CSRC[:0]}
			err = pkt.Unmarshal(buf[:n])
		}
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) {
				return
			}
			failures++
			p.room.loop.count.dropped[dropMalformed].Add(1)
			continue
		}
		failures = 0
		if !p.take(l, ssrc, &pkt, types, p.room.engine.p.Now()) {
			return
		}
	}
}

func (p *Peer) take(l *layer, ssrc uint32, pkt *rtp.Packet, types codecTypes, now time.Time) bool {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if p.ended || l.src.publisher != p || l.ssrc != ssrc {
		return false
	}
	p.heard = now
	p.room.ingest(l, pkt, types, now)
	return true
}

// readReports takes the publisher's sender reports.
func (p *Peer) readReports(t *webrtc.TrackRemote, rx *webrtc.RTPReceiver, l *layer, ssrc uint32) {
	buf := make([]byte, receiveMTU)
	for {
		var n int
		var err error
		if rid := t.RID(); rid != "" {
			n, _, err = rx.ReadSimulcast(buf, rid)
		} else {
			n, _, err = rx.Read(buf)
		}
		if err != nil {
			return
		}
		pkts, err := rtcp.Unmarshal(buf[:n])
		if err != nil {
			continue
		}
		for _, k := range pkts {
			if sr, ok := k.(*rtcp.SenderReport); ok && sr.SSRC == ssrc {
				p.takeReport(l, sr)
			}
		}
	}
}

// readFeedback takes the RTCP of a receiver that comes for sender.
func (p *Peer) readFeedback(sender *webrtc.RTPSender) {
	buf := make([]byte, receiveMTU)
	for {
		n, _, err := sender.Read(buf)
		if err != nil {
			return
		}
		p.feedback(buf[:n])
	}
}

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
	if !unwrapRTX(pkt, b, r.types.video()) {
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
	return pkt.Unmarshal(b) == nil && originalOf(pkt, pt)
}

// receiverWait bounds awaitReceivers: a peer that never connects is answered too.
const receiverWait = 3 * time.Second

// awaitReceivers lets the receivers of an earlier offer begin before another offer
// comes upon them. Pion (v4.2.20) enters the layers of a camera anew with each
// description until its receiver has begun, fills the first entries with the
// streams and looks for their reports in the last: a second offer that is answered
// before the connection stands would cost the sender reports of all layers.
func (p *Peer) awaitReceivers(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, receiverWait)
	defer cancel()
	for _, t := range p.pc.GetTransceivers() {
		rx := t.Receiver()
		if rx == nil || !simulcast(rx) {
			continue
		}
		begun := make(chan struct{})
		go func() {
			defer close(begun)
			// It waits for the beginning or the end of the receiver, whatever is asked for.
			_, _, _ = rx.ReadSimulcast(nil, noRID)
		}()
		select {
		case <-begun:
		case <-ctx.Done():
			return
		case <-p.done:
			return
		}
	}
}

func simulcast(rx *webrtc.RTPReceiver) bool {
	return slices.ContainsFunc(rx.Tracks(), func(t *webrtc.TrackRemote) bool { return t.RID() != "" })
}

// noRID is no layer's name (RFC 8851: letters, digits, '-' and '_').
const noRID = "*"
