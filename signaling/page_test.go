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
	has := func(what, pattern string) {
		t.Helper()
		require.True(t, regexp.MustCompile(pattern).MatchString(page), "%s is not on the page", what)
	}
	acts := (&wire.Command{}).ProtoReflect().Descriptor().Oneofs().ByName("act").Fields()
	for i := range acts.Len() {
		act := string(acts.Get(i).Name())
		has(act, "`"+act+"[`{]")
		for f := range acts.Get(i).Message().Fields().Len() {
			name := string(acts.Get(i).Message().Fields().Get(f).Name())
			has(act+"."+name, act+`\{[^}]*\b`+name+`\b`)
		}
	}
	bodies := (&wire.Envelope{}).ProtoReflect().Descriptor().Oneofs().ByName("body").Fields()
	for i := range bodies.Len() {
		name := string(bodies.Get(i).Message().Name())
		has(name, `\b`+name+`\b`)
	}
	source, err := os.ReadFile("texts.go")
	require.NoError(t, err)
	codes := regexp.MustCompile(`refusal\("([a-z_]+)"`).FindAllStringSubmatch(string(source), -1)
	require.Greater(t, len(codes), 20)
	for _, c := range codes {
		has(c[1], "`"+c[1]+"`")
	}
}
