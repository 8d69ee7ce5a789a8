package sfu

import (
	"github.com/pion/rtcp"
)

// takeReport takes what the publisher says about the clock of its layer l.
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
		s.askKey(s.src.layers[i])
	}
}
