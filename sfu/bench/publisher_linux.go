package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// publisher sends one feed on schedule: audio every 20 ms, pictures frameRate
// times a second in VP8-like packets. A picture is a keyframe when the server
// asked for one, and the first.
type publisher struct {
	peer    *peer
	feed    feed
	spaced  bool
	streams []*outStream // video second, if there is a camera
	twcc    uint16
	key     bool // the present picture is a keyframe

	again     int         // what is added to the streams' numbers for a second window; 0: there is none
	spans     []*span     // of all streams
	over      atomic.Bool // set at the end of the first of two windows
	measuring atomic.Bool // set at the beginning of the window
	stopped   atomic.Bool // set at its end
	keyframe  atomic.Bool // set by a PLI

	plain, sealed []byte
	lag           lagMeter
}

// outStream is one RTP stream of a publisher.
type outStream struct {
	header  rtp.Header
	id      uint16 // stream index of identity
	span    *span
	payload []byte
	sent    uint32
	octets  uint32
}

// lagMeter counts how late packets left after their due time.
type lagMeter struct {
	due, late uint64
	max       time.Duration
}

func newPublisher(p *peer, spans []*span, spaced bool, again int) *publisher {
	out := &publisher{
		peer: p, feed: *p.plan.Sends, spaced: spaced, spans: spans, again: again, plain: make([]byte, packetBytes), sealed: make([]byte, packetBytes),
	}
	out.keyframe.Store(true)
	for _, stream := range out.feed.streams() {
		payloadType, bytes := uint8(opusType), audioBytes
		if stream%2 == videoStream {
			payloadType, bytes = vp8Type, videoBytes
		}
		out.streams = append(out.streams, &outStream{
			header: rtp.Header{
				Version: 2, PayloadType: payloadType, SSRC: ssrcOf(stream),
				Extension: true, ExtensionProfile: rtp.ExtensionProfileOneByte,
			},
			id: uint16(stream), span: spans[stream], payload: make([]byte, bytes),
		})
	}
	return out
}

// run sends from start on until ctx or the window ends.
func (p *publisher) run(ctx context.Context, start time.Time) error {
	session := p.peer.session.Load()
	if session == nil {
		return errors.New("bench: the publisher is not connected")
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	var audios, bursts int
	report := start
	for {
		due := start.Add(time.Duration(audios) * time.Second / audioRate)
		var video *burst
		if p.feed.VideoRate > 0 {
			if b := burstOf(bursts, p.feed.VideoRate, p.spaced); start.Add(b.due).Before(due) {
				due, video = start.Add(b.due), &b
			}
		}
		timer.Reset(time.Until(due))
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		if p.stopped.Load() {
			return nil
		}
		p.openSpans()
		var err error
		if video == nil {
			audios++
			err = p.audio(session, due, audios)
		} else {
			bursts++
			err = p.video(session, due, *video)
		}
		if err == nil && !report.After(due) {
			report = report.Add(time.Second)
			err = p.report(session, due.Sub(start))
		}
		if err != nil {
			return fmt.Errorf("bench: publisher %s: %w", p.peer.plan.ID, err)
		}
	}
}

// openSpans begins the window of all streams at once. What leaves after the first of two
// windows has numbers of its own: what is late in one is not counted in the other.
func (p *publisher) openSpans() {
	if p.over.Load() && p.again > 0 {
		for _, s := range p.streams {
			s.id += uint16(p.again)
			s.span = p.spans[s.id]
		}
		p.again = 0
	}
	if !p.measuring.Load() || p.streams[0].span.first.Load() != 0 {
		return
	}
	for _, s := range p.streams {
		s.span.open()
	}
}

func (p *publisher) audio(session *peerSession, due time.Time, n int) error {
	s := p.streams[audioStream]
	s.header.Timestamp = uint32(n) * (48000 / audioRate)
	s.payload[0] = 0xfc // TOC: CELT, 20 ms, stereo, one frame (RFC 6716 section 3.1)
	level := byte(30)   // -dBov
	if p.feed.Quiet {
		level = 60
	}
	if err := s.header.SetExtension(levelExtension, []byte{0x80 | level}); err != nil {
		return err
	}
	return p.send(session, s, due)
}

// video sends a picture or a packet of one, 20.6 kpps over a hundred receivers
// being six packets a picture.
func (p *publisher) video(session *peerSession, due time.Time, b burst) error {
	s := p.streams[videoStream]
	s.header.Timestamp = uint32((b.picture + 1) * 90000 / frameRate)
	for i := b.from; i < b.to; i++ {
		if i == b.first {
			p.key = p.keyframe.Swap(false)
		}
		putVP8(s.payload, uint16(b.picture+1)&0x7fff, i == b.first, p.key)
		s.header.Marker = i == b.pastEnd-1
		if err := p.send(session, s, due); err != nil {
			return err
		}
	}
	return nil
}

// send seals and writes one packet; the clock in its payload is read as late as
// possible.
func (p *publisher) send(session *peerSession, s *outStream, due time.Time) error {
	if err := s.header.SetExtension(twccExtension, binary.BigEndian.AppendUint16(nil, p.twcc)); err != nil {
		return err
	}
	p.twcc++
	n, err := s.header.MarshalTo(p.plain)
	if err != nil {
		return err
	}
	now := time.Now()
	if p.measuring.Load() {
		p.lag.add(now.Sub(due))
	}
	identity{stream: s.id, counter: s.span.next.Load(), sent: now.UnixNano()}.put(s.payload)
	n += copy(p.plain[n:], s.payload)
	sealed, err := session.out.EncryptRTP(p.sealed, p.plain[:n], nil)
	if err != nil {
		return err
	}
	s.header.SequenceNumber++
	s.sent++
	s.octets += uint32(len(s.payload))
	s.span.next.Add(1)
	_, err = p.peer.conn.send(sealed, session.remote)
	return err
}

// report sends the sender reports (RFC 3550 section 6.4.1), at the age of the
// publisher's streams.
func (p *publisher) report(session *peerSession, age time.Duration) error {
	for i, s := range p.streams {
		if s.sent == 0 {
			continue
		}
		clock := []float64{48000, 90000}[i]
		if err := p.peer.report(session, &rtcp.SenderReport{
			SSRC: s.header.SSRC, NTPTime: ntpTime(time.Now()), RTPTime: uint32(uint64(age.Seconds() * clock)),
			PacketCount: s.sent, OctetCount: s.octets,
		}); err != nil {
			return err
		}
	}
	return nil
}

// ntpTime is the 64-bit NTP timestamp of t (RFC 5905 section 6).
func ntpTime(t time.Time) uint64 {
	const unixToNTP = 2208988800
	return uint64(t.Unix()+unixToNTP)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

func (m *lagMeter) add(lag time.Duration) {
	m.due++
	if lag > lateAfter {
		m.late++
	}
	m.max = max(m.max, lag)
}
