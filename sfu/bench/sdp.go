package bench

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// Payload types and header extensions that every peer of the generator offers.
const (
	opusType = 111
	vp8Type  = 96
	rtxType  = 97

	levelExtension = 1 // RFC 6464
	twccExtension  = 3 // draft-holmer-rmcat-transport-wide-cc-extensions-01
	midExtension   = 4 // RFC 9143
)

const twccURI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

// offerSection is one m-line of an offer.
type offerSection struct {
	mid   string
	kind  string // "audio" or "video"
	sends bool
	ssrc  uint32 // of a sending section
}

// offerParams make an offer.
type offerParams struct {
	sessionID   uint64
	ufrag, pwd  string
	fingerprint string // sha-256, hexadecimal with colons
	candidate   netip.AddrPort
	sections    []offerSection
}

// offer writes the SDP of a peer: one bundle, Opus and VP8 with RTX, the
// feedback that browsers offer.
func offer(p offerParams) string {
	mids := make([]string, len(p.sections))
	for i, s := range p.sections {
		mids[i] = s.mid
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("v=0")
	line("o=- %d 1 IN IP4 127.0.0.1", p.sessionID)
	line("s=-")
	line("t=0 0")
	line("a=group:BUNDLE %s", strings.Join(mids, " "))
	line("a=extmap-allow-mixed")
	line("a=msid-semantic: WMS *")
	for i, s := range p.sections {
		if s.kind == "audio" {
			line("m=audio 9 UDP/TLS/RTP/SAVPF %d", opusType)
		} else {
			line("m=video 9 UDP/TLS/RTP/SAVPF %d %d", vp8Type, rtxType)
		}
		line("c=IN IP4 0.0.0.0")
		if i == 0 { // one transport for the bundle (RFC 9143 section 7.1.3)
			line("a=candidate:1 1 udp 2130706431 %s %d typ host", p.candidate.Addr(), p.candidate.Port())
			line("a=end-of-candidates")
		}
		line("a=ice-ufrag:%s", p.ufrag)
		line("a=ice-pwd:%s", p.pwd)
		line("a=fingerprint:sha-256 %s", p.fingerprint)
		line("a=setup:actpass")
		line("a=mid:%s", s.mid)
		codecLines(line, s)
	}
	return b.String()
}

func codecLines(line func(string, ...any), s offerSection) {
	line("a=extmap:%d %s", twccExtension, twccURI)
	line("a=extmap:%d urn:ietf:params:rtp-hdrext:sdes:mid", midExtension)
	if s.kind == "audio" {
		line("a=extmap:%d urn:ietf:params:rtp-hdrext:ssrc-audio-level", levelExtension)
	}
	if s.sends {
		line("a=sendonly")
		line("a=msid:bench %s", s.mid)
	} else {
		line("a=recvonly")
	}
	line("a=rtcp-mux")
	line("a=rtcp-rsize")
	if s.kind == "audio" {
		line("a=rtpmap:%d opus/48000/2", opusType)
		line("a=rtcp-fb:%d transport-cc", opusType)
		line("a=fmtp:%d minptime=10;useinbandfec=1", opusType)
	} else {
		line("a=rtpmap:%d VP8/90000", vp8Type)
		for _, fb := range []string{"goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"} {
			line("a=rtcp-fb:%d %s", vp8Type, fb)
		}
		line("a=rtpmap:%d rtx/90000", rtxType)
		line("a=fmtp:%d apt=%d", rtxType, vp8Type)
	}
	if s.sends {
		line("a=ssrc:%d cname:bench", s.ssrc)
		line("a=ssrc:%d msid:bench %s", s.ssrc, s.mid)
	}
}

// remoteSide is what a peer needs of the server's answer.
type remoteSide struct {
	ufrag, pwd string
	candidates []string // the values of a=candidate

	// transportID is the header extension by which the server numbers all packets
	// that it sends, when it wants feedback on them; 0: it does not.
	transportID uint8
	repairs     map[uint32]uint32 // SSRC of a retransmission stream -> of its original
}

var errAnswer = errors.New("bench: answer not understood")

// parseAnswer reads the transport of the server's answer, and what it wants to
// hear; every m-line must have been accepted.
func parseAnswer(text string) (remoteSide, error) {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		return remoteSide{}, fmt.Errorf("%w: %w", errAnswer, err)
	}
	r := remoteSide{repairs: map[uint32]uint32{}}
	for _, a := range d.Attributes {
		r.take(a)
	}
	for i, m := range d.MediaDescriptions {
		if m.MediaName.Port.Value == 0 {
			return remoteSide{}, fmt.Errorf("%w: m-line %s was refused", errAnswer, strconv.Itoa(i))
		}
		if setup, ok := m.Attribute("setup"); ok && setup != "passive" {
			return remoteSide{}, fmt.Errorf("%w: setup:%s, the generator only takes passive", errAnswer, setup)
		}
		for _, a := range m.Attributes {
			r.take(a)
		}
		if id := transportID(m); id != 0 {
			r.transportID = id
		}
	}
	if r.ufrag == "" || r.pwd == "" || len(r.candidates) == 0 {
		return remoteSide{}, fmt.Errorf("%w: without ICE credentials or candidates", errAnswer)
	}
	return r, nil
}

func (r *remoteSide) take(a sdp.Attribute) {
	switch {
	case a.Key == "ice-ufrag" && r.ufrag == "":
		r.ufrag = a.Value
	case a.Key == "ice-pwd" && r.pwd == "":
		r.pwd = a.Value
	case a.Key == "candidate":
		r.candidates = append(r.candidates, a.Value)
	case a.Key == "ssrc-group": // FID original repair (RFC 5576, RFC 4588)
		f := strings.Fields(a.Value)
		if len(f) != 3 || f[0] != "FID" {
			return
		}
		original, err1 := strconv.ParseUint(f[1], 10, 32)
		repair, err2 := strconv.ParseUint(f[2], 10, 32)
		if err1 == nil && err2 == nil {
			r.repairs[uint32(repair)] = uint32(original)
		}
	}
}

// transportID gives the identifier of transport-wide numbers on an m-line on
// which the server sends and wants feedback on them; 0 otherwise.
func transportID(m *sdp.MediaDescription) uint8 {
	var id uint8
	feedback := false
	for _, a := range m.Attributes {
		switch a.Key {
		case "recvonly", "inactive":
			return 0
		case "rtcp-fb":
			feedback = feedback || strings.HasSuffix(a.Value, " transport-cc")
		case "extmap": // identifier, perhaps with a direction, and URI (RFC 8285 section 8)
			name, uri, _ := strings.Cut(a.Value, " ")
			name, direction, _ := strings.Cut(name, "/")
			n, err := strconv.ParseUint(name, 10, 8)
			if err == nil && n >= 1 && n <= 14 && uri == twccURI && direction != "recvonly" && direction != "inactive" {
				id = uint8(n)
			}
		}
	}
	if !feedback {
		return 0
	}
	return id
}
