package bench

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// How Chromium 140 speaks as a receiver, in the source's words beside it.
const (
	transportPace = 50 * time.Millisecond // least interval of transport feedback, which it takes above 218 kbit/s
	videoReport   = time.Second           // RTCP interval of a video stream, times 0.5 to 1.5
	audioReport   = 5 * time.Second       // of an audio stream, likewise
	nackPace      = 100 * time.Millisecond
	nackTries     = 10
	nackSpan      = 1000 // packets; older ones are given up
	keyPace       = 200 * time.Millisecond
	receiverSSRC  = 1 // of a peer that sends nothing
)

// feedbackTick is how often a reader looks what is due.
const feedbackTick = 20 * time.Millisecond

// feedback is what one peer says as a receiver, the same to every contestant:
// receiver reports, transport-wide feedback on packets that carry a number,
// requests for what is missing and for the first keyframe. It belongs to one
// goroutine; times are handed in.
type feedback struct {
	ssrc        uint32
	born        time.Time
	random      *rand.Rand
	transportID uint8
	transport   *twcc.Recorder
	transportAt time.Time
	repairs     map[uint32]uint32
	streams     []*heardStream
	count       FeedbackCount
}

// newFeedback is seeded by the peer, so that peers do not speak as one.
func newFeedback(index int, remote remoteSide, now time.Time) *feedback {
	f := &feedback{
		ssrc: receiverSSRC, born: now, random: rand.New(rand.NewPCG(uint64(index), 1)), //nolint:gosec // spreads reports, protects nothing
		transportID: remote.transportID, transport: twcc.NewRecorder(receiverSSRC), repairs: remote.repairs,
	}
	f.transportAt = now.Add(f.spread(transportPace))
	return f
}

// spread gives 0.5 to 1.5 times d (RFC 3550 section 6.2).
func (f *feedback) spread(d time.Duration) time.Duration {
	return d/2 + time.Duration(f.random.Int64N(int64(d)))
}

// heardStream is the books of one SSRC (RFC 3550 appendix A.1, A.3, A.8).
type heardStream struct {
	ssrc      uint32
	video     bool
	clock     float64 // RTP ticks a second
	base      uint64  // first extended number
	high      uint64  // highest
	received  uint64
	expected0 uint64 // expected and received at the last report
	received0 uint64
	transit   float64 // ticks
	jitter    float64
	report    uint32 // middle bits of the last sender report's NTP time
	reportAt  time.Time
	due       time.Time

	missing []missingPacket // by rising number
	keyed   bool            // a keyframe has begun
	keyAt   time.Time
}

type missingPacket struct {
	ext   uint64
	tries int
	at    time.Time // of the next request
}

// heard takes a decrypted packet that came at the given time, and returns what
// is to be said at once.
func (f *feedback) heard(h *rtp.Header, payload []byte, at time.Time) []rtcp.Packet {
	if f.transportID != 0 {
		var number rtp.TransportCCExtension
		if ext := h.GetExtension(f.transportID); ext != nil && number.Unmarshal(ext) == nil {
			f.transport.Record(h.SSRC, number.TransportSequence, max(at.Sub(f.born), 0).Microseconds())
		}
	}
	if h.PayloadType == rtxType {
		f.mended(h.SSRC, payload)
		return nil
	}
	s := f.stream(h, at)
	fresh := s.take(h, at)
	var say []rtcp.Packet
	if s.video && !s.keyed {
		s.keyed = keyStart(payload)
		say = f.askKey(s, at)
	}
	if fresh && s.video {
		say = append(say, f.askMissing(s, at)...)
	}
	return say
}

// mended takes a retransmission off the list of the missing (RFC 4588 section 4).
func (f *feedback) mended(ssrc uint32, payload []byte) {
	if len(payload) < 2 {
		return
	}
	number := uint16(payload[0])<<8 | uint16(payload[1])
	for _, s := range f.streams {
		if s.ssrc == f.repairs[ssrc] {
			s.found(s.extend(number))
		}
	}
}

func (f *feedback) stream(h *rtp.Header, at time.Time) *heardStream {
	for _, s := range f.streams {
		if s.ssrc == h.SSRC {
			return s
		}
	}
	// One turn of the counter above zero, so that what came before the first
	// packet has a number too.
	first := uint64(h.SequenceNumber) + 1<<16
	s := &heardStream{ssrc: h.SSRC, video: h.PayloadType == vp8Type, clock: 48000, base: first, high: first - 1}
	pace := audioReport
	if s.video {
		s.clock, pace = 90000, videoReport
	}
	s.due = at.Add(f.spread(pace))
	f.streams = append(f.streams, s)
	return s
}

// extend gives the extended number that is nearest to the highest.
func (s *heardStream) extend(number uint16) uint64 {
	return s.high + uint64(int64(int16(number-uint16(s.high))))
}

