//go:build !verifier

package recording

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/bits"

	"phientoa/sfu"
)

// Element ids of Matroska (RFC 9559) that this writer uses, with their length marker.
const (
	idEBML          = 0x1A45DFA3
	idEBMLVersion   = 0x4286
	idEBMLReadVer   = 0x42F7
	idEBMLMaxID     = 0x42F2
	idEBMLMaxSize   = 0x42F3
	idDocType       = 0x4282
	idDocTypeVer    = 0x4287
	idDocTypeRead   = 0x4285
	idSegment       = 0x18538067
	idInfo          = 0x1549A966
	idTimestampUnit = 0x2AD7B1
	idMuxingApp     = 0x4D80
	idWritingApp    = 0x5741
	idTracks        = 0x1654AE6B
	idTrackEntry    = 0xAE
	idTrackNumber   = 0xD7
	idTrackUID      = 0x73C5
	idTrackType     = 0x83
	idFlagLacing    = 0x9C
	idCodecID       = 0x86
	idCodecPrivate  = 0x63A2
	idSeekPreRoll   = 0x56BB
	idVideo         = 0xE0
	idPixelWidth    = 0xB0
	idPixelHeight   = 0xBA
	idAudio         = 0xE1
	idSamplingFreq  = 0xB5
	idChannels      = 0x9F
	idCluster       = 0x1F43B675
	idTimestamp     = 0xE7
	idSimpleBlock   = 0xA3
)

// frame is one coded picture or one Opus packet.
type frame struct {
	ms   int64 // milliseconds since the file's zero
	key  bool
	data []byte
}

// initBytes is everything in front of the first cluster. The Segment has
// unknown size, so that a file cut anywhere still plays and nothing is ever
// patched.
func initBytes(codec sfu.Codec, channels uint8, width, height uint16) []byte {
	head := element(nil, idEBML, join(
		uintElement(idEBMLVersion, 1), uintElement(idEBMLReadVer, 1),
		uintElement(idEBMLMaxID, 4), uintElement(idEBMLMaxSize, 8),
		element(nil, idDocType, []byte("webm")),
		uintElement(idDocTypeVer, 4), uintElement(idDocTypeRead, 2),
	))
	head = appendID(head, idSegment)
	head = append(head, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF)
	head = element(head, idInfo, join(
		uintElement(idTimestampUnit, 1_000_000), // blocks count milliseconds
		element(nil, idMuxingApp, []byte("phientoa")),
		element(nil, idWritingApp, []byte("phientoa")),
	))
	entry := join(uintElement(idTrackNumber, 1), uintElement(idTrackUID, 1), uintElement(idFlagLacing, 0))
	switch codec {
	case sfu.Opus:
		entry = join(entry, uintElement(idTrackType, 2),
			element(nil, idCodecID, []byte("A_OPUS")),
			element(nil, idCodecPrivate, opusHead(channels)),
			uintElement(idSeekPreRoll, 80_000_000),
			element(nil, idAudio, join(
				element(nil, idSamplingFreq, binary.BigEndian.AppendUint64(nil, math.Float64bits(48000))),
				uintElement(idChannels, uint64(channels)),
			)))
	default:
		entry = join(entry, uintElement(idTrackType, 1),
			element(nil, idCodecID, []byte("V_VP8")),
			element(nil, idVideo, join(
				uintElement(idPixelWidth, uint64(width)), uintElement(idPixelHeight, uint64(height)),
			)))
	}
	return element(head, idTracks, element(nil, idTrackEntry, entry))
}

// opusHead is the identification header of RFC 7845 5.1.
func opusHead(channels uint8) []byte {
	b := append([]byte("OpusHead"), 1, channels)
	b = binary.LittleEndian.AppendUint16(b, 0)     // pre-skip
	b = binary.LittleEndian.AppendUint32(b, 48000) // input rate
	b = binary.LittleEndian.AppendUint16(b, 0)     // gain
	return append(b, 0)                            // mapping family: mono or stereo
}

// clusterSpan is the longest time that one cluster covers.
const clusterSpan = 250 // ms

