package sfu

import (
	"errors"
	"fmt"
	"time"
)

// Errors of the package; they come wrapped with what failed and how much.
var (
	// ErrClosed: the engine, room or peer is closed.
	ErrClosed = errors.New("sfu: closed")
	// ErrLimit: a documented bound would be exceeded.
	ErrLimit = errors.New("sfu: limit exceeded")
	// ErrBadOffer: the offer breaks the protocol and was not applied.
	ErrBadOffer = errors.New("sfu: bad offer")
	// ErrCodec: what would be published is in no codec that is taken, or in one that a
	// peer which must see it cannot decode; everything else of the offer may be offered anew.
	ErrCodec = errors.New("sfu: no codec that all can decode")
	// ErrStaleEpoch: the routing comes from a node that no longer hosts the room.
	ErrStaleEpoch = errors.New("sfu: stale epoch")
	// ErrBadID: an id is empty, longer than 128 bytes or not an RFC 4566 token.
	ErrBadID = errors.New("sfu: bad id")
)

// CodecError is an ErrCodec because of a peer that must see the camera and cannot decode
// what it sends.
type CodecError struct {
	Peer string // its id
}

func (e *CodecError) Error() string { return ErrCodec.Error() + ": " + e.Peer + " cannot decode it" }

// Unwrap makes it an ErrCodec.
func (e *CodecError) Unwrap() error { return ErrCodec }

const (
	maxLayers      = 4    // arrays per receiver are sized by it
	receiveMTU     = 1500 // bytes of a received RTP packet
	maxPayload     = 1400 // bytes of RTP payload that are forwarded
	smallPayload   = 320  // audio packets fit; larger ones take a full buffer
	videoHistory   = 512  // sent packets of a video section that NACK can reach
	audioHistory   = 64
	layerSilence   = 2 * time.Second        // a layer without packets for so long is not live
	resendInterval = 20                     // milliseconds, least time between two resends of one packet
	stateInterval  = 250 * time.Millisecond // least time between two ReceiverStates
	reportInterval = time.Second            // of sender reports
	handshakeTime  = 20 * time.Second       // DTLS handshake, then the peer is closed
	readErrors     = 200                    // malformed packets in a row that end a reader
	maxStates      = 16                     // undelivered PeerState changes, older ones merge
	maxIDBytes     = 128
	seqJump        = 1000 // a larger jump of the sequence restarts the mapping
)

func (l Limits) withDefaults() (Limits, error) {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&l.SectionsPerPeer, 64)
	def(&l.SourcesPerPeer, 4)
	def(&l.LayersPerSource, 3)
	def(&l.PeersPerRoom, 1000)
	def(&l.HalfOpen, 1000)
	def(&l.Streams, 2000)
	def(&l.StreamsPerPrefix, 256)
	def(&l.StreamsUnproved, 512)
	def(&l.OfferBytes, 256<<10)
	def(&l.CandidatesPerPeer, 32)
	def(&l.RingPackets, 512)
	def(&l.RTXBurstBytes, 64<<10)
	def(&l.AudioBitrate, 256_000)
	def(&l.VideoBitrate, 8_000_000)
	if l.StreamTime == 0 {
		l.StreamTime = 10 * time.Second
	}
	if l.KeyframeInterval == 0 {
		l.KeyframeInterval = 500 * time.Millisecond
	}
	if l.RingPackets < 16 || l.RingPackets&(l.RingPackets-1) != 0 {
		return l, fmt.Errorf("sfu: RingPackets %d is not a power of two of at least 16", l.RingPackets)
	}
	if l.LayersPerSource < 1 || l.LayersPerSource > maxLayers {
		return l, fmt.Errorf("sfu: LayersPerSource %d is not in 1..%d", l.LayersPerSource, maxLayers)
	}
	return l, nil
}

// validID accepts RFC 4566 tokens, since ids stand in msid and CNAME.
func validID(id string) error {
	if id == "" || len(id) > maxIDBytes {
		return fmt.Errorf("%w: %d bytes", ErrBadID, len(id))
	}
	for i := range len(id) {
		if !tokenChar(id[i]) {
			return fmt.Errorf("%w: byte %#x", ErrBadID, id[i])
		}
	}
	return nil
}

func tokenChar(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '{', '|', '}', '~':
		return true
	}
	return false
}

// bucket is a token bucket, of bytes or of whatever its owner counts, who also holds the
// lock that guards it.
type bucket struct {
	rate, burst, level float64
	last               time.Time
}

func newBucket(bytesPerSecond, burst int, now time.Time) bucket {
	return bucket{rate: float64(bytesPerSecond), burst: float64(burst), level: float64(burst), last: now}
}

func (b *bucket) take(n int, now time.Time) bool {
	if !b.has(n, now) {
		return false
	}
	b.level -= float64(n)
	return true
}

// has tells whether take would succeed.
func (b *bucket) has(n int, now time.Time) bool {
	b.level = min(b.burst, b.level+b.rate*now.Sub(b.last).Seconds())
	b.last = now
	return b.level >= float64(n)
}

func (b *bucket) credit(n float64) { b.level = min(b.burst, b.level+n) }
