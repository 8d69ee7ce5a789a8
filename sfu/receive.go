package sfu

import (
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// track starts the readers of a received stream; Pion calls it in a goroutine of
// its own.
func (p *Peer) track(t *webrtc.TrackRemote, rx *webrtc.RTPReceiver) {
	defer p.rescue()
	tr := rx.RTPTransceiver()
	if tr == nil {
		return
	}
	if p.streams.Add(1) > maxStreams {
		p.room.engine.log.Warn("sfu: a peer begins stream after stream and is closed", "peer", p.id)
		p.closeLater()
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
	for _, c := range rx.GetParameters().Codecs {
		t.nack = t.nack || slices.Contains(c.RTCPFeedback, webrtc.RTCPFeedback{Type: "nack"})
		switch pt := uint8(c.PayloadType); {
		case strings.EqualFold(c.MimeType, webrtc.MimeTypeOpus):
			t.opus = pt
		case strings.EqualFold(c.MimeType, mimeRED):
			t.red = pt
		case strings.EqualFold(c.MimeType, webrtc.MimeTypeVP8):
			t.vp8 = pt
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

func (p *Peer) takeReport(l *layer, sr *rtcp.SenderReport) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if p.ended || l.src.publisher != p || l.ssrc != sr.SSRC {
		return
	}
	p.heard = p.room.engine.p.Now()
	l.report = SenderReport{Source: l.src.id, SSRC: sr.SSRC, NTP: sr.NTPTime, Timestamp: sr.RTPTime, Arrival: p.heard}
	l.hasReport = true
	for _, t := range l.src.taps {
		if t.opened {
			t.tap.p.Tap.SenderReport(l.report)
		}
	}
}

// readFeedback takes the RTCP of a receiver about one section.
func (p *Peer) readFeedback(s *section, sender *webrtc.RTPSender) {
	buf := make([]byte, receiveMTU)
	var line lineReader
	for {
		n, _, err := sender.Read(buf)
		if err != nil {
			return
		}
		if line.take(p, s, buf[:n]) {
			continue
		}
		pkts, err := rtcp.Unmarshal(buf[:n])
		if err != nil {
			continue
		}
		p.feedback(s, pkts)
	}
}

func (p *Peer) feedback(s *section, pkts []rtcp.Packet) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if p.ended {
		return
	}
	now := p.room.engine.p.Now()
	p.heard, p.room.at = now, now
	for _, k := range pkts {
		switch f := k.(type) {
		case *rtcp.TransportLayerNack:
			if f.MediaSSRC != s.ssrc {
				continue
			}
			for _, pair := range f.Nacks {
				pair.Range(func(seq uint16) bool {
					s.resend(seq, now)
					return true
				})
			}
		case *rtcp.PictureLossIndication:
			if f.MediaSSRC == s.ssrc {
				s.wantKeyframe()
			}
		case *rtcp.FullIntraRequest:
			for _, e := range f.FIR {
				if e.SSRC == s.ssrc {
					s.wantKeyframe()
				}
			}
		}
	}
}

// wantKeyframe passes a receiver's request on; the publisher's worker merges and
// throttles.
func (s *section) wantKeyframe() {
	i := s.current
	if i < 0 {
		i = s.target
	}
	if s.gate.open && i >= 0 && s.src.layers[i] != nil {
		s.src.layers[i].requestKey()
	}
}
