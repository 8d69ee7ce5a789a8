package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/pprof"

	"golang.org/x/sync/errgroup"

	"phientoa/sfu"
)

// forwarder is a server under test.
type forwarder interface {
	// join answers the offer of a peer and gives it the sources that it asks for.
	join(ctx context.Context, r joinRequest) (sdp string, err error)
	close() error
}

// newForwarder makes the contestant that h names.
func newForwarder(h hello) (forwarder, error) {
	switch h.Contestant {
	case Own:
		return newOwnForwarder(h, sfu.SendOwn)
	case PionSend:
		return newOwnForwarder(h, sfu.SendPion)
	case Pion:
		return newPionForwarder(h)
	default:
		return nil, fmt.Errorf("%w: contestant %q", ErrOptions, h.Contestant)
	}
}

// serve is the server process: it answers on line until the generator hangs up.
func serve(ctx context.Context, line io.ReadWriter) (err error) {
	in, out := json.NewDecoder(line), newJSONLines(line)
	var h hello
	if err := in.Decode(&h); err != nil {
		return fmt.Errorf("bench: server waits for its hello: %w", err)
	}
	if h.Profile != "" {
		stop, err := startProfile(h.Profile)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	f, err := newForwarder(h)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if err := out.write(joinReply{}); err != nil { // ready
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxConcurrency)
	for {
		var r joinRequest
		if err := in.Decode(&r); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			err = errors.Join(err, group.Wait())
			if h.Profile != "" { // all peers are still there
				err = errors.Join(err, writeProfile("heap", h.Profile+".heap"), writeProfile("goroutine", h.Profile+".goroutines"))
			}
			return err
		}
		group.Go(func() error {
			reply := joinReply{Seq: r.Seq}
			if sdp, err := f.join(ctx, r); err != nil {
				reply.Error = err.Error()
			} else {
				reply.SDP = sdp
			}
			return out.write(reply)
		})
	}
}

func startProfile(path string) (stop func() error, err error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return file.Close()
	}, nil
}

// writeProfile writes what pprof knows under the name now.
func writeProfile(name, path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup(name).WriteTo(file, 0), file.Close())
}
