package avc

import (
	"bytes"
	"encoding/binary"
)

// Bounds of what a picture may say of itself.
const (
	maxSPS  = 256 // bytes
	maxPPS  = 64  // bytes of one
	manyPPS = 4
	maxSide = 16384 // pixels
)

// SPS is a sequence parameter set (ITU-T H.264 section 7.3.2.1.1).
type SPS struct {
	Profile, Constraints, Level byte
	Width, Height               uint16 // pixels, after cropping
}

const profileHigh = 100

// ParseSPS reads a NAL unit. It takes what courts' encoders make: Baseline, Main,
// Extended and High in 4:2:0 with 8 bits; false for all else.
func ParseSPS(nal []byte) (s SPS, ok bool) {
	if len(nal) < 5 || len(nal) > maxSPS || nal[0]&0x9f != typeSPS {
		return s, false
	}
	var plain [maxSPS]byte
	r := bits{b: unescape(plain[:0], nal[1:])}
	s.Profile, s.Constraints, s.Level = byte(r.take(8)), byte(r.take(8)), byte(r.take(8))
	r.ue() // seq_parameter_set_id
	switch s.Profile {
	case 66, 77, 88:
	case profileHigh:
		if chroma, luma, depth := r.ue(), r.ue(), r.ue(); chroma != 1 || luma != 0 || depth != 0 {
			return s, false
		}
		r.take(1) // qpprime_y_zero_transform_bypass_flag
		if r.take(1) == 1 {
			r.skipScaling()
		}
	default:
		return s, false
	}
	r.ue() // log2_max_frame_num_minus4
	switch r.ue() {
	case 0:
		r.ue() // log2_max_pic_order_cnt_lsb_minus4
	case 1:
		r.take(1)
		r.ue()
		r.ue()
		for range min(r.ue(), 256) {
			r.ue()
		}
	}
	r.ue() // max_num_ref_frames
	r.take(1)
	s.size(&r)
	return s, !r.short && s.Width > 0 && s.Height > 0
}

// size reads the fields of the picture's size, cropped.
func (s *SPS) size(r *bits) {
	w, h := 16*(min(r.ue(), maxSide)+1), 16*(min(r.ue(), maxSide)+1)
	field := uint32(1)
	if r.take(1) == 0 { // frame_mbs_only_flag
		field = 2
		r.take(1)
	}
	h *= field
	r.take(1) // direct_8x8_inference_flag
	var left, right, top, bottom uint32
	if r.take(1) == 1 {
		left, right, top, bottom = r.ue(), r.ue(), r.ue(), r.ue()
	}
	x, y := 2*(min(left, maxSide)+min(right, maxSide)), 2*field*(min(top, maxSide)+min(bottom, maxSide))
	if x < w && y < h && w-x <= maxSide && h-y <= maxSide {
		s.Width, s.Height = uint16(w-x), uint16(h-y)
	}
}

// config is the record of a file for these sets; nil when they are none that it takes.
func config(s SPS, sps []byte, pps [][]byte) []byte {
	if len(pps) == 0 || len(pps) > manyPPS {
		return nil
	}
	// Version 1, lengths of four bytes, one SPS.
	b := []byte{1, s.Profile, s.Constraints, s.Level, 0xff, 0xe1}
	b = binary.BigEndian.AppendUint16(b, uint16(len(sps)))
	b = append(b, sps...)
	b = append(b, byte(len(pps)))
	for _, p := range pps {
		if len(p) < 2 || len(p) > maxPPS {
			return nil
		}
		b = binary.BigEndian.AppendUint16(b, uint16(len(p)))
		b = append(b, p...)
	}
	if s.Profile == profileHigh {
		b = append(b, 0xfd, 0xf8, 0xf8, 0)
	}
	return b
}

// ReadConfig tells whether b is a record as Assemble writes it, to the byte, and
// returns what its SPS says.
func ReadConfig(b []byte) (s SPS, ok bool) {
	if len(b) < 8 {
		return s, false
	}
	take := func(at int) (nal []byte, next int) {
		if at < 0 || at+2 > len(b) {
			return nil, -1
		}
		if next = at + 2 + int(binary.BigEndian.Uint16(b[at:])); next > len(b) {
			return nil, -1
		}
		return b[at+2 : next], next
	}
	sps, at := take(6)
	if s, ok = ParseSPS(sps); !ok || at >= len(b) {
		return SPS{}, false
	}
	var pps [][]byte
	n := int(b[at])
	at++
	for range min(n, manyPPS+1) {
		var nal []byte
		if nal, at = take(at); at < 0 || len(nal) == 0 || nal[0]&0x9f != typePPS {
			return SPS{}, false
		}
		pps = append(pps, nal)
	}
	return s, bytes.Equal(b, config(s, sps, pps))
}

// unescape removes the bytes that keep start codes out (ITU-T H.264 section 7.4.1).
func unescape(dst, b []byte) []byte {
	zeros := 0
	for _, c := range b {
		if zeros >= 2 && c == 3 {
			zeros = 0
			continue
		}
		zeros++
		if c != 0 {
			zeros = 0
		}
		dst = append(dst, c)
	}
	return dst
}

// bits reads from the highest bit on; short: it was asked for more than there is.
type bits struct {
	b     []byte
	at    int
	short bool
}

func (r *bits) take(n int) (v uint32) {
	for range n {
		v <<= 1
		if r.at >= 8*len(r.b) {
			r.short = true
			continue
		}
		v |= uint32(r.b[r.at/8]>>(7-r.at%8)) & 1
		r.at++
	}
	return v
}

// ue is an Exp-Golomb code (ITU-T H.264 section 9.1).
func (r *bits) ue() uint32 {
	zeros := 0
	for r.take(1) == 0 {
		if zeros++; r.short || zeros > 31 {
			r.short = true
			return 0
		}
	}
	return 1<<zeros - 1 + r.take(zeros)
}

// skipScaling passes over seq_scaling_matrix (ITU-T H.264 section 7.3.2.1.1.1).
func (r *bits) skipScaling() {
	for i := range 8 {
		if r.take(1) == 0 {
			continue
		}
		size := 16
		if i >= 6 {
			size = 64
		}
		last, next := int32(8), int32(8)
		for range size {
			if next != 0 {
				next = (last + r.se() + 256) & 0xff
			}
			if next != 0 {
				last = next
			}
		}
	}
}

// se is the signed code.
func (r *bits) se() int32 {
	v := r.ue()
	if v&1 == 1 {
		return int32(v/2 + 1) //nolint:gosec // below 2^31
	}
	return -int32(v / 2) //nolint:gosec // below 2^31
}
