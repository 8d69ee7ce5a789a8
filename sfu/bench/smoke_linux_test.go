package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// Run re-executes the test binary.
func TestMain(m *testing.M) {
	if handled, code := Role(os.Args[1:]); handled {
		os.Exit(code) //nolint:forbidigo // this is the main of its process
	}
	goleak.VerifyTestMain(m)
}

// lawful checks what holds for a window on any machine under any load.
func lawful(t *testing.T, s Sample, receivers, joins uint64) {
	t.Helper()
	require.Positive(t, s.CPU)
	require.Positive(t, s.RSS)
	require.EqualValues(t, joins, s.Joins)
	require.Positive(t, s.JoinTime)
	require.Positive(t, s.JoinCPU)
	if s.Scenario == JoinStorm {
		return
	}
	require.Positive(t, s.Sent)
	require.Equal(t, receivers*s.Sent, s.Expected, "every packet is expected at every receiver of its source")
	require.LessOrEqual(t, s.Delivered, s.Expected)
	require.Greater(t, 2*s.Delivered, s.Expected, "most packets arrive even at a busy machine")
	require.Zero(t, s.Duplicates)
	require.Zero(t, s.Foreign)
	require.Zero(t, s.UserClock, "the loopback interface has kernel timestamps")
	require.LessOrEqual(t, s.P50, s.P99)
	require.LessOrEqual(t, s.P99, s.Max)
}

// inOne runs a session with server and generator in one process.
func inOne(t *testing.T, o Options, contestant string) Sample {
	t.Helper()
	o, err := o.filled()
	require.NoError(t, err)
	o = o.trials()[0].options
	ours, theirs := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- serve(t.Context(), theirs) }()
	config := (&rig{options: o}).session(o.Scenarios[0], contestant)
	config.ServerPID = os.Getpid()
	s, err := generate(t.Context(), config, ours)
	require.NoError(t, err)
	// With the window the generator leaves; an answer may be on its way to it.
	if err := <-served; !errors.Is(err, io.ErrClosedPipe) {
		require.NoError(t, err)
	}
	s.CPU = max(s.CPU, s.JoinCPU) // a storm has no window
	return s
}

// Server and generator in one process, where the race detector sees both, and
// with nothing left running afterwards.
func TestSessionOfEveryContestant(t *testing.T) {
	for _, contestant := range []string{Own, PionSend, Pion} {
		for scenario, want := range map[string]struct{ receivers, joins uint64 }{
			Fanout: {3, 3}, Spaced: {3, 3}, Hearing8: {7, 8}, Hearings: {3, 8}, Receivers800: {3, 3}, JoinStorm: {0, 3}, Churn: {3, 3},
		} {
			t.Run(contestant+" "+scenario, func(t *testing.T) {
				warmup := time.Millisecond
				if contestant == Own && scenario == Fanout {
					warmup = 8 * time.Second // our lines begin narrower than this picture, and are proved first
				}
				s := inOne(t, Options{
					Scenarios: []string{scenario}, Receivers: 3, Hearings: 2, Warmup: warmup, Window: 300 * time.Millisecond,
				}, contestant)
				lawful(t, s, want.receivers, want.joins)
				if scenario == Receivers800 {
					require.GreaterOrEqual(t, s.MediaTime, s.JoinTime)
				}
			})
		}
	}
}

// Viewers join a hearing that was measured before; they get the picture and the loudest
// sounds alone, and what was sent in one window counts in no other.
func TestSessionWithViewers(t *testing.T) {
	s := inOne(t, Options{
		Scenarios: []string{Viewers800}, Receivers: 3, Warmup: 100 * time.Millisecond, Window: time.Second,
	}, Own)
	require.EqualValues(t, 3, s.Joins)
	require.GreaterOrEqual(t, s.MediaTime, s.JoinTime)
	require.Equal(t, s.After.Expected+s.Viewers.Expected, s.Expected)
	require.Equal(t, s.After.Delivered+s.Viewers.Delivered, s.Delivered)
	require.Equal(t, 10*s.Sent, s.After.Expected, "every packet is due at ten")
	for _, l := range []*Legs{s.Before, s.After, s.Viewers} {
		require.Positive(t, l.Expected)
		require.LessOrEqual(t, l.Delivered, l.Expected)
		require.Greater(t, 2*l.Delivered, l.Expected)
		require.LessOrEqual(t, l.P50, l.P99)
	}
	require.Positive(t, s.Before.P50)
	require.Positive(t, s.After.P50)
	require.Zero(t, s.Duplicates)
	require.Zero(t, s.Foreign)
}

// Receivers speak to every contestant alike; on a line without loss, and for as
// long as they live.
func TestReceiversReport(t *testing.T) {
	for _, contestant := range []string{Own, Pion} {
		t.Run(contestant, func(t *testing.T) {
			start := time.Now()
			s := inOne(t, Options{Scenarios: []string{Fanout}, Receivers: 3, Window: 2 * time.Second}, contestant)
			require.GreaterOrEqual(t, s.Feedback.Reports, uint64(3), "each reports on its picture within 1.5 s")
			require.LessOrEqual(t, s.Feedback.Reports, uint64(3*3*(time.Since(start).Seconds()+1)))
			quiet := inOne(t, Options{Scenarios: []string{Fanout}, Receivers: 3, Window: time.Second, NoFeedback: true}, contestant)
			require.Zero(t, quiet.Feedback)
		})
	}
}

