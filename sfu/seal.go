package sfu

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

const (
	rtpHeaderSize = 12
	gcmTagSize    = 16
	sealOverhead  = 16 // the larger of the profiles' tags
	wideSize      = 8  // header extension with the transport-wide number
)

// headerSize of a packet that we made: without an extension, or with ours.
func headerSize(b []byte) int {
	if b[0]&0x10 != 0 {
		return rtpHeaderSize + wideSize
	}
	return rtpHeaderSize
}

// sealer protects RTP packets of one peer (RFC 3711, RFC 7714). There is one for
// the peer's life, whatever address it sends to; the caller holds the room's lock.
type sealer interface {
	// seal protects the packet b (header as headerSize and payload) in place and returns
	// it with its tag; b has sealOverhead bytes of spare capacity. index is the
	// extended sequence number; the caller never repeats one for an SSRC.
	seal(b []byte, ssrc uint32, index uint64) ([]byte, error)
}

func newSealer(k sessionKeys) (sealer, error) {
	switch k.profile {
	case srtp.ProtectionProfileAeadAes128Gcm:
		return newGCMSealer(k.serverKey, k.serverSalt)
	case srtp.ProtectionProfileAes128CmHmacSha1_80:
		ctx, err := srtp.CreateContext(k.serverKey, k.serverSalt, k.profile)
		if err != nil {
			return nil, fmt.Errorf("sfu: sealing context: %w", err)
		}
		return &contextSealer{ctx: ctx}, nil
	default:
		return nil, fmt.Errorf("sfu: no sealer for SRTP profile %v", k.profile)
	}
}

// gcmSealer is AEAD_AES_128_GCM without the per-packet map and header parsing of
// a general context: the section knows SSRC and roll-over counter itself.
type gcmSealer struct {
	aead  cipher.AEAD
	salt  [12]byte
	nonce [12]byte
}

func newGCMSealer(key, salt []byte) (*gcmSealer, error) { return newGCM(key, salt, 0x00) }

// newGCM derives session key and salt, of RTP with label 0x00 and of RTCP with 0x03
// (RFC 3711 section 4.3.2).
func newGCM(key, salt []byte, label byte) (*gcmSealer, error) {
	if len(salt) != 12 {
		return nil, errors.New("sfu: GCM salt is not 12 bytes")
	}
	sessionKey, err := deriveSessionKey(key, salt, label, len(key))
	if err != nil {
		return nil, err
	}
	sessionSalt, err := deriveSessionKey(key, salt, label+2, len(salt))
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(sessionKey)
	if err != nil {
		return nil, fmt.Errorf("sfu: session key: %w", err)
	}
	s := &gcmSealer{}
	if s.aead, err = cipher.NewGCM(block); err != nil {
		return nil, fmt.Errorf("sfu: GCM: %w", err)
	}
	copy(s.salt[:], sessionSalt)
	return s, nil
}

func (s *gcmSealer) seal(b []byte, ssrc uint32, index uint64) ([]byte, error) {
	gcmNonce(&s.nonce, &s.salt, ssrc, index)
	head := headerSize(b)
	sealed := s.aead.Seal(b[head:head], s.nonce[:], b[head:], b[:head])
	return b[:head+len(sealed)], nil
}

// deriveSessionKey is the key derivation of RFC 3711 section 4.3 with a
// derivation rate of zero.
func deriveSessionKey(master, salt []byte, label byte, size int) ([]byte, error) {
	block, err := aes.NewCipher(master)
	if err != nil {
		return nil, fmt.Errorf("sfu: master key: %w", err)
	}
	var in [aes.BlockSize]byte
	copy(in[:14], salt)
	in[7] ^= label
	out := make([]byte, 0, size+aes.BlockSize)
	for i := uint16(0); len(out) < size; i++ {
		binary.BigEndian.PutUint16(in[14:], i)
		var o [aes.BlockSize]byte
		block.Encrypt(o[:], in[:])
		out = append(out, o[:]...)
	}
	return out[:size], nil
}

// contextSealer serves every other profile through pion/srtp.
type contextSealer struct {
	ctx *srtp.Context
	hdr rtp.Header
	out []byte
}

func (s *contextSealer) seal(b []byte, _ uint32, _ uint64) ([]byte, error) {
	s.hdr = rtp.Header{Extensions: s.hdr.Extensions[:0]}
	if _, err := s.hdr.Unmarshal(b[:headerSize(b)]); err != nil {
		return nil, fmt.Errorf("sfu: own header: %w", err)
	}
	out, err := s.ctx.EncryptRTP(s.out[:0], b, &s.hdr)
	if err != nil {
		return nil, fmt.Errorf("sfu: seal: %w", err)
	}
	s.out = out
	return out, nil
}
