package sfu

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/prf"
	"github.com/pion/dtls/v3/pkg/protocol/extension"
	"github.com/pion/dtls/v3/pkg/protocol/handshake"
	"github.com/pion/srtp/v3"
)

// keyTap listens to the DTLS handshake of one PeerConnection for what the
// DTLS-SRTP exporter needs (RFC 5764 section 4.2, RFC 5705): Pion hands its
// keying material to nobody else.
type keyTap struct {
	mu           sync.Mutex
	clientRandom []byte
	serverRandom []byte
	master       []byte
	suite        uint16
	profile      dtls.SRTPProtectionProfile
}

// sessionKeys are the SRTP master keys of a session. Ours are the server's.
type sessionKeys struct {
	profile                                      srtp.ProtectionProfile
	clientKey, serverKey, clientSalt, serverSalt []byte
}

var errNoKeys = errors.New("sfu: DTLS handshake gave no keys")

// serverHello is a hook: it looks and changes nothing.
func (k *keyTap) serverHello(m handshake.MessageServerHello) handshake.Message {
	k.mu.Lock()
	defer k.mu.Unlock()
	random := m.Random.MarshalFixed()
	k.serverRandom = bytes.Clone(random[:])
	if m.CipherSuiteID != nil {
		k.suite = *m.CipherSuiteID
	}
	for _, e := range m.Extensions {
		if s, ok := e.(*extension.UseSRTP); ok && len(s.ProtectionProfiles) > 0 {
			k.profile = s.ProtectionProfiles[0]
		}
	}
	return &m
}

// Write takes lines of the NSS key log: CLIENT_RANDOM <random> <master secret>.
func (k *keyTap) Write(line []byte) (int, error) {
	fields := bytes.Fields(line)
	if len(fields) != 3 || string(fields[0]) != "CLIENT_RANDOM" {
		return len(line), nil
	}
	random, err1 := hex.DecodeString(string(fields[1]))
	master, err2 := hex.DecodeString(string(fields[2]))
	if err := errors.Join(err1, err2); err != nil {
		return len(line), nil // a key log never breaks a handshake; keys stay absent
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.clientRandom, k.master = random, master
	return len(line), nil
}

// take derives the keys and forgets the secrets; it works once.
func (k *keyTap) take() (sessionKeys, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	defer func() {
		clear(k.master)
		k.master, k.clientRandom, k.serverRandom = nil, nil, nil
	}()
	if len(k.master) == 0 || len(k.clientRandom) != 32 || len(k.serverRandom) != 32 {
		return sessionKeys{}, errNoKeys
	}
	var out sessionKeys
	switch k.profile {
	case dtls.SRTP_AEAD_AES_128_GCM:
		out.profile = srtp.ProtectionProfileAeadAes128Gcm
	case dtls.SRTP_AES128_CM_HMAC_SHA1_80:
		out.profile = srtp.ProtectionProfileAes128CmHmacSha1_80
	default:
		return sessionKeys{}, fmt.Errorf("%w: SRTP profile %#x", errNoKeys, uint16(k.profile))
	}
	keyLen, err := out.profile.KeyLen()
	if err != nil {
		return sessionKeys{}, fmt.Errorf("sfu: profile: %w", err)
	}
	saltLen, err := out.profile.SaltLen()
	if err != nil {
		return sessionKeys{}, fmt.Errorf("sfu: profile: %w", err)
	}
	h := prf.HashFunc(sha256.New)
	if k.suite == uint16(dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384) {
		h = sha512.New384
	}
	seed := append([]byte("EXTRACTOR-dtls_srtp"), k.clientRandom...)
	seed = append(seed, k.serverRandom...)
	m, err := prf.PHash(k.master, seed, 2*(keyLen+saltLen), h)
	if err != nil {
		return sessionKeys{}, fmt.Errorf("sfu: exporter: %w", err)
	}
	cut := func(n int) []byte { b := m[:n:n]; m = m[n:]; return b }
	out.clientKey, out.serverKey = cut(keyLen), cut(keyLen)
	out.clientSalt, out.serverSalt = cut(saltLen), cut(saltLen)
	return out, nil
}