// take enters a packet; true when it is higher than all before.
func (s *heardStream) take(h *rtp.Header, at time.Time) bool {
	s.received++
	transit := float64(at.UnixNano()%int64(time.Hour))/float64(time.Second)*s.clock - float64(h.Timestamp)
	if s.received > 1 {
		if d := transit - s.transit; d < s.clock && d > -s.clock { // else the hour or the timestamp has wrapped
			s.jitter += (max(d, -d) - s.jitter) / 16
		}
	}
	s.transit = transit
	ext := s.extend(h.SequenceNumber)
	if ext <= s.high {
		s.found(ext)
		return false
	}
	for lost := max(s.high+1, s.base, ext-min(ext, nackSpan)); s.video && lost < ext; lost++ {
		s.missing = append(s.missing, missingPacket{ext: lost, at: at})
	}
	s.high = ext
	gone := 0
	for gone < len(s.missing) && s.missing[gone].ext+nackSpan < ext {
		gone++
	}
	s.missing = slices.Delete(s.missing, 0, gone)
	return true
}

func (s *heardStream) found(ext uint64) {
	s.missing = slices.DeleteFunc(s.missing, func(m missingPacket) bool { return m.ext == ext })
}

// askMissing requests what is missing and due (RFC 4585 section 6.2.1).
func (f *feedback) askMissing(s *heardStream, now time.Time) []rtcp.Packet {
	var numbers []uint16
	keep := s.missing[:0]
	for _, m := range s.missing {
		if !now.Before(m.at) {
			if m.tries == nackTries {
				continue
			}
			numbers = append(numbers, uint16(m.ext))
			m.tries, m.at = m.tries+1, now.Add(nackPace)
		}
		keep = append(keep, m)
	}
	s.missing = keep
	if len(numbers) == 0 {
		return nil
	}
	f.count.Nacks++
	return []rtcp.Packet{&rtcp.TransportLayerNack{
		SenderSSRC: f.ssrc, MediaSSRC: s.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(numbers),
	}}
}

// askKey requests a keyframe while none has come.
func (f *feedback) askKey(s *heardStream, now time.Time) []rtcp.Packet {
	if s.keyed || now.Sub(s.keyAt) < keyPace {
		return nil
	}
	s.keyAt = now
	f.count.Plis++
	return []rtcp.Packet{&rtcp.PictureLossIndication{SenderSSRC: f.ssrc, MediaSSRC: s.ssrc}}
}

// senderReport notes when the server reported.
func (f *feedback) senderReport(r *rtcp.SenderReport, at time.Time) {
	for _, s := range f.streams {
		if s.ssrc == r.SSRC {
			s.report, s.reportAt = uint32(r.NTPTime>>16), at
		}
	}
}

// dueAt gives what time has made due.
func (f *feedback) dueAt(now time.Time) []rtcp.Packet {
	var say []rtcp.Packet
	for _, s := range f.streams {
		if s.video {
			say = append(append(say, f.askMissing(s, now)...), f.askKey(s, now)...)
		}
		if now.Before(s.due) {
			continue
		}
		pace := audioReport
		if s.video {
			pace = videoReport
		}
		s.due = now.Add(f.spread(pace))
		f.count.Reports++
		say = append(say, &rtcp.ReceiverReport{SSRC: f.ssrc, Reports: []rtcp.ReceptionReport{s.block(now)}})
	}
	if f.transportID != 0 && !now.Before(f.transportAt) {
		// By the clock, so that a late look does not make the interval longer.
		for !now.Before(f.transportAt) {
			f.transportAt = f.transportAt.Add(transportPace)
		}
		packets := f.transport.BuildFeedbackPacket()
		f.count.Transport += uint64(len(packets))
		say = append(say, packets...)
	}
	return say
}

// block is the report on a stream since the last one (RFC 3550 section 6.4.1).
func (s *heardStream) block(now time.Time) rtcp.ReceptionReport {
	expected := s.high - s.base + 1
	lost := int64(expected) - int64(s.received)
	r := rtcp.ReceptionReport{
		SSRC: s.ssrc, LastSequenceNumber: uint32(s.high - 1<<16), TotalLost: uint32(min(max(lost, 0), 0x7fffff)),
		Jitter: uint32(s.jitter), LastSenderReport: s.report,
	}
	span := int64(expected - s.expected0)
	if gone := span - int64(s.received-s.received0); span > 0 && gone > 0 {
		r.FractionLost = uint8(min(gone*256/span, 255))
	}
	s.expected0, s.received0 = expected, s.received
	if !s.reportAt.IsZero() {
		r.Delay = uint32(now.Sub(s.reportAt).Seconds() * (1 << 16))
	}
	return r
}
