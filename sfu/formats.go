package sfu

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

const (
	maxFormats    = 16  // of an m-line that are ours
	maxAttributes = 256 // of an m-line, without those of foreign formats
)

// keepOurs leaves in an offered m-line the formats and header extensions that we know
// and what the offer says of them. Browsers offer some forty formats; Pion reads all attributes of an
// m-line again for each, so that an offer of 220 KB could take it more than a
// minute. With one of the video codecs one stays. Of an m-line without any of ours the first stays, for Pion to refuse.
func keepOurs(m *sdp.MediaDescription, one bool) error {
	ours := ourFormats(m)
	if one {
		ours = onePicture(m, ours)
	}
	if len(ours) == 0 && len(m.MediaName.Formats) > 0 {
		ours = m.MediaName.Formats[:1]
	}
	m.MediaName.Formats = ours
	m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool {
		switch a.Key {
		case "rtpmap", "fmtp", "rtcp-fb":
			pt, what, _ := strings.Cut(a.Value, " ")
			return pt != "*" && !slices.Contains(ours, pt) || what == "goog-remb"
		case "extmap":
			return !ourExtension(a.Value)
		}
		return false
	})
	for i, a := range m.Attributes {
		if pt, said, ok := strings.Cut(a.Value, " "); ok && a.Key == "fmtp" && isOurH264(said) {
			m.Attributes[i].Value = pt + " " + asBrowsersSay(said)
		}
	}
	switch {
	case len(ours) > maxFormats:
		return fmt.Errorf("%w: %d formats of an m-line", ErrLimit, len(ours))
	case len(m.Attributes) > maxAttributes:
		return fmt.Errorf("%w: %d attributes of an m-line", ErrLimit, len(m.Attributes))
	}
	return nil
}

// ourExtension says that mediaEngine registers the extension of a=extmap (RFC 8285
// section 8): a number, perhaps with a direction, and the URI.
func ourExtension(value string) bool {
	if fields := strings.Fields(value); len(fields) > 1 {
		switch fields[1] {
		case sdp.SDESMidURI, sdp.SDESRTPStreamIDURI, sdp.SDESRepairRTPStreamIDURI, sdp.ABSSendTimeURI, sdp.AudioLevelURI, sdp.TransportCCURI:
			return true
		}
	}
	return false
}

// formatNames reads the codec of each format of an m-line, in small letters, that of
// H.264 only where it is ours; again are the formats that each retransmission repeats.
func formatNames(m *sdp.MediaDescription) (name, again map[string]string) {
	name, again = map[string]string{}, map[string]string{}
	said := map[string]string{}
	for _, a := range m.Attributes {
		pt, value, _ := strings.Cut(a.Value, " ")
		switch a.Key {
		case "rtpmap":
			codec, _, _ := strings.Cut(value, "/")
			name[pt] = strings.ToLower(codec)
		case "fmtp":
			said[pt] = value
			if of, ok := strings.CutPrefix(value, "apt="); ok {
				again[pt] = of
			}
		}
	}
	first := ""
	for _, pt := range m.MediaName.Formats {
		if name[pt] == "h264" && first == "" && isOurH264(said[pt]) {
			first = pt
		}
	}
	for pt, is := range name {
		if is == "h264" && pt != first {
			delete(name, pt)
		}
	}
	return name, again
}

// isOurH264 knows by its parameters (RFC 6184 section 8.1) the one form of H.264 that
// all browsers with H.264 have: constrained baseline in packetization mode 1.
func isOurH264(fmtp string) bool {
	mode, profile := false, false
	for p := range strings.SplitSeq(fmtp, ";") {
		p = strings.TrimSpace(p)
		mode = mode || strings.EqualFold(p, "packetization-mode=1")
		profile = profile || isConstrainedBaseline(p)
	}
	return mode && profile
}

const profileLevelID = "profile-level-id="

// isConstrainedBaseline reads one parameter: profile 66 with constraint_set1_flag, in
// whatever other flags an encoder writes it (RFC 6184 table 5: 42e0, 42c0, 4240).
func isConstrainedBaseline(p string) bool {
	if len(p) != len(profileLevelID)+6 || !strings.EqualFold(p[:len(profileLevelID)], profileLevelID) {
		return false
	}
	id, err := strconv.ParseUint(p[len(profileLevelID):], 16, 24)
	return err == nil && id>>16 == 66 && id>>8&0x4f == 0x40
}

// asBrowsersSay writes constrained baseline in the parameters of a format as browsers
// do, 42e0: Pion takes two spellings of it for two profiles.
func asBrowsersSay(fmtp string) string {
	list := strings.Split(fmtp, ";")
	for i, p := range list {
		if p = strings.TrimSpace(p); isConstrainedBaseline(p) {
			list[i] = profileLevelID + "42e0" + strings.ToLower(p[len(p)-2:])
		}
	}
	return strings.Join(list, ";")
}

// ourFormats lists the offered formats that mediaEngine registers, each once, in
// the order of the offer, with the retransmissions of VP8 and H.264.
func ourFormats(m *sdp.MediaDescription) (ours []string) {
	name, again := formatNames(m)
	seen := map[string]bool{}
	for _, pt := range m.MediaName.Formats {
		is := name[pt]
		if is == "rtx" {
			if is = name[again[pt]]; is != "vp8" && is != "h264" {
				continue
			}
		}
		if (is == "opus" || is == "red" || is == "vp8" || is == "h264") && !seen[pt] {
			seen[pt] = true
			ours = append(ours, pt)
		}
	}
	return ours
}

// onePicture leaves of the formats of an m-line those of one video codec: VP8,
// which everybody decodes, else H.264.
func onePicture(m *sdp.MediaDescription, ours []string) []string {
	name, again := formatNames(m)
	of := func(pt string) string {
		if name[pt] == "rtx" {
			pt = again[pt]
		}
		return name[pt]
	}
	if !slices.ContainsFunc(ours, func(pt string) bool { return of(pt) == "vp8" }) {
		return ours
	}
	return slices.DeleteFunc(ours, func(pt string) bool { return of(pt) == "h264" })
}

// videoCodec is that of a sending m-line with these formats, as onePicture leaves
// them; ok is false when there is none.
func videoCodec(m *sdp.MediaDescription, ours []string) (c Codec, ok bool) {
	name, _ := formatNames(m)
	for _, pt := range ours {
		switch name[pt] {
		case "vp8":
			return VP8, true
		case "h264":
			c, ok = H264, true
		}
	}
	return c, ok
}
