package hostile

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/stun/v4"

	"phientoa/internal/wire"
)

// Rates of the floods, packets a second each. They are bounded so that the machine that
// carries attacker, server and witnesses does not fall over by itself.
const (
	strangerRate = 1000
	ownTupleRate = 1000
	requestRate  = 300
	oddRate      = 300
	mediaRate    = 1500
	ssrcRate     = 500
)

// sections and candidates of the offers that are too large.
const (
	manySections   = 1000
	manyCandidates = 10_000
)

// AbuseReport is what was sent, and what the server said to it.
type AbuseReport struct {
	Stranger  int64 `json:"stranger"`  // handshakes, checks and RTP from an address of nobody
	OwnTuple  int64 `json:"ownTuple"`  // bad tags on the guest's own way
	Heard     int   `json:"heard"`     // streams that the guest receives, which it makes requests about
	Requests  int64 `json:"requests"`  // PLI, FIR, REMB, BYE and NACK, authenticated
	Odd       int64 `json:"odd"`       // hostile shapes of RTP, authenticated
	Media     int64 `json:"media"`     // more media than a seat may send, authenticated
	Streams   int64 `json:"streams"`   // packets of a new SSRC each
	BytesBack int64 `json:"bytesBack"` // answered to the stranger
	// Offers that are too large, and those of them that were refused.
	Offers        int `json:"offers"`
	OffersRefused int `json:"offersRefused"`
}

// Abuse connects the seat's media and misuses them for so long: strangers' sprays all
// the time, the authenticated floods until three quarters of it, new streams and offers
// without measure at the end. begin is when the floods start.
func Abuse(ctx context.Context, s *Seat, media netip.AddrPort, begin <-chan struct{}, length time.Duration) (r AbuseReport, err error) {
	p, err := connect(ctx, s)
	if err != nil {
		return r, err
	}
	defer p.close()
	select {
	case <-begin:
	case <-ctx.Done():
		return r, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	first, stop := context.WithTimeout(ctx, length*3/4)
	defer stop()
	stranger, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(media))
	if err != nil {
		return r, err
	}
	var wg sync.WaitGroup
	var back atomic.Int64
	wg.Go(func() { back.Store(drain(stranger)) })
	wg.Go(func() { flood(ctx, strangerRate, &r.Stranger, func(i int) { _, _ = stranger.Write(strange(i)) }) })
	wg.Go(func() { flood(first, ownTupleRate, &r.OwnTuple, func(i int) { p.badTag(media, i) }) })
	wg.Go(func() { flood(first, requestRate, &r.Requests, p.request) })
	wg.Go(func() { flood(first, oddRate, &r.Odd, p.odd) })
	wg.Go(func() { flood(first, mediaRate, &r.Media, p.tooMuch) })
	<-first.Done()
	wg.Go(func() { flood(ctx, ssrcRate, &r.Streams, p.newStream) })
	r.Offers, r.OffersRefused = p.offers(ctx, s)
	<-ctx.Done()
	r.Heard = len(p.heardSSRCs())
	_ = stranger.SetReadDeadline(time.Now())
	wg.Wait()
	_ = stranger.Close()
	r.BytesBack = back.Load()
	return r, nil
}

// flood does something rate times a second until ctx ends, and counts.
func flood(ctx context.Context, rate int, count *int64, what func(i int)) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; {
		select {
		case <-ctx.Done():
			*count = int64(i)
			return
		case <-tick.C:
		}
		for range rate / 100 {
			what(i)
			i++
		}
	}
}

// drain counts bytes until the deadline.
func drain(c *net.UDPConn) (total int64) {
	for b := make([]byte, 2000); ; {
		n, err := c.Read(b)
		var closed net.Error
		if errors.As(err, &closed) && closed.Timeout() || errors.Is(err, net.ErrClosed) {
			return total
		}
		total += int64(n)
	}
}

// strange is what somebody without a seat sends: a ClientHello that offers nothing but
// TLS_NULL_WITH_NULL_NULL (ES2023-03), a check with a wrong password, RTP without a key.
func strange(i int) []byte {
	switch i % 3 {
	case 0:
		hello := []byte{
			22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 54, // record
			1, 0, 0, 42, 0, 0, 0, 0, 0, 0, 0, 42, 0xfe, 0xfd, // handshake, version
		}
		return append(append(hello, make([]byte, 32)...), 0, 0, 0, 2, 0, 0, 1, 0)
	case 1:
		return stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername("abcd:efgh"),
			stun.NewShortTermIntegrity("not the password"), stun.Fingerprint).Raw
	default:
		return noise(rand.Uint32(), uint16(i))
	}
}

// noise is RTP whose payload and tag nobody made.
func noise(ssrc uint32, n uint16) []byte {
	b := make([]byte, 120)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	b[0], b[1] = 0x80, 111
	binary.BigEndian.PutUint16(b[2:], n)
	binary.BigEndian.PutUint32(b[8:], ssrc)
	return b
}

