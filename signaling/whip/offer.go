package whip

import (
	"errors"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"

	"phientoa/internal/wire"
	"phientoa/sfu"
)

// Errors of offers.
var (
	errSDP   = errors.New("whip: not an SDP offer")
	errLines = errors.New("whip: the offer asks for what an encoder may not")
	errCodec = errors.New("whip: no codec in common")
)

// plan is what an offer asks for.
type plan struct {
	publish []*wire.Publish
	ufrag   string // of the first m-line
}

// readOffer takes one microphone and one camera, at least one of them, each in a
// sending m-line of one bundle. An m-line that receives is refused: an encoder's token
// shows nobody the courtroom. RFC 9725 4.2 and 4.4.
func readOffer(text string) (plan, error) {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil || len(d.MediaDescriptions) == 0 {
		return plan{}, errSDP
	}
	var p plan
	seen := map[sfu.SourceKind]bool{}
	for _, m := range d.MediaDescriptions {
		mid, _ := m.Attribute(sdp.AttrKeyMID)
		kind, codec := sfu.Mic, "opus/48000/2"
		switch m.MediaName.Media {
		case "audio":
		case "video":
			kind, codec = sfu.Cam, "VP8/90000"
		default:
			return plan{}, errLines
		}
		switch {
		case mid == "":
			return plan{}, errSDP
		case seen[kind] || !sends(m):
			return plan{}, errLines
		case !offers(m, codec):
			return plan{}, errCodec
		}
		seen[kind] = true
		p.publish = append(p.publish, &wire.Publish{Mid: mid, Kind: string(kind)})
		if p.ufrag == "" {
			p.ufrag = credential(&d, m, "ice-ufrag")
		}
	}
	if p.ufrag == "" {
		return plan{}, errSDP
	}
	if !bundled(&d, p.publish) {
		return plan{}, errLines
	}
	return p, nil
}

// sends tells whether the m-line sends, in whichever way it says so.
func sends(m *sdp.MediaDescription) bool {
	for _, key := range []string{"recvonly", "inactive"} {
		if _, ok := m.Attribute(key); ok {
			return false
		}
	}
	_, only := m.Attribute("bundle-only")
	return m.MediaName.Port.Value != 0 || only
}

func offers(m *sdp.MediaDescription, codec string) bool {
	return slices.ContainsFunc(m.Attributes, func(a sdp.Attribute) bool {
		_, name, _ := strings.Cut(a.Value, " ")
		return a.Key == "rtpmap" && strings.EqualFold(strings.TrimSpace(name), codec)
	})
}

func credential(d *sdp.SessionDescription, m *sdp.MediaDescription, key string) string {
	if v, ok := m.Attribute(key); ok {
		return v
	}
	v, _ := d.Attribute(key)
	return v
}

// bundled: several m-lines share one transport (RFC 9725 4.4.1).
func bundled(d *sdp.SessionDescription, lines []*wire.Publish) bool {
	if len(lines) == 1 {
		return true
	}
	group, _ := d.Attribute(sdp.AttrKeyGroup)
	mids := strings.Fields(group)
	for _, l := range lines {
		if !slices.Contains(mids, l.Mid) {
			return false
		}
	}
	return mids[0] == "BUNDLE"
}
