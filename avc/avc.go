// Package avc reads what H.264 (ITU-T H.264, ISO/IEC 14496-10) says of itself: the
// packets in which RTP carries it (RFC 6184), its parameter sets, and the form in
// which a file keeps it (ISO/IEC 14496-15). It decodes no picture.
package avc

import "encoding/binary"

// Types of NAL units (ITU-T H.264 table 7-1; RFC 6184 table 1).
const (
	typeSlice = 1
	typeIDR   = 5
	typeSPS   = 7
	typePPS   = 8
	typeAUD   = 9
	lastPlain = 23 // types up to here stand in a packet as they are
	typeSTAP  = 24 // STAP-A: several in one packet
	typeFU    = 28 // FU-A: one in several packets
)

// Packet is what one RTP payload says.
type Packet struct {
	// SPS lies in the payload; nil without one. It stands in front of a picture that
	// needs no other.
	SPS []byte
	// Begins: a picture begins here, so far as one packet can tell: with a delimiter, a
	// sequence parameter set or the slice of its first macroblock.
	Begins bool
	// Discardable: no other picture refers to what is in here (nal_ref_idc 0).
	Discardable bool
}

// ReadPacket reads the payload of an RTP packet in packetization mode 1 (RFC 6184
// section 6.3); false when it is malformed or of another mode.
func ReadPacket(b []byte) (p Packet, ok bool) {
	if len(b) < 2 || b[0]&0x80 != 0 { // forbidden_zero_bit
		return p, false
	}
	p.Discardable = true
	switch t := b[0] & 0x1f; {
	case t >= 1 && t <= lastPlain:
		p.unit(b)
		return p, true
	case t == typeSTAP:
		return p, eachOf(b[1:], p.unit)
	case t == typeFU && len(b) > 2:
		p.Discardable = b[0]&0x60 == 0
		if starts := b[1]&0x80 != 0; starts {
			kind := b[1] & 0x1f
			p.Begins = kind == typeSPS || kind == typeAUD || firstSlice(kind, b[2])
		}
		return p, true
	}
	return p, false
}

// unit reads a whole NAL unit.
func (p *Packet) unit(nal []byte) {
	p.Discardable = p.Discardable && nal[0]&0x60 == 0
	switch t := nal[0] & 0x1f; t {
	case typeSPS:
		p.SPS, p.Begins = nal, true
	case typeAUD:
		p.Begins = true
	default:
		p.Begins = p.Begins || len(nal) > 1 && firstSlice(t, nal[1])
	}
}

// firstSlice: first_mb_in_slice is 0, which is coded as a single bit that is set.
func firstSlice(t, first byte) bool { return (t == typeSlice || t == typeIDR) && first&0x80 != 0 }

// eachOf calls f for the units of a STAP-A behind its header (RFC 6184 section 5.7.1).
func eachOf(b []byte, f func(nal []byte)) bool {
	for len(b) > 0 {
		if len(b) < 3 {
			return false
		}
		n := int(binary.BigEndian.Uint16(b))
		if n == 0 || n > len(b)-2 {
			return false
		}
		f(b[2 : 2+n])
		b = b[2+n:]
	}
	return true
}

// Picture is one access unit as a file keeps it.
type Picture struct {
	// Data are its NAL units, each behind its length in four bytes.
	Data []byte
	// Config is the decoder configuration record (ISO/IEC 14496-15 section 5.2.4.1) of a
	// picture that can be begun with; nil: it is none.
	Config []byte
	// Width and Height in pixels, of such a picture.
	Width, Height uint16
}

// Assemble makes a picture of the payloads in which it came, in order and without a
// gap; false when they do not fit together.
func Assemble(payloads [][]byte) (p Picture, ok bool) {
	open := -1 // where the length of a unit in several packets stands
	for _, b := range payloads {
		if len(b) < 2 {
			return p, false
		}
		t := b[0] & 0x1f
		if t != typeFU && open >= 0 {
			return p, false
		}
		switch {
		case t >= 1 && t <= lastPlain:
			p.add(b)
		case t == typeSTAP && eachOf(b[1:], p.add):
		case t == typeFU && len(b) > 2 && b[1]&0x80 != 0 == (open < 0):
			if open < 0 {
				open = len(p.Data)
				p.Data = append(p.Data, 0, 0, 0, 0, b[0]&0xe0|b[1]&0x1f)
			}
			p.Data = append(p.Data, b[2:]...)
			if b[1]&0x40 != 0 {
				binary.BigEndian.PutUint32(p.Data[open:], uint32(len(p.Data)-open-4))
				open = -1
			}
		default:
			return p, false
		}
	}
	if open >= 0 || len(p.Data) == 0 {
		return p, false
	}
	p.configure()
	return p, true
}

func (p *Picture) add(nal []byte) {
	p.Data = binary.BigEndian.AppendUint32(p.Data, uint32(len(nal)))
	p.Data = append(p.Data, nal...)
}

// configure looks for what makes the picture one to begin with: parameter sets and a
// slice that refers to nothing.
func (p *Picture) configure() {
	var sps []byte
	var pps [][]byte
	idr := false
	for b := p.Data; len(b) > 4; {
		n := int(binary.BigEndian.Uint32(b))
		nal := b[4 : 4+n]
		switch nal[0] & 0x1f {
		case typeSPS:
			sps = nal
		case typePPS:
			pps = append(pps, nal)
		case typeIDR:
			idr = true
		}
		b = b[4+n:]
	}
	s, ok := ParseSPS(sps)
	if !idr || !ok {
		return
	}
	if p.Config = config(s, sps, pps); p.Config != nil {
		p.Width, p.Height = s.Width, s.Height
	}
}
