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
	"github.com/pion/srtp/v3"
)

// publisher sends one microphone and one camera on schedule: audio every 20 ms,
// pictures frameRate times a second in VP8-like packets. A picture is a
// keyframe when the server asked for one, and the first.
type publisher struct {
	peer    *peer
	streams [2]*outStream
	twcc    uint16

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
	picture uint16
	octets  uint32
}

// lagMeter counts how late packets left after their due time.
type lagMeter struct {
	due, late uint64
	max       time.Duration
}

func newPublisher(p *peer, spans []*span) *publisher {
	out := &publisher{peer: p, plain: make([]byte, packetBytes), sealed: make([]byte, packetBytes)}
	out.keyframe.Store(true)
	for i, kind := range []struct {
		payloadType uint8
		bytes       int
	}{{opusType, audioBytes}, {vp8Type, videoBytes}} {
		index := p.plan.Publisher*2 + i
		out.streams[i] = &outStream{
			header: rtp.Header{
				Version: 2, PayloadType: kind.payloadType, SSRC: ssrcOf(p.plan.Publisher, i),
				Extension: true, ExtensionProfile: rtp.ExtensionProfileOneByte,
			},
			id: uint16(index), span: spans[index], payload: make([]byte, kind.bytes),
		}
	}
	return out
}

// run sends from start on, at videoRate packets a second, until ctx ends.
func (p *publisher) run(ctx context.Context, start time.Time, videoRate int) error {
	session := p.peer.session.Load()
	if session == nil {
		return errors.New("bench: the publisher is not connected")
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	var audios, pictures, videos int
	report := start
	for {
		audioDue := start.Add(time.Duration(audios) * time.Second / audioRate)
		// Half an audio interval beside the audio, so that the two do not queue.
		videoDue := start.Add(time.Duration(pictures)*time.Second/frameRate + time.Second/audioRate/2)
		due := audioDue
		if videoDue.Before(due) {
			due = videoDue
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
		if p.measuring.Load() && p.streams[0].span.first.Load() == 0 {
			p.streams[0].span.open()
			p.streams[1].span.open()
		}
		var err error
		if due.Equal(audioDue) {
			audios++
			err = p.audio(session, due, audios)
		} else {
			pictures++
			last := videos
			videos = pictures * videoRate / frameRate
			err = p.video(session, due, pictures, videos-last)
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

func (p *publisher) audio(session *peerSession, due time.Time, n int) error {
	s := p.streams[audioStream]
	s.header.Timestamp = uint32(n) * (48000 / audioRate)
	s.payload[0] = 0xfc // TOC: CELT, 20 ms, stereo, one frame (RFC 6716 section 3.1)
	if err := s.header.SetExtension(levelExtension, []byte{0x80 | 30}); err != nil {
		return err
	}
	return p.send(session, s, due)
}

// video sends one picture in n packets, 20.6 kpps over a hundred receivers being
// six packets a picture.
func (p *publisher) video(session *peerSession, due time.Time, picture, n int) error {
	s := p.streams[videoStream]
	s.header.Timestamp = uint32(picture * 90000 / frameRate)
	s.picture = (s.picture + 1) & 0x7fff
	key := p.keyframe.Swap(false)
	for i := range n {
		putVP8(s.payload, s.picture, i == 0, key)
		s.header.Marker = i == n-1
		if err := p.send(session, s, due); err != nil {
			return err
		}
	}
	return nil
}

// putVP8 writes a payload descriptor with a 15-bit picture id (RFC 7741 section
// 4.2) and at the start of a picture the frame tag (RFC 6386 section 9.1).
func putVP8(payload []byte, picture uint16, start, key bool) {
	payload[0] = 0x80 // X
	payload[1] = 0x80 // I
	binary.BigEndian.PutUint16(payload[2:], 0x8000|picture)
	if !start {
		return
	}
	payload[0] |= 0x10 // S, partition 0
	frame := payload[4:]
	frame[0] = 0x10 | 0x01 // show_frame, not a keyframe
	frame[1], frame[2] = 0x04, 0
	if key {
		frame[0] &^= 0x01
		copy(frame[3:], []byte{0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01}) // 640 x 360
	}
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
	s.octets += uint32(len(s.payload))
	s.span.next.Add(1)
	_, err = p.peer.conn.send(sealed, session.remote)
	return err
}

// report sends the sender reports (RFC 3550 section 6.4.1), at the age of the
// publisher's streams.
func (p *publisher) report(session *peerSession, age time.Duration) error {
	for i, s := range p.streams {
		if s.span.next.Load() == 0 {
			continue
		}
		clock := []float64{48000, 90000}[i]
		raw, err := (&rtcp.SenderReport{
			SSRC: s.header.SSRC, NTPTime: ntpTime(time.Now()), RTPTime: uint32(uint64(age.Seconds() * clock)),
			PacketCount: uint32(s.span.next.Load()), OctetCount: s.octets,
		}).Marshal()
		if err != nil {
			return err
		}
		sealed, err := session.out.EncryptRTCP(nil, raw, nil)
		if err != nil {
			return err
		}
		if _, err := p.peer.conn.send(sealed, session.remote); err != nil {
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

// heard takes an RTCP packet of the server; a request for a keyframe is obeyed
// with the next picture. Called by the socket's reader.
func (p *publisher) heard(in *srtp.Context, sealed []byte) {
	raw, err := in.DecryptRTCP(nil, sealed, nil)
	if err != nil {
		return
	}
	packets, err := rtcp.Unmarshal(raw)
	if err != nil {
		return
	}
	for _, packet := range packets {
		switch packet.(type) {
		case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
			p.keyframe.Store(true)
		}
	}
}

func (m *lagMeter) add(lag time.Duration) {
	m.due++
	if lag > lateAfter {
		m.late++
	}
	m.max = max(m.max, lag)
}
