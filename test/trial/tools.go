package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// toolRows are those that an instrument of the project's own measures already: L1 the
// bench, S2 the end-to-end test of a peer that ignores signaling. Seeds change nothing
// in them; a run for each is made all the same.
func toolRows() []row {
	return []row{{
		Name: "L1", About: "what the server adds to a packet's way, packets evenly spaced, one camera and microphone to 100: phientoa bench spaced",
		Source: "goals of the media engine 1; reliability table L1",
		Rules: []rule{
			atMost("added p50", "ms").must(0.3), atMost("added p99", "ms").must(5), atMost("lost", "packets").must(0),
		},
		Measure: spaced,
	}, {
		Name: "S2", About: "mute, loss of the floor and removal at the wire, against aiortc that goes on sending in every disguise: rawpeer.spec.ts",
		Source: "goals of the media engine 5; reliability table S2",
		Needs:  []string{"test/e2e/rawpeer.spec.ts", "/usr/bin/python3"},
		Rules: []rule{
			atMost("laws broken", "").must(0).every(), atLeast("laws shown", "").must(7).every(),
		},
		Measure: rawPeer,
	}}
}

func spaced(ctx context.Context, o options, _ uint64) (s sample, err error) {
	dir, err := os.MkdirTemp("", "trial-")
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "bench.json")
	// Lines begin narrow: within the first seconds a few have not proved yet that they carry it all.
	cmd := exec.CommandContext(ctx, o.Binary, "bench", "spaced", "--contestants", "own", "--warmup", "8s", "--json-file", file)
	if out, err := cmd.CombinedOutput(); err != nil {
		return s, fmt.Errorf("bench: %w: %s", err, tail(out))
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return s, err
	}
	type spread struct{ Median float64 }
	var report struct {
		Scenarios []struct {
			Contestants []struct {
				Lost uint64
				P50  spread `json:"latency_p50_ms"`
				P99  spread `json:"latency_p99_ms"`
			}
		}
	}
	if err := json.Unmarshal(data, &report); err != nil {
		return s, err
	}
	if len(report.Scenarios) != 1 || len(report.Scenarios[0].Contestants) != 1 {
		return s, errors.New("bench: not one scenario of one contestant")
	}
	c := report.Scenarios[0].Contestants[0]
	s.Hearing = map[string]figure{"added p50": figure(c.P50.Median), "added p99": figure(c.P99.Median), "lost": figure(c.Lost)}
	s.Detail = json.RawMessage(data)
	return s, nil
}

func rawPeer(ctx context.Context, _ options, _ uint64) (s sample, err error) {
	cmd := exec.CommandContext(ctx, "scripts/e2e.sh", "run", "rawpeer.spec.ts", "--reporter=json")
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	ran := cmd.Run() // a test that fails is a figure
	var report struct {
		Stats struct{ Expected, Unexpected, Flaky, Skipped int }
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		return s, errors.Join(fmt.Errorf("e2e: %s", tail(append(out.Bytes(), stderr.Bytes()...))), ran, err)
	}
	x := report.Stats
	s.Hearing = map[string]figure{"laws shown": figure(x.Expected), "laws broken": figure(x.Unexpected + x.Flaky + x.Skipped)}
	s.Detail = json.RawMessage(out.Bytes())
	return s, nil
}

// tail is the end of what a program said.
func tail(out []byte) []byte { return out[max(0, len(out)-2000):] }