// What a receiver loses of the pictures is asked for, repeated by the server and
// counted as delivered; of the sound nobody asks. Before that our lines have learned
// what they lose by themselves: they begin narrow, and the pictures have one size.
func TestLossIsMended(t *testing.T) {
	for _, contestant := range []string{Own, PionSend, Pion} {
		t.Run(contestant, func(t *testing.T) {
			s := inOne(t, Options{Scenarios: []string{Fanout}, Receivers: 3, Warmup: 8 * time.Second, Window: time.Second, Loss: 10}, contestant)
			require.Positive(t, s.Feedback.Nacks)
			require.Less(t, s.Delivered, s.Expected, "sound is lost")
			require.Greater(t, float64(s.Delivered), 0.95*float64(s.Expected), "a tenth was lost, of which a quarter was sound")
		})
	}
}

// Hearings that pass leave nothing behind and fail for nobody.
func TestHearingsPass(t *testing.T) {
	for _, contestant := range []string{Own, Pion} {
		t.Run(contestant, func(t *testing.T) {
			// However slow the machine is, one ends in some window.
			for window := 2 * time.Second; ; window *= 3 {
				s := inOne(t, Options{Scenarios: []string{Churn}, Receivers: 2, Window: window}, contestant)
				require.Zero(t, s.Failed, s.FailedWhy)
				require.NotEmpty(t, s.TimeSeries)
				for _, v := range s.TimeSeries {
					require.Positive(t, v.RSS)
					require.Positive(t, v.Goroutines)
					require.Positive(t, v.Descriptors)
				}
				if s.Passed > 0 {
					return
				}
				require.Less(t, window, maxWindow/3)
			}
		})
	}
}

// The whole way: processes, pipes, table. Whether a window is accepted depends
// on the machine, so a lack of windows is allowed, and only that.
func TestRunOfThreeReceivers(t *testing.T) {
	var out, progress bytes.Buffer
	file := filepath.Join(t.TempDir(), "report.json")
	err := Run(t.Context(), Options{
		Scenarios: []string{Fanout}, Receivers: 3, Windows: 1, JSONFile: file, Window: time.Second, Warmup: 100 * time.Millisecond,
		Retries: 1, NoPin: true, NoSpin: true, JSON: true, Progress: &progress, Profile: filepath.Join(t.TempDir(), "profiles"),
	}, &out)
	if err != nil {
		require.ErrorIs(t, err, ErrIncomplete)
	}
	var r Report
	require.NoError(t, json.Unmarshal(out.Bytes(), &r))
	saved, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, out.String(), string(saved))
	require.Len(t, r.Scenarios, 1)
	require.Len(t, r.Scenarios[0].Contestants, 4)
	for _, c := range r.Scenarios[0].Contestants {
		require.Len(t, c.Samples, 1-boolInt(len(c.Rejected) > 1), "one window, or as many reasons as tries")
		for _, s := range c.Samples {
			if c.Contestant == Floor {
				require.Positive(t, s.Seal)
				require.Positive(t, s.Send)
				continue
			}
			lawful(t, s, 3, 3)
		}
	}
	require.NotEmpty(t, progress.String())
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Pinning and the spinner, where the machine has the two cores for them.
func TestRunPinned(t *testing.T) {
	var out bytes.Buffer
	o := Options{Scenarios: []string{JoinStorm}, Contestants: []string{Pion, Floor}, Receivers: 2, Windows: 1}
	stop, err := (&rig{options: o}).spinners(t.Context())
	if err != nil {
		t.Skip("this machine does not allow two pinned cores:", err)
	}
	require.NoError(t, stop())
	require.NoError(t, Run(t.Context(), o, &out))
	require.Contains(t, out.String(), "joins/s")
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := Run(ctx, Options{Scenarios: []string{Fanout}, Receivers: 1, NoPin: true, NoSpin: true}, &bytes.Buffer{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestRoleIsOnlyForChildren(t *testing.T) {
	for _, args := range [][]string{nil, {"serve"}, {"bench", roleArg}} {
		handled, _ := Role(args)
		require.False(t, handled)
	}
	for _, args := range [][]string{
		{roleArg}, {roleArg, "king"}, {roleArg, "king", "1s"}, {roleArg, "server", "x"}, {roleArg, "server", "10000h"}, {roleArg, "spin", "-1s"},
	} {
		handled, code := Role(args)
		require.True(t, handled)
		require.Equal(t, 1, code)
	}
}

func TestServerRefusesWhatItCannotBe(t *testing.T) {
	ours, theirs := net.Pipe()
	served := make(chan error, 1)
	go func() {
		err := serve(t.Context(), theirs)
		served <- errors.Join(err, theirs.Close())
	}()
	s := newSignaler(ours)
	require.Error(t, s.start(hello{Contestant: "janus"}))
	require.ErrorIs(t, <-served, ErrOptions)
	require.NoError(t, ours.Close())
}
