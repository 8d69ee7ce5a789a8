package signaling

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"phientoa/internal/wire"
)

// TestForeignIdsLookLikeMissingOnes: an act about somebody of another hearing is
// answered like one about nobody, byte for byte, and changes nothing.
func TestForeignIdsLookLikeMissingOnes(t *testing.T) {
	w := newWorld(t, nil)
	j, p := w.session()
	// A second hearing, so that the id is somebody's.
	foreign := "0192f0c0-0000-7000-8000-00000000000f"
	before := len(logLines(t, w.st))
	acts := (&wire.Command{}).ProtoReflect().Descriptor().Oneofs().ByName("act").Fields()
	asked := 0
	for i := range acts.Len() {
		field := acts.Get(i)
		name := field.Message().Fields().ByName("person")
		if name == nil {
			continue
		}
		asked++
		for _, c := range []*client{j, p} {
			var answers []*wire.CommandResult
			for _, id := range []string{foreign, "p-nobody", "", "__proto__", "p-judge\u0000", "../p-judge"} {
				if id == "" && field.Name() != "admit" && field.Name() != "remove" {
					continue // empty means oneself or everybody for some acts
				}
				cmd := &wire.Command{}
				cmd.ProtoReflect().Mutable(field).Message().Set(name, protoreflect.ValueOfString(id))
				r := c.do(cmd)
				require.False(t, r.Accepted, "%s about %q", field.Name(), id)
				require.Zero(t, r.StateSeq)
				answers = append(answers, r)
			}
			for _, a := range answers[1:] {
				require.True(t, proto.Equal(answers[0], a), "%s: %v and %v", field.Name(), answers[0], a)
			}
		}
	}
	require.GreaterOrEqual(t, asked, 17)
	require.Len(t, logLines(t, w.st), before)
}

// TestTwoOriginsAreNone: a request that names its origin twice has none.
func TestTwoOriginsAreNone(t *testing.T) {
	w := newWorld(t, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.http.URL+"/ws", http.NoBody)
	require.NoError(t, err)
	for k, v := range map[string]string{
		"Cookie": "s=" + judge, "Connection": "Upgrade", "Upgrade": "websocket",
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol": ProtocolBinary,
	} {
		r.Header.Set(k, v)
	}
	r.Header["Origin"] = []string{w.http.URL, w.http.URL}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusForbidden, resp.StatusCode, fmt.Sprint(resp.Status))
}
