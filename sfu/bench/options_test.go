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
}

// What was not given is the scenario's own; what was given stays.
func TestTrialsHaveTheirOwnNumbers(t *testing.T) {
	o, err := Options{Scenarios: []string{Fanout, Hearings, Receivers800, Memory, Soak, Viewers800}}.filled()
	require.NoError(t, err)
	var got [][2]int
	for _, trial := range o.trials() {
		got = append(got, [2]int{trial.options.Receivers, trial.options.VideoRate})
	}
	require.Equal(t, [][2]int{{100, 156}, {160, 42}, {800, 42}, {100, 42}, {20, 42}, {800, 42}}, got)
	trials := o.trials()
	require.Equal(t, []string{Own, PionSend, Pion, Floor}, trials[0].options.Contestants)
	require.Equal(t, []string{Own}, trials[2].options.Contestants)
	require.Equal(t, time.Hour, trials[4].options.Window, "a soak is one window")
	require.Equal(t, 1, trials[4].options.Windows)

	require.Equal(t, []string{Own}, trials[5].options.Contestants)

	o, err = Options{Scenarios: []string{JoinStorm, Receivers800}, Contestants: []string{Pion, Floor}, Receivers: 7, VideoRate: 30}.filled()
	require.NoError(t, err)
	for _, trial := range o.trials() {
		require.Equal(t, []string{Pion}, trial.options.Contestants, "the floor joins nobody and has no receivers")
		require.Equal(t, 7, trial.options.Receivers)
		require.Equal(t, 30, trial.options.VideoRate)
	}
}

// Goals fit into about a quarter of an hour and have what they compare.
func TestGoalsCompareWhatTheySpeakOf(t *testing.T) {
	o, err := Options{Scenarios: []string{Goals}}.filled()
	require.NoError(t, err)
	names := map[string]bool{}
	for _, trial := range o.trials() {
		require.False(t, names[trial.name], "one table a name")
		names[trial.name] = true
		require.Contains(t, trial.options.Contestants, Own)
		if trial.scenario == Soak {
			require.LessOrEqual(t, trial.options.Window, 5*time.Minute)
			trial.options.Window = maxWindow // one window as long as the soak, otherwise
		}
		_, err := trial.options.filled()
		require.NoError(t, err, "%s is within the bounds", trial.name)
	}
	require.Len(t, names, 10)
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
		"goals beside others":                {Scenarios: []string{Goals, Fanout}},
		"more receivers than a bench has":    {Scenarios: []string{Memory}, Receivers: maxReceivers/memorySteps + 1},
		"hearings beyond the addresses":      {Hearings: maxHearings + 1},
		"a soak without end":                 {Minutes: maxMinutes + 1},
		"a line that is none":                {Loss: 21},
		"a line that gives":                  {Loss: -1},
		"a herd of joins":                    {Concurrency: maxConcurrency + 1},
	} {
		_, err := o.filled()
		require.ErrorIs(t, err, ErrOptions, name)
	}
}
