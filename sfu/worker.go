package sfu

import (
	"slices"
	"time"

	"github.com/pion/rtcp"
)

// errands are what the worker does outside the room's lock.
type errands struct {
	rtcp      []rtcp.Packet
	feedback  []rtcp.Packet // about what the peer sends
	states    []PeerState
	receivers []ReceiverState
	layers    []layersNeeded
	audio     int
	video     int
	needed    bool
	keyframes int
	next      time.Duration
	voices    []string // if voicesNew
	voicesNew bool
}

// work is the goroutine of a peer for everything off the packet path: keyframe
// requests, sender reports, the observer. It ends after PeerClosed is delivered.
func (p *Peer) work() {
	defer func() {
		if v := recover(); v != nil {
			p.fell(v)
			p.Close()
		}
	}()
	var lastStates, nextReport time.Time
	timer := time.NewTimer(reportInterval)
	defer timer.Stop()
	for {
		select {
		case <-p.wake:
		case <-timer.C:
		case <-p.done:
			p.run(p.collect(&lastStates, &nextReport))
			return
		}
		if p.doomed.Load() {
			p.Close()
			continue
		}
		e := p.collect(&lastStates, &nextReport)
		p.run(e)
		timer.Reset(e.next)
	}
}

func (p *Peer) run(e errands) {
	if p.gallery != nil {
		p.gallery.asked(p, &e)
		return
	}
	if p.feed != nil {
		if e.keyframes > 0 {
			p.feed.ask()
		}
		return
	}
	if len(e.rtcp) > 0 {
		if err := p.pc.WriteRTCP(e.rtcp); err == nil {
			p.room.loop.count.keyframes.Add(uint64(e.keyframes))
		}
	}
	if len(e.feedback) > 0 {
		// It is lost with a transport that is going; the next one makes up for it.
		_ = p.pc.WriteRTCP(e.feedback)
	}
	if p.observer == nil {
		return
	}
	for _, s := range e.states {
		p.observer.PeerState(p.id, s)
	}
	if e.needed {
		p.observer.SectionsNeeded(p.id, e.audio, e.video)
	}
	for _, n := range e.layers {
		p.layers.LayersNeeded(p.id, n.mid, n.rids)
	}
	if e.receivers != nil {
		p.observer.ReceiverStates(p.id, e.receivers)
	}
	if o, ok := p.observer.(VoiceObserver); ok && e.voicesNew {
		o.Voices(p.id, e.voices)
	}
}

func (p *Peer) collect(lastStates, nextReport *time.Time) errands {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	defer p.rescueServed()
	now := p.room.engine.p.Now()
	e := errands{next: reportInterval, states: p.states}
	p.states = nil
	if p.ended {
		return e
	}
	p.collectKeyframes(&e, now)
	p.in.feedback.collect(&e, now)
	p.probe(&e, now)
	p.pace(&e, now)
	p.renewStills(&e, now)
	if !now.Before(*nextReport) {
		*nextReport = now.Add(reportInterval)
		p.everySecond(&e, now)
	}
	p.collectLayers(&e)
	if a, v := len(p.unbound(Mic)), len(p.unbound(Cam)); p.needSaid != [2]int{a, v} {
		p.needSaid = [2]int{a, v}
		e.needed, e.audio, e.video = a+v > 0, a, v
	}
	p.reviewSounds(&e, now)
	p.collectVoices(&e, now)
	if p.isDirty {
		if wait := stateInterval - now.Sub(*lastStates); wait > 0 {
			e.next = min(e.next, wait)
		} else {
			p.isDirty = false
			*lastStates = now
			if now := p.receiverStates(now); !slices.Equal(now, p.said) {
				p.said, e.receivers = now, now
			}
		}
	}
	return e
}

// collectKeyframes gathers the requests that are due, one PLI a layer, and none
// sooner than KeyframeInterval after the last; for viewers alone none sooner than
// viewerKeyframes after the last for viewers alone of the whole source.
func (p *Peer) collectKeyframes(e *errands, now time.Time) {
	if p.state != PeerConnected {
		return
	}
	for _, src := range p.publish {
		if src.publisher != p || src.open == 0 {
			continue
		}
		for _, l := range src.layers {
			if l == nil || !l.flowing(now) || !l.needKey && !l.wishKey {
				continue
			}
			interval := p.room.engine.p.Limits.KeyframeInterval
			wait := interval - now.Sub(l.lastPLI)
			if !l.needKey {
				interval = max(interval, viewerKeyframes)
				wait = max(wait, interval-now.Sub(src.wished))
			}
			if wait <= 0 {
				l.lastPLI = now
				if !l.needKey {
					src.wished = now
				}
				e.rtcp = append(e.rtcp, &rtcp.PictureLossIndication{MediaSSRC: l.ssrc})
				e.keyframes++
				wait = interval
			}
			e.next = min(e.next, wait)
		}
	}
}

// everySecond sends sender reports and looks after layers that fell silent and
// taps that want regular keyframes.
func (p *Peer) everySecond(e *errands, now time.Time) {
	p.overdue(now)
	if r := p.in.receiverReport(now); r != nil {
		e.feedback = append(e.feedback, r)
	}
	if p.tx.ready {
		for _, s := range p.sections {
			if r := s.senderReport(now); r != nil {
				e.rtcp = append(e.rtcp, r, &rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{
					Source: s.ssrc,
					Items:  []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: s.cname()}},
				}}})
			}
		}
	}
	for _, src := range p.publish {
		if src.publisher != p {
			continue
		}
		src.spare(now)
		if src.open == 0 {
			continue
		}
		src.measure(now)
		if src.kind != Cam {
			continue
		}
		src.retarget(now)
		p.room.touch(src)
		for _, t := range src.taps {
			t.wantKey(now)
		}
	}
}

// senderReport carries the publisher's own pairing of wall clock and RTP clock
// forward to now and onto the section's timeline, so that microphone and camera
// of a device stay in step (RFC 3550 section 6.4.1). None before the first packet
// and none before the publisher reported.
func (s *section) senderReport(now time.Time) *rtcp.SenderReport {
	l := s.lastLayer
	if !s.bound || !s.running || l == nil || !l.hasReport || l.report.SSRC != s.lastSSRC {
		return nil
	}
	since := now.Sub(l.report.Arrival)
	ntp := l.report.NTP + uint64(since.Seconds()*(1<<32))
	if s.peer.follows { // the clocks of several devices in one stream: ours is the common one
		ntp = rtcpTime(now)
	}
	return &rtcp.SenderReport{
		SSRC:        s.ssrc,
		NTPTime:     ntp,
		RTPTime:     l.report.Timestamp + uint32(int64(since.Seconds()*float64(s.src.clockRate()))) - s.tsShift,
		PacketCount: s.packets,
		OctetCount:  s.octets,
	}
}
