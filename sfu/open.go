package sfu

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// opener takes the protection off RTP packets of one peer (RFC 3711, RFC 7714).
// There is one for the peer's life, whatever address the packets come from; the
// caller holds the room's lock and refuses repeated indexes by a replayWindow.
type opener interface {
	// open authenticates the packet b, whose header is header bytes long, and
	// decrypts it in place. The payload returned lies in b; padding is still in it.
	open(b []byte, header int, ssrc uint32, index uint64) (payload []byte, err error)
}

// errForged: a tag does not fit the packet, or the packet is too short for one.
var errForged = errors.New("sfu: packet is not authentic")

func newOpener(k sessionKeys) (opener, error) {
	switch k.profile {
	case srtp.ProtectionProfileAeadAes128Gcm:
		return newGCMOpener(k.clientKey, k.clientSalt)
	case srtp.ProtectionProfileAes128CmHmacSha1_80:
		ctx, err := srtp.CreateContext(k.clientKey, k.clientSalt, k.profile, srtp.SRTPReplayProtection(replayPackets))
		if err != nil {
			return nil, fmt.Errorf("sfu: opening context: %w", err)
		}
		return &contextOpener{ctx: ctx}, nil
	default:
		return nil, fmt.Errorf("sfu: no opener for SRTP profile %v", k.profile)
	}
}

// newControlOpener makes the opener of a peer's RTCP, whatever the profile.
func newControlOpener(k sessionKeys) (controlOpener, error) {
	if k.profile == srtp.ProtectionProfileAeadAes128Gcm {
		s, err := newGCM(k.clientKey, k.clientSalt, 0x03)
		if err != nil {
			return nil, err
		}
		return &gcmControl{aead: s.aead, salt: s.salt}, nil
	}
	ctx, err := srtp.CreateContext(k.clientKey, k.clientSalt, k.profile, srtp.SRTCPReplayProtection(128))
	if err != nil {
		return nil, fmt.Errorf("sfu: RTCP context: %w", err)
	}
	return contextControl{ctx}, nil
}

// gcmOpener is AEAD_AES_128_GCM in place.
type gcmOpener struct {
	aead  cipher.AEAD
	salt  [12]byte
	nonce [12]byte
}

func newGCMOpener(key, salt []byte) (*gcmOpener, error) {
	s, err := newGCMSealer(key, salt)
	if err != nil {
		return nil, err
	}
	return &gcmOpener{aead: s.aead, salt: s.salt}, nil
}

func (o *gcmOpener) open(b []byte, header int, ssrc uint32, index uint64) ([]byte, error) {
	if len(b) < header+gcmTagSize {
		return nil, errForged
	}
	gcmNonce(&o.nonce, &o.salt, ssrc, index)
	payload, err := o.aead.Open(b[header:header], o.nonce[:], b[header:], b[:header])
	if err != nil {
		return nil, errForged
	}
	return payload, nil
}

// gcmNonce is 00 00 | SSRC | ROC | SEQ, xor salt (RFC 7714 section 8.1).
func gcmNonce(n, salt *[12]byte, ssrc uint32, index uint64) {
	n[0], n[1] = 0, 0
	binary.BigEndian.PutUint32(n[2:], ssrc)
	binary.BigEndian.PutUint32(n[6:], uint32(index>>16))
	binary.BigEndian.PutUint16(n[10:], uint16(index))
	for i := range n {
		n[i] ^= salt[i]
	}
}

// contextOpener serves every other profile through pion/srtp, which keeps
// roll-over counts and a replay window of its own.
type contextOpener struct {
	ctx *srtp.Context
	hdr rtp.Header
}

func (o *contextOpener) open(b []byte, header int, _ uint32, _ uint64) ([]byte, error) {
	o.hdr = rtp.Header{Extensions: o.hdr.Extensions[:0], CSRC: o.hdr.CSRC[:0]}
	out, err := o.ctx.DecryptRTP(b, b, &o.hdr)
	if err != nil || len(out) < header {
		return nil, errForged
	}
	return out[header:], nil
}

// replayPackets is how far behind the newest packet of its SSRC one may come.
const replayPackets = 1024

// replayWindow counts the roll-overs of one SSRC and refuses repeats (RFC 3711
// sections 3.3.1 and 3.3.2). It lives as long as the peer: forgotten, an old
// packet could be played to us again.
type replayWindow struct {
	begun   bool
	highest uint64                     // index: roll-over count and sequence number
	seen    [replayPackets / 64]uint64 // a bit for each of the newest indexes
}

// index extends seq; ok is false for a packet that came already or is too old.
// Nothing is noted: the packet may be forged.
func (w *replayWindow) index(seq uint16) (index uint64, ok bool) {
	if !w.begun {
		return uint64(seq), true
	}
	d := int64(int16(seq - uint16(w.highest)))
	if d < 0 && uint64(-d) > w.highest {
		return 0, false // before the first roll-over count
	}
	index = w.highest + uint64(d)
	if d > 0 {
		return index, true
	}
	at := index % replayPackets
	return index, d > -replayPackets && w.seen[at/64]&(1<<(at%64)) == 0
}

// note takes the index of an authentic packet.
func (w *replayWindow) note(index uint64) {
	switch {
	case !w.begun || index >= w.highest+replayPackets:
		w.begun, w.highest, w.seen = true, index, [replayPackets / 64]uint64{}
	default:
		for ; w.highest < index; w.highest++ {
			at := (w.highest + 1) % replayPackets
			w.seen[at/64] &^= 1 << (at % 64)
		}
	}
	at := index % replayPackets
	w.seen[at/64] |= 1 << (at % 64)
}
