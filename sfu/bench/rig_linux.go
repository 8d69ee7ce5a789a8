package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"
)

// rig starts the processes of samples.
type rig struct {
	options Options
	windows int // samples taken, for the names of profiles
}

func (r *rig) core(core int) int {
	if r.options.NoPin {
		return -1
	}
	return core
}

// spinners keeps both cores awake until stop is called.
func (r *rig) spinners(ctx context.Context) (stop func() error, err error) {
	var spinning []*child
	stop = func() error {
		var errs []error
		for _, c := range spinning {
			errs = append(errs, c.end())
		}
		return errors.Join(errs...)
	}
	if r.options.NoSpin {
		return stop, nil
	}
	for _, core := range []int{serverCore, generatorCore} {
		c, err := startChild(ctx, "spin", r.core(core), io.Discard)
		if err != nil {
			return nil, errors.Join(err, stop())
		}
		spinning = append(spinning, c)
	}
	return stop, nil
}

// sample takes one window of a contestant in a scenario.
func (r *rig) sample(ctx context.Context, scenario, contestant string) (Sample, error) {
	if contestant == Floor {
		return r.floorSample(ctx, scenario)
	}
	config := r.session(scenario, contestant)
	ctx, cancel := context.WithTimeout(ctx, sessionLimit(config))
	defer cancel()

	serverEnd, generatorEnd, err := socketPair()
	if err != nil {
		return Sample{}, err
	}
	server, err := startChild(ctx, "server", r.core(serverCore), io.Discard, serverEnd)
	if closeErr := serverEnd.Close(); err != nil || closeErr != nil {
		return Sample{}, errors.Join(err, closeErr, generatorEnd.Close())
	}
	var out bytes.Buffer
	generator, err := startChild(ctx, "generator", r.core(generatorCore), &out, generatorEnd)
	if closeErr := generatorEnd.Close(); err != nil || closeErr != nil {
		return Sample{}, errors.Join(err, closeErr, server.end())
	}
	r.windows++
	config.ServerPID = server.cmd.Process.Pid
	err = json.NewEncoder(generator.stdin).Encode(config)
	// The generator ends first; that ends the line and with it the server.
	if err := errors.Join(err, generator.end(), server.end()); err != nil {
		return Sample{}, fmt.Errorf("bench: %s, %s: %w", scenario, contestant, err)
	}
	var s Sample
	if err := json.Unmarshal(out.Bytes(), &s); err != nil {
		return Sample{}, fmt.Errorf("bench: sample of the generator: %w", err)
	}
	return s, nil
}

func (r *rig) session(scenario, contestant string) sessionConfig {
	o := r.options
	c := sessionConfig{
		Hello: hello{Contestant: contestant, Tap: !o.NoTap, Viewers: scenario == Viewers800}, Scenario: scenario,
		Receivers: o.Receivers, Hearings: o.Hearings, VideoRate: o.VideoRate, Warmup: o.Warmup,
		Window: o.Window, Concurrency: o.Concurrency, Loss: o.Loss, NoFeedback: o.NoFeedback,
	}
	if o.Profile != "" {
		c.Hello.Profile = filepath.Join(o.Profile, fmt.Sprintf("%s-%s-%d.pprof", scenario, contestant, r.windows))
	}
	return c
}

// sessionLimit is what a session may take at most: joins, media, warm-up, window,
// and the end.
func sessionLimit(c sessionConfig) time.Duration {
	joins := time.Duration(max(c.Receivers, c.Hearings*four)) * time.Second / 10
	if c.Scenario == Viewers800 { // a window before that
		joins += mediaTimeout + c.Warmup + c.Window
	}
	return joins + joinTimeout + mediaTimeout + c.Warmup + c.Window + 10*time.Second
}

func (r *rig) floorSample(ctx context.Context, scenario string) (Sample, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	portReader, portWriter := io.Pipe()
	sink, err := startChild(ctx, "sink", r.core(generatorCore), portWriter)
	if err != nil {
		return Sample{}, err
	}
	var config floorConfig
	// A sink that ends without a word closes the pipe when it is waited for; the
	// context bounds the wait otherwise.
	stop := context.AfterFunc(ctx, func() { _ = portWriter.CloseWithError(ctx.Err()) })
	err = json.NewDecoder(portReader).Decode(&config)
	stop()
	_ = portReader.Close()
	if err != nil {
		return Sample{}, errors.Join(err, sink.end())
	}
	config.Packets = floorPackets
	var out bytes.Buffer
	floor, err := startChild(ctx, "floor", r.core(serverCore), &out)
	if err != nil {
		return Sample{}, errors.Join(err, sink.end())
	}
	err = json.NewEncoder(floor.stdin).Encode(config)
	if err := errors.Join(err, floor.end(), sink.end()); err != nil {
		return Sample{}, err
	}
	var s Sample
	err = json.Unmarshal(out.Bytes(), &s)
	s.Scenario = scenario
	return s, err
}
