package whip

import (
	"errors"
	"strings"
)

// Bounds of a trickle fragment.
const (
	maxFragment   = 8 << 10 // bytes
	maxCandidates = 32
)

var errFragment = errors.New("whip: not a trickle fragment")

// readFragment checks an application/trickle-ice-sdpfrag (RFC 8840, 9) and returns the
// ICE username fragments that it names. Its candidates are not kept: we are ICE-lite
// and learn where the device is from its authenticated checks (RFC 8445, 2.5).
func readFragment(text string) (ufrags []string, err error) {
	if text == "" {
		return nil, errFragment
	}
	candidates := 0
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		kind, value, ok := strings.Cut(line, "=")
		if !ok || kind != "a" && kind != "m" || value == "" {
			return nil, errFragment
		}
		if kind == "m" {
			continue
		}
		name, value, _ := strings.Cut(value, ":")
		switch name {
		case "ice-ufrag":
			ufrags = append(ufrags, value)
		case "candidate":
			candidates++
		}
	}
	if candidates > maxCandidates || len(ufrags) > maxCandidates {
		return nil, errFragment
	}
	return ufrags, nil
}
