package signaling

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"phientoa/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hasDuplicateKeys reads JSON token by token, independently of the codec, and
// tells whether an object names a field twice, under either spelling.
func hasDuplicateKeys(data []byte) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	type level struct {
		object bool
		keys   map[string]bool
		value  bool // the next token is a value
	}
	var stack []level
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) || err != nil {
			return false
		}
		top := len(stack) - 1
		if top >= 0 && stack[top].object && !stack[top].value {
			if key, ok := tok.(string); ok {
				canonical := strings.ToLower(strings.ReplaceAll(key, "_", ""))
				if stack[top].keys[canonical] {
					return true
				}
				stack[top].keys[canonical] = true
				stack[top].value = true
				continue
			}
		}
		if top >= 0 {
			stack[top].value = false
		}
		switch tok {
		case json.Delim('{'):
			stack = append(stack, level{object: true, keys: map[string]bool{}})
		case json.Delim('['):
			stack = append(stack, level{})
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:len(stack)-1]
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"id":"1","command":{"checkIn":{"rulesAccepted":true}}}`,
		`{"id":"1","command":{"admit":{"person":"a","person":"b"}}}`,
		`{"id":"1","id":"2","ping":{}}`, `{"ack":"5","ping":{"clientTime":"1"}}`,
		`{"mediaOffer":{"sdp":"v=0","publish":[{"mid":"0","kind":"mic"}]}}`,
		`{"media_offer":{},"mediaOffer":{}}`, `{"layerHints":{"hints":[{"mid":"1","width":3}]}}`,
		`{"hello":{"room":"x","lastSeq":1e3}}`, `{"hello":{"room":"x","takeOver":true}}`,
		`{"id":"1","command":{"requestConsult":{"with":["a","b"]}}}`,
		`{"id":"1","command":{"requestConsult":{"with":["a"],"with":["b"]}}}`,
		`{"id":"1","command":{"reportTest":{"items":[{"key":"camera","ok":true},{"key":"camera","key":"ups"}]}}}`,
		`{"id":"1","command":{"setVisibility":{"to":"closed","__proto__":{}}}}`,
		`{"id":"1","command":{"allowConsult":{"consult":"c1","minutes":4294967295}}}`,
		`{"id":"1","command":{"suspend":{"reason":"x","reopen_at":"9223372036854775807"}}}`, `[]`, `null`, `{"view":{}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := jsonCodec{}.decode(data)
		if err != nil {
			return
		}
		if hasDuplicateKeys(data) {
			t.Fatalf("accepted a repeated key: %q", data)
		}
		again(t, jsonCodec{}, e)
		_, _ = commandFrom(e.GetCommand())
	})
}

func FuzzEnvelope(f *testing.F) {
	for _, e := range []*wire.Envelope{
		{Id: "1", Body: &wire.Envelope_Command{Command: cmdFloor("a")}},
		{Body: &wire.Envelope_Hello{Hello: &wire.Hello{Room: testRoom, LastSeq: 5}}},
		{Ack: 9, Body: &wire.Envelope_LayerHints{LayerHints: &wire.LayerHints{Hints: []*wire.LayerHint{{Mid: "0"}}}}},
	} {
		b, err := proto.Marshal(e)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := binaryCodec{}.decode(data)
		if err != nil {
			return
		}
		again(t, binaryCodec{}, e)
		_, _ = commandFrom(e.GetCommand())
	})
}

// again checks that what was accepted survives its own encoding.
func again(t *testing.T, c codec, e *wire.Envelope) {
	t.Helper()
	b, err := c.encode(e)
	require.NoError(t, err)
	f, err := c.decode(b)
	require.NoError(t, err)
	require.True(t, proto.Equal(e, f))
}