// badTag sends on the guest's own way what its own key did not make.
func (p *guest) badTag(media netip.AddrPort, i int) {
	_, _ = p.socket.WriteTo(noise(p.micSSRC, uint16(i)), net.UDPAddrFromAddrPort(media))
}

// request asks for keyframes and repeats of everything, says that it can take next to
// nothing, and says goodbye for others.
func (p *guest) request(i int) {
	ssrcs := p.heardSSRCs()
	if len(ssrcs) == 0 {
		return
	}
	ssrc := ssrcs[i%len(ssrcs)]
	nack := &rtcp.TransportLayerNack{MediaSSRC: ssrc}
	for n := range uint16(250) {
		nack.Nacks = append(nack.Nacks, rtcp.NackPair{PacketID: 17 * n, LostPackets: 0xffff})
	}
	_ = p.pc.WriteRTCP([]rtcp.Packet{
		&rtcp.PictureLossIndication{MediaSSRC: ssrc},
		&rtcp.FullIntraRequest{MediaSSRC: ssrc, FIR: []rtcp.FIREntry{{SSRC: ssrc, SequenceNumber: uint8(i)}}},
		&rtcp.ReceiverEstimatedMaximumBitrate{SSRCs: []uint32{ssrc}, Bitrate: 1},
		&rtcp.Goodbye{Sources: ssrcs},
	})
	_ = p.pc.WriteRTCP([]rtcp.Packet{nack})
}

// odd sends RTP of the shapes that broke others (CVE-2025-49140 and its like).
func (p *guest) odd(i int) {
	h := rtp.Header{Version: 2, PayloadType: 111, SSRC: p.micSSRC, SequenceNumber: uint16(i), Timestamp: uint32(i) * 960}
	payload := []byte("x")
	switch i % 6 {
	case 0:
		h.Padding, h.PaddingSize = true, 255
		payload = nil
	case 1:
		h.CSRC = make([]uint32, 15)
	case 2:
		h.Extension, h.ExtensionProfile = true, 0x1000
		h.Extensions = nil
		_ = h.SetExtension(1, make([]byte, 200))
	case 3: // redundancy longer than its packet
		h.PayloadType, payload = 63, []byte{0xef, 0xff, 0xff, 0xff, 111}
	case 4: // VP8 that ends in its descriptor
		h.PayloadType, h.SSRC, payload = 96, p.camSSRC, []byte{0x90, 0xf0, 0xff}
	default: // an unknown type
		h.PayloadType = 127
	}
	p.write(&rtp.Packet{Header: h, Payload: payload})
}

// tooMuch sends 1,200 bytes of camera more often than any camera.
func (p *guest) tooMuch(i int) {
	b := make([]byte, 1200)
	copy(b, []byte{0x10, 0x01, 0, 0, 0x9d, 0x01, 0x2a})
	p.write(&rtp.Packet{Header: rtp.Header{
		Version: 2, PayloadType: 96, SSRC: p.camSSRC, SequenceNumber: uint16(i), Timestamp: uint32(i) * 3000, Marker: true,
	}, Payload: b})
}

// newStream begins another stream with every packet.
func (p *guest) newStream(i int) {
	p.write(&rtp.Packet{Header: rtp.Header{
		Version: 2, PayloadType: 111, SSRC: 0x74000000 + uint32(i), SequenceNumber: uint16(i), Timestamp: uint32(i) * 960,
	}, Payload: []byte("x")})
}

// offers asks for a session of a thousand sections, then for one of ten thousand
// candidates.
func (p *guest) offers(ctx context.Context, s *Seat) (made, refused int) {
	sdp := p.pc.LocalDescription().SDP
	at := strings.LastIndex(sdp, "m=")
	section := sdp[at:]
	sections := sdp
	for i := range manySections {
		_, rest, _ := strings.Cut(section, "a=mid:")
		_, rest, _ = strings.Cut(rest, "\r\n")
		before, _, _ := strings.Cut(section, "a=mid:")
		sections += fmt.Sprintf("%sa=mid:x%d\r\n%s", before, i, rest)
	}
	candidates := sdp
	for i := range manyCandidates {
		candidates += fmt.Sprintf("a=candidate:%d 1 udp 2130706431 10.77.2.2 %d typ host\r\n", i, 1024+i)
	}
	for _, text := range []string{sections, candidates} {
		made++
		answer, err := s.Ask(ctx, &wire.Envelope{Body: &wire.Envelope_MediaOffer{MediaOffer: &wire.MediaOffer{Sdp: text, Generation: p.generation}}})
		if err != nil || answer.GetMediaAnswer().GetRefusal() != nil {
			refused++ // a connection that ends is a refusal too
		}
	}
	return made, refused
}
