package sfu

import (
	"time"

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
	l.reported(sr.NTPTime, sr.RTPTime, p.heard)
}

// reported: the publisher's wall clock and RTP clock stood so when it sent.
func (l *layer) reported(ntp uint64, ts uint32, now time.Time) {
	l.report = SenderReport{Source: l.src.id, SSRC: l.ssrc, NTP: ntp, Timestamp: ts, Arrival: now}
	l.hasReport = true
	for _, t := range l.src.taps {
		if t.opened {
			t.tap.p.Tap.SenderReport(l.report)
		}
	}
}

// feedback takes RTCP of a receiver that Pion has opened (ReceivePion).
func (p *Peer) feedback(b []byte) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if p.ended {
		return
	}
	p.heard = p.room.engine.p.Now()
	p.control(b, p.heard)
}
