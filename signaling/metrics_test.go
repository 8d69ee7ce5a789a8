package signaling

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"phientoa/internal/hearing"
	"phientoa/internal/wire"
)

// counted reads every series: name{label values in order of names}.
func counted(t testing.TB, reg *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	require.NoError(t, err)
	out := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			var labels []string
			for _, l := range m.Label {
				labels = append(labels, l.GetValue())
			}
			slices.Sort(labels)
			name := strings.TrimPrefix(f.GetName(), "phientoa_") + "{" + strings.Join(labels, ",") + "}"
			switch {
			case m.Counter != nil:
				out[name] = m.Counter.GetValue()
			case m.Gauge != nil:
				out[name] = m.Gauge.GetValue()
			case m.Histogram != nil:
				out[name] = float64(m.Histogram.GetSampleCount())
			}
		}
	}
	return out
}

func TestMetricsOfSessions(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	m := NewMetrics(reg)
	w := newWorld(t, func(p *RoomsParams) { p.Metrics = m })
	w.srv.p.Metrics = m
	reg.MustRegister(w.rooms.Collector())
	j, p := w.session()
	j.must(cmdLock(party))
	require.False(t, p.do(cmdLock(judge)).Accepted)
	got := counted(t, reg)
	require.Equal(t, 2.0, got["seats_connected{}"])
	require.Equal(t, 1.0, got["rooms_open{}"])
	require.Equal(t, 1.0, got["hearings{in_session}"])
	require.Equal(t, 0.0, got["hearings{closed}"], "every status is told, also with none")
	require.Equal(t, 2.0, got["ws_messages_total{hello,in}"])
	require.Equal(t, 1.0, got["command_seconds{refused}"])
	require.Equal(t, got["ws_messages_total{command,in}"], got["command_seconds{refused}"]+got["command_seconds{accepted}"])
	require.Equal(t, got["ws_messages_total{command,in}"], got["ws_messages_total{command_result,out}"])
	require.NotZero(t, got["log_append_seconds{ok}"])
	require.Equal(t, 1.0, got["hearings_recorder_trouble{}"], "this world has no recorder")
	p.hangUp()
	require.Eventually(t, func() bool { return counted(t, reg)["seats_connected{}"] == 1 }, 10*time.Second, time.Millisecond)
	for series := range got {
		for _, id := range []string{testHearing, testRoom, judge, party, device(party)} {
			require.NotContains(t, series, id)
		}
	}
}

// Troubles, outages and lost leases are counted, and what is new in them does
// not become a label of its own.
func TestMetricsOfTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewPedanticRegistry()
		b := newBench(t, Limits{})
		b.rooms.Close()
		b.rooms = NewRooms(RoomsParams{
			Store: b.st, Media: b.media, Recorder: b.ev, Node: "n1", Logger: discard(), Metrics: NewMetrics(reg),
		})
		defer b.rooms.Close()
		reg.MustRegister(b.rooms.Collector())
		var ref *hearing.Refusal
		b.room, ref = b.rooms.Open(t.Context(), testHearing)
		require.Nil(t, ref)
		b.inSession()
		say := func(on bool, trouble string) {
			b.room.sig.Recording(on, trouble)
			synctest.Wait()
		}
		say(true, "")
		require.Equal(t, 0.0, counted(t, reg)["hearings_recorder_trouble{}"])
		say(true, "slow-disk")
		require.Equal(t, 1.0, counted(t, reg)["hearings_recorder_trouble{}"])
		say(false, "a word of tomorrow")
		say(true, "")
		got := counted(t, reg)
		require.Equal(t, 1.0, got["recorder_troubles_total{slow-disk}"])
		require.Equal(t, 1.0, got["recorder_troubles_total{other}"])
		require.Equal(t, 0.0, got["hearings_recorder_trouble{}"])

		b.st.set(func(f *fakeStore) { f.away = true })
		b.must(judge, hearing.MuteLock{Person: party})
		got = counted(t, reg)
		require.Equal(t, 1.0, got["log_batches_held_total{}"])
		require.NotZero(t, got["log_append_seconds{failed}"])
		synctest.Wait()
		require.Equal(t, 1.0, counted(t, reg)["hearings_database_away{}"])
		require.Equal(t, 0.0, counted(t, reg)["leases_lost_total{expired}"])
		pass(b.room.limits.LeaseTTL + b.room.limits.LeaseGrace + 2*b.room.limits.LeaseRenew)
		synctest.Wait()
		got = counted(t, reg)
		require.Equal(t, 1.0, got["leases_lost_total{expired}"])
		require.Equal(t, 0.0, got["leases_lost_total{fenced}"])
		require.Equal(t, 0.0, got["rooms_open{}"])
		b.st.set(func(f *fakeStore) { f.away = false })
	})
}

// Whatever a client sends is one of a few kinds.
func TestMetricsCountAnyMessage(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	m := NewMetrics(reg)
	var none *Metrics
	for _, e := range []*wire.Envelope{{}, {Body: &wire.Envelope_Ping{}}, {Body: &wire.Envelope_Welcome{}}, {Body: &wire.Envelope_Bye{}}} {
		m.received(e)
		m.sent(e)
		none.received(e)
		none.sent(e)
	}
	got := counted(t, reg)
	require.Equal(t, 3.0, got["ws_messages_total{in,other}"], fmt.Sprint(got))
	require.Equal(t, 3.0, got["ws_messages_total{other,out}"])
	require.Equal(t, 1.0, got["ws_messages_total{in,ping}"])
	require.Equal(t, 1.0, got["ws_messages_total{bye,out}"])
}
