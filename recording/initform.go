package recording

import (
	"bytes"

	"phientoa/avc"
)

// MaxInit bounds what stands in front of the first cluster of a track file, in bytes.
const MaxInit = 1 << 10

// IsInit tells whether these bytes are what this recorder writes in front of the first
// cluster of a file of a track with that codec ("vp8", "h264", "opus") and number of channels:
// kinds and sizes, no sound and no picture.
func IsInit(b []byte, codec string, channels uint8) bool {
	if len(b) > MaxInit {
		return false
	}
	if codec == opusName {
		return bytes.Equal(b, initBytes(opusName, max(channels, 1), 0, 0, nil))
	}
	if codec == h264Name {
		config := configOf(b)
		s, ok := avc.ReadConfig(config)
		return ok && bytes.Equal(b, initBytes(h264Name, 0, s.Width, s.Height, config))
	}
	// Width and height stand last, each with id, size and one or two bytes.
	for w := 1; w <= 2; w++ {
		for h := 1; h <= 2; h++ {
			if at := len(b) - w - h - 4; at >= 0 &&
				bytes.Equal(b, initBytes(vp8Name, 0, number(b[at+2:at+2+w]), number(b[len(b)-h:]), nil)) {
				return true
			}
		}
	}
	return false
}

// configOf finds the decoder configuration in what stands in front of a file; nil
// without one that the recorder may have written.
func configOf(b []byte) []byte {
	_, b, _ = bytes.Cut(b, appendID(nil, idCodecPrivate))
	for w := 1; w <= min(2, len(b)); w++ { // its size takes one or two bytes
		n := int(number(b[:w]) &^ (1 << (7 * w)))
		if w+n > len(b) || !bytes.Equal(appendSize(nil, uint64(n)), b[:w]) {
			continue
		}
		if _, ok := avc.ReadConfig(b[w : w+n]); ok {
			return b[w : w+n]
		}
	}
	return nil
}

func number(b []byte) (v uint16) {
	for _, c := range b {
		v = v<<8 | uint16(c)
	}
	return v
}
