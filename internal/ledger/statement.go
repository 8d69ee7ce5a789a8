package ledger

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// Statement certifies a hearing key. The node key signs it always; the key
// before signs it too, so that with a past key erased nobody, not even who
// holds the node key, can put another key into the past. Last binds it to the
// last note that the key before signed: history up to there is closed.
type Statement struct {
	Origin  string `json:"origin"`
	Epoch   int64  `json:"epoch"`    // UTC unix microseconds of the key's birth
	Pub     string `json:"pub"`      // base64, Ed25519, 32 bytes
	PrevPub string `json:"prev_pub"` // base64, empty for a first key
	Last    string `json:"last"`     // hex SHA-256 of the text of the last note under PrevPub, empty when none
	PrevSig string `json:"prev_sig"` // base64, Ed25519 by PrevPub over SignedText
	Cert    string `json:"cert"`     // base64 DER, the node's certificate
	Sig     string `json:"sig"`      // base64, ECDSA P-256 SHA-256 (ASN.1) by the node over SignedText
}

// SignedText is what both signatures cover.
func (s Statement) SignedText() []byte {
	dash := func(v string) string {
		if v == "" {
			return "-"
		}
		return v
	}
	return fmt.Appendf(nil, "phientoa hearing key v1\n%s\n%d\n%s\n%s\n%s\n",
		s.Origin, s.Epoch, s.Pub, dash(s.PrevPub), dash(s.Last))
}

// Key is the public key of a checked statement.
type Key struct {
	Statement
	Public ed25519.PublicKey
	Node   *x509.Certificate
}

// CheckStatement parses a statement and checks its signatures for a log of this
// origin. Whether the certificate is trusted is for the caller to say.
func CheckStatement(raw json.RawMessage, origin string) (Key, error) {
	var k Key
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&k.Statement); err != nil {
		return k, fmt.Errorf("ledger: key statement: %w", err)
	}
	if k.Origin != origin {
		return k, fmt.Errorf("ledger: key statement of another log: %q", k.Origin)
	}
	var err error
	if k.Public, err = parsePub(k.Pub); err != nil {
		return k, err
	}
	der, err := base64.StdEncoding.DecodeString(k.Cert)
	if err != nil {
		return k, fmt.Errorf("ledger: key statement: certificate: %w", err)
	}
	if k.Node, err = x509.ParseCertificate(der); err != nil {
		return k, fmt.Errorf("ledger: key statement: certificate: %w", err)
	}
	node, ok := k.Node.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return k, errors.New("ledger: key statement: node key is not ECDSA")
	}
	sig, err := base64.StdEncoding.DecodeString(k.Sig)
	digest := sha256.Sum256(k.SignedText())
	if err != nil || !ecdsa.VerifyASN1(node, digest[:], sig) {
		return k, errors.New("ledger: key statement: signature of the node is wrong")
	}
	if k.Last != "" {
		if b, err := hex.DecodeString(k.Last); err != nil || len(b) != sha256.Size {
			return k, errors.New("ledger: key statement: last is not a SHA-256")
		}
	}
	if k.PrevPub == "" {
		return k, nil
	}
	prev, err := parsePub(k.PrevPub)
	if err != nil {
		return k, err
	}
	psig, err := base64.StdEncoding.DecodeString(k.PrevSig)
	if err != nil || !ed25519.Verify(prev, k.SignedText(), psig) {
		return k, errors.New("ledger: key statement: signature of the previous key is wrong")
	}
	return k, nil
}

func parsePub(s string) (ed25519.PublicKey, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return nil, errors.New("ledger: key statement: not a public key")
	}
	return b, nil
}