// appendCluster writes the leading frames that fit into one cluster (250 ms)
// with its size known, and returns how many it took. Times do not decrease.
func appendCluster(dst []byte, frames []frame) ([]byte, int) {
	start := frames[0].ms
	body := uintElement(idTimestamp, uint64(start))
	n := 0
	for _, f := range frames {
		if n > 0 && f.ms-start >= clusterSpan {
			break
		}
		body = appendID(body, idSimpleBlock)
		body = appendSize(body, uint64(len(f.data)+4))
		body = append(body, 0x81) // track 1
		body = binary.BigEndian.AppendUint16(body, uint16(f.ms-start))
		flags := byte(0)
		if f.key {
			flags = 0x80
		}
		body = append(body, flags)
		body = append(body, f.data...)
		n++
	}
	return element(dst, idCluster, body), n
}

func element(dst []byte, id uint32, body []byte) []byte {
	dst = appendID(dst, id)
	dst = appendSize(dst, uint64(len(body)))
	return append(dst, body...)
}

func uintElement(id uint32, v uint64) []byte {
	b := binary.BigEndian.AppendUint64(nil, v)
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return element(nil, id, b)
}

func appendID(dst []byte, id uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, id)
	for b[0] == 0 {
		b = b[1:]
	}
	return append(dst, b...)
}

// appendSize writes an EBML variable-length size (RFC 8794 4) in the fewest
// bytes; all-ones values are reserved for "unknown".
func appendSize(dst []byte, v uint64) []byte {
	for n := 1; n <= 8; n++ {
		if v < 1<<(7*n)-1 {
			b := binary.BigEndian.AppendUint64(nil, v|1<<(7*n))
			return append(dst, b[8-n:]...)
		}
	}
	panic("recording: element longer than EBML allows")
}

func join(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// lastBlock reads a stretch of this writer that begins with an element and returns the time of the last whole
// block in milliseconds; a cut one ends the reading.
func lastBlock(r io.Reader) (ms int64, ok bool) {
	in := bufio.NewReader(r)
	for {
		id, size, err := readHead(in)
		switch {
		case err == nil && id == idSegment:
			continue // its size is unknown, its elements follow
		case err != nil || size < 0:
			return ms, ok
		case id != idCluster:
			if _, err := in.Discard(int(size)); err != nil {
				return ms, ok
			}
			continue
		}
		cluster := bufio.NewReader(io.LimitReader(in, size))
		start := int64(0)
		for {
			id, n, err := readHead(cluster)
			if err != nil || n < 0 {
				break
			}
			var head [8]byte
			k := min(n, 8)
			if _, err := io.ReadFull(cluster, head[:k]); err != nil {
				return ms, ok
			}
			if _, err := cluster.Discard(int(n - k)); err != nil {
				return ms, ok
			}
			switch {
			case id == idTimestamp:
				for _, b := range head[:k] {
					start = start<<8 | int64(b)
				}
			case id == idSimpleBlock && k >= 4:
				ms, ok = start+int64(int16(binary.BigEndian.Uint16(head[1:]))), true
			}
		}
	}
}

// readHead reads id and size of an element (RFC 8794 4 and 5); sizes from 2^31 on,
// the unknown one among them, are -1.
func readHead(r *bufio.Reader) (id uint32, size int64, err error) {
	read := func(keep bool) (v uint64, err error) {
		first, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		n := bits.LeadingZeros8(first)
		if n > 7 {
			return 0, errElement
		}
		v = uint64(first)
		if !keep {
			v &^= 0x80 >> n
		}
		for range n {
			b, err := r.ReadByte()
			if err != nil {
				return 0, err
			}
			v = v<<8 | uint64(b)
		}
		return v, nil
	}
	i, err := read(true)
	if err != nil {
		return 0, 0, err
	}
	s, err := read(false)
	if err == nil && i > math.MaxUint32 {
		err = errElement
	}
	if s > math.MaxInt32 {
		return uint32(i), -1, err
	}
	return uint32(i), int64(s), err
}

var errElement = errors.New("recording: not an element of this writer")
