package recording

import (
	"encoding/binary"
	"math"
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

// Names of codecs in the log (docs/archive-format.md).
const (
	opusName = "opus"
	vp8Name  = "vp8"
	h264Name = "h264"
)

// initBytes is everything in front of the first cluster. The Segment has
// unknown size, so that a file cut anywhere still plays and nothing is ever
// patched. config is what a decoder of H.264 needs first, else nil.
func initBytes(codec string, channels uint8, width, height uint16, config []byte) []byte {
	docType := "webm"
	if codec == h264Name { // which WebM does not know
		docType = "matroska"
	}
	head := element(nil, idEBML, join(
		uintElement(idEBMLVersion, 1), uintElement(idEBMLReadVer, 1),
		uintElement(idEBMLMaxID, 4), uintElement(idEBMLMaxSize, 8),
		element(nil, idDocType, []byte(docType)),
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
	case opusName:
		entry = join(entry, uintElement(idTrackType, 2),
			element(nil, idCodecID, []byte("A_OPUS")),
			element(nil, idCodecPrivate, opusHead(channels)),
			uintElement(idSeekPreRoll, 80_000_000),
			element(nil, idAudio, join(
				element(nil, idSamplingFreq, binary.BigEndian.AppendUint64(nil, math.Float64bits(48000))),
				uintElement(idChannels, uint64(channels)),
			)))
	default:
		id := element(nil, idCodecID, []byte("V_VP8"))
		if codec == h264Name {
			id = join(element(nil, idCodecID, []byte("V_MPEG4/ISO/AVC")), element(nil, idCodecPrivate, config))
		}
		entry = join(entry, uintElement(idTrackType, 1), id,
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
