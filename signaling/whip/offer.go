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
	errLines = errors.New("whip: the offer asks for what the device may not")
	errCodec = errors.New("whip: no codec in common")
)

// Bounds of a wall's offer: one picture, and as many sounds as there are microphones
// that the rules open at once, the presiding judge's and that of who has the floor.
const (
	wallPictures = 1
	wallSounds   = 2
)

// plan is what an offer asks for.
type plan struct {
	offer *wire.MediaOffer
	ufrag string // of the first m-line
}

// readPublish takes one microphone and one camera, of VP8 or of the form of H.264 that the
// sfu takes, at least one of them, each in a
// sending m-line of one bundle. An m-line that receives is refused: an encoder's token
// shows nobody the courtroom. RFC 9725 4.2 and 4.4.
func readPublish(text string) (plan, error) {
	never, most := []string{"recvonly", "inactive"}, map[sfu.SourceKind]int{sfu.Mic: 1, sfu.Cam: 1}
	return readOffer(text, &wire.MediaOffer{Sdp: text}, never, []string{"VP8/90000", "H264/90000"}, most)
}

// readPlay takes one picture and up to two sounds, at least one of them, each in a
// receiving m-line of one bundle. One that sends is refused: of a wall nobody hears or
// sees anything. draft-ietf-wish-whep 4.2 and 4.5, where two sounds are too many; who
// offers one gets the more important.
func readPlay(text string) (plan, error) {
	never, most := []string{"sendonly", "inactive"}, map[sfu.SourceKind]int{sfu.Mic: wallSounds, sfu.Cam: wallPictures}
	return readOffer(text, &wire.MediaOffer{Follow: true}, never, []string{"VP8/90000"}, most)
}

// readOffer takes at most so many m-lines of each kind, none in a direction of never, those
// of pictures with one of these codecs, and adds to the offer what it is for.
func readOffer(text string, o *wire.MediaOffer, never, pictures []string, most map[sfu.SourceKind]int) (plan, error) {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil || len(d.MediaDescriptions) == 0 {
		return plan{}, errSDP
	}
	p := plan{offer: o}
	var mids []string
	for _, m := range d.MediaDescriptions {
		mid, _ := m.Attribute(sdp.AttrKeyMID)
		kind, codecs := sfu.Mic, []string{"opus/48000/2"}
		switch m.MediaName.Media {
		case "audio":
		case "video":
			kind, codecs = sfu.Cam, pictures
		default:
			return plan{}, errLines
		}
		most[kind]--
		switch {
		case mid == "":
			return plan{}, errSDP
		case most[kind] < 0 || !goes(m, never):
			return plan{}, errLines
		case !slices.ContainsFunc(codecs, func(c string) bool { return offers(m, c) }):
			return plan{}, errCodec
		}
		mids = append(mids, mid)
		if o.Follow {
			receiveOnly(m)
		} else {
			o.Publish = append(o.Publish, &wire.Publish{Mid: mid, Kind: string(kind)})
		}
		if p.ufrag == "" {
			p.ufrag = credential(&d, m, "ice-ufrag")
		}
	}
	if p.ufrag == "" {
		return plan{}, errSDP
	}
	if !bundled(&d, mids) {
		return plan{}, errLines
	}
	if o.Follow {
		b, err := d.Marshal()
		if err != nil {
			return plan{}, errSDP
		}
		o.Sdp = string(b)
	}
	return p, nil
}

// receiveOnly makes a line that a player marked sendrecv, or not at all (RFC 8866, 6.7),
// one that receives: that it may say so is the draft's, 4.2.
func receiveOnly(m *sdp.MediaDescription) {
	m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool { return a.Key == "sendrecv" || a.Key == "recvonly" })
	m.Attributes = append(m.Attributes, sdp.Attribute{Key: "recvonly"})
}

// goes tells whether the m-line stands and is in no direction of never.
func goes(m *sdp.MediaDescription, never []string) bool {
	for _, key := range never {
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
func bundled(d *sdp.SessionDescription, mids []string) bool {
	if len(mids) == 1 {
		return true
	}
	group, _ := d.Attribute(sdp.AttrKeyGroup)
	list := strings.Fields(group)
	for _, mid := range mids {
		if !slices.Contains(list, mid) {
			return false
		}
	}
	return list[0] == "BUNDLE"
}
