package bench

import (
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

func parseOptions(t *testing.T, args ...string) Options {
	t.Helper()
	var o Options
	parser, err := kong.New(&o)
	require.NoError(t, err)
	_, err = parser.Parse(args)
	require.NoError(t, err)
	return o
}

// The defaults in the tags and those of the zero value cannot drift apart.
func TestDefaultsOfTagsAndZeroValueAgree(t *testing.T) {
	fromTags, err := parseOptions(t).filled()
	require.NoError(t, err)
	fromZero, err := Options{}.filled()
	require.NoError(t, err)
	require.Equal(t, fromZero, fromTags)
	require.Equal(t, []string{Fanout, Hearing8, JoinStorm}, fromTags.Scenarios)
	require.Equal(t, []string{Own, PionSend, Pion, Floor}, fromTags.Contestants)
}

func TestOptionsAreRead(t *testing.T) {
	o := parseOptions(t, "fanout", "--contestants", "pion,floor", "--receivers=7", "--window=2s", "--json", "--no-spin")
	require.Equal(t, []string{Fanout}, o.Scenarios)
	require.Equal(t, []string{Pion, Floor}, o.Contestants)
	require.Equal(t, 7, o.Receivers)
	require.Equal(t, 2*time.Second, o.Window)
	require.True(t, o.JSON)
	require.True(t, o.NoSpin)
	require.False(t, o.NoPin)
}

func TestOptionsOutOfRangeAreRefused(t *testing.T) {
	for name, o := range map[string]Options{
		"a scenario that does not exist":     {Scenarios: []string{"hearing9"}},
		"a scenario given twice":             {Scenarios: []string{Fanout, Fanout}},
		"a contestant that does not exist":   {Contestants: []string{"janus"}},
		"too many receivers":                 {Receivers: maxReceivers + 1},
		"negative receivers":                 {Receivers: -1},
		"too many windows":                   {Windows: maxWindows + 1},
		"a window too short to mean a thing": {Window: time.Millisecond},
		"a window without end":               {Window: time.Hour},
		"a warm-up without end":              {Warmup: time.Hour},
		"a picture without packets":          {VideoRate: frameRate - 1},
		"a flood":                            {VideoRate: maxVideoRate + 1},
		"endless repeats":                    {Retries: maxRetries + 1},
		"a herd of joins":                    {Concurrency: maxConcurrency + 1},
	} {
		_, err := o.filled()
		require.ErrorIs(t, err, ErrOptions, name)
	}
}
