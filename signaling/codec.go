package signaling

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"phientoa/internal/wire"
)

// Subprotocols of the WebSocket.
const (
	ProtocolBinary = "phientoa.v1"
	ProtocolJSON   = "phientoa.v1+json"
)

// maxID bounds the id of a request in bytes.
const maxID = 64

var errBadMessage = errors.New("message does not follow the protocol")

// codec turns envelopes into frames and back.
type codec interface {
	text() bool
	encode(e *wire.Envelope) ([]byte, error)
	// decode refuses what the protocol does not know: unknown and repeated
	// fields, messages that only a server says, too long ids.
	decode(b []byte) (*wire.Envelope, error)
}

func codecFor(subprotocol string) (codec, bool) {
	switch subprotocol {
	case ProtocolBinary:
		return binaryCodec{}, true
	case ProtocolJSON:
		return jsonCodec{}, true
	}
	return nil, false
}

type binaryCodec struct{}

func (binaryCodec) text() bool                              { return false }
func (binaryCodec) encode(e *wire.Envelope) ([]byte, error) { return proto.Marshal(e) }
func (binaryCodec) decode(b []byte) (*wire.Envelope, error) {
	e := &wire.Envelope{}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: 16}).Unmarshal(b, e); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadMessage, err)
	}
	return e, checkClient(e)
}

// jsonCodec is protobuf's JSON mapping. protojson itself refuses unknown
// fields, a field given twice (under either of its names) and two members of a
// oneof; FuzzJSON holds it to that (JSA-2023-0001: duplicate keys).
type jsonCodec struct{}

func (jsonCodec) text() bool                              { return true }
func (jsonCodec) encode(e *wire.Envelope) ([]byte, error) { return protojson.Marshal(e) }
func (jsonCodec) decode(b []byte) (*wire.Envelope, error) {
	e := &wire.Envelope{}
	if err := (protojson.UnmarshalOptions{RecursionLimit: 16}).Unmarshal(b, e); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadMessage, err)
	}
	return e, checkClient(e)
}

// checkClient refuses envelopes that a client does not send.
func checkClient(e *wire.Envelope) error {
	if len(e.Id) > maxID {
		return fmt.Errorf("%w: id longer than %d bytes", errBadMessage, maxID)
	}
	switch b := e.Body.(type) {
	case nil, *wire.Envelope_Hello, *wire.Envelope_MediaOffer, *wire.Envelope_LayerHints, *wire.Envelope_Ping:
		return nil
	case *wire.Envelope_Command:
		if e.Id == "" {
			return fmt.Errorf("%w: a command needs an id", errBadMessage)
		}
		if b.Command.GetAct() == nil {
			return fmt.Errorf("%w: a command needs an act", errBadMessage)
		}
		return nil
	}
	return fmt.Errorf("%w: not a client's message", errBadMessage)
}
