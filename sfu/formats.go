package sfu

import (
	"fmt"
	"slices"
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
// minute. Of an m-line without any of ours the first stays, for Pion to refuse.
func keepOurs(m *sdp.MediaDescription) error {
	ours := ourFormats(m)
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

// ourFormats lists the offered formats that mediaEngine registers, each once, in
// the order of the offer. Of retransmissions only those of VP8 are ours.
func ourFormats(m *sdp.MediaDescription) (ours []string) {
	name, again := map[string]string{}, map[string]string{}
	for _, a := range m.Attributes {
		pt, value, _ := strings.Cut(a.Value, " ")
		switch a.Key {
		case "rtpmap":
			codec, _, _ := strings.Cut(value, "/")
			name[pt] = strings.ToLower(codec)
		case "fmtp":
			if of, ok := strings.CutPrefix(value, "apt="); ok {
				again[pt] = of
			}
		}
	}
	seen := map[string]bool{}
	for _, pt := range m.MediaName.Formats {
		is := name[pt]
		if is == "rtx" {
			if is = name[again[pt]]; is != "vp8" {
				continue
			}
		}
		if (is == "opus" || is == "red" || is == "vp8") && !seen[pt] {
			seen[pt] = true
			ours = append(ours, pt)
		}
	}
	return ours
}
