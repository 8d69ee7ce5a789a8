package bench

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func taken(contestant string, perPacket ...time.Duration) ContestantReport {
	c := ContestantReport{Contestant: contestant}
	for _, d := range perPacket {
		c.Samples = append(c.Samples, Sample{
			Contestant: contestant, Expected: 1000, Delivered: 990, Duplicates: 2, CPU: 990 * d,
			Window: time.Second, Joins: 10, JoinTime: time.Second / 2, JoinCPU: 20 * time.Millisecond,
			RSS: 11 << 20, RSSEmpty: 1 << 20, Waited: 100 * time.Millisecond, Allocs: 99,
		})
	}
	return c
}

func report(t *testing.T) Report {
	t.Helper()
	o, err := Options{Windows: 3, Receivers: 10}.filled()
	require.NoError(t, err)
	us := time.Microsecond
	return Report{Machine: "here", Options: o, Scenarios: []ScenarioReport{
		newScenarioReport(o.trial(Fanout, Fanout), []ContestantReport{taken(Own, 3*us, 4*us, 5*us), taken(Pion, 8*us, 9*us, 7*us), taken(Floor, 2*us, 2*us, 2*us)}),
		newScenarioReport(o.trial(JoinStorm, JoinStorm), []ContestantReport{taken(Own, us, us, us), taken(Pion, us, us, us)}),
	}}
}

func TestReportComparesMedians(t *testing.T) {
	r := report(t)
	require.NoError(t, r.complete())
	fan := r.Scenarios[0]
	require.InDelta(t, 10*206, fan.Packets, 0)
	own := fan.Contestants[0]
	require.Equal(t, Spread{Median: 4, Min: 3, Max: 5}, own.CPU)
	require.InDelta(t, 0.5, own.ToPion.Median, 1e-9, "of the medians")
	require.InDelta(t, 3./8, own.ToPion.Min, 1e-9, "of the rounds")
	require.InDelta(t, 5./7, own.ToPion.Max, 1e-9)
	require.InDelta(t, 2, own.ToFloor.Median, 1e-9)
	require.InDelta(t, 0.1, own.Allocs.Median, 1e-9)
	require.EqualValues(t, 30, own.Lost)
	require.EqualValues(t, 3000, own.Expected)
	require.EqualValues(t, 6, own.Duplicates)
	require.InDelta(t, 1024, own.PerPeer.Median, 1e-9)
	require.InDelta(t, 2, own.JoinCPU.Median, 1e-9)
	require.InDelta(t, 20, own.JoinRate.Median, 1e-9)
	require.InDelta(t, 0.1, own.Waited.Median, 1e-9)
	storm := r.Scenarios[1]
	require.Len(t, storm.Contestants, 2)
	require.InDelta(t, 1, storm.Contestants[0].JoinToPion.Median, 1e-9)
}

func TestReportIsATableOrJSON(t *testing.T) {
	r := report(t)
	var table, machine bytes.Buffer
	require.NoError(t, r.print(&table, false))
	for _, want := range []string{"4.00 (3.00-5.00)", "30 of 3000", "joins/s", Own, Pion, Floor} {
		require.Contains(t, table.String(), want)
	}
	require.NoError(t, r.print(&machine, true))
	var back Report
	require.NoError(t, json.Unmarshal(machine.Bytes(), &back))
	back.Options.Progress = r.Options.Progress
	require.Equal(t, r, back)
}

// What viewers cost the participants is told of both windows, and only where both were.
func TestReportTellsWhatViewersCost(t *testing.T) {
	o, err := Options{Windows: 2}.filled()
	require.NoError(t, err)
	c := taken(Own, 1, 2)
	for i := range c.Samples {
		d := time.Duration(i+1) * time.Millisecond
		c.Samples[i].Before = &Legs{Expected: 100, Delivered: 100, P50: d, P99: 2 * d}
		c.Samples[i].After = &Legs{Expected: 100, Delivered: 99, P50: 3 * d, P99: 4 * d}
		c.Samples[i].Viewers = &Legs{Expected: 1000, Delivered: 998}
	}
	r := newScenarioReport(o.trial(Viewers800, Viewers800), []ContestantReport{c})
	got := r.Contestants[0]
	require.Equal(t, &LegsReport{Expected: 200, P50: Spread{1.5, 1, 2}, P99: Spread{3, 2, 4}}, got.Before)
	require.Equal(t, &LegsReport{Expected: 200, Lost: 2, P50: Spread{4.5, 3, 6}, P99: Spread{6, 4, 8}}, got.After)
	require.EqualValues(t, 4, got.Viewers.Lost)
	var table bytes.Buffer
	require.NoError(t, Report{Options: o, Scenarios: []ScenarioReport{r}}.print(&table, false))
	require.Contains(t, table.String(), "beside the viewers: lost 2 of 200 (1.0000 %), latency p50 4.50 (3.00-6.00) ms")
	c.Samples[1].Viewers = nil
	require.Nil(t, newScenarioReport(o.trial(Viewers800, Viewers800), []ContestantReport{c}).Contestants[0].Viewers)
}

func TestReportNamesWhatIsMissing(t *testing.T) {
	r := report(t)
	c := &r.Scenarios[0].Contestants[1]
	c.Samples = c.Samples[:1]
	c.Rejected = []string{"the sun shone"}
	err := r.complete()
	require.ErrorIs(t, err, ErrIncomplete)
	require.ErrorContains(t, err, "fanout pion lacks 2")
	var table bytes.Buffer
	require.NoError(t, r.print(&table, false))
	require.Contains(t, table.String(), "pion: a window was rejected: the sun shone")
	require.Equal(t, 1, strings.Count(table.String(), "rejected:"))
}
