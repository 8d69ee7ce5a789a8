package signaling

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"phientoa/internal/wire"
)

// TestTheProtocolPageIsComplete: another team's client is written from it.
func TestTheProtocolPageIsComplete(t *testing.T) {
	text, err := os.ReadFile("../docs/protocol.md")
	require.NoError(t, err)
	page := string(text)
	acts := (&wire.Command{}).ProtoReflect().Descriptor().Oneofs().ByName("act").Fields()
	for i := range acts.Len() {
		require.Regexp(t, "`"+string(acts.Get(i).Name())+"[`{]", page, "an act")
		for f := range acts.Get(i).Message().Fields().Len() {
			require.Regexp(t, string(acts.Get(i).Name())+"{[^}]*"+string(acts.Get(i).Message().Fields().Get(f).Name()), page)
		}
	}
	bodies := (&wire.Envelope{}).ProtoReflect().Descriptor().Oneofs().ByName("body").Fields()
	for i := range bodies.Len() {
		require.Contains(t, page, string(bodies.Get(i).Message().Name()), "a message")
	}
	source, err := os.ReadFile("texts.go")
	require.NoError(t, err)
	codes := regexp.MustCompile(`refusal\("([a-z_]+)"`).FindAllStringSubmatch(string(source), -1)
	require.Greater(t, len(codes), 20)
	for _, c := range codes {
		require.Contains(t, page, "`"+c[1]+"`", "a code")
	}
}
