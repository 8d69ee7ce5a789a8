package sfu

import "phientoa/avc"

// readH264 is what forwarding needs of an H.264 payload (RFC 6184). There is no picture
// id to rewrite. A picture that can be begun with is known by the parameter sets in
// front of it: one without them would be of use to nobody who joins later.
func readH264(b []byte) (d vp8Descriptor, ok bool) {
	p, ok := avc.ReadPacket(b)
	if !ok {
		return d, false
	}
	d.discardable, d.key = p.Discardable, p.SPS != nil
	if s, known := avc.ParseSPS(p.SPS); known {
		d.width, d.height = s.Width, s.Height
	}
	return d, true
}
