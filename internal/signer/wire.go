package signer

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxFrame bounds a request and an answer in bytes: a checkpoint text has some
// 300, a statement with its certificate under 2 KiB, a seal of the court with the
// certificates of its authorities some 10 KiB.
//
// A list of revoked certificates has some 40 bytes a certificate.
const maxFrame = 64 << 10

var errFrame = errors.New("signer: malformed frame")

// request is one frame: 4 bytes length, big endian, then JSON.
type request struct {
	Op     string `json:"op"` // certify, sign, rotate, seal, countersign, document, stamp, list, ping
	Origin string `json:"origin"`
	Text   []byte `json:"text,omitempty"`
	Digest []byte `json:"digest,omitempty"` // SHA-256, of seal, countersign, document and stamp
}

type answer struct {
	Statement json.RawMessage `json:"statement,omitempty"`
	Line      []byte          `json:"line,omitempty"`
	DER       []byte          `json:"der,omitempty"`   // of seal, countersign, document, stamp and list
	Court     bool            `json:"court,omitempty"` // of ping: the court's key is held
	Code      string          `json:"code,omitempty"`  // rate, full, refused, error
	Error     string          `json:"error,omitempty"`
}

func writeFrame(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(b) > maxFrame {
		return fmt.Errorf("%w: %d bytes", errFrame, len(b))
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))
	return err
}

func readFrame(r io.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n == 0 || n > maxFrame {
		return fmt.Errorf("%w: %d bytes", errFrame, n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	return nil
}

func codeOf(err error) string {
	switch {
	case errors.Is(err, ErrRate):
		return "rate"
	case errors.Is(err, ErrFull):
		return "full"
	case errors.Is(err, ErrRefused):
		return "refused"
	}
	return "error"
}

func (a answer) err() error {
	switch a.Code {
	case "":
		return nil
	case "rate":
		return ErrRate
	case "full":
		return ErrFull
	case "refused":
		return fmt.Errorf("%w: %s", ErrRefused, a.Error)
	}
	return fmt.Errorf("signer: %s", a.Error)
}
