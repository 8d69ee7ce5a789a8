package sfu

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
)

const (
	// feedbackPace is the time between two reports of what has come, by which a
	// sender estimates its line. Without them Chromium falls to 6 frames a second.
	feedbackPace = 100 * time.Millisecond
	feedbackMost = 100 // packets, then a report does not wait
	maxBlocks    = 31  // of one receiver report (RFC 3550 section 6.4.2)
)

// feedback tells a publisher how its packets arrive: of all streams together
// (draft-holmer-rmcat-transport-wide-cc-extensions-01), and of each (RFC 3550).
// Under the room's lock.
type feedback struct {
	ssrc     uint32 // that our reports come from
	epoch    time.Time
	recorder *twcc.Recorder
	armed    bool // the worker looks again at due
	due      time.Time
}

func newFeedback(now time.Time) feedback {
	ssrc := rand.Uint32() | 1 //nolint:gosec // RFC 3550: unpredictable is enough
	return feedback{ssrc: ssrc, epoch: now, recorder: twcc.NewRecorder(ssrc)}
}

// note takes the arrival of the packet in the scratch, which is of s and has the
// index.
func (f *feedback) note(p *Peer, s *stream, index uint64, now time.Time) {
	h, since := &p.in.pkt.Header, now.Sub(f.epoch)
	if s.line != nil {
		s.stats.note(index, uint32(since.Seconds()*float64(s.line.clock))-h.Timestamp)
	}
	number := h.GetExtension(p.in.exts.congestion)
	if p.in.exts.congestion == 0 || len(number) < 2 {
		return
	}
	f.recorder.Record(h.SSRC, binary.BigEndian.Uint16(number), since.Microseconds())
	switch {
	case !f.armed:
		f.armed, f.due = true, now.Add(feedbackPace)
		p.kick()
	case f.recorder.PacketsHeld() == feedbackMost:
		f.due = now
		p.kick()
	}
}

// collect adds the report that is due to e, and when to look again.
func (f *feedback) collect(e *errands, now time.Time) {
	if !f.armed {
		return
	}
	if wait := f.due.Sub(now); wait > 0 {
		e.next = min(e.next, wait)
		return
	}
	if f.recorder.PacketsHeld() == 0 {
		f.armed = false
		return
	}
	e.feedback = append(e.feedback, f.recorder.BuildFeedbackPacket()...)
	f.due = now.Add(feedbackPace)
	e.next = min(e.next, feedbackPace)
}

// receiverReport is about every stream that has brought something since the last
// one; nil without any.
func (in *intake) receiverReport(now time.Time) *rtcp.ReceiverReport {
	r := &rtcp.ReceiverReport{SSRC: in.feedback.ssrc}
	for _, s := range in.streams {
		if b, ok := s.stats.block(s.ssrc, s.window.highest, now); ok && len(r.Reports) < maxBlocks {
			r.Reports = append(r.Reports, b)
		}
	}
	if len(r.Reports) == 0 {
		return nil
	}
	return r
}

// streamStats counts one stream for receiver reports (RFC 3550 appendix A.3, A.8).
type streamStats struct {
	base               uint64 // the lowest index that came
	received           uint64
	expectedThen, then uint64 // expected and received at the last report
	transit            uint32 // arrival less timestamp, in units of the RTP clock
	jitter             float64
	report             uint32 // middle half of the NTP time of the last sender report
	reportAt           time.Time
}

func (t *streamStats) note(index uint64, transit uint32) {
	if t.received == 0 || index < t.base {
		t.base = index
	}
	if t.received > 0 {
		d := float64(int32(transit - t.transit))
		t.jitter += (max(d, -d) - t.jitter) / 16
	}
	t.transit = transit
	t.received++
}

// reported takes the sender's own report.
func (t *streamStats) reported(ntp uint64, now time.Time) {
	t.report, t.reportAt = uint32(ntp>>16), now
}

// block reports the stream and begins the next interval; ok is false when nothing
// has come in this one.
func (t *streamStats) block(ssrc uint32, highest uint64, now time.Time) (b rtcp.ReceptionReport, ok bool) {
	if t.received == t.then {
		return b, false
	}
	expected := highest - t.base + 1
	b = rtcp.ReceptionReport{SSRC: ssrc, LastSequenceNumber: uint32(highest), Jitter: uint32(t.jitter), LastSenderReport: t.report}
	if lost := int64(expected) - int64(t.received); lost > 0 {
		b.TotalLost = uint32(min(lost, 1<<23-1))
	}
	of, came := int64(expected)-int64(t.expectedThen), int64(t.received)-int64(t.then)
	if of > 0 && came < of {
		b.FractionLost = uint8(min((of-came)<<8/of, 255))
	}
	if !t.reportAt.IsZero() {
		b.Delay = uint32(now.Sub(t.reportAt).Seconds() * (1 << 16))
	}
	t.expectedThen, t.then = expected, t.received
	return b, true
}
