package sfu

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// declaredSSRCs reads the SSRC of a sending m-line and that of its retransmissions
// (RFC 5576 sections 4.1 and 4.2); 0 is one that is not named.
func declaredSSRCs(m *sdp.MediaDescription) (ssrc, rtx uint32) {
	for _, a := range m.Attributes {
		fields := strings.Fields(a.Value)
		switch {
		case a.Key == "ssrc-group" && rtx == 0 && len(fields) == 3 && fields[0] == "FID":
			if first, second := ssrcOf(fields[1]), ssrcOf(fields[2]); first != 0 && second != 0 && first != second {
				ssrc, rtx = first, second
			}
		case a.Key == "ssrc" && ssrc == 0 && len(fields) > 0:
			ssrc = ssrcOf(fields[0])
		}
	}
	return ssrc, rtx
}

func ssrcOf(text string) uint32 {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// intakeLines reads from our answer what was negotiated of the m-lines that the
// peer sends.
func intakeLines(answer string, publish []publishPlan) (lines []sending, exts extensions, err error) {
	if len(publish) == 0 { // who only receives is spared the reading
		return nil, extensions{}, nil
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(answer); err != nil {
		return nil, extensions{}, fmt.Errorf("sfu: own answer: %w", err)
	}
	for _, m := range d.MediaDescriptions {
		mid, _ := m.Attribute(sdp.AttrKeyMID)
		for _, pub := range publish {
			if pub.mid != mid {
				continue
			}
			l := sending{mid: mid, declared: pub.ssrc != 0, clock: 90000, types: typesOf(m)}
			if pub.kind == Mic {
				l.clock = 48000
			}
			lines = append(lines, l)
			exts.read(m)
		}
	}
	return lines, exts, nil
}

// typesOf reads the payload types of an m-line of our answer.
func typesOf(m *sdp.MediaDescription) (t codecTypes) {
	number := func(text string) uint8 {
		n, err := strconv.ParseUint(text, 10, 7)
		if err != nil {
			return 0
		}
		return uint8(n)
	}
	for _, a := range m.Attributes {
		text, what, _ := strings.Cut(a.Value, " ")
		pt := number(text)
		switch {
		case a.Key == "rtcp-fb":
			t.nack = t.nack || what == "nack"
		case a.Key != "rtpmap" || pt == 0:
		case strings.EqualFold(what, "opus/48000/2"):
			t.opus = pt
		case strings.EqualFold(what, "red/48000/2"):
			t.red = pt
		case strings.EqualFold(what, "VP8/90000"):
			t.vp8 = pt
		case strings.EqualFold(what, "H264/90000"):
			t.h264 = pt
		}
	}
	t.level = extensionOf(m, sdp.AudioLevelURI)
	for _, a := range m.Attributes {
		text, what, _ := strings.Cut(a.Value, " ")
		if a.Key == "fmtp" && t.video() != 0 && what == "apt="+strconv.Itoa(int(t.video())) {
			t.rtx = number(text)
		}
	}
	return t
}

// read takes the numbers of header extensions from an m-line of our answer.
func (e *extensions) read(m *sdp.MediaDescription) {
	for uri, at := range map[string]*uint8{
		sdp.SDESMidURI: &e.mid, sdp.SDESRTPStreamIDURI: &e.rid,
		sdp.SDESRepairRTPStreamIDURI: &e.repaired, sdp.TransportCCURI: &e.congestion,
	} {
		if id := extensionOf(m, uri); id != 0 {
			*at = id
		}
	}
}

// extensionOf is the number of a header extension in an m-line of our answer (RFC 8285
// section 5), 0 when it is not negotiated.
func extensionOf(m *sdp.MediaDescription, uri string) uint8 {
	for _, a := range m.Attributes {
		text, what, _ := strings.Cut(a.Value, " ")
		what, _, _ = strings.Cut(what, " ")
		if a.Key != "extmap" || what != uri {
			continue
		}
		text, _, _ = strings.Cut(text, "/")
		if n, err := strconv.ParseUint(text, 10, 8); err == nil {
			return uint8(n)
		}
	}
	return 0
}
